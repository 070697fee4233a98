//! `dns::ip_to_ptr`: puts the names of an address (PTR, RFC 1035 section 3.5 and RFC 3596) into the datum.
//!
//! A datum whose answer is not known yet is held; others go on meanwhile, and the answer sends it on. `hosts` and `cache` hold what
//! needs no question, `lookup` asks on the helper thread, `order` keeps what is held in order of arrival, `find` gathers what is known
//! of one datum, `names` reads addresses and makes names safe to show.
//!
//! Equal questions in flight are asked once. At most `max_pending` are in flight; further ones wait in order of arrival. A look-up
//! ends after `attempts` times `timeout`, at most 5 s, whatever the servers do. Private addresses are asked about like any other;
//! loopback addresses are `localhost` unless the hosts file has another name, and nobody is asked (RFC 6761).

mod cache;
mod find;
mod hosts;
mod lookup;
mod names;
mod order;
#[cfg(test)]
#[path = "../../../../tests/rig/dns.rs"]
mod rig_dns;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use crate::cog::{Args, Backlog, Cog, CogSpec, Ctx, Example, Hold, Kind, Lit, Origins, Param, Ty};
use crate::datum::{Datum, Text};
use crate::error::{Error, Result};
use crate::escapement::{Token, Wake};
use crate::getset::{Getter, Setter};
use crate::log::Priority;

use self::cache::{Cache, Names};
use self::find::{Find, Without};
use self::hosts::{Hosts, Source};
use self::lookup::{Answer, Manners, Reply, Servers};
use self::order::Order;

