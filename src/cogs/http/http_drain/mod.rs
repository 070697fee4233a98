//! `http::http_drain`: sends data to a server, several in one request, and counts them as stored when it says so.
//!
//! One request is under way at a time, so that order is kept. What arrives meanwhile makes the next batch. A server that is away or
//! busy is asked again and again, with growing pauses; what it refuses for good fails. Nothing is settled before a positive answer,
//! so that a supply that can read again does so after a crash.

mod form;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url};

use self::form::Form;
use super::fault::{Fault, Word};
use super::fetch::{self, Ask};
use super::manager::{self, Context, Manager};
use super::tls::Tls;
use super::{patience, wording};
use crate::cog::{Args, Backlog, Batch, Cog, CogSpec, Ctx, Hold, Kind, Lit, OptionGroup, Origins, Outcome, Page, Param, Ty};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::escapement::{Moment, Token, Wake};
use crate::getset::Getter;
use crate::log::Priority;

/// `http::http_drain`: any datum -> the same, when the server has taken it.
pub static SPEC: CogSpec = CogSpec {
    family: "http",
    name: "http_drain",
    kind: Kind::Drain,
    about: "Sends data to a server, in batches and in order; an event ends well when the server has answered that it has it.",
    page: Page {
        takes: "any datum; a string or a blob is sent as it is, anything else as JSON",
        fails: "data to which the server says no (4xx but 408 and 429), or for which retry.count is used up; else it is tried again, and supplies wait",
        uses: &[
            r#"http::http_drain("https://collector.example/ingest", #{ form: "array", batch: #{ size: 100, age: 1 } })"#,
            r#"http::http_drain(#{ url: "https://hooks.example/new", form: "one", retry: #{ count: 5 } })"#,
        ],
        ..Page::OF_KIND
    },
    params: &[
        Param::str("url").about("the address"),
        manager::MANAGER,
        Param::str("method").or("POST").about("POST, PUT or PATCH"),
        wording::HEADERS,
        wording::AUTH,
        Param::getter("data_getter").or("selfgetter").about("what is sent of the datum: a string or a blob as it is, anything else as JSON"),
        Param::choice("form", Form::WORDS).about(
            "what a request is made of: data each on a line (NDJSON), a JSON array of them, or a single datum. In an array a string must be JSON",
        ),
        Param::new("batch", Ty::Options(&BATCH)).default(Lit::EmptyMap).about("how much goes into one request"),
        Param::str("content_type").default(Lit::Worked("by form")).about("what the request says that it holds; by default application/x-ndjson or application/json"),
        Param::new("ok_status", Ty::Ints).default(Lit::Worked("[200, …, 299]")).about("statuses by which the server says that it has the data"),
        Param::new("retry", Ty::Options(&RETRY)).default(Lit::EmptyMap).about("when there is no answer, or one of 408, 429 and 500 to 599; other statuses fail the data"),
        manager::TIMEOUT,
        manager::TLS,
    ],
    first: Some("url"),
    global: false,
    examples: &[],
    build: |args| Ok(Box::new(HttpDrain::new(args)?)),
};

static BATCH: OptionGroup = OptionGroup {
    name: "batch",
    about: "How much goes into one request.",
    params: &[
        Param::int("size").default(Lit::Int(500)).about("data at most"),
        Param::size("bytes").default(Lit::Int(1 << 20)).about("bytes at most; a single larger datum goes alone"),
        Param::seconds("age")
            .default(Lit::Int(0))
            .about("seconds a datum may wait for others; 0: what is there goes as soon as no request is under way"),
    ],
};

static RETRY: OptionGroup = OptionGroup {
    name: "retry",
    about: "When it is tried again.",
    params: &[
        Param::int("count").optional().about("further tries, after which the data fail; (): without end"),
        Param::seconds("delay")
            .default(Lit::Int(1))
            .about("seconds before the first of them, a fifth more or less; longer where the server asks for it by Retry-After"),
        Param::int("factor").default(Lit::Int(2)).about("how many times longer each following pause is, up to 60 s"),
    ],
};

/// The pause between tries when the run ends, whatever the options say.
const LAST_PAUSE: Duration = Duration::from_millis(200);

struct HttpDrain {
    url: Url,
    auth: Option<HeaderValue>,
    manager: Arc<Manager>,
    tls: Tls,
    method: Method,
    headers: HeaderMap,
    getter: Getter,
    form: Form,
    size: usize,
    bytes: usize,
    age: Duration,
    /// None: all from 200 to 299.
    ok: Option<Vec<StatusCode>>,
    retries: Option<u64>,
    delay: Duration,
    factor: f64,
    timeout: Duration,

