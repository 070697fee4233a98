//! One who is attached: a connection that is read line by line and written without ever waiting.
//!
//! What is told to a client that does not read is bounded: events are skipped and counted, and one who asks and asks without reading
//! the answers is let go.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

use rustix::net::sockopt::socket_peercred;

use crate::datum::{Datum, Map, json};
use crate::escapement::Token;
use crate::log::Priority;
use crate::secrets;

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

/// One who is attached.
#[derive(Debug)]
pub(super) struct Client {
    /// Its number.
    pub(super) id: u64,
    stream: UnixStream,
    /// Its binding.
    pub(super) token: Option<Token>,
    input: Vec<u8>,
    /// How far `input` was searched for the end of a line.
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
        Some(Self {
            id,
            stream,
            token: None,
            input: Vec::new(),
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
        })
    }

    /// The connection.
    pub(super) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Reads what has come; true when there may be more.
    pub(super) fn read(&mut self) -> bool {
        let mut room = [0; 8192];
        let mut got = 0;
        while got < AT_ONCE && !self.gone && !self.ended {
            match self.stream.read(&mut room) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    self.input.extend_from_slice(&room[..count]);
                    got += count;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.gone = true,
            }
        }
        !self.gone && !self.ended
    }

    /// The next request.
    pub(super) fn line(&mut self) -> Option<String> {
        loop {
            let Some(end) = memchr::memchr(b'\n', &self.input[self.searched..]) else {
                self.searched = self.input.len();
                if self.input.len() > LONGEST {
                    self.answer(&Datum::Unit, Err((format!("a request has at most {LONGEST} bytes"), None)));
                    self.write();
                    self.gone = true;
                }
                return None;
            };
            let line: Vec<u8> = self.input.drain(..=self.searched + end).collect();
            self.searched = 0;
            let text = String::from_utf8_lossy(&line).trim().to_owned();
            if !text.is_empty() {
                return Some(text);
            }
        }
    }

    /// Answers a request.
    pub(super) fn answer(&mut self, id: &Datum, answer: Result<Datum, (String, Option<String>)>) {
        let mut map = Map::new();
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
        self.put(&Datum::Map(map));
        if self.waiting() > TOO_MANY {
            self.gone = true;
        }
    }

    /// Tells of something that happened; skipped when too much waits already.
    pub(super) fn tell(&mut self, event: &Datum) -> bool {
        if self.waiting() > MOST {
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
        self.output.extend_from_slice(secrets::mask(&text).as_bytes());
        self.output.push(b'\n');
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
            match self.stream.write(&self.output[self.written..]) {
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
        self.gone || self.ended && self.waiting() == 0 && !owed
    }
}
