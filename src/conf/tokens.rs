//! The command line of a script: words to values, all faults at once.
//!
//! `--section.option=value`, `--section.option value`; dashes and underscores are alike; a boolean option may stand alone, as
//! `--x` or `--no-x`; `--` ends the options. The word after an option is its value unless it begins with `--`, so that
//! negative numbers need no `=`.

use std::ffi::{OsStr, OsString};

use super::definition::{Definition, Problem, dashed, did_you_mean};
use super::merge::Found;
use crate::datum::Datum;
use crate::error::{nearest, shorten};

/// What a command line says.
#[derive(Default)]
pub(super) struct Line {
    /// Options by number, in order.
    pub(super) given: Vec<(usize, Found)>,
    /// Words that belong to no option.
    pub(super) words: Vec<Datum>,
    pub(super) help: bool,
    pub(super) version: bool,
    pub(super) dump_config: bool,
}

/// Takes a command line apart; `words` says whether words without an option are welcome.
pub(super) fn read(argv: Vec<OsString>, words: bool, definition: &Definition<'_>, problems: &mut Vec<Problem>) -> Line {
    let raw = clap_lex::RawArgs::new(argv);
    let mut cursor = raw.cursor();
    let mut line = Line::default();
    // The option before, when the next word might have been meant as its value.
    let mut before: Option<Before> = None;
    let mut ended = false;
    while let Some(arg) = raw.next(&mut cursor) {
        let last = before.take();
        if !ended && arg.is_escape() {
            ended = true;
        } else if let Some((name, value)) = arg.to_long().filter(|_| !ended) {
            let next =
                raw.peek(&cursor).filter(|next| !next.to_value_os().as_encoded_bytes().starts_with(b"--")).map(|next| next.to_value_os());
            let mut reader = Reader { line: &mut line, definition, problems };
            match reader.option(name, value, next) {
                Took::Next => drop(raw.next(&mut cursor)),
                Took::Alone(name) => before = Some(name),
                Took::Own => {}
            }
        } else if !ended && arg.is_short() && !arg.is_negative_number() {
            match arg.to_value() {
                Ok("-h") => line.help = true,
                Ok("-V") => line.version = true,
                _ => {
                    let hint = "options of a script begin with `--`; they are shown by `--help`".to_owned();
                    problems.push(Problem::new(shown(arg.to_value_os()), "there is no such option").hint(hint));
                    before = Some(Before::Unknown);
                }
            }
        } else {
            match (words, arg.to_value(), last) {
                // Most likely its value; it may be a secret and is not shown.
                (false, _, Some(Before::Unknown)) => {}
                (true, Ok(word), _) => line.words.push(Datum::str(word)),
                (true, Err(word), _) => problems.push(Problem::new(shown(word), "not UTF-8")),
                (false, _, last) => {
                    let hint = match last {
                        Some(Before::Switch(name)) => format!("a value of `{name}` stands after `=`: `{name}=no`"),
                        _ => "values belong to options: `--name=value`".to_owned(),
                    };
                    problems.push(Problem::new(shown(arg.to_value_os()), "a word without an option").hint(hint));
                }
            }
        }
    }
    line
}

/// What the option before a word was.
enum Before {
    /// A boolean one that stood alone.
    Switch(String),
    /// One that nobody knows.
    Unknown,
}

/// How much of the command line an option took.
enum Took {
    /// Only itself.
    Own,
    /// Itself, though the next word may look like its value.
    Alone(Before),
    /// The next word too.
    Next,
}

