//! Who stands above whom in a column, so that few links cross: each vertex goes to the mean place of its neighbours, column by
//! column, forth and back, and the best order that was seen is taken (Sugiyama, Tagawa, Toda 1981).

use super::layers::Layers;

/// So many vertices may be moved in all; the sweeps of large graphs are fewer.
const EFFORT: usize = 60_000;

/// Puts the columns of `layers` in order.
pub(super) fn order(layers: &mut Layers) {
    let mut places = vec![0; layers.vertices.len()];
    number(&layers.columns, &mut places);
    let mut best = layers.columns.clone();
    let mut fewest = crossings(layers, &places);
    let sweeps = (EFFORT / layers.vertices.len().max(1)).clamp(2, 24);
    for sweep in 0..sweeps {
        if fewest == 0 {
            break;
        }
        let forth = sweep % 2 == 0;
        let count = layers.columns.len();
        for step in 1..count {
            let column = if forth { step } else { count - 1 - step };
            let neighbours = if forth { &layers.left } else { &layers.right };
            sort(&mut layers.columns[column], neighbours, &mut places);
        }
        swap(layers, &mut places);
        let now = crossings(layers, &places);
        if now < fewest {
            fewest = now;
            best.clone_from(&layers.columns);
        }
    }
    layers.columns = best;
}

fn number(columns: &[Vec<usize>], places: &mut [usize]) {
    for (place, vertex) in columns.iter().flat_map(|column| column.iter().enumerate()) {
        places[*vertex] = place;
    }
}

/// Sorts a column by the mean place of the neighbours; who has none keeps its place among the others.
fn sort(column: &mut [usize], neighbours: &[Vec<usize>], places: &mut [usize]) {
    let mean = |vertex: usize| {
        let all = &neighbours[vertex];
        (!all.is_empty()).then(|| all.iter().map(|n| places[*n] as f64).sum::<f64>() / all.len() as f64)
    };
    let keyed: Vec<(usize, Option<f64>)> = column.iter().map(|vertex| (*vertex, mean(*vertex))).collect();
    let mut moved: Vec<(usize, f64)> = keyed.iter().filter_map(|(vertex, key)| key.map(|key| (*vertex, key))).collect();
    moved.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut moved = moved.into_iter();
    for (place, (vertex, key)) in column.iter_mut().zip(keyed) {
        *place = if key.is_some() { moved.next().map_or(vertex, |(vertex, _)| vertex) } else { vertex };
    }
    for (place, vertex) in column.iter().enumerate() {
        places[*vertex] = place;
    }
}

/// Exchanges neighbours in a column where that leaves fewer crossings.
fn swap(layers: &mut Layers, places: &mut [usize]) {
    for column in &mut layers.columns {
        for upper in 1..column.len() {
            let (a, b) = (column[upper - 1], column[upper]);
            let both = [&layers.left, &layers.right];
            let (mut now, mut then) = (0, 0);
            for side in both {
                // A vertex of very many neighbours is not worth the time.
                if side[a].len() * side[b].len() > 400 {
                    continue;
                }
                for (x, y) in side[a].iter().flat_map(|x| side[b].iter().map(move |y| (*x, *y))) {
                    let (x, y) = (places[x], places[y]);
                    now += usize::from(x > y);
                    then += usize::from(x < y);
                }
            }
            if then < now {
                column.swap(upper - 1, upper);
                places.swap(a, b);
            }
        }
    }
}

/// How many pairs of links cross between neighbouring columns.
pub(super) fn crossings(layers: &Layers, places: &[usize]) -> usize {
    let mut count = 0;
    for (number, column) in layers.columns.iter().enumerate() {
        let Some(next) = layers.columns.get(number + 1) else { break };
        // Targets in order of their sources: each pair in the wrong order is a crossing. They are counted with a tree of sums.
        let mut tree = vec![0_usize; next.len() + 1];
        let mut seen = 0;
        for vertex in column {
            let mut targets: Vec<usize> = layers.right[*vertex].iter().map(|to| places[*to]).collect();
            targets.sort_unstable();
            for target in &targets {
                let (mut at, mut not_above) = (target + 1, 0);
                while at > 0 {
                    not_above += tree[at];
                    at &= at - 1;
                }
                count += seen - not_above;
            }
            for target in targets {
                let mut at = target + 1;
                while at < tree.len() {
                    tree[at] += 1;
                    at += at & at.wrapping_neg();
                }
                seen += 1;
            }
        }
    }
    count
}
