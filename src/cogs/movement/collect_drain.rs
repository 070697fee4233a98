//! `movement::collect_drain`: keeps what it is given, to be looked at.
//!
//! For trying out and for tests: data go on behind it unchanged, and the newest of them stay in memory until the end of the
//! run, when they may be written to the log.

use std::collections::VecDeque;

use crate::cog::{Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param};
use crate::datum::{Datum, json};
use crate::error::Result;
use crate::log::Priority;

/// `movement::collect_drain`: any datum -> the same; a copy is kept.
pub static SPEC: CogSpec = CogSpec {
    family: "movement",
    name: "collect_drain",
    kind: Kind::Drain,
    about: "Keeps the data it is given in memory, and can write them to the log at the end of the run.",
    page: Page { takes: "any datum", fails: "nothing", ..Page::OF_KIND },
    params: &[
        Param::int("limit").default(Lit::Int(10_000)).about("data kept at most; when there are more, the oldest leave and are counted"),
        Param::bool("show")
            .default(Lit::Bool(false))
            .about("at the end of the run, write each kept datum to the log as JSON, at priority `info`"),
    ],
    first: None,
    global: false,
    examples: &[
        Example { what: "data go on", make: "movement::collect_drain()", input: r#"{"a": 1}"#, output: &[r#"{"a": 1}"#] },
        Example { what: "few are kept", make: "movement::collect_drain(#{ limit: 3 })", input: "1", output: &["1"] },
    ],
    build: |args| Ok(Box::new(CollectDrain::new(args.size("limit"), args.bool("show")))),
};

/// The collector.
pub(crate) struct CollectDrain {
    kept: VecDeque<Datum>,
    limit: usize,
    print: bool,
    left: u64,
}

impl CollectDrain {
    fn new(limit: usize, print: bool) -> Self {
        Self { kept: VecDeque::new(), limit, print, left: 0 }
    }

    /// What is kept, oldest first.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Datum> {
        self.kept.iter()
    }

    /// Detached: a short span must not keep a whole read alive.
    fn keep(&mut self, datum: &Datum) {
        self.kept.push_back(datum.detach());
        if self.kept.len() > self.limit {
            self.kept.pop_front();
            self.left += 1;
        }
    }
}

impl Cog for CollectDrain {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        self.keep(&datum);
        ctx.emit(datum);
        Ok(())
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.left > 0 {
            ctx.say(Priority::Warning, &format!("the oldest {} data were not kept", self.left));
        }
        if self.print {
            for datum in &self.kept {
                ctx.show(Priority::Info, &json::to_string(datum));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::bench::Bench;

    #[test]
    fn the_oldest_leave_and_are_counted() {
        let mut drain = CollectDrain::new(2, false);
        (1..=5).for_each(|n| drain.keep(&Datum::Int(n)));
        assert_eq!(drain.kept().filter_map(Datum::as_int).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(drain.left, 3);
    }

    #[test]
    fn with_no_room_at_all_everything_still_goes_on() {
        let mut bench = Bench::new(&SPEC, vec![("limit", 0.into()), ("show", true.into())]);
        assert_eq!(bench.feed_json("1"), ["1"]);
        assert!(bench.finish().is_empty());
        assert_eq!((bench.balance().delivered, bench.balance().in_flight), (1, 0));
    }

    #[test]
    fn what_is_kept_does_not_keep_the_read_it_was_cut_from() {
        let block = std::rc::Rc::new(String::from("one two"));
        let mut drain = CollectDrain::new(9, false);
        drain.keep(&Datum::Str(crate::datum::Text::span(&block, 0..3)));
        assert_eq!(std::rc::Rc::strong_count(&block), 1);
    }
}
