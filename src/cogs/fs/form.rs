//! The time that a drain writes before a line, or into the name of its file.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use crate::error::{Error, Result};
pub(super) use crate::lines::{Form, Newlines};

/// A strftime format, with the zone it is told in.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    format: String,
    zone: TimeZone,
}

impl Stamp {
    /// # Errors
    /// The format cannot be used.
    pub(super) fn new(option: &str, format: String, utc: bool) -> Result<Self> {
        let stamp = Self { format, zone: if utc { TimeZone::UTC } else { TimeZone::system() } };
        match strtime::format(&stamp.format, &Timestamp::UNIX_EPOCH.to_zoned(stamp.zone.clone())) {
            Ok(_) => Ok(stamp),
            Err(error) => Err(Error::option(option, format!("`{}` is no time format: {error}", stamp.format))),
        }
    }

    /// That time in this format.
    pub(super) fn at(&self, time: SystemTime) -> String {
        let time = Timestamp::try_from(time).unwrap_or(Timestamp::MAX).to_zoned(self.zone.clone());
        // It was tried when it was made.
        strtime::format(&self.format, &time).unwrap_or_default()
    }
}
