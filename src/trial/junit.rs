//! The report that other programs read: XML in the form of `JUnit`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::run::{Case, Verdict};
use crate::secrets;

/// The report of these tests, one suite a file, in their order.
pub fn junit(cases: &[Case], took: Duration) -> String {
    let count = |cases: &[Case], f: fn(&Verdict) -> bool| cases.iter().filter(|case| f(&case.verdict)).count();
    let failed = |verdict: &Verdict| matches!(verdict, Verdict::Failed(_));
    let unusable = |verdict: &Verdict| matches!(verdict, Verdict::Unusable(_));
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let totals = |cases: &[Case], took: Duration| {
        let (failures, errors) = (count(cases, failed), count(cases, unusable));
        format!("tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{:.3}\"", cases.len(), took.as_secs_f64())
    };
    let _ = writeln!(out, "<testsuites name=\"deadbeat test\" {}>", totals(cases, took));
    for suite in cases.chunk_by(|a, b| a.file == b.file) {
        let file = shown(&suite[0].file);
        let _ = writeln!(out, "  <testsuite name=\"{file}\" {}>", totals(suite, suite.iter().map(|case| case.took).sum()));
        for case in suite {
            let name = if case.name.is_empty() { "(file)".to_owned() } else { escaped(&case.name) };
            let _ = write!(out, "    <testcase classname=\"{file}\" name=\"{name}\" time=\"{:.3}\"", case.took.as_secs_f64());
            match &case.verdict {
                Verdict::Passed => out.push_str("/>\n"),
                Verdict::Failed(text) => element(&mut out, "failure", text),
                Verdict::Unusable(text) => element(&mut out, "error", text),
            }
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn element(out: &mut String, name: &str, text: &str) {
    let text = secrets::mask(text);
    let first = escaped(text.lines().next().unwrap_or_default());
    let _ = writeln!(out, ">\n      <{name} message=\"{first}\">{}</{name}>\n    </testcase>", escaped(&text));
}

fn shown(path: &Path) -> String {
    escaped(&path.to_string_lossy())
}

/// A text as it may stand in XML, in attributes too. Letters that XML 1.0 does not have become U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' => out.push(letter),
            letter if letter < ' ' || matches!(letter, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_all_is_counted() {
        let case =
            |file: &str, name: &str, verdict| Case { file: file.into(), name: name.into(), verdict, took: Duration::from_millis(1500) };
        let cases = [
            case("a&b.test.rhai", "test_a", Verdict::Passed),
            case("a&b.test.rhai", "test_b", Verdict::Failed("got <\"1\u{7}\">\nwanted 'x' ]]>".into())),
            case("c.test.rhai", "", Verdict::Unusable("broken".into())),
        ];
        let wanted = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"deadbeat test\" tests=\"3\" failures=\"1\" errors=\"1\" time=\"5.000\">
  <testsuite name=\"a&amp;b.test.rhai\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"3.000\">
    <testcase classname=\"a&amp;b.test.rhai\" name=\"test_a\" time=\"1.500\"/>
    <testcase classname=\"a&amp;b.test.rhai\" name=\"test_b\" time=\"1.500\">
      <failure message=\"got &lt;&quot;1\u{fffd}&quot;&gt;\">got &lt;&quot;1\u{fffd}&quot;&gt;\nwanted &apos;x&apos; ]]&gt;</failure>
    </testcase>
  </testsuite>
  <testsuite name=\"c.test.rhai\" tests=\"1\" failures=\"0\" errors=\"1\" time=\"1.500\">
    <testcase classname=\"c.test.rhai\" name=\"(file)\" time=\"1.500\">
      <error message=\"broken\">broken</error>
    </testcase>
  </testsuite>
</testsuites>
";
        assert_eq!(junit(&cases, Duration::from_secs(5)), wanted);
    }
}
