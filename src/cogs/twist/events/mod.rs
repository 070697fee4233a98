//! What an event shows of itself to cogs with windows: pieces and numbers borrowed from it, and its time.

mod sight;
mod times;

pub(super) use self::sight::{Glance, Site, Value};
pub(super) use self::times::{Form, SECOND, Times};
