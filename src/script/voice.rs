//! Where `print` and the log's functions of a script go: to the log, or, on the bench, to whoever asked.

use std::cell::RefCell;

/// Lines that are kept at most.
const LINES: usize = 1000;
/// Bytes that are kept at most.
const BYTES: usize = 1 << 18;

/// Says things to the log, or keeps them.
#[derive(Debug, Default)]
pub(super) struct Voice(RefCell<Option<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    lines: Vec<String>,
    bytes: usize,
    skipped: usize,
}

impl Voice {
    /// Says it by `aloud`, or keeps it.
    pub(super) fn say(&self, text: &str, aloud: impl FnOnce()) {
        match &mut *self.0.borrow_mut() {
            None => aloud(),
            Some(kept) if kept.lines.len() < LINES && kept.bytes + text.len() <= BYTES => {
                kept.bytes += text.len();
                kept.lines.push(text.to_owned());
            }
            Some(kept) => kept.skipped += 1,
        }
    }

    /// Keeps what is said from now on.
    pub(super) fn keep(&self) {
        self.0.replace(Some(Kept::default()));
    }

    /// What was kept so far, and how many lines were too many.
    pub(super) fn kept(&self) -> Vec<String> {
        let kept = self.0.borrow_mut().as_mut().map(std::mem::take).unwrap_or_default();
        let more = (kept.skipped > 0).then(|| format!("… and {} more", kept.skipped));
        kept.lines.into_iter().chain(more).collect()
    }
}
