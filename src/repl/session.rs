//! A session: lines come in, by an editor or one by one, and answers are shown.

use std::cell::{Cell, RefCell};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Behavior, CompletionType, Config, Editor, ExternalPrinter};

use super::helper::{Typing, goes_on};
use super::link::Link;
use super::paint::{Paint, clean, clean_lines};
use super::render::{part, text};
use super::screen::{Printer, Screen};
use super::{Commands, Shell, local};
use crate::control::kept;
use crate::datum::{Datum, Map, json};

/// How long an answer is waited for after it was interrupted, where that can be done, and how often it is interrupted meanwhile:
/// an expression that has not begun yet cannot be.
const AFTER_INTERRUPT: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(200);
/// How long others are.
const GIVE_UP: Duration = Duration::from_millis(200);
/// How often it is looked whether the interrupt key was pressed.
const LOOK: Duration = Duration::from_millis(50);

/// What follows a line.
pub(super) enum Flow {
    /// The next one.
    Next,
    /// Nothing: the shell is left.
    Leave,
}

/// A session.
pub(super) struct Session {
    pub(super) link: Rc<Link>,
    pub(super) screen: Screen,
    pub(super) paint: Paint,
    pub(super) json: bool,
    /// Somebody sits there.
    pub(super) interactive: bool,
    own: bool,
    interrupted: Arc<AtomicBool>,
    /// What an empty line does again.
    again: Cell<Option<&'static str>>,
}

type Lines = Editor<Typing, FileHistory>;

/// See [`Shell::run`].
pub(super) fn run(shell: Shell, ends: impl FnOnce() -> u8) -> u8 {
    let paint = Paint { color: shell.color };
    let link = match Link::new(shell.stream, paint, shell.json) {
        Ok(link) => Rc::new(link),
        Err(error) => {
            tell(&format!("deadbeat: {error}\n"));
            return 1;
        }
    };
    let interrupted = Arc::new(AtomicBool::new(false));
    let typed = Rc::new(RefCell::new((String::new(), 0)));
    let interactive = matches!(shell.commands, Commands::Terminal);
    let mut editor = None;
    let mut printer: Printer = Box::new(|text| {
        let mut out = io::stdout().lock();
        let _ = io::Write::write_all(&mut out, text.as_bytes()).and_then(|()| io::Write::flush(&mut out));
    });
    if interactive {
        // Without it the interrupt key would end the program, where it is to end an expression.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&interrupted));
        match edits(&link, shell.own, shell.color, &typed) {
            Ok((made, prints)) => (editor, printer) = (Some(made), prints),
            Err(error) => {
                tell(&format!("deadbeat: no terminal to edit lines at: {error}\n"));
                return 1;
            }
        }
    }
    let terminal = if shell.own && interactive { OpenOptions::new().read(true).write(true).open("/dev/tty").ok() } else { None };
    let screen = Screen::new(&link.shared, terminal, printer, interactive, shell.outputs);
    screen.measure();
    let session = Session { link, screen, paint, json: shell.json, interactive, own: shell.own, interrupted, again: Cell::new(None) };
    session.link.shared.lock().known.runs = shell.runs;
    session.begin(shell.record);
    match (editor, shell.commands) {
        (Some(editor), _) => session.converse(editor, &typed),
        (None, Commands::Lines(lines)) => session.read(lines),
        (None, Commands::Terminal) => {}
    }
    session.end(ends)
}

fn tell(text: &str) {
    let _ = io::Write::write_all(&mut io::stderr().lock(), text.as_bytes());
}

/// An editor of lines, and what prints above it.
fn edits(link: &Rc<Link>, own: bool, color: bool, typed: &Rc<RefCell<(String, usize)>>) -> rustyline::Result<(Lines, Printer)> {
    // A train of our own writes to the standard streams, so that the editor takes the terminal itself.
    let behavior = if own { Behavior::PreferTerm } else { Behavior::Stdio };
    let config =
        Config::builder().behavior(behavior).completion_type(CompletionType::List).auto_add_history(false).history_ignore_space(true);
    let mut editor = Lines::with_config(config.max_history_size(5000)?.build())?;
    editor.set_helper(Some(Typing::new(Rc::clone(link), color, Rc::clone(typed))));
    let mut above = editor.create_external_printer()?;
    if let Some(path) = history() {
        let _ = editor.load_history(&path);
    }
    Ok((editor, Box::new(move |text| drop(above.print(text)))))
}

