//! What clients send arrives whole, and nobody keeps others waiting.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

use super::{Dice, accepted, connect, port, send, supply};
use crate::rig::{Rig, deadline};

/// 500 clients that send ten records each in pieces of random sizes, in turn; `frame` makes the bytes of a record.
fn crowd(framing: &str, frame: impl Fn(u64, &str) -> String) {
    const CLIENTS: u64 = 500;
    const RECORDS: u64 = 10;
    let options = format!("path: \"s.sock\", framing: \"{framing}\"");
    let running = supply(&options, "fs::line_file_drain(\"out.txt\")").start();
    let mut dice = Dice(7);
    let mut wanted = HashMap::new();
    let mut clients: Vec<(UnixStream, Vec<u8>, usize)> = (0..CLIENTS)
        .map(|client| {
            let mut bytes = String::new();
            let mut records = Vec::new();
            for n in 0..RECORDS {
                let record = format!("c{client} {n} {}č", "x".repeat(dice.below(300) as usize));
                bytes += &frame(client + n, &record);
                records.push(record);
            }
            wanted.insert(client.to_string(), records);
            (connect(&running.path("s.sock")), bytes.into_bytes(), 0)
        })
        .collect();
    while !clients.is_empty() {
        let place = dice.below(clients.len() as u64) as usize;
        let (stream, bytes, sent) = &mut clients[place];
        let count = (1 + dice.below(200) as usize).min(bytes.len() - *sent);
        send(stream, &bytes[*sent..*sent + count]);
        *sent += count;
        if *sent == bytes.len() {
            clients.swap_remove(place);
        }
    }
    let running = running.wait_for("records are missing", |running| {
        fs::read_to_string(running.path("out.txt")).unwrap_or_default().lines().count() as u64 >= CLIENTS * RECORDS
    });
    let outcome = running.signal(Signal::TERM).expect_exit(0);
    let mut given: HashMap<String, Vec<String>> = HashMap::new();
    for line in outcome.file("out.txt").lines() {
        let client = line[1..].split(' ').next().unwrap_or_default().to_owned();
        given.entry(client).or_default().push(line.to_owned());
    }
    // Each client's records, whole and in their order.
    assert!(given == wanted, "records are not what was sent\n{}", outcome.stderr);
    assert!(!outcome.path("s.sock").exists(), "the socket stays behind");
}

#[test]
fn five_hundred_clients_with_lines_are_all_heard() {
    crowd("separator", |_, record| format!("{record}\n"));
}

#[test]
fn five_hundred_clients_with_counted_frames_are_all_heard() {
    crowd("octet", |_, record| format!("{} {record}", record.len()));
}

#[test]
fn five_hundred_clients_with_both_mixed_are_all_heard() {
    crowd("auto", |n, record| if n % 3 == 0 { format!("{} {record}", record.len()) } else { format!("{record}\n") });
}

#[test]
fn a_newcomer_is_served_at_once_beside_two_hundred_that_dribble_and_one_that_floods() {
    let running = supply("path: \"s.sock\"", "fs::line_file_drain(\"out.txt\")").start();
    let path = running.path("s.sock");
    let over = Arc::new(AtomicBool::new(false));
    let mut dribbling: Vec<UnixStream> = (0..200).map(|_| connect(&path)).collect();
    let mut flooding = connect(&path);
    let (ends, ended) = (Arc::clone(&over), Arc::clone(&over));
    let dribble = thread::spawn(move || {
        while !ends.load(Ordering::Relaxed) {
            for stream in &mut dribbling {
                send(stream, ".");
            }
            thread::sleep(Duration::from_millis(1));
        }
    });
    let flood = thread::spawn(move || {
        let lines = "flood of lines\n".repeat(1000);
        while !ended.load(Ordering::Relaxed) && flooding.write_all(lines.as_bytes()).is_ok() {}
    });
    let running = running.wait_for_file_containing("out.txt", "flood");
    let mut slowest = Duration::ZERO;
    for n in 0..20 {
        // The file grows by megabytes: only what is new is looked at.
        let from = fs::metadata(running.path("out.txt")).expect("it is there").len();
        let begun = Instant::now();
        let mut newcomer = connect(&path);
        send(&mut newcomer, format!("newcomer {n}\n"));
        let until = deadline();
        loop {
            let bytes = fs::read(running.path("out.txt")).expect("it is there");
            if String::from_utf8_lossy(&bytes[from as usize..]).contains(&format!("newcomer {n}\n")) {
                break;
            }
            assert!(Instant::now() < until, "the newcomer is never served");
        }
        slowest = slowest.max(begun.elapsed());
    }
    over.store(true, Ordering::Relaxed);
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    dribble.join().expect("it ends");
    flood.join().expect("it ends");
    running.signal(Signal::TERM).expect_exit(0);
}

