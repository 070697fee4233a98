//! Dead letters are fed again: each at the cog that refused it.
//!
//! [`read`] looks a file of letters through; [`feeders`] puts into a wound train, in place of its supplies, what feeds them. The
//! file is read to the end that it had at the start, as what fails again may be appended to it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::graph::{About, Graph, Node};
use crate::cog::{Cog, Common, Ctx, Kind, Maker};
use crate::datum::{Datum, json};
use crate::error::{Error, Result, nearest};
use crate::escapement::Wake;
use crate::start;

/// Letters fed in one go, so that others get their turn.
const AT_ONCE: usize = 256;

/// What a file of dead letters holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Letters {
    /// How many can be fed again, by the cog that refused them.
    pub cogs: BTreeMap<String, u64>,
    /// How many cannot, as only the beginning of their data is there.
    pub truncated: u64,
    /// The file's size.
    size: u64,
}

/// One letter.
struct Letter {
    cog: String,
    attempts: u64,
    /// What was refused; none where only its beginning is there.
    data: Option<Datum>,
}

impl Letter {
    fn read(line: &str) -> Result<Self, String> {
        let letter = json::read(line).map_err(|error| error.to_string())?;
        let field = |name: &str| letter.as_map().and_then(|map| map.by_name(name));
        let cog = field("cog").and_then(Datum::as_str).ok_or("it has no `cog`, so it is no dead letter")?.to_owned();
        let attempts = field("attempts").and_then(Datum::as_int).and_then(|n| u64::try_from(n).ok()).unwrap_or(1);
        let is = |name: &str| field(name).and_then(Datum::as_bool) == Some(true);
        let data = field("data").ok_or("it has no `data`")?;
        let data = match data.as_str().filter(|_| is("blob")) {
            Some(text) => Datum::Bytes(STANDARD.decode(text).map_err(|error| format!("its blob is no base64: {error}"))?.into()),
            None => data.clone(),
        };
        Ok(Self { cog, attempts, data: (!is("truncated")).then_some(data) })
    }
}

/// Looks through a file of letters, a line of JSON each.
///
/// # Errors
/// The file cannot be read; a line is no letter, with its number.
pub fn read(path: &Path) -> Result<Letters> {
    let (file, size) = open(path)?;
    let mut letters = Letters { size, ..Letters::default() };
    for (number, line) in BufReader::new(file.take(size)).lines().enumerate() {
        let line = line.map_err(|error| Error::os("read", path, error))?;
        if line.trim().is_empty() {
            continue;
        }
        let letter = Letter::read(&line).map_err(|text| Error::Other(format!("{}:{}: {text}", path.display(), number + 1)))?;
        match letter.data {
            Some(_) => *letters.cogs.entry(letter.cog).or_default() += 1,
            None => letters.truncated += 1,
        }
    }
    Ok(letters)
}

pub(super) fn open(path: &Path) -> Result<(File, u64)> {
    let path = &*start::path(path);
    // A pipe must not be waited for: it is read twice, by its size.
    let about = std::fs::metadata(path).map_err(|error| Error::os("open", path, error))?;
    if !about.is_file() {
        return Err(Error::Other(format!("cannot read `{}`: it is no regular file", path.display())));
    }
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
    opened.map(|(size, file)| (file, size)).map_err(|error| Error::os("open", path, error))
}

/// How many letters have been fed so far.
#[derive(Clone, Debug, Default)]
pub struct Fed(Rc<Cell<u64>>);

impl Fed {
    /// How many.
    pub fn count(&self) -> u64 {
        self.0.get()
    }

    fn more(&self) {
        self.0.set(self.0.get() + 1);
    }
}

