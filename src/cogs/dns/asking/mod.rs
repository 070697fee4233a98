//! Asking name servers without holding up the data that need no answer: what all cogs of this family do.
//!
//! A datum whose answer is not known yet is held; others go on meanwhile, and the answer sends it on. A [`Subject`] says what is asked
//! and what needs no question, `cache` holds answers, `lookup` asks on the helper thread, `order` keeps what is held in order of
//! arrival, `find` gathers what is known of one datum, `hosts` is the hosts file, `names` makes names safe to show, `options` are those
//! that all have.
//!
//! Equal questions in flight are asked once. At most `max_pending` are in flight; further ones wait in order of arrival. A look-up
//! ends after `attempts` times `timeout`, at most 5 s, whatever the servers do.

mod cache;
mod find;
mod hosts;
mod lookup;
pub(super) mod names;
pub(super) mod options;
mod order;
mod subject;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::cog::{Args, Backlog, Cog, Ctx, Hold, Origins};
use crate::datum::{Datum, Text};
use crate::error::{Error, Result};
use crate::escapement::{Token, Wake};
use crate::getset::{Getter, Setter};
use crate::log::Priority;

pub(super) use self::cache::Found;
pub(super) use self::hosts::{HOSTS_FILE, Hosts, Source};
pub(super) use self::subject::Subject;

use self::cache::Cache;
use self::find::{Find, Without};
use self::lookup::{Answer, Manners, Reply, Servers};
use self::order::Order;

/// A shorter time to live would have the same question asked over and over.
const TTL_MIN: Duration = Duration::from_secs(30);

/// No look-up takes longer.
const LONGEST: Duration = Duration::from_secs(5);

/// A cog that asks about `S`.
pub(super) struct Asking<S: Subject> {
    subject: S,
    getter: Getter,
    setter: Setter,
    status_setter: Setter,
    on_missing: Without,
    on_timeout: Without,
    keep_order: bool,
    ttl_max: Duration,
    negative_ttl: Duration,
    /// As given; none for the system's.
    resolvers: Option<Vec<SocketAddr>>,
    /// Who the system's are.
    pub(super) system: fn() -> Vec<SocketAddr>,
    pub(super) manners: Manners,
    max_pending: usize,

    /// None while there is nobody to ask.
    servers: Option<Servers>,
    cache: Cache<S::Key>,
    /// What is asked, or waits to be, and who waits for the answer.
    questions: HashMap<S::Key, Question>,
    /// Questions not asked yet, in order of arrival.
    line: VecDeque<S::Key>,
    in_flight: usize,
    held: Order<Held>,
}

#[derive(Default)]
struct Question {
    /// The job, once it is asked.
    job: Option<Token>,
    /// Numbers in [`Asking::held`].
    waiting: Vec<u64>,
}

struct Held {
    hold: Hold,
    datum: Datum,
    find: Find,
}

