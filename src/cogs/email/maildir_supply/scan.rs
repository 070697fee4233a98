//! Which messages are due: what lies in `new`, and in `cur` what has no flag that says that it has been dealt with.
//!
//! What its flags do not tell is remembered for as long as the process lives: a [`Note`] for each message that has been dealt with and
//! looks as if it had not. A folder is listed by the helper, which is lent the notes meanwhile.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::cogs::email::name::{FLAGGED, Name, SEEN, is_message};
use crate::disk::{Disk, retry};

/// The two directories of a folder in which messages lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    New,
    Cur,
}

impl Place {
    /// The directory's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Cur => "cur",
        }
    }
}

/// What a message's flags mean.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Messages that have been dealt with are due too, once.
    pub(super) all: bool,
    /// Besides `S`, the flags that say that a message has been dealt with.
    pub(super) also: Vec<u8>,
}

impl Rules {
    /// Whether its flags say that a message in `cur` has been dealt with.
    pub(super) fn is_done(&self, name: &Name) -> bool {
        name.has(SEEN) || self.also.iter().any(|flag| name.has(*flag))
    }

    /// Whether a message is due, which nothing is known of but perhaps a note.
    pub(super) fn is_due(&self, place: Place, name: &Name, notes: &mut Notes) -> bool {
        let done = place == Place::Cur && self.is_done(name);
        let Some(note) = notes.get_mut(&name.unique) else { return self.all || !done };
        note.missed = false;
        if done {
            if self.all {
                note.done = true;
            } else {
                // From here on its flags tell all.
                notes.remove(&name.unique);
            }
            return false;
        }
        let again = place == Place::Cur && (note.done || note.flagged && !name.has(FLAGGED));
        if again {
            notes.remove(&name.unique);
        }
        again
    }
}

/// What is remembered of a message that has been dealt with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Note {
    /// Its flags said so when it was looked at last: when they say so no more, it is due again.
    pub(super) done: bool,
    /// It failed and was flagged for that: when it is so no more, it is due again.
    pub(super) flagged: bool,
    /// It was not there when the folder was last listed. A name that changes meanwhile may be left out.
    pub(super) missed: bool,
}

/// Notes by the messages' unique names.
pub(super) type Notes = HashMap<OsString, Note>;

/// A message that may be due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) place: Place,
    /// What its file is called.
    pub(super) file: OsString,
    /// Another message of the folder has the same unique name, which must not be.
    pub(super) twin: Option<(Place, OsString)>,
}

impl Found {
    /// Whether both names are there and are not those of one file.
    pub(super) fn has_twin(&self, disk: &dyn Disk, folder: &Path) -> io::Result<bool> {
        let Some((place, file)) = &self.twin else { return Ok(false) };
        let about = |place: Place, file| match retry(|| disk.about_entry(&folder.join(place.name()).join(file))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            about => about.map(|about| Some((about.dev(), about.ino()))),
        };
        let (own, other) = (about(self.place, &self.file)?, about(*place, file)?);
        Ok(own.is_some() && other.is_some() && own != other)
    }
}

/// What listing a folder gave.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) notes: Notes,
    /// Those that are due, in the order of their names, which is that of their coming.
    pub(super) due: io::Result<Vec<Found>>,
}

/// Lists a folder.
pub(super) fn scan(disk: &dyn Disk, folder: &Path, rules: &Rules, mut notes: Notes) -> Scanned {
    let due = find(disk, folder, rules, &mut notes);
    Scanned { notes, due }
}