struct Reader<'a> {
    line: &'a mut Line,
    definition: &'a Definition<'a>,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn option(&mut self, name: Result<&str, &OsStr>, value: Option<&OsStr>, next: Option<&OsStr>) -> Took {
        let Ok(name) = name else {
            self.problems.push(Problem::new(format!("--{}", shown(name.err().unwrap_or_default())), "not UTF-8"));
            return Took::Alone(Before::Unknown);
        };
        let long = format!("--{}", shorten(name, 60));
        let Some((n, negated)) = self.definition.switch(name) else { return self.own(name, &long, value) };
        let switch = self.definition.options[n].item.cast.is_switch();
        let (value, took) = match (value, next) {
            (Some(_), _) if negated => {
                let hint = format!("write `{long}` or `{}=no`", self.definition.options[n].long());
                self.problems.push(Problem::new(long, "takes no value").hint(hint));
                return Took::Own;
            }
            (Some(value), _) => (value, Took::Own),
            (None, _) if switch => {
                self.give(n, Datum::Bool(!negated), &long);
                return Took::Alone(Before::Switch(long));
            }
            (None, Some(next)) => (next, Took::Next),
            (None, None) => {
                let hint = format!("write `{long}={}`", self.definition.options[n].item.cast.name());
                self.problems.push(Problem::new(long, "needs a value").hint(hint));
                return Took::Own;
            }
        };
        match value.to_str() {
            Some(text) => self.give(n, Datum::str(text), &long),
            None => self.problems.push(Problem::new(long, "the value is not UTF-8")),
        }
        took
    }

    fn give(&mut self, n: usize, value: Datum, long: &str) {
        self.line.given.push((n, Found { value, place: long.to_owned(), named: true }));
    }

    /// What every script understands, and names that nobody knows.
    fn own(&mut self, name: &str, long: &str, value: Option<&OsStr>) -> Took {
        let flag = match dashed(name).as_str() {
            "help" => &mut self.line.help,
            "version" => &mut self.line.version,
            "dump-config" => &mut self.line.dump_config,
            _ => {
                self.unknown(name, long);
                return if value.is_some() { Took::Own } else { Took::Alone(Before::Unknown) };
            }
        };
        *flag = true;
        if value.is_some() {
            *flag = false;
            self.problems.push(Problem::new(long, "takes no value"));
        }
        Took::Own
    }

    fn unknown(&mut self, name: &str, long: &str) {
        let dashed = dashed(name);
        let inside = format!("{dashed}.");
        let mut spellings: Vec<&str> = self.definition.spellings().collect();
        spellings.sort_unstable();
        let section = spellings.iter().find(|known| known.starts_with(&inside));
        let section = section.map(|first| format!("`{name}` is a section; its options are written like `--{first}`"));
        let hint = section.or_else(|| {
            // The right name without its section, or a slip.
            let tail = spellings.iter().find(|known| known.rsplit('.').next() == Some(&dashed)).copied();
            let near = tail.or_else(|| nearest(&dashed, spellings.iter().copied()));
            did_you_mean(near.map(|near| format!("--{near}")).as_deref())
        });
        let negation = dashed.strip_prefix("no-").and_then(|rest| self.definition.switch(rest));
        let text = match negation {
            Some((n, _)) => format!("`{}` is not a boolean option", self.definition.options[n].long()),
            None => "there is no such option".to_owned(),
        };
        self.problems.push(Problem::new(long, text).hint(hint.filter(|_| negation.is_none())));
    }
}

