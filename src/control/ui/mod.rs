//! The page: the geartrain in a browser while it runs, served on this machine only and only when it is asked for.
//!
//! The process's own loop serves it. A connection (`caller`) says one request (`http`), which is served when it may be (`guard`). The
//! page itself holds one open, on which it is told what happens (`show`); it is then a client as those of the control socket are,
//! does the same commands and is told in the same words.

mod caller;
mod guard;
pub(super) mod http;
mod show;

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use super::client::{Client, Form};
use super::{CLIENTS, Control};
use crate::datum::Datum;
use crate::error::plain;
use crate::escapement::{Interest, Moment, Token};
use crate::log;
use crate::train::Train;

use caller::{Caller, Turn};
use http::{Request, refusal, response};

/// Connections at most, pages among them.
const CALLERS: usize = 32;

/// The page's server.
pub(super) struct Ui {
    listener: TcpListener,
    accepts: Token,
    port: u16,
    token: String,
    callers: Vec<Caller>,
    /// Looks for those whose time is over.
    sweep: Option<Token>,
    /// When pages are told next what goes on: seldom, where that takes long.
    next: Option<Moment>,
    /// Where the page is.
    pub(super) url: String,
}

impl Control {
    /// Serves the page there, and gives the address at which it is.
    ///
    /// # Errors
    /// That is no address of this machine alone, or it cannot be had.
    pub fn serve_page(&mut self, train: &mut Train, address: SocketAddr) -> io::Result<String> {
        if !address.ip().is_loopback() {
            return Err(io::Error::other("the page is served on this machine only: 127.0.0.1 or [::1]"));
        }
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let token = guard::random()?;
        let esc = train.escapement();
        let accepts = esc.fd(Train::OVERSEER, &listener, Interest::READ).map_err(io::Error::other)?;
        esc.weaken(accepts);
        let url = format!("http://{address}/?token={token}");
        let ui = Ui { listener, accepts, port: address.port(), token, callers: Vec::new(), sweep: None, next: None, url: url.clone() };
        self.ui = Some(ui);
        self.start(train);
        Ok(url)
    }

    /// Whether what has fired with that token is the page's server's.
    pub(super) fn is_for_page(&self, token: Token) -> bool {
        self.ui
            .as_ref()
            .is_some_and(|ui| token == ui.accepts || Some(token) == ui.sweep || ui.callers.iter().any(|caller| caller.token == token))
    }

    /// Something of the page's server has fired.
    pub(super) fn page_fired(&mut self, train: &mut Train, token: Token) {
        let now = train.escapement().now();
        let Some(ui) = &mut self.ui else { return };
        if token == ui.accepts {
            self.accept_callers(train);
        } else if Some(token) == ui.sweep {
            let late: Vec<Token> = ui.callers.iter().filter(|caller| caller.is_late(now)).map(|caller| caller.token).collect();
            for token in late {
                self.take_caller(train, token);
            }
        } else {
            self.serve_caller(train, token, now);
        }
    }

