//! The workbench beside a running train: evaluates, traces and steps on threads and engines of its own, so that the reactor never
//! waits for it.
//!
//! Each session has a thread that winds the script for itself, and another one while it steps; what belongs to no session has one
//! too. Nothing that is done there touches the train: cogs are wound, never run, and no more can be made. Threads are kept for the
//! next session. `tasks` is what is asked and answered, `worker` the thread, `shop` the script on it, `eval`, `trace` and `steps` what
//! it does; `probe` is what Rhai's debugger tells, `input` reads what users type, `live` makes predicates for the train's own
//! thread, `functions` and `validity` help who types.

mod bell;
mod eval;
mod functions;
mod input;
mod live;
mod probe;
mod shop;
mod steps;
mod tasks;
#[cfg(test)]
mod tests;
mod trace;
mod validity;
mod values;
mod worker;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;

pub(in crate::script) use bell::Bell;
pub use live::Live;
pub use tasks::{Answer, Command, Done, Fault, Frame, FunctionInfo, Run, Spot, Stopped, Task, Trace, Validity, Value, Variable, Verdict};
pub use validity::validity;

use super::{Setting, Wound};
use shop::Script;
use worker::{Order, Worker};

/// Whose thread it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Seat {
    Common,
    Session(u64),
    Steps(u64),
}

/// The threads. Dropped, all of them end, also those that compute.
pub struct Bench {
    script: Script,
    setting: Setting,
    seats: RefCell<HashMap<Seat, Worker>>,
    idle: RefCell<Vec<Worker>>,
}

impl Bench {
    /// A bench for that script, or for none. Threads are started and the script is wound when they are first needed.
    pub fn start(script: Option<PathBuf>, setting: Setting) -> Self {
        Self::with(script.map_or(Script::Nothing, Script::File), setting)
    }

    /// A bench for a script as it was wound, whatever becomes of its files.
    pub fn of(wound: &Wound, setting: Setting) -> Self {
        let host = &wound.host;
        let sources = [&host.main].into_iter().chain(host.libraries.iter().map(|(source, _)| source));
        Self::with(Script::Texts(sources.map(|source| (source.name.clone(), source.text.clone())).collect()), setting)
    }

    fn with(script: Script, setting: Setting) -> Self {
        // Only the train's own thread has use for native code.
        let setting = Setting { no_lower: true, ..setting };
        Self { script, setting, seats: RefCell::default(), idle: RefCell::default() }
    }

    /// Does a task; `answer` is called on another thread when it is done.
    pub fn ask(&self, task: Task, answer: impl FnOnce(Result<Answer, Fault>) + Send + 'static) {
        let order = Order { task, answer: Box::new(answer) };
        match order.task {
            Task::Forget { session } => {
                for seat in [Seat::Steps(session), Seat::Session(session)] {
                    if let Some(worker) = self.seats.borrow_mut().remove(&seat) {
                        worker.bell.interrupt();
                        worker.send(Order { task: Task::Forget { session }, answer: Box::new(|_| ()) });
                        self.idle.borrow_mut().push(worker);
                    }
                }
                (order.answer)(Ok(Answer::Forgotten));
            }
            Task::Eval { session, .. } => self.send(Seat::Session(session), order),
            Task::Step { session, .. } | Task::Stepping { session, .. } | Task::Print { session, .. } => {
                self.send(Seat::Steps(session), order);
            }
            Task::Validate { .. } | Task::Trace { .. } | Task::Functions | Task::Check { .. } => self.send(Seat::Common, order),
        }
    }

    fn send(&self, seat: Seat, order: Order) {
        let mut seats = self.seats.borrow_mut();
        let worker = seats.entry(seat).or_insert_with(|| {
            let kept = self.idle.borrow_mut().pop();
            kept.unwrap_or_else(|| Worker::start(self.script.clone(), self.setting.clone()))
        });
        worker.send(order);
    }

    /// Ends what runs now in any session, with the error `interrupted`. What waits is done.
    pub fn interrupt(&self) {
        self.seats.borrow().values().for_each(|worker| worker.bell.interrupt());
    }

    /// Ends what runs now in one session.
    pub fn interrupt_session(&self, session: u64) {
        let seats = self.seats.borrow();
        for seat in [Seat::Steps(session), Seat::Session(session)] {
            if let Some(worker) = seats.get(&seat) {
                worker.bell.interrupt();
            }
        }
    }
}
