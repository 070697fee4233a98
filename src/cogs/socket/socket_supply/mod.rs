//! `socket::socket_supply`: each record that a client sends becomes a datum; the clients may be many.
//!
//! `settings` is what the options say, `door` the socket that is listened on, `gate` who is let in, `client` one client, `grams`
//! datagrams, `peer` who sent something, `users` whom the socket's file belongs to.
//!
//! Each client has a buffer of its own, bounded by one read and one record; in a round it is read as far as its share goes, so that one
//! that floods us does not keep others waiting. Without room nobody is read: the system makes them wait.

mod client;
mod door;
mod gate;
mod grams;
mod peer;
mod settings;
mod users;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use rustix::net::{Shutdown, shutdown};

use self::client::{Client, Turn};
use self::door::Door;
use self::gate::{Gate, Porter};
use self::grams::Grams;
use self::settings::{PARAMS, Settings, Stand};
use crate::activation;
use crate::cog::{Args, Cog, CogSpec, Ctx, Kind, Page};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::escapement::{Interest, Moment, Token, Wake};
use crate::log::Priority;

/// The cog's entry in the table.
pub static SPEC: CogSpec = CogSpec {
    family: "socket",
    name: "socket_supply",
    kind: Kind::Supply,
    about: "Makes a datum of each record that clients send to a unix, TCP or UDP socket, as syslog has them; a record that was read is lost only with the process.",
    page: Page {
        gives: "each record as a string (with encoding \"bytes\" as a blob), without its separator or count",
        fails: "a record that is too long or no text, where the options say so; a client that keeps to no framing is cut off and told in the log",
        uses: &[
            r#"socket::socket_supply("/run/app.sock")"#,
            r#"socket::socket_supply(#{ listen: "udp:0.0.0.0:514", peer_setter: "peer", data_setter: "line" })"#,
        ],
        ..Page::OF_KIND
    },
    params: PARAMS,
    first: Some("path"),
    global: false,
    examples: &[],
    build: |args| Ok(Box::new(SocketSupply::new(args)?)),
};

/// Bytes read of one client in one round.
const QUOTA: usize = 256 * 1024;
/// Bytes read of one client at the end, which could go on sending without one: more than what the system keeps of it.
const LAST_QUOTA: usize = 8 << 20;
/// Records that one client gives at a time, at least, where others wait for room too.
const SHARE: usize = 64;

struct SocketSupply {
    settings: Settings,
    door: Option<Door>,
    /// What tells that somebody waits at the door.
    knocks: Option<Token>,
    porter: Porter,
    clients: HashMap<Token, Client>,
    grams: Option<Grams>,
    /// Clients that have more to give than there was room for, in order.
    waiting: VecDeque<Token>,
    /// A turn of those who wait has been asked for.
    asked: Option<Token>,
    /// When it is looked for those that have been silent too long.
    sweep: Option<(Token, Moment)>,
    /// Bytes that were no text have been told of.
    told_mended: bool,
    /// It ends: nobody is let in any more.
    ending: bool,
    /// Datagrams wait for room.
    grams_wait: bool,
}

impl Cog for SocketSupply {
    fn turn(&mut self, _ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        Err(Error::Other("a supply takes no data".into()))
    }

