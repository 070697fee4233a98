//! How far the evaluation under way has come: operations, time, and how much memory it has taken.

use std::cell::{Cell, OnceCell, RefCell};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rhai::{Dynamic, EvalAltResult};

/// Limits of one evaluation: winding, or one call of a cog.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// What is limited, for messages.
    pub what: &'static str,
    /// Operations at most.
    pub operations: u64,
    /// Time at most.
    pub time: Duration,
}

/// Of the script's top level.
pub(super) const WINDING: Limits = Limits { what: "the script's top level", operations: 50_000_000, time: Duration::from_secs(10) };
/// Of one call of a cog.
pub(super) const CALL: Limits = Limits { what: "one call", operations: 1_000_000, time: Duration::from_secs(1) };

/// What one evaluation may have at a time, in MiB: all strings, arrays and maps together.
const MEMORY: u64 = 64;
/// Operations between two looks at the clock. One may take milliseconds and make 16 MiB, hence so few; while they do, each is
/// looked at.
const LOOK: u64 = 8;
/// Time between two looks at the memory: so long it takes to fill what matters.
const SPAN: Duration = Duration::from_millis(1);

/// Where the evaluation under way stands.
#[derive(Clone, Copy, Debug)]
struct Run {
    limits: Limits,
    started: Option<Instant>,
    /// When the clock was last looked at.
    last: Option<Instant>,
    /// When the memory was last looked at.
    looked: Option<Instant>,
    /// Pages that the process had when it was first looked at.
    pages: u64,
}

impl Run {
    fn new(limits: Limits) -> Self {
        Self { limits, started: None, last: None, looked: None, pages: 0 }
    }
}

/// The evaluation under way; shared with the engine's progress callback.
#[derive(Debug)]
pub struct Watch {
    run: Cell<Run>,
    /// Operations so far. Rhai's own count forgets what a closure did that one of its functions called.
    operations: Cell<u64>,
    /// At how many the clock is looked at again.
    next: Cell<u64>,
    /// What a function found that could not raise it.
    fault: RefCell<Option<Box<EvalAltResult>>>,
    memory: OnceCell<Option<File>>,
}

impl Watch {
    /// A watch that holds nobody back yet.
    pub fn new() -> Rc<Self> {
        Rc::new(Self {
            run: Cell::new(Run::new(WINDING)),
            operations: Cell::new(0),
            next: Cell::new(LOOK),
            fault: RefCell::default(),
            memory: OnceCell::new(),
        })
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
        let around = (self.run.replace(Run::new(limits)), self.operations.replace(0), self.next.replace(LOOK));
        let result = evaluate();
        self.run.set(around.0);
        self.operations.set(around.1);
        self.next.set(around.2);
        match self.fault.take() {
            Some(fault) => Err(fault),
            None => result,
        }
    }

    /// The evaluation under way must end with this error, which Rhai would hide where it is returned.
    pub(super) fn end(&self, fault: Box<EvalAltResult>) {
        self.fault.replace(Some(fault));
        self.next.set(0);
    }

    /// For the engine: a value when the evaluation must end. The clock is first read after some operations, so that short calls
    /// do not pay for it.
    #[inline]
    pub fn check(&self) -> Option<Dynamic> {
        let operations = self.operations.get() + 1;
        self.operations.set(operations);
        if operations < self.next.get() {
            return None;
        }
        self.look(operations).map(Into::into)
    }

    #[cold]
    #[inline(never)]
    fn look(&self, operations: u64) -> Option<String> {
        if let Some(fault) = &*self.fault.borrow() {
            return Some(fault.to_string());
        }
        let mut run = self.run.get();
        let limits = run.limits;
        if operations > limits.operations {
            return Some(format!("more than {} operations in {}", limits.operations, limits.what));
        }
        let now = Instant::now();
        let started = *run.started.get_or_insert(now);
        let slow = run.last.replace(now).is_some_and(|last| now - last > SPAN);
        // The operation after the last allowed one is looked at, come what may.
        self.next.set((operations + if slow { 1 } else { LOOK }).min(limits.operations + 1));
        if now - started > limits.time {
            return Some(format!("more than {} s in {}", limits.time.as_secs(), limits.what));
        }
        // Short calls end before the memory is looked at for the first time.
        match run.looked {
            _ if now - run.looked.unwrap_or(started) < SPAN => {}
            looked => {
                let pages = self.pages();
                if looked.is_none() {
                    run.pages = pages;
                }
                if pages.saturating_sub(run.pages) * page_size() > MEMORY << 20 {
                    return Some(format!("more than {MEMORY} MiB of data in {}", limits.what));
                }
                run.looked = Some(now);
            }
        }
        self.run.set(run);
        None
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
            let limits = Limits { what: "a test", operations, time: Duration::MAX };
            assert_eq!(ended(limits, 10_000), Some((operations + 1, format!("more than {operations} operations in a test"))));
        }
    }

    #[test]
    fn the_clock_is_looked_at_soon() {
        let limits = Limits { what: "a test", operations: 1_000_000, time: Duration::ZERO };
        let (operation, told) = ended(limits, 5000).unwrap();
        assert!(operation <= 2 * LOOK && told == "more than 0 s in a test", "{operation}: {told}");
    }
}
