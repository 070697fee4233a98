//! A script as a service: it leaves the terminal, says how that went, gives up rights for good, and leaves nothing behind.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::rig::deadline;

/// A tail that writes lines on, with the options of a service.
const SCRIPT: &str = r#"
    let cfg = conf::gather(#{ name: "echo", description: "Writes lines on", typedef: conf::cfg_root([
        conf::cfg_section("log", log::log_base_config, "The log"),
        conf::cfg_section("daemon", daemon::daemon_base_config, "The service"),
        conf::cfg_item("output", conf::cast_string, "Where to", "run/out"),
    ]) });
    log::configure(cfg.log);
    daemon::detach(cfg.daemon);
    let train = movement::train();
    train.update(fs::file_watcher_supply(#{ filenames: "run/*.in", start: "begin" }) |> fs::line_file_drain(cfg.output));
    train.run();
"#;

/// Somebody without rights; there need be no account.
const NOBODY: u32 = 61_234;

/// A directory with the script, and one in it that everybody may write.
fn place() -> TempDir {
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    fs::write(place.path().join("echo.rhai"), SCRIPT).expect("a file can be written");
    fs::create_dir(place.path().join("run")).expect("a directory can be made");
    for (path, mode) in [(place.path().to_owned(), 0o755), (place.path().join("run"), 0o777)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    }
    place
}

fn command(place: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deadbeat"));
    command.args(["run", "echo.rhai"]).args(args).current_dir(place).stdin(Stdio::null());
    command.env_remove("XDG_RUNTIME_DIR").env("TMPDIR", place.join("run"));
    command
}

/// Ends only when nobody holds the streams any more: who is detached does not.
fn start(place: &Path, args: &[&str]) -> Output {
    command(place, args).output().expect("the program starts")
}

fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = deadline();
    while !is_so() {
        assert!(Instant::now() < until, "not so: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A process that is nobody's child here. It is ended when the test is over.
struct Service(Pid);

impl Service {
    fn of(pid_file: &Path) -> Self {
        let text = fs::read_to_string(pid_file).expect("the pid file is there when the starter has ended");
        Self(text.trim().parse().ok().and_then(Pid::from_raw).expect("a number stands in it"))
    }

    fn proc(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0.as_raw_nonzero()))
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.0, signal).expect("it lives");
    }

    fn ends(&self) {
        self.signal(Signal::TERM);
        // Who took it over may not have asked for its status yet.
        wait("it has ended", || fs::read_to_string(self.proc("stat")).map_or(true, |stat| stat.contains(") Z ")));
    }

    /// Lines of `status`, by their names.
    fn status(&self) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.proc("status")).expect("it lives");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        text.lines().filter_map(|line| line.split_once(':')).map(|(name, rest)| (name.to_owned(), words(rest))).collect()
    }

    /// Where its descriptors lead.
    fn open(&self) -> Vec<PathBuf> {
        let fds = fs::read_dir(self.proc("fd")).expect("it lives");
        fds.flatten().filter_map(|fd| fs::read_link(fd.path()).ok()).collect()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::KILL);
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn is_root() -> bool {
    let is = rustix::process::geteuid().is_root();
    if !is {
        eprintln!("left out: only root may change to another user or root directory");
    }
    is
}

const DETACHED: [&str; 5] = ["--daemon.detach", "--daemon.pid-file", "run/echo.pid", "--log.file", "run/echo.log"];

