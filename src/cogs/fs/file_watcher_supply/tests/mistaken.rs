//! What could be taken for something else: a state file for a rotated log, a new content for the old one.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::both;
use super::remember::Place;
use crate::datum::Datum;

#[test]
fn the_state_of_another_supply_is_no_rotated_log() {
    let place = Place::new();
    place.append("log", "a\n");
    assert_eq!(place.run(&[("start", "begin".into())]), ["a"]);
    let path = |name| Datum::from(place.path(name).to_str().unwrap());
    place.append("second", "b\n");
    let second = [
        ("start", "begin".into()),
        ("filenames", Datum::List(vec![path("second")]).into()),
        ("state_file", place.path("log.second").to_str().unwrap().into()),
    ];
    assert_eq!(place.run(&second), ["b"]);
    place.append("second", "c\n");
    assert_eq!(place.run(&second), ["c"]);
    assert!(place.path("log.second.prev").exists());
    assert!(place.run(&[]).is_empty());
    // Nor does a pattern mean it.
    assert!(place.run(&[("filenames", Datum::List(vec![path("log*")]).into())]).is_empty());
}

#[test]
fn another_content_of_the_same_size_and_beginning_is_read() {
    both(|mut rig| {
        let head = "x".repeat(300);
        rig.append("log", format!("{head}\none\n"));
        rig.start(&["log"], vec![("start", "begin".into())]);
        rig.expect(&[&head, "one"]);
        let file = File::options().write(true).open(rig.path("log")).unwrap();
        file.write_all_at(b"two", 301).unwrap();
        rig.expect(&[&head, "two"]);
        rig.append("log", "three\n");
        rig.expect(&["three"]);
    });
}
