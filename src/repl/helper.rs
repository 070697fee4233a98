//! Help while typing: completion, hints, colours, and whether a line goes on in the next.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter, HistoryHinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper, Result};

use super::colors::colored;
use super::known::Known;
use super::link::Link;
use super::local;
use crate::control::words::{COMMANDS, Command, Words, command};
use crate::script::bench::{Validity, validity};

/// How long typing may wait for what is not known yet.
const PATIENCE: Duration = Duration::from_millis(100);

/// What helps whoever types.
pub(super) struct Typing {
    link: Rc<Link>,
    color: bool,
    /// The line as it is at the moment, to be typed on when the prompt has changed.
    line: Rc<RefCell<(String, usize)>>,
    history: HistoryHinter,
}

impl Typing {
    pub(super) fn new(link: Rc<Link>, color: bool, typed: Rc<RefCell<(String, usize)>>) -> Self {
        Self { link, color, line: typed, history: HistoryHinter::new() }
    }
}

impl Helper for Typing {}

/// Text behind the cursor.
pub(super) struct Grey {
    text: String,
    completes: bool,
}

impl Hint for Grey {
    fn display(&self) -> &str {
        &self.text
    }

    fn completion(&self) -> Option<&str> {
        self.completes.then_some(self.text.as_str())
    }
}

/// What a word at the cursor may be.
enum Place<'a> {
    /// The name of a command.
    Command,
    /// A word behind that command.
    Word(&'static Command),
    /// An expression.
    Expression,
    /// Something of the shell's own.
    Own(&'a str),
}

/// Where the command's name ends and what follows begins; which it is.
fn place<'a>(line: &'a str, known: &Known) -> Place<'a> {
    let Some(rest) = line.trim_start().strip_prefix(':') else { return Place::Expression };
    let Some((name, rest)) = rest.split_once(char::is_whitespace) else { return Place::Command };
    let Some(command) = command(name) else { return Place::Own(name) };
    if matches!(name, "help" | "h" | "?" | "doc" | "edit" | "apropos") {
        return Place::Own(name);
    }
    let in_clause = rest.split_whitespace().rev().skip(usize::from(!rest.ends_with(' '))).any(|word| command.clauses.contains(&word));
    let words = rest.split_whitespace().count() - usize::from(!rest.ends_with(' ') && !rest.trim().is_empty());
    let text = command.words != usize::MAX && words >= command.words;
    let _ = known;
    if in_clause || text { Place::Expression } else { Place::Word(command) }
}

/// The cog that an expression in this line is about.
fn cog_of(line: &str, known: &Known) -> Option<String> {
    let named = line.split_whitespace().skip(1).find(|word| known.cogs.iter().any(|cog| cog == word));
    named.filter(|_| line.trim_start().starts_with(':')).or(known.current_cog()).map(str::to_owned)
}

/// Where the word at `pos` begins: of letters, digits, `_`, and those in `more`.
fn begin(line: &str, pos: usize, more: &[char]) -> usize {
    let word = |c: char| c.is_alphanumeric() || c == '_' || more.contains(&c);
    line[..pos].char_indices().rev().take_while(|(_, c)| word(*c)).last().map_or(pos, |(at, _)| at)
}

fn pair(shown: impl Into<String>, replacement: impl Into<String>) -> Pair {
    Pair { display: shown.into(), replacement: replacement.into() }
}

/// What can stand at `pos`: where it begins, and what it may be.
fn candidates(line: &str, pos: usize, known: &Known) -> (usize, Vec<Pair>) {
    let line = &line[..pos];
    let start = begin(line, pos, &['-', ':', '#', '.']);
    let word = &line[start..];
    let with = |names: Vec<String>| names.into_iter().filter(|name| name.starts_with(word)).map(|name| pair(name.clone(), name)).collect();
    match place(line, known) {
        Place::Command => {
            let start = line.find(':').map_or(pos, |at| at + 1);
            let word = &line[start..];
            let all = COMMANDS.iter().map(|command| command.name).chain(local::COMMANDS.iter().map(|(name, ..)| *name));
            (start, all.filter(|name| name.starts_with(word)).map(|name| pair(name, format!("{name} "))).collect())
        }
        Place::Own(name) => {
            let mut names: Vec<String> = COMMANDS.iter().map(|command| command.name.to_owned()).collect();
            match name {
                "edit" => names.clone_from(&known.cogs),
                "doc" => names = local::documented(known),
                _ => names.extend(local::documented(known)),
            }
            (start, with(names))
        }
        Place::Word(command) => {
            let mut names: Vec<String> = Vec::new();
            let usage = command.usage;
            if usage.contains("COG") || usage.contains("GLOB") {
                names.extend(known.cogs.iter().cloned());
            }
            if usage.contains("ID") {
                names.extend(known.ids.iter().rev().cloned());
            }
            names.extend(usage_words(usage));
            names.extend(command.clauses.iter().map(|clause| (*clause).to_owned()));
            names.extend(command.options.iter().map(|(option, _)| (*option).to_owned()));
            let mut seen = std::collections::HashSet::new();
            names.retain(|name| seen.insert(name.clone()));
            if word.is_empty() {
                names.retain(|name| !name.starts_with('-') || line.split_whitespace().count() > 1);
            }
            (start, with(names))
        }
        Place::Expression => expression(line, pos, known),
    }
}

