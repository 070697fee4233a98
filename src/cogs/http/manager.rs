//! `http::manager`: how requests are made: how many at once, for how long, through which proxy, with which certificates.
//!
//! Cogs that are given equal options share one: its connections, and its limits. Nothing is opened before the first request.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, NoProxy, Proxy, Url};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use super::names::Names;
use super::tls::{self, Files, Tls};
use crate::cog::{Args, Lit, OptionGroup, Param, Ty};
use crate::datum::Datum;
use crate::error::{Error, Result};

/// `http::manager`: the options.
pub static OPTIONS: OptionGroup = OptionGroup {
    name: "http::manager",
    about: "How requests are made: limits, proxy, TLS. Cogs that are given equal options share connections and limits.",
    params: &[
        Param::int("max_connections").default(Lit::Int(20)).about("requests at the same time, at least 1; more wait in order of arrival"),
        Param::int("max_per_host").default(Lit::Int(4)).about("of them to one host and port, at least 1"),
        Param::seconds("idle_timeout").default(Lit::Int(60)).about("seconds a connection is kept for the next request"),
        Param::seconds("connect_timeout").default(Lit::Int(5)).about("seconds a connection may take to be made"),
        Param::seconds("timeout").default(Lit::Int(30)).about("seconds a request may take as a whole, redirects and body included"),
        Param::int("max_redirects")
            .default(Lit::Int(5))
            .about("redirects followed at most; never from https to http, and without credentials to another host"),
        Param::size("max_body").default(Lit::Int(16 << 20)).about("bytes of an answer at most, unpacked; a longer one fails as a whole"),
        Param::new("proxy", Ty::Either(&[Ty::Str, Ty::Unit]))
            .or("env")
            .about("\"env\": as http_proxy, https_proxy, all_proxy and no_proxy say; a URL; or () for none"),
        Param::str("user_agent").or(concat!("deadbeat/", env!("CARGO_PKG_VERSION"))).about("what the program calls itself"),
        Param::new("tls", Ty::Options(&tls::OPTIONS)).default(Lit::EmptyMap).about("how connections are secured"),
    ],
};

/// The option `manager` of cogs.
pub(super) const MANAGER: Param =
    Param::new("manager", Ty::Options(&OPTIONS)).default(Lit::EmptyMap).about("how requests are made; equal ones are the same one");
/// The option `timeout` of cogs.
pub(super) const TIMEOUT: Param =
    Param::seconds("timeout").optional().about("seconds a request may take as a whole, in place of the manager's");
/// The option `tls` of cogs.
pub(super) const TLS: Param =
    Param::new("tls", Ty::Options(&tls::OPTIONS)).optional().about("how connections are secured, in place of the manager's");

