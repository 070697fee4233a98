//! Each call of the file system fails once, in each way: the file of that call is told of, and the others come whole.

use rustix::io::Errno;

use super::{Rig, texts};
use crate::disk::faulty::{FAULTS, Fault, Faulty};

#[test]
fn each_call_may_fail() {
    let rig = Rig::with([("1", b"first\nfile"), ("2", b"second\nfile"), ("3", b"third\nfile")]);
    for each in ["file", "line"] {
        for fault in FAULTS {
            for call in 0.. {
                let disk = Faulty::at(call, fault);
                let mut bench = rig.bench_on(disk.clone(), &["1", "2", "3"], vec![("each", each.into())]).unwrap();
                let got = texts(&bench.pump(|_| false));
                let case = format!("{each}, {fault:?} at {call}: {got:?}");
                let harmless = !disk.has_struck() || matches!(fault, Fault::Short | Fault::Error(Errno::INTR));
                // At the start it is not known yet which of them cannot be read.
                let lost = u64::from(!harmless && call >= 3);
                assert_eq!((bench.errors(), bench.balance().in_flight, bench.esc.bound(0)), (lost, 0, 0), "{case}");
                let whole = |name: &str| match each {
                    "file" => got.contains(&format!("{name}\nfile")),
                    _ => got.windows(2).any(|lines| lines == [name, "file"]),
                };
                let arrived = ["first", "second", "third"].iter().filter(|name| whole(name)).count() as u64;
                assert!(
                    arrived >= 3 - lost && got.iter().all(|text| "first\nfile second\nfile third\nfile".contains(text.as_str())),
                    "{case}"
                );
                if !disk.has_struck() {
                    assert!(call > 15, "all calls were tried: {call}");
                    break;
                }
            }
        }
    }
}
