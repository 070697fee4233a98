//! `email::email_parse`: a message as it was sent becomes a map of its headers, its texts and its attachments.
//!
//! `field` reads header fields, `mime` takes the message apart, `decode` makes bytes and text of what was encoded. Nothing that is odd about
//! a message makes it fail, but for what would take too much: parts, their depth, and fields are bounded.

mod decode;
mod field;
mod mime;

use mail_parser::decoders::html::html_to_text;

use self::field::{Field, Structured, words};
use self::mime::{Leaf, Limits, Parts};
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Given, Kind, Lit, Page, Param, Turned, Ty};
use crate::datum::{Datum, Map};
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter};

/// `email::email_parse`: a message, as blob or string -> `#{ headers, texts, attachments }`.
pub static SPEC: CogSpec = CogSpec {
    family: "email",
    name: "email_parse",
    kind: Kind::Parse,
    about: "Takes a message (RFC 5322, MIME) apart into headers, texts and attachments; what is odd about it makes it no error.",
    page: Page {
        takes: "a message as a blob, or as a string",
        gives: "#{headers: [#{name, value}], texts: [#{content_type, charset, text, …}], attachments: [#{content_type, filename, size, data, …}]}; text has LF line ends, data is a blob; names of files are not cleaned",
        fails: "an empty message, or one beyond max_depth and max_parts",
        ..Page::OF_KIND
    },
    params: &[
        Param::getter("data_getter").or("selfgetter").about("the message in the datum: a blob or a string"),
        Param::setter("headers_setter")
            .or("headers")
            .about("where the headers go: an array of #{name, value} in their order, unfolded, encoded words decoded"),
        Param::setter("texts_setter").or("texts").about(
            "where the texts go: an array of #{content_type, charset, text, disposition, filename, headers} for each part that is a text and no attachment, in order, lines ended by \\n",
        ),
        Param::setter("attachments_setter").or("attachments").about(
            "where all other parts go: an array of #{content_type, filename, disposition, content_id, size, data, headers}; file names may hold paths, so clean them before use; a message within is one of them, as it stands there",
        ),
        Param::setter("defects_setter").or("nullsetter").about(
            "where an array goes of what is wrong with it: \"bad_header\", \"bad_content_type\", \"bad_encoding\", \"unknown_encoding\", \"unknown_charset\" (read as Latin-1), \"no_boundary\", \"no_end_boundary\"",
        ),
        Param::new("initial", Ty::Either(&[Ty::Map, Ty::Choice(&["keep"])]))
            .default(Lit::EmptyMap)
            .about("the map that the pieces are put into; \"keep\": the datum that the message was taken from"),
        Param::int("max_depth").default(Lit::Int(32)).about("how deep parts may stand in parts; a message with deeper ones fails (`mail_depth`)"),
        Param::int("max_parts").default(Lit::Int(1000)).about("how many parts it may have; one with more fails (`mail_parts`)"),
        Param::bool("lower_names").default(Lit::Bool(false)).about("whether names of headers are put into lower case"),
        Param::choice("html", &["keep", "drop", "text"]).about("texts in HTML stay as they are, are left out, or become plain text"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "a plain message",
            make: "email::email_parse()",
            input: r#""Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\nFrom: a@example.net\n\nhello\n""#,
            output: &[
                r#"{"headers": [{"name": "Subject", "value": "Grüße"}, {"name": "From", "value": "a@example.net"}], "texts": [{"content_type": "text/plain", "charset": "us-ascii", "text": "hello\n", "disposition": null, "filename": null, "headers": [{"name": "Subject", "value": "Grüße"}, {"name": "From", "value": "a@example.net"}]}], "attachments": []}"#,
            ],
        },
        Example {
            what: "the texts alone, beside what the datum has already",
            make: r#"email::email_parse(#{ data_getter: "mail", initial: "keep", headers_setter: nullsetter, attachments_setter: nullsetter, texts_setter: |d, v| { d.text = v[0].text; d.remove("mail"); d } })"#,
            input: r#"{"id": 7, "mail": "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\naMOp"}"#,
            output: &[r#"{"id": 7, "text": "hé"}"#],
        },
    ],
    build: |args| EmailParse::build(args).map(|cog| Box::new(cog) as Box<dyn Cog>),
};

/// What becomes of HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Html {
    Keep,
    Drop,
    Text,
}

struct EmailParse {
    getter: Getter,
    headers: Setter,
    texts: Setter,
    attachments: Setter,
    defects: Setter,
    /// The map to begin with; nothing for the datum itself.
    initial: Option<Map>,
    limits: Limits,
    lower_names: bool,
    html: Html,
}

