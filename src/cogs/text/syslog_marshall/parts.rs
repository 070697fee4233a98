//! Where the parts of a message are taken from.

use std::borrow::Cow;

use crate::cog::{Args, OptionGroup, Param};
use crate::cogs::text::written;
use crate::datum::{Datum, Near, View};
use crate::error::{Error, Result};
use crate::getset::{Getter, single_key};

/// Where a part stands.
pub(super) struct Part {
    getter: Getter,
    /// The key that it gets, where it gets no more than that.
    key: Option<Near>,
}

impl Part {
    pub(super) fn new(getter: Getter) -> Self {
        let key = match &getter {
            Getter::Item(key) => Some(key),
            Getter::Path(path) | Getter::Lowered { path, .. } => single_key(path),
            _ => None,
        };
        Self { key: key.cloned().map(Near::new), getter }
    }

    /// What is there; none where nothing is, or `()`.
    pub(super) fn get<'a>(&self, record: &'a Datum) -> Result<Option<Cow<'a, Datum>>> {
        let found = match (&self.key, record) {
            (Some(key), Datum::Map(map)) => map.look_at(key).map(View::datum),
            _ => match self.getter.get(record) {
                Ok(piece) => Some(piece),
                Err(Error::FieldMissing { .. }) => None,
                Err(error) => return Err(error),
            },
        };
        Ok(found.filter(|piece| !matches!(**piece, Datum::Unit)))
    }

    /// What is there as text; empty where nothing is.
    pub(super) fn text<'a>(&self, record: &'a Datum) -> Result<Cow<'a, str>> {
        if let (Some(key), Datum::Map(map)) = (&self.key, record)
            && let Some(text) = map.look_at(key).and_then(View::as_str)
        {
            return Ok(text);
        }
        Ok(match self.get(record)? {
            None => Cow::Borrowed(""),
            Some(Cow::Borrowed(piece)) => written(piece)?,
            Some(Cow::Owned(piece)) => Cow::Owned(written(&piece)?.into_owned()),
        })
    }
}

/// Where all parts stand.
pub(super) struct Parts {
    pub(super) priority: Part,
    pub(super) facility: Part,
    pub(super) severity: Part,
    pub(super) time: Part,
    pub(super) host: Part,
    pub(super) tag: Part,
    pub(super) pid: Part,
    pub(super) msgid: Part,
    pub(super) data: Part,
    pub(super) text: Part,
}

/// The option that says where they stand.
pub(super) static FIELDS: OptionGroup = OptionGroup {
    name: "fields",
    about: "Where the parts of a message stand.",
    params: &[
        Param::getter("priority").or("priority").about("0 to 191; facility and severity go before it"),
        Param::getter("facility").or("facility").about("a word, or 0 to 23"),
        Param::getter("severity").or("severity").about("a word (`error`, `warn` and the like too), or 0 to 7"),
        Param::getter("time").or("time").about("a point in time, or text as RFC 3339 or RFC 3164 have it"),
        Param::getter("host").or("host").about("the machine"),
        Param::getter("tag").or("tag").about("the program (APP-NAME, TAG)"),
        Param::getter("pid").or("pid").about("the process (PROCID)"),
        Param::getter("msgid").or("msgid").about("the kind of message (MSGID)"),
        Param::getter("data")
            .or("data")
            .about("structured data: maps by the names of their elements; a list is a parameter that comes more than once"),
        Param::getter("text").or("text").about("the text; maps and lists become JSON"),
    ],
};

impl Parts {
    pub(super) fn of(args: &Args) -> Self {
        let fields = args.options("fields").expect("a map is its default");
        let part = |name| Part::new(fields.getter(name));
        Self {
            priority: part("priority"),
            facility: part("facility"),
            severity: part("severity"),
            time: part("time"),
            host: part("host"),
            tag: part("tag"),
            pid: part("pid"),
            msgid: part("msgid"),
            data: part("data"),
            text: part("text"),
        }
    }
}
