//! Road 3: an access log (Apache, combined form), one regular expression with ten named groups, JSON.

use std::io::{self, Write};
use std::path::Path;

use memchr::memchr;
use regex::bytes::RegexBuilder;

use crate::blocks::{Out, each_line, number};
use crate::dice::Dice;

/// The same expression as in the script.
pub(crate) const EXPRESSION: &str = concat!(
    r#"^(?<client>\S+) \S+ (?<user>\S+) \[(?<time>[^\]]+)\] "(?<verb>[A-Z]+) (?<path>[^" ]+) (?<protocol>[^"]+)" "#,
    r#"(?<status>\d{3}) (?<size>\d+|-) "(?<referer>[^"]*)" "(?<agent>[^"]*)"$"#
);

/// Its groups, in order.
const GROUPS: [&str; 10] = ["client", "user", "time", "verb", "path", "protocol", "status", "size", "referer", "agent"];

/// Lines of which 2 % are of another form.
pub(crate) fn generate(events: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut dice = Dice(3);
    for n in 0..events {
        if dice.percent(2) {
            writeln!(out, "[{n}] [core:error] [pid {}] client denied by server configuration: /srv/www/{n}", dice.below(30_000))?;
            continue;
        }
        let user = if dice.percent(80) { "-".to_owned() } else { format!("user{}", dice.skewed(1000)) };
        let time = format!("{:02}/Mar/2026:{:02}:{:02}:{:02} +0100", 1 + n / 8_640_000 % 28, n / 360_000 % 24, n / 6000 % 60, n / 100 % 60);
        let verb = dice.pick(&["GET", "GET", "GET", "POST", "HEAD", "PUT"]);
        let page = dice.pick(&["index.html", "login", "search?q=gears&page=2", "img/logo.png", "api/v1/items/", "static/app.js"]);
        let status = dice.pick(&[&200, &200, &200, &200, &304, &301, &404, &403, &500]);
        let size = if dice.percent(10) { "-".to_owned() } else { dice.skewed(200_000).to_string() };
        let referer = dice.pick(&["-", "-", "https://www.example.com/", "https://search.example.org/?q=deadbeat+escapement"]);
        let agent = dice.pick(&[
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
            "curl/7.88.1",
            "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://www.example.com/bot.html)",
        ]);
        let ip = dice.address();
        writeln!(out, r#"{ip} - {user} [{time}] "{verb} /{page}{} HTTP/1.1" {status} {size} "{referer}" "{agent}""#, dice.below(100))?;
    }
    Ok(())
}

/// The job, and nothing but the job, by the `regex` crate over bytes with kept places of groups.
pub(crate) fn limit(input: &Path, output: &Path) -> io::Result<()> {
    let expression = RegexBuilder::new(EXPRESSION).unicode(false).build().map_err(io::Error::other)?;
    let mut places = expression.capture_locations();
    let mut out = Out::create(output)?;
    each_line(input, |line| {
        if expression.captures_read(&mut places, line).is_none() {
            return Ok(());
        }
        let mut fields = [&[] as &[u8]; 10];
        for (index, field) in fields.iter_mut().enumerate() {
            if let Some((start, end)) = places.get(index + 1) {
                *field = &line[start..end];
            }
        }
        put(line, &fields, &mut out)
    })?;
    out.write()
}

/// The same by looking for delimiters.
pub(crate) fn limit_without_regexp(input: &Path, output: &Path) -> io::Result<()> {
    let mut out = Out::create(output)?;
    each_line(input, |line| split(line).map_or(Ok(()), |fields| put(line, &fields, &mut out)))?;
    out.write()
}

/// What the expression finds, found by hand.
fn split(line: &[u8]) -> Option<[&[u8]; 10]> {
    let mut rest = line;
    let mut until = |end: u8| {
        let at = memchr(end, rest)?;
        let (found, behind) = (&rest[..at], &rest[at + 1..]);
        rest = behind;
        Some(found)
    };
    let client = until(b' ')?;
    let ident = until(b' ')?;
    let user = until(b' ')?;
    let gap = until(b'[')?;
    let time = until(b']')?;
    let gap_2 = until(b'"')?;
    let request = until(b'"')?;
    let gap_3 = until(b' ')?;
    let status = until(b' ')?;
    let size = until(b' ')?;
    let gap_4 = until(b'"')?;
    let referer = until(b'"')?;
    let gap_5 = until(b'"')?;
    let agent = until(b'"')?;
    let verb_end = memchr(b' ', request)?;
    let (verb, request) = (&request[..verb_end], &request[verb_end + 1..]);
    let path_end = memchr(b' ', request)?;
    let (path, protocol) = (&request[..path_end], &request[path_end + 1..]);
    let words = [client, ident, user].iter().all(|word| !word.is_empty() && !word.iter().any(u8::is_ascii_whitespace));
    let gaps = gap.is_empty() && gap_2 == b" " && gap_3.is_empty() && gap_4.is_empty() && gap_5 == b" " && rest.is_empty();
    let parts = !time.is_empty() && !verb.is_empty() && verb.iter().all(u8::is_ascii_uppercase) && !path.is_empty() && !protocol.is_empty();
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let numbers = status.len() == 3 && digits(status) && (size == b"-" || digits(size));
    (words && gaps && parts && numbers).then_some([client, user, time, verb, path, protocol, status, size, referer, agent])
}

/// Writes the fields as JSON, the status as a number.
fn put(line: &[u8], fields: &[&[u8]; 10], out: &mut Out) -> io::Result<()> {
    // Almost no line needs escapes: one look at all of it is cheaper than one at each field.
    // Counted rather than searched for, which compiles to a loop over many bytes at once.
    let plain = line.iter().map(|b| u32::from(*b < 0x20 || *b == b'\\')).sum::<u32>() == 0;
    for (index, (name, field)) in GROUPS.iter().zip(fields).enumerate() {
        out.bytes.extend_from_slice(if index == 0 { b"{\"" } else { b",\"" });
        out.bytes.extend_from_slice(name.as_bytes());
        out.bytes.extend_from_slice(b"\":");
        if index == 6 {
            out.number(number(field).unwrap_or_default());
            continue;
        }
        out.bytes.push(b'"');
        if plain {
            out.bytes.extend_from_slice(field);
        } else {
            escape(field, &mut out.bytes);
        }
        out.bytes.push(b'"');
    }
    out.bytes.push(b'}');
    out.end_line()
}

/// Puts a text with what JSON wants escaped.
pub(crate) fn escape(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
}
