//! Road 6, the limit: native inotify, lines appended to one file are upper-cased and appended to another.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use inotify::{Inotify, WatchMask};
use memchr::memrchr;

/// Never ends by itself.
pub(crate) fn limit(input: &Path, output: &Path) -> io::Result<()> {
    let mut watcher = Inotify::init()?;
    watcher.watches().add(input, WatchMask::MODIFY)?;
    let mut file = File::open(input)?;
    file.seek(SeekFrom::End(0))?;
    let mut out = OpenOptions::new().append(true).create(true).open(output)?;
    let (mut events, mut block, mut held) = ([0; 4096], vec![0; 64 << 10], Vec::new());
    loop {
        loop {
            let read = file.read(&mut block)?;
            if read == 0 {
                break;
            }
            let Some(end) = memrchr(b'\n', &block[..read]) else {
                held.extend_from_slice(&block[..read]);
                continue;
            };
            held.extend_from_slice(&block[..=end]);
            let text = String::from_utf8_lossy(&held);
            out.write_all(if text.is_ascii() { text.to_ascii_uppercase() } else { text.to_uppercase() }.as_bytes())?;
            held.clear();
            held.extend_from_slice(&block[end + 1..read]);
        }
        watcher.read_events_blocking(&mut events)?.count();
    }
}