impl<S: Subject> Asking<S> {
    /// # Errors
    /// Options that cannot work.
    pub(super) fn new(args: &Args) -> Result<Self> {
        let resolvers = match args.given("resolvers") {
            None => None,
            Some(_) => Some(args.strs("resolvers").iter().map(|text| lookup::server(text)).collect::<Result<Vec<_>>>()?),
        };
        if resolvers.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::option("resolvers", "names no server"));
        }
        let manners = Manners { attempts: args.size("attempts"), timeout: args.seconds("timeout"), longest: LONGEST };
        let max_pending = args.size("max_pending");
        for (option, zero) in
            [("attempts", manners.attempts == 0), ("timeout", manners.timeout.is_zero()), ("max_pending", max_pending == 0)]
        {
            if zero {
                return Err(Error::option(option, "must be more than 0"));
            }
        }
        Ok(Self {
            subject: S::new(args)?,
            getter: args.getter(S::GETTER),
            setter: args.setter(S::SETTER),
            status_setter: args.setter("status_setter"),
            on_missing: Without::of(&args.str("on_missing")),
            on_timeout: Without::of(&args.str("on_timeout")),
            keep_order: args.bool("keep_order"),
            ttl_max: args.seconds("cache_ttl_max"),
            negative_ttl: args.seconds("negative_ttl"),
            resolvers,
            system: lookup::system,
            manners,
            max_pending,
            servers: None,
            cache: Cache::new(args.size("cache_size")),
            questions: HashMap::new(),
            line: VecDeque::new(),
            in_flight: 0,
            held: Order::new(),
        })
    }

    /// Adds what is known about `key` to `find`; false when it must be asked.
    fn look(&mut self, ctx: &Ctx<'_>, key: &S::Key, find: &mut Find) -> bool {
        if let Some(found) = self.subject.known(key) {
            find.add(&found, S::order);
            find.fresh = true;
        } else if let Some(found) = self.cache.get(key, ctx.now()) {
            find.add(&found, S::order);
        } else if self.servers.is_none() {
            find.silence = true;
        } else {
            return false;
        }
        true
    }

    /// Puts what was found into the datum; false when it is to be swallowed.
    fn dress(&self, datum: &mut Datum, find: &Find) -> Result<bool> {
        let without = match find.silence {
            _ if find.nothing || !find.found.is_empty() => Without::Empty,
            true => self.on_timeout,
            false => self.on_missing,
        };
        match without {
            Without::Drop => return Ok(false),
            Without::Error if find.silence => return Err(Error::Other("no name server has answered".into())),
            Without::Error => return Err(Error::Other(S::NOTHING.into())),
            Without::Empty if !self.setter.is_null() => {
                let found = find.found.iter().cloned().map(Datum::Str).collect();
                self.setter.set(datum, Datum::List(found))?;
            }
            _ => {}
        }
        if !self.status_setter.is_null() {
            self.status_setter.set(datum, Datum::Str(Text::fixed(find.word())))?;
        }
        Ok(true)
    }

    fn send(&self, ctx: &mut Ctx<'_>, held: Held) {
        let Held { hold, mut datum, find } = held;
        match self.dress(&mut datum, &find) {
            Ok(true) => ctx.emit_held(hold, datum),
            Ok(false) => ctx.release(hold),
            Err(error) => ctx.fail_held(hold, datum, &error),
        }
    }

    /// Has as many questions asked as may be in flight.
    fn ask(&mut self, ctx: &mut Ctx<'_>) {
        while self.in_flight < self.max_pending
            && let Some(key) = self.line.pop_front()
        {
            let Some(servers) = &self.servers else { return };
            match ctx.offload(servers.job::<S>(key.clone())) {
                Ok(job) => {
                    self.in_flight += 1;
                    if let Some(question) = self.questions.get_mut(&key) {
                        question.job = Some(job);
                    }
                }
                Err(error) => {
                    ctx.say(Priority::Error, &error.to_string());
                    self.settle(ctx, &key, &Answer::Silence);
                }
            }
        }
    }

    /// An answer: remembers it, and sends on whom nothing else keeps.
    fn settle(&mut self, ctx: &mut Ctx<'_>, key: &S::Key, answer: &Answer) {
        let now = ctx.now();
        let found: Found = match answer {
            Answer::Found(found, _) => found.iter().map(|one| Text::from(one.as_str())).collect(),
            _ => Rc::from([]),
        };
        match answer {
            Answer::Found(_, ttl) => self.cache.put(key.clone(), Rc::clone(&found), now, now + (*ttl).max(TTL_MIN).min(self.ttl_max)),
            Answer::Missing => self.cache.put(key.clone(), Rc::clone(&found), now, now + self.negative_ttl),
            Answer::Silence => ctx.say(Priority::Warning, &format!("no answer about `{key}`")),
        }
        for number in self.questions.remove(key).unwrap_or_default().waiting {
            let Some(held) = self.held.get_mut(number) else { continue };
            held.find.add(&found, S::order);
            held.find.silence |= *answer == Answer::Silence;
            held.find.fresh = true;
            held.find.open -= 1;
            if held.find.open == 0 && !self.keep_order {
                let held = self.held.take(number).expect("it was just looked at");
                self.send(ctx, held);
            }
        }
        while let Some(held) = self.held.take_first_if(|held| held.find.open == 0) {
            self.send(ctx, held);
        }
    }

    /// For a look-up that panicked: what it was about, as if nobody had answered.
    fn lost(&self, job: Option<Token>) -> Option<Reply<S::Key>> {
        let (key, _) = self.questions.iter().find(|(_, question)| question.job.is_some() && question.job == job)?;
        Some(Reply { key: key.clone(), answer: Answer::Silence })
    }

    /// Sends on all that is held, in order, as if no further answer came.
    fn give_up(&mut self, ctx: &mut Ctx<'_>) {
        self.line.clear();
        self.in_flight = 0;
        for (_, question) in self.questions.drain() {
            if let Some(job) = question.job {
                ctx.unbind(job);
            }
        }
        while let Some(mut held) = self.held.take_first_if(|_| true) {
            held.find.silence |= held.find.open > 0;
            self.send(ctx, held);
        }
    }
}

impl<S: Subject> Cog for Asking<S> {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        let keys = self.subject.keys(&*self.getter.get(&datum)?)?;
        let mut find = Find { nothing: keys.is_empty(), ..Find::default() };
        let unknown: Vec<S::Key> = keys.into_iter().filter(|key| !self.look(ctx, key, &mut find)).collect();
        if unknown.is_empty() && (self.held.is_empty() || !self.keep_order) {
            if self.dress(&mut datum, &find)? {
                ctx.emit(datum);
            }
            return Ok(());
        }
        find.open = unknown.len();
        let number = self.held.push(Held { hold: ctx.hold(), datum, find });
        for key in unknown {
            let question = self.questions.entry(key.clone()).or_default();
            if question.waiting.is_empty() {
                self.line.push_back(key);
            }
            question.waiting.push(number);
        }
        self.ask(ctx);
        Ok(())
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.subject.wind()?;
        let servers = self.resolvers.clone().unwrap_or_else(self.system);
        if servers.is_empty() {
            ctx.say(Priority::Warning, "the system names no name server, so no look-up gets an answer");
        } else {
            self.servers = Some(Servers::new(&servers, self.manners)?);
        }
        Ok(())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        match wake {
            Wake::Answer(answer) => {
                let reply = answer.downcast::<Reply<S::Key>>().map(|reply| *reply);
                if let Some(Reply { key, answer }) = reply.ok().or_else(|| self.lost(ctx.token())) {
                    self.in_flight -= 1;
                    self.settle(ctx, &key, &answer);
                }
                self.ask(ctx);
            }
            Wake::GiveUp => self.give_up(ctx),
            _ => {}
        }
        Ok(())
    }

    fn busy(&self) -> bool {
        !self.held.is_empty()
    }

    fn backlog(&self) -> Backlog {
        Backlog { held: self.held.len(), stalled: self.in_flight >= self.max_pending }
    }

    fn kept_origins(&self) -> Origins {
        let mut origins = Origins::default();
        self.held.iter().for_each(|held| origins.add(held.hold.lineage()));
        origins
    }
}
