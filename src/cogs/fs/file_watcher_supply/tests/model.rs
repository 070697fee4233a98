//! The supply against a model: files are written, rotated, copied, cut, deleted, the process is killed and started again, in any order.
//! Nothing is lost, nothing comes again after a clean stop, and lines of one file come in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use proptest::prelude::*;

use super::remember::{Place, read};
use super::text;
use crate::cog::bench::Bench;
use crate::state::cases;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Act {
    /// So many whole lines are written.
    Append(usize),
    /// A line is begun.
    Torn,
    Rename,
    RenameAndCreate,
    CopyAndTruncate,
    Truncate,
    DeleteAndCreate,
    /// Another file is renamed over it.
    Replace,
    /// The supply reads all that there is.
    Read,
    /// What it sends from now on stays on its way.
    Hold,
    /// What was on its way has arrived.
    Release,
    Crash,
    Stop,
    Start,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (1_usize..5).prop_map(Act::Append),
        2 => Just(Act::Append(60)),
        3 => Just(Act::Torn),
        2 => Just(Act::Rename),
        2 => Just(Act::RenameAndCreate),
        2 => Just(Act::CopyAndTruncate),
        1 => Just(Act::Truncate),
        1 => Just(Act::DeleteAndCreate),
        1 => Just(Act::Replace),
        8 => Just(Act::Read),
        2 => Just(Act::Hold),
        2 => Just(Act::Release),
        3 => Just(Act::Crash),
        2 => Just(Act::Stop),
        3 => Just(Act::Start),
    ]
}

/// The files as they should be, and what has come.
struct Model {
    place: Place,
    /// What stands at the path is the content with this number.
    content: u32,
    /// So many lines of it were begun.
    lines: usize,
    /// The line that stands there without an end.
    begun: Option<String>,
    /// The file was copied and truncated, and the supply has not looked since.
    copied: bool,
    /// Files that have another name now.
    renamed: u32,
    /// Lines that must come.
    due: BTreeSet<String>,
    /// Those of them that are gone when the file at the path is.
    fragile: BTreeSet<String>,
    stored: BTreeSet<String>,
    /// Those of them that were stored in this run.
    recent: BTreeSet<String>,
    /// Lines that came and are on their way.
    flying: Vec<String>,
    /// Stored before a clean stop.
    sealed: BTreeSet<String>,
    /// The latest line of each content.
    latest: BTreeMap<u32, usize>,
    bench: Option<Bench>,
}

impl Model {
    fn new(polls: bool, real: bool) -> Self {
        let mut place = if real { Place::real() } else { Place::new() };
        place.polls = polls;
        place.append("log", "");
        let mut model = Self {
            place,
            content: 0,
            lines: 0,
            begun: None,
            copied: false,
            renamed: 0,
            due: BTreeSet::new(),
            fragile: BTreeSet::new(),
            stored: BTreeSet::new(),
            recent: BTreeSet::new(),
            flying: Vec::new(),
            sealed: BTreeSet::new(),
            latest: BTreeMap::new(),
            bench: None,
        };
        model.start();
        model
    }

    fn start(&mut self) {
        if self.bench.is_none() {
            self.bench = Some(self.place.start(&[("rotate_wait", 2.into())]));
        }
    }

    fn line(&mut self) -> String {
        self.lines += 1;
        format!("{:03}:{:05};", self.content, self.lines)
    }

    /// That line must come, as long as its file is there.
    fn expect(&mut self, line: String) {
        self.fragile.insert(line.clone());
        self.due.insert(line);
    }

    /// The content at the path stays under another name.
    fn moved(&mut self) -> String {
        // What has no end is a line all the same, as it will never have one.
        self.due.extend(self.begun.take());
        self.fragile.clear();
        self.anew();
        self.renamed += 1;
        format!("log.{}", self.renamed)
    }

    /// The content at the path is gone.
    fn gone(&mut self) {
        for line in std::mem::take(&mut self.fragile) {
            self.due.remove(&line);
        }
        self.begun = None;
        self.anew();
    }

    fn anew(&mut self) {
        self.content += 1;
        self.lines = 0;
    }

    fn came(&mut self, lines: Vec<String>) {
        for line in lines {
            assert!(!self.sealed.contains(&line), "{line} comes again after a clean stop");
            let (content, number): (u32, usize) = (line[..3].parse().unwrap(), line[4..9].parse().unwrap());
            let latest = self.latest.entry(content).or_default();
            assert!(
                number <= *latest + 1 || !self.due.contains(&format!("{content:03}:{:05};", *latest + 1)),
                "{line} comes after {latest}"
            );
            *latest = number.max(*latest);
            self.flying.push(line);
        }
        if self.bench.as_ref().is_none_or(|bench| bench.kept.is_none()) {
            self.store();
        }
    }

    fn store(&mut self) {
        self.recent.extend(self.flying.iter().cloned());
        self.stored.extend(self.flying.drain(..));
    }

    fn release(&mut self) {
        if let Some(bench) = &mut self.bench {
            bench.release();
            self.store();
        }
    }

    fn read(&mut self) {
        self.copied = false;
        if let Some(bench) = &mut self.bench {
            let lines = read(bench);
            self.came(lines);
        }
    }