/// The file of what was typed, made for its owner alone.
fn history() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let dir = named("XDG_STATE_HOME").or_else(|| Some(named("HOME")?.join(".local/state")))?.join("deadbeat");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir).ok()?;
    let path = dir.join("history");
    OpenOptions::new().append(true).create(true).mode(0o600).open(&path).ok()?;
    Some(path)
}

impl Session {
    fn begin(&self, record: bool) {
        // What the process says of itself comes first.
        let until = Instant::now() + Duration::from_secs(5);
        let shared = &self.link.shared;
        let mut state = shared.lock();
        while state.known.name.is_empty() && !state.closed && Instant::now() < until {
            state = shared.wait(state, LOOK);
        }
        let (name, script, pid, cogs) = (state.known.name.clone(), state.known.script.clone(), state.known.pid, state.known.cogs.len());
        drop(state);
        if record {
            self.link.tell("record", "record on");
        }
        if self.interactive && !self.json {
            self.link.tell("functions", "functions");
            let what = if self.own {
                format!("{script}, {cogs} cogs")
            } else {
                format!("attached to {name}: {script}, process {pid}, {cogs} cogs")
            };
            let remembers = if record { "; events are remembered while you are here" } else { "" };
            self.screen.say(&format!("{}{remembers}. `:help` lists the commands; Ctrl-D leaves.\n", clean(&what)));
        }
    }

    /// Lines come from an editor.
    fn converse(&self, mut editor: Lines, typed: &RefCell<(String, usize)>) {
        let path = history();
        let mut initial = (String::new(), 0);
        let mut wants_out = false;
        loop {
            self.screen.measure();
            self.screen.flush();
            let prompt = {
                let mut state = self.link.shared.lock();
                if state.closed {
                    return;
                }
                (state.editing, state.stale) = (true, false);
                state.known.prompt()
            };
            typed.replace((String::new(), 0));
            let (left, right) = initial.0.split_at(initial.1);
            let line = editor.readline_with_initial(prompt.as_str(), (left, right));
            let stale = {
                let mut state = self.link.shared.lock();
                state.editing = false;
                state.stale || state.closed
            };
            initial = (String::new(), 0);
            self.interrupted.store(false, Ordering::Relaxed);
            match line {
                Ok(line) => {
                    wants_out = false;
                    self.screen.flush();
                    if !line.trim().is_empty()
                        && editor.add_history_entry(line.as_str()).unwrap_or(false)
                        && let Some(path) = &path
                    {
                        let _ = editor.append_history(path);
                    }
                    if matches!(self.line(&line), Flow::Leave) {
                        return;
                    }
                }
                Err(ReadlineError::Interrupted) if stale => initial = typed.replace((String::new(), 0)),
                Err(ReadlineError::Interrupted) => {
                    let empty = typed.borrow().0.is_empty();
                    if empty && wants_out {
                        return;
                    }
                    wants_out = empty;
                    if empty {
                        self.screen.say("once more, or Ctrl-D, to leave\n");
                    }
                }
                Err(_) => return,
            }
        }
    }

    /// Lines come one by one.
    fn read(&self, mut lines: Box<dyn BufRead>) {
        let mut input = String::new();
        loop {
            self.screen.flush();
            self.link.shared.lock().editing = true;
            self.link.shared.wake();
            let begun = input.len();
            let got = lines.read_line(&mut input);
            let closed = {
                let mut state = self.link.shared.lock();
                state.editing = false;
                state.closed
            };
            let ended = !matches!(got, Ok(count) if count > 0);
            if input.len() > begun && !ended && goes_on(input.trim_end_matches('\n')) {
                continue;
            }
            let line = std::mem::take(&mut input);
            if closed || !line.trim().is_empty() && matches!(self.line(&line), Flow::Leave) {
                return;
            }
            if ended {
                break;
            }
        }
        // What has a limit comes to it; a train of our own runs to its end.
        let own = self.own;
        let running = move |known: &super::known::Known| own && known.runs && !known.ended;
        self.wait_until(None, |known| known.open_taps <= 0 && !running(known));
    }