/// `dns::ip_to_ptr`: a datum with an address -> the same with an array of names, sorted, without final dots.
pub static SPEC: CogSpec = CogSpec {
    family: "dns",
    name: "ip_to_ptr",
    kind: Kind::Enrich,
    about: "Looks up the names (PTR) of addresses without holding up the data that need no answer.",
    params: &[
        Param::getter("ip_getter").or("ip").about("where the address is: a string, or an array of them, all of which are looked up; a network is an error"),
        Param::setter("name_setter").or("hostnames").about("where the names go: an array of strings, sorted, each once, without the final dot; bytes that are not of a host name as \\DDD"),
        Param::setter("status_setter").or("nullsetter").about("where a word about the look-up goes: \"found\", \"cached\" (found, without asking), \"missing\" (no name) or \"timeout\" (of this address or of one in the array)"),
        Param::strs("resolvers").optional().about("the name servers to ask, as ADDR or ADDR:PORT ([ADDR]:PORT for IPv6); () for the system's, from /etc/resolv.conf"),
        Param::new("hosts_file", Ty::Either(&[Ty::Str, Ty::Unit])).or("system").about("a file of addresses and names that is looked into first: \"system\" for /etc/hosts, a path, or () for none"),
        Param::seconds("timeout").default(Lit::Float(1.0)).about("seconds to wait for one server's answer, before the next attempt"),
        Param::int("attempts").default(Lit::Int(4)).about("questions to send before giving up, to each server in turn; the whole look-up ends after 5 s in any case"),
        Param::choice("on_missing", &["empty", "pass", "drop", "error"])
            .about("what becomes of a datum whose address has no name: \"empty\" sets [], \"pass\" leaves it as it is, \"drop\" swallows it, \"error\" fails it"),
        Param::choice("on_timeout", &["pass", "empty", "drop", "error"]).about("what becomes of a datum whose look-up got no answer; the words are those of on_missing"),
        Param::bool("keep_order").default(Lit::Bool(false)).about("send data on in the order they came in, so that a slow answer holds back all that came later"),
        Param::int("max_pending").default(Lit::Int(256)).about("questions in flight at most; more wait in order of arrival"),
        Param::int("cache_size").default(Lit::Int(10_000)).about("answers remembered at most; 0 for none"),
        Param::seconds("cache_ttl_max").default(Lit::Int(3600)).about("seconds an answer is remembered at most; its own time to live counts between 30 s and this"),
        Param::seconds("negative_ttl").default(Lit::Int(60)).about("seconds it is remembered that an address has no name"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "loopback is known without asking",
            make: "dns::ip_to_ptr(#{ hosts_file: () })",
            input: r#"{"ip": "127.0.0.1"}"#,
            output: &[r#"{"ip": "127.0.0.1", "hostnames": ["localhost"]}"#],
        },
        Example {
            what: "several addresses elsewhere in the datum",
            make: r#"dns::ip_to_ptr(#{ ip_getter: "src.ip", name_setter: "src.names", hosts_file: () })"#,
            input: r#"{"src": {"ip": ["127.0.0.1", "::1"]}}"#,
            output: &[r#"{"src": {"ip": ["127.0.0.1", "::1"], "names": ["localhost"]}}"#],
        },
        Example {
            what: "no address, no name",
            make: r#"dns::ip_to_ptr(#{ status_setter: "status" })"#,
            input: r#"{"ip": []}"#,
            output: &[r#"{"ip": [], "hostnames": [], "status": "missing"}"#],
        },
    ],
    build: |args| Ok(Box::new(IpToPtr::new(args)?)),
};

/// A shorter time to live would have the same question asked over and over.
const TTL_MIN: Duration = Duration::from_secs(30);

/// No look-up takes longer.
const LONGEST: Duration = Duration::from_secs(5);

struct IpToPtr {
    ip_getter: Getter,
    name_setter: Setter,
    status_setter: Setter,
    on_missing: Without,
    on_timeout: Without,
    keep_order: bool,
    ttl_max: Duration,
    negative_ttl: Duration,
    /// As given; none for the system's.
    resolvers: Option<Vec<SocketAddr>>,
    /// Who the system's are.
    system: fn() -> Vec<SocketAddr>,
    manners: Manners,
    max_pending: usize,
    source: Source,

    hosts: Hosts,
    /// None while there is nobody to ask.
    servers: Option<Servers>,
    cache: Cache,
    /// What is asked, or waits to be, and who waits for the answer.
    questions: HashMap<IpAddr, Question>,
    /// Questions not asked yet, in order of arrival.
    line: VecDeque<IpAddr>,
    in_flight: usize,
    held: Order<Held>,
}

#[derive(Default)]
struct Question {
    /// The job, once it is asked.
    job: Option<Token>,
    /// Numbers in [`IpToPtr::held`].
    waiting: Vec<u64>,
}

struct Held {
    hold: Hold,
    datum: Datum,
    find: Find,
}

impl IpToPtr {
    fn new(args: &Args) -> Result<Self> {
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
            ip_getter: args.getter("ip_getter"),
            name_setter: args.setter("name_setter"),
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
            source: Source::of(&args.datum("hosts_file"))?,
            hosts: Hosts::default(),
            servers: None,
            cache: Cache::new(args.size("cache_size")),
            questions: HashMap::new(),
            line: VecDeque::new(),
            in_flight: 0,
            held: Order::new(),
        })
    }

    /// Adds what is known about `address` to `find`; false when it must be asked.
    fn look(&mut self, ctx: &Ctx<'_>, address: IpAddr, find: &mut Find) -> bool {
        if let Some(names) = self.hosts.get(address) {
            find.add(&names);
            find.fresh = true;
        } else if address.is_loopback() {
            find.add(&[Text::fixed("localhost")]);
            find.fresh = true;
        } else if let Some(names) = self.cache.get(address, ctx.now()) {
            find.add(&names);
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
            _ if find.nothing || !find.names.is_empty() => Without::Empty,
            true => self.on_timeout,
            false => self.on_missing,
        };
        match without {
            Without::Drop => return Ok(false),
            Without::Error if find.silence => return Err(Error::Other("no name server has answered".into())),
            Without::Error => return Err(Error::Other("the address has no name".into())),
            Without::Empty if !self.name_setter.is_null() => {
                let names = find.names.iter().cloned().map(Datum::Str).collect();
                self.name_setter.set(datum, Datum::List(names))?;
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
            && let Some(address) = self.line.pop_front()
        {
            let Some(servers) = &self.servers else { return };
            match ctx.offload(servers.job(address)) {
                Ok(job) => {
                    self.in_flight += 1;
                    if let Some(question) = self.questions.get_mut(&address) {
                        question.job = Some(job);
                    }
                }
                Err(error) => {
                    ctx.say(Priority::Error, &error.to_string());
                    self.settle(ctx, address, &Answer::Silence);
                }
            }
        }
    }

    /// An answer: remembers it, and sends on whom nothing else keeps.
    fn settle(&mut self, ctx: &mut Ctx<'_>, address: IpAddr, answer: &Answer) {
        let now = ctx.now();
        let names: Names = match answer {
            Answer::Names(names, _) => names.iter().map(|name| Text::from(name.as_str())).collect(),
            _ => Rc::from([]),
        };
        match answer {
            Answer::Names(_, ttl) => self.cache.put(address, Rc::clone(&names), now, now + (*ttl).max(TTL_MIN).min(self.ttl_max)),
            Answer::Missing => self.cache.put(address, Rc::clone(&names), now, now + self.negative_ttl),
            Answer::Silence => ctx.say(Priority::Warning, &format!("no answer about `{address}`")),
        }
        for number in self.questions.remove(&address).unwrap_or_default().waiting {
            let Some(held) = self.held.get_mut(number) else { continue };
            held.find.add(&names);
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
    fn lost(&self, job: Option<Token>) -> Option<Reply> {
        let (address, _) = self.questions.iter().find(|(_, question)| question.job.is_some() && question.job == job)?;
        Some(Reply { address: *address, answer: Answer::Silence })
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

impl Cog for IpToPtr {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        let addresses = names::addresses(&*self.ip_getter.get(&datum)?)?;
        let mut find = Find { nothing: addresses.is_empty(), ..Find::default() };
        let unknown: Vec<IpAddr> = addresses.into_iter().filter(|address| !self.look(ctx, *address, &mut find)).collect();
        if unknown.is_empty() && (self.held.is_empty() || !self.keep_order) {
            if self.dress(&mut datum, &find)? {
                ctx.emit(datum);
            }
            return Ok(());
        }
        find.open = unknown.len();
        let number = self.held.push(Held { hold: ctx.hold(), datum, find });
        for address in unknown {
            let question = self.questions.entry(address).or_default();
            if question.waiting.is_empty() {
                self.line.push_back(address);
            }
            question.waiting.push(number);
        }
        self.ask(ctx);
        Ok(())
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.hosts = Hosts::read(&self.source)?;
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
                let reply = answer.downcast::<Reply>().map(|reply| *reply);
                if let Some(Reply { address, answer }) = reply.ok().or_else(|| self.lost(ctx.token())) {
                    self.in_flight -= 1;
                    self.settle(ctx, address, &answer);
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
