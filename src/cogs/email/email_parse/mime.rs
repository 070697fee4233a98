//! The parts of a message (RFC 2046): its leaves in order, whatever is broken about it.

use super::decode;
use super::field::{Field, Structured, fields};
use crate::error::{Error, Result};

/// What a message may have at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) depth: usize,
    pub(super) parts: usize,
}

/// Fields of one part at most.
const FIELDS: usize = 10_000;

/// A part without parts.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) fields: Vec<Field>,
    pub(super) content: Structured,
    pub(super) disposition: Option<Structured>,
    pub(super) bytes: Vec<u8>,
}

/// A message taken apart.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Those of the message itself, if it has parts; a leaf has its own.
    pub(super) fields: Vec<Field>,
    pub(super) leaves: Vec<Leaf>,
    /// What is wrong with it, each word once.
    pub(super) defects: Vec<&'static str>,
    count: usize,
}

impl Parts {
    /// Takes a message apart.
    pub(super) fn of(raw: &[u8], limits: Limits) -> Result<Self> {
        let mut parts = Self::default();
        parts.take(raw, limits, 0, "text/plain")?;
        Ok(parts)
    }

    /// Notes that something is wrong.
    pub(super) fn defect(&mut self, word: &'static str) {
        if !self.defects.contains(&word) {
            self.defects.push(word);
        }
    }

    fn take(&mut self, raw: &[u8], limits: Limits, depth: usize, default: &str) -> Result<()> {
        self.count += 1;
        if self.count > limits.parts {
            return Err(Error::Refused { reason: "mail_parts", text: format!("the message has more than {} parts", limits.parts) });
        }
        if depth > limits.depth {
            return Err(Error::Refused { reason: "mail_depth", text: format!("the message has parts more than {} deep", limits.depth) });
        }
        let (fields, body, sound) = fields(raw, FIELDS);
        if fields.len() >= FIELDS {
            return Err(Error::Refused {
                reason: "mail_fields",
                text: format!("a part of the message has more than {FIELDS} header fields"),
            });
        }
        if !sound {
            self.defect("bad_header");
        }
        let find = |name: &str| fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|field| Structured::of(&field.value));
        let mut content = find("content-type").unwrap_or_default();
        if !content.main.contains('/') {
            if !content.main.is_empty() {
                self.defect("bad_content_type");
            }
            content.main = default.into();
        }
        if content.main.starts_with("multipart/") {
            let boundary = content.get("boundary").filter(|boundary| !boundary.is_empty());
            match boundary.map(|boundary| split(body, boundary.as_bytes())) {
                Some(Split { parts, ended }) if !parts.is_empty() => {
                    if !ended {
                        self.defect("no_end_boundary");
                    }
                    let default = if content.main == "multipart/digest" { "message/rfc822" } else { "text/plain" };
                    if depth == 0 {
                        self.fields = fields;
                    }
                    return parts.into_iter().try_for_each(|part| self.take(part, limits, depth + 1, default));
                }
                _ => {
                    // What it says of itself is wrong; there may be something to read in it.
                    self.defect("no_boundary");
                    content.main = "text/plain".into();
                }
            }
        }
        let disposition = find("content-disposition");
        let bytes = self.decoded(&find("content-transfer-encoding").unwrap_or_default().main, body);
        if depth == 0 {
            self.fields.clone_from(&fields);
        }
        self.leaves.push(Leaf { fields, content, disposition, bytes });
        Ok(())
    }

    fn decoded(&mut self, encoding: &str, body: &[u8]) -> Vec<u8> {
        let (bytes, sound) = match encoding {
            "base64" => decode::base64(body),
            "quoted-printable" => decode::quoted_printable(body),
            "" | "7bit" | "8bit" | "binary" => (body.to_vec(), true),
            _ => {
                self.defect("unknown_encoding");
                (body.to_vec(), true)
            }
        };
        if !sound {
            self.defect("bad_encoding");
        }
        bytes
    }
}

/// A body cut at its boundary.
struct Split<'a> {
    parts: Vec<&'a [u8]>,
    /// The last boundary is there.
    ended: bool,
}

fn split<'a>(body: &'a [u8], boundary: &[u8]) -> Split<'a> {
    let mark = [b"--", boundary].concat();
    let mut split = Split { parts: Vec::new(), ended: false };
    // Where the part begins that is not ended yet.
    let mut begun: Option<usize> = None;
    for at in memchr::memmem::find_iter(body, &mark) {
        if at > 0 && body[at - 1] != b'\n' || begun.is_some_and(|begun| at < begun) {
            continue;
        }
        let rest = &body[at + mark.len()..];
        let line = memchr::memchr(b'\n', rest).map_or(rest, |end| &rest[..=end]);
        let (tail, last) = line.strip_prefix(b"--").map_or((line, false), |tail| (tail, true));
        if !tail.trim_ascii().is_empty() {
            // Another boundary, which begins alike.
            continue;
        }
        if let Some(begun) = begun {
            let part = &body[begun..at];
            let part = part.strip_suffix(b"\n").unwrap_or(part);
            split.parts.push(part.strip_suffix(b"\r").unwrap_or(part));
        }
        if last {
            split.ended = true;
            return split;
        }
        begun = Some(at + mark.len() + line.len());
    }
    if let Some(begun) = begun {
        split.parts.push(&body[begun..]);
    }
    split
}
