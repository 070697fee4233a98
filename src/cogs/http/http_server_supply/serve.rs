//! The server itself, on the helper: accepts, reads requests within bounds, hands them over and waits for what became of them.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Bytes, Incoming as Stream};
use hyper::header::{
    ALLOW, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};

use super::guard::Guard;

/// Bytes of headers at most.
const MAX_HEADERS: usize = 64 << 10;
/// Bytes of bodies at most that are read and not handed over yet.
const MAX_BYTES: usize = 64 << 20;
/// The pause after a connection could not be accepted, as where no descriptor is free.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a request waits for a place among those that wait for room in the train.
const ROOM: Duration = Duration::from_secs(1);
/// When a client that finds no room may come again, in seconds.
const AGAIN: &str = "1";

/// What is served, and to whom.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) path: String,
    pub(super) methods: Vec<Method>,
    pub(super) max_body: usize,
    pub(super) max_connections: usize,
    pub(super) guard: Option<Guard>,
    /// For the headers, and for the body.
    pub(super) timeout: Duration,
    /// Until it is known what became of it.
    pub(super) answer_timeout: Duration,
    /// What is answered then: status and body.
    pub(super) done: (StatusCode, String),
    pub(super) failed: (StatusCode, String),
}

/// A whole request.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) peer: SocketAddr,
    pub(super) answer: oneshot::Sender<Verdict>,
    /// Its share of [`MAX_BYTES`].
    pub(super) share: Option<OwnedSemaphorePermit>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Done,
    Failed,
    /// It was not taken: the client may come again.
    NotTaken,
    /// It is not what it should be.
    Unfit,
}

/// How many connections there are.
#[derive(Debug, Default)]
pub(super) struct Open {
    count: Mutex<usize>,
    less: Condvar,
}

