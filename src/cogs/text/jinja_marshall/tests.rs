//! Options, files that change, what is asked of a datum, and what fails.

use std::time::{Duration, Instant};

use super::*;
use crate::cog::bench::Bench;
use crate::datum::json;

/// What comes of one datum, or why nothing does.
fn made(options: Vec<(&'static str, Given)>, datum: impl Into<Datum>) -> String {
    let args = Args::of(&SPEC, options);
    let mut cog = JinjaMarshall::new(&args).unwrap_or_else(|error| panic!("{error}"));
    let Source::Inline(template) = &cog.source else { panic!("a template in a file") };
    cog.engine = Some(cog.settings.engine(INLINE, template, &Arc::default()).unwrap_or_else(|fault| panic!("{}", fault.text)));
    let mut text = String::new();
    cog.write(&mut datum.into(), &mut text).map_or_else(|error| format!("! {error}"), |()| text)
}

fn plain(template: &str, datum: &str) -> String {
    made(vec![("template", template.into())], json::read(datum).unwrap())
}

fn with(template: &str, option: &'static str, value: impl Into<Given>, datum: &str) -> String {
    made(vec![("template", template.into()), (option, value.into())], json::read(datum).unwrap())
}

fn closure(f: impl Fn(Datum) -> Result<Datum> + 'static) -> Given {
    Given::Func(Func::Call(Rc::new(f)))
}

#[test]
fn undefined_is_lenient_strict_or_chainable() {
    for (template, lenient, strict, chainable) in [
        ("<{{ a }}>", "<>", "!", "<>"),
        ("{{ a.b }}|", "!", "!", "|"),
        ("{% if a %}x{% endif %}|", "|", "!", "|"),
        ("{% for x in a %}x{% endfor %}|", "|", "!", "|"),
        ("{{ a | default('x') }}", "x", "x", "x"),
        ("{{ a is defined }}", "False", "False", "False"),
    ] {
        for (word, expected) in [("lenient", lenient), ("strict", strict), ("chainable", chainable)] {
            let text = with(template, "undefined", word, "{}");
            if expected == "!" {
                assert!(text.starts_with("! template `template`, line 1: what is undefined is used"), "{template} {word}: {text}");
            } else {
                assert_eq!(text, expected, "{template} {word}");
            }
        }
    }
}

#[test]
fn what_is_printed_is_made_safe() {
    let (template, datum) = ("{{ t }} {{ l }} {{ t | safe }} {{ n }} {{ none }}", r#"{"t": "<a href='x'>&\"", "l": ["<"], "n": 1.0}"#);
    assert_eq!(with(template, "autoescape", "none", datum), "<a href='x'>&\" ['<'] <a href='x'>&\" 1.0 None");
    assert_eq!(
        with(template, "autoescape", "html", datum),
        "&lt;a href=&#39;x&#39;&gt;&amp;&#34; [&#39;&lt;&#39;] <a href='x'>&\" 1.0 None"
    );
    assert_eq!(with(template, "autoescape", "json", datum), r#""<a href='x'>&\"" ["<"] <a href='x'>&" 1.0 null"#);
    // What a macro gives is safe already, and so is what was escaped.
    let macros = "{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}{{ m(t) }} {{ 'a<b' | e }} {{ 'a<b' | e | e }} {{ '<' | tojson }}";
    assert_eq!(with(macros, "autoescape", "html", r#"{"t": "<"}"#), "<b>&lt;</b> a&lt;b a&lt;b \"\\u003c\"");
}

#[test]
fn line_breaks_and_blanks_around_blocks() {
    let template = "  {% if true %}\n  x\n  {% endif %}\n\n";
    for (options, expected) in [
        (vec![], "  \n  x\n  \n"),
        (vec!["trim_blocks"], "    x\n  "),
        (vec!["lstrip_blocks"], "\n  x\n\n"),
        (vec!["trim_blocks", "lstrip_blocks"], "  x\n"),
        (vec!["keep_trailing_newline"], "  \n  x\n  \n\n"),
    ] {
        let options = options.iter().map(|option| (*option, Given::from(true))).chain([("template", template.into())]);
        assert_eq!(made(options.collect(), Datum::Unit), expected);
    }
}

#[test]
fn names_are_those_of_a_map_and_other_data_are_called_data() {
    assert_eq!(plain("{{ a }} {{ data }}", r#"{"a": 1}"#), "1 ");
    assert_eq!(plain("{{ data }} {{ data[1].x }}", r#"[1, {"x": "y"}]"#), "[1, {'x': 'y'}] y");
    assert_eq!(plain("{{ data }}", "null"), "None");
    assert_eq!(plain("{{ data | upper }}", r#""text""#), "TEXT");
    let globals = || Given::Datum(json::read(r#"{"host": "here", "list": [{"a": 1.50}], "n": 1}"#).unwrap().opened().into_owned());
    assert_eq!(with("{{ host }} {{ list }} {{ n }} {{ data }}", "globals", globals(), r#"{"n": 2}"#), "here [{'a': 1.5}] 2 ");
    let mut bench =
        Bench::new(&SPEC, vec![("template", "{{ b }}{{ data }}".into()), ("data_getter", "a".into()), ("data_setter", "out.text".into())]);
    assert_eq!(bench.feed_json(r#"{"a": {"b": [1]}, "c": 1}"#), [r#"{"a":{"b":[1]},"c":1,"out":{"text":"[1]"}}"#]);
    assert_eq!(bench.feed_json(r#"{"a": 7}"#), [r#"{"a":7,"out":{"text":"7"}}"#]);
    assert!(bench.feed_json("{}").is_empty());
    assert_eq!(bench.errors(), 1);
}

/// The same, read to its leaves.
fn read(datum: &Datum) -> Datum {
    match &*datum.opened() {
        Datum::List(list) => Datum::List(list.iter().map(read).collect()),
        Datum::Map(map) => Datum::Map(map.iter().map(|(key, value)| (key.clone(), read(value))).collect()),
        other => other.clone(),
    }
}

#[test]
fn data_of_every_form_are_seen_and_stay_as_they_were() {
    let deep = r#"{"a":{"b":{"c":{"d":{"e":{"f":{"g":[1,[2,[3,{"h":"deep"}]]]}}}}}}}"#;
    let template = "{{ a.b.c.d.e.f.g[1][1][1].h }} {{ a.b.c.d.e.f.g }} {% set x = a.b %}{{ x.c.d.e.f.g[0] }}";
    let expected = "deep [1, [2, [3, {'h': 'deep'}]]] 1";
    assert_eq!(plain(template, deep), expected);
    let all = read(&json::read(deep).unwrap());
    assert_eq!(made(vec![("template", template.into())], all.clone()), expected);
    let mut bench = Bench::new(&SPEC, vec![("template", template.into()), ("data_setter", "t".into())]);
    let out = bench.feed(all.clone());
    assert_eq!(out[0].as_map().and_then(|map| map.by_name("a")), all.as_map().and_then(|map| map.by_name("a")));
    // Many that wait in their text, each asked for twice.
    let many = format!("[{}]", (0..2000).map(|n| format!(r#"{{"n": {n}, "s": "é\n"}}"#)).collect::<Vec<_>>().join(","));
    let sum = "{% set ns = namespace(n=0) %}{% for x in data %}{% set ns.n = ns.n + x.n + x.n + x.s | length %}{% endfor %}{{ ns.n }}";
    assert_eq!(plain(sum, &many), (2000 * 1999 + 4000).to_string());
}

#[test]
fn values_of_all_kinds() {
    let numbers = r#"{"e": 1.50, "i": 123456789012345678901234567890123456789012345, "j": -170141183460469231731687303715884105728, "z": -0, "f": 1e400, "x": 1e3}"#;
    assert_eq!(
        plain("{{ e }} {{ i }} {{ [i] }} {{ j }} {{ z }} {{ f }} {{ x }} {{ i | tojson }} {{ i == i }} {{ i > 1 }}", numbers),
        "1.5 123456789012345678901234567890123456789012345 [123456789012345678901234567890123456789012345] \
         -170141183460469231731687303715884105728 0 inf 1000.0 123456789012345678901234567890123456789012345 True True"
    );
    let time: jiff::Timestamp = "2024-05-06T22:30:00.25Z".parse().unwrap();
    let map = [("t", Datum::Time(time)), ("b", Datum::Bytes(b"a'\xff".as_slice().into())), ("u", Datum::Unit)];
    let map: Datum = Datum::Map(map.into_iter().map(|(key, value)| (key.into(), value)).collect());
    for (template, text) in [
        ("{{ t }} {{ [t] | length }} {{ t == t }} {{ t | tojson }}", "2024-05-06T22:30:00.25Z 1 True \"2024-05-06T22:30:00.25Z\""),
        ("{{ t | strftime('%d.%m. %H:%M') }} {{ t | strftime('%a %H', tz='Europe/Vienna') }}", "06.05. 22:30 Tue 00"),
        ("{{ b }} {{ [b] }} {{ b | b64encode }} {{ u }}", "a'\u{fffd} [b\"a'\\xff\"] YSf/ None"),
    ] {
        assert_eq!(made(vec![("template", template.into())], map.clone()), text);
    }
}

#[test]
fn filters_of_ours() {
    for (template, text) in [
        (
            "{{ 0 | strftime('%F') }} {{ 1.5 | strftime('%s') }} {{ '2024-05-06T00:00:00+02:00' | strftime('%FT%T') }}",
            "1970-01-01 1 2024-05-05T22:00:00",
        ),
        ("{{ 'ä>?' | b64encode }} {{ 'ä>?' | b64encode(urlsafe=true) }} {{ 1 | b64encode }}", "w6Q+Pw== w6Q-Pw== MQ=="),
        ("{{ ['a', 'b,c', 'd\"e', 1.0, none, true, [1]] | csv }}", "a,\"b,c\",\"d\"\"e\",1.0,,true,[1]"),
        ("{{ {'a': 1, 'b': 'x;y'} | csv(delimiter=';') }} {{ 'x y' | csv }} {{ [''] | csv }} {{ [] | csv }}|", "1;\"x;y\" x y \"\" |"),
        ("{{ {'b': 'ü<', 'a': [1.0, none]} | tojson }}", r#"{"a": [1.0, null], "b": "\u00fc\u003c"}"#),
        ("{{ 'x' | strftime('%F') }}", "! template `template`, line 1: strftime: "),
        (
            "{{ true | strftime('%F') }}",
            "! template `template`, line 1: strftime: wants a time, RFC 3339 or seconds since 1970, but is given `bool`",
        ),
        ("{{ 0 | strftime('%F', tz='Nowhere') }}", "! template `template`, line 1: strftime: "),
        ("{{ 0 | strftime('%!') }}", "! template `template`, line 1: strftime: "),
        ("{{ 'x' | csv(delimiter='\"') }}", "! template `template`, line 1: csv: a delimiter that is a quote"),
        ("{{ [1e999] | tojson }}", "! template `template`, line 1: tojson: "),
        ("{{ 'x' | tojson(1000) }}", "! template `template`, line 1: tojson: more than 64 spaces"),
        ("{{ 'x' | b64encode(url=1) }}", "! template `template`, line 1: unknown keyword argument 'url'"),
    ] {
        let made = plain(template, "{}");
        if text.starts_with('!') { assert!(made.starts_with(text), "{made}") } else { assert_eq!(made, text) }
    }
}

#[test]
fn filters_of_the_script() {
    let filters = || {
        Given::Map(vec![
            (
                "half".into(),
                closure(|value| value.as_int().map(|n| Datum::Int(n / 2)).ok_or_else(|| Error::data("no number", &value.piece()))),
            ),
            ("pair".into(), closure(|value| Ok(Datum::List(vec![value.clone(), value])))),
            ("upper".into(), closure(|value| Ok(format!("!{}", value.piece()).into()))),
        ])
    };
    assert_eq!(
        with("{{ n | half }} {{ n | pair }} {{ (m | pair)[1].a[0] }}", "filters", filters(), r#"{"n": 8, "m": {"a": [5]}}"#),
        "4 [8, 8] 5"
    );
    assert_eq!(
        with("{{ n | upper }} {{ n | lower }} {{ [1, 2] | map('half') | list }}", "filters", filters(), r#"{"n": "X"}"#),
        "!X x [0, 1]"
    );
    assert_eq!(
        with("\n{{ n | half }}", "filters", filters(), r#"{"n": "x"}"#),
        "! template `template`, line 2: filter `half`: no number: `x`"
    );
    assert!(with("{{ n | half(2) }}", "filters", filters(), r#"{"n": 2}"#).contains("takes the value alone"));
    // What the script says of its own place is kept.
    let raises = || closure(|_| Err(Error::Script { text: "bad".into(), place: "x.rhai:3:4".into(), hint: Some("do".into()) }));
    let text = with("{{ 1 | f }}", "filters", Given::Map(vec![("f".into(), raises())]), "{}");
    assert!(text.contains("filter `f`: bad") && text.contains("x.rhai:3:4"), "{text}");
}

#[test]
fn work_and_text_are_bounded() {
    let endless = "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}{% endfor %}{% endfor %}{% endfor %}";
    assert_eq!(plain(endless, "{}"), "! template `template`, line 1: more steps than `fuel` allows");
    assert_eq!(with("{{ range(200) | sum }}", "fuel", 10, "{}"), "! template `template`, line 1: more steps than `fuel` allows");
    assert_eq!(with("{{ range(200) | sum }}", "fuel", Datum::Unit, "{}"), "19900");
    assert_eq!(with("{{ 'x' * 11 }}", "max_bytes", 10, "{}"), "! template `template` makes more than 10 bytes");
    assert_eq!(with("{{ 'x' * 10 }}", "max_bytes", 10, "{}"), "xxxxxxxxxx");
    let circle = "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}";
    assert_eq!(plain(circle, "{}"), "! template `template`, line 1: recursion limit exceeded");
}

#[test]
fn options_that_cannot_work_are_refused() {
    let filters = |name: &str, given: Given| ("filters", Given::Map(vec![(name.to_owned(), given)]));
    for (given, told) in [
        (vec![], "option `template`: is missing, and `template_file` too"),
        (vec![("template", "x".into()), ("template_file", "x".into())], "give one of them"),
        (vec![("template", "x".into()), ("reload", true.into())], "only with `template_file`"),
        (vec![("template", "x".into()), filters("f", 1.into())], "`f` must be a closure, but is `int`"),
        (vec![("template", "x".into()), filters("a b", closure(Ok))], "`a b` is no name"),
        (
            vec![("template", "ä\n ö {{ a b }}".into())],
            "line 2, column 9: unexpected identifier, expected end of variable block\n     ö {{ a b }}\n            ^",
        ),
        (vec![("template", "{% if a %}".into())], "line 1, column 9: unexpected end of input"),
        (vec![("template", "{% fro x in y %}".into())], "line 1, column 4: unknown statement fro\n    {% fro x in y %}\n       ^"),
    ] {
        let refused = Bench::refused(&SPEC, given);
        assert!(refused.contains(told), "{refused}");
    }
    let args = Args::of(&SPEC, vec![("template", "{% fro x in y %}".into())]);
    assert_eq!(JinjaMarshall::new(&args).err().unwrap().hint(), Some("did you mean `for`?"));
}

/// A template in a file, and others beside it.
struct Place(tempfile::TempDir);

impl Place {
    fn new(files: &[(&str, &str)]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(place.0.path().join("parts")).unwrap();
        for (name, text) in files {
            place.put(name, text);
        }
        place
    }

    fn at(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.at("new"), text).unwrap();
        std::fs::rename(self.at("new"), self.at(name)).unwrap();
    }

    fn options(&self) -> Vec<(&'static str, Given)> {
        vec![("template_file", self.at("main").into()), ("template_dirs", self.at("parts").into())]
    }

    fn refused(&self) -> String {
        let esc = crate::escapement::Escapement::new(crate::escapement::Clock::real()).unwrap();
        Bench::with(esc, crate::disk::real(), &SPEC, self.options()).err().unwrap().to_string()
    }
}

#[test]
fn templates_include_extend_and_import_those_in_their_directories() {
    let place = Place::new(&[
        (
            "main",
            "{% extends 'base' %}{% from 'macros' import twice %}{% block body %}{{ twice(a) }}{% include 'sub' %}{% include 'no' ~ 'pe' ignore missing %}{% endblock %}",
        ),
        ("parts/base", "<{% block body %}{% endblock %}>"),
        ("parts/macros", "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}"),
        ("parts/sub", "\n{{ a.b.c }}"),
        ("parts/odd", "{{ odd.odd }}"),
    ]);
    let mut bench = Bench::new(&SPEC, place.options());
    assert_eq!(bench.feed_json(r#"{"a": {"b": {"c": 1}}}"#), [r#""<{'b': {'c': 1}}{'b': {'c': 1}}\n1>""#]);
    let make = |bench: &mut Bench, datum: &str| bench.feed_json(datum).len();
    assert_eq!(make(&mut bench, r#"{"a": 1}"#), 0);
    assert_eq!(bench.errors(), 1);
    // Those in the script see the same directories.
    let inline = vec![("template", "{% include 'sub' %}".into()), ("template_dirs", place.at("parts").into())];
    assert_eq!(Bench::new(&SPEC, inline).feed_json(r#"{"a": {"b": {"c": 2}}}"#), [r#""\n2""#]);
    let (settings, others) =
        (settings(&Args::of(&SPEC, place.options())).unwrap().1, sources::read(&*crate::disk::real(), &[place.at("parts").into()]));
    let engine =
        settings.engine("main", "{% include 'sub' %}", &Arc::new(others.unwrap())).unwrap_or_else(|fault| panic!("{}", fault.text));
    let told = lent::lend(&mut Datum::Unit, &Rc::default(), || engine.render(Value::from_object(lent::Root), &mut String::new(), 99)).0;
    assert_eq!(told.unwrap_err().to_string(), "template `sub`, line 2: what is undefined is used");
}

#[test]
fn faults_in_files_are_told_when_the_train_begins() {
    let place = Place::new(&[("main", "a\n{{ b | }}"), ("parts/x", "{% fi %}")]);
    let refused = place.refused();
    assert!(refused.contains("main`: line 2, column ") && refused.contains("\n    {{ b | }}\n"), "{refused}");
    place.put("main", "{% if false %}{% include ['y', 'x'] %}{% endif %}");
    let refused = place.refused();
    assert!(
        refused.contains("main`: `x`, line 1, column 4: unknown statement fi\n    {% fi %}\n       ^\n    did you mean `if`?"),
        "{refused}"
    );
    std::fs::write(place.at("main"), b"\xff").unwrap();
    assert!(place.refused().contains("not text in UTF-8"));
    std::fs::remove_file(place.at("main")).unwrap();
    assert!(place.refused().contains("main"));
}

#[test]
fn a_file_that_changes_is_read_again_and_a_bad_one_is_not_used() {
    let place = Place::new(&[("main", "one {% include 'x' %}"), ("parts/x", "x")]);
    let mut bench = Bench::new(&SPEC, [place.options(), vec![("reload", true.into())]].concat());
    let mut still = Bench::new(&SPEC, place.options());
    // A watch alone keeps nothing going.
    bench.esc.every(0, Duration::from_millis(1));
    let until = Instant::now() + Duration::from_secs(20);
    let wait = |bench: &mut Bench, enough: &dyn Fn(&mut Bench) -> bool| {
        while !enough(bench) {
            assert!(Instant::now() < until, "it is not read again");
            bench.pump_for(2);
        }
    };
    let says = |bench: &mut Bench, text: &str| bench.feed_json("{}") == [format!("\"{text}\"")];
    assert!(says(&mut bench, "one x"));
    place.put("main", "two {% include 'x' %}");
    wait(&mut bench, &|bench| says(bench, "two x"));
    place.put("main", "{% two");
    wait(&mut bench, &|bench| bench.errors() > 0);
    assert!(says(&mut bench, "two x"));
    place.put("main", "three {% include 'x' %}");
    wait(&mut bench, &|bench| says(bench, "three x"));
    place.put("parts/x", "y");
    wait(&mut bench, &|bench| says(bench, "three y"));
    still.pump_for(5);
    assert!(says(&mut still, "one x"));
}
