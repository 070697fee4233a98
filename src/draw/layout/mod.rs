//! Where cogs and links stand in a picture, from left to right: `layers` says in which column, `order` who stands above whom,
//! `place` how high. Here come the widths of the columns, the places where links leave and enter, and their roads.
//!
//! A link runs level through a column and bends only between columns, where no box stands: so it crosses no box.

mod layers;
mod order;
mod place;

use std::collections::BTreeMap;

use layers::Layers;

use super::Edge;

/// A point of the picture; y grows downwards.
pub(super) type Point = (f64, f64);

/// A box with its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// Where all stands.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Layout {
    /// How large the whole is.
    pub width: f64,
    pub height: f64,
    /// The boxes, in their order.
    pub boxes: Vec<Area>,
    /// The roads of the links, in their order: from the edge of the source to the edge of the target. Points at one height are joined by a
    /// line, others by a curve that is level at both ends. Empty for a link of a cog to itself.
    pub roads: Vec<Vec<Point>>,
    /// From where to where the gap reaches that a link crosses first: there is room to write upon it.
    pub gaps: Vec<(f64, f64)>,
}

/// Where a link meets a box: the box, whether on its right side, and the vertex that it leads to. Error routes have places of their own.
type Port = (usize, bool, usize, bool);

/// How far links that meet one box are apart, if there is room, and how far they keep from the box's corners.
const PORTS: (f64, f64) = (9.0, 8.0);

/// Boxes whose middles differ by no more are joined by a straight line.
const NEAR: f64 = 20.0;

/// So far before a column links are level again, for the heads of arrows.
const LEVEL: f64 = 12.0;

/// Finds places for boxes of these sizes; `room` is what must be left free between two columns for what is written upon links.
pub(super) fn layout(sizes: &[(f64, f64)], edges: &[Edge], room: f64) -> Layout {
    let heights: Vec<f64> = sizes.iter().map(|(_, height)| *height).collect();
    let mut layers = Layers::new(&heights, edges);
    order::order(&mut layers);
    let middle = place::place(&layers);
    let spans = spans(&layers, &middle, sizes, room);
    let boxes: Vec<Area> = sizes
        .iter()
        .enumerate()
        .map(|(number, (width, height))| {
            let (from, to) = spans[layers.vertices[number].column];
            Area { x: f64::midpoint(from, to) - width / 2.0, y: middle[number] - height / 2.0, width: *width, height: *height }
        })
        .collect();
    let ports = ports(&layers, edges, &boxes, &middle);
    let roads = layers.chains.iter().zip(edges).map(|(chain, edge)| road(&layers, chain, edge.error, &boxes, &middle, &spans, &ports));
    let gap = |chain: &Vec<usize>| {
        let column = chain.iter().take(2).map(|vertex| layers.vertices[*vertex].column).min().unwrap_or_default();
        (spans[column].1, spans.get(column + 1).map_or(spans[column].1, |next| next.0 - LEVEL))
    };
    Layout {
        gaps: layers.chains.iter().map(gap).collect(),
        width: spans.last().map_or(0.0, |span| span.1),
        height: layers.vertices.iter().zip(&middle).map(|(vertex, at)| at + vertex.height / 2.0).fold(0.0, f64::max),
        roads: roads.collect(),
        boxes,
    }
}

/// From where to where each column reaches. The steeper the links between two columns, the wider they are apart.
fn spans(layers: &Layers, middle: &[f64], sizes: &[(f64, f64)], room: f64) -> Vec<(f64, f64)> {
    let mut spans = Vec::new();
    let mut x = 0.0;
    for column in &layers.columns {
        let width = column.iter().filter_map(|vertex| sizes.get(*vertex)).map(|(width, _)| *width).fold(0.0, f64::max);
        spans.push((x, x + width));
        let steep = column.iter().flat_map(|from| layers.right[*from].iter().map(|to| (middle[*from] - middle[*to]).abs()));
        x += width + LEVEL + (36.0 + steep.fold(0.0, f64::max) / 6.0).min(120.0).max(room);
    }
    spans
}

