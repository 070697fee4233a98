//! HTTP/1.1 as far as the page needs it (RFC 9112): one request a connection, short heads, bodies of known length.

/// Bytes of a request's head at most, its fields, and bytes of its body.
const HEAD: usize = 16 << 10;
const FIELDS: usize = 64;
const BODY: usize = 1 << 20;

/// A request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// `GET`.
    pub(super) method: String,
    /// What stands before the question mark.
    pub(super) path: String,
    query: String,
    fields: Vec<(String, String)>,
    /// What was sent with it.
    pub(super) body: String,
}

impl Request {
    /// A field of the head, if it is there exactly once.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut all = self.fields(name);
        let first = all.next();
        if all.next().is_some() { None } else { first }
    }

    fn fields(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether the head has such a field.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields(name).next().is_some()
    }

    /// What the query says of `name`; as it stands, for all that is asked for here needs no escapes.
    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| pair.split_once('=').filter(|(known, _)| *known == name)).map(|(_, value)| value)
    }
}

/// What bytes are as a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The beginning of one.
    Part,
    /// One.
    Whole(Request),
    /// None that is served, for this reason.
    Refused(u16),
}

/// Understands bytes as a request.
pub(super) fn understand(bytes: &[u8]) -> Heard {
    // What begins otherwise is no request at all: there is no need to wait for its end.
    if bytes.first().is_some_and(|first| !first.is_ascii_uppercase()) {
        return Heard::Refused(400);
    }
    let Some(end) = memchr::memmem::find(&bytes[..bytes.len().min(HEAD)], b"\r\n\r\n") else {
        return if bytes.len() < HEAD { Heard::Part } else { Heard::Refused(431) };
    };
    let Some(mut request) = std::str::from_utf8(&bytes[..end]).ok().and_then(head) else { return Heard::Refused(400) };
    if request.has("Transfer-Encoding") {
        return Heard::Refused(501);
    }
    let length = match (request.has("Content-Length"), request.field("Content-Length")) {
        (false, _) if request.method == "POST" => return Heard::Refused(411),
        (false, _) => 0,
        (true, Some(text)) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().unwrap_or(usize::MAX),
        _ => return Heard::Refused(400),
    };
    if length > BODY {
        return Heard::Refused(413);
    }
    let Some(body) = bytes[end + 4..].get(..length) else { return Heard::Part };
    let Ok(body) = std::str::from_utf8(body) else { return Heard::Refused(400) };
    body.clone_into(&mut request.body);
    Heard::Whole(request)
}

fn head(text: &str) -> Option<Request> {
    let mut lines = text.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let plain = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase()) && target.starts_with('/');
    if !plain || words.next().is_some() || !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
        return None;
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut fields = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let value = value.trim_matches([' ', '\t']);
        if !plain || value.bytes().any(|byte| byte.is_ascii_control()) || fields.len() >= FIELDS {
            return None;
        }
        fields.push((name.to_owned(), value.to_owned()));
    }
    Some(Request { method: method.to_owned(), path: path.to_owned(), query: query.to_owned(), fields, body: String::new() })
}

/// What every answer says: nothing is kept, nothing is sent on, nobody else may read or frame it.
const ALWAYS: &str = "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n\
                      Cross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\nConnection: close\r\n";
/// What is no page may load nothing.
const NOTHING: &str = "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";

/// An answer of a known length.
pub(in crate::control) fn response(status: u16, kind: &str, policy: &str, body: &[u8]) -> Vec<u8> {
    let policy = if policy.is_empty() { NOTHING } else { policy };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} {}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {length}\r\n{policy}{ALWAYS}\r\n",
        reason(status)
    );
    [head.as_bytes(), body].concat()
}

/// An answer that only says why there is no other.
pub(super) fn refusal(status: u16) -> Vec<u8> {
    let hint = if status == 401 { ": the address that was told at the start has a token" } else { "" };
    response(status, "text/plain", "", format!("{}{hint}\n", reason(status)).as_bytes())
}

/// The head of a stream of events, which a browser asks for again after two seconds when it breaks.
pub(in crate::control) fn stream_head() -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n{NOTHING}{ALWAYS}\r\nretry: 2000\n\n").into_bytes()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        411 => "Length Required",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        _ => "Service Unavailable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(text: &str) -> Request {
        match understand(text.as_bytes()) {
            Heard::Whole(request) => request,
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn requests_are_understood() {
        let request = whole("GET /events?token=ab&session=3 HTTP/1.1\r\nHost: localhost:1\r\nAccept:\t*/* \r\n\r\n");
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/events"));
        assert_eq!((request.asked("token"), request.asked("session"), request.asked("x")), (Some("ab"), Some("3"), None));
        assert_eq!((request.field("host"), request.field("accept")), (Some("localhost:1"), Some("*/*")));
        assert_eq!(whole("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcd").body, "abc");
        let twice = whole("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n");
        assert_eq!((twice.field("Host"), twice.has("Host")), (None, true));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for (text, status) in [
            ("get / HTTP/1.1\r\n\r\n", 400),
            ("\x16\x03\x01", 400),
            ("GET  / HTTP/1.1\r\n\r\n", 400),
            ("GET http://a/ HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/2\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nA : b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\n\r\n", 411),
            ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        ] {
            assert_eq!(understand(text.as_bytes()), Heard::Refused(status), "{text:?}");
        }
        assert_eq!(understand(&[b'A'; HEAD]), Heard::Refused(431));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(FIELDS + 1));
        assert_eq!(understand(many.as_bytes()), Heard::Refused(400));
    }

    #[test]
    fn the_beginning_of_a_request_is_waited_for() {
        let text = b"POST /command HTTP/1.1\r\nContent-Length: 2\r\n\r\nok";
        for end in 0..text.len() {
            assert_eq!(understand(&text[..end]), Heard::Part, "{end}");
        }
    }

    proptest! {
        #[test]
        fn garbage_harms_nothing(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            understand(&[b"GET / HTTP/1.1\r\n", &*bytes, b"\r\n\r\n"].concat());
            understand(&bytes);
        }
    }
}
