//! The log as a whole, on loggers of their own: the process-wide one belongs to nobody here.

use std::fs;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;

use super::*;

/// A standard error that can be read, and stopped.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<(String, bool)>>);

impl Screen {
    fn text(&self) -> String {
        std::mem::take(&mut self.0.lock().unwrap().0)
    }

    fn stop(&self, stopped: bool) {
        self.0.lock().unwrap().1 = stopped;
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut screen = self.0.lock().unwrap();
        if screen.1 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        screen.0.push_str(std::str::from_utf8(bytes).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn fresh() -> (Logger, Screen) {
    let screen = Screen::default();
    (Logger::new(Box::new(screen.clone())), screen)
}

impl Logger {
    fn say(&mut self, priority: Priority, text: &str) {
        self.write(Instant::now(), priority, limit::kind(text), text);
    }
}

#[test]
fn before_it_is_configured_warnings_go_to_standard_error() {
    let (mut logger, screen) = fresh();
    assert_eq!(logger.level(), Priority::Warning as u8 + 1);
    logger.say(Priority::Warning, "watch\nout");
    logger.say(Priority::Info, "all is well");
    assert_eq!(screen.text(), "deadbeat: warning: watch | out\n");
}

#[test]
fn the_file_gets_what_is_important_enough() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.log");
    let (mut logger, screen) = fresh();
    let settings = Settings { file: Some(path.clone()), stderr: None, tag: "resolver".into(), ..Settings::default() };
    logger.configure(&settings).unwrap();
    assert_eq!(logger.level(), Priority::Info as u8 + 1);
    logger.say(Priority::Notice, "started");
    logger.say(Priority::Debug, "detail");
    let text = fs::read_to_string(&path).unwrap();
    let (time, rest) = text.split_once(' ').unwrap();
    assert!(time.parse::<jiff::Timestamp>().is_ok() && time.len() == "2024-05-06T10:00:00.123+02:00".len(), "{time}");
    assert_eq!(rest, format!("resolver[{}] NOTICE started\n", std::process::id()));
    assert_eq!(screen.text(), "");
}

#[test]
fn a_file_that_cannot_be_opened_stops_the_start_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut logger, screen) = fresh();
    let settings = Settings { file: Some(dir.path().join("no/such/x.log")), ..Settings::default() };
    assert!(logger.configure(&settings).unwrap_err().to_string().starts_with("cannot open `"));
    let nameless = Settings { kind: Some(Kind::File), ..Settings::default() };
    assert_eq!(logger.configure(&nameless).unwrap_err().to_string(), "option `log.file`: a log of type `file` needs a path");
    logger.say(Priority::Error, "still here");
    assert_eq!(screen.text(), "deadbeat: error: still here\n");
}

#[test]
fn syslog_gets_datagrams_in_the_form_of_rfc_3164() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let server = UnixDatagram::bind(&path).unwrap();
    server.set_nonblocking(true).unwrap();
    let (mut logger, _screen) = fresh();
    let settings = Settings { kind: Some(Kind::Syslog), sockets: vec![path], tag: "resolver".into(), ..Settings::default() };
    logger.configure(&settings).unwrap();
    logger.say(Priority::Error, "disk `x`\nis full");
    let mut room = [0; 1000];
    let n = server.recv(&mut room).unwrap();
    let text = std::str::from_utf8(&room[..n]).unwrap();
    assert!(text.starts_with("<27>"), "{text}");
    assert_eq!(&text["<27>May  6 10:00:00".len()..], format!(" resolver[{}]: disk `x` | is full", std::process::id()));
}

#[test]
fn a_syslog_that_is_not_there_is_told_of_once_and_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut logger, screen) = fresh();
    let settings = Settings { kind: Some(Kind::Syslog), sockets: vec![dir.path().join("log")], ..Settings::default() };
    logger.configure(&settings).unwrap();
    assert!(screen.text().starts_with("deadbeat: error: cannot reach syslog at `"));
    logger.say(Priority::Info, "one");
    logger.say(Priority::Info, "two");
    assert_eq!((screen.text().as_str(), logger.syslog.as_ref().map(|s| s.lost)), ("", Some(2)));
}

#[test]
fn a_flood_of_one_kind_is_summed_up_at_the_end() {
    let (mut logger, screen) = fresh();
    for n in 0..1000 {
        logger.say(Priority::Warning, &format!("cannot open `file{n}`: not found"));
    }
    assert_eq!(screen.text().lines().count(), 10);
    logger.sum_up(None);
    assert_eq!(screen.text(), "deadbeat: warning: 990 more messages like `cannot open` left out\n");
}

#[test]
fn secrets_do_not_reach_the_log() {
    secrets::remember("pass\u{7}word-of-the-log-test");
    let (mut logger, screen) = fresh();
    logger.say(Priority::Warning, "login with pass\u{7}word-of-the-log-test refused");
    assert_eq!(screen.text(), "deadbeat: warning: login with *** refused\n");
}

#[test]
fn a_screen_that_takes_nothing_is_not_waited_for() {
    let (mut logger, screen) = fresh();
    screen.stop(true);
    logger.say(Priority::Warning, "one");
    logger.say(Priority::Warning, "two");
    screen.stop(false);
    logger.say(Priority::Warning, "three");
    assert_eq!(screen.text(), "deadbeat: warning: 2 lines were not shown\ndeadbeat: warning: three\n");
}

#[test]
fn a_rotated_file_is_left_and_a_new_one_made() {
    let dir = tempfile::tempdir().unwrap();
    let (path, old) = (dir.path().join("x.log"), dir.path().join("x.log.1"));
    let (mut logger, screen) = fresh();
    logger.configure(&Settings { file: Some(path.clone()), ..Settings::default() }).unwrap();
    logger.say(Priority::Info, "old");
    fs::rename(&path, &old).unwrap();
    logger.reopen(Instant::now());
    logger.say(Priority::Info, "new");
    assert!(fs::read_to_string(&path).unwrap().ends_with("INFO new\n"));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    logger.reopen(Instant::now());
    assert!(screen.text().ends_with("is a directory\n"));
    logger.say(Priority::Info, "still to the unlinked one");
    assert_eq!(logger.file.as_ref().map(|f| f.lost), Some(0));
}

#[test]
fn levels_follow_the_settings() {
    let (mut logger, _screen) = fresh();
    logger.settings.stderr = None;
    assert_eq!(logger.level(), 0);
    logger.settings.stderr = Some(Priority::Debug);
    assert_eq!(logger.level(), 8);
}
