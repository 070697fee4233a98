//! Configuration files: JSON with comment lines.
//!
//! A line whose first non-blank letter is `#` or `;` is a comment; it is blanked before the JSON is read, so that lines keep
//! their numbers. These letters anywhere else are data. A file of comments only says nothing and is no error.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::definition::{Definition, Entry, Problem, did_you_mean};
use super::merge::Found;
use super::place::{Places, Spot, Way, line_and_column};
use crate::datum::{Datum, Map, Text, json};
use crate::error::{nearest, plain};
use crate::start;

/// Larger files are no configuration.
const LARGEST: u64 = 16 << 20;

/// What a file gives: options by number, in the order of the file.
pub(super) type Given = Vec<(usize, Found)>;

/// Reads one file. Nothing when it is not there.
pub(super) fn read(path: &Path, definition: &Definition<'_>, problems: &mut Vec<Problem>) -> Option<Given> {
    let name = path.display().to_string();
    let bytes = match load(path) {
        Ok(bytes) => bytes,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return None,
        Err(e) => {
            problems.push(Problem::new(name, format!("cannot read the file: {}", plain(&e))));
            return Some(Vec::new());
        }
    };
    Some(parse(&name, &bytes, definition, problems))
}

fn load(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(start::path(path))?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST { Err(io::Error::other("larger than 16 MiB")) } else { Ok(bytes) }
}

/// Takes the bytes of a file apart.
pub(super) fn parse(name: &str, bytes: &[u8], definition: &Definition<'_>, problems: &mut Vec<Problem>) -> Given {
    let text = match decode(bytes) {
        Ok(text) => text,
        Err(place) => {
            problems.push(Problem::new(format!("{name}:{place}"), "not UTF-8").hint("save the file in UTF-8".to_owned()));
            return Vec::new();
        }
    };
    let text = without_comments(text);
    if text.trim().is_empty() {
        return Vec::new();
    }
    // Keys that come twice are found below, all at once and with their whole names.
    let options = json::ReadOptions { lazy: false, duplicates_fail: false, ..json::ReadOptions::default() };
    match json::read_text(&Text::from(text.as_str()), &options) {
        Err(e) => problems.push(Problem::new(format!("{name}:{}:{}", e.line, e.column), e.what)),
        Ok(Datum::Map(map)) => {
            let mut reader = Reader { name, places: Places::of(&text), text: &text, definition, problems, given: Vec::new() };
            reader.twice();
            reader.map(&map, definition.entries, &mut Vec::new());
            return reader.given;
        }
        Ok(other) => {
            let at = text.len() - text.trim_start().len();
            let wrong = format!("the file must hold a map, but holds a value of kind {}", other.kind());
            problems.push(Problem::new(format!("{name}:{}", line_and_column(&text, at)), wrong));
        }
    }
    Vec::new()
}

/// The text, or the place of the first byte that is none. The byte order mark is skipped and has no column.
fn decode(bytes: &[u8]) -> Result<&str, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|e| {
        let good = String::from_utf8_lossy(&bytes[..e.valid_up_to()]);
        line_and_column(&good, good.len())
    })
}

fn without_comments(text: &str) -> String {
    let blank = |line: &str| line.trim_start().starts_with(['#', ';']);
    let lines = text.split_inclusive('\n').map(|line| if blank(line) { if line.ends_with('\n') { "\n" } else { "" } } else { line });
    lines.collect()
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    places: Places,
    definition: &'a Definition<'a>,
    problems: &'a mut Vec<Problem>,
    given: Given,
}

impl Reader<'_> {
    fn place(&self, at: usize) -> String {
        format!("{}:{}", self.name, line_and_column(self.text, at))
    }

    fn twice(&mut self) {
        let problems =
            self.places.twice.iter().map(|(way, at)| Problem::new(self.place(*at), format!("the key `{}` comes twice", dotted(way))));
        let problems: Vec<_> = problems.collect();
        self.problems.extend(problems);
    }

    fn map(&mut self, map: &Map, entries: &[Entry], way: &mut Way) {
        for (key, value) in map.iter() {
            way.push(key.as_str().to_owned());
            let Spot { key: key_at, value: value_at } = self.places.get(way);
            match entries.iter().find(|entry| entry.name() == key.as_str()) {
                Some(Entry::Item(_)) => {
                    if let Some(n) = self.definition.find(&dotted(way)) {
                        self.given.push((n, Found { value: value.detach(), place: self.place(value_at), named: false }));
                    }
                }
                Some(Entry::Section { entries, .. }) => match value {
                    Datum::Map(inner) => self.map(inner, entries, way),
                    other => {
                        let wrong = format!("`{}` is a section and must be a map, but is of kind {}", dotted(way), other.kind());
                        self.problems.push(Problem::new(self.place(value_at), wrong));
                    }
                },
                None => {
                    let problem = Problem::new(self.place(key_at), format!("there is no option `{}`", dotted(way)));
                    self.problems.push(problem.hint(self.near(key.as_str(), entries, way)));
                }
            }
            way.pop();
        }
    }

    /// The nearest name: first among those that could stand here, then among all.
    fn near(&self, key: &str, entries: &[Entry], way: &Way) -> Option<String> {
        let whole = dotted(way);
        let above = &whole[..whole.len() - key.len()];
        let sibling = nearest(key, entries.iter().map(Entry::name)).map(|near| format!("{above}{near}"));
        let known = self.definition.options.iter().map(|option| option.dotted.as_str());
        let elsewhere = || known.clone().find(|name| name.rsplit('.').next() == Some(key)).or_else(|| nearest(&whole, known.clone()));
        if whole.matches('.').count() >= way.len() {
            return Some("dots do not separate levels here; write a map inside a map".to_owned());
        }
        did_you_mean(sibling.as_deref().or_else(elsewhere))
    }
}

