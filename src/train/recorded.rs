//! Recorded data enter in place of what the supplies would read: lines of JSON, as `:tap COG > FILE` writes them.
//!
//! A recording of a supply leaves that supply, one of another cog enters there. The other supplies stand still.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Take};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::again::open;
use super::graph::{About, Graph, Node};
use crate::cog::{Cog, Common, Ctx, Kind, Maker};
use crate::datum::{Datum, json};
use crate::error::{Error, Result, nearest};
use crate::escapement::Wake;

/// Lines read in one go, and bytes, so that others get their turn.
const AT_ONCE: usize = 1024;
const BYTES: usize = 256 << 10;
/// Longer lines fail.
const LONGEST: u64 = 64 << 20;
/// What is shown of a line that is no JSON.
const SHOWN: usize = 1024;

/// A file, and the cog at which its data enter. Copies of it share how far it has been played, also by another version of the train.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The cog's name; none for the only supply.
    pub cog: Option<String>,
    /// The file.
    pub path: PathBuf,
    progress: Arc<Progress>,
}

/// How far a recording has been played.
#[derive(Debug, Default)]
struct Progress {
    bytes: AtomicU64,
    lines: AtomicU64,
    /// Lines that were data, or should have been.
    fed: AtomicU64,
}

impl Recording {
    /// `FILE`, or `COG=FILE`. A file with `=` in its name has a `/` before that: `./a=b`.
    pub fn parse(text: &str) -> Self {
        let (cog, path) = match text.split_once('=').filter(|(cog, _)| !cog.is_empty() && !cog.contains('/')) {
            Some((cog, path)) => (Some(cog.to_owned()), path),
            None => (None, text),
        };
        Self { cog, path: path.into(), progress: Arc::default() }
    }

    /// How many of its data were fed so far, those that are no JSON among them.
    pub fn fed(&self) -> u64 {
        self.progress.fed.load(Relaxed)
    }
}

/// Puts what plays the recordings into a wound train, in place of its supplies; where there are none, all stays as it is.
///
/// # Errors
/// A file cannot be read or is no regular one; there is no cog of that name, or none is named and there is not just one supply; two
/// recordings are of one cog.
pub fn play(recordings: &[Recording], graph: &mut Graph, cogs: &mut Vec<(Box<dyn Cog>, Common)>) -> Result<()> {
    if recordings.is_empty() {
        return Ok(());
    }
    let mut played: Vec<(usize, Player)> = Vec::new();
    for recording in recordings {
        let number = number_of(graph, recording.cog.as_deref())?;
        if played.iter().any(|(other, _)| *other == number) {
            return Err(Error::Other(format!("two recordings of `{}`: put them into one file", graph.nodes[number].name)));
        }
        let (_, size) = open(&recording.path)?;
        played.push((number, Player { recording: recording.clone(), size, input: None, skips: false }));
    }
    for (node, (cog, common)) in graph.nodes.iter().zip(cogs.iter_mut()).filter(|(node, _)| node.kind == Kind::Supply) {
        // What left it has been through these.
        (common.data_setter, common.id_setter) = (None, None);
        if let Some(at) = played.iter().position(|(number, _)| graph.nodes[*number].name == node.name) {
            played.swap_remove(at).1.stand_in(cog, common);
        } else {
            common.maker = Some(Maker::of(|| Ok(Box::new(Still))));
            *cog = Box::new(Still);
        }
    }
    for (number, player) in played {
        let (name, label) = (format!("replay:{}", graph.nodes[number].name), format!("recorded at {}", graph.nodes[number].name));
        let targets = vec![number as u32];
        graph.nodes.push(Node { name, label, kind: Kind::Supply, targets, route: None, branches: Vec::new(), about: About::default() });
        let mut common = Common { max_in_flight: 1000, ..Common::default() };
        let mut cog: Box<dyn Cog> = Box::new(Still);
        player.stand_in(&mut cog, &mut common);
        cogs.push((cog, common));
    }
    Ok(())
}

