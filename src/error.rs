//! The crate's one error type: facts in fields, text in `Display`, advice apart in [`Error::hint`].
//!
//! Texts are lower case, without a final stop, with values in backquotes; `source()` carries the cause.

use std::path::PathBuf;
use std::{fmt, io};

/// Short for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong while a train is wound or runs.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A getter found nothing under this key or path.
    FieldMissing {
        /// The key or path as it was written.
        field: String,
    },
    /// A value is of a kind that cannot be used here.
    WrongKind {
        /// What was looked at: a field, an option, "the datum".
        what: String,
        /// What was wanted, with its article: "a string".
        wanted: &'static str,
        /// What was there: the name of its kind.
        got: &'static str,
    },
    /// What should be written as a line is no text yet.
    NotText {
        /// What was there: the name of its kind.
        got: &'static str,
    },
    /// Data that could not be parsed, converted or written.
    Data {
        /// What is wrong.
        text: String,
        /// The offending piece, shortened; empty when it would say nothing.
        piece: String,
    },
    /// Data that are refused for a reason that has its own word, such as `long_line` or `crash`.
    Refused {
        /// The word.
        reason: &'static str,
        /// What is wrong.
        text: String,
    },
    /// A call into the script failed.
    Script {
        /// The interpreter's message with its place.
        text: String,
        /// Where: `file:line:column`, empty when unknown.
        place: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A file, directory, socket or descriptor could not be used.
    Os {
        /// What was being done, as a verb with its object's kind: "open", "watch".
        doing: &'static str,
        /// The path or name it was done to.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
    /// An option of a cog has a value that cannot work.
    Option {
        /// The option's name.
        option: String,
        /// What is wrong with it.
        text: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The geartrain's graph runs in a circle.
    Cycle {
        /// The cogs along the circle, the first one named again at the end.
        path: Vec<String>,
    },
    /// A state file that cannot or must not be used; the train does not start.
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        text: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A path that cannot or must not be used, as another process or somebody else has it; the train does not start.
    Place {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        text: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A cog could not begin; the train does not start.
    Start {
        /// The cog's name.
        cog: String,
        /// Where the script made it, as `file:line`; empty when unknown.
        place: String,
        /// Why.
        why: Box<Error>,
        /// What to do about it, where `why` does not say.
        hint: Option<String>,
    },
    /// Within a cog's limits there is no room for what it was given.
    NoRoom {
        /// What there is, and which option allows how much of it.
        text: String,
        /// What to do about it.
        hint: String,
    },
    /// The process died again and again while this was on its way.
    Crashed {
        /// How often.
        times: u32,
    },
    /// Something was bound after the end of the cog's life was announced.
    Finished,
    /// A cog's own invariant or a fact that has no variant of its own.
    Other(String),
}

impl Error {
    /// Bad data, with the piece of it that offends, cut to 200 characters.
    pub fn data(text: impl Into<String>, piece: &str) -> Self {
        Self::Data { text: text.into(), piece: shorten(piece, 200) }
    }

    /// An operating system's error about a path.
    pub fn os(doing: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Os { doing, path: path.into(), source }
    }

    /// A value that an option cannot have.
    pub fn option(option: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Option { option: option.into(), text: text.into(), hint: None }
    }

    /// With advice where it says that a path is not there: the option that names the path, and what to do.
    pub fn if_missing(self, option: &str, hint: &str) -> Self {
        match &self {
            Self::Os { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Self::Option { option: option.to_owned(), text: self.to_string(), hint: Some(hint.to_owned()) }
            }
            _ => self,
        }
    }

    /// What kind of error it is, in one fixed word: what dead letters and counters go by.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::FieldMissing { .. } => "missing",
            Self::WrongKind { .. } | Self::NotText { .. } => "kind",
            Self::Data { .. } => "data",
            Self::Script { .. } => "script",
            Self::Os { .. } | Self::Place { .. } => "system",
            Self::Refused { reason, .. } => reason,
            Self::Crashed { .. } => "crash",
            Self::Start { why, .. } => why.reason(),
            Self::State { .. } | Self::Option { .. } | Self::Cycle { .. } | Self::Finished | Self::NoRoom { .. } | Self::Other(_) => {
                "fault"
            }
        }
    }

    /// Whether it is a reason not to start at all, rather than a fault of the run.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Start { why, .. } => why.is_refusal(),
            error => matches!(error, Self::State { .. } | Self::Place { .. }),
        }
    }

    /// What the user can do about it, where there is something to say.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Script { hint, .. } | Self::Option { hint, .. } | Self::State { hint, .. } | Self::Place { hint, .. } => hint.as_deref(),
            Self::Start { why, hint, .. } => why.hint().or(hint.as_deref()),
            Self::NoRoom { hint, .. } => Some(hint),
            Self::NotText { .. } => Some("marshal it first, for instance with `text::json_marshall`"),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FieldMissing { field } => write!(f, "no item `{field}`"),
            Self::WrongKind { what, wanted, got } => write!(f, "{what} must be {wanted}, but is {got}"),
            Self::NotText { got } => write!(f, "a line must be a string or a blob, but is `{got}`"),
            Self::Data { text, piece } if piece.is_empty() => f.write_str(text),
            Self::Data { text, piece } => write!(f, "{text}: `{piece}`"),
            Self::Script { text, place, .. } if place.is_empty() => f.write_str(text),
            Self::Script { text, place, .. } => write!(f, "{place}: {text}"),
            Self::Os { doing, path, source } => write!(f, "cannot {doing} `{}`: {}", path.display(), plain(source)),
            Self::Option { option, text, .. } => write!(f, "option `{option}`: {text}"),
            Self::State { path, text, .. } => write!(f, "state file `{}`: {text}", path.display()),
            Self::Place { path, text, .. } => write!(f, "`{}` {text}", path.display()),
            Self::Start { cog, place, why, .. } if place.is_empty() => write!(f, "{cog}: {why}"),
            Self::Start { cog, place, why, .. } => write!(f, "{place}: {cog}: {why}"),
            Self::NoRoom { text, .. } => write!(f, "no room: {text}"),
            Self::Crashed { times } => write!(f, "crash: the process died {times} times in a row while this was first on its way"),
            Self::Cycle { path } => write!(f, "the train runs in a circle: {}", path.join(" -> ")),
            Self::Finished => f.write_str("nothing can be bound after `finish`"),
            Self::Other(text) | Self::Refused { text, .. } => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Os { source, .. } => Some(source),
            Self::Start { why, .. } => Some(why),
            _ => None,
        }
    }
}

