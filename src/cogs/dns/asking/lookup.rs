//! Asking name servers: the one file that names hickory.
//!
//! Each server has a resolver of its own, so that which server is asked when is decided here: one packet an attempt, the next
//! server after silence, a network error or a refusal (SERVFAIL, REFUSED and their like); a server that refused is not asked
//! about the same again; a truncated answer is asked for again over a TCP connection of its own, so that none stays open.
//! hickory does the rest: a fresh socket on a random port for each question, checks of id, sender and question (RFC 5452), chains
//! of CNAME (RFC 2317), bounded decompression. Its own cache and hosts file are off. Everything here runs on the helper; between
//! look-ups nothing ticks there.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ProtocolConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::DnsExchange;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{ConnectionProvider, PoolContext, Resolver};
use tokio::time::{Instant, sleep_until, timeout};

use super::subject::Subject;
use crate::error::{Error, Result};
use crate::escapement::Job;

/// Where name servers listen.
const PORT: u16 = 53;

/// What came of a look-up.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// What the records say, and how long it may be kept.
    Found(Vec<String>, Duration),
    /// There is no such record.
    Missing,
    /// Nobody told in time, or would not tell.
    Silence,
}

/// A look-up's end, as the job gives it.
#[derive(Debug)]
pub(super) struct Reply<K> {
    pub(super) key: K,
    pub(super) answer: Answer,
}

/// How to ask.
#[derive(Clone, Copy, Debug)]
pub(in crate::cogs::dns) struct Manners {
    pub(super) attempts: usize,
    /// For one attempt.
    pub(super) timeout: Duration,
    /// No look-up takes longer, whatever attempts and timeout multiply to.
    pub(in crate::cogs::dns) longest: Duration,
}

/// Name servers, ready to be asked.
#[derive(Clone)]
pub(super) struct Servers(Arc<Inner>);

struct Inner {
    servers: Vec<Server>,
    manners: Manners,
    /// The one that answered last is asked first.
    preferred: AtomicUsize,
}

struct Server {
    address: SocketAddr,
    by_udp: Resolver<Wire>,
}

/// What is asked, and how its records are read.
struct Query {
    name: Name,
    record: RecordType,
    read: fn(&RData) -> Option<String>,
}

impl Servers {
    pub(super) fn new(addresses: &[SocketAddr], manners: Manners) -> Result<Self> {
        let server = |address: &SocketAddr| {
            let by_udp = resolver(*address, ConnectionConfig::udp(), manners.timeout);
            let refused = |error| Error::Other(format!("the name server `{address}` cannot be asked: {error}"));
            by_udp.map(|by_udp| Server { address: *address, by_udp }).map_err(refused)
        };
        let servers = addresses.iter().map(server).collect::<Result<_>>()?;
        Ok(Self(Arc::new(Inner { servers, manners, preferred: AtomicUsize::new(0) })))
    }

    /// The look-up of `key`, for the helper; it gives a [`Reply`].
    pub(super) fn job<S: Subject>(&self, key: S::Key) -> Job {
        let inner = Arc::clone(&self.0);
        let (name, record) = S::question(&key);
        let query = Query { name, record, read: S::read };
        Box::pin(async move { Box::new(Reply { answer: inner.ask(&query).await, key }) as Box<_> })
    }
}

impl Inner {
    async fn ask(&self, query: &Query) -> Answer {
        let all = self.manners.timeout.saturating_mul(u32::try_from(self.manners.attempts).unwrap_or(u32::MAX));
        timeout(all.min(self.manners.longest), self.rounds(query)).await.unwrap_or(Answer::Silence)
    }

    async fn rounds(&self, query: &Query) -> Answer {
        let count = self.servers.len();
        let mut refused = vec![false; count];
        let mut next = self.preferred.load(Ordering::Relaxed);
        for attempt in 1..=self.manners.attempts {
            let Some(server) = (next..next + count).map(|n| n % count).find(|n| !refused[*n]) else { break };
            let end = Instant::now() + self.manners.timeout;
            match timeout(self.manners.timeout, self.servers[server].ask(query, self.manners.timeout)).await {
                Ok(Ok(lookup)) => {
                    self.preferred.store(server, Ordering::Relaxed);
                    return read(&lookup, query.read);
                }
                Ok(Err(NetError::Dns(DnsError::NoRecordsFound(_)))) => {
                    self.preferred.store(server, Ordering::Relaxed);
                    return Answer::Missing;
                }
                Ok(Err(NetError::Dns(_))) => refused[server] = true,
                // No descriptor, no route, an answer that cannot be read: when all were tried, not again at once.
                Ok(Err(_)) if attempt % count == 0 => sleep_until(end).await,
                Ok(Err(_)) | Err(_) => {}
            }
            next = server + 1;
        }
        Answer::Silence
    }
}