fn find(disk: &dyn Disk, folder: &Path, rules: &Rules, notes: &mut Notes) -> io::Result<Vec<Found>> {
    // What is moved from one to the other meanwhile is seen twice rather than not at all.
    let new = retry(|| disk.list(&folder.join(Place::New.name())))?;
    let cur = retry(|| disk.list(&folder.join(Place::Cur.name())))?;
    let mut all: Vec<(Place, OsString, Name)> = Vec::with_capacity(new.len() + cur.len());
    for (place, files) in [(Place::Cur, cur), (Place::New, new)] {
        all.extend(files.into_iter().filter(|file| is_message(file)).map(|file| {
            let name = Name::of(&file);
            (place, file, name)
        }));
    }
    let mut first: HashMap<&OsString, usize> = HashMap::with_capacity(all.len());
    let mut due = Vec::new();
    let missed_before: Vec<OsString> = notes.iter().filter(|(_, note)| note.missed).map(|(unique, _)| unique.clone()).collect();
    for note in notes.values_mut() {
        note.missed = true;
    }
    for (at, (place, file, name)) in all.iter().enumerate() {
        let twin = match first.entry(&name.unique) {
            std::collections::hash_map::Entry::Occupied(other) => Some(*other.get()),
            std::collections::hash_map::Entry::Vacant(none) => {
                none.insert(at);
                None
            }
        };
        let is_due = match twin {
            // No note is about it.
            Some(_) => rules.is_due(*place, name, &mut Notes::new()),
            None => rules.is_due(*place, name, notes),
        };
        if is_due {
            let twin = twin.map(|other| (all[other].0, all[other].1.clone()));
            due.push(Found { place: *place, file: file.clone(), twin });
        }
    }
    for unique in missed_before {
        if !first.contains_key(&unique) {
            notes.remove(&unique);
        }
    }
    due.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(due)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Real;
    use std::ffi::OsStr;
    use std::fs;

    fn rules(all: bool) -> Rules {
        Rules { all, also: Vec::new() }
    }

    /// A folder with these files.
    fn folder(files: &[&str]) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        for dir in ["new", "cur"] {
            fs::create_dir(place.path().join(dir)).unwrap();
        }
        for file in files {
            fs::write(place.path().join(file), "x").unwrap();
        }
        place
    }

    fn due(place: &tempfile::TempDir, rules: &Rules, notes: Notes) -> (Vec<String>, Notes) {
        let scanned = scan(&Real, place.path(), rules, notes);
        let due = scanned.due.unwrap();
        (due.iter().map(|found| format!("{}/{}", found.place.name(), found.file.display())).collect(), scanned.notes)
    }

    fn note(unique: &str, note: Note) -> Notes {
        Notes::from([(unique.into(), note)])
    }

    #[test]
    fn new_ones_and_those_that_nobody_has_seen_are_due_in_the_order_of_their_names() {
        let place = folder(&["cur/3.h:2,FR", "new/2.h", "cur/1.h:2,", "cur/0.h:2,S", "new/.hidden", "cur/4.h"]);
        assert_eq!(due(&place, &rules(false), Notes::new()).0, ["cur/1.h:2,", "new/2.h", "cur/3.h:2,FR", "cur/4.h"]);
        assert_eq!(due(&place, &rules(true), Notes::new()).0.len(), 5);
        let flagged = Rules { all: false, also: vec![FLAGGED] };
        assert_eq!(due(&place, &flagged, Notes::new()).0, ["cur/1.h:2,", "new/2.h", "cur/4.h"]);
    }

    #[test]
    fn what_is_noted_is_due_again_when_its_flags_change_so() {
        let rules = rules(false);
        let is_due = |file: &str, notes: &mut Notes| rules.is_due(Place::Cur, &Name::of(OsStr::new(file)), notes);
        let mut notes = note("1.h", Note::default());
        assert!(!is_due("1.h:2,", &mut notes) && !is_due("1.h:2,FR", &mut notes));
        assert!(!is_due("1.h:2,S", &mut notes) && notes.is_empty() && is_due("1.h:2,", &mut notes));
        let mut notes = note("1.h", Note { flagged: true, ..Note::default() });
        assert!(!is_due("1.h:2,F", &mut notes) && is_due("1.h:2,", &mut notes) && notes.is_empty());
        let all = Rules { all: true, also: Vec::new() };
        let mut notes = note("1.h", Note::default());
        assert!(!all.is_due(Place::Cur, &Name::of(OsStr::new("1.h:2,S")), &mut notes));
        assert!(all.is_due(Place::Cur, &Name::of(OsStr::new("1.h:2,")), &mut notes));
    }

    #[test]
    fn a_note_goes_when_its_message_was_missed_twice() {
        let place = folder(&[]);
        let notes = note("1.h", Note::default());
        let notes = due(&place, &rules(false), notes).1;
        assert_eq!(notes.len(), 1);
        fs::write(place.path().join("cur/1.h:2,"), "x").unwrap();
        let (none, notes) = due(&place, &rules(false), notes);
        assert!(none.is_empty() && notes.len() == 1);
        fs::remove_file(place.path().join("cur/1.h:2,")).unwrap();
        let notes = due(&place, &rules(false), notes).1;
        assert!(due(&place, &rules(false), notes).1.is_empty());
    }

    #[test]
    fn two_of_one_name_are_told_apart_from_one_file_that_was_renamed() {
        let place = folder(&["new/1.h", "cur/1.h:2,S"]);
        let found = scan(&Real, place.path(), &rules(false), Notes::new()).due.unwrap();
        assert_eq!(found[0].twin, Some((Place::Cur, "1.h:2,S".into())));
        assert!(found[0].has_twin(&Real, place.path()).unwrap());
        fs::remove_file(place.path().join("cur/1.h:2,S")).unwrap();
        assert!(!found[0].has_twin(&Real, place.path()).unwrap());
        fs::hard_link(place.path().join("new/1.h"), place.path().join("cur/1.h:2,S")).unwrap();
        assert!(!found[0].has_twin(&Real, place.path()).unwrap());
    }
}
