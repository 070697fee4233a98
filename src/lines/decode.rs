//! From bytes to text: which encoding a stream of lines is in, and what becomes of bytes that do not fit it.

use encoding_rs::{Decoder, DecoderResult, EncoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::error::{Error, Result, nearest};

/// What the bytes of a stream are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Coding {
    /// Text in UTF-8: checked, and shared as it was read.
    Utf8,
    /// Text in another encoding: decoded as it is read, so that lines are cut out of text.
    Other(&'static Encoding),
    /// No text: each line is a blob.
    Bytes,
}

/// Labels that are worth a hint; all others of the WHATWG's list are known too.
const LABELS: &[&str] =
    &["utf-8", "bytes", "iso-8859-1", "iso-8859-2", "iso-8859-15", "windows-1250", "windows-1252", "utf-16le", "utf-16be"];

impl Coding {
    /// The encoding with this label (WHATWG Encoding, 4.2), or `bytes`.
    pub fn named(label: &str) -> Result<Self> {
        if label == "bytes" {
            return Ok(Self::Bytes);
        }
        match Encoding::for_label(label.as_bytes()) {
            Some(encoding) if encoding == UTF_8 => Ok(Self::Utf8),
            Some(encoding) => Ok(Self::Other(encoding)),
            None => Err(Error::Option {
                option: "encoding".into(),
                text: format!("there is no encoding `{label}`"),
                hint: Some(match nearest(label, LABELS.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("such as {}", LABELS.join(", ")),
                }),
            }),
        }
    }

    /// Its name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Other(encoding) => encoding.name(),
            Self::Bytes => "bytes",
        }
    }
}

/// Appends `text` in that encoding.
///
/// # Errors
/// A letter that the encoding has not.
pub fn encode(encoding: &'static Encoding, text: &str, into: &mut Vec<u8>) -> Result<()> {
    // encoding_rs follows browsers, which write no UTF-16.
    if encoding == UTF_16LE {
        into.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        return Ok(());
    }
    if encoding == UTF_16BE {
        into.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
        return Ok(());
    }
    let mut encoder = encoding.new_encoder();
    let mut rest = text;
    loop {
        into.reserve(encoder.max_buffer_length_from_utf8_without_replacement(rest.len()).unwrap_or(rest.len()).max(16));
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, into, true);
        rest = &rest[read..];
        match result {
            EncoderResult::InputEmpty => return Ok(()),
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(letter) => {
                return Err(Error::data(format!("{} has no letter `{letter}`", encoding.name()), text));
            }
        }
    }
}

/// What becomes of bytes that are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBad {
    /// U+FFFD in their place.
    Replace,
    /// The line fails.
    Fail,
    /// They are left out.
    Ignore,
}

impl OnBad {
    /// Its words in scripts; the first is the default.
    pub const WORDS: &[&str] = &["replace", "fail", "ignore"];

    /// By its word in scripts.
    pub fn named(word: &str) -> Self {
        match word {
            "fail" => Self::Fail,
            "ignore" => Self::Ignore,
            _ => Self::Replace,
        }
    }
}

/// The text in `bytes` without what is no UTF-8, and how many places of that there were.
pub fn mend(bytes: &[u8], on_bad: OnBad) -> (String, u64) {
    let mut text = String::with_capacity(bytes.len());
    let mut bad = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            bad += 1;
            if on_bad != OnBad::Ignore {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
    (text, bad)
}

/// Decodes a stream piece by piece; a letter that is cut between two pieces waits for its other half.
pub struct Transcoder {
    decoder: Decoder,
    on_bad: OnBad,
}

impl Transcoder {
    /// `at_start`: a byte order mark at the beginning is no part of the text.
    pub fn new(encoding: &'static Encoding, on_bad: OnBad, at_start: bool) -> Self {
        let decoder = if at_start { encoding.new_decoder_with_bom_removal() } else { encoding.new_decoder_without_bom_handling() };
        Self { decoder, on_bad }
    }

    /// Appends the text of `raw` to `text`, and to `bad` where in `text` something did not fit. `last`: nothing will follow.
    pub fn decode(&mut self, mut raw: &[u8], last: bool, text: &mut Vec<u8>, bad: &mut Vec<usize>) {
        let mut piece = String::new();
        loop {
            // As much as the rest can need at most, so that the output is never full but for what a fault has used up.
            piece.reserve(self.decoder.max_utf8_buffer_length_without_replacement(raw.len()).unwrap_or(raw.len()).max(16));
            let (result, read) = self.decoder.decode_to_string_without_replacement(raw, &mut piece, last);
            raw = &raw[read..];
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    bad.push(text.len() + piece.len());
                    if self.on_bad != OnBad::Ignore {
                        piece.push(char::REPLACEMENT_CHARACTER);
                    }
                }
            }
        }
        text.extend_from_slice(piece.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{ISO_8859_3, WINDOWS_1250, WINDOWS_1252};

    use super::*;

    #[test]
    fn a_cut_letter_waits_for_its_other_half() {
        let mut decoder = Transcoder::new(UTF_16LE, OnBad::Replace, true);
        let (mut text, mut bad) = (Vec::new(), Vec::new());
        for byte in [0xff, 0xfe, b'a', 0, 0x3d, 0xd8, 0x00, 0xde] {
            decoder.decode(&[byte], false, &mut text, &mut bad);
        }
        decoder.decode(&[], true, &mut text, &mut bad);
        assert_eq!((String::from_utf8(text).unwrap().as_str(), bad), ("a😀", vec![]));
    }

    #[test]
    fn what_does_not_fit_is_told_by_its_place() {
        let mut decoder = Transcoder::new(ISO_8859_3, OnBad::Replace, true);
        let (mut text, mut bad) = (Vec::new(), Vec::new());
        decoder.decode(b"\xa1\xa5x", true, &mut text, &mut bad);
        assert_eq!((String::from_utf8(text).unwrap().as_str(), bad), ("Ħ\u{fffd}x", vec![2]));
    }

    #[test]
    fn text_is_encoded_or_refused() {
        let mut bytes = Vec::new();
        encode(WINDOWS_1250, "č", &mut bytes).unwrap();
        encode(UTF_16BE, "a", &mut bytes).unwrap();
        assert_eq!(bytes, b"\xe8\0a");
        assert!(encode(WINDOWS_1252, "č", &mut bytes).unwrap_err().to_string().contains("`č`"));
    }

    #[test]
    fn labels_are_known_and_wrong_ones_get_a_hint() {
        assert_eq!(Coding::named("UTF8").unwrap(), Coding::Utf8);
        assert_eq!(Coding::named("latin1").unwrap().name(), "windows-1252");
        assert_eq!(Coding::named("iso-8859-22").unwrap_err().hint(), Some("did you mean `iso-8859-2`?"));
    }
}
