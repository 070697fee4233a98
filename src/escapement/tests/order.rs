//! The queue, timers and idle bindings: what comes when, and when there is nothing left to wait for.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use proptest::prelude::*;

use super::{OWNER, by_hand, is_idle, ready, tokens};
use crate::escapement::{Clock, Escapement, Interest, Moment, Token, Wake};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn what_is_queued_comes_in_order_and_what_is_queued_meanwhile_comes_after() {
    let (mut escapement, _) = by_hand();
    let first = escapement.soon(1);
    let second = escapement.soon(2);
    let fired = escapement.next_ready().unwrap().unwrap();
    assert_eq!((fired.token, fired.owner), (first, 1));
    let third = escapement.soon(1);
    assert_eq!(tokens(&mut escapement), [second, third]);
}

#[test]
fn idle_waits_until_nothing_else_waits() {
    let (mut escapement, clock) = by_hand();
    let idle = escapement.idle(OWNER);
    let timer = escapement.after(OWNER, SECOND);
    clock.advance(SECOND);
    let soon = escapement.soon(OWNER);
    let fired = escapement.next_ready().unwrap().unwrap();
    assert_eq!(fired.token, timer);
    let again = escapement.soon(OWNER);
    assert_eq!(tokens(&mut escapement), [soon, again, idle]);
}

#[test]
fn it_rests_once_all_of_a_round_is_handed_out_and_nothing_is_queued() {
    let (mut escapement, _) = by_hand();
    assert!(!escapement.is_at_rest(), "nobody has looked yet");
    let all = [escapement.soon(OWNER), escapement.soon(OWNER)];
    assert_eq!(escapement.next_ready().unwrap().unwrap().token, all[0]);
    assert!(!escapement.is_at_rest());
    assert_eq!(escapement.next_ready().unwrap().unwrap().token, all[1]);
    assert!(escapement.is_at_rest());
    escapement.soon(OWNER);
    assert!(!escapement.is_at_rest());
}

#[test]
fn an_idle_binding_alone_comes_at_once_and_then_all_is_over() {
    let mut escapement = Escapement::new(Clock::real()).unwrap();
    let _ = escapement.idle(OWNER);
    assert!(is_idle(&escapement.next().unwrap().unwrap()));
    assert!(escapement.next().unwrap().is_none());
}

#[test]
fn an_unbound_idle_does_not_fire() {
    let (mut escapement, _) = by_hand();
    let idle = escapement.idle(OWNER);
    assert!(escapement.unbind(idle));
    assert!(escapement.next().unwrap().is_none());
}

#[test]
fn timers_fire_by_deadline_then_by_binding() {
    let (mut escapement, clock) = by_hand();
    let late = escapement.after(OWNER, SECOND * 3);
    let early = escapement.at(OWNER, Moment::START + SECOND);
    let also_early = escapement.after(OWNER, SECOND);
    clock.advance(SECOND);
    assert_eq!(tokens(&mut escapement), [early, also_early]);
    clock.advance(SECOND);
    assert_eq!(tokens(&mut escapement), []);
    clock.advance(SECOND);
    assert_eq!(tokens(&mut escapement), [late]);
    assert!(!escapement.unbind(late));
}

#[test]
fn a_period_counts_the_beats_it_missed() {
    let (mut escapement, clock) = by_hand();
    let beat = escapement.every(OWNER, SECOND);
    clock.advance(SECOND * 4 + SECOND / 2);
    let fired = ready(&mut escapement);
    assert!(matches!(fired[..], [ref fired] if fired.token == beat && matches!(fired.wake, Wake::Due { missed: 3 })));
    clock.advance(SECOND / 2);
    assert!(matches!(ready(&mut escapement)[0].wake, Wake::Due { missed: 0 }));
    assert!(escapement.unbind(beat));
    assert!(escapement.next().unwrap().is_none());
}

#[test]
fn a_period_of_nothing_still_lets_others_have_their_turn() {
    let (mut escapement, clock) = by_hand();
    let beat = escapement.every(OWNER, Duration::ZERO);
    clock.advance(SECOND);
    assert_eq!(tokens(&mut escapement), [beat]);
}

#[test]
fn a_wall_timer_fires_at_its_time_or_at_once_when_that_is_past() {
    let (mut escapement, clock) = by_hand();
    let later = escapement.at_wall(OWNER, clock.wall() + SECOND * 5);
    let past = escapement.at_wall(OWNER, SystemTime::UNIX_EPOCH);
    assert_eq!(tokens(&mut escapement), [past]);
    clock.advance(SECOND * 5);
    assert_eq!(tokens(&mut escapement), [later]);
}

