//! `http::http_supply`: fetches documents from servers, once or on a beat.
//!
//! The addresses are asked one after the other. An answer counts only as a whole; one that is not wanted, or came to nothing, is
//! asked for again a few times, then at the next beat. `memory` knows what was given last, so that a server need not say it again.
//!
//! What was given out but not settled when the program is killed is asked for again, as its mark was not taken over.

mod memory;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url};

use self::memory::{Mark, Memory};
use super::fault::{Fault, Word};
use super::fetch::{self, Ask, Reply};
use super::manager::{self, Context, Manager};
use super::patience;
use super::tls::Tls;
use super::wording::{self, Body, Reading};
use crate::cog::{Args, Cog, CogSpec, Ctx, Kind, Lit, OptionGroup, Page, Param, Settled, Ty};
use crate::datum::{Datum, Map};
use crate::error::{Error, Result};
use crate::escapement::{Moment, Token, Wake};
use crate::getset::Setter;
use crate::log::Priority;
use crate::state::{self, BAD_STATE, Found, Keeper, STATE_FILE, STATE_INTERVAL};

/// `http::http_supply`: nothing -> the body of an answer, or its lines.
pub static SPEC: CogSpec = CogSpec {
    family: "http",
    name: "http_supply",
    kind: Kind::Supply,
    about: "Fetches documents by HTTP, once or on a beat, and gives each new answer as one datum or line by line.",
    page: Page {
        gives: "the body of each answer as a string (with encoding \"bytes\" as a blob), or its lines",
        fails: "an answer that is not wanted, or none, is tried again, then told in the log; the next round comes",
        uses: &[
            r#"http::http_supply("https://feeds.example/bad.txt", #{ interval: 900, split: "lines" })"#,
            r#"http::http_supply(#{ url: "https://api.example/status", interval: 0, headers: #{ Accept: "application/json" } })"#,
        ],
        ..Page::OF_KIND
    },
    params: &[
        Param::strs("url").about("the address, or several, which are asked one after the other"),
        Param::seconds("interval").default(Lit::Int(3600)).about("seconds from one round to the next; 0 for one round, after which the supply has ended"),
        Param::seconds("jitter").default(Lit::Int(0)).about("each round begins up to so many seconds later, by chance"),
        manager::MANAGER,
        Param::str("method").or("GET").about("GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS"),
        wording::HEADERS,
        Param::new("body", Ty::Octets).optional().about("what is sent along"),
        wording::AUTH,
        Param::bool("conditional")
            .default(Lit::Bool(true))
            .about("ask only for what is newer than the last answer (ETag, Last-Modified); nothing newer gives nothing"),
        Param::bool("only_changed").default(Lit::Bool(false)).about("give nothing when the body is the same as that of the last answer"),
        Param::new("accept_status", Ty::Ints).default(Lit::Worked("[200]")).about("statuses of answers that are wanted"),
        Param::str("encoding")
            .or("auto")
            .about("\"auto\": the encoding that a byte order mark or the answer's charset tells, else UTF-8; \"bytes\": a blob; or any label of the WHATWG"),
        Param::new("split", Ty::Choice(&["lines"])).optional().about("\"lines\": a datum of each line; (): of the whole body"),
        Param::new("retry", Ty::Options(&RETRY)).default(Lit::EmptyMap).about("when an answer is not wanted, or there is none"),
        Param::setter("meta_setter").or("nullsetter").about("where a map goes that tells of the answer: url, status, headers, time"),
        manager::TIMEOUT,
        manager::TLS,
        STATE_FILE.about("where to remember which answers were given already (ETag, Last-Modified, a hash of the body), when all made of them is stored, so that the next run asks for what is newer only; (): each run gives the first answer anew"),
        STATE_INTERVAL,
        BAD_STATE.about("what to do when nothing in state_file and its predecessor can be used: not to run, or to ask for everything again"),
    ],
    first: Some("url"),
    global: false,
    examples: &[],
    build: |args| Ok(Box::new(HttpSupply::new(args)?)),
};

