//! The control of a running process: who is attached to its socket can look into the train, take data out and put them in.
//!
//! [`Control`] is the train's [`Overseer`]. It runs on the train's own thread, between two turns of its loop, and waits for nothing:
//! what takes long (expressions, stepping, checking another version) is done by a workbench with a thread and an engine of its own.
//!
//! In reading order: `place` (where sockets stand), `client` (one who is attached), `ui` (the page), `words` (commands), `handle`
//! (which does what), `held` (what is refused before the train runs and after its end), then the commands by group: `look`, `rates`,
//! `picture`, `tap`, `count`, `feed`, `stop`, `parked`, `why`, `change`, `trying`; `ask` is what the workbench does for them, `memory`
//! what is remembered of events, `kept` what a client writes to files. The protocol is told in docs/control.md.

mod ask;
mod change;
mod client;
mod count;
mod feed;
mod handle;
mod held;
pub mod kept;
mod look;
mod memory;
mod parked;
mod picture;
pub mod place;
mod rates;
mod stop;
mod tap;
mod trying;
mod ui;
mod why;
pub mod words;

use std::collections::{BTreeMap, HashMap};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use crate::cog::{Event, Kind};
use crate::datum::{Datum, Map};
use crate::error::Result;
use crate::escapement::{Fired, Interest, Moment, Token, Wake};
use crate::log;
use crate::script::bench::{Bench, Live, Task};
use crate::script::{Setting, Wound};
use crate::train::graph::Graph;
use crate::train::{Hop, Marks, Overseer, Train};

use ask::Use;
pub use change::Replaced;
use client::Client;
use memory::Memory;
use place::Listening;
use rates::Rates;
use stop::Stops;
use tap::Taps;
use ui::Ui;

/// Clients at most.
const CLIENTS: usize = 32;
/// Requests of one client before others get their turn.
const REQUESTS: usize = 64;
/// The version of the protocol.
const PROTOCOL: i64 = 1;

/// What is told of the process.
#[derive(Clone, Debug)]
pub struct About {
    /// Its name: that of its socket.
    pub name: String,
    /// The script.
    pub script: PathBuf,
    /// How it was wound.
    pub setting: Setting,
}

/// What is answered later.
struct Later {
    client: u64,
    request: Datum,
    what: Wait,
}

/// What it is that is waited for.
enum Wait {
    /// A second look at the counters; then this command is done.
    Rates(String),
    /// The end of a count.
    Count(u64),
    /// The workbench, for this.
    Bench(Use),
    /// A trial beside the train, for this.
    Trial(Use),
}

/// The control of a process.
pub struct Control {
    about: About,
    live: Live,
    graph: Graph,
    bench: Bench,
    /// The numbers in the train of the graph's cogs.
    numbers: Vec<u32>,
    /// The script's text, and that of the version before.
    text: String,
    before: Option<String>,
    replaced: Replaced,
    started: Option<(Moment, SystemTime)>,
    listens: bool,
    listening: Option<Listening>,
    accepts: Option<Token>,
    clients: BTreeMap<u64, Client>,
    last_client: u64,
    later: HashMap<Token, Later>,
    memory: Memory,
    taps: Taps,
    stops: Stops,
    rates: Rates,
    /// Samples the counters while somebody is attached.
    beat: Option<Token>,
    /// Keeps the train from its end while data are parked.
    holds: Option<Token>,
    /// Writes to those who were told something.
    flushes: Option<Token>,
    /// The page, where it is asked for.
    ui: Option<Ui>,
    /// Whether events are remembered also when nobody is attached.
    stays: bool,
    /// Whether a command asked for the end.
    pub ending: bool,
}

impl Control {
    /// A control that nobody can reach yet.
    pub fn new(about: About, wound: &Wound) -> Self {
        let bench = Bench::of(wound, about.setting.clone());
        Self {
            about,
            live: wound.live(),
            graph: wound.graph.clone(),
            bench,
            numbers: (0..wound.graph.nodes.len() as u32).collect(),
            text: wound.text().to_owned(),
            before: None,
            replaced: Replaced::default(),
            started: None,
            listens: false,
            listening: None,
            accepts: None,
            clients: BTreeMap::new(),
            last_client: 0,
            later: HashMap::new(),
            memory: Memory::default(),
            taps: Taps::default(),
            stops: Stops::default(),
            rates: Rates::default(),
            beat: None,
            holds: None,
            flushes: None,
            ui: None,
            stays: false,
            ending: false,
        }
    }

    /// Where the version stands that runs, once it is not the first.
    pub fn replaced(&self) -> Replaced {
        Rc::clone(&self.replaced)
    }

