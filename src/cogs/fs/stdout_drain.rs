//! `fs::stdout_drain`: each datum becomes a line on standard output.

use super::form::Form;
use super::outlet::Stream;
use super::sink::{self, Flush, Policy, Sink};
use crate::cog::{Backlog, Batch, Cog, CogSpec, Ctx, Kind, Origins, Page};
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
    page: Page {
        fails: "a datum that is neither string nor blob",
        uses: &["fs::stdout_drain()", r#"fs::stdout_drain(#{ data_getter: "line", flush: true })"#],
        ..Page::OF_KIND
    },
    params: &[sink::DATA_GETTER, sink::SEPARATOR, sink::FLUSH],
    first: None,
    global: false,
    examples: &[],
    build: |args| {
        Ok(Box::new(StdoutDrain {
            getter: args.getter("data_getter"),
            form: Form::plain(args),
            sink: Sink::new(Box::new(Stream::stdout()), Flush::of(args), Policy::Checkpoint),
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
        let plain_end = self.form.plain_end().filter(|_| matches!(self.getter, Getter::Whole));
        self.sink.put_batch(ctx, batch, plain_end, |datum, into| self.form.line(&*self.getter.get(datum)?, "", into))
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.sink.open(ctx)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        self.sink.wake(ctx, wake);
        Ok(())
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.sink.finish(ctx);
        Ok(())
    }

    fn sync(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.sink.sync(ctx);
        Ok(())
    }

    fn is_syncing(&self) -> bool {
        self.sink.is_syncing()
    }

    fn sync_now(&mut self) -> bool {
        self.sink.sync_now()
    }

    fn busy(&self) -> bool {
        self.sink.is_busy()
    }

    fn backlog(&self) -> Backlog {
        self.sink.backlog()
    }

    fn kept_origins(&self) -> Origins {
        self.sink.kept_origins()
    }

    fn done(&mut self) {
        self.sink.done();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::Read;
    use std::os::fd::OwnedFd;

    use super::*;
    use crate::cog::bench::Bench;

    thread_local! {
        static OUTPUT: RefCell<Option<OwnedFd>> = const { RefCell::new(None) };
    }

    /// As [`super::SPEC`], writing to the descriptor in `OUTPUT`.
    static PIPED: CogSpec = CogSpec {
        build: |args| {
            let stream = Stream::to(OUTPUT.with(RefCell::take).unwrap()).unwrap();
            Ok(Box::new(StdoutDrain {
                getter: args.getter("data_getter"),
                form: Form::plain(args),
                sink: Sink::new(Box::new(stream), Flush::of(args), Policy::Checkpoint),
            }))
        },
        examples: &[],
        ..SPEC
    };

    #[test]
    fn a_pipe_takes_all_without_being_waited_for() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        OUTPUT.set(Some(writer.into()));
        let mut bench = Bench::new(&PIPED, vec![]);
        let line = "x".repeat(999);
        for _ in 0..1000 {
            bench.feed(line.as_str());
        }
        let reading = std::thread::spawn(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).unwrap();
            all
        });
        bench.pump(|_| false);
        assert_eq!(bench.balance().delivered, 2000, "each line as written, and as emitted");
        drop(bench);
        let all = reading.join().unwrap();
        assert_eq!(all.len(), 1_000_000);
        assert!(all.chunks(1000).all(|chunk| chunk[..999].iter().all(|byte| *byte == b'x') && chunk[999] == b'\n'));
    }

    #[test]
    fn a_reader_who_goes_ends_the_train_quietly() {
        let (reader, writer) = std::io::pipe().unwrap();
        OUTPUT.set(Some(writer.into()));
        let mut bench = Bench::new(&PIPED, vec![]);
        bench.feed("a");
        drop(reader);
        bench.pump(|_| false);
        assert_eq!((bench.stop(), bench.balance().left), (Some(0), 1));
        bench.feed("b");
        bench.finish();
        let balance = bench.balance();
        assert_eq!((balance.failed, balance.in_flight, balance.left), (0, 2, 2), "what nobody reads is neither stored nor missing");
    }

    #[test]
    fn an_output_that_takes_nothing_ends_the_train_with_an_error() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        OUTPUT.set(Some(full.into()));
        let mut bench = Bench::new(&PIPED, vec![]);
        bench.feed("a");
        bench.pump(|_| false);
        assert_eq!((bench.stop(), bench.balance().failed), (Some(1), 0));
        bench.feed("b");
        bench.finish();
        let balance = bench.balance();
        assert_eq!((balance.failed, balance.in_flight, balance.left), (0, 2, 0), "what was not stored stays open");
    }

    #[test]
    fn what_stands_in_a_file_is_synced_for_a_checkpoint() {
        let file = tempfile::tempfile().unwrap();
        let pipe = std::io::pipe().unwrap();
        for (out, syncs) in [(OwnedFd::from(file), true), (pipe.1.into(), false)] {
            OUTPUT.set(Some(out));
            let mut bench = Bench::new(&PIPED, vec![]);
            bench.sync();
            bench.feed("a");
            bench.pump(|_| false);
            bench.sync();
            assert_eq!(bench.is_syncing(), syncs);
            bench.pump(|_| false);
            assert!(!bench.is_syncing());
        }
    }

    #[test]
    fn data_that_are_no_text_fail_with_a_hint() {
        let (_reader, writer) = std::io::pipe().unwrap();
        OUTPUT.set(Some(writer.into()));
        let mut bench = Bench::new(&PIPED, vec![]);
        bench.feed(3);
        assert_eq!((bench.errors(), bench.balance().failed), (1, 1));
    }
}
