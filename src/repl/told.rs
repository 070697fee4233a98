//! Forms of their own: the way of an event, errors, values, stepping; and what comes by itself, an event a line.

use std::fmt::Write as _;

use super::paint::{clean, clean_lines, cut};
use super::render::{Render, compact, lines, part, plain, text};
use crate::datum::{Datum, Map};

/// `12.3 µs`, `1.2 ms`.
fn span(micros: &Datum) -> String {
    match micros.as_float() {
        Some(micros) if micros >= 1e6 => format!("{:.2} s", micros / 1e6),
        Some(micros) if micros >= 1e3 => format!("{:.1} ms", micros / 1e3),
        Some(micros) => format!("{micros:.1} µs"),
        None => String::new(),
    }
}

fn list<'a>(map: &'a Map, name: &str) -> &'a [Datum] {
    part(map, name).as_list().unwrap_or_default()
}

/// What the script printed.
fn printed(map: &Map) -> String {
    lines(list(map, "printed").iter().map(|line| clean_lines(line.as_str().unwrap_or_default())))
}

impl Render {
    /// The form that answers to that command have, where they have one.
    pub(super) fn own_form(&self, command: &str, map: &Map) -> Option<String> {
        let has = |name: &str| map.by_name(name).is_some();
        match command {
            "why" if has("steps") => Some(self.way(map)),
            "eval" | "p" if has("type") => Some(self.value(map)),
            _ if has("window") && has("stands") => Some(self.stands(map)),
            _ if has("over") => Some(self.over(map)),
            _ if has("parked") && has("side") => Some(self.parked(map)),
            "step" | "s" | "follow" | "trace" if has("from") => {
                Some(format!("{} goes on from {}\n", self.paint.grey(&text(map, "id")), self.paint.name(&text(map, "from"))))
            }
            "continue" | "c" => Some(self.gone_on(map)),
            "tap" if has("tap") => {
                let which = [("where", text(map, "where")), ("up to", text(map, "limit"))];
                let which = which
                    .iter()
                    .filter(|(_, value)| !value.is_empty())
                    .fold(String::new(), |all, (name, value)| format!("{all}, {name} {value}"));
                Some(format!("tap {} at {} {}{which}\n", text(map, "tap"), self.paint.name(&text(map, "cog")), text(map, "side")))
            }
            _ => None,
        }
    }

    /// `why`: how it ended and what decided that, then its way.
    fn way(&self, map: &Map) -> String {
        let mut out = format!("{}\n", self.paint.bold(&text(map, "end")));
        if let Some(decided) = part(map, "decided").as_map() {
            let place = text(decided, "place");
            if place.is_empty() {
                let _ = writeln!(out, "  by `{}` of `{}`", text(decided, "option"), text(decided, "cog"));
            } else {
                let _ = writeln!(out, "  {}  {}", self.paint.yellow(&place), self.paint.bold(&text(decided, "line")));
            }
            for read in list(decided, "read") {
                let _ = writeln!(out, "    {}", cut(&plain(read), self.columns.saturating_sub(4)));
            }
            let _ = writeln!(out, "    gives {}", cut(&compact(part(decided, "result")), self.columns.saturating_sub(10)));
        }
        if map.by_name("line_unknown").is_some() {
            let _ = writeln!(out, "  {}", self.paint.grey(&format!("which line it was is not known: {}", text(map, "line_unknown"))));
        }
        let _ = writeln!(
            out,
            "{} {}",
            self.paint.name(&text(map, "id")),
            self.paint.grey(&format!("from {} at {}, {}", text(map, "supply"), text(map, "place"), text(map, "time")))
        );
        let _ = writeln!(out, "  {}", cut(&compact(part(map, "datum")), self.columns.saturating_sub(2)));
        let steps = list(map, "steps");
        for (number, step) in steps.iter().enumerate() {
            let Some(step) = step.as_map() else { continue };
            let last = number + 1 == steps.len();
            let (branch, below) = if last { ("└─", "   ") } else { ("├─", "│  ") };
            let _ = writeln!(out, "{branch} {}", self.step(step));
            out.push_str(&self.changes(part(step, "changes"), &format!("{below}  ")));
            for made in list(step, "parts") {
                let _ =
                    writeln!(out, "{below}  {}", self.paint.green(&cut(&format!("+ {}", compact(made)), self.columns.saturating_sub(6))));
            }
            if map.by_name("error").is_some() && !text(step, "error").is_empty() {
                let _ = writeln!(out, "{below}  {}", self.paint.red(&text(step, "error")));
            }
        }
        out
    }