    context: Option<Arc<Context>>,
    kept: VecDeque<Kept>,
    /// Bytes of what is kept.
    weight: usize,
    phase: Phase,
    /// So many of the first that are kept are under way, or are to be sent again.
    sending: usize,
    tries: u32,
    /// The deadline of the oldest that waits.
    due: Option<Token>,
    finishing: bool,
}

struct Kept {
    hold: Hold,
    datum: Datum,
    piece: Vec<u8>,
    since: Moment,
}

#[derive(Clone, Copy)]
enum Phase {
    Rest,
    Sending(Token),
    Pausing(Token),
}

impl HttpDrain {
    fn new(args: &Args) -> Result<Self> {
        let manager = manager::of(args)?;
        let (url, auth) = wording::url(&args.str("url"))?;
        let method = wording::method("method", &args.str("method"))?;
        if ![Method::POST, Method::PUT, Method::PATCH].contains(&method) {
            return Err(Error::option("method", format!("is `{method}`, which takes no data along")));
        }
        let form = Form::named(&args.str("form"));
        let mut headers = wording::headers(args)?;
        let kind = args.opt_str("content_type");
        if kind.is_some() || !headers.contains_key(CONTENT_TYPE) {
            let kind = HeaderValue::from_str(kind.as_deref().unwrap_or(form.content_type()));
            headers.insert(CONTENT_TYPE, kind.map_err(|_| Error::option("content_type", "holds letters that no header can"))?);
        }
        let (batch, retry) = (args.options("batch").expect("a map is its default"), args.options("retry").expect("a map is its default"));
        let size = if form == Form::One { 1 } else { batch.size("size") };
        if size == 0 {
            return Err(Error::option("batch.size", "must be at least 1"));
        }
        Ok(Self {
            url,
            auth: auth.filter(|_| !headers.contains_key(AUTHORIZATION)),
            tls: manager.tls(args.options("tls"))?,
            timeout: args.opt_seconds("timeout").unwrap_or(manager.timeout()),
            manager,
            method,
            headers,
            getter: args.getter("data_getter"),
            form,
            size,
            bytes: batch.size("bytes"),
            age: batch.seconds("age"),
            ok: wording::statuses("ok_status", &args.datum("ok_status"))?,
            retries: retry.opt_int("count"),
            delay: retry.seconds("delay"),
            factor: retry.int("factor") as f64,
            context: None,
            kept: VecDeque::new(),
            weight: 0,
            phase: Phase::Rest,
            sending: 0,
            tries: 0,
            due: None,
            finishing: false,
        })
    }

    /// Sends the next batch, if it is time to.
    fn pump(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let (Phase::Rest, Some(first)) = (self.phase, self.kept.front()) else { return Ok(()) };
        let due = first.since + self.age;
        let full = self.kept.len() >= self.size || self.weight >= self.bytes;
        if !full && !self.finishing && due > ctx.now() {
            if self.due.is_none() {
                self.due = Some(ctx.at(due)?);
            }
            return Ok(());
        }
        if let Some(due) = self.due.take() {
            ctx.unbind(due);
        }
        let mut bytes = 0;
        let fits = |kept: &&Kept| {
            let first = bytes == 0;
            bytes += kept.piece.len() + 1;
            first || bytes <= self.bytes
        };
        self.sending = self.kept.iter().take(self.size).take_while(fits).count().max(1);
        self.send(ctx)
    }

    /// Sends the batch, for the first time or again.
    fn send(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let Some(context) = &self.context else { return Ok(()) };
        let mut headers = self.headers.clone();
        if let Some(auth) = &self.auth {
            headers.insert(AUTHORIZATION, auth.clone());
        }
        let body = self.form.join(self.kept.iter().take(self.sending).map(|kept| &*kept.piece));
        let ask = Ask { method: self.method.clone(), url: self.url.clone(), headers, body: Some(body), timeout: self.timeout };
        let job = fetch::job(&self.manager, context, ask);
        self.phase = Phase::Sending(ctx.offload(job)?);
        Ok(())
    }

