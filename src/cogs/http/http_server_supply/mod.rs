//! `http::http_server_supply`: takes what others send, and answers when it is known what became of it.
//!
//! `serve` is the server, on the helper; `guard` knows who may send. A request becomes events when the train has room for them; until
//! then it waits, and when too many wait, more are told to come again. Its answer goes back when all its events are settled.
//!
//! At the end nothing more is accepted, and what waits is told to come again. What has become events is answered when all that stands
//! behind has ended too, so that the last answers go out when the cog lets go of all.

mod guard;
mod serve;

use std::collections::{BTreeMap, VecDeque};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use self::guard::Guard;
use self::serve::{Open, Received, Server, Terms, Verdict};
use super::wording::{self, Body, Reading};
use crate::cog::{Args, Cog, CogSpec, Ctx, Kind, Lit, OptionGroup, Page, Param, Settled, Ty};
use crate::datum::{Datum, Map, json};
use crate::error::{Error, Result};
use crate::escapement::{Answer, Job, Token, Wake};
use crate::getset::Setter;
use crate::log::Priority;

/// `http::http_server_supply`: nothing -> the body of a request, or its lines.
pub static SPEC: CogSpec = CogSpec {
    family: "http",
    name: "http_server_supply",
    kind: Kind::Supply,
    about: "Takes what is sent to it by HTTP, and answers when all that was made of it is stored, or has failed.",
    page: Page {
        gives: "the body of each request as a string (with encoding \"bytes\" as a blob), its lines, or its elements",
        fails: "a request that is too long, not allowed or no text is refused with its status; one of which any part failed is answered with answer.failed, so that the sender may send it again",
        uses: &[
            r#"http::http_server_supply("127.0.0.1:8080", #{ path: "/events", split: "json" })"#,
            r#"http::http_server_supply(#{ listen: "0.0.0.0:8443", auth: #{ user: "sensor", password: "secret" }, meta_setter: "from", data_setter: "body" })"#,
        ],
        ..Page::OF_KIND
    },
    params: &[
        Param::str("listen").about("address and port to listen on, as \"127.0.0.1:8080\"; port 0 for a free one, which the log tells"),
        Param::str("path").or("/").about("the path that is sent to; others are not found"),
        Param::strs("methods").default(Lit::Strs(&["POST"])).about("methods that are taken"),
        Param::size("max_body").default(Lit::Int(16 << 20)).about("bytes of a request at most; a longer one is refused (413)"),
        wording::AUTH,
        Param::str("encoding")
            .or("auto")
            .about("\"auto\": the encoding that a byte order mark or the request's charset tells, else UTF-8; \"bytes\": a blob; or any label of the WHATWG"),
        Param::new("split", Ty::Choice(&["lines", "json"]))
            .optional()
            .about("\"lines\": a datum of each line; \"json\": of each element of a JSON array, what is no JSON being refused (400); (): of the whole body"),
        Param::new("answer", Ty::Options(&ANSWER)).default(Lit::EmptyMap).about("what is answered"),
        Param::setter("meta_setter").or("nullsetter").about("where a map goes that tells of the request: method, path, headers, peer, time"),
        Param::seconds("timeout").default(Lit::Int(30)).about("seconds that a client may take for the headers of a request, and again for its body"),
        Param::seconds("answer_timeout").default(Lit::Int(60)).about("seconds after which a request is answered (504) though nobody knows yet what became of it"),
        Param::int("max_connections").default(Lit::Int(256)).about("connections at most; more wait"),
        Param::int("max_waiting").default(Lit::Int(64)).about("requests at most that wait for room in the train; more are told to come again (503)"),
    ],
    first: Some("listen"),
    global: false,
    examples: &[],
    build: |args| Ok(Box::new(HttpServerSupply::new(args)?)),
};

static ANSWER: OptionGroup = OptionGroup {
    name: "answer",
    about: "What is answered.",
    params: &[
        Param::int("done").default(Lit::Int(200)).about("the status when all is stored"),
        Param::str("done_body").or("").about("the text that goes with it"),
        Param::int("failed").default(Lit::Int(500)).about("the status when something failed"),
        Param::str("failed_body").or("").about("the text that goes with it"),
    ],
};

