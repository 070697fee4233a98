//! What a script declares while it is evaluated: cogs, links, settings, and every fault found on the way.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::OsString;
use std::rc::{Rc, Weak};

use rhai::{Dynamic, EvalAltResult, FnPtr, Position};

use super::host::Host;
use super::report::{Place, Report};
use super::voice::Voice;
use crate::cog::{Cog, CogSpec, Common, Kind};
use crate::daemon;
use crate::log;
use crate::train::Options;
use crate::train::recorded::Recording;

/// A cog of the train, as scripts hold it. The same handle is the same cog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CogHandle(pub u32);

/// One cog feeding another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// Who feeds.
    pub from: u32,
    /// Who is fed.
    pub to: u32,
    /// Which joining made it: a line that is put into the train twice brings the same links.
    pub made: u64,
}

/// Cogs joined: what `|>` and `train_line` make.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// Cogs that data enter by.
    pub heads: Vec<u32>,
    /// Cogs that data leave by.
    pub tails: Vec<u32>,
    /// Who feeds whom, in order.
    pub links: Vec<Link>,
    /// Where it was put together, for faults of the graph.
    pub place: Option<Place>,
}

/// The train, as scripts hold it.
#[derive(Clone, Copy, Debug)]
pub(super) struct TrainHandle;

/// A cog that was constructed.
pub(super) struct Made {
    /// What it is.
    pub spec: &'static CogSpec,
    /// The name it asks for, not yet unique.
    pub name: String,
    /// Whether the script gave that name.
    pub named: bool,
    /// Its options as given, secrets masked.
    pub options: String,
    /// Stands for all that it was given.
    pub print: u64,
    /// Where.
    pub place: Option<Place>,
    /// What it was given that the script can be asked for: by option, closures, functions and maps with `run`.
    pub callables: Vec<(String, Dynamic)>,
    /// It is a map with `wind`, and so a supply where nothing feeds it.
    pub winds: bool,
    /// It is a map with `run`.
    pub runs: bool,
    /// The cog with its common options; none when a fault was noted.
    pub built: Option<(Box<dyn Cog>, Common)>,
}

impl Made {
    /// What it is for.
    pub(super) fn kind(&self) -> Kind {
        self.spec.kind
    }

    /// Whether it is a supply wherever it stands, as nothing can be given to it.
    pub(super) fn takes_nothing(&self) -> bool {
        self.kind() == Kind::Supply || self.winds && !self.runs
    }
}

/// How a script is wound.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// The script's own part of the command line.
    pub argv: Vec<OsString>,
    /// How it was called, for its usage line.
    pub program: String,
    /// Whether required options that nobody gives get a placeholder.
    pub placeholders: bool,
    /// Whether lowering is switched off.
    pub no_lower: bool,
    /// What is played in place of what the supplies would read.
    pub replay: Vec<Recording>,
}

/// What has been declared so far.
#[derive(Default)]
pub(super) struct Winding {
    /// Cogs, in order of construction; a [`CogHandle`] is a place in it.
    pub cogs: Vec<Made>,
    /// Who feeds whom, in order.
    pub links: Vec<Link>,
    /// Where each link was made, as in `links`.
    pub link_places: Vec<Option<Place>>,
    /// Where `train.run()` stands.
    pub run_place: Option<Place>,
    /// Cogs that were put into the train, in order of appearance.
    pub in_train: Vec<u32>,
    /// Faults and warnings.
    pub reports: Vec<Report>,
    /// Whether `train.run()` was reached.
    pub run: bool,
    /// What `movement::train(#{…})` was given.
    pub options: Options,
    /// Where what fails goes, in cogs without `on_error`: the train's `dead`.
    pub dead: Option<u32>,
    /// What `log::configure` was given.
    pub log: Option<log::Settings>,
    /// What `daemon::detach` was given.
    pub daemon: Option<daemon::Settings>,
    /// What `train.on_done` was given.
    pub on_done: Vec<FnPtr>,
    /// What `--help` and its kin print instead of running.
    pub print: Option<(String, u8)>,
    /// Whether configuration was refused: the evaluation ended there.
    pub refused: bool,
    /// Options that got a placeholder.
    pub placeholders: Vec<String>,
    /// Whether `conf::gather` was called: without it a script takes no options.
    pub gathered: bool,
    /// Positions of options in literal maps, by the position of the constructor's call.
    pub option_places: HashMap<Position, Vec<(String, Position)>>,
}

/// The winding and the host, shared with all that is registered in the engine.
#[derive(Clone, Default)]
pub(super) struct Desk {
    /// What has been declared.
    pub winding: Rc<RefCell<Winding>>,
    /// The way it is wound.
    pub setting: Rc<Setting>,
    host: Rc<RefCell<Weak<Host>>>,
    /// Where `print` and the log's functions go.
    pub voice: Rc<Voice>,
    /// Whether the script has been wound: from then on nothing more can be declared.
    pub wound: Rc<Cell<bool>>,
}

impl Desk {
    /// A desk for one script.
    pub(super) fn new(setting: Setting) -> Self {
        Self { setting: Rc::new(setting), ..Self::default() }
    }

    /// Tells of the host; done before the script is evaluated.
    pub(super) fn seat(&self, host: &Rc<Host>) {
        *self.host.borrow_mut() = Rc::downgrade(host);
    }

    /// The host.
    pub(super) fn host(&self) -> Rc<Host> {
        self.host.borrow().upgrade().expect("the host lives as long as anything of the script is called")
    }

    /// Refuses what only a script that is being wound may do.
    ///
    /// # Errors
    /// The script has been wound: this is called by a cog of the running train.
    pub(super) fn declaring(&self) -> Result<(), Box<EvalAltResult>> {
        if self.wound.get() {
            return Err("cogs, train and configuration are declared before `train.run()`; a running cog cannot change them".into());
        }
        Ok(())
    }

    /// Notes a fault, unless the same was noted before.
    pub(super) fn report(&self, report: Report) {
        let mut winding = self.winding.borrow_mut();
        if !winding.reports.iter().any(|known| known.is_like(&report)) {
            winding.reports.push(report);
        }
    }
}
