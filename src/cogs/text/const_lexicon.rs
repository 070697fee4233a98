//! `text::const_lexicon`: adds what a table says of a key.
//!
//! The table stands in the script, or in a file that is read again when it changes; one that is bad then is told of, and what was read before
//! stays in use. `book` is the table and how it is searched, `file` what is read.

mod book;
mod file;

use std::borrow::Cow;
use std::sync::Arc;

use self::book::{Book, Match};
use self::file::{Entries, Form};
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Given, Kind, Lit, Page, Param, Ty};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::escapement::Wake;
use crate::getset::{Getter, Setter};
use crate::reread::Reread;

/// `text::const_lexicon`: a datum with a key -> the same with a value.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "const_lexicon",
    kind: Kind::Enrich,
    about: "Looks up a key in a table, and adds what stands there.",
    page: Page {
        takes: "a datum with a string, a number, true or false at key_getter, or an array of them; with match_mode: \"ip\" an address, a network or a range",
        gives: "the same datum with what the table says of the key at value_setter, of an array an array; without a key that the table has, as missing says",
        fails: "with missing: \"error\" a datum without the key, or with one that is not in the table; what can be no key, with match_mode: \"ip\" what is no address; a bad file is told at the start, and later the old one stays",
        ..Page::OF_KIND
    },
    params: &[
        Param::map("lexicon").optional().about("values by key"),
        Param::str("file").optional().about(
            "a file instead, read again when it changes: a JSON object of keys and values (always where the name ends in .json, else when it begins with a brace), or CSV (RFC 4180, a record a line) whose first column is the key; an empty file is a fault",
        ),
        Param::bool("header")
            .default(Lit::Bool(true))
            .about("the first record of a CSV file names the columns: one beside the key is the value, several make a map; without it each record is KEY,VALUE"),
        Param::getter("key_getter")
            .about("where the key is: a string, a number or true or false, by its text, or an array of them, for which the value is an array"),
        Param::setter("value_setter")
            .default(Lit::Worked("dictupdater for a value that is a map, else \"value\""))
            .about("where the value goes"),
        Param::new("missing", Ty::Either(&[Ty::Choice(&["pass", "error", "drop"]), Ty::Map])).or("pass").about(
            "what becomes of a datum without the key, or whose key is not in the table: it goes on, it fails, it is swallowed, or #{value: ...} is taken; in an array, where one at least is known, the place of each other is () or that value",
        ),
        Param::bool("ignore_case").default(Lit::Bool(false)).about("capital and small letters are the same"),
        Param::choice("match_mode", &["exact", "prefix", "ip"]).about(
            "\"prefix\": the longest key with which the text begins; \"ip\": keys are addresses, NET/PREFIX or LOW-HIGH, and the narrowest around the address wins",
        ),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "a number by its text",
            make: r#"text::const_lexicon(#{ lexicon: #{ "22": "ssh", "80": "http" }, key_getter: "port", value_setter: "service" })"#,
            input: r#"{"port": 22}"#,
            output: &[r#"{"port": 22, "service": "ssh"}"#],
        },
        Example {
            what: "what stands in the table may be a map, and the longest prefix wins",
            make: r#"text::const_lexicon(#{ lexicon: #{ "/": #{ team: "web" }, "/api/": #{ team: "core", tier: 1 } }, key_getter: "path", match_mode: "prefix" })"#,
            input: r#"{"path": "/api/users"}"#,
            output: &[r#"{"path": "/api/users", "team": "core", "tier": 1}"#],
        },
        Example {
            what: "several keys, and something for those that are not there",
            make: r#"text::const_lexicon(#{ lexicon: #{ at: "Austria" }, key_getter: "codes", ignore_case: true, missing: #{ value: "?" } })"#,
            input: r#"{"codes": ["AT", "XX"]}"#,
            output: &[r#"{"codes": ["AT", "XX"], "value": ["Austria", "?"]}"#],
        },
    ],
    build: |args| Ok(Box::new(ConstLexicon::new(args)?)),
};

struct ConstLexicon {
    file: Option<Reread<Entries>>,
    book: Book,
    values: Vec<Datum>,
    key_getter: Getter,
    /// None for the place that the value asks for.
    value_setter: Option<Setter>,
    missing: Missing,
}

enum Missing {
    Pass,
    Error,
    Drop,
    Value(Datum),
}

impl Missing {
    fn of(args: &Args) -> Result<Self> {
        match args.given("missing").as_ref().and_then(Given::datum) {
            Some(Datum::Map(map)) => match map.by_name("value") {
                Some(value) if map.len() == 1 => Ok(Self::Value(value.clone())),
                _ => Err(Error::option("missing", "as a map holds `value`, and nothing else")),
            },
            Some(Datum::Str(word)) if word.as_str() == "error" => Ok(Self::Error),
            Some(Datum::Str(word)) if word.as_str() == "drop" => Ok(Self::Drop),
            _ => Ok(Self::Pass),
        }
    }
}

impl ConstLexicon {
    fn new(args: &Args) -> Result<Self> {
        let how = Match::of(args)?;
        let (book, values, file) = match (args.is_given("lexicon"), args.opt_str("file")) {
            (true, None) => {
                if args.is_given("header") {
                    return Err(Error::option("header", "has a meaning only with `file`"));
                }
                let map = args.map("lexicon");
                let book = Book::new(how, map.iter().map(|(key, _)| key.as_str()).zip(0..));
                let book = book.map_err(|error| Error::option("lexicon", error.to_string()))?;
                (book, map.iter().map(|(_, value)| value.clone()).collect(), None)
            }
            (false, Some(path)) => {
                let (form, header) = (Form::of(&path), args.bool("header"));
                (Book::new(how, [])?, Vec::new(), Some(Reread::new(path, Arc::new(move |bytes| file::read(&bytes, form, header, how)))))
            }
            (true, Some(_)) => return Err(Error::option("file", "stands beside `lexicon`: give one of them")),
            (false, None) => return Err(Error::option("lexicon", "is missing, and `file` too")),
        };
        let value_setter = args.is_given("value_setter").then(|| args.setter("value_setter"));
        Ok(Self { file, book, values, key_getter: args.getter("key_getter"), value_setter, missing: Missing::of(args)? })
    }

    /// What the table says of the key, or of each in an array; none when it says nothing.
    fn value(&self, key: &Datum) -> Result<Option<Datum>> {
        let opened = key.opened();
        let Some(list) = opened.as_list() else {
            return Ok(self.one(key)?.cloned());
        };
        let values = list.iter().map(|key| self.one(key)).collect::<Result<Vec<_>>>()?;
        if values.iter().all(Option::is_none) {
            return Ok(None);
        }
        let absent = if let Missing::Value(value) = &self.missing { value } else { &Datum::Unit };
        Ok(Some(Datum::List(values.into_iter().map(|value| value.unwrap_or(absent).clone()).collect())))
    }

    fn one(&self, key: &Datum) -> Result<Option<&Datum>> {
        let number = text_of(key)?.map(|text| self.book.get(&text)).transpose()?.flatten();
        Ok(number.map(|number| &self.values[number as usize]))
    }

    /// Whether the datum goes on.
    fn change(&self, datum: &mut Datum) -> Result<bool> {
        let value = match self.key_getter.get(datum) {
            Ok(key) => self.value(&key)?.ok_or_else(|| Error::data("the key is not in the table", &key.piece())),
            Err(error @ Error::FieldMissing { .. }) => Err(error),
            Err(error) => return Err(error),
        };
        let value = match (value, &self.missing) {
            (Ok(value), _) => value,
            (Err(_), Missing::Value(value)) => value.clone(),
            (Err(_), Missing::Pass) => return Ok(true),
            (Err(_), Missing::Drop) => return Ok(false),
            (Err(error), Missing::Error) => return Err(error),
        };
        match &self.value_setter {
            Some(setter) => setter.set(datum, value)?,
            None if value.kind() == "map" => Setter::Update(None).set(datum, value)?,
            None => Setter::Item("value".into()).set(datum, value)?,
        }
        Ok(true)
    }

    fn fill(&mut self, (book, values): Entries) -> Result<()> {
        (self.values, self.book) = (values.data()?, book);
        Ok(())
    }
}

/// The text of a key; none for `()`.
fn text_of(key: &Datum) -> Result<Option<Cow<'_, str>>> {
    match key {
        Datum::Unit => Ok(None),
        Datum::Bool(_) | Datum::Int(_) | Datum::Float(_) | Datum::Number(_) | Datum::Str(_) => Ok(Some(key.piece())),
        other => Err(Error::WrongKind { what: "the key".into(), wanted: "a string, a number, or an array of them", got: other.kind() }),
    }
}

impl Cog for ConstLexicon {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        if self.change(&mut datum)? {
            ctx.emit(datum);
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each_in_place(ctx, |datum| self.change(datum))
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        match self.file.as_mut().map(|file| file.wind(ctx)).transpose()? {
            Some(entries) => self.fill(entries),
            None => Ok(()),
        }
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        match self.file.as_mut().map(|file| file.wake(ctx, wake)).transpose()?.flatten() {
            Some(entries) => self.fill(entries),
            None => Ok(()),
        }
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let Some(file) = &mut self.file {
            file.finish(ctx);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
