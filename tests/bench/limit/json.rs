//! Road 2: nested JSON of about 700 bytes (IDEA, a form of security events): a filter by address range, and keys deleted, renamed
//! and set. What is not touched is copied as it came, many values at a time.

use std::io::{self, Write};
use std::path::Path;

use crate::blocks::{Out, each_line, number, unfit};
use crate::dice::Dice;
use crate::scan::{Pair, each_pair, string_end};

/// Events of which 30 % come from private addresses.
pub(crate) fn generate(events: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut dice = Dice(2);
    for n in 0..events {
        let source = if dice.percent(30) {
            let tail = format!("{}.{}", dice.below(256), dice.below(256));
            match dice.below(3) {
                0 => format!("10.{}.{tail}", dice.below(256)),
                1 => format!("172.{}.{tail}", 16 + dice.below(16)),
                _ => format!("192.168.{tail}"),
            }
        } else if dice.percent(5) {
            // Near misses of the ranges.
            format!("172.{}.{}.1", dice.pick(&[&15, &32, &160]), dice.below(256))
        } else {
            dice.address()
        };
        let (kind, text) = *dice.pick(&[
            &("Recon.Scanning", "Horizontal port scan"),
            &("Attempt.Login", "Dictionary attack on \\\"root\\\""),
            &("Abusive.Spam", "Unsolicited mail, see příloha"),
            &("Availability.DDoS", "Flood of requests"),
        ]);
        let time = format!("2026-03-{:02}T{:02}:{:02}:{:02}Z", 1 + n / 86_400 % 28, n / 3600 % 24, n / 60 % 60, n % 60);
        let node = dice.below(40);
        writeln!(
            out,
            concat!(
                r#"{{"Format":"IDEA0","ID":"{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}","DetectTime":"{}","EventTime":"{}","CeaseTime":"{}","#,
                r#""Category":["{}"],"Description":"{}","Confidence":0.{},"#,
                r#""ConnCount":{},"FlowCount":{},"PacketCount":{},"ByteCount":{},"#,
                r#""Source":[{{"IP4":["{}"],"Port":[{}],"Proto":["tcp","ssh"]}}],"#,
                r#""Target":[{{"IP4":["{}","{}"],"Port":[22,2222],"Proto":["tcp"]}}],"#,
                r#""Attach":[{{"Handle":"att1","ContentType":"text/plain","Content":"{:016x}","Size":{}}}],"#,
                r#""Node":[{{"Name":"cz.example.sensor{}","SW":["LaBrea","Kippo"],"Type":["Connection","Honeypot"]}}],"#,
                r#""_CESNET":{{"StorageTime":{},"EventTemplate":"t{}","Impact":["medium"]}}}}"#,
            ),
            dice.below(1 << 32),
            dice.below(1 << 16),
            dice.below(1 << 12),
            dice.below(1 << 12),
            dice.below(1 << 48),
            time,
            time,
            time,
            kind,
            text,
            1 + dice.below(9),
            dice.skewed(400),
            dice.below(1000),
            dice.below(100_000),
            dice.below(10_000_000),
            source,
            1024 + dice.below(60_000),
            dice.address(),
            dice.address(),
            dice.below(u64::MAX),
            dice.below(4096),
            node,
            1_700_000_000 + n,
            dice.below(20),
        )?;
    }
    Ok(())
}

/// The job, and nothing but the job.
pub(crate) fn limit(input: &Path, output: &Path) -> io::Result<()> {
    let mut out = Out::create(output)?;
    each_line(input, |line| match event(line, &mut out.bytes) {
        Some(true) => out.end_line(),
        Some(false) => Ok(()),
        None => Err(unfit(line)),
    })?;
    out.write()
}

/// Writes what becomes of an event; `false` when it is dropped, `None` when it is not of the expected form.
fn event(line: &[u8], out: &mut Vec<u8>) -> Option<bool> {
    let before = out.len();
    // What is kept and not yet copied begins here.
    let mut kept = 1;
    let (mut address, mut dropped) = (None, false);
    let (mut description, mut connections) = (&b"null"[..], None);
    let mut end = 1;
    out.push(b'{');
    each_pair(line, 0, |key, pair| {
        end = pair.end;
        let value = &line[pair.value..pair.end];
        match key {
            b"Source" => {
                address = source_address(line, pair);
                dropped = address.is_some_and(is_private);
                return !dropped;
            }
            b"ConnCount" => connections = number(value),
            b"Attach" | b"_CESNET" | b"Description" => {
                if key == b"Description" {
                    description = value;
                }
                out.extend_from_slice(&line[kept..pair.start]);
                kept = pair.end + 1;
            }
            _ => {}
        }
        true
    })?;
    if dropped {
        out.truncate(before);
        return Some(false);
    }
    if kept < end {
        out.extend_from_slice(&line[kept..end]);
        out.push(b',');
    }
    out.extend_from_slice(br#""Desc":"#);
    out.extend_from_slice(description);
    out.extend_from_slice(br#","Processed":true,"Severity":"#);
    out.extend_from_slice(if connections? > 100 { br#""high""# } else { br#""low""# });
    out.extend_from_slice(br#","SrcIP":""#);
    out.extend_from_slice(address?);
    out.extend_from_slice(br#""}"#);
    Some(true)
}

/// `[0].IP4[0]` of the value of `Source`.
fn source_address(line: &[u8], source: Pair) -> Option<&[u8]> {
    let mut found = None;
    each_pair(line, source.value + 1, |key, pair| {
        if key == b"IP4" {
            found = string_end(line, pair.value + 1).map(|end| &line[pair.value + 2..end - 1]);
        }
        found.is_none()
    })?;
    found
}

/// Whether an address is of 10/8, 172.16/12 or 192.168/16.
fn is_private(address: &[u8]) -> bool {
    if address.starts_with(b"10.") || address.starts_with(b"192.168.") {
        return true;
    }
    let Some(rest) = address.strip_prefix(b"172.") else { return false };
    let second = rest.split(|b| *b == b'.').next().and_then(number);
    second.is_some_and(|second| (16..=31).contains(&second))
}