/// The processor time that the process has had, in ticks of a hundredth of a second.
fn ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process runs");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap_or_default() + fields[12].parse::<u64>().unwrap_or_default()
}

#[test]
fn without_descriptors_nobody_is_let_in_until_somebody_leaves() {
    let running = supply("path: \"s.sock\", max_clients: 1000, backlog: 300", "fs::line_file_drain(\"out.txt\")").start();
    let path = running.path("s.sock");
    drop(connect(&path));
    let pid = Pid::from_raw(running.pid() as i32);
    prlimit(pid, Resource::Nofile, Rlimit { current: Some(40), maximum: Some(40) }).expect("it is our child");
    let mut clients: Vec<UnixStream> = (0..200).map(|_| connect(&path)).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        send(client, format!("{n}\n"));
    }
    let running = running.wait_for_stderr("no more clients are let in until one leaves: too many open files");
    let before = ticks(running.pid());
    assert!(running.stays_silent(Duration::from_millis(2500)), "it is told once");
    let spent = ticks(running.pid()) - before;
    assert!(spent <= 10, "{spent} hundredths of a second were spent in waiting");
    let served = |running: &crate::rig::Running| fs::read_to_string(running.path("out.txt")).unwrap_or_default().lines().count();
    assert!((1..40).contains(&served(&running)), "{}", served(&running));
    // Each that leaves makes room for one.
    drop(clients);
    let running = running.wait_for("not all were served", |running| served(running) == 200);
    let mut late = connect(&path);
    send(&mut late, "late\n");
    let running = running.wait_for("it does not go on as before", |running| served(running) == 201);
    running.signal(Signal::TERM).expect_exit(0);
}

/// The program under that limit of open files.
fn limited(dir: &std::path::Path, files: u32) -> Child {
    Command::new("sh")
        .args(["-c", &format!("ulimit -n {files}; exec \"$0\" run socket.rhai"), env!("CARGO_BIN_EXE_deadbeat")])
        .current_dir(dir)
        .env("XDG_RUNTIME_DIR", dir.join("run"))
        .stdin(Stdio::null())
        .stderr(fs::File::create(dir.join("stderr")).expect("a file can be made"))
        .spawn()
        .expect("there is a shell")
}

#[test]
fn two_hundred_clients_share_sixty_four_descriptors() {
    let rig = supply("path: \"s.sock\", backlog: 300", "fs::line_file_drain(\"out.txt\")");
    let dir = rig.path("");
    let mut child = limited(&dir, 64);
    let path = dir.join("s.sock");
    let mut clients: Vec<UnixStream> = (0..200).map(|_| connect(&path)).collect();
    let until = deadline();
    let mut wait = |met: &dyn Fn(&str) -> bool, file: &str, otherwise: &str| {
        while !met(&fs::read_to_string(dir.join(file)).unwrap_or_default()) {
            assert!(Instant::now() < until, "{otherwise}");
            assert!(child.try_wait().expect("it is our child").is_none(), "it has ended");
            thread::sleep(Duration::from_millis(5));
        }
    };
    wait(&|told| told.contains("32 clients have connected, as many as may"), "stderr", "it is not told that there are too many");
    for (n, client) in clients.iter_mut().enumerate() {
        send(client, format!("{n}\n"));
    }
    wait(&|text| text.lines().count() == 32, "out.txt", "those who are in are not heard");
    drop(clients);
    wait(&|text| text.lines().count() == 200, "out.txt", "not all were served");
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it is our child");
    assert!(child.wait().expect("it is our child").success());
}

