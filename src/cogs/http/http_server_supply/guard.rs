//! Who may send: a user with a password, or who has a token.

use hyper::header::HeaderValue;
use ring::digest::{Digest, SHA256, digest};

/// What must stand in `Authorization`. Sums are compared in place of the secrets: how long that takes tells nothing of them.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    scheme: &'static str,
    wanted: Digest,
}

impl Guard {
    /// From such a header, as a client would send it.
    pub(super) fn of(header: &HeaderValue) -> Option<Self> {
        let (scheme, token) = halves(header)?;
        let scheme = ["Basic", "Bearer"].into_iter().find(|known| known.as_bytes().eq_ignore_ascii_case(scheme))?;
        Some(Self { scheme, wanted: digest(&SHA256, token) })
    }

    /// Whether that is what was wanted.
    pub(super) fn admits(&self, header: Option<&HeaderValue>) -> bool {
        let Some((scheme, token)) = header.and_then(halves) else { return false };
        let same = digest(&SHA256, token).as_ref() == self.wanted.as_ref();
        scheme.eq_ignore_ascii_case(self.scheme.as_bytes()) && same
    }

    /// What one who has it not is told.
    pub(super) fn challenge(&self) -> &'static str {
        if self.scheme == "Basic" { "Basic realm=\"deadbeat\", charset=\"UTF-8\"" } else { "Bearer" }
    }
}

fn halves(header: &HeaderValue) -> Option<(&[u8], &[u8])> {
    let bytes = header.as_bytes();
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    Some((&bytes[..space], bytes[space..].trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_secret_is_admitted() {
        let guard = Guard::of(&HeaderValue::from_static("Bearer geheim")).unwrap();
        for (header, admitted) in [
            ("Bearer geheim", true),
            ("bearer  geheim", true),
            ("Basic geheim", false),
            ("Bearer gehei", false),
            ("Bearer geheim2", false),
            ("geheim", false),
        ] {
            assert_eq!(guard.admits(Some(&HeaderValue::from_static(header))), admitted, "{header}");
        }
        assert!(!guard.admits(None) && !format!("{guard:?}").contains("geheim"));
    }
}
