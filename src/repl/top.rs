//! `:top`: all cogs on the whole screen, renewed each second.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::paint::{cut, width};
use super::render::{part, text};
use super::session::Session;
use crate::datum::{Datum, Map};

/// Columns, in the order of their digits; whether it is sorted from the largest.
const COLUMNS: &[(&str, bool)] = &[
    ("cog", false),
    ("in", true),
    ("out", true),
    ("dropped", true),
    ("errors", true),
    ("rate", true),
    ("kept", true),
    ("p50_us", true),
    ("p99_us", true),
];
const HELP: &str = "1-9 sort by that column   r reverse   / filter   Enter the first cog   q leave";

/// The terminal while it is ours: restored when it is let go of.
struct Whole {
    terminal: File,
    before: Termios,
}

impl Whole {
    fn take() -> Option<Self> {
        let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        let before = tcgetattr(&terminal).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(&terminal, OptionalActions::Now, &raw).ok()?;
        let mut whole = Self { terminal, before };
        whole.put("\x1b[?1049h\x1b[?25l");
        Some(whole)
    }

    fn put(&mut self, text: &str) {
        let _ = self.terminal.write_all(text.as_bytes());
    }

    /// The next key within that time.
    fn key(&mut self, time: Duration) -> Option<u8> {
        let time = Timespec::try_from(time).ok()?;
        let mut fds = [PollFd::new(&self.terminal, PollFlags::IN)];
        let ready = poll(&mut fds, Some(&time)).ok()?;
        let mut key = [0];
        (ready > 0 && self.terminal.read(&mut key).ok()? == 1).then_some(key[0])
    }

    /// Rows and columns.
    fn size(&self) -> (usize, usize) {
        let size = tcgetwinsize(&self.terminal).map_or((24, 80), |size| (usize::from(size.ws_row), usize::from(size.ws_col)));
        if size.0 == 0 || size.1 == 0 { (24, 80) } else { size }
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        self.put("\x1b[?25h\x1b[?1049l");
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

/// What the user wants to see.
#[derive(Default)]
struct View {
    sort: usize,
    reverse: bool,
    filter: String,
    /// The filter is being typed.
    typing: bool,
    help: bool,
}

/// Shows it until it is left.
pub(super) fn run(session: &Session) {
    let Some(mut whole) = Whole::take() else { return session.wrong("`:top` needs a terminal", None) };
    let mut view = View::default();
    let mut chosen = None;
    'shown: while let Some(answer) = session.asked("ls", "ls", None, false) {
        let cogs: Vec<Map> = part(&answer, "data").as_list().unwrap_or_default().iter().filter_map(Datum::as_map).cloned().collect();
        let until = Instant::now() + Duration::from_secs(1);
        loop {
            let lines = ordered(&cogs, &view);
            let (rows, columns) = whole.size();
            whole.put(&drawn(&lines, &view, rows, columns));
            let left = until.saturating_duration_since(Instant::now());
            let Some(key) = whole.key(left) else { break };
            match key {
                b'\r' | b'\n' if view.typing => view.typing = false,
                b'\x1b' if view.typing => (view.typing, view.filter) = (false, String::new()),
                8 | 127 if view.typing => drop(view.filter.pop()),
                b' '..=b'~' if view.typing => view.filter.push(char::from(key)),
                b'q' | 3 | 4 | b'\x1b' => break 'shown,
                b'\r' | b'\n' => {
                    chosen = lines.first().map(|cog| text(cog, "cog"));
                    break 'shown;
                }
                b'/' => view.typing = true,
                b'r' => view.reverse = !view.reverse,
                b'?' => view.help = !view.help,
                b'1'..=b'9' => view.sort = usize::from(key - b'1').min(COLUMNS.len() - 1),
                _ => {}
            }
        }
    }
    drop(whole);
    if let Some(cog) = chosen {
        session.send("cog", &format!("cog {cog}"), None);
    }
}

/// The cogs that are meant, in the order that is wanted.
fn ordered<'a>(cogs: &'a [Map], view: &View) -> Vec<&'a Map> {
    let (name, falls) = COLUMNS[view.sort];
    let mut lines: Vec<&Map> = cogs.iter().filter(|cog| text(cog, "cog").contains(&view.filter)).collect();
    let number = |map: &Map| part(map, name).as_float().or(part(map, name).as_int().map(|value| value as f64));
    lines.sort_by(|one, other| match (number(one), number(other)) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        // Cogs stand in the order of the train until another is asked for.
        (None, None) if view.sort == 0 => Ordering::Equal,
        (None, None) => text(one, name).cmp(&text(other, name)),
    });
    if falls != view.reverse && view.sort != 0 || view.sort == 0 && view.reverse {
        lines.reverse();
    }
    lines
}

