//! The cog with small children that any system has.

use std::time::{Duration, Instant};

use rustix::process::{Pid, test_kill_process};

use super::SPEC;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::{Datum, json};

const SECOND: Duration = Duration::from_secs(1);

fn list(argv: &[&str]) -> Given {
    Given::Datum(Datum::List(argv.iter().map(|word| Datum::from(*word)).collect()))
}

fn bench(argv: &[&str], more: Vec<(&str, Given)>) -> Bench {
    let mut given = vec![("argv", list(argv))];
    if more.iter().all(|(name, _)| *name != "restart") {
        given.push(("retry_delay", 0.01.into()));
    }
    given.extend(more);
    Bench::new(&SPEC, given)
}

fn shell(script: &str, more: Vec<(&str, Given)>) -> Bench {
    bench(&["/bin/sh", "-c", script], more)
}

/// What comes until there are so many.
fn pump(bench: &mut Bench, count: usize) -> Vec<String> {
    bench.pump(|data| data.len() >= count).iter().map(json::to_string).collect()
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

/// Nothing is on its way, and nothing was lost.
fn assert_settled(bench: &mut Bench, delivered: u64, failed: u64) {
    bench.finish();
    let books = bench.balance();
    assert_eq!((books.in_flight, books.delivered, books.failed), (0, delivered, failed), "{books:?}");
    assert_eq!(bench.esc.bound(0), 0);
}

fn assert_dies(pid: Pid) {
    // Whoever adopts it takes it away in time; until then it is dead all the same.
    let lives = || {
        std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).is_ok_and(|stat| !stat.contains(") Z "))
            && test_kill_process(pid).is_ok()
    };
    let end = Instant::now() + SECOND * 5;
    while lives() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(!lives());
}

