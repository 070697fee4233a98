//! A wound script: its graph with unique names, ready to be looked at or to be made a train.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;

use rhai::{Dynamic, FnPtr};

use super::host::Host;
use super::report::{Place, Report};
use super::winding::{Desk, Link, Winding};
use crate::cog::{Cog, Common, Kind, OnError};
use crate::daemon;
use crate::error::Error;
use crate::log;
use crate::secrets;
use crate::train::Options;
use crate::train::graph::{About, Branch, Graph, Node};

/// What came of winding a script.
pub struct Wound {
    /// Engine and script; closures need them as long as the train runs.
    pub host: Rc<Host>,
    /// Who feeds whom.
    pub graph: Graph,
    /// The cogs of the graph, in its order; empty where faults were found.
    pub cogs: Vec<(Box<dyn Cog>, Common)>,
    /// The train's options.
    pub options: Options,
    /// What `log::configure` was given.
    pub log: Option<log::Settings>,
    /// What `daemon::detach` was given.
    pub daemon: Option<daemon::Settings>,
    /// Faults and warnings.
    pub reports: Vec<Report>,
    /// Whether the script asked for the train to be run.
    pub run: bool,
    /// What the script's value says as exit status, where it did not run a train.
    pub status: u8,
    /// What is to be printed instead of running: the script's help, version, configuration.
    pub print: Option<(String, u8)>,
    /// Options that stand for themselves, as nobody gave them.
    pub placeholders: Vec<String>,
    /// Whether the script takes options at all.
    pub gathered: bool,
    /// What to call when the train is done.
    pub on_done: Vec<FnPtr>,
    /// Where each cog of the graph was made.
    pub(super) places: Vec<Option<Place>>,
    /// What each cog of the graph was given that the script can be asked for.
    pub(super) callables: Vec<Vec<(String, Dynamic)>>,
}

impl Wound {
    /// Whether anything was found that keeps the train from running.
    pub fn is_faulty(&self) -> bool {
        self.reports.iter().any(|report| !report.warning)
    }

    /// What became of the script's closures and functions: lowered, or not and why.
    pub fn explain(&self) -> Vec<super::Told> {
        super::lower::told(&self.host)
    }

    /// The script as expressions of users see it while the train runs.
    pub fn live(&self) -> super::bench::Live {
        super::bench::Live::new(&self.host)
    }

    /// Its name in the log where the script gives none.
    pub fn tag(&self) -> String {
        super::settings::log_tag(&self.host.main.name)
    }

    /// The script's text.
    pub fn text(&self) -> &str {
        &self.host.main.text
    }

    /// The script's name.
    pub fn script_name(&self) -> &str {
        &self.host.main.name
    }

    /// How an error that keeps the train from running, or ends it, is told: with the line at which the cog concerned was made.
    pub fn fatal(&self, error: &Error, color: bool) -> String {
        let place = match error {
            Error::Start { cog, place, .. } => {
                let node = self.graph.nodes.iter().position(|node| node.name == *cog && node.about.place.as_ref() == Some(place));
                node.and_then(|node| self.places.get(node)?.as_ref())
            }
            _ => None,
        };
        secrets::mask(&super::report::fatal(&error.to_string(), place, error.hint(), color)).into_owned()
    }

    /// Tells the script that the train is done.
    pub fn done(&self, status: i32) {
        for function in &self.on_done {
            if let Err(error) = self.host.call(function, None, [Dynamic::from_int(status.into())]) {
                log::error(format_args!("on_done: {}", self.host.event_error(function.fn_name(), error)));
            }
        }
    }
}

/// A graph of what was put into the train, and which constructed cog each node is.
pub(super) struct Drawn {
    /// The graph.
    pub graph: Graph,
    /// Places in [`Winding::cogs`] by node.
    pub cogs: Vec<u32>,
}

