//! What stands in requests and answers: addresses and headers that scripts give, texts and lines that servers send.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memchr;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};

use crate::cog::{Args, Lit, OptionGroup, Param, Ty};
use crate::datum::{Block, Datum, Map, Text};
use crate::error::{Error, Result, nearest};
use crate::lines::{Coding, OnBad, Transcoder, mend};

/// Who asks.
static AUTH_OPTIONS: OptionGroup = OptionGroup {
    name: "auth",
    about: "Who asks.",
    params: &[
        Param::str("user").optional().about("the user, for HTTP's basic way; together with password"),
        Param::str("password").optional().secret().about("the user's password"),
        Param::str("bearer").optional().secret().about("a token, in place of user and password"),
    ],
};

/// `auth`.
pub(super) const AUTH: Param = Param::new("auth", Ty::Options(&AUTH_OPTIONS)).optional().secret().about("who asks");
/// `headers`.
pub(super) const HEADERS: Param = Param::map("headers").default(Lit::EmptyMap).about("further headers, each a string");

const METHODS: [Method; 7] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// The method with that name, which `option` gives.
pub(super) fn method(option: &str, name: &str) -> Result<Method> {
    let known = METHODS.iter().find(|method| method.as_str() == name);
    known.cloned().ok_or_else(|| Error::Option {
        option: option.into(),
        text: format!("there is no method `{name}`"),
        hint: nearest(&name.to_ascii_uppercase(), METHODS.iter().map(Method::as_str)).map(|near| format!("did you mean \"{near}\"?")),
    })
}

/// The address in `text`, and the credentials that stood in it.
pub(super) fn url(text: &str) -> Result<(Url, Option<HeaderValue>)> {
    let wrong = |hint: &str| Error::Option { option: "url".into(), text: "is no address of HTTP".into(), hint: Some(hint.into()) };
    let mut url = Url::parse(text).map_err(|error| wrong(&format!("{error}; write `https://host/path`")))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("write `http://…` or `https://…`"));
    }
    url.set_fragment(None);
    let password = percent_decoded(url.password().unwrap_or_default());
    let basic = (!url.username().is_empty()).then(|| basic(&percent_decoded(url.username()), &password));
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Ok((url, basic))
}

/// `%41` is `A`.
fn percent_decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(code) if *first == b'%' => {
                bytes.push(code);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn basic(user: &str, password: &str) -> HeaderValue {
    let text = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let mut value = HeaderValue::from_str(&text).expect("it is letters and digits");
    value.set_sensitive(true);
    value
}

/// What the option `auth` says.
pub(super) fn auth(args: &Args) -> Result<Option<HeaderValue>> {
    let Some(auth) = args.options("auth") else { return Ok(None) };
    match (auth.opt_str("user"), auth.opt_str("password"), auth.opt_str("bearer")) {
        (Some(user), Some(password), None) => Ok(Some(basic(&user, &password))),
        (None, None, Some(token)) => {
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            let mut value = value.map_err(|_| Error::option("auth.bearer", "holds letters that no header can"))?;
            value.set_sensitive(true);
            Ok(Some(value))
        }
        _ => Err(Error::option("auth", "takes `user` with `password`, or `bearer`")),
    }
}

/// What the options `headers` and `auth` say.
pub(super) fn headers(args: &Args) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in args.map("headers").iter() {
        let wrong = |text: String| Error::option("headers", text);
        let text = value.as_str().ok_or_else(|| wrong(format!("`{name}` is given `{}`, not a string", value.kind())))?;
        let header = HeaderName::from_bytes(name.as_str().as_bytes()).map_err(|_| wrong(format!("`{name}` is no name of a header")))?;
        let text = HeaderValue::from_str(text).map_err(|_| wrong(format!("`{name}` holds letters that no header can")))?;
        headers.append(header, text);
    }
    if let Some(auth) = auth(args)? {
        headers.insert(AUTHORIZATION, auth);
    }
    Ok(headers)
}

/// What stands in the log where nobody's certificate is verified.
pub(super) const UNVERIFIED: &str = "certificates of servers are not verified (`tls.verify` is false): anybody on the way can answer";

