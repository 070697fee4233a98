//! Commands of the shell's own: help, leaving, editing, sourcing, waiting.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::known::Known;
use super::paint::{clean, clean_lines, width};
use super::session::{Flow, Session};
use super::{render, top};
use crate::cog::CogSpec;
use crate::cogs::COGS;
use crate::control::words;
use crate::error::nearest;

/// Its name, its form, what it does.
pub(super) const COMMANDS: &[(&str, &str, &str)] = &[
    ("quit", "", "Leaves the shell, as Ctrl-D does; a process that it is attached to runs on."),
    ("apropos", "WORD", "Lists commands, cogs and functions that have to do with a word."),
    ("doc", "COG|FN", "Explains a cog with its options, or a function."),
    ("source", "FILE", "Does the commands of a file."),
    ("edit", "[COG]", "Opens the script in $EDITOR, at a cog; then checks it and asks whether to reload it."),
    ("wait", "stop|taps|end [SECONDS]", "Waits until an event is parked, all taps with -n are over, or the train has ended; 60 s at most."),
];

/// Sourced files may source others, so deep.
const DEEPEST: usize = 8;

/// Does a command, where it is one of these.
pub(super) fn run(session: &Session, name: &str, args: &str) -> Option<Flow> {
    match name {
        "q" | "quit" | "exit" => return Some(Flow::Leave),
        "help" | "h" | "?" => session.screen.say(&help(session, args)),
        "apropos" => session.screen.say(&apropos(session, args)),
        "doc" => match doc(&session.link.shared.lock().known, args) {
            Some(text) => session.screen.say(&text),
            None => {
                session.wrong(&format!("there is neither a cog nor a function `{args}`"), Some("`:apropos WORD` looks for some".into()));
            }
        },
        "source" => return Some(source(session, args, 0)),
        "edit" => edit(session, args),
        "wait" => wait(session, args),
        "top" if session.interactive => top::run(session),
        _ => return None,
    }
    Some(Flow::Next)
}

/// What `:doc` can explain.
pub(super) fn documented(known: &Known) -> Vec<String> {
    COGS.iter().map(|spec| spec.path()).chain(known.functions.iter().map(|function| function.name.clone())).collect()
}

fn help(session: &Session, name: &str) -> String {
    let name = name.trim_start_matches(':');
    if name.is_empty() {
        return overview(session);
    }
    if let Some(command) = words::command(name) {
        let mut out = format!(":{} {}\n  {}\n", command.name, command.usage, command.about);
        if !command.aliases.is_empty() {
            let _ = writeln!(out, "  also :{}", command.aliases.join(", :"));
        }
        command.examples.iter().for_each(|example| {
            let _ = writeln!(out, "  e.g. :{example}");
        });
        return out;
    }
    if let Some((name, usage, about)) = COMMANDS.iter().find(|(known, ..)| *known == name) {
        return format!(":{name} {usage}\n  {about}\n");
    }
    let known = &session.link.shared.lock().known;
    doc(known, name).unwrap_or_else(|| {
        let all = words::COMMANDS.iter().map(|command| command.name).chain(COMMANDS.iter().map(|(name, ..)| *name));
        let near = nearest(name, all).map(|near| format!("; did you mean `:help {near}`?")).unwrap_or_default();
        format!("nothing is called `{}`{near}\n", clean(name))
    })
}

fn overview(session: &Session) -> String {
    let mut out = String::from("What begins with a colon is a command, all else Rhai over the event `e`.\n");
    let mut group = "";
    for command in words::COMMANDS {
        if command.group != group {
            group = command.group;
            let _ = writeln!(out, "{}", session.paint.bold(group));
        }
        entry(&mut out, session, command.name, command.usage, command.about);
    }
    let _ = writeln!(out, "{}", session.paint.bold("this shell"));
    for (name, usage, about) in COMMANDS {
        entry(&mut out, session, name, usage, about);
    }
    out
}

fn entry(out: &mut String, session: &Session, name: &str, usage: &str, about: &str) {
    let head = format!(":{name} {usage}");
    let head = head.trim_end();
    let shown = session.paint.name(head);
    if width(head) > 28 {
        let _ = writeln!(out, "  {shown}\n  {:28} {about}", "");
    } else {
        let _ = writeln!(out, "  {shown}{} {about}", " ".repeat(28 - width(head)));
    }
}

fn apropos(session: &Session, word: &str) -> String {
    let word = word.to_lowercase();
    let mut out = String::new();
    let meant = |texts: &[&str]| texts.iter().any(|text| text.to_lowercase().contains(&word));
    for command in words::COMMANDS.iter().filter(|command| meant(&[command.name, command.usage, command.about])) {
        entry(&mut out, session, command.name, command.usage, command.about);
    }
    for (name, usage, about) in COMMANDS.iter().filter(|(name, usage, about)| meant(&[name, usage, about])) {
        entry(&mut out, session, name, usage, about);
    }
    for spec in COGS.iter().filter(|spec| meant(&[&spec.path(), spec.about])) {
        let _ = writeln!(out, "  {}  {}", session.paint.name(&spec.path()), spec.about);
    }
    for function in session.link.shared.lock().known.functions.iter().filter(|function| meant(&[&function.name, &function.about])) {
        let about = function.about.lines().next().unwrap_or_default();
        let _ = writeln!(out, "  {}  {}", session.paint.name(&function.signature), clean(about));
    }
    if out.is_empty() { "nothing has to do with it\n".to_owned() } else { out }
}

