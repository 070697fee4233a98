//! Where a socket stands: `"unix:PATH"`, `"unixgram:PATH"`, `"tcp:HOST:PORT"`, `"udp:HOST:PORT"`.

use std::fmt;
use std::path::PathBuf;

use rustix::net::SocketAddrUnix;

use crate::error::{Error, Result};

/// Where a socket stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Address {
    /// A stream at a path.
    Unix(PathBuf),
    /// Datagrams at a path.
    Unixgram(PathBuf),
    /// A stream at a host's port.
    Tcp(String, u16),
    /// Datagrams at a host's port.
    Udp(String, u16),
}

impl Address {
    /// From what `option` says.
    pub(super) fn parse(option: &str, text: &str) -> Result<Self> {
        let wrong = |why: String| Error::Option {
            option: option.into(),
            text: why,
            hint: Some("write \"unix:PATH\", \"unixgram:PATH\", \"tcp:HOST:PORT\" or \"udp:HOST:PORT\"".into()),
        };
        let (kind, rest) = text.split_once(':').ok_or_else(|| wrong(format!("`{text}` does not begin with a kind of socket")))?;
        match kind {
            "unix" | "unixgram" => {
                let path = path(option, rest)?;
                Ok(if kind == "unix" { Self::Unix(path) } else { Self::Unixgram(path) })
            }
            "tcp" | "udp" => {
                let (host, port) = rest.rsplit_once(':').ok_or_else(|| wrong(format!("`{text}` names no port")))?;
                let port = port.parse().map_err(|_| wrong(format!("`{port}` is no port: a number up to 65535")))?;
                // An address of IPv6 stands in brackets, as in URLs.
                let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_owned();
                Ok(if kind == "tcp" { Self::Tcp(host, port) } else { Self::Udp(host, port) })
            }
            _ => Err(wrong(format!("there is no kind of socket `{kind}`"))),
        }
    }

    /// Whether what is sent there is a stream of bytes.
    pub(super) fn is_stream(&self) -> bool {
        matches!(self, Self::Unix(_) | Self::Tcp(..))
    }
}

/// A path that a socket can have.
pub(super) fn path(option: &str, text: &str) -> Result<PathBuf> {
    if text.is_empty() {
        return Err(Error::option(option, "names no path"));
    }
    // The system takes one more byte where nothing need end it, but others cannot read that.
    match SocketAddrUnix::new(text) {
        Ok(_) if text.len() < 108 => Ok(text.into()),
        _ => Err(Error::option(option, format!("`{text}` is too long: the path of a socket has 107 bytes at most"))),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = |host: &String| if host.contains(':') { format!("[{host}]") } else { host.clone() };
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Unixgram(path) => write!(f, "unixgram:{}", path.display()),
            Self::Tcp(name, port) => write!(f, "tcp:{}:{port}", host(name)),
            Self::Udp(name, port) => write!(f, "udp:{}:{port}", host(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_back() {
        for text in
            ["unix:/run/x.sock", "unixgram:dev/log", "tcp:192.0.2.1:514", "udp:[2001:db8::1]:0", "tcp:loghost.example:6514", "udp::514"]
        {
            assert_eq!(Address::parse("to", text).unwrap().to_string(), text);
        }
        assert_eq!(Address::parse("to", "tcp:::1:5").unwrap(), Address::Tcp("::1".into(), 5));
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_hint() {
        for (text, told) in [
            ("/run/x.sock", "does not begin with a kind of socket"),
            ("unx:/run/x", "there is no kind of socket `unx`"),
            ("tcp:host", "names no port"),
            ("tcp:host:70000", "`70000` is no port"),
            ("unix:", "names no path"),
        ] {
            let error = Address::parse("to", text).unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
        }
        assert!(Address::parse("to", &format!("unix:/{}", "x".repeat(107))).unwrap_err().to_string().contains("too long"));
    }
}
