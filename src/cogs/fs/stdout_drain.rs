//! `fs::stdout_drain`: each datum becomes a line on standard output.

use super::form::Form;
use super::outlet::{Outlet, Stream};
use super::sink::{self, Flush, Sink};
use crate::cog::{Batch, Cog, CogSpec, Ctx, Kind};
use crate::datum::Datum;
use crate::error::Result;
use crate::escapement::Wake;
use crate::getset::Getter;

/// The cog's entry in the table.
pub static SPEC: CogSpec = CogSpec {
    family: "fs",
    name: "stdout_drain",
    kind: Kind::Drain,
    about: "Writes each datum as a line to standard output; ends the train in order when nobody reads it any more.",
    params: &[sink::DATA_GETTER, sink::SEPARATOR, sink::FLUSH],
    first: None,
    global: false,
    examples: &[],
    build: |args| {
        Ok(Box::new(StdoutDrain {
            getter: args.getter("data_getter"),
            form: Form::plain(args),
            sink: Sink::new(Box::new(Stream::stdout()), Flush::of(args), false),
        }))
    },
};

struct StdoutDrain {
    getter: Getter,
    form: Form,
    sink: Sink,
}

impl Cog for StdoutDrain {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let line = self.getter.get(&datum)?;
        self.sink.put(ctx, |into| self.form.line(&line, "", into))?;
        drop(line);
        if ctx.has_successors() {
            ctx.emit(datum);
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each(ctx, |ctx, datum| self.turn(ctx, datum))
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.sink.open(ctx)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        self.sink.wake(ctx, wake).map(|_| ())
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.sink.write_now(ctx);
        Ok(())
    }

    fn busy(&self) -> bool {
        self.sink.is_busy()
    }
}
