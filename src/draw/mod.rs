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

/// All links of the graph in order of appearance, a cog's error route behind its targets. What points nowhere is left out.
fn edges(graph: &Graph) -> Vec<Edge> {
    let mut all = Vec::new();
    for (from, node) in graph.nodes.iter().enumerate() {
        let from = from as u32;
        all.extend(node.targets.iter().map(|to| Edge { from, to: *to, error: false }));
        all.extend(node.route.map(|to| Edge { from, to, error: true }));
    }
    all.retain(|edge| (edge.to as usize) < graph.nodes.len());
    all
}