#[test]
fn what_a_killed_process_left_is_removed_and_nothing_else() {
    let options = "path: \"s.sock\", mode: 0o620";
    let running = supply(options, "fs::stdout_drain()").start();
    drop(connect(&running.path("s.sock")));
    // A second one must not take the place of the first, which lives.
    let script = fs::read_to_string(running.path("socket.rhai")).expect("it was written");
    let second = |path: &std::path::Path| {
        let text = script.replace("s.sock", &path.display().to_string());
        Rig::new().script("second.rhai", &text).run()
    };
    let refused = second(&running.path("s.sock")).expect_status(2);
    assert!(refused.stderr.contains("is in use: somebody listens there"), "{}", refused.stderr);
    let (socket, plain) = (running.path("s.sock"), running.path("plain"));
    fs::write(&plain, "precious").expect("a file can be written");
    let refused = second(&plain).expect_status(2);
    assert!(refused.stderr.contains("is no socket") && fs::read_to_string(&plain).is_ok_and(|text| text == "precious"));
    let outcome = running.signal(Signal::KILL).end();
    assert!(fs::symlink_metadata(&socket).is_ok_and(|about| about.file_type().is_socket()), "it was killed");
    let script = fs::read_to_string(outcome.path("socket.rhai")).expect("it was written").replace("s.sock", &socket.display().to_string());
    let again = Rig::new().script("again.rhai", &script).start();
    let mut client = connect(&socket);
    send(&mut client, "again\n");
    let again = again.wait_for_stdout("again\n");
    assert_eq!(fs::metadata(&socket).expect("it is there").mode() & 0o777, 0o620);
    again.signal(Signal::TERM).expect_exit(0);
    assert!(!socket.exists());
}

#[test]
fn half_a_record_of_a_client_that_died_is_one() {
    let running = supply("path: \"s.sock\"", "fs::stdout_drain()").start();
    let path = running.path("s.sock");
    drop(connect(&path));
    let mut child = Command::new("sh")
        .args(["-c", "cat; sleep 60"])
        .stdin(Stdio::piped())
        .stdout(Stdio::from(std::os::fd::OwnedFd::from(connect(&path))))
        .spawn()
        .expect("there is a shell");
    send(child.stdin.as_mut().expect("it is piped"), "whole\nha");
    let running = running.wait_for_stdout("whole\n");
    child.kill().expect("it is our child");
    child.wait().expect("it is our child");
    // Its own child may live on for a moment with the socket: what it reads ends with our end of the pipe.
    drop(child.stdin.take());
    let pids = Command::new("sh").args(["-c", ":"]).status();
    assert!(pids.is_ok_and(|status| status.success()));
    let mut other = connect(&path);
    send(&mut other, "other\n");
    let running = running.wait_for_stdout("other\n");
    other.shutdown(Shutdown::Both).expect("it is open");
    let mut broken = connect(&path);
    send(&mut broken, "broken off");
    drop(broken);
    running.wait_for_stdout("broken off\n").signal(Signal::TERM).expect_exit(0);
}

#[test]
fn what_has_come_before_the_end_is_given_out() {
    let running = supply("path: \"s.sock\", max_in_flight: 10", "fs::line_file_drain(\"out.txt\")").start();
    let path = running.path("s.sock");
    let mut known = connect(&path);
    send(&mut known, "first\n");
    let running = running.wait_for_file("out.txt", "first\n").signal(Signal::STOP);
    // It sleeps, and does not even know of the second client.
    let mut unknown = connect(&path);
    for n in 0..200 {
        send(&mut known, format!("known {n}\n"));
        send(&mut unknown, format!("unknown {n}\n"));
    }
    send(&mut unknown, "half");
    let outcome = running.signal(Signal::TERM).signal(Signal::CONT).expect_exit(0);
    let text = outcome.file("out.txt");
    for name in ["known", "unknown"] {
        let wanted: Vec<String> = (0..200).map(|n| format!("{name} {n}")).collect();
        let given: Vec<&str> = text.lines().filter(|line| line.split(' ').next() == Some(name)).collect();
        assert_eq!(given, wanted);
    }
    assert!(text.lines().any(|line| line == "half") && text.lines().count() == 402);
    // They are told that it has gone.
    assert_eq!(known.read(&mut [0]).expect("an end is no error"), 0);
}

