//! The graph as text for Graphviz: <https://graphviz.org/doc/info/lang.html>.

use std::fmt::Write as _;

use super::label::{broken, clean, of};
use super::{Loads, edges, name};
use crate::cog::Kind;
use crate::train::graph::Graph;

/// The graph as a DOT digraph. Equal graphs give equal text.
pub fn to_dot(graph: &Graph, title: &str, loads: Option<&Loads>) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "digraph {} {{", quoted(title));
    out.push_str("    rankdir=LR;\n    node [fontname=\"sans-serif\", fontsize=11, shape=box, style=rounded];\n");
    if loads.is_some() {
        out.push_str("    edge [fontname=\"sans-serif\", fontsize=10];\n");
    }
    for (number, node) in graph.nodes.iter().enumerate() {
        let (shape, fill) = match node.kind {
            Kind::Supply => (", shape=cds", ", style=filled, fillcolor=\"#d9ead3\""),
            Kind::Drain => (", shape=cylinder", ", style=filled, fillcolor=\"#d0e0f0\""),
            _ => ("", ""),
        };
        let mut label = broken(of(node));
        if let Some(load) = loads.and_then(|loads| loads.node(number)) {
            let _ = write!(label, "\n{}", load.words());
        }
        let fill = if loads.is_some_and(|loads| loads.is_bottleneck(number)) {
            ", style=\"rounded,filled\", fillcolor=\"#f4b6a6\", color=\"#b3261e\", penwidth=2.5"
        } else {
            fill
        };
        let _ = writeln!(out, "    c{number} [label={}{shape}{fill}];", quoted(label.trim_end()));
    }
    for edge in edges(graph) {
        let load = loads.and_then(|loads| loads.edge(edge));
        let rate = load.and_then(super::Load::rate_text);
        let mut options: Vec<String> = Vec::new();
        if edge.error {
            options.push("style=dashed".into());
        }
        let words: Vec<String> = [name(graph, edge)].into_iter().chain(rate).filter(|word| !word.is_empty()).collect();
        if !words.is_empty() {
            options.push(format!("label={}", quoted(&words.join(" "))));
        }
        if let Some(load) = load {
            options.push(format!("penwidth={:.1}", 1.0 + 4.0 * load.part()));
        }
        let options = if options.is_empty() { String::new() } else { format!(" [{}]", options.join(", ")) };
        let _ = writeln!(out, "    c{} -> c{}{options};", edge.from, edge.to);
    }
    if let Some(node) = loads.and_then(|loads| loads.bottleneck).and_then(|node| graph.nodes.get(node as usize)) {
        let legend = quoted(&format!("red: the bottleneck, {}", node.name));
        let _ = writeln!(
            out,
            "    label={legend};\n    labelloc=b;\n    fontname=\"sans-serif\";\n    fontsize=10;\n    fontcolor=\"#b3261e\";"
        );
    }
    out.push_str("}\n");
    out
}

/// `text` as a quoted identifier; its line ends become DOT's centred ones.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            letter => out.push(clean(letter)),
        }
    }
    out.push('"');
    out
}
