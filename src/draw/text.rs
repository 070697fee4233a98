//! The graph for a terminal: one cog a line, in the order in which data pass them.
//!
//! What feeds one cog stands above it (`↓`); a split opens a branch for each cog (`├→`, the last `└→`), an error route one of its
//! own (`├⇢`). Each cog stands once; where lines join, its name is written again with `(above)`, and in a
//! line of errors that joins a main line, `(below)`.

use std::fmt::Write as _;

use super::label::columns;
use super::{Edge, Loads, short};
use crate::cog::Kind;
use crate::train::graph::Graph;

/// A line before its columns are known.
struct Line {
    text: String,
    /// The link that leads here.
    along: Option<Edge>,
    /// The cog, when this is where it stands.
    cog: Option<u32>,
}

/// What is still to be written.
struct Task {
    edge: Option<Edge>,
    cog: u32,
    /// What stands before all of its lines.
    indent: String,
    /// What stands before its first line.
    joint: &'static str,
    /// Whether an error route led here.
    aside: bool,
}

/// The graph as lines of text; with loads, as a table.
pub fn to_text(graph: &Graph, loads: Option<&Loads>) -> String {
    let lines = lines(graph);
    let width = lines.iter().map(|line| columns(&line.text)).max().unwrap_or_default();
    let mut out = String::new();
    if loads.is_some() && !lines.is_empty() {
        let _ = writeln!(out, "{:width$}  {:>8}  {:>8}  {:>8}  {:>8}", "", "along", "through", "waiting", "errors");
    }
    for line in &lines {
        let mut text = line.text.clone();
        if let Some(loads) = loads {
            text.push_str(&" ".repeat(width - columns(&line.text)));
            let along = line.along.and_then(|edge| loads.edge(edge)).and_then(super::Load::rate_text).unwrap_or_default();
            let _ = write!(text, "  {along:>8}");
            if let Some(load) = line.cog.and_then(|cog| loads.node(cog as usize)) {
                let [queue, errors] = [load.queue as f64, load.errors as f64].map(short);
                let _ = write!(text, "  {:>8}  {queue:>8}  {errors:>8}", load.rate_text().unwrap_or_default());
            }
            if line.cog.is_some_and(|cog| loads.is_bottleneck(cog as usize)) {
                text.push_str("  ◀ bottleneck");
            }
        }
        let _ = writeln!(out, "{}", text.trim_end());
    }
    out
}

fn lines(graph: &Graph) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut drawn = vec![false; graph.nodes.len()];
    let mut fed = drawn.clone();
    for edge in super::edges(graph) {
        fed[edge.to as usize] = true;
    }
    let main = main_lines(graph, &fed);
    let first = (0..graph.nodes.len()).filter(|cog| !fed[*cog]);
    // Cogs in a circle are fed, and stand nowhere else.
    for start in first.chain(0..graph.nodes.len()) {
        if drawn[start] {
            continue;
        }
        let mut tasks = vec![Task { edge: None, cog: start as u32, indent: String::new(), joint: "", aside: false }];
        while let Some(task) = tasks.pop() {
            let node = &graph.nodes[task.cog as usize];
            let later = task.aside && main[task.cog as usize] && !drawn[task.cog as usize];
            let again = later || std::mem::replace(&mut drawn[task.cog as usize], true);
            let name: String = node.name.chars().map(super::label::clean).collect();
            let way = task.edge.filter(|edge| edge.error || edge.branch).map(|edge| super::name(graph, edge));
            let way = way.map(|way| format!("{}: ", way.chars().map(super::label::clean).collect::<String>())).unwrap_or_default();
            let mut text = format!("{}{}{way}{name}", task.indent, task.joint);
            match node.kind {
                _ if later => text.push_str(" (below)"),
                _ if again => text.push_str(" (above)"),
                Kind::Supply | Kind::Drain => {
                    let _ = write!(text, "  [{}]", node.kind.word());
                }
                _ => {}
            }
            lines.push(Line { text, along: task.edge, cog: (!again).then_some(task.cog) });
            if !again {
                let below = follow(graph, &task);
                tasks.extend(below.into_iter().rev());
            }
        }
    }
    lines
}

/// Cogs that data reach which never failed: they stand in their own lines, not in those of errors.
fn main_lines(graph: &Graph, fed: &[bool]) -> Vec<bool> {
    let mut main = vec![false; fed.len()];
    let mut next: Vec<u32> = (0..fed.len() as u32).filter(|cog| !fed[*cog as usize]).collect();
    while let Some(cog) = next.pop() {
        if let Some(seen) = main.get_mut(cog as usize)
            && !std::mem::replace(seen, true)
        {
            let node = &graph.nodes[cog as usize];
            next.extend(node.targets.iter().copied().chain(node.branches.iter().map(|branch| branch.to)));
        }
    }
    main
}

/// What stands below a cog: its error route, its branches, then what it feeds.
fn follow(graph: &Graph, task: &Task) -> Vec<Task> {
    // Below a branch's first line its own lines are indented.
    let indent = match task.joint {
        "├→ " | "├⇢ " => format!("{}│  ", task.indent),
        "└→ " | "└⇢ " => format!("{}   ", task.indent),
        _ => task.indent.clone(),
    };
    let mut links = super::edges_of(graph, task.cog);
    links.sort_by_key(|edge| (!edge.error, !edge.branch));
    let straight = links.iter().filter(|edge| !edge.error && !edge.branch).count() == 1;
    let last = links.len();
    let below = links.into_iter().enumerate().map(|(place, edge)| {
        let joint = match (edge.error, place + 1 == last) {
            (true, true) => "└⇢ ",
            (true, false) => "├⇢ ",
            // One line goes straight on.
            (false, true) if straight => "↓ ",
            (false, true) => "└→ ",
            (false, false) => "├→ ",
        };
        Task { edge: Some(edge), cog: edge.to, indent: indent.clone(), joint, aside: task.aside || edge.error }
    });
    below.collect()
}
