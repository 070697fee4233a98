//! What is worked out, from which pieces of an event, and where it goes in a result.

use std::collections::HashSet;
use std::ops::Range;

use super::fields::{self, Output};
use super::functions::{Cell, Function};
use super::piles::Pile;
use super::table::{Kind, Seed, Table};
use crate::cog::Args;
use crate::cogs::twist::events::{Form, Site, Value};
use crate::cogs::twist::key_text::KeyText;
use crate::datum::{Block, Datum, Map, Text, json};
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter};

/// See the module.
pub(super) struct Plan {
    /// What makes up the key; none for one key for all.
    pub(super) keys: Vec<Site>,
    /// Whether the key is an array of them.
    pub(super) several: bool,
    /// Pieces that functions are given, each once.
    sites: Vec<Site>,
    /// Which piece each cell takes.
    takes: Vec<usize>,
    /// The cells of a key without events.
    pub(super) blank: Vec<Cell>,
    /// Pieces that are gathered themselves, each once.
    piece_sites: Vec<Site>,
    /// The piles of a key without events.
    pub(super) piles: Vec<Pile>,
    /// Which piece each of them takes; of numbers, which of those that functions are given.
    pile_takes: Vec<usize>,
    /// Whether equal pieces must be known.
    hashes: bool,
    /// Where the parts of a result go, in order.
    steps: Vec<(Setter, What)>,
    /// All of them are items under keys that differ.
    plain: bool,
}

/// A part of a result.
#[derive(Clone, Copy)]
enum What {
    Start,
    End,
    Key,
    /// One of several that make up the key.
    OneKey(usize),
    Count,
    Cell(usize),
    /// With the quantile that is asked for, of numbers.
    Pile(usize, f64),
}

/// A window whose results are made.
pub(super) struct Done<'a> {
    pub(super) span: Range<i64>,
    pub(super) form: Form,
    pub(super) table: &'a Table,
    /// The text of all keys.
    pub(super) text: &'a Block,
}

impl Plan {
    pub(super) fn of(args: &Args) -> Result<Self> {
        let mut plan = Self {
            keys: Vec::new(),
            several: false,
            sites: Vec::new(),
            takes: Vec::new(),
            blank: Vec::new(),
            piece_sites: Vec::new(),
            piles: Vec::new(),
            pile_takes: Vec::new(),
            hashes: false,
            steps: Vec::new(),
            plain: false,
        };
        plan.steps.push((args.setter("start_setter"), What::Start));
        plan.steps.push((args.setter("end_setter"), What::End));
        match args.opt_getter("key_getter") {
            None if args.is_given("key_setter") => return Err(Error::option("key_setter", "has a meaning only with `key_getter`")),
            None => {}
            Some(getter) => plan.set_keys(getter, args.is_given("key_setter").then(|| args.setter("key_setter"))),
        }
        for output in fields::outputs(args)? {
            let what = plan.output(&output)?;
            plan.steps.push((Setter::named(&output.name)?, what));
        }
        plan.steps.retain(|(setter, _)| !setter.is_null());
        for (n, (setter, _)) in plan.steps.iter().enumerate() {
            if let Setter::Item(key) = setter
                && plan.steps[..n].iter().any(|(other, _)| matches!(other, Setter::Item(its) if its == key))
            {
                let text = format!("`{key}` would be written twice: begin, end, key and outputs of a result must have names of their own");
                return Err(Error::option("fields", text));
            }
        }
        plan.plain = plan.steps.iter().all(|(setter, _)| matches!(setter, Setter::Item(_)));
        Ok(plan)
    }

    /// Has what makes up an output gathered.
    fn output(&mut self, output: &Output) -> Result<What> {
        if output.function == Function::Count {
            return Ok(What::Count);
        }
        let site = Site::new(match &output.getter {
            Some(getter) => getter.clone(),
            None => Getter::named(&output.name)?,
        });
        let place = |sites: &mut Vec<Site>| {
            let known = sites.iter().position(|known| known.is(&site));
            known.unwrap_or_else(|| {
                sites.push(site);
                sites.len() - 1
            })
        };
        if let Some(cell) = Cell::new(output.function) {
            self.takes.push(place(&mut self.sites));
            self.blank.push(cell);
            return Ok(What::Cell(self.blank.len() - 1));
        }
        let pile = match output.function {
            Function::First => Pile::First(Datum::Unit),
            Function::Last => Pile::Last(Datum::Unit, 0),
            Function::List => Pile::List(output.limit, Vec::new()),
            Function::Set => Pile::Set(output.limit, Vec::new(), HashSet::new()),
            Function::Distinct => Pile::Distinct(HashSet::new()),
            _ => {
                let site = place(&mut self.sites);
                // All quantiles of the same numbers are taken from the same pile.
                let known = (0..self.piles.len()).find(|n| self.pile_takes[*n] == site && matches!(self.piles[*n], Pile::Numbers(_)));
                let pile = known.unwrap_or_else(|| {
                    self.pile_takes.push(site);
                    self.piles.push(Pile::Numbers(Vec::new()));
                    self.piles.len() - 1
                });
                return Ok(What::Pile(pile, output.quantile));
            }
        };
        self.hashes |= matches!(pile, Pile::Set(..) | Pile::Distinct(_));
        self.pile_takes.push(place(&mut self.piece_sites));
        self.piles.push(pile);
        Ok(What::Pile(self.piles.len() - 1, 0.0))
    }

