//! `deadbeat attach` and `deadbeat ctl`: the shell, or one command, on a process that runs.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::{UNUSABLE, say, tell};
use crate::control::{kept, place};
use crate::datum::{Datum, Map, json};
use crate::error::nearest;

pub(super) fn ctl_command() -> Command {
    Command::new("ctl")
        .about("Do one command of the live shell on a running process")
        .long_about("Does one command of the live shell on a process that runs, and writes what it gives as JSON: for scripts and editors. `deadbeat ctl` alone lists the processes. What goes on, as `tap` and `log`, is written line by line until it ends or is interrupted. `deadbeat ctl NAME help` lists the commands.")
        .arg(Arg::new("process").value_name("NAME|PID|SOCKET").help("The process: its name, its number, or its socket"))
        .arg(
            Arg::new("command")
                .value_name("COMMAND")
                .num_args(0..)
                .action(ArgAction::Append)
                .trailing_var_arg(true)
                .allow_hyphen_values(true)
                .help("The command and what belongs to it"),
        )
}

/// The socket of that process; without a name, of the only one.
///
/// # Errors
/// What is to be told: there is none, or there are several.
pub(super) fn find(name: Option<&str>) -> Result<PathBuf, String> {
    let living = place::living();
    let list = || living.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let Some(name) = name else {
        return match &living[..] {
            [(_, path)] => Ok(path.clone()),
            [] => Err(format!("no process runs that could be attached to (none listens in `{}`)", place::directory().display())),
            _ => Err(format!("which one? There are {}", list())),
        };
    };
    if let Some((_, path)) = living.iter().find(|(known, _)| known == name) {
        return Ok(path.clone());
    }
    if name.contains('/') {
        return Ok(PathBuf::from(name));
    }
    if let Ok(number) = name.parse::<i64>() {
        let of = |path: &Path| hello(path).and_then(|hello| hello.by_name("pid")?.as_int());
        if let Some((_, path)) = living.iter().find(|(_, path)| of(path) == Some(number)) {
            return Ok(path.clone());
        }
    }
    let near = nearest(name, living.iter().map(|(name, _)| name.as_str())).map(|near| format!("; did you mean `{near}`?"));
    Err(match (living.is_empty(), near) {
        (true, _) => format!("no process `{name}` runs, nor any other that could be attached to"),
        (_, Some(near)) => format!("no process `{name}` runs{near}"),
        (_, None) => format!("no process `{name}` runs; there are {}", list()),
    })
}

/// What a process says of itself.
fn hello(path: &Path) -> Option<Map> {
    let stream = UnixStream::connect(path).ok()?;
    stream.set_read_timeout(Some(std::time::Duration::from_secs(2))).ok()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    json::read(&line).ok()?.as_map().cloned()
}

fn list() -> u8 {
    for (name, path) in place::living() {
        let Some(hello) = hello(&path) else { continue };
        let part = |key: &str| hello.by_name(key).cloned().unwrap_or_default();
        let mut line = Map::new();
        line.push("name".into(), Datum::from(name));
        line.push("pid".into(), part("pid"));
        line.push("script".into(), part("script"));
        line.push("socket".into(), Datum::from(path.display().to_string()));
        say(&format!("{}\n", json::to_string(&Datum::Map(line))));
    }
    0
}

pub(super) fn ctl(matches: &ArgMatches) -> u8 {
    let name = matches.get_one::<String>("process").map(String::as_str);
    let words: Vec<String> = matches.get_many::<String>("command").map(|words| words.cloned().collect()).unwrap_or_default();
    if name.is_none() {
        return list();
    }
    if words.is_empty() {
        tell("deadbeat: ctl needs a command: `deadbeat ctl NAME help` lists them\n");
        return UNUSABLE;
    }
    let stream = find(name).and_then(|path| {
        UnixStream::connect(&path).map_err(|error| format!("cannot connect to `{}`: {}", path.display(), crate::error::plain(&error)))
    });
    let done = stream.and_then(|stream| one(stream, &joined(&words)));
    match done {
        Ok(status) => status,
        Err(text) => {
            tell(&format!("deadbeat: {text}\n"));
            UNUSABLE
        }
    }
}

/// The command as one line. A file's name with a space in it stays one word.
fn joined(words: &[String]) -> String {
    let mut line = String::new();
    for (place, word) in words.iter().enumerate() {
        let separator = if place > 0 { " " } else { "" };
        let file = place > 0 && words[place - 1] == "-o" && word.contains(' ');
        let quote = if file && !word.contains('"') { "\"" } else { "" };
        line.extend([separator, quote, word, quote]);
    }
    line
}

/// Does one command and writes what comes of it.
fn one(mut stream: UnixStream, command: &str) -> Result<u8, String> {
    let gone = |error: std::io::Error| format!("the process has gone: {}", crate::error::plain(&error));
    let mut request = Map::new();
    request.push("id".into(), Datum::Int(1));
    request.push("cmd".into(), Datum::from(command));
    stream.write_all(format!("{}\n", json::to_string(&Datum::Map(request))).as_bytes()).map_err(gone)?;
    let word = command.trim_start_matches(':').split_whitespace().next().unwrap_or_default();
    let goes_on = matches!(word, "tap" | "log" | "break");
    if !goes_on {
        stream.shutdown(std::net::Shutdown::Write).map_err(gone)?;
    }
    for line in BufReader::new(stream).lines() {
        let line = line.map_err(gone)?;
        let message = json::read(&line).map_err(|error| format!("the process answers what is no JSON: {error}"))?;
        let Some(message) = message.as_map() else { continue };
        if let Some(text) = message.by_name("error").and_then(Datum::as_str) {
            tell(&format!("deadbeat: {text}\n"));
            if let Some(hint) = message.by_name("hint").and_then(Datum::as_str) {
                tell(&format!("  = hint: {hint}\n"));
            }
            return Ok(1);
        }
        if let Some(data) = message.by_name("data") {
            if let Some(kept) = kept::keep(command, data) {
                say(&kept?);
                return Ok(0);
            }
            if !goes_on {
                say(&format!("{}\n", json::to_string(data)));
                return Ok(0);
            }
            continue;
        }
        let event = message.by_name("event").and_then(Datum::as_str).unwrap_or_default();
        if event == "hello" {
            continue;
        }
        say(&format!("{line}\n"));
        if matches!(event, "tapped" | "ending") {
            return Ok(0);
        }
    }
    if goes_on { Ok(0) } else { Err("the process has gone".to_owned()) }
}
