//! Layers of values to one: precedence, casts, the map that the script gets.

use super::definition::{Definition, Entry, Opt, Problem};
use super::{Gathered, Request};
use crate::datum::{Datum, Key, Map, json};
use crate::secrets::{MASK, Secrets};

/// A value and where it comes from.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) value: Datum,
    /// `--port`, `site.json:3:7`, `definition`.
    pub(super) place: String,
    /// Whether the place already says which option it is.
    pub(super) named: bool,
}

/// One value for each option that has one.
pub(super) struct Merged<'a> {
    definition: &'a Definition<'a>,
    found: Vec<Option<Found>>,
    /// What was ever given for a secret item, in whatever layer.
    secrets: Secrets,
}

impl<'a> Merged<'a> {
    /// The lowest layer: the defaults.
    pub(super) fn new(definition: &'a Definition<'a>) -> Self {
        let mut merged = Self { definition, found: vec![None; definition.options.len()], secrets: Secrets::new() };
        for (n, option) in definition.options.iter().enumerate() {
            if let Some(value) = option.item.default.clone() {
                merged.put(n, Found { value, place: "definition".to_owned(), named: false });
            }
        }
        merged
    }

    /// The next layer: its values replace those of the layers below.
    pub(super) fn lay(&mut self, given: Vec<(usize, Found)>) {
        for (n, found) in given {
            self.put(n, found);
        }
    }

    fn put(&mut self, n: usize, found: Found) {
        if self.definition.options[n].item.secret {
            self.secrets.remember_datum(&found.value);
        }
        self.found[n] = Some(found);
    }

    /// The value of one option as it stands, when its cast takes it.
    pub(super) fn peek(&self, n: usize) -> Option<Datum> {
        let found = self.found[n].as_ref()?;
        self.definition.options[n].item.cast.run(&found.value).ok()
    }

    /// Casts all and builds the map.
    pub(super) fn finish(mut self, request: &Request, problems: &mut Vec<Problem>) -> Gathered {
        let mut placeholders = Vec::new();
        let mut values: Vec<Datum> = Vec::new();
        for (option, found) in self.definition.options.iter().zip(std::mem::take(&mut self.found)) {
            let value = match found {
                Some(found) => cast(option, &found).unwrap_or_else(|problem| {
                    problems.push(problem);
                    Datum::Unit
                }),
                None if request.placeholders => {
                    placeholders.push(option.dotted.clone());
                    option.item.cast.placeholder(&option.dotted)
                }
                None => {
                    problems.push(missing(option));
                    Datum::Unit
                }
            };
            if option.item.secret && !placeholders.contains(&option.dotted) {
                self.secrets.remember_datum(&value);
            }
            values.push(value);
        }
        let values = nest(self.definition.entries, &mut values.into_iter());
        Gathered { values, placeholders, warnings: Vec::new(), secrets: self.secrets }
    }
}

fn cast(option: &Opt<'_>, found: &Found) -> Result<Datum, Problem> {
    let item = option.item;
    // `()` in the definition, `null` in a file: no value, where there need be none.
    if found.value == Datum::Unit && item.default == Some(Datum::Unit) {
        return Ok(Datum::Unit);
    }
    item.cast.run(&found.value).map_err(|wrong| {
        // A cast of the script may put the value into its text in any shape.
        let wrong = if item.secret { format!("the value, which is secret and not shown, is no {}", item.cast.name()) } else { wrong };
        let name = match found.place.as_str() {
            _ if found.named => String::new(),
            "definition" => format!("default of `{}`: ", option.dotted),
            _ => format!("{}: ", option.dotted),
        };
        Problem::new(found.place.clone(), format!("{name}{wrong}"))
    })
}

fn missing(option: &Opt<'_>) -> Problem {
    let (long, name) = (option.long(), option.item.cast.name());
    let written = if option.item.cast.is_switch() { long.clone() } else { format!("{long}={name}") };
    let hint = format!("give `{written}`, or `{}` in a configuration file", option.dotted);
    Problem::new(long, "the option is required").hint(hint)
}

/// The values, which come in order of definition, in the shape of the definition.
fn nest(entries: &[Entry], values: &mut impl Iterator<Item = Datum>) -> Map {
    let mut map = Map::with_capacity(entries.len());
    for entry in entries {
        let value = match entry {
            Entry::Item(_) => values.next().unwrap_or_default(),
            Entry::Section { entries, .. } => Datum::Map(nest(entries, values)),
        };
        map.push(Key::new(entry.name()), value);
    }
    map
}

/// The gathered values as indented JSON, secrets masked.
pub(super) fn dump(entries: &[Entry], gathered: &Gathered) -> String {
    let mut text = String::new();
    dump_map(&gathered.values, Some(entries), &gathered.secrets, 0, &mut text);
    text.push('\n');
    text
}

fn dump_map(map: &Map, entries: Option<&[Entry]>, secrets: &Secrets, depth: usize, text: &mut String) {
    if map.is_empty() {
        text.push_str("{}");
        return;
    }
    let indent = "  ".repeat(depth + 1);
    for (n, (key, value)) in map.iter().enumerate() {
        text.push_str(if n == 0 { "{\n" } else { ",\n" });
        text.push_str(&indent);
        text.push_str(&json::to_string(&Datum::str(key.as_str())));
        text.push_str(": ");
        let entry = entries.and_then(|entries| entries.iter().find(|entry| entry.name() == key.as_str()));
        match (entry, value) {
            (Some(Entry::Item(item)), value) if item.secret && *value != Datum::Unit => text.push_str(&json::to_string(&Datum::str(MASK))),
            (Some(Entry::Section { entries, .. }), Datum::Map(inner)) => dump_map(inner, Some(entries), secrets, depth + 1, text),
            (_, value) => text.push_str(&json::to_string(&masked(value, secrets))),
        }
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push('}');
}

/// The value with secrets masked in its texts, so that what is around them stays JSON.
fn masked(value: &Datum, secrets: &Secrets) -> Datum {
    match value {
        Datum::Str(text) => Datum::str(secrets.mask(text).into_owned()),
        Datum::List(items) => Datum::List(items.iter().map(|item| masked(item, secrets)).collect()),
        Datum::Map(map) => Datum::Map(map.iter().map(|(key, item)| (key.clone(), masked(item, secrets))).collect()),
        other => other.clone(),
    }
}