    fn step(&self, step: &Map) -> String {
        let became = text(step, "became");
        let shown = match became.as_str() {
            "dropped" => self.paint.yellow(&became),
            "failed" => self.paint.red(&became),
            _ => became,
        };
        let count = part(step, "count").as_int().filter(|count| *count > 1).map(|count| format!(" as {count}")).unwrap_or_default();
        let place = text(step, "place");
        let place = if place.is_empty() { String::new() } else { format!("  {place}") };
        format!(
            "{} {shown}{count} {}",
            self.paint.name(&text(step, "cog")),
            self.paint.grey(&format!("{}{place}", span(part(step, "took_us"))))
        )
    }

    /// `eval`: what was printed, and the value.
    fn value(&self, map: &Map) -> String {
        let mut out: String = printed(map);
        let value = part(map, "value");
        match value {
            Datum::Unit if !out.is_empty() => {}
            Datum::Unit => out.push_str("()\n"),
            _ if text(map, "type") == "FnPtr" || text(map, "type") == "Fn" => {
                let _ = writeln!(out, "{}", plain(value));
            }
            _ => {
                let line = compact(value);
                match value.as_map() {
                    Some(map) if line.chars().count() > self.columns => out.push_str(&self.keys(map)),
                    _ => {
                        let _ = writeln!(out, "{line}");
                    }
                }
            }
        }
        out
    }

    /// Where a stepping inside a cog stands.
    fn stands(&self, map: &Map) -> String {
        let mut out: String = printed(map);
        if let Some(spot) = part(map, "stands").as_map() {
            let _ = writeln!(out, "{}", self.paint.yellow(&text(spot, "place")));
        }
        for line in list(map, "window") {
            let line = plain(line);
            let line = cut(&line, self.columns);
            let _ = writeln!(out, "{}", if line.starts_with('>') { self.paint.bold(&line) } else { self.paint.grey(&line) });
        }
        let stack = list(map, "stack");
        if stack.len() > 1 {
            for frame in stack {
                let _ = writeln!(out, "  in {}", plain(frame));
            }
        }
        for variable in list(map, "variables").iter().filter_map(Datum::as_map) {
            let line = format!("{} = {}", text(variable, "name"), text(variable, "value"));
            let _ = writeln!(out, "  {}", cut(&line, self.columns.saturating_sub(2)));
        }
        if !matches!(part(map, "this"), Datum::Unit) {
            let line = format!("this = {}", compact(part(map, "this")));
            let _ = writeln!(out, "  {}", cut(&line, self.columns.saturating_sub(2)));
        }
        out
    }

    /// A stepping inside a cog is over.
    fn over(&self, map: &Map) -> String {
        let mut out: String = printed(map);
        let _ = writeln!(out, "{}", text(map, "over"));
        if map.by_name("error").is_some() {
            let _ = writeln!(out, "  {}", self.paint.red(&text(map, "error")));
        }
        for name in ["result", "e"] {
            if let Some(value) = map.by_name(name) {
                let _ = writeln!(out, "  {name} = {}", cut(&compact(value), self.columns.saturating_sub(12)));
            }
        }
        out
    }

    /// An event that is parked.
    fn parked(&self, map: &Map) -> String {
        let error = text(map, "error");
        let head = format!("stop {} {} {}", text(map, "cog"), text(map, "side"), text(map, "id"));
        let shown = format!(
            "{} {} {} {}",
            self.paint.yellow("stop"),
            self.paint.name(&text(map, "cog")),
            text(map, "side"),
            self.paint.grey(&text(map, "id"))
        );
        let mut out = format!("{}\n", self.line(&head, &shown, &compact(part(map, "datum"))));
        if !error.is_empty() {
            let _ = writeln!(out, "  {}", self.paint.red(&error));
        }
        out
    }