    /// Shows what comes until that holds, the process ends, or the time is over; whether it held.
    pub(super) fn wait_until(&self, time: Option<Duration>, met: impl Fn(&super::known::Known) -> bool) -> bool {
        let until = time.map(|time| Instant::now() + time);
        loop {
            self.screen.flush();
            let state = self.link.shared.lock();
            if met(&state.known) {
                drop(state);
                self.screen.flush();
                return true;
            }
            let over = until.is_some_and(|until| Instant::now() >= until) || self.interrupted.swap(false, Ordering::Relaxed);
            if state.closed || over {
                return false;
            }
            drop(self.link.shared.wait(state, LOOK));
        }
    }

    /// The shell is left.
    fn end(self, ends: impl FnOnce() -> u8) -> u8 {
        let (closed, known_end) = {
            let state = self.link.shared.lock();
            (state.closed, state.known.ending)
        };
        if closed && !self.own {
            self.screen.flush();
            let told = if known_end { "the process has ended" } else { "the process is lost: it ended without a word" };
            self.screen.say(&format!("{}\n", self.paint.yellow(told)));
        }
        // A train of our own ends when it hears that nobody is there any more.
        self.link.close(self.own);
        let status = ends();
        self.screen.close();
        if self.own { status } else { u8::from(closed && !known_end) }
    }

    /// Does what a line says.
    pub(super) fn line(&self, line: &str) -> Flow {
        let line = line.trim();
        if line.is_empty() {
            if let Some(again) = self.again.get() {
                self.send(again, again, None);
            }
            return Flow::Next;
        }
        let Some(rest) = line.strip_prefix(':') else {
            self.send("eval", &format!("eval {line}"), None);
            return Flow::Next;
        };
        let rest = rest.trim();
        let (name, args) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if let Some(flow) = local::run(self, name, args.trim()) {
            return flow;
        }
        let (rest, sink) = match redirected(rest) {
            Some((rest, path)) => match File::create(&path) {
                Ok(file) => (rest, Some(file)),
                Err(error) => {
                    self.wrong(&format!("cannot write `{path}`: {}", crate::error::plain(&error)), None);
                    return Flow::Next;
                }
            },
            None => (rest, None),
        };
        let name = crate::control::words::command(name).map_or(name, |command| command.name);
        // Who looks at it here wants to see it.
        let drawn = name == "dot" && !["--format", "--mermaid", "-o"].iter().any(|option| rest.contains(option));
        let line = if drawn { &format!("{rest} --format text") } else { rest };
        self.send(name, line, sink);
        self.again.set(match name {
            "step" => Some("step"),
            "into" | "over" | "next" | "out" if self.link.shared.lock().known.inside => Some("next"),
            _ => None,
        });
        Flow::Next
    }

    /// Sends a command, waits for its answer, and shows it.
    pub(super) fn send(&self, command: &str, line: &str, sink: Option<File>) {
        let Some(map) = self.asked(command, line, sink, true) else { return };
        if self.json {
            return self.screen.say(&format!("{}\n", json::to_string(&Datum::Map(map))));
        }
        match map.by_name("data") {
            Some(data) => {
                self.screen.measure();
                match kept::keep(line, data) {
                    None => self.screen.say(&self.link.shared.render().answer(command, data)),
                    Some(Ok(text)) => self.screen.say(&clean_lines(&text)),
                    Some(Err(text)) => self.wrong(&text, None),
                }
            }
            None => self.wrong(&text_of(&map, "error"), Some(text_of(&map, "hint")).filter(|hint| !hint.is_empty())),
        }
    }