/// Takes the place of the supplies: what they refused enters in their stead, what another cog refused enters there. What it gives
/// counts the letters that are fed.
///
/// # Errors
/// A letter names a cog that is not in the train.
pub fn feeders(path: &Path, letters: &Letters, graph: &mut Graph, cogs: &mut Vec<(Box<dyn Cog>, Common)>) -> Result<Fed> {
    let fed = Fed::default();
    let feeder = |name: &str| Feeder {
        path: path.to_owned(),
        size: letters.size,
        cog: name.to_owned(),
        letters: None,
        read: Rc::default(),
        fed: fed.clone(),
    };
    for name in letters.cogs.keys() {
        if !graph.nodes.iter().any(|node| node.name == *name) {
            let near = nearest(name, graph.nodes.iter().map(|node| node.name.as_str()));
            let near = near.map(|near| format!("; there is `{near}`")).unwrap_or_default();
            return Err(Error::Other(format!("`{}` has letters of `{name}`, which is no cog of the script{near}", path.display())));
        }
    }
    for (node, (cog, common)) in graph.nodes.iter().zip(cogs.iter_mut()).filter(|(node, _)| node.kind == Kind::Supply) {
        feeder(&node.name).stand_in(cog, common);
    }
    for (number, name) in graph.nodes.iter().enumerate().map(|(number, node)| (number as u32, node.name.clone())).collect::<Vec<_>>() {
        if graph.nodes[number as usize].kind == Kind::Supply || !letters.cogs.contains_key(&name) {
            continue;
        }
        let (label, targets) = (format!("letters of {name}"), vec![number]);
        graph.nodes.push(Node {
            name: format!("retry:{name}"),
            label,
            kind: Kind::Supply,
            targets,
            route: None,
            branches: Vec::new(),
            about: About::default(),
        });
        let (feeder, mut common) = (feeder(&name), Common { max_in_flight: 1000, ..Common::default() });
        common.maker = Some(feeder.maker());
        cogs.push((Box::new(feeder), common));
    }
    Ok(fed)
}

/// Feeds the letters of one cog.
struct Feeder {
    path: PathBuf,
    size: u64,
    cog: String,
    letters: Option<BufReader<Take<File>>>,
    /// How far the file has been read, also by feeders that stood here before and panicked.
    read: Rc<Cell<u64>>,
    fed: Fed,
}

impl Feeder {
    /// Makes feeders that go on where this one is.
    fn maker(&self) -> Maker {
        let Self { path, size, cog, letters: _, read, fed } = self;
        let (path, size, cog, read, fed) = (path.clone(), *size, cog.clone(), Rc::clone(read), fed.clone());
        let make = move || Self { path: path.clone(), size, cog: cog.clone(), letters: None, read: Rc::clone(&read), fed: fed.clone() };
        Maker::of(move || Ok(Box::new(make())))
    }

    /// Takes the place of a supply, also should it begin anew.
    fn stand_in(self, cog: &mut Box<dyn Cog>, common: &mut Common) {
        common.maker = Some(self.maker());
        *cog = Box::new(self);
    }

    fn step(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let Some(letters) = &mut self.letters else { return Ok(()) };
        let mut room = ctx.room().min(AT_ONCE);
        let mut line = String::new();
        while room > 0 {
            line.clear();
            let length = letters.read_line(&mut line).map_err(|error| Error::os("read", &self.path, error))?;
            if length == 0 {
                self.letters = None;
                return Ok(());
            }
            self.read.set(self.read.get() + length as u64);
            let Ok(Letter { cog, attempts, data: Some(data) }) = Letter::read(&line) else { continue };
            if cog == self.cog {
                ctx.emit_new(data, attempts);
                self.fed.more();
                room -= 1;
            }
        }
        if ctx.room() > 0 {
            ctx.soon()?;
        }
        Ok(())
    }
}