    fn open(&mut self) -> Result<()> {
        let door = match &self.settings.stand {
            Stand::At(address) => Door::at(address, &self.settings.frame)?,
            Stand::Handed(name) => Door::handed(activation::take(name)?, name, self.settings.frame.receive_buffer)?,
        };
        self.enter(door)
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let Some(door) = &self.door else { return Err(Error::Other("its socket is not open".into())) };
        self.knocks = Some(ctx.fd(&door.fd, Interest::READ)?);
        if door.takes_clients {
            self.porter.reserve = gate::reserve().ok();
        }
        ctx.say(Priority::Notice, &format!("listens at {}", door.name));
        Ok(())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        let token = ctx.token();
        match wake {
            Wake::Room => self.go_on(ctx),
            Wake::Soon => {
                self.asked = None;
                self.go_on(ctx)
            }
            Wake::GiveUp => {
                self.give_up(ctx);
                Ok(())
            }
            Wake::Due { .. } => {
                if self.sweep.is_some_and(|(sweep, _)| token == Some(sweep)) {
                    self.sweep = None;
                    self.cut_off_silent(ctx)
                } else {
                    self.greet(ctx)
                }
            }
            _ if token == self.knocks => {
                if self.grams.is_some() {
                    self.take_grams(ctx)
                } else {
                    self.greet(ctx)
                }
            }
            _ => match token {
                Some(token) => self.take(ctx, token, usize::MAX),
                None => Ok(()),
            },
        }
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        // Who has connected by now is let in: what it has sent is read as that of the others.
        if self.door.as_ref().is_some_and(|door| door.takes_clients) {
            let most = self.settings.frame.backlog.max(1) as usize;
            self.let_in(ctx, most)?;
        }
        if let Gate::Starved(token) = std::mem::take(&mut self.porter.gate) {
            ctx.unbind(token);
        }
        self.ending = true;
        self.porter.reserve = None;
        if let Some((token, _)) = self.sweep.take() {
            ctx.unbind(token);
        }
        if let Some(token) = self.knocks.take() {
            ctx.unbind(token);
        }
        let is_local = self.door.as_ref().is_some_and(|door| door.is_local);
        for client in self.clients.values_mut() {
            if is_local {
                // From here on it can send nothing more; what it has sent is read to its end (unix(7)).
                let _ = shutdown(&client.fd, Shutdown::Read);
            }
            if !std::mem::replace(&mut client.waits, true) {
                self.waiting.push_back(client.token);
            }
        }
        self.grams_wait = self.grams.is_some();
        self.go_on(ctx)
    }

    fn busy(&self) -> bool {
        self.ending && (!self.clients.is_empty() || self.grams_wait)
    }

    fn done(&mut self) {
        self.clients.clear();
        gate::shut(self.door.take());
    }
}

impl SocketSupply {
    fn new(args: &Args) -> Result<Self> {
        Ok(Self {
            settings: Settings::of(args)?,
            door: None,
            knocks: None,
            porter: Porter::default(),
            clients: HashMap::new(),
            grams: None,
            waiting: VecDeque::new(),
            asked: None,
            sweep: None,
            told_mended: false,
            ending: false,
            grams_wait: false,
        })
    }

    /// Takes clients, or datagrams, from there.
    fn enter(&mut self, door: Door) -> Result<()> {
        self.grams = if door.takes_clients { None } else { Some(Grams::new(&door, &self.settings)?) };
        self.door = Some(door);
        Ok(())
    }

    /// Reads a client and gives what it sent, at most `share` records at a time.
    fn take(&mut self, ctx: &mut Ctx<'_>, token: Token, share: usize) -> Result<()> {
        let Some(client) = self.clients.get_mut(&token) else { return Ok(()) };
        if client.waits {
            return Ok(());
        }
        let quota = if self.ending { LAST_QUOTA } else { QUOTA };
        let mut turn = client.turn(ctx, &self.settings, quota, share);
        if !self.told_mended && client.cut.mended() > 0 {
            self.told_mended = true;
            let text = format!("client {} sends what is not all text in its encoding (told once, whoever else does)", client.number);
            ctx.say(Priority::Warning, &text);
        }
        if self.ending && matches!(turn, Turn::Dry | Turn::More) {
            client.end(ctx, &self.settings);
            turn = Turn::Over;
        }
        match turn {
            Turn::Dry => {
                let deadline = deadline(client, &self.settings);
                if let Some(deadline) = deadline {
                    self.sweep_by(ctx, deadline)?;
                }
                Ok(())
            }
            Turn::More => {
                ctx.rearm(token);
                Ok(())
            }
            Turn::Full => {
                client.waits = true;
                self.waiting.push_back(token);
                // Room may be left where it was only the share that was used up.
                self.ask(ctx)
            }
            Turn::Over => self.leave(ctx, token),
        }
    }

