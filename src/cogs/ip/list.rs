//! Ranges as options and files give them: texts, or lines of a file with `#` comments.

use crate::address::{Range, Set};
use crate::cog::Args;
use crate::error::{Error, Result};
use crate::reread::Reread;

/// Ranges that stand in the script or in a file.
pub(super) enum Source {
    Given(Set),
    File(Reread<Set>),
}

impl Source {
    /// From the options `ranges` and `file`, of which one must be given.
    pub(super) fn of(args: &Args) -> Result<Self> {
        match (args.is_given("ranges"), args.opt_str("file")) {
            (false, Some(path)) => Ok(Self::File(Reread::new(path, std::sync::Arc::new(|bytes| lines(&bytes))))),
            (true, None) => Ok(Self::Given(given(args, "ranges")?)),
            (true, Some(_)) => Err(Error::option("file", "stands beside `ranges`: give one of them")),
            (false, None) => Err(Error::option("ranges", "is missing, and `file` too")),
        }
    }
}

/// The ranges that an option lists.
pub(super) fn given(args: &Args, option: &str) -> Result<Set> {
    let wrong = |text: &str| Error::option(option, format!("`{text}` is no address, network or range"));
    args.strs(option).iter().map(|text| Range::read(text).ok_or_else(|| wrong(text))).collect()
}

/// One range a line; blank lines, and what follows `#`, say nothing.
pub(super) fn lines(bytes: &[u8]) -> Result<Set> {
    let mut ranges = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let line = line.split(|byte| *byte == b'#').next().unwrap_or_default().trim_ascii();
        if line.is_empty() {
            continue;
        }
        let range = str::from_utf8(line).ok().and_then(Range::read);
        ranges.push(
            range.ok_or_else(|| Error::data(format!("line {number} is no address, network or range"), &String::from_utf8_lossy(line)))?,
        );
    }
    Ok(ranges.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_range_a_line_and_comments() {
        let set = lines(b"# ours\n192.0.2.0/24 # office\r\n\n 2001:db8::/32\n10.0.0.1-10.0.0.9").unwrap();
        assert!(["192.0.2.7", "2001:db8::1", "10.0.0.9"].iter().all(|text| set.holds(Range::read(text).unwrap())));
        let error = lines(b"192.0.2.0/24\n192.0.2.0/33\n").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("192.0.2.0/33"), "{error}");
    }
}
