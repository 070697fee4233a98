//! What the command is told.

use std::path::PathBuf;

pub(crate) const HELP: &str = "\
cargo bench --bench limit -- [PART…] [OPTIONS]

Parts: csv json regexp function template windows addresses pseudonyms repeats idea messages syslog latency idle start growth;
without any, all of them.

  --events N          events of a road (default 1000000; json and idea have a quarter, pseudonyms and syslog a half)
  --rounds N          interleaved rounds, whose median is shown (default 5)
  --no-peers          no rows of other programs
  --binary PATH       measure another deadbeat
  --format FORM       text (default) or markdown
  --write FILE        put the tables as Markdown between the marks in FILE

cargo bench --bench limit -- --input ROAD EVENTS FILE    only make an input, to look at or to profile with
";

/// The parts, in the order in which they are shown.
pub(crate) const PARTS: [&str; 16] = [
    "csv",
    "json",
    "regexp",
    "function",
    "template",
    "windows",
    "addresses",
    "pseudonyms",
    "repeats",
    "idea",
    "messages",
    "syslog",
    "latency",
    "idle",
    "start",
    "growth",
];

pub(crate) struct Options {
    pub(crate) parts: Vec<String>,
    pub(crate) events: usize,
    pub(crate) rounds: usize,
    pub(crate) peers: bool,
    pub(crate) binary: PathBuf,
    pub(crate) markdown: bool,
    pub(crate) write: Option<PathBuf>,
}

impl Options {
    /// Reads the words of the command line.
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Options {
            parts: Vec::new(),
            events: 1_000_000,
            rounds: 5,
            peers: true,
            binary: env!("CARGO_BIN_EXE_deadbeat").into(),
            markdown: false,
            write: None,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("`{word}` wants a value"));
            match word.as_str() {
                // Cargo says this to every benchmark.
                "--bench" => {}
                "--events" => options.events = count(&value()?)?,
                "--rounds" => options.rounds = count(&value()?)?,
                "--no-peers" => options.peers = false,
                "--binary" => options.binary = value()?.into(),
                "--format" => {
                    options.markdown = match value()?.as_str() {
                        "markdown" => true,
                        "text" => false,
                        other => return Err(format!("no format `{other}`: text or markdown")),
                    }
                }
                "--write" => options.write = Some(value()?.into()),
                part if PARTS.contains(&part) => options.parts.push(word),
                other => return Err(format!("no part or option `{other}`\n\n{HELP}")),
            }
        }
        Ok(options)
    }

    /// Whether a part is wanted.
    pub(crate) fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }
}

pub(crate) fn count(word: &str) -> Result<usize, String> {
    word.replace('_', "").parse().ok().filter(|count| *count > 0).ok_or_else(|| format!("`{word}` is no count"))
}
