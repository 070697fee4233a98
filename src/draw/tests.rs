//! Tests of all forms together.

mod layouts;
mod xml;

use std::collections::BTreeMap;

use super::{Edge, Format, Load, Loads, edges, to_text};
use crate::cog::Kind;
use crate::train::graph::{About, Branch, Graph, Node};

pub(super) fn node(name: &str, label: &str, kind: Kind) -> Node {
    Node { name: name.into(), label: label.into(), kind, targets: Vec::new(), route: None, branches: Vec::new(), about: About::default() }
}

/// A graph of these cogs, `(name, label, kind)`, and links.
fn graph(cogs: &[(&str, &str, Kind)], links: &[(u32, u32)], routes: &[(u32, u32)]) -> Graph {
    let mut graph = Graph { nodes: cogs.iter().map(|(name, label, kind)| node(name, label, *kind)).collect() };
    for (from, to) in links {
        graph.link(*from, *to);
    }
    for (from, to) in routes {
        graph.nodes[*from as usize].route = Some(*to);
    }
    graph
}

fn line() -> Graph {
    let cogs = [
        ("access", r#"file_watcher_supply(filenames=["/var/log/nginx/access.log"], start="begin", tail=true)"#, Kind::Supply),
        ("csv_parse", r#"csv_parse(columns="at_least", fieldsetters=["ip", "ts", "user"])"#, Kind::Parse),
        (
            "ip_to_ptr",
            r#"ip_to_ptr(attempts=4, cache_size=10000, hosts_file="hosts", keep_order=true, max_pending=256, on_timeout="empty", timeout=1.0)"#,
            Kind::Enrich,
        ),
        ("filter", "filter(predicate=closure:31)", Kind::Filter),
        ("json_marshall", "json_marshall", Kind::Marshal),
        ("stdout_drain", "stdout_drain", Kind::Drain),
    ];
    graph(&cogs, &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)], &[])
}

