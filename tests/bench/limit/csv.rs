//! Road 1: CSV of five fields, a field computed of one of them, CSV of three.

use std::io::{self, Write};
use std::path::Path;

use crate::blocks::{Out, each_line, number, unfit};
use crate::dice::Dice;
use crate::scan::find;

/// `ip,ts,user,action,bytes`; 200 lines for each second, 2 % of the users in quotes.
pub(crate) fn generate(events: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut dice = Dice(1);
    for n in 0..events {
        let second = 1_700_000_000 + n / 200;
        let user = dice.skewed(1000);
        let action = dice.pick(&["login", "logout", "read", "write", "delete", "list"]);
        let ip = dice.address();
        if dice.percent(2) {
            write!(out, "{ip},{second},\"Doe, user{user}\",{action}")?;
        } else {
            write!(out, "{ip},{second},user{user},{action}")?;
        }
        writeln!(out, ",{}", dice.skewed(1_000_000))?;
    }
    Ok(())
}

/// The job, and nothing but the job.
pub(crate) fn limit(input: &Path, output: &Path) -> io::Result<()> {
    let mut out = Out::create(output)?;
    each_line(input, |line| {
        let fields = split(line).ok_or_else(|| unfit(line))?;
        let bytes = number(fields[4]).ok_or_else(|| unfit(line))?;
        out.bytes.extend_from_slice(fields[0]);
        out.bytes.push(b',');
        put_field(fields[2], &mut out.bytes);
        out.bytes.push(b',');
        out.number(bytes.checked_mul(8).ok_or_else(|| unfit(line))?);
        out.end_line()
    })?;
    out.write()
}

/// The five fields as they stand in the line.
pub(crate) fn split(line: &[u8]) -> Option<[&[u8]; 5]> {
    let mut fields = [&[] as &[u8]; 5];
    let mut start = 0;
    for (index, field) in fields.iter_mut().enumerate() {
        let end = if line.get(start) == Some(&b'"') { quoted_end(line, start)? } else { find(line, start, b',', b',') };
        if (end == line.len()) != (index == 4) {
            return None;
        }
        *field = &line[start..end];
        start = end + 1;
    }
    Some(fields)
}

/// Where a field that begins with a quote ends.
fn quoted_end(line: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match (line.get(at)?, line.get(at + 1)) {
            (b'"', Some(b'"')) => at += 2,
            (b'"', None | Some(b',')) => return Some(at + 1),
            (b'"', _) => return None,
            _ => at += 1,
        }
    }
}

/// Writes a field that came as CSV: in quotes only where it needs them.
fn put_field(field: &[u8], out: &mut Vec<u8>) {
    match field {
        [b'"', inner @ .., b'"'] if !inner.iter().any(|b| matches!(b, b',' | b'"' | b'\r' | b'\n')) => out.extend_from_slice(inner),
        all => out.extend_from_slice(all),
    }
}