static RETRY: OptionGroup = OptionGroup {
    name: "retry",
    about: "When it is tried again.",
    params: &[
        Param::int("count").default(Lit::Int(3)).about("further tries, before the next round"),
        Param::seconds("delay")
            .default(Lit::Int(1))
            .about("seconds before the first of them, a fifth more or less; longer where the server asks for it by Retry-After"),
        Param::int("factor").default(Lit::Int(2)).about("how many times longer each following pause is, up to 60 s"),
    ],
};

#[expect(clippy::struct_excessive_bools, reason = "options and facts, each of its own")]
struct HttpSupply {
    urls: Vec<Url>,
    /// What stood in the addresses.
    auths: Vec<Option<HeaderValue>>,
    interval: Duration,
    jitter: Duration,
    manager: Arc<Manager>,
    tls: Tls,
    method: Method,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
    timeout: Duration,
    conditional: bool,
    only_changed: bool,
    accept: Vec<StatusCode>,
    reading: Reading,
    lines: bool,
    retries: u32,
    delay: Duration,
    factor: f64,
    meta_setter: Setter,
    state: Option<state::Options>,

    context: Option<Arc<Context>>,
    keeper: Option<Keeper>,
    /// The checkpoint stays as it is.
    frozen: bool,
    memory: Memory,
    /// Addresses still to be asked in this round; the first is being asked.
    round: VecDeque<usize>,
    phase: Phase,
    /// Tries of the first that came to nothing.
    tries: u32,
    /// Whether an address of this round was given up.
    failed: bool,
    beat: Option<Token>,
    /// When this round was due.
    due: Option<Moment>,
    finished: bool,
}

/// What is being done about the first address of the round.
enum Phase {
    /// Nothing yet: it waits for room.
    Rest,
    Asking(Token),
    Pausing(Token),
    Giving(Giving),
}

/// An answer that is being given out.
struct Giving {
    body: Body,
    /// Where the next line begins.
    place: usize,
    meta: Option<Datum>,
    mark: Mark,
}

impl HttpSupply {
    fn new(args: &Args) -> Result<Self> {
        let manager = manager::of(args)?;
        let parsed = args.strs("url").iter().map(|url| wording::url(url)).collect::<Result<Vec<_>>>()?;
        if parsed.is_empty() {
            return Err(Error::option("url", "names nothing to fetch"));
        }
        let (urls, auths): (Vec<_>, Vec<_>) = parsed.into_iter().unzip();
        let body = args.opt_bytes("body");
        let retry = args.options("retry").expect("a map is its default");
        Ok(Self {
            memory: Memory::new(urls.clone(), 0),
            urls,
            auths,
            interval: args.seconds("interval"),
            jitter: args.seconds("jitter"),
            tls: manager.tls(args.options("tls"))?,
            timeout: args.opt_seconds("timeout").unwrap_or(manager.timeout()),
            manager,
            method: wording::method("method", &args.str("method"))?,
            headers: wording::headers(args)?,
            body,
            conditional: args.bool("conditional"),
            only_changed: args.bool("only_changed"),
            accept: wording::statuses("accept_status", &args.datum("accept_status"))?.unwrap_or_else(|| vec![StatusCode::OK]),
            reading: Reading::of(&args.str("encoding"))?,
            lines: args.opt_str("split").is_some(),
            retries: u32::try_from(retry.int("count")).unwrap_or(u32::MAX),
            delay: retry.seconds("delay"),
            factor: retry.int("factor") as f64,
            meta_setter: args.setter("meta_setter"),
            state: state::Options::of(args)?,
            context: None,
            keeper: None,
            frozen: false,
            round: VecDeque::new(),
            phase: Phase::Rest,
            tries: 0,
            failed: false,
            beat: None,
            due: None,
            finished: false,
        })
    }

    /// A round is due.
    fn begin_round(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if !self.interval.is_zero() {
            let now = ctx.now();
            let mut next = self.due.unwrap_or(now) + self.interval;
            if next <= now {
                next = now + self.interval;
            }
            self.due = Some(next);
            self.beat = Some(ctx.at(next + self.jitter.mul_f64(patience::chance()))?);
        }
        if !self.round.is_empty() {
            ctx.say(Priority::Notice, "the round before is not over yet: this one is left out");
            return Ok(());
        }
        self.failed = false;
        self.round.extend(0..self.urls.len());
        self.ask(ctx)
    }

