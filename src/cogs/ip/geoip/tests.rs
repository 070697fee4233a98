//! Tests of `ip::geoip` over files that are written here.

use std::path::Path as FilePath;

use super::rig_mmdb::{Value as Written, cities, city, file};
use super::*;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::escapement::{Clock, Escapement};

fn begun(path: &FilePath, more: Vec<(&str, Given)>) -> Result<Bench> {
    let mut given = vec![("file", path.to_str().unwrap().into())];
    given.extend(more);
    Bench::with(Escapement::new(Clock::real()).unwrap(), crate::disk::real(), &SPEC, given)
}

/// The cog over these bytes, not looking out for changes.
fn bench(bytes: &[u8], more: Vec<(&str, Given)>) -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("geo.mmdb");
    std::fs::write(&path, bytes).unwrap();
    let mut given = vec![("reload", false.into())];
    given.extend(more);
    begun(&path, given).unwrap()
}

fn country() -> (&'static str, Given) {
    ("fields", Given::Map(vec![("c".into(), "country.iso_code".into())]))
}

#[test]
fn the_narrowest_network_says_with_records_of_all_sizes() {
    for (version, size) in [(6, 24), (6, 28), (6, 32), (4, 24)] {
        let networks = [("10.0.0.0/8", city("AT", "Vienna", "9")), ("10.1.0.0/16", city("CZ", "Brno", "64"))];
        let mut bench = bench(&file(version, size, &networks), vec![country(), ("verify", true.into())]);
        for (ip, wanted) in [
            ("10.9.0.1", Some("AT")),
            ("10.1.2.3", Some("CZ")),
            ("11.0.0.1", None),
            ("10.1.0.0/24", Some("CZ")),
            ("::ffff:10.1.2.3", Some("CZ")),
            ("2001:db8::1", None),
        ] {
            let wanted = wanted.map_or_else(String::new, |wanted| format!(r#","geo":{{"c":"{wanted}"}}"#));
            assert_eq!(bench.feed_json(&format!(r#"{{"ip":"{ip}"}}"#)), [format!(r#"{{"ip":"{ip}"{wanted}}}"#)], "{version} {size}");
        }
    }
}

#[test]
fn values_of_all_types() {
    let value = Written::Map(vec![
        ("a", Written::Array(vec![Written::Bool(true), Written::I32(-7), Written::Double(0.5), Written::Float(0.1)])),
        ("b", Written::Bytes(b"x")),
        ("n", Written::Array(vec![Written::U16(7), Written::U32(70_000), Written::U64(u64::MAX), Written::U128(u128::MAX)])),
        ("s", Written::Str("a text of more than twenty-nine letters: ř")),
    ]);
    let mut bench = bench(&file(6, 24, &[("2001:db8::/32", value)]), vec![]);
    let out = bench.feed_json(r#"{"ip":"2001:db8::1"}"#);
    let wanted = r#"{"ip":"2001:db8::1","geo":{"a":[true,-7,0.5,0.1],"b":"eA==","n":[7,70000,18446744073709551615,340282366920938463463374607431768211455],"s":"a text of more than twenty-nine letters: ř"}}"#;
    assert_eq!(out, [wanted]);
    // What was remembered is the same.
    assert_eq!(bench.feed_json(r#"{"ip":"2001:db8::1"}"#), [wanted]);
}

#[test]
fn fields_stay_at_their_places_or_have_names() {
    let mut kept = bench(&cities(), vec![("fields", Given::List(vec!["country.iso_code".into(), "location".into(), "x.y".into()]))]);
    assert_eq!(
        kept.feed_json(r#"{"ip":"192.0.2.1"}"#),
        [r#"{"ip":"192.0.2.1","geo":{"country":{"iso_code":"AT"},"location":{"latitude":48.2,"longitude":16.37}}}"#]
    );
    let names = Given::Map(vec![("r".into(), "subdivisions[0].iso_code".into()), ("all".into(), "subdivisions[*].iso_code".into())]);
    let mut renamed = bench(&cities(), vec![("fields", names), ("setter", "where".into())]);
    assert_eq!(renamed.feed_json(r#"{"ip":["192.0.2.1"]}"#), [r#"{"ip":["192.0.2.1"],"where":[{"r":"9","all":["9"]}]}"#]);
    let refused = |fields: Given| Bench::refused(&SPEC, vec![("file", "x".into()), ("fields", fields)]);
    assert!(refused("subdivisions[0].iso_code".into()).contains("leads into an array"));
    assert!(refused("a..b".into()).contains("an empty name"));
    assert!(refused(Given::Map(vec![("a".into(), 7.into())])).contains("where a path is wanted"));
}

#[test]
fn what_nothing_is_known_of_is_passed_dropped_or_fails() {
    for (missing, out, failed) in [("pass", 1, 0), ("drop", 0, 0), ("error", 0, 1)] {
        // The record is there, but has nothing of what is kept.
        for (ip, fields) in [("10.0.0.1", "country"), ("192.0.2.1", "postal.code")] {
            let mut bench = bench(&cities(), vec![("missing", missing.into()), ("fields", fields.into())]);
            let input = format!(r#"{{"ip":"{ip}"}}"#);
            let given = bench.feed_json(&input);
            assert_eq!((given.len(), bench.balance().failed), (out, failed), "{missing} {ip}");
            assert!(given.iter().all(|one| *one == input), "{given:?}");
        }
    }
    let mut some = bench(&cities(), vec![("missing", "error".into()), country()]);
    assert_eq!(some.feed_json(r#"{"ip":["10.0.0.1","192.0.2.1"]}"#), [r#"{"ip":["10.0.0.1","192.0.2.1"],"geo":[null,{"c":"AT"}]}"#]);
    for bad in [r#"{"ip":"x"}"#, r#"{"ip":7}"#, "{}"] {
        assert!(some.feed_json(bad).is_empty(), "{bad}");
    }
    assert_eq!(some.balance().failed, 3);
}

#[test]
fn a_file_that_is_none_or_damaged_keeps_the_run_from_beginning() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("geo.mmdb");
    let told = |more| begun(&path, more).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(told(vec![]).contains("geo.mmdb"), "{}", told(vec![]));
    let whole = cities();
    for bytes in [&b""[..], b"no database", &whole[..whole.len() - 40], &whole[whole.len() - 300..]] {
        std::fs::write(&path, bytes).unwrap();
        let told = told(vec![]);
        assert!(told.contains("geo.mmdb") && told.contains("is no MaxMind DB, or it is damaged"), "{told}");
    }
    // Damage in the middle is found by looking, or when such a record is read: of one datum alone.
    let mut bytes = whole;
    let at = memchr::memmem::find(&bytes, b"Vienna").unwrap();
    bytes[at - 1] = 0x00;
    bytes[at] = 0x7f;
    std::fs::write(&path, &bytes).unwrap();
    assert!(told(vec![("verify", true.into())]).contains("damaged"));
    let mut bench = begun(&path, vec![]).unwrap();
    assert!(bench.feed_json(r#"{"ip":"192.0.2.1"}"#).is_empty());
    assert_eq!(bench.feed_json(r#"{"ip":"10.0.0.1"}"#), [r#"{"ip":"10.0.0.1"}"#]);
    assert_eq!(bench.balance().failed, 1);
}