impl EmailParse {
    fn build(args: &Args) -> Result<Self> {
        let getter = args.getter("data_getter");
        let initial = match args.given("initial").as_ref().and_then(Given::datum) {
            Some(Datum::Map(map)) => Some(map),
            Some(Datum::Str(_)) if matches!(getter, Getter::Whole) => {
                return Err(Error::Option {
                    option: "initial".into(),
                    text: "\"keep\" finds no map to put the pieces into, as the datum itself is the message".into(),
                    hint: Some("say with `data_getter` where in the datum the message stands".into()),
                });
            }
            Some(Datum::Str(_)) => None,
            _ => Some(Map::new()),
        };
        Ok(Self {
            getter,
            headers: args.setter("headers_setter"),
            texts: args.setter("texts_setter"),
            attachments: args.setter("attachments_setter"),
            defects: args.setter("defects_setter"),
            initial,
            limits: Limits { depth: args.size("max_depth"), parts: args.size("max_parts") },
            lower_names: args.bool("lower_names"),
            html: match args.str("html").as_str() {
                "drop" => Html::Drop,
                "text" => Html::Text,
                _ => Html::Keep,
            },
        })
    }

    fn parse(&self, datum: &mut Datum) -> Result<()> {
        let mut parts = {
            let message = self.getter.get(datum)?;
            let raw = match &*message {
                Datum::Bytes(bytes) => &bytes[..],
                Datum::Str(text) => text.as_bytes(),
                other => return Err(Error::WrongKind { what: "the message".into(), wanted: "a string or a blob", got: other.kind() }),
            };
            if raw.is_empty() {
                return Err(Error::data("the message is empty", ""));
            }
            Parts::of(raw, self.limits)?
        };
        let (mut texts, mut attachments) = (Vec::new(), Vec::new());
        for leaf in std::mem::take(&mut parts.leaves) {
            let attached = leaf.disposition.as_ref().is_some_and(|how| how.main == "attachment");
            if !leaf.content.main.starts_with("text/") || attached {
                attachments.push(self.attachment(leaf));
            } else if self.html != Html::Drop || leaf.content.main != "text/html" {
                texts.push(self.text(leaf, &mut parts));
            }
        }
        let mut made = self.initial.clone().map_or_else(|| std::mem::take(datum), Datum::Map);
        if !self.headers.is_null() {
            self.headers.set(&mut made, self.fields(&parts.fields))?;
        }
        self.texts.set(&mut made, Datum::List(texts))?;
        self.attachments.set(&mut made, Datum::List(attachments))?;
        self.defects.set(&mut made, Datum::List(parts.defects.iter().map(|word| Datum::from(*word)).collect()))?;
        *datum = made;
        Ok(())
    }

    fn fields(&self, fields: &[Field]) -> Datum {
        let one = |field: &Field| {
            let name = if self.lower_names { field.name.to_ascii_lowercase() } else { field.name.clone() };
            map([("name", name.into()), ("value", words(&field.value).into())])
        };
        Datum::List(fields.iter().map(one).collect())
    }

    fn text(&self, leaf: Leaf, parts: &mut Parts) -> Datum {
        let charset = leaf.content.get("charset").unwrap_or("us-ascii").trim().to_ascii_lowercase();
        let (text, known) = decode::text(&leaf.bytes, Some(&charset));
        if !known {
            parts.defect("unknown_charset");
        }
        let mut text = if text.contains('\r') { text.replace("\r\n", "\n") } else { text };
        if self.html == Html::Text && leaf.content.main == "text/html" {
            text = html_to_text(&text);
        }
        let (disposition, filename) = (disposition(&leaf), filename(&leaf));
        map([
            ("content_type", leaf.content.main.into()),
            ("charset", charset.into()),
            ("text", text.into()),
            ("disposition", disposition),
            ("filename", filename),
            ("headers", self.fields(&leaf.fields)),
        ])
    }

    fn attachment(&self, leaf: Leaf) -> Datum {
        let id = leaf.fields.iter().find(|field| field.name.eq_ignore_ascii_case("content-id"));
        let id = id.map_or(Datum::Unit, |id| words(&id.value).trim_matches(['<', '>', ' ']).into());
        let (disposition, filename) = (disposition(&leaf), filename(&leaf));
        map([
            ("content_type", leaf.content.main.into()),
            ("filename", filename),
            ("disposition", disposition),
            ("content_id", id),
            ("size", Datum::Int(leaf.bytes.len() as i64)),
            ("headers", self.fields(&leaf.fields)),
            ("data", Datum::Bytes(leaf.bytes.into())),
        ])
    }
}

fn disposition(leaf: &Leaf) -> Datum {
    leaf.disposition.as_ref().map_or(Datum::Unit, |how| how.main.as_str().into())
}

fn filename(leaf: &Leaf) -> Datum {
    let named = leaf.disposition.as_ref().and_then(|how| how.get("filename"));
    named.or_else(|| Structured::get(&leaf.content, "name")).map_or(Datum::Unit, Datum::from)
}

fn map<const N: usize>(entries: [(&str, Datum); N]) -> Datum {
    let mut map = Map::with_capacity(N);
    for (name, value) in entries {
        map.push(name.into(), value);
    }
    Datum::Map(map)
}

impl Cog for EmailParse {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        self.parse(&mut datum)?;
        ctx.emit(datum);
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each_in_place(ctx, |datum| self.parse(datum).map(|()| Turned::Kept))
    }
}

#[cfg(test)]
mod tests;
