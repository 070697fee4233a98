//! Places in data, as options name them: keys and paths, apart or as keys of a map.

use crate::cog::{Args, Given, Param};
use crate::datum::Path;
use crate::error::{Error, Result};

/// `missing`, of cogs that need what they name to be there.
pub(super) const MISSING: Param = Param::choice("missing", &["pass", "error"])
    .about("what becomes of a datum that has not all that is named: it goes on without, or it fails");

/// Whether `missing` makes it an error.
pub(super) fn must_be_there(args: &Args) -> bool {
    args.str("missing") == "error"
}

/// The place that a name or path says.
pub(super) fn place(option: &str, text: &str) -> Result<Path> {
    let wrong = |error: Error| Error::option(option, format!("`{text}`: {error}"));
    if text.contains(['.', '[']) { Path::parse(text).map_err(wrong) } else { Ok(Path::new(vec![crate::datum::Step::Key(text.into())])) }
}

/// The places that an option lists.
pub(super) fn places(args: &Args, option: &str) -> Result<Vec<Path>> {
    args.strs(option).iter().map(|text| place(option, text)).collect()
}

/// Places and what is given for each, in the order of the map.
pub(super) fn entries(args: &Args, option: &str) -> Result<Vec<(Path, Given)>> {
    let given = args.given(option).and_then(|given| given.map());
    let entries = given.ok_or_else(|| Error::option(option, "takes a map"))?;
    entries.into_iter().map(|(name, value)| Ok((place(option, &name)?, value))).collect()
}

/// A place that is not there.
pub(super) fn missing(path: &Path) -> Error {
    Error::FieldMissing { field: path.to_string() }
}
