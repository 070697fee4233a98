//! `reload` and `undo`: another version of the script in the running train.
//!
//! It is wound beside the old one first, on the workbench, so that a script with a fault changes nothing. Then it is decided cog by cog
//! what stays: what is given the same options, and closures of the same text, stays with all that it keeps. The rest is made anew and
//! [swapped](Train::swap) in.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::ask::Use;
use super::handle::{Answer, Asker};
use super::words::{Words, Wrong};
use super::{Control, map};
use crate::cog::Kind;
use crate::datum::Datum;
use crate::log;
use crate::script::bench::{Bench, Task};
use crate::script::{self, Wound};
use crate::train::graph::{Graph, Node};
use crate::train::{Plan, Train, recorded};

/// The version that runs, once it is not the first: for who tells it of the end.
pub type Replaced = Rc<RefCell<Option<Wound>>>;

/// Cogs whose constructors are this one are told by their place, as nobody names them.
const CLOSURES: &str = "closure:";

impl Control {
    /// `reload [FILE] [--check]`
    pub(super) fn reload(&mut self, train: &mut Train, asker: &Asker, words: &Words) -> Answer {
        let path = words.arg(0).map_or_else(|| self.about.script.clone(), PathBuf::from);
        let check = words.option("--check").is_some();
        let task = Task::Check { path: path.clone(), setting: self.about.setting.clone() };
        self.ask(train, asker, task, Use::Reload { path, check })
    }

    /// The new version was looked at: it is put in, unless that was all.
    pub(super) fn checked(
        &mut self,
        train: &mut Train,
        path: &Path,
        check: bool,
        warnings: &[String],
        compared: Option<Datum>,
    ) -> Result<Datum, Wrong> {
        let wound = script::wind(path, self.about.setting.clone()).map_err(|_| Wrong::new("it was changed meanwhile"))?;
        let mut told = self.put_in(train, wound, check, warnings)?;
        if let (Some(map), Some(compared)) = (told.map_mut(), compared) {
            map.push("compared".into(), compared);
        }
        Ok(told)
    }

    /// `undo`
    pub(super) fn undo(&mut self, train: &mut Train) -> Result<Datum, Wrong> {
        let text = self.before.clone().ok_or_else(|| Wrong::new("there was no other version before"))?;
        let dir = self.about.script.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        let name = self.about.script.to_string_lossy().into_owned();
        let wound = script::wind_text(&name, &text, &dir, self.about.setting.clone()).map_err(|_| Wrong::new("it can be read no more"))?;
        self.put_in(train, wound, false, &[])
    }

    fn put_in(&mut self, train: &mut Train, mut wound: Wound, check: bool, warnings: &[String]) -> Result<Datum, Wrong> {
        if wound.is_faulty() || !wound.run {
            return Err(Wrong::new("this version runs no train").hint("nothing was changed: the version before runs on"));
        }
        recorded::play(&self.about.setting.replay, &mut wound.graph, &mut wound.cogs).map_err(|error| Wrong::new(error.to_string()))?;
        let pairs = pair(&self.graph, &wound.graph);
        let fates = fates(&self.graph, &wound.graph, &pairs)?;
        let plan = Plan {
            stays: fates.iter().map(|fate| if let Fate::Stays(old) = fate { Some(self.numbers[*old]) } else { None }).collect(),
            takes_over: fates.iter().map(|fate| if let Fate::Anew(Some(old)) = fate { Some(self.numbers[*old]) } else { None }).collect(),
        };
        let told = self.told(&wound.graph, &fates, check, warnings);
        if check {
            return Ok(told);
        }
        let cogs = std::mem::take(&mut wound.cogs);
        let numbers = train.swap(&wound.graph, cogs, &plan, &wound.options);
        self.numbers = numbers.map_err(|error| {
            log::warning(format_args!("control: the new version was not loaded: {error}"));
            Wrong { text: error.to_string(), hint: Some("nothing was changed: the version before runs on".to_owned()) }
        })?;
        log::notice(format_args!("control: another version of `{}` runs now", wound.script_name()));
        self.before = Some(std::mem::replace(&mut self.text, wound.text().to_owned()));
        self.live = wound.live();
        self.graph = wound.graph.clone();
        self.bench = Bench::of(&wound, self.about.setting.clone());
        *self.replaced.borrow_mut() = Some(wound);
        self.stops.find(train);
        self.retap(train);
        Ok(told)
    }

    fn told(&self, new: &Graph, fates: &[Fate], check: bool, warnings: &[String]) -> Datum {
        let names = |meant: &dyn Fn(&Fate) -> bool| {
            let found = new.nodes.iter().zip(fates).filter(|(_, fate)| meant(fate));
            Datum::List(found.map(|(node, _)| Datum::from(node.name.as_str())).collect())
        };
        let used: Vec<usize> = fates.iter().filter_map(Fate::old).collect();
        let gone = self.graph.nodes.iter().enumerate().filter(|(old, _)| !used.contains(old));
        map([
            (if check { "would_reload" } else { "reloaded" }, Datum::Bool(true)),
            ("stay", names(&|fate| matches!(fate, Fate::Stays(_)))),
            ("anew", names(&|fate| matches!(fate, Fate::Anew(Some(_))))),
            ("new", names(&|fate| matches!(fate, Fate::Anew(None)))),
            ("gone", Datum::List(gone.map(|(_, node)| Datum::from(node.name.as_str())).collect())),
            ("warnings", Datum::List(warnings.iter().map(|text| Datum::from(text.as_str())).collect())),
        ])
    }
}