#[test]
fn ports_and_datagrams_are_listened_at_too() {
    let cogs = "text::json_marshall() |> fs::stdout_drain()";
    let (running, number) = port(supply("listen: \"tcp:127.0.0.1:0\", data_setter: \"t\", peer_setter: \"from\"", cogs).start(), "tcp");
    let mut client = TcpStream::connect(("127.0.0.1", number)).expect("somebody listens");
    let from = client.local_addr().expect("it is connected").port();
    send(&mut client, "by tcp\r\nrest");
    drop(client);
    let who = format!("\"from\":{{\"client\":1,\"address\":\"127.0.0.1\",\"port\":{from}}}");
    let running = running.wait_for_stdout(&format!("{{\"t\":\"by tcp\",{who}}}\n{{\"t\":\"rest\",{who}}}\n"));
    running.signal(Signal::TERM).expect_exit(0);

    let (running, number) = port(supply("listen: \"udp:127.0.0.1:0\", data_setter: \"t\", peer_setter: \"from\"", cogs).start(), "udp");
    let client = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    for text in ["one\nwith a break", "two\n", ""] {
        client.send_to(text.as_bytes(), ("127.0.0.1", number)).expect("it can be sent");
    }
    let running = running.wait_for_stdout("two");
    let from = client.local_addr().expect("it is bound").port();
    let outcome = running.signal(Signal::TERM).expect_exit(0);
    let who = format!("\"from\":{{\"address\":\"127.0.0.1\",\"port\":{from}}}");
    outcome.expect_stdout(&format!("{{\"t\":\"one\\nwith a break\",{who}}}\n{{\"t\":\"two\",{who}}}\n"));

    let running = supply("listen: \"unixgram:s.sock\", data_setter: \"t\", peer_setter: \"from\"", cogs).start();
    let running = running.wait_for_stderr("listens at unixgram:s.sock");
    let client = UnixDatagram::unbound().expect("a socket can be made");
    client.send_to("x".repeat(100_000).as_bytes(), running.path("s.sock")).expect("it can be sent");
    client.send_to(b"gram", running.path("s.sock")).expect("it can be sent");
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    let who = format!("\"from\":{{\"uid\":{uid},\"gid\":{gid},\"pid\":{}}}", std::process::id());
    let outcome = running.wait_for_stdout("gram").signal(Signal::TERM).expect_exit(0);
    assert!(!outcome.path("s.sock").exists());
    outcome.expect_stdout(&format!("{{\"t\":\"{}\",{who}}}\n{{\"t\":\"gram\",{who}}}\n", "x".repeat(100_000)));
}

#[test]
fn datagrams_may_be_split_and_long_ones_are_cut() {
    let options = "listen: \"unixgram:s.sock\", split_datagrams: true, max_record: 10, long_record: \"truncate\", receive_buffer: 100000";
    let running = supply(options, "fs::stdout_drain()").start().wait_for_stderr("listens at");
    let client = UnixDatagram::unbound().expect("a socket can be made");
    for text in ["a\nb\n", "0123456789abc\nc", "end"] {
        client.send_to(text.as_bytes(), running.path("s.sock")).expect("it can be sent");
    }
    let outcome = running.wait_for_stdout("end\n").signal(Signal::TERM).expect_exit(0);
    assert!(outcome.stderr.contains("1 datagrams were longer than they may be and were cut"), "{}", outcome.stderr);
    outcome.expect_stdout("a\nb\n0123456789\nc\nend\n");
    let running = supply("listen: \"unixgram:s.sock\", max_record: 10", "fs::stdout_drain()").start().wait_for_stderr("listens at");
    for text in ["before", "0123456789abc", "end"] {
        client.send_to(text.as_bytes(), running.path("s.sock")).expect("it can be sent");
    }
    let outcome = running.wait_for_stdout("end\n").signal(Signal::TERM).expect_exit(0);
    assert!(outcome.stderr.contains("longer than `max_record`, 10 bytes"), "{}", outcome.stderr);
    outcome.expect_stdout("before\nend\n");
}

#[test]
fn the_credentials_of_a_local_client_are_known() {
    let options = "path: \"s.sock\", data_setter: \"t\", peer_setter: \"from\"";
    let running = supply(options, "text::json_marshall() |> fs::stdout_drain()").start();
    let mut client = connect(&running.path("s.sock"));
    send(&mut client, "x\n");
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    let who = format!("{{\"client\":1,\"uid\":{uid},\"gid\":{gid},\"pid\":{}}}", std::process::id());
    running.wait_for_stdout(&format!("{{\"t\":\"x\",\"from\":{who}}}\n")).signal(Signal::TERM).expect_exit(0);
}