    fn accept_callers(&mut self, train: &mut Train) {
        loop {
            let Some(ui) = &self.ui else { return };
            let stream = match ui.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => continue,
                Err(error) => {
                    log::write_kind(log::Priority::Warning, "page", &format!("page: cannot accept: {}", plain(&error)));
                    return;
                }
            };
            if stream.set_nonblocking(true).is_err() {
                continue;
            }
            let _ = stream.set_nodelay(true);
            let pages = self.clients.values().filter(|client| client.form != Form::Lines).count();
            if ui.callers.len() + pages >= CALLERS {
                // Who has not said yet what it wants makes room, the longest waiting first; it may well be one that never will.
                let oldest = ui.callers.iter().find(|caller| caller.still_asks()).map(|caller| caller.token);
                let Some(oldest) = oldest else { continue };
                self.take_caller(train, oldest);
            }
            let esc = train.escapement();
            let now = esc.now();
            let Ok(token) = esc.fd(Train::OVERSEER, &stream, Interest::BOTH) else { continue };
            esc.weaken(token);
            let Some(ui) = &mut self.ui else { return };
            ui.callers.push(Caller::new(stream, token, now));
            if ui.sweep.is_none() {
                let sweep = esc.every(Train::OVERSEER, Duration::from_secs(1));
                esc.weaken(sweep);
                ui.sweep = Some(sweep);
            }
        }
    }

    /// A connection is over, or becomes something else; with the last one the watch over them ends.
    fn take_caller(&mut self, train: &mut Train, token: Token) -> Option<Caller> {
        let caller = self.give_caller(train, token);
        train.escapement().unbind(token);
        caller
    }

    /// As [`Control::take_caller`], but what it is bound with stays.
    fn give_caller(&mut self, train: &mut Train, token: Token) -> Option<Caller> {
        let ui = self.ui.as_mut()?;
        let place = ui.callers.iter().position(|caller| caller.token == token)?;
        let caller = ui.callers.remove(place);
        if ui.callers.is_empty()
            && let Some(sweep) = ui.sweep.take()
        {
            train.escapement().unbind(sweep);
        }
        Some(caller)
    }

    fn serve_caller(&mut self, train: &mut Train, token: Token, now: Moment) {
        let Some(caller) = self.caller(token) else { return };
        match caller.turn(now) {
            Turn::Waits => {}
            Turn::HasMore => train.escapement().rearm(token),
            Turn::Over => drop(self.take_caller(train, token)),
            Turn::Asks(request) => {
                let Some(answer) = self.page_request(train, token, &request) else { return };
                if let Some(caller) = self.caller(token) {
                    caller.answer(answer, now);
                    if caller.write(now) {
                        self.take_caller(train, token);
                    } else {
                        // What it may have sent behind is read on until it goes.
                        train.escapement().rearm(token);
                    }
                }
            }
        }
    }

    fn caller(&mut self, token: Token) -> Option<&mut Caller> {
        self.ui.as_mut()?.callers.iter_mut().find(|caller| caller.token == token)
    }

    /// Answers a request, unless the connection has become a client.
    fn page_request(&mut self, train: &mut Train, caller: Token, request: &Request) -> Option<Vec<u8>> {
        let ui = self.ui.as_ref()?;
        if let Some(status) = guard::refuses(request, ui.port, &ui.token) {
            return Some(refusal(status));
        }
        match (request.path.as_str(), request.method.as_str()) {
            ("/", "GET") => Some(show::page()),
            ("/events", "GET") => self.become_client(train, caller, Form::Events).map_or_else(Some, |client| {
                self.greet_page(train, client);
                None
            }),
            ("/command", "POST") => {
                let Some(session) = request.asked("session") else {
                    return self.become_client(train, caller, Form::Answer).map_or_else(Some, |client| {
                        self.request(train, client, &request.body);
                        None
                    });
                };
                let page = session.parse().ok().filter(|id| self.clients.get(id).is_some_and(|client| client.form == Form::Events));
                let Some(page) = page else { return Some(refusal(410)) };
                // The answer comes among the events, as it may take its time.
                self.request(train, page, &request.body);
                Some(response(202, "application/json", "", b"{}\n"))
            }
            ("/" | "/events" | "/command", _) => Some(refusal(405)),
            _ => Some(refusal(404)),
        }
    }

    /// The connection is a client's from now on; or what is to be answered.
    fn become_client(&mut self, train: &mut Train, caller: Token, form: Form) -> Result<u64, Vec<u8>> {
        if self.clients.len() >= CLIENTS {
            return Err(refusal(503));
        }
        let Some(Caller { stream, token, .. }) = self.give_caller(train, caller) else { return Err(refusal(503)) };
        self.last_client += 1;
        let id = self.last_client;
        self.admit(train, Client::of_page(id, stream, token, form)).map_err(|_| refusal(503))?;
        Ok(id)
    }

    /// A page is told who it is, and what goes on.
    fn greet_page(&mut self, train: &mut Train, id: u64) {
        self.tell(id, &super::map([("event", Datum::from("page")), ("session", Datum::Int(id as i64))]));
        let now = self.now_of(train);
        self.tell(id, &now);
    }
}
