//! Running a program to its end: how long it took, and how much memory it had at most.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use signal_hook::consts::{SIGINT, SIGTERM};

/// After this a program is taken for stuck, and ended.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often the memory of a running program is looked at; its end is noticed at once.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };

/// Set by `INT` and `TERM`, so that what was made in the temporary directory is removed.
static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Lets signals end the whole in order. Repeated ones change nothing: timeout(1), for one, sends two.
pub(crate) fn heed_signals() -> std::io::Result<()> {
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, INTERRUPTED.clone())?;
    }
    Ok(())
}

/// An error once a signal has come.
pub(crate) fn go_on() -> Result<(), String> {
    if INTERRUPTED.load(Ordering::Relaxed) { Err("interrupted".to_owned()) } else { Ok(()) }
}

/// A run that ended well.
pub(crate) struct Run {
    pub(crate) time: Duration,
    /// What it had of the processors, which other programs on the machine disturb less than `time`.
    pub(crate) cpu: Duration,
    /// Peak of resident memory in KiB. It is read while the program runs, so one of a few milliseconds may show none.
    pub(crate) peak: u64,
}

/// Runs a program; what it writes to standard output goes to `stdout`.
pub(crate) fn run(command: &mut Command, stdout: Option<&Path>, dir: &Path) -> Result<Run, String> {
    let shown = show(command);
    let complaints = dir.join("stderr");
    command.stdin(Stdio::null()).stderr(create(&complaints)?);
    command.stdout(stdout.map_or_else(|| Ok(Stdio::null()), |path| create(path).map(Stdio::from))?);
    let started = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("`{shown}`: {error}"))?;
    let watched = watch(&mut child, started);
    if watched.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| format!("`{shown}`: {error}"))?;
    let (time, cpu, peak) = watched.map_err(|error| format!("`{shown}`: {error}"))?;
    if status.success() {
        return Ok(Run { time, cpu, peak });
    }
    let text = fs::read_to_string(&complaints).unwrap_or_default();
    let last: Vec<&str> = text.lines().rev().take(5).collect();
    Err(format!("`{shown}` ended with {status}\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n")))
}

fn create(path: &Path) -> Result<File, String> {
    File::create(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Waits for the end, and looks at what the kernel still knows of the process until it is waited for.
fn watch(child: &mut Child, started: Instant) -> Result<(Duration, Duration, u64), String> {
    let handle = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).map_err(|error| error.to_string())?;
    let (mut peak, mut helpers) = (0, Duration::ZERO);
    loop {
        let ready = match poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&LOOK)) {
            Err(rustix::io::Errno::INTR) => 0,
            ready => ready.map_err(|error| error.to_string())?,
        };
        if ready > 0 {
            let time = started.elapsed();
            return Ok((time, thread_time(&format!("/proc/{}", child.id())) + helpers, peak));
        }
        helpers = threads_time(child.id()).saturating_sub(thread_time(&format!("/proc/{}/task/{}", child.id(), child.id())));
        peak = peak.max(peak_memory(child.id()));
        go_on()?;
        if started.elapsed() > PATIENCE {
            return Err(format!("not done after {} s", PATIENCE.as_secs()));
        }
    }
}

/// Processor time of all threads of a running process.
pub(crate) fn threads_time(pid: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks.map(|task| thread_time(&task.path().to_string_lossy())).sum()
}

/// Processor time of a thread, of the first one for a process.
fn thread_time(proc: &str) -> Duration {
    let text = fs::read_to_string(format!("{proc}/schedstat")).unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0))
}

/// Peak of resident memory of a running process, in KiB.
pub(crate) fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

/// A command as it would be typed.
fn show(command: &Command) -> String {
    std::iter::once(command.get_program()).chain(command.get_args()).map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// What stands at `percent` of sorted numbers.
pub(crate) fn rank(mut numbers: Vec<f64>, percent: usize) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get((numbers.len() * percent / 100).min(numbers.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// The middle of numbers.
pub(crate) fn median(numbers: Vec<f64>) -> f64 {
    rank(numbers, 50)
}
