//! A name server on a loopback port, which answers, delays, lies or keeps silent as a test tells it.
//!
//! Where a test says what is asked, an address means its name in the reverse zone, and anything else is a name itself. One thread for UDP,
//! one that accepts TCP, one a TCP connection; all end when the server is dropped. Also included by the unit tests of the `dns` family, so
//! it uses nothing of the crate.
#![allow(dead_code, reason = "each of the two places that include it uses a part")]

use std::collections::{BinaryHeap, HashMap};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, PTR, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// The name that forged answers tell.
pub(crate) const FORGED: &str = "forged.example";

/// The server; it ends when it is dropped.
pub(crate) struct NameServer {
    addr: SocketAddr,
    book: Arc<Mutex<Book>>,
    threads: Vec<JoinHandle<()>>,
}

/// What it knows and has seen.
struct Book {
    rules: HashMap<Name, Rule>,
    ttl: u32,
    seen: HashMap<Name, usize>,
    by_tcp: usize,
    connections: Vec<TcpStream>,
    over: bool,
}

/// How it deals with questions about one name.
#[derive(Clone, Default)]
struct Rule {
    /// Of any types; a question is answered with those of its own.
    records: Vec<RData>,
    /// The name has another name, which has the answer; whether that comes along.
    alias: Option<(Name, bool)>,
    delay: Duration,
    dropped: bool,
    /// Questions of this type alone are dropped.
    dropped_type: Option<RecordType>,
    forged: bool,
    truncated: bool,
    code: Option<ResponseCode>,
}

impl NameServer {
    /// A server that knows nothing: it answers NXDOMAIN.
    pub(crate) fn start() -> Self {
        let (udp, tcp) = (0..100).find_map(|_| bind().ok()).expect("a port that is free for both UDP and TCP");
        let addr = udp.local_addr().expect("it is bound");
        let book = Book { rules: HashMap::new(), ttl: 300, seen: HashMap::new(), by_tcp: 0, connections: Vec::new(), over: false };
        let book = Arc::new(Mutex::new(book));
        let (for_udp, for_tcp) = (Arc::clone(&book), Arc::clone(&book));
        let threads = vec![thread::spawn(move || serve_udp(&udp, &for_udp)), thread::spawn(move || accept(&tcp, &for_tcp))];
        Self { addr, book, threads }
    }

