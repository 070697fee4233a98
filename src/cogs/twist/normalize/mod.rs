//! `twist::normalize`: brings maps into the form that a type definition says, or tells all that is wrong with them.
//!
//! `types` is the type language, `dictionary` its maps, compiled once; `casts`, `texts` and `times` judge plain values,
//! `references` what parts say of each other. A datum is looked at without being touched: what is to be done is a `change`, what is wrong are
//! `faults` with their paths. `idea` is the type definition of IDEA messages.

mod casts;
mod change;
mod dictionary;
mod faults;
pub mod idea;
mod references;
#[cfg(test)]
mod tests;
mod texts;
mod times;
mod types;

use self::dictionary::{Dictionary, Required, Rules};
use self::faults::Faults;
use crate::cog::{Args, CogSpec, Example, InPlace, Kind, Lit, Page, Param, Ty};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter};

/// `twist::normalize`: a map -> the same as its type definition wants it.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "normalize",
    kind: Kind::Convert,
    about: "Brings maps into the form that a type definition says: types, defaults, required keys; what does not fit fails with the path to it.",
    page: Page {
        takes: "a map",
        gives: "a map as the type definition wants it, its keys in the order in which they came, defaults behind them",
        fails: "what does not fit, with the path to it (Source[1].IP4[0]) and its description; all that is missing at once",
        ..Page::OF_KIND
    },
    params: &[
        Param::new("typedef", Ty::Entries).about("#{keys: #{NAME: TYPE, ...}, allow_unknown, references}; TYPE is a word, #{list: TYPE}, #{dict: ...}, #{regex: ...}, #{enum: [...]}, #{range: [low, high, TYPE]}, #{check: TYPE} or a closure; instead of it a key may have #{type, \"default\", fresh, required, description}; all of it is in docs/normalize.md. `twist::idea_typedef()` is that of IDEA messages"),
        Param::bool("allow_unknown").default(Lit::Bool(false)).about("keys that the typedef does not name stay as they are, where it says nothing of them itself"),
        Param::choice("required", &["recursive", "flat", "none"]).about("keys that are required must be there: at every depth, at the top alone, or nowhere"),
        Param::getter("data_getter").or("selfgetter").about("where the map is"),
        Param::setter("data_setter").or_same_as("data_getter").about("where it goes"),
        Param::choice("errors", &["first", "all"]).about("a datum fails with the first value that does not fit, or with all of them; keys that are missing are told together"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "types and a default",
            make: r#"twist::normalize(#{ typedef: #{ keys: #{ port: "int", tags: #{ list: "string" }, proto: #{ type: "string", "default": "tcp" } } } })"#,
            input: r#"{"port": " 22 ", "tags": ["a", 7]}"#,
            output: &[r#"{"port": 22, "tags": ["a", "7"], "proto": "tcp"}"#],
        },
        Example {
            what: "a closure, a range, and keys that it does not know",
            make: r#"twist::normalize(#{ allow_unknown: true, typedef: #{ keys: #{ host: |name| name.to_lower(), share: #{ range: [0, 1, "float"] } } } })"#,
            input: r#"{"host": "WWW.example.org", "share": "0.5", "more": "stays"}"#,
            output: &[r#"{"host": "www.example.org", "share": 0.5, "more": "stays"}"#],
        },
        Example {
            what: "closures may leave a value out, and make a default",
            make: r#"twist::normalize(#{ typedef: #{ keys: #{ user: |name| if name == "-" { movement::discard() } else { name }, n: #{ type: "int", "default": || 1 } } } })"#,
            input: r#"{"user": "-"}"#,
            output: &[r#"{"n": 1}"#],
        },
        Example {
            what: "dictionaries within, some keys left out",
            make: r#"twist::normalize(#{ typedef: #{ keys: #{ time: "timestamp", who: #{ dict: #{ keys: #{ ip: "ip", password: "discard" } } } } } })"#,
            input: r#"{"time": "2026-03-01 12:00:00.5+02:00", "who": {"ip": "2001:DB8::1", "password": "x"}}"#,
            output: &[r#"{"time": "2026-03-01T10:00:00.500000Z", "who": {"ip": "2001:db8::1"}}"#],
        },
        Example {
            what: "an IDEA message",
            make: "twist::normalize(#{ typedef: twist::idea_typedef() })",
            input: r#"{"Format": "IDEA0", "ID": "x", "DetectTime": 1772359933, "Category": ["Test"], "Source": [{"IP4": ["192.0.2.9-192.0.2.1"], "Port": ["22"]}]}"#,
            output: &[
                r#"{"Format": "IDEA0", "ID": "x", "DetectTime": "2026-03-01T10:12:13Z", "Category": ["Test"], "Source": [{"IP4": ["192.0.2.1-192.0.2.9"], "Port": [22]}]}"#,
            ],
        },
    ],
    build: |args| {
        let normalize = Normalize::new(args)?;
        Ok(InPlace::cog(move |datum| normalize.change(datum).map(|()| true)))
    },
};

struct Normalize {
    typedef: Dictionary,
    /// Whether one fault is not enough.
    all: bool,
    getter: Getter,
    setter: Setter,
}

impl Normalize {
    fn new(args: &Args) -> Result<Self> {
        let required = match args.str("required").as_str() {
            "flat" => Required::Here,
            "none" => Required::Nowhere,
            _ => Required::Everywhere,
        };
        let rules = Rules { allow_unknown: args.bool("allow_unknown"), required };
        let typedef = args.given("typedef").ok_or_else(|| Error::option("typedef", "is a map with `keys`"))?;
        let (getter, setter) = (args.getter("data_getter"), args.setter("data_setter"));
        if setter.is_null() && !args.is_given("data_setter") {
            return Err(Error::option("data_getter", "is no place to put the map back to; `data_setter` says where it goes"));
        }
        Ok(Self { typedef: Dictionary::of(&typedef, "", rules)?, all: args.str("errors") == "all", getter, setter })
    }

    fn change(&self, datum: &mut Datum) -> Result<()> {
        let mut faults = Faults::new(self.all);
        if matches!((&self.getter, &self.setter), (Getter::Whole, Setter::Whole)) {
            let change = self.typedef.judge(datum, &mut faults);
            return faults.into_error().map_or_else(
                || {
                    change.apply(datum);
                    Ok(())
                },
                Err,
            );
        }
        let piece = self.getter.get(datum)?;
        let change = self.typedef.judge(&piece, &mut faults);
        if let Some(error) = faults.into_error() {
            return Err(error);
        }
        let mut piece = piece.into_owned();
        change.apply(&mut piece);
        self.setter.set(datum, piece)
    }
}
