//! `dot`: the geartrain drawn, and with `--live` what goes through it at the moment.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::Control;
use super::map;
use super::words::{Words, Wrong};
use crate::cog::Kind;
use crate::datum::Datum;
use crate::draw::{self, Edge, Format, Load, Loads};
use crate::script;
use crate::train::{Train, View};

/// The form for terminals, which is no file's.
const TEXT: &str = "text";

impl Control {
    /// `dot [--live] [--format F] [-o FILE]`; the file is the client's to write.
    pub(super) fn dot(&self, train: &Train, words: &Words) -> Result<Datum, Wrong> {
        let loads = words.option("--live").map(|_| self.loads(train));
        if words.option("--format") == Some(TEXT) {
            let text = draw::to_text(&self.graph, loads.as_ref());
            return Ok(map([("format", Datum::from(TEXT)), ("text", Datum::from(text))]));
        }
        let format = match (words.option("--format"), words.option("--mermaid"), words.option("-o")) {
            (Some(word), ..) => Format::parse(word).ok_or_else(|| Wrong::new(format!("`{word}` is no format")).hint(formats()))?,
            (_, Some(_), _) => Format::Mermaid,
            (_, _, Some(path)) if Path::new(path).extension().is_some() => Format::of_path(Path::new(path))
                .ok_or_else(|| Wrong::new(format!("the ending of `{path}` names no format")).hint(format!("--format: {}", formats())))?,
            _ => Format::Dot,
        };
        let word = Format::ALL.iter().find(|(_, known)| *known == format).map_or("", |(word, _)| *word);
        Ok(map([("format", Datum::from(word)), ("text", Datum::from(self.drawn(format, loads.as_ref())))]))
    }

    /// The graph in that form.
    pub(super) fn drawn(&self, format: Format, loads: Option<&Loads>) -> String {
        format.draw(&self.graph, &script::title(&self.about.script.to_string_lossy()), loads)
    }

    /// What goes through the cogs and links of the graph.
    pub(super) fn loads(&self, train: &Train) -> Loads {
        let views: BTreeMap<u32, View<'_>> = train.cogs().map(|cog| (cog.number, cog)).collect();
        let seen: Vec<Option<&View<'_>>> = self.numbers.iter().map(|number| views.get(number)).collect();
        // The widest flow is the measure of all others.
        let flow = self.numbers.iter().filter_map(|number| self.rates.given(*number)).fold(0.0, f64::max);
        let share = |rate: Option<f64>| if flow > 0.0 { rate.unwrap_or_default() / flow } else { 0.0 };
        let nodes = self.numbers.iter().zip(&seen).map(|(number, cog)| {
            let Some(cog) = cog else { return Load::default() };
            let rate = self.rates.given(*number);
            let total = if cog.kind == Kind::Supply { cog.stats.emitted } else { cog.stats.given };
            Load { rate, queue: cog.backlog.held, errors: cog.stats.errors, total, share: share(rate) }
        });
        let nodes = nodes.collect();
        let mut edges = BTreeMap::new();
        for (from, node) in self.graph.nodes.iter().enumerate() {
            let (Some(number), Some(Some(cog))) = (self.numbers.get(from), seen.get(from)) else { continue };
            let from = from as u32;
            let rate = self.rates.emitted(*number);
            let aside: u64 = cog.branches.iter().map(|(_, count)| count).sum();
            // How fast it sends is known, but not where to.
            let rate = rate.filter(|_| node.branches.is_empty());
            for to in &node.targets {
                let load = Load { rate, total: cog.stats.emitted.saturating_sub(aside), share: share(rate), ..Load::default() };
                edges.insert(Edge::of(from, *to), load);
            }
            for (branch, (_, count)) in node.branches.iter().zip(cog.branches) {
                edges.entry(Edge::of_branch(from, branch.to)).or_default().total += count;
            }
            if let Some(to) = node.route {
                let rate = self.rates.failed(*number);
                let load = Load { rate, total: cog.stats.errors, errors: cog.stats.errors, share: share(rate), ..Load::default() };
                edges.insert(Edge::of_errors(from, to), load);
            }
        }
        Loads { nodes, edges, bottleneck: self.bottleneck(&seen) }
    }

    /// The cog that holds up the others: one that is blocked; else, with events remembered, the one in which these took longest; else
    /// the one that keeps most.
    fn bottleneck(&self, seen: &[Option<&View<'_>>]) -> Option<u32> {
        let cogs = || seen.iter().enumerate().filter_map(|(node, cog)| Some((node as u32, (*cog)?)));
        let blocked = cogs().filter(|(_, cog)| cog.backlog.stalled).max_by_key(|(_, cog)| cog.backlog.held);
        if let Some((node, _)) = blocked {
            return Some(node);
        }
        let mut took: BTreeMap<u32, Duration> = BTreeMap::new();
        for step in self.memory.ways().flat_map(|way| &way.steps) {
            *took.entry(step.cog).or_default() += step.took;
        }
        let busy = cogs().filter(|(_, cog)| self.rates.given(cog.number).is_some_and(|rate| rate > 0.0));
        let slowest = busy.filter_map(|(node, cog)| Some((node, *took.get(&cog.number)?))).max_by_key(|(_, took)| *took);
        let fullest = || cogs().filter(|(_, cog)| cog.backlog.held > 0).max_by_key(|(_, cog)| cog.backlog.held).map(|(node, _)| node);
        slowest.map(|(node, _)| node).or_else(fullest)
    }

    /// The name of that cog of the graph.
    pub(super) fn node_name(&self, node: Option<u32>) -> Datum {
        node.and_then(|node| self.graph.nodes.get(node as usize)).map_or(Datum::Unit, |node| Datum::from(node.name.as_str()))
    }
}

fn formats() -> String {
    format!("{}, {TEXT}", Format::ALL.map(|(word, _)| word).join(", "))
}
