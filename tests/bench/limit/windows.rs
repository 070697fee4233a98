//! Road 5: CSV, count and sum by user in windows of a minute of the events' own time, JSON written when a window closes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::io;
use std::path::Path;

use crate::blocks::{Out, each_line, number, unfit};
use crate::csv::split;
use crate::regexp::escape;

const WIDTH: i64 = 60;

/// The job, and nothing but the job. The input is that of road 1.
pub(crate) fn limit(input: &Path, output: &Path) -> io::Result<()> {
    let mut out = Out::create(output)?;
    let mut window = Window::default();
    each_line(input, |line| {
        let fields = split(line).ok_or_else(|| unfit(line))?;
        let time = number(fields[1]).ok_or_else(|| unfit(line))?;
        let bytes = number(fields[4]).ok_or_else(|| unfit(line))?;
        if time >= window.end {
            window.close(&mut out)?;
            window.end = time - time.rem_euclid(WIDTH) + WIDTH;
        }
        window.add(fields[2], bytes);
        Ok(())
    })?;
    window.close(&mut out)?;
    out.write()
}

/// The window that is open. Times only rise, so there is one at a time.
#[derive(Default)]
struct Window {
    end: i64,
    places: HashMap<Box<[u8]>, usize, BuildHasherDefault<Folded>>,
    /// In order of appearance: the user as it stands in the line, count and sum.
    users: Vec<(Box<[u8]>, i64, i64)>,
}

impl Window {
    fn add(&mut self, user: &[u8], bytes: i64) {
        if let Some(place) = self.places.get(user) {
            let (_, count, sum) = &mut self.users[*place];
            *count += 1;
            *sum += bytes;
        } else {
            self.places.insert(user.into(), self.users.len());
            self.users.push((user.into(), 1, bytes));
        }
    }

    fn close(&mut self, out: &mut Out) -> io::Result<()> {
        for (user, count, sum) in self.users.drain(..) {
            out.bytes.extend_from_slice(br#"{"window":"#);
            out.number(self.end - WIDTH);
            out.bytes.extend_from_slice(br#","user":""#);
            put_user(&user, &mut out.bytes);
            out.bytes.extend_from_slice(br#"","count":"#);
            out.number(count);
            out.bytes.extend_from_slice(br#","bytes":"#);
            out.number(sum);
            out.bytes.push(b'}');
            out.end_line()?;
        }
        self.places.clear();
        Ok(())
    }
}

/// A field of CSV as the inside of a JSON string.
fn put_user(field: &[u8], out: &mut Vec<u8>) {
    let inner = field.strip_prefix(b"\"").and_then(|field| field.strip_suffix(b"\"")).unwrap_or(field);
    if inner.iter().any(|b| matches!(b, b'"' | b'\\' | 0..0x20)) {
        escape(String::from_utf8_lossy(inner).replace("\"\"", "\"").as_bytes(), out);
    } else {
        out.extend_from_slice(inner);
    }
}

/// A quick hash: eight bytes at a time, folded by multiplication.
#[derive(Default)]
struct Folded(u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x517C_C1B7_2722_0A95);
        }
    }

    fn write_usize(&mut self, number: usize) {
        self.write(&number.to_le_bytes());
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}
