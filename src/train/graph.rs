//! The geartrain's graph: which cog feeds which, and what can be wrong with that.

use crate::cog::Kind;
use crate::error::Error;

/// One cog in the graph.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name, unique in the train.
    pub name: String,
    /// Its rendering, `name(option=value, …)`, secrets masked.
    pub label: String,
    /// What it is for.
    pub kind: Kind,
    /// Cogs it feeds, in order.
    pub targets: Vec<u32>,
    /// The cog that takes what fails in it.
    pub route: Option<u32>,
    /// Where else it may send data, one by one, by the number of the branch.
    pub branches: Vec<Branch>,
    /// What the script says of it.
    pub about: About,
}

/// One of the ways out that a cog chooses among.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The cog that it leads to.
    pub to: u32,
    /// The option that names it: `reject`, `cases[0]`.
    pub label: String,
}

/// What the script says of a cog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// What it is: `text::csv_parse`.
    pub spec: String,
    /// Where it was made: `file:line`.
    pub place: Option<String>,
    /// Stands for all that it was given, closures with their text included: equal in two scripts when the cogs do the same.
    pub print: u64,
}

/// What is wrong, or odd, with a graph.
#[derive(Debug)]
pub struct Fault {
    /// The cog it is told of.
    pub node: Option<u32>,
    /// What it is.
    pub error: Error,
    /// Whether the train can run all the same.
    pub warning: bool,
}

/// Cogs and links, in order of appearance. Numbers are places in `nodes`.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// The cogs.
    pub nodes: Vec<Node>,
}

impl Graph {
    /// Lets `from` feed `to`.
    pub fn link(&mut self, from: u32, to: u32) {
        self.nodes[from as usize].targets.push(to);
    }

    /// Whether any cog feeds that one, or sends it what fails.
    pub fn is_fed(&self, node: u32) -> bool {
        self.nodes.iter().any(|other| other.reaches().any(|to| to == node))
    }

    /// All faults: an empty train, links given twice, circles, cogs that nothing can reach.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.nodes.is_empty() {
            faults.push(Fault { node: None, error: Error::Other("the train has no cogs".into()), warning: false });
            return faults;
        }
        for (number, node) in self.nodes.iter().enumerate() {
            for (place, target) in node.targets.iter().enumerate() {
                if node.targets[..place].contains(target) {
                    let text = format!("`{}` feeds `{}` twice", node.name, self.nodes[*target as usize].name);
                    faults.push(Fault { node: Some(number as u32), error: Error::Other(text), warning: false });
                }
            }
        }
        if let Some(path) = self.circle() {
            let names = path.iter().map(|n| self.nodes[*n as usize].name.clone()).collect();
            faults.push(Fault { node: path.first().copied(), error: Error::Cycle { path: names }, warning: false });
            return faults;
        }
        for (number, node) in self.nodes.iter().enumerate() {
            if node.kind != Kind::Supply && !self.is_fed(number as u32) {
                let text = format!("`{}` is no supply and nothing feeds it", node.name);
                faults.push(Fault { node: Some(number as u32), error: Error::Other(text), warning: true });
            }
        }
        faults
    }

    /// The first circle in order of appearance, its first cog named again at the end.
    fn circle(&self) -> Option<Vec<u32>> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            OnPath,
            Done,
        }
        let mut marks = vec![Mark::New; self.nodes.len()];
        for start in 0..self.nodes.len() as u32 {
            // An own stack, as trains may be long: (cog, how many of its targets were visited).
            let mut path: Vec<(u32, usize)> = Vec::new();
            if marks[start as usize] == Mark::New {
                marks[start as usize] = Mark::OnPath;
                path.push((start, 0));
            }
            while let Some((here, visited)) = path.last_mut() {
                let next = self.nodes[*here as usize].reaches().nth(*visited);
                *visited += 1;
                match next {
                    None => {
                        marks[*here as usize] = Mark::Done;
                        path.pop();
                    }
                    Some(next) if marks[next as usize] == Mark::OnPath => {
                        let from = path.iter().position(|(n, _)| *n == next).unwrap_or(0);
                        return Some(path[from..].iter().map(|(n, _)| *n).chain([next]).collect());
                    }
                    Some(next) if marks[next as usize] == Mark::New => {
                        marks[next as usize] = Mark::OnPath;
                        path.push((next, 0));
                    }
                    Some(_) => {}
                }
            }
        }
        None
    }

    /// The cogs so that each stands behind all that feed it; supplies first, else in order of appearance.
    pub fn order(&self) -> Vec<u32> {
        let mut waits = vec![0_usize; self.nodes.len()];
        for node in &self.nodes {
            for target in node.reaches() {
                waits[target as usize] += 1;
            }
        }
        let mut order: Vec<u32> = (0..self.nodes.len() as u32).filter(|n| waits[*n as usize] == 0).collect();
        let mut next = 0;
        while next < order.len() {
            for target in self.nodes[order[next] as usize].reaches() {
                waits[target as usize] -= 1;
                if waits[target as usize] == 0 {
                    order.push(target);
                }
            }
            next += 1;
        }
        order
    }
}