    /// Shows that something is wrong.
    pub(super) fn wrong(&self, text: &str, hint: Option<String>) {
        self.screen.say(&format!("{} {}\n", self.paint.red("error:"), clean_lines(text)));
        if let Some(hint) = hint {
            self.screen.say(&format!("  = hint: {}\n", clean_lines(&hint)));
        }
    }

    /// The answer to a command, as it came; none where the process has gone, or nobody waits any more.
    pub(super) fn asked(&self, command: &str, line: &str, sink: Option<File>, aloud: bool) -> Option<Map> {
        self.interrupted.store(false, Ordering::Relaxed);
        let id = self.link.ask(command, line, sink).ok()?;
        let (mut until, mut asked_last): (Option<Instant>, Option<Instant>) = (None, None);
        loop {
            let mut state = self.link.shared.lock();
            if let Some((before, answer)) = Link::answer(&mut state, id, aloud) {
                drop(state);
                self.screen.say(&before);
                return json::read(&answer).ok()?.as_map().cloned();
            }
            let shown = if aloud { Link::shown(&mut state) } else { None };
            if let Some(shown) = shown {
                drop(state);
                self.screen.say(&shown);
                continue;
            }
            if state.closed {
                return None;
            }
            let now = Instant::now();
            if self.interrupted.swap(false, Ordering::Relaxed) && until.is_none() {
                let ends = matches!(command, "eval" | "p" | "set" | "emit" | "inject" | "into" | "over" | "next" | "out");
                until = Some(now + if ends { AFTER_INTERRUPT } else { GIVE_UP });
            }
            if until.is_some_and(|until| now >= until) {
                drop(state);
                self.screen.say("not waited for any longer\n");
                return None;
            }
            if until.is_some() && asked_last.is_none_or(|last: Instant| now >= last + AGAIN) {
                drop(state);
                self.link.tell("interrupt", "interrupt");
                asked_last = Some(now);
                continue;
            }
            drop(self.link.shared.wait(state, LOOK));
        }
    }

    /// The data of an answer, without a word on the screen unless it is an error.
    pub(super) fn data(&self, command: &str, line: &str) -> Option<Datum> {
        let map = self.asked(command, line, None, true)?;
        if let Some(data) = map.by_name("data") {
            return Some(data.clone());
        }
        self.wrong(&text(&map, "error"), Some(text(&map, "hint")).filter(|hint| !hint.is_empty()));
        None
    }
}

fn text_of(map: &Map, name: &str) -> String {
    part(map, name).as_str().unwrap_or_default().to_owned()
}

/// `tap … > FILE`: the command, and the file. Behind an expression, which may have a `>` of its own, the file is written with a path.
fn redirected(line: &str) -> Option<(&str, String)> {
    let (before, file) = line.strip_prefix("tap ").and_then(|_| line.rsplit_once(" > "))?;
    let file = file.trim();
    let in_clause = before.split_whitespace().any(|word| matches!(word, "where" | "select")) && {
        let last = before.split_whitespace().rev().find(|word| matches!(*word, "where" | "select" | "-n" | "--every"));
        matches!(last, Some("where" | "select"))
    };
    let is_path = ["/", "./", "../", "~/"].iter().any(|start| file.starts_with(start));
    if file.is_empty() || file.contains(char::is_whitespace) || in_clause && !is_path {
        return None;
    }
    let home = file.strip_prefix("~/").and_then(|rest| Some(format!("{}/{rest}", std::env::var("HOME").ok()?)));
    Some((before, home.unwrap_or_else(|| file.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tap_can_be_written_to_a_file() {
        assert_eq!(redirected("tap parse > out.jsonl"), Some(("tap parse", "out.jsonl".into())));
        assert_eq!(redirected("tap parse where e.n > 3"), None);
        assert_eq!(redirected("tap parse where e.n > e.m"), None);
        assert_eq!(redirected("tap parse where e.n > 3 > ./out"), Some(("tap parse where e.n > 3", "./out".into())));
        assert_eq!(redirected("tap parse where e.n > 3 -n 5 > out"), Some(("tap parse where e.n > 3 -n 5", "out".into())));
        assert_eq!(redirected("ls > out"), None);
    }
}
