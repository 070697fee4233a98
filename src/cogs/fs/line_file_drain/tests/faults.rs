//! Faults at each single call, and loss of power at each: nothing is lost, and no line follows half a one.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustix::io::Errno;

use super::SPEC;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::disk::faulty::{FAULTS, Fault, Faulty, memory};
use crate::disk::lossy::Lossy;
use crate::disk::{self, Disk};
use crate::error::Result;
use crate::escapement::{Clock, Escapement};

/// A drain to a file of each second, in a directory that must be made, with time that jumps to what is due.
fn bench(place: &Path, clock: Clock, disk: Arc<dyn Disk>, policy: &str) -> Result<Bench> {
    let path = place.join("deep/out.log");
    let options = vec![
        ("path", Given::from(path.to_str().unwrap())),
        ("timestamp", "%H%M%S".into()),
        ("utc", true.into()),
        ("make_dirs", true.into()),
        ("reopen_signal", "none".into()),
        ("fsync", policy.into()),
    ];
    Bench::with(Escapement::new(clock).unwrap(), disk, &SPEC, options)
}

fn clock() -> Clock {
    Clock::by_hand_at(SystemTime::UNIX_EPOCH).auto()
}

fn line(n: u64) -> String {
    format!("line {n:03} {}", "x".repeat(n as usize % 7))
}

/// All lines that the files hold, in the order of their times; one file's end ends a line.
fn read(place: &Path) -> String {
    let mut files: Vec<_> = fs::read_dir(place.join("deep")).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let content = |path| fs::read_to_string(path).unwrap();
    files.iter().map(content).map(|text| if text.is_empty() || text.ends_with('\n') { text } else { text + "\n" }).collect()
}

/// Has all written be synced, as before a checkpoint.
fn sync(bench: &mut Bench, give_up: impl Fn() -> bool) {
    bench.sync();
    for _ in 0..100 {
        if !bench.is_syncing() || give_up() {
            break;
        }
        let mut one = 0;
        bench.pump(|_| {
            one += 1;
            one > 1
        });
    }
}

#[test]
fn each_call_may_fail() {
    for (policy, fault) in ["checkpoint", "batch", "never"].iter().flat_map(|policy| FAULTS.map(|fault| (*policy, fault))) {
        for call in 0.. {
            let place = memory();
            fs::create_dir(place.path().join("deep")).unwrap();
            fs::write(place.path().join("deep/out-000000.log"), "half").unwrap();
            let (disk, clock) = (Faulty::at(call, fault), clock());
            let case = format!("{policy}, {fault:?} at {call}");
            let Ok(mut bench) = bench(place.path(), clock.clone(), disk.clone(), policy) else {
                assert!(disk.has_struck() && fault != Fault::Short && fault != Fault::Error(Errno::INTR), "{case}: cannot begin");
                continue;
            };
            sync(&mut bench, || false);
            for n in 0..24 {
                bench.feed(line(n));
                if n % 4 == 3 {
                    bench.pump(|_| false);
                }
                if n % 8 == 7 {
                    sync(&mut bench, || false);
                    assert!(!bench.is_syncing(), "{case}");
                    clock.advance(Duration::from_secs(1));
                }
            }
            bench.finish();
            let books = bench.balance();
            assert_eq!((books.in_flight, books.failed, bench.stop()), (0, 0, None), "{case}: {books:?}");
            let content = read(place.path());
            let wanted = (0..24).fold("half\n".to_owned(), |all, n| all + line(n).as_str() + "\n");
            if disk.has_failed_sync() {
                let mut lines: Vec<&str> = content.split_terminator('\n').collect();
                lines[1..].sort_unstable();
                lines.dedup();
                assert_eq!(lines, wanted.lines().collect::<Vec<_>>(), "{case}");
            } else {
                assert_eq!(content, wanted, "{case}");
            }
            if !disk.has_struck() {
                assert!(call > 15, "all calls were tried: {call}");
                break;
            }
        }
    }
}

#[test]
fn what_was_vouched_for_outlives_a_loss_of_power() {
    const EVENTS: u64 = 200;
    for (policy, percent) in [("checkpoint", 0), ("checkpoint", 60), ("batch", 0), ("batch", 60)] {
        for call in 0.. {
            let place = memory();
            let (disk, clock) = (Lossy::at(call), clock());
            let mut vouched = 0;
            if let Ok(mut bench) = bench(place.path(), clock.clone(), disk.clone(), policy) {
                sync(&mut bench, || false);
                for n in 0..EVENTS {
                    bench.feed(line(n));
                    if n % 7 == 6 {
                        bench.pump(|_| disk.is_off());
                    }
                    if n % 20 == 19 {
                        // The checkpoint is put into words first.
                        let settled = n + 1 - bench.balance().in_flight;
                        sync(&mut bench, || disk.is_off());
                        if !bench.is_syncing() && !disk.is_off() {
                            vouched = settled;
                        }
                    }
                    if n % 50 == 49 {
                        clock.advance(Duration::from_secs(1));
                    }
                    if policy == "batch" && !disk.is_off() {
                        vouched = vouched.max(n + 1 - bench.balance().in_flight);
                    }
                    if disk.is_off() {
                        break;
                    }
                }
            }
            let case = format!("{policy}, power lost at {call}, {percent} % left, {vouched} vouched for");
            let whole = !disk.is_off();
            disk.restart(percent);
            let content = read(place.path());
            let lines: Vec<&str> = content.lines().collect();
            for n in 0..vouched {
                assert!(lines.contains(&line(n).as_str()), "{case}: {n} is lost\n{content}");
            }
            let mut bench = bench(place.path(), clock, disk::real(), policy).unwrap();
            for n in vouched..EVENTS {
                bench.feed(line(n));
            }
            bench.finish();
            let content = read(place.path());
            let all: Vec<String> = (0..EVENTS).map(line).collect();
            let lines: Vec<&str> = content.lines().collect();
            for line in &all {
                assert!(lines.contains(&line.as_str()), "{case}: `{line}` is lost\n{content}");
            }
            // Of each file that was open then, the last line may be half there.
            let halves: Vec<_> = lines.iter().filter(|line| !all.iter().any(|whole| whole == **line)).collect();
            let begun = halves.iter().all(|half| all.iter().any(|whole| whole.starts_with(**half)));
            assert!(begun && halves.len() <= 2, "{case}: {halves:?} are broken\n{content}");
            if whole {
                assert!(call > 60, "all calls were tried: {call}");
                break;
            }
        }
    }
}

#[test]
fn who_begins_anew_syncs_what_was_written_or_says_that_it_cannot() {
    let calls = |at: u64| {
        let place = memory();
        let disk = Faulty::at(at, Fault::Error(Errno::IO));
        let mut bench = bench(place.path(), clock(), disk.clone(), "checkpoint").unwrap();
        bench.sync();
        bench.feed(line(1).as_str());
        bench.pump(|_| false);
        let before = disk.calls();
        (before, bench.sync_now(), disk.calls())
    };
    let (before, synced, after) = calls(u64::MAX);
    assert!(synced && after > before);
    assert!(!calls(before).1);
}
