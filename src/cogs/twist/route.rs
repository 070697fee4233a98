//! `twist::route`: each datum to the cog that is meant for it.
//!
//! Cases are tried in their order. Data for which none is true go to `otherwise`, else on in the line in which the cog stands; where
//! that ends here they are swallowed, and counted as such. A test that raises an error fails the datum: it is no "no".

use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Kind, Page, Param, Turned, Ty};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::getset::Predicate;

/// `twist::route`: any datum -> the same, to one cog of several.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "route",
    kind: Kind::Filter,
    about: "Sends each datum to the cog of the case that it fits: of the first one, or of all.",
    page: Page {
        takes: "any datum, which each test is given in turn",
        gives: "the same datum, unchanged, to the cog of the first case whose test is true, with mode: \"all\" to that of each; what fits none goes to otherwise, or on in the line. What is swallowed ends well",
        fails: "a datum for which a test throws, or gives neither true nor false; it has gone nowhere then",
        ..Page::OF_KIND
    },
    params: &[
        Param::new("cases", Ty::Cases).about(
            "pairs of a test, a closure that gives true or false, and the cog, or the line, that takes what it is true for; () in its place swallows that",
        ),
        Param::branch("otherwise").about("the cog that takes what fits no case; without it, that goes on in the line, or is swallowed where this ends here"),
        Param::choice("mode", &["first", "all"]).about("a datum goes to the first case that it fits, or to each of them"),
    ],
    first: Some("cases"),
    global: false,
    examples: &[
        Example {
            what: "what fits no case goes on",
            make: r#"twist::route([[|d| d.level == "debug", ()], [|d| d.level == "error", movement::null_drain()]])"#,
            input: r#"{"level": "info"}"#,
            output: &[r#"{"level": "info"}"#],
        },
        Example {
            what: "what fits one does not",
            make: r#"twist::route(#{ cases: [[|d| d.level == "error", movement::null_drain()]] })"#,
            input: r#"{"level": "error"}"#,
            output: &[],
        },
    ],
    build: |args| Ok(Box::new(Route::new(args)?)),
};

struct Route {
    /// Tests, each with the branch that it leads to.
    cases: Vec<(Predicate, Option<u16>)>,
    otherwise: Option<u16>,
    all: bool,
}

impl Route {
    fn new(args: &Args) -> Result<Self> {
        let cases = args.cases("cases");
        if cases.is_empty() {
            return Err(Error::option("cases", "must have one case at least"));
        }
        Ok(Self { cases, otherwise: args.branch("otherwise"), all: args.str("mode") == "all" })
    }

    /// Where a datum goes that fits no case.
    fn rest(&self, goes_on: bool) -> Turned {
        match self.otherwise {
            Some(branch) => Turned::Branch(branch),
            None if goes_on => Turned::Kept,
            None => Turned::Swallowed,
        }
    }

    /// Where the datum goes by the first case that it fits.
    fn first(&self, datum: &Datum, goes_on: bool) -> Result<Turned> {
        for (test, branch) in &self.cases {
            if test.test(datum)? {
                return Ok(branch.map_or(Turned::Swallowed, Turned::Branch));
            }
        }
        Ok(self.rest(goes_on))
    }
}

impl Cog for Route {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let goes_on = ctx.has_successors();
        let turned = if self.all {
            // All tests come first: when one fails, nothing was sent.
            let fits = self.cases.iter().filter_map(|(test, branch)| match test.test(&datum) {
                Ok(true) => Some(Ok(*branch)),
                Ok(false) => None,
                Err(error) => Some(Err(error)),
            });
            let fits = fits.collect::<Result<Vec<_>>>()?;
            match fits.iter().flatten().collect::<Vec<_>>()[..] {
                [] if fits.is_empty() => self.rest(goes_on),
                [] => Turned::Swallowed,
                [ref others @ .., last] => {
                    for branch in others {
                        ctx.emit_to(**branch, datum.clone());
                    }
                    Turned::Branch(*last)
                }
            }
        } else {
            self.first(&datum, goes_on)?
        };
        match turned {
            Turned::Branch(branch) => ctx.emit_to(branch, datum),
            Turned::Kept => ctx.emit(datum),
            _ => {}
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        if self.all {
            return batch.each(ctx, |ctx, datum| self.turn(ctx, datum));
        }
        let goes_on = ctx.has_successors();
        batch.each_in_place(ctx, |datum| self.first(datum, goes_on))
    }
}