/// A cog's page, or a function's.
fn doc(known: &Known, name: &str) -> Option<String> {
    let of_cog = |spec: &&&CogSpec| spec.path() == name || spec.name == name;
    if let Some(spec) = COGS.iter().find(of_cog) {
        let mut out = format!("{} ({})\n  {}\n", spec.path(), spec.kind.word(), spec.about);
        for (heading, text) in spec.shape() {
            let _ = writeln!(out, "  {heading}: {text}");
        }
        for param in spec.params {
            let _ = writeln!(out, "  {} ({}; {})\n      {}", param.name, param.ty.word(), param.default.text(), param.about);
        }
        spec.examples.iter().for_each(|example| {
            let _ = writeln!(out, "  e.g. {}", example.make);
        });
        return Some(out);
    }
    let mut out = String::new();
    for function in known.functions.iter().filter(|function| function.name == name || function.name.rsplit("::").next() == Some(name)) {
        let _ = writeln!(out, "{}", function.signature);
        clean_lines(&function.about).lines().for_each(|line| {
            let _ = writeln!(out, "  {line}");
        });
    }
    (!out.is_empty()).then_some(out)
}

fn source(session: &Session, path: &str, depth: usize) -> Flow {
    let lines = match std::fs::read_to_string(path) {
        Ok(lines) if depth < DEEPEST => lines,
        Ok(_) => {
            session.wrong(&format!("`{path}` sources itself"), None);
            return Flow::Next;
        }
        Err(error) => {
            session.wrong(&format!("cannot read `{path}`: {}", crate::error::plain(&error)), None);
            return Flow::Next;
        }
    };
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let flow = match line.strip_prefix(":source ") {
            Some(inner) => source(session, inner.trim(), depth + 1),
            None => session.line(line),
        };
        if matches!(flow, Flow::Leave) {
            return Flow::Leave;
        }
    }
    Flow::Next
}

fn edit(session: &Session, cog: &str) {
    if !session.interactive {
        return session.wrong("`:edit` needs a terminal", None);
    }
    let path = session.link.shared.lock().known.path.clone();
    let mut place = (path, None);
    if !cog.is_empty() {
        let Some(data) = session.data("cog", &format!("cog {cog}")) else { return };
        let told = data.as_map().map(|map| render::text(map, "place")).unwrap_or_default();
        if let Some((file, line)) = told.rsplit_once(':') {
            // A place names the script as it was given; what is not there is looked for beside it.
            let beside = Path::new(&place.0).with_file_name(Path::new(file).file_name().unwrap_or_default());
            place.0 = if beside.exists() { beside.display().to_string() } else { file.to_owned() };
            place.1 = line.parse::<u32>().ok();
        }
    }
    let editor = ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let mut words = editor.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("vi"));
    command.args(words).args(place.1.map(|line| format!("+{line}"))).arg(&place.0);
    if let Ok(terminal) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty") {
        // Where a train of our own has the standard streams, the editor has the terminal.
        if let (Ok(input), Ok(output)) = (terminal.try_clone(), terminal.try_clone()) {
            command.stdin(input).stdout(output);
        }
    }
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => return session.wrong(&format!("`{editor}` ended with {status}: nothing is reloaded"), None),
        Err(error) => return session.wrong(&format!("cannot start `{editor}`: {}", crate::error::plain(&error)), None),
    }
    let Some(data) = session.data("reload", "reload --check") else { return };
    session.screen.say(&session.link.shared.render().answer("reload", &data));
    session.screen.say("reload it? [y/N] ");
    let mut answer = String::new();
    let read = match std::fs::File::open("/dev/tty") {
        Ok(terminal) => std::io::BufRead::read_line(&mut std::io::BufReader::new(terminal), &mut answer),
        Err(_) => std::io::stdin().read_line(&mut answer),
    };
    if read.is_ok() && matches!(answer.trim(), "y" | "yes") {
        session.send("reload", "reload", None);
    }
}

fn wait(session: &Session, args: &str) {
    let (what, time) = args.split_once(char::is_whitespace).unwrap_or((args, "60"));
    let Ok(seconds) = time.trim().parse::<u64>() else { return session.wrong(&format!("`{time}` is no number of seconds"), None) };
    let met: fn(&Known) -> bool = match what {
        "stop" => |known| known.parked().is_some(),
        "taps" => |known| known.open_taps <= 0,
        "end" => |known| known.ended || known.ending,
        odd => return session.wrong(&format!("`{odd}` is none of `stop`, `taps`, `end`"), None),
    };
    if !session.wait_until(Some(Duration::from_secs(seconds)), met) {
        session.wrong(&format!("waited for `{what}` in vain"), None);
    }
}