#[test]
fn a_service_leaves_its_terminal_works_where_it_was_started_and_leaves_nothing_behind() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    fs::write(path("run/1.in"), "one\n").expect("a file can be written");
    let began = start(place.path(), &DETACHED);
    assert!(began.status.success(), "{}", told(&began));
    let service = Service::of(&path("run/echo.pid"));
    let status = service.status();
    assert_eq!((status["PPid"] == std::process::id().to_string(), fs::read_link(service.proc("cwd")).unwrap()), (false, "/".into()));
    // Neither it nor who leads its session has a terminal: the seventh word behind the name of the program.
    let stat = fs::read_to_string(service.proc("stat")).expect("it lives");
    let words: Vec<&str> = stat.rsplit(") ").next().expect("a name stands in it").split(' ').collect();
    assert_eq!((words[4], words[3] == service.0.as_raw_nonzero().to_string()), ("0", false), "terminal, leads its session");
    assert_eq!(service.open().iter().filter(|open| *open == Path::new("/dev/null")).count(), 3);
    wait("relative paths mean what they meant at the start", || fs::read_to_string(path("run/out")).is_ok_and(|text| text == "one\n"));

    // Rotation of its log and of its output.
    fs::rename(path("run/echo.log"), path("run/echo.log.1")).expect("it is there");
    fs::rename(path("run/out"), path("run/out.1")).expect("it is there");
    service.signal(Signal::HUP);
    wait("all is opened anew", || path("run/out").exists() && path("run/echo.log").exists());
    fs::write(path("run/2.in"), "two\n").expect("a file can be written");
    wait("it goes on", || fs::read_to_string(path("run/out")).is_ok_and(|text| text == "two\n"));

    let second = start(place.path(), &DETACHED);
    let whom = format!("already running as PID {}", service.0.as_raw_nonzero());
    assert_eq!((second.status.code(), told(&second).contains(&whom)), (Some(1), true), "{}", told(&second));

    service.ends();
    assert!(!path("run/echo.pid").exists());
    let left: Vec<_> = fs::read_dir(path("run")).expect("it is there").flatten().map(|entry| entry.file_name()).collect();
    let sockets = left.iter().filter(|name| name.to_string_lossy().starts_with("deadbeat-"));
    for dir in sockets {
        assert_eq!(fs::read_dir(path("run").join(dir)).expect("it is a directory").count(), 0, "a control socket is left");
    }
}

#[test]
fn a_service_gives_up_rights_for_good() {
    if !is_root() {
        return;
    }
    let place = place();
    let (user, group) = (NOBODY.to_string(), (NOBODY + 1).to_string());
    let began = start(place.path(), &[&DETACHED[..], &["--daemon.uid", &user, "--daemon.gid", &group]].concat());
    assert!(began.status.success(), "{}", told(&began));
    let service = Service::of(&place.path().join("run/echo.pid"));
    let status = service.status();
    let four = |id: &str| [id; 4].join(" ");
    assert_eq!((&status["Uid"], &status["Gid"], &status["Groups"]), (&four(&user), &four(&group), &group));
    for rights in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(status[rights].trim_start_matches('0'), "", "{rights}");
    }
    assert_eq!(status["NoNewPrivs"], "1");
    let limits = fs::read_to_string(service.proc("limits")).expect("it lives");
    let cores = limits.lines().find(|line| line.starts_with("Max core")).expect("it is there");
    assert_eq!(cores.split_whitespace().filter(|word| *word == "0").count(), 2, "{cores}");
    let log = fs::metadata(place.path().join("run/echo.log")).expect("it is there");
    assert_eq!(log.uid(), NOBODY, "the log can be opened anew");
    // What it makes is its own, and it can still be asked to rotate and to end.
    fs::write(place.path().join("run/1.in"), "one\n").expect("a file can be written");
    let out = place.path().join("run/out");
    wait("it works", || fs::read_to_string(&out).is_ok_and(|text| text == "one\n"));
    assert_eq!(fs::metadata(&out).expect("it is there").uid(), NOBODY);
    service.signal(Signal::HUP);
    let log = place.path().join("run/echo.log");
    wait("the log was opened anew", || fs::read_to_string(&log).is_ok_and(|text| text.contains("opened again")));
    assert!(!fs::read_to_string(&log).expect("it is there").contains("ERROR"), "{log:?}");
    service.ends();
    assert!(!place.path().join("run/echo.pid").exists());
}

