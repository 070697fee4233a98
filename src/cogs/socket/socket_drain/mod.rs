//! `socket::socket_drain`: each datum becomes a record that is sent to a server.
//!
//! `outbox` is what waits to be sent, `link` the way to the server.
//!
//! A record ends well when the system has taken the whole of it. When the connection breaks, one that was half sent is sent again from
//! its beginning on the next; what the system had taken and the server had not read is lost with it, as nothing in these protocols
//! tells of that.

mod link;
mod outbox;

use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};

use self::link::{Attempt, Found, Link, State};
use self::outbox::Outbox;
use super::address::Address;
use crate::cog::{Args, Backlog, Batch, Cog, CogSpec, Ctx, Kind, Lit, Origins, Page, Param};
use crate::datum::Datum;
use crate::error::{Error, Result, plain};
use crate::escapement::{JobPanicked, Token, Wake};
use crate::getset::Getter;
use crate::lines::{Form, Newlines, SEPARATOR};
use crate::log::Priority;

/// The cog's entry in the table.
pub static SPEC: CogSpec = CogSpec {
    family: "socket",
    name: "socket_drain",
    kind: Kind::Drain,
    about: "Sends each datum as a record to a unix, TCP or UDP socket; connects again when the server was away, and keeps the order.",
    page: Page {
        fails: "a datum that is neither string nor blob, or too long for a datagram; a server that is away fails nothing: data wait, and supplies with them",
        uses: &[r#"socket::socket_drain("tcp:logs.example:514")"#, r#"socket::socket_drain(#{ to: "unixgram:/dev/log" })"#],
        ..Page::OF_KIND
    },
    params: &[
        Param::str("to").about("\"unix:PATH\", \"unixgram:PATH\", \"tcp:HOST:PORT\" or \"udp:HOST:PORT\""),
        Param::getter("data_getter").or("selfgetter").about("what is sent of the datum: text or a blob"),
        Param::choice("framing", &["separator", "octet"])
            .about("how a stream tells where a record ends: by a separator behind each, or by the length before it (RFC 6587)"),
        SEPARATOR.about("what is sent behind each record of a stream"),
        Param::str("encoding").or("utf-8").about("the encoding that strings are sent in (any label of the WHATWG)"),
        Param::choice("newlines", Newlines::WORDS)
            .about("what becomes of a separator inside a record: kept, sent as \\n, sent as a space, or the datum fails"),
        Param::seconds("connect_timeout").default(Lit::Int(5)).about("how long one address is tried"),
        Param::seconds("retry_delay").default(Lit::Int(1)).about("the pause before the next try; twice as long each time, give or take 20 %"),
        Param::seconds("retry_max").default(Lit::Int(60)).about("the longest pause"),
        Param::choice("when_full", &["wait", "drop"]).about(
            "while the server is away: nothing more is read, so that nothing is lost; or up to `buffer` bytes are kept and what is more is dropped and counted",
        ),
        Param::size("buffer").default(Lit::Int(16 << 20)).about("how many bytes are kept at most with `when_full: \"drop\"`"),
    ],
    first: Some("to"),
    global: false,
    examples: &[],
    build: |args| Ok(Box::new(SocketDrain::new(args)?)),
};

/// What keeps the program alive need not wake it.
const HOUR: Duration = Duration::from_secs(3600);
/// Bytes sent in one round at most.
const QUOTA: usize = 1 << 20;
/// One send at most.
const SEND: usize = 256 * 1024;
/// Bytes that a datagram of UDP carries at most (over IPv6; over IPv4 it is 20 less, which the system tells).
const MOST_IN_A_DATAGRAM: usize = 65_527;
/// Bytes of a server's answers, which nobody wants, that are read in one round at most.
const ANSWERS: usize = 64 * 1024;

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct SocketDrain {
    getter: Getter,
    form: Form,
    counted: bool,
    link: Link,
    outbox: Outbox,
    /// It takes no more just now, but will tell when it does.
    blocked: bool,
    /// That it is away has been told.
    told: bool,
    /// At most so many bytes are kept, where more is dropped.
    most: Option<usize>,
    /// How many were dropped since it went away.
    dropped: u64,
    ending: bool,
    /// Bound as long as something waits to be sent.
    keeper: Option<Token>,
}

impl Cog for SocketDrain {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        self.put(ctx, &datum)?;
        if ctx.has_successors() {
            ctx.emit(datum);
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each(ctx, |ctx, datum| self.turn(ctx, datum))?;
        // No part of an event may end before its turn does.
        self.send(ctx)
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let attempt = self.link.begin(ctx)?;
        self.go_on(ctx, attempt)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        if matches!(wake, Wake::GiveUp) {
            let count = self.outbox.abandon();
            self.close(ctx);
            self.rest(ctx)?;
            ctx.trouble(&format!("{count} records could not be sent to {} in time", self.link.to));
            return Ok(());
        }
        let token = ctx.token();
        let is = |own: Token| token == Some(own);
        let attempt = match (&self.link.state, wake) {
            (State::Finding(own), Wake::Answer(answer)) if is(*own) => {
                let found = match answer.downcast::<Found>() {
                    Ok(found) => *found,
                    Err(other) => Err(std::io::Error::other(other.downcast::<JobPanicked>().map_or_else(|_| String::new(), |told| told.0))),
                };
                self.link.found(ctx, found)?
            }
            (State::Connecting { ready, .. }, _) if is(*ready) => self.link.connected(ctx)?,
            (State::Connecting { limit, .. }, _) if is(*limit) => self.link.too_long(ctx)?,
            (State::Waiting(own), _) if is(*own) => self.link.begin(ctx)?,
            (State::Up { ready, .. }, Wake::Ready { readable, writable }) if is(*ready) => {
                if writable {
                    self.blocked = false;
                }
                if readable && let Some(why) = self.listen(ctx) {
                    return self.broken(ctx, &why);
                }
                return self.send(ctx);
            }
            _ => return Ok(()),
        };
        self.go_on(ctx, attempt)
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.ending = true;
        if self.outbox.is_empty() {
            self.close(ctx);
            return Ok(());
        }
        // Nobody waits for a better moment any more.
        if let State::Waiting(_) = self.link.state {
            self.link.works();
            let attempt = self.link.begin(ctx)?;
            return self.go_on(ctx, attempt);
        }
        self.send(ctx)
    }

    fn busy(&self) -> bool {
        self.ending && !self.outbox.is_empty()
    }

    fn backlog(&self) -> Backlog {
        Backlog { held: self.outbox.len(), stalled: !self.outbox.is_empty() && (self.blocked || !self.link.is_up()) }
    }

    fn kept_origins(&self) -> Origins {
        self.outbox.origins()
    }
}

impl SocketDrain {
    fn new(args: &Args) -> Result<Self> {
        let to = Address::parse("to", &args.str("to"))?;
        match &to {
            Address::Tcp(host, port) | Address::Udp(host, port) if host.is_empty() || *port == 0 => {
                return Err(Error::option("to", format!("`{to}` names no host and port to send to")));
            }
            _ => {}
        }
        if !to.is_stream() {
            let foreign = ["framing", "separator", "newlines"].into_iter().find(|option| args.is_given(option));
            if let Some(option) = foreign {
                return Err(Error::option(option, format!("has a meaning for streams, but these are datagrams: `{to}`")));
            }
        }
        let drops = args.str("when_full") == "drop";
        if args.is_given("buffer") && !drops {
            return Err(Error::option(
                "buffer",
                "has a meaning only with `when_full: \"drop\"`: else as much is kept as supplies have open",
            ));
        }
        let pauses = (args.seconds("retry_delay"), args.seconds("retry_max"));
        if pauses.0.is_zero() {
            return Err(Error::option("retry_delay", "must be more than nothing"));
        }
        Ok(Self {
            getter: args.getter("data_getter"),
            form: Form::of(args)?,
            counted: args.str("framing") == "octet",
            link: Link::new(to, args.seconds("connect_timeout"), pauses.0, pauses.1),
            outbox: Outbox::default(),
            blocked: false,
            told: false,
            most: drops.then(|| args.size("buffer")),
            dropped: 0,
            ending: false,
            keeper: None,
        })
    }

    fn put(&mut self, ctx: &mut Ctx<'_>, datum: &Datum) -> Result<()> {
        let piece = self.getter.get(datum)?;
        if self.most.is_some_and(|most| self.outbox.size() >= most) {
            if self.dropped == 0 {
                ctx.say(Priority::Warning, &format!("{} takes nothing: what comes now is dropped", self.link.to));
            }
            self.dropped += 1;
            return Ok(());
        }
        let (form, counted, stream) = (&self.form, self.counted, self.link.to.is_stream());
        let udp = matches!(self.link.to, Address::Udp(..));
        self.outbox.put(ctx, |into| {
            let before = into.len();
            form.line(&piece, "", into)?;
            if stream && !counted {
                return Ok(());
            }
            into.truncate(into.len() - form.line_end().len());
            let length = into.len() - before;
            if udp && length > MOST_IN_A_DATAGRAM {
                return Err(Error::data(format!("a record of {length} bytes is too long for a datagram"), ""));
            }
            if counted {
                let count = format!("{} ", into.len() - before);
                into.splice(before..before, count.bytes());
            }
            Ok(())
        })
    }

    /// What became of an attempt to connect.
    fn go_on(&mut self, ctx: &mut Ctx<'_>, attempt: Attempt) -> Result<()> {
        match attempt {
            Attempt::Open => self.rest(ctx),
            Attempt::Up => {
                self.blocked = false;
                if std::mem::take(&mut self.told) {
                    ctx.say(Priority::Notice, &format!("sends to {} again", self.link.to));
                }
                self.send(ctx)
            }
            Attempt::Failed(why) => {
                let pause = self.link.wait(ctx)?;
                if !std::mem::replace(&mut self.told, true) {
                    let text =
                        format!("cannot reach {}: {why}; tries again in {:.1} s and from then on", self.link.to, pause.as_secs_f64());
                    ctx.say(Priority::Warning, &text);
                }
                self.rest(ctx)
            }
        }
    }

    /// The connection is no more.
    fn broken(&mut self, ctx: &mut Ctx<'_>, why: &str) -> Result<()> {
        self.outbox.rewind();
        self.link.drop(ctx);
        self.blocked = false;
        if self.ending && self.outbox.is_empty() {
            return Ok(());
        }
        self.go_on(ctx, Attempt::Failed(why.to_owned()))
    }

    /// Takes what the server says, which nobody wants; that it has gone is told by that alone.
    fn listen(&mut self, ctx: &mut Ctx<'_>) -> Option<String> {
        let State::Up { fd, ready } = &self.link.state else { return None };
        let mut heard = 0;
        let mut answer = [0; 4096];
        while heard < ANSWERS {
            match recv(fd, &mut answer, RecvFlags::DONTWAIT) {
                Ok((0, _)) if self.link.to.is_stream() => return Some("it has closed the connection".to_owned()),
                Ok((count, _)) => heard += count.max(1),
                Err(Errno::AGAIN) => return None,
                Err(Errno::INTR) => {}
                Err(error) => return self.is_fatal(error).then(|| plain(&error.into())),
            }
        }
        ctx.rearm(*ready);
        None
    }

    /// Whether a datagram socket is of no use any more after this error.
    fn is_fatal(&self, error: Errno) -> bool {
        // UDP has no connection that could break: the error is of something that was sent before.
        !matches!(self.link.to, Address::Udp(..)) || !matches!(error, Errno::CONNREFUSED | Errno::HOSTUNREACH | Errno::NETUNREACH)
    }

    /// Sends what waits, as far as it is taken.
    fn send(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let mut quota = QUOTA;
        while let State::Up { fd, ready } = &self.link.state {
            if self.outbox.is_empty() || self.blocked {
                break;
            }
            if quota == 0 {
                ctx.rearm(*ready);
                break;
            }
            let stream = self.link.to.is_stream();
            let bytes = if stream { self.outbox.rest() } else { self.outbox.first().unwrap_or_default() };
            let bytes = if stream { &bytes[..bytes.len().min(SEND)] } else { bytes };
            match send(fd, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(count) => {
                    quota = quota.saturating_sub(count.max(1));
                    if self.outbox.advance(if stream { count } else { bytes.len() }) > 0 {
                        self.link.works();
                        self.tell_dropped(ctx);
                    }
                }
                Err(Errno::AGAIN) => self.blocked = true,
                Err(Errno::INTR) => {}
                Err(Errno::MSGSIZE) if !stream => {
                    ctx.trouble(&format!("a record of {} bytes is too long for a datagram to {}", bytes.len(), self.link.to));
                    self.outbox.fail_first();
                }
                Err(error) if !self.is_fatal(error) => {
                    quota = quota.saturating_sub(1024);
                    ctx.say(Priority::Warning, &format!("{} takes nothing: {}", self.link.to, plain(&error.into())));
                }
                Err(error) => return self.broken(ctx, &plain(&error.into())),
            }
        }
        if self.ending && self.outbox.is_empty() {
            self.close(ctx);
        }
        self.rest(ctx)
    }

    fn tell_dropped(&mut self, ctx: &mut Ctx<'_>) {
        if self.dropped > 0 && self.most.is_some_and(|most| self.outbox.size() < most) {
            ctx.say(Priority::Warning, &format!("{} takes data again; {} were dropped", self.link.to, self.dropped));
            self.dropped = 0;
        }
    }

    /// After each step: what waits keeps the program alive, as the link alone does not; and it must not be what nothing more is read for,
    /// where it would rather be dropped.
    fn rest(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.outbox.is_empty() {
            if let Some(token) = self.keeper.take() {
                ctx.unbind(token);
            }
        } else if self.keeper.is_none() {
            self.keeper = Some(ctx.every(HOUR)?);
        }
        if self.most.is_some() {
            let kept = if self.backlog().stalled { self.outbox.origins() } else { Origins::default() };
            ctx.excuse(&kept);
        }
        Ok(())
    }

    fn close(&mut self, ctx: &mut Ctx<'_>) {
        if let State::Up { fd, .. } = &self.link.state {
            let _ = shutdown(fd, Shutdown::Write);
        }
        self.link.drop(ctx);
    }
}