/// Requests taken from those that wait in one go.
const AT_ONCE: usize = 16;
/// How long the last answers are waited for.
const LAST: Duration = Duration::from_secs(2);

struct HttpServerSupply {
    listen: SocketAddr,
    terms: Arc<Terms>,
    reading: Reading,
    split: Option<Split>,
    meta_setter: Setter,
    max_waiting: usize,

    listener: Option<TcpListener>,
    /// Whole requests that wait.
    line: Option<Arc<Mutex<mpsc::Receiver<Received>>>>,
    ending: Option<watch::Sender<bool>>,
    open: Arc<Open>,
    taking: Option<Token>,
    /// Requests that were taken and are no events yet.
    taken: VecDeque<Received>,
    giving: Option<Giving>,
    /// Requests whose events are on their way, by the number of the first.
    pending: BTreeMap<u64, Pending>,
    finished: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Split {
    Lines,
    Json,
}

/// A request that is being given out.
struct Giving {
    first: u64,
    rest: Rest,
    meta: Option<Datum>,
}

/// What is still to be given of it.
enum Rest {
    Lines(Body, usize),
    Data(VecDeque<Datum>),
}

struct Pending {
    /// One past the number of the last event so far.
    end: u64,
    open: u64,
    whole: bool,
    failed: bool,
    answer: oneshot::Sender<Verdict>,
}

impl HttpServerSupply {
    fn new(args: &Args) -> Result<Self> {
        let listen = args.str("listen");
        let listen = listen.parse().map_err(|_| Error::Option {
            option: "listen".into(),
            text: format!("`{listen}` is no address with a port"),
            hint: Some("write \"127.0.0.1:8080\" or \"[::1]:8080\"; 0.0.0.0 for all networks".into()),
        })?;
        let path = args.str("path");
        if !path.starts_with('/') {
            return Err(Error::option("path", "must begin with `/`"));
        }
        let methods = args.strs("methods").iter().map(|name| wording::method("methods", name)).collect::<Result<Vec<_>>>()?;
        if let Some(odd) = methods.iter().find(|method| ![Method::POST, Method::PUT, Method::PATCH].contains(method)) {
            return Err(Error::option("methods", format!("`{odd}` sends nothing; POST, PUT and PATCH do")));
        }
        let answer = args.options("answer").expect("a map is its default");
        let said = |name: &str| {
            let code = answer.int(name);
            let status = u16::try_from(code).ok().and_then(|code| StatusCode::from_u16(code).ok()).filter(|status| status.as_u16() >= 200);
            let status = status.ok_or_else(|| Error::option(format!("answer.{name}"), format!("`{code}` is no status of HTTP")))?;
            Ok::<_, Error>((status, answer.str(&format!("{name}_body"))))
        };
        for option in ["max_connections", "max_waiting"] {
            if args.int(option) == 0 {
                return Err(Error::option(option, "must be at least 1"));
            }
        }
        let terms = Terms {
            path,
            methods,
            max_body: args.size("max_body"),
            max_connections: args.size("max_connections"),
            guard: wording::auth(args)?.as_ref().and_then(Guard::of),
            timeout: args.seconds("timeout"),
            answer_timeout: args.seconds("answer_timeout"),
            done: said("done")?,
            failed: said("failed")?,
        };
        Ok(Self {
            listen,
            terms: Arc::new(terms),
            reading: Reading::of(&args.str("encoding"))?,
            split: args.opt_str("split").map(|word| if word == "json" { Split::Json } else { Split::Lines }),
            meta_setter: args.setter("meta_setter"),
            max_waiting: args.size("max_waiting").min(1 << 20),
            listener: None,
            line: None,
            ending: None,
            open: Arc::default(),
            taking: None,
            taken: VecDeque::new(),
            giving: None,
            pending: BTreeMap::new(),
            finished: false,
        })
    }

