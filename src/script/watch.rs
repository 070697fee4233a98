//! How far the evaluation under way has come: operations, time, and how much memory it has taken.

use std::cell::{Cell, OnceCell, RefCell};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rhai::{Dynamic, EvalAltResult};
use rustix::time::{ClockId, clock_gettime};

use super::bench::Bell;

/// Limits of one evaluation: winding, or one call of a cog.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// What is limited, for messages.
    pub what: &'static str,
    /// Operations at most.
    pub operations: u64,
    /// Time at most.
    pub time: Duration,
    /// What it may have at a time, in MiB: all strings, arrays and maps together.
    pub memory: u64,
}

/// Of the script's top level.
pub(super) const WINDING: Limits =
    Limits { what: "the script's top level", operations: 50_000_000, time: Duration::from_secs(10), memory: 64 };
/// Of one call of a cog.
pub(super) const CALL: Limits = Limits { what: "one call", operations: 1_000_000, time: Duration::from_secs(1), memory: 64 };

/// Operations between two looks at the clock. One may take milliseconds and make 16 MiB, hence so few; while they do, each is
/// looked at.
const LOOK: u64 = 8;
/// Nanoseconds between two looks at the memory: so long it takes to fill what matters.
const SPAN: u64 = 1_000_000;

/// Where an evaluation stands. Times are those of a clock that is cheap to read and exact to some milliseconds, as nanoseconds; 0 for
/// what was not looked at yet.
#[derive(Debug)]
struct Run {
    limits: Cell<Limits>,
    started: Cell<u64>,
    /// When the clock was last looked at.
    last: Cell<u64>,
    /// When the memory was last looked at.
    looked: Cell<u64>,
    /// Pages that the process had when it was first looked at.
    pages: Cell<u64>,
    /// Operations so far. Rhai's own count forgets what a closure did that one of its functions called.
    operations: Cell<u64>,
    /// At how many it is looked around.
    next: Cell<u64>,
}

impl Run {
    fn new(limits: Limits) -> Self {
        let none = || Cell::new(0);
        let (started, last, looked, pages, operations) = (none(), none(), none(), none(), none());
        Self { limits: Cell::new(limits), started, last, looked, pages, operations, next: Cell::new(LOOK) }
    }

    /// Stands where `other` stood, which then stands where this did.
    fn swap(&self, other: &Self) {
        self.limits.swap(&other.limits);
        self.started.swap(&other.started);
        self.last.swap(&other.last);
        self.looked.swap(&other.looked);
        self.pages.swap(&other.pages);
        self.operations.swap(&other.operations);
        self.next.swap(&other.next);
    }
}

/// The evaluation under way; shared with the engine's progress callback.
#[derive(Debug)]
pub struct Watch {
    run: Run,
    /// What a function found that could not raise it.
    fault: RefCell<Option<Box<EvalAltResult>>>,
    /// Nanoseconds that native code has taken, in vain, for what is evaluated next.
    spent: Cell<u64>,
    memory: OnceCell<Option<File>>,
    /// By which another thread ends what runs.
    bell: Option<Arc<Bell>>,
}

impl Watch {
    /// A watch that holds nobody back yet.
    pub fn new() -> Rc<Self> {
        Self::with_bell(None)
    }

    /// A watch whose evaluations another thread may end.
    pub(super) fn with_bell(bell: Option<Arc<Bell>>) -> Rc<Self> {
        Rc::new(Self { run: Run::new(WINDING), fault: RefCell::default(), spent: Cell::new(0), memory: OnceCell::new(), bell })
    }

    /// What is done meanwhile does not count for the evaluation under way.
    pub(super) fn rest<T>(&self, meanwhile: impl FnOnce() -> T) -> T {
        let around = Run::new(WINDING);
        self.run.swap(&around);
        let began = now();
        let value = meanwhile();
        self.run.swap(&around);
        let rested = now() - began;
        for moment in [&self.run.started, &self.run.last] {
            if moment.get() > 0 {
                moment.set(moment.get() + rested);
            }
        }
        // Its memory is measured anew.
        self.run.looked.set(0);
        value
    }

    /// An evaluation with these limits begins; it ends before the one around it goes on.
    ///
    /// # Errors
    /// What was raised, and what could not be.
    pub(super) fn during<T>(
        &self,
        limits: Limits,
        evaluate: impl FnOnce() -> Result<T, Box<EvalAltResult>>,
    ) -> Result<T, Box<EvalAltResult>> {
        let around = Run::new(limits);
        let spent = self.spent.take();
        if spent > 0 {
            around.started.set(now().saturating_sub(spent).max(1));
        }
        self.run.swap(&around);
        let result = evaluate();
        self.run.swap(&around);
        match self.fault.take() {
            Some(fault) => Err(fault),
            None => result,
        }
    }

