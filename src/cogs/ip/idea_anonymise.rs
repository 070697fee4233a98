//! `ip::idea_anonymise`: replaces the addresses of sources and targets of an IDEA message by the networks around them.
//!
//! Names, MAC addresses and notes may give an address away as well: `drop` takes them out of the items that were changed. By default nothing is.

use super::parent::{EXCEPT, NETS, Parents, Scope};
use crate::cog::{Args, CogSpec, Example, InPlace, Kind, Lit, Page, Param};
use crate::datum::{Datum, Key};
use crate::error::{Error, Result};

/// `ip::idea_anonymise`: an IDEA message -> the same.
pub static SPEC: CogSpec = CogSpec {
    family: "ip",
    name: "idea_anonymise",
    kind: Kind::Convert,
    about: "Replaces the addresses in Source and Target of an IDEA message by the networks around them, and marks the items.",
    page: Page {
        takes: "an IDEA message: a map with Source and Target, arrays of maps with IP4 and IP6",
        gives: "the same message with networks in place of addresses, and Anonymised: true in each item that was changed",
        fails: "what is no address, with its path; it never passes through",
        ..Page::OF_KIND
    },
    params: &[
        Param::int("source_prefix4").default(Lit::Worked("same as prefix4")).about("how many bits of an IPv4 address in Source are left"),
        Param::int("source_prefix6").default(Lit::Worked("same as prefix6")).about("how many bits of an IPv6 address in Source are left"),
        Param::int("target_prefix4").default(Lit::Worked("same as prefix4")).about("the same in Target"),
        Param::int("target_prefix6").default(Lit::Worked("same as prefix6")).about("the same in Target"),
        Param::int("prefix4").default(Lit::Int(24)).about("both IPv4 ones"),
        Param::int("prefix6").default(Lit::Int(64)).about("both IPv6 ones"),
        NETS,
        EXCEPT,
        Param::strs("sides").default(Lit::Strs(&["Source", "Target"])).about("the keys whose items are anonymised"),
        Param::strs("drop")
            .default(Lit::EmptyList)
            .about("keys to take out of changed items, as they may tell the address: Hostname, MAC, URL, Email, Netname, Note"),
        Param::bool("mark").default(Lit::Bool(true)).about("sets Anonymised: true in each changed item"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "a source",
            make: "ip::idea_anonymise()",
            input: r#"{"Format": "IDEA0", "Source": [{"IP4": ["192.0.2.77", "192.0.2.78"], "Port": [22]}]}"#,
            output: &[r#"{"Format": "IDEA0", "Source": [{"IP4": ["192.0.2.0/24"], "Port": [22], "Anonymised": true}]}"#],
        },
        Example {
            what: "the target alone, without names",
            make: r#"ip::idea_anonymise(#{ sides: "Target", drop: ["Hostname"], prefix4: 16 })"#,
            input: r#"{"Source": [{"IP4": ["192.0.2.77"]}], "Target": [{"IP4": ["198.51.100.1"], "Hostname": ["me.example.org"]}]}"#,
            output: &[r#"{"Source": [{"IP4": ["192.0.2.77"]}], "Target": [{"IP4": ["198.51.0.0/16"], "Anonymised": true}]}"#],
        },
    ],
    build: |args| {
        let anonymise = IdeaAnonymise::new(args)?;
        Ok(InPlace::cog(move |datum| anonymise.change(datum).map(|()| true)))
    },
};

struct Side {
    key: Key,
    parents: Parents,
}

struct IdeaAnonymise {
    sides: Vec<Side>,
    scope: Scope,
    drop: Vec<Key>,
    mark: bool,
}

impl IdeaAnonymise {
    fn new(args: &Args) -> Result<Self> {
        let option = |side: &str, length: &'static str| -> String {
            let own = format!("{side}_{length}");
            if args.is_given(&own) { own } else { length.to_owned() }
        };
        let side = |name: &String| {
            let word = match name.as_str() {
                "Source" => "source",
                "Target" => "target",
                other => return Err(Error::option("sides", format!("are \"Source\" and \"Target\", not `{other}`"))),
            };
            Ok(Side { key: Key::new(name), parents: Parents::of(args, &option(word, "prefix4"), &option(word, "prefix6"))? })
        };
        Ok(Self {
            sides: args.strs("sides").iter().map(side).collect::<Result<_>>()?,
            scope: Scope::of(args)?,
            drop: args.strs("drop").iter().map(|name| Key::new(name)).collect(),
            mark: args.bool("mark"),
        })
    }

    fn change(&self, datum: &mut Datum) -> Result<()> {
        if datum.opened().as_map().is_none() {
            return Err(Error::WrongKind { what: "an IDEA message".into(), wanted: "a map", got: datum.kind() });
        }
        let mut made = Vec::new();
        for side in &self.sides {
            let opened = datum.opened();
            let Some(items) = opened.as_map().and_then(|message| message.get(&side.key)) else { continue };
            let mut items = items.clone();
            if self.change_items(side, &mut items)? {
                made.push((&side.key, items));
            }
        }
        if let Some(message) = datum.map_mut() {
            for (key, items) in made {
                message.insert(key.clone(), items);
            }
        }
        Ok(())
    }

    /// Whether any was changed.
    fn change_items(&self, side: &Side, items: &mut Datum) -> Result<bool> {
        let wrong = |what: String, wanted, got| Err(Error::WrongKind { what, wanted, got });
        let (kind, name) = (items.kind(), &side.key);
        let Datum::List(items) = items.open() else { return wrong(name.to_string(), "an array of maps", kind) };
        let mut changed = false;
        for (place, item) in items.iter_mut().enumerate() {
            let kind = item.kind();
            let Some(item) = item.map_mut() else { return wrong(format!("{name}[{place}]"), "a map", kind) };
            let mut here = false;
            for key in ["IP4", "IP6"].map(Key::new) {
                let Some(addresses) = item.get(&key) else { continue };
                let at = |error: Error| Error::data(format!("{name}[{place}].{key}{error}"), "");
                if addresses.as_str().is_some() {
                    return wrong(format!("{name}[{place}].{key}"), "an array of strings", addresses.kind());
                }
                if let Some(nets) = side.parents.anonymise(&self.scope, addresses).map_err(at)? {
                    item.insert(key, nets);
                    here = true;
                }
            }
            if here {
                self.drop.iter().for_each(|key| drop(item.remove(key)));
                if self.mark {
                    item.insert(Key::new("Anonymised"), Datum::Bool(true));
                }
            }
            changed |= here;
        }
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::bench::Bench;

    #[test]
    fn only_what_changed_is_marked() {
        let mut bench = Bench::new(&SPEC, vec![("target_prefix4", 16.into()), ("source_prefix6", 32.into())]);
        let message = r#"{"Source":[{"IP4":["10.0.0.0/8"]},{"IP6":["2001:db8::1"]},{"Note":"none"}],"Target":[{"IP4":["192.0.2.1"]}]}"#;
        let wanted = r#"{"Source":[{"IP4":["10.0.0.0/8"]},{"IP6":["2001:db8::/32"],"Anonymised":true},{"Note":"none"}],"Target":[{"IP4":["192.0.0.0/16"],"Anonymised":true}]}"#;
        assert_eq!(bench.feed_json(message), [wanted]);
        assert_eq!(bench.feed_json(r#"{"Format":"IDEA0"}"#), [r#"{"Format":"IDEA0"}"#]);
    }

    #[test]
    fn a_malformed_message_fails_with_the_path_and_as_it_was() {
        for (bad, path) in [
            (r#"{"Source":[{"IP4":["192.0.2.1"]},{"IP4":["192.0.2.1","x"]}]}"#, "Source[1].IP4[1]"),
            (r#"{"Source":[{"IP4":"192.0.2.1"}]}"#, "Source[0].IP4"),
            (r#"{"Target":{"IP4":[]}}"#, "Target"),
            (r#"{"Target":["x"]}"#, "Target[0]"),
            ("[]", "an IDEA message"),
        ] {
            let cog = IdeaAnonymise::new(&Args::of(&SPEC, vec![])).unwrap();
            let mut datum = crate::datum::json::read(bad).unwrap();
            let before = crate::datum::json::to_string(&datum);
            let told = cog.change(&mut datum).unwrap_err().to_string();
            assert!(told.contains(path), "{told}");
            assert_eq!(crate::datum::json::to_string(&datum), before);
        }
        assert!(Bench::refused(&SPEC, vec![("sides", "Sources".into())]).contains("`Sources`"));
    }
}