    /// A client has left.
    fn leave(&mut self, ctx: &mut Ctx<'_>, token: Token) -> Result<()> {
        ctx.unbind(token);
        self.clients.remove(&token);
        if self.ending { Ok(()) } else { self.reopen(ctx) }
    }

    /// There is room: those who wait for it have their turn, each no more than its share.
    fn go_on(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.grams_wait {
            self.take_grams(ctx)?;
        }
        for _ in 0..self.waiting.len() {
            let room = ctx.room();
            if room == 0 {
                return Ok(());
            }
            let share = (room / self.waiting.len().max(1)).max(SHARE);
            let Some(token) = self.waiting.pop_front() else { break };
            if let Some(client) = self.clients.get_mut(&token) {
                client.waits = false;
                // It was us who did not read.
                client.heard = ctx.now();
                self.take(ctx, token, share)?;
            }
        }
        self.ask(ctx)
    }

    /// Those who wait have another turn, if there is room.
    fn ask(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if (!self.waiting.is_empty() || self.grams_wait) && self.asked.is_none() && ctx.room() > 0 {
            self.asked = Some(ctx.soon()?);
        }
        Ok(())
    }

    fn take_grams(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let (Some(door), Some(grams)) = (&self.door, &mut self.grams) else { return Ok(()) };
        self.grams_wait = false;
        let turn = grams.turn(ctx, door, &self.settings, if self.ending { LAST_QUOTA } else { QUOTA });
        let (mended, cut) = (grams.mended(), grams.take_cut());
        if cut > 0 {
            ctx.say(Priority::Warning, &format!("{cut} datagrams were longer than they may be and were cut"));
        }
        if mended > 0 && !std::mem::replace(&mut self.told_mended, true) {
            ctx.say(Priority::Warning, "a datagram is not all text in its encoding (told once)");
        }
        match turn? {
            Turn::Full => {
                self.grams_wait = true;
                self.ask(ctx)
            }
            Turn::More if !self.ending => {
                if let Some(token) = self.knocks {
                    ctx.rearm(token);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// At that moment it is looked for silent clients, if not before.
    fn sweep_by(&mut self, ctx: &mut Ctx<'_>, deadline: Moment) -> Result<()> {
        if let Some((token, at)) = self.sweep {
            if at <= deadline {
                return Ok(());
            }
            ctx.unbind(token);
        }
        self.sweep = Some((ctx.at(deadline)?, deadline));
        Ok(())
    }

    fn cut_off_silent(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let now = ctx.now();
        let due = |client: &&Client| deadline(client, &self.settings).is_some_and(|deadline| deadline <= now);
        let mut silent: Vec<(u64, Token)> = self.clients.values().filter(due).map(|client| (client.number, client.token)).collect();
        silent.sort_unstable();
        for (number, token) in silent {
            if let Some(client) = self.clients.get_mut(&token) {
                let silence = now.since(client.heard);
                if client.cut.has_unfinished() {
                    client.fail_half(ctx, silence.as_secs());
                } else {
                    ctx.say(Priority::Info, &format!("client {number} sent nothing for {} s and is cut off", silence.as_secs()));
                }
            }
            self.leave(ctx, token)?;
        }
        let next = self.clients.values().filter_map(|client| deadline(client, &self.settings)).min();
        if let Some(next) = next {
            self.sweep_by(ctx, next)?;
        }
        Ok(())
    }

    /// The time to end is over.
    fn give_up(&mut self, ctx: &mut Ctx<'_>) {
        let count = self.clients.len();
        if count > 0 || self.grams_wait {
            ctx.trouble(&format!("there was no room for all that {count} clients had sent: the rest is lost"));
        }
        for token in self.clients.keys() {
            ctx.unbind(*token);
        }
        self.clients.clear();
        self.grams_wait = false;
    }
}

/// When a client has been silent for too long.
fn deadline(client: &Client, settings: &Settings) -> Option<Moment> {
    if client.waits {
        return None;
    }
    let stall: Option<Duration> = settings.stall.filter(|_| client.cut.has_unfinished());
    let span = [stall, settings.idle].into_iter().flatten().min()?;
    Some(client.heard + span)
}
