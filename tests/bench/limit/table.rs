//! Tables, as text for the eye or as Markdown for the documentation.

use std::fmt::Write as _;
use std::path::Path;

/// Between these lines of a document the tables stand.
const BEGIN: &str = "<!-- figures: written by cargo bench --bench limit -- --write docs/performance.md -->";
const END: &str = "<!-- end of figures -->";

pub(crate) struct Table {
    title: &'static str,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

impl Table {
    pub(crate) fn new(title: &'static str, head: &[&'static str]) -> Self {
        Table { title, head: head.to_vec(), rows: Vec::new(), notes: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// A remark below the table.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    pub(crate) fn render(&self, markdown: bool) -> String {
        let heads = self.head.iter().map(|head| (*head).to_owned()).collect();
        let lines: Vec<&Vec<String>> = std::iter::once(&heads).chain(&self.rows).collect();
        let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let mut text = if markdown { format!("### {}\n\n", self.title) } else { format!("{}\n", self.title) };
        for (number, line) in lines.iter().enumerate() {
            let cells: Vec<String> = line.iter().zip(&widths).enumerate().map(|(at, (cell, width))| align(at, cell, *width)).collect();
            let _ =
                if markdown { writeln!(text, "| {} |", cells.join(" | ")) } else { writeln!(text, "  {}", cells.join("  ").trim_end()) };
            if markdown && number == 0 {
                let rules: Vec<&str> = (0..widths.len()).map(|at| if at == 0 { "---" } else { "---:" }).collect();
                let _ = writeln!(text, "| {} |", rules.join(" | "));
            }
        }
        for note in &self.notes {
            let _ = if markdown { writeln!(text, "\n{note}") } else { writeln!(text, "  {note}") };
        }
        text
    }
}

/// Names to the left, numbers to the right.
fn align(column: usize, cell: &str, width: usize) -> String {
    if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
}

/// Puts text between the marks of a document.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let old = std::fs::read_to_string(path).map_err(told)?;
    let begin = old.find(BEGIN).ok_or_else(|| format!("{}: no line `{BEGIN}`", path.display()))? + BEGIN.len();
    let end = old[begin..].find(END).ok_or_else(|| format!("{}: no line `{END}`", path.display()))? + begin;
    std::fs::write(path, format!("{}\n\n{}\n\n{}", &old[..begin], text.trim(), &old[end..])).map_err(told)
}
