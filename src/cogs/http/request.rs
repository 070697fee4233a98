//! `train.esc.request`: one request that a script makes by itself, and what its answer is as a map.
//!
//! Any answer is one, whatever its status; why there is none is told by a word.

use std::collections::VecDeque;
use std::sync::Arc;

use reqwest::Url;
use reqwest::header::AUTHORIZATION;

use super::fault::shown;
use super::fetch::{self, Ask};
use super::manager::{self, Context, Manager};
use super::tls::Tls;
use super::wording::{self, Reading};
use crate::cog::{Args, OptionGroup, Param, Ty};
use crate::datum::{Datum, Map};
use crate::error::{Error, Result};
use crate::escapement::{Answer, Job};

/// `train.esc.request`: the options.
pub static OPTIONS: OptionGroup = OptionGroup {
    name: "train.esc.request",
    about: "One request of a script.",
    params: &[
        Param::str("url").about("the address"),
        Param::str("method").or("GET").about("GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS"),
        wording::HEADERS,
        Param::new("body", Ty::Octets).optional().about("what is sent along"),
        wording::AUTH,
        Param::str("encoding").or("auto").about(
            "\"auto\": text where the answer tells its encoding or is UTF-8, else a blob; \"bytes\": a blob; or any label of the WHATWG",
        ),
        manager::MANAGER,
        manager::TIMEOUT,
        manager::TLS,
    ],
};

/// So many managers are kept for the next request.
const KEPT: usize = 16;

/// A request that can be made.
#[derive(Clone, Debug)]
pub struct Request {
    manager: Arc<Manager>,
    tls: Tls,
    ask: Ask,
    reading: Reading,
}

/// A request that is to be made: what TLS needs of files was read.
#[derive(Clone, Debug)]
pub struct Asking {
    request: Request,
    context: Arc<Context>,
}

/// Managers that a cog has used last: connections live as long as they do.
#[derive(Debug, Default)]
pub struct Managers {
    last: VecDeque<Arc<Manager>>,
    warned: bool,
}

impl Request {
    /// With the options in [`OPTIONS`].
    ///
    /// # Errors
    /// One of them says what cannot be.
    pub fn new(args: &Args) -> Result<Self> {
        let manager = manager::of(args)?;
        let (url, auth) = wording::url(&args.str("url"))?;
        let mut headers = wording::headers(args)?;
        if let Some(auth) = auth.filter(|_| !headers.contains_key(AUTHORIZATION)) {
            headers.insert(AUTHORIZATION, auth);
        }
        let body = args.opt_bytes("body");
        let timeout = args.opt_seconds("timeout").unwrap_or(manager.timeout());
        if timeout.is_zero() {
            return Err(Error::option("timeout", "must be more than 0"));
        }
        Ok(Self {
            tls: manager.tls(args.options("tls"))?,
            reading: Reading::of(&args.str("encoding"))?,
            ask: Ask { method: wording::method("method", &args.str("method"))?, url, headers, body, timeout },
            manager,
        })
    }

    /// Reads what TLS needs of files, where that was not read before.
    ///
    /// # Errors
    /// They are not there, or not what they are to be.
    pub fn open(self) -> Result<Asking> {
        Ok(Asking { context: self.manager.open(&self.tls)?, request: self })
    }
}

impl Asking {
    /// The request as work for the helper.
    pub fn job(&self) -> Job {
        fetch::job(&self.request.manager, &self.context, self.request.ask.clone())
    }

    /// What came of it, as a map that always has the same keys.
    pub fn response(&self, answer: Answer) -> Datum {
        match fetch::outcome(answer, &self.request.ask.url) {
            Ok(reply) => {
                let body = self.request.reading.text_or_bytes(reply.body, &reply.headers);
                let status = Datum::Int(reply.status.as_u16().into());
                map(&reply.url, [status, wording::shown_headers(&reply.headers), body.whole(), Datum::Unit, Datum::Unit])
            }
            Err(fault) => {
                let (word, reason) = (fault.word.name().into(), fault.text().into());
                map(&self.request.ask.url, [Datum::Unit, Datum::Map(Map::new()), Datum::Unit, word, reason])
            }
        }
    }
}

fn map(url: &Url, [status, headers, body, error, reason]: [Datum; 5]) -> Datum {
    let mut map = Map::with_capacity(6);
    map.push("url".into(), Datum::from(shown(url)));
    map.push("status".into(), status);
    map.push("headers".into(), headers);
    map.push("body".into(), body);
    map.push("error".into(), error);
    map.push("reason".into(), reason);
    Datum::Map(map)
}

impl Managers {
    /// Keeps that of the request.
    pub fn keep(&mut self, asking: &Asking) {
        let manager = &asking.request.manager;
        self.last.retain(|known| !Arc::ptr_eq(known, manager));
        self.last.push_back(Arc::clone(manager));
        if self.last.len() > KEPT {
            self.last.pop_front();
        }
    }

    /// What is to be warned of at the first request that is like this one.
    pub fn warning(&mut self, asking: &Asking) -> Option<&'static str> {
        let odd = !asking.context.verifies() && !std::mem::replace(&mut self.warned, true);
        odd.then_some(wording::UNVERIFIED)
    }
}
