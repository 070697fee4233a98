//! What holds of the layout of every graph.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::layout::{Area, Layout, layout, level};
use super::super::{Edge, to_svg, to_text};
use super::{loads, node};
use crate::cog::Kind;
use crate::train::graph::Graph;

/// Links without circles among so many cogs; each cog has at most one error route.
fn links(cogs: u32, pairs: &[(u32, u32, bool)]) -> Vec<Edge> {
    let mut links: Vec<Edge> = Vec::new();
    for (a, b, error) in pairs {
        let (from, to) = ((a % cogs).min(b % cogs), (a % cogs).max(b % cogs));
        let edge = Edge { error: *error, ..Edge::of(from, to) };
        let routed = *error && links.iter().any(|known| known.error && known.from == from);
        if from != to && !links.contains(&edge) && !routed {
            links.push(edge);
        }
    }
    links
}

fn check(sizes: &[(f64, f64)], links: &[Edge], layout: &Layout) -> Result<(), String> {
    let Layout { width, height, boxes, roads, .. } = layout;
    let inside = |x: f64, y: f64| (-0.01..=width + 0.01).contains(&x) && (-0.01..=height + 0.01).contains(&y);
    for (number, area) in boxes.iter().enumerate() {
        if (area.width, area.height) != sizes[number] || !inside(area.x, area.y) || !inside(area.x + area.width, area.y + area.height) {
            return Err(format!("box {number} is out of place: {area:?} in {width} x {height}"));
        }
        if let Some(other) = boxes[..number].iter().position(|other| overlap(area, other)) {
            return Err(format!("boxes {other} and {number} overlap"));
        }
    }
    for (edge, road) in links.iter().zip(roads) {
        let (from, to) = (&boxes[edge.from as usize], &boxes[edge.to as usize]);
        let (first, last) = (road.first().ok_or("no road")?, road.last().ok_or("no road")?);
        let beside = |y: f64, area: &Area| (area.y..=area.y + area.height).contains(&y);
        if !level(first.0, from.x + from.width) || !beside(first.1, from) || !level(last.0, to.x) || !beside(last.1, to) {
            return Err(format!("{edge:?} does not join its boxes: {road:?}"));
        }
        // Bends lie between columns, so it is enough to look at the level pieces and at the ends of the curves.
        for pair in road.windows(2) {
            if pair[0].0 >= pair[1].0 || !inside(pair[1].0, pair[1].1) {
                return Err(format!("{edge:?} turns back or leaves the picture: {road:?}"));
            }
            let low = pair[0].1.min(pair[1].1);
            let area = Area { x: pair[0].0 + 0.01, y: low, width: pair[1].0 - pair[0].0 - 0.02, height: (pair[0].1 - pair[1].1).abs() };
            let curve = !level(pair[0].1, pair[1].1);
            let hit = boxes
                .iter()
                .position(|other| overlap(&area, other) || (curve && area.x < other.x + other.width && other.x < area.x + area.width));
            // In the gap between two columns there is no box at all, high or low.
            if let Some(hit) = hit {
                return Err(format!("{edge:?} crosses box {hit}: {road:?}"));
            }
        }
    }
    Ok(())
}

fn overlap(a: &Area, b: &Area) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

proptest! {
    #[test]
    fn boxes_lie_apart_and_links_join_them(
        sizes in proptest::collection::vec((96_u32..300, 44_u32..120), 1..40),
        pairs in proptest::collection::vec((any::<u32>(), any::<u32>(), any::<bool>()), 0..80),
        room in 0_u32..100,
    ) {
        let sizes: Vec<(f64, f64)> = sizes.into_iter().map(|(w, h)| (f64::from(w), f64::from(h))).collect();
        let links = links(sizes.len() as u32, &pairs);
        let found = layout(&sizes, &links, f64::from(room));
        prop_assert_eq!(check(&sizes, &links, &found), Ok(()));
        prop_assert_eq!(&layout(&sizes, &links, f64::from(room)), &found);
    }

    #[test]
    fn text_holds_every_link(pairs in proptest::collection::vec((any::<u32>(), any::<u32>(), any::<bool>()), 0..40)) {
        let (graph, links) = graph(12, &pairs);
        let text = to_text(&graph, None);
        let roots = (0..12).filter(|cog| links.iter().all(|edge| edge.to != *cog)).count();
        prop_assert_eq!(text.lines().count(), links.len() + roots, "{}", text);
        prop_assert_eq!(text.lines().filter(|line| !line.ends_with(')')).count(), 12, "{}", text);
    }
}

fn graph(cogs: u32, pairs: &[(u32, u32, bool)]) -> (Graph, Vec<Edge>) {
    let mut graph = Graph { nodes: (0..cogs).map(|cog| node(&format!("c{cog}"), "map(func=closure:1)", Kind::Convert)).collect() };
    let links = links(cogs, pairs);
    for edge in &links {
        if edge.error {
            graph.nodes[edge.from as usize].route = Some(edge.to);
        } else {
            graph.link(edge.from, edge.to);
        }
    }
    (graph, links)
}

#[test]
fn two_hundred_cogs_are_drawn_in_a_second() {
    // A line, a dense tangle, and a train in which all errors go to one cog.
    let line: Vec<(u32, u32, bool)> = (0..199).map(|cog| (cog, cog + 1, false)).collect();
    let tangle: Vec<(u32, u32, bool)> =
        (0..400).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 7, n.wrapping_mul(40_503) >> 3, n.is_multiple_of(7))).collect();
    let dead: Vec<(u32, u32, bool)> = line.iter().copied().chain((0..199).map(|cog| (cog, 199, true))).collect();
    for pairs in [line, tangle, dead] {
        let (graph, links) = graph(200, &pairs);
        let began = Instant::now();
        let picture = to_svg(&graph, "large", Some(&loads(&graph)));
        let took = began.elapsed();

        assert!(took < Duration::from_secs(1), "{took:?} for {} links", links.len());
        assert_eq!(picture.matches("data-from").count(), links.len());
    }
}
