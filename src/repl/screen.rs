//! Where things are shown: above the line that is being typed, or simply one after another.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::tcgetwinsize;

use super::link::{Link, Shared};
use super::paint::clean_lines;

/// How often it is looked whether something is to be shown.
const LOOK: Duration = Duration::from_millis(50);
/// Bytes of a line that a train writes; a longer one is shown in pieces.
const LONGEST: u64 = 64 << 10;

/// What prints while a line is being typed.
pub(super) type Printer = Box<dyn FnMut(String) + Send>;

/// Where all is shown.
pub(super) struct Screen {
    /// The terminal, where the shell does not write to its standard output.
    terminal: Option<File>,
    shared: Arc<Shared>,
    over: Arc<AtomicBool>,
    pump: Option<JoinHandle<()>>,
    outputs: Vec<JoinHandle<()>>,
}

impl Screen {
    /// A screen on that terminal, else on standard output. `printer` is used while a line is typed; with `nudges`, who types is
    /// interrupted when the prompt is another one.
    pub(super) fn new(shared: &Arc<Shared>, terminal: Option<File>, printer: Printer, nudges: bool, outputs: Vec<File>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (its, ends) = (Arc::clone(shared), Arc::clone(&over));
        let pump = thread::Builder::new().name("screen".into()).spawn(move || pump(&its, &ends, printer, nudges)).ok();
        let outputs = outputs.into_iter().filter_map(|output| {
            let its = Arc::clone(shared);
            thread::Builder::new().name("output".into()).spawn(move || carry(output, &its)).ok()
        });
        Self { terminal, shared: Arc::clone(shared), over, pump, outputs: outputs.collect() }
    }

    /// Shows text, when no line is being typed.
    pub(super) fn say(&self, text: &str) {
        // A reader that has gone is no error.
        let _ = if let Some(mut terminal) = self.terminal.as_ref() {
            terminal.write_all(text.as_bytes())
        } else {
            let mut out = std::io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        };
    }

    /// Looks how wide the terminal is.
    pub(super) fn measure(&self) {
        let size = match &self.terminal {
            Some(terminal) => tcgetwinsize(terminal),
            None if std::io::stdout().is_terminal() => tcgetwinsize(std::io::stdout()),
            None => return self.shared.set_columns(usize::from(u16::MAX)),
        };
        let columns = size.map_or(0, |size| usize::from(size.ws_col));
        self.shared.set_columns(if columns == 0 { 80 } else { columns });
    }

    /// Shows what has come by now.
    pub(super) fn flush(&self) {
        let text = Link::shown(&mut self.shared.lock());
        if let Some(text) = text {
            self.say(&text);
        }
    }

    /// Shows the last, when no line will be typed any more and who writes has ended.
    pub(super) fn close(mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.shared.wake();
        for thread in self.outputs.drain(..) {
            let _ = thread.join();
        }
        self.flush();
        // It may wait for an editor that is no more: it is not waited for.
        drop(self.pump.take());
    }
}

/// Prints what comes while a line is being typed.
fn pump(shared: &Shared, over: &AtomicBool, mut printer: Printer, nudges: bool) {
    while !over.load(Ordering::Relaxed) {
        let mut state = shared.lock();
        let text = if state.editing { Link::shown(&mut state) } else { None };
        let other = nudges && state.editing && (state.stale || state.closed);
        if text.is_none() && !other {
            drop(shared.wait(state, LOOK));
            continue;
        }
        drop(state);
        if let Some(text) = text {
            printer(text);
        }
        if other {
            // The editor takes it for the interrupt key, and gives the line back to be typed on.
            let _ = kill_process(getpid(), Signal::INT);
            drop(shared.wait(shared.lock(), LOOK));
            thread::sleep(LOOK / 5);
        }
    }
}

/// Carries what a train writes to the screen, line by line.
fn carry(output: File, shared: &Shared) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        match std::io::Read::take(&mut output, LONGEST).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                shared.show(format!("{}\n", clean_lines(text.trim_end_matches('\n'))));
            }
        }
    }
}
