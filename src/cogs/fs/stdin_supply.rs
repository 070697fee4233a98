//! `fs::stdin_supply`: each line of standard input becomes a datum; over at its end.
//!
//! The descriptor stays in blocking mode, as others share it: it is asked whether it is ready before each single read.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::cog::{Cog, CogSpec, Ctx, Kind, Page};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::escapement::{Interest, Token, Wake};
use crate::lines::{self, Line, Options, Splitter};
use crate::log::Priority;

/// The cog's entry in the table.
pub static SPEC: CogSpec = CogSpec {
    family: "fs",
    name: "stdin_supply",
    kind: Kind::Supply,
    about: "Makes a datum of each line of standard input; at its end the train ends in order.",
    page: Page {
        gives: "each line as a string (with encoding \"bytes\" as a blob), without its separator; an empty line is a datum too",
        fails: "a line that is too long (long_line: \"fail\") or no text (decode_errors: \"fail\")",
        uses: &["fs::stdin_supply()", r#"fs::stdin_supply(#{ separator: "\x00", data_setter: "line" })"#],
        ..Page::OF_KIND
    },
    params: &[lines::SEPARATOR, lines::STRIP_CR, lines::ENCODING, lines::DECODE_ERRORS, lines::MAX_LINE, lines::LONG_LINE],
    first: None,
    global: false,
    examples: &[],
    build: |args| Ok(Box::new(StdinSupply::new(Options::of(args)?, None))),
};

/// One read: what a pipe can hold.
const READ: usize = 64 * 1024;

struct StdinSupply {
    lines: Splitter,
    /// A descriptor of our own for standard input, from `wind` on.
    input: Option<OwnedFd>,
    bound: Option<Token>,
    /// Nothing more is read.
    over: bool,
    /// Whether it was told that bytes were no text.
    told: bool,
}

impl Cog for StdinSupply {
    fn turn(&mut self, _ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        Err(Error::Other("a supply takes no data".into()))
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let input = match self.input.take() {
            Some(input) => input,
            None => io::stdin().as_fd().try_clone_to_owned().map_err(|error| Error::os("read", "standard input", error))?,
        };
        self.bound = Some(ctx.fd(&input, Interest::READ)?);
        self.input = Some(input);
        Ok(())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, _wake: Wake) -> Result<()> {
        self.step(ctx)
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        // What was read was taken away from standard input: nobody else can give it.
        self.lines.give(usize::MAX, &mut |line| send(ctx, line));
        if !self.over {
            // A stop, not the end: the line's rest may still come, to nobody.
            match self.lines.unfinished() {
                0 => {}
                count => ctx.say(Priority::Notice, &format!("an unfinished line of {count} bytes was left when reading stopped")),
            }
            self.close(ctx);
        }
        Ok(())
    }
}

impl StdinSupply {
    fn new(options: Options, input: Option<OwnedFd>) -> Self {
        Self { lines: Splitter::new(&Rc::new(options), 0), input, bound: None, over: false, told: false }
    }

    /// Gives what was read, or reads once.
    fn step(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.over && !self.lines.has_lines() {
            return Ok(());
        }
        let room = ctx.room();
        if room == 0 {
            return Ok(());
        }
        if !self.lines.has_lines() {
            let Some(input) = &self.input else { return Ok(()) };
            match self.lines.feed(READ, |into| read(input, into)) {
                Ok(0) => {
                    self.end(ctx);
                    return Ok(());
                }
                Ok(_) => {}
                // Its readiness will be told.
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => {
                    self.end(ctx);
                    return Err(Error::os("read", "standard input", error.into()));
                }
            }
        }
        let left = self.lines.give_plain(room, |datum, end| ctx.emit_new(datum, end));
        self.lines.give(left, &mut |line| send(ctx, line));
        if self.lines.mended > 0 && !std::mem::replace(&mut self.told, true) {
            ctx.say(Priority::Warning, "standard input is not all text in its encoding (told once)");
        }
        if self.lines.has_lines() {
            // The room is used up; there may have been lines that needed none.
            if ctx.room() > 0 {
                ctx.soon()?;
            }
        } else if let Some(token) = self.bound {
            ctx.rearm(token);
        }
        Ok(())
    }

    /// There is nothing more to read: only this makes a whole line of an unfinished one.
    fn end(&mut self, ctx: &mut Ctx<'_>) {
        self.lines.end(|line| send(ctx, line));
        self.close(ctx);
    }

    fn close(&mut self, ctx: &mut Ctx<'_>) {
        self.over = true;
        if let Some(token) = self.bound.take() {
            ctx.unbind(token);
        }
        self.input = None;
    }
}

fn send(ctx: &mut Ctx<'_>, line: Line) {
    match line.what {
        Ok(datum) => ctx.emit_new(datum, line.end),
        Err(unfit) => {
            let unfit = unfit.naming("standard input");
            ctx.fail_new(unfit.datum, line.end, &unfit.error);
        }
    }
}

/// One read, if that does not block: regular files and `/dev/null` are always ready.
fn read(input: &OwnedFd, into: &mut Vec<u8>) -> Result<(), Errno> {
    loop {
        let mut fds = [PollFd::new(input, PollFlags::IN)];
        match poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
            Ok(0) => return Err(Errno::AGAIN),
            Ok(_) => return rustix::io::read(input, spare_capacity(into)).map(|_| ()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::Write;

    use super::*;
    use crate::cog::bench::Bench;

    thread_local! {
        static INPUT: RefCell<Option<OwnedFd>> = const { RefCell::new(None) };
    }

    /// As [`super::SPEC`], reading the descriptor in `INPUT`.
    static PIPED: CogSpec =
        CogSpec { build: |args| Ok(Box::new(StdinSupply::new(Options::of(args)?, INPUT.with(RefCell::take)))), examples: &[], ..SPEC };

    fn text(data: &[Datum]) -> Vec<String> {
        data.iter().map(|datum| datum.piece().into_owned()).collect()
    }

    #[test]
    fn lines_come_as_they_are_written_and_the_end_is_the_end() {
        let (reader, mut writer) = io::pipe().unwrap();
        INPUT.set(Some(reader.into()));
        let mut bench = Bench::new(&PIPED, vec![]);
        writer.write_all(b"a\nb").unwrap();
        assert_eq!(text(&bench.pump(|got| got.len() == 1)), ["a"]);
        writer.write_all(b"c\nlast").unwrap();
        drop(writer);
        assert_eq!(text(&bench.pump(|_| false)), ["bc", "last"]);
        assert_eq!(bench.esc.bound(0), 0);
    }

    #[test]
    fn a_stop_makes_no_line_of_half_a_one() {
        let (reader, mut writer) = io::pipe().unwrap();
        INPUT.set(Some(reader.into()));
        let mut bench = Bench::new(&PIPED, vec![]);
        writer.write_all(b"a\nhalf").unwrap();
        assert_eq!(text(&bench.pump(|got| got.len() == 1)), ["a"]);
        assert!(bench.finish().is_empty());
        assert_eq!((bench.esc.bound(0), bench.balance().in_flight), (0, 0));
    }

    #[test]
    fn a_file_is_always_ready_and_read_only_as_there_is_room() {
        let mut file = tempfile::tempfile().unwrap();
        let lines: Vec<String> = (0..50_000).map(|n| format!("line {n}")).collect();
        file.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
        rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0)).unwrap();
        INPUT.set(Some(file.into()));
        let mut bench = Bench::new(&PIPED, vec![("max_in_flight", 7.into())]);
        assert_eq!(text(&bench.pump(|_| false)), lines);
        assert_eq!(bench.esc.bound(0), 0);
    }
}
