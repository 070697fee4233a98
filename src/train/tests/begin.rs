//! How cogs begin: each opens what it opens first once, and before it is wound.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::graph::{About, Graph, Node};
use super::super::{Options, Train};
use crate::cog::{Cog, Common, Ctx, Kind};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::escapement::{Clock, Escapement};

type Told = Rc<RefCell<Vec<String>>>;

struct Opener {
    name: &'static str,
    refuses: bool,
    told: Told,
}

impl Cog for Opener {
    fn turn(&mut self, _: &mut Ctx<'_>, _: Datum) -> Result<()> {
        Ok(())
    }

    fn open(&mut self) -> Result<()> {
        self.told.borrow_mut().push(format!("{} opens", self.name));
        if self.refuses { Err(Error::Other("no right to".into())) } else { Ok(()) }
    }

    fn wind(&mut self, _: &mut Ctx<'_>) -> Result<()> {
        self.told.borrow_mut().push(format!("{} is wound", self.name));
        Ok(())
    }
}

fn train(told: &Told, refuses: bool) -> Train {
    let node = |name: &str, kind, targets| Node {
        name: name.into(),
        label: String::new(),
        kind,
        targets,
        route: None,
        branches: Vec::new(),
        about: About::default(),
    };
    let graph = Graph { nodes: vec![node("supply", Kind::Supply, vec![1]), node("drain", Kind::Drain, vec![])] };
    let opener =
        |name, refuses| -> (Box<dyn Cog>, Common) { (Box::new(Opener { name, refuses, told: Rc::clone(told) }), Common::default()) };
    let cogs = vec![opener("supply", refuses), opener("drain", false)];
    Train::new(&graph, cogs, Escapement::new(Clock::by_hand().auto()).unwrap(), Options::default())
}

#[test]
fn all_are_opened_before_rights_are_dropped_and_wound_after_that() {
    let told = Told::default();
    let mut train = train(&told, false);
    train.open().unwrap();
    told.borrow_mut().push("rights are dropped".into());
    assert_eq!(train.run().unwrap(), 0);
    assert_eq!(*told.borrow(), ["drain opens", "supply opens", "rights are dropped", "drain is wound", "supply is wound"]);
}

#[test]
fn who_was_not_let_open_before_does_so_when_it_is_wound() {
    let told = Told::default();
    train(&told, false).run().unwrap();
    assert_eq!(*told.borrow(), ["drain opens", "drain is wound", "supply opens", "supply is wound"]);
}

#[test]
fn what_cannot_be_opened_is_told_by_its_name() {
    assert_eq!(train(&Told::default(), true).open().unwrap_err().to_string(), "supply: no right to");
}