    /// Where it listens, by UDP and TCP.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn rule(&self, name: &Name, change: impl FnOnce(&mut Rule)) -> &Self {
        change(lock(&self.book).rules.entry(name.to_lowercase()).or_default());
        self
    }

    /// These are the names of an address, in which any bytes may stand, or the addresses of a name; none: it is there, but has no such
    /// record.
    pub(crate) fn answer(&self, of: &str, found: &[&str]) -> &Self {
        self.rule(&asked(of), |rule| {
            rule.records = found.iter().map(|one| record(one)).collect();
            rule.code = Some(ResponseCode::NoError);
        })
    }

    /// These are the texts of a name, each in its character strings.
    pub(crate) fn texts(&self, of: &str, texts: &[&[&[u8]]]) -> &Self {
        self.rule(&asked(of), |rule| {
            rule.records = texts.iter().map(|strings| RData::TXT(TXT::from_bytes(strings.to_vec()))).collect();
            rule.code = Some(ResponseCode::NoError);
        })
    }

    /// Never answers questions about it that are of this type.
    pub(crate) fn drop_type(&self, of: &str, kind: RecordType) -> &Self {
        self.rule(&asked(of), |rule| rule.dropped_type = Some(kind))
    }

    /// Answers about it after that time; others are not held up.
    pub(crate) fn delay(&self, of: &str, by: Duration) -> &Self {
        self.rule(&asked(of), |rule| rule.delay = by)
    }

    /// Never answers about it.
    pub(crate) fn drop(&self, of: &str) -> &Self {
        self.rule(&asked(of), |rule| rule.dropped = true)
    }

    /// Sends a forged answer with a wrong id before each answer about it.
    pub(crate) fn wrong_id(&self, of: &str) -> &Self {
        self.rule(&asked(of), |rule| rule.forged = true)
    }

    /// Answers about it fit only into TCP.
    pub(crate) fn truncate(&self, of: &str) -> &Self {
        self.rule(&asked(of), |rule| rule.truncated = true)
    }

    /// Answers SERVFAIL about it.
    pub(crate) fn servfail(&self, of: &str) -> &Self {
        self.rule(&asked(of), |rule| rule.code = Some(ResponseCode::ServFail))
    }

    /// It is an alias of `target` (RFC 2317), of which this is known; the whole chain comes in one answer.
    pub(crate) fn cname(&self, of: &str, target: &str, found: &[&str]) -> &Self {
        self.alias(of, target, found, true)
    }

    /// As `cname`, but the answer ends with the alias: its target must be asked about.
    pub(crate) fn lone_cname(&self, of: &str, target: &str, found: &[&str]) -> &Self {
        self.alias(of, target, found, false)
    }

    fn alias(&self, of: &str, target: &str, found: &[&str], whole: bool) -> &Self {
        let target = absolute(target);
        self.rule(&target, |rule| rule.records = found.iter().map(|one| record(one)).collect());
        self.rule(&asked(of), |rule| rule.alias = Some((target, whole)))
    }

    /// All answers from now on may be kept for so many seconds.
    pub(crate) fn ttl(&self, seconds: u32) -> &Self {
        lock(&self.book).ttl = seconds;
        self
    }

    /// How often it was asked about it.
    pub(crate) fn questions(&self, of: &str) -> usize {
        lock(&self.book).seen.get(&asked(of)).copied().unwrap_or(0)
    }

    /// How often it was asked about anything.
    pub(crate) fn all_questions(&self) -> usize {
        lock(&self.book).seen.values().sum()
    }

    /// How many questions came by TCP.
    pub(crate) fn by_tcp(&self) -> usize {
        lock(&self.book).by_tcp
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        {
            let mut book = lock(&self.book);
            book.over = true;
            for connection in &book.connections {
                let _ = connection.shutdown(Shutdown::Both);
            }
        }
        // Whoever sleeps in `recv_from` or `accept` looks at `over` next.
        if let Ok(socket) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)) {
            let _ = socket.send_to(&[], self.addr);
        }
        let _ = TcpStream::connect(self.addr);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bind() -> io::Result<(UdpSocket, TcpListener)> {
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let tcp = TcpListener::bind(udp.local_addr()?)?;
    Ok((udp, tcp))
}

/// The name of which a question is.
fn asked(of: &str) -> Name {
    of.parse::<IpAddr>().map_or_else(|_| absolute(of), Name::from)
}

/// An address, or else a name that an address has.
fn record(found: &str) -> RData {
    match found.parse() {
        Ok(IpAddr::V4(address)) => RData::A(A(address)),
        Ok(IpAddr::V6(address)) => RData::AAAA(AAAA(address)),
        Err(_) => RData::PTR(PTR(absolute(found))),
    }
}

/// Each label as its bytes are.
fn absolute(name: &str) -> Name {
    let mut name = Name::from_labels(name.trim_end_matches('.').split('.').map(str::as_bytes)).expect("a test gives a name");
    name.set_fqdn(true);
    name
}

/// An answer that is not due yet; the heap gives the earliest first.
struct Later(Instant, Vec<u8>, SocketAddr);

impl PartialEq for Later {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Later {}

impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Later {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.0.cmp(&self.0)
    }
}

