//! Trials: a script's train turned apart, with nothing outside touched.
//!
//! A [`Shadow`] is a train on a clock by hand whose supplies read nothing and whose drains write nothing (`stubs`); all that happens
//! in it is written down (`record`), and it always ends. [`dry`] shows what becomes of data, [`compare`] what differs between two
//! versions of a script. `stand` is what tests written in Rhai try pipelines in, `run` runs files of them, `differ` tells how values
//! differ, `junit` is the report for other programs, and [`write_test`] makes a test of what was seen. All of it may be done on any thread, as long as script and shadow stay on it.
//!
//! Must not know the reactor's kin: command line, control socket.

mod compare;
mod differ;
mod junit;
mod record;
mod run;
mod save;
mod shadow;
mod stand;
mod stubs;
#[cfg(test)]
mod tests;

pub use compare::{Comparison, Difference, Rehearsal, Shown, compare, dry, rehearse};
pub use differ::differences;
pub use junit::junit;
pub use record::{Record, What};
pub use run::{Case, ENDING, Listing, TIME, Verdict, check, files, is_tests, list, run};
pub use save::{Answer, Saved, write_test};
pub use shadow::{Failure, Outputs, Shadow, Terms};
pub use stubs::Part;
