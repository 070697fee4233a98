//! The connection: requests go out, and a thread takes in what comes. Answers wait for who asked, all else for the screen, so that
//! neither holds the other up.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::known::Known;
use super::paint::Paint;
use super::render::{Render, part, text};
use crate::datum::{Datum, Map, json};

/// Lines that wait for the screen; what comes on top of them is counted instead.
const LINES: usize = 5000;

/// What was asked.
struct Asked {
    command: String,
    line: String,
    /// Nobody waits for the answer.
    quiet: bool,
    /// Where what is tapped is written.
    sink: Option<File>,
}

/// What has come and what is known.
#[derive(Default)]
pub(super) struct State {
    /// Answers, and after how many pieces for the screen they came.
    answers: HashMap<u64, (String, u64)>,
    asked: HashMap<u64, Asked>,
    /// Pieces of text for the screen.
    screen: VecDeque<String>,
    skipped: u64,
    /// Pieces that came for the screen so far.
    pieces: u64,
    sinks: HashMap<i64, File>,
    last: u64,
    /// What the process is known to be.
    pub(super) known: Known,
    /// The connection is over.
    pub(super) closed: bool,
    /// A line is being typed; others print above it.
    pub(super) editing: bool,
    /// The prompt has changed while a line is being typed.
    pub(super) stale: bool,
}

/// What is shared with the thread.
pub(super) struct Shared {
    state: Mutex<State>,
    more: Condvar,
    columns: AtomicUsize,
    paint: Paint,
    /// Messages are shown as they came.
    raw: bool,
}

impl Shared {
    /// What has come.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How things are drawn at present.
    pub(super) fn render(&self) -> Render {
        Render { paint: self.paint, columns: self.columns.load(Ordering::Relaxed) }
    }

    /// The terminal has so many columns.
    pub(super) fn set_columns(&self, columns: usize) {
        self.columns.store(columns.max(20), Ordering::Relaxed);
    }

    /// Something for the screen.
    pub(super) fn show(&self, text: String) {
        self.put(&mut self.lock(), text);
        self.more.notify_all();
    }

    fn put(&self, state: &mut State, text: String) {
        let _ = self;
        if state.screen.len() < LINES {
            state.screen.push_back(text);
            state.pieces += 1;
        } else {
            state.skipped += 1;
        }
    }

    /// Waits for something to change, a little while.
    pub(super) fn wait<'a>(&self, state: MutexGuard<'a, State>, time: Duration) -> MutexGuard<'a, State> {
        self.more.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Tells all who wait.
    pub(super) fn wake(&self) {
        self.more.notify_all();
    }

    /// A line has come.
    fn take(&self, line: &str) {
        let Ok(Datum::Map(map)) = json::read(line) else { return };
        let mut state = self.lock();
        let before = state.known.prompt();
        if map.by_name("event").is_some() {
            self.event(&mut state, line, &map);
        } else {
            self.answer(&mut state, line, &map);
        }
        state.stale |= state.editing && state.known.prompt() != before;
        drop(state);
        self.more.notify_all();
    }

    fn event(&self, state: &mut State, line: &str, map: &Map) {
        let kind = text(map, "event");
        state.known.event(&kind, map);
        if kind == "hello" {
            return;
        }
        let tap = part(map, "tap").as_int();
        if kind == "tap"
            && let Some(sink) = tap.and_then(|tap| state.sinks.get_mut(&tap))
        {
            let written = sink.write_all(format!("{}\n", json::to_string(part(map, "datum"))).as_bytes());
            if let (Err(error), Some(tap)) = (written, tap) {
                state.sinks.remove(&tap);
                self.put(state, format!("tap {tap} is written no more: {error}\n"));
            }
            return;
        }
        if let (true, Some(tap)) = (kind == "tapped", tap) {
            state.sinks.remove(&tap);
        }
        let told = if self.raw { format!("{line}\n") } else { self.render().event(map) };
        self.put(state, told);
    }

    fn answer(&self, state: &mut State, line: &str, map: &Map) {
        let Some(id) = part(map, "id").as_int() else {
            // Told before anything was asked: it does not let us in.
            self.put(state, format!("{}\n", text(map, "error")));
            return;
        };
        let Some(asked) = state.asked.remove(&(id as u64)) else { return };
        let data = map.by_name("data");
        if let Some(data) = data {
            state.known.answered(&asked.command, &asked.line, data);
            match (asked.command.as_str(), asked.quiet) {
                ("functions", true) => state.known.put_functions(data),
                ("fields", true) => state.known.put_fields(asked.line.trim_start_matches("fields "), data),
                _ => {}
            }
            if let (Some(sink), Some(tap)) = (asked.sink, data.as_map().and_then(|map| part(map, "tap").as_int())) {
                state.sinks.insert(tap, sink);
            }
        }
        if !asked.quiet {
            let pieces = state.pieces;
            state.answers.insert(id as u64, (line.to_owned(), pieces));
        }
    }
}

