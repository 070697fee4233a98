//! `cryptopan::crypto_pan`: replaces addresses by others, keyed, one-to-one, and so that equal prefixes stay equal.
//!
//! Two addresses that have their first bits in common have as many in common afterwards, no more and no less. Who has the key can go back
//! (`decrypt`); who has not learns which addresses are neighbours, and nothing else.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::cache::Cache;
use super::cipher::Cipher;
use crate::address::Range;
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param, Ty};
use crate::datum::{Datum, Text};
use crate::disk::How;
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter};

/// `cryptopan::crypto_pan`: a datum with an address, or an array of them -> the same with others.
pub static SPEC: CogSpec = CogSpec {
    family: "cryptopan",
    name: "crypto_pan",
    kind: Kind::Enrich,
    about: "Replaces addresses by others so that networks stay networks (Crypto-PAn).",
    page: Page {
        takes: "a datum with an address or a network as a string, or an array of them, at ip_getter",
        gives: "the same datum with others at ip_setter: the same key gives the same for the same, and what shared the first n bits shares just these",
        fails: "what is no address; with nets: \"error\" a network",
        ..Page::OF_KIND
    },
    params: &[
        Param::new("key", Ty::Octets)
            .optional()
            .secret()
            .about("32 bytes: a blob, 64 hexadecimal digits, base64, or a string of 32 letters; this or key_file must be given"),
        Param::str("key_file").optional().about("a file that holds the key instead, in one of these forms; read when the run begins"),
        Param::getter("ip_getter").or("ip").about("where the address is: a string, or an array of them"),
        Param::setter("ip_setter").or("ip_anon").about("where the other one goes; the place of ip_getter replaces it"),
        Param::choice("nets", &["mask", "error"]).about(
            "of a network NET/PREFIX \"mask\" replaces the first address and keeps the length; a range LOW-HIGH is an error in any case",
        ),
        Param::bool("decrypt").default(Lit::Bool(false)).about("the way back"),
        Param::int("cache_size").default(Lit::Int(65_536)).about("addresses remembered at most; 0 for none"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "the authors' own key",
            make: r#"cryptopan::crypto_pan(#{ key: "1522178d33a4cf80130a5b1649907d10d8988f837979652762574c2d2a842202" })"#,
            input: r#"{"ip": ["128.11.68.132", "2001:db8::1"]}"#,
            output: &[
                r#"{"ip": ["128.11.68.132", "2001:db8::1"], "ip_anon": ["135.242.180.132", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e"]}"#,
            ],
        },
        Example {
            what: "and back",
            make: r#"cryptopan::crypto_pan(#{ key: "1522178d33a4cf80130a5b1649907d10d8988f837979652762574c2d2a842202", ip_setter: "ip", decrypt: true })"#,
            input: r#"{"ip": "135.242.180.132"}"#,
            output: &[r#"{"ip": "128.11.68.132"}"#],
        },
    ],
    build: |args| Ok(Box::new(CryptoPan::new(args)?)),
};

struct CryptoPan {
    cipher: Option<Cipher>,
    key_file: Option<PathBuf>,
    ip_getter: Getter,
    ip_setter: Setter,
    masks: bool,
    back: bool,
    cache: Cache<Range, Text>,
}

impl CryptoPan {
    fn new(args: &Args) -> Result<Self> {
        let key_file = args.opt_str("key_file").map(PathBuf::from);
        let wrong = |(text, hint): NoKey| Error::Option { option: "key".into(), text, hint: Some(hint.into()) };
        let cipher = match (args.opt_bytes("key"), &key_file) {
            (Some(_), Some(_)) => return Err(Error::option("key_file", "stands beside `key`: give one of them")),
            (None, None) => return Err(Error::option("key", "is missing, and `key_file` too")),
            (None, Some(_)) => None,
            (Some(bytes), None) => Some(Cipher::new(&key(&bytes).map_err(wrong)?)),
        };
        Ok(Self {
            cipher,
            key_file,
            ip_getter: args.getter("ip_getter"),
            ip_setter: args.setter("ip_setter"),
            masks: args.str("nets") == "mask",
            back: args.bool("decrypt"),
            cache: Cache::new(args.size("cache_size")),
        })
    }

    fn other(&mut self, address: &Datum) -> Result<Datum> {
        let text =
            address.as_str().ok_or_else(|| Error::WrongKind { what: "an address".into(), wanted: "a string", got: address.kind() })?;
        let range = Range::read(text).ok_or_else(|| Error::data("is no address or network", text))?;
        let prefix = range.prefix().ok_or_else(|| Error::data("is a range, which has no like", text))?;
        if range.is_single() || self.masks {
            let (cipher, back) = (self.cipher.as_ref().ok_or(Error::Finished)?, self.back);
            return Ok(Datum::Str(self.cache.get(range, || made(cipher, range, prefix, back))));
        }
        Err(Error::data("is a network, where single addresses are expected", text))
    }

    fn change(&mut self, datum: &mut Datum) -> Result<()> {
        let piece = self.ip_getter.get(datum)?.into_owned();
        let other = match &piece {
            Datum::Str(_) => self.other(&piece)?,
            Datum::Unit => Datum::Unit,
            _ => {
                let opened = piece.opened();
                let list = opened.as_list().ok_or_else(|| Error::WrongKind {
                    what: "the address".into(),
                    wanted: "a string, or an array of them",
                    got: piece.kind(),
                })?;
                Datum::List(list.iter().map(|address| self.other(address)).collect::<Result<_>>()?)
            }
        };
        self.ip_setter.set(datum, other)
    }
}

/// The address or network in place of another one.
fn made(cipher: &Cipher, range: Range, prefix: u32, back: bool) -> Text {
    let (made, width) = match range {
        Range::V4(low, _) => {
            let other = cipher.v4(low, back);
            (Range::V4(other, other), 32)
        }
        Range::V6(low, _) => {
            let other = cipher.v6(low, back);
            (Range::V6(other, other), 128)
        }
    };
    let mut text = String::with_capacity(if width == 32 { 18 } else { 43 });
    made.widened(prefix).filter(|_| prefix < width).unwrap_or(made).write(&mut text);
    Text::from(text)
}

/// Why something is no key, and what to do; nothing of it stands there.
type NoKey = (String, &'static str);

/// The 32 bytes of a key.
pub(super) fn key(given: &[u8]) -> Result<[u8; 32], NoKey> {
    let whole = |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).ok();
    let text = given.trim_ascii();
    let hex = || {
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        text.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect::<Option<Vec<u8>>>().and_then(whole)
    };
    let base64 = || STANDARD.decode(text).ok().and_then(whole);
    let found = whole(given.to_vec()).or_else(hex).or_else(base64).or_else(|| whole(text.to_vec()));
    let wrong =
        || (format!("is no key of 32 bytes: {} were given", given.len()), "64 hexadecimal digits, as `openssl rand -hex 32` gives them");
    found.ok_or_else(wrong)
}

impl Cog for CryptoPan {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        self.change(&mut datum)?;
        ctx.emit(datum);
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each_in_place(ctx, |datum| self.change(datum).map(|()| true))
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let Some(path) = &self.key_file {
            let os = |error| Error::os("read", path, error);
            let file = ctx.disk().open(path, How::READ).map_err(os)?;
            let mut bytes = vec![0; 256];
            let count = crate::disk::read_whole_at(&**ctx.disk(), &file, &mut bytes, 0).map_err(os)?;
            let wrong = |(text, hint)| Error::Other(format!("`{}` {text} (it may hold {hint})", path.display()));
            self.cipher = Some(Cipher::new(&key(&bytes[..count]).map_err(wrong)?));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::cipher::KEY;
    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;

    fn bench(more: Vec<(&str, Given)>) -> Bench {
        let mut given = vec![("key", KEY.into())];
        given.extend(more);
        Bench::new(&SPEC, given)
    }

    #[test]
    fn a_key_has_many_forms_and_none_shows_in_errors() {
        let bytes = key(KEY.as_bytes()).unwrap();
        for form in [bytes.to_vec(), format!("{KEY}\n").into_bytes(), STANDARD.encode(bytes).into_bytes()] {
            assert_eq!(key(&form).unwrap(), bytes);
        }
        assert_eq!(key(b"abcdefghijklmnopqrstuvwxyz012345").unwrap(), *b"abcdefghijklmnopqrstuvwxyz012345");
        let told = Bench::refused(&SPEC, vec![("key", "much too short".into())]);
        assert!(told.contains("14 were given") && !told.contains("short"), "{told}");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, KEY).unwrap();
        let mut bench = Bench::new(&SPEC, vec![("key_file", path.to_str().unwrap().into())]);
        assert_eq!(bench.feed_json(r#"{"ip":"24.5.0.80"}"#), [r#"{"ip":"24.5.0.80","ip_anon":"100.9.15.210"}"#]);
    }

    #[test]
    fn networks_keep_their_length() {
        let mut masks = bench(vec![]);
        let out = masks.feed_json(r#"{"ip":["24.5.0.0/16","24.5.0.80/32"]}"#);
        assert_eq!(out, [r#"{"ip":["24.5.0.0/16","24.5.0.80/32"],"ip_anon":["100.9.0.0/16","100.9.15.210"]}"#]);
        let mut back = bench(vec![("decrypt", true.into()), ("ip_setter", "ip".into())]);
        assert_eq!(back.feed_json(r#"{"ip":["100.9.0.0/16"]}"#), [r#"{"ip":["24.5.0.0/16"]}"#]);
        let mut strict = bench(vec![("nets", "error".into())]);
        assert!(strict.feed_json(r#"{"ip":"24.5.0.0/16"}"#).is_empty());
        assert_eq!(strict.balance().failed, 1);
    }

    #[test]
    fn what_is_no_address_fails() {
        for bad in [r#"{"ip":"x"}"#, r#"{"ip":7}"#, r#"{"ip":["24.5.0.80",null]}"#, r#"{"ip":"24.5.0.80-24.5.0.84"}"#, "{}"] {
            let mut bench = bench(vec![]);
            assert!(bench.feed_json(bad).is_empty(), "{bad}");
            assert_eq!(bench.balance().failed, 1, "{bad}");
        }
    }
}
