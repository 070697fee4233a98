//! A browser without a window, driven by its own protocol over two pipes (the `DevTools` protocol).

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A browser may take its time on a small machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page.
pub(super) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    last: u64,
    session: Option<String>,
    /// What it told of by itself.
    pub(super) told: Vec<Value>,
    _profile: TempDir,
}

/// The browser's program; where there is none and the tests may, it is installed.
fn find() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return Some(path.into());
    }
    let look = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let names = ["chromium", "chromium-browser", "google-chrome"];
        std::env::split_paths(&path).flat_map(|dir| names.map(|name| dir.join(name))).find(|path| path.is_file())
    };
    look().or_else(|| {
        let may = std::env::var_os("DEADBEAT_INSTALL").is_some_and(|value| value == "1") && rustix::process::geteuid().is_root();
        if !may {
            return None;
        }
        // One installs, others wait for it.
        let turn = File::create(std::env::temp_dir().join("deadbeat-install.lock")).ok()?;
        rustix::fs::flock(&turn, rustix::fs::FlockOperation::LockExclusive).ok()?;
        look().or_else(|| {
            let apt = |words: &[&str]| {
                Command::new("timeout").args(["300", "apt-get"]).args(words).env("DEBIAN_FRONTEND", "noninteractive").output().ok()
            };
            apt(&["update"])?;
            apt(&["install", "-y", "--no-install-recommends", "chromium"])?;
            look()
        })
    })
}

impl Browser {
    /// Starts one. Where there is none that is told, also when all tests pass, and there is nothing to be tested.
    pub(super) fn start() -> Option<Self> {
        let Some(program) = find() else {
            let _ = writeln!(
                std::io::stderr(),
                "\n*** LEFT OUT: the page was not tested in a browser, as there is no chromium (nor $CHROMIUM). As root, DEADBEAT_INSTALL=1 installs it.\n"
            );
            return None;
        };
        let profile = tempfile::tempdir().expect("a temporary directory can be made");
        let mut command = Command::new("sh");
        // The protocol is spoken on descriptors 3 and 4.
        command.args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"]).arg(program);
        command.args(["--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
        command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"]);
        command.args(["--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--window-size=1500,1050"]);
        if rustix::process::geteuid().is_root() {
            command.arg("--no-sandbox");
        }
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank").env("HOME", profile.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell can be started");
        let (to, from) = (child.stdin.take().expect("it is piped"), child.stdout.take().expect("it is piped"));
        let (sender, receiver) = channel();
        thread::spawn(move || {
            for message in BufReader::new(from).split(0).map_while(Result::ok) {
                if let Ok(message) = serde_json::from_slice(&message)
                    && sender.send(message).is_err()
                {
                    return;
                }
            }
        });
        let mut browser = Self { child, to, from: receiver, last: 0, session: None, told: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let session = browser.call("Target.attachToTarget", &json!({ "targetId": target["targetId"], "flatten": true }));
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.call(domain, &json!({}));
        }
        Some(browser)
    }

    /// Calls a method of the protocol.
    pub(super) fn call(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).expect("the browser lives");
        // A browser beside many other tests is slow.
        let until = Instant::now() + 3 * PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let heard = self.from.recv_timeout(left).unwrap_or_else(|_| panic!("the browser does not answer {method}"));
            if heard["id"] == self.last {
                assert!(heard["error"].is_null(), "{method}: {heard}");
                return heard["result"].clone();
            }
            self.told.push(heard);
        }
    }

    /// Opens a page.
    pub(super) fn open(&mut self, url: &str) {
        self.call("Page.navigate", &json!({ "url": url }));
    }

    /// The value of an expression in the page.
    pub(super) fn value(&mut self, code: &str) -> Value {
        let given = self.call("Runtime.evaluate", &json!({ "expression": code, "returnByValue": true, "awaitPromise": true }));
        assert!(given["exceptionDetails"].is_null(), "{code}: {given}");
        given["result"]["value"].clone()
    }

    /// Waits until an expression holds; `meanwhile` keeps things going.
    pub(super) fn wait(&mut self, code: &str, mut meanwhile: impl FnMut()) {
        // A browser beside many other tests is slow.
        let until = Instant::now() + 3 * PATIENCE;
        while self.value(code) != json!(true) {
            assert!(Instant::now() < until, "never: {code}\n{}", self.value("document.body.innerText"));
            meanwhile();
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Clicks with the mouse on the middle of an element.
    pub(super) fn click(&mut self, element: &str) {
        let code = format!(
            "(() => {{ const it = document.querySelector({}); it.scrollIntoView({{ block: 'nearest', inline: 'nearest' }}); \
             const box = it.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()",
            json!(element)
        );
        let place = self.value(&code);
        for kind in ["mousePressed", "mouseReleased"] {
            let params = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", &params);
        }
    }

    /// Presses a key.
    pub(super) fn press(&mut self, key: &str, code: u32) {
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let params = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": if kind == "keyDown" { text } else { "" } });
            self.call("Input.dispatchKeyEvent", &params);
        }
    }

    /// Types into what has the focus.
    pub(super) fn type_in(&mut self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// Keeps a picture of the page where `$DEADBEAT_PICTURES` is, for people to look at.
    pub(super) fn picture(&mut self, name: &str) {
        let Some(dir) = std::env::var_os("DEADBEAT_PICTURES") else { return };
        let shot = self.call("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, shot["data"].as_str().expect("a picture"));
        std::fs::write(PathBuf::from(dir).join(name), bytes.expect("it is base64")).expect("it can be written");
    }

    /// What went wrong in the page: exceptions, what its policy forbade, what could not be loaded.
    pub(super) fn faults(&mut self) -> Vec<Value> {
        self.value("1");
        let bad = |told: &&Value| told["method"] == "Runtime.exceptionThrown" || told["params"]["entry"]["level"] == "error";
        self.told.iter().filter(bad).cloned().collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
