//! Numbers of cards and accounts in free text, told from other numbers by their check digits.
//!
//! Both are written together or in groups with blanks or hyphens between, so that other numbers may stand right beside them: from each
//! group on, as many are tried as can be one number.

use super::Tell;

/// Most digits of a card's number, and letters of an account's.
const LONGEST_CARD: usize = 19;
const LONGEST_ACCOUNT: usize = 34;

/// A group of letters and digits that touches no others: where it begins and ends.
type Group = (usize, usize);

/// The groups that `is_part` makes of a text, each with what stands between it and the one before: a blank or hyphen, or nothing known.
fn groups(text: &str, is_part: fn(u8) -> bool) -> Vec<(Group, Option<u8>)> {
    let bytes = text.as_bytes();
    let mut groups: Vec<(Group, Option<u8>)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let (from, to) = (at, at + length);
        if length > 0 && length <= LONGEST_ACCOUNT && bytes[from..to].iter().all(|byte| is_part(*byte)) && !is_fraction(bytes, from, to) {
            let joint = groups.last().filter(|((_, end), _)| end + 1 == from).map(|_| bytes[from - 1]);
            groups.push(((from, to), joint.filter(|byte| matches!(byte, b' ' | b'-'))));
        }
        at = to + 1;
    }
    groups
}

/// Whether it is a part of a number with a point: `0.4111111111111111`.
fn is_fraction(bytes: &[u8], from: usize, to: usize) -> bool {
    let point = |at: usize| bytes.get(at) == Some(&b'.');
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (from >= 2 && point(from - 1) && digit(from - 2)) || (point(to) && digit(to + 1))
}

/// Tells the longest number that begins at each group.
///
/// `shape` says whether a group of that length may stand there, being the first or a later one, and whether others may follow it; `check` whether all is a number.
fn numbers(
    text: &str,
    groups: &[(Group, Option<u8>)],
    longest: usize,
    follows: fn(usize) -> bool,
    check: fn(&[u8]) -> bool,
    tell: Tell<'_>,
) {
    let bytes = text.as_bytes();
    let mut number = Vec::with_capacity(longest);
    for (place, ((from, _), _)) in groups.iter().enumerate() {
        number.clear();
        let (mut found, mut joint) = (None, None);
        for ((start, end), before) in &groups[place..] {
            if !number.is_empty() {
                // All groups of a number have the same between them.
                if before.is_none() || joint.is_some_and(|joint| joint != *before) {
                    break;
                }
                joint = Some(*before);
            }
            if number.len() + (end - start) > longest {
                break;
            }
            number.extend_from_slice(&bytes[*start..*end]);
            if check(&number) {
                found = Some(*end);
            }
            if !follows(end - start) {
                break;
            }
        }
        if let Some(end) = found {
            tell(*from, end);
        }
    }
}

/// Tells where numbers of payment cards are.
pub(super) fn cards(text: &str, tell: Tell<'_>) {
    let groups = groups(text, |byte| byte.is_ascii_digit());
    numbers(text, &groups, LONGEST_CARD, |length| (4..=6).contains(&length), is_card, tell);
}

/// Tells where numbers of accounts are.
pub(super) fn accounts(text: &str, tell: Tell<'_>) {
    let groups = groups(text, |byte| byte.is_ascii_alphanumeric());
    numbers(text, &groups, LONGEST_ACCOUNT, |length| length == 4, is_account, tell);
}

/// Whether these digits are a number that some issuer gives (ISO/IEC 7812), and the last of them checks the others (Luhn).
fn is_card(digits: &[u8]) -> bool {
    let issued = match (digits.len(), digits[0]) {
        (13, first) => first == b'4',
        (14, first) => first == b'3',
        (15, first) => matches!(first, b'1'..=b'3'),
        (16, first) => matches!(first, b'2'..=b'6' | b'8' | b'9'),
        (17..=19, first) => matches!(first, b'4'..=b'6'),
        _ => false,
    };
    let digit = |(place, digit): (usize, &u8)| {
        let digit = u32::from(digit - b'0');
        if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
    };
    issued && digits.iter().rev().enumerate().map(digit).sum::<u32>().is_multiple_of(10)
}

/// Whether these are country, check digits and an account, and the digits check it (ISO 13616, ISO 7064 MOD 97-10).
fn is_account(letters: &[u8]) -> bool {
    let [first, second, tens, ones, account @ ..] = letters else { return false };
    if letters.len() < 15
        || !first.is_ascii_alphabetic()
        || !second.is_ascii_alphabetic()
        || !tens.is_ascii_digit()
        || !ones.is_ascii_digit()
    {
        return false;
    }
    let rest = account.iter().chain(&letters[..4]).fold(0_u32, |rest, letter| match char::from(*letter).to_digit(36) {
        Some(value @ 10..) => (rest * 100 + value) % 97,
        Some(value) => (rest * 10 + value) % 97,
        None => rest,
    });
    rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(find: fn(&str, Tell<'_>), text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        find(text, &mut |from, to| found.push(&text[from..to]));
        found
    }

    #[test]
    fn cards_as_issuers_publish_them_for_tests() {
        for number in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "5500000000000004",
            "3782 822463 10005",
            "3056 930902 5904",
            "6011000990139424",
            "3530111333300000",
            "4222222222222",
            "2223003122003222",
            "6304000000000000000",
        ] {
            assert_eq!(found(cards, &format!("paid with {number}.")), [number]);
        }
        assert_eq!(found(cards, "order 12 4111 1111 1111 1111 2026"), ["4111 1111 1111 1111"]);
        assert_eq!(found(cards, "4111111111111111,5500000000000004"), ["4111111111111111", "5500000000000004"]);
    }

    #[test]
    fn other_numbers_are_no_cards() {
        for text in [
            "4111111111111112",
            "41111111111111111",
            "x4111111111111111",
            "0.4111111111111111",
            "4111 1111-1111 1111",
            "4111  1111 1111 1111",
            "0000000000000000",
            "1714989600000",
            "1714989600000000000",
            "2024-05-06 10:00:00",
            "41 11 11 11 11 11 11 11",
        ] {
            assert_eq!(found(cards, text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn accounts_as_the_standard_shows_them() {
        for number in ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "NO93 8601 1117 947", "mt84malt011000012345mtlcast001s"] {
            assert_eq!(found(accounts, &format!("to {number} please")), [number]);
        }
        assert_eq!(found(accounts, "IBAN DE89 3704 0044 0532 0130 00 and more"), ["DE89 3704 0044 0532 0130 00"]);
        for text in ["GB82 WEST 1234 5698 7654 33", "xDE89370400440532013000", "GB82", "ZZ00"] {
            assert_eq!(found(accounts, text), Vec::<&str>::new(), "{text}");
        }
    }
}
