//! Cogs in columns: each stands to the right of all that feed it, and a link over several columns passes a *bend* in each
//! of those between. Error routes to the same cog share their bends, so that they run together as one line.

use std::collections::{BTreeMap, BTreeSet};

use crate::draw::Edge;

/// A place in a column: a box or a bend. The first vertices are the boxes, in their order.
pub(super) struct Vertex {
    /// The column.
    pub column: usize,
    /// How high it is.
    pub height: f64,
    /// Whether only a link passes here.
    pub bend: bool,
}

/// The graph in columns.
pub(super) struct Layers {
    pub vertices: Vec<Vertex>,
    /// The vertices of each column from the top down.
    pub columns: Vec<Vec<usize>>,
    /// For each vertex its neighbours in the column before.
    pub left: Vec<Vec<usize>>,
    /// And in the column behind.
    pub right: Vec<Vec<usize>>,
    /// Neighbours that only error routes join, `(left, right)`: the others' lines are to be straight first.
    pub errors: BTreeSet<(usize, usize)>,
    /// For each link the vertices from its source to its target; none for a link of a cog to itself.
    pub chains: Vec<Vec<usize>>,
}

/// How high a bend is.
const BEND: f64 = 6.0;

impl Layers {
    /// Puts boxes of these heights in columns.
    pub(super) fn new(heights: &[f64], edges: &[Edge]) -> Self {
        let ends = forward(heights.len(), edges);
        let column = columns_of(heights.len(), &ends);
        let vertices = heights.iter().zip(&column).map(|(height, column)| Vertex { column: *column, height: *height, bend: false });
        let mut layers = Self {
            vertices: vertices.collect(),
            columns: vec![Vec::new(); column.iter().map(|column| column + 1).max().unwrap_or_default()],
            left: Vec::new(),
            right: Vec::new(),
            errors: BTreeSet::new(),
            chains: Vec::new(),
        };
        let mut shared: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (edge, (from, to)) in edges.iter().zip(ends) {
            let mut chain = Vec::new();
            if from != to {
                chain.push(from);
                for between in column[from] + 1..column[to] {
                    let bend =
                        if edge.error { *shared.entry((to, between)).or_insert(layers.vertices.len()) } else { layers.vertices.len() };
                    if bend == layers.vertices.len() {
                        layers.vertices.push(Vertex { column: between, height: BEND, bend: true });
                    }
                    chain.push(bend);
                }
                chain.push(to);
            }
            // Those that were turned lead from right to left.
            if from != edge.from as usize {
                chain.reverse();
            }
            layers.chains.push(chain);
        }
        layers.join(edges);
        layers
    }

    fn join(&mut self, edges: &[Edge]) {
        self.left = vec![Vec::new(); self.vertices.len()];
        self.right = vec![Vec::new(); self.vertices.len()];
        for (number, vertex) in self.vertices.iter().enumerate() {
            self.columns[vertex.column].push(number);
        }
        let mut normal = BTreeSet::new();
        for (chain, edge) in self.chains.iter().zip(edges) {
            for pair in chain.windows(2) {
                let turned = self.vertices[pair[0]].column > self.vertices[pair[1]].column;
                let (a, b) = if turned { (pair[1], pair[0]) } else { (pair[0], pair[1]) };
                let _ = if edge.error { self.errors.insert((a, b)) } else { normal.insert((a, b)) };
                if !self.right[a].contains(&b) {
                    self.right[a].push(b);
                    self.left[b].push(a);
                }
            }
        }
        self.errors.retain(|pair| !normal.contains(pair));
    }
}

/// The ends of each link, turned where it would close a circle. The train refuses circles; a drawing must end all the same.
fn forward(boxes: usize, edges: &[Edge]) -> Vec<(usize, usize)> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); boxes];
    for (number, edge) in edges.iter().enumerate() {
        out[edge.from as usize].push(number);
    }
    let mut ends: Vec<(usize, usize)> = edges.iter().map(|edge| (edge.from as usize, edge.to as usize)).collect();
    // 0: not seen, 1: on the way, 2: done.
    let mut marks = vec![0_u8; boxes];
    for start in 0..boxes {
        let mut path = vec![(start, 0)];
        if std::mem::replace(&mut marks[start], 1) != 0 {
            marks[start] = 2;
            continue;
        }
        while let Some((here, visited)) = path.last_mut() {
            let Some(edge) = out[*here].get(*visited).copied() else {
                marks[*here] = 2;
                path.pop();
                continue;
            };
            *visited += 1;
            let to = edges[edge].to as usize;
            match marks[to] {
                0 => {
                    marks[to] = 1;
                    path.push((to, 0));
                }
                1 => ends[edge] = (to, edges[edge].from as usize),
                _ => {}
            }
        }
    }
    ends
}

/// The column of each box: one behind the last of those that feed it.
fn columns_of(boxes: usize, ends: &[(usize, usize)]) -> Vec<usize> {
    let mut waits = vec![0_usize; boxes];
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); boxes];
    for (from, to) in ends.iter().filter(|(from, to)| from != to) {
        waits[*to] += 1;
        out[*from].push(*to);
    }
    let mut column = vec![0; boxes];
    let mut order: Vec<usize> = (0..boxes).filter(|number| waits[*number] == 0).collect();
    let mut next = 0;
    while let Some(here) = order.get(next).copied() {
        next += 1;
        for to in &out[here] {
            column[*to] = column[*to].max(column[here] + 1);
            waits[*to] -= 1;
            if waits[*to] == 0 {
                order.push(*to);
            }
        }
    }
    column
}
