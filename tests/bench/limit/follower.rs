//! A program that follows a file and writes to another, with the ends of both in our hands.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use inotify::{Inotify, WatchMask};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long a line, or the start, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running program; ended when it is dropped.
pub(crate) struct Follower {
    child: Child,
    input: File,
    output: File,
    watcher: Inotify,
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Follower {
    /// Starts a program that reads `input`, one of the files that it follows, and waits until a line has passed it.
    pub(crate) fn start(command: &mut Command, input: &Path, output: &Path) -> Result<Self, String> {
        let told = |error: io::Error| format!("{}: {error}", output.display());
        let complaints: PathBuf = output.with_extension("stderr");
        let written = File::create(output).map_err(told)?;
        drop(written);
        let watcher = Inotify::init().map_err(told)?;
        watcher.watches().add(output, WatchMask::MODIFY).map_err(told)?;
        let input = OpenOptions::new().append(true).create(true).open(input).map_err(told)?;
        let log = File::create(&complaints).map_err(told)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().map_err(told)?;
        let mut follower = Follower { child, input, output: File::open(output).map_err(told)?, watcher };
        follower.warm_up().map_err(|error| {
            let text = fs::read_to_string(&complaints).unwrap_or_default();
            format!("a follower of lines: {error}\n{text}")
        })?;
        Ok(follower)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What was there before the program looked is not given out, so lines are sent until one has come.
    fn warm_up(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        while seen.is_empty() {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("ended with {status}")));
            }
            if Instant::now() > deadline {
                return Err(io::Error::other("no line came out"));
            }
            self.input.write_all(b"are you there?\n")?;
            self.wait_for_output(Duration::from_millis(50))?;
            self.output.read_to_end(&mut seen)?;
        }
        self.input.write_all(b"last\n")?;
        while !seen.ends_with(b"LAST\n") {
            if Instant::now() > deadline {
                return Err(io::Error::other("the last line did not come out"));
            }
            self.wait_for_output(Duration::from_millis(50))?;
            self.output.read_to_end(&mut seen)?;
        }
        Ok(())
    }

    /// Appends a line; how long it took until the line it must become was there.
    pub(crate) fn line(&mut self, line: &str) -> io::Result<Duration> {
        let expected = line.to_uppercase();
        let mut seen = Vec::with_capacity(expected.len());
        let started = Instant::now();
        self.input.write_all(line.as_bytes())?;
        while seen.len() < expected.len() {
            self.wait_for_output(PATIENCE)?;
            self.output.read_to_end(&mut seen)?;
            if started.elapsed() > PATIENCE {
                return Err(io::Error::other(format!("the line `{line}` did not come out")));
            }
        }
        let time = started.elapsed();
        if seen == expected.as_bytes() { Ok(time) } else { Err(io::Error::other(format!("not `{expected}` but {seen:?} came out"))) }
    }

    /// Sleeps until the output was written to, or for so long.
    fn wait_for_output(&mut self, most: Duration) -> io::Result<()> {
        let most = Timespec { tv_sec: most.as_secs() as i64, tv_nsec: i64::from(most.subsec_nanos()) };
        if poll(&mut [PollFd::new(&self.watcher, PollFlags::IN)], Some(&most))? > 0 {
            self.watcher.read_events(&mut [0; 4096])?.count();
        }
        Ok(())
    }
}
