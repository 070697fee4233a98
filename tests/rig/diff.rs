//! Two texts compared for the eye.

use std::fmt::Write as _;

/// Lines shown of what is long.
const SHOWN: usize = 40;

/// The lines in which the texts differ, `-` what was expected, `+` what came.
pub(crate) fn lines(expected: &str, got: &str) -> String {
    let (left, right): (Vec<&str>, Vec<&str>) = (expected.split_inclusive('\n').collect(), got.split_inclusive('\n').collect());
    let same = left.iter().zip(&right).take_while(|(a, b)| a == b).count();
    let ends = left[same..].iter().rev().zip(right[same..].iter().rev()).take_while(|(a, b)| a == b).count();
    let mut text = String::new();
    if same > 0 {
        let _ = writeln!(text, "  ({same} equal lines)");
    }
    for (sign, side) in [('-', &left[same..left.len() - ends]), ('+', &right[same..right.len() - ends])] {
        for line in side.iter().take(SHOWN) {
            let _ = writeln!(text, "{sign} {}", line.escape_debug().to_string().replace("\\\"", "\"").trim_end_matches("\\n"));
            if !line.ends_with('\n') {
                text.push_str("  (no line end)\n");
            }
        }
        if side.len() > SHOWN {
            let _ = writeln!(text, "{sign} … {} more lines", side.len() - SHOWN);
        }
    }
    if ends > 0 {
        let _ = writeln!(text, "  ({ends} equal lines)");
    }
    text
}

/// The last lines of what is long.
pub(crate) fn cut(text: &str) -> String {
    let all: Vec<&str> = text.lines().collect();
    if all.len() <= SHOWN {
        return text.trim_end().to_owned();
    }
    format!("… {} lines\n{}", all.len() - SHOWN, all[all.len() - SHOWN..].join("\n"))
}

#[test]
fn a_difference_is_shown_between_what_is_equal() {
    assert_eq!(lines("a\nb\nc\n", "a\nx\nc\n"), "  (1 equal lines)\n- b\n+ x\n  (1 equal lines)\n");
    assert_eq!(lines("a\n", "a"), "- a\n+ a\n  (no line end)\n");
}