/// The graph as declared so far.
pub(super) fn graph_of(winding: &Winding) -> Drawn {
    let mut cogs = winding.in_train.clone();
    let behind_dead = behind_dead(winding);
    // Where what fails in a cog goes. What fails behind `dead` itself must not go round.
    let route_of = |cog: u32| own_route(winding, cog, winding.dead.filter(|_| !behind_dead.contains(&cog)));
    // Branches and error routes are part of the train, also when they stand in no line.
    let mut next = 0;
    while next < cogs.len() {
        let branches = branches(winding, cogs[next]).iter().map(|(to, _)| *to);
        for to in branches.chain(route_of(cogs[next])) {
            if !cogs.contains(&to) {
                cogs.push(to);
            }
        }
        next += 1;
    }
    let place: HashMap<u32, u32> = cogs.iter().enumerate().map(|(node, cog)| (*cog, node as u32)).collect();
    // Names that the script gave come first.
    let given = cogs.iter().map(|cog| &winding.cogs[*cog as usize]).filter(|made| made.named);
    let mut taken: HashMap<String, bool> = given.map(|made| (made.name.clone(), false)).collect();
    let mut graph = Graph::default();
    for cog in &cogs {
        let made = &winding.cogs[*cog as usize];
        let name = unique(&made.name, made.named, &mut taken);
        let kind = if made.spec.name == "cog" && !made.named { name.clone() } else { made.spec.name.to_owned() };
        let label = match (made.options.is_empty(), made.named) {
            (true, false) => name.clone(),
            (true, true) => format!("{name}: {kind}"),
            (false, _) => format!("{kind}({})", made.options),
        };
        let route = route_of(*cog).and_then(|route| place.get(&route).copied());
        let branches = branches(winding, *cog).iter();
        let branches = branches.filter_map(|(to, label)| Some(Branch { to: *place.get(to)?, label: label.clone() })).collect();
        let place = made.place.as_ref().map(|place| format!("{}:{}", place.source.name, place.line));
        let about = About { spec: made.spec.path(), place, print: made.print };
        let label = secrets::mask(&label).into_owned();
        graph.nodes.push(Node { name, label, kind: made.kind(), targets: Vec::new(), route, branches, about });
    }
    for link in &winding.links {
        if let (Some(from), Some(to)) = (place.get(&link.from), place.get(&link.to)) {
            graph.link(*from, *to);
        }
    }
    for (node, cog) in cogs.iter().enumerate() {
        if winding.cogs[*cog as usize].winds && !graph.is_fed(node as u32) {
            graph.nodes[node].kind = Kind::Supply;
        }
    }
    Drawn { graph, cogs }
}

/// A name that no other cog has: the one asked for, else with a number. `taken` says of each name whether a cog has it yet.
fn unique(wanted: &str, given: bool, taken: &mut HashMap<String, bool>) -> String {
    if given && taken.insert(wanted.to_owned(), true) == Some(false) || !given && !taken.contains_key(wanted) {
        taken.insert(wanted.to_owned(), true);
        return wanted.to_owned();
    }
    let dash = if wanted.ends_with(|c: char| c.is_ascii_digit()) { "-" } else { "" };
    let free = (2..=taken.len() + 2).map(|n| format!("{wanted}{dash}{n}")).find(|name| !taken.contains_key(name));
    let free = free.expect("more numbers are tried than names are taken");
    taken.insert(free.clone(), true);
    free
}

/// The cog that what fails in this one goes to, by its own `on_error` or else by default.
fn own_route(winding: &Winding, cog: u32, default: Option<u32>) -> Option<u32> {
    match winding.cogs.get(cog as usize)?.built.as_ref()?.1.on_error {
        None => default,
        Some(OnError::Route(route)) => Some(route),
        Some(_) => None,
    }
}

/// Where else it may send data.
fn branches(winding: &Winding, cog: u32) -> &[(u32, String)] {
    winding.cogs.get(cog as usize).and_then(|made| made.built.as_ref()).map_or(&[], |(_, common)| &common.branches)
}

/// The train's `dead` route and all that stands behind it.
fn behind_dead(winding: &Winding) -> HashSet<u32> {
    let mut found: HashSet<u32> = winding.dead.into_iter().collect();
    let mut rest: Vec<u32> = winding.dead.into_iter().collect();
    while let Some(cog) = rest.pop() {
        let fed = winding.links.iter().filter(|link| link.from == cog).map(|link| link.to);
        let branches = branches(winding, cog).iter().map(|(to, _)| *to);
        rest.extend(fed.chain(branches).chain(own_route(winding, cog, None)).filter(|next| found.insert(*next)));
    }
    found
}

