//! Why a request came to nothing: a short word and a text that shows no secrets.

use std::fmt;
use std::io;

use reqwest::Url;

use crate::error::plain;

/// What went wrong with a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    /// Which kind of fault it is.
    pub(super) word: Word,
    /// The address, without user and query.
    url: String,
    text: String,
}

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// The host has no address.
    Name,
    /// Nobody listens there, or the connection broke.
    Connect,
    /// TLS: above all, a certificate that is not to be trusted.
    Tls,
    Timeout,
    /// A status that is not wanted.
    Status,
    /// A redirect that must not be followed.
    Redirect,
    /// Too many bytes of headers or body.
    Size,
    /// The answer ended too early.
    Cut,
    /// The answer is no HTTP, or not in the encoding that it says.
    Garbled,
    /// The request itself cannot be made.
    Request,
}

impl Fault {
    pub(super) fn new(word: Word, url: &Url, text: impl Into<String>) -> Self {
        Self { word, url: shown(url), text: text.into() }
    }

    /// Without the address.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What that error of the library means.
    pub(super) fn of(error: &reqwest::Error, url: &Url) -> Self {
        let causes = Causes::of(error);
        if error.is_timeout() {
            let what = if error.is_connect() { "no connection within `connect_timeout`" } else { "no answer in time" };
            return Self::new(Word::Timeout, url, what);
        }
        if let Some(text) = causes.tls {
            return Self::new(Word::Tls, url, text);
        }
        if error.is_connect() {
            let word = if causes.last.contains("has no address") { Word::Name } else { Word::Connect };
            return Self::new(word, url, format!("no connection: {}", causes.last));
        }
        if causes.too_large {
            return Self::new(Word::Size, url, "the headers of the answer are too many or too long");
        }
        if causes.cut {
            return Self::new(Word::Cut, url, "the answer was cut short");
        }
        if error.is_builder() || error.is_request() && causes.last == "builder error" {
            return Self::new(Word::Request, url, causes.last);
        }
        if error.is_decode() || error.is_body() {
            return Self::new(Word::Garbled, url, format!("the answer cannot be read: {}", causes.last));
        }
        if causes.io {
            return Self::new(Word::Connect, url, format!("the connection broke: {}", causes.last));
        }
        Self::new(Word::Garbled, url, format!("the answer is no HTTP: {}", causes.last))
    }
}

impl Word {
    /// As scripts are told it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Status => "status",
            Self::Redirect => "redirect",
            Self::Size => "size",
            Self::Cut => "cut",
            Self::Garbled => "garbled",
            Self::Request => "request",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.url, self.text)
    }
}

/// Whether a connection that had been kept was closed by the other side before it answered.
pub(super) fn is_stale(error: &reqwest::Error) -> bool {
    let causes = Causes::of(error);
    !error.is_timeout() && !error.is_connect() && (causes.cut || causes.io) && causes.tls.is_none()
}

/// What stands behind an error of the library.
#[derive(Default)]
struct Causes {
    /// The innermost text.
    last: String,
    tls: Option<String>,
    cut: bool,
    io: bool,
    too_large: bool,
}

impl Causes {
    fn of(error: &reqwest::Error) -> Self {
        let mut causes = Self::default();
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(cause) = next {
            causes.last = match cause.downcast_ref::<io::Error>() {
                Some(error) => plain(error),
                None => cause.to_string(),
            };
            causes.look(cause);
            next = cause.source();
            // An error of the system hides what it was made of.
            if let Some(inner) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                next = Some(inner);
            }
        }
        if causes.last.starts_with("error sending request") || causes.last.contains("://") {
            causes.last = "it could not be sent".into();
        }
        causes
    }

    fn look(&mut self, cause: &(dyn std::error::Error + 'static)) {
        if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            self.tls = Some(super::tls::told(error));
        }
        if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            self.cut |= error.is_incomplete_message() || error.is_closed() || error.is_canceled();
            self.too_large |= error.is_parse_too_large();
        }
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            self.io = true;
            self.cut |= matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
            );
        }
        // hyper does not tell of a body that ends before its length by a kind of its own.
        self.cut |= cause.to_string().contains("before message length reached") || cause.to_string().contains("unexpected EOF");
    }
}

/// An address for logs: without user and query.
pub(super) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_secrets() {
        let url = Url::parse("https://user:pass@Host.example:8443/a/b?key=1#part").unwrap();
        assert_eq!(shown(&url), "https://host.example:8443/a/b");
        let fault = Fault::new(Word::Timeout, &url, "no answer in time");
        assert_eq!(fault.to_string(), "`https://host.example:8443/a/b`: no answer in time");
    }
}
