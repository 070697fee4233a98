//! Signals: the handler sets a flag and writes a byte into a socket that the poll watches; all else is done in the loop.
//!
//! Signals of one kind that come before the loop looks are one, as in the kernel. A signal that nobody listens to any more has its
//! default effect again, so that a program that hangs while it ends can still be ended.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mio::unix::SourceFd;
use mio::{Interest, Registry};
use signal_hook::consts::FORBIDDEN;
use signal_hook::{SigId, flag, low_level};

use super::slots::Token;

/// Handlers belong to the process, so this counts the listeners of all escapements in it.
static LISTENERS: Mutex<BTreeMap<i32, Listeners>> = Mutex::new(BTreeMap::new());

#[derive(Debug)]
struct Listeners {
    count: usize,
    /// The first action of the signal's handler, which stays for ever: take the default effect while this is set.
    nobody: Arc<AtomicBool>,
}

/// The signals that some binding waits for.
#[derive(Debug)]
pub(super) struct Signals {
    reader: UnixStream,
    writer: UnixStream,
    heard: BTreeMap<i32, Heard>,
}

/// One signal; dropping it takes its actions out of the handler.
#[derive(Debug)]
struct Heard {
    signal: i32,
    came: Arc<AtomicBool>,
    /// First the flag, then the byte: whoever sees the byte finds the flag set.
    actions: Vec<SigId>,
    /// In the order of binding.
    tokens: Vec<Token>,
}

impl Signals {
    pub(super) fn new(registry: &Registry, name: mio::Token) -> io::Result<Self> {
        use std::os::fd::AsRawFd;
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        registry.register(&mut SourceFd(&reader.as_raw_fd()), name, Interest::READABLE)?;
        Ok(Self { reader, writer, heard: BTreeMap::new() })
    }

    /// # Errors
    /// There is no such signal, or it cannot be caught.
    pub(super) fn bind(&mut self, signal: i32, token: Token) -> io::Result<()> {
        if let Some(heard) = self.heard.get_mut(&signal) {
            heard.tokens.push(token);
            return Ok(());
        }
        let mut heard = Heard::new(signal, &self.writer)?;
        heard.tokens.push(token);
        self.heard.insert(signal, heard);
        Ok(())
    }

    pub(super) fn unbind(&mut self, signal: i32, token: Token) {
        let Some(heard) = self.heard.get_mut(&signal) else { return };
        heard.tokens.retain(|bound| *bound != token);
        if heard.tokens.is_empty() {
            self.heard.remove(&signal);
        }
    }

    pub(super) fn listeners(&self, signal: i32) -> usize {
        self.heard.get(&signal).map_or(0, |heard| heard.tokens.len())
    }

    /// What came since the last look, by signal and then in the order of binding.
    pub(super) fn take(&mut self) -> Vec<(Token, i32)> {
        let mut bytes = [0; 64];
        // Until it would block. The other end is ours, so there is neither an end nor another error.
        while matches!((&self.reader).read(&mut bytes), Ok(1..)) {}
        let came = self.heard.values().filter(|heard| heard.came.swap(false, Ordering::SeqCst));
        came.flat_map(|heard| heard.tokens.iter().map(|token| (*token, heard.signal))).collect()
    }
}

impl Heard {
    fn new(signal: i32, writer: &UnixStream) -> io::Result<Self> {
        // signal-hook would panic.
        if FORBIDDEN.contains(&signal) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this signal cannot be caught"));
        }
        listen(signal);
        let came = Arc::new(AtomicBool::new(false));
        // Made now, so that a failure half way undoes what was done.
        let mut heard = Self { signal, came, actions: Vec::new(), tokens: Vec::new() };
        heard.actions.push(flag::register(signal, Arc::clone(&heard.came))?);
        heard.actions.push(low_level::pipe::register(signal, writer.try_clone()?)?);
        Ok(heard)
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        for action in self.actions.drain(..) {
            low_level::unregister(action);
        }
        let mut listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listeners) = listeners.get_mut(&self.signal) {
            listeners.count -= 1;
            listeners.nobody.store(listeners.count == 0, Ordering::SeqCst);
        }
    }
}

/// Counts a listener in; its end counts it out.
fn listen(signal: i32) {
    let mut listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
    let listeners = listeners.entry(signal).or_insert_with(|| {
        let nobody = Arc::new(AtomicBool::new(false));
        // Real-time signals have no known default and are refused here: then they stay without effect. A number that is no signal
        // is refused again, and reported, when the flag is registered.
        let _ = flag::register_conditional_default(signal, Arc::clone(&nobody));
        Listeners { count: 0, nobody }
    });
    listeners.count += 1;
    listeners.nobody.store(false, Ordering::SeqCst);
}
