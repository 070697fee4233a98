//! Messages of syslog from one client of a unix socket, as JSON: how many a second, against a program written by hand.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use memchr::memchr;
use rustix::process::{Pid, Signal, kill_process};

use crate::blocks::{Out, each_line, number, unfit};
use crate::dice::Dice;
use crate::options::Options;
use crate::process::{go_on, median, peak_memory, threads_time};
use crate::regexp::escape;
use crate::roads::{equal, limit_command, our_command};
use crate::table::Table;

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// When something is looked for that is not there yet.
const LOOK: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(120);

/// Three in four of the older form (RFC 3164), one of RFC 5424.
pub(crate) fn generate(events: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut dice = Dice(8);
    for n in 0..events {
        let priority = dice.below(192);
        let host = format!("host{}.example.com", dice.skewed(200));
        let (tag, pid) = (dice.pick(&["sshd", "kernel", "postfix/smtpd", "systemd", "CRON", "nginx"]), 100 + dice.below(30_000));
        let text = dice.pick(&[
            "Accepted publickey for root from 192.0.2.17 port 52144 ssh2: ED25519",
            "connect from unknown[198.51.100.9]",
            "Started Session 1234 of user \"www-data\".",
            "upstream timed out (110: Connection timed out) while reading response header from upstream",
        ]);
        let (month, day, hour, minute, second) = (n / 8_640_000 % 12, 1 + n / 720_000 % 28, n / 360_000 % 24, n / 6000 % 60, n / 100 % 60);
        if dice.percent(25) {
            let millis = 1 + dice.below(9) + 10 * dice.below(100);
            writeln!(
                out,
                "<{priority}>1 2026-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z {host} {tag} {pid} - - {text} {n}",
                month + 1
            )?;
        } else {
            writeln!(out, "<{priority}>{} {day:2} {hour:02}:{minute:02}:{second:02} {host} {tag}[{pid}]: {text} {n}", MONTHS[month])?;
        }
    }
    Ok(())
}

/// The job, and nothing but the job, for a file of messages.
pub(crate) fn limit_of_file(input: &Path, output: &Path) -> io::Result<()> {
    let year = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year();
    let mut out = Out::create(output)?;
    each_line(input, |line| put(line, year, &mut out).unwrap_or_else(|| Err(unfit(line))))?;
    out.write()
}

/// The job, and nothing but the job: `input` is where to listen, the first client is all there is.
pub(crate) fn limit(input: &Path, output: &Path) -> io::Result<()> {
    let year = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year();
    let listener = UnixListener::bind(input)?;
    let (mut stream, _) = listener.accept()?;
    let mut out = Out::create(output)?;
    let (mut block, mut held) = (vec![0; 256 << 10], 0);
    loop {
        let read = stream.read(&mut block[held..])?;
        if read == 0 {
            return out.write();
        }
        let filled = &block[..held + read];
        let mut start = 0;
        while let Some(end) = memchr(b'\n', &filled[start..]) {
            put(&filled[start..start + end], year, &mut out).unwrap_or(Err(io::ErrorKind::InvalidData.into()))?;
            start += end + 1;
        }
        held = filled.len() - start;
        block.copy_within(start..start + held, 0);
    }
}

/// One message; none for one that is not of the two forms.
fn put(line: &[u8], year: i16, out: &mut Out) -> Option<io::Result<()>> {
    let end = memchr(b'>', line)?;
    let priority = usize::try_from(number(line.get(1..end)?)?).ok()?;
    let mut rest = &line[end + 1..];
    let mut until = |end: u8| {
        let at = memchr(end, rest)?;
        let found = &rest[..at];
        rest = &rest[at + 1..];
        Some(found)
    };
    out.bytes.extend_from_slice(b"{\"priority\":");
    out.number(priority as i64);
    field(&mut out.bytes, "facility", FACILITIES.get(priority >> 3)?.as_bytes());
    field(&mut out.bytes, "severity", SEVERITIES[priority & 7].as_bytes());
    if line.get(end + 1) == Some(&b'1') {
        until(b' ')?;
        field(&mut out.bytes, "time", until(b' ')?);
        field(&mut out.bytes, "host", until(b' ')?);
        field(&mut out.bytes, "tag", until(b' ')?);
        field(&mut out.bytes, "pid", until(b' ')?);
        until(b' ')?;
        until(b' ')?;
    } else {
        let stamp = rest.get(..16)?;
        rest = &rest[16..];
        let month = MONTHS.iter().position(|name| name.as_bytes() == &stamp[..3])? + 1;
        let tens = if stamp[4] == b' ' { b'0' } else { stamp[4] };
        out.bytes.extend_from_slice(b",\"time\":\"");
        out.number(year.into());
        out.bytes.extend_from_slice(&[b'-', b'0' + (month / 10) as u8, b'0' + (month % 10) as u8, b'-', tens, stamp[5], b'T']);
        out.bytes.extend_from_slice(&stamp[7..15]);
        out.bytes.extend_from_slice(b"Z\"");
        let mut until = |end: u8| {
            let at = memchr(end, rest)?;
            let found = &rest[..at];
            rest = &rest[at + 1..];
            Some(found)
        };
        field(&mut out.bytes, "host", until(b' ')?);
        field(&mut out.bytes, "tag", until(b'[')?);
        field(&mut out.bytes, "pid", until(b']')?);
        rest = rest.get(2..)?;
    }
    field(&mut out.bytes, "text", rest);
    out.bytes.push(b'}');
    Some(out.end_line())
}

fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":\"");
    escape(value, out);
    out.push(b'"');
}

/// One run: from the first byte that is sent until the last one is written.
struct Flow {
    time: Duration,
    cpu: Duration,
    peak: u64,
}

/// Sends all lines in writes of about `chunk` bytes, none of which cuts a line; 0: a write for each line.
fn flow(command: &mut Command, socket: &Path, output: &Path, input: &[u8], chunk: usize, size: Option<u64>) -> Result<Flow, String> {
    let _ = fs::remove_file(socket);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map_err(|error| error.to_string())?;
    let done = flow_to(&mut child, socket, output, input, chunk, size);
    // Ours does not end with its client.
    if size.is_some() || done.is_err() {
        let _ = kill_process(Pid::from_child(&child), Signal::TERM);
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() { done } else { Err(format!("syslog: ended with {status}")) }
}

fn flow_to(child: &mut Child, socket: &Path, output: &Path, input: &[u8], chunk: usize, size: Option<u64>) -> Result<Flow, String> {
    let until = Instant::now() + PATIENCE;
    let wait = |what: &str| {
        thread::sleep(LOOK);
        go_on()?;
        if Instant::now() < until { Ok(()) } else { Err(format!("syslog: {what}")) }
    };
    let mut stream = loop {
        match UnixStream::connect(socket) {
            Ok(stream) => break stream,
            Err(_) => wait("nobody listens")?,
        }
    };
    let (started, before) = (Instant::now(), threads_time(child.id()));
    let mut start = 0;
    while start < input.len() {
        let from = (start + chunk).min(input.len() - 1);
        let end = memchr(b'\n', &input[from..]).map_or(input.len(), |at| from + at + 1);
        stream.write_all(&input[start..end]).map_err(|error| format!("syslog: {error}"))?;
        start = end;
    }
    drop(stream);
    let (mut cpu, mut peak) = (Duration::ZERO, 0);
    loop {
        let over = match size {
            Some(size) => fs::metadata(output).is_ok_and(|about| about.len() >= size),
            None => fs::read_to_string(format!("/proc/{}/stat", child.id())).is_ok_and(|stat| stat.contains(") Z ")),
        };
        if over {
            cpu = cpu.max(threads_time(child.id()).saturating_sub(before));
            return Ok(Flow { time: started.elapsed(), cpu, peak: peak.max(peak_memory(child.id())) });
        }
        cpu = threads_time(child.id()).saturating_sub(before);
        peak = peak.max(peak_memory(child.id()));
        wait("not all lines came out")?;
    }
}

/// Both programs in turn, the outputs of each round compared.
pub(crate) fn measure(options: &Options, dir: &Path) -> Result<Table, String> {
    let events = (options.events / 2).max(1);
    let mut input = Vec::new();
    generate(events, &mut input).map_err(|error| error.to_string())?;
    let title = "syslog: messages from one client of a unix socket, to a file of JSON";
    let mut table =
        Table::new(title, &["writes", "messages", "limit per s", "deadbeat per s", "ratio", "CPU ns/message", "CPU ratio", "peak MiB"]);
    let (socket, expected, written) = (dir.join("syslog.sock"), dir.join("limit.out"), dir.join("other.out"));
    for (label, chunk) in [("64 KiB", 64 << 10), ("one message", 0)] {
        eprintln!("syslog: {events} messages, writes of {label}, {} rounds", options.rounds);
        let (mut limits, mut ours, mut ratios, mut cpus, mut cpu_ratios, mut peak) = (vec![], vec![], vec![], vec![], vec![], 0);
        for _ in 0..options.rounds {
            let limit = flow(&mut limit_command("syslog", &socket, &expected), &socket, &expected, &input, chunk, None)?;
            let size = fs::metadata(&expected).map_err(|error| error.to_string())?.len();
            let command = &mut our_command(options, "syslog.rhai", &[], &written, std::slice::from_ref(&socket));
            let other = flow(command, &socket, &written, &input, chunk, Some(size))?;
            equal(&expected, &written).map_err(|difference| format!("syslog: {difference}"))?;
            fs::remove_file(&written).map_err(|error| error.to_string())?;
            limits.push(limit.time.as_secs_f64());
            ours.push(other.time.as_secs_f64());
            ratios.push(other.time.as_secs_f64() / limit.time.as_secs_f64());
            cpus.push(other.cpu.as_secs_f64());
            cpu_ratios.push(other.cpu.as_secs_f64() / limit.cpu.as_secs_f64());
            peak = peak.max(other.peak);
        }
        let rate = |times| format!("{:.0}", events as f64 / median(times));
        table.row([
            label.to_owned(),
            events.to_string(),
            rate(limits),
            rate(ours),
            format!("{:.2}", median(ratios)),
            format!("{:.0}", median(cpus) * 1e9 / events as f64),
            format!("{:.2}", median(cpu_ratios)),
            format!("{:.1}", peak as f64 / 1024.0),
        ]);
    }
    Ok(table)
}
