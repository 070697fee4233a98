//! Addresses of hosts, as the system tells them: hosts file, name servers, whatever it is configured for.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::thread;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::{Semaphore, oneshot};

/// Look-ups at the same time; more wait.
const AT_ONCE: usize = 8;

/// The system's look-up. It blocks for as long as name servers are silent, and cannot be cancelled: so each has a thread of its own,
/// and never takes one that waits for disks.
pub(super) struct Names(Arc<Semaphore>);

impl Names {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let places = Arc::clone(&self.0);
        Box::pin(async move {
            let place = places.acquire_owned().await?;
            let (tell, told) = oneshot::channel();
            let host = name.as_str().to_owned();
            thread::Builder::new().name("names".into()).spawn(move || {
                let _ = tell.send(look_up(&host));
                drop(place);
            })?;
            let addresses = told.await??;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn look_up(host: &str) -> io::Result<Vec<SocketAddr>> {
    let found: Vec<SocketAddr> =
        (host, 0).to_socket_addrs().map_err(|error| io::Error::other(format!("the host `{host}` has no address: {error}")))?.collect();
    if found.is_empty() { Err(io::Error::other(format!("the host `{host}` has no address"))) } else { Ok(found) }
}
