//! Signals that the test sends to itself. Each test has its own, as handlers belong to the whole process.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use signal_hook::consts::{SIGALRM, SIGKILL, SIGSTOP, SIGTERM, SIGURG, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::low_level::raise;

use super::{OWNER, by_hand, ready};
use crate::escapement::{Clock, Escapement, Wake};

#[test]
fn a_signal_wakes_all_who_bound_it_in_order() {
    let (mut escapement, _) = by_hand();
    let _keep = escapement.every(OWNER, std::time::Duration::from_secs(1));
    let first = escapement.signal(1, SIGUSR1).unwrap();
    let second = escapement.signal(2, SIGUSR1).unwrap();
    raise(SIGUSR1).unwrap();
    let fired = ready(&mut escapement);
    assert!(fired.iter().all(|fired| matches!(fired.wake, Wake::Signal(SIGUSR1))));
    assert_eq!(fired.iter().map(|fired| fired.token).collect::<Vec<_>>(), [first, second]);
    raise(SIGUSR1).unwrap();
    assert_eq!(ready(&mut escapement).len(), 2);
    assert!(escapement.unbind(first));
    raise(SIGUSR1).unwrap();
    assert_eq!(ready(&mut escapement).len(), 1);
}

#[test]
fn signals_are_weak_and_end_a_wait() {
    let mut escapement = Escapement::new(Clock::real()).unwrap();
    let token = escapement.signal(OWNER, SIGUSR2).unwrap();
    assert!(escapement.next().unwrap().is_none());
    let _keep = escapement.after(OWNER, std::time::Duration::from_secs(3600));
    let sender = std::thread::spawn(|| {
        let pid = rustix::process::getpid();
        rustix::process::kill_process(pid, rustix::process::Signal::USR2).unwrap();
    });
    assert_eq!(super::soon_enough(&mut escapement).token, token);
    sender.join().unwrap();
}

#[test]
fn two_escapements_hear_one_signal_and_part_without_harm() {
    let (mut first, _) = by_hand();
    let (mut second, _) = by_hand();
    let _ = (first.soon(1), first.signal(1, SIGALRM).unwrap());
    let _ = (second.soon(1), second.signal(1, SIGALRM).unwrap());
    drop(first);
    // Not the default effect, which would end the test.
    raise(SIGALRM).unwrap();
    assert_eq!(ready(&mut second).len(), 2);
}

#[test]
fn a_signal_bound_again_after_all_had_left_is_heard() {
    for _ in 0..2 {
        let (mut escapement, _) = by_hand();
        let _ = (escapement.soon(1), escapement.signal(1, SIGWINCH).unwrap());
        raise(SIGWINCH).unwrap();
        assert_eq!(ready(&mut escapement).len(), 2);
        drop(escapement);
        raise(SIGWINCH).unwrap();
    }
}

#[test]
fn an_unbound_signal_is_silent() {
    let (mut escapement, _) = by_hand();
    let token = escapement.signal(1, SIGURG).unwrap();
    assert!(escapement.unbind(token));
    raise(SIGURG).unwrap();
    let _ = escapement.soon(1);
    assert_eq!(ready(&mut escapement).len(), 1);
}

/// Set in the environment of a copy of the test program that is to end itself.
const ALONE: &str = "DEADBEAT_TEST_ALONE";

#[test]
fn a_signal_that_nobody_hears_any_more_ends_the_program_again() {
    if std::env::var_os(ALONE).is_some() {
        let (mut escapement, _) = by_hand();
        let token = escapement.signal(OWNER, SIGTERM).unwrap();
        raise(SIGTERM).unwrap();
        assert!(escapement.unbind(token));
        raise(SIGTERM).unwrap();
        return;
    }
    let name = "escapement::tests::signals::a_signal_that_nobody_hears_any_more_ends_the_program_again";
    let mut alone = Command::new(std::env::current_exe().unwrap());
    let ended = alone.args([name, "--exact"]).env(ALONE, "1").output().unwrap();
    assert_eq!(ended.status.signal(), Some(SIGTERM), "{ended:?}");
}

#[test]
fn what_cannot_be_caught_is_refused() {
    let (mut escapement, _) = by_hand();
    for signal in [SIGKILL, SIGSTOP, 0, -1, 9999] {
        assert!(escapement.signal(OWNER, signal).is_err(), "{signal}");
    }
    assert_eq!(escapement.bound(OWNER), 0);
}
