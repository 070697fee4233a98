//! The graph as text for Graphviz: <https://graphviz.org/doc/info/lang.html>.

use std::fmt::Write as _;

use super::graph::Graph;
use crate::cog::Kind;

/// Longer labels are broken at commas, after about that many letters.
const WIDTH: usize = 48;

/// The graph as a DOT digraph. Equal graphs give equal text.
pub fn to_dot(graph: &Graph, title: &str) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "digraph {} {{", quoted(title));
    out.push_str("    rankdir=LR;\n    node [fontname=\"sans-serif\", fontsize=11, shape=box, style=rounded];\n");
    for (number, node) in graph.nodes.iter().enumerate() {
        let shape = match node.kind {
            Kind::Supply => ", shape=cds, style=filled, fillcolor=\"#d9ead3\"",
            Kind::Drain => ", shape=cylinder, style=filled, fillcolor=\"#d0e0f0\"",
            _ => "",
        };
        let _ = writeln!(out, "    c{number} [label={}{shape}];", quoted(&broken(&node.label)));
    }
    for (number, node) in graph.nodes.iter().enumerate() {
        for target in &node.targets {
            let _ = writeln!(out, "    c{number} -> c{target};");
        }
        if let Some(route) = node.route {
            let _ = writeln!(out, "    c{number} -> c{route} [style=dashed, label=\"error\"];");
        }
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
            letter if letter.is_control() => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// `label` with line ends after some of its commas.
fn broken(label: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for part in label.split_inclusive(", ") {
        if width > 0 && width + part.chars().count() > WIDTH {
            out.truncate(out.trim_end().len());
            out.push('\n');
            width = 0;
        }
        out.push_str(part);
        width += part.chars().count();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::graph::{About, Node};

    #[test]
    fn labels_are_escaped_and_broken() {
        let node = Node {
            name: "a".into(),
            label: r#"a(separator="\n", path="/var/log/some/long/path/to/a/file", tail=true)"#.into(),
            kind: Kind::Supply,
            targets: vec![0],
            route: None,
            about: About::default(),
        };
        let dot = to_dot(&Graph { nodes: vec![node] }, "x");
        assert!(dot.contains(r#"label="a(separator=\"\\n\",\npath="#), "{dot}");
        assert!(dot.contains("c0 -> c0;"));
    }
}
