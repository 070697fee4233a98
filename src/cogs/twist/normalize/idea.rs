//! The type definition of IDEA messages (IDEA0), as plain data: a script may change and extend it before it is used.

use crate::datum::{Datum, Key, Map};
use crate::error::{Error, Result, nearest};

/// Type of each key: a word, `[]` before it for a list of it, `{}` for a dictionary of that name.
type Keys = &'static [(&'static str, &'static str)];

const MESSAGE: Keys = &[
    ("Format", "version"),
    ("ID", "id"),
    ("AltNames", "[]string"),
    ("CorrelID", "[]id"),
    ("AggrID", "[]id"),
    ("PredID", "[]id"),
    ("RelID", "[]id"),
    ("CreateTime", "timestamp"),
    ("DetectTime", "timestamp"),
    ("EventTime", "timestamp"),
    ("CeaseTime", "timestamp"),
    ("WinStartTime", "timestamp"),
    ("WinEndTime", "timestamp"),
    ("ConnCount", "count"),
    ("FlowCount", "count"),
    ("PacketCount", "count"),
    ("ByteCount", "count"),
    ("Category", "[]event_tag"),
    ("Ref", "[]uri"),
    ("Confidence", "share"),
    ("Description", "string"),
    ("Note", "string"),
    ("Source", "[]{}side"),
    ("Target", "[]{}side"),
    ("Attach", "[]{}attach"),
    ("Node", "[]{}node"),
];

const SIDE: Keys = &[
    ("Type", "[]tag"),
    ("Hostname", "[]string"),
    ("IP4", "[]net4"),
    ("IP6", "[]net6"),
    ("MAC", "[]mac"),
    ("Port", "[]port"),
    ("Proto", "[]string"),
    ("URL", "[]string"),
    ("Email", "[]string"),
    ("AttachHand", "[]handle"),
    ("Note", "string"),
    ("Spoofed", "boolean"),
    ("Imprecise", "boolean"),
    ("Anonymised", "boolean"),
    ("ASN", "[]count"),
    ("Router", "[]string"),
    ("Netname", "[]uri"),
    ("Ref", "[]uri"),
];

const ATTACH: Keys = &[
    ("Handle", "handle"),
    ("FileName", "[]string"),
    ("Type", "[]tag"),
    ("Hash", "[]uri"),
    ("Size", "count"),
    ("Ref", "[]uri"),
    ("Note", "string"),
    ("ContentType", "media_type"),
    ("ContentCharset", "charset"),
    ("ContentEncoding", "encoding"),
    ("Content", "string"),
    ("ContentID", "[]string"),
    ("ExternalURI", "[]uri"),
];

const NODE: Keys = &[("Name", "nsid"), ("Type", "[]tag"), ("SW", "[]string"), ("AggrWin", "duration"), ("Note", "string")];

const REQUIRED: [&str; 4] = ["Format", "ID", "DetectTime", "Category"];

/// The type definition that these options ask for: `flavour` is `"native"` (values in one form, Format and ID filled in) or `"check"`
/// (values tested only); `strict` has `AttachHand` name an `Attach`.
///
/// # Errors
/// Other options, or other values of these.
pub fn typedef(options: &Map) -> Result<Datum> {
    let (mut native, mut strict) = (true, false);
    for (key, value) in options.iter() {
        match (key.as_str(), value) {
            ("flavour", Datum::Str(word)) if word == "native" => native = true,
            ("flavour", Datum::Str(word)) if word == "check" => native = false,
            ("flavour", _) => return Err(Error::option("flavour", "takes \"native\" or \"check\"")),
            ("strict", Datum::Bool(value)) => strict = *value,
            ("strict", _) => return Err(Error::option("strict", "takes true or false")),
            (odd, _) => {
                let hint = nearest(odd, ["flavour", "strict"]).map(|near| format!("did you mean `{near}`?"));
                let text = "`twist::idea_typedef` has no such option".into();
                return Err(Error::Option { option: odd.into(), text, hint });
            }
        }
    }
    let Datum::Map(mut message) = dictionary(MESSAGE, &REQUIRED, native) else { unreachable!("it is made as a map") };
    if strict {
        let names = ["Source", "Target"].map(|side| (format!("{side}[*].AttachHand"), Datum::str("Attach[*].Handle")));
        message.push(Key::new("references"), map(names.iter().map(|(from, to)| (from.as_str(), to.clone()))));
    }
    Ok(Datum::Map(message))
}

fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Datum)>) -> Datum {
    Datum::Map(entries.into_iter().map(|(key, value)| (Key::new(key), value)).collect())
}