#[test]
fn a_client_that_is_silent_in_mid_record_is_cut_off() {
    let options = "path: \"s.sock\", stall_timeout: 0.3, idle_timeout: 1.5";
    let running = supply(options, "fs::stdout_drain()").start();
    let (mut half, mut whole) = (connect(&running.path("s.sock")), connect(&running.path("s.sock")));
    send(&mut half, "one\nhal");
    send(&mut whole, "two\n");
    let running = running.wait_for_stderr("client 1 sent half a record and then nothing for 0 s");
    assert_eq!(half.read(&mut [0]).expect("an end is no error"), 0);
    send(&mut whole, "three\n");
    let running = running.wait_for_stdout("three\n");
    assert_eq!(whole.read(&mut [0]).expect("an end is no error"), 0, "it was idle");
    let outcome = running.signal(Signal::TERM).expect_exit(0);
    assert!(!outcome.stdout.contains("hal"));
}

#[test]
fn a_client_with_a_record_that_is_too_long_is_cut_off_or_not() {
    let running = supply("path: \"s.sock\", max_record: 100", "fs::stdout_drain()").start();
    let mut client = connect(&running.path("s.sock"));
    let long = "x".repeat(150);
    send(&mut client, format!("one\n{long}\ntwo\n"));
    assert_eq!(client.read(&mut [0]).expect("an end is no error"), 0);
    let mut client = connect(&running.path("s.sock"));
    send(&mut client, format!("three\n{long}"));
    assert_eq!(client.read(&mut [0]).expect("an end is no error"), 0);
    let outcome = running.signal(Signal::TERM).expect_exit(0);
    assert_eq!(outcome.stderr.matches("record is longer than `max_record`, 100 bytes").count(), 2, "{}", outcome.stderr);
    outcome.expect_stdout("one\ntwo\nthree\n");
    let running = supply("path: \"s.sock\", max_record: 100, long_record: \"split\"", "fs::stdout_drain()").start();
    let mut client = connect(&running.path("s.sock"));
    send(&mut client, format!("{long}\nend\n"));
    let wanted = format!("{}\n{}\nend\n", "x".repeat(100), "x".repeat(50));
    running.wait_for_stdout("end\n").signal(Signal::TERM).expect_exit(0).expect_stdout(&wanted);
}

#[test]
fn who_sends_faster_than_is_taken_waits() {
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    let slow = UnixListener::bind(place.path().join("slow")).expect("it can be bound");
    let to = format!("socket::socket_drain(\"unix:{}\")", place.path().join("slow").display());
    let running = supply("path: \"s.sock\"", &to).start();
    let mut client = connect(&running.path("s.sock"));
    let mut reader = accepted(&slow);
    let lines: Vec<String> = (0..200_000).map(|n| format!("line {n} {}\n", "x".repeat(90))).collect();
    let bytes = lines.concat().into_bytes();
    let total = bytes.len();
    let (sent, seen) = (Arc::new(std::sync::atomic::AtomicUsize::new(0)), total / 2);
    let count = Arc::clone(&sent);
    let sender = thread::spawn(move || {
        for piece in bytes.chunks(1000) {
            send(&mut client, piece);
            count.fetch_add(piece.len(), Ordering::Relaxed);
        }
    });
    // Nobody reads: the sender must come to a stop, as what is kept is bounded.
    let mut before = usize::MAX;
    let running = running.wait_for("the sender never waits", |running| {
        let now = sent.load(Ordering::Relaxed);
        let rests = now > 0 && now == before && running.stays_silent(Duration::from_millis(300)) && sent.load(Ordering::Relaxed) == now;
        before = now;
        rests
    });
    assert!(sent.load(Ordering::Relaxed) < seen, "{} of {total} bytes are kept somewhere", sent.load(Ordering::Relaxed));
    let given = super::read_some(&mut reader, total);
    assert!(given == lines.concat().into_bytes(), "what arrived is not what was sent");
    sender.join().expect("all was sent");
    running.signal(Signal::TERM).expect_exit(0);
}