fn number_of(graph: &Graph, name: Option<&str>) -> Result<usize> {
    let Some(name) = name else {
        let supplies: Vec<usize> = (0..graph.nodes.len()).filter(|number| graph.nodes[*number].kind == Kind::Supply).collect();
        if let [number] = supplies[..] {
            return Ok(number);
        }
        let names: Vec<String> = supplies.iter().map(|number| format!("`{}=FILE`", graph.nodes[*number].name)).collect();
        return Err(Error::Other(format!("there are {} supplies: say whose data they are, {}", names.len(), names.join(" or "))));
    };
    graph.nodes.iter().position(|node| node.name == name).ok_or_else(|| {
        let near = nearest(name, graph.nodes.iter().map(|node| node.name.as_str()));
        let near = near.map(|near| format!("; there is `{near}`")).unwrap_or_default();
        Error::Other(format!("`{name}` is no cog of the script{near}"))
    })
}

/// A supply that reads nothing.
struct Still;

impl Cog for Still {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        ctx.emit(datum);
        Ok(())
    }
}

/// Plays one recording.
struct Player {
    recording: Recording,
    /// What is appended meanwhile is not played.
    size: u64,
    input: Option<BufReader<Take<File>>>,
    /// The rest of a line that was too long is passed over.
    skips: bool,
}

impl Player {
    /// Makes players that go on where this one is, should it panic.
    fn maker(&self) -> Maker {
        let (recording, size) = (self.recording.clone(), self.size);
        Maker::of(move || Ok(Box::new(Self { recording: recording.clone(), size, input: None, skips: false })))
    }

    /// Takes the place of a supply, also should it begin anew.
    fn stand_in(self, cog: &mut Box<dyn Cog>, common: &mut Common) {
        common.maker = Some(self.maker());
        *cog = Box::new(self);
    }

    fn step(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let Some(input) = &mut self.input else { return Ok(()) };
        let Recording { path, progress, .. } = &self.recording;
        let (mut line, mut taken) = (Vec::new(), 0);
        for _ in 0..ctx.room().min(AT_ONCE) {
            if taken > BYTES {
                break;
            }
            line.clear();
            let length = input.take(LONGEST).read_until(b'\n', &mut line).map_err(|error| Error::os("read", path, error))?;
            if length == 0 {
                self.input = None;
                return Ok(());
            }
            taken += length;
            progress.bytes.fetch_add(length as u64, Relaxed);
            let is_whole = line.ends_with(b"\n") || (length as u64) < LONGEST;
            if std::mem::replace(&mut self.skips, !is_whole) {
                continue;
            }
            let number = progress.lines.fetch_add(1, Relaxed) + 1;
            if line.trim_ascii().is_empty() {
                continue;
            }
            progress.fed.fetch_add(1, Relaxed);
            let text = std::str::from_utf8(&line).map_err(|_| "it is no text in UTF-8".to_owned());
            let read = match text {
                _ if !is_whole => Err(format!("longer than {} MiB", LONGEST >> 20)),
                text => text.and_then(|text| json::read(text).map_err(|error| error.to_string())),
            };
            match read {
                Ok(datum) => ctx.emit_new(datum, number),
                Err(error) => {
                    let shown = String::from_utf8_lossy(&line[..line.len().min(SHOWN)]).trim_end().to_owned();
                    let error = Error::Other(format!("{}:{number}: {error}", path.display()));
                    ctx.fail_new(Datum::from(shown), number, &error);
                }
            }
        }
        if ctx.room() > 0 {
            ctx.soon()?;
        }
        Ok(())
    }
}

impl Cog for Player {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        ctx.emit(datum);
        Ok(())
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let Recording { path, progress, .. } = &self.recording;
        let place = progress.bytes.load(Relaxed);
        let (mut file, _) = open(path)?;
        file.seek(SeekFrom::Start(place)).map_err(|error| Error::os("read", path, error))?;
        self.input = Some(BufReader::new(file.take(self.size.saturating_sub(place))));
        ctx.soon().map(|_| ())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, _: Wake) -> Result<()> {
        self.step(ctx)
    }

    fn finish(&mut self, _: &mut Ctx<'_>) -> Result<()> {
        self.input = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cog_may_be_named() {
        for (text, cog, path) in [
            ("seen.jsonl", None, "seen.jsonl"),
            ("parse=seen.jsonl", Some("parse"), "seen.jsonl"),
            ("parse=a=b", Some("parse"), "a=b"),
            ("./a=b", None, "./a=b"),
            ("=x", None, "=x"),
        ] {
            let recording = Recording::parse(text);
            assert_eq!((recording.cog.as_deref(), recording.path), (cog, PathBuf::from(path)), "{text}");
        }
    }
}