#[test]
fn a_pid_file_in_a_directory_that_is_not_the_user_s_is_left_empty() {
    if !is_root() {
        return;
    }
    let place = place();
    let (user, pid_file) = (NOBODY.to_string(), place.path().join("echo.pid"));
    let args = ["--daemon.detach", "--daemon.pid-file", "echo.pid", "--log.type", "none", "--daemon.uid", &user, "--daemon.gid", &user];
    let began = start(place.path(), &args);
    assert!(began.status.success(), "{}", told(&began));
    Service::of(&pid_file).ends();
    assert_eq!(fs::read_to_string(&pid_file).expect("its name could not be removed"), "");
}

#[test]
fn a_service_confined_to_a_directory_sees_nothing_else() {
    if !is_root() {
        return;
    }
    let place = place();
    let path = |name: &str| place.path().join(name);
    fs::create_dir_all(path("jail/data/run")).expect("a directory can be made");
    let user = NOBODY.to_string();
    for dir in ["jail", "jail/data", "jail/data/run"] {
        fs::set_permissions(path(dir), fs::Permissions::from_mode(0o777)).expect("it is ours");
    }
    // Paths are those of the jail, and absolute.
    let script = SCRIPT.replace("run/*.in", "/data/run/*.in");
    fs::write(path("echo.rhai"), script).expect("a file can be written");
    let args = ["--daemon.detach", "--daemon.chroot-dir", "jail", "--daemon.work-dir", "/data", "--daemon.pid-file", "/data/echo.pid"];
    let more = ["--daemon.uid", &user, "--daemon.gid", &user, "--output", "/data/out", "--log.type", "none"];
    fs::write(path("jail/data/run/1.in"), "one\n").expect("a file can be written");
    let began = start(place.path(), &[&args[..], &more].concat());
    assert!(began.status.success(), "{}", told(&began));
    let service = Service::of(&path("jail/data/echo.pid"));
    assert_eq!(fs::read_link(service.proc("root")).expect("it lives"), path("jail").canonicalize().expect("it is there"));
    wait("it works there", || fs::read_to_string(path("jail/data/out")).is_ok_and(|text| text == "one\n"));
    service.ends();
    assert!(!path("jail/data/echo.pid").exists());
}

#[test]
fn what_keeps_a_service_from_beginning_is_shown_by_who_started_it() {
    let place = place();
    let cases: [(&[&str], u8, &str); 6] = [
        (&["--log.type", "file", "--log.file", "nowhere/echo.log"], 1, "cannot open `"),
        (&["--daemon.work-dir", "nowhere"], 1, "nowhere`: no such"),
        (&["--daemon.uid", "no-such-user"], 1, "there is no user `no-such-user`"),
        (&["--daemon.pid-file", "nowhere/echo.pid"], 1, "nowhere/echo.pid"),
        (&["--daemon.pid-file", "run"], 1, "is a directory"),
        // Found only after the forks, when the drain is opened.
        (&["--output", "nowhere/out"], 1, "nowhere/out"),
    ];
    for (args, status, text) in cases {
        let failed = start(place.path(), &[&["--daemon.detach", "--log.type", "none"], args].concat());
        let told = told(&failed);
        assert_eq!((failed.status.code(), told.contains(text)), (Some(i32::from(status)), true), "{args:?}: {told}");
        assert!(!told.contains("ended before"), "{args:?}: {told}");
    }
    std::os::unix::fs::symlink("/etc/passwd", place.path().join("run/link")).expect("a link can be made");
    let refused = start(place.path(), &["--daemon.detach", "--log.type", "none", "--daemon.pid-file", "run/link"]);
    assert_eq!((refused.status.code(), told(&refused).contains("is a link")), (Some(2), true), "{}", told(&refused));
}

