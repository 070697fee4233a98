//! `dns::txt_lookup`: puts the texts of a name (TXT, RFC 1035 section 3.3.14) into the datum: policies of mail (SPF, DMARC), and all
//! that is published as texts below names made from something else, such as the network of an address or its standing in a list.
//!
//! `asking` does what all cogs of this family do.

#[cfg(test)]
mod tests;

use std::fmt::Write;

use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::asking::{Asking, Found, Subject, names, options};
use crate::cog::{Args, CogSpec, Example, Kind, Page, Param};
use crate::datum::Datum;
use crate::error::Result;

/// `dns::txt_lookup`: a datum with a name -> the same with an array of texts, sorted.
pub static SPEC: CogSpec = CogSpec {
    family: "dns",
    name: "txt_lookup",
    kind: Kind::Enrich,
    about: "Looks up the texts (TXT) of names without holding up the data that need no answer.",
    page: Page {
        takes: "a datum with a name as a string, or an array of them, at name_getter",
        gives: "the same datum with an array of strings at text_setter, when the answer has come; with keep_order in the order of their coming. What has no text, or no answer, goes as on_missing and on_timeout say",
        fails: "what is no name that can be asked about; with on_missing: \"error\" a name without a text, with on_timeout: \"error\" one about which nobody has answered",
        uses: &[
            r#"dns::txt_lookup(#{ name_getter: "domain", text_setter: "spf" })"#,
            r#"dns::txt_lookup(#{ name_getter: |d| `${d.reversed}.origin.asn.cymru.com`, text_setter: "asn", keep_order: true })"#,
        ],
    },
    params: &[
        Param::getter("name_getter").or("name").about("where the name is: a string, or an array of them, all of which are looked up; a closure can make it of something else, as in docs/dns.md. It is whole: no search domain is added, a final dot changes nothing. What is not ASCII is asked for in Punycode (IDNA); blanks, control characters, and parts or names too long are errors"),
        Param::setter("text_setter").or("texts").about("where the texts go: an array of strings, sorted, each once; the character strings of one record are joined without anything between, bytes that are not of UTF-8 are written \\DDD; aliases (CNAME) are followed"),
        options::STATUS_SETTER.about("where a word about the look-up goes: \"found\", \"cached\" (found, without asking), \"missing\" (no text) or \"timeout\" (of this name or of one in the array)"),
        options::RESOLVERS,
        options::TIMEOUT,
        options::ATTEMPTS,
        options::ON_MISSING
            .about("what becomes of a datum whose name has no text: \"empty\" sets [], \"pass\" leaves it as it is, \"drop\" swallows it, \"error\" fails it"),
        options::ON_TIMEOUT,
        options::KEEP_ORDER,
        options::MAX_PENDING,
        options::CACHE_SIZE,
        options::CACHE_TTL_MAX,
        options::NEGATIVE_TTL.about("seconds it is remembered that a name has no text"),
    ],
    first: None,
    global: false,
    examples: &[Example {
        what: "no name, no text",
        make: r#"dns::txt_lookup(#{ status_setter: "status" })"#,
        input: r#"{"name": []}"#,
        output: &[r#"{"name": [], "texts": [], "status": "missing"}"#],
    }],
    build: |args| Ok(Box::new(Asking::<Texts>::new(args)?)),
};

/// Names, asked for their texts.
struct Texts;

impl Subject for Texts {
    type Key = String;

    const GETTER: &str = "name_getter";
    const SETTER: &str = "text_setter";
    const NOTHING: &str = "the name has no text";

    fn new(_: &Args) -> Result<Self> {
        Ok(Self)
    }

    fn keys(&self, piece: &Datum) -> Result<Vec<String>> {
        names::names(piece, names::name)
    }

    fn known(&self, _: &String) -> Option<Found> {
        None
    }

    fn question(name: &String) -> (Name, RecordType) {
        (names::absolute(name), RecordType::TXT)
    }

    fn read(record: &RData) -> Option<String> {
        let RData::TXT(text) = record else { return None };
        Some(shown(&text.txt_data.concat()))
    }
}

/// The bytes as text; those that are not of UTF-8 as `\DDD`.
fn shown(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            write!(text, "\\{byte:03}").expect("a string takes all that is written");
        }
    }
    text
}
