//! `deadbeat repl [SCRIPT]`: the shell with a train in the same process, held until it is told to run. `deadbeat attach`: the shell on a
//! process that runs.

use std::fs::File;
use std::io::{BufReader, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use super::{Common, UNUSABLE, args_of, script_args, tell};
use crate::control::{About, Control, place};
use crate::escapement::{Clock, Escapement};
use crate::log;
use crate::repl::{Commands, Shell};
use crate::script::{STACK, Setting};
use crate::train::Train;

/// What stands for a script where none is given.
const NOTHING: &str = "/dev/null";

fn shared() -> [Arg; 2] {
    [
        Arg::new("json").long("json").action(ArgAction::SetTrue).help("Show messages as they come: lines of JSON"),
        Arg::new("no_record")
            .long("no-record")
            .action(ArgAction::SetTrue)
            .help("Do not have events remembered: `why`, `recent` and `fields` then know nothing"),
    ]
}

pub(super) fn attach_command() -> Command {
    Command::new("attach")
        .about("Open the live shell on a running process")
        .long_about("Opens the live shell on a process that runs: look at its cogs, tap what flows, stop and change events, ask why one was dropped. Leaving it, also by being killed, never harms the process. Where standard input is no terminal, commands are read from it line by line.")
        .arg(Arg::new("process").value_name("NAME|PID|SOCKET").help("The process: its name, its number, or its socket; may be left out where only one runs"))
        .args(shared())
}

pub(super) fn command() -> Command {
    let [script, args] = script_args();
    Command::new("repl")
        .about("Open the live shell on a script of its own")
        .long_about("Winds the script and opens the live shell on its train, which does not run before it is told to: by `:run`, or from the start with --run. Without a script, it evaluates Rhai. Leaving the shell ends the train in order. What the train writes to standard output is shown above the prompt; its standard input is empty, or what --input names. Where standard input is no terminal, commands are read from it line by line, and a train that runs goes on to its end behind the last one.")
        .arg(script.required(false))
        .arg(Arg::new("run").long("run").action(ArgAction::SetTrue).help("Run the train from the start"))
        .arg(Arg::new("input").long("input").value_name("FILE").value_parser(value_parser!(PathBuf)).help("The train's standard input"))
        .args(shared())
        .arg(args.last(true).trailing_var_arg(false).allow_hyphen_values(false))
}

/// Whether what is shown is coloured: as elsewhere, but it is standard output that counts.
fn color(matches: &ArgMatches, common: &Common, terminal: bool) -> bool {
    match matches.get_one::<String>("color").map(String::as_str) {
        Some("always") => true,
        Some("never") => false,
        _ => terminal && (common.color || std::env::var_os("NO_COLOR").is_none()),
    }
}

pub(super) fn attach(matches: &ArgMatches, common: &Common) -> u8 {
    let name = matches.get_one::<String>("process").map(String::as_str);
    let stream = super::attach::find(name).and_then(|path| {
        UnixStream::connect(&path).map_err(|error| format!("cannot connect to `{}`: {}", path.display(), crate::error::plain(&error)))
    });
    let stream = match stream {
        Ok(stream) => stream,
        Err(text) => {
            tell(&format!("deadbeat: {text}\n"));
            return UNUSABLE;
        }
    };
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let commands = if terminal { Commands::Terminal } else { Commands::Lines(Box::new(std::io::stdin().lock())) };
    let shell = Shell {
        stream,
        commands,
        color: color(matches, common, terminal),
        json: matches.get_flag("json"),
        record: !matches.get_flag("no_record"),
        own: false,
        runs: false,
        outputs: Vec::new(),
    };
    shell.run()
}

pub(super) fn main(matches: &ArgMatches, common: &Common) -> u8 {
    let given: Option<&PathBuf> = matches.get_one("script");
    let script = given.cloned().unwrap_or_else(|| PathBuf::from(NOTHING));
    let runs = matches.get_flag("run");
    let setting = Setting { argv: args_of(matches), program: format!("deadbeat repl {}", script.display()), ..Setting::default() };
    let streams = match Streams::take(matches.get_one::<PathBuf>("input")) {
        Ok(streams) => streams,
        Err(text) => {
            tell(&format!("deadbeat: {text}\n"));
            return UNUSABLE;
        }
    };
    let (ours, theirs) = match UnixStream::pair() {
        Ok(pair) => pair,
        Err(error) => {
            tell(&format!("deadbeat: {error}\n"));
            return 1;
        }
    };
    let (ready, wound) = channel();
    let (go, starts) = channel();
    let its = Common { log_level: common.log_level, color: common.color };
    let process = Process { script, setting, runs, keyboard: streams.interactive, common: its, ready, starts };
    let thread = thread::Builder::new().name("train".into()).stack_size(STACK as usize).spawn(move || process.turn(theirs));
    let Ok(thread) = thread else {
        tell("deadbeat: no thread could be started for the train\n");
        return 1;
    };
    // Faults of the script are told before anything else, on the terminal as it is.
    if wound.recv().is_ok() {
        let (commands, outputs, restore) = match streams.begin() {
            Ok(begun) => begun,
            Err(error) => {
                tell(&format!("deadbeat: {error}\n"));
                return 1;
            }
        };
        let terminal = matches!(commands, Commands::Terminal);
        // From here on the streams are those of the train.
        let _ = go.send(());
        let shell = Shell {
            stream: ours,
            commands,
            color: color(matches, common, terminal),
            json: matches.get_flag("json"),
            record: !matches.get_flag("no_record"),
            own: true,
            runs,
            outputs,
        };
        shell.run_with(move || {
            let status = thread.join().unwrap_or(1);
            restore();
            status
        })
    } else {
        thread.join().unwrap_or(1)
    }
}

/// The standard streams, which the train and the shell both want.
struct Streams {
    commands: OwnedFd,
    interactive: bool,
}

/// Where commands come from, what the train writes, and how the streams become what they were.
type Begun = (Commands, Vec<File>, Box<dyn FnOnce()>);

impl Streams {
    /// Standard input is the train's from now on: that file, or nothing.
    fn take(input: Option<&PathBuf>) -> Result<Self, String> {
        let path = input.map_or_else(|| Path::new(NOTHING), |path| path.as_path());
        let wrong = |error: std::io::Error| format!("cannot read `{}`: {}", path.display(), crate::error::plain(&error));
        let file = File::open(path).map_err(wrong)?;
        let interactive = std::io::stdin().is_terminal() && File::open("/dev/tty").is_ok();
        let commands = std::io::stdin().as_fd().try_clone_to_owned().map_err(wrong)?;
        dup2_stdin(&file).map_err(|error| wrong(error.into()))?;
        Ok(Self { commands, interactive })
    }

    /// At a terminal, what the train writes there goes through the shell, so that it stands above the prompt.
    fn begin(self) -> std::io::Result<Begun> {
        if !self.interactive {
            return Ok((Commands::Lines(Box::new(BufReader::new(File::from(self.commands)))), Vec::new(), Box::new(|| ())));
        }
        let mut outputs = Vec::new();
        let mut restores: Vec<Box<dyn FnOnce()>> = Vec::new();
        if std::io::stdout().is_terminal() {
            let before = std::io::stdout().as_fd().try_clone_to_owned()?;
            let (reads, writes) = std::io::pipe()?;
            dup2_stdout(&writes)?;
            outputs.push(File::from(OwnedFd::from(reads)));
            restores.push(Box::new(move || {
                let _ = dup2_stdout(&before);
            }));
        }
        if std::io::stderr().is_terminal() {
            let before = std::io::stderr().as_fd().try_clone_to_owned()?;
            let (reads, writes) = std::io::pipe()?;
            dup2_stderr(&writes)?;
            outputs.push(File::from(OwnedFd::from(reads)));
            restores.push(Box::new(move || {
                let _ = dup2_stderr(&before);
            }));
        }
        Ok((Commands::Terminal, outputs, Box::new(move || restores.into_iter().for_each(|restore| restore()))))
    }
}

/// The side of the process: all that is not `Send` is made on its thread.
struct Process {
    script: PathBuf,
    setting: Setting,
    runs: bool,
    /// The shell is at a terminal.
    keyboard: bool,
    common: Common,
    /// Told when the script is wound.
    ready: Sender<()>,
    /// Tells that the streams are the train's.
    starts: Receiver<()>,
}

impl Process {
    /// Winds the script and turns its train, with `stream` attached; gives the status.
    fn turn(self, stream: UnixStream) -> u8 {
        let mut wound = match super::wind(&self.script, self.setting.clone(), &self.common) {
            Ok(wound) => wound,
            Err(status) => return status,
        };
        let name = if self.script == Path::new(NOTHING) { "rhai".to_owned() } else { place::name_of(&self.script) };
        let color = self.common.color;
        let status = self.oversee(&mut wound, name, stream);
        match status {
            Ok(status) => {
                wound.done(status);
                u8::try_from(status.rem_euclid(256)).unwrap_or(1)
            }
            Err(error) => {
                tell(&wound.fatal(&error, color));
                1
            }
        }
    }

    fn oversee(self, wound: &mut crate::script::Wound, name: String, stream: UnixStream) -> crate::error::Result<i32> {
        super::configure_log(wound, &self.common)?;
        let escapement = Escapement::new(Clock::real())?;
        let cogs = std::mem::take(&mut wound.cogs);
        let mut train = Train::new(&wound.graph, cogs, escapement, wound.options.clone());
        let about = About { name, script: self.script, setting: self.setting };
        let mut control = Control::new(about, wound);
        control.attach(&mut train, stream)?;
        train.belong(self.keyboard);
        let replaced = control.replaced();
        train.oversee(Box::new(control));
        // Whoever waits may have gone, which the train notices by itself.
        let _ = self.ready.send(());
        let _ = self.starts.recv();
        if !self.runs && !train.hold()? {
            return Ok(0);
        }
        let status = train.run();
        log::flush_suppressed();
        let lingers = status.as_ref().map_or(Ok(()), |status| train.linger(*status));
        // The version that ran at the end is told of it.
        if let Some(last) = replaced.take() {
            *wound = last;
        }
        lingers.and(status)
    }
}