/// The system's text without Rust's ` (os error 2)`, in lower case as our own messages are.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// At most `limit` characters of `text`, control characters escaped, with `…` where something was cut.
pub fn shorten(text: &str, limit: usize) -> String {
    let mut short = String::new();
    for (n, letter) in text.chars().enumerate() {
        if n == limit {
            short.push('…');
            break;
        }
        if letter.is_control() { short.extend(letter.escape_default()) } else { short.push(letter) }
    }
    short
}

/// The name among `known` that is nearest to `wrong`, when it is near enough to be worth naming.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // What is so long is no slip of a name; it may be text of a datum.
    if wrong.len() > 200 {
        return None;
    }
    let limit = (wrong.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        .map(|name| (distance(wrong, name), name))
        .filter(|(far, name)| *far <= limit || (name.len() > 3 && wrong.len() > 3 && (name.starts_with(wrong) || wrong.starts_with(name))))
        .min_by_key(|(far, _)| *far)
        .map(|(_, name)| name)
}

/// How many letters must be put in, left out, changed or swapped with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_named_only_when_near() {
        assert_eq!(nearest("filenmaes", ["filenames", "tail"]), Some("filenames"));
        assert_eq!(nearest("filename", ["filenames", "tail"]), Some("filenames"));
        assert_eq!(nearest("colour", ["filenames", "tail"]), None);
    }

    #[test]
    fn an_offending_piece_is_cut_and_escaped() {
        assert_eq!(shorten("a\nb", 10), "a\\nb");
        assert_eq!(shorten(&"x".repeat(300), 200).chars().count(), 201);
    }
}