impl Node {
    /// All cogs that data can go to from here, the error route last.
    pub fn reaches(&self) -> impl Iterator<Item = u32> + '_ {
        self.targets.iter().copied().chain(self.branches.iter().map(|branch| branch.to)).chain(self.route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn graph(kinds: &[Kind], links: &[(u32, u32)]) -> Graph {
        let nodes = kinds.iter().enumerate().map(|(n, kind)| Node {
            name: format!("c{n}"),
            label: String::new(),
            kind: *kind,
            targets: Vec::new(),
            route: None,
            branches: Vec::new(),
            about: About::default(),
        });
        let mut graph = Graph { nodes: nodes.collect() };
        for (from, to) in links {
            graph.link(*from, *to);
        }
        graph
    }

    fn texts(graph: &Graph) -> Vec<String> {
        graph.check().iter().map(|fault| fault.error.to_string()).collect()
    }

    #[test]
    fn a_circle_is_printed_as_a_path() {
        let circle = graph(&[Kind::Supply, Kind::Convert, Kind::Convert, Kind::Drain], &[(0, 1), (1, 2), (2, 3), (3, 1)]);
        assert_eq!(texts(&circle), ["the train runs in a circle: c1 -> c2 -> c3 -> c1"]);
        assert_eq!(texts(&graph(&[Kind::Convert], &[(0, 0)]))[0], "the train runs in a circle: c0 -> c0");
    }

    #[test]
    fn a_diamond_is_no_circle_and_a_doubled_link_is_refused() {
        let kinds = [Kind::Supply, Kind::Convert, Kind::Convert, Kind::Drain];
        assert!(texts(&graph(&kinds, &[(0, 1), (0, 2), (1, 3), (2, 3)])).is_empty());
        assert_eq!(texts(&graph(&kinds[..2], &[(0, 1), (0, 1)])), ["`c0` feeds `c1` twice"]);
    }

    #[test]
    fn what_nothing_feeds_is_told_and_an_empty_train_refused() {
        assert_eq!(texts(&graph(&[Kind::Supply, Kind::Drain], &[])), ["`c1` is no supply and nothing feeds it"]);
        assert_eq!(texts(&Graph::default()), ["the train has no cogs"]);
    }

    proptest! {
        #[test]
        fn the_order_respects_every_link(links in proptest::collection::vec((0_u32..12, 0_u32..12), 0..40)) {
            let forward: Vec<(u32, u32)> = links.into_iter().filter(|(a, b)| a < b).collect();
            let graph = graph(&[Kind::Convert; 12], &forward);
            let order = graph.order();
            prop_assert_eq!(order.len(), 12);
            let place = |n: u32| order.iter().position(|m| *m == n);
            for (from, to) in forward {
                prop_assert!(place(from) < place(to));
            }
        }
    }
}