fn dotted(way: &Way) -> String {
    way.join(".")
}

#[cfg(test)]
mod tests {
    use super::super::cast;
    use super::super::definition::Item;
    use super::*;

    fn entries() -> Vec<Entry> {
        let item = |name: &str| Entry::from(Item::with(name, cast::string(), "", Datum::Unit));
        vec![item("port"), item("word"), Entry::section("filter", "", vec![item("source_ip"), item("mode")])]
    }

    fn read_bytes(bytes: &[u8]) -> (Vec<(String, String, Datum)>, Vec<String>) {
        let (entries, mut problems) = (entries(), Vec::new());
        let definition = Definition::new(&entries, None).unwrap_or_else(|_| unreachable!());
        let given = parse("site.json", bytes, &definition, &mut problems);
        let given = given.into_iter().map(|(n, found)| (definition.options[n].dotted.clone(), found.place, found.value)).collect();
        let problems = problems.into_iter().map(|p| p.hint.iter().fold(p.to_string(), |text, hint| format!("{text} ({hint})")));
        (given, problems.collect())
    }

    fn wrong(text: &str) -> Vec<String> {
        read_bytes(text.as_bytes()).1
    }

    #[test]
    fn comment_lines_are_blanked_and_lines_keep_their_numbers() {
        let text = "# first\r\n  ; second\n{\n  \"word\": \"a # b ; c\",\n# \"word\": 1,\n  \"port\": x\n}";
        assert_eq!(wrong(text).len(), 1);
        assert!(wrong(text)[0].starts_with("site.json:6:11: "), "{:?}", wrong(text));
        let (given, problems) = read_bytes(text.replace(": x", ": 7").as_bytes());
        assert_eq!(problems, [""; 0]);
        assert_eq!(given[0], ("word".into(), "site.json:4:11".into(), Datum::str("a # b ; c")));
        assert_eq!(given[1], ("port".into(), "site.json:6:11".into(), Datum::Int(7)));
    }

    #[test]
    fn a_comment_letter_after_a_value_is_data_and_so_an_error() {
        assert!(wrong("{\"port\": 1 # one\n}")[0].starts_with("site.json:1:12: "));
    }

    #[test]
    fn a_file_of_comments_says_nothing() {
        assert_eq!(read_bytes(b"# {\n; }\n\n"), (vec![], vec![]));
        assert_eq!(read_bytes(b""), (vec![], vec![]));
    }

    #[test]
    fn a_byte_order_mark_is_skipped_and_other_encodings_are_refused() {
        let (given, problems) = read_bytes(b"\xef\xbb\xbf{\"port\": 1}");
        assert_eq!((given.len(), problems.len()), (1, 0));
        assert_eq!(read_bytes(b"{\n\"word\": \"\xc5\xaf\xe9\"}").1, ["site.json:2:11: not UTF-8 (save the file in UTF-8)"]);
    }

    #[test]
    fn unknown_and_double_keys_are_all_named_with_whole_name_and_nearest() {
        let text = "{\"filter\": {\"source_pi\": 1,\n\"mode\": 1, \"mode\": 2}, \"mode\": 1, \"prot\": 1, \"zzz\": 1, \"filter.mode\": 1}";
        let bad = wrong(text);
        assert_eq!(bad[0], "site.json:2:12: the key `filter.mode` comes twice");
        assert_eq!(bad[1], "site.json:1:13: there is no option `filter.source_pi` (did you mean `filter.source_ip`?)");
        assert_eq!(bad[2], "site.json:2:24: there is no option `mode` (did you mean `filter.mode`?)");
        assert_eq!(bad[3], "site.json:2:35: there is no option `prot` (did you mean `port`?)");
        assert_eq!(bad[4], "site.json:2:46: there is no option `zzz`");
        assert_eq!(bad[5], "site.json:2:56: there is no option `filter.mode` (dots do not separate levels here; write a map inside a map)");
        assert_eq!(bad.len(), 6);
    }

    #[test]
    fn a_section_must_be_a_map_and_so_must_the_file() {
        assert_eq!(wrong("{\"filter\": 1}"), ["site.json:1:12: `filter` is a section and must be a map, but is of kind int"]);
        assert_eq!(wrong("{\"filter\": null}"), ["site.json:1:12: `filter` is a section and must be a map, but is of kind ()"]);
        assert_eq!(wrong("# list\n [1]"), ["site.json:2:2: the file must hold a map, but holds a value of kind array"]);
    }
}