impl Cog for Feeder {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        ctx.emit(datum);
        Ok(())
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let (mut file, _) = open(&self.path)?;
        file.seek(SeekFrom::Start(self.read.get())).map_err(|error| Error::os("read", &self.path, error))?;
        self.letters = Some(BufReader::new(file.take(self.size.saturating_sub(self.read.get()))));
        ctx.feeds_again();
        ctx.soon().map(|_| ())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, _: Wake) -> Result<()> {
        self.step(ctx)
    }

    fn finish(&mut self, _: &mut Ctx<'_>) -> Result<()> {
        self.letters = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escapement::{Clock, Escapement};
    use crate::train::{Options, Train};

    fn letters(text: &str) -> Result<Letters, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dead.jsonl");
        std::fs::write(&path, text).unwrap();
        read(&path).map_err(|error| error.to_string().split("dead.jsonl").nth(1).unwrap_or_default().to_owned())
    }

    #[test]
    fn letters_are_counted_by_cog_and_those_cut_short_apart() {
        let found = letters(
            "{\"cog\":\"a\",\"data\":1}\n\n{\"cog\":\"b\",\"data\":\"x\",\"truncated\":false}\n{\"cog\":\"a\",\"data\":[\"x\",\"truncated\"]}\n{\"cog\":\"a\",\"data\":\"x\",\"truncated\":true}",
        );
        let found = found.unwrap();
        assert_eq!((found.cogs["a"], found.cogs["b"], found.truncated), (2, 1, 1));
    }

    #[test]
    fn what_is_no_letter_is_told_with_its_line() {
        assert!(letters("{\"cog\":\"a\",\"data\":1}\n{").unwrap_err().starts_with(":2: "));
        assert_eq!(letters("3").unwrap_err(), ":1: it has no `cog`, so it is no dead letter");
        assert_eq!(letters("{\"cog\":\"a\"}").unwrap_err(), ":1: it has no `data`");
        assert!(letters("{\"cog\":\"a\",\"data\":\"?\",\"blob\":true}").unwrap_err().contains("no base64"));
    }

    #[test]
    fn what_has_no_size_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        for path in [&pipe, dir.path()] {
            assert!(read(path).unwrap_err().to_string().ends_with("it is no regular file"));
        }
    }

    #[test]
    fn a_blob_comes_back_as_it_was() {
        let letter = Letter::read("{\"cog\":\"a\",\"attempts\":3,\"data\":\"//4=\",\"blob\":true}").unwrap();
        assert_eq!((letter.attempts, letter.data), (3, Some(Datum::Bytes([0xff, 0xfe].into()))));
    }

    #[test]
    fn a_feeder_that_panics_goes_on_where_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dead.jsonl");
        let text: Vec<String> = (0..300).map(|n| format!("{{\"cog\":\"s\",\"data\":{n}}}")).collect();
        std::fs::write(&path, text.join("\n")).unwrap();
        let nodes = vec![Node {
            name: "s".into(),
            label: String::new(),
            kind: Kind::Supply,
            targets: Vec::new(),
            route: None,
            branches: Vec::new(),
            about: About::default(),
        }];
        let mut graph = Graph { nodes };
        // Where it stands for a supply, that one is not to come back.
        let real = Maker::of(|| Err(Error::Other("the supply itself".into())));
        let feeder =
            || Feeder { path: PathBuf::new(), size: 0, cog: String::new(), letters: None, read: Rc::default(), fed: Fed::default() };
        let mut cogs: Vec<(Box<dyn Cog>, Common)> = vec![(Box::new(feeder()), Common { max_in_flight: 1000, ..real.common() })];
        let fed = feeders(&path, &read(&path).unwrap(), &mut graph, &mut cogs).unwrap();
        let mut train = Train::new(&graph, cogs, Escapement::new(Clock::by_hand().auto()).unwrap(), Options::default());
        train.wind().unwrap();
        let fired = train.esc.next().unwrap().unwrap();
        train.deliver(fired);
        assert_eq!((fed.count(), train.balance().delivered), (AT_ONCE as u64, AT_ONCE as u64));
        train.begin_anew(0, "panic: as expected");
        while let Some(fired) = train.esc.next().unwrap() {
            train.deliver(fired);
        }
        assert_eq!((fed.count(), train.balance().delivered, train.stop), (300, 300, None));
    }
}
