//! What links lead to in raw JSON. Events of one kind begin alike, so that the text before what was found last time tells
//! most often where it stands this time.

use std::borrow::Cow;
use std::cell::RefCell;

use memchr::{memchr2, memchr2_iter};

use super::super::code::{Link, Step};
use super::super::frame::{Out, Stop};
use super::super::place::straight;
use super::super::run::kept;
use super::code::Value;
use super::state::Run;
use crate::datum::{Datum, Look, Text, View};

/// A value deep in another one.
pub(super) struct Deep {
    base: Value,
    links: Box<[Link]>,
    last: RefCell<Last>,
}

/// Where a string was found.
#[derive(Default)]
struct Last {
    /// The text before its letters.
    before: String,
    /// How often in a row that did not help.
    misses: u32,
}

/// So often at most.
const MISSES: u32 = 64;
/// Longer texts before it are hardly alike.
const LONGEST: usize = 256;

impl Deep {
    pub(super) fn new(base: Value, links: Box<[Link]>) -> Self {
        Self { base, links, last: RefCell::default() }
    }

    /// What it is of.
    pub(super) fn base(&self) -> &Value {
        &self.base
    }

    /// The value.
    pub(super) fn value(&self, run: &Run<'_>) -> Out<Datum> {
        match &self.base {
            Value::Key(spot) => match run.look(spot) {
                Some(View::Datum(value)) => self.within(value),
                Some(View::Piece(piece)) if piece.look() == Look::Raw => self.seek(piece.to_text()),
                _ => Err(Stop::Bail),
            },
            Value::Slot(slot) => self.within(&run.state.values[*slot]),
            _ => Err(Stop::Bail),
        }
    }

    fn within(&self, value: &Datum) -> Out<Datum> {
        straight(value, &self.links).map(|found| kept(Cow::Owned(found)))
    }

    fn seek(&self, text: Text) -> Out<Datum> {
        let mut last = self.last.borrow_mut();
        if last.misses < MISSES {
            if let Some(found) = self.again(&text, &last.before) {
                last.misses = 0;
                return Ok(Datum::Str(found));
            }
            last.misses += 1;
        }
        let raw = Datum::Raw(text);
        let found = self.within(&raw)?;
        if last.misses < MISSES
            && let (Datum::Str(found), Datum::Raw(text)) = (&found, &raw)
            && let (Some((of, there)), Some((block, whole))) = (found.place(), text.place())
            && std::rc::Rc::ptr_eq(of, block)
            && there.start - whole.start <= LONGEST
        {
            last.before.clear();
            last.before.push_str(&block[whole.start..there.start]);
        }
        Ok(found)
    }

    /// The string that begins where it did last time: all before is the same, and no key on the way comes again.
    fn again(&self, text: &Text, before: &str) -> Option<Text> {
        let from = before.len();
        if from == 0 || !text.as_bytes().starts_with(before.as_bytes()) {
            return None;
        }
        let letters = &text.as_bytes()[from..];
        let len = memchr2(b'"', b'\\', letters).filter(|end| letters[*end] == b'"')?;
        let rest = &letters[len..];
        let may_come = |name: &[u8]| {
            let first = *name.first().unwrap_or(&b'"');
            memchr2_iter(b'\\', first, rest).any(|n| rest[n] == b'\\' || rest[n..].starts_with(name))
        };
        let alone = self.links.iter().all(|link| match &link.step {
            Step::Key(key) => !may_come(key.as_str().as_bytes()),
            Step::At(at) => *at >= 0,
            Step::By(_) => false,
        });
        alone.then(|| text.slice(from..from + len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datum::{Key, Near};

    fn deep() -> Deep {
        let link = |step| Link { elvis: false, dot: true, step };
        let key = |name| link(Step::Key(Near::new(Key::new(name))));
        Deep::new(Value::Slot(0), Box::new([link(Step::At(0)), key("IP4"), link(Step::At(0))]))
    }

    fn seek(deep: &Deep, text: &str) -> Option<String> {
        let found = deep.seek(Text::from(text).into_span()).ok()?;
        Some(crate::datum::json::to_string(&found))
    }

    #[test]
    fn what_was_found_before_does_not_decide_what_is_found() {
        let texts = [
            r#"[{"IP4":["10.0.0.1"],"Port":[1]}]"#,
            r#"[{"IP4":["10.0.0.2","10.0.0.3"]},{"IP4":["7"]}]"#,
            r#"[{"IP4":["10.0.0.4"],"IP4":["10.0.0.5"]}]"#,
            r#"[{"IP4":["10.0.0.6"],"\u0049P4":["10.0.0.7"]}]"#,
            r#"[{"IP4":["a\"b"]}]"#,
            r#"[{"IP4":[""]}]"#,
            r#"[{"IP4":[5]}]"#,
            r#"[{"IP4":[ "10.0.0.8"]}]"#,
            r#"[{"Port":[1],"IP4":["10.0.0.9"]}]"#,
            r#"[{"IP4":[]}]"#,
            r#"[{"IP4":"10.0.0.1"}]"#,
            "[]",
            r#"{"IP4":1}"#,
        ];
        for first in texts {
            for second in texts {
                let one = deep();
                let _ = seek(&one, first);
                assert_eq!(seek(&one, second), seek(&deep(), second), "{second} after {first}");
            }
        }
    }

    #[test]
    fn texts_that_begin_alike_are_not_read() {
        let one = deep();
        assert_eq!(seek(&one, r#"[{"IP4":["10.0.0.1"],"Port":[1]}]"#).as_deref(), Some(r#""10.0.0.1""#));
        let text = Text::from(r#"[{"IP4":["192.0.2.7"],"Port":[2]}]"#).into_span();
        assert_eq!(one.again(&text, &one.last.borrow().before).unwrap(), "192.0.2.7");
    }
}
