//! `ip::anonymise`: replaces addresses in any data by the networks around them.

use super::parent::{EXCEPT, NETS, Parents, Scope};
use crate::cog::{Args, CogSpec, Example, InPlace, Kind, Lit, Page, Param};
use crate::datum::{Datum, Step};
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter};

/// `ip::anonymise`: a datum with addresses -> the same with networks in their places.
pub static SPEC: CogSpec = CogSpec {
    family: "ip",
    name: "anonymise",
    kind: Kind::Convert,
    about: "Replaces addresses by the networks around them.",
    page: Page {
        takes: "a datum with addresses, networks or ranges as strings, or arrays of them",
        gives: "the same datum with networks in their places: 192.0.2.77 becomes 192.0.2.0/24",
        fails: "what is no address, with its place; it never passes through",
        ..Page::OF_KIND
    },
    params: &[
        Param::getters("getters").about("where the addresses are: names and paths, each of a string or of an array of strings; a missing one is passed over, and what is no address fails the datum"),
        Param::int("prefix4").default(Lit::Int(24)).about("how many bits of an IPv4 address are left; wider networks stay as they are"),
        Param::int("prefix6").default(Lit::Int(64)).about("how many bits of an IPv6 address are left"),
        NETS,
        EXCEPT,
    ],
    first: Some("getters"),
    global: false,
    examples: &[
        Example {
            what: "both families",
            make: r#"ip::anonymise(["src", "dst"])"#,
            input: r#"{"src": "192.0.2.77", "dst": ["2001:db8:1:2:3::4", "192.0.2.1-192.0.3.9"]}"#,
            output: &[r#"{"src": "192.0.2.0/24", "dst": ["2001:db8:1:2::/64", "192.0.2.0/24", "192.0.3.0/24"]}"#],
        },
        Example {
            what: "our own alone",
            make: r#"ip::anonymise(#{ getters: ["ip"], nets: ["10.0.0.0/8"], prefix4: 16 })"#,
            input: r#"{"ip": ["10.1.2.3", "192.0.2.1"]}"#,
            output: &[r#"{"ip": ["10.1.0.0/16", "192.0.2.1"]}"#],
        },
    ],
    build: |args| {
        let anonymise = Anonymise::new(args)?;
        Ok(InPlace::cog(move |datum| anonymise.change(datum).map(|()| true)))
    },
};

struct Anonymise {
    places: Vec<(Getter, Setter)>,
    parents: Parents,
    scope: Scope,
}

impl Anonymise {
    fn new(args: &Args) -> Result<Self> {
        let places = args.getters("getters").into_iter().map(|getter| {
            let setter = getter.as_setter().ok_or_else(|| Error::Option {
                option: "getters".into(),
                text: "one of them is a closure, which tells no place to write to".into(),
                hint: Some("name the place: `\"src.ip\"`".into()),
            })?;
            if matches!(&setter, Setter::Path(path) if path.steps().contains(&Step::All)) {
                return Err(Error::Option {
                    option: "getters".into(),
                    text: "one of them leads to many places (`[*]`), and all would be written to each".into(),
                    hint: Some("name the array itself: addresses in arrays are replaced one by one; or use ip::idea_anonymise".into()),
                });
            }
            Ok((getter, setter))
        });
        Ok(Self { places: places.collect::<Result<_>>()?, parents: Parents::of(args, "prefix4", "prefix6")?, scope: Scope::of(args)? })
    }

    fn change(&self, datum: &mut Datum) -> Result<()> {
        // All are worked out before the first is written: a datum that fails is as it was.
        let mut changes = Vec::with_capacity(self.places.len());
        for (getter, setter) in &self.places {
            let piece = match getter.get(datum) {
                Err(Error::FieldMissing { .. }) => continue,
                piece => piece?,
            };
            if let Some(made) = self.parents.anonymise(&self.scope, &piece)? {
                changes.push((setter, made));
            }
        }
        changes.into_iter().try_for_each(|(setter, made)| setter.set(datum, made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;

    fn bench(more: Vec<(&str, Given)>) -> Bench {
        let mut given = vec![("getters", Given::List(vec!["ip".into(), "other".into()]))];
        given.extend(more);
        Bench::new(&SPEC, given)
    }

    #[test]
    fn equal_results_are_one_and_what_is_wide_stays() {
        let mut bench = bench(vec![]);
        assert_eq!(bench.feed_json(r#"{"ip":["192.0.2.1","192.0.2.9","10.0.0.0/8"]}"#), [r#"{"ip":["192.0.2.0/24","10.0.0.0/8"]}"#]);
        assert_eq!(bench.feed_json(r#"{"ip":"192.0.2.250-192.0.3.1"}"#), [r#"{"ip":["192.0.2.0/24","192.0.3.0/24"]}"#]);
        assert_eq!(bench.feed_json(r#"{"x":1,"other":null}"#), [r#"{"x":1,"other":null}"#]);
    }

    #[test]
    fn what_is_left_alone_lies_wholly_inside() {
        let mut bench = bench(vec![("except", "192.0.2.0/28".into())]);
        assert_eq!(
            bench.feed_json(r#"{"ip":["192.0.2.1","192.0.2.16","192.0.2.8-192.0.2.20"]}"#),
            [r#"{"ip":["192.0.2.1","192.0.2.0/24"]}"#]
        );
    }

    #[test]
    fn what_is_no_address_never_passes() {
        for bad in [r#"{"ip":"10.0.0.1","other":"me"}"#, r#"{"ip":["10.0.0.1","10.0.0"]}"#, r#"{"ip":7}"#] {
            let mut bench = bench(vec![]);
            assert!(bench.feed_json(bad).is_empty(), "{bad}");
            assert_eq!(bench.balance().failed, 1);
        }
        assert!(Bench::refused(&SPEC, vec![("getters", Given::List(vec!["ip".into()])), ("prefix4", 33.into())]).contains("32 at most"));
    }
}
