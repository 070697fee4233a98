//! Answers as people read them, by their shape: a list of maps is a table, a map a list of keys, a text itself; some commands
//! have a form of their own, in `told`.

use std::fmt::Write as _;

use super::paint::{Paint, clean, clean_lines, cut, width};
use crate::datum::{Datum, Map, json};

/// Columns of one cell at most, but for the last one.
const CELL: usize = 40;

/// How it is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Render {
    /// Its colours.
    pub(super) paint: Paint,
    /// How many columns there are.
    pub(super) columns: usize,
}

/// A value in one line: a text as it is, texts with commas between them, all else as JSON.
pub(super) fn plain(datum: &Datum) -> String {
    match datum {
        Datum::Unit => String::new(),
        _ => match (datum.as_str(), datum.as_list()) {
            (Some(text), _) => clean(text).into_owned(),
            (_, Some(list)) if list.iter().all(|item| item.as_str().is_some()) => {
                list.iter().filter_map(Datum::as_str).map(|text| clean(text).into_owned()).collect::<Vec<_>>().join(", ")
            }
            _ => compact(datum),
        },
    }
}

/// A value in one line as JSON.
pub(super) fn compact(datum: &Datum) -> String {
    clean(&json::to_string(datum)).into_owned()
}

/// A line of each.
pub(super) fn lines(all: impl Iterator<Item = String>) -> String {
    let mut out = String::new();
    for line in all {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// The entry of that name; unit where there is none.
pub(super) fn part<'a>(map: &'a Map, name: &str) -> &'a Datum {
    map.by_name(name).unwrap_or(&Datum::Unit)
}

/// The text of that name.
pub(super) fn text(map: &Map, name: &str) -> String {
    plain(part(map, name))
}

fn is_number(datum: &Datum) -> bool {
    datum.as_int().is_some() || datum.as_float().is_some()
}

impl Render {
    /// An answer to that command.
    pub(super) fn answer(&self, command: &str, data: &Datum) -> String {
        if let Some(map) = data.as_map()
            && let Some(told) = self.own_form(command, map)
        {
            return told;
        }
        if command == "errors"
            && let Some(list) = data.as_list()
        {
            return self.errors(list);
        }
        match data.as_list() {
            Some(list) if command == "functions" => list.iter().filter_map(Datum::as_map).map(|map| self.function(map)).collect(),
            _ => self.shape(data),
        }
    }

    fn function(&self, map: &Map) -> String {
        let about = part(map, "about").as_str().and_then(|about| about.lines().next()).unwrap_or_default();
        format!("{}  {}\n", self.paint.name(&text(map, "function")), clean(about))
    }

    /// By its shape alone; what is empty in a map is left out.
    pub(super) fn shape(&self, data: &Datum) -> String {
        if let Some(text) = data.as_str() {
            return format!("{}\n", clean_lines(text.trim_end_matches('\n')));
        }
        if let Some(list) = data.as_list() {
            if list.is_empty() {
                return format!("{}\n", self.paint.grey("nothing"));
            }
            if list.iter().all(|item| item.as_map().is_some()) {
                return self.table(list);
            }
            return lines(list.iter().map(plain));
        }
        match data.as_map() {
            Some(map) => self
                .keys(&map.iter().filter(|(_, value)| !plain(value).is_empty()).map(|(key, value)| (key.clone(), value.clone())).collect()),
            None => format!("{}\n", compact(data)),
        }
    }

    /// A map, a line each; what is a table itself stands below its key.
    pub(super) fn keys(&self, map: &Map) -> String {
        let wide = map.iter().map(|(key, _)| width(&clean(key.as_str()))).max().unwrap_or(0).min(CELL);
        let mut out = String::new();
        for (key, value) in map.iter() {
            let name = clean(key.as_str()).into_owned();
            let is_table = value.as_list().is_some_and(|list| !list.is_empty() && list.iter().all(|item| item.as_map().is_some()));
            let pad = " ".repeat(wide.saturating_sub(width(&name)));
            if is_table {
                let _ = writeln!(out, "{}:", self.paint.name(&name));
                let inner = Self { columns: self.columns.saturating_sub(2), ..*self };
                inner.shape(value).lines().for_each(|line| {
                    let _ = writeln!(out, "  {line}");
                });
            } else {
                let _ = writeln!(out, "{}:{pad} {}", self.paint.name(&name), plain(value));
            }
        }
        if out.is_empty() { "{}\n".to_owned() } else { out }
    }