fn serve_udp(socket: &UdpSocket, book: &Mutex<Book>) {
    let mut waiting: BinaryHeap<Later> = BinaryHeap::new();
    let mut buffer = [0; 4096];
    loop {
        while waiting.peek().is_some_and(|later| later.0 <= Instant::now()) {
            if let Some(Later(_, answer, asker)) = waiting.pop() {
                let _ = socket.send_to(&answer, asker);
            }
        }
        // A time-out of zero would mean none.
        let left = waiting.peek().map(|later| later.0.saturating_duration_since(Instant::now()).max(Duration::from_micros(1)));
        let _ = socket.set_read_timeout(left);
        let got = socket.recv_from(&mut buffer);
        if lock(book).over {
            return;
        }
        let Ok((length, asker)) = got else { continue };
        let Some((rule, answers)) = answer(&buffer[..length], book, false) else { continue };
        for answer in answers {
            waiting.push(Later(Instant::now() + rule.delay, answer, asker));
        }
    }
}

fn accept(listener: &TcpListener, book: &Arc<Mutex<Book>>) {
    let mut threads = Vec::new();
    for connection in listener.incoming() {
        let mut locked = lock(book);
        if locked.over {
            break;
        }
        let Ok(connection) = connection else { continue };
        let Ok(copy) = connection.try_clone() else { continue };
        locked.connections.push(copy);
        drop(locked);
        let book = Arc::clone(book);
        threads.push(thread::spawn(move || {
            let _ = serve_tcp(connection, &book);
        }));
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// Messages with their length before them (RFC 1035, section 4.2.2), until the other side has enough.
fn serve_tcp(mut connection: TcpStream, book: &Mutex<Book>) -> io::Result<()> {
    loop {
        let mut length = [0; 2];
        connection.read_exact(&mut length)?;
        let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
        connection.read_exact(&mut question)?;
        let Some((_, answers)) = answer(&question, book, true) else { continue };
        for answer in answers {
            connection.write_all(&u16::try_from(answer.len()).map_err(io::Error::other)?.to_be_bytes())?;
            connection.write_all(&answer)?;
        }
    }
}

/// The messages to send about a question, in order; none when it is to be dropped.
fn answer(question: &[u8], book: &Mutex<Book>, by_tcp: bool) -> Option<(Rule, Vec<Vec<u8>>)> {
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?.clone();
    let name = query.name().to_lowercase();
    let mut book = lock(book);
    *book.seen.entry(name.clone()).or_default() += 1;
    book.by_tcp += usize::from(by_tcp);
    let rule = book.rules.get(&name).cloned().unwrap_or(Rule { code: Some(ResponseCode::NXDomain), ..Rule::default() });
    if rule.dropped || rule.dropped_type == Some(query.query_type()) {
        return None;
    }
    let mut message = Message::response(question.metadata.id, OpCode::Query);
    message.metadata.response_code = rule.code.unwrap_or(ResponseCode::NoError);
    message.metadata.recursion_desired = true;
    message.metadata.recursion_available = true;
    message.add_query(query.clone());
    let kind = query.query_type();
    let of_kind = |owner: &Name, rule: &Rule| {
        let wanted = rule.records.iter().filter(|data| data.record_type() == kind);
        wanted.map(|data| Record::from_rdata(owner.clone(), book.ttl, data.clone())).collect::<Vec<_>>()
    };
    if rule.truncated && !by_tcp {
        message.metadata.truncation = true;
    } else {
        message.add_answers(of_kind(query.name(), &rule));
        if let Some((target, whole)) = &rule.alias {
            message.add_answer(Record::from_rdata(query.name().clone(), book.ttl, RData::CNAME(CNAME(target.clone()))));
            if let Some(further) = book.rules.get(target).filter(|_| *whole) {
                message.add_answers(of_kind(target, further));
            }
        }
    }
    let mut messages = Vec::new();
    if rule.forged {
        let mut forged = Message::response(question.metadata.id.wrapping_add(1), OpCode::Query);
        forged.add_query(query.clone());
        forged.add_answer(Record::from_rdata(query.name().clone(), book.ttl, RData::PTR(PTR(absolute(FORGED)))));
        messages.push(forged.to_vec().ok()?);
    }
    messages.push(message.to_vec().ok()?);
    Some((rule, messages))
}
