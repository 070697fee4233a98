//! The words of a command: `tap parse out where e.n > 3 -n 10` as name, arguments, clauses and options, by the one table
//! [`COMMANDS`] from which help and completion come too.
//!
//! A clause begins with its word and goes to the next clause or option; both are found only where brackets and quotes are closed, so
//! that expressions need no quoting of their own.

use std::collections::BTreeMap;

use crate::error::nearest;

/// A command of the shell.
#[derive(Debug)]
pub struct Command {
    /// Its name, without the colon.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// Its group, for help.
    pub group: &'static str,
    /// Its form, behind the name.
    pub usage: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// Words that begin a clause: `where EXPR`.
    pub clauses: &'static [&'static str],
    /// Options, and whether each takes a value.
    pub options: &'static [(&'static str, bool)],
    /// How many words come first; what follows them is one text.
    pub words: usize,
    /// Examples.
    pub examples: &'static [&'static str],
}

macro_rules! commands {
    ($(@$group:literal: $($name:literal $([$($alias:literal)*])? $usage:literal $about:literal
        $(clauses $clauses:expr)?, $(options $options:expr)?, $(words $words:literal)?, $($example:literal)*;)*)*) => {
        /// All commands, group by group.
        pub const COMMANDS: &[Command] = &[$($(Command {
            name: $name,
            aliases: &[$($($alias),*)?],
            group: $group,
            usage: $usage,
            about: $about,
            clauses: commands!(@or $($clauses)?),
            options: commands!(@or $($options)?),
            words: commands!(@words $($words)?),
            examples: &[$($example),*],
        }),*),*];
    };
    (@or) => { &[] };
    (@or $given:expr) => { $given };
    (@words) => { usize::MAX };
    (@words $given:literal) => { $given };
}