    fn set_keys(&mut self, getter: Getter, setter: Option<Setter>) {
        // The whole datum is no place in a result.
        let place = |getter: &Getter, else_: &str| match getter.as_setter() {
            Some(Setter::Whole) | None => Setter::Item(else_.into()),
            Some(setter) => setter,
        };
        match (getter, setter) {
            (Getter::Several(getters), setter) => {
                if let Some(setter) = setter {
                    self.steps.push((setter, What::Key));
                } else {
                    let one = |(n, getter)| (place(getter, &format!("key{}", n + 1)), What::OneKey(n));
                    self.steps.extend(getters.iter().enumerate().map(one));
                }
                self.several = true;
                self.keys = getters.iter().cloned().map(Site::new).collect();
            }
            (getter, setter) => {
                self.steps.push((setter.unwrap_or_else(|| place(&getter, "key")), What::Key));
                self.keys.push(Site::new(getter));
            }
        }
    }

    /// The numbers that the functions are given, into `values`.
    #[inline]
    pub(super) fn values(&self, datum: &Datum, values: &mut Vec<Value>) -> Result<()> {
        values.clear();
        for site in &self.sites {
            values.push(Value::at(site, datum)?);
        }
        Ok(())
    }

    /// The pieces that are gathered themselves with their hashes, into `pieces`.
    pub(super) fn pieces(&self, datum: &Datum, seed: Seed, pieces: &mut Vec<(Datum, u64)>, scratch: &mut String) -> Result<()> {
        pieces.clear();
        for site in &self.piece_sites {
            // It may stay for long: it must not keep what was read with it.
            let piece = site.piece(datum)?.detach();
            let hash = if self.hashes {
                scratch.clear();
                json::write_canonical(scratch, &piece);
                seed.hash(Kind::Json, scratch)
            } else {
                0
            };
            pieces.push((piece, hash));
        }
        Ok(())
    }

    /// The key of an event, into `key`: several pieces as a JSON array.
    pub(super) fn key(&self, datum: &Datum, key: &mut KeyText) -> Result<Kind> {
        key.clear();
        if let ([one], false) = (&self.keys[..], self.several) {
            let sight = one.see(datum)?;
            if let Some(text) = sight.as_str() {
                key.text.push_str(text);
                return Ok(Kind::Text);
            }
            key.add_seen(&sight);
        } else {
            let mut lead = '[';
            for site in &self.keys {
                key.push(lead);
                lead = ',';
                key.add_seen(&site.see(datum)?);
            }
            key.push(']');
        }
        key.compare();
        Ok(Kind::Json)
    }

    /// Gives the values of an event to the functions of a row.
    #[inline]
    pub(super) fn take(&self, table: &mut Table, row: usize, values: &[Value]) {
        table.rows[row].count += 1;
        let cells = &mut table.cells[row * self.takes.len()..][..self.takes.len()];
        for (cell, site) in cells.iter_mut().zip(&self.takes) {
            cell.take(values[*site]);
        }
    }

    /// Gives the pieces and values of an event to the piles of a row; gives the bytes that they take.
    pub(super) fn pile(&self, table: &mut Table, row: usize, values: &[Value], pieces: &[(Datum, u64)]) -> usize {
        let piles = &mut table.piles[row * self.piles.len()..][..self.piles.len()];
        let one = |(pile, site): (&mut Pile, &usize)| match pile {
            Pile::Numbers(_) => pile.take_number(values[*site]),
            pile => pile.take(&pieces[*site].0, pieces[*site].1),
        };
        piles.iter_mut().zip(&self.pile_takes).map(one).sum()
    }

    /// The result for a row, as far as it can be made.
    pub(super) fn result(&self, done: &Done<'_>, row: usize) -> (Datum, Result<()>) {
        let mut map = Map::with_capacity(self.steps.len());
        if self.plain {
            for (setter, what) in &self.steps {
                if let Setter::Item(key) = setter {
                    map.push(key.clone(), self.part(done, row, *what));
                }
            }
            return (Datum::Map(map), Ok(()));
        }
        let mut datum = Datum::Map(map);
        let made = self.steps.iter().try_for_each(|(setter, what)| setter.set(&mut datum, self.part(done, row, *what)));
        (datum, made)
    }

    fn part(&self, done: &Done<'_>, row: usize, what: What) -> Datum {
        let key = || {
            let place = done.table.key(row);
            match (done.table.rows[row].kind, done.table.own.get(&row)) {
                (Kind::Text, _) => Datum::Str(Text::span(done.text, place)),
                (Kind::Json, Some(own)) => json::read(own).unwrap_or_else(|_| Datum::str(&**own)),
                (Kind::Json, None) => json::read(&done.text[place.clone()]).unwrap_or_else(|_| Datum::Str(Text::span(done.text, place))),
            }
        };
        match what {
            What::Start => done.form.datum(done.span.start),
            What::End => done.form.datum(done.span.end),
            What::Key => key(),
            What::OneKey(n) => match key().open() {
                Datum::List(list) => std::mem::take(&mut list[n]),
                _ => Datum::Unit,
            },
            What::Count => Datum::Int(done.table.rows[row].count as i64),
            What::Cell(n) => done.table.cells[row * self.takes.len() + n].result(),
            What::Pile(n, quantile) => done.table.piles[row * self.piles.len() + n].result(quantile),
        }
    }
}
