//! What the formats' own documents say: their rules and their published examples, as tables.
//!
//! RFC 5424 6.5 and RFC 3164 5.4 stand beside their cog, in `src/cogs/text/syslog_parse/tests.rs`.

mod csv;
mod json;
mod mail;
mod pan;

use deadbeat::cog::OnError;
use deadbeat::datum::{Datum, json as text};

use crate::compliance::Stand;

/// A cog whose errors are asked for.
fn stand(make: &str) -> Stand {
    Stand::with(make, Some(OnError::Route(1)))
}

/// What comes out, as JSON, or the error.
fn told(stand: &mut Stand, datum: impl Into<Datum>) -> Result<String, String> {
    stand.answer(datum.into()).map(|data| data.iter().map(text::to_string).collect::<Vec<_>>().join(" "))
}
