//! The socket that a supply listens on: bound by us, or handed to us open.
//!
//! A socket of the file system is bound in a private way: it has no rights for anybody else from birth, then its owner and at last the
//! rights that were asked for. What stands at its path already is removed only when it is a socket on which nobody listens.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Mode, Uid, chmod, chown, fchmod};
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};

use super::users;
use crate::cogs::socket::address::Address;
use crate::error::{Error, Result};
use crate::start;

/// How a door is made.
pub(super) struct Frame {
    pub(super) mode: u32,
    pub(super) owner: Option<users::Who>,
    pub(super) group: Option<users::Who>,
    pub(super) backlog: i32,
    pub(super) receive_buffer: Option<usize>,
    pub(super) unlink: bool,
}

/// A socket that takes clients or datagrams.
pub(super) struct Door {
    pub(super) fd: OwnedFd,
    /// Clients come in; else datagrams.
    pub(super) takes_clients: bool,
    /// Who comes is on this machine, and the system knows who it is.
    pub(super) is_local: bool,
    /// Where it stands, as it is told.
    pub(super) name: String,
    file: Option<Standing>,
}

/// Our file at that path.
struct Standing {
    path: PathBuf,
    id: (u64, u64),
}

impl Door {
    /// The socket of that name, which somebody else has opened.
    pub(super) fn handed(fd: OwnedFd, name: &str, receive_buffer: Option<usize>) -> Result<Self> {
        let refused = |error| Error::os("listen at", format!("fd:{name}"), error);
        widen(&fd, receive_buffer).map_err(|error| refused(error.into()))?;
        Self::of(fd, format!("fd:{name}")).map_err(refused)
    }

    /// Binds a socket there.
    pub(super) fn at(address: &Address, frame: &Frame) -> Result<Self> {
        let (fd, file) = match address {
            Address::Unix(path) => bind_file(&start::path(path), SocketType::STREAM, frame)?,
            Address::Unixgram(path) => bind_file(&start::path(path), SocketType::DGRAM, frame)?,
            Address::Tcp(host, port) | Address::Udp(host, port) => {
                let refused = |error: Errno| Error::os("listen at", address.to_string(), error.into());
                let fd = bind_port(SocketAddr::new(listening(host)?, *port), address.is_stream()).map_err(refused)?;
                (fd, None)
            }
        };
        let told = |error: Errno| Error::os("listen at", address.to_string(), error.into());
        widen(&fd, frame.receive_buffer).map_err(told)?;
        if address.is_stream() {
            net::listen(&fd, frame.backlog).map_err(told)?;
        }
        let mut door = Self::of(fd, address.to_string()).map_err(|error| Error::os("listen at", address.to_string(), error))?;
        door.file = file.filter(|_| frame.unlink);
        Ok(door)
    }

    /// Of a socket that is bound already, and listens if it is one for streams: ours, or one that was handed to us.
    fn of(fd: OwnedFd, name: String) -> io::Result<Self> {
        let takes_clients = match sockopt::socket_type(&fd)? {
            SocketType::STREAM if sockopt::socket_acceptconn(&fd)? => true,
            SocketType::DGRAM => false,
            _ => return Err(io::Error::other("it is no socket that listens")),
        };
        rustix::io::ioctl_fionbio(&fd, true)?;
        let is_local = sockopt::socket_domain(&fd)? == AddressFamily::UNIX;
        let mut name = name;
        if !is_local && let Ok(at) = SocketAddr::try_from(net::getsockname(&fd)?) {
            name = format!("{}:{at}", if takes_clients { "tcp" } else { "udp" });
        }
        Ok(Self { fd, takes_clients, is_local, name, file: None })
    }

    /// Removes its file, unless another stands there by now. Gives what hindered that.
    pub(super) fn remove(&mut self) -> io::Result<()> {
        let Some(Standing { path, id }) = self.file.take() else { return Ok(()) };
        match fs::symlink_metadata(&path) {
            Ok(about) if (about.dev(), about.ino()) == id => fs::remove_file(&path),
            _ => Ok(()),
        }
    }
}

/// Gives the system's buffer of what has come that size, above the system's own bound only with rights for that.
fn widen(fd: &OwnedFd, size: Option<usize>) -> Result<(), Errno> {
    let Some(size) = size else { return Ok(()) };
    sockopt::set_socket_recv_buffer_size_force(fd, size).or_else(|_| sockopt::set_socket_recv_buffer_size(fd, size))
}

/// The address to listen at that a script writes.
pub(super) fn listening(host: &str) -> Result<IpAddr> {
    if host.is_empty() || host == "*" {
        return Ok(IpAddr::from([0; 16]));
    }
    host.parse().map_err(|_| Error::Option {
        option: "listen".into(),
        text: format!("`{host}` is no IP address"),
        hint: Some("127.0.0.1 is this machine alone, 0.0.0.0 all its addresses, [::] those of IPv6 too".into()),
    })
}

