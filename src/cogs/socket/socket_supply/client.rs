//! One client: what it has sent, cut into records.

use std::os::fd::OwnedFd;

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::settings::{Framing, Settings};
use crate::cog::Ctx;
use crate::datum::Datum;
use crate::error::Error;
use crate::escapement::{Moment, Token};
use crate::getset::Setter;
use crate::lines::{Frames, Line, Splitter};

/// One read at most.
const READ: usize = 64 * 1024;

/// How a client's stream is cut.
pub(super) enum Cut {
    Lines(Splitter),
    Frames(Frames),
}

impl Cut {
    pub(super) fn new(settings: &Settings) -> Self {
        match settings.framing {
            Framing::Separator => Self::Lines(Splitter::new(&settings.options, 0)),
            framing => Self::Frames(Frames::new(&settings.options, framing == Framing::Auto)),
        }
    }

    pub(super) fn has_records(&self) -> bool {
        match self {
            Self::Lines(lines) => lines.has_lines(),
            Self::Frames(frames) => frames.has_lines(),
        }
    }

    /// Whether the rest of an over-long record is left out.
    fn is_skipping(&self) -> bool {
        matches!(self, Self::Lines(lines) if lines.is_skipping())
    }

    pub(super) fn has_unfinished(&self) -> bool {
        match self {
            Self::Lines(lines) => lines.has_unfinished(),
            Self::Frames(frames) => frames.has_unfinished(),
        }
    }

    /// How many places were no text and have been replaced or left out.
    pub(super) fn mended(&self) -> u64 {
        match self {
            Self::Lines(lines) => lines.mended,
            Self::Frames(frames) => frames.mended,
        }
    }

    fn feed(&mut self, fd: &OwnedFd) -> Result<usize, Errno> {
        let read = |into: &mut Vec<u8>| recv(fd, spare_capacity(into), RecvFlags::DONTWAIT).map(drop);
        match self {
            Self::Lines(lines) => lines.feed(READ, read),
            Self::Frames(frames) => frames.feed(READ, read),
        }
    }
}

/// What is done with each record of one sender.
pub(super) struct Giving<'a> {
    pub(super) skip_empty: bool,
    pub(super) peer: Option<(&'a Setter, &'a Datum)>,
}

impl Giving<'_> {
    /// Sends one record, or tells why it is none. True when its sender is to be cut off for that.
    pub(super) fn send(&self, ctx: &mut Ctx<'_>, line: Line, name: impl FnOnce() -> String) -> bool {
        match line.what {
            Ok(datum) if self.skip_empty && is_empty(&datum) => false,
            Ok(datum) => {
                match self.peer {
                    None => ctx.emit_new(datum, line.end),
                    Some((setter, peer)) => ctx.emit_new_with(datum, line.end, |datum| setter.set(datum, peer.clone())),
                }
                false
            }
            Err(unfit) => {
                let unfit = unfit.naming(&name());
                ctx.fail_new(unfit.datum, line.end, &unfit.error);
                unfit.breaks
            }
        }
    }
}

#[inline]
fn is_empty(datum: &Datum) -> bool {
    match datum {
        Datum::Str(text) => text.is_empty(),
        Datum::Bytes(bytes) => bytes.is_empty(),
        _ => false,
    }
}

/// How a turn of a client ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Turn {
    /// It has sent no more.
    Dry,
    /// It may have sent more, but has had its share.
    More,
    /// It has more to give, and there is no room for that.
    Full,
    /// It has gone, or is to be cut off.
    Over,
}

pub(super) struct Client {
    pub(super) number: u64,
    pub(super) fd: OwnedFd,
    pub(super) token: Token,
    pub(super) cut: Cut,
    /// Who it is, where that is wanted.
    pub(super) peer: Option<Datum>,
    /// When it was last read with success.
    pub(super) heard: Moment,
    /// It stands in the line of those that wait for room.
    pub(super) waits: bool,
    /// Nothing more will come.
    ended: bool,
    /// It is cut off once what it sent whole is given.
    breaks: bool,
}

