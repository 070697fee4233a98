//! Road 4: small JSON, a function of ten lines with a loop, branches, work on strings and arithmetic, JSON.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use crate::blocks::{Out, each_line, number, unfit};
use crate::dice::Dice;
use crate::regexp::escape;
use crate::scan::{each_pair, word_end};

/// Events with five numbers each.
pub(crate) fn generate(events: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut dice = Dice(4);
    for n in 0..events {
        let host = format!("{}{}", dice.pick(&["web", "mail", "db", "proxy"]), dice.below(100));
        let user = format!("{}{}", dice.pick(&["Alice", "bob", "Carol", "DAVE"]), dice.skewed(1000));
        let kind = dice.pick(&["login", "login", "logout", "read", "error"]);
        let scale = if dice.percent(30) { 1000 } else { 100 };
        let values: Vec<String> = (0..5).map(|_| dice.below(scale).to_string()).collect();
        writeln!(out, r#"{{"id":{n},"host":"{host}.example.com","user":"{user}","kind":"{kind}","vals":[{}]}}"#, values.join(","))?;
    }
    Ok(())
}

/// The job, and nothing but the job.
pub(crate) fn limit(input: &Path, output: &Path) -> io::Result<()> {
    let mut out = Out::create(output)?;
    each_line(input, |line| {
        event(line, &mut out).ok_or_else(|| unfit(line))?;
        out.end_line()
    })?;
    out.write()
}

/// What the function reads of an event.
#[derive(Default)]
struct Fields<'a> {
    id: i64,
    host: &'a [u8],
    user: &'a [u8],
    kind: &'a [u8],
    total: i64,
    peak: i64,
}

fn event(line: &[u8], out: &mut Out) -> Option<()> {
    let mut fields = Fields::default();
    let mut sound = true;
    each_pair(line, 0, |key, pair| {
        let value = &line[pair.value..pair.end];
        match key {
            b"id" => sound &= number(value).map(|id| fields.id = id).is_some(),
            b"host" => fields.host = inside(value),
            b"user" => fields.user = inside(value),
            b"kind" => fields.kind = inside(value),
            b"vals" => sound &= sum(value, &mut fields).is_some(),
            _ => {}
        }
        sound
    })?;
    if !sound {
        return None;
    }
    let mut score = fields.total.checked_mul(3)?.checked_add(fields.peak)?;
    if fields.kind == b"error" {
        score = score.checked_add(1000)?;
    } else if fields.kind == b"login" && fields.total > 200 {
        score = score.checked_add(50)?;
    }
    let level = match score {
        1501.. => "crit",
        801.. => "warn",
        _ => "ok",
    };
    out.bytes.extend_from_slice(br#"{"id":"#);
    out.number(fields.id);
    out.bytes.extend_from_slice(br#","level":""#);
    out.bytes.extend_from_slice(level.as_bytes());
    out.bytes.extend_from_slice(br#"","name":""#);
    put_name(&fields, &mut out.bytes)?;
    out.bytes.extend_from_slice(br#"","score":"#);
    out.number(score);
    out.bytes.push(b'}');
    Some(())
}

/// A string without its quotes, its escapes as they stand.
fn inside(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or_default()
}

/// Sum and greatest of an array of numbers.
fn sum(array: &[u8], fields: &mut Fields<'_>) -> Option<()> {
    let mut at = 1;
    while array[at] != b']' {
        let end = word_end(array, at);
        let value = number(&array[at..end])?;
        fields.total = fields.total.checked_add(value)?;
        fields.peak = fields.peak.max(value);
        at = end + usize::from(array[end] == b',');
    }
    Some(())
}

/// The first label of the host, a colon, the user in small letters.
fn put_name(fields: &Fields<'_>, out: &mut Vec<u8>) -> Option<()> {
    let simple = |text: &[u8]| text.iter().all(|b| b.is_ascii() && *b != b'\\');
    if simple(fields.host) && simple(fields.user) {
        let label = fields.host.iter().position(|b| *b == b'.').unwrap_or(fields.host.len());
        out.extend_from_slice(&fields.host[..label]);
        out.push(b':');
        let start = out.len();
        out.extend_from_slice(fields.user);
        out[start..].make_ascii_lowercase();
        return Some(());
    }
    let (host, user) = (text(fields.host)?, text(fields.user)?);
    escape(host.split('.').next()?.as_bytes(), out);
    out.push(b':');
    escape(user.to_lowercase().as_bytes(), out);
    Some(())
}

/// What a string with escapes says.
fn text(inside: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(inside).ok()?;
    if !text.contains('\\') {
        return Some(Cow::Borrowed(text));
    }
    serde_json::from_str::<String>(&format!("\"{text}\"")).ok().map(Cow::Owned)
}