    /// What is evaluated next was tried by native code for so long: both are one call.
    pub(super) fn spent(&self, time: Duration) {
        self.spent.set(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// The evaluation under way must end with this error, which Rhai would hide where it is returned.
    pub(super) fn end(&self, fault: Box<EvalAltResult>) {
        self.fault.replace(Some(fault));
        self.run.next.set(0);
    }

    /// For the engine: a value when the evaluation must end. The clock is first read after some operations, so that short calls
    /// do not pay for it.
    #[inline]
    pub fn check(&self) -> Option<Dynamic> {
        let operations = self.run.operations.get() + 1;
        self.run.operations.set(operations);
        if operations < self.run.next.get() { None } else { self.look(operations) }
    }

    #[cold]
    #[inline(never)]
    fn look(&self, operations: u64) -> Option<Dynamic> {
        if let Some(fault) = &*self.fault.borrow() {
            return Some(fault.to_string().into());
        }
        if self.bell.as_ref().is_some_and(|bell| bell.rings()) {
            return Some("interrupted".into());
        }
        let (run, now) = (&self.run, now());
        let limits = run.limits.get();
        if operations > limits.operations {
            return Some(format!("more than {} operations in {}", limits.operations, limits.what).into());
        }
        if run.started.get() == 0 {
            run.started.set(now);
            run.last.set(now);
        }
        let slow = now - run.last.replace(now) > SPAN;
        // The operation after the last allowed one is looked at, come what may.
        run.next.set((operations + if slow { 1 } else { LOOK }).min(limits.operations + 1));
        if now - run.started.get() > u64::try_from(limits.time.as_nanos()).unwrap_or(u64::MAX) {
            let time = if limits.time.as_secs() > 0 || limits.time.is_zero() {
                format!("{} s", limits.time.as_secs())
            } else {
                format!("{} ms", limits.time.as_millis())
            };
            return Some(format!("more than {time} in {}", limits.what).into());
        }
        // Short calls end before the memory is looked at for the first time.
        if now - run.looked.get().max(run.started.get()) < SPAN {
            return None;
        }
        let pages = self.pages();
        if run.looked.replace(now) == 0 {
            run.pages.set(pages);
        }
        let grown = pages.saturating_sub(run.pages.get()) * page_size();
        (grown > limits.memory << 20).then(|| format!("more than {} MiB of data in {}", limits.memory, limits.what).into())
    }

    /// Pages of memory that the process has; none where the system does not tell.
    fn pages(&self) -> u64 {
        let told = self.memory.get_or_init(|| File::open("/proc/self/statm").ok());
        let mut text = [0; 64];
        let length = told.as_ref().and_then(|file| file.read_at(&mut text, 0).ok()).unwrap_or(0);
        let word = text[..length].split(|byte| *byte == b' ').nth(1);
        word.and_then(|word| str::from_utf8(word).ok()?.parse().ok()).unwrap_or(0)
    }
}

/// The time, in nanoseconds from some moment on.
fn now() -> u64 {
    let time = clock_gettime(ClockId::MonotonicCoarse);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

fn page_size() -> u64 {
    rustix::param::page_size() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(limits: Limits, most: u64) -> Option<(u64, String)> {
        let watch = Watch::new();
        let mut ended = None;
        let evaluated = watch.during(limits, || {
            ended = (1..most).find_map(|n| Some((n, watch.check()?.to_string())));
            Ok(())
        });
        evaluated.unwrap();
        ended
    }

    #[test]
    fn the_first_operation_too_many_is_the_last() {
        for operations in [1000, 1001, 1999, 2500] {
            let limits = Limits { what: "a test", operations, time: Duration::MAX, memory: 64 };
            assert_eq!(ended(limits, 10_000), Some((operations + 1, format!("more than {operations} operations in a test"))));
        }
    }

    #[test]
    fn what_native_code_has_taken_counts_once() {
        let watch = Watch::new();
        let limits = Limits { what: "a test", operations: 1_000_000, time: Duration::from_secs(60), memory: 64 };
        let told = || {
            let mut told = None;
            let evaluated = watch.during(limits, || {
                told = (1..100).find_map(|_| watch.check());
                Ok(())
            });
            evaluated.unwrap();
            told.map(|told| told.to_string())
        };
        watch.spent(Duration::from_secs(30));
        assert_eq!(told(), None);
        watch.spent(Duration::from_secs(61));
        assert_eq!(told().as_deref(), Some("more than 60 s in a test"));
        assert_eq!(told(), None, "the next call has all of its time");
    }

    #[test]
    fn the_clock_is_looked_at_soon() {
        let limits = Limits { what: "a test", operations: 1_000_000, time: Duration::ZERO, memory: 64 };
        let (_, told) = ended(limits, 1_000_000).unwrap();
        assert_eq!(told, "more than 0 s in a test");
    }
}