#[test]
fn a_wall_timer_fires_in_real_time() {
    let mut escapement = Escapement::new(Clock::real()).unwrap();
    let time = SystemTime::now() + Duration::from_millis(20);
    let token = escapement.at_wall(OWNER, time);
    assert_eq!(escapement.next().unwrap().unwrap().token, token);
    assert!(SystemTime::now() >= time);
    assert!(escapement.next().unwrap().is_none());
}

#[test]
fn wall_timers_are_reckoned_anew_when_the_clock_was_set() {
    let (mut escapement, clock) = by_hand();
    let time = clock.wall() + SECOND * 5;
    let token = escapement.at_wall(OWNER, time);
    // As if the deadline had been reckoned by a clock that was an hour behind.
    escapement.timers.arm(token, Moment::START + SECOND * 3600, 1);
    escapement.reckon_wall_timers();
    clock.advance(SECOND * 5);
    assert_eq!(tokens(&mut escapement), [token]);
}

#[test]
fn a_real_timer_does_not_fire_early() {
    let mut escapement = Escapement::new(Clock::real()).unwrap();
    let deadline = escapement.now() + Duration::from_millis(15);
    let _ = escapement.at(OWNER, deadline);
    assert!(escapement.next().unwrap().is_some());
    assert!(escapement.now() >= deadline);
}

#[test]
fn waiting_ends_at_its_deadline_even_while_events_come() {
    let (mut escapement, clock) = by_hand();
    let deadline = escapement.now() + SECOND;
    let _ = escapement.soon(OWNER);
    let _ = escapement.soon(OWNER);
    assert!(escapement.next_until(deadline).unwrap().is_some());
    clock.advance(SECOND);
    assert!(escapement.next_until(deadline).unwrap().is_none());
    assert!(escapement.next().unwrap().is_some());

    let mut escapement = Escapement::new(Clock::real()).unwrap();
    let _ = escapement.after(OWNER, SECOND * 3600);
    let deadline = escapement.now() + Duration::from_millis(5);
    assert!(escapement.next_until(deadline).unwrap().is_none());
    assert!(escapement.now() >= deadline);
}

#[test]
fn all_is_over_when_only_weak_bindings_are_left() {
    let (mut escapement, _) = by_hand();
    let (reader, _writer) = std::io::pipe().unwrap();
    let token = escapement.fd(OWNER, &reader, Interest::READ).unwrap();
    let beat = escapement.every(Escapement::RUNTIME, SECOND);
    escapement.weaken(beat);
    escapement.weaken(beat);
    assert!(escapement.next_ready().unwrap().is_none());
    escapement.weaken(token);
    assert!(escapement.next().unwrap().is_none());
    assert_eq!((escapement.bound(OWNER), escapement.bound(Escapement::RUNTIME)), (1, 1));
    assert!(escapement.unbind(token) && escapement.unbind(beat));
}

#[test]
fn it_is_known_who_keeps_the_program_alive_and_whether_anything_has_come() {
    let (mut escapement, _) = by_hand();
    let keepers = |escapement: &Escapement| {
        let mut keepers: Vec<_> = escapement.keepers().collect();
        keepers.sort_unstable();
        keepers
    };
    let _ = escapement.after(1, SECOND);
    let other = escapement.after(2, SECOND);
    assert_eq!(keepers(&escapement), [1, 2]);
    escapement.weaken(other);
    assert_eq!(keepers(&escapement), [1]);
    let (_, _) = (escapement.soon(1), escapement.soon(2));
    assert!(!escapement.has_news());
    assert!(escapement.next_ready().unwrap().is_some());
    // What has come for another was not handed out.
    assert!(escapement.has_news());
    assert!(escapement.next_ready().unwrap().is_some());
    assert!(!escapement.has_news());
    assert_eq!(keepers(&escapement), [1]);
}

#[test]
fn an_event_for_a_binding_that_ended_meanwhile_is_dropped() {
    let (mut escapement, _) = by_hand();
    let tokens: Vec<_> = (0..3).map(|_| escapement.soon(OWNER)).collect();
    assert_eq!(escapement.next_ready().unwrap().unwrap().token, tokens[0]);
    assert!(escapement.unbind(tokens[1]));
    assert!(!escapement.unbind(tokens[1]));
    assert_eq!(escapement.next_ready().unwrap().unwrap().token, tokens[2]);
    assert!(escapement.next().unwrap().is_none());
}

#[test]
fn an_owner_is_unbound_as_a_whole() {
    let (mut escapement, _) = by_hand();
    for _ in 0..3 {
        let _ = escapement.soon(1);
        let _ = escapement.every(1, SECOND);
    }
    let other = escapement.soon(2);
    assert_eq!((escapement.bound(1), escapement.bound(2)), (6, 1));
    escapement.unbind_owner(1);
    assert_eq!(escapement.bound(1), 0);
    assert_eq!(tokens(&mut escapement), [other]);
    assert!(escapement.next().unwrap().is_none());
}

