//! The escapement as its owners see it: a file for each source of events, and here what they share.

mod descriptors;
mod helper;
mod order;
mod paths;
mod signals;

use super::{Clock, Escapement, Fired, Token, Wake};

const OWNER: u32 = 7;

/// An escapement under a clock that the test moves.
fn by_hand() -> (Escapement, Clock) {
    let clock = Clock::by_hand();
    (Escapement::new(clock.clone()).unwrap(), clock)
}

/// All that is ready, without waiting.
fn ready(escapement: &mut Escapement) -> Vec<Fired> {
    std::iter::from_fn(|| escapement.next_ready().unwrap()).collect()
}

/// Whose bindings are ready, without waiting.
fn tokens(escapement: &mut Escapement) -> Vec<Token> {
    ready(escapement).into_iter().map(|fired| fired.token).collect()
}

/// The next event under a real clock, within a deadline that no healthy test reaches.
fn soon_enough(escapement: &mut Escapement) -> Fired {
    let deadline = escapement.now() + std::time::Duration::from_secs(20);
    escapement.next_until(deadline).unwrap().expect("the event should have come by now")
}

fn is_idle(fired: &Fired) -> bool {
    matches!(fired.wake, Wake::Idle)
}