/// The heights at which links meet boxes: level with the other end where that can be, but apart from each other.
fn ports(layers: &Layers, edges: &[Edge], boxes: &[Area], middle: &[f64]) -> BTreeMap<Port, f64> {
    let mut sides: BTreeMap<(usize, bool), Vec<Port>> = BTreeMap::new();
    for (chain, edge) in layers.chains.iter().zip(edges) {
        for (here, there) in chain.first().zip(chain.get(1)).into_iter().chain(chain.last().zip(chain.iter().nth_back(1))) {
            let port = port(layers, *here, *there, edge.error);
            let side = sides.entry((*here, port.1)).or_default();
            if !side.contains(&port) {
                side.push(port);
            }
        }
    }
    let mut found = BTreeMap::new();
    for ((here, _), mut side) in sides {
        // In the order of the other ends, so that nothing crosses near the box.
        side.sort_by(|a, b| middle[a.2].total_cmp(&middle[b.2]).then(a.3.cmp(&b.3)).then(a.2.cmp(&b.2)));
        let area = boxes[here];
        let alone = side.len() == 1;
        let aim = |there: usize| {
            let (own, other) = (middle[here], middle[there]);
            match other - own {
                // Both ends aim at the same height, so that the link is straight.
                way if way.abs() <= NEAR => {
                    if boxes.get(there).is_some() {
                        f64::midpoint(own, other)
                    } else {
                        other
                    }
                }
                _ if alone => own,
                way => own + PORTS.0.copysign(way),
            }
        };
        let free = (area.height - 2.0 * PORTS.1).max(0.0);
        let step = PORTS.0.min(free / (side.len() - 1).max(1) as f64);
        let aims: Vec<f64> = side.iter().enumerate().map(|(number, port)| aim(port.2) - step * number as f64).collect();
        let (least, most) = (area.y + PORTS.1, area.y + PORTS.1 + free - step * (side.len() - 1) as f64);
        for (number, (at, port)) in rising(&aims).into_iter().zip(side).enumerate() {
            found.insert(port, at.clamp(least, most.max(least)) + step * number as f64);
        }
    }
    found
}

/// The rising heights that are nearest to these (pool adjacent violators).
fn rising(aims: &[f64]) -> Vec<f64> {
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for aim in aims {
        let mut pool = (*aim, 1);
        while let Some((sum, count)) = pools.last().copied()
            && sum / count as f64 > pool.0 / pool.1 as f64
        {
            pool = (pool.0 + sum, pool.1 + count);
            pools.pop();
        }
        pools.push(pool);
    }
    pools.into_iter().flat_map(|(sum, count)| std::iter::repeat_n(sum / count as f64, count)).collect()
}

/// Whether no eye sees a difference between these heights.
pub(super) fn level(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.05
}

fn port(layers: &Layers, here: usize, there: usize, error: bool) -> Port {
    (here, layers.vertices[there].column > layers.vertices[here].column, there, error)
}

fn road(
    layers: &Layers,
    chain: &[usize],
    error: bool,
    boxes: &[Area],
    middle: &[f64],
    spans: &[(f64, f64)],
    ports: &BTreeMap<Port, f64>,
) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    let mut add = |point: Point| {
        // A point in the midst of a level line tells nothing.
        if points.len() > 1 && points[points.len() - 2..].iter().all(|before| level(before.1, point.1)) {
            points.pop();
        }
        if points.last() != Some(&point) {
            points.push(point);
        }
    };
    for (number, vertex) in chain.iter().enumerate() {
        let span = spans[layers.vertices[*vertex].column];
        let span = (span.0 - LEVEL, span.1);
        if let Some(area) = boxes.get(*vertex) {
            let there = chain[if number == 0 { 1 } else { number - 1 }];
            let port = port(layers, *vertex, there, error);
            let y = ports.get(&port).copied().unwrap_or(middle[*vertex]);
            let [edge, border] = if port.1 { [area.x + area.width, span.1] } else { [area.x, span.0] };
            let ends = if number == 0 { [edge, border] } else { [border, edge] };
            for x in ends {
                add((x, y));
            }
        } else {
            let turned = layers.vertices[chain[0]].column > layers.vertices[chain[chain.len() - 1]].column;
            let ends = if turned { [span.1, span.0] } else { [span.0, span.1] };
            for x in ends {
                add((x, middle[*vertex]));
            }
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_rise_and_stay_near() {
        assert_eq!(rising(&[1.0, 2.0, 3.0]), [1.0, 2.0, 3.0]);
        assert_eq!(rising(&[3.0, 1.0, 2.0, 9.0]), [2.0, 2.0, 2.0, 9.0]);
    }
}