    fn take(&mut self, ctx: &mut Ctx<'_>, outcome: fetch::Outcome) -> Result<()> {
        self.phase = Phase::Rest;
        let (fault, wait, again) = match outcome {
            Ok(reply) => {
                let ok = self.ok.as_ref().map_or_else(|| reply.status.is_success(), |ok| ok.contains(&reply.status));
                if ok {
                    return self.stored(ctx);
                }
                let again = reply.status.is_server_error() || matches!(reply.status.as_u16(), 408 | 429);
                let wait = patience::asked(&reply.headers, ctx.wall());
                (Fault::new(Word::Status, &self.url, format!("it answers {}", reply.status)), wait, again)
            }
            Err(fault) => {
                let again = fault.word != Word::Request;
                (fault, None, again)
            }
        };
        self.tries += 1;
        if !again || self.retries.is_some_and(|retries| u64::from(self.tries) > retries) {
            self.refused(ctx, &fault);
            return self.pump(ctx);
        }
        let pause =
            if self.finishing { LAST_PAUSE } else { patience::pause(self.delay, self.factor, self.tries).max(wait.unwrap_or_default()) };
        let count = self.sending;
        ctx.say(Priority::Warning, &format!("{fault}; sends {count} events again in {:.1} s", pause.as_secs_f64()));
        self.phase = Phase::Pausing(ctx.after(pause)?);
        Ok(())
    }

    /// The server has the batch.
    fn stored(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if std::mem::take(&mut self.tries) > 0 {
            ctx.say(Priority::Notice, "the server takes data again");
        }
        for kept in self.kept.drain(..std::mem::take(&mut self.sending)) {
            self.weight -= kept.piece.len();
            if ctx.has_successors() {
                ctx.emit_held(kept.hold, kept.datum);
            } else {
                kept.hold.settle(Outcome::Delivered);
            }
        }
        self.pump(ctx)
    }

    /// The server will never have the batch.
    fn refused(&mut self, ctx: &mut Ctx<'_>, fault: &Fault) {
        self.tries = 0;
        let error = Error::Refused { reason: "refused", text: fault.to_string() };
        for kept in self.kept.drain(..std::mem::take(&mut self.sending)) {
            self.weight -= kept.piece.len();
            ctx.fail_held(kept.hold, kept.datum, &error);
        }
    }

    /// The time to end is over. What was not answered may be stored or not.
    fn give_up(&mut self, ctx: &mut Ctx<'_>) {
        if let Phase::Sending(token) | Phase::Pausing(token) = std::mem::replace(&mut self.phase, Phase::Rest) {
            ctx.unbind(token);
        }
        self.sending = self.kept.len();
        self.refused(ctx, &Fault::new(Word::Timeout, &self.url, "no positive answer before the end of the run"));
        ctx.stop(1);
    }
}

impl Cog for HttpDrain {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let piece = self.form.piece(&*self.getter.get(&datum)?)?;
        self.weight += piece.len();
        self.kept.push_back(Kept { hold: ctx.hold(), datum, piece, since: ctx.now() });
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each(ctx, |ctx, datum| self.turn(ctx, datum))?;
        self.pump(ctx)
    }

    fn open(&mut self) -> Result<()> {
        self.context = Some(self.manager.open(&self.tls)?);
        Ok(())
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if !self.tls.verify {
            ctx.say(Priority::Warning, wording::UNVERIFIED);
        }
        Ok(())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        let token = ctx.token();
        match (wake, self.phase) {
            (Wake::GiveUp, _) => self.give_up(ctx),
            (Wake::Due { .. }, _) if token.is_some() && token == self.due => {
                self.due = None;
                self.pump(ctx)?;
            }
            (Wake::Due { .. }, Phase::Pausing(pausing)) if token == Some(pausing) => self.send(ctx)?,
            (Wake::Answer(answer), Phase::Sending(sending)) if token == Some(sending) => {
                let outcome = fetch::outcome(answer, &self.url);
                self.take(ctx, outcome)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.finishing = true;
        if let Some(due) = self.due.take() {
            ctx.unbind(due);
        }
        match self.phase {
            Phase::Pausing(pausing) => {
                ctx.unbind(pausing);
                self.send(ctx)
            }
            _ => self.pump(ctx),
        }
    }

    fn busy(&self) -> bool {
        !self.kept.is_empty()
    }

    fn backlog(&self) -> Backlog {
        Backlog { held: self.kept.len(), stalled: self.tries > 0 }
    }

    fn kept_origins(&self) -> Origins {
        let mut origins = Origins::default();
        self.kept.iter().for_each(|kept| origins.add(kept.hold.lineage()));
        origins
    }
}
