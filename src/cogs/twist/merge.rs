//! `twist::merge`: joins what several branches made of the same thing into one datum.
//!
//! Data of one key are gathered until there are as many as `parts` says, or one of each part that it names; then they become one map. The
//! window of a key begins with its first part, and the time of arrival counts; what is not complete when it ends is passed on as it is,
//! swallowed, or fails. The end of the run ends all windows, and so does a cog that takes this one's place.
//!
//! The parts are held until what was made of them has ended: they are at rest, so that `max_in_flight` of their supply leaves them out.

use std::time::Duration;

use super::key_text::write_key;
use super::keys::{self, Keys, MAX_KEYS};
use super::weight::{EVENT, weight};
use crate::cog::{Args, Backlog, Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param, Pool, Ty};
use crate::datum::{Datum, Key, Map};
use crate::error::{Error, Result};
use crate::escapement::{Moment, Token, Wake};
use crate::getset::{Getter, Setter};
use crate::log::Priority;

/// `twist::merge`: maps of one key -> one map of all their entries.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "merge",
    kind: Kind::Window,
    about: "Joins the data of one key that come from several branches into one map, when all parts are there or their time is over.",
    page: Page {
        takes: "a map with the key, and with the name of its part where parts have names; with under any datum that has these",
        gives: "one map of all parts when the last one has come, or of those that are there when their time is over; the parts end when it does. With incomplete: \"drop\" what is not whole ends well",
        fails: "a datum without the key, or of a part that is not named; what is no map, without under; with incomplete: \"error\" all parts of a key that is not whole when its time is over",
        ..Page::OF_KIND
    },
    params: &[
        Param::getter("key_getter").about("what says that data are parts of the same; itemgetter(\"a\", \"b\") for several fields"),
        Param::new("parts", Ty::Either(&[Ty::Int, Ty::Strs])).about("how many parts there are, from 2 to 1000, or the names that `part_getter` gives of them"),
        Param::getter("part_getter").optional().about("which part a datum is, with parts by name; of one that is there already the later datum counts"),
        Param::seconds("window").default(Lit::Int(60)).about("seconds after the first part of a key that the others are waited for"),
        Param::choice("incomplete", &["pass", "drop", "error"])
            .about("what becomes of a key whose window ends before all parts are there: \"pass\" joins those that are, \"drop\" swallows them, \"error\" fails them"),
        Param::bool("under").default(Lit::Bool(false)).about(
            "true puts each part under its name; false joins the entries of all parts, of which those of later ones win: in the order of the names, else of arrival",
        ),
        Param::setter("key_setter").or_same_as("key_getter").about("where the key goes, with under"),
        Param::setter("missing_setter").or("nullsetter").about("where the names of the parts that did not come go, else their number; with \"pass\""),
        MAX_KEYS,
        Param::size("max_bytes")
            .default(Lit::Int(64 << 20))
            .about("memory for parts that are held at most: their data and keys, and 32 bytes for each; beyond it the window that is over first is cut short"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "a part alone goes on when its time is over, or at the end",
            make: r#"twist::merge(#{ key_getter: "id", parts: 2, window: 5, missing_setter: "missing" })"#,
            input: r#"{"id": 7, "host": "gate"}"#,
            output: &[r#"{"id": 7, "host": "gate", "missing": 1}"#],
        },
        Example {
            what: "what two branches have found out, each under its name; the second one did not answer",
            make: r#"twist::merge(#{ key_getter: "ip", parts: ["dns", "geo"], part_getter: "by", under: true, missing_setter: "missing" })"#,
            input: r#"{"ip": "192.0.2.1", "by": "dns", "host": "gate"}"#,
            output: &[r#"{"ip": "192.0.2.1", "dns": {"ip": "192.0.2.1", "by": "dns", "host": "gate"}, "missing": ["geo"]}"#],
        },
    ],
    build: |args| Ok(Box::new(Merge::new(args)?)),
};

/// Parts at most.
const MOST: usize = 1000;

/// What becomes of a key whose parts have not all come.
#[derive(Clone, Copy, PartialEq)]
enum Incomplete {
    Pass,
    Drop,
    Error,
}

/// The parts of a key that have come.
struct Gathered {
    /// In the order of their names, else of arrival.
    parts: Vec<Option<Datum>>,
    /// How many places are taken.
    come: usize,
    /// How many data came.
    held: u64,
    key: Datum,
    pool: Pool,
    /// What all that takes.
    bytes: usize,
}

struct Merge {
    key_getter: Getter,
    /// None for parts that are only counted.
    names: Option<(Getter, Vec<Key>)>,
    most: usize,
    window: Duration,
    incomplete: Incomplete,
    under: bool,
    key_setter: Setter,
    missing_setter: Setter,
    max_keys: usize,
    max_bytes: usize,
    keys: Keys<Gathered>,
    held: u64,
    /// What is gathered of all keys takes so many.
    bytes: usize,
    timer: Option<Token>,
    /// Keys whose windows were cut short for want of room.
    cut: u64,
    key: String,
}

impl Merge {
    fn new(args: &Args) -> Result<Self> {
        let window = args.seconds("window");
        if window.is_zero() {
            return Err(Error::option("window", "must be longer than nothing"));
        }
        let (names, most) = match args.datum("parts") {
            Datum::Int(most) => (None, most as usize),
            Datum::List(list) => {
                let names: Vec<Key> = list.iter().filter_map(Datum::as_str).map(Key::new).collect();
                if names.iter().enumerate().any(|(n, name)| names[..n].contains(name)) {
                    return Err(Error::option("parts", "names a part twice"));
                }
                let most = names.len();
                (Some(names), most)
            }
            _ => (None, 0),
        };
        if !(2..=MOST).contains(&most) {
            return Err(Error::option("parts", format!("must be from 2 to {MOST}, or so many names")));
        }
        let names = match (names, args.opt_getter("part_getter")) {
            (Some(names), Some(getter)) => Some((getter, names)),
            (Some(_), None) => return Err(Error::option("part_getter", "is missing: it tells which of `parts` a datum is")),
            (None, Some(_)) => return Err(Error::option("part_getter", "has a meaning only with names as `parts`")),
            (None, None) => None,
        };
        let under = args.bool("under");
        if under && names.is_none() {
            return Err(Error::option("under", "has a meaning only with names as `parts`"));
        }
        if !under && args.is_given("key_setter") {
            return Err(Error::option("key_setter", "has a meaning only with `under`"));
        }
        let incomplete = match args.str("incomplete").as_str() {
            "drop" => Incomplete::Drop,
            "error" => Incomplete::Error,
            _ => Incomplete::Pass,
        };
        if incomplete != Incomplete::Pass && args.is_given("missing_setter") {
            return Err(Error::Option {
                option: "missing_setter".into(),
                text: "has a meaning only with incomplete: \"pass\": nothing else goes on of a key whose parts have not all come".into(),
                hint: Some("leave it out, or say incomplete: \"pass\"".into()),
            });
        }
        let max_bytes = args.size("max_bytes");
        let least = Self::blank(most);
        if max_bytes < least {
            return Err(Error::option("max_bytes", format!("must be at least {least}: so much a key takes before its first part")));
        }
        Ok(Self {
            key_getter: args.getter("key_getter"),
            names,
            most,
            window,
            incomplete,
            under,
            key_setter: args.setter("key_setter"),
            missing_setter: args.setter("missing_setter"),
            max_keys: keys::most(args)?,
            max_bytes,
            keys: Keys::default(),
            held: 0,
            bytes: 0,
            timer: None,
            cut: 0,
            key: String::new(),
        })
    }

    /// What a key of so many parts takes before the first one has come, itself left out.
    fn blank(parts: usize) -> usize {
        size_of::<Gathered>() + parts * size_of::<Option<Datum>>()
    }

    /// Takes in a datum whose key is in `key`.
    fn take(&mut self, ctx: &mut Ctx<'_>, key: &str, datum: &Datum) -> Result<()> {
        let place = match &self.names {
            None => None,
            Some((getter, names)) => {
                let part = getter.get(datum)?;
                let place = part.as_str().and_then(|part| names.iter().position(|name| name.as_str() == part));
                Some(place.ok_or_else(|| Error::data("none of the parts", &part.piece()))?)
            }
        };
        if !self.under && datum.opened().as_map().is_none() {
            return Err(Error::WrongKind { what: "a part".into(), wanted: "a map", got: datum.kind() });
        }
        if self.keys.get(key).is_none() {
            let own = self.key_getter.get(datum)?.into_owned().detach();
            let bytes = Self::blank(self.most) + key.len() + weight(&own);
            self.bytes += bytes;
            let gathered = Gathered { parts: vec![None; self.most], come: 0, held: 0, key: own, pool: ctx.pool(), bytes };
            self.keys.add(key, ctx.now() + self.window, gathered);
        }
        let Some((_, gathered)) = self.keys.get(key) else { return Ok(()) };
        ctx.keep(&mut gathered.pool);
        gathered.held += 1;
        self.held += 1;
        // It may stay for long: it must not keep what was read with it.
        let datum = datum.detach();
        let more = EVENT + weight(&datum);
        let before = gathered.parts[place.unwrap_or(gathered.come)].replace(datum);
        let less = before.as_ref().map_or(0, weight);
        gathered.bytes = gathered.bytes + more - less;
        self.bytes = self.bytes + more - less;
        gathered.come += usize::from(before.is_none());
        if gathered.come == self.most
            && let Some(gathered) = self.keys.remove(key)
        {
            self.send(ctx, gathered);
        }
        Ok(())
    }

    /// Sends what was gathered of a key, or what the lack of parts makes of it.
    fn send(&mut self, ctx: &mut Ctx<'_>, gathered: Gathered) {
        self.held -= gathered.held;
        self.bytes -= gathered.bytes;
        let whole = gathered.come == self.most;
        if !whole && self.incomplete == Incomplete::Drop {
            return ctx.emit_pooled(gathered.pool, 0, |_| (Datum::Unit, Ok(())));
        }
        let pool = gathered.pool;
        let (mut datum, mut done) = self.join(gathered.parts, gathered.key, whole);
        if !whole && self.incomplete == Incomplete::Error {
            done = Err(Error::Other(format!("only {} of {} parts have come", gathered.come, self.most)));
        }
        let mut done = Some(done);
        ctx.emit_pooled(pool, 1, |_| (std::mem::take(&mut datum), done.take().unwrap_or(Ok(()))));
    }

    /// The parts as one map, as far as it can be made.
    fn join(&self, parts: Vec<Option<Datum>>, key: Datum, whole: bool) -> (Datum, Result<()>) {
        let name = |n: usize| self.names.as_ref().map(|(_, names)| &names[n]);
        let missing: Vec<usize> = (0..self.most).filter(|n| parts[*n].is_none()).collect();
        let mut datum = Datum::Map(Map::new());
        let mut done = if self.under { self.key_setter.set(&mut datum, key) } else { Ok(()) };
        for (n, part) in parts.into_iter().enumerate() {
            match (part, name(n), datum.map_mut()) {
                (Some(part), Some(name), Some(map)) if self.under => drop(map.insert(name.clone(), part)),
                (Some(mut part), _, Some(map)) => map.extend(part.map_mut().map(std::mem::take).unwrap_or_default().into_entries()),
                _ => {}
            }
        }
        if !whole && self.incomplete == Incomplete::Pass && !self.missing_setter.is_null() {
            let names: Option<Vec<Datum>> = missing.iter().map(|n| name(*n).map(|name| Datum::str(name.as_str()))).collect();
            let missing = names.map_or(Datum::Int(missing.len() as i64), Datum::List);
            done = done.and(self.missing_setter.set(&mut datum, missing));
        }
        (datum, done)
    }

    /// Ends the windows of the first keys when there are too many, or when they hold too much.
    fn make_room(&mut self, ctx: &mut Ctx<'_>) {
        while self.keys.len() > self.max_keys || self.bytes > self.max_bytes {
            let Some(gathered) = self.keys.pop() else { break };
            if self.cut == 0 {
                let (keys, bytes) = (self.max_keys, self.max_bytes);
                let most = format!("{keys} keys (`max_keys`) or {bytes} bytes (`max_bytes`)");
                ctx.say(Priority::Warning, &format!("has more than {most}: windows are cut short from now on, the oldest first"));
            }
            self.cut += 1;
            self.send(ctx, gathered);
        }
    }

    /// Ends the windows that are over.
    fn close(&mut self, ctx: &mut Ctx<'_>, now: Moment) {
        while let Some(gathered) = self.keys.pop_due(now) {
            self.send(ctx, gathered);
        }
    }

    /// Is woken when the next window is over.
    fn wait(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let (None, Some(first)) = (self.timer, self.keys.first()) {
            let timer = ctx.at(first)?;
            // When nothing else can happen the run ends, and what is gathered goes on.
            ctx.weaken(timer);
            self.timer = Some(timer);
        }
        Ok(())
    }
}

impl Cog for Merge {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let now = ctx.now();
        self.close(ctx, now);
        let mut key = std::mem::take(&mut self.key);
        let written = write_key(&mut key, &self.key_getter, &datum);
        let done = written.and_then(|()| self.take(ctx, &key, &datum));
        self.key = key;
        done?;
        self.make_room(ctx);
        self.wait(ctx)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, _: Wake) -> Result<()> {
        if self.timer.is_none() || ctx.token() != self.timer {
            return Ok(());
        }
        self.timer = None;
        let now = ctx.now();
        self.close(ctx, now);
        self.wait(ctx)
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let Some(timer) = self.timer.take() {
            ctx.unbind(timer);
        }
        while let Some(gathered) = self.keys.pop() {
            self.send(ctx, gathered);
        }
        if self.cut > 0 {
            ctx.say(Priority::Warning, &format!("{} windows were cut short", self.cut));
        }
        Ok(())
    }

    fn backlog(&self) -> Backlog {
        Backlog { held: self.held as usize, stalled: false }
    }
}

#[cfg(test)]
mod tests;
