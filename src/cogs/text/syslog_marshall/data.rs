//! Structured data (RFC 5424, 6.3): maps of parameters by the names of their elements become `[id name="value" …][id …]`.

use std::borrow::Cow;

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
    let mut replaced = Vec::new();
    for (id, params) in elements.views() {
        let id = name(id.as_str(), rules)?;
        if let Cow::Owned(made) = &id {
            if elements.by_name(made).is_some() || replaced.contains(made) {
                return Err(Error::data("two elements would have the same name", made));
            }
            replaced.push(made.clone());
        }
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
    for (key, value) in params.views() {
        let key = name(key.as_str(), rules)?;
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

fn name<'a>(name: &'a str, rules: &Rules) -> Result<Cow<'a, str>> {
    rules.word("name in structured data", name, NAME, is_of_name)
}
