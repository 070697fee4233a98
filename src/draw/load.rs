//! What goes through a running train, beside its graph, and numbers as short as a drawing needs them.

use std::collections::BTreeMap;

/// What goes through a cog or along a link.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Events in a second; nothing when it is not known yet.
    pub rate: Option<f64>,
    /// Events that wait.
    pub queue: usize,
    /// Events that failed.
    pub errors: u64,
    /// Events since the start.
    pub total: u64,
    /// Which part of the whole flow this is, from 0 to 1.
    pub share: f64,
}

/// A link of the graph; cogs are places in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// The cog that feeds.
    pub from: u32,
    /// The cog that is fed.
    pub to: u32,
    /// Whether it takes what failed.
    pub error: bool,
    /// Whether it is one of several ways that the cog chooses among for each datum.
    pub branch: bool,
}

impl Edge {
    /// To a cog that is given all.
    pub fn of(from: u32, to: u32) -> Self {
        Self { from, to, error: false, branch: false }
    }

    /// To a cog that takes what failed.
    pub fn of_errors(from: u32, to: u32) -> Self {
        Self { error: true, ..Self::of(from, to) }
    }

    /// To a cog that is given what is chosen for it.
    pub fn of_branch(from: u32, to: u32) -> Self {
        Self { branch: true, ..Self::of(from, to) }
    }
}

/// The loads of a graph's cogs and links.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loads {
    /// Of the cogs, in the order of the graph. Those that are missing are not known.
    pub nodes: Vec<Load>,
    /// Of the links. Those that are missing are not known.
    pub edges: BTreeMap<Edge, Load>,
    /// The cog that holds up the others.
    pub bottleneck: Option<u32>,
}

impl Loads {
    /// What goes through this cog.
    pub(super) fn node(&self, node: usize) -> Option<&Load> {
        self.nodes.get(node)
    }

    /// What goes along this link.
    pub(super) fn edge(&self, edge: Edge) -> Option<&Load> {
        self.edges.get(&edge)
    }

    /// Whether this cog holds up the others.
    pub(super) fn is_bottleneck(&self, node: usize) -> bool {
        self.bottleneck == Some(node as u32)
    }
}

impl Load {
    /// `12.4k/s`, where it is known.
    pub(super) fn rate_text(&self) -> Option<String> {
        self.rate().map(|rate| format!("{}/s", short(rate)))
    }

    /// The rate, where it is known and a number.
    pub(super) fn rate(&self) -> Option<f64> {
        self.rate.filter(|rate| rate.is_finite())
    }

    /// The share, for certain from 0 to 1.
    pub(super) fn part(&self) -> f64 {
        if self.share.is_finite() { self.share.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// A cog's load in words: `12.4k/s, 12 waiting, 3 errors`. What is nought or not known is left out.
    pub(super) fn words(&self) -> String {
        let parts = [self.rate_text().unwrap_or_default(), self.troubles()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// What waits and what failed: `12 waiting, 3 errors`. What is nought is left out.
    pub(super) fn troubles(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        if self.queue > 0 {
            parts.push(format!("{} waiting", short(self.queue as f64)));
        }
        if self.errors > 0 {
            let plural = if self.errors == 1 { "" } else { "s" };
            parts.push(format!("{} error{plural}", short(self.errors as f64)));
        }
        parts.join(", ")
    }
}

/// A number in three digits or little more: `7`, `0.25`, `12.4`, `830`, `12.4k`, `1.2M`.
///
/// ```
/// assert_eq!(deadbeat::draw::short(12_432.0), "12.4k");
/// ```
pub fn short(number: f64) -> String {
    let size = number.abs();
    // What would be rounded up to four digits takes the next unit.
    let (by, unit) = match size {
        _ if size < 999.5 => (1.0, ""),
        _ if size < 999.5e3 => (1e3, "k"),
        _ if size < 999.5e6 => (1e6, "M"),
        _ if size < 999.5e9 => (1e9, "G"),
        _ => (1e12, "T"),
    };
    let scaled = number / by;
    let digits = match scaled.abs() {
        scaled if scaled >= 99.95 => 0,
        scaled if scaled >= 0.995 || scaled == 0.0 => 1,
        _ => 2,
    };
    let text = format!("{scaled:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{}{unit}", if text == "-0" { "0" } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (0.004, "0"),
            (0.25, "0.25"),
            (0.999, "1"),
            (7.0, "7"),
            (12.44, "12.4"),
            (99.96, "100"),
            (830.2, "830"),
            (999.4, "999"),
            (999.6, "1k"),
            (12_432.0, "12.4k"),
            (124_320.0, "124k"),
            (999_499.0, "999k"),
            (999_600.0, "1M"),
            (1_234_567.0, "1.2M"),
            (2.5e9, "2.5G"),
            (7e15, "7000T"),
            (-1500.0, "-1.5k"),
        ] {
            assert_eq!(short(number), text, "{number}");
        }
    }

    #[test]
    fn a_load_tells_only_what_there_is() {
        assert_eq!(Load::default().words(), "");
        assert_eq!(Load { rate: Some(12_432.0), queue: 1200, errors: 1, ..Load::default() }.words(), "12.4k/s, 1.2k waiting, 1 error");
        assert_eq!(Load { rate: Some(f64::NAN), share: f64::NAN, ..Load::default() }.words(), "");
    }
}