#[test]
fn what_was_open_before_is_closed() {
    let place = place();
    fs::write(place.path().join("secret"), "x").expect("a file can be written");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg("exec 7<secret; exec \"$@\"").arg("sh").arg(env!("CARGO_BIN_EXE_deadbeat")).args(["run", "echo.rhai"]);
    let began = shell.args(DETACHED).current_dir(place.path()).stdin(Stdio::null()).output().expect("the shell starts");
    assert!(began.status.success(), "{}", told(&began));
    let service = Service::of(&place.path().join("run/echo.pid"));
    let open = service.open();
    assert!(!open.iter().any(|path| path.ends_with("secret")), "{open:?}");
    service.ends();
}

#[test]
fn in_the_foreground_the_pid_file_is_kept_and_the_terminal_too() {
    let place = place();
    let pid_file = place.path().join("run/echo.pid");
    let mut command = Command::new(env!("CARGO_BIN_EXE_deadbeat"));
    command.args(["run", "--foreground", "echo.rhai"]).args(DETACHED).current_dir(place.path()).stdin(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    wait("the pid file is written", || fs::read_to_string(&pid_file).is_ok_and(|text| text == format!("{}\n", child.id())));
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it is our child");
    assert!(child.wait().expect("it is our child").success());
    assert!(!pid_file.exists());
}

/// A process to which fd 3 is handed as a service manager does it: it must be its own number that is named.
#[allow(unsafe_code, reason = "only between fork and exec can a child be given a descriptor of a certain number")]
fn handed(socket: &impl std::os::fd::AsFd, place: &Path, script: &str) -> Command {
    use std::mem::ManuallyDrop;
    use std::os::fd::{FromRawFd, OwnedFd};
    use std::os::unix::process::CommandExt;
    fs::write(place.join("handed.rhai"), script).expect("a file can be written");
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=lines exec \"$@\"",
        "sh",
        env!("CARGO_BIN_EXE_deadbeat"),
        "run",
        "handed.rhai",
    ]);
    shell.current_dir(place).stdin(Stdio::null()).stderr(Stdio::piped());
    let socket = socket.as_fd().try_clone_to_owned().expect("there are descriptors left");
    // SAFETY: `dup2` is all that is called, which may be called there; descriptor 3 is nobody's in a child that is about to execute.
    unsafe {
        shell.pre_exec(move || {
            let mut third = ManuallyDrop::new(OwnedFd::from_raw_fd(3));
            Ok(rustix::io::dup2(&socket, &mut third)?)
        });
    }
    shell
}

#[test]
fn a_socket_of_the_service_manager_is_taken_and_stays_when_the_service_ends() {
    use std::io::Write;
    use std::os::unix::net::{UnixListener, UnixStream};
    let place = place();
    let at = place.path().join("lines.sock");
    let socket = UnixListener::bind(&at).expect("a socket can be bound");
    // What is sent before the service begins is not lost.
    let mut early = UnixStream::connect(&at).expect("somebody listens");
    early.write_all(b"early\n").expect("it is taken");
    drop(early);
    let script = r#"let train = movement::train(); train.update(socket::socket_supply(#{ listen: "fd:lines" }) |> fs::line_file_drain("run/out")); train.run();"#;
    let mut child = handed(&socket, place.path(), script).spawn().expect("the program starts");
    let out = place.path().join("run/out");
    wait("what was sent early came", || fs::read_to_string(&out).is_ok_and(|text| text == "early\n"));
    UnixStream::connect(&at).and_then(|mut late| late.write_all(b"late\n")).expect("it is taken");
    wait("what was sent late came", || fs::read_to_string(&out).is_ok_and(|text| text == "early\nlate\n"));
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it is our child");
    assert!(child.wait().expect("it is our child").success());
    assert!(UnixStream::connect(&at).is_ok(), "the socket is the manager's");

    let unknown = script.replace("fd:lines", "fd:other");
    let refused = handed(&socket, place.path(), &unknown).output().expect("the program starts");
    let told = told(&refused);
    assert!(!refused.status.success() && told.contains("gave no socket `other`") && told.contains("`lines`"), "{told}");
}
