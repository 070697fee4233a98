//! Lines that are no news of the process: what a train says that is only tried out goes to who tries it.

use std::cell::RefCell;

/// Lines kept at most.
const LINES: usize = 1000;

thread_local! {
    static ASIDE: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Puts back what was there before, also when what is done meanwhile panics.
struct Around(Option<Vec<String>>);

impl Drop for Around {
    fn drop(&mut self) {
        ASIDE.set(self.0.take());
    }
}

/// Does something of which no line reaches the log; gives those that this thread would have written, secrets masked, the first
/// thousand of them.
pub fn aside<T>(f: impl FnOnce() -> T) -> (T, Vec<String>) {
    let around = Around(ASIDE.replace(Some(Vec::new())));
    let done = f();
    let said = ASIDE.take().unwrap_or_default();
    drop(around);
    (done, said)
}

/// Takes a line, where this thread is listened to.
pub(super) fn take(text: &str) -> bool {
    ASIDE.with_borrow_mut(|aside| {
        let Some(lines) = aside else { return false };
        if lines.len() < LINES {
            lines.push(super::line::clean(&crate::secrets::mask(text)).into_owned());
        }
        true
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_to_the_innermost_who_listens() {
        let ((inner, more), outer) = aside(|| {
            crate::log::error("outer");
            let inner = aside(|| crate::log::error("inner\n")).1;
            crate::log::error("again");
            (inner, 1)
        });
        assert_eq!((inner, more), (vec!["inner".to_owned()], 1));
        assert_eq!(outer, ["outer", "again"]);
        assert!(!take("nobody listens"));
    }

    #[test]
    fn after_a_panic_nobody_listens() {
        assert!(std::panic::catch_unwind(|| aside(|| panic!("on purpose"))).is_err());
        assert!(!take("nobody listens"));
    }
}
