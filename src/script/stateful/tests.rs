//! Cogs of the script that wait for something, alone on a reactor: in virtual time, with pipes, directories and signals.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rhai::{Dynamic, Map as RhaiMap};
use rustix::process::{Signal, getpid, kill_process};

use crate::cog::bench::Bench;
use crate::cog::{Cog, CogSpec, Given};
use crate::datum::json;
use crate::escapement::{Clock, Wake};
use crate::script::cogs::SPEC;
use crate::script::stage::Handle;
use crate::script::{Setting, wind_text};

thread_local! {
    static COG: RefCell<Option<Box<dyn Cog>>> = const { RefCell::new(None) };
}

/// As [`SPEC`], of the cog in `COG`.
static TAKEN: CogSpec = CogSpec { params: &[], examples: &[], build: |_| Ok(COG.take().expect("a cog was put there")), ..SPEC };

/// The cog that a script makes of that map.
fn made(map: &str) -> Box<dyn Cog> {
    let text = format!("let train = movement::train(); let esc = train.esc; train.update({map} |> movement::null_drain()); train.run();");
    let mut wound = wind_text("t.rhai", &text, Path::new("."), Setting::default()).map_err(|_| "it must compile").unwrap();
    let faults: Vec<String> =
        wound.reports.iter().filter(|report| !report.text.ends_with("nothing feeds it")).map(|report| report.text.clone()).collect();
    assert!(faults.is_empty(), "{faults:?}");
    wound.cogs.remove(0).0
}

/// That cog, wound, on that clock.
fn on(clock: Clock, map: &str, given: Vec<(&str, Given)>) -> Bench {
    COG.set(Some(made(map)));
    Bench::on(clock, &TAKEN, given)
}

/// 2026-03-04T09:00:00Z, a Wednesday, and from there on as fast as nothing else is to be done.
fn jumping() -> Clock {
    Clock::by_hand_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_614_800)).auto()
}

fn texts(data: &[crate::datum::Datum]) -> Vec<String> {
    data.iter().map(json::to_string).collect()
}

/// What the cog of that map sends in the next five seconds.
fn sent(map: &str) -> Vec<String> {
    texts(&on(jumping(), map, vec![]).pump(|_| false))
}

