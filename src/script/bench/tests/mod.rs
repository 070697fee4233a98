//! The bench on its real threads.

mod evaluated;
mod live;
mod stepped;
mod traced;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::*;
use crate::datum::{Parcel, json};

/// A bench with a script in a directory of its own.
struct Rig {
    bench: Bench,
    dir: tempfile::TempDir,
    path: PathBuf,
}

const SCRIPT: &str = r#"const LIMIT = 100;
let names = ["a", "b"];
/// Doubles it.
fn twice(n) { n * 2 }
fn grade(d) {
    let level = "ok";
    if d.status >= 500 {
        level = "bad";
    }
    d.level = level;
    d
}
let train = movement::train();
train.update(
    movement::tick_supply(#{ every: 1, name: "ticks" })
    |> cog(grade)
    |> filter(#{ name: "errors", predicate: |d|
        if d.kind == "probe" {
            false
        } else {
            d.status > LIMIT
        } })
    |> cog(#{ n: 0, run: |d| { this.n += 1; print(this.n); train.hold(); train.emit(#{ n: this.n }); () } }, #{ name: "counts" })
    |> cog(|| { this.size = this.status * 2; })
    |> movement::null_drain()
);
train.run();
"#;

impl Rig {
    fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.rhai");
        std::fs::write(&path, script).unwrap();
        Self { bench: Bench::start(Some(path.clone()), Setting::default()), dir, path }
    }

    fn begin(&self, task: Task) -> Receiver<Result<Answer, Fault>> {
        let (tell, told) = channel();
        self.bench.ask(task, move |answer| tell.send(answer).unwrap());
        told
    }

    fn ask(&self, task: Task) -> Result<Answer, Fault> {
        self.begin(task).recv_timeout(Duration::from_secs(30)).unwrap()
    }

    fn input(&self, text: &str) -> Result<Value, Fault> {
        self.input_on(text, None, false)
    }

    fn input_on(&self, text: &str, event: Option<&str>, keep_event: bool) -> Result<Value, Fault> {
        let task = Task::Eval { session: 1, text: text.into(), event: event.map(parcel), events: Vec::new(), keep_event };
        match self.ask(task)? {
            Answer::Value(value) => Ok(value),
            other => panic!("{other:?}"),
        }
    }

    /// What an input gives, as JSON; an error as text.
    fn value(&self, text: &str) -> String {
        self.input(text).map_or_else(|fault| self.shown(&fault), |value| value.value.to_json())
    }

    /// A fault, without the directory.
    fn shown(&self, fault: &Fault) -> String {
        fault.to_string().replace(&format!("{}/", self.dir.path().display()), "")
    }
}

fn parcel(text: &str) -> Parcel {
    Parcel::from(&json::read(text).unwrap())
}