    /// Asks the first address of the round, if there is room for an answer.
    fn ask(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let Some(url) = self.round.front().copied() else { return Ok(()) };
        self.phase = Phase::Rest;
        let Some(context) = self.context.clone().filter(|_| ctx.room() > 0) else { return Ok(()) };
        let mut headers = self.headers.clone();
        if let (Some(auth), false) = (&self.auths[url], headers.contains_key(AUTHORIZATION)) {
            headers.insert(AUTHORIZATION, auth.clone());
        }
        if let Some(mark) = self.memory.latest(url).filter(|_| self.conditional) {
            mark.ask_for_newer(&mut headers);
        }
        let ask = Ask { method: self.method.clone(), url: self.urls[url].clone(), headers, body: self.body.clone(), timeout: self.timeout };
        self.phase = Phase::Asking(ctx.offload(fetch::job(&self.manager, &context, ask))?);
        Ok(())
    }

    /// The first address of the round is done with.
    fn next(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.round.pop_front();
        self.tries = 0;
        self.phase = Phase::Rest;
        if self.round.is_empty() && self.failed && self.interval.is_zero() {
            ctx.stop(1);
        }
        self.ask(ctx)
    }

    /// An answer has come, or why there is none.
    fn take(&mut self, ctx: &mut Ctx<'_>, url: usize, outcome: fetch::Outcome) -> Result<()> {
        let (fault, wait) = match outcome {
            Ok(reply) if self.accept.contains(&reply.status) => return self.receive(ctx, url, reply),
            Ok(reply) if reply.status == StatusCode::NOT_MODIFIED && self.conditional && self.memory.latest(url).is_some() => {
                ctx.say(Priority::Debug, &format!("`{}`: nothing is new", super::fault::shown(&self.urls[url])));
                return self.next(ctx);
            }
            Ok(reply) => {
                let wait = patience::asked(&reply.headers, ctx.wall());
                (Fault::new(Word::Status, &self.urls[url], format!("it answers {}", reply.status)), wait)
            }
            Err(fault) => (fault, None),
        };
        self.tries += 1;
        if self.tries > self.retries {
            let tries = if self.tries == 1 { String::new() } else { format!("; gives up after {} tries", self.tries) };
            ctx.trouble(&format!("{fault}{tries}"));
            self.failed = true;
            return self.next(ctx);
        }
        let pause = patience::pause(self.delay, self.factor, self.tries).max(wait.unwrap_or_default());
        ctx.say(Priority::Warning, &format!("{fault}; tries again in {:.1} s", pause.as_secs_f64()));
        self.phase = Phase::Pausing(ctx.after(pause)?);
        Ok(())
    }

    /// A wanted answer.
    fn receive(&mut self, ctx: &mut Ctx<'_>, url: usize, reply: Reply) -> Result<()> {
        let mark = Mark::of(&reply.headers, self.only_changed.then_some(&*reply.body));
        if self.memory.latest(url).is_some_and(|latest| latest.is_same(&mark)) {
            return self.next(ctx);
        }
        let (body, bad) = self.reading.read(reply.body, &reply.headers);
        let shown = super::fault::shown(&reply.url);
        if bad > 0 {
            ctx.say(Priority::Warning, &format!("`{shown}`: {bad} places of the answer are not in its encoding; U+FFFD stands there"));
        }
        let meta = (!self.meta_setter.is_null()).then(|| {
            let mut map = Map::with_capacity(4);
            map.push("url".into(), Datum::from(shown));
            map.push("status".into(), Datum::Int(reply.status.as_u16().into()));
            map.push("headers".into(), wording::shown_headers(&reply.headers));
            map.push("time".into(), Timestamp::try_from(ctx.wall()).map_or(Datum::Unit, Datum::Time));
            Datum::Map(map)
        });
        self.phase = Phase::Giving(Giving { body, place: 0, meta, mark });
        self.give(ctx, false)
    }