/// What a graph is titled: the script's file name.
pub fn title(name: &str) -> String {
    Path::new(name).file_name().map_or_else(|| name.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Draws the graph, checks it, and takes the cogs out of the winding.
pub(super) fn complete(desk: &Desk, host: Rc<Host>, value: Option<Dynamic>) -> Wound {
    let drawn = graph_of(&desk.winding.borrow());
    check_graph(desk, &drawn);
    let mut winding = std::mem::take(&mut *desk.winding.borrow_mut());
    desk.wound.set(true);
    if !winding.in_train.is_empty()
        && !winding.run
        && winding.print.is_none()
        && !winding.refused
        && !winding.reports.iter().any(|r| !r.warning)
    {
        let place = winding.link_places.iter().rev().find_map(Clone::clone);
        let report = Report::new("D0308", "a train was put together, but is never run", place).warning();
        winding.reports.push(report.hint("the script's last line is `train.run()`"));
    }
    super::report::in_order(&mut winding.reports, &host.main.name);
    let faulty = winding.reports.iter().any(|report| !report.warning);
    let places = drawn.cogs.iter().map(|cog| winding.cogs[*cog as usize].place.clone()).collect();
    let callables = drawn.cogs.iter().map(|cog| std::mem::take(&mut winding.cogs[*cog as usize].callables)).collect();
    let mut made: Vec<Option<(Box<dyn Cog>, Common)>> = winding.cogs.into_iter().map(|made| made.built).collect();
    let cogs = if faulty { Vec::new() } else { drawn.cogs.iter().filter_map(|cog| made[*cog as usize].take()).collect() };
    let status = value.and_then(|value| value.as_int().ok()).map_or(0, |status| status.rem_euclid(256) as u8);
    Wound {
        host,
        graph: drawn.graph,
        cogs,
        options: winding.options,
        log: winding.log,
        daemon: winding.daemon,
        reports: winding.reports,
        run: winding.run,
        status,
        print: winding.print,
        placeholders: winding.placeholders,
        gathered: winding.gathered,
        on_done: winding.on_done,
        places,
        callables,
    }
}

fn check_graph(desk: &Desk, drawn: &Drawn) {
    let winding = desk.winding.borrow();
    if winding.refused || winding.print.is_some() || (drawn.cogs.is_empty() && !winding.run) {
        return;
    }
    let mut reports = Vec::new();
    let place_of = |node: Option<u32>| node.and_then(|node| winding.cogs[drawn.cogs[node as usize] as usize].place.clone());
    let faults_before = winding.reports.iter().any(|report| !report.warning);
    for fault in drawn.graph.check() {
        // A train that lacks cogs because of other faults is no fault of its own.
        if faults_before && fault.node.is_none() {
            continue;
        }
        let code = match (&fault.error, fault.node) {
            (Error::Cycle { .. }, _) => "D0301",
            (_, None) => "D0303",
            _ if fault.warning => "D0304",
            _ => "D0302",
        };
        let place = match &fault.error {
            Error::Cycle { .. } => circle_place(&winding, drawn).or_else(|| place_of(fault.node)),
            _ if code == "D0302" => doubled_place(&winding, drawn, fault.node).or_else(|| place_of(fault.node)),
            _ if code == "D0303" => winding.run_place.clone(),
            _ => place_of(fault.node),
        };
        let mut report = Report::new(code, fault.error.to_string(), place);
        report.warning = fault.warning;
        if code == "D0301" {
            report = report.hint("data go one way only; to handle some data again, make a second cog");
        } else if code == "D0303" {
            report = report.hint("`train.update(supply |> parse |> drain)` before `train.run()`");
        }
        reports.push(report);
    }
    for (link, place) in winding.links.iter().zip(&winding.link_places) {
        let [from, to] = [link.from, link.to].map(|cog| &winding.cogs[cog as usize]);
        if to.takes_nothing() {
            let text = format!("`{}` feeds `{}`, which is a supply and takes no data", from.name, to.name);
            reports.push(Report::new("D0314", text, place.clone()).hint(super::constructors::UNFED));
        }
    }
    for (number, made) in winding.cogs.iter().enumerate() {
        if made.built.is_some() && !drawn.cogs.contains(&(number as u32)) && !faults_before {
            reports
                .push(Report::new("D0309", format!("`{}` is made, but not put into the train", made.name), made.place.clone()).warning());
        }
    }
    drop(winding);
    for report in reports {
        desk.report(report);
    }
}

/// Where the circle was closed: before that link there was none.
fn circle_place(winding: &Winding, drawn: &Drawn) -> Option<Place> {
    let node = |cog: &u32| drawn.cogs.iter().position(|known| known == cog).map(|node| node as u32);
    let mut graph = Graph { nodes: drawn.graph.nodes.iter().map(|node| Node { targets: Vec::new(), ..node.clone() }).collect() };
    let closing = winding.links.iter().position(|Link { from, to, .. }| {
        if let (Some(from), Some(to)) = (node(from), node(to)) {
            graph.link(from, to);
        }
        graph.check().iter().any(|fault| matches!(fault.error, Error::Cycle { .. }))
    })?;
    winding.link_places[closing].clone()
}

/// Where a link from that cog was made a second time.
fn doubled_place(winding: &Winding, drawn: &Drawn, node: Option<u32>) -> Option<Place> {
    let cog = drawn.cogs[node? as usize];
    let again = |place: usize| {
        let (from, to) = (winding.links[place].from, winding.links[place].to);
        winding.links[..place].iter().any(|link| (link.from, link.to) == (from, to))
    };
    let second = (0..winding.links.len()).find(|place| winding.links[*place].from == cog && again(*place))?;
    winding.link_places[second].clone()
}