/// Words that a usage tells as they are: `in|out|diff`, `on|off`, `all`.
fn usage_words(usage: &str) -> Vec<String> {
    let words = usage.split(|c: char| !(c.is_ascii_lowercase() || c == '-' || c == '_'));
    words.filter(|word| word.len() > 1 && !word.starts_with('-')).map(str::to_owned).collect()
}

/// Fields behind `e.` and `.`, else functions.
fn expression(line: &str, pos: usize, known: &Known) -> (usize, Vec<Pair>) {
    let start = begin(line, pos, &['.']);
    let word = &line[start..];
    if let Some(typed) = word.strip_prefix("e.").or_else(|| word.strip_prefix("this.")).or_else(|| word.strip_prefix('.')) {
        let from = pos - typed.len();
        let cog = cog_of(line, known);
        let found = known.fields(cog.as_deref()).into_iter().filter(|(path, _)| path.starts_with(typed));
        let found: Vec<Pair> = found.map(|(path, types)| pair(format!("{path}  {types}"), path)).collect();
        if !found.is_empty() || typed.contains('.') {
            return (from, found);
        }
        return (from, functions(typed, known));
    }
    let start = begin(line, pos, &[':']);
    let word = &line[start..];
    if word.is_empty() {
        return (start, Vec::new());
    }
    let mut found = functions(word, known);
    found.extend(
        ["true", "false", "if", "else", "let", "for", "while", "switch", "return", "it"]
            .iter()
            .filter(|name| name.starts_with(word))
            .map(|name| pair(*name, *name)),
    );
    (start, found)
}

fn functions(word: &str, known: &Known) -> Vec<Pair> {
    let mut found: Vec<Pair> = Vec::new();
    for function in known.functions.iter().filter(|function| function.name.starts_with(word)) {
        if !found.iter().any(|pair| pair.display == function.signature) {
            found.push(pair(function.signature.clone(), format!("{}(", function.name)));
        }
    }
    found
}

/// What follows what is typed: the rest of a command's form, or the signature of the function that is called.
fn usage(line: &str, known: &Known) -> Option<String> {
    if let Some(rest) = line.trim_start().strip_prefix(':') {
        let name = rest.trim_end();
        let (usage, open) = match command(name) {
            Some(command) => (command.usage, true),
            None => (local::COMMANDS.iter().find(|(known, ..)| *known == name)?.1, true),
        };
        let gap = if rest.ends_with(' ') { "" } else { " " };
        return (open && !usage.is_empty()).then(|| format!("{gap}{usage}"));
    }
    let open = line.rfind('(')?;
    if line[open..].contains(')') {
        return None;
    }
    let name = &line[begin(line, open, &[':'])..open];
    let function = known.functions.iter().find(|function| !name.is_empty() && function.name == name)?;
    let arguments = function.signature.split_once('(')?.1;
    (line.len() == open + 1).then(|| arguments.to_owned())
}

impl Completer for Typing {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> Result<(usize, Vec<Pair>)> {
        let shared = &self.link.shared;
        let mut state = shared.lock();
        if matches!(place(&line[..pos], &state.known), Place::Expression) {
            let cog = cog_of(&line[..pos], &state.known);
            let wanted = state.known.ask_fields(cog.as_deref());
            drop(state);
            for cog in wanted {
                self.link.tell("fields", &format!("fields {cog}"));
            }
            let until = Instant::now() + PATIENCE;
            state = shared.lock();
            let missing = |known: &Known| known.functions.is_empty() || known.fields(cog.as_deref()).is_empty();
            while missing(&state.known) && Instant::now() < until {
                state = shared.wait(state, until.saturating_duration_since(Instant::now()));
            }
        }
        Ok(candidates(line, pos, &state.known))
    }
}

impl Hinter for Typing {
    type Hint = Grey;

