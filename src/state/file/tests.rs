//! Each way in which a checkpoint can be broken, with its outcome; each call that can fail.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::disk::faulty::{FAULTS, Fault, Faulty, memory};
use crate::disk::real;

const KIND: &str = "fs::some_supply";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(memory())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("deep/er/state")
    }

    fn open(&self, on_bad: OnBad) -> Result<(Checkpoint, Found)> {
        Checkpoint::open(&real(), &self.path(), KIND, on_bad, SystemTime::UNIX_EPOCH)
    }

    /// Two generations.
    fn filled(self) -> Self {
        let (file, found) = self.open(OnBad::Refuse).unwrap();
        assert_eq!(found, Found::First);
        for n in 1..=2 {
            save(&file, n).unwrap();
        }
        self
    }

    /// What a process would find that came after a crash.
    fn reread(&self) -> Found {
        let place = Self::new();
        fs::create_dir_all(place.path().parent().unwrap()).unwrap();
        for name in self.names() {
            fs::copy(self.path().with_file_name(&name), place.path().with_file_name(&name)).unwrap();
        }
        place.open(OnBad::Refuse).unwrap().1
    }

    fn refused(&self) -> String {
        let error = self.open(OnBad::Refuse).unwrap_err();
        assert!(error.is_refusal());
        let hint = error.hint().unwrap_or_default();
        format!("{error} ({hint})").replace(&self.path().display().to_string(), "STATE")
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(self.path().parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn words(n: i64) -> Words {
    vec![format!(r#"{{"n":{n}}}"#).into()]
}

fn save(file: &Checkpoint, n: i64) -> io::Result<()> {
    file.save(&file.next(words(n), false))
}

fn found(found: &Found) -> i64 {
    match found {
        Found::Kept { body, .. } => body.opened().as_map().unwrap().by_name("n").unwrap().as_int().unwrap(),
        _ => 0,
    }
}

#[test]
fn the_latest_generation_is_found_and_the_one_before_is_kept() {
    let place = Place::new().filled();
    assert_eq!(place.names(), ["state", "state.lock", "state.prev"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(["state", "state.lock", "state.prev"].map(|name| mode(&place.path().with_file_name(name))), [0o600; 3]);
    assert_eq!([place.0.path().join("deep"), place.0.path().join("deep/er")].map(|path| mode(&path)), [0o700; 2]);
    let (file, kept) = place.open(OnBad::Refuse).unwrap();
    assert_eq!((found(&kept), file.generation.load(Ordering::Relaxed)), (2, 2));
    // What the helper brings too late does not go back.
    let old = file.next(words(3), false);
    save(&file, 4).unwrap();
    file.save(&old).unwrap();
    drop(file);
    assert_eq!(found(&place.open(OnBad::Refuse).unwrap().1), 4);
}

#[test]
fn a_second_user_is_refused_while_the_first_lives() {
    let place = Place::new().filled();
    let (first, _) = place.open(OnBad::Refuse).unwrap();
    assert!(place.refused().starts_with("state file `STATE`: is in use by another process"));
    drop(first);
    assert!(place.open(OnBad::Refuse).is_ok());
}

#[test]
fn a_damaged_generation_is_kept_aside_and_the_one_before_is_used() {
    let whole = fs::read(Place::new().filled().path()).unwrap();
    let turned: Vec<u8> = whole.iter().enumerate().map(|(at, byte)| if at == 70 { byte ^ 4 } else { *byte }).collect();
    for damaged in [&[][..], &whole[..whole.len() / 2], &turned, &[0; 300]] {
        let place = Place::new().filled();
        fs::write(place.path(), damaged).unwrap();
        let (file, kept) = place.open(OnBad::Refuse).unwrap();
        assert_eq!(found(&kept), 1);
        assert_eq!(place.names(), ["state.corrupt-19700101T000000Z", "state.lock", "state.prev"]);
        assert_eq!(fs::read(place.path().with_file_name("state.corrupt-19700101T000000Z")).unwrap(), damaged);
        save(&file, 5).unwrap();
        drop(file);
        assert_eq!(found(&place.open(OnBad::Refuse).unwrap().1), 5);
    }
}

#[test]
fn without_a_good_generation_it_is_refused_or_all_begins_anew() {
    let place = Place::new().filled();
    fs::write(place.path(), "").unwrap();
    fs::write(place.path().with_file_name("state.prev"), "{\"program\":\"deadbeat\"").unwrap();
    let refused = place.refused();
    assert!(refused.contains("`STATE`: it is empty, and there is no good generation before it"), "{refused}");
    assert!(refused.contains("bad_state: \"begin\""), "{refused}");
    assert_eq!(place.names(), ["state", "state.lock", "state.prev"]);
    assert_eq!(place.open(OnBad::Begin).unwrap().1, Found::Lost);
    assert_eq!(place.names(), ["state.corrupt-19700101T000000Z", "state.lock", "state.prev.corrupt-19700101T000000Z"]);
    // Nothing is there any more, but something was.
    assert_eq!(place.open(OnBad::Refuse).unwrap().1, Found::Lost);
}

#[test]
fn a_missing_generation_is_replaced_by_the_one_before_and_an_old_one_is_used() {
    let place = Place::new().filled();
    fs::remove_file(place.path()).unwrap();
    assert_eq!(found(&place.open(OnBad::Refuse).unwrap().1), 1);
    let place = Place::new().filled();
    let old = fs::read(place.path().with_file_name("state.prev")).unwrap();
    let (file, _) = place.open(OnBad::Refuse).unwrap();
    save(&file, 3).unwrap();
    drop(file);
    fs::write(place.path(), old).unwrap();
    let (file, kept) = place.open(OnBad::Refuse).unwrap();
    assert_eq!((found(&kept), file.next(words(0), false).number), (1, 3), "an old one is believed, but its numbers are not used again");
}

#[test]
fn what_is_not_ours_is_refused_untouched() {
    let place = Place::new().filled();
    fs::write(place.path(), "root:x:0:0:root:/root:/bin/bash\n").unwrap();
    let refused = place.refused();
    assert!(refused.contains("`STATE`: is no state file of this program"), "{refused}");
    assert!(place.open(OnBad::Begin).is_err(), "not even then it is moved away");
    let mut text = form::write(&Draft { number: 9, kind: "other::supply", clean: true, words: words(1) });
    fs::write(place.path(), &text).unwrap();
    assert!(place.refused().contains("is the state of `other::supply`, not of `fs::some_supply`"));
    text = form::newer(&text);
    fs::write(place.path(), &text).unwrap();
    let refused = place.refused();
    assert!(refused.contains("a later version") && refused.contains("bad_state"), "{refused}");
    assert_eq!(fs::read_to_string(place.path()).unwrap(), text);
    assert_eq!(found(&place.open(OnBad::Begin).unwrap().1), 1, "the generation before is good");
}

#[test]
fn unsafe_places_are_refused_untouched() {
    for name in ["state", "state.prev", "state.lock"] {
        let place = Place::new().filled();
        let (path, aside) = (place.path().with_file_name(name), place.0.path().join("aside"));
        fs::rename(&path, &aside).unwrap();
        symlink(&aside, &path).unwrap();
        assert!(place.refused().contains("is a symbolic link"), "{name}");
        fs::remove_file(&path).unwrap();
        fs::hard_link(&aside, &path).unwrap();
        assert!(place.refused().contains("has 2 names"), "{name}");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(place.refused().contains("directory"), "{name}");
        fs::remove_dir(&path).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
        assert!(place.refused().contains("is no regular file"), "{name}");
    }
}

#[test]
fn a_temporary_file_that_was_left_is_removed_unread() {
    let place = Place::new().filled();
    let newer = fs::read(place.path()).unwrap();
    fs::write(place.path().with_file_name("state.tmp"), newer).unwrap();
    assert_eq!(found(&place.open(OnBad::Refuse).unwrap().1), 2);
    assert_eq!(place.names(), ["state", "state.lock", "state.prev"]);
}

#[test]
fn a_mark_outlives_the_process() {
    let place = Place::new().filled();
    let (file, _) = place.open(OnBad::Refuse).unwrap();
    assert_eq!(file.marked(), "");
    file.mark("something long enough").unwrap();
    file.mark("short").unwrap();
    drop(file);
    assert_eq!(place.open(OnBad::Refuse).unwrap().0.marked(), "short");
}

/// Whichever call fails in whichever way: the one who opens is refused or finds what was saved last, what is saved is there or
/// the generation before is, and when nothing fails any more all is as it should be.
#[test]
fn each_call_may_fail() {
    for fault in FAULTS {
        for call in 0.. {
            let place = Place::new().filled();
            let disk = Faulty::at(call, fault);
            let shared: Arc<dyn Disk> = disk.clone();
            let opened = Checkpoint::open(&shared, &place.path(), KIND, OnBad::Refuse, SystemTime::UNIX_EPOCH);
            let mut last = 2;
            match opened {
                Err(error) => {
                    assert!(error.is_refusal() && disk.has_struck() && fault != Fault::Short, "{fault:?} at {call}: {error}");
                    assert_ne!(fault, Fault::Error(Errno::INTR), "call {call}");
                }
                Ok((file, kept)) => {
                    // One that could not be read is put aside for the one before it.
                    let was = found(&kept);
                    assert!(was == 2 || was == 1 && disk.has_struck(), "{fault:?} at {call}: {kept:?}");
                    let mut failed = 0;
                    for n in 3..6 {
                        if save(&file, n).is_ok() {
                            last = n;
                        } else {
                            failed += 1;
                            assert!(disk.has_struck() && fault != Fault::Short && fault != Fault::Error(Errno::INTR));
                        }
                    }
                    assert!(failed <= 1 && last >= 5 - failed, "{fault:?} at {call}: one fault hinders one generation");
                    // What failed may have been done for all that, when only its last step did.
                    let now = found(&place.reread());
                    assert!(now == last || failed == 1 && now == last + 1, "{fault:?} at {call}: {now}, not {last}");
                    last = now;
                }
            }
            let struck = disk.has_struck();
            assert_eq!(found(&place.open(OnBad::Refuse).unwrap().1), last, "{fault:?} at {call}");
            if !struck {
                assert!(call > 20, "all calls were tried: {call}");
                break;
            }
        }
    }
}