fn drawn(lines: &[&Map], view: &View, rows: usize, columns: usize) -> String {
    let mut out = String::from("\x1b[H");
    let put = |out: &mut String, line: &str| {
        let _ = write!(out, "{}\x1b[K\r\n", cut(line, columns));
    };
    let names = lines.iter().map(|map| width(&text(map, "cog"))).max().unwrap_or(3).clamp(3, columns / 3 + 3);
    let mut head = format!("{:names$}", "cog");
    for (name, _) in &COLUMNS[1..] {
        let _ = write!(head, " {name:>9}");
    }
    let (sorted, order) = (COLUMNS[view.sort].0, if view.reverse { ", reversed" } else { "" });
    let status = match (view.typing, view.help) {
        (true, _) => format!("filter: {}_", view.filter),
        (_, true) => HELP.to_owned(),
        _ => format!("{} cogs by {sorted}{order}   ? help   q leave", lines.len()),
    };
    put(&mut out, &status);
    put(&mut out, &format!("{head}  state"));
    for map in lines.iter().take(rows.saturating_sub(3)) {
        let name = text(map, "cog");
        let name = cut(&name, names);
        let mut line = format!("{name}{}", " ".repeat(names.saturating_sub(width(&name))));
        for (column, _) in &COLUMNS[1..] {
            let _ = write!(line, " {:>9}", text(map, column));
        }
        put(&mut out, &format!("{line}  {} {}", text(map, "state"), text(map, "last_error")));
    }
    out.push_str("\x1b[J");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datum::json;

    fn cogs() -> Vec<Map> {
        [r#"{"cog":"a","in":5,"rate":1.5}"#, r#"{"cog":"b","in":50,"rate":0.5,"last_error":"x\u001b[2J"}"#]
            .iter()
            .map(|text| json::read(text).unwrap().as_map().unwrap().clone())
            .collect()
    }

    fn names(view: &View) -> Vec<String> {
        ordered(&cogs(), view).iter().map(|map| text(map, "cog")).collect()
    }

    #[test]
    fn cogs_are_sorted_and_filtered() {
        assert_eq!(names(&View::default()), ["a", "b"]);
        assert_eq!(names(&View { sort: 1, ..View::default() }), ["b", "a"]);
        assert_eq!(names(&View { sort: 5, ..View::default() }), ["a", "b"]);
        assert_eq!(names(&View { sort: 5, reverse: true, ..View::default() }), ["b", "a"]);
        assert_eq!(names(&View { filter: "b".into(), ..View::default() }), ["b"]);
    }

    #[test]
    fn nothing_is_wider_than_the_terminal_nor_raw() {
        let (cogs, view) = (cogs(), View::default());
        let told = drawn(&ordered(&cogs, &view), &view, 10, 60);
        for line in told.trim_start_matches("\x1b[H").trim_end_matches("\x1b[J").split("\x1b[K\r\n") {
            assert!(width(line) <= 60 && !line.contains('\x1b'), "{line:?}");
        }
    }
}