/// What becomes of a cog of the new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The old one, by its place in the old graph, stays as it is.
    Stays(usize),
    /// It is made anew, in the place of that old one where there was one.
    Anew(Option<usize>),
}

impl Fate {
    fn old(&self) -> Option<usize> {
        match self {
            Self::Stays(old) => Some(*old),
            Self::Anew(old) => *old,
        }
    }
}

/// Whether an old cog and a new one belong together.
type Rule<'a> = &'a dyn Fn(&Node, &Node) -> bool;

/// Which old cog each new one is the successor of. Those that are equal come first, whatever they are called now; then those of one
/// name; then closures, in their order.
fn pair(old: &Graph, new: &Graph) -> Vec<Option<usize>> {
    let mut pairs: Vec<Option<usize>> = vec![None; new.nodes.len()];
    let is_closure = |node: &Node| node.name.starts_with(CLOSURES);
    let equal = |a: &Node, b: &Node| a.about.spec == b.about.spec && a.about.print == b.about.print;
    let rules: [Rule<'_>; 4] = [
        &|a, b| equal(a, b) && a.name == b.name && !is_closure(a),
        &equal,
        &|a, b| a.name == b.name && a.about.spec == b.about.spec && !is_closure(a),
        &|a, b| is_closure(a) && is_closure(b),
    ];
    for rule in rules {
        for (place, node) in new.nodes.iter().enumerate() {
            if pairs[place].is_none() {
                pairs[place] =
                    old.nodes.iter().enumerate().find(|(n, other)| rule(other, node) && !pairs.contains(&Some(*n))).map(|(n, _)| n);
            }
        }
    }
    pairs
}

fn fates(old: &Graph, new: &Graph, pairs: &[Option<usize>]) -> Result<Vec<Fate>, Wrong> {
    let mut fates = Vec::new();
    for (node, pair) in new.nodes.iter().zip(pairs) {
        fates.push(match *pair {
            Some(n) if old.nodes[n].about == node.about || old.nodes[n].about.print == node.about.print => Fate::Stays(n),
            // One that the script itself makes binds anew what it waits for.
            Some(_) if node.kind == Kind::Supply && node.about.spec != "movement::cog" => {
                let wrong = Wrong::new(format!("the supply `{}` has other options than before", node.name));
                return Err(wrong.hint("supplies keep their place in what they read: restart the process to change one"));
            }
            other => Fate::Anew(other),
        });
    }
    Ok(fates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Setting, wind_text};

    fn graph(middle: &str) -> Graph {
        let text =
            format!("let train = movement::train(); train.update(fs::stdin_supply() |> {middle} |> fs::stdout_drain()); train.run();");
        wind_text("a.rhai", &text, Path::new("."), Setting::default()).map_err(|_| "it must compile").unwrap().graph
    }

    fn told(old: &str, new: &str) -> Vec<String> {
        let (old, new) = (graph(old), graph(new));
        let fates = fates(&old, &new, &pair(&old, &new)).unwrap();
        let name = |n: &usize| old.nodes[*n].name.clone();
        let told = new.nodes.iter().zip(&fates).map(|(node, fate)| match fate {
            Fate::Stays(old) => format!("{} stays {}", node.name, name(old)),
            Fate::Anew(Some(old)) => format!("{} for {}", node.name, name(old)),
            Fate::Anew(None) => format!("{} new", node.name),
        });
        told.skip(1).take(new.nodes.len() - 2).collect()
    }

    #[test]
    fn what_is_the_same_stays_whatever_it_is_called() {
        assert_eq!(told("(|d| d.n > 1)", "\n\n (|d| d.n > 1)"), ["closure:3 stays closure:1"]);
        assert_eq!(
            told("twist::filter(|d| d.n > 1)", "twist::filter(|d| d.m > 1) |> twist::filter(|d| d.n > 1)"),
            ["filter new", "filter2 stays filter"]
        );
    }

    #[test]
    fn what_changed_is_made_anew_in_its_place() {
        assert_eq!(told("twist::filter(|d| d.n > 1)", "twist::filter(|d| d.n > 2)"), ["filter for filter"]);
        assert_eq!(told("(|d| d.n > 1)", "(|d| d.n > 2)"), ["closure:1 for closure:1"]);
        assert_eq!(told("(|d| d.n > 1)", "text::json_parse()"), ["json_parse new"]);
    }

    #[test]
    fn a_changed_supply_is_refused() {
        let text = |file: &str| {
            format!("let train = movement::train(); train.update(fs::file_watcher_supply(\"{file}\") |> fs::stdout_drain()); train.run();")
        };
        let graph =
            |file: &str| wind_text("a.rhai", &text(file), Path::new("."), Setting::default()).map_err(|_| "it must compile").unwrap().graph;
        let (old, new) = (graph("a"), graph("b"));
        assert!(fates(&old, &new, &pair(&old, &new)).unwrap_err().text.contains("file_watcher_supply"));
    }
}
