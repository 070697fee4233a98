//! Tests of the type language: each type, defaults, required keys, faults with their paths.

use std::rc::Rc;

use super::SPEC;
use crate::cog::bench::Bench;
use crate::cog::{Args, Callback, Given};
use crate::datum::{Datum, json};
use crate::error::{Error, Result};
use crate::getset::Getter;

fn typedef(text: &str) -> Given {
    Given::Datum(json::read(text).unwrap())
}

/// What becomes of it, as JSON, or what is told.
fn normalized(options: Vec<(&str, Given)>, input: &str) -> Result<String, String> {
    let normalize = super::Normalize::new(&Args::of(&SPEC, options)).unwrap();
    let before = json::read(input).unwrap();
    let mut datum = before.clone();
    match normalize.change(&mut datum) {
        Ok(()) => Ok(json::to_string(&datum)),
        Err(error) => {
            assert_eq!(json::to_string(&datum), json::to_string(&before), "a datum that fails is as it was");
            Err(error.to_string())
        }
    }
}

fn by(keys: &str, input: &str) -> Result<String, String> {
    normalized(vec![("typedef", typedef(&format!(r#"{{"keys":{keys}}}"#)))], input)
}

/// One value of that type.
fn value(of: &str, input: &str) -> Result<String, String> {
    let out = by(&format!(r#"{{"v":{of}}}"#), &format!(r#"{{"v":{input}}}"#))?;
    Ok(out.strip_prefix(r#"{"v":"#).and_then(|out| out.strip_suffix('}')).unwrap().to_owned())
}

/// Each `good` becomes what stands beside it, and then stays; each `bad` is told with its path.
fn holds(of: &str, good: &[(&str, &str)], bad: &[&str]) {
    for (given, wanted) in good {
        assert_eq!(value(of, given).as_deref(), Ok(*wanted), "{of} {given}");
        assert_eq!(value(of, wanted).as_deref(), Ok(*wanted), "{of} {given} twice");
        assert_eq!(value(&format!(r#"{{"check":{of}}}"#), given).as_deref(), Ok(*given), "{of} {given} checked");
    }
    for given in bad {
        let told = value(of, given).expect_err(&format!("{of} {given}"));
        assert!(told.starts_with("`v") && told.contains(" is ") | told.contains(" names "), "{of} {given}: {told}");
        assert_eq!(value(&format!(r#"{{"check":{of}}}"#), given), Err(told), "{of} {given} checked");
    }
}

#[test]
fn plain_types() {
    holds(
        r#""int""#,
        &[("7", "7"), (r#"" -7 ""#, "-7"), (r#""+7""#, "7"), ("7.0", "7"), ("1e3", "1000")],
        &["7.5", r#""7.0""#, "true", "null", r#""""#, "[7]", r#""+""#, "99999999999999999999", r#""1 2""#],
    );
    holds(
        r#""float""#,
        &[("7", "7.0"), (r#"" 1e3 ""#, "1000.0"), ("0.50", "0.50"), (r#""0.5""#, "0.5")],
        &[r#""nan""#, r#""inf""#, "true", "null", "[]", r#""""#],
    );
    holds(
        r#""string""#,
        &[(r#""""#, r#""""#), ("7", r#""7""#), ("1.50", r#""1.5""#), ("true", r#""true""#), ("0", r#""0""#)],
        &["null", "[]", "{}"],
    );
    holds(
        r#""boolean""#,
        &[("true", "true"), (r#""Yes""#, "true"), ("0", "false"), (r#"" off""#, "false")],
        &["2", r#""maybe""#, "null", "[]"],
    );
    for (given, wanted) in [
        ("0", "false"),
        ("0.0", "false"),
        (r#""""#, "false"),
        ("[]", "false"),
        ("{}", "false"),
        ("null", "false"),
        ("[0]", "true"),
        (r#""0""#, "true"),
    ] {
        assert_eq!(value(r#""truth""#, given).as_deref(), Ok(wanted), "{given}");
    }
    holds(r#""any""#, &[("null", "null"), (r#"[1,{"a":2.50}]"#, r#"[1,{"a":2.50}]"#)], &[]);
    holds(r#""count""#, &[("0", "0"), (r#""7""#, "7")], &["-1", r#""x""#]);
    holds(r#""port""#, &[("65535", "65535"), (r#""22""#, "22")], &["65536", "-1", r#""ssh""#]);
}

#[test]
fn addresses_and_identifiers() {
    holds(r#""ip4""#, &[(r#""192.0.2.1""#, r#""192.0.2.1""#)], &[r#""192.0.2.01""#, r#""::1""#, r#""192.0.2.1/24""#, "7"]);
    holds(r#""ip6""#, &[(r#""2001:DB8::0:1""#, r#""2001:db8::1""#)], &[r#""192.0.2.1""#, r#""fe80::1%eth0""#]);
    holds(r#""ip""#, &[(r#""::1""#, r#""::1""#), (r#""192.0.2.1""#, r#""192.0.2.1""#)], &[r#""host""#, r#""192.0.2.1\n""#]);
    holds(
        r#""net4""#,
        &[
            (r#""192.0.2.77/24""#, r#""192.0.2.77/24""#),
            (r#""192.0.2.9-192.0.2.1""#, r#""192.0.2.1-192.0.2.9""#),
            (r#""0.0.0.0/0""#, r#""0.0.0.0/0""#),
            (r#""192.0.2.1/32""#, r#""192.0.2.1/32""#),
        ],
        &[r#""192.0.2.1/33""#, r#""::1""#, r#""192.0.2.1-""#, r#""""#],
    );
    holds(
        r#""net6""#,
        &[
            (r#""2001:DB8::1/32""#, r#""2001:db8::1/32""#),
            (r#""::2-::1""#, r#""::1-::2""#),
            (r#""::/0""#, r#""::/0""#),
            (r#""::1/128""#, r#""::1/128""#),
        ],
        &[r#""::1/129""#, r#""192.0.2.1""#],
    );
    holds(
        r#""uuid""#,
        &[(r#""4390FC3F-c753-4a3e-bc83-1b44f24baf75""#, r#""4390fc3f-c753-4a3e-bc83-1b44f24baf75""#)],
        &[r#""4390fc3f""#, r#""4390fc3fzc753-4a3e-bc83-1b44f24baf75""#],
    );
    holds(r#""mac""#, &[(r#""00:1B:44:11:3a:b7""#, r#""00:1B:44:11:3a:b7""#)], &[r#""00-1B-44-11-3a-b7""#, r#""00:1B:44""#]);
    holds(
        r#""uri""#,
        &[(r#""ripe:CESNET-BB2""#, r#""ripe:CESNET-BB2""#), (r#""http://a.example/%20?q=[1]""#, r#""http://a.example/%20?q=[1]""#)],
        &[r#""www.example.com""#, r#""http:""#, r#""1a:b""#, r#""a:b c""#, r#""a:b\n""#],
    );
    holds(r#""id""#, &[(r#""a.b_C-1""#, r#""a.b_C-1""#)], &[r#""""#, r#""a b""#, r#""a\n""#]);
    holds(r#""nsid""#, &[(r#""org.example._p1""#, r#""org.example._p1""#)], &[r#""Org""#, r#""a..b""#, r#""1a""#, r#""""#]);
    holds(r#""handle""#, &[(r#""_a1""#, r#""_a1""#)], &[r#""1a""#, r#""a-b""#, r#""""#]);
    holds(r#""tag""#, &[(r#""Out-of_1""#, r#""Out-of_1""#)], &[r#""a.b""#, r#""""#]);
    holds(
        r#""event_tag""#,
        &[(r#""Recon""#, r#""Recon""#), (r#""Recon.Scanning""#, r#""Recon.Scanning""#)],
        &[r#""a.b.c""#, r#""a.""#, r#"".a""#],
    );
    holds(r#""media_type""#, &[(r#""application/x.y+z""#, r#""application/x.y+z""#)], &[r#""text""#, r#""text/plain; charset=utf-8""#]);
    holds(r#""charset""#, &[(r#""utf-8""#, r#""utf-8""#)], &[r#""a b""#]);
    holds(r#""encoding""#, &[(r#""BASE64""#, r#""base64""#)], &[r#""8bit""#]);
}

#[test]
fn times() {
    holds(
        r#""timestamp""#,
        &[
            (r#""2026-03-01T10:12:13Z""#, r#""2026-03-01T10:12:13Z""#),
            (r#""2026-03-01 10:12:13.5z""#, r#""2026-03-01T10:12:13.500000Z""#),
            (r#""2026-03-01t10:12:13.000000999Z""#, r#""2026-03-01T10:12:13Z""#),
            (r#""2026-03-01T00:12:13.123456789012+05:30""#, r#""2026-02-28T18:42:13.123456Z""#),
            (r#""2026-03-01T00:12:13-05:30""#, r#""2026-03-01T05:42:13Z""#),
            ("1772359933", r#""2026-03-01T10:12:13Z""#),
            (r#""1772359933.25""#, r#""2026-03-01T10:12:13.250000Z""#),
            ("-0.5", r#""1969-12-31T23:59:59.500000Z""#),
            (r#""2016-12-31T23:59:60Z""#, r#""2016-12-31T23:59:59Z""#),
        ],
        &[
            r#""2026-03-01T10:12:13""#,
            r#""2026-13-01T10:12:13Z""#,
            r#""2026-02-29T10:12:13Z""#,
            r#""2026-03-01T25:12:13Z""#,
            r#""2026-03-01T10:12:13.Z""#,
            r#""2026-03-01T10:12:13+0200""#,
            r#""2026-03-01T10:12:13Z\n""#,
            r#""yesterday""#,
            "null",
            "true",
            "1e300",
        ],
    );
    holds(
        r#""duration""#,
        &[
            (r#""01:02:03""#, r#""01:02:03""#),
            (r#""2d01:02:03.5""#, r#""2D01:02:03.500000""#),
            (r#""0D00:00:01.05""#, r#""00:00:01.050000""#),
            ("90061", r#""1D01:01:01""#),
            ("0.25", r#""00:00:00.250000""#),
            (r#""60""#, r#""00:01:00""#),
        ],
        &[r#""1:02:03""#, r#""25:00:00""#, r#""D01:02:03""#, "-1", r#""01:60:00""#, r#""01:02:03.""#],
    );
}

#[test]
fn types_made_of_others() {
    holds(r#"{"list":"int"}"#, &[("[]", "[]"), (r#"["1",2]"#, "[1,2]")], &[r#""1""#, "{}", "null", r#"["x"]"#]);
    assert_eq!(value(r#"{"list":{"list":"int"}}"#, r#"[[1],[2,"x"]]"#).unwrap_err(), "`v[1][1]` is not an integer: `x`");
    holds(r#"{"regex":"a+|b"}"#, &[(r#""aa""#, r#""aa""#), (r#""b""#, r#""b""#)], &[r#""ab""#, r#""aa\n""#, r#""""#, "7"]);
    holds(r#"{"enum":["tcp",6,null]}"#, &[(r#""tcp""#, r#""tcp""#), ("6", "6"), ("null", "null")], &[r#""TCP""#, "17"]);
    holds(r#"{"range":[0,1,"float"]}"#, &[("0", "0.0"), (r#""1""#, "1.0")], &["1.0001", "-0.1", r#""x""#]);
    holds(r#"{"range":[null,9007199254740992,"int"]}"#, &[("9007199254740992", "9007199254740992"), ("-5", "-5")], &["9007199254740993"]);
    holds(r#"{"dict":{"keys":{"a":"int"}}}"#, &[(r#"{"a":"1"}"#, r#"{"a":1}"#), ("{}", "{}")], &["[]", r#"{"b":1}"#, "null"]);
    assert_eq!(by(r#"{"a":"discard","b":{"list":"discard"}}"#, r#"{"a":1,"b":[1,2]}"#).unwrap(), r#"{"b":[]}"#);
    assert_eq!(value(r#"{"range":[0,1,"int"]}"#, "7").unwrap_err(), "`v` is not between 0 and 1: `7`");
}

#[test]
fn what_is_not_known_is_told_or_stays() {
    assert_eq!(by(r#"{"IP4":"any"}"#, r#"{"IP_4":1}"#).unwrap_err(), "`IP_4` is not allowed; did you mean `IP4`?");
    let open = |input: &str| {
        normalized(vec![("typedef", typedef(r#"{"keys":{"d":{"dict":{"keys":{"a":"int"}}}}}"#)), ("allow_unknown", true.into())], input)
    };
    assert_eq!(open(r#"{"x":1,"d":{"y":2,"a":"1"}}"#).unwrap(), r#"{"x":1,"d":{"y":2,"a":1}}"#);
    let own = |input: &str| by(r#"{"d":{"dict":{"keys":{},"allow_unknown":true}}}"#, input);
    assert_eq!(own(r#"{"d":{"x":1}}"#).unwrap(), r#"{"d":{"x":1}}"#);
    assert!(own(r#"{"e":1}"#).is_err());
    assert_eq!(by("{}", "{}").unwrap(), "{}");
    assert!(by("{}", "[]").unwrap_err().contains("the datum is array, not a map"));
}

#[test]
fn keys_that_are_missing_are_told_together() {
    let deep = r#"{"keys":{"id":{"type":"id","required":true,"description":"the name of it"},"n":{"type":"int","required":true,"default":0},
        "all":{"list":{"dict":{"keys":{"a":{"type":"any","required":true},"b":"int"}}}}}}"#;
    let told = |required: &'static str, input: &str| normalized(vec![("typedef", typedef(deep)), ("required", required.into())], input);
    assert_eq!(told("recursive", r#"{"all":[{"a":null},{}]}"#).unwrap_err(), "missing: `all[1].a`, `id` (the name of it)");
    assert_eq!(told("flat", r#"{"all":[{}]}"#).unwrap_err(), "missing: `id` (the name of it)");
    assert_eq!(told("none", r#"{"all":[{}]}"#).unwrap(), r#"{"all":[{}],"n":0}"#);
    assert_eq!(told("recursive", r#"{"id":"0"}"#).unwrap(), r#"{"id":"0","n":0}"#, "presence counts, and what is optional may be absent");
    // What is bad goes first, and alone.
    assert_eq!(told("recursive", r#"{"all":[{"b":"x"}]}"#).unwrap_err(), "`all[0].b` is not an integer: `x`");
    let args = Args::of(&SPEC, vec![("typedef", typedef(deep))]);
    let error = super::Normalize::new(&args).unwrap().change(&mut json::read("{}").unwrap()).unwrap_err();
    assert_eq!(error.reason(), "missing");
}

#[test]
fn all_faults_can_be_told_at_once() {
    let all =
        |keys: &str, input: &str| normalized(vec![("typedef", typedef(&format!(r#"{{"keys":{keys}}}"#))), ("errors", "all".into())], input);
    let keys = r#"{"a":{"list":"int"},"b":{"type":"ip","description":"who"},"c":{"type":"any","required":true}}"#;
    assert_eq!(
        all(keys, r#"{"a":["x",1,"y"],"b":7,"zzzz":0}"#).unwrap_err(),
        "`a[0]` is not an integer: `x`; `a[2]` is not an integer: `y`; `b` is not an IP address: `7` (who); `zzzz` is not allowed; missing: `c`"
    );
    let many = format!(r#"{{"a":[{}]}}"#, vec![r#""x""#; 1000].join(","));
    let told = all(keys, &many).unwrap_err();
    assert!(told.matches("is not").count() == 50 && told.contains("and more"), "{told}");
}

#[test]
fn defaults_stand_in() {
    assert_eq!(by(r#"{"n":{"type":"int","default":"7"},"m":{"type":"any","initial":[1]}}"#, r#"{"m":2}"#).unwrap(), r#"{"m":2,"n":7}"#);
    let fresh = |_: usize| by(r#"{"id":{"type":"uuid","fresh":"uuid"}}"#, "{}").unwrap();
    assert_ne!(fresh(0), fresh(1));
    assert_eq!(by(r#"{"n":{"type":"discard","default":1}}"#, r#"{"n":2}"#).unwrap(), "{}");
}

/// A callable as the script would give it.
struct Doubled;

impl Callback for Doubled {
    fn getter(&self) -> Result<Getter> {
        Ok(Getter::Call(Rc::new(|value| match value {
            Datum::Int(0) => Err(Error::Refused { reason: super::types::DISCARD, text: "left out".into() }),
            Datum::Int(n) => Ok(Datum::Int(n * 2)),
            _ => Err(Error::Other("it is no number".into())),
        })))
    }

    fn name(&self) -> String {
        "doubled".into()
    }
}

#[test]
fn closures_are_types_and_defaults() {
    let keys = Given::Map(vec![
        ("n".into(), Given::Callback(Rc::new(Doubled))),
        ("l".into(), Given::Map(vec![("list".into(), Given::Callback(Rc::new(Doubled)))])),
    ]);
    let run = |input: &str| normalized(vec![("typedef", Given::Map(vec![("keys".into(), keys.clone())]))], input);
    assert_eq!(run(r#"{"n":2,"l":[1,0,3]}"#).unwrap(), r#"{"n":4,"l":[2,6]}"#);
    assert_eq!(run(r#"{"n":0}"#).unwrap(), "{}");
    assert_eq!(run(r#"{"l":[1,"x"]}"#).unwrap_err(), "`l[1]` is refused: it is no number");
    let said = Given::Map(vec![("type".into(), "int".into()), ("default".into(), Given::Callback(Rc::new(Doubled)))]);
    let made = Given::Map(vec![("keys".into(), Given::Map(vec![("n".into(), said)]))]);
    let told = normalized(vec![("typedef", made)], "{}").unwrap_err();
    assert_eq!(told, "`n` has no default: it is no number", "it is given the map");
}

#[test]
fn the_map_may_stand_within_and_go_elsewhere() {
    let keys = || ("typedef", typedef(r#"{"keys":{"n":"int"}}"#));
    assert_eq!(normalized(vec![keys(), ("data_getter", "m".into())], r#"{"m":{"n":"1"},"x":0}"#).unwrap(), r#"{"m":{"n":1},"x":0}"#);
    assert_eq!(
        normalized(vec![keys(), ("data_getter", "m".into()), ("data_setter", "o".into())], r#"{"m":{"n":"1"}}"#).unwrap(),
        r#"{"m":{"n":"1"},"o":{"n":1}}"#
    );
    assert!(normalized(vec![keys(), ("data_getter", "m".into())], r#"{"x":0}"#).unwrap_err().contains("no item `m`"));
}

#[test]
fn raw_text_that_is_good_stays_as_it_came() {
    let normalize =
        super::Normalize::new(&Args::of(&SPEC, vec![("typedef", typedef(r#"{"keys":{"l":{"list":{"dict":{"keys":{"n":"int"}}}}}}"#))]))
            .unwrap();
    for (given, wanted) in
        [(r#"{"l" : [ {"n": 1} ]}"#, r#"{"l" : [ {"n": 1} ]}"#), (r#"{"l" : [ {"n": "1"}, {"n": 2} ]}"#, r#"{"l":[{"n":1},{"n":2}]}"#)]
    {
        let mut datum = Datum::Raw(given.into());
        normalize.change(&mut datum).unwrap();
        assert_eq!(json::to_string(&datum), wanted);
    }
}

#[test]
fn a_definition_that_cannot_be_is_told_with_its_place() {
    for (given, told) in [
        (r#"{"keys":{"a":"itn"}}"#, "`a`: there is no type `itn`; did you mean `int`?"),
        (r#"{"keys":{"a":{"list":{"dict":{"keys":{"b":{"lst":"int"}}}}}}}"#, "`a[*].b`: there is no type `lst`; did you mean `list`?"),
        (r#"{"keys":{"a":{"type":"int","required":1}}}"#, "`a`: `required` is true or false"),
        (r#"{"keys":{"a":{"type":"int","default":"x"}}}"#, "`a`: its default is not an integer: `x`"),
        (r#"{"keys":{"a":{"required":true}}}"#, "`a`: has no `type`"),
        (r#"{"keys":{"a":{"type":"int","requird":true}}}"#, "but not `requird`"),
        (r#"{"keys":{"a":{"regex":"("}}}"#, "is no regular expression"),
        (r#"{"keys":{"a":{"range":[2,1,"int"]}}}"#, "above the high one"),
        (r#"{"keys":{"a":{"range":[2,1]}}}"#, "takes [low, high, type]"),
        (r#"{"keys":{"a":{"enum":[]}}}"#, "`enum` takes an array"),
        (r#"{"keys":{"a":7}}"#, "`a`: a type is a word"),
        (r#"{"key":{}}"#, "but no `key`"),
        ("{}", "needs `keys`"),
        (r#"{"keys":{},"references":{"a":"b["}}"#, "in path"),
        ("7", "wants a map"),
    ] {
        let error = Bench::refused(&SPEC, vec![("typedef", typedef(given))]);
        assert!(error.contains(told), "{given}: {error}");
    }
}
