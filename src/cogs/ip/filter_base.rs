//! `ip::filter_base`: the plain filter under the name that the original has for its base.

use crate::cog::{CogSpec, Example, Filter, Kind, Lit, Page, Param};

/// `ip::filter_base`: any datum -> the same, or nothing.
pub static SPEC: CogSpec = CogSpec {
    family: "ip",
    name: "filter_base",
    kind: Kind::Filter,
    about: "Lets a datum pass when `filter` says so, and swallows it otherwise; as twist::filter.",
    page: Page { fails: "a datum for which the closure throws; that is not the same as false", ..Page::OF_KIND },
    params: &[
        Param::predicate("filter").about("takes the datum and gives true (it passes) or false (it is swallowed); an error fails the datum"),
        Param::bool("negate").default(Lit::Bool(false)).about("lets pass what the filter is false for, swallows the rest"),
        Param::branch("reject").about("a cog that takes what does not pass, instead of its being swallowed"),
    ],
    first: Some("filter"),
    global: false,
    examples: &[
        Example {
            what: "one passes",
            make: r#"ip::filter_base(#{ filter: |d| d.proto == "tcp" })"#,
            input: r#"{"proto": "tcp"}"#,
            output: &[r#"{"proto": "tcp"}"#],
        },
        Example { what: "another does not", make: r#"ip::filter_base(|d| d.proto == "tcp")"#, input: r#"{"proto": "udp"}"#, output: &[] },
    ],
    build: |args| {
        let (filter, negate) = (args.predicate("filter"), args.bool("negate"));
        Ok(Filter::cog(args.branch("reject"), move |datum| Ok(filter.test(datum)? != negate)))
    },
};
