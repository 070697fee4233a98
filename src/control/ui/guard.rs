//! Who may see the page: whoever knows its token, from this machine, by a name of this machine.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};

use super::http::Request;

/// Bytes from the system, in hexadecimal.
pub(super) fn random() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// Whether two texts are the same, in a time that does not tell how far they are.
fn are_same(a: &str, b: &str) -> bool {
    let differs = a.bytes().zip(b.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b));
    a.len() == b.len() && std::hint::black_box(differs) == 0
}

/// Whether `host` is this machine at that port. A name of somebody else that points here is not: a page of theirs that is open in the
/// same browser could ask under it (DNS rebinding).
fn is_here(host: &str, port: u16) -> bool {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback() && address.port() == port;
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return address.is_loopback() && port == 80;
    }
    let (name, number) = host.rsplit_once(':').unwrap_or((host, "80"));
    name.eq_ignore_ascii_case("localhost") && number == port.to_string()
}

/// Why a request is refused, if it is.
pub(super) fn refuses(request: &Request, port: u16, token: &str) -> Option<u16> {
    match request.field("Host") {
        None => return Some(400),
        Some(host) if !is_here(host, port) => return Some(403),
        Some(_) => {}
    }
    // Pages of others may send requests, if they cannot read what comes of them.
    let own = |origin: &str| origin.strip_prefix("http://").is_some_and(|host| is_here(host, port));
    if request.has("Origin") && !request.field("Origin").is_some_and(own) {
        return Some(403);
    }
    // A link to the page may stand anywhere.
    if request.path != "/" && request.field("Sec-Fetch-Site").is_some_and(|site| matches!(site, "cross-site" | "same-site")) {
        return Some(403);
    }
    (!request.asked("token").is_some_and(|given| are_same(given, token))).then_some(401)
}

#[cfg(test)]
mod tests {
    use super::super::http::{Heard, understand};
    use super::*;

    fn asked(query: &str, fields: &str) -> Option<u16> {
        let text = format!("GET /events{query} HTTP/1.1\r\n{fields}\r\n");
        let Heard::Whole(request) = understand(text.as_bytes()) else { panic!("{text}") };
        refuses(&request, 8080, "0123abcd")
    }

    #[test]
    fn only_names_of_this_machine_are_served() {
        for host in ["127.0.0.1:8080", "localhost:8080", "LocalHost:8080", "[::1]:8080", "127.9.9.9:8080"] {
            assert_eq!(asked("?token=0123abcd", &format!("Host: {host}\r\n")), None, "{host}");
        }
        for host in ["evil.example:8080", "127.0.0.1", "127.0.0.1:8081", "localhost", "localhost.evil.example:8080", "192.0.2.1:8080", ""] {
            assert_eq!(asked("?token=0123abcd", &format!("Host: {host}\r\n")), Some(403), "{host}");
        }
        assert_eq!(asked("?token=0123abcd", ""), Some(400));
        assert_eq!(asked("?token=0123abcd", "Host: localhost:8080\r\nHost: localhost:8080\r\n"), Some(400));
        assert!(is_here("localhost", 80) && is_here("127.0.0.1", 80) && is_here("[::1]", 80));
    }

    #[test]
    fn nothing_is_told_without_the_token() {
        for query in ["", "?token=", "?token=0123abce", "?token=0123abc", "?token=0123abcdd", "?tokens=0123abcd", "?token=0123ABCD"] {
            assert_eq!(asked(query, "Host: localhost:8080\r\n"), Some(401), "{query}");
        }
    }

    #[test]
    fn pages_of_others_are_refused() {
        let host = "Host: localhost:8080\r\n";
        for field in ["Origin: http://evil.example", "Origin: null", "Origin: https://localhost:8080", "Sec-Fetch-Site: cross-site"] {
            assert_eq!(asked("?token=0123abcd", &format!("{host}{field}\r\n")), Some(403), "{field}");
        }
        for field in ["Origin: http://127.0.0.1:8080", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none"] {
            assert_eq!(asked("?token=0123abcd", &format!("{host}{field}\r\n")), None, "{field}");
        }
    }

    #[test]
    fn tokens_differ_and_are_long() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert!(one.len() == 32 && one != other, "{one} {other}");
    }
}