    /// Waits for requests, on the helper; the first time it begins to serve too.
    fn job(&mut self) -> Option<Job> {
        if let Some(line) = self.line.clone() {
            return Some(Box::pin(async move { take(&line).await }));
        }
        let listener = self.listener.take()?;
        let (put, line) = mpsc::channel(self.max_waiting);
        let (ending, told) = watch::channel(false);
        let server =
            Server { terms: Arc::clone(&self.terms), line: put, ending: told, open: Arc::clone(&self.open), bytes: Server::bytes() };
        let line = Arc::new(Mutex::new(line));
        (self.ending, self.line) = (Some(ending), Some(Arc::clone(&line)));
        Some(Box::pin(async move {
            // It was bound by us; only a runtime that ends has no use for it.
            let _ = server.start(listener);
            take(&line).await
        }))
    }

    /// Gives what there is room for, and waits for more.
    fn go_on(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        loop {
            if self.giving.is_some() {
                self.give(ctx, false);
                if self.giving.is_some() {
                    return Ok(());
                }
            }
            if ctx.room() == 0 {
                return Ok(());
            }
            let Some(received) = self.taken.pop_front() else { break };
            self.begin(ctx, received);
        }
        if self.taking.is_none()
            && !self.finished
            && let Some(job) = self.job()
        {
            self.taking = Some(ctx.offload(job)?);
        }
        Ok(())
    }

    /// Makes a request ready to be given out.
    fn begin(&mut self, ctx: &Ctx<'_>, received: Received) {
        let Received { method, path, headers, body, peer, answer, share } = received;
        let meta = (!self.meta_setter.is_null()).then(|| {
            let mut map = Map::with_capacity(5);
            map.push("method".into(), Datum::from(method.as_str()));
            map.push("path".into(), Datum::from(path));
            map.push("headers".into(), wording::shown_headers(&headers));
            map.push("peer".into(), Datum::from(peer.to_string()));
            map.push("time".into(), Timestamp::try_from(ctx.wall()).map_or(Datum::Unit, Datum::Time));
            Datum::Map(map)
        });
        let (body, bad) = self.reading.read(body, &headers);
        if bad > 0 {
            ctx.say(Priority::Warning, &format!("{bad} places of what {peer} sent are not in its encoding; U+FFFD stands there"));
        }
        let rest = match (self.split, body) {
            (Some(Split::Lines), body) => Rest::Lines(body, 0),
            (None, body) => Rest::Data(VecDeque::from([body.whole()])),
            (Some(Split::Json), body) => {
                let read = body.text().and_then(|text| json::read(text).ok());
                match read.map(|datum| datum.opened().into_owned()) {
                    Some(Datum::List(list)) => Rest::Data(list.into()),
                    Some(other) => Rest::Data(VecDeque::from([other])),
                    None => {
                        let _ = answer.send(Verdict::Unfit);
                        return;
                    }
                }
            }
        };
        // From here on the train counts its bytes.
        drop(share);
        let first = ctx.next_origin();
        self.pending.insert(first, Pending { end: first, open: 0, whole: false, failed: false, answer });
        self.giving = Some(Giving { first, rest, meta });
    }

    /// Gives out what there is room for of a request, or all.
    fn give(&mut self, ctx: &mut Ctx<'_>, all: bool) {
        let Some(mut giving) = self.giving.take() else { return };
        let over = loop {
            if !all && ctx.room() == 0 {
                break false;
            }
            let next = match &mut giving.rest {
                Rest::Data(data) => data.pop_front(),
                Rest::Lines(body, place) => body.line(*place).map(|(line, next)| {
                    *place = next;
                    line
                }),
            };
            let Some(payload) = next else { break true };
            let place = giving.first;
            match &giving.meta {
                Some(meta) => ctx.emit_new_with(payload, place, |datum| self.meta_setter.set(datum, meta.clone())),
                None => ctx.emit_new(payload, place),
            }
        };
        if let Some(pending) = self.pending.get_mut(&giving.first) {
            let end = ctx.next_origin();
            pending.open += end - pending.end;
            (pending.end, pending.whole) = (end, over);
        }
        if over {
            self.answer_if_settled(giving.first);
        } else {
            self.giving = Some(giving);
        }
    }