fn shown(word: &OsStr) -> String {
    shorten(&word.to_string_lossy(), 60)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::super::cast;
    use super::super::definition::{Entry, Item};
    use super::*;

    fn entries() -> Vec<Entry> {
        vec![
            Item::with("n", cast::int(), "", 0).into(),
            Item::with("tail", cast::boolean(), "", false).into(),
            Entry::section(
                "filter",
                "",
                vec![Item::with("source_ip", cast::string(), "", Datum::Unit).into(), Item::with("deep", cast::boolean(), "", true).into()],
            ),
        ]
    }

    fn line(argv: &[&OsStr], words: bool) -> (Vec<String>, Line) {
        let (entries, mut problems) = (entries(), Vec::new());
        let definition = Definition::new(&entries, None).unwrap_or_else(|_| unreachable!());
        let argv: Vec<OsString> = argv.iter().map(Into::into).collect();
        let line = read(argv, words, &definition, &mut problems);
        let problems = problems.into_iter().map(|p| p.hint.iter().fold(p.to_string(), |text, hint| format!("{text} ({hint})")));
        (problems.collect(), line)
    }

    fn given(argv: &[&str]) -> Vec<(usize, Datum)> {
        let argv: Vec<&OsStr> = argv.iter().map(OsStr::new).collect();
        let (problems, line) = line(&argv, false);
        assert_eq!(problems, [""; 0]);
        line.given.into_iter().map(|(n, found)| (n, found.value)).collect()
    }

    fn wrong(argv: &[&str]) -> Vec<String> {
        let argv: Vec<&OsStr> = argv.iter().map(OsStr::new).collect();
        line(&argv, false).0
    }

    #[test]
    fn a_value_stands_after_an_equals_sign_or_a_blank() {
        let value = |text: &str| vec![(2, Datum::str(text))];
        assert_eq!(given(&["--filter.source-ip=a=b"]), value("a=b"));
        assert_eq!(given(&["--filter.source-ip", "a"]), value("a"));
        assert_eq!(given(&["--filter.source_ip", "a"]), value("a"));
        assert_eq!(given(&["--filter.source-ip="]), value(""));
        assert_eq!(given(&["--filter.source-ip=--x"]), value("--x"));
    }

    #[test]
    fn a_negative_number_is_a_value() {
        assert_eq!(given(&["--n", "-5", "--n=-6"]), [(0, Datum::str("-5")), (0, Datum::str("-6"))]);
    }

    #[test]
    fn booleans_stand_alone_say_no_or_take_a_value() {
        let truth = |n, value| vec![(n, Datum::Bool(value))];
        assert_eq!(given(&["--tail"]), truth(1, true));
        assert_eq!(given(&["--no-tail"]), truth(1, false));
        assert_eq!(given(&["--no_tail"]), truth(1, false));
        assert_eq!(given(&["--no-filter.deep"]), truth(3, false));
        assert_eq!(given(&["--tail=false"]), [(1, Datum::str("false"))]);
        assert_eq!(wrong(&["--no-tail=yes"]), ["--no-tail: takes no value (write `--no-tail` or `--tail=no`)"]);
        assert_eq!(wrong(&["--tail", "no"]), ["no: a word without an option (a value of `--tail` stands after `=`: `--tail=no`)"]);
        assert_eq!(wrong(&["--no-n"]), ["--no-n: `--n` is not a boolean option"]);
    }

    #[test]
    fn words_are_refused_unless_asked_for() {
        assert_eq!(wrong(&["x", "--", "--n"]).len(), 2);
        assert_eq!(wrong(&["x"]), ["x: a word without an option (values belong to options: `--name=value`)"]);
        let words = ["a", "-", "--tail", "-7", "--", "--n", "--"].map(OsStr::new);
        let (problems, line) = line(&words, true);
        assert_eq!(problems, [""; 0]);
        assert_eq!(line.words, ["a", "-", "-7", "--n", "--"].map(Datum::from));
        assert_eq!(line.given.len(), 1);
    }

    #[test]
    fn all_wrong_options_are_named_at_once_with_the_nearest() {
        let bad = wrong(&["--tial", "--source-ip=1", "--filter", "7", "--zzzzzz", "s3cret", "-x", "--n", "--n"]);
        assert_eq!(
            bad,
            [
                "--tial: there is no such option (did you mean `--tail`?)",
                "--source-ip: there is no such option (did you mean `--filter.source-ip`?)",
                "--filter: there is no such option (`filter` is a section; its options are written like `--filter.deep`)",
                "--zzzzzz: there is no such option",
                "-x: there is no such option (options of a script begin with `--`; they are shown by `--help`)",
                "--n: needs a value (write `--n=INT`)",
                "--n: needs a value (write `--n=INT`)",
            ]
        );
    }

    #[test]
    fn the_programs_own_options_are_seen() {
        let (problems, line) = line(&["--help", "--version", "--dump_config"].map(OsStr::new), false);
        assert_eq!((problems.len(), line.help, line.version, line.dump_config), (0, true, true, true));
        assert_eq!(wrong(&["--help=x"]), ["--help: takes no value"]);
    }

    #[test]
    fn other_encodings_are_refused() {
        let (problems, _) = line(&[OsStr::from_bytes(b"--filter.source-ip=\xff"), OsStr::from_bytes(b"--\xff=1")], false);
        assert_eq!(problems, ["--filter.source-ip: the value is not UTF-8", "--\u{fffd}: not UTF-8"]);
    }
}
