//! How high each vertex stands: lines are made straight by aligning vertices with the middle one of their neighbours, from four
//! sides, and the mean of the four is taken (Brandes and Köpf, *Fast and Simple Horizontal Coordinate Assignment*, 2001).

use std::collections::BTreeSet;

use super::layers::Layers;

/// Between boxes, and between a box or a bend and a bend.
const GAPS: (f64, f64) = (22.0, 12.0);

/// The middle of each vertex, the uppermost box beginning at 0.
pub(super) fn place(layers: &Layers) -> Vec<f64> {
    if layers.vertices.is_empty() {
        return Vec::new();
    }
    let conflicts = conflicts(layers);
    let mut four: Vec<Vec<f64>> = Vec::new();
    for from_left in [true, false] {
        for from_top in [true, false] {
            four.push(one_side(layers, &conflicts, from_left, from_top));
        }
    }
    // All are laid over the narrowest, at the edge from which they were aligned.
    let bounds: Vec<(f64, f64)> = four.iter().map(|heights| bounds(layers, heights)).collect();
    let narrowest = bounds.iter().copied().min_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0))).unwrap_or_default();
    for (number, (heights, bounds)) in four.iter_mut().zip(bounds).enumerate() {
        let shift = if number % 2 == 0 { narrowest.0 - bounds.0 } else { narrowest.1 - bounds.1 };
        for height in heights {
            *height += shift;
        }
    }
    let mut middle: Vec<f64> = (0..layers.vertices.len())
        .map(|vertex| {
            let mut own = [four[0][vertex], four[1][vertex], four[2][vertex], four[3][vertex]];
            own.sort_by(f64::total_cmp);
            f64::midpoint(own[1], own[2])
        })
        .collect();
    // The mean keeps every distance but for rounding; this makes sure of it.
    for column in &layers.columns {
        for pair in column.windows(2) {
            middle[pair[1]] = middle[pair[1]].max(middle[pair[0]] + apart(layers, pair[0], pair[1]));
        }
    }
    let top = self::bounds(layers, &middle).0;
    for height in &mut middle {
        *height -= top;
    }
    middle
}

/// How far the middles of two neighbours in a column are apart at least.
fn apart(layers: &Layers, a: usize, b: usize) -> f64 {
    let (a, b) = (&layers.vertices[a], &layers.vertices[b]);
    f64::midpoint(a.height, b.height) + if a.bend || b.bend { GAPS.1 } else { GAPS.0 }
}

/// The upper and the lower edge of all.
fn bounds(layers: &Layers, heights: &[f64]) -> (f64, f64) {
    let halves = || layers.vertices.iter().zip(heights).map(|(vertex, at)| (*at, vertex.height / 2.0));
    (halves().map(|(at, half)| at - half).fold(f64::MAX, f64::min), halves().map(|(at, half)| at + half).fold(f64::MIN, f64::max))
}

/// Pieces of links that cross a piece between two bends: those are to be straight, so these are not aligned.
fn conflicts(layers: &Layers) -> BTreeSet<(usize, usize)> {
    let mut found = BTreeSet::new();
    let places = places(&layers.columns);
    for columns in layers.columns.windows(2) {
        let (left, right) = (&columns[0], &columns[1]);
        let inner = |vertex: usize| {
            let bend = layers.vertices[vertex].bend;
            layers.left[vertex].iter().copied().find(|from| bend && layers.vertices[*from].bend)
        };
        let (mut upper, mut next) = (0, 0);
        for (place, vertex) in right.iter().enumerate() {
            let last = place + 1 == right.len();
            let bound = inner(*vertex);
            if bound.is_none() && !last {
                continue;
            }
            let lower = bound.map_or(left.len(), |from| places[from]);
            for below in &right[next..=place] {
                for from in &layers.left[*below] {
                    let is_inner = layers.vertices[*below].bend && layers.vertices[*from].bend;
                    if !is_inner && (places[*from] < upper || places[*from] > lower) {
                        found.insert((*from, *below));
                    }
                }
            }
            next = place + 1;
            upper = lower;
        }
    }
    found
}

fn places(columns: &[Vec<usize>]) -> Vec<usize> {
    let mut places = vec![0; columns.iter().map(Vec::len).sum()];
    for (place, vertex) in columns.iter().flat_map(|column| column.iter().enumerate()) {
        places[*vertex] = place;
    }
    places
}

/// Heights with each vertex aligned, if it can be, with its middle neighbour on the left (or right), all as far up (or down) as
/// they can stand.
fn one_side(layers: &Layers, conflicts: &BTreeSet<(usize, usize)>, from_left: bool, from_top: bool) -> Vec<f64> {
    let mut columns = layers.columns.clone();
    if !from_left {
        columns.reverse();
    }
    if !from_top {
        for column in &mut columns {
            column.reverse();
        }
    }
    let places = places(&columns);
    let mut root: Vec<usize> = (0..places.len()).collect();
    let mut align = root.clone();
    for column in &columns {
        let mut above = None;
        for vertex in column {
            let vertex = *vertex;
            let mut neighbours = if from_left { layers.left[vertex].clone() } else { layers.right[vertex].clone() };
            if neighbours.is_empty() {
                continue;
            }
            let piece = |neighbour: usize| if from_left { (neighbour, vertex) } else { (vertex, neighbour) };
            if !neighbours.iter().all(|neighbour| layers.errors.contains(&piece(*neighbour))) {
                neighbours.retain(|neighbour| !layers.errors.contains(&piece(*neighbour)));
            }
            neighbours.sort_by_key(|neighbour| places[*neighbour]);
            for middle in [(neighbours.len() - 1) / 2, neighbours.len() / 2] {
                let neighbour = neighbours[middle];
                let free = align[vertex] == vertex && above.is_none_or(|above| above < places[neighbour]);
                if free && !conflicts.contains(&piece(neighbour)) {
                    align[neighbour] = vertex;
                    root[vertex] = root[neighbour];
                    align[vertex] = root[vertex];
                    above = Some(places[neighbour]);
                }
            }
        }
    }
    let mut heights = pack(layers, &columns, &root);
    if !from_top {
        for height in &mut heights {
            *height = -*height;
        }
    }
    heights
}

/// Puts blocks of aligned vertices as close as they can be: each as far up as those above it allow, then as near to those
/// below it as they leave room.
fn pack(layers: &Layers, columns: &[Vec<usize>], root: &[usize]) -> Vec<f64> {
    let mut below: Vec<Vec<(usize, f64)>> = vec![Vec::new(); root.len()];
    let mut waits = vec![0_usize; root.len()];
    for pair in columns.iter().flat_map(|column| column.windows(2)) {
        below[root[pair[0]]].push((root[pair[1]], apart(layers, pair[0], pair[1])));
        waits[root[pair[1]]] += 1;
    }
    let mut order: Vec<usize> = (0..root.len()).filter(|vertex| root[*vertex] == *vertex && waits[*vertex] == 0).collect();
    let mut heights = vec![0.0_f64; root.len()];
    let mut next = 0;
    while let Some(block) = order.get(next).copied() {
        next += 1;
        for (lower, apart) in &below[block] {
            heights[*lower] = heights[*lower].max(heights[block] + apart);
            waits[*lower] -= 1;
            if waits[*lower] == 0 {
                order.push(*lower);
            }
        }
    }
    for block in order.iter().rev() {
        let lowest = below[*block].iter().map(|(lower, apart)| heights[*lower] - apart).fold(f64::MAX, f64::min);
        if lowest < f64::MAX {
            heights[*block] = heights[*block].max(lowest);
        }
    }
    root.iter().map(|root| heights[*root]).collect()
}
