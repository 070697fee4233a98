//! Sockets on the real binary: many clients, slow ones, dead ones, too many of them, and servers that come and go.

mod drain;
mod supply;

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::rig::{PATIENCE, Rig, Running, deadline};

/// A script in which the records of a socket run through `cogs`; its options are given.
fn supply(options: &str, cogs: &str) -> Rig {
    let script =
        format!("let train = movement::train();\ntrain.update(socket::socket_supply(#{{ {options} }}) |> {cogs});\nexit(train.run());\n");
    Rig::new().command(["run", "--log-level", "notice"]).script("socket.rhai", &script)
}

/// A connection to the socket there, as soon as somebody listens.
fn connect(path: &Path) -> UnixStream {
    let until = deadline();
    loop {
        match UnixStream::connect(path) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE)).expect("it can be set");
                stream.set_write_timeout(Some(PATIENCE)).expect("it can be set");
                return stream;
            }
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::WouldBlock) => {
                assert!(Instant::now() < until, "nobody listens at {}", path.display());
                thread::sleep(Duration::from_millis(2));
            }
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
}

/// Waits until there is something to read or to accept.
fn wait_readable(fd: &impl AsFd) {
    let patience = Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
    let ready = poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&patience)).expect("it is open");
    assert!(ready > 0, "nothing comes");
}

/// Who connects.
fn accepted(server: &UnixListener) -> UnixStream {
    wait_readable(server);
    let (stream, _) = server.accept().expect("somebody has connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("it can be set");
    stream
}

/// The port in the log's `listens at KIND:127.0.0.1:PORT`.
fn port(running: Running, kind: &str) -> (Running, u16) {
    let mark = format!("listens at {kind}:127.0.0.1:");
    let running = running.wait_for_stderr(&mark);
    let log = running.stderr();
    let digits: String = log.split(&mark).nth(1).unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    (running, digits.parse().expect("a port"))
}

/// Numbers that are as good as random, the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        // Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// Reads until `count` bytes have come, or the end.
fn read_some(stream: &mut impl Read, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    let mut have = 0;
    while have < count {
        match stream.read(&mut bytes[have..]) {
            Ok(0) => break,
            Ok(more) => have += more,
            Err(error) => panic!("{error}"),
        }
    }
    bytes.truncate(have);
    bytes
}

fn send(stream: &mut impl Write, bytes: impl AsRef<[u8]>) {
    stream.write_all(bytes.as_ref()).expect("the program reads");
}
