//! More files than may be open, as nothing of them can be sent.

use super::super::follow::OPEN;
use super::both;
use super::remember::{Place, read};

/// How many files of that directory this process has open.
fn open_below(place: &std::path::Path) -> usize {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    descriptors.filter(|entry| std::fs::read_link(entry.path()).is_ok_and(|file| file.starts_with(place))).count()
}

const ROTATIONS: usize = 150;

fn lines() -> Vec<String> {
    (0..=ROTATIONS).map(|n| n.to_string()).collect()
}

#[test]
fn files_that_wait_to_be_read_are_opened_by_and_by() {
    both(|mut rig| {
        rig.append("log", "0\n");
        rig.start(&["log"], vec![("start", "begin".into()), ("max_in_flight", 1.into())]);
        let bench = rig.bench.as_mut().unwrap();
        bench.kept = Some(Vec::new());
        assert_eq!(bench.pump(|got| !got.is_empty()).len(), 1);
        for n in 1..=ROTATIONS {
            // In order of birth: the file system counts it in ticks.
            std::thread::sleep(std::time::Duration::from_millis(5));
            rig.rename("log", &format!("log.{:03}", ROTATIONS - n));
            rig.append("log", format!("{n}\n"));
            rig.bench.as_mut().unwrap().pump_for(1);
        }
        let open = open_below(rig.place.path());
        assert!((OPEN..=OPEN + 2).contains(&open), "{open}, polls: {}", rig.polls);
        rig.bench.as_mut().unwrap().release();
        let wanted: Vec<String> = lines().split_off(1);
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        rig.expect(&wanted);
    });
}

#[test]
fn what_waited_is_found_again_by_what_is_remembered() {
    let place = Place::real();
    place.append("log", "0\n");
    let mut bench = place.start(&[("start", "begin".into()), ("max_in_flight", 1.into()), ("rotate_wait", 0.05.into())]);
    bench.kept = Some(Vec::new());
    assert_eq!(read(&mut bench), ["0"]);
    for n in 1..=ROTATIONS {
        std::thread::sleep(std::time::Duration::from_millis(5));
        place.rename("log", &format!("log.{:03}", ROTATIONS - n));
        place.append("log", &format!("{n}\n"));
        bench.pump_for(1);
    }
    let open = open_below(place.path("log").parent().unwrap());
    assert!((OPEN..=OPEN + 6).contains(&open), "{open}");
    bench.release();
    let mut got = Vec::new();
    for _ in 0..20 {
        got.extend(read(&mut bench));
    }
    assert_eq!(got, lines().split_off(1));
}