impl Client {
    pub(super) fn new(number: u64, fd: OwnedFd, token: Token, settings: &Settings, peer: Option<Datum>, now: Moment) -> Self {
        Self { number, fd, token, cut: Cut::new(settings), peer, heard: now, waits: false, ended: false, breaks: false }
    }

    fn name(number: u64) -> String {
        format!("client {number}")
    }

    /// Reads at most about `quota` bytes and gives at most `share` records at a time.
    pub(super) fn turn(&mut self, ctx: &mut Ctx<'_>, settings: &Settings, mut quota: usize, mut share: usize) -> Turn {
        loop {
            let room = ctx.room();
            if room == 0 {
                return Turn::Full;
            }
            if self.cut.has_records() {
                if share == 0 {
                    return Turn::Full;
                }
                let limit = room.min(share);
                share -= limit;
                if self.give(ctx, settings, limit) {
                    return Turn::Over;
                }
                continue;
            }
            if self.ended || settings.closes && self.cut.is_skipping() {
                self.end(ctx, settings);
                return Turn::Over;
            }
            if quota == 0 {
                return Turn::More;
            }
            match self.cut.feed(&self.fd) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    quota = quota.saturating_sub(count);
                    self.heard = ctx.now();
                }
                Err(Errno::AGAIN) => return Turn::Dry,
                Err(Errno::INTR) => {}
                // It broke off: what it sent before is no less true.
                Err(_) => self.ended = true,
            }
        }
    }

    /// Gives at most `limit` records. True when it is to be cut off.
    fn give(&mut self, ctx: &mut Ctx<'_>, settings: &Settings, limit: usize) -> bool {
        let giving = Giving { skip_empty: settings.skip_empty, peer: settings.peer.as_ref().zip(self.peer.as_ref()) };
        let (number, breaks) = (self.number, &mut self.breaks);
        match &mut self.cut {
            Cut::Lines(lines) => {
                let left = match giving.peer {
                    None if settings.skip_empty => lines.give_plain(limit, |datum, end| {
                        if !is_empty(&datum) {
                            ctx.emit_new(datum, end);
                        }
                    }),
                    None => lines.give_plain(limit, |datum, end| ctx.emit_new(datum, end)),
                    Some(_) => limit,
                };
                lines.give(left, &mut |line| *breaks |= giving.send(ctx, line, || Self::name(number)));
            }
            Cut::Frames(frames) => frames.give(limit, &mut |line| *breaks |= giving.send(ctx, line, || Self::name(number))),
        }
        // What else it sent whole by then is given all the same.
        self.breaks && !self.cut.has_records()
    }

    /// Nothing more will come: what there is of a record is one.
    pub(super) fn end(&mut self, ctx: &mut Ctx<'_>, settings: &Settings) {
        let giving = Giving { skip_empty: settings.skip_empty, peer: settings.peer.as_ref().zip(self.peer.as_ref()) };
        let number = self.number;
        let mut send = |line| {
            giving.send(ctx, line, || Self::name(number));
        };
        match &mut self.cut {
            Cut::Lines(lines) => lines.end(&mut send),
            Cut::Frames(frames) => frames.end(&mut send),
        }
    }

    /// It has left a record half sent for too long: the half fails.
    pub(super) fn fail_half(&mut self, ctx: &mut Ctx<'_>, seconds: u64) {
        let text = format!("client {} sent half a record and then nothing for {seconds} s", self.number);
        let error = Error::Refused { reason: "stalled", text };
        let mut half = |line: Line| {
            let datum = match line.what {
                Ok(datum) => datum,
                Err(unfit) => unfit.datum,
            };
            ctx.fail_new(datum, line.end, &error);
        };
        match &mut self.cut {
            Cut::Lines(lines) => lines.end(&mut half),
            Cut::Frames(frames) => frames.end(&mut half),
        }
    }
}