    fn act(&mut self, act: &Act) {
        // What is copied and then taken away before the next look may come again (docs/delivery.md).
        let takes =
            matches!(act, Act::Rename | Act::RenameAndCreate | Act::CopyAndTruncate | Act::Truncate | Act::DeleteAndCreate | Act::Replace);
        if self.copied && takes {
            self.read();
        }
        match act {
            Act::Append(count) => {
                let mut written = String::new();
                for _ in 0..*count {
                    if let Some(begun) = self.begun.take() {
                        written.push_str(":whole\n");
                        self.expect(begun + ":whole");
                    } else {
                        let line = self.line();
                        written.push_str(&line);
                        written.push('\n');
                        self.expect(line);
                    }
                }
                self.place.append("log", &written);
            }
            Act::Torn if self.begun.is_none() => {
                let line = self.line();
                self.place.append("log", &line);
                self.begun = Some(line);
            }
            Act::Torn => {}
            Act::Rename | Act::RenameAndCreate if !self.place.path("log").exists() => {}
            Act::Rename | Act::RenameAndCreate => {
                let name = self.moved();
                self.place.rename("log", &name);
                if matches!(act, Act::RenameAndCreate) {
                    self.place.append("log", "");
                }
            }
            Act::CopyAndTruncate => {
                self.place.append("log", "");
                let name = self.moved();
                fs::copy(self.place.path("log"), self.place.path(&name)).unwrap();
                self.place.truncate("log");
                self.copied = self.bench.is_some();
            }
            Act::Truncate => {
                self.gone();
                self.place.append("log", "");
                self.place.truncate("log");
            }
            Act::DeleteAndCreate => {
                self.gone();
                let _ = fs::remove_file(self.place.path("log"));
                self.place.append("log", "");
            }
            Act::Replace => {
                self.gone();
                let line = self.line();
                self.place.append("new", &format!("{line}\n"));
                self.expect(line);
                self.place.rename("new", "log");
            }
            Act::Read => self.read(),
            Act::Hold => {
                if let Some(bench) = self.bench.as_mut().filter(|bench| bench.kept.is_none()) {
                    bench.kept = Some(Vec::new());
                }
            }
            Act::Release => self.release(),
            Act::Crash => {
                self.bench = None;
                self.flying.clear();
                self.recent.clear();
            }
            Act::Stop => {
                self.release();
                if let Some(mut bench) = self.bench.take() {
                    let lines = bench.finish().iter().map(text).collect();
                    self.came(lines);
                    self.sealed.append(&mut self.recent);
                }
            }
            Act::Start => self.start(),
        }
    }

    /// All of them in that order, and the end.
    fn run(mut self, acts: &[Act]) {
        for act in acts {
            self.act(act);
        }
        self.end();
    }

    fn end(mut self) {
        self.start();
        self.release();
        for _ in 0..6 {
            self.read();
        }
        let lost: Vec<&String> = self.due.difference(&self.stored).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(256), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_comes_again(
        acts in proptest::collection::vec(act(), 1..60),
        polls in any::<bool>(),
        real in proptest::bool::weighted(0.1),
    ) {
        Model::new(polls, real).run(&acts);
    }
}

#[test]
fn a_copy_is_known_though_the_end_of_what_was_settled_was_cut_before_it_was_looked_at() {
    for polls in [false, true] {
        // A line was begun behind what is settled: the beginning of the file that is remembered goes on beyond that.
        let acts = [Act::Append(1), Act::Torn, Act::Hold, Act::Read, Act::CopyAndTruncate, Act::Stop];
        Model::new(polls, false).run(&acts);
        // Be it that as much as was settled is written to it since, or that it had more than is remembered of its beginning.
        let acts = [Act::Hold, Act::Append(1), Act::Torn, Act::Read, Act::CopyAndTruncate, Act::Append(1), Act::Stop];
        Model::new(polls, false).run(&acts);
        let acts = [Act::Hold, Act::Append(60), Act::Torn, Act::Read, Act::CopyAndTruncate, Act::Append(60), Act::Stop];
        Model::new(polls, false).run(&acts);
    }
}

#[test]
fn a_file_that_takes_the_number_of_one_that_is_gone_is_another() {
    // Where a file system gives numbers out again at once (ext4), the last file has the one that an earlier one had.
    let acts = [
        Act::Read,
        Act::Append(1),
        Act::CopyAndTruncate,
        Act::Read,
        Act::Append(60),
        Act::Read,
        Act::Stop,
        Act::Start,
        Act::DeleteAndCreate,
        Act::Read,
        Act::Stop,
        Act::Start,
        Act::Append(60),
        Act::Read,
        Act::DeleteAndCreate,
        Act::Torn,
        Act::Rename,
    ];
    // And here the second copy has that of the file that was deleted.
    let copies = [
        Act::Append(1),
        Act::CopyAndTruncate,
        Act::Append(1),
        Act::Truncate,
        Act::DeleteAndCreate,
        Act::Append(1),
        Act::Read,
        Act::CopyAndTruncate,
        Act::Rename,
        Act::Stop,
    ];
    // Numbers that are free before the first file is made are given out first.
    for real in [false, true, true, true, true] {
        Model::new(false, real).run(&acts);
        Model::new(false, real).run(&copies);
    }
}
