//! What is worked out, from which pieces of an event, and where it goes in a result.

use std::ops::Range;

use super::functions::{Cell, FUNCTIONS, Function};
use super::table::{Kind, Table};
use crate::cog::{Args, Given};
use crate::cogs::twist::events::{Form, Site, Value};
use crate::datum::{Block, Datum, Map, Text, json};
use crate::error::{Error, Result, nearest};
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
        for (name, function, getter) in outputs(args)? {
            let what = match Cell::new(function) {
                None => What::Count,
                Some(cell) => {
                    let site = Site::new(match getter {
                        Some(getter) => getter,
                        None => Getter::named(&name)?,
                    });
                    let known = plan.sites.iter().position(|known| known.is(&site));
                    plan.takes.push(known.unwrap_or(plan.sites.len()));
                    if known.is_none() {
                        plan.sites.push(site);
                    }
                    plan.blank.push(cell);
                    What::Cell(plan.blank.len() - 1)
                }
            };
            plan.steps.push((Setter::named(&name)?, what));
        }
        plan.steps.retain(|(setter, _)| !setter.is_null());
        let mut items = plan.steps.iter().enumerate().map(|(n, (setter, _))| match setter {
            Setter::Item(key) => !plan.steps[..n].iter().any(|(other, _)| matches!(other, Setter::Item(its) if its == key)),
            _ => false,
        });
        plan.plain = items.all(|one| one);
        Ok(plan)
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

    /// The key of an event, into `scratch`: several pieces as a JSON array.
    pub(super) fn key(&self, datum: &Datum, scratch: &mut String) -> Result<Kind> {
        scratch.clear();
        if let ([one], false) = (&self.keys[..], self.several) {
            let sight = one.see(datum)?;
            if let Some(text) = sight.as_str() {
                scratch.push_str(text);
                return Ok(Kind::Text);
            }
            sight.write(scratch);
            return Ok(Kind::Json);
        }
        let mut lead = '[';
        for site in &self.keys {
            scratch.push(lead);
            lead = ',';
            site.see(datum)?.write(scratch);
        }
        scratch.push(']');
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
            match done.table.rows[row].kind {
                Kind::Text => Datum::Str(Text::span(done.text, place)),
                Kind::Json => json::read(&done.text[place.clone()]).unwrap_or_else(|_| Datum::Str(Text::span(done.text, place))),
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
        }
    }
}

/// The option `fields`: what is worked out under which name, and from what.
fn outputs(args: &Args) -> Result<Vec<(String, Function, Option<Getter>)>> {
    let Some(given) = args.given("fields") else { return Ok(vec![("count".into(), Function::Count, None)]) };
    if let Some(map) = given.map() {
        return map.into_iter().map(|(name, what)| output(name, &what.list().unwrap_or_else(|| vec![what]))).collect();
    }
    let list = given.list().ok_or_else(|| wrong(format!("takes a map or an array, but is given {}", given.kind())))?;
    let one = |one: &Given| match one.list().as_deref() {
        Some([Given::Datum(Datum::Str(name)), rest @ ..]) => output(name.to_string(), rest),
        _ => Err(wrong("takes an array of arrays that begin with a name, such as [\"bytes\", \"sum\"]".into())),
    };
    list.iter().map(one).collect()
}

fn output(name: String, what: &[Given]) -> Result<(String, Function, Option<Getter>)> {
    let names = || FUNCTIONS.iter().map(|(name, _)| *name);
    let (word, getter) = match what {
        [Given::Datum(Datum::Str(word))] => (word, None),
        [Given::Datum(Datum::Str(word)), getter] => (word, Some(getter)),
        _ => return Err(wrong(format!("wants a function, and a getter where it needs one, for `{name}`: [\"sum\", \"bytes\"]"))),
    };
    let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == word.as_str()) else {
        let all = || format!("there are {}", names().collect::<Vec<_>>().join(", "));
        let hint = nearest(word, names()).map_or_else(all, |near| format!("did you mean \"{near}\"?"));
        return Err(Error::Option { option: "fields".into(), text: format!("knows no function \"{word}\""), hint: Some(hint) });
    };
    if *function == Function::Count && getter.is_some() {
        return Err(wrong(format!("\"count\" counts events and takes no getter, in `{name}`")));
    }
    let getter = match getter {
        None => None,
        Some(given) => Some(given.getter()?.ok_or_else(|| wrong(format!("wants a getter for `{name}`, but is given {}", given.kind())))?),
    };
    Ok((name, *function, getter))
}

fn wrong(text: String) -> Error {
    Error::option("fields", text)
}
