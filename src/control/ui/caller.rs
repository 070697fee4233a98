//! A connection to the page's server: it asks once, is answered once and goes. Nothing of it is waited for.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::http::{Heard, Request, refusal, understand};
use crate::escapement::{Moment, Token};

/// How long a request may take to come, and its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long is read on what nobody wants after the answer, which would be lost if the connection were closed at once.
const FAREWELL: Duration = Duration::from_secs(2);
/// Bytes read in one go, so that others get their turn.
const AT_ONCE: usize = 64 << 10;

/// One connection.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) stream: TcpStream,
    /// Its binding.
    pub(super) token: Token,
    input: Vec<u8>,
    output: Vec<u8>,
    written: usize,
    /// When it is let go, whatever it does.
    until: Moment,
    state: State,
    /// It says no more.
    ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Asks,
    IsAnswered,
    Leaves,
    Gone,
}

/// What has come of a connection.
#[derive(Debug)]
pub(super) enum Turn {
    /// Nothing yet.
    Waits,
    /// There is more to be read; others first.
    HasMore,
    /// It has asked.
    Asks(Request),
    /// It has gone.
    Over,
}

impl Caller {
    /// A connection that has just come.
    pub(super) fn new(stream: TcpStream, token: Token, now: Moment) -> Self {
        Self { stream, token, input: Vec::new(), output: Vec::new(), written: 0, until: now + PATIENCE, state: State::Asks, ended: false }
    }

    /// Whether its request has not come yet.
    pub(super) fn still_asks(&self) -> bool {
        self.state == State::Asks
    }

    /// Whether its time is over.
    pub(super) fn is_late(&self, now: Moment) -> bool {
        now >= self.until
    }

    /// It may be read or written.
    pub(super) fn turn(&mut self, now: Moment) -> Turn {
        let more = self.read();
        if self.state == State::Asks {
            match understand(&self.input) {
                Heard::Part if self.ended => self.state = State::Gone,
                Heard::Part => {}
                Heard::Whole(request) => return Turn::Asks(request),
                Heard::Refused(status) => self.answer(refusal(status), now),
            }
        }
        self.write(now);
        match self.state {
            State::Gone => Turn::Over,
            State::Leaves if self.ended => Turn::Over,
            _ if more => Turn::HasMore,
            _ => Turn::Waits,
        }
    }

    /// Reads what there is; true when there may be more.
    fn read(&mut self) -> bool {
        let mut room = [0; 8192];
        let mut got = 0;
        while got < AT_ONCE && !self.ended {
            match self.stream.read(&mut room) {
                // What it has asked for it may still be owed.
                Ok(0) => self.ended = true,
                Ok(count) => {
                    got += count;
                    if self.state == State::Asks {
                        self.input.extend_from_slice(&room[..count]);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.state = State::Gone;
                    return false;
                }
            }
        }
        !self.ended
    }

    /// Answers; what is read from here on is not heard.
    pub(super) fn answer(&mut self, bytes: Vec<u8>, now: Moment) {
        self.input = Vec::new();
        self.output = bytes;
        self.until = now + PATIENCE;
        self.state = State::IsAnswered;
    }

    /// Writes as much as it takes; true when it has gone.
    pub(super) fn write(&mut self, now: Moment) -> bool {
        while self.state == State::IsAnswered {
            match self.stream.write(&self.output[self.written..]) {
                Ok(count) => {
                    self.written += count;
                    if self.written == self.output.len() {
                        let _ = self.stream.shutdown(Shutdown::Write);
                        self.state = State::Leaves;
                        self.until = now + FAREWELL;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.state = State::Gone,
            }
        }
        self.state == State::Gone
    }
}
