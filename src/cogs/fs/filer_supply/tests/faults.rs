//! Each call of the file system fails once, in each way: no file is lost, and none is given twice but what a failed start gave back.

use rustix::io::Errno;

use super::Rig;
use crate::disk::faulty::{FAULTS, Fault, Faulty};

const FILES: usize = 5;

#[test]
fn each_call_may_fail() {
    for fault in FAULTS {
        for call in 0.. {
            let rig = Rig::new();
            for n in 0..FILES {
                rig.put(format!("{n}"), format!("file {n}"));
            }
            rig.put("bad", "");
            let disk = Faulty::at(call, fault);
            let case = format!("{fault:?} at {call}");
            let Ok(mut bench) = rig.bench_on(disk.clone(), vec![]) else {
                assert!(disk.has_struck() && fault != Fault::Short && fault != Fault::Error(Errno::INTR), "{case}: cannot begin");
                continue;
            };
            let mut got = Vec::new();
            for _ in 0..4 {
                got.extend(super::texts(
                    &bench.pump(|_| got.len() + rig.files("errors").len() == FILES + 2 && rig.files("tmp").is_empty()),
                ));
            }
            bench.finish();
            got.sort();
            assert_eq!(got, (0..FILES).map(|n| format!("file {n}")).collect::<Vec<_>>(), "{case}");
            let books = bench.balance();
            assert_eq!((books.in_flight, books.delivered, books.failed), (0, FILES as u64, 1), "{case}: {books:?}");
            if !disk.has_struck() {
                assert_eq!(rig.files(""), ["errors/bad", "errors/bad.meta"], "{case}");
                assert!(call > 50, "all calls were tried: {call}");
                break;
            }
            // What could not be removed at the very end is found by the next reader.
            let left = rig.files("");
            assert!(left.iter().any(|name| name == "errors/bad" || name.ends_with("/bad")), "{case}: {left:?}");
        }
    }
}
