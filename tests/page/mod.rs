//! The page that `run --ui` serves: what it shows in a browser, and who is served at all.

mod browser;
mod chromium;
mod server;

use crate::rig::{Rig, Running};

/// Data of somebody who means no good.
const EVIL: &str = r"<img src=x onerror=window.owned=1><script>window.owned=1</script>";

/// Lines of JSON from standard input to standard output; some are dropped, some fail.
const SCRIPT: &str = r#"let train = movement::train();
train.update(
    fs::stdin_supply()
    |> text::json_parse(#{ name: "parse" })
    |> filter(|e| e.n % 2 == 0)
    |> text::json_marshall(#{ name: "print" })
    |> fs::stdout_drain()
);
train.run();
"#;

/// A process that serves its page.
struct Served {
    running: Option<Running>,
    /// `127.0.0.1:PORT`
    host: String,
    token: String,
}

impl Served {
    fn start(script: &str) -> Self {
        let rig = Rig::new().command(["run", "--no-control", "--ui", "127.0.0.1:0"]).script("pipe.rhai", script).stdin_open();
        let running = rig.start().wait_for_stderr("the page is at http://");
        let told = running.stderr();
        let url = told.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("its address is told");
        let (host, token) = url.split_once("/?token=").expect("the address has a token");
        Self { host: host.to_owned(), token: token.to_owned(), running: Some(running) }
    }

    fn url(&self) -> String {
        format!("http://{}/?token={}", self.host, self.token)
    }

    /// Gives it more.
    fn feed(&mut self, bytes: impl AsRef<[u8]>) {
        self.running = self.running.take().map(|running| running.feed(bytes));
    }

    fn end(mut self) -> crate::rig::Outcome {
        self.running.take().expect("it runs").end()
    }
}