#[test]
fn virtual_time_jumps_from_deadline_to_deadline() {
    let clock = Clock::by_hand().auto();
    let mut escapement = Escapement::new(clock.clone()).unwrap();
    let started = Instant::now();
    let beat = escapement.every(OWNER, SECOND * 3600);
    for n in 1..=100 {
        assert!(matches!(escapement.next().unwrap().unwrap().wake, Wake::Due { missed: 0 }));
        assert_eq!(clock.now(), Moment::START + SECOND * 3600 * n);
    }
    let deadline = clock.now() + SECOND;
    assert!(escapement.next_until(deadline).unwrap().is_none());
    assert_eq!(clock.now(), deadline);
    assert!(escapement.next_ready().unwrap().is_none());
    assert!(escapement.unbind(beat));
    assert!(started.elapsed() < SECOND * 60);
}

#[test]
fn virtual_time_stands_while_something_is_ready() {
    let clock = Clock::by_hand().auto();
    let mut escapement = Escapement::new(clock.clone()).unwrap();
    let _ = escapement.after(OWNER, SECOND);
    let soon = escapement.soon(OWNER);
    let idle = escapement.idle(OWNER);
    assert_eq!(escapement.next().unwrap().unwrap().token, soon);
    assert_eq!(escapement.next().unwrap().unwrap().token, idle);
    assert_eq!(clock.now(), Moment::START);
}

#[test]
fn a_clock_advanced_by_another_thread_wakes_the_loop() {
    let (mut escapement, clock) = by_hand();
    let token = escapement.after(OWNER, SECOND);
    let other = std::thread::spawn(move || clock.advance(SECOND));
    assert_eq!(escapement.next().unwrap().unwrap().token, token);
    other.join().unwrap();
}

#[test]
fn a_hundred_thousand_timers_come_and_go() {
    let (mut escapement, clock) = by_hand();
    let tokens: Vec<_> = (0..100_000).map(|n| escapement.after(OWNER, Duration::from_millis(n % 1000 + 1))).collect();
    for token in tokens.iter().step_by(2) {
        assert!(escapement.unbind(*token));
    }
    clock.advance(SECOND);
    assert_eq!(ready(&mut escapement).len(), 50_000);
    assert!(escapement.next().unwrap().is_none());
    assert_eq!(escapement.bound(OWNER), 0);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Soon,
    Idle,
    After(u32),
    Every(u32),
    Unbind(usize),
    Weaken(usize),
    Advance(u32),
    Next,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Soon),
        Just(Step::Idle),
        (0..5_u32).prop_map(Step::After),
        (1..5_u32).prop_map(Step::Every),
        (0..50_usize).prop_map(Step::Unbind),
        (0..50_usize).prop_map(Step::Weaken),
        (0..3_u32).prop_map(Step::Advance),
        Just(Step::Next),
        Just(Step::Next),
    ]
}

proptest! {
    /// Whatever is done: only live bindings are woken, each one-shot once, and the counts are right.
    #[test]
    fn only_what_is_bound_is_woken(steps in prop::collection::vec(step(), 0..200)) {
        let (mut escapement, clock) = by_hand();
        let mut made: Vec<Token> = Vec::new();
        let mut live: HashMap<Token, (bool, bool)> = HashMap::new();
        for step in steps {
            let bound = match step {
                Step::Soon => Some((escapement.soon(OWNER), true)),
                Step::Idle => Some((escapement.idle(OWNER), true)),
                Step::After(delay) => Some((escapement.after(OWNER, SECOND * delay), true)),
                Step::Every(period) => Some((escapement.every(OWNER, SECOND * period), false)),
                Step::Unbind(n) => {
                    if let Some(token) = made.get(n) {
                        prop_assert_eq!(escapement.unbind(*token), live.remove(token).is_some());
                    }
                    None
                }
                Step::Weaken(n) => {
                    if let Some(token) = made.get(n) {
                        escapement.weaken(*token);
                        live.entry(*token).and_modify(|(_, strong)| *strong = false);
                    }
                    None
                }
                Step::Advance(seconds) => {
                    clock.advance(SECOND * seconds);
                    None
                }
                Step::Next => {
                    if let Some(fired) = escapement.next_ready().unwrap() {
                        let known = live.get(&fired.token).copied();
                        prop_assert!(known.is_some());
                        if known.is_some_and(|(one_shot, _)| one_shot) {
                            live.remove(&fired.token);
                        }
                    }
                    None
                }
            };
            if let Some((token, one_shot)) = bound {
                prop_assert!(live.insert(token, (one_shot, true)).is_none());
                made.push(token);
            }
            prop_assert_eq!(escapement.bound(OWNER), live.len());
            prop_assert_eq!(escapement.strong, live.values().filter(|(_, strong)| *strong).count());
        }
    }
}