    /// Maps as lines of a table, as wide as the terminal; columns that hold nothing at all are left out.
    pub(super) fn table(&self, list: &[Datum]) -> String {
        let maps: Vec<&Map> = list.iter().filter_map(Datum::as_map).collect();
        let mut names: Vec<&str> = Vec::new();
        for (key, value) in maps.iter().flat_map(|map| map.iter()) {
            if !names.contains(&key.as_str()) && !plain(value).is_empty() {
                names.push(key.as_str());
            }
        }
        let rows: Vec<Vec<String>> = maps.iter().map(|map| names.iter().map(|name| text(map, name)).collect()).collect();
        let right: Vec<bool> =
            names.iter().map(|name| maps.iter().all(|map| matches!(part(map, name), Datum::Unit) || is_number(part(map, name)))).collect();
        let mut wide: Vec<usize> = names.iter().map(|name| width(&clean(name))).collect();
        for row in &rows {
            for (place, cell) in row.iter().enumerate() {
                wide[place] = wide[place].max(width(cell));
            }
        }
        let inner = wide.len().saturating_sub(1);
        wide.iter_mut().take(inner).for_each(|wide| *wide = (*wide).min(CELL));
        let mut out = String::new();
        let heads: Vec<String> = names.iter().map(|name| clean(name).into_owned()).collect();
        let head = self.row(&heads, &wide, &right);
        let _ = writeln!(out, "{}", self.paint.bold(&head));
        for row in &rows {
            let _ = writeln!(out, "{}", self.row(row, &wide, &right));
        }
        out
    }

    fn row(&self, cells: &[String], wide: &[usize], right: &[bool]) -> String {
        let mut line = String::new();
        for (place, cell) in cells.iter().enumerate() {
            let cell = cut(cell, wide[place]);
            let pad = " ".repeat(wide[place].saturating_sub(width(&cell)));
            let gap = if place == 0 { "" } else { "  " };
            let _ = if right[place] { write!(line, "{gap}{pad}{cell}") } else { write!(line, "{gap}{cell}{pad}") };
        }
        cut(line.trim_end(), self.columns).into_owned()
    }

    /// One line of at most the terminal's width: `head` is shown whole, then as much of `rest` as there is room for.
    pub(super) fn line(&self, head: &str, shown: &str, rest: &str) -> String {
        let room = self.columns.saturating_sub(width(head) + 1).max(20);
        if rest.is_empty() { shown.to_owned() } else { format!("{shown} {}", cut(rest, room)) }
    }

    /// What differs, with `-` and `+`.
    pub(super) fn changes(&self, changes: &Datum, indent: &str) -> String {
        let mut out = String::new();
        let room = self.columns.saturating_sub(width(indent) + 2).max(20);
        for change in changes.as_list().unwrap_or_default().iter().filter_map(Datum::as_map) {
            let field = text(change, "field");
            let line = |value: &Datum| cut(format!("{field} {}", plain(value)).trim_start(), room).into_owned();
            if let Some(before) = change.by_name("before") {
                let _ = writeln!(out, "{indent}{}", self.paint.red(&format!("- {}", line(before))));
            }
            if let Some(after) = change.by_name("after") {
                let _ = writeln!(out, "{indent}{}", self.paint.green(&format!("+ {}", line(after))));
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(columns: usize, text: &str) -> String {
        Render { paint: Paint { color: false }, columns }.shape(&json::read(text).unwrap())
    }

    #[test]
    fn a_list_of_maps_is_a_table_as_wide_as_the_terminal() {
        let told = drawn(30, r#"[{"cog":"parse","in":5,"x":null,"last":"a long text that is cut"},{"cog":"b","in":1234,"last":""}]"#);
        assert_eq!(told, "cog      in  last\nparse     5  a long text that…\nb      1234\n");
    }

    #[test]
    fn a_map_is_its_keys_and_a_text_is_itself() {
        assert_eq!(drawn(80, r#"{"a":1,"long":"x","list":[{"b":1}]}"#), "a:    1\nlong: x\nlist:\n  b\n  1\n");
        assert_eq!(drawn(80, r#""two\nlines""#), "two\nlines\n");
        assert_eq!(drawn(80, r#"[1,"a"]"#), "1\na\n");
        assert_eq!(drawn(80, "[]"), "nothing\n");
    }

    #[test]
    fn what_an_attacker_sends_is_shown_and_not_done() {
        let told = drawn(80, "[{\"a\\u001b[2J\":\"\\u001b]0;x\\u0007\"},{\"a\\u001b[2J\":\"\u{9b}2J\"}]");
        assert!(!told.contains(|c: char| c.is_control() && c != '\n'), "{told:?}");
        assert!(told.contains("\\x1b]0;x") && told.contains("\\x9b2J"), "{told}");
    }

    #[test]
    fn changes_have_signs() {
        let changes = json::read(r#"[{"field":"n","before":"1","after":"2"},{"field":"new","after":"[]"}]"#).unwrap();
        let told = Render { paint: Paint { color: false }, columns: 80 }.changes(&changes, "  ");
        assert_eq!(told, "  - n 1\n  + n 2\n  + new []\n");
    }
}
