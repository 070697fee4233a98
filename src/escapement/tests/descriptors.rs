//! Readiness of pipes, sockets and of files that have none.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use super::{OWNER, by_hand, ready, tokens};
use crate::escapement::{Interest, Wake};

#[test]
fn a_pipe_is_told_of_once_for_each_writing() {
    let (mut escapement, _) = by_hand();
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let token = escapement.fd(OWNER, &reader, Interest::READ).unwrap();
    assert_eq!(tokens(&mut escapement), []);
    writer.write_all(b"abcd").unwrap();
    let fired = ready(&mut escapement);
    assert!(matches!(fired[..], [ref fired] if matches!(fired.wake, Wake::Ready { readable: true, writable: false })));
    // Not read to its end: the edge does not come again by itself.
    reader.read_exact(&mut [0; 2]).unwrap();
    assert_eq!(tokens(&mut escapement), []);
    escapement.rearm(token);
    escapement.rearm(token);
    assert_eq!(tokens(&mut escapement), [token]);
    drop(writer);
    assert_eq!(tokens(&mut escapement), [token]);
}

#[test]
fn an_edge_and_a_rearm_are_one_wake_up() {
    let (mut escapement, _) = by_hand();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let token = escapement.fd(OWNER, &reader, Interest::READ).unwrap();
    writer.write_all(b"a").unwrap();
    escapement.rearm(token);
    assert_eq!(tokens(&mut escapement), [token]);
}

#[test]
fn the_end_of_the_other_side_is_told_to_readers_and_writers() {
    let (mut escapement, _) = by_hand();
    let (reader, writer) = std::io::pipe().unwrap();
    let _ = escapement.fd(1, &reader, Interest::READ).unwrap();
    drop(writer);
    assert!(matches!(ready(&mut escapement)[0].wake, Wake::Ready { readable: true, writable: false }));
    let (reader, writer) = std::io::pipe().unwrap();
    let _ = escapement.fd(2, &writer, Interest::WRITE).unwrap();
    assert!(matches!(ready(&mut escapement)[0].wake, Wake::Ready { readable: false, writable: true }));
    drop(reader);
    assert!(matches!(ready(&mut escapement)[0].wake, Wake::Ready { readable: false, writable: true }));
}

#[test]
fn a_socket_tells_both_directions() {
    let (mut escapement, _) = by_hand();
    let (here, mut there) = UnixStream::pair().unwrap();
    let _ = escapement.fd(OWNER, &here.as_raw_fd(), Interest::BOTH).unwrap();
    assert!(matches!(ready(&mut escapement)[0].wake, Wake::Ready { readable: false, writable: true }));
    there.write_all(b"a").unwrap();
    assert!(matches!(ready(&mut escapement)[0].wake, Wake::Ready { readable: true, .. }));
}

#[test]
fn what_cannot_be_polled_is_always_ready() {
    let (mut escapement, _) = by_hand();
    let null = File::open("/dev/null").unwrap();
    let file = tempfile::tempfile().unwrap();
    for file in [null, file] {
        let token = escapement.fd(OWNER, &file, Interest::READ).unwrap();
        assert_eq!(tokens(&mut escapement), [token]);
        assert_eq!(tokens(&mut escapement), []);
        escapement.rearm(token);
        assert_eq!(tokens(&mut escapement), [token]);
        escapement.rearm(token);
        assert!(escapement.unbind(token));
        assert_eq!(tokens(&mut escapement), []);
    }
}

#[test]
fn a_descriptor_that_is_bound_already_or_not_open_is_refused() {
    let (mut escapement, _) = by_hand();
    let (reader, _writer) = std::io::pipe().unwrap();
    let token = escapement.fd(OWNER, &reader, Interest::READ).unwrap();
    assert!(escapement.fd(OWNER, &reader, Interest::READ).is_err());
    assert!(escapement.fd(OWNER, &reader, Interest { readable: false, writable: false, urgent: false }).is_err());
    assert!(escapement.fd(OWNER, &-1, Interest::READ).is_err());
    assert_eq!(escapement.bound(OWNER), 1);
    assert!(escapement.unbind(token));
    assert!(escapement.fd(OWNER, &reader, Interest::READ).is_ok());
}

#[test]
fn an_unbound_descriptor_is_silent() {
    let (mut escapement, _) = by_hand();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let token = escapement.fd(OWNER, &reader, Interest::READ).unwrap();
    let keep = escapement.every(OWNER, std::time::Duration::from_secs(1));
    writer.write_all(b"a").unwrap();
    escapement.rearm(token);
    assert!(escapement.unbind(token));
    escapement.rearm(token);
    assert_eq!(tokens(&mut escapement), []);
    assert!(escapement.unbind(keep));
}

#[test]
fn a_descriptor_closed_before_it_was_unbound_does_not_take_its_heir_along() {
    let (mut escapement, _) = by_hand();
    let (reader, writer) = std::io::pipe().unwrap();
    let number = reader.as_raw_fd();
    let old = escapement.fd(1, &reader, Interest::READ).unwrap();
    // Keeps the pipe at the poll after its descriptor is closed, as a child process would.
    let kept_by_another = reader.try_clone().unwrap();
    let (heir, mut heirs_writer) = std::io::pipe().unwrap();
    // The heir takes over the very number.
    let mut number_taken = std::os::fd::OwnedFd::from(reader);
    assert_eq!(number_taken.as_raw_fd(), number);
    rustix::io::dup2(&heir, &mut number_taken).unwrap();
    let new = escapement.fd(2, &number_taken, Interest::READ).unwrap();
    assert!(escapement.unbind(old));
    drop((writer, kept_by_another));
    heirs_writer.write_all(b"a").unwrap();
    assert_eq!(tokens(&mut escapement), [new]);
}
