//! The graph as a flowchart of Mermaid: <https://mermaid.js.org/syntax/flowchart.html>.

use std::fmt::Write as _;

use super::label::{broken, clean, of};
use super::{Load, Loads, edges, name};
use crate::cog::Kind;
use crate::train::graph::Graph;

/// The graph as a flowchart: a shape for each kind of cogs, dashed arrows for error routes.
pub fn to_mermaid(graph: &Graph, title: &str, loads: Option<&Loads>) -> String {
    // The title stands in a comment: the front matter for it is not known to all that draw Mermaid.
    let mut out = format!("%% {}\nflowchart LR\n", title.chars().map(clean).collect::<String>());
    for (number, node) in graph.nodes.iter().enumerate() {
        let (open, close) = shape(node.kind);
        let mut label = broken(of(node));
        if let Some(load) = loads.and_then(|loads| loads.node(number)) {
            let _ = write!(label, "\n{}", load.words());
        }
        let class = if loads.is_some_and(|loads| loads.is_bottleneck(number)) { "bottleneck" } else { node.kind.word() };
        let _ = writeln!(out, "    c{number}{open}\"{}\"{close}:::{class}", escaped(label.trim_end()));
    }
    let mut widths = String::new();
    for (number, edge) in edges(graph).into_iter().enumerate() {
        let load = loads.and_then(|loads| loads.edge(edge));
        let rate = load.and_then(Load::rate_text);
        let arrow = if edge.error { "-.->" } else { "-->" };
        let words: Vec<String> = [name(graph, edge)].into_iter().chain(rate).filter(|word| !word.is_empty()).collect();
        let label = if words.is_empty() { String::new() } else { format!("|\"{}\"|", escaped(&words.join(" "))) };
        let _ = writeln!(out, "    c{} {arrow}{label} c{}", edge.from, edge.to);
        if let Some(load) = load {
            let _ = writeln!(widths, "    linkStyle {number} stroke-width:{:.1}px", 1.0 + 5.0 * load.part());
        }
    }
    out.push_str(&widths);
    out.push_str("    classDef supply fill:#d9ead3,stroke:#4f7a3f,color:#1c1c1c\n");
    out.push_str("    classDef drain fill:#d0e0f0,stroke:#3f6690,color:#1c1c1c\n");
    if let Some(node) = loads.and_then(|loads| loads.bottleneck).and_then(|node| graph.nodes.get(node as usize)) {
        out.push_str("    classDef bottleneck fill:#f4b6a6,stroke:#b3261e,stroke-width:3px,color:#1c1c1c\n");
        let name = escaped(&node.name);
        let _ = writeln!(out, "    subgraph legend\n        key[\"the bottleneck: {name}\"]:::bottleneck\n    end");
    }
    out
}

/// What stands around the label of a cog of that kind.
fn shape(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Supply => ("([", "])"),
        Kind::Parse | Kind::Marshal => ("[/", "/]"),
        Kind::Convert => ("[", "]"),
        Kind::Enrich => ("[[", "]]"),
        Kind::Filter => ("{{", "}}"),
        Kind::Window => ("(", ")"),
        Kind::Drain => ("[(", ")]"),
    }
}

/// `text` within quotes of Mermaid: what could be markup or end the quotes becomes a number, line ends become breaks.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\n' => out.push_str("<br>"),
            // `\n` written out would be a line end even so; a space without width keeps the two apart.
            '\\' if letters.peek() == Some(&'n') => out.push_str("#92;#8203;"),
            // A backquote would begin Markdown.
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | '*' | '_' | '%' | ';' | '$' => {
                let _ = write!(out, "#{};", letter as u32);
            }
            letter => out.push(clean(letter)),
        }
    }
    out
}
