//! `twist::redact`: takes out of free text what tells of persons: mail addresses, addresses of hosts, numbers of cards and accounts.
//!
//! What is written in no fixed form can only be guessed at. In doubt it is taken out: what stays is what cannot be meant. `mail`, `address`
//! and `numbers` find, each looking at a letter a bounded number of times; `spans` joins what they find.

mod address;
mod mail;
mod numbers;
mod spans;

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};

use self::spans::Spans;
use super::places::{MISSING, must_be_there};
use crate::cog::{Args, CogSpec, Example, InPlace, Kind, Lit, Page, Param, Ty};
use crate::datum::{Datum, Key, Map};
use crate::error::{Error, Result, nearest};
use crate::getset::Setter;

/// `twist::redact`: a datum with text -> the same with words in the places of what is found.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "redact",
    kind: Kind::Convert,
    about: "Takes mail addresses, IP addresses, numbers of cards and what else is named out of free text.",
    page: Page {
        takes: "a datum with a string, array or map at getter, by default all of it; anything else there stays as it is",
        gives: "the same datum with [email], [ip] and the like, or what replacement says, in place of what was found",
        fails: "with missing: \"error\" a datum without the piece; what is no map, where getter, setter or count_setter is a key",
        ..Page::OF_KIND
    },
    params: &[
        Param::getter("getter").or("selfgetter").about("where the text is: a string, or an array or map, of which all strings at any depth are looked through; keys, numbers and blobs stay. By default all of the datum"),
        Param::setter("setter").or_same_as("getter").about("where the result goes"),
        Param::strs("patterns").default(Lit::Strs(&["email", "ip", "card"])).about(
            "\"email\": mail addresses, with names of hosts in any script, with quoted names and literal addresses; of user=ada@example.org the word before the = stays. \"ip\": addresses of both families, IPv6 with zones and mapped ones too, not such as stand inside longer numbers, versions or words; ports and lengths of prefixes stay. \"card\": numbers of payment cards, together or in groups, whose check digit is right (Luhn). \"iban\": numbers of accounts, together or in groups, whose check digits are right (ISO 13616)",
        ),
        Param::map("more").default(Lit::EmptyMap).about(
            "further patterns by name, as regular expressions; of one with groups what the groups match is taken out: `password=(\\S+)`",
        ),
        Param::new("replacement", Ty::Either(&[Ty::Str, Ty::Map])).default(Lit::Worked("the pattern's name in brackets: [email]")).about(
            "what stands there instead: a string for all, or a map of strings by pattern",
        ),
        Param::setter("count_setter").or("nullsetter").about("where a map goes of how many places each pattern was found at; those found nowhere are not in it"),
        MISSING,
    ],
    first: Some("getter"),
    global: false,
    examples: &[
        Example {
            what: "all strings of a datum",
            make: "twist::redact()",
            input: r#"{"text": "ada+lists@example.org from 192.0.2.7:4711 paid with 4111 1111 1111 1111", "to": ["2001:db8::7"], "version": "1.2.3.4.5"}"#,
            output: &[r#"{"text": "[email] from [ip]:4711 paid with [card]", "to": ["[ip]"], "version": "1.2.3.4.5"}"#],
        },
        Example {
            what: "one text, a pattern of our own, and how often each was found",
            make: r#"twist::redact("text", #{ patterns: "ip", more: #{ secret: `password=(\S+)` }, replacement: #{ ip: "0.0.0.0", secret: "***" }, count_setter: "hidden" })"#,
            input: r#"{"text": "login password=hunter2 from 192.0.2.7 to ::ffff:192.0.2.8"}"#,
            output: &[r#"{"text": "login password=*** from 0.0.0.0 to 0.0.0.0", "hidden": {"secret": 1, "ip": 2}}"#],
        },
    ],
    build: |args| {
        let redact = Redact::new(args)?;
        let (getter, setter, count_setter, strict) =
            (args.getter("getter"), args.setter_back("setter", "getter")?, args.setter("count_setter"), must_be_there(args));
        let (copies, counts) = (args.is_given("setter"), !matches!(count_setter, Setter::Null));
        Ok(InPlace::cog(move |datum| {
            let piece = match getter.get(datum) {
                Err(Error::FieldMissing { .. }) if !strict => return Ok(true),
                piece => piece?,
            };
            let mut found = vec![0; redact.patterns.len()];
            let clean = redact.datum(&piece, &mut found);
            let clean = if copies { Some(clean.unwrap_or_else(|| piece.clone().into_owned())) } else { clean };
            drop(piece);
            if let Some(clean) = clean {
                setter.set(datum, clean)?;
            }
            if counts {
                count_setter.set(datum, redact.counts(&found))?;
            }
            Ok(true)
        }))
    },
};

/// Tells each place, from and to which byte.
type Tell<'a> = &'a mut dyn FnMut(usize, usize);

/// Tells all places in a text.
type Find = fn(&str, Tell<'_>);

enum Finder {
    Own(Find),
    Regex(Regex),
}

struct Pattern {
    name: Key,
    finder: Finder,
    replacement: String,
}

const KNOWN: [(&str, Find); 4] = [("email", mail::find), ("ip", address::find), ("card", numbers::cards), ("iban", numbers::accounts)];

struct Redact {
    patterns: Vec<Pattern>,
}

impl Redact {
    fn new(args: &Args) -> Result<Self> {
        let mut patterns: Vec<Pattern> = Vec::new();
        let pattern = |name: &str, finder| Pattern { name: Key::new(name), finder, replacement: format!("[{name}]") };
        // What a user names has the first word where it overlaps with what is known.
        for (name, text) in args.map("more").iter() {
            if KNOWN.iter().any(|(known, _)| *known == name.as_str()) {
                return Err(Error::option("more", format!("`{name}` is the name of a pattern that is known already")));
            }
            let text =
                text.as_str().ok_or_else(|| Error::option("more", format!("`{name}` is a {}, not a regular expression", text.kind())))?;
            let regex = RegexBuilder::new(text).size_limit(1 << 22).build();
            let regex = regex.map_err(|error| Error::option("more", format!("`{name}` is no regular expression: {error}")))?;
            patterns.push(pattern(name.as_str(), Finder::Regex(regex)));
        }
        for name in args.strs("patterns") {
            let (known, find) = KNOWN.iter().find(|(known, _)| *known == name).ok_or_else(|| Error::Option {
                option: "patterns".into(),
                text: format!("there is no pattern `{name}`"),
                hint: Some(nearest(&name, KNOWN.map(|(known, _)| known)).map_or_else(
                    || format!("there are {}; others go into `more`", KNOWN.map(|(known, _)| known).join(", ")),
                    |near| format!("did you mean `{near}`?"),
                )),
            })?;
            if !patterns.iter().any(|pattern| pattern.name.as_str() == *known) {
                patterns.push(pattern(known, Finder::Own(*find)));
            }
        }
        if patterns.is_empty() {
            return Err(Error::option("patterns", "is empty, and `more` too: nothing would be found"));
        }
        replace(args, &mut patterns)?;
        Ok(Self { patterns })
    }

    /// The datum without what is found, if anything is.
    fn datum(&self, datum: &Datum, counts: &mut [i64]) -> Option<Datum> {
        match datum {
            Datum::Str(text) => self.text(text, counts).map(Datum::from),
            Datum::List(list) => {
                let made: Vec<Option<Datum>> = list.iter().map(|one| self.datum(one, counts)).collect();
                let both = || list.iter().zip(made.iter()).map(|(old, new)| new.as_ref().unwrap_or(old).clone());
                made.iter().any(Option::is_some).then(|| Datum::List(both().collect()))
            }
            Datum::Map(map) => {
                let made: Vec<(Key, Datum)> =
                    map.iter().filter_map(|(key, value)| Some((key.clone(), self.datum(value, counts)?))).collect();
                (!made.is_empty()).then(|| {
                    let mut map = map.clone();
                    for (key, value) in made {
                        map.insert(key, value);
                    }
                    Datum::Map(map)
                })
            }
            Datum::Raw(_) => match datum.opened() {
                Cow::Owned(opened) if !matches!(opened, Datum::Raw(_)) => self.datum(&opened, counts),
                _ => None,
            },
            _ => None,
        }
    }

    fn text(&self, text: &str, counts: &mut [i64]) -> Option<String> {
        let mut spans = Spans::default();
        for (number, pattern) in self.patterns.iter().enumerate() {
            match &pattern.finder {
                Finder::Own(find) => find(text, &mut |from, to| spans.add(from, to, number)),
                Finder::Regex(regex) if regex.captures_len() == 1 => {
                    regex.find_iter(text).for_each(|found| spans.add(found.start(), found.end(), number));
                }
                Finder::Regex(regex) => {
                    for found in regex.captures_iter(text) {
                        found.iter().skip(1).flatten().for_each(|group| spans.add(group.start(), group.end(), number));
                    }
                }
            }
        }
        let mut clean = None;
        let mut done = 0;
        for (from, to, number) in spans.joined() {
            let clean = clean.get_or_insert_with(|| String::with_capacity(text.len()));
            clean.push_str(&text[done..from]);
            clean.push_str(&self.patterns[number].replacement);
            counts[number] += 1;
            done = to;
        }
        clean.map(|clean| clean + &text[done..])
    }

    fn counts(&self, found: &[i64]) -> Datum {
        let found = self.patterns.iter().zip(found).filter(|(_, count)| **count > 0);
        Datum::Map(found.map(|(pattern, count)| (pattern.name.clone(), Datum::Int(*count))).collect::<Map>())
    }
}

/// What `replacement` says.
fn replace(args: &Args, patterns: &mut [Pattern]) -> Result<()> {
    if !args.is_given("replacement") {
        return Ok(());
    }
    match args.datum("replacement") {
        Datum::Map(map) => {
            for (name, text) in map.iter() {
                let pattern = patterns.iter_mut().find(|pattern| pattern.name == *name);
                let pattern = pattern.ok_or_else(|| Error::option("replacement", format!("`{name}` is no pattern that is looked for")))?;
                let text =
                    text.as_str().ok_or_else(|| Error::option("replacement", format!("`{name}` is a {}, not a string", text.kind())))?;
                text.clone_into(&mut pattern.replacement);
            }
        }
        all => {
            let all = all.as_str().unwrap_or_default();
            for pattern in patterns {
                all.clone_into(&mut pattern.replacement);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
