//! What both lexicons share: a text is taken apart by the first rule that matches it.
//!
//! `rules` reads the rules, `expression` matches one (`scan` where no engine is needed), `record` makes of a match what goes on,
//! `sieve` tells by `words` which rules a text can match at all.

pub(super) mod expression;
mod record;
pub(super) mod rules;
mod scan;
pub(super) mod sieve;
mod words;

use std::rc::Rc;

use self::expression::Hay;
use self::rules::{Rule, read};
use crate::cog::{Args, Ctx, Lit, Page, Param, Ty};
use crate::cogs::text::DATA_GETTER;
use crate::cogs::text::fill::{INITIAL, Initial};
use crate::datum::{Datum, Text};
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter};

pub(in crate::cogs::text) const PARAMS: &[Param] = &[
    Param::new("rules", Ty::Items).about(
        "an array of rules: #{regexp, set: #{group: setter}} or #{regexp, setters: [..]} by number, with flags (\"imsx\"), constants, name; or [regexp, setter, ..]; or the expression alone, whose named groups set keys of their names",
    ),
    DATA_GETTER.about("where the text stands, a string or a blob, whose pieces are blobs too; by default the datum is the text"),
    INITIAL,
    Param::choice("no_match", &["error", "drop", "pass"]).about("a text that no rule matches is an error, is dropped, or goes on unchanged"),
    Param::bool("ignore_case").default(Lit::Bool(false)).about("for all rules: letters match in both cases"),
    Param::bool("multi_line").default(Lit::Bool(false)).about("for all rules: ^ and $ match at line breaks too"),
    Param::bool("dot_all").default(Lit::Bool(false)).about("for all rules: . matches line breaks too"),
    Param::bool("anchored").default(Lit::Bool(false)).about("matches must begin where the text begins; end an expression with $ to have all of it match"),
    Param::setter("matched_setter").or("nullsetter").about("where the name of the rule that matched goes, or its number, counted from 1"),
];

/// What both say of their data.
pub(in crate::cogs::text) const PAGE: Page = Page {
    takes: "a text at data_getter: a string, or a blob, of whatever bytes",
    gives: "a map of what the groups of the rule have matched, with initial: \"keep\" the datum with these; the pieces of a string are strings, those of a blob are blobs. A group that took no part sets nothing",
    fails: "a text that no rule matches, unless no_match says otherwise; what is neither string nor blob",
    ..Page::OF_KIND
};

/// Rules and what to do with their matches.
pub(in crate::cogs::text) struct Lexicon {
    data_getter: Getter,
    pub(in crate::cogs::text) rules: Vec<Rule>,
    no_match: NoMatch,
    anchored: bool,
    matched_setter: Setter,
}

#[derive(Clone, Copy)]
enum NoMatch {
    Error,
    Drop,
    Pass,
}

/// What was given; matches are cut out of it.
enum Given {
    Text(Text),
    Blob(Rc<[u8]>),
}

impl Lexicon {
    pub(in crate::cogs::text) fn new(args: &Args) -> Result<Self> {
        let data_getter = args.getter("data_getter");
        let initial = Initial::of(args, &data_getter)?;
        Ok(Self {
            rules: read(args, &initial)?,
            data_getter,
            no_match: match args.str("no_match").as_str() {
                "error" => NoMatch::Error,
                "drop" => NoMatch::Drop,
                _ => NoMatch::Pass,
            },
            anchored: args.bool("anchored"),
            matched_setter: args.setter("matched_setter"),
        })
    }

    /// Takes the datum's text apart by the rule that `pick` finds: the first that matches, with its groups found.
    #[inline]
    pub(in crate::cogs::text) fn turn(
        &mut self,
        ctx: &mut Ctx<'_>,
        datum: Datum,
        pick: impl FnOnce(&mut [Rule], Hay<'_>) -> Option<usize>,
    ) -> Result<()> {
        let given = Given::of(&*self.data_getter.get(&datum)?)?;
        let hay = Hay { bytes: given.bytes(), is_text: matches!(given, Given::Text(_)), anchored: self.anchored };
        let Some(number) = pick(&mut self.rules, hay) else {
            match self.no_match {
                NoMatch::Error => return Err(Error::data("no rule matches", &String::from_utf8_lossy(hay.bytes))),
                NoMatch::Pass => ctx.emit(datum),
                NoMatch::Drop => {}
            }
            return Ok(());
        };
        let rule = &self.rules[number];
        let row = match (&rule.form, &given) {
            (Some(form), Given::Text(text)) => form.record(text, &rule.expression, &rule.name).map(|row| (row, form.is_named())),
            _ => None,
        };
        let (mut record, named) = match row {
            Some(row) => row,
            None => (given.record(rule, datum)?, false),
        };
        if !named && !self.matched_setter.is_null() {
            self.matched_setter.set(&mut record, rule.name.clone())?;
        }
        ctx.emit(record);
        Ok(())
    }
}

impl Given {
    fn of(piece: &Datum) -> Result<Self> {
        match piece {
            Datum::Str(text) => Ok(Self::Text(text.clone().into_span())),
            Datum::Bytes(bytes) => Ok(Self::Blob(Rc::clone(bytes))),
            other => Err(Error::WrongKind { what: "the text to be matched".into(), wanted: "a string or a blob", got: other.kind() }),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Blob(bytes) => bytes,
        }
    }

    /// The record of the rule's last match, piece by piece.
    fn record(&self, rule: &Rule, datum: Datum) -> Result<Datum> {
        let mut record = rule.fill.start(datum);
        if !rule.constants.is_empty() {
            Setter::Update(None).set(&mut record, Datum::Map(rule.constants.clone()))?;
        }
        for (place, group) in rule.expression.groups().enumerate() {
            if let Some((start, end)) = group
                && rule.fill.wants(place)
            {
                rule.fill.put(&mut record, place, self.cut(start, end))?;
            }
        }
        Ok(record)
    }

    /// A piece, as text where it is text: an expression with `(?-u)` can match a part of a letter.
    #[inline]
    fn cut(&self, start: usize, end: usize) -> Datum {
        match self {
            Self::Text(text) if text.is_char_boundary(start) && text.is_char_boundary(end) => Datum::Str(text.slice(start..end)),
            _ => Datum::Bytes(self.bytes()[start..end].into()),
        }
    }
}
