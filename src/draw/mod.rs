//! Drawing of the geartrain: for Graphviz, as a picture, for Mermaid, for programs, for terminals.
//!
//! A drawing is a function of the graph, its title and, when the train is running, what goes through it (`load`): the same in
//! gives the same text out. `label` is how cogs are written in all of them, `layout` where they stand in the picture.
//! Knows what kinds of cogs there are and the graph; neither data nor the train that turns.

mod dot;
mod json;
mod label;
mod layout;
mod load;
mod mermaid;
mod svg;
#[cfg(test)]
mod tests;
mod text;

use std::path::Path;

pub use dot::to_dot;
pub use json::to_json;
pub use load::{Edge, Load, Loads, short};
pub use mermaid::to_mermaid;
pub use svg::{STYLE, to_svg};
pub use text::to_text;

use crate::train::graph::Graph;

/// What a drawing can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The language of Graphviz.
    Dot,
    /// A picture.
    Svg,
    /// A flowchart of Mermaid, as code hosts draw it in documents.
    Mermaid,
    /// For programs.
    Json,
}

impl Format {
    /// All of them with their words.
    pub const ALL: [(&'static str, Self); 4] = [("dot", Self::Dot), ("svg", Self::Svg), ("mermaid", Self::Mermaid), ("json", Self::Json)];

    /// The one of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == word).map(|(_, format)| *format)
    }

    /// What a file's ending asks for.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "dot" | "gv" => Some(Self::Dot),
            "svg" => Some(Self::Svg),
            "mermaid" | "mmd" => Some(Self::Mermaid),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// The graph in this form, with a line end behind it.
    pub fn draw(self, graph: &Graph, title: &str, loads: Option<&Loads>) -> String {
        match self {
            Self::Dot => to_dot(graph, title, loads),
            Self::Svg => to_svg(graph, title, loads),
            Self::Mermaid => to_mermaid(graph, title, loads),
            Self::Json => to_json(graph, title, loads),
        }
    }
}

/// All links of the graph in order of appearance. What points nowhere is left out.
fn edges(graph: &Graph) -> Vec<Edge> {
    (0..graph.nodes.len() as u32).flat_map(|from| edges_of(graph, from)).collect()
}

/// All links of a cog: those to its targets, its branches, its error route.
fn edges_of(graph: &Graph, from: u32) -> Vec<Edge> {
    let node = &graph.nodes[from as usize];
    let mut all: Vec<Edge> = node.targets.iter().map(|to| Edge::of(from, *to)).collect();
    for branch in &node.branches {
        let edge = Edge::of_branch(from, branch.to);
        // Several that lead to the same cog are drawn as one, and so is one to a cog that is given all else.
        if !all.contains(&edge) && !node.targets.contains(&branch.to) {
            all.push(edge);
        }
    }
    all.extend(node.route.map(|to| Edge::of_errors(from, to)));
    all.retain(|edge| (edge.to as usize) < graph.nodes.len());
    all
}

/// What names a link: the options that lead to its branch, `error`, or nothing.
fn name(graph: &Graph, edge: Edge) -> String {
    if edge.error {
        return "error".into();
    }
    let branches = graph.nodes.get(edge.from as usize).map_or(&[][..], |node| &node.branches);
    let labels = branches.iter().filter(|branch| branch.to == edge.to).map(|branch| branch.label.as_str());
    let labels: Vec<&str> = labels.collect();
    // Not all of many cases.
    if labels.len() > 4 { format!("{}, … {}", labels[0], labels[labels.len() - 1]) } else { labels.join(", ") }
}
