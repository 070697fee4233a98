//! The lines of a stream, however reads cut it.

use std::convert::Infallible;
use std::rc::Rc;

use proptest::prelude::*;

use super::{DECODE_ERRORS, ENCODING, LONG_LINE, MAX_LINE, SEPARATOR, STRIP_CR};
use super::{Line, Options, Splitter};
use crate::cog::{Args, CogSpec, Given, Kind, Page};
use crate::datum::Datum;

/// A supply with the options of lines alone.
static SPEC: CogSpec = CogSpec {
    family: "test",
    name: "lines",
    kind: Kind::Supply,
    about: "",
    page: Page::OF_KIND,
    params: &[SEPARATOR, STRIP_CR, ENCODING, DECODE_ERRORS, MAX_LINE, LONG_LINE],
    first: None,
    global: false,
    examples: &[],
    build: |_| unreachable!("only its options are asked for"),
};

/// A line, or `!` and what there is of one that failed; and where it ends.
type Shown = (String, u64);

fn options(given: Vec<(&str, Given)>) -> Rc<Options> {
    Rc::new(Options::of(&Args::of(&SPEC, given)).unwrap())
}

fn show(line: Line) -> Shown {
    let show = |datum: &Datum| match datum {
        Datum::Bytes(bytes) => bytes.escape_ascii().to_string(),
        other => other.piece().into_owned(),
    };
    match line.what {
        Ok(datum) => (show(&datum), line.end),
        Err(unfit) => (format!("!{}", show(&unfit.datum)), line.end),
    }
}

fn feed(lines: &mut Splitter, bytes: &[u8]) {
    let read = |into: &mut Vec<u8>| {
        into.extend_from_slice(bytes);
        Ok::<(), Infallible>(())
    };
    let Ok(_) = lines.feed(bytes.len(), read);
}

/// All lines of `pieces`, at most `limit` given out at once.
fn split(options: &Rc<Options>, pieces: &[&[u8]], limit: usize) -> Vec<Shown> {
    let mut lines = Splitter::new(options, 0);
    let mut all = Vec::new();
    for piece in pieces {
        feed(&mut lines, piece);
        while lines.has_lines() {
            let left = lines.give_plain(limit, |datum, end| all.push(show(Line { what: Ok(datum), end })));
            lines.give(left, &mut |line| all.push(show(line)));
        }
    }
    lines.end(|line| all.push(show(line)));
    all
}

fn texts(given: Vec<(&str, Given)>, pieces: &[&[u8]]) -> Vec<String> {
    split(&options(given), pieces, usize::MAX).into_iter().map(|(text, _)| text).collect()
}

#[test]
fn lines_end_at_separators_and_know_their_places() {
    let lines = split(&options(vec![]), &[b"a\r\n\nb\0c\n", b"d"], 9);
    assert_eq!(lines, [("a".into(), 3), (String::new(), 4), ("b\0c".into(), 8), ("d".into(), 9)]);
    assert_eq!(texts(vec![("strip_cr", false.into())], &[b"a\r\n"]), ["a\r"]);
    assert_eq!(texts(vec![], &[b"\xef\xbb", b"\xbfa\n\xef\xbb\xbfb\n"]), ["a", "\u{feff}b"]);
}

#[test]
fn separators_may_be_longer_than_a_byte() {
    let double = || vec![("separator", "aa".into())];
    assert_eq!(texts(double(), &[b"xa", b"aaay", b"aa"]), ["x", "", "y"]);
    assert_eq!(texts(double(), &[b"xaaay"]), ["x", "ay"]);
    let blob = || vec![("separator", Given::Datum(Datum::Bytes([0xff, 0].as_slice().into())))];
    assert_eq!(texts(blob(), &[b"a\xff", b"\0\xc4\x8d\xff\0"]), ["a", "č"]);
}

#[test]
fn what_is_no_text_is_replaced_left_out_or_fails() {
    let bytes: &[&[u8]] = &[b"ok\n\xc4", b"\x8d\xff.\nend\xc4"];
    let with = |word: &str| texts(vec![("decode_errors", word.into())], bytes);
    assert_eq!(with("replace"), ["ok", "č\u{fffd}.", "end\u{fffd}"]);
    assert_eq!(with("ignore"), ["ok", "č.", "end"]);
    assert_eq!(with("fail"), ["ok", "!\\xc4\\x8d\\xff.", "!end\\xc4"]);
    assert_eq!(texts(vec![("encoding", "bytes".into())], bytes)[1], "\\xc4\\x8d\\xff.");
}

#[test]
fn other_encodings_are_decoded_before_they_are_cut() {
    let utf16: Vec<u8> = "a\r\nč😀\nb".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let pieces: Vec<&[u8]> = utf16.chunks(3).collect();
    assert_eq!(texts(vec![("encoding", "utf-16le".into())], &pieces), ["a", "č😀", "b"]);
    let fails = vec![("encoding", "iso-8859-3".into()), ("decode_errors", "fail".into())];
    assert_eq!(texts(fails, &[b"\xa1\n\xa5x\n\xa1\n"]), ["Ħ", "!\u{fffd}x", "Ħ"]);
}

