//! Removing files from `temp` that writers of this host left half done when they died.
//!
//! Only files are meant that never were in `incoming`: of one that was and lies in `temp` now, another program may be the reader.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::cogs::fs::filer::names;
use crate::disk::{Disk, retry};

/// Younger ones may be those of a process that sees other numbers of processes than we do.
const OLD: Duration = Duration::from_hours(1);

/// Removes them; gives how many there were.
pub(super) fn clean(disk: &dyn Disk, temp: &Path, now: SystemTime) -> io::Result<usize> {
    let mut count = 0;
    for name in retry(|| disk.list(temp))? {
        let Some(pid) = name.to_str().and_then(names::writer) else { continue };
        let path = temp.join(&name);
        if is_dead(pid) && retry(|| disk.about_entry(&path)).is_ok_and(|about| about.is_file() && is_old(about.modified(), now)) {
            retry(|| disk.remove(&path))?;
            count += 1;
        }
    }
    Ok(count)
}

fn is_dead(pid: i32) -> bool {
    Pid::from_raw(pid).is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}

fn is_old(changed: io::Result<SystemTime>, now: SystemTime) -> bool {
    changed.is_ok_and(|changed| now.duration_since(changed).is_ok_and(|age| age > OLD))
}
