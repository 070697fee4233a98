//! Mail: the examples of RFC 2047, section 8, and of RFC 2231, sections 3 to 5, each in a message of its own.

use deadbeat::datum::{Datum, Path};

use super::stand;

/// A header as it stands in a message, and its value. RFC 2047, section 8, in its order; lines are folded as there.
const HEADERS: &[(&str, &str)] = &[
    ("From: =?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"),
    ("To: =?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= <keld@dkuug.dk>", "Keld Jørn Simonsen <keld@dkuug.dk>"),
    ("CC: =?ISO-8859-1?Q?Andr=E9?= Pirard <PIRARD@vm1.ulg.ac.be>", "André Pirard <PIRARD@vm1.ulg.ac.be>"),
    (
        "Subject: =?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n    =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
        "If you can read this you understand the example.",
    ),
    ("From: =?ISO-8859-1?Q?Olle_J=E4rnefors?= <ojarnef@admin.kth.se>", "Olle Järnefors <ojarnef@admin.kth.se>"),
    ("To: ietf-822@dimacs.rutgers.edu, ojarnef@admin.kth.se", "ietf-822@dimacs.rutgers.edu, ojarnef@admin.kth.se"),
    ("From: Patrik F=?ISO-8859-1?Q?=E4ltstr=F6m?= <paf@nada.kth.se>", "Patrik Fältström <paf@nada.kth.se>"),
    (
        "From: Nathaniel Borenstein <nsb@thumper.bellcore.com>\r\n      (=?iso-8859-8?b?7eXs+SDv4SDs6Pj08A==?=)",
        "Nathaniel Borenstein <nsb@thumper.bellcore.com>      (םולש ןב לטרפנ)",
    ),
    // The table of how encoded words and blanks show.
    ("C: (=?ISO-8859-1?Q?a?=)", "(a)"),
    ("C: (=?ISO-8859-1?Q?a?= b)", "(a b)"),
    ("C: (=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
    ("C: (=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)"),
    ("C: (=?ISO-8859-1?Q?a?=\r\n       =?ISO-8859-1?Q?b?=)", "(ab)"),
    ("C: (=?ISO-8859-1?Q?a_b?=)", "(a b)"),
    ("C: (=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
    // RFC 2231, section 5: with a language.
    ("From: =?US-ASCII*EN?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"),
    // RFC 2047, section 6.3: what is no encoded word shows as it stands.
    ("C: =?us-ascii?Q?never closed", "=?us-ascii?Q?never closed"),
];

/// Fields of a part, and the name of its file. RFC 2231's examples, the parameter being that of the name.
const NAMES: &[(&str, &str)] = &[
    // Section 3: continuations.
    (
        "Content-Disposition: attachment; filename*0=\"ftp://\";\r\n filename*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"",
        "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar",
    ),
    // Section 4: charset and language.
    ("Content-Disposition: attachment;\r\n filename*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "This is ***fun***"),
    // Section 4.1: both.
    (
        "Content-Disposition: attachment;\r\n filename*0*=us-ascii'en'This%20is%20even%20more%20;\r\n filename*1*=%2A%2A%2Afun%2A%2A%2A%20;\r\n filename*2=\"isn't it!\"",
        "This is even more ***fun*** isn't it!",
    ),
    // Where the disposition names none, the type does.
    ("Content-Type: application/x-stuff;\r\n name*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "This is ***fun***"),
];

fn parsed(message: &str, path: &str) -> String {
    let mail = stand("email::email_parse()").answer(Datum::from(message)).unwrap_or_else(|error| panic!("{error}: {message}"));
    let path = Path::parse(path).expect("it is a path");
    path.get(&mail[0]).map_or_else(|| panic!("nothing there: {message}"), |value| value.piece().into_owned())
}

#[test]
fn encoded_words_of_rfc_2047() {
    for (field, wanted) in HEADERS {
        assert_eq!(parsed(&format!("{field}\r\n\r\ntext\r\n"), "headers[0].value"), *wanted, "{field}");
    }
}

#[test]
fn parameters_of_rfc_2231() {
    for (field, wanted) in NAMES {
        let type_of = if field.starts_with("Content-Type") { "" } else { "Content-Type: application/octet-stream\r\n" };
        assert_eq!(parsed(&format!("{type_of}{field}\r\n\r\ntext\r\n"), "attachments[0].filename"), *wanted, "{field}");
    }
}
