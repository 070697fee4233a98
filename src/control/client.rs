//! One who is attached: a connection that is read line by line and written without ever waiting, or a page's, which is written only.
//!
//! What is told to a client that does not read is bounded: events are skipped and counted, and one who asks and asks without reading
//! the answers is let go.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::net::sockopt::socket_peercred;

use super::{CLIENTS, Control, ui};
use crate::datum::{Datum, Map, json};
use crate::error::Result;
use crate::escapement::{Interest, Token};
use crate::log::Priority;
use crate::secrets;
use crate::train::Train;

/// Bytes of a request at most.
const LONGEST: usize = 1 << 20;
/// Bytes that wait for a client before events are skipped.
const MOST: usize = 1 << 20;
/// Bytes that wait before a client is let go.
const TOO_MANY: usize = 32 << 20;
/// Events kept that it was shown.
const SHOWN: usize = 32;
/// Bytes read in one go, so that others get their turn.
const AT_ONCE: usize = 64 << 10;

/// What connects a client.
#[derive(Debug)]
pub(super) enum Link {
    /// The control socket.
    Local(UnixStream),
    /// The page's server.
    Page(TcpStream),
}

impl AsRawFd for Link {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Self::Local(stream) => stream.as_raw_fd(),
            Self::Page(stream) => stream.as_raw_fd(),
        }
    }
}

impl Read for Link {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Local(stream) => stream.read(room),
            Self::Page(stream) => stream.read(room),
        }
    }
}

impl Write for Link {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Local(stream) => stream.write(bytes),
            Self::Page(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How a client is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Lines of JSON both ways.
    Lines,
    /// A page: server-sent events, and nothing is read.
    Events,
    /// One answer to one request of a program that speaks HTTP.
    Answer,
}

/// One who is attached.
#[derive(Debug)]
pub(super) struct Client {
    /// Its number.
    pub(super) id: u64,
    link: Link,
    /// How it is read and written.
    pub(super) form: Form,
    /// Its binding.
    pub(super) token: Option<Token>,
    input: Vec<u8>,
    /// How much of `input` was taken, and how far it was searched for the end of a line.
    taken: usize,
    searched: usize,
    output: Vec<u8>,
    /// How much of `output` was written.
    written: usize,
    /// Events that were not told, as it does not read.
    pub(super) skipped: u64,
    /// It has gone, or must go.
    pub(super) gone: bool,
    /// It has said all that it will, and is owed the rest of its answers.
    ended: bool,
    /// Log lines from this priority on are told.
    pub(super) level: Option<Priority>,
    /// The parked event that it looks at.
    pub(super) current: Option<u64>,
    /// The events that it was shown last.
    pub(super) shown: VecDeque<Datum>,
    /// What it has armed that remembers events: it asked for it.
    pub(super) records: bool,
}

impl Client {
    /// A client at the other end of `stream`, if it may be one: the same user, or root.
    pub(super) fn new(id: u64, stream: UnixStream) -> Option<Self> {
        let peer = socket_peercred(&stream).ok()?;
        let own = rustix::process::geteuid();
        if peer.uid != own && !peer.uid.is_root() {
            return None;
        }
        stream.set_nonblocking(true).ok()?;
        Some(Self::linked(id, Link::Local(stream), Form::Lines, None))
    }

    /// A page, or a program that speaks HTTP, whose request has been read.
    pub(super) fn of_page(id: u64, stream: TcpStream, token: Token, form: Form) -> Self {
        let mut client = Self::linked(id, Link::Page(stream), form, Some(token));
        if form == Form::Events {
            client.output.extend_from_slice(&ui::http::stream_head());
        }
        client
    }

    fn linked(id: u64, link: Link, form: Form, token: Option<Token>) -> Self {
        Self {
            id,
            link,
            form,
            token,
            input: Vec::new(),
            taken: 0,
            searched: 0,
            output: Vec::new(),
            written: 0,
            skipped: 0,
            gone: false,
            ended: false,
            level: None,
            current: None,
            shown: VecDeque::new(),
            records: false,
        }
    }

