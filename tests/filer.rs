//! The directory protocol on the real binary: many readers and writers on one directory, killed or not; what stands in the way.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::rig::{Rig, deadline};

/// So many files are on their way in all.
const FILES: usize = 10_000;
/// Readers, and writers.
const EACH: usize = 4;
/// What a reader has taken ahead when it is killed.
const AHEAD: usize = 64;

/// A directory with processes in it, which end with it. Where a sync costs nothing, if there is such a place.
struct Scene {
    dir: TempDir,
    children: Vec<Child>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary directory can be made");
        Self { dir, children: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A script that is one line of cogs.
    fn script(&self, name: &str, cogs: &str) {
        let text = format!("let train = movement::train();\ntrain.update({cogs});\nexit(train.run());\n");
        fs::write(self.path(name), text).expect("a file can be written");
    }

    fn command(&self, script: &str) -> Command {
        let told = OpenOptions::new().append(true).create(true).open(self.path("told")).expect("a file can be opened");
        let mut command = Command::new(env!("CARGO_BIN_EXE_deadbeat"));
        command.args(["run", script]).current_dir(self.dir.path()).stdin(Stdio::null()).stderr(told);
        command
    }

    fn start(&mut self, script: &str) -> usize {
        self.children.push(self.command(script).spawn().expect("the program starts"));
        self.children.len() - 1
    }

    /// Waits until `met`.
    fn wait_for(&self, otherwise: &str, limit: Duration, mut met: impl FnMut() -> bool) {
        let deadline = Instant::now() + limit;
        while !met() {
            assert!(Instant::now() < deadline, "{otherwise}\n{}", fs::read_to_string(self.path("told")).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends all processes in order; each must end well.
    fn end(&mut self) {
        for child in &self.children {
            kill_process(Pid::from_child(child), Signal::TERM).expect("the process is our child");
        }
        for mut child in std::mem::take(&mut self.children) {
            assert!(child.wait().expect("it ends").success(), "{}", fs::read_to_string(self.path("told")).unwrap_or_default());
        }
    }

    /// How many files there are in a directory and those below it, without locks.
    fn count(&self, name: &str) -> usize {
        fs::read_dir(self.path(name)).into_iter().flatten().flatten().fold(0, |count, entry| {
            let inner = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let below = format!("{name}/{}", entry.file_name().to_string_lossy());
            count + if inner { self.count(&below) } else { usize::from(entry.file_name() != ".lock") }
        })
    }

    /// How many files readers have taken.
    fn taken(&self, place: &str) -> usize {
        let all = fs::read_dir(self.path(place).join("tmp")).into_iter().flatten().flatten();
        let own = all.filter(|entry| entry.file_name().as_bytes().ends_with(b".d"));
        own.map(|own| self.count(&format!("{place}/tmp/{}", own.file_name().to_string_lossy()))).sum()
    }

    /// All lines of the files whose names begin so, with how often each is there.
    fn lines(&self, begin: &str) -> HashMap<String, usize> {
        let mut lines = HashMap::new();
        for entry in fs::read_dir(self.dir.path()).expect("it can be listed").flatten() {
            if entry.file_name().to_string_lossy().starts_with(begin) {
                let text = fs::read_to_string(entry.path()).expect("it can be read");
                text.lines().for_each(|line| *lines.entry(line.to_owned()).or_default() += 1);
            }
        }
        lines
    }
}

#[test]
fn four_readers_and_four_writers_hand_over_each_file_once() {
    let mut scene = Scene::new();
    scene.script("write.rhai", "fs::stdin_supply() |> fs::filer_drain(\"q\")");
    for n in 0..EACH {
        scene.script(&format!("read{n}.rhai"), &format!("fs::filer_supply(\"q\") |> fs::line_file_drain(\"out{n}\")"));
        scene.start(&format!("read{n}.rhai"));
    }
    let writers: Vec<Child> = (0..EACH)
        .map(|n| {
            let lines = (0..FILES / EACH).map(|line| format!("writer {n} line {line}\n")).collect::<Vec<_>>().concat();
            fs::write(scene.path(&format!("in{n}")), lines).expect("a file can be written");
            let input = File::open(scene.path(&format!("in{n}"))).expect("it was written");
            scene.command("write.rhai").stdin(input).spawn().expect("the program starts")
        })
        .collect();
    for mut writer in writers {
        assert!(writer.wait().expect("it ends").success());
    }
    scene.wait_for("not all files were read", Duration::from_secs(60), || scene.count("q") == 0);
    scene.end();
    let lines = scene.lines("out");
    let wanted: HashSet<String> = (0..EACH).flat_map(|n| (0..FILES / EACH).map(move |line| format!("writer {n} line {line}"))).collect();
    assert_eq!(lines.len(), wanted.len());
    assert!(lines.iter().all(|(line, count)| *count == 1 && wanted.contains(line)), "a file was processed twice");
    let told = fs::read_to_string(scene.path("told")).unwrap_or_default();
    assert!(!told.contains("error"), "{told}");
}

#[test]
fn killed_readers_and_writers_lose_nothing_and_repeat_little() {
    let mut scene = Scene::new();
    fs::create_dir_all(scene.path("src/incoming")).expect("a directory can be made");
    for n in 0..FILES {
        fs::write(scene.path("src/incoming").join(format!("{n:05}")), format!("file {n}")).expect("a file can be written");
    }
    scene.script("write.rhai", "fs::filer_supply(\"src\") |> fs::filer_drain(\"q\")");
    for _ in 0..EACH {
        scene.start("write.rhai");
    }
    for n in 0..EACH {
        scene.script(&format!("read{n}.rhai"), &format!("fs::filer_supply(\"q\") |> fs::line_file_drain(\"out{n}\")"));
        scene.start(&format!("read{n}.rhai"));
    }
    let kills = if std::env::var_os("DEADBEAT_LONG").is_some() { 200 } else { 16 };
    let mut dice: u64 = 0x9e37_79b9_7f4a_7c15;
    for kill in 0..kills {
        let left = FILES - (kill + 1) * FILES / (kills + 1);
        scene.wait_for("the files do not go on", Duration::from_secs(60), || scene.count("src") <= left);
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        let victim = dice as usize % scene.children.len();
        let script = if victim < EACH { "write.rhai".to_owned() } else { format!("read{}.rhai", victim - EACH) };
        scene.children[victim].kill().expect("the process is our child");
        scene.children[victim].wait().expect("it ends");
        scene.children[victim] = scene.command(&script).spawn().expect("the program starts");
    }
    let done = || ["src", "q"].iter().all(|place| scene.count(&format!("{place}/incoming")) + scene.taken(place) == 0);
    scene.wait_for("not all files were read", Duration::from_secs(60), done);
    scene.end();
    let lines = scene.lines("out");
    // A line that was cut by a kill is no file's content.
    let wanted: HashSet<String> = (0..FILES).map(|n| format!("file {n}")).collect();
    let lost: Vec<_> = wanted.iter().filter(|line| !lines.contains_key(*line)).collect();
    assert!(lost.is_empty(), "{} are lost: {:?}", lost.len(), &lost[..lost.len().min(10)]);
    let repeats: usize = lines.values().map(|count| count - 1).sum();
    assert!(repeats <= kills * AHEAD, "{repeats} repeats after {kills} kills");
    assert_eq!(scene.count("q/errors") + scene.count("src/errors"), 0);
    // What writers had in hand is nobody's, and gone when it is old.
    assert!(scene.count("q/tmp") <= kills * AHEAD);
}

#[test]
fn whoever_lists_the_directory_never_sees_half_a_file() {
    let scene = Scene::new();
    scene.script("write.rhai", "fs::stdin_supply() |> fs::filer_drain(\"q\")");
    let lines = (0..400).map(|n| format!("{}{n:05}end\n", "x".repeat(100_000))).collect::<Vec<_>>().concat();
    fs::write(scene.path("in"), lines).expect("a file can be written");
    let over = Arc::new(AtomicBool::new(false));
    let (until, incoming) = (Arc::clone(&over), scene.path("q/incoming"));
    let lister = std::thread::spawn(move || {
        let (mut seen, mut last) = (HashSet::new(), false);
        while !last {
            // Once more after the end.
            last = until.load(Ordering::Acquire);
            for entry in fs::read_dir(&incoming).into_iter().flatten().flatten() {
                let text = fs::read(entry.path()).expect("nobody takes it");
                assert!(text.len() == 100_008 && text.ends_with(b"end"), "{}: {} bytes", entry.path().display(), text.len());
                seen.insert(entry.file_name());
                if seen.len() % 50 == 0 {
                    break;
                }
            }
        }
        seen.len()
    });
    let input = File::open(scene.path("in")).expect("it was written");
    let status = scene.command("write.rhai").stdin(input).status().expect("the program starts");
    over.store(true, Ordering::Release);
    assert!(status.success());
    assert!(lister.join().expect("no file was seen half") > 0);
    assert_eq!((scene.count("q/incoming"), scene.count("q/tmp")), (400, 0));
}

/// A rig with a directory `q`, whose files go to `out.txt` by way of `cogs`.
fn reading(options: &str, cogs: &str) -> Rig {
    Rig::new().script(
        "read.rhai",
        &format!("let train = movement::train();\ntrain.update(fs::filer_supply(#{{ dir: \"q\", {options} }}) |> {cogs} fs::line_file_drain(\"out.txt\"));\nexit(train.run());\n"),
    )
}

#[test]
fn a_file_that_fails_is_laid_aside_with_the_reason() {
    let rig = reading("", "cog(|d| { if d == \"bad\" { throw \"not this one\"; } d }) |>");
    let running = rig.file("q/incoming/1 good", "good").file("q/incoming/2 bad", "bad").start();
    let running =
        running.wait_for_file("out.txt", "good\n").wait_for("it was not laid aside", |running| running.path("q/errors/2 bad").exists());
    let meta = fs::read_to_string(running.path("q/errors/2 bad.meta")).expect("it tells why");
    let meta: serde_json::Value = serde_json::from_str(&meta).expect("it is JSON");
    assert!(meta["error"].as_str().is_some_and(|error| error.contains("not this one")), "{meta}");
    assert!(meta["cog"].as_str().is_some_and(|cog| cog.starts_with("closure")), "{meta}");
    let outcome = running.signal(Signal::TERM).expect_exit(0);
    assert!(!outcome.path("q/incoming/2 bad").exists());
}

#[test]
fn odd_names_are_taken_and_what_is_no_file_is_left() {
    let rig = reading("poll_interval: 0.1", "").file("q/incoming/deep/file", "no").file("q/incoming/a 'b' \"c\"", "one");
    fs::write(rig.path("q/incoming").join(OsStr::from_bytes(b"\xff\n")), "two").expect("a file can be written");
    let running = rig.start().wait_for_file("out.txt", "one\ntwo\n").wait_for_stderr("`deep`");
    // Listed again and again, it is told once.
    fs::write(running.path("q/incoming/later"), "three").expect("a file can be written");
    let outcome = running.wait_for_file("out.txt", "one\ntwo\nthree\n").signal(Signal::TERM).expect_exit(0);
    assert_eq!(outcome.stderr.matches("no regular file").count(), 1, "{}", outcome.stderr);
    assert!(outcome.path("q/incoming/deep/file").exists());
}

#[test]
fn files_are_taken_when_a_directory_may_be_written_again() {
    let mut scene = Scene::new();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    scene.script("read.rhai", "fs::filer_supply(\"q\") |> fs::line_file_drain(\"out\")");
    for name in ["q/incoming", "q/tmp", "q/errors"] {
        fs::create_dir_all(scene.path(name)).expect("a directory can be made");
        mode(&scene.path(name), 0o777);
    }
    fs::write(scene.path("q/incoming/a"), "one").expect("a file can be written");
    mode(&scene.path("q/incoming/a"), 0o666);
    mode(&scene.path("q/incoming"), 0o555);
    mode(scene.dir.path(), 0o777);
    let mut command = scene.command("read.rhai");
    if rustix::process::geteuid().is_root() {
        // For root no permission is missing.
        command.uid(65534).gid(65534);
    }
    match command.spawn() {
        Ok(child) => scene.children.push(child),
        Err(error) => return eprintln!("skipped: the program cannot be run as another user: {error}"),
    }
    let told = || fs::read_to_string(scene.path("told")).unwrap_or_default();
    scene.wait_for("it was not told", Duration::from_secs(20), || told().contains("cannot take"));
    mode(&scene.path("q/incoming"), 0o777);
    let out = || fs::read_to_string(scene.path("out")).unwrap_or_default();
    scene.wait_for("it was not taken", Duration::from_secs(20), || out() == "one\n");
    assert_eq!(told().matches("cannot take").count(), 1, "{}", told());
    scene.end();
    assert_eq!(scene.count("q"), 0);
}

#[test]
fn a_clean_stop_leaves_neither_files_in_hand_nor_directories() {
    let rig = reading("", "cog(|d| { if d.len() > 3 { throw \"long\"; } d }) |>");
    let running = rig.file("q/incoming/a", "1").start().wait_for_file("out.txt", "1\n");
    let (mut stop, until) = (false, deadline());
    // Files come until the very end.
    let mut running = Some(running);
    for n in 0..300 {
        let path = running.as_ref().expect("it runs").path("q");
        let mut file = File::create(path.join("tmp/new")).expect("a file can be written");
        write!(file, "{n}").expect("a file can be written");
        fs::rename(path.join("tmp/new"), path.join(format!("incoming/{n:03}"))).expect("it can be renamed");
        if n == 150 {
            running = running.take().map(|running| running.signal(Signal::TERM));
            stop = true;
        }
    }
    assert!(stop && Instant::now() < until);
    let outcome = running.take().expect("it runs").expect_exit(0);
    assert_eq!(fs::read_dir(outcome.path("q/tmp")).expect("it is there").count(), 0);
    let out = fs::read_to_string(outcome.path("out.txt")).expect("it was written");
    let left = fs::read_dir(outcome.path("q/incoming")).expect("it is there").count();
    assert_eq!(out.lines().count() + left, 301, "each is done or left, and none both");
}

#[test]
fn two_relays_hand_messages_on_from_directory_to_directory() {
    let mut scene = Scene::new();
    let relay = fs::read(crate::rig::root().join("scripts/relay.rhai")).expect("it is part of the repository");
    fs::write(scene.path("relay.rhai"), relay).expect("a file can be written");
    for args in [
        ["--input-dir", "in", "--output-dir", "out", "--node", "first"],
        ["--input-dir", "out", "--output-file", "all.jsonl", "--node", "second"],
    ] {
        let mut command = scene.command("relay.rhai");
        scene.children.push(command.args(args).spawn().expect("the program starts"));
    }
    scene.wait_for("the first does not begin", Duration::from_secs(20), || {
        scene.path("in/tmp").exists() && scene.path("in/incoming").exists()
    });
    let shipped = fs::read_to_string(crate::rig::root().join("scripts/relay/input.jsonl")).expect("it is part of the repository");
    for (n, message) in shipped.lines().enumerate() {
        fs::write(scene.path("in/tmp").join(format!("{n}")), message).expect("a file can be written");
        fs::rename(scene.path("in/tmp").join(format!("{n}")), scene.path("in/incoming").join(format!("{n}"))).expect("it can be renamed");
    }
    let all = || fs::read_to_string(scene.path("all.jsonl")).unwrap_or_default();
    scene.wait_for("not all came through", Duration::from_secs(20), || all().lines().count() == 2 && scene.path("in/errors/2").exists());
    for line in all().lines() {
        let message: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
        assert_eq!((message["Node"][0]["Name"].as_str(), message["Node"][1]["Name"].as_str()), (Some("second"), Some("first")));
    }
    scene.end();
    assert_eq!((scene.count("in/incoming"), scene.count("out")), (0, 0));
}
