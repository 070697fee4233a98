//! What a service manager is told: that the train runs, that it ends, that its loop is alive (`sd_notify(3)`).
//!
//! The socket is named by `NOTIFY_SOCKET`; without it nothing is told. With `WATCHDOG_USEC`, and `WATCHDOG_PID` absent or ours,
//! a sign of life goes out at half that interval, from the loop itself, so that a loop that is stuck gives none.

use std::env;
use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use crate::log;

/// The service manager, where there is one.
#[derive(Debug, Default)]
pub(super) struct Service {
    manager: Option<(UnixDatagram, SocketAddr)>,
    /// How often it wants a sign of life.
    pub(super) beat: Option<Duration>,
}

impl Service {
    /// As the environment says.
    pub(super) fn of_environment() -> Self {
        let ours = env::var("WATCHDOG_PID").map_or(true, |pid| pid == std::process::id().to_string());
        let limit = env::var("WATCHDOG_USEC").ok().filter(|_| ours).and_then(|text| text.parse().ok());
        env::var_os("NOTIFY_SOCKET").map_or_else(Self::default, |name| Self::at(&name, limit.map(Duration::from_micros)))
    }

    /// A manager that listens at `name`: a path, or with `@` first a name in the abstract name space.
    fn at(name: &OsStr, limit: Option<Duration>) -> Self {
        let address = match name.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
            name => SocketAddr::from_pathname(OsStr::from_bytes(name)),
        };
        let opened = address.and_then(|address| {
            let socket = UnixDatagram::unbound()?;
            // A manager that does not listen must not hold up the loop.
            socket.set_nonblocking(true)?;
            Ok((socket, address))
        });
        match opened {
            Ok(manager) => Self { manager: Some(manager), beat: limit.map(|limit| limit / 2).filter(|beat| !beat.is_zero()) },
            Err(error) => {
                log::warning(format_args!("cannot tell the service manager at `{}`: {error}", name.display()));
                Self::default()
            }
        }
    }

    /// Tells it something, such as `READY=1`. One that does not listen is told in vain.
    pub(super) fn tell(&self, state: &str) {
        if let Some((socket, address)) = &self.manager
            && let Err(error) = socket.send_to_addr(state.as_bytes(), address)
        {
            log::write_kind(log::Priority::Warning, "service manager", &format!("cannot tell the service manager {state}: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manager_at_a_path_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let service = Service::at(path.as_os_str(), Some(Duration::from_millis(300)));
        service.tell("READY=1");
        let mut text = [0; 64];
        let count = manager.recv(&mut text).unwrap();
        assert_eq!(&text[..count], b"READY=1");
        assert_eq!(service.beat, Some(Duration::from_millis(150)));
    }

    #[test]
    fn a_manager_in_the_abstract_name_space_is_told() {
        let name = format!("deadbeat-test-{}", std::process::id());
        let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        Service::at(OsStr::new(&format!("@{name}")), None).tell("STOPPING=1");
        let mut text = [0; 64];
        let count = manager.recv(&mut text).unwrap();
        assert_eq!(&text[..count], b"STOPPING=1");
    }

    #[test]
    fn nobody_who_listens_is_no_trouble() {
        let dir = tempfile::tempdir().unwrap();
        Service::at(dir.path().join("nobody").as_os_str(), None).tell("READY=1");
    }
}
