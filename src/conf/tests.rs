//! Whole gatherings, rule by rule.

use std::fs;
use std::rc::Rc;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::datum::json;

/// A directory with files, and a request to fill.
struct Trial {
    dir: TempDir,
    request: Request,
}

impl Trial {
    fn new(typedef: Vec<Entry>) -> Self {
        let name = "trial".to_owned();
        Self { dir: tempfile::tempdir().unwrap(), request: Request { typedef, name, ..Request::default() } }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file; `DIR` in its text is the directory.
    fn write(self, name: &str, text: &str) -> Self {
        let text = text.replace("DIR", &self.dir.path().to_string_lossy());
        fs::write(self.path(name), text).unwrap();
        self
    }

    /// A developer's file.
    fn file(mut self, name: &str, text: &str) -> Self {
        self.request.files.push(self.path(name));
        self.write(name, text)
    }

    /// The command line; `DIR` in it is the directory.
    fn argv(mut self, argv: &[&str]) -> Self {
        let dir = self.dir.path().to_string_lossy().into_owned();
        self.request.argv = argv.iter().map(|word| word.replace("DIR", &dir).into()).collect();
        self
    }

    fn gathered(self) -> Gathered {
        match gather(self.request) {
            Ok(Outcome::Gathered(gathered)) => gathered,
            other => panic!("{other:?}"),
        }
    }

    /// The values as JSON.
    fn values(self) -> String {
        json::to_string(&Datum::Map(self.gathered().values))
    }

    fn printed(self) -> String {
        match gather(self.request) {
            Ok(Outcome::Print { text, status: 0 }) => text,
            other => panic!("{other:?}"),
        }
    }

    /// All problems; the directory is taken out of their places.
    fn problems(self) -> Vec<String> {
        let dir = format!("{}/", self.dir.path().display());
        let problems = gather(self.request).err().unwrap_or_default();
        problems.iter().map(|problem| problem.to_string().replace(&dir, "")).collect()
    }
}

fn item(name: &str, cast: Cast, default: impl Into<Datum>) -> Entry {
    Item::with(name, cast, "", default).into()
}

fn usual() -> Vec<Entry> {
    vec![
        item("port", cast::int(), 1),
        item("hosts", cast::list(), "a,b"),
        Entry::section("filter", "", vec![item("mode", cast::string(), "accept"), item("deep", cast::boolean(), false)]),
        Entry::section("config", "", cfg_base_config()),
    ]
}

#[test]
fn later_layers_win_item_by_item() {
    let trial = || {
        let named = r#"{"port": 3, "filter": {"mode": "named"}}"#;
        Trial::new(usual()).file("a.json", r#"{"port": 2, "hosts": ["x", "y"], "filter": {"deep": true}}"#).write("named.json", named)
    };
    let tail = r#""config":{"filenames":[]}}"#;
    assert_eq!(trial().values(), format!(r#"{{"port":2,"hosts":["x","y"],"filter":{{"mode":"accept","deep":true}},{tail}"#));
    let values = trial().argv(&["--config.filenames=DIR/named.json"]).values();
    assert!(values.starts_with(r#"{"port":3,"hosts":["x","y"],"filter":{"mode":"named","deep":true},"#), "{values}");
    let values = trial().argv(&["--port=4", "--config.filenames", "DIR/named.json", "--no-filter.deep", "--hosts=z"]).values();
    assert!(values.starts_with(r#"{"port":4,"hosts":["z"],"filter":{"mode":"named","deep":false},"#), "{values}");
}

#[test]
fn the_developers_second_file_wins_over_the_first() {
    let trial = Trial::new(usual()).file("a.json", r#"{"port": 2, "hosts": []}"#).file("b.json", r#"{"port": 3}"#);
    assert!(trial.values().starts_with(r#"{"port":3,"hosts":[],"#));
}

#[test]
fn the_same_option_twice_means_the_last() {
    assert!(Trial::new(usual()).argv(&["--port=4", "--port", "-5"]).values().starts_with(r#"{"port":-5,"#));
}

#[test]
fn a_missing_file_of_the_developer_is_skipped_and_a_named_one_is_not() {
    let mut trial = Trial::new(usual());
    trial.request.files.push(trial.path("nowhere.json"));
    trial.request.files.push(trial.path("no/where.json"));
    assert!(trial.values().starts_with(r#"{"port":1,"#));
    let bad = Trial::new(usual()).argv(&["--config.filenames=DIR/x.json,DIR/y.json"]).problems();
    assert_eq!(bad, ["x.json", "y.json"].map(|name| format!("{name}: there is no such file, though it is named in `config.filenames`")));
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem_whoever_named_it() {
    let mut trial = Trial::new(usual());
    fs::create_dir(trial.path("dir.json")).unwrap();
    trial.request.files.push(trial.path("dir.json"));
    assert_eq!(trial.problems(), ["dir.json: cannot read the file: is a directory"]);
}

#[test]
fn files_named_by_named_files_are_not_followed() {
    let trial = Trial::new(usual())
        .file("a.json", r#"{"config": {"filenames": "DIR/b.json"}}"#)
        .write("b.json", "{\"port\": 2,\n\"config\": {\"filenames\": [\"DIR/c.json\"]}}")
        .write("c.json", r#"{"port": 3}"#);
    let (dir, gathered) = (trial.dir.path().display().to_string(), trial.gathered());
    assert_eq!(gathered.values.by_name("port"), Some(&Datum::Int(2)));
    let warning = format!("{dir}/b.json:2:25: `config.filenames` is not followed in a file that is itself named by it");
    assert_eq!(gathered.warnings, [warning]);
    let config = json::to_string(gathered.values.by_name("config").unwrap());
    assert_eq!(config, format!(r#"{{"filenames":["{dir}/b.json"]}}"#));
}

#[test]
fn a_failing_cast_says_where_the_value_came_from() {
    let typedef = || {
        let deep = Entry::section("deep", "", vec![item("port", cast::int(), 1), item("time", cast::duration(), "soon")]);
        vec![item("port", cast::int(), 1), deep]
    };
    let bad = Trial::new(typedef()).file("a.json", "{\n \"deep\": {\"port\": \"y\"}}").argv(&["--port=x"]).problems();
    assert_eq!(bad[0], "--port: `x` is not an integer");
    assert_eq!(bad[1], "a.json:2:19: deep.port: `y` is not an integer");
    assert!(bad[2].starts_with("definition: default of `deep.time`: `soon` is not a span of time"), "{}", bad[2]);
}

#[test]
fn all_problems_come_together() {
    let mut entries = usual();
    entries.push(Item::required("need_this", cast::int(), "").into());
    let bad = Trial::new(entries)
        .file("a.json", "{\"prot\": 1}")
        .file("b.json", "{\"port\": }")
        .argv(&["--filter.mod=1", "word", "--port=x"])
        .problems();
    let places: Vec<&str> = bad.iter().filter_map(|bad| bad.split_once(": ")).map(|(place, _)| place).collect();
    assert_eq!(places, ["--filter.mod", "word", "a.json:1:2", "b.json:1:10", "--port", "--need-this"]);
    assert_eq!(bad[4..], ["--port: `x` is not an integer", "--need-this: the option is required"]);
}

#[test]
fn faults_of_the_definition_come_first() {
    assert_eq!(Trial::new(vec![item("a-b", cast::int(), 1)]).argv(&["--x"]).problems(), ["definition: `a-b` is no name for an option"]);
}

#[test]
fn an_optional_item_without_value_is_unit_and_null_says_so_too() {
    let typedef = || vec![item("a", cast::int(), Datum::Unit), item("b", cast::int(), 1)];
    assert_eq!(Trial::new(typedef()).values(), r#"{"a":null,"b":1}"#);
    assert_eq!(Trial::new(typedef()).file("a.json", r#"{"a": 5}"#).file("b.json", r#"{"a": null}"#).values(), r#"{"a":null,"b":1}"#);
    assert_eq!(Trial::new(typedef()).file("a.json", r#"{"b": null}"#).problems(), ["a.json:1:7: b: nothing is not an integer"]);
}

#[test]
fn casts_run_once_and_only_on_the_merged_value() {
    let runs = Rc::new(std::cell::RefCell::new(Vec::new()));
    let seen = Rc::clone(&runs);
    let spy = Cast::custom(
        "SPY",
        Rc::new(move |value: &Datum| {
            seen.borrow_mut().push(value.piece().into_owned());
            Ok(value.clone())
        }),
    );
    Trial::new(vec![item("a", spy.clone(), "default"), item("b", spy, "default")])
        .file("a.json", r#"{"a": "file"}"#)
        .argv(&["--a=line"])
        .values();
    assert_eq!(*runs.borrow(), ["line", "default"]);
}

#[test]
fn a_required_option_gets_a_placeholder_where_nothing_is_to_run() {
    let required = |name: &str, cast| Entry::from(Item::required(name, cast, ""));
    let inner = vec![required("count", cast::int()), required("given", cast::int()), required("paths", cast::path_list())];
    let mut trial = Trial::new(vec![Entry::section("s", "", inner), required("on", cast::boolean())]).argv(&["--s.given=7"]);
    trial.request.placeholders = true;
    let gathered = trial.gathered();
    assert_eq!(gathered.placeholders, ["s.count", "s.paths", "on"]);
    assert_eq!(json::to_string(&Datum::Map(gathered.values)), r#"{"s":{"count":1,"given":7,"paths":["s.paths"]},"on":false}"#);
}

#[test]
fn words_are_gathered_where_they_are_welcome() {
    let words = |required| {
        let mut trial = Trial::new(usual());
        trial.request.positional = Some(Positional { name: "files".into(), about: String::new(), required });
        trial
    };
    assert!(words(true).argv(&["a", "--port=2", "b"]).values().ends_with(r#","files":["a","b"]}"#));
    assert!(words(false).values().ends_with(r#","files":[]}"#));
    assert_eq!(words(true).problems(), ["FILES: at least one is required"]);
}

#[test]
fn help_and_version_are_shown_whatever_else_is_wrong() {
    let trial = || {
        let mut trial = Trial::new(usual()).file("a.json", "{").argv(&["--help", "--zzz"]);
        trial.request.version = Some("1.2".into());
        trial.request.program = Some("deadbeat run trial.rhai".into());
        trial
    };
    assert!(trial().printed().contains("Usage: deadbeat run trial.rhai [OPTIONS]\n"));
    assert_eq!(trial().argv(&["--version"]).printed(), "trial 1.2\n");
}

#[test]
fn the_dumped_configuration_hides_secrets_and_reads_the_same_again() {
    let entries = || {
        let mut entries = usual();
        entries.push(Item { secret: true, ..Item::with("token", cast::string(), "", Datum::Unit) }.into());
        entries.push(item("url", cast::string(), "https://me:dumped-secret@host/"));
        entries
    };
    let text = Trial::new(entries()).argv(&["--token=dumped-secret", "--dump-config", "--filter.deep"]).printed();
    insta::assert_snapshot!(text, @r#"
    {
      "port": 1,
      "hosts": ["a","b"],
      "filter": {
        "mode": "accept",
        "deep": true
      },
      "config": {
        "filenames": []
      },
      "token": "***",
      "url": "https://me:***@host/"
    }
    "#);
    let again = Trial::new(entries()).file("dump.json", &text).argv(&["--dump-config"]).printed();
    assert_eq!(again, text);
}

#[test]
fn secrets_are_not_in_problems_and_are_masked_from_then_on() {
    let secret = |cast| vec![Item { secret: true, ..Item::required("pin", cast, "") }.into()];
    let bad = Trial::new(secret(cast::int())).argv(&["--pin=not-a-number-but-secret"]).problems();
    assert_eq!(bad, ["--pin: the value, which is secret and not shown, is no INT"]);
    assert_eq!(secrets::mask("pin not-a-number-but-secret!"), "pin ***!");
    let gathered =
        Trial::new(secret(cast::string())).file("a.json", r#"{"pin": "below-in-file"}"#).argv(&["--pin=above-on-line"]).gathered();
    assert_eq!(gathered.secrets.mask("above-on-line below-in-file"), "*** ***");
}

#[test]
fn the_section_of_the_log_can_be_handed_over_whole() {
    let typedef = || vec![Entry::section("log", "", log_base_config())];
    let settings = |trial: Trial| {
        let gathered = trial.gathered();
        log::Settings::from_map(gathered.values.by_name("log").and_then(Datum::as_map).unwrap()).unwrap()
    };
    let plain = settings(Trial::new(typedef()));
    assert_eq!((plain.priority, plain.stderr, plain.kind), (log::Priority::Info, Some(log::Priority::Warning), None));
    let set = settings(Trial::new(typedef()).argv(&["--log.priority=err", "--log.stderr=never", "--log.type", "file", "--log.file=x"]));
    assert_eq!((set.priority, set.stderr, set.kind), (log::Priority::Error, None, Some(log::Kind::File)));
    let bad = Trial::new(typedef()).argv(&["--log.type=fiel"]).problems();
    assert_eq!(bad, ["--log.type: `fiel` is not one of `file`, `syslog`, `none`; did you mean `file`?"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_highest_layer_that_speaks_is_heard(layers in prop::collection::vec(prop::array::uniform4(any::<bool>()), 1..6)) {
        let entries = (0..layers.len()).map(|n| item(&format!("x{n}"), cast::int(), 0)).chain([Entry::section("config", "", cfg_base_config())]);
        let layer = |which: usize| {
            let pairs = layers.iter().enumerate().filter(|(_, speaks)| speaks[which]).map(|(n, _)| format!("\"x{n}\": {}", which + 1));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
        };
        let line = layers.iter().enumerate().filter(|(_, speaks)| speaks[3]).map(|(n, _)| format!("--x{n}=4"));
        let argv: Vec<String> = line.chain(["--config.filenames=DIR/named.json".to_owned()]).collect();
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let trial = Trial::new(entries.collect()).file("a.json", &layer(0)).file("b.json", &layer(1)).write("named.json", &layer(2)).argv(&argv);
        let values = trial.gathered().values;
        for (n, speaks) in layers.iter().enumerate() {
            let highest = speaks.iter().rposition(|speaks| *speaks).map_or(0, |which| which as i64 + 1);
            prop_assert_eq!(values.by_name(&format!("x{n}")), Some(&Datum::Int(highest)));
        }
    }

    #[test]
    fn no_text_makes_the_reader_stumble(text in r#"([\{\}\[\]":,#;\n \\]|port|filter|1|\PC){0,40}"#, bytes: Vec<u8>) {
        let entries = usual();
        let definition = Definition::new(&entries, None).unwrap_or_else(|_| unreachable!());
        file::parse("x", text.as_bytes(), &definition, &mut Vec::new());
        file::parse("x", &bytes, &definition, &mut Vec::new());
        place::Places::of(&text);
        let argv: Vec<OsString> = text.split(' ').map(OsString::from).collect();
        tokens::read(argv, bytes.len() % 2 == 0, &definition, &mut Vec::new());
    }
}