/// Hosts of which it is remembered how many requests are under way.
const HOSTS: usize = 1000;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Settings {
    max_connections: usize,
    max_per_host: usize,
    idle_timeout: Duration,
    connect_timeout: Duration,
    timeout: Duration,
    max_redirects: usize,
    max_body: usize,
    proxy: Way,
    user_agent: String,
    tls: Tls,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Way {
    Environment,
    Through(String),
    Straight,
}

impl Settings {
    fn of(args: &Args) -> Result<Self> {
        let proxy = match args.datum("proxy") {
            Datum::Str(word) if word.as_str() == "env" => Way::Environment,
            Datum::Str(url) => {
                Proxy::all(url.as_str()).map_err(|_| Error::option("proxy", "is neither \"env\" nor the URL of a proxy"))?;
                Way::Through(url.to_string())
            }
            _ => Way::Straight,
        };
        let tls = args.options("tls").expect("a map is its default");
        let settings = Self {
            max_connections: args.size("max_connections"),
            max_per_host: args.size("max_per_host"),
            idle_timeout: args.seconds("idle_timeout"),
            connect_timeout: args.seconds("connect_timeout"),
            timeout: args.seconds("timeout"),
            max_redirects: args.size("max_redirects"),
            max_body: args.size("max_body"),
            proxy,
            user_agent: args.str("user_agent"),
            tls: Tls::of(tls)?,
        };
        for (option, zero) in [
            ("max_connections", settings.max_connections == 0),
            ("max_per_host", settings.max_per_host == 0),
            ("connect_timeout", settings.connect_timeout.is_zero()),
            ("timeout", settings.timeout.is_zero()),
        ] {
            if zero {
                return Err(Error::option(option, "must be more than 0"));
            }
        }
        Ok(settings)
    }
}

thread_local! {
    /// All that this thread's cogs use.
    static MANAGERS: RefCell<HashMap<Settings, Weak<Manager>>> = RefCell::default();
}

/// What requests share.
#[derive(Debug)]
pub(super) struct Manager {
    settings: Settings,
    places: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
    contexts: Mutex<HashMap<Tls, Arc<Context>>>,
}

/// What requests with the same TLS share: connections.
#[derive(Debug)]
pub(super) struct Context {
    tls: Tls,
    files: Files,
    client: OnceCell<Client>,
    /// Hosts that have answered: a connection to them may have been kept.
    answered: Mutex<HashSet<String>>,
}

/// Places in both limits, while it is kept.
pub(super) struct Place {
    _host: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

/// The one with the options that a cog was given as `manager`.
pub(super) fn of(args: &Args) -> Result<Arc<Manager>> {
    let settings = Settings::of(args.options("manager").expect("a map is its default"))?;
    Ok(MANAGERS.with_borrow_mut(|managers| {
        if let Some(manager) = managers.get(&settings).and_then(Weak::upgrade) {
            return manager;
        }
        managers.retain(|_, manager| manager.strong_count() > 0);
        let manager = Arc::new(Manager {
            places: Arc::new(Semaphore::new(settings.max_connections.min(Semaphore::MAX_PERMITS))),
            hosts: Mutex::default(),
            contexts: Mutex::default(),
            settings: settings.clone(),
        });
        managers.insert(settings, Arc::downgrade(&manager));
        manager
    }))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Manager {
    /// Seconds that a request may take.
    pub(super) fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    pub(super) fn max_body(&self) -> usize {
        self.settings.max_body
    }

    pub(super) fn max_redirects(&self) -> usize {
        self.settings.max_redirects
    }

    /// Its own TLS, or that of a cog.
    pub(super) fn tls(&self, own: Option<&Args>) -> Result<Tls> {
        own.map_or_else(|| Ok(self.settings.tls.clone()), Tls::of)
    }

    /// Reads what TLS needs of files.
    ///
    /// # Errors
    /// As [`Tls::open`].
    pub(super) fn open(&self, tls: &Tls) -> Result<Arc<Context>> {
        if let Some(context) = lock(&self.contexts).get(tls) {
            return Ok(Arc::clone(context));
        }
        let context = Arc::new(Context { files: tls.open()?, tls: tls.clone(), client: OnceCell::new(), answered: Mutex::default() });
        lock(&self.contexts).insert(tls.clone(), Arc::clone(&context));
        Ok(context)
    }

    /// Waits for a place among the requests to the host of `url`, in order of arrival.
    pub(super) async fn place(&self, url: &Url) -> Option<Place> {
        let host = {
            let mut hosts = lock(&self.hosts);
            if hosts.len() >= HOSTS {
                hosts.retain(|_, places| Arc::strong_count(places) > 1);
            }
            let places = self.settings.max_per_host.min(Semaphore::MAX_PERMITS);
            Arc::clone(hosts.entry(origin(url)).or_insert_with(|| Arc::new(Semaphore::new(places))))
        };
        // Who waits for a host takes no place from others.
        let host = host.acquire_owned().await.ok()?;
        let all = Arc::clone(&self.places).acquire_owned().await.ok()?;
        Some(Place { _host: host, _all: all })
    }

    /// What makes requests, made when it is first wanted.
    pub(super) async fn client<'a>(&self, context: &'a Context) -> std::result::Result<&'a Client, String> {
        context.client.get_or_try_init(async || self.make(context)).await
    }

    fn make(&self, context: &Context) -> std::result::Result<Client, String> {
        let settings = &self.settings;
        let tls = tls::client(&context.tls, &context.files).map_err(|error| error.to_string())?;
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(settings.connect_timeout)
            .pool_idle_timeout(settings.idle_timeout)
            .pool_max_idle_per_host(settings.max_per_host)
            .user_agent(settings.user_agent.as_str())
            .dns_resolver(Arc::new(Names::new()));
        let builder = match &settings.proxy {
            Way::Environment => builder,
            Way::Straight => builder.no_proxy(),
            Way::Through(url) => {
                let proxy = Proxy::all(url.as_str()).map_err(|_| "the proxy's address is no URL".to_owned())?;
                builder.proxy(proxy.no_proxy(NoProxy::from_env()))
            }
        };
        builder.build().map_err(|error| format!("no request can be made: {}", error.without_url()))
    }
}

impl Context {
    /// Whether certificates are verified.
    pub(super) fn verifies(&self) -> bool {
        self.tls.verify
    }

    /// A request to that host was answered.
    pub(super) fn note_answer(&self, url: &Url) {
        let mut answered = lock(&self.answered);
        if answered.len() >= HOSTS {
            answered.clear();
        }
        answered.insert(origin(url));
    }

    /// Whether a connection to that host may have been kept.
    pub(super) fn has_answered(&self, url: &Url) -> bool {
        lock(&self.answered).contains(&origin(url))
    }
}

/// Scheme, host and port: what connections are kept by.
pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
