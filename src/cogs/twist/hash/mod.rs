//! `twist::hash`: puts pseudonyms in the place of names.
//!
//! Equal values have equal pseudonyms, so that data can still be counted and joined by them. Without a key anybody who can guess a value can
//! check the guess, and of user names or addresses all can be guessed: so a key must be given, or it must be said that none is wanted.
//! `key` reads keys, `digest` is the three functions.

mod digest;
mod key;

use std::path::PathBuf;

use self::digest::Keyed;
use super::places::{MISSING, must_be_there};
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param, Ty};
use crate::datum::{Datum, json};
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter};

/// `twist::hash`: a datum with a value -> the same with its hash.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "hash",
    kind: Kind::Convert,
    about: "Replaces a value by its hash under a key, in hexadecimal digits: a pseudonym that only who has the key can check.",
    page: Page {
        takes: "a datum with a value of any kind at getter; of an array each element is hashed",
        gives: "the same datum with a string of hexadecimal digits at setter, or an array of them; () stays ()",
        fails: "with missing: \"error\" a datum without the value; what is no map, where getter is a key",
        ..Page::OF_KIND
    },
    params: &[
        Param::getter("getter").about("what is hashed: the bytes of a string or blob, of an array each element, of all else its JSON without blanks (7 and \"7\" are the same); () stays as it is"),
        Param::setter("setter").or_same_as("getter").about("where the hash goes"),
        Param::choice("algorithm", &["sha256", "blake3", "siphash"]).about(
            "\"sha256\" is HMAC-SHA-256 (RFC 2104); \"blake3\" is its keyed mode, faster on long values; \"siphash\" is SipHash-2-4 with 64 bits, fastest on short ones, for up to some hundred million different values",
        ),
        Param::new("key", Ty::Octets).optional().secret().about(
            "a secret, for which key_file or plain may stand: for sha256 of any length; for blake3 of 32 bytes, others become such by blake3's derivation with the context \"deadbeat twist::hash key\"; for siphash of 16 bytes",
        ),
        Param::str("key_file").optional().about("a file that holds the key instead; read when the run begins"),
        Param::choice("key_form", &["text", "hex", "base64", "raw"]).about(
            "how the key is written: as it is (a file's last line end is no part of it), in hexadecimal digits, in base64, or, in a file, as its bytes with whatever stands at their end",
        ),
        Param::bool("plain")
            .default(Lit::Bool(false))
            .about("without a key, which hides nothing that can be guessed: a checksum, by sha256 or blake3"),
        Param::int("length")
            .default(Lit::Worked("all there are: 64, of siphash 16"))
            .about("how many of the digits are used, at least 4; of n digits two values among 4^n are likely to share theirs"),
        MISSING,
    ],
    first: Some("getter"),
    global: false,
    examples: &[
        Example {
            what: "a pseudonym of sixteen digits",
            make: r#"twist::hash("user", #{ key: "pepper", length: 16 })"#,
            input: r#"{"user": "ada", "bytes": 7}"#,
            output: &[r#"{"user": "48361492d3e8dd57", "bytes": 7}"#],
        },
        Example {
            what: "SipHash of several, with a key in hexadecimal digits",
            make: r#"twist::hash(#{ getter: "to", algorithm: "siphash", key: "000102030405060708090a0b0c0d0e0f", key_form: "hex" })"#,
            input: r#"{"to": ["", "ada"]}"#,
            output: &[r#"{"to": ["310e0edd47db6f72", "fccd345aab0d20b9"]}"#],
        },
        Example {
            what: "a checksum beside the text",
            make: r#"twist::hash(#{ getter: "text", setter: "sha256", plain: true })"#,
            input: r#"{"text": "ada"}"#,
            output: &[r#"{"text": "ada", "sha256": "fdee430d40bd57deeac186cd9790033d0f06f909a8806e7ce6e717ab7c7d5029"}"#],
        },
    ],
    build: |args| Ok(Box::new(Hash::new(args)?)),
};

struct Hash {
    getter: Getter,
    setter: Setter,
    algorithm: String,
    key_file: Option<PathBuf>,
    form: String,
    /// None until the file of the key has been read.
    keyed: Option<Keyed>,
    length: usize,
    strict: bool,
}

impl Hash {
    fn new(args: &Args) -> Result<Self> {
        let (algorithm, form) = (args.str("algorithm"), args.str("key_form"));
        let key_file = args.opt_str("key_file").map(PathBuf::from);
        let given = args.given("key").and_then(|given| given.datum());
        let keyed = match (given, &key_file, args.bool("plain")) {
            (Some(_), Some(_), _) => return Err(Error::option("key_file", "stands beside `key`: give one of them")),
            (Some(_), _, true) | (_, Some(_), true) => return Err(Error::option("plain", "means without a key, and one is given")),
            (None, None, true) => Some(Keyed::plain(&algorithm)?),
            (None, None, false) => {
                return Err(Error::Option {
                    option: "key".into(),
                    text: "is missing, and `key_file` too".into(),
                    hint: Some("a hash that needs no key hides nothing that can be guessed; where that is well, say `plain: true`".into()),
                });
            }
            (None, Some(_), false) => None,
            (Some(key), None, false) => Some(Keyed::new(&algorithm, &key::given(&key, &form)?)?),
        };
        let most = digest::digits(&algorithm);
        let length = if args.is_given("length") { args.size("length") } else { most };
        if !(4..=most).contains(&length) {
            return Err(Error::option("length", format!("is a number of digits from 4 to {most}, as \"{algorithm}\" has them")));
        }
        Ok(Self {
            getter: args.getter("getter"),
            setter: args.setter_back("setter", "getter")?,
            algorithm,
            key_file,
            form,
            keyed,
            length,
            strict: must_be_there(args),
        })
    }

    fn change(&self, datum: &mut Datum) -> Result<()> {
        let piece = match self.getter.get(datum) {
            Err(Error::FieldMissing { .. }) if !self.strict => return Ok(()),
            piece => piece?,
        };
        let keyed = self.keyed.as_ref().ok_or(Error::Finished)?;
        let hashed = self.of(keyed, &piece);
        drop(piece);
        self.setter.set(datum, hashed)
    }

    fn of(&self, keyed: &Keyed, piece: &Datum) -> Datum {
        match piece {
            Datum::Unit => Datum::Unit,
            Datum::Bytes(bytes) => self.digits(keyed, bytes),
            Datum::Str(text) => self.digits(keyed, text.as_bytes()),
            Datum::Time(time) => self.digits(keyed, time.to_string().as_bytes()),
            other => match other.opened().as_list() {
                Some(list) => Datum::List(list.iter().map(|one| self.of(keyed, one)).collect()),
                None => self.digits(keyed, json::to_string(&plain(other)).as_bytes()),
            },
        }
    }

    fn digits(&self, keyed: &Keyed, bytes: &[u8]) -> Datum {
        keyed.digits(bytes, self.length).into()
    }
}

/// All of it read, so that its JSON has no blanks between values.
fn plain(datum: &Datum) -> Datum {
    match datum.opened().into_owned() {
        Datum::List(list) => Datum::List(list.iter().map(plain).collect()),
        Datum::Map(map) => Datum::Map(map.iter().map(|(key, value)| (key.clone(), plain(value))).collect()),
        other => other,
    }
}

impl Cog for Hash {
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
            let key = key::file(&**ctx.disk(), path, &self.form)?;
            self.keyed = Some(Keyed::new(&self.algorithm, &key)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;

    fn bench(more: Vec<(&str, Given)>) -> Bench {
        let mut given = vec![("getter", "v".into()), ("length", 8.into())];
        given.extend(more);
        Bench::new(&SPEC, given)
    }

    #[test]
    fn values_of_all_kinds() {
        let mut bench = bench(vec![("plain", true.into())]);
        for (input, output) in [
            (r#"{"v":"abc"}"#, r#"{"v":"ba7816bf"}"#),
            (r#"{"v":["abc",null,["abc"]]}"#, r#"{"v":["ba7816bf",null,["ba7816bf"]]}"#),
            (r#"{"v":7}"#, r#"{"v":"7902699b"}"#),
            (r#"{"v":"7"}"#, r#"{"v":"7902699b"}"#),
            (r#"{"v":{"a":1}}"#, r#"{"v":"015abd7f"}"#),
            (r#"{"v": { "a" : 1 } }"#, r#"{"v":"015abd7f"}"#),
            ("{}", "{}"),
        ] {
            assert_eq!(bench.feed_json(input), [output]);
        }
        let mut strict = Bench::new(&SPEC, vec![("getter", "v".into()), ("plain", true.into()), ("missing", "error".into())]);
        assert!(strict.feed_json("{}").is_empty());
        assert_eq!(strict.balance().failed, 1);
    }

    #[test]
    fn a_key_may_stand_in_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let hashed = |content: &[u8], form: &str| {
            std::fs::write(&path, content).unwrap();
            bench(vec![("key_file", path.to_str().unwrap().into()), ("key_form", form.into())]).feed_json(r#"{"v":"ada"}"#)
        };
        let known = bench(vec![("key", "pepper".into())]).feed_json(r#"{"v":"ada"}"#);
        assert_eq!(known, [r#"{"v":"48361492"}"#]);
        for (content, form) in [
            (&b"pepper\n"[..], "text"),
            (b"pepper\r\n", "text"),
            (b"70 65 70706572\n", "hex"),
            (b"cGVwcGVy\n", "base64"),
            (b"pepper", "raw"),
        ] {
            assert_eq!(hashed(content, form), known, "{form}");
        }
        assert_ne!(hashed(b"pepper\n", "raw"), known);
    }

    #[test]
    fn a_file_without_a_key_keeps_the_run_from_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let begun = |form: &str| {
            let given = vec![("getter", "v".into()), ("key_file", path.to_str().unwrap().into()), ("key_form", form.into())];
            let esc = crate::escapement::Escapement::new(crate::escapement::Clock::real()).unwrap();
            match Bench::with(esc, crate::disk::real(), &SPEC, given) {
                Ok(_) => String::new(),
                Err(error) => error.to_string(),
            }
        };
        assert!(begun("text").contains("key"), "{}", begun("text"));
        for (content, form, told) in [("\n", "text", "is empty"), ("0g", "hex", "hexadecimal"), ("_", "base64", "base64")] {
            std::fs::write(&path, content).unwrap();
            assert!(begun(form).contains(told) && begun(form).contains(path.to_str().unwrap()), "{}", begun(form));
        }
        std::fs::write(&path, vec![b'x'; 5000]).unwrap();
        assert!(begun("raw").contains("4096 bytes at most"), "{}", begun("raw"));
    }

    #[test]
    fn options_that_cannot_work_are_refused_and_no_key_shows() {
        let refused = |more: Vec<(&str, Given)>| {
            let mut given = vec![("getter", Given::from("v"))];
            given.extend(more);
            Bench::refused(&SPEC, given)
        };
        assert!(refused(vec![]).contains("is missing"));
        assert!(refused(vec![("plain", true.into()), ("key", "k".into())]).contains("without a key"));
        assert!(refused(vec![("plain", true.into()), ("algorithm", "siphash".into())]).contains("siphash"));
        assert!(refused(vec![("key", "k".into()), ("key_file", "k".into())]).contains("one of them"));
        for length in [3, 65] {
            assert!(refused(vec![("key", "k".into()), ("length", length.into())]).contains("from 4 to 64"));
        }
        assert!(
            refused(vec![("key", "0123456789abcdef".into()), ("algorithm", "siphash".into()), ("length", 17.into())]).contains("to 16")
        );
        let told = refused(vec![("key", "pepper and salt".into()), ("algorithm", "siphash".into())]);
        assert!(told.contains("16 bytes") && told.contains("15") && !told.contains("pepper"), "{told}");
        let told = refused(vec![("key", "pepper".into()), ("key_form", "hex".into())]);
        assert!(told.contains("hexadecimal") && !told.contains("pepper"), "{told}");
        assert!(refused(vec![("key", "pepper".into()), ("key_form", "raw".into())]).contains("file"));
    }
}