    fn answer_if_settled(&mut self, first: u64) {
        let settled = self.pending.get(&first).is_some_and(|pending| pending.whole && pending.open == 0);
        if settled && let Some(pending) = self.pending.remove(&first) {
            // A client that has left is not told.
            let _ = pending.answer.send(if pending.failed { Verdict::Failed } else { Verdict::Done });
        }
    }
}

/// Some of the requests that wait, as soon as there are any.
async fn take(line: &Mutex<mpsc::Receiver<Received>>) -> Answer {
    let mut taken = Vec::new();
    line.lock().await.recv_many(&mut taken, AT_ONCE).await;
    Box::new(taken)
}

impl Cog for HttpServerSupply {
    fn turn(&mut self, _ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        Err(Error::Other("a supply takes no data".into()))
    }

    fn open(&mut self) -> Result<()> {
        let cannot = |error: std::io::Error| Error::Other(format!("cannot listen at `{}`: {}", self.listen, crate::error::plain(&error)));
        let listener = TcpListener::bind(self.listen).map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        self.listener = Some(listener);
        Ok(())
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let Some(address) = self.listener.as_ref().and_then(|listener| listener.local_addr().ok()) {
            ctx.say(Priority::Notice, &format!("listens at {address}"));
        }
        self.go_on(ctx)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        if let Wake::Answer(answer) = wake {
            self.taking = None;
            match answer.downcast::<Vec<Received>>() {
                Ok(taken) if taken.is_empty() && !self.finished => {
                    ctx.trouble("the server has ended by itself");
                    ctx.stop(1);
                    return Ok(());
                }
                Ok(taken) => self.taken.extend(*taken),
                Err(_) => {}
            }
        }
        if self.finished { Ok(()) } else { self.go_on(ctx) }
    }

    fn wants_settled(&self) -> bool {
        true
    }

    fn settled(&mut self, ctx: &mut Ctx<'_>, done: &[Settled]) -> Result<()> {
        for settled in done {
            let numbers = settled.numbers();
            let mut firsts = Vec::new();
            for (first, pending) in self.pending.range_mut(..numbers.end).rev() {
                let (from, to) = (numbers.start.max(*first), numbers.end.min(pending.end));
                if from >= to {
                    // Those before it ended earlier still, but for one that has no events yet.
                    if pending.end > *first {
                        break;
                    }
                    continue;
                }
                pending.open -= to - from;
                pending.failed |= settled.failed && !ctx.gives_up();
                firsts.push(*first);
            }
            if settled.failed && ctx.gives_up() {
                // It was not tried to the end: the client may come again.
                for first in firsts {
                    if let Some(pending) = self.pending.remove(&first) {
                        let _ = pending.answer.send(Verdict::NotTaken);
                    }
                }
            } else {
                for first in firsts {
                    self.answer_if_settled(first);
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.finished = true;
        // Half of a request is none: the rest of it goes on in any case.
        self.give(ctx, true);
        if let Some(ending) = &self.ending {
            ending.send_replace(true);
        }
        if let Some(taking) = self.taking.take() {
            ctx.unbind(taking);
        }
        for received in self.taken.drain(..) {
            let _ = received.answer.send(Verdict::NotTaken);
        }
        if let Some(mut line) = self.line.as_ref().and_then(|line| line.try_lock().ok()) {
            line.close();
            while let Ok(received) = line.try_recv() {
                let _ = received.answer.send(Verdict::NotTaken);
            }
        }
        self.listener = None;
        Ok(())
    }

    fn done(&mut self) {
        // What is not settled by now never will be.
        for (_, pending) in std::mem::take(&mut self.pending) {
            let _ = pending.answer.send(Verdict::NotTaken);
        }
        self.line = None;
        self.open.wait_for_none(LAST);
    }
}
