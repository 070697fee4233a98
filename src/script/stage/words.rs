//! The words in which scripts say what of a descriptor or a path they wait for, and are told what came.

use rhai::{Array, Dynamic};

use crate::error::nearest;
use crate::escapement::{Interest, What};

/// What may be waited for at a descriptor, as in `poll(2)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent words")]
pub(super) struct Ready {
    pub(super) input: bool,
    pub(super) output: bool,
    pub(super) urgent: bool,
    pub(super) hup: bool,
    pub(super) err: bool,
}

impl Ready {
    /// As `"in"`, or `["in", "hup"]`.
    pub(super) fn of(given: &Dynamic) -> Result<Self, String> {
        let mut ready = Self::default();
        for word in words("`fd_register`", given)? {
            match word.as_str() {
                "in" => ready.input = true,
                "out" => ready.output = true,
                "pri" => ready.urgent = true,
                "hup" => ready.hup = true,
                "err" => ready.err = true,
                odd => return Err(unknown("`fd_register`", odd, &["in", "out", "pri", "hup", "err"])),
            }
        }
        if ready == Self::default() {
            return Err("`fd_register` waits for something: \"in\", \"out\", \"pri\", \"hup\", \"err\", or an array of these".into());
        }
        Ok(ready)
    }

    /// What the reactor is asked for. That the other side has gone is always told.
    pub(super) fn interest(self) -> Interest {
        Interest { readable: self.input, writable: self.output, urgent: self.urgent || !(self.input || self.output) }
    }

    /// The words of what is so.
    pub(super) fn words(self) -> Array {
        let all = [(self.input, "in"), (self.output, "out"), (self.urgent, "pri"), (self.hup, "hup"), (self.err, "err")];
        all.into_iter().filter(|(so, _)| *so).map(|(_, word)| word.into()).collect()
    }
}

/// The words for what may happen to a path, with those of `inotify(7)` that mean the same here.
const HAPPENS: [(&str, &[&str]); 5] = [
    ("modify", &["attrib"]),
    ("create", &["moved_to"]),
    ("delete", &["moved_from"]),
    ("close_write", &[]),
    ("gone", &["delete_self", "move_self"]),
];

/// What of a path is waited for, as `"create"`, `["create", "IN_CLOSE_WRITE"]` or `"all"`.
pub(super) fn happens(given: &Dynamic) -> Result<What, String> {
    let mut what = What::default();
    for word in words("`inotify_add`", given)? {
        let lower = word.to_ascii_lowercase();
        let plain = lower.strip_prefix("in_").unwrap_or(&lower);
        match HAPPENS.iter().find(|(known, same)| *known == plain || same.contains(&plain)).map(|(known, _)| *known) {
            Some("modify") => what.modified = true,
            Some("create") => what.created = true,
            Some("delete") => what.removed = true,
            Some("close_write") => what.closed_after_write = true,
            Some(_) => what.gone = true,
            None if plain == "move" => (what.created, what.removed) = (true, true),
            None if matches!(plain, "all" | "all_events") => {
                what = What { modified: true, created: true, removed: true, closed_after_write: true, gone: true, rescan: true };
            }
            None => return Err(unknown("`inotify_add`", &word, &["modify", "create", "delete", "close_write", "gone", "all"])),
        }
    }
    if what.is_nothing() {
        return Err(
            "`inotify_add` waits for something: \"all\", or some of \"modify\", \"create\", \"delete\", \"close_write\", \"gone\"".into()
        );
    }
    Ok(what)
}

/// What of that happened was waited for; that some may have been missed always is.
pub(super) fn wanted(what: What, mask: What) -> What {
    What {
        modified: what.modified && mask.modified,
        created: what.created && mask.created,
        removed: what.removed && mask.removed,
        closed_after_write: what.closed_after_write && mask.closed_after_write,
        gone: what.gone && mask.gone,
        rescan: what.rescan,
    }
}

/// Its words.
pub(super) fn told(what: What) -> Array {
    let all = [
        (what.modified, "modify"),
        (what.created, "create"),
        (what.removed, "delete"),
        (what.closed_after_write, "close_write"),
        (what.gone, "gone"),
        (what.rescan, "rescan"),
    ];
    all.into_iter().filter(|(so, _)| *so).map(|(_, word)| word.into()).collect()
}

fn words(of: &str, given: &Dynamic) -> Result<Vec<String>, String> {
    let one = |value: &Dynamic| {
        let word = value.as_immutable_string_ref().map(|word| word.to_string());
        word.map_err(|got| format!("{of} takes words, but one is a `{}`", crate::script::convert::short_type(got)))
    };
    match given.as_array_ref() {
        Ok(list) => list.iter().map(one).collect(),
        Err(_) => Ok(vec![one(given)?]),
    }
}

fn unknown(of: &str, odd: &str, known: &[&'static str]) -> String {
    let near = nearest(odd, known.iter().copied()).map(|near| format!("; did you mean \"{near}\"?"));
    format!("{of} knows no \"{odd}\"{}", near.unwrap_or_else(|| format!("; there are {}", known.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(words: &[&str]) -> Dynamic {
        Dynamic::from_array(words.iter().map(|word| (*word).into()).collect())
    }

    #[test]
    fn readiness_is_said_in_words() {
        let both = Ready { input: true, output: true, ..Ready::default() };
        assert_eq!(Ready::of(&list(&["in", "out"])), Ok(both));
        assert!(both.words().iter().map(ToString::to_string).eq(["in", "out"]));
        let gone = Ready::of(&"hup".into()).unwrap().interest();
        assert!(gone.urgent && !gone.readable && !gone.writable);
        assert!(Ready::of(&"inn".into()).unwrap_err().ends_with("did you mean \"in\"?"));
        assert!(Ready::of(&list(&[])).is_err() && Ready::of(&Dynamic::from_int(1)).is_err());
    }

    #[test]
    fn changes_are_said_in_our_words_or_the_systems() {
        let ours = happens(&list(&["create", "close_write"])).unwrap();
        assert_eq!(happens(&list(&["IN_MOVED_TO", "IN_CLOSE_WRITE"])), Ok(ours));
        assert!(happens(&"move".into()).unwrap().removed && happens(&"IN_DELETE_SELF".into()).unwrap().gone);
        let all = happens(&"all".into()).unwrap();
        assert_eq!(told(wanted(all, ours)).len(), 3, "what may have been missed is always told");
        assert!(happens(&"creat".into()).unwrap_err().ends_with("did you mean \"create\"?"));
        assert!(happens(&list(&[])).is_err());
    }
}