    /// Gives out what there is room for, or all.
    fn give(&mut self, ctx: &mut Ctx<'_>, all: bool) -> Result<()> {
        let Phase::Giving(mut giving) = std::mem::replace(&mut self.phase, Phase::Rest) else { return Ok(()) };
        let mut over = false;
        if self.lines {
            while !over && (all || ctx.room() > 0) {
                let Some((line, next)) = giving.body.line(giving.place) else {
                    over = true;
                    break;
                };
                over = giving.body.line(next).is_none();
                giving.place = next;
                self.send(ctx, line, over, giving.meta.as_ref());
            }
        } else if all || ctx.room() > 0 {
            let body = std::mem::replace(&mut giving.body, Body::Bytes(Vec::new()));
            giving.place = 1;
            over = true;
            self.send(ctx, body.whole(), true, giving.meta.as_ref());
        }
        if !over {
            self.phase = Phase::Giving(giving);
            return Ok(());
        }
        let url = self.round.front().copied().unwrap_or_default();
        if self.memory.has_given(url, giving.mark, giving.place == 0)
            && let Some(keeper) = &mut self.keeper
            && !self.finished
        {
            keeper.changed(ctx, 0)?;
        }
        if self.finished { Ok(()) } else { self.next(ctx) }
    }

    fn send(&self, ctx: &mut Ctx<'_>, payload: Datum, is_last: bool, meta: Option<&Datum>) {
        let place = self.memory.place(is_last);
        match meta {
            Some(meta) => ctx.emit_new_with(payload, place, |datum| self.meta_setter.set(datum, meta.clone())),
            None => ctx.emit_new(payload, place),
        }
    }
}

impl Cog for HttpSupply {
    fn turn(&mut self, _ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        Err(Error::Other("a supply takes no data".into()))
    }

    fn open(&mut self) -> Result<()> {
        self.context = Some(self.manager.open(&self.tls)?);
        Ok(())
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if !self.tls.verify {
            ctx.say(Priority::Warning, wording::UNVERIFIED);
        }
        self.memory = Memory::new(self.urls.clone(), ctx.next_origin());
        if let Some(options) = &self.state {
            let (keeper, found) = Keeper::open(ctx, options, "http::http_supply")?;
            if let Found::Kept { body, .. } = found {
                self.memory.read(&body);
            }
            self.keeper = Some(keeper);
        }
        self.beat = Some(ctx.after(self.jitter.mul_f64(patience::chance()))?);
        Ok(())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        let memory = &self.memory;
        let wake = match &mut self.keeper {
            Some(keeper) => keeper.wake(ctx, wake, || memory.write())?,
            None => Some(wake),
        };
        let token = ctx.token();
        match (wake, &self.phase) {
            (Some(Wake::Due { .. }), _) if token.is_some() && token == self.beat => {
                self.beat = None;
                self.begin_round(ctx)
            }
            (Some(Wake::Due { .. }), Phase::Pausing(pausing)) if token == Some(*pausing) => self.ask(ctx),
            (Some(Wake::Answer(answer)), Phase::Asking(asking)) if token == Some(*asking) => {
                let url = self.round.front().copied().unwrap_or_default();
                let outcome = fetch::outcome(answer, &self.urls[url]);
                self.take(ctx, url, outcome)
            }
            (Some(Wake::Room), Phase::Giving(_)) => self.give(ctx, false),
            (Some(Wake::Room), Phase::Rest) => self.ask(ctx),
            _ => Ok(()),
        }
    }

    fn wants_settled(&self) -> bool {
        self.keeper.is_some()
    }

    fn settled(&mut self, ctx: &mut Ctx<'_>, done: &[Settled]) -> Result<()> {
        let mut any = false;
        for settled in done.iter().filter(|settled| !(settled.failed && ctx.gives_up())) {
            any |= self.memory.settle(settled);
        }
        match &mut self.keeper {
            Some(keeper) if any && !self.finished => keeper.changed(ctx, 1),
            _ => Ok(()),
        }
    }

    fn freeze_checkpoint(&mut self) {
        self.frozen = true;
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.finished = true;
        if let Some(beat) = self.beat.take() {
            ctx.unbind(beat);
        }
        match self.phase {
            // Nothing of it was given out yet.
            Phase::Asking(token) | Phase::Pausing(token) => {
                ctx.unbind(token);
                self.phase = Phase::Rest;
            }
            Phase::Giving(_) => self.give(ctx, true)?,
            Phase::Rest => {}
        }
        self.round.clear();
        Ok(())
    }

    fn done(&mut self) {
        if let Some(keeper) = &mut self.keeper
            && !self.frozen
        {
            keeper.write_now(self.memory.write(), true);
        }
    }
}