    /// Will listen on a socket of its own as soon as all cogs of the train are wound.
    pub fn listening(mut self) -> Self {
        self.listens = true;
        self
    }

    fn listen(&mut self, train: &mut Train) -> std::io::Result<()> {
        let listening = place::listen(&self.about.name)?;
        if let Some(stem) = listening.path.file_stem() {
            self.about.name = stem.to_string_lossy().into_owned();
        }
        let esc = train.escapement();
        let token = esc.fd(Train::OVERSEER, &listening.socket, Interest::READ).map_err(std::io::Error::other)?;
        esc.weaken(token);
        self.accepts = Some(token);
        self.listening = Some(listening);
        self.start(train);
        Ok(())
    }

    fn start(&mut self, train: &mut Train) {
        let esc = train.escapement();
        self.started.get_or_insert_with(|| (esc.now(), esc.wall()));
    }

    /// What a client is told first.
    fn hello(&self, train: &Train) -> Datum {
        let cogs = train.cogs().map(|cog| Datum::from(cog.name)).collect::<Vec<_>>();
        map([
            ("event", Datum::from("hello")),
            ("program", Datum::from("deadbeat")),
            ("version", Datum::from(env!("CARGO_PKG_VERSION"))),
            ("protocol", Datum::Int(PROTOCOL)),
            ("name", Datum::from(self.about.name.as_str())),
            ("script", Datum::from(self.about.script.display().to_string())),
            ("path", std::path::absolute(&self.about.script).map_or(Datum::Unit, |path| Datum::from(path.display().to_string()))),
            ("pid", Datum::Int(i64::from(std::process::id()))),
            ("cogs", Datum::List(cogs)),
        ])
    }

    fn accept(&mut self, train: &mut Train) {
        loop {
            let Some(listening) = &self.listening else { return };
            match listening.socket.accept() {
                Ok((stream, _)) => {
                    if let Err(error) = self.attach(train, stream) {
                        log::warning(format_args!("control: {error}"));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
                Err(error) => {
                    // No descriptors left, most likely: who waits is accepted when somebody else has gone.
                    log::write_kind(log::Priority::Warning, "control", &format!("control: cannot accept: {error}"));
                    return;
                }
            }
        }
    }

    /// A client's connection is ready.
    fn serve(&mut self, train: &mut Train, id: u64) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        let mut more = client.read();
        for _ in 0..REQUESTS {
            let Some(line) = self.clients.get_mut(&id).and_then(Client::line) else {
                self.flush(train);
                if more && let Some(token) = self.clients.get(&id).and_then(|client| client.token) {
                    train.escapement().rearm(token);
                }
                return;
            };
            self.request(train, id, &line);
            more = true;
        }
        self.flush(train);
        if let Some(token) = self.clients.get(&id).and_then(|client| client.token) {
            train.escapement().rearm(token);
        }
    }

    /// Writes to all, and lets those go who have gone.
    fn flush(&mut self, train: &mut Train) {
        let mut over = Vec::new();
        for (id, client) in &mut self.clients {
            client.write();
            if client.is_over(self.later.values().any(|later| later.client == *id)) {
                over.push(*id);
            }
        }
        for id in over {
            self.let_go(train, id);
        }
    }

    /// Writes to those who were told something, when the loop comes round.
    fn flush_soon(&mut self, train: &mut Train) {
        if self.flushes.is_none() && self.clients.values().any(Client::has_more) {
            let token = train.escapement().soon(Train::OVERSEER);
            train.escapement().weaken(token);
            self.flushes = Some(token);
        }
    }

    /// A client has gone: what it armed ends, what it parked goes on.
    fn let_go(&mut self, train: &mut Train, id: u64) {
        let Some(client) = self.clients.remove(&id) else { return };
        self.bench.ask(Task::Forget { session: id }, |_| ());
        if let Some(token) = client.token {
            train.escapement().unbind(token);
        }
        self.later.retain(|token, later| {
            let stays = later.client != id;
            if !stays {
                train.escapement().unbind(*token);
            }
            stays
        });
        self.taps.forget(id);
        let parked = self.stops.forget(id);
        self.arm(train);
        for parked in parked {
            Self::resume(train, parked);
        }
        if self.clients.is_empty()
            && let Some(beat) = self.beat.take()
        {
            train.escapement().unbind(beat);
        }
        self.left(train);
        self.heed_log();
    }

    /// Marks the cogs of which something is wanted.
    fn arm(&mut self, train: &mut Train) {
        let recorded = self.stays || self.clients.values().any(|client| client.records);
        self.memory.switch(recorded);
        self.memory.all = self.stops.follows_all();
        let everywhere = self.stops.is_stepping();
        let kinds: Vec<(u32, Kind)> = train.cogs().map(|cog| (cog.number, cog.kind)).collect();
        for (cog, kind) in kinds {
            let marks = Marks {
                enter: everywhere || self.taps.wants_entering(cog) || self.stops.wants_entering(cog),
                leave: self.memory.on || self.taps.wants_leaving(cog) || self.stops.wants_leaving(cog),
                single: kind != Kind::Supply && (self.memory.on || self.memory.all || self.taps.wants_hops(cog)),
            };
            train.mark(cog, marks);
        }
        let parked = self.stops.holds();
        match self.holds {
            None if parked => self.holds = Some(train.escapement().every(Train::OVERSEER, Duration::from_secs(3600))),
            Some(token) if !parked => {
                train.escapement().unbind(token);
                self.holds = None;
            }
            _ => {}
        }
    }

    /// The number of the cog of that name.
    fn cog(train: &Train, name: &str) -> Result<u32, words::Wrong> {
        let names: Vec<(u32, String)> = train.cogs().filter(|cog| !cog.closed).map(|cog| (cog.number, cog.name.to_owned())).collect();
        if let Some((number, _)) = names.iter().rev().find(|(_, known)| known == name) {
            return Ok(*number);
        }
        let near = crate::error::nearest(name, names.iter().map(|(_, name)| name.as_str()));
        let hint = near.map_or_else(|| "`ls` lists all".to_owned(), |near| format!("did you mean `{near}`?"));
        Err(words::Wrong::new(format!("there is no cog `{name}`")).hint(hint))
    }

    /// Tells a client of something.
    fn tell(&mut self, client: u64, event: &Datum) -> bool {
        self.clients.get_mut(&client).is_some_and(|client| client.tell(event))
    }
}

/// A map of these.
fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Datum)>) -> Datum {
    let mut map = Map::new();
    for (key, value) in entries {
        map.push(key.into(), value);
    }
    Datum::Map(map)
}