fn bind_port(at: SocketAddr, stream: bool) -> rustix::io::Result<OwnedFd> {
    let family = if at.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let kind = if stream { SocketType::STREAM } else { SocketType::DGRAM };
    let fd = net::socket_with(family, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
    if stream {
        // A connection that is still ending must not keep us from starting anew.
        sockopt::set_socket_reuseaddr(&fd, true)?;
    }
    if at.is_ipv6() && at.ip().is_unspecified() {
        sockopt::set_ipv6_v6only(&fd, false)?;
    }
    net::bind(&fd, &at)?;
    Ok(fd)
}

fn bind_file(path: &Path, kind: SocketType, frame: &Frame) -> Result<(OwnedFd, Option<Standing>)> {
    let owner = frame.owner.as_ref().map(|who| who.number("owner", "/etc/passwd")).transpose()?;
    let group = frame.group.as_ref().map(|who| who.number("group", "/etc/group")).transpose()?;
    clear(path, kind, owner, frame.unlink)?;
    let bound = || {
        let fd = net::socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
        // The file gets its mode from the socket (unix(7), Linux), so that nobody else can use it before it has its owner.
        fchmod(&fd, Mode::RUSR | Mode::WUSR)?;
        net::bind(&fd, &SocketAddrUnix::new(path)?)?;
        let about = fs::symlink_metadata(path)?;
        let standing = Standing { path: path.to_path_buf(), id: (about.dev(), about.ino()) };
        let done = (|| {
            if owner.is_some() || group.is_some() {
                chown(path, owner.map(Uid::from_raw), group.map(Gid::from_raw))?;
            }
            chmod(path, Mode::from_raw_mode(frame.mode))
        })();
        if let Err(error) = done {
            let _ = fs::remove_file(path);
            return Err(error.into());
        }
        Ok((fd, Some(standing)))
    };
    bound().map_err(|error: io::Error| Error::os("listen at", path, error))
}

/// Removes a socket that was left behind.
fn clear(path: &Path, kind: SocketType, owner: Option<u32>, unlink: bool) -> Result<()> {
    let refused = |error| Error::os("look at", path, error);
    let about = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        about => about.map_err(refused)?,
    };
    let place =
        |text: &str, hint: Option<&str>| Error::Place { path: path.to_path_buf(), text: text.into(), hint: hint.map(str::to_owned) };
    if !about.file_type().is_socket() {
        return Err(place("is there already and is no socket", Some("it is left as it is: choose another path, or move it away")));
    }
    let us = rustix::process::geteuid().as_raw();
    if us != 0 && about.uid() != us && Some(about.uid()) != owner {
        return Err(place("is somebody else's socket", Some("choose another path")));
    }
    if is_alive(path, kind).map_err(refused)? {
        return Err(place("is in use: somebody listens there", Some("stop the other process, or choose another path")));
    }
    if !unlink {
        return Err(place("is a socket that was left behind", Some("it would be removed, but for `unlink: false`")));
    }
    // Another process may just have put its own there.
    let again = fs::symlink_metadata(path).map_err(refused)?;
    if (again.dev(), again.ino()) != (about.dev(), about.ino()) {
        return Err(place("has changed while it was looked at", None));
    }
    fs::remove_file(path).map_err(|error| Error::os("remove", path, error))
}

/// Whether somebody listens there.
fn is_alive(path: &Path, kind: SocketType) -> io::Result<bool> {
    let fd = net::socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
    match net::connect(fd.as_fd(), &SocketAddrUnix::new(path)?) {
        Err(Errno::CONNREFUSED) => Ok(false),
        // So many wait there that we should have to wait too; or it is one of another kind.
        Ok(()) | Err(Errno::AGAIN | Errno::PROTOTYPE) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixDatagram, UnixListener};

    use super::*;

    fn frame() -> Frame {
        Frame { mode: 0o620, owner: None, group: None, backlog: 8, receive_buffer: Some(100_000), unlink: true }
    }

    fn told(path: &Path, frame: &Frame) -> String {
        match Door::at(&Address::Unix(path.into()), frame) {
            Ok(_) => panic!("it was bound"),
            Err(error) => format!("{error} {}", error.is_refusal()),
        }
    }

    #[test]
    fn a_file_has_its_rights_and_goes_with_the_door() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let mut door = Door::at(&Address::Unix(path.clone()), &frame()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o620);
        assert!(door.takes_clients && door.is_local);
        door.remove().unwrap();
        assert!(!path.exists());
        let mut door = Door::at(&Address::Unixgram(path.clone()), &frame()).unwrap();
        assert!(!door.takes_clients);
        fs::remove_file(&path).unwrap();
        let other = UnixDatagram::bind(&path).unwrap();
        door.remove().unwrap();
        assert!(path.exists(), "it is another's");
        drop(other);
    }

    #[test]
    fn only_a_socket_that_was_left_behind_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        for content in ["", "precious"] {
            fs::write(&path, content).unwrap();
            assert!(told(&path, &frame()).ends_with("is no socket true"));
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(dir.path().join("t"), &path).unwrap();
        assert!(told(&path, &frame()).ends_with("is no socket true"));
        fs::remove_file(&path).unwrap();
        let living = UnixListener::bind(&path).unwrap();
        assert!(told(&path, &frame()).ends_with("is in use: somebody listens there true"));
        drop(living);
        assert!(told(&path, &Frame { unlink: false, ..frame() }).contains("was left behind"));
        Door::at(&Address::Unix(path.clone()), &frame()).unwrap();
        let living = UnixDatagram::bind(dir.path().join("g")).unwrap();
        assert!(told(&dir.path().join("g"), &frame()).contains("in use"));
        drop(living);
    }

    #[test]
    fn a_port_may_be_any_and_is_told() {
        let door = Door::at(&Address::Tcp("127.0.0.1".into(), 0), &frame()).unwrap();
        assert!(door.name.starts_with("tcp:127.0.0.1:") && !door.name.ends_with(":0"), "{}", door.name);
        let door = Door::at(&Address::Udp("127.0.0.1".into(), 0), &frame()).unwrap();
        assert!(door.name.starts_with("udp:127.0.0.1:") && !door.takes_clients && !door.is_local, "{}", door.name);
        assert!(listening("localhost").unwrap_err().hint().is_some());
    }
}
