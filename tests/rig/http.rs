//! An HTTP server on a loopback port that answers as a test tells it: well, slowly, half, or with what no server should send.
//!
//! Each request for a path takes the next of the acts told for it, the last one again and again. One thread accepts, one serves a
//! connection; all end when the server is dropped.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What is done with one request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// These bytes, and then nothing more on this connection.
    Raw(Vec<u8>),
    /// An answer; the connection is kept.
    Answer { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    /// The same after a while.
    Late(Duration, Box<Act>),
    /// Nothing at all, until the server ends.
    Hang,
    /// The connection is closed without a word.
    Close,
}

impl Act {
    /// 200 with that body.
    pub(crate) fn ok(body: impl AsRef<[u8]>) -> Self {
        Self::status(200, body)
    }

    pub(crate) fn status(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::Answer { status, headers: Vec::new(), body: body.as_ref().to_vec() }
    }

    /// The answer with a further header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    pub(crate) fn raw(text: impl AsRef<[u8]>) -> Self {
        Self::Raw(text.as_ref().to_vec())
    }

    pub(crate) fn late(self, delay: Duration) -> Self {
        Self::Late(delay, Box::new(self))
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self::status(302, "").with("Location", to)
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) came: Instant,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

#[derive(Default)]
struct Book {
    acts: HashMap<String, Vec<Act>>,
    requests: Vec<Request>,
    connections: Vec<TcpStream>,
    accepted: usize,
    /// Requests being served at this moment, and the most there were.
    busy: (usize, usize),
    over: bool,
}

/// The server; it ends when it is dropped.
pub(crate) struct HttpServer {
    addr: SocketAddr,
    secured: bool,
    book: Arc<Mutex<Book>>,
    thread: Option<JoinHandle<()>>,
}

/// A certificate of an authority, and one for a server that it has signed.
pub(crate) struct Papers {
    /// In PEM.
    pub(crate) authority: String,
    config: Arc<ServerConfig>,
}

impl Papers {
    /// For a server of that name.
    pub(crate) fn of(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names are right names");
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = || KeyPair::generate().expect("a key can be made");
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("it signs itself");
        let own = key();
        let params = CertificateParams::new(vec![name.to_owned()]).expect("it is a name");
        let certificate = params.signed_by(&own, &issuer).expect("it is signed");
        let chain = vec![certificate.der().clone()];
        let private = PrivateKeyDer::try_from(own.serialize_der()).expect("it is a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .expect("they belong together");
        Self { authority: issuer.pem(), config: Arc::new(config) }
    }
}

impl HttpServer {
    /// A server that knows nothing: it answers 404.
    pub(crate) fn start() -> Self {
        Self::start_at("127.0.0.1:0", None)
    }

    /// The same by TLS.
    pub(crate) fn start_secured(papers: &Papers) -> Self {
        Self::start_at("127.0.0.1:0", Some(Arc::clone(&papers.config)))
    }

    pub(crate) fn start_at(addr: &str, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(addr).expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        let book = Arc::new(Mutex::new(Book::default()));
        let (for_thread, secured) = (Arc::clone(&book), tls.is_some());
        let thread = thread::spawn(move || accept(&listener, &for_thread, tls.as_ref()));
        Self { addr, secured, book, thread: Some(thread) }
    }

    /// What is done with requests for that path.
    pub(crate) fn tell(&self, path: &str, acts: impl IntoIterator<Item = Act>) {
        let mut acts: Vec<Act> = acts.into_iter().collect();
        acts.reverse();
        lock(&self.book).acts.insert(path.to_owned(), acts);
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", if self.secured { "https" } else { "http" }, self.addr)
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.book).requests.clone()
    }

    pub(crate) fn requests_for(&self, path: &str) -> usize {
        lock(&self.book).requests.iter().filter(|request| request.path == path).count()
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        lock(&self.book).accepted
    }

    /// The most requests that were served at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        lock(&self.book).busy.1
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        let mut book = lock(&self.book);
        book.over = true;
        for connection in book.connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
        drop(book);
        // It waits for a connection.
        let _ = TcpStream::connect(self.addr);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, book: &Arc<Mutex<Book>>, tls: Option<&Arc<ServerConfig>>) {
    let mut threads = Vec::new();
    for connection in listener.incoming() {
        let Ok(connection) = connection else { break };
        {
            let mut book = lock(book);
            if book.over {
                break;
            }
            book.accepted += 1;
            book.connections.push(connection.try_clone().expect("a descriptor is free"));
        }
        let (book, tls) = (Arc::clone(book), tls.cloned());
        threads.push(thread::spawn(move || {
            let end = connection.try_clone();
            // A client that leaves is none of the server's concern.
            let _ = match tls {
                None => serve(connection, &book),
                Some(config) => ServerConnection::new(config)
                    .map_err(io::Error::other)
                    .and_then(|session| serve(StreamOwned::new(session, connection), &book)),
            };
            if let Ok(end) = end {
                let _ = end.shutdown(Shutdown::Both);
            }
        }));
    }
    for thread in threads {
        let _ = thread.join();
    }
}

fn serve(mut stream: impl Read + Write, book: &Mutex<Book>) -> io::Result<()> {
    while let Some(request) = receive(&mut stream)? {
        let act = {
            let mut book = lock(book);
            let path = request.path.clone();
            book.requests.push(request);
            book.busy.0 += 1;
            book.busy.1 = book.busy.1.max(book.busy.0);
            match book.acts.get_mut(&path) {
                Some(acts) if acts.len() > 1 => acts.pop().expect("there is more than one"),
                Some(acts) => acts.first().cloned().unwrap_or(Act::Close),
                None => Act::status(404, ""),
            }
        };
        let kept = perform(&mut stream, act, book);
        lock(book).busy.0 -= 1;
        if !kept? {
            break;
        }
    }
    Ok(())
}

/// Whether the connection is kept.
fn perform(stream: &mut impl Write, act: Act, book: &Mutex<Book>) -> io::Result<bool> {
    match act {
        Act::Close => return Ok(false),
        Act::Hang => {
            wait(Duration::from_secs(3600), book);
            return Ok(false);
        }
        Act::Late(delay, act) => {
            wait(delay, book);
            return perform(stream, *act, book);
        }
        Act::Raw(bytes) => {
            stream.write_all(&bytes)?;
            stream.flush()?;
            return Ok(false);
        }
        Act::Answer { status, headers, body } => {
            let mut text = format!("HTTP/1.1 {status} Said so\r\n");
            for (name, value) in &headers {
                let _ = write!(text, "{name}: {value}\r\n");
            }
            let _ = write!(text, "Content-Length: {}\r\n\r\n", body.len());
            stream.write_all(text.as_bytes())?;
            stream.write_all(&body)?;
            stream.flush()?;
        }
    }
    Ok(true)
}

/// Waits so long, or until the server ends.
fn wait(span: Duration, book: &Mutex<Book>) {
    let end = Instant::now() + span;
    while Instant::now() < end && !lock(book).over {
        thread::sleep(Duration::from_millis(5).min(span));
    }
}

/// The next request; none when the client has left.
fn receive(stream: &mut impl Read) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&head);
    let mut lines = text.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
    let mut request = Request {
        method: first.next().unwrap_or_default(),
        path: first.next().unwrap_or_default(),
        headers,
        body: Vec::new(),
        came: Instant::now(),
    };
    let length = request.header("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
    request.body = vec![0; length];
    stream.read_exact(&mut request.body)?;
    Ok(Some(request))
}