impl Overseer for Control {
    fn begun(&mut self, train: &mut Train) {
        if self.listens
            && let Err(error) = self.listen(train)
        {
            // It runs as well without.
            log::info(format_args!("control: nobody can attach: {}", crate::error::plain(&error)));
        }
    }

    fn fired(&mut self, train: &mut Train, fired: Fired) {
        if Some(fired.token) == self.accepts {
            self.accept(train);
        } else if Some(fired.token) == self.beat {
            self.rates.sample(train);
            self.tell_pages(train);
        } else if Some(fired.token) == self.flushes {
            self.flushes = None;
        } else if self.is_for_page(fired.token) {
            self.page_fired(train, fired.token);
        } else if let Some(later) = self.later.remove(&fired.token) {
            self.answer_later(train, later, fired.wake);
        } else if let Wake::Ready { .. } = fired.wake {
            let client = self.clients.values().find(|client| client.token == Some(fired.token)).map(|client| client.id);
            if let Some(id) = client {
                self.serve(train, id);
            }
        }
        self.tell_log();
        self.flush(train);
    }

    fn enter(&mut self, train: &mut Train, cog: u32, events: &mut Vec<Event>) {
        self.tap_entering(train, cog, events);
        self.stop_entering(train, cog, events);
        self.flush_soon(train);
    }

    fn leave(&mut self, train: &mut Train, cog: u32, events: &mut Vec<Event>) {
        let (now, wall) = (train.escapement().now(), train.escapement().wall());
        let about = |lineage: &crate::cog::Lineage| (train.id(lineage), Train::place(lineage).unwrap_or(0));
        let is_supply = train.kind_of(cog) == Some(Kind::Supply);
        if is_supply {
            self.memory.born(events, now, wall, about);
        } else {
            self.memory.left(cog, events, now);
        }
        self.tap_leaving(train, cog, events);
        self.stop_leaving(train, cog, events);
        self.flush_soon(train);
    }

    fn tracks(&self, event: &Event) -> bool {
        self.memory.tracks(&event.lineage) || self.taps.any_hops()
    }

    fn hop(&mut self, train: &mut Train, hop: Hop, became: &mut Vec<Event>) {
        self.memory.hop(&hop, became, train.escapement().now());
        self.tap_hop(train, &hop, became);
        self.stop_hop(train, hop, became);
        self.flush_soon(train);
    }

    fn ending(&mut self, train: &mut Train) {
        for parked in self.stops.end() {
            Self::resume(train, parked);
        }
        self.arm(train);
        let bye = map([("event", Datum::from("ending"))]);
        self.clients.values_mut().for_each(|client| {
            client.tell(&bye);
            client.write();
        });
    }

    fn ended(&mut self, _: &mut Train, status: i32) {
        self.tell_end(status);
    }
}
