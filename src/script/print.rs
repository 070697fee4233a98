//! What stands for a cog's options as the script wrote them, so that two versions of a script can be compared cog by cog.
//!
//! A closure counts with its text, wherever it stands now, and with what it captured; so does every named function, as any
//! of them may be called. Values go into a hash, which shows nothing of them.

use std::hash::{DefaultHasher, Hash, Hasher};

use rhai::{AST, Array, Dynamic, FnPtr, Map as RhaiMap, Shared};

use super::host::Host;
use super::winding::CogHandle;

/// Levels of values within values that count.
const DEEPEST: usize = 16;

/// The print of a cog's options; `cog_name` names other cogs of the train.
pub(super) fn of(host: &Host, options: &[(String, Dynamic)], cog_name: &dyn Fn(u32) -> String) -> u64 {
    let mut printer = Printer { host, cog_name, hasher: DefaultHasher::new(), calls: false };
    for (name, value) in options {
        name.hash(&mut printer.hasher);
        printer.value(value, DEEPEST);
    }
    if printer.calls {
        let mut functions: Vec<String> = trees(host)
            .flat_map(AST::iter_fn_def)
            .filter(|definition| !definition.name.starts_with("anon$"))
            .map(|definition| {
                format!("{}/{}: {}", definition.name, definition.params.len(), without_places(&format!("{:?}", definition.body)))
            })
            .collect();
        functions.sort_unstable();
        functions.hash(&mut printer.hasher);
    }
    printer.hasher.finish()
}

fn trees(host: &Host) -> impl Iterator<Item = &AST> {
    [&host.ast].into_iter().chain(host.libraries.iter().map(|(_, tree)| tree))
}

struct Printer<'a> {
    host: &'a Host,
    cog_name: &'a dyn Fn(u32) -> String,
    hasher: DefaultHasher,
    /// Whether a function of the script is among the options.
    calls: bool,
}

impl Printer<'_> {
    fn value(&mut self, value: &Dynamic, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let value = value.flatten_clone();
        value.type_name().hash(&mut self.hasher);
        if let Some(function) = value.read_lock::<FnPtr>() {
            self.function(&function, depth);
        } else if let Some(list) = value.read_lock::<Array>() {
            list.len().hash(&mut self.hasher);
            list.iter().for_each(|item| self.value(item, depth));
        } else if let Some(map) = value.read_lock::<RhaiMap>() {
            for (name, item) in map.iter() {
                name.hash(&mut self.hasher);
                self.value(item, depth);
            }
        } else if let Some(cog) = value.read_lock::<CogHandle>() {
            (self.cog_name)(cog.0).hash(&mut self.hasher);
        } else {
            format!("{value:?}").hash(&mut self.hasher);
        }
    }

    fn function(&mut self, function: &FnPtr, depth: usize) {
        self.calls = true;
        if !function.is_anonymous() {
            function.fn_name().hash(&mut self.hasher);
        }
        self.body(function.fn_name(), depth);
        function.curry().iter().for_each(|captured| self.value(captured, depth));
    }

    /// The text of a closure, and of those within it.
    fn body(&mut self, name: &str, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let found = trees(self.host).flat_map(AST::iter_fn_def).find(|definition| definition.name == name).map(Shared::clone);
        let Some(definition) = found else { return };
        let text = format!("{:?} {:?}", definition.params, definition.body);
        without_places(&text).hash(&mut self.hasher);
        for rest in text.split("anon$").skip(1) {
            let end = rest.find(|letter: char| !letter.is_ascii_hexdigit()).unwrap_or(rest.len());
            self.body(&format!("anon${}", &rest[..end]), depth);
        }
    }
}

/// The interpreter's rendering of a syntax tree without what tells where it stands: `7:37`, `7:37-105`, `anon$1f…`. Texts of the
/// script stand in quotes and stay as they are.
fn without_places(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let length = match letter {
            '"' => {
                let quoted = quoted(rest);
                plain.push_str(if quoted.starts_with("\"anon$") { "\"\"" } else { quoted });
                quoted.len()
            }
            '0'..='9' if place(rest) > 0 => place(rest),
            '0'..='9' => {
                let number = digits(rest);
                plain.push_str(&rest[..number]);
                number
            }
            _ => {
                plain.push(letter);
                letter.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    plain
}

/// The quoted text at the beginning.
fn quoted(text: &str) -> &str {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, letter)| {
        let ends = *letter == '"' && !escaped;
        escaped = *letter == '\\' && !escaped;
        ends
    });
    &text[..end.map_or(text.len(), |(at, _)| at + 1)]
}

fn digits(text: &str) -> usize {
    text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len()
}

/// How long the place at the beginning is, 0 where there is none.
fn place(text: &str) -> usize {
    let pair = |text: &str| match digits(text) {
        0 => 0,
        line => match text[line..].strip_prefix(':').map_or(0, digits) {
            0 => 0,
            column => line + 1 + column,
        },
    };
    let mut length = pair(text);
    for dash in ["-", " - "] {
        if length > 0
            && let Some(end) = text[length..].strip_prefix(dash)
        {
            let long = if pair(end) > 0 { pair(end) } else { digits(end) };
            length += if long > 0 { dash.len() + long } else { 0 };
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::script::{Setting, wind_text};

    fn prints(text: &str) -> Vec<(String, u64)> {
        let wound = wind_text("a.rhai", text, Path::new("."), Setting::default()).map_err(|_| "it must compile").unwrap();
        assert!(!wound.is_faulty());
        wound.graph.nodes.iter().map(|node| (node.name.clone(), node.about.print)).collect()
    }

    const SCRIPT: &str = "
        fn size(d) { if d.size == \"3:14\" { 0 } else { d.size } }
        let least = 3;
        let train = movement::train();
        train.update(fs::stdin_supply() |> text::json_parse(#{name: \"parse\"})
            |> twist::filter(|d| size(d) > least, #{name: \"big\"})
            |> cog(#{n: 0, run: |d| { this.n += 1; let double = |x| x * 2; d.n = double.call(this.n); d }})
            |> text::json_marshall() |> fs::stdout_drain());
        train.run();";

    #[test]
    fn where_a_closure_stands_does_not_matter() {
        let only = |all: Vec<(String, u64)>| all.into_iter().map(|(_, print)| print).collect::<Vec<_>>();
        let moved = format!("// a comment\n\n{}", SCRIPT.replace("|> cog(", "|>    cog("));
        assert_eq!(only(prints(SCRIPT)), only(prints(&moved)));
    }

    #[test]
    fn what_changed_is_told_apart() {
        let changed = |from: &str, to: &str| {
            let (old, new) = (prints(SCRIPT), prints(&SCRIPT.replace(from, to)));
            old.iter().zip(&new).enumerate().filter(|(_, (old, new))| old.1 != new.1).map(|(n, _)| n).collect::<Vec<_>>()
        };
        assert_eq!(changed("least = 3", "least = 4"), [2], "what is captured");
        assert_eq!(changed("> least", ">= least"), [2]);
        assert_eq!(changed("x * 2", "x * 3"), [3], "a closure within one");
        assert_eq!(changed("else { d.size }", "else { d.length }"), [2, 3], "a function that is called");
        assert_eq!(changed("3:14", "3:15"), [2, 3], "a text that looks like a place");
        assert_eq!(changed("#{name: \"parse\"}", "#{name: \"parse\", max_depth: 3}"), [1]);
    }
}