#[test]
fn long_lines_are_split_truncated_or_fail() {
    let with = |word: &str| {
        texts(vec![("max_line", 4.into()), ("long_line", word.into())], &[b"abcd\r\n", "abč".as_bytes(), b"defg\nx\n1234", b"56789"])
    };
    assert_eq!(with("split"), ["abcd", "abč", "defg", "x", "1234", "5678", "9"]);
    assert_eq!(with("truncate"), ["abcd", "abč", "x", "1234"]);
    assert_eq!(with("fail"), ["abcd", "!abč", "x", "!1234"]);
}

#[test]
fn an_endless_line_takes_little_memory() {
    for word in ["split", "truncate", "fail"] {
        let mut lines = Splitter::new(&options(vec![("max_line", 10_000.into()), ("long_line", word.into())]), 0);
        let mut count = 0;
        for _ in 0..1000 {
            feed(&mut lines, &[b'x'; 4096]);
            lines.give(usize::MAX, &mut |_| count += 1);
            assert!(lines.tail.capacity() < 64 * 1024, "{word}");
        }
        feed(&mut lines, b"\nnext\n");
        lines.give(usize::MAX, &mut |_| count += 1);
        assert_eq!(count, if word == "split" { 411 } else { 2 }, "{word}");
    }
}

#[test]
fn a_held_line_of_a_trickle_keeps_little_memory() {
    let mut lines = Splitter::new(&options(vec![]), 0);
    let Ok(_) = lines.feed(64 * 1024, |into| {
        into.extend_from_slice(b"short\nrest");
        Ok::<(), Infallible>(())
    });
    match &lines.ready.as_ref().unwrap().body {
        super::Body::Text(block) => assert!(block.capacity() < 64),
        super::Body::Raw(_) => panic!("it is text"),
    }
    assert!(lines.tail.capacity() < 64);
}

#[test]
fn an_unfinished_line_given_early_is_not_given_twice() {
    let mut lines = Splitter::new(&options(vec![]), 0);
    let mut all = Vec::new();
    feed(&mut lines, b"beg\xc4");
    lines.give_unfinished(|line| all.push(show(line).0));
    lines.give_unfinished(|line| all.push(show(line).0));
    feed(&mut lines, b"\x8d\r");
    lines.give_unfinished(|line| all.push(show(line).0));
    feed(&mut lines, b"\n\nnext\n");
    lines.give(9, &mut |line| all.push(show(line).0));
    assert_eq!(all, ["beg", "č", "", "next"]);
}

/// Bytes in which separators, carriage returns, letters and rubbish are frequent.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[a-dč😀]{0,6}".prop_map(String::into_bytes),
        3 => Just(b"\n".to_vec()),
        1 => Just(b"\r\n".to_vec()),
        1 => Just(b"ab".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..3),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_of_a_stream_gives_the_same_lines(
        bytes in stream(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        limit in 1..4_usize,
        max in prop_oneof![4..12_i64, Just(1000)],
        separator in prop::sample::select(vec!["\n", "ab", "\r\n"]),
        encoding in prop::sample::select(vec!["utf-8", "utf-8", "bytes", "utf-16le", "windows-1250"]),
        bad in prop::sample::select(vec!["replace", "fail", "ignore"]),
        long in prop::sample::select(vec!["split", "truncate", "fail"]),
        strip in any::<bool>(),
    ) {
        let options = options(vec![
            ("max_line", max.into()), ("separator", separator.into()), ("encoding", encoding.into()), ("decode_errors", bad.into()),
            ("long_line", long.into()), ("strip_cr", strip.into()),
        ]);
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.sort_unstable();
        let ends = places.iter().copied().chain([bytes.len()]);
        let starts = [0].into_iter().chain(places.iter().copied());
        let pieces: Vec<&[u8]> = starts.zip(ends).map(|(start, end)| &bytes[start..end]).collect();
        let (mut whole, mut cut) = (split(&options, &[&bytes], usize::MAX), split(&options, &pieces, limit));
        if matches!(encoding, "utf-16le" | "windows-1250") {
            // There a line's place is that of the read which brought it.
            whole.iter_mut().chain(&mut cut).for_each(|line| line.1 = 0);
        }
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn lines_are_what_splitting_gives(text in "[a-cč\n\r]{0,60}") {
        let mut wanted: Vec<&str> = text.split('\n').collect();
        let last = wanted.pop().filter(|last| !last.is_empty());
        let stripped = wanted.iter().map(|line| line.strip_suffix('\r').unwrap_or(line));
        let wanted: Vec<&str> = stripped.chain(last).collect();
        prop_assert_eq!(texts(vec![], &[text.as_bytes()]), wanted);
    }
}