impl Open {
    fn change(&self, by: isize) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.saturating_add_signed(by);
        self.less.notify_all();
    }

    /// Waits until there are none, at most so long.
    pub(super) fn wait_for_none(&self, span: Duration) {
        let end = Instant::now() + span;
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        while *count > 0
            && let Some(left) = end.checked_duration_since(Instant::now())
        {
            count = self.less.wait_timeout(count, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// A connection, while it lives.
struct Counted(Arc<Open>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.change(-1);
    }
}

/// What all connections share.
pub(super) struct Server {
    pub(super) terms: Arc<Terms>,
    /// Whole requests that wait to be taken.
    pub(super) line: mpsc::Sender<Received>,
    /// True from the end on; so is that nobody is left to say so.
    pub(super) ending: watch::Receiver<bool>,
    pub(super) open: Arc<Open>,
    pub(super) bytes: Arc<Semaphore>,
}

impl Server {
    pub(super) fn bytes() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(MAX_BYTES))
    }

    /// Begins to accept.
    ///
    /// # Errors
    /// The listener cannot be used.
    pub(super) fn start(self, listener: TcpListener) -> std::io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::spawn(Arc::new(self).accept(listener));
        Ok(())
    }

    async fn accept(self: Arc<Self>, listener: tokio::net::TcpListener) {
        let places = Arc::new(Semaphore::new(self.terms.max_connections.min(Semaphore::MAX_PERMITS)));
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            };
            let Some((place, accepted)) = self.unless_ending(next).await else { break };
            match accepted {
                Ok((stream, peer)) => {
                    self.open.change(1);
                    let counted = Counted(Arc::clone(&self.open));
                    let server = Arc::clone(&self);
                    tokio::spawn(async move {
                        server.attend(stream, peer).await;
                        drop((place, counted));
                    });
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    /// What comes of `work`; nothing when the end comes first.
    async fn unless_ending<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut ending = self.ending.clone();
        let (mut ending, mut work) = (pin!(ending.wait_for(|ending| *ending)), pin!(work));
        poll_fn(|context| {
            if ending.as_mut().poll(context).is_ready() {
                return std::task::Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }

    async fn attend(self: Arc<Self>, stream: tokio::net::TcpStream, peer: SocketAddr) {
        let server = Arc::clone(&self);
        let service = service_fn(move |request| {
            let server = Arc::clone(&server);
            async move { Ok::<_, Infallible>(server.answer(request, peer).await) }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(self.terms.timeout).max_buf_size(MAX_HEADERS).max_header_size(MAX_HEADERS);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let mut ending = self.ending.clone();
        let mut ending = pin!(ending.wait_for(|ending| *ending));
        let mut told = false;
        poll_fn(|context| {
            if !told && ending.as_mut().poll(context).is_ready() {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
            // A client that breaks off is none of our concern.
            connection.as_mut().poll(context).map(drop)
        })
        .await;
    }

    async fn answer(&self, request: Request<Stream>, peer: SocketAddr) -> Response<Full<Bytes>> {
        if let Some(refusal) = self.refuse(&request) {
            return refusal;
        }
        let (parts, body) = request.into_parts();
        let (body, share) = match timeout(self.terms.timeout, self.read(body)).await {
            Ok(Ok(read)) => read,
            Ok(Err(refusal)) => return refusal,
            Err(_) => return closing(StatusCode::REQUEST_TIMEOUT),
        };
        let (answer, answered) = oneshot::channel();
        let path = parts.uri.path().to_owned();
        let received = Received { method: parts.method, path, headers: parts.headers, body, peer, answer, share };
        // A burst passes; a train that is full does not.
        match timeout(ROOM, self.line.send(received)).await {
            Ok(Ok(())) => {}
            _ => return not_taken(),
        }
        match timeout(self.terms.answer_timeout, answered).await {
            Ok(Ok(Verdict::Done)) => said(&self.terms.done),
            Ok(Ok(Verdict::Failed)) => said(&self.terms.failed),
            Ok(Ok(Verdict::Unfit)) => plain(StatusCode::BAD_REQUEST),
            Ok(Ok(Verdict::NotTaken) | Err(_)) => not_taken(),
            Err(_) => plain(StatusCode::GATEWAY_TIMEOUT),
        }
    }

    /// What is answered to a request that is not read at all.
    fn refuse(&self, request: &Request<Stream>) -> Option<Response<Full<Bytes>>> {
        let terms = &self.terms;
        if *self.ending.borrow() {
            return Some(not_taken());
        }
        if request.uri().path() != terms.path {
            return Some(plain(StatusCode::NOT_FOUND));
        }
        if !terms.methods.contains(request.method()) {
            let allowed = terms.methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
            return Some(with(plain(StatusCode::METHOD_NOT_ALLOWED), ALLOW, &allowed));
        }
        if let Some(guard) = terms.guard.as_ref().filter(|guard| !guard.admits(request.headers().get(AUTHORIZATION))) {
            return Some(with(plain(StatusCode::UNAUTHORIZED), WWW_AUTHENTICATE, guard.challenge()));
        }
        if request.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Some(plain(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        (request.body().size_hint().lower() > terms.max_body as u64).then(|| closing(StatusCode::PAYLOAD_TOO_LARGE))
    }

    /// The whole body, and its share of what may be kept.
    async fn read(&self, mut body: Stream) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), Response<Full<Bytes>>> {
        let (mut bytes, mut share): (Vec<u8>, Option<OwnedSemaphorePermit>) = (Vec::new(), None);
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame.map_err(drop).and_then(|frame| frame.into_data().map_err(drop)) else {
                return Err(closing(StatusCode::BAD_REQUEST));
            };
            if bytes.len() + piece.len() > self.terms.max_body {
                return Err(closing(StatusCode::PAYLOAD_TOO_LARGE));
            }
            let count = u32::try_from(piece.len()).unwrap_or(u32::MAX);
            let Ok(more) = Arc::clone(&self.bytes).try_acquire_many_owned(count) else { return Err(not_taken()) };
            match &mut share {
                Some(share) => share.merge(more),
                None => share = Some(more),
            }
            bytes.extend_from_slice(&piece);
        }
        Ok((bytes, share))
    }
}

fn said((status, body): &(StatusCode, String)) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.clone())));
    *response.status_mut() = *status;
    if body.is_empty() { response } else { with(response, CONTENT_TYPE, "text/plain; charset=utf-8") }
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    said(&(status, status.canonical_reason().map(|reason| format!("{reason}\n")).unwrap_or_default()))
}

/// The rest of the request is not worth reading.
fn closing(status: StatusCode) -> Response<Full<Bytes>> {
    with(plain(status), CONNECTION, "close")
}

fn not_taken() -> Response<Full<Bytes>> {
    with(plain(StatusCode::SERVICE_UNAVAILABLE), RETRY_AFTER, AGAIN)
}

fn with(mut response: Response<Full<Bytes>>, name: HeaderName, value: &str) -> Response<Full<Bytes>> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}