#[test]
fn what_is_enqueued_comes_in_order() {
    let map = "#{ wind: || {
            esc.enqueue(#{ delay: 2 }, \"say\", \"c\");
            esc.enqueue(#{ delay: 1.5 }, \"say\", \"b\");
            esc.enqueue(#{ delay: 2 }, |word| word + this.mark, \"d\");
            esc.enqueue(this.say, \"a\");
            esc.enqueue(\"two\", 1, 2);
        }, mark: \"!\", say: |word| word, two: |a, b| [a, b] }";
    assert_eq!(sent(map), [r#""a""#, "1", "2", r#""b""#, r#""c""#, r#""d!""#]);
}

#[test]
fn a_beat_takes_itself_out_and_binds_anew() {
    let map = "#{ n: 0, wind: || { this.h = esc.enqueue(#{ every: 1 }, \"beat\"); },
        beat: || {
            this.n += 1;
            if this.n == 2 {
                // A call of a call of a call.
                this.first = esc.dequeue(this.h);
                this.second = esc.dequeue(this.h);
                this.h = esc.enqueue(#{ delay: 0.5 }, \"late\");
            }
            this.n
        },
        late: || [[this.first, this.second, esc.dequeue(this.h), esc.time().to_string()]] }";
    assert_eq!(sent(map), ["1", "2", r#"[true,false,false,"2026-03-04T09:00:02.5Z"]"#]);
}

#[test]
fn missed_beats_are_one_call() {
    let clock = Clock::by_hand();
    let map = "#{ wind: || esc.enqueue(#{ every: 1 }, \"beat\"), beat: |what| what.missed }";
    let mut bench = on(clock.clone(), map, vec![]);
    clock.advance(Duration::from_secs(4));
    assert_eq!(texts(&bench.pump(|data| !data.is_empty())), ["3"]);
    clock.advance(Duration::from_secs(1));
    assert_eq!(texts(&bench.pump(|data| !data.is_empty())), ["0"]);
}

#[test]
fn times_of_the_wall_clock_come_when_it_says_so() {
    let clock = jumping();
    let map = "#{ wind: || {
            esc.enqueue(#{ at: esc.time() + 2 }, \"say\", \"time \");
            esc.enqueue(#{ at: 1772614801.5 }, || \"number\");
            esc.enqueue(#{ at: \"2026-03-04T10:00:01+01:00\" }, || \"text\");
            esc.enqueue(#{ at: \"2020-01-01T00:00:00Z\" }, || \"past\");
        }, say: |w| w + (esc.time() - 0.5) }";
    let bench = on(clock, map, vec![]).pump(|_| false);
    assert_eq!(texts(&bench), [r#""past""#, r#""text""#, r#""number""#, r#""time 2026-03-04T09:00:01.5Z""#]);
    let clock = Clock::by_hand_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_614_800));
    let map = "#{ wind: || { this.h = esc.enqueue(#{ cron: \"*/2 * * * *\" }, \"tick\"); }, tick: || { this.n += 1; if this.n == 2 { esc.dequeue(this.h); } esc.time().to_string() }, n: 0 }";
    let mut bench = on(clock.clone(), map, vec![]);
    for expected in ["\"2026-03-04T09:02:00Z\"", "\"2026-03-04T09:04:00Z\""] {
        clock.advance(Duration::from_secs(120));
        assert_eq!(texts(&bench.pump(|data| !data.is_empty())), [expected]);
    }
    assert_eq!(bench.esc.bound(0), 0);
}

#[test]
fn what_finds_no_room_waits_and_so_does_what_comes_meanwhile() {
    let map = "#{ wind: || { esc.enqueue(\"begin\"); }, begin: || { esc.enqueue(#{ every: 1 }, \"beat\"); [0, 1, 2, 3, 4] },
        beat: |what| `beat ${what.missed}` }";
    let mut bench = on(jumping(), map, vec![("max_in_flight", 2.into())]);
    bench.kept = Some(Vec::new());
    assert_eq!(texts(&bench.pump(|data| data.len() == 2)), ["0", "1"]);
    // Three of five wait; so do the beats.
    bench.pump_for(3500);
    bench.release();
    bench.kept = Some(Vec::new());
    assert_eq!(texts(&bench.wake(None, Wake::Room)), ["2", "3"]);
    bench.release();
    assert_eq!(texts(&bench.wake(None, Wake::Room)), ["4", r#""beat 2""#], "{:?}", bench.balance());
    // What is left at the end goes without room.
    let mut bench = on(jumping(), map, vec![("max_in_flight", 2.into())]);
    bench.kept = Some(Vec::new());
    assert_eq!(bench.pump(|data| data.len() == 2).len(), 2);
    assert_eq!(texts(&bench.finish()), ["2", "3", "4"]);
    bench.release();
    assert_eq!((bench.balance().born, bench.balance().in_flight), (5, 0));
}

#[test]
fn who_looks_for_room_is_told_of_it() {
    let map = "#{ n: 0, wind: || { esc.enqueue(\"begin\"); }, begin: || { while train.room() > 0 && this.n < 5 { this.n += 1; train.emit(train.room()); } },
        room: || { this.begin(); } }";
    let mut bench = on(jumping(), map, vec![("max_in_flight", 3.into())]);
    bench.kept = Some(Vec::new());
    assert_eq!(texts(&bench.pump(|data| data.len() == 3)), ["3", "2", "1"]);
    bench.release();
    assert_eq!(texts(&bench.pump(|_| false)), ["3", "2"], "it is told of room as it found none");
}

#[test]
fn events_have_ids_that_are_known_before() {
    let map = "#{ wind: || esc.enqueue(\"begin\"), begin: || { train.emit(#{ said: train.next_id() }); train.emit(#{ said: train.next_id() }); #{} } }";
    let data = on(jumping(), map, vec![("id_setter", "id".into())]).pump(|_| false);
    assert_eq!(texts(&data), [r#"{"said":"cog#0","id":"cog#0"}"#, r#"{"said":"cog#1","id":"cog#1"}"#, r#"{"id":"cog#2"}"#]);
}

#[test]
fn from_the_end_on_nothing_can_be_bound() {
    let map = "#{ wind: || { this.h = esc.enqueue(#{ every: 1 }, \"beat\"); }, beat: || 1,
        finish: || { let h = esc.enqueue(\"beat\"); [esc.dequeue(h), esc.dequeue(this.h), type_of(esc.signal_register(\"HUP\", \"beat\"))] } }";
    let mut bench = on(jumping(), map, vec![]);
    assert_eq!(texts(&bench.finish()), ["false", "true", r#""Handle""#]);
    assert_eq!((bench.esc.bound(0), bench.balance().in_flight), (0, 0));
}

#[test]
fn who_is_busy_at_the_end_is_still_told() {
    let map = "#{ n: 3, wind: || { esc.enqueue(#{ every: 1 }, \"beat\"); }, beat: || { this.n -= 1; this.n }, busy: || this.n > 0 }";
    let mut bench = on(jumping(), map, vec![]);
    assert_eq!(texts(&bench.finish()), ["2", "1", "0"]);
    assert_eq!(bench.esc.bound(0), 0);
    let mut bench = on(jumping(), &map.replace("this.n > 0", "true"), vec![]);
    bench.finish_within(Duration::from_millis(1500));
    assert_eq!(bench.esc.bound(0), 0, "its time was over");
}

#[test]
fn what_is_held_is_released_by_a_call_back() {
    let map =
        "#{ kept: [], run: |d| { if this.kept.is_empty() { esc.enqueue(#{ delay: 1 }, \"flush\"); } this.kept.push([d, train.hold()]); },
        flush: || { let kept = this.kept; this.kept = []; train.emit(kept.map(|k| k[0]), kept.map(|k| k[1])); } }";
    let mut bench = on(jumping(), map, vec![]);
    assert!(bench.feed(1).is_empty() && bench.feed(2).is_empty());
    assert_eq!(texts(&bench.pump(|_| false)), ["[1,2]"]);
    let books = bench.balance();
    assert_eq!((books.born, books.merged, books.delivered, books.in_flight), (2, 1, 1, 0), "{books:?}");
}

#[test]
fn state_is_handed_over_but_for_what_is_bound() {
    let bound = || Dynamic::from(Handle(3));
    let old: RhaiMap =
        [("n".into(), 7_i64.into()), ("h".into(), bound()), ("list".into(), vec![bound()].into()), ("gone".into(), bound())].into();
    let mut new = made("#{ n: 0, h: (), list: [], run: |d| [[this.n, this.h, this.list]] }");
    new.take_over(Box::new(old));
    COG.set(Some(new));
    assert_eq!(texts(&Bench::on(jumping(), &TAKEN, vec![]).feed(1)), ["[7,null,[]]"]);
}

/// The text of what each of these raises.
#[test]
fn what_cannot_be_bound_is_told_where_it_is_asked_for() {
    for (call, expected) in [
        ("esc.enqueue(\"beet\")", "neither the cog nor the script has a function `beet`; did you mean `beat`?"),
        ("esc.enqueue(3)", "`train.esc.enqueue` calls a closure, or a method by its name, but is given a `int`"),
        ("esc.enqueue(\"beat\", 1, 2)", "takes 0 arguments, but 2 would be given"),
        ("esc.enqueue(#{ evry: 1 }, \"beat\")", "`train.esc.enqueue` has no `evry`; did you mean `every`?"),
        ("esc.enqueue(#{ every: 0 }, \"beat\")", "`every` must be more than 0 seconds"),
        ("esc.enqueue(#{ delay: -1 }, \"beat\")", "`delay` must be a number of seconds, not negative"),
        ("esc.enqueue(#{ delay: 1, every: 1 }, \"beat\")", "takes one of `at`, `delay`, `every`, `cron`"),
        ("esc.enqueue(#{ weak: true }, \"beat\")", "the map says when"),
        ("esc.enqueue(#{ at: \"noon\" }, \"beat\")", "`at` is a time"),
        ("esc.enqueue(#{ cron: \"* * *\" }, \"beat\")", "cron `* * *`: five fields are wanted"),
        ("esc.enqueue(#{ delay: 1 })", "`train.esc.enqueue` needs something to call"),
        ("esc.fd_register(999, \"in\", \"beat\")", "descriptor 999 is not open"),
        ("esc.fd_register(0, \"inn\", \"beat\")", "did you mean \"in\"?"),
        ("esc.read(0)", "descriptor 0 was not registered by this cog"),
        ("esc.write(1, \"x\")", "descriptor 1 was not registered by this cog"),
        ("esc.inotify_add(\"/no/such\", \"all\", \"beat\")", "`/no/such`: no such file or directory"),
        ("esc.inotify_add(\"/tmp\", \"everything\", \"beat\")", "`inotify_add` knows no \"everything\""),
        ("esc.signal_register(\"KILL\", \"beat\")", "`SIGKILL` cannot be caught"),
        ("esc.signal_register(\"HUB\", \"beat\")", "did you mean `SIGHUP`?"),
        #[cfg(not(feature = "http"))]
        ("esc.request(#{ url: \"http://h/\" }, \"beat\")", "this program was built without HTTP"),
    ] {
        let map = format!(
            "#{{ wind: || esc.enqueue(\"attempt\"), attempt: || {{ let told = \"no fault\"; try {{ {call}; }} catch (e) {{ told = e.to_string(); }} told }}, beat: || () }}"
        );
        let told = sent(&map);
        assert!(told.len() == 1 && told[0].replace("\\\"", "\"").contains(expected), "{call}: {told:?}");
    }
}

#[test]
fn a_pipe_is_read_to_its_end() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    rustix::io::fcntl_setfd(&reader, rustix::io::FdFlags::empty()).unwrap();
    let map = format!(
        "#{{ wind: || {{ esc.fd_register({fd}, \"in\", \"take\"); try {{ esc.fd_register({fd}, \"in\", \"take\"); }} catch (e) {{ this.twice = e.to_string(); }} }},
            take: |what| {{ let bytes = esc.read(what.fd, 3); if bytes == () {{ return \"nothing\"; }} if bytes.is_empty() {{ [\"end\", this.twice] }} else {{ bytes.as_string() }} }} }}",
        fd = reader.as_raw_fd()
    );
    let mut bench = on(Clock::real(), &map, vec![]);
    writer.write_all(b"abcdefg").unwrap();
    assert_eq!(texts(&bench.pump(|data| data.len() == 3)), [r#""abc""#, r#""def""#, r#""g""#]);
    writer.write_all(b"h").unwrap();
    assert_eq!(texts(&bench.pump(|data| data.len() == 1)), [r#""h""#]);
    drop(writer);
    let told = texts(&bench.pump(|_| false));
    assert!(told.len() == 2 && told[0] == r#""end""# && told[1].contains("is registered already"), "{told:?}");
    assert_eq!(bench.esc.bound(0), 0, "it was taken out");
}

#[test]
fn a_full_pipe_tells_when_it_takes_more() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    rustix::io::fcntl_setfd(&writer, rustix::io::FdFlags::empty()).unwrap();
    let map = format!(
        "#{{ left: \"\", calls: 0, wind: || {{ esc.fd_register({fd}, \"out\", \"flush\"); }},
            run: |d| {{ this.left += d; this.put(); }},
            put: || {{ let n = esc.write({fd}, this.left); this.left = this.left.sub_string(n); }},
            flush: || {{ this.calls += 1; this.put(); if this.left == \"\" {{ this.calls }} else {{ () }} }} }}",
        fd = writer.as_raw_fd()
    );
    let mut bench = on(Clock::real(), &map, vec![]);
    // What could be written keeps nobody waiting: something else must.
    bench.esc.after(9, Duration::from_secs(60));
    let mut all = String::new();
    for _ in 0..10 {
        let text = "x".repeat(50_000);
        all += &text;
        bench.feed(text.as_str());
    }
    let mut got = Vec::new();
    let mut bytes = vec![0; 30_000];
    while got.len() < all.len() {
        let count = reader.read(&mut bytes).unwrap();
        got.extend_from_slice(&bytes[..count]);
        while let Some(fired) = bench.esc.next_ready().unwrap() {
            bench.wake(Some(fired.token), fired.wake);
        }
    }
    assert!(got == all.as_bytes());
}

#[test]
fn a_directory_is_watched_by_words() {
    let dir = tempfile::tempdir().unwrap();
    let map = format!(
        "#{{ wind: || {{ this.h = esc.inotify_add({:?}, [\"IN_CLOSE_WRITE\", \"delete\"], \"seen\", \"dir\"); }},
            seen: |word, what| {{ if what.what == [\"delete\"] {{ esc.inotify_rm(this.h); }} `${{word}} ${{what.name}} ${{what.what}} ${{esc.inotify}}` }} }}",
        dir.path().to_str().unwrap()
    );
    let mut bench = on(Clock::real(), &map, vec![]);
    std::fs::write(dir.path().join("a"), "x").unwrap();
    assert_eq!(texts(&bench.pump(|data| data.len() == 1)), [r#""dir a [\"close_write\"] true""#]);
    std::fs::remove_file(dir.path().join("a")).unwrap();
    assert_eq!(texts(&bench.pump(|data| data.len() == 1)), [r#""dir a [\"delete\"] true""#]);
    assert_eq!(bench.esc.bound(0), 0);
}

#[test]
fn signals_are_told_in_order_of_registration() {
    let map = "#{ wind: || { this.a = esc.signal_register(\"SIGWINCH\", |w| w, \"a\"); esc.signal_register(28, \"b\"); esc.enqueue(#{ every: 0.01 }, || ()); },
        b: |what| { esc.signal_unregister(this.a); what.signal } }";
    let mut bench = on(Clock::real(), map, vec![]);
    kill_process(getpid(), Signal::WINCH).unwrap();
    assert_eq!(texts(&bench.pump(|data| data.len() == 2)), [r#""a""#, r#""WINCH""#]);
    kill_process(getpid(), Signal::WINCH).unwrap();
    assert_eq!(texts(&bench.pump(|data| data.len() == 1)), [r#""WINCH""#]);
}
