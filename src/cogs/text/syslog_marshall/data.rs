//! Structured data (RFC 5424, 6.3): maps of parameters by the names of their elements become `[id name="value" …][id …]`.

use std::borrow::Cow;
use std::collections::HashSet;

use super::rules::Rules;
use crate::cogs::text::syslog::{NAME, is_of_name};
use crate::cogs::text::written;
use crate::datum::{Datum, Map};
use crate::error::{Error, Result};

/// Appends the elements, or `-` when there are none.
pub(super) fn write(out: &mut String, data: &Datum, rules: &Rules) -> Result<()> {
    let data = data.opened();
    let Some(elements) = data.as_map() else {
        return Err(Error::WrongKind { what: "the structured data".into(), wanted: "a map", got: data.kind() });
    };
    for ((_, params), id) in elements.views().zip(names(elements, rules)?) {
        let params = params.datum();
        let params = params.opened();
        let Some(params) = params.as_map() else {
            return Err(Error::WrongKind { what: format!("the element `{id}` of structured data"), wanted: "a map", got: params.kind() });
        };
        element(out, &id, params, rules)?;
    }
    if elements.is_empty() {
        out.push('-');
    }
    Ok(())
}

fn element(out: &mut String, id: &str, params: &Map, rules: &Rules) -> Result<()> {
    out.push('[');
    out.push_str(id);
    for ((_, value), key) in params.views().zip(names(params, rules)?) {
        let value = value.datum();
        match &*value.opened() {
            Datum::List(values) => values.iter().try_for_each(|value| param(out, &key, value, rules))?,
            value => param(out, &key, value, rules)?,
        }
    }
    out.push(']');
    Ok(())
}

fn param(out: &mut String, name: &str, value: &Datum, rules: &Rules) -> Result<()> {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    let value = written(value)?;
    if value.contains(['"', '\\', ']']) {
        // A line break that is written as `\n` stands as it is: a backslash means nothing before other letters.
        let mut rest = &*value;
        while let Some(at) = rest.find(['"', '\\', ']']) {
            rules.put(out, &rest[..at])?;
            out.push('\\');
            out.push_str(&rest[at..=at]);
            rest = &rest[at + 1..];
        }
        rules.put(out, rest)?;
    } else {
        rules.put(out, &value)?;
    }
    out.push('"');
    Ok(())
}

/// The names of a map's items as they are written. Those that do not fit are replaced, where that is wanted, but never by another's.
fn names<'a>(map: &'a Map, rules: &Rules) -> Result<Vec<Cow<'a, str>>> {
    let name = |key: &'a str| rules.word("name in structured data", key, NAME, is_of_name);
    let names: Vec<Cow<'a, str>> = map.views().map(|(key, _)| name(key.as_str())).collect::<Result<_>>()?;
    if names.iter().any(|name| matches!(name, Cow::Owned(_))) {
        let mut seen = HashSet::with_capacity(names.len());
        for name in &names {
            if !seen.insert(&**name) {
                return Err(Error::data("two of these would have the same name", name));
            }
        }
    }
    Ok(names)
}