commands! {
    @"look":
        "ls" "[GLOB]" "Lists cogs: what went in and out, was swallowed, failed; rate, what waits, the last error.",,, "ls" "ls parse*";
        "cog" "COG" "Shows one cog: where it was made, its options, who feeds it, whom it feeds, what it waits for.",,, "cog parse";
        "dot" "[--live] [--format F] [-o FILE]" "Draws the geartrain; --live with rates, queues, errors and the bottleneck.",
            options &[("--live", false), ("--mermaid", false), ("--format", true), ("-o", true)],, "dot" "dot --live -o now.svg";
        "top" "" "Shows all cogs, renewed each second; q ends it.",,, "top";
        "stats" "" "Gives the books of events and the counters of all cogs.",,, "stats";
        "errors" "[COG] [-n N]" "Groups what failed: how often, the first and the last event, the line of the script.", options &[("-n", true)],, "errors";
        "log" "PRIORITY" "Shows log lines from this priority on.",,, "log debug";
        "fields" "COG" "Tells the fields seen in data that entered a cog: types, share, examples.",,, "fields parse";
        "count" "COG by EXPR [where EXPR] [for 10s]" "Counts data that leave a cog by a value, for some seconds." clauses &["by", "where", "for"],,,
            "count parse by e.status for 5s";
        "timeline" "ID" "Tells how long an event took in each cog.",,, "timeline stdin_supply#42";
        "slow" "[COG]" "Shows the slowest events that are remembered.",,, "slow";
        "status" "" "Tells of the process: name, script, age, memory, clients, what is armed and what that costs.",,, "status";
    @"tap":
        "tap" "COG [in|out|diff] [where EXPR] [select EXPR] [-n N] [--every K]" "Shows events as they pass, all of them up to the limit, and counts what it skipped."
            clauses &["where", "select"], options &[("-n", true), ("--every", true)],, "tap parse where e.status >= 500 -n 10" "tap closure:12 diff";
        "untap" "[N|all]" "Ends a tap, or all.",,, "untap all";
        "taps" "" "Lists taps: what they have shown and skipped.",,, "taps";
    @"feed":
        "inject" "COG EXPR [--dry]" "Lets an event enter a cog; with --dry in a shadow of the train, whose drains only show what they are given.",
            options &[("--dry", false)], words 1, "inject parse \"a,b\" --dry";
        "replay" "FILE|ID|COG [from COG] [--dry]" "Feeds lines of JSON, a remembered event, or all that are remembered of a cog, once more."
            clauses &["from"], options &[("--dry", false)],, "replay cases.jsonl from parse --dry";
    @"stop":
        "break" "COG [in|out] [if EXPR] [after N] [once] | .FIELD | error" "Parks an event at a cog where the condition holds; all others flow."
            clauses &["if", "after", "once"],,, "break enrich if e.ip == \"192.0.2.1\"" "break .status" "break error";
        "bl" "" "Lists breakpoints and what waits at them.",,, "bl";
        "bd" "N|all" "Deletes a breakpoint; what waits there goes on.",,, "bd 1";
        "be" "N on|off" "Switches a breakpoint on or off.",,, "be 1 off";
        "step" ["s"] "" "Lets the parked event go to the next cog, and parks it there.",,, "step";
        "continue" ["c"] "[all]" "Lets the parked event go on, or all of them.",,, "continue";
        "set" "EXPR" "Changes the parked event: `e.n = 3`, or a new value.",, words 0, "set e.sev = \"low\"";
        "drop" "" "Discards the parked event.",,, "drop";
        "emit" "EXPR" "Sends this on in place of the parked event; an array is several.",, words 0, "emit [e, e]";
        "back" "" "Takes the parked event back to the cog before, as it was there.",,, "back";
        "follow" "" "Stops this event and its children only, in each cog.",,, "follow";
        "trace" "[ID]" "Lets the parked event go on and tells each hop with its time and what changed.",,, "trace";
        "into" "" "Steps inside the script cog at which the event is parked, on a copy.",,, "into";
        "over" "" "The next statement, calls as one.",,, "over";
        "next" ["n"] "" "The next statement, going into calls.",,, "next";
        "out" "" "To the end of this function.",,, "out";
        "quit-into" "" "Ends stepping inside the cog.",,, "quit-into";
    @"why":
        "why" "ID" "Tells the way of one event through every cog, what changed, and the script line that dropped it.",,, "why stdin_supply#42";
        "whynot" "EXPR [last 5m]" "Tells which remembered events matched where they came in, and where they ended."
            clauses &["last"],, words 0, "whynot e.status == 500 last 5m";
        "record" "[on|stay|off]" "Remembers events and their ways: while this shell is attached, or until it is switched off; without a word, tells how much.",,, "record on";
        "recent" "[COG] [-n N]" "Lists remembered events with what became of them.", options &[("-n", true)],, "recent parse -n 5";
    @"change":
        "reload" "[FILE] [--check]" "Puts the script's new version into the running train: checked, compared on remembered events, swapped or refused.",
            options &[("--check", false)],, "reload --check" "reload";
        "undo" "" "Puts the version before the last reload back.",,, "undo";
        "save-test" "NAME [ID..]" "Writes remembered events and what came of them as a test for `deadbeat test`.",,, "save-test drops_localhost stdin_supply#3";
    @"run":
        "run" "" "Starts the train of a shell that holds it.",,, "run";
        "pause" "[COG|all]" "Has supplies read nothing more.",,, "pause all";
        "resume" "[COG|all]" "Has them read again.",,, "resume all";
        "stop" "" "Ends the process in order.",,, "stop";
    @"shell":
        "eval" ["p"] "EXPR" "Evaluates Rhai: `e` is the parked or last shown event, `it` those before, `_` the last value.",, words 0, "p e.status + 1";
        "interrupt" "" "Ends the expression that is being evaluated for this client.",,, "interrupt";
        "functions" "[NAME]" "Lists functions with their signatures.",,, "functions parse_int";
        "list" "COG" "Shows the script around a cog.",,, "list parse";
        "help" ["h" "?"] "[COMMAND|COG]" "Explains a command or a cog.",,, "help tap";
}