    fn gone_on(&self, map: &Map) -> String {
        let left = part(map, "parked").as_int().unwrap_or(0);
        let mut out = match left {
            0 => "goes on\n".to_owned(),
            left => format!("goes on; {left} more parked\n"),
        };
        if let Some(next) = part(map, "next").as_map() {
            out.push_str(&self.parked(next));
        }
        out
    }

    /// `errors`: a line each, and where it comes from below.
    pub(super) fn errors(&self, errors: &[Datum]) -> String {
        if errors.is_empty() {
            return format!("{}\n", self.paint.grey("no errors"));
        }
        let mut out = String::new();
        for error in errors.iter().filter_map(Datum::as_map) {
            let told = text(error, "error");
            let first = told.lines().next().unwrap_or_default().to_owned();
            let count = format!("{:>6} ×", text(error, "count"));
            let _ = writeln!(out, "{count} {} {}", self.paint.name(&text(error, "cog")), self.paint.red(&first));
            for (name, word) in [("place", ""), ("hint", "hint: ")] {
                let value = text(error, name);
                if !value.is_empty() {
                    let _ = writeln!(out, "         {}", self.paint.yellow(&format!("{word}{value}")));
                }
            }
            let (first, last) = (text(error, "first"), text(error, "last"));
            if !first.is_empty() {
                let which = if first == last { first } else { format!("{first} … {last}") };
                let _ = writeln!(out, "         {}", self.paint.grey(&format!("{which}  {}", text(error, "last_time"))));
            }
        }
        out
    }

    /// What came by itself.
    pub(super) fn event(&self, map: &Map) -> String {
        let paint = self.paint;
        match text(map, "event").as_str() {
            "tap" => {
                let number = text(map, "tap");
                let became = text(map, "became");
                let after = [text(map, "side"), became].into_iter().find(|word| !word.is_empty() && word != "diff").unwrap_or_default();
                let (cog, id) = (text(map, "cog"), text(map, "id"));
                let time = span(part(map, "took_us"));
                let head = format!("[{number}] {cog} {after} {id} {time}");
                let shown = format!(
                    "{} {} {after} {}",
                    paint.grey(&format!("[{number}]")),
                    paint.name(&cog),
                    paint.grey(format!("{id} {time}").trim_end())
                );
                let mut out = format!("{}\n", self.line(head.trim_end(), &shown, &compact(part(map, "datum"))));
                out.push_str(&self.changes(part(map, "changes"), "    "));
                let parts = list(map, "parts");
                if parts.len() > 1 {
                    for part in parts {
                        let _ = writeln!(out, "    {}", paint.green(&cut(&format!("+ {}", compact(part)), self.columns.saturating_sub(4))));
                    }
                }
                if !text(map, "error").is_empty() {
                    let _ = writeln!(out, "    {}", paint.red(&text(map, "error")));
                }
                out
            }
            "tapped" | "untapped" => {
                let mut line = format!("tap {} is over: {} seen, {} shown", text(map, "tap"), text(map, "seen"), text(map, "shown"));
                for (name, word) in [("skipped", "skipped"), ("errors", "failed in the expression")] {
                    if part(map, name).as_int().unwrap_or(0) > 0 {
                        let _ = write!(line, ", {} {word}", text(map, name));
                    }
                }
                format!("{}\n", paint.grey(&line))
            }
            "stop" => self.parked(map),
            "hop" => {
                let mut out = format!("{} {}\n", paint.grey(&text(map, "id")), self.step(map));
                out.push_str(&self.changes(part(map, "changes"), "    "));
                if !text(map, "error").is_empty() {
                    let _ = writeln!(out, "    {}", paint.red(&text(map, "error")));
                }
                out
            }
            "log" => {
                let time = text(map, "time");
                let time = time.split('T').nth(1).and_then(|time| time.get(..12)).unwrap_or(&time).to_owned();
                let line = format!("{} {} {}", paint.grey(&time), paint.yellow(&text(map, "priority")), clean(&text(map, "text")));
                format!("{line}\n")
            }
            "ending" => format!("{}\n", paint.yellow("the train is ending")),
            "ended" => format!(
                "{}\n",
                paint.yellow(&format!("the train has ended with status {}; what is remembered can be looked at", text(map, "status")))
            ),
            _ => format!("{}\n", cut(&compact(&Datum::Map(map.clone())), self.columns)),
        }
    }
}