/// The statuses that an option lists, if it is given.
pub(super) fn statuses(option: &str, given: &Datum) -> Result<Option<Vec<StatusCode>>> {
    let Datum::List(list) = given else { return Ok(None) };
    let status = |datum: &Datum| datum.as_int().and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok());
    let known = |datum: &Datum| status(datum).ok_or_else(|| Error::option(option, format!("`{}` is no status of HTTP", datum.piece())));
    list.iter().map(known).collect::<Result<_>>().map(Some)
}

/// Headers as a map: names in small letters, several of one name joined by commas.
pub(super) fn shown_headers(headers: &HeaderMap) -> Datum {
    let mut map = Map::with_capacity(headers.keys_len());
    for name in headers.keys() {
        let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        map.push(name.as_str().into(), Datum::from(values.join(", ")));
    }
    Datum::Map(map)
}

/// What a body is to become.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reading {
    /// Text, in the encoding that its headers or its first bytes tell; else in UTF-8.
    Auto,
    /// Text in this encoding.
    As(Coding),
    /// A blob.
    Bytes,
}

impl Reading {
    /// By the option `encoding`.
    pub(super) fn of(word: &str) -> Result<Self> {
        match word {
            "auto" => Ok(Self::Auto),
            "bytes" => Ok(Self::Bytes),
            label => Coding::named(label).map(Self::As),
        }
    }

    /// The body as it was meant, and how many places in it were no text.
    pub(super) fn read(self, body: Vec<u8>, headers: &HeaderMap) -> (Body, u64) {
        let coding = match self {
            Self::Bytes => return (Body::Bytes(body), 0),
            Self::As(coding) => coding,
            Self::Auto => marked(&body).or_else(|| charset(headers)).unwrap_or(Coding::Utf8),
        };
        let (text, bad) = if let Coding::Other(encoding) = coding {
            let (mut text, mut bad) = (Vec::with_capacity(body.len()), Vec::new());
            Transcoder::new(encoding, OnBad::Replace, true).decode(&body, true, &mut text, &mut bad);
            mend_all(text, bad.len() as u64)
        } else {
            let mut body = body;
            if body.starts_with(UTF_8_MARK) {
                body.drain(..UTF_8_MARK.len());
            }
            mend_all(body, 0)
        };
        (Body::Text(Rc::new(text)), bad)
    }

    /// The body as text where its headers or its first bytes tell the encoding, or where it is UTF-8 as a whole; else as bytes.
    pub(super) fn text_or_bytes(self, body: Vec<u8>, headers: &HeaderMap) -> Body {
        let told = marked(&body).or_else(|| charset(headers)).is_some();
        if self == Self::Auto && !told && str::from_utf8(&body).is_err() { Body::Bytes(body) } else { self.read(body, headers).0 }
    }
}

const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";

fn mend_all(bytes: Vec<u8>, bad: u64) -> (String, u64) {
    match String::from_utf8(bytes) {
        Ok(text) => (text, bad),
        Err(error) => mend(error.as_bytes(), OnBad::Replace),
    }
}

/// The encoding that a byte order mark tells.
fn marked(body: &[u8]) -> Option<Coding> {
    let label = match body {
        [0xef, 0xbb, 0xbf, ..] => "utf-8",
        [0xff, 0xfe, ..] => "utf-16le",
        [0xfe, 0xff, ..] => "utf-16be",
        _ => return None,
    };
    Coding::named(label).ok()
}

/// The encoding in `Content-Type: text/plain; charset=…`.
fn charset(headers: &HeaderMap) -> Option<Coding> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let mut parts = kind.split(';').skip(1).filter_map(|part| part.split_once('='));
    let (_, label) = parts.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    let label = label.trim().trim_matches('"');
    // No `bytes` from outside.
    (label != "bytes").then(|| Coding::named(label).ok()).flatten()
}

/// A body, of which parts are given out.
#[derive(Debug)]
pub(super) enum Body {
    Text(Block),
    Bytes(Vec<u8>),
}