    fn hint(&self, line: &str, pos: usize, ctx: &Context<'_>) -> Option<Grey> {
        self.line.replace((line.to_owned(), pos));
        if pos < line.len() || line.trim().is_empty() {
            return None;
        }
        if let Some(text) = self.history.hint(line, pos, ctx) {
            return Some(Grey { text, completes: true });
        }
        let mut state = self.link.shared.lock();
        let text = usage(line, &state.known);
        let field = line.ends_with('.').then(|| cog_of(line, &state.known));
        // Asked for while it is typed, they are there when Tab is pressed.
        let wanted = field.map(|cog| state.known.ask_fields(cog.as_deref())).unwrap_or_default();
        drop(state);
        for cog in wanted {
            self.link.tell("fields", &format!("fields {cog}"));
        }
        Some(Grey { text: text?, completes: false })
    }
}

impl Highlighter for Typing {
    fn highlight<'l>(&self, line: &'l str, pos: usize) -> Cow<'l, str> {
        self.line.replace((line.to_owned(), pos));
        if self.color { Cow::Owned(colored(line)) } else { Cow::Borrowed(line) }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if self.color { Cow::Owned(format!("\x1b[90m{hint}\x1b[0m")) } else { Cow::Borrowed(hint) }
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        if self.color { Cow::Owned(format!("\x1b[1m{prompt}\x1b[0m")) } else { Cow::Borrowed(prompt) }
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.color && !matches!(kind, CmdKind::MoveCursor)
    }
}

/// Whether what was typed goes on in the next line.
pub(super) fn goes_on(input: &str) -> bool {
    let Some(line) = input.trim_start().strip_prefix(':') else { return matches!(validity(input), Validity::Incomplete) };
    let Ok(words) = Words::parse(line) else { return false };
    let texts = words.command.clauses.iter().filter_map(|clause| words.clause(clause));
    let last = words.args.last().filter(|_| words.command.words != usize::MAX && words.args.len() > words.command.words);
    texts.chain(last.map(String::as_str)).any(|text| !text.is_empty() && matches!(validity(text), Validity::Incomplete))
}

impl Validator for Typing {
    fn validate(&self, ctx: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        Ok(if goes_on(ctx.input()) { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datum::json;

    fn known() -> Known {
        let mut known = Known::default();
        known.cogs = vec!["parse".into(), "store".into()];
        known.put_fields("parse", &json::read(r#"[{"field":"status","types":"int"},{"field":"a.b","types":"string"}]"#).unwrap());
        known.put_fields("store", &json::read(r#"[{"field":"stored","types":"int"}]"#).unwrap());
        known.put_functions(&json::read(r#"[{"function":"parse_int(text)","name":"parse_int","module":""}]"#).unwrap());
        known.ids.push_back("stdin_supply#42".into());
        known
    }

    fn completed(line: &str) -> Vec<String> {
        let (start, found) = candidates(line, line.len(), &known());
        found.into_iter().map(|pair| format!("{}{}", &line[..start], pair.replacement)).collect()
    }

    #[test]
    fn commands_cogs_ids_and_words_are_completed() {
        assert_eq!(completed(":tim"), [":timeline "]);
        assert_eq!(completed(":tap st"), [":tap store"]);
        assert_eq!(completed(":tap parse o"), [":tap parse out"]);
        assert_eq!(completed(":tap parse out wh"), [":tap parse out where"]);
        assert_eq!(completed(":why stdin"), [":why stdin_supply#42"]);
        assert_eq!(completed(":tap parse --e"), [":tap parse --every"]);
        assert_eq!(completed(":qu"), [":quit-into ", ":quit "]);
    }

    #[test]
    fn fields_seen_are_completed_in_expressions() {
        assert_eq!(completed("e.sta"), ["e.status"]);
        assert_eq!(completed("e.a."), ["e.a.b"]);
        assert_eq!(completed(".st"), [".status", ".stored"]);
        assert_eq!(completed(":tap store where e.st"), [":tap store where e.stored", ":tap store where e.status"]);
        assert_eq!(completed(":set e.sta"), [":set e.status"]);
        assert_eq!(completed("1 + parse_i"), ["1 + parse_int("]);
    }

    #[test]
    fn the_form_of_what_is_typed_is_hinted() {
        assert_eq!(usage(":untap", &known()).as_deref(), Some(" [N|all]"));
        assert_eq!(usage("parse_int(", &known()).as_deref(), Some("text)"));
        assert_eq!(usage("parse_int(1)", &known()), None);
    }

    #[test]
    fn what_is_open_goes_on() {
        assert!(goes_on("if e.n > 1 {") && goes_on(":set #{a: 1,") && goes_on(":tap parse where f("));
        assert!(!goes_on("1 + 1") && !goes_on(":set e.n = 1") && !goes_on(":tap parse where e.n > 1 -n 3") && !goes_on(":ls"));
    }
}
