//! How one thread ends what another one evaluates.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Rung by who asked, looked at by the [`Watch`](super::super::watch::Watch) of who computes.
#[derive(Debug, Default)]
pub(in crate::script) struct Bell {
    /// The number of what runs; 0 when nothing does.
    running: AtomicU64,
    /// The number of the last that was ended.
    ended: AtomicU64,
    begun: AtomicU64,
    closed: AtomicBool,
}

impl Bell {
    /// Something begins to run.
    pub(super) fn begin(&self) {
        let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        self.running.store(number, Ordering::Release);
    }

    /// Nothing runs any more.
    pub(super) fn finish(&self) {
        self.running.store(0, Ordering::Release);
    }

    /// Ends what runs, and nothing that comes later.
    pub(super) fn interrupt(&self) {
        self.ended.store(self.running.load(Ordering::Acquire), Ordering::Release);
    }

    /// Ends what runs, and all that comes later.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether what runs is to end.
    pub(in crate::script) fn rings(&self) -> bool {
        let running = self.running.load(Ordering::Relaxed);
        self.closed.load(Ordering::Relaxed) || running != 0 && self.ended.load(Ordering::Relaxed) == running
    }
}