#[test]
fn answers_go_into_their_data_in_order() {
    let mut bench = shell("while read -r line; do echo \"<$line>\"; done", vec![("data_getter", "q".into()), ("data_setter", "a".into())]);
    for text in ["one", "", "grüß"] {
        assert!(bench.feed_json(&format!(r#"{{"q":"{text}"}}"#)).is_empty());
    }
    assert_eq!(pump(&mut bench, 3), [r#"{"q":"one","a":"<one>"}"#, r#"{"q":"","a":"<>"}"#, r#"{"q":"grüß","a":"<grüß>"}"#]);
    assert_settled(&mut bench, 3, 0);
}

#[test]
fn values_go_and_come_as_json() {
    let mut bench = bench(&["cat"], vec![("mode", "json".into())]);
    let texts = [r#"{"b":1,"a":[1.50,"x\ny",null]}"#, "3", r#""text""#, "null", "[]"];
    for text in texts {
        assert!(bench.feed_json(text).is_empty());
    }
    assert_eq!(pump(&mut bench, 5), texts);
    // JSON that was not opened may have newlines between its parts.
    bench.feed(Datum::Raw("{\"a\":\n1}".into()));
    assert_eq!(pump(&mut bench, 1), [r#"{"a":1}"#]);
    assert_settled(&mut bench, 6, 0);
}

#[test]
fn an_answer_that_is_no_json_fails_alone() {
    let mut bench = bench(&["cat"], vec![("mode", "line".into())]);
    bench.feed("x");
    assert_eq!(pump(&mut bench, 1), [r#""x""#]);
    let mut bench = shell("read -r a; echo '{'; read -r a; printf '\\377\\n'; read -r a; echo 1; cat", vec![("mode", "json".into())]);
    (0..3).for_each(|_| assert!(bench.feed_json("{}").is_empty()));
    assert_eq!(pump(&mut bench, 1), ["1"]);
    assert_eq!(bench.errors(), 2);
    assert_settled(&mut bench, 1, 2);
}

#[test]
fn what_is_no_line_is_not_asked() {
    let mut bench = bench(&["cat"], vec![]);
    for bad in [Datum::from("a\nb"), Datum::Int(1), Datum::List(vec![])] {
        assert!(bench.feed(bad).is_empty());
    }
    assert_eq!(bench.errors(), 3);
    // Bytes go and come as they are.
    bench.feed(Datum::Bytes(vec![0xff, 0].into()));
    let data = bench.pump(|data| data.len() == 1);
    assert!(matches!(&data[0], Datum::Bytes(bytes) if **bytes == [0xff, 0]));
    assert_settled(&mut bench, 1, 3);
}

#[test]
fn what_cannot_be_asked_and_is_passed_on_overtakes_nothing() {
    // The second child answers what the first has left.
    let script = "sleep 0.1; read -r a; echo \"<$a>\"; read -r a; echo \"<$a>\"";
    let mut bench = shell(script, vec![("on_error", "pass".into())]);
    assert_eq!(bench.feed_json("0"), ["0"]);
    for text in [r#""a""#, "1", "2", r#""b""#, "3", r#""c""#, "4"] {
        assert!(bench.feed_json(text).is_empty());
    }
    assert_eq!(pump(&mut bench, 7), [r#""<a>""#, "1", "2", r#""<b>""#, "3", r#""<c>""#, "4"]);
    assert_eq!((bench.errors(), bench.feed_json("5")), (5, vec!["5".to_owned()]));
    assert_settled(&mut bench, 9, 0);
}

#[test]
fn what_cannot_be_asked_fails_with_what_it_stands_behind() {
    for (script, more) in [
        // The child dies of the first; it is gone for good; it never answers.
        ("exit 1", ("attempts", 1.into())),
        ("exit 1", ("restart", false.into())),
        ("exec sleep 1000", ("timeout", 60.into())),
    ] {
        let mut bench = shell(script, vec![more, ("on_error", "pass".into())]);
        let mut data = bench.feed_json(r#""a""#);
        data.extend(bench.feed_json("1"));
        data.extend(bench.feed_json(r#""b""#));
        if !script.contains("sleep") {
            data.extend(bench.pump(|more| data.len() + more.len() >= 3).iter().map(json::to_string));
        }
        data.extend(bench.finish_within(Duration::ZERO).iter().map(json::to_string));
        assert_eq!(data, [r#""a""#, "1", r#""b""#], "{script}");
        assert_eq!((bench.balance().in_flight, bench.balance().delivered), (0, 3), "{script}");
    }
}

#[test]
fn a_program_that_is_gone_is_not_waited_for_for_ever_and_used_again_when_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("program");
    let put = || std::os::unix::fs::symlink("/bin/sh", &program).unwrap();
    put();
    let more = vec![("start_timeout", 0.3.into()), ("retry_max", 0.05.into())];
    let mut bench = bench(&[program.to_str().unwrap(), "-c", "read -r line; echo \"$line\""], more);
    bench.feed("a");
    assert_eq!(pump(&mut bench, 1), [r#""a""#]);
    std::fs::remove_file(&program).unwrap();
    let start = Instant::now();
    for text in ["b", "c"] {
        assert!(bench.feed(text).is_empty());
    }
    while bench.balance().failed < 2 && start.elapsed() < SECOND * 5 {
        assert!(bench.pump(|_| false).is_empty());
    }
    assert!((SECOND / 4..SECOND * 5).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert_eq!(bench.balance().failed, 2);
    // What comes later does not wait, and nothing is bound meanwhile but what tells that a child has gone.
    assert!(bench.feed("d").is_empty());
    assert_eq!((bench.balance().failed, bench.balance().in_flight, bench.esc.bound(0)), (3, 0, 1));
    put();
    let (mut fed, mut data) = (0, Vec::new());
    while data.is_empty() && start.elapsed() < SECOND * 5 {
        fed += 1;
        data = bench.feed("e");
        data.extend(bench.pump(|data| !data.is_empty()));
    }
    assert_eq!(data, [Datum::from("e")]);
    assert_settled(&mut bench, 2, 2 + fed);
}

#[test]
fn a_program_that_is_back_in_time_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("program");
    let put = || std::os::unix::fs::symlink("/bin/sh", &program).unwrap();
    for start_timeout in [Given::from(60), Datum::Unit.into()] {
        put();
        let more = vec![("start_timeout", start_timeout), ("retry_max", 0.05.into())];
        let mut bench = bench(&[program.to_str().unwrap(), "-c", "read -r line; echo \"$line\""], more);
        bench.feed("a");
        assert_eq!(pump(&mut bench, 1), [r#""a""#]);
        std::fs::remove_file(&program).unwrap();
        for text in ["b", "c"] {
            assert!(bench.feed(text).is_empty());
        }
        bench.pump_for(300);
        // Nothing has failed of what was given.
        assert_eq!(bench.errors(), 0);
        put();
        assert_eq!(pump(&mut bench, 2), [r#""b""#, r#""c""#]);
        assert_settled(&mut bench, 3, 0);
        std::fs::remove_file(&program).unwrap();
    }
}

#[test]
fn much_goes_through_a_child_that_reads_and_writes_at_its_own_pace() {
    let mut bench = bench(&["cat"], vec![("max_pending", 100_000.into())]);
    let line = "x".repeat(1000);
    // Far more than both pipes hold, before anything is read.
    (0..20_000).for_each(|n| assert!(bench.feed(format!("{n} {line}")).is_empty()));
    let mut seen = 0;
    while seen < 20_000 {
        let data = bench.pump(|data| seen + data.len() >= 20_000);
        assert!(!data.is_empty(), "after {seen}");
        for datum in data {
            assert_eq!(datum.as_str().unwrap(), format!("{seen} {line}"));
            seen += 1;
        }
    }
    assert_settled(&mut bench, 20_000, 0);
}

#[test]
fn no_more_than_may_be_are_with_the_child() {
    let mut bench = shell("sleep 0.2; exec cat", vec![("max_pending", 3.into())]);
    (0..10).for_each(|n| assert!(bench.feed(n.to_string()).is_empty()));
    assert_eq!(pump(&mut bench, 10), numbers(0..10).iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>());
    assert_settled(&mut bench, 10, 0);
}

#[test]
fn a_child_that_dies_is_followed_by_another_that_is_asked_again() {
    // Each answers three and goes, in the middle of a line.
    let mut bench = shell("for n in 1 2 3; do read -r line; echo \"$line\"; done; printf 'half'; exit 7", vec![]);
    (0..20).for_each(|n| assert!(bench.feed(n.to_string()).is_empty()));
    assert_eq!(pump(&mut bench, 20), numbers(0..20).iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>());
    assert_eq!(bench.errors(), 0);
    assert_settled(&mut bench, 20, 0);
}

#[test]
fn a_datum_of_which_children_die_fails_and_the_others_do_not() {
    let mut bench = shell("while read -r line; do [ \"$line\" = poison ] && exit 3; echo \"$line\"; done", vec![("attempts", 2.into())]);
    for text in ["a", "poison", "b"] {
        bench.feed(text);
    }
    assert_eq!(pump(&mut bench, 2), [r#""a""#, r#""b""#]);
    assert_eq!(bench.errors(), 1);
    assert_settled(&mut bench, 2, 1);
}

#[test]
fn without_restart_all_fail_once_the_child_has_gone() {
    let mut bench = shell("read -r line; echo \"$line\"", vec![("restart", false.into())]);
    for text in ["a", "b", "c"] {
        assert!(bench.feed(text).is_empty());
    }
    let mut data = bench.pump(|data| data.len() == 1);
    let end = Instant::now() + SECOND * 5;
    while bench.balance().failed < 2 && Instant::now() < end {
        data.extend(bench.pump(|_| false));
    }
    assert_eq!(data.len(), 1);
    assert!(bench.feed("d").is_empty());
    assert_settled(&mut bench, 1, 3);
}

#[test]
fn a_line_that_was_not_asked_for_ends_the_child() {
    let mut bench = shell("echo Welcome; echo Ready; exec cat", vec![]);
    // The child alone does not keep the reactor turning.
    let keeper = bench.esc.after(0, SECOND * 60);
    let end = Instant::now() + SECOND * 5;
    while bench.errors() == 0 && Instant::now() < end {
        bench.pump_for(20);
    }
    assert_eq!(bench.errors(), 1);
    bench.esc.unbind(keeper);
    assert_settled(&mut bench, 0, 0);
}

#[test]
fn an_answer_that_is_too_long_fails_alone() {
    let script = "read -r a; head -c 300000 /dev/zero | tr '\\0' x; echo; exec cat";
    let mut bench = shell(script, vec![("max_line", 1000.into())]);
    for text in ["a", "b"] {
        assert!(bench.feed(text).is_empty());
    }
    assert_eq!(pump(&mut bench, 1), [r#""b""#]);
    assert_settled(&mut bench, 1, 1);
}

#[test]
fn a_child_that_does_not_answer_is_killed() {
    let start = Instant::now();
    let mut bench = shell("exec sleep 1000", vec![("timeout", 0.1.into()), ("attempts", 2.into())]);
    bench.feed("a");
    while bench.errors() == 0 && start.elapsed() < SECOND * 5 {
        bench.pump(|_| false);
    }
    assert!((SECOND / 5..SECOND * 4).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert_settled(&mut bench, 0, 1);
}

#[test]
fn what_is_kept_in_a_buffer_comes_at_the_end() {
    // It writes nothing before its input has ended.
    let mut bench = bench(&["sort", "-n"], vec![]);
    (0..5).for_each(|n| assert!(bench.feed(n.to_string()).is_empty()));
    let data: Vec<String> = bench.finish().iter().map(json::to_string).collect();
    assert_eq!(data, numbers(0..5).iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>());
    assert_settled(&mut bench, 5, 0);
}

#[test]
fn a_child_that_keeps_lines_back_is_told_when_no_more_come_and_another_takes_what_comes_after_all() {
    let mut bench = bench(&["sort", "-n"], vec![]);
    for round in 0..2 {
        (0..3).for_each(|n| assert!(bench.feed((round * 3 + n).to_string()).is_empty()));
        let data = bench.pump(|data| data.len() >= 3);
        let data: Vec<&str> = data.iter().map(|datum| datum.as_str().unwrap()).collect();
        assert_eq!(data, numbers(round * 3..round * 3 + 3));
        bench.pump(|_| false);
    }
    assert_eq!(bench.errors(), 0);
    assert_settled(&mut bench, 6, 0);
}

#[test]
fn a_child_that_was_told_the_end_and_stays_makes_way_for_another() {
    // It has answered all and closed nothing.
    let script = "while read -r line; do all=\"$all$line\"; done; echo \"$all\"; exec sleep 1000";
    let mut bench = shell(script, vec![]);
    for text in ["a", "b"] {
        bench.feed(text);
        assert_eq!(pump(&mut bench, 1), [format!("\"{text}\"")]);
    }
    assert_settled(&mut bench, 2, 0);
}

#[test]
fn as_long_as_more_may_come_the_child_is_told_nothing() {
    let mut bench = bench(&["sort", "-n"], vec![("timeout", 10.into())]);
    let other = bench.esc.after(1, SECOND * 60);
    bench.feed("1");
    bench.pump_for(2500);
    bench.esc.unbind(other);
    assert_eq!(pump(&mut bench, 1), [r#""1""#]);
    assert_settled(&mut bench, 1, 0);
}

#[test]
fn data_that_a_child_leaves_out_although_it_was_told_the_end_fail_and_are_not_asked_again() {
    let mut bench = shell("sort -n | head -n 1", vec![("attempts", 1000.into())]);
    (0..3).for_each(|n| assert!(bench.feed(n.to_string()).is_empty()));
    let data = bench.pump(|_| false);
    assert_eq!((data.len(), bench.errors()), (1, 2));
    assert_settled(&mut bench, 1, 2);
}

#[test]
fn what_the_child_has_started_ends_with_it() {
    let mut bench = shell("read -r line; sleep 1000 >/dev/null 2>&1 </dev/null & echo $!; exit 0", vec![("restart", false.into())]);
    bench.feed("x");
    let data = bench.pump(|data| data.len() == 1);
    let pid = Pid::from_raw(data[0].as_str().unwrap().parse().unwrap()).unwrap();
    assert_settled(&mut bench, 1, 0);
    assert_dies(pid);
}

#[test]
fn a_last_line_without_newline_is_an_answer_when_the_child_ended_well() {
    let mut bench = shell("read -r line; printf '%s' \"$line\"", vec![]);
    bench.feed("x");
    assert_eq!(pump(&mut bench, 1), [r#""x""#]);
    assert_settled(&mut bench, 1, 0);
}

#[test]
fn a_child_that_stays_after_the_end_is_killed_with_all_that_it_has_started() {
    let mut bench = shell("read -r line; sleep 1000 & echo $!; exec sleep 1000", vec![]);
    bench.feed("x");
    let data = bench.pump(|data| data.len() == 1);
    let pid = Pid::from_raw(data[0].as_str().unwrap().parse().unwrap()).unwrap();
    assert!(test_kill_process(pid).is_ok());
    let start = Instant::now();
    assert_settled(&mut bench, 1, 0);
    assert!(start.elapsed() < SECOND * 5);
    assert_dies(pid);
}

#[test]
fn when_the_end_cannot_wait_what_is_left_fails_and_the_child_is_gone() {
    let mut bench = shell("read -r line; echo $$; exec sleep 1000", vec![]);
    for text in ["x", "y"] {
        assert!(bench.feed(text).is_empty());
    }
    let data = bench.pump(|data| data.len() == 1);
    let pid = Pid::from_raw(data[0].as_str().unwrap().parse().unwrap()).unwrap();
    bench.finish_within(Duration::ZERO);
    assert_eq!((bench.balance().failed, bench.balance().in_flight, bench.esc.bound(0)), (1, 0, 0));
    // It was waited for: its number is nobody's, not even a dead one's.
    assert!(test_kill_process(pid).is_err());
}

#[test]
fn options_that_cannot_work_are_refused() {
    for (option, value, text) in [
        ("argv", list(&[]), "names no program"),
        ("argv", list(&["", "x"]), "names no program"),
        ("argv", list(&["cat", "a\0b"]), "zero byte"),
        ("timeout", 0.into(), "more than 0"),
        ("max_pending", 0.into(), "more than 0"),
        ("attempts", 0.into(), "more than 0"),
        ("max_line", 0.into(), "more than 0"),
        ("retry_delay", 0.into(), "more than 0"),
        ("retry_max", 0.into(), "more than 0"),
    ] {
        let mut given = vec![("argv", list(&["cat"]))];
        given.retain(|(name, _)| *name != option);
        given.push((option, value));
        let error = Bench::refused(&SPEC, given);
        assert!(error.contains(option) && error.contains(text), "{error}");
    }
    for option in ["attempts", "start_timeout"] {
        let error = Bench::refused(&SPEC, vec![("argv", list(&["cat"])), ("restart", false.into()), (option, 2.into())]);
        assert!(error.contains(option) && error.contains("restart: false"), "{error}");
    }
}

#[test]
fn a_program_that_is_not_there_keeps_the_train_from_starting() {
    use crate::disk;
    use crate::escapement::{Clock, Escapement};
    let esc = Escapement::new(Clock::real()).unwrap();
    let error = Bench::with(esc, disk::real(), &SPEC, vec![("argv", list(&["/nonexistent/program"]))]).err().unwrap();
    assert!(error.to_string().contains("/nonexistent/program"), "{error}");
}
