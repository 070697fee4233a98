//! Jobs for the helper: answers, panics, cancelling and the end.

use std::any::Any;
use std::sync::mpsc;
use std::time::Duration;

use super::{OWNER, soon_enough};
use crate::escapement::{Clock, Escapement, Job, JobPanicked, Moment, Wake};

fn job<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Job {
    Box::pin(async { Box::new(work.await) as Box<dyn Any + Send> })
}

fn answer<T: 'static>(escapement: &mut Escapement) -> T {
    let Wake::Answer(answer) = soon_enough(escapement).wake else { panic!("not an answer") };
    *answer.downcast().expect("the answer should be of the kind that the job gives")
}

fn real() -> Escapement {
    Escapement::new(Clock::real()).unwrap()
}

#[test]
fn a_job_answers_with_what_it_made() {
    let mut escapement = real();
    let token = escapement.offload(OWNER, job(async { 6 * 7 })).unwrap();
    let fired = soon_enough(&mut escapement);
    assert_eq!((fired.token, fired.owner), (token, OWNER));
    assert!(matches!(fired.wake, Wake::Answer(answer) if answer.downcast_ref() == Some(&42)));
    assert!(escapement.next().unwrap().is_none());
    assert!(!escapement.unbind(token));
}

#[test]
fn a_job_may_use_the_runtime() {
    let mut escapement = real();
    let work = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        tokio::task::spawn_blocking(|| "blocked").await.unwrap()
    };
    let _ = escapement.offload(OWNER, job(work)).unwrap();
    assert_eq!(answer::<&str>(&mut escapement), "blocked");
}

#[test]
fn a_panic_is_an_answer_and_the_helper_lives_on() {
    let mut escapement = real();
    let _ = escapement.offload(OWNER, job(async { assert!(std::hint::black_box(false), "spilt") })).unwrap();
    assert_eq!(answer::<JobPanicked>(&mut escapement), JobPanicked("spilt".into()));
    let _ = escapement.offload(OWNER, job(async { 1 })).unwrap();
    assert_eq!(answer::<i32>(&mut escapement), 1);
}

#[test]
fn more_answers_than_the_channel_holds_all_come() {
    let mut escapement = real();
    for n in 0..2000_u32 {
        let _ = escapement.offload(OWNER, job(async move { n })).unwrap();
    }
    let mut sum = 0;
    while escapement.bound(OWNER) > 0 {
        sum += answer::<u32>(&mut escapement);
    }
    assert_eq!(sum, 1999 * 1000);
}

/// A job without end, and the place where its end would be noticed.
fn endless() -> (Job, mpsc::Receiver<()>) {
    let (held, dropped) = mpsc::channel::<()>();
    let work = async move {
        let _held = held;
        std::future::pending::<()>().await;
    };
    (job(work), dropped)
}

fn assert_dropped(dropped: &mpsc::Receiver<()>) {
    assert_eq!(dropped.recv_timeout(Duration::from_secs(20)), Err(mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn an_unbound_job_is_cancelled() {
    let mut escapement = real();
    let (job, dropped) = endless();
    let token = escapement.offload(OWNER, job).unwrap();
    assert!(escapement.unbind(token));
    assert_dropped(&dropped);
    assert!(escapement.next().unwrap().is_none());
}

#[test]
fn dropping_the_escapement_ends_the_helper_and_its_jobs() {
    let mut escapement = real();
    let (job, dropped) = endless();
    let _ = escapement.offload(OWNER, job).unwrap();
    drop(escapement);
    assert_dropped(&dropped);
}

#[test]
fn virtual_time_waits_for_the_helper() {
    let clock = Clock::by_hand().auto();
    let mut escapement = Escapement::new(clock.clone()).unwrap();
    let give_up = escapement.after(OWNER, Duration::from_secs(1));
    let (finish, finished) = tokio::sync::oneshot::channel::<()>();
    let slow = escapement.offload(OWNER, job(async move { finished.await.is_ok() })).unwrap();
    let other = std::thread::spawn(move || finish.send(()).unwrap());
    assert_eq!(escapement.next().unwrap().unwrap().token, slow);
    assert_eq!(clock.now(), Moment::START);
    assert_eq!(escapement.next().unwrap().unwrap().token, give_up);
    other.join().unwrap();
}