    /// Reads what has come; true when there may be more.
    pub(super) fn read(&mut self) -> bool {
        // Who asks faster than is answered waits.
        if self.has_line() {
            return true;
        }
        let mut room = [0; 8192];
        let mut got = 0;
        while got < AT_ONCE && !self.gone && !self.ended {
            match self.link.read(&mut room) {
                // A page that says no more has gone.
                Ok(0) if self.form == Form::Events => self.gone = true,
                Ok(0) => self.ended = true,
                Ok(count) => {
                    if self.form == Form::Lines {
                        self.input.extend_from_slice(&room[..count]);
                    }
                    got += count;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.gone = true,
            }
        }
        !self.gone && !self.ended
    }

    /// Whether a whole request waits.
    fn has_line(&self) -> bool {
        memchr::memchr(b'\n', &self.input[self.searched..]).is_some()
    }

    /// The next request.
    pub(super) fn line(&mut self) -> Option<String> {
        loop {
            let Some(end) = memchr::memchr(b'\n', &self.input[self.searched..]) else {
                self.input.drain(..self.taken);
                (self.taken, self.searched) = (0, self.input.len());
                if self.input.len() > LONGEST {
                    self.answer(&Datum::Unit, Err((format!("a request has at most {LONGEST} bytes"), None)));
                    self.write();
                    self.gone = true;
                }
                return None;
            };
            let end = self.searched + end;
            let text = String::from_utf8_lossy(&self.input[self.taken..end]).trim().to_owned();
            (self.taken, self.searched) = (end + 1, end + 1);
            if !text.is_empty() {
                return Some(text);
            }
        }
    }

    /// Answers a request.
    pub(super) fn answer(&mut self, id: &Datum, answer: std::result::Result<Datum, (String, Option<String>)>) {
        let mut map = Map::new();
        let status = if answer.is_ok() { 200 } else { 400 };
        map.push("id".into(), id.clone());
        match answer {
            Ok(data) => map.push("data".into(), data),
            Err((text, hint)) => {
                map.push("error".into(), Datum::from(text));
                if let Some(hint) = hint {
                    map.push("hint".into(), Datum::from(hint));
                }
            }
        }
        if self.form == Form::Answer {
            let text = json::to_string(&Datum::Map(map));
            self.output.extend_from_slice(&ui::http::response(status, "application/json", "", secrets::mask(&text).as_bytes()));
            self.ended = true;
            return;
        }
        self.put(&Datum::Map(map));
        if self.waiting() > TOO_MANY {
            self.gone = true;
        }
    }

    /// Tells of something that happened; skipped when too much waits already.
    pub(super) fn tell(&mut self, event: &Datum) -> bool {
        if self.waiting() > MOST || self.form == Form::Answer {
            self.skipped += 1;
            return false;
        }
        self.put(event);
        true
    }

    /// It is shown an event, which is `e` for expressions from now on.
    pub(super) fn show(&mut self, datum: &Datum) {
        if self.shown.len() >= SHOWN {
            self.shown.pop_front();
        }
        self.shown.push_back(datum.detach());
    }

    fn put(&mut self, message: &Datum) {
        let text = json::to_string(message);
        // An event of a page ends with an empty line.
        let (before, after): (&[u8], &[u8]) = if self.form == Form::Events { (b"data: ", b"\n\n") } else { (b"", b"\n") };
        for part in [before, secrets::mask(&text).as_bytes(), after] {
            self.output.extend_from_slice(part);
        }
    }

    /// Whether something waits to be written.
    pub(super) fn has_more(&self) -> bool {
        self.waiting() > 0
    }

    fn waiting(&self) -> usize {
        self.output.len() - self.written
    }

    /// Writes as much as it takes.
    pub(super) fn write(&mut self) {
        while self.waiting() > 0 && !self.gone {
            match self.link.write(&self.output[self.written..]) {
                Ok(0) => self.gone = true,
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.gone = true,
            }
        }
        if self.waiting() == 0 {
            self.output.clear();
            self.written = 0;
            self.output.shrink_to(MOST);
        } else if self.written > MOST {
            self.output.drain(..self.written);
            self.written = 0;
        }
    }

    /// Whether it may be let go: it has ended, and nothing waits for it.
    pub(super) fn is_over(&self, owed: bool) -> bool {
        self.gone || self.ended && !self.has_line() && self.waiting() == 0 && !owed
    }
}

impl Control {
    /// Attaches a client that is connected already.
    ///
    /// # Errors
    /// Its descriptor cannot be waited for.
    pub fn attach(&mut self, train: &mut Train, stream: UnixStream) -> Result<()> {
        self.start(train);
        if self.clients.len() >= CLIENTS {
            let mut stream = stream;
            let _ = stream.set_nonblocking(true);
            let _ =
                stream.write_all(format!("{{\"error\":\"{CLIENTS} clients are attached, which is the most there may be\"}}\n").as_bytes());
            return Ok(());
        }
        self.last_client += 1;
        let Some(client) = Client::new(self.last_client, stream) else { return Ok(()) };
        self.admit(train, client)
    }

    /// Has a client among the others.
    pub(super) fn admit(&mut self, train: &mut Train, mut client: Client) -> Result<()> {
        if client.token.is_none() {
            let esc = train.escapement();
            let token = esc.fd(Train::OVERSEER, &client.link, Interest::BOTH)?;
            esc.weaken(token);
            client.token = Some(token);
        }
        client.tell(&self.hello(train));
        client.write();
        self.clients.insert(client.id, client);
        if self.beat.is_none() {
            self.rates.sample(train);
            let esc = train.escapement();
            let beat = esc.every(Train::OVERSEER, Duration::from_secs(1));
            esc.weaken(beat);
            self.beat = Some(beat);
        }
        Ok(())
    }
}