impl Server {
    async fn ask(&self, query: &Query, timeout: Duration) -> Result<Lookup, NetError> {
        match self.by_udp.lookup(query.name.clone(), query.record).await {
            Err(NetError::Truncated) => {
                resolver(self.address, ConnectionConfig::tcp(), timeout)?.lookup(query.name.clone(), query.record).await
            }
            other => other,
        }
    }
}

/// What an answer says; the records that say nothing are aliases on the way.
fn read(lookup: &Lookup, record: fn(&RData) -> Option<String>) -> Answer {
    let found: Vec<String> = lookup.answers().iter().filter_map(|one| record(&one.data)).collect();
    let seconds = lookup.answers().iter().map(|record| record.ttl).min().unwrap_or(0);
    if found.is_empty() { Answer::Missing } else { Answer::Found(found, Duration::from_secs(seconds.into())) }
}

fn resolver(address: SocketAddr, mut connection: ConnectionConfig, timeout: Duration) -> Result<Resolver<Wire>, NetError> {
    connection.port = address.port();
    let server = NameServerConfig::new(address.ip(), true, vec![connection]);
    let mut builder = Resolver::builder_with_config(ResolverConfig::from_name_servers(vec![server]), Wire::default());
    let options = builder.options_mut();
    options.timeout = timeout;
    options.attempts = 0;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    builder.build()
}

/// The system's name servers; none where it has no configuration for them.
pub(in crate::cogs::dns) fn system() -> Vec<SocketAddr> {
    let Ok((config, _)) = hickory_resolver::system_conf::read_system_conf() else { return Vec::new() };
    let mut servers: Vec<SocketAddr> = Vec::new();
    for server in config.name_servers() {
        let address = SocketAddr::new(server.ip, server.connections.first().map_or(PORT, |connection| connection.port));
        if !servers.contains(&address) {
            servers.push(address);
        }
    }
    servers
}

/// A server as the option `resolvers` names it: `ADDR`, `ADDR:PORT`, `[V6]:PORT`.
pub(super) fn server(text: &str) -> Result<SocketAddr> {
    let plain = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = text.parse().ok().or_else(|| Some(SocketAddr::new(plain.parse().ok()?, PORT)));
    address.filter(|address| address.port() != 0).ok_or_else(|| Error::Option {
        option: "resolvers".into(),
        text: format!("`{text}` is no address of a name server"),
        hint: Some("write `192.0.2.53`, `192.0.2.53:5353` or `[2001:db8::53]:5353`".into()),
    })
}

/// How connections are made: hickory's way, but a UDP question is sent once. Repeating is ours, and each repetition would hold one
/// more socket.
#[derive(Clone, Default)]
struct Wire(TokioRuntimeProvider);

impl ConnectionProvider for Wire {
    type Conn = DnsExchange<TokioRuntimeProvider>;
    type FutureConn = Pin<Box<dyn Future<Output = Result<Self::Conn, NetError>> + Send>>;
    type RuntimeProvider = TokioRuntimeProvider;

    fn new_connection(&self, ip: IpAddr, config: &ConnectionConfig, pool: &PoolContext) -> Result<Self::FutureConn, NetError> {
        if !matches!(config.protocol, ProtocolConfig::Udp) {
            return self.0.new_connection(ip, config, pool);
        }
        let builder = UdpClientStream::builder(SocketAddr::new(ip, config.port), self.0.clone());
        let builder = builder.with_timeout(Some(pool.options.timeout)).with_max_retries(1);
        Ok(Box::pin(async move { Ok(builder.exchange()) }))
    }

    fn runtime_provider(&self) -> &Self::RuntimeProvider {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::server;

    #[test]
    fn servers_are_written_with_or_without_port() {
        let read = |text: &str| server(text).map(|address| address.to_string()).ok();
        assert_eq!(read("192.0.2.53").as_deref(), Some("192.0.2.53:53"));
        assert_eq!(read("192.0.2.53:5353").as_deref(), Some("192.0.2.53:5353"));
        assert_eq!(read("2001:db8::53").as_deref(), Some("[2001:db8::53]:53"));
        assert_eq!(read("[2001:db8::53]").as_deref(), Some("[2001:db8::53]:53"));
        assert_eq!(read("[2001:db8::53]:5353").as_deref(), Some("[2001:db8::53]:5353"));
        for bad in ["", "ns.example", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:70000", "192.0.2.53/32"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
