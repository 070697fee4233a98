//! A small strict reader of XML: enough to tell that a picture is well formed and what stands in it.

/// An element without what is inside it.
pub(super) struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
}

/// All elements of the document in order, or what is wrong with it.
pub(super) fn elements(text: &str) -> Result<Vec<Element>, String> {
    if let Some(bad) = text.chars().find(|c| (c.is_control() && !matches!(c, '\n' | '\t' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        return Err(format!("no document may hold {bad:?}"));
    }
    let mut found: Vec<Element> = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        content(before)?;
        if open.is_empty() && !(before.trim().is_empty() && found.is_empty()) {
            return Err(format!("text outside: {before:?}"));
        }
        let end = tag.find('>').ok_or("a tag without an end")?;
        let inner = &tag[1..end];
        rest = &tag[end + 1..];
        if let Some(name) = inner.strip_prefix('/') {
            let opened = open.pop().ok_or("an end without a start")?;
            if opened != name {
                return Err(format!("{opened} is ended by {name}"));
            }
            continue;
        }
        let (inner, closed) = inner.strip_suffix('/').map_or((inner, false), |inner| (inner, true));
        let (name, attributes) = inner.split_once(' ').unwrap_or((inner, ""));
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(format!("no name: {name:?}"));
        }
        found.push(Element { name: name.to_owned(), attributes: pairs(attributes)? });
        if !closed {
            open.push(name.to_owned());
        }
    }
    let whole = open.is_empty() && rest.trim().is_empty() && found.first().is_some_and(|root| root.name == "svg");
    if whole { Ok(found) } else { Err(format!("open at the end: {open:?} {rest:?}")) }
}

fn pairs(mut text: &str) -> Result<Vec<(String, String)>, String> {
    let mut found: Vec<(String, String)> = Vec::new();
    while !text.trim().is_empty() {
        let (key, rest) = text.trim_start().split_once("=\"").ok_or(format!("no attribute: {text:?}"))?;
        let (value, rest) = rest.split_once('"').ok_or(format!("no end of {key}"))?;
        if found.iter().any(|(known, _)| known == key) || !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(format!("{key} is twice or no name"));
        }
        found.push((key.to_owned(), content(value)?));
        text = rest;
    }
    Ok(found)
}

/// Text with its entities put in.
fn content(text: &str) -> Result<String, String> {
    if text.contains('<') {
        return Err(format!("a bare < in {text:?}"));
    }
    let mut out = String::new();
    let mut parts = text.split('&');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (entity, rest) = part.split_once(';').ok_or(format!("no entity: {part:?}"))?;
        out.push_str(match entity {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            other => return Err(format!("unknown entity {other:?}")),
        });
        out.push_str(rest);
    }
    Ok(out)
}

#[test]
fn the_reader_is_strict() {
    assert_eq!(elements("<svg a=\"&lt;\"><g/></svg>\n").map(|all| all.len()), Ok(2));
    for bad in [
        "",
        "<svg>",
        "<svg></g>",
        "<svg a=\"&\"/>",
        "<svg a=\"<\"/>",
        "<svg a=\"1\" a=\"2\"/>",
        "<svg/>x",
        "<svg>\u{1}</svg>",
        "<svg>&x;</svg>",
    ] {
        assert!(elements(bad).is_err(), "{bad:?}");
    }
}
