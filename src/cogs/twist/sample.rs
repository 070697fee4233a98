//! `twist::sample`: keeps a share of the data.
//!
//! With `key_getter` the key decides, not chance: all data of a key pass or none does, in every run and on every machine with the same
//! `seed`. Without one, the number of the datum stands in for the key.

use super::key_text::write_key;
use crate::cog::{Args, CogSpec, Example, InPlace, Kind, Lit, Page, Param, Ty};
use crate::error::{Error, Result};

/// `twist::sample`: any datum -> the same, or nothing.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "sample",
    kind: Kind::Filter,
    about: "Lets a share of the data pass: one in so many, or a fraction, by a key where one is given.",
    page: Page { fails: "with key_getter a datum without that key", ..Page::OF_KIND },
    params: &[
        Param::new("rate", Ty::Number).optional().about("the share that passes, from 0 to 1; this or every_nth must be given"),
        Param::int("every_nth").optional().about("instead, at least 1: the first passes, and then each so-manyth"),
        Param::getter("key_getter").optional().about("what decides, with `rate`: data of one key pass or fail together"),
        Param::int("seed").default(Lit::Int(0)).about("another one chooses other keys"),
    ],
    first: Some("rate"),
    global: false,
    examples: &[
        Example { what: "all", make: "twist::sample(1.0)", input: r#"{"user": "me"}"#, output: &[r#"{"user": "me"}"#] },
        Example { what: "none", make: "twist::sample(0)", input: r#"{"user": "me"}"#, output: &[] },
        Example { what: "each one", make: "twist::sample(#{ every_nth: 1 })", input: "1", output: &["1"] },
    ],
    build: |args| {
        let mut number = 0_u64;
        if let Some(every) = args.opt_int("every_nth") {
            if args.is_given("rate") || args.is_given("key_getter") || every == 0 {
                return Err(Error::option("every_nth", "is at least 1, and stands alone"));
            }
            return Ok(InPlace::cog(move |_| {
                number += 1;
                Ok((number - 1).is_multiple_of(every))
            }));
        }
        let (limit, key, seed) = (limit(args)?, args.opt_getter("key_getter"), args.int("seed"));
        let mut text = String::new();
        Ok(InPlace::cog(move |datum| {
            number += 1;
            let hash = match &key {
                Some(key) => {
                    write_key(&mut text, key, datum)?;
                    hash(seed, text.as_bytes())
                }
                None => hash(seed, &number.to_le_bytes()),
            };
            Ok(limit.is_none_or(|limit| hash < limit))
        }))
    },
};

/// Hashes below this pass; none for all of them.
fn limit(args: &Args) -> Result<Option<u64>> {
    match args.opt_number("rate") {
        // As many as there are hashes, so that a conversion to whole numbers would lose the last one.
        Some(rate) if (0.0..=1.0).contains(&rate) => Ok((rate < 1.0).then_some((rate * 2_f64.powi(64)) as u64)),
        _ => Err(Error::Option {
            option: "rate".into(),
            text: "is a number from 0 to 1".into(),
            hint: Some("0.1 for a tenth, or `every_nth: 10`".into()),
        }),
    }
}

/// FNV-1a, mixed at the end (D. Stafford's variant 13), so that keys that differ little are far from each other.
fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed;
    let hash = bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;
    use crate::datum::Datum;

    fn passed(given: Vec<(&str, Given)>, data: impl Iterator<Item = u64>) -> Vec<u64> {
        let mut bench = Bench::new(&SPEC, given);
        data.filter(|n| !bench.feed(Datum::Int(*n as i64)).is_empty()).collect()
    }

    #[test]
    fn about_the_share_passes_with_a_key_and_without() {
        for given in [vec![], vec![("key_getter", Given::Getter(crate::getset::Getter::Whole))]] {
            let count = passed([vec![("rate", 0.25.into())], given].concat(), 0..20_000).len();
            assert!((4_700..5_300).contains(&count), "{count}");
        }
        assert_eq!(passed(vec![("every_nth", 3.into())], 0..8), [0, 3, 6]);
    }

    #[test]
    fn a_key_passes_always_or_never_and_another_seed_chooses_others() {
        let key = || ("key_getter", Given::Getter(crate::getset::Getter::Whole));
        let twice = (0..100).chain(0..100);
        let got = passed(vec![("rate", 0.5.into()), key()], twice);
        assert_eq!(got[..got.len() / 2], got[got.len() / 2..]);
        assert_ne!(passed(vec![("rate", 0.5.into()), key(), ("seed", 7.into())], 0..100), got[..got.len() / 2]);
    }

    #[test]
    fn equal_keys_pass_together_however_they_are_written() {
        let key = || ("key_getter", Given::Getter(crate::getset::Getter::Whole));
        let mut bench = Bench::new(&SPEC, vec![("rate", 0.5.into()), key()]);
        for n in 0..50 {
            let texts = [format!(r#"{{"a":[{n}, 0.50],"b":"\u0061"}}"#), format!(r#"{{"b":"a","a":[{n},5e-1]}}"#)];
            let [one, other] = texts.map(|text| bench.feed_parsed(&text).len());
            assert_eq!(one, other, "{n}");
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for rate in [1.5, -0.1, f64::NAN] {
            assert!(Bench::refused(&SPEC, vec![("rate", rate.into())]).contains("from 0 to 1"));
        }
        assert!(Bench::refused(&SPEC, vec![("rate", "x".into())]).contains("wants a number"));
        assert!(Bench::refused(&SPEC, vec![]).contains("from 0 to 1"));
        assert!(Bench::refused(&SPEC, vec![("every_nth", 0.into())]).contains("at least 1"));
    }
}