/// The connection.
pub(super) struct Link {
    /// What has come.
    pub(super) shared: Arc<Shared>,
    stream: UnixStream,
    thread: RefCell<Option<JoinHandle<()>>>,
}

impl Link {
    /// Begins to listen.
    ///
    /// # Errors
    /// The connection cannot be shared with a thread.
    pub(super) fn new(stream: UnixStream, paint: Paint, raw: bool) -> io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), more: Condvar::new(), columns: AtomicUsize::new(100), paint, raw });
        let (reader, heard) = (stream.try_clone()?, Arc::clone(&shared));
        let listen = move || {
            for line in BufReader::new(reader).split(b'\n') {
                let Ok(line) = line else { break };
                heard.take(&String::from_utf8_lossy(&line));
            }
            heard.lock().closed = true;
            heard.more.notify_all();
        };
        let thread = thread::Builder::new().name("link".into()).spawn(listen)?;
        Ok(Self { shared, stream, thread: RefCell::new(Some(thread)) })
    }

    fn send(&self, asked: Asked) -> io::Result<u64> {
        let mut request = Map::new();
        let line = asked.line.clone();
        let id = {
            let mut state = self.shared.lock();
            state.last += 1;
            let id = state.last;
            state.asked.insert(id, asked);
            id
        };
        request.push("id".into(), Datum::Int(id as i64));
        request.push("cmd".into(), Datum::from(line));
        (&self.stream).write_all(format!("{}\n", json::to_string(&Datum::Map(request))).as_bytes())?;
        Ok(id)
    }

    /// Asks; the answer is waited for by [`Link::answer`].
    ///
    /// # Errors
    /// The process has gone.
    pub(super) fn ask(&self, command: &str, line: &str, sink: Option<File>) -> io::Result<u64> {
        self.send(Asked { command: command.to_owned(), line: line.to_owned(), quiet: false, sink })
    }

    /// Asks for something to be known, or done; nobody waits.
    pub(super) fn tell(&self, command: &str, line: &str) {
        // Who has gone is noticed elsewhere.
        let _ = self.send(Asked { command: command.to_owned(), line: line.to_owned(), quiet: true, sink: None });
    }

    /// The answer, if it has come: what is to be shown before it, where that is wanted, and the message as it came.
    pub(super) fn answer(state: &mut State, id: u64, aloud: bool) -> Option<(String, String)> {
        let (answer, pieces) = state.answers.remove(&id)?;
        let shown = state.pieces - state.screen.len() as u64;
        let before = if aloud { pieces.saturating_sub(shown) as usize } else { 0 };
        Some((state.screen.drain(..before).collect(), answer))
    }

    /// What is to be shown by now.
    pub(super) fn shown(state: &mut State) -> Option<String> {
        if state.screen.is_empty() {
            return None;
        }
        let mut all: String = state.screen.drain(..).collect();
        if state.skipped > 0 {
            all.extend(["… ", &std::mem::take(&mut state.skipped).to_string(), " more were not shown: the screen is too slow\n"]);
        }
        Some(all)
    }

    /// Says that nothing more will be asked, and waits for the last that is told.
    pub(super) fn close(&self, waits: bool) {
        let _ = self.stream.shutdown(if waits { std::net::Shutdown::Write } else { std::net::Shutdown::Both });
        let thread = self.thread.borrow_mut().take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}