impl Body {
    /// Its text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(block) => Some(block),
            Self::Bytes(bytes) => str::from_utf8(bytes).ok(),
        }
    }

    /// As one datum.
    pub(super) fn whole(self) -> Datum {
        match self {
            Self::Text(block) => Datum::Str(Text::span(&block, 0..block.len())),
            Self::Bytes(bytes) => Datum::Bytes(bytes.into()),
        }
    }

    /// The line that begins at `place`, and where the next one does; none at the end.
    pub(super) fn line(&self, place: usize) -> Option<(Datum, usize)> {
        let bytes = match self {
            Self::Text(block) => block.as_bytes(),
            Self::Bytes(bytes) => bytes,
        };
        if place >= bytes.len() {
            return None;
        }
        let (end, next) = memchr(b'\n', &bytes[place..]).map_or((bytes.len(), bytes.len()), |at| (place + at, place + at + 1));
        let end = if end > place && bytes[end - 1] == b'\r' { end - 1 } else { end };
        let line = match self {
            Self::Text(block) => Datum::Str(Text::span(block, place..end)),
            Self::Bytes(bytes) => Datum::Bytes(bytes[place..end].into()),
        };
        Some((line, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reading: &str, body: &[u8], kind: &str) -> String {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
        let (body, bad) = Reading::of(reading).unwrap().read(body.to_vec(), &headers);
        format!("{} {bad}", body.whole().piece())
    }

    #[test]
    fn text_is_in_the_encoding_that_is_told() {
        assert_eq!(read("auto", b"\xe8", "text/plain; charset=\"iso-8859-2\""), "č 0");
        assert_eq!(read("auto", "č".as_bytes(), "text/plain"), "č 0");
        assert_eq!(read("auto", b"\xff\xfe\x0d\x01", "text/plain; charset=utf-8"), "č 0");
        assert_eq!(read("auto", b"\xef\xbb\xbfa", "text/plain; charset=latin1"), "a 0");
        assert_eq!(read("auto", b"a\xffb", "text/plain; charset=nonsense"), "a\u{fffd}b 1");
        assert_eq!(read("windows-1250", b"\xe8", "text/plain; charset=utf-8"), "č 0");
    }

    #[test]
    fn what_is_no_text_stays_bytes() {
        let read = |body: &[u8], kind: &str| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
            Reading::Auto.text_or_bytes(body.to_vec(), &headers).whole()
        };
        assert_eq!(read("č".as_bytes(), "image/png").as_str(), Some("č"));
        assert_eq!(read(b"\xe8", "text/plain; charset=iso-8859-2").as_str(), Some("č"));
        assert_eq!(read(b"\xff\xfe\x0d\x01", "text/plain").as_str(), Some("č"));
        assert_eq!(read(b"a\xffb", "text/plain"), Datum::Bytes(b"a\xffb"[..].into()));
    }

    #[test]
    fn lines_have_no_ends_and_the_last_needs_none() {
        for body in [Body::Text(Rc::new("a\r\n\nb".to_owned())), Body::Bytes(b"a\r\n\nb".to_vec())] {
            let (mut place, mut lines) = (0, Vec::new());
            while let Some((line, next)) = body.line(place) {
                lines.push(line.piece().into_owned());
                place = next;
            }
            assert_eq!(lines, ["a", "", "b"]);
        }
        assert!(Body::Bytes(b"a\n".to_vec()).line(2).is_none());
    }

    #[test]
    fn credentials_in_an_address_become_a_header() {
        let (plain, auth) = url("https://us%40er:p%3Aw@h.example/x?y#z").unwrap();
        assert_eq!(plain.as_str(), "https://h.example/x?y");
        let auth = auth.unwrap();
        assert_eq!(auth, format!("Basic {}", STANDARD.encode("us@er:p:w")));
        assert!(!format!("{auth:?}").contains("Basic"));
        for bad in ["host/path", "ftp://h/", "http://", "unix:/x"] {
            assert!(url(bad).is_err(), "{bad}");
        }
        assert_eq!(method("method", "get").unwrap_err().hint(), Some("did you mean \"GET\"?"));
    }
}