fn dictionary(keys: Keys, required: &[&str], native: bool) -> Datum {
    let entry = |(name, word): &(&'static str, &'static str)| {
        let of = type_of(word, native);
        let said = match (*name, native) {
            _ if !required.contains(name) => return (*name, of),
            ("Format", true) => [("type", of), ("default", "IDEA0".into()), ("required", true.into())],
            ("ID", true) => [("type", of), ("fresh", "uuid".into()), ("required", true.into())],
            _ => return (*name, map([("type", of), ("required", true.into())])),
        };
        (*name, map(said))
    };
    map([("keys", map(keys.iter().map(entry))), ("allow_unknown", true.into())])
}

fn type_of(word: &'static str, native: bool) -> Datum {
    if let Some(of) = word.strip_prefix("[]") {
        return map([("list", type_of(of, native))]);
    }
    let plain = match word {
        "{}side" => return map([("dict", dictionary(SIDE, &[], native))]),
        "{}attach" => return map([("dict", dictionary(ATTACH, &[], native))]),
        "{}node" => return map([("dict", dictionary(NODE, &[], native))]),
        "version" => map([("enum", vec![Datum::from("IDEA0")].into())]),
        "share" => map([("range", vec![Datum::Int(0), Datum::Int(1), "float".into()].into())]),
        word => word.into(),
    };
    if native { plain } else { map([("check", plain)]) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};
    use proptest::sample::select;

    use super::super::{Normalize, SPEC};
    use super::*;
    use crate::cog::{Args, Given};
    use crate::datum::json;

    /// A normaliser of messages; the options as JSON.
    fn idea(options: &str, all: bool) -> Normalize {
        let options = json::read(options).unwrap();
        let typedef = Given::Datum(typedef(options.as_map().unwrap()).unwrap());
        Normalize::new(&Args::of(&SPEC, vec![("typedef", typedef), ("errors", if all { "all" } else { "first" }.into())])).unwrap()
    }

    fn run(normalize: &Normalize, message: &str) -> Result<String, String> {
        let mut datum = json::read(message).unwrap();
        normalize.change(&mut datum).map(|()| json::to_string(&datum)).map_err(|error| error.to_string())
    }

    const NATIVE: &str = r#"{"flavour":"native"}"#;
    const CHECK: &str = r#"{"flavour":"check"}"#;

    /// All keys, some in forms that are not the native one.
    const FULL: &str = r#"{"Format":"IDEA0","ID":"4390fc3f-c753-4a3e-bc83-1b44f24baf75","AltNames":["x",7],"CorrelID":["a.b"],"AggrID":[],"PredID":["c"],"RelID":["d"],"CreateTime":"2026-03-01T10:12:13Z","DetectTime":"2026-03-01 12:12:13.1+02:00","EventTime":1772359933,"CeaseTime":"1772359933.5","WinStartTime":"2026-03-01T10:12:13Z","WinEndTime":"2026-03-01T10:12:13Z","ConnCount":"20","FlowCount":1,"PacketCount":2,"ByteCount":3,"Category":["Recon.Scanning","Test"],"Ref":["cve:CVE-2014-0160"],"Confidence":1,"Description":"a","Note":"b","Source":[{"Type":["Phishing"],"Hostname":[],"IP4":["192.0.2.9-192.0.2.1","192.0.2.77/24"],"IP6":["2001:DB8::/32"],"MAC":["00:1B:44:11:3a:b7"],"Port":["22",80],"Proto":["tcp"],"URL":["no url"],"Email":["x"],"AttachHand":["att1"],"Note":"c","Spoofed":"no","Imprecise":true,"Anonymised":0,"ASN":["64496"],"Router":["r"],"Netname":["ripe:NET"],"Ref":[],"Mine":{"a":[1]}}],"Target":[{}],"Attach":[{"Handle":"att1","FileName":["f"],"Type":["Malware"],"Hash":["sha1:7944"],"Size":"46","Ref":["http://a.example/"],"Note":"d","ContentType":"application/zip","ContentCharset":"utf-8","ContentEncoding":"Base64","Content":"UEs=","ContentID":["i"],"ExternalURI":["http://b.example/"]}],"Node":[{"Name":"org.example.probe","Type":["Protocol"],"SW":["s"],"AggrWin":300,"Note":"e"}],"Mine":null}"#;

    const FULL_NATIVE: &str = r#"{"Format":"IDEA0","ID":"4390fc3f-c753-4a3e-bc83-1b44f24baf75","AltNames":["x","7"],"CorrelID":["a.b"],"AggrID":[],"PredID":["c"],"RelID":["d"],"CreateTime":"2026-03-01T10:12:13Z","DetectTime":"2026-03-01T10:12:13.100000Z","EventTime":"2026-03-01T10:12:13Z","CeaseTime":"2026-03-01T10:12:13.500000Z","WinStartTime":"2026-03-01T10:12:13Z","WinEndTime":"2026-03-01T10:12:13Z","ConnCount":20,"FlowCount":1,"PacketCount":2,"ByteCount":3,"Category":["Recon.Scanning","Test"],"Ref":["cve:CVE-2014-0160"],"Confidence":1.0,"Description":"a","Note":"b","Source":[{"Type":["Phishing"],"Hostname":[],"IP4":["192.0.2.1-192.0.2.9","192.0.2.77/24"],"IP6":["2001:db8::/32"],"MAC":["00:1B:44:11:3a:b7"],"Port":[22,80],"Proto":["tcp"],"URL":["no url"],"Email":["x"],"AttachHand":["att1"],"Note":"c","Spoofed":false,"Imprecise":true,"Anonymised":false,"ASN":[64496],"Router":["r"],"Netname":["ripe:NET"],"Ref":[],"Mine":{"a":[1]}}],"Target":[{}],"Attach":[{"Handle":"att1","FileName":["f"],"Type":["Malware"],"Hash":["sha1:7944"],"Size":46,"Ref":["http://a.example/"],"Note":"d","ContentType":"application/zip","ContentCharset":"utf-8","ContentEncoding":"base64","Content":"UEs=","ContentID":["i"],"ExternalURI":["http://b.example/"]}],"Node":[{"Name":"org.example.probe","Type":["Protocol"],"SW":["s"],"AggrWin":"00:05:00","Note":"e"}],"Mine":null}"#;

    #[test]
    fn a_full_message_is_brought_into_one_form_or_only_tested() {
        assert_eq!(run(&idea(NATIVE, false), FULL).as_deref(), Ok(FULL_NATIVE));
        assert_eq!(run(&idea(NATIVE, false), FULL_NATIVE).as_deref(), Ok(FULL_NATIVE));
        assert_eq!(run(&idea(CHECK, false), FULL).as_deref(), Ok(FULL));
        assert_eq!(run(&idea(r#"{"strict":true}"#, false), FULL).as_deref(), Ok(FULL_NATIVE));
    }

    #[test]
    fn every_key_of_the_definition_is_in_the_full_message() {
        for keys in [MESSAGE, SIDE, ATTACH, NODE] {
            for (name, _) in keys {
                assert!(FULL.contains(&format!("\"{name}\":")), "{name}");
            }
        }
    }

    #[test]
    fn what_is_missing_is_filled_in_by_the_native_flavour_alone() {
        let short = r#"{"DetectTime":"2026-03-01T10:12:13Z","Category":[]}"#;
        let made = run(&idea("{}", false), short).unwrap();
        assert!(made.starts_with(r#"{"DetectTime":"2026-03-01T10:12:13Z","Category":[],"Format":"IDEA0","ID":""#), "{made}");
        assert_eq!(run(&idea(CHECK, false), short).unwrap_err(), "missing: `Format`, `ID`");
        assert_eq!(run(&idea(NATIVE, false), "{}").unwrap_err(), "missing: `DetectTime`, `Category`");
    }

    #[test]
    fn bad_messages_are_told_with_the_path() {
        for (bad, told) in [
            (r#""Format":"IDEA1""#, "`Format` is not one of `IDEA0`: `IDEA1`"),
            (r#""ID":"a b""#, "`ID` is not an identifier"),
            (r#""DetectTime":"2026-03-01T10:12:13""#, "`DetectTime` is not a time"),
            (r#""Category":"Test""#, "`Category` is not an array: `Test`"),
            (r#""Category":["a.b.c"]"#, "`Category[0]` is not a category"),
            (r#""ConnCount":-1"#, "`ConnCount` is not a count"),
            (r#""Confidence":1.5"#, "`Confidence` is not between 0 and 1: `1.5`"),
            (r#""Note":null"#, "`Note` is (), not a string"),
            (r#""Source":{}"#, "`Source` is map, not an array"),
            (r#""Source":[{},{"IP4":["192.0.2.1","::1"]}]"#, "`Source[1].IP4[1]` is not an IPv4 address, network or range: `::1`"),
            (r#""Target":[{"Port":[65536]}]"#, "`Target[0].Port[0]` is not a port, 0 to 65535: `65536`"),
            (r#""Source":[{"Type":["a.b"]}]"#, "`Source[0].Type[0]` is not a tag"),
            (r#""Ref":["www.example.com"]"#, "`Ref[0]` is not a URI"),
            (r#""Attach":[{"ContentEncoding":"8bit"}]"#, "`Attach[0].ContentEncoding` is not `base64`"),
            (r#""Node":[{"Name":"Org"}]"#, "`Node[0].Name` is not a name"),
            (r#""Node":[{"AggrWin":"5 min"}]"#, "`Node[0].AggrWin` is not a duration"),
        ] {
            let good = json::read(r#"{"Format":"IDEA0","ID":"x","DetectTime":0,"Category":[]}"#).unwrap();
            let mut message = good.as_map().unwrap().clone();
            message.extend(json::read(&format!("{{{bad}}}")).unwrap().as_map().unwrap().clone().into_entries());
            let message = json::to_string(&Datum::Map(message));
            for flavour in [NATIVE, CHECK] {
                let error = run(&idea(flavour, false), &message).unwrap_err();
                assert!(error.starts_with(told), "{error}");
            }
        }
        let all = run(&idea(NATIVE, true), r#"{"ID":"","Source":[{"Port":["x"]}]}"#).unwrap_err();
        assert!(
            all.contains("`ID` is") && all.contains("`Source[0].Port[0]` is") && all.ends_with("missing: `DetectTime`, `Category`"),
            "{all}"
        );
    }

    #[test]
    fn handles_must_name_an_attachment_when_that_is_asked_for() {
        let message = |handle: &str| {
            format!(
                r#"{{"Format":"IDEA0","ID":"x","DetectTime":0,"Category":[],"Source":[{{}},{{"AttachHand":["{handle}"]}}],"Attach":[{{"Handle":"a"}}]}}"#
            )
        };
        let strict = idea(r#"{"flavour":"check","strict":true}"#, false);
        assert!(run(&strict, &message("a")).is_ok());
        let told = run(&strict, &message("b")).unwrap_err();
        assert!(told.contains("names `b` in `Source[*].AttachHand`, which is not in `Attach[*].Handle`"), "{told}");
        assert!(run(&idea(CHECK, false), &message("b")).is_ok());
    }

    #[test]
    fn other_options_are_refused() {
        for options in [r#"{"flavor":"native"}"#, r#"{"flavour":"lite"}"#, r#"{"strict":1}"#] {
            assert!(typedef(json::read(options).unwrap().as_map().unwrap()).is_err(), "{options}");
        }
    }

    proptest! {
        #[test]
        fn normalising_twice_gives_the_same(
            time in any::<i64>(),
            fraction in 0.0..1e10_f64,
            ips in prop::collection::vec((any::<u128>(), any::<u128>(), 0..=128_u8), 0..4),
            ports in prop::collection::vec(any::<u16>(), 0..4),
            text in ".*",
            count in any::<i32>(),
            boolean in select(&["yes", "0", "F", "maybe"][..]),
            window in 0.0..1e7_f64,
        ) {
            let address = |bits: u128| std::net::Ipv6Addr::from_bits(bits);
            let quoted = |texts: Vec<String>| texts.iter().map(|text| json::to_string(&text.as_str().into())).collect::<Vec<_>>().join(",");
            let nets = ips.iter().map(|(low, high, prefix)| match prefix % 3 {
                0 => address(*low).to_string().to_uppercase(),
                1 => format!("{}/{prefix}", address(*low)),
                _ => format!("{}-{}", address(*low), address(*high)),
            });
            let message = format!(
                r#"{{"ID":"x","DetectTime":{},"EventTime":{fraction},"Category":[],"ConnCount":"{count}","Note":{},"Source":[{{"IP6":[{}],"Port":[{}],"Spoofed":"{boolean}"}}],"Node":[{{"AggrWin":{window}}}]}}"#,
                time % 10_000_000_000,
                quoted(vec![text]),
                quoted(nets.collect()),
                quoted(ports.iter().map(ToString::to_string).collect()),
            );
            let normalize = idea(NATIVE, false);
            if let Ok(once) = run(&normalize, &message) {
                assert_eq!(run(&normalize, &once).as_deref(), Ok(once.as_str()));
                assert_eq!(run(&idea(CHECK, false), &once).as_deref(), Ok(once.as_str()));
                assert!(count >= 0 && boolean != "maybe");
            } else {
                assert!(count < 0 || boolean == "maybe", "{message}");
            }
        }
    }
}
