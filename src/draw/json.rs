//! The graph for programs: one JSON document.

use std::fmt::Write as _;

use super::{Load, Loads, edges, name};
use crate::train::graph::Graph;

/// The graph as a JSON document: `{"title", "nodes": [{"name", "label", "kind", "place"}], "edges": [{"from", "to", "error"}]}`. Links name
/// their cogs; one that is chosen for each datum has a `branch`, which names the option; `place`, where the cog was made, is missing where it is not known. With loads, cogs and links whose load is known have a `load`, and `bottleneck` names a cog or is `null`.
pub fn to_json(graph: &Graph, title: &str, loads: Option<&Loads>) -> String {
    let cog = |node: u32| graph.nodes.get(node as usize).map_or_else(|| "null".into(), |node| quoted(&node.name));
    let nodes = graph.nodes.iter().enumerate().map(|(number, node)| {
        let load = loads.and_then(|loads| loads.node(number)).map(of_load).unwrap_or_default();
        let place = node.about.place.as_deref().map(|place| format!(",\"place\":{}", quoted(place))).unwrap_or_default();
        let (name, label, kind) = (quoted(&node.name), quoted(&node.label), quoted(node.kind.word()));
        format!("{{\"name\":{name},\"label\":{label},\"kind\":{kind}{place}{load}}}")
    });
    let links = edges(graph).into_iter().map(|edge| {
        let load = loads.and_then(|loads| loads.edge(edge)).map(of_load).unwrap_or_default();
        let branch = if edge.branch { format!(",\"branch\":{}", quoted(&name(graph, edge))) } else { String::new() };
        format!("{{\"from\":{},\"to\":{},\"error\":{}{branch}{load}}}", cog(edge.from), cog(edge.to), edge.error)
    });
    let (nodes, links) = (list(nodes), list(links));
    let bottleneck = match loads {
        None => String::new(),
        Some(loads) => format!(",\n  \"bottleneck\": {}", loads.bottleneck.map_or_else(|| "null".into(), cog)),
    };
    format!("{{\n  \"title\": {},\n  \"nodes\": {nodes},\n  \"edges\": {links}{bottleneck}\n}}\n", quoted(title))
}

/// Members one a line.
fn list(members: impl Iterator<Item = String>) -> String {
    let members: Vec<String> = members.map(|member| format!("\n    {member}")).collect();
    if members.is_empty() { "[]".into() } else { format!("[{}\n  ]", members.join(",")) }
}

/// The load as one more entry.
fn of_load(load: &Load) -> String {
    // `Display` of a finite number is always a number of JSON.
    let rate = load.rate().map_or_else(|| "null".into(), |rate| rate.to_string());
    let (queue, errors, total, share) = (load.queue, load.errors, load.total, load.part());
    format!(",\"load\":{{\"rate\":{rate},\"queue\":{queue},\"errors\":{errors},\"total\":{total},\"share\":{share}}}")
}

/// `text` as a string of JSON (RFC 8259, section 7).
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // The line separators too, as the text may be put into a script of a page.
            letter if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '<') => {
                let _ = write!(out, "\\u{:04x}", letter as u32);
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
