//! `ip::filter_base`: the plain filter under the name that the original has for its base.

use crate::cog::{Batch, Cog, CogSpec, Ctx, Example, Kind, Lit, Param};
use crate::datum::Datum;
use crate::error::Result;
use crate::getset::Predicate;

/// `ip::filter_base`: any datum -> the same, or nothing.
pub static SPEC: CogSpec = CogSpec {
    family: "ip",
    name: "filter_base",
    kind: Kind::Filter,
    about: "Lets a datum pass when `filter` says so, and swallows it otherwise; as twist::filter.",
    params: &[
        Param::predicate("filter").about("takes the datum and gives true (it passes) or false (it is swallowed); an error fails the datum"),
        Param::bool("negate").default(Lit::Bool(false)).about("lets pass what the filter is false for, swallows the rest"),
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
    build: |args| Ok(Box::new(FilterBase { filter: args.predicate("filter"), negate: args.bool("negate") })),
};

struct FilterBase {
    filter: Predicate,
    negate: bool,
}

impl Cog for FilterBase {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        if self.filter.test(&datum)? != self.negate {
            ctx.emit(datum);
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each_in_place(ctx, |datum| Ok(self.filter.test(datum)? != self.negate))
    }
}