/// A command, taken apart.
#[derive(Debug)]
pub struct Words {
    /// Which it is.
    pub command: &'static Command,
    /// What stands before clauses and options: words, or with [`Command::words`] so many and the rest as one.
    pub args: Vec<String>,
    clauses: BTreeMap<&'static str, String>,
    options: BTreeMap<&'static str, String>,
}

/// Why a command was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong.
    pub text: String,
    /// What can be done.
    pub hint: Option<String>,
}

impl Wrong {
    /// With that text alone.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), hint: None }
    }

    /// With advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The command of that name.
pub fn command(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name || command.aliases.contains(&name))
}

impl Words {
    /// Takes a line apart. A colon before the name is allowed.
    ///
    /// # Errors
    /// No such command, an option that it does not have, one without its value.
    pub fn parse(line: &str) -> Result<Self, Wrong> {
        let line = line.trim().trim_start_matches(':');
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let command = command(name).ok_or_else(|| {
            let known = COMMANDS.iter().map(|command| command.name);
            let near = nearest(name, known).map_or_else(|| "`help` lists all".to_owned(), |near| format!("did you mean `{near}`?"));
            Wrong::new(format!("there is no command `{name}`")).hint(near)
        })?;
        let mut words = Self { command, args: Vec::new(), clauses: BTreeMap::new(), options: BTreeMap::new() };
        let mut clause: Option<(&'static str, usize)> = None;
        let pieces = pieces(rest);
        // Where the text that is one argument begins.
        let mut text: Option<(usize, usize)> = None;
        let mut waits = None;
        for (start, end) in pieces {
            let word = &rest[start..end];
            if let Some(option) = waits.take() {
                words.options.insert(option, unquoted(word));
                continue;
            }
            if let Some((option, takes)) = command.options.iter().find(|(option, _)| *option == word) {
                words.close(rest, &mut clause, &mut text, start);
                if *takes { waits = Some(*option) } else { drop(words.options.insert(option, String::new())) }
            } else if let Some(found) = command.clauses.iter().find(|found| **found == word) {
                words.close(rest, &mut clause, &mut text, start);
                clause = Some((found, end));
            } else if clause.is_some() {
            } else if words.args.len() >= command.words {
                text = Some((text.map_or(start, |(first, _)| first), end));
            } else if word.starts_with("--") && command.words == usize::MAX {
                let near = nearest(word, command.options.iter().map(|(option, _)| *option));
                let near = near.map_or_else(|| words.usage(), |near| format!("did you mean `{near}`?"));
                return Err(Wrong::new(format!("`{name}` has no option `{word}`")).hint(near));
            } else {
                words.args.push(unquoted(word));
            }
        }
        words.close(rest, &mut clause, &mut text, rest.len());
        match waits {
            Some(option) => Err(Wrong::new(format!("`{option}` needs a value")).hint(words.usage())),
            None => Ok(words),
        }
    }

    /// What was open ends before `end`.
    fn close(&mut self, rest: &str, clause: &mut Option<(&'static str, usize)>, text: &mut Option<(usize, usize)>, end: usize) {
        if let Some((name, start)) = clause.take() {
            self.clauses.insert(name, rest[start..end].trim().to_owned());
        }
        if let Some((start, _)) = text.take() {
            self.args.push(rest[start..end].trim().to_owned());
        }
    }

    /// How it is written.
    pub fn usage(&self) -> String {
        format!("`{} {}`", self.command.name, self.command.usage).replace(" `", "`")
    }

    /// An argument.
    pub fn arg(&self, place: usize) -> Option<&str> {
        self.args.get(place).map(String::as_str)
    }

    /// An argument that must be there.
    ///
    /// # Errors
    /// It is not.
    pub fn need(&self, place: usize) -> Result<&str, Wrong> {
        self.arg(place).ok_or_else(|| Wrong::new(format!("`{}` needs more", self.command.name)).hint(self.usage()))
    }

    /// What stands behind a clause's word.
    pub fn clause(&self, name: &str) -> Option<&str> {
        self.clauses.get(name).map(String::as_str)
    }

    /// An option's value, empty for one that takes none.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// An option's number.
    ///
    /// # Errors
    /// It is none.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Wrong> {
        let number = self.option(name).map(|text| text.parse().map_err(|_| Wrong::new(format!("`{name}` takes a number, not `{text}`"))));
        number.transpose()
    }
}

/// Words with their places: ended by space outside of brackets and quotes.
fn pieces(text: &str) -> Vec<(usize, usize)> {
    let (mut found, mut start, mut depth, mut quote, mut escaped) = (Vec::new(), None, 0_usize, None, false);
    for (at, letter) in text.char_indices() {
        if let Some(open) = quote {
            if letter == open && !escaped {
                quote = None;
            }
            escaped = letter == '\\' && !escaped && open != '`';
            continue;
        }
        match letter {
            '"' | '`' => quote = Some(letter),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if letter.is_whitespace() && depth == 0 {
            found.extend(start.take().map(|start| (start, at)));
        } else if start.is_none() {
            start = Some(at);
        }
    }
    found.extend(start.map(|start| (start, text.len())));
    found
}

/// A word that stands in quotes as a whole, without them.
fn unquoted(word: &str) -> String {
    let inner = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|inner| !inner.contains(['"', '\\']));
    inner.unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_and_options_are_found_where_nothing_is_open() {
        let words =
            Words::parse(":tap parse out where e.text == \"a where b\" && f([1, -n 2]) > 3 select #{n: e.n} -n 10 --every 2").unwrap();
        assert_eq!(words.args, ["parse", "out"]);
        assert_eq!(words.clause("where"), Some("e.text == \"a where b\" && f([1, -n 2]) > 3"));
        assert_eq!(words.clause("select"), Some("#{n: e.n}"));
        assert_eq!((words.number("-n").unwrap(), words.number("--every").unwrap()), (Some(10), Some(2)));
        assert_eq!(words.option("--dry"), None);
    }

    #[test]
    fn a_text_is_one_argument() {
        let words = Words::parse("inject parse  `a  b`  + \"c\" --dry").unwrap();
        assert_eq!(words.args, ["parse", "`a  b`  + \"c\""]);
        assert_eq!(words.option("--dry"), Some(""));
        assert_eq!(Words::parse("p e.n - 1").unwrap().args, ["e.n - 1"]);
        assert_eq!(Words::parse("break a once if e.n > 1 after 3").unwrap().clause("once"), Some(""));
    }

    #[test]
    fn what_is_wrong_is_told_with_advice() {
        let wrong = |line: &str| Words::parse(line).map(|_| ()).unwrap_err();
        assert_eq!(wrong("tpa x").hint.as_deref(), Some("did you mean `tap`?"));
        assert_eq!(wrong("tap x --evry 3").hint.as_deref(), Some("did you mean `--every`?"));
        assert_eq!(wrong("tap x -n").text, "`-n` needs a value");
        assert!(Words::parse("tap").unwrap().need(0).unwrap_err().hint.unwrap().starts_with("`tap COG"));
        assert!(Words::parse("tap x -n y").unwrap().number("-n").is_err());
    }

    #[test]
    fn every_name_stands_for_one_command() {
        let mut names: Vec<&str> =
            COMMANDS.iter().flat_map(|command| [command.name].into_iter().chain(command.aliases.iter().copied())).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for command in COMMANDS {
            for example in command.examples {
                assert_eq!(Words::parse(example).unwrap().command.name, command.name, "{example}");
            }
        }
    }
}
