//! `twist::batch`: gathers data into arrays.
//!
//! An array goes on when it has `size` elements, when its first one is `age` seconds old, when the next datum would make it larger than
//! `max_bytes`, and at the end of the run. The data in it have ended well when the array has.

use std::time::Duration;

use crate::cog::{Args, Backlog, Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param, Pool};
use crate::datum::{Datum, json};
use crate::error::{Error, Result};
use crate::escapement::{Token, Wake};

/// `twist::batch`: any data -> arrays of them.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "batch",
    kind: Kind::Window,
    about: "Gathers data into arrays, by number, age or size.",
    page: Page { gives: "arrays of data in the order of their coming; what is left at the end too", fails: "nothing", ..Page::OF_KIND },
    params: &[
        Param::int("size").default(Lit::Int(100)).about("elements of an array at most, at least 1"),
        Param::seconds("age")
            .optional()
            .about("seconds after its first element an array goes on in any case; () for never before it is full"),
        Param::size("max_bytes").optional().about("bytes that the elements of an array have as JSON, at most, but for a single one"),
    ],
    first: Some("size"),
    global: false,
    examples: &[
        Example { what: "what is left goes on at the end", make: "twist::batch(10)", input: r#"{"n": 1}"#, output: &[r#"[{"n": 1}]"#] },
        Example {
            what: "what has come in two seconds, at most 100 data or a MiB of them",
            make: r#"twist::batch(#{ size: 100, age: 2, max_bytes: "1MiB" })"#,
            input: r#"{"n": 1}"#,
            output: &[r#"[{"n": 1}]"#],
        },
    ],
    build: |args| Ok(Box::new(Batch::new(args)?)),
};

struct Batch {
    size: usize,
    age: Option<Duration>,
    max_bytes: Option<usize>,
    data: Vec<Datum>,
    pool: Option<Pool>,
    bytes: usize,
    timer: Option<Token>,
}

impl Batch {
    fn new(args: &Args) -> Result<Self> {
        let size = args.size("size");
        if size == 0 {
            return Err(Error::option("size", "must be at least 1"));
        }
        let max_bytes = args.opt_int("max_bytes").map(|bytes| bytes as usize);
        Ok(Self { size, age: args.opt_seconds("age"), max_bytes, data: Vec::new(), pool: None, bytes: 0, timer: None })
    }

    /// Sends what is gathered.
    fn send(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(timer) = self.timer.take() {
            ctx.unbind(timer);
        }
        self.bytes = 0;
        let mut data = std::mem::take(&mut self.data);
        if let Some(pool) = self.pool.take() {
            ctx.emit_pooled(pool, 1, |_| (Datum::List(std::mem::take(&mut data)), Ok(())));
        }
    }
}

impl Cog for Batch {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        if let Some(most) = self.max_bytes {
            let bytes = json::to_string(&datum).len();
            if !self.data.is_empty() && self.bytes + bytes > most {
                self.send(ctx);
            }
            self.bytes += bytes;
        }
        let mut pool = self.pool.take().unwrap_or_else(|| ctx.pool());
        ctx.keep(&mut pool);
        self.pool = Some(pool);
        // It stays for long: it must not keep what was read with it.
        self.data.push(datum.detach());
        if self.data.len() >= self.size {
            self.send(ctx);
        } else if let (Some(age), None) = (self.age, self.timer) {
            let timer = ctx.after(age)?;
            // When nothing else can happen the run ends, and what is left goes on.
            ctx.weaken(timer);
            self.timer = Some(timer);
        }
        Ok(())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, _: Wake) -> Result<()> {
        if ctx.token() == self.timer {
            self.timer = None;
            self.send(ctx);
        }
        Ok(())
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.send(ctx);
        Ok(())
    }

    fn backlog(&self) -> Backlog {
        Backlog { held: self.data.len(), stalled: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;
    use crate::escapement::Clock;

    fn feed(bench: &mut Bench, inputs: &[&str]) -> Vec<String> {
        inputs.iter().flat_map(|input| bench.feed_json(input)).collect()
    }

    fn texts(data: &[Datum]) -> Vec<String> {
        data.iter().map(json::to_string).collect()
    }

    #[test]
    fn by_number_and_the_rest_at_the_end() {
        let mut bench = Bench::new(&SPEC, vec![("size", 2.into())]);
        assert_eq!(feed(&mut bench, &["1", "2", "3"]), ["[1,2]"]);
        assert_eq!(bench.balance().in_flight, 1);
        assert_eq!(texts(&bench.finish()), ["[3]"]);
        let books = bench.balance();
        assert_eq!((books.in_flight, books.failed, books.delivered + books.merged), (0, 0, 3));
    }

    #[test]
    fn by_age_of_the_first_one() {
        let clock = Clock::by_hand();
        let mut bench = Bench::on(clock.clone(), &SPEC, vec![("age", Given::from(10))]);
        // A timer of a batch alone keeps nothing going.
        bench.esc.after(1, Duration::from_secs(1000));
        assert!(feed(&mut bench, &["1"]).is_empty());
        clock.advance(Duration::from_secs(6));
        assert!(feed(&mut bench, &["2"]).is_empty());
        clock.advance(Duration::from_secs(4));
        assert_eq!(texts(&bench.pump(|data| !data.is_empty())), ["[1,2]"]);
        // The next one begins anew.
        assert!(feed(&mut bench, &["3"]).is_empty());
        clock.advance(Duration::from_secs(10));
        assert_eq!(texts(&bench.pump(|data| !data.is_empty())), ["[3]"]);
    }

    #[test]
    fn by_bytes_but_a_single_one_always_fits() {
        let mut bench = Bench::new(&SPEC, vec![("max_bytes", 8.into())]);
        assert_eq!(feed(&mut bench, &["1234", "5678", "9", r#""a very long one""#, "1"]), ["[1234,5678]", "[9]", r#"["a very long one"]"#]);
    }
}
