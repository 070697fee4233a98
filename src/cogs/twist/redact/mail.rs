//! Mail addresses in free text: RFC 5321 with the names of RFC 6531, without what only looks like part of one.
//!
//! From each `@` the name is sought to the left and the host to the right, and neither passes another `@`.

use super::Tell;

/// Longest quoted name that is looked for.
const LONGEST_QUOTED: usize = 256;

/// Tells where mail addresses are.
pub(super) fn find(text: &str, tell: Tell<'_>) {
    for at in memchr::memchr_iter(b'@', text.as_bytes()) {
        if let (Some(from), Some(to)) = (name(&text[..at]), host(&text[at + 1..])) {
            tell(from, at + 1 + to);
        }
    }
}

/// Letters of a name in free text. What else RFC 5322 allows there stands between words in practice, as in an URL's `?to=ada@example.org`.
fn in_name(letter: char) -> bool {
    letter.is_alphanumeric() || is_mark(letter) || matches!(letter, '.' | '_' | '%' | '+' | '-' | '\'' | '=')
}

/// An accent that stands for itself, as decomposed text has them.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

/// Where the name begins that ends `before`.
fn name(before: &str) -> Option<usize> {
    if let Some(inner) = before.strip_suffix('"') {
        let near = inner.len().saturating_sub(LONGEST_QUOTED);
        return memchr::memrchr(b'"', &inner.as_bytes()[near..]).map(|at| near + at);
    }
    let start = before.trim_end_matches(in_name).len();
    let mut name = before[start..].trim_start_matches(['.', '\'', '=', '-', '%']);
    // `user=ada@…`: the word says what follows. What VERP or BATV put before a `=` is no such word.
    if let Some((word, rest)) = name.split_once('=')
        && !rest.is_empty()
        && word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
    {
        name = rest.trim_start_matches(['\'', '=']);
    }
    (!name.is_empty()).then(|| before.len() - name.len())
}

/// Where the host ends that begins `after`.
fn host(after: &str) -> Option<usize> {
    if let Some(literal) = after.strip_prefix('[') {
        let end = literal.bytes().position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'.' | b':'))?;
        return (literal.as_bytes()[end] == b']' && literal[..end].contains(['.', ':'])).then_some(end + 2);
    }
    let is_dot = |letter: char| matches!(letter, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
    let in_host = |letter: char| letter.is_alphanumeric() || is_mark(letter) || letter == '-' || is_dot(letter);
    let mut host = &after[..after.find(|letter| !in_host(letter)).unwrap_or(after.len())];
    // From its end what cannot be a top level domain is left away: a full stop, a number.
    loop {
        host = host.trim_end_matches(|letter| letter == '-' || is_dot(letter));
        let dot = host.rfind(is_dot)?;
        let top = host[dot..].trim_start_matches(is_dot);
        let whole = !host.starts_with(is_dot) && !host.starts_with('-');
        if top.chars().count() >= 2 && !top.starts_with(|letter: char| letter.is_ascii_digit()) {
            return whole.then_some(host.len());
        }
        host = &host[..dot];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        find(text, &mut |from, to| found.push(&text[from..to]));
        found
    }

    #[test]
    fn addresses_in_all_their_forms() {
        for (text, wanted) in [
            ("mail ada@example.org.", "ada@example.org"),
            ("<ada.b+lists%x@mail.example.co.uk>", "ada.b+lists%x@mail.example.co.uk"),
            ("(o'brien@example.org)", "o'brien@example.org"),
            ("'ada@example.org'", "ada@example.org"),
            ("mailto:ada@example.org?subject=x", "ada@example.org"),
            ("https://h.example/?to=ada@example.org&x=1", "ada@example.org"),
            ("https://ada@host.example/path", "ada@host.example"),
            ("user=ada@example.org, from=<b", "ada@example.org"),
            ("bounce-7=ada=example.net@lists.example.org", "bounce-7=ada=example.net@lists.example.org"),
            ("жанна@пример.рф", "жанна@пример.рф"),
            ("ada@bücher.example!", "ada@bücher.example"),
            ("ada@xn--bcher-kva.xn--p1ai", "ada@xn--bcher-kva.xn--p1ai"),
            ("用户@例子。公司", "用户@例子。公司"),
            ("\"ada b\"@example.org", "\"ada b\"@example.org"),
            ("ada@[192.0.2.1]", "ada@[192.0.2.1]"),
            ("ada@[IPv6:2001:db8::1].", "ada@[IPv6:2001:db8::1]"),
            ("ada@example.org.7", "ada@example.org"),
            ("ADA@EXAMPLE.ORG_old", "ADA@EXAMPLE.ORG"),
            ("Gr\u{75}\u{308}n@example.org", "Gr\u{75}\u{308}n@example.org"),
        ] {
            assert_eq!(found(text), [wanted], "{text}");
        }
        assert_eq!(found("a@example.org,b@example.net;c@example.com"), ["a@example.org", "b@example.net", "c@example.com"]);
    }

    #[test]
    fn what_only_has_the_sign_is_none() {
        for text in [
            "",
            "@",
            "ada@",
            "@example.org",
            "a @ b.example",
            "ada@host",
            "lodash@4.17.21",
            "x@.example.org",
            "ada@-.org",
            "ada@[x]",
            "u@h.c",
        ] {
            assert_eq!(found(text), Vec::<&str>::new(), "{text}");
        }
    }
}