fn diamond() -> Graph {
    let cogs = [
        ("stdin_supply", "stdin_supply", Kind::Supply),
        ("json_parse", "json_parse", Kind::Parse),
        ("left", "map(func=left)", Kind::Convert),
        ("right", "map(func=right)", Kind::Convert),
        ("join", "join: cog", Kind::Convert),
        ("out", r#"line_file_drain(path="-")"#, Kind::Drain),
    ];
    graph(&cogs, &[(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (4, 5)], &[])
}

fn fan() -> Graph {
    let mut graph = Graph::default();
    graph.nodes.push(node("in", r#"file_watcher_supply(filenames=["a.log"])"#, Kind::Supply));
    graph.nodes.push(node("parse", "json_parse", Kind::Parse));
    graph.link(0, 1);
    for branch in 0..8_u32 {
        graph.nodes.push(node(&format!("only_{branch}"), &format!("filter(predicate=closure:{branch})"), Kind::Filter));
        graph.nodes.push(node(&format!("out_{branch}"), &format!(r#"line_file_drain(path="out/{branch}.json")"#), Kind::Drain));
        graph.link(1, 2 + 2 * branch);
        graph.link(2 + 2 * branch, 3 + 2 * branch);
    }
    graph
}

/// A train with `dead`: what fails anywhere goes to one place; one cog has a route of its own.
fn routes() -> Graph {
    let mut graph = line();
    graph.nodes.push(node("dead", "json_marshall", Kind::Marshal));
    graph.nodes.push(node("dead_drain", r#"line_file_drain(path="dead.jsonl")"#, Kind::Drain));
    graph.nodes.push(node("second_try", "regexp_lexicon(rules=second)", Kind::Parse));
    graph.link(6, 7);
    graph.link(8, 2);
    for cog in [0, 2, 3, 4, 5, 8] {
        graph.nodes[cog].route = Some(6);
    }
    graph.nodes[1].route = Some(8);
    graph
}

fn hostile() -> Graph {
    let long: Vec<String> = (0..12).map(|n| format!("option_{n}=\"{}\"", "long value ".repeat(n))).collect();
    let cogs = [
        ("a<b>&\"c\"", "tick(data=\"<b>&amp;</b>\u{1}\u{b}\u{1f}\u{7f}\u{85}\u{fffe}\", #x;, `y`, %% z, \\n, \\\"q\\\")", Kind::Supply),
        ("日本語", &format!("map({})", long.join(", ")), Kind::Convert),
        ("line\nend", "regexp(rules=[#{regexp: \"^(?<a>\\\\S+) *_*x*_ $1 {{b}} |\"}])", Kind::Window),
        ("end", "", Kind::Drain),
    ];
    graph(&cogs, &[(0, 1), (1, 2), (2, 3)], &[(1, 3)])
}

/// Sixty cogs in six lines that split and join.
fn sixty() -> Graph {
    let mut graph = Graph::default();
    for number in 0..60_u32 {
        let kind = match number {
            0..6 => Kind::Supply,
            54.. => Kind::Drain,
            _ => [Kind::Parse, Kind::Convert, Kind::Filter, Kind::Enrich][number as usize % 4],
        };
        graph.nodes.push(node(&format!("cog_{number}"), &format!("cog_{number}(option={number})"), kind));
    }
    for number in 0..54_u32 {
        graph.link(number, number + 6);
        if number % 5 == 3 && number + 7 < 60 && (number + 7) / 6 == number / 6 + 1 {
            graph.link(number, number + 7);
        }
        if number % 11 == 4 && number < 42 {
            graph.link(number, number + 17);
        }
    }
    graph
}

/// Loads in which every number is used, by the places of cogs and links.
/// A cog that chooses among others, two of which lead on to the same.
fn branches() -> Graph {
    let cogs = [
        ("in", "stdin_supply", Kind::Supply),
        ("which", "route(cases=[[closure:7, alarm], [closure:8, ()], [closure:9, alarm]])", Kind::Filter),
        ("rest", "json_marshall", Kind::Marshal),
        ("alarm", "<alarm> \"loud\"", Kind::Convert),
        ("out", "stdout_drain", Kind::Drain),
        ("reject", "null_drain", Kind::Drain),
    ];
    let mut graph = graph(&cogs, &[(0, 1), (1, 2), (2, 4), (3, 4)], &[(1, 5)]);
    let branch = |to, label: &str| Branch { to, label: label.into() };
    graph.nodes[1].branches = vec![branch(3, "cases[0]"), branch(3, "cases[2]"), branch(5, "otherwise"), branch(2, "cases[3]")];
    graph
}

fn loads(graph: &Graph) -> Loads {
    let links = edges(graph);
    let rate = |n: usize| 48_320.0 / (1 + n) as f64;
    let node = |n: usize| Load { rate: Some(rate(n)), queue: n * 130, errors: (n % 3) as u64, total: 1000, share: 1.0 / (1 + n) as f64 };
    let of_edge = |(n, edge): (usize, Edge)| {
        let rate = if edge.error { 0.4 } else { rate(n) };
        (edge, Load { rate: Some(rate), share: 1.0 / (1 + n) as f64, total: 10, ..Load::default() })
    };
    Loads {
        nodes: (0..graph.nodes.len()).map(node).collect(),
        edges: links.into_iter().enumerate().map(of_edge).collect::<BTreeMap<_, _>>(),
        bottleneck: Some(2),
    }
}

fn all() -> [(&'static str, Graph); 7] {
    [
        ("branches", branches()),
        ("line", line()),
        ("diamond", diamond()),
        ("fan", fan()),
        ("routes", routes()),
        ("hostile", hostile()),
        ("sixty", sixty()),
    ]
}

#[test]
fn drawings_are_as_they_were() {
    let mut located = diamond();
    located.nodes[2].about.place = Some("pipeline.rhai:7".into());
    let busy = loads(&routes());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../tests/snapshots/draw");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for (name, graph, loads) in
            [("diamond", located, None), ("routes", routes(), Some(&busy)), ("hostile", hostile(), None), ("branches", branches(), None)]
        {
            for (word, format) in Format::ALL {
                insta::assert_snapshot!(format!("{name}.{word}"), format.draw(&graph, &format!("{name}.rhai"), loads));
            }
            insta::assert_snapshot!(format!("{name}.text"), to_text(&graph, loads));
        }
    });
}

#[test]
fn the_same_in_gives_the_same_out() {
    for (name, graph) in all() {
        let loads = loads(&graph);
        for (_, format) in Format::ALL {
            let draw = || format.draw(&graph.clone(), name, Some(&loads.clone()));
            assert_eq!(draw(), draw());
        }
    }
}

#[test]
fn a_graph_without_cogs_is_drawn_too() {
    for (_, format) in Format::ALL {
        assert!(!format.draw(&Graph::default(), "", Some(&Loads { bottleneck: Some(3), ..Loads::default() })).is_empty());
    }
    assert_eq!(to_text(&Graph::default(), None), "");
}

#[test]
fn json_is_json_and_holds_all() {
    for (name, graph) in all() {
        let loads = loads(&graph);
        let read: serde_json::Value = serde_json::from_str(&Format::Json.draw(&graph, name, Some(&loads))).unwrap();
        assert_eq!(read["title"], name);
        assert_eq!(read["bottleneck"], graph.nodes[2].name);
        for (number, node) in graph.nodes.iter().enumerate() {
            let own = &read["nodes"][number];
            assert_eq!((&own["name"], &own["label"]), (&node.name.clone().into(), &node.label.clone().into()));
            assert_eq!(own["load"]["rate"].as_f64(), loads.nodes[number].rate);
        }
        assert_eq!(read["edges"].as_array().unwrap().len(), edges(&graph).len());
        let plain: serde_json::Value = serde_json::from_str(&Format::Json.draw(&graph, name, None)).unwrap();
        assert!(plain.get("bottleneck").is_none() && plain["nodes"][0].get("load").is_none());
    }
    // Numbers that are none are no JSON.
    let odd = Load { rate: Some(f64::INFINITY), share: f64::NAN, ..Load::default() };
    let loads = Loads { nodes: vec![odd], ..Loads::default() };
    let read: serde_json::Value = serde_json::from_str(&Format::Json.draw(&line(), "", Some(&loads))).unwrap();
    assert!(read["nodes"][0]["load"]["rate"].is_null() && read["bottleneck"].is_null());
}

#[test]
fn pictures_are_well_formed() {
    for (name, graph) in all() {
        let loads = loads(&graph);
        for loads in [None, Some(&loads)] {
            let elements = xml::elements(&Format::Svg.draw(&graph, name, loads)).unwrap();
            let count = |key: &str| elements.iter().filter(|element| element.attributes.iter().any(|(known, _)| known == key)).count();
            assert_eq!((count("data-cog"), count("data-from")), (graph.nodes.len(), edges(&graph).len()), "{name}");
        }
    }
    let elements = xml::elements(&Format::Svg.draw(&hostile(), "<&>", None)).unwrap();
    let attributes = elements.iter().flat_map(|element| &element.attributes);
    let cogs: Vec<&str> = attributes.filter(|(key, _)| key == "data-cog").map(|(_, name)| &**name).collect();
    assert_eq!(cogs, ["a<b>&\"c\"", "日本語", "line\u{fffd}end", "end"]);
}

/// A page that draws it anew every second must not make it jump.
#[test]
fn boxes_stand_still_while_numbers_change() {
    let graph = routes();
    let places = |loads: &Loads| {
        let elements = xml::elements(&Format::Svg.draw(&graph, "", Some(loads))).unwrap();
        let card = |element: &xml::Element| element.attributes.iter().any(|(key, value)| key == "class" && value == "card");
        let geometry = |element: xml::Element| element.attributes.into_iter().filter(|(key, _)| key != "class").map(|(_, value)| value);
        elements.into_iter().filter(card).take(graph.nodes.len()).map(|element| geometry(element).collect()).collect::<Vec<Vec<String>>>()
    };
    let mut before = loads(&graph);
    let mut after = before.clone();
    before.nodes.iter_mut().chain(before.edges.values_mut()).for_each(|load| *load = Load { rate: Some(0.0), ..Load::default() });
    let most = Load { rate: Some(123_456.0), queue: 9_999, errors: 99_999, total: u64::MAX, share: 1.0 };
    after.nodes.iter_mut().chain(after.edges.values_mut()).for_each(|load| *load = most);
    assert_eq!(places(&before), places(&after));
}

#[test]
fn circles_end_too() {
    let mut graph = diamond();
    graph.link(4, 1);
    graph.link(2, 2);
    for (_, format) in Format::ALL {
        assert!(format.draw(&graph, "circle", None).contains("join"));
    }
    assert_eq!(to_text(&graph, None).matches("(above)").count(), 3);
}

/// Writes all drawings into the folder that `DRAWINGS` names, to be looked at.
#[test]
#[ignore = "writes files to be looked at"]
fn drawings_to_look_at() {
    let folder = std::path::PathBuf::from(std::env::var_os("DRAWINGS").expect("DRAWINGS names a folder"));
    for (name, graph) in all() {
        for (ending, loads) in [("", None), ("_loads", Some(loads(&graph)))] {
            for (word, format) in Format::ALL {
                let path = folder.join(format!("{name}{ending}.{word}"));
                std::fs::write(path, format.draw(&graph, &format!("{name}.rhai"), loads.as_ref())).unwrap();
            }
            std::fs::write(folder.join(format!("{name}{ending}.txt")), to_text(&graph, loads.as_ref())).unwrap();
        }
    }
}
