//! What a process of this program left in `tmp` when it died: removed when it is old and its process is gone.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, test_kill_process};

use crate::cogs::email::host;
use crate::disk::{Disk, retry};

/// Who is still at work on a file writes to it more often than that.
const OLD: Duration = Duration::from_hours(1);

/// Removes what is left over; gives how many that were.
pub(super) fn clean(disk: &dyn Disk, temp: &Path, now: SystemTime) -> io::Result<usize> {
    let left: Vec<OsString> = retry(|| disk.list(temp))?.into_iter().filter(|file| is_left(&file.to_string_lossy())).collect();
    let mut removed = 0;
    for file in left {
        let path = temp.join(file);
        let Ok(about) = retry(|| disk.about_entry(&path)) else { continue };
        let age = about.modified().ok().and_then(|then| now.duration_since(then).ok());
        if about.is_file() && age.is_some_and(|age| age > OLD) && retry(|| disk.remove(&path)).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

/// Whether a file has a name that a process of this host gave it that is not there any more.
fn is_left(file: &str) -> bool {
    let process = host::process_of(file).and_then(|pid| Pid::from_raw(pid.cast_signed()));
    process.is_some_and(|pid| test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
}
