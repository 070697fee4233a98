//! Messages as they come: of many parts, broken, hostile.

use proptest::prelude::*;

use super::SPEC;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::{Datum, json};

/// What comes out, as JSON with blobs as text; what failed, as nothing.
fn parse_with(message: &[u8], options: Vec<(&str, Given)>) -> Option<serde_json::Value> {
    let mut bench = Bench::new(&SPEC, options);
    let out = bench.feed(Datum::Bytes(message.into()));
    assert_eq!(out.len() as u64 + bench.errors(), 1);
    out.first().map(|datum| serde_json::from_str(&json::to_string(datum)).unwrap())
}

fn parse(message: &str) -> serde_json::Value {
    parse_with(message.as_bytes(), vec![("defects_setter", "defects".into())]).unwrap()
}

/// A message of two texts, a picture and a message within.
const MIXED: &str = "Subject: all\r\nContent-Type: multipart/mixed; boundary=\"outer\"\r\n\r\npreamble\r\n--outer\r\n\
    Content-Type: multipart/alternative; boundary=inner\r\n\r\n--inner\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\
    Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9\r\n--inner\r\nContent-Type: text/html\r\n\r\n<p>caf&eacute;</p>\r\n--inner--\r\n\
    --outer\r\nContent-Type: image/png; name=\"x.png\"\r\nContent-ID: <id@x>\r\nContent-Disposition: inline\r\n\
    Content-Transfer-Encoding: base64\r\n\r\niVBO\r\nRw==\r\n--outer\r\nContent-Type: message/rfc822\r\n\r\nSubject: within\r\n\r\ntext\r\n\
    --outer\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename*=utf-8''%C3%BC.txt\r\n\r\nattached\r\n--outer--\r\nepilogue\r\n";

#[test]
fn texts_and_attachments_come_in_their_order() {
    let mail = parse(MIXED);
    assert_eq!(mail["headers"][0], serde_json::json!({ "name": "Subject", "value": "all" }));
    let texts = mail["texts"].as_array().unwrap();
    assert_eq!(texts.iter().map(|text| text["text"].as_str().unwrap()).collect::<Vec<_>>(), ["café", "<p>caf&eacute;</p>"]);
    assert_eq!((&texts[0]["charset"], &texts[1]["content_type"]), (&"iso-8859-1".into(), &"text/html".into()));
    let attachments = mail["attachments"].as_array().unwrap();
    let told: Vec<_> = attachments
        .iter()
        .map(|one| (one["content_type"].as_str().unwrap(), one["filename"].as_str(), one["size"].as_i64().unwrap()))
        .collect();
    assert_eq!(told, [("image/png", Some("x.png"), 4), ("message/rfc822", None, 23), ("text/plain", Some("ü.txt"), 8)]);
    assert_eq!((&attachments[0]["content_id"], &attachments[0]["disposition"]), (&"id@x".into(), &"inline".into()));
    assert_eq!(mail["defects"], serde_json::json!([]));
}

#[test]
fn html_is_dropped_or_becomes_text_where_that_is_wanted() {
    let texts = |html: &str| parse_with(MIXED.as_bytes(), vec![("html", html.into())]).unwrap()["texts"].clone();
    assert_eq!(texts("drop").as_array().unwrap().len(), 1);
    assert_eq!(texts("text")[1]["text"].as_str().unwrap().trim(), "café");
}

#[test]
fn broken_mail_gives_what_is_there_and_says_what_is_wrong() {
    for (message, text, defect) in [
        ("no header at all\nbut lines\n", "no header at all\nbut lines\n", Some("bad_header")),
        ("\nonly a body", "only a body", None),
        ("Content-Type: nonsense\n\nx", "x", Some("bad_content_type")),
        ("Content-Type: multipart/mixed\n\nx", "x", Some("no_boundary")),
        ("Content-Type: multipart/mixed; boundary=b\n\nnone", "none", Some("no_boundary")),
        ("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n", "first\n", Some("no_end_boundary")),
        ("Content-Transfer-Encoding: base64\n\naGVs*bG8", "hello", Some("bad_encoding")),
        ("Content-Transfer-Encoding: uuencode\n\nx", "x", Some("unknown_encoding")),
        ("Content-Type: text/plain; charset=x-none\n\nx", "x", Some("unknown_charset")),
        ("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--bb\nmore\n--b--\n", "one\n--bb\nmore", None),
    ] {
        let mail = parse(message);
        assert_eq!(mail["texts"][0]["text"], text, "{message}");
        assert_eq!(
            mail["defects"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>(),
            defect.into_iter().collect::<Vec<_>>(),
            "{message}"
        );
    }
}

#[test]
fn what_would_take_too_much_fails() {
    let one = |n: usize| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n");
    let deep = (0..40).map(one).collect::<Vec<_>>().concat();
    assert_eq!(parse_with(deep.as_bytes(), vec![]), None);
    assert!(parse_with(deep.as_bytes(), vec![("max_depth", 40.into())]).is_some());
    let wide = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(1001));
    assert_eq!(parse_with(wide.as_bytes(), vec![]), None);
    assert_eq!(parse_with("a: b\n".repeat(10_001).as_bytes(), vec![]), None);
    assert_eq!(parse_with(b"", vec![]), None);
}

#[test]
fn options_that_cannot_work_are_refused_and_a_number_is_no_message() {
    assert!(Bench::refused(&SPEC, vec![("initial", "keep".into())]).contains("finds no map"));
    let mut bench = Bench::new(&SPEC, vec![]);
    bench.feed(Datum::Int(1));
    assert_eq!(bench.errors(), 1);
}

/// Pieces of which mail is made, and of which it is made wrongly.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "Content-Type: multipart/mixed; boundary=b\n",
        "Content-Type: text/html; charset=utf-7\n",
        "\n",
        "\r\n",
        "--b",
        "--b--",
        "\n--b\n",
        "=?utf-8?Q?=C3?=",
        "=?utf-8?B?",
        "?=",
        "filename*0*=utf-8''%",
        "Content-Disposition: attachment; ",
        "Content-Transfer-Encoding: base64\n",
        "Content-Transfer-Encoding: quoted-printable\n",
        "=",
        "=\n",
        "<p>",
        "<!--",
        "&#x",
        ";",
        "\"",
        "\\",
        "(",
        " ",
        "Subject: ",
        "Content-Type: multipart/digest; boundary=\"b\"\n",
        "charset=iso-2022-jp",
        "\u{1b}$B",
        "&",
    ];
    prop_oneof![prop::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()), prop::collection::vec(any::<u8>(), 0..8)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn no_bytes_make_it_panic(pieces in prop::collection::vec(piece(), 1..40), html in prop::sample::select(vec!["keep", "text"])) {
        let message = pieces.concat();
        let mail = parse_with(&message, vec![("html", html.into()), ("defects_setter", "defects".into())]);
        prop_assert_eq!(mail.is_none(), message.is_empty());
    }

    #[test]
    fn what_base64_encodes_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(&bytes);
        prop_assert_eq!(super::decode::base64(text.as_bytes()), (bytes, true));
    }
}
