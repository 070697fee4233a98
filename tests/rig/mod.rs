//! The rig: the real binary in a directory of its own, with files, a name server and standard input as a test wants them.
//!
//! [`Rig`] is what is prepared, [`Running`] the process while it runs, [`Outcome`] what is left of it. Nothing here sleeps for
//! a fixed time: all waiting is for a condition, with a deadline.

mod diff;
pub(crate) mod dns;
#[cfg(feature = "http")]
pub(crate) mod http;
pub(crate) mod mmdb;
mod outcome;
mod running;
mod terminal;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) use outcome::Outcome;
pub(crate) use running::Running;
pub(crate) use terminal::Terminal;

use dns::NameServer;

/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The moment at which a test that begins to wait now gives up.
pub(crate) fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

/// What standard input is.
enum Input {
    Nothing,
    Bytes(Vec<u8>),
    Open,
    File(PathBuf),
}

/// A run that is being prepared.
pub(crate) struct Rig {
    dir: TempDir,
    command: Vec<OsString>,
    script: Option<String>,
    args: Vec<String>,
    input: Input,
    server: Option<NameServer>,
    head: Option<usize>,
}

impl Rig {
    /// An empty directory and `deadbeat run`.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        Self { dir, command: vec!["run".into()], script: None, args: Vec::new(), input: Input::Nothing, server: None, head: None }
    }

    /// A rig whose script is lines of standard input that run through `cogs` to lines of standard output.
    pub(crate) fn piping(cogs: &str) -> Self {
        Self::new().script(
            "pipe.rhai",
            &format!("let train = movement::train();\ntrain.update(fs::stdin_supply() |> {cogs} |> fs::stdout_drain());\ntrain.run();\n"),
        )
    }

    /// As [`Rig::piping`], the lines being JSON on both sides; `before` stands before the train.
    pub(crate) fn json(before: &str, cogs: &str) -> Self {
        Self::new().script(
            "pipe.rhai",
            &format!(
                "{before}\nlet train = movement::train();\ntrain.update(fs::stdin_supply() |> text::json_parse() |> {cogs} |> text::json_marshall() |> fs::stdout_drain());\ntrain.run();\n"
            ),
        )
    }

    /// Where everything happens.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The command in place of `run`, with its options.
    pub(crate) fn command<const N: usize>(mut self, words: [&str; N]) -> Self {
        self.command = words.iter().map(OsString::from).collect();
        self
    }

    /// A script of that text; it is what is run. `{dns}` in it stands for the name server's address.
    pub(crate) fn script(mut self, name: &str, text: &str) -> Self {
        self.script = Some(name.to_owned());
        self.file(name, text)
    }

    /// A script from `scripts/`; it is what is run.
    pub(crate) fn script_file(self, name: &str) -> Self {
        let path = root().join("scripts").join(name);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.script(name, &text)
    }

    /// A file with that content.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it stands in the directory")).expect("a directory can be made");
        fs::write(path, content).expect("a file can be written");
        self
    }

    /// Lets the name server know that `ip` has that name; starts it when it does not run yet.
    pub(crate) fn dns(self, ip: &str, name: &str) -> Self {
        self.dns_with(|server| {
            server.answer(ip, &[name]);
        })
    }

    /// Tells the name server more.
    pub(crate) fn dns_with(mut self, tell: impl FnOnce(&NameServer)) -> Self {
        tell(self.server.get_or_insert_with(NameServer::start));
        self
    }

    /// What stands after the script. `{dns}` stands for the name server's address.
    pub(crate) fn args<const N: usize>(mut self, args: [&str; N]) -> Self {
        self.args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// What comes by standard input, which then ends.
    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.input = Input::Bytes(bytes.as_ref().to_vec());
        self
    }

    /// Standard input is that file of the directory.
    pub(crate) fn stdin_file(mut self, name: &str) -> Self {
        self.input = Input::File(self.path(name));
        self
    }

    /// Standard input stays open: see [`Running::feed`].
    pub(crate) fn stdin_open(mut self) -> Self {
        self.input = Input::Open;
        self
    }

    /// The name under which the program is given the script.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.script = Some(name.to_owned());
        self
    }

    /// Starts the program; whoever reads its standard output leaves after so many lines.
    pub(crate) fn start_with_head(mut self, lines: usize) -> Running {
        self.head = Some(lines);
        self.start()
    }

    /// Starts the program.
    pub(crate) fn start(self) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deadbeat"));
        command.args(&self.command);
        command.args(&self.script);
        self.launch(command)
    }

    /// Starts the script itself, as a program: its first line says what runs it.
    pub(crate) fn start_script(self) -> Running {
        let script = self.script.clone().expect("a script is given");
        let command = Command::new(self.path(&script));
        self.launch(command)
    }

    fn launch(self, mut command: Command) -> Running {
        if let Some(server) = &self.server {
            let addr = server.addr().to_string();
            if let Some(script) = &self.script {
                let path = self.path(script);
                let text = fs::read_to_string(&path).expect("the script was written").replace("{dns}", &addr);
                fs::write(path, text).expect("a file can be written");
            }
            command.args(self.args.iter().map(|arg| arg.replace("{dns}", &addr)));
        } else {
            command.args(&self.args);
        }
        command.current_dir(self.dir.path()).env("LC_ALL", "C").env("TZ", "UTC").env_remove("NO_COLOR");
        command.env("XDG_RUNTIME_DIR", self.path("run"));
        command.env("PATH", search_path());
        // All servers are on the loopback.
        for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env_remove(name);
        }
        command.stdin(match &self.input {
            Input::Nothing => Stdio::null(),
            Input::File(path) => fs::File::open(path).expect("the input was written").into(),
            Input::Bytes(_) | Input::Open => Stdio::piped(),
        });
        let bytes = match self.input {
            Input::Bytes(bytes) => Some(bytes),
            _ => None,
        };
        Running::spawn(command, bytes, self.dir, self.server, self.head)
    }

    /// Starts the program and waits for its end.
    pub(crate) fn run(self) -> Outcome {
        self.start().end()
    }
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The path on which programs are looked for, the one under test first.
pub(crate) fn search_path() -> OsString {
    let own = Path::new(env!("CARGO_BIN_EXE_deadbeat")).parent().expect("it stands in a directory").to_owned();
    let others = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&others))).expect("no path has a colon")
}
