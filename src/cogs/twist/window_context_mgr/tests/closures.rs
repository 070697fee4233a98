//! Contexts of closures: what they make, and what becomes of data when one of them raises.

use std::rc::Rc;

use super::*;
use crate::cog::{Callback, Keeper, Kept};

/// Closures that add the numbers they are given up: they raise for 13 and at a sum of 100, and are over at 50.
pub(super) struct Tally;

impl Callback for Tally {
    fn keeper(&self, _: usize) -> Result<Rc<dyn Keeper>> {
        Ok(Rc::new(Tally))
    }
    fn name(&self) -> String {
        "tally".into()
    }
}

fn sum(kept: &mut Kept) -> &mut Datum {
    kept.downcast_mut().unwrap()
}

impl Keeper for Tally {
    fn make(&self, datum: &Datum) -> Result<Kept> {
        if *datum == Datum::Int(-1) { Err(Error::Other("no beginning".into())) } else { Ok(Box::new(Datum::Int(0))) }
    }
    fn change(&self, kept: &mut Kept, datum: &Datum) -> Result<()> {
        match (sum(kept), datum.as_int()) {
            (_, Some(13) | None) => Err(Error::Other("no luck".into())),
            (sum, Some(n)) => {
                *sum = Datum::Int(sum.as_int().unwrap_or(0) + n);
                Ok(())
            }
        }
    }
    fn test(&self, kept: &mut Kept) -> Result<bool> {
        match sum(kept).as_int() {
            Some(77) => Err(Error::Other("cannot say".into())),
            sum => Ok(sum >= Some(50)),
        }
    }
    fn give(&self, kept: &mut Kept, pieces: &[Datum], _: Option<&Datum>) -> Result<Datum> {
        let sum = sum(kept).clone();
        match sum.as_int() {
            Some(0) => Ok(Datum::Unit),
            Some(100..) => Err(Error::Other("too much".into())),
            Some(7) => Ok(Datum::List([sum, Datum::Int(8)].into())),
            _ => Ok(Datum::List(vec![Datum::List([&[sum], pieces].concat())])),
        }
    }
    fn keep(&self, datum: &Datum) -> Kept {
        Box::new(datum.clone())
    }
    fn push(&self, _: &mut Kept, _: &Datum) {}
    fn show(&self, kept: &Kept) -> Result<Datum> {
        Ok(kept.downcast_ref().cloned().unwrap_or_default())
    }
}

/// A closure that gives the key.
struct Named;

impl Callback for Named {
    fn keeper(&self, _: usize) -> Result<Rc<dyn Keeper>> {
        Ok(Rc::new(Named))
    }
    fn name(&self) -> String {
        "named".into()
    }
}

impl Keeper for Named {
    fn make(&self, _: &Datum) -> Result<Kept> {
        Ok(Box::new(()))
    }
    fn change(&self, _: &mut Kept, _: &Datum) -> Result<()> {
        Ok(())
    }
    fn test(&self, _: &mut Kept) -> Result<bool> {
        Ok(false)
    }
    fn give(&self, _: &mut Kept, pieces: &[Datum], _: Option<&Datum>) -> Result<Datum> {
        Ok(Datum::Map([("k".into(), pieces[0].clone())].into_iter().collect()))
    }
    fn keep(&self, _: &Datum) -> Kept {
        Box::new(())
    }
    fn push(&self, _: &mut Kept, _: &Datum) {}
    fn show(&self, _: &Kept) -> Result<Datum> {
        Ok(Datum::Unit)
    }
}

fn tally(options: &[&'static str]) -> Vec<(&'static str, Given)> {
    let closures = options.iter().map(|name| (*name, Given::Callback(Rc::new(Tally))));
    seconds(closures.collect())
}

const ALL: [&str; 4] = ["ctx_create", "ctx_append", "ctx_close", "ctx_over"];

#[test]
fn closures_say_what_goes_on_and_when() {
    let clock = clock();
    let mut bench = bench(&clock, tally(&ALL));
    assert!(bench.feed(20).is_empty());
    let row = |sum: i64, start: u32| format!(r#"[{sum},"","1970-01-01T00:16:{start}Z","1970-01-01T00:16:{}Z"]"#, start + 10);
    assert_eq!(texts(&bench.feed(30)), [row(50, 40)]);
    pass(&clock, 5);
    assert!(bench.feed(7).is_empty());
    pass(&clock, 10);
    assert_eq!(due(&mut bench), ["7", "8"]);
    // A context that gives nothing has swallowed its data.
    assert!(bench.feed(0).is_empty() && bench.finish().is_empty());
    let books = bench.balance();
    assert_eq!((books.in_flight, books.failed, books.filtered, bench.errors()), (0, 0, 1, 0));
}

#[test]
fn equal_keys_are_one_context_and_its_closure_is_given_the_first_form() {
    let clock = clock();
    let take = Getter::Several([("k"), ("t")].map(|name| Getter::named(name).unwrap()).to_vec().into());
    let given = [seconds(vec![("key_getter", Given::Getter(take))]), vec![("ctx_close", Given::Callback(Rc::new(Named)))]].concat();
    let mut bench = bench(&clock, given);
    for text in [r#"{"k":{"b":1.50,"a":[1, 2]},"t":1}"#, r#"{"k":{"a":[1,2],"b":1.5},"t":1}"#, r#"{"k":{"a":[1,2],"b":1.5},"t":1.0}"#] {
        assert!(bench.feed_parsed(text).is_empty());
    }
    assert_eq!(texts(&bench.finish()), [r#"{"k":[{"b":1.50,"a":[1,2]},1]}"#, r#"{"k":[{"a":[1,2],"b":1.5},1.0]}"#]);
}

#[test]
fn a_closure_that_raises_fails_its_datum_or_its_context() {
    let clock = clock();
    let mut bench = bench(&clock, tally(&ALL[..3]));
    // Neither the first datum of a window nor a later one leaves a trace.
    for n in [-1, 13, 5, 13, 6] {
        assert!(bench.feed(n).is_empty());
    }
    assert_eq!((bench.errors(), bench.balance().failed, bench.balance().in_flight), (3, 3, 2));
    assert_eq!(bench.finish().len(), 1);
    let mut bench = super::bench(&clock, tally(&ALL[..3]));
    for n in [60, 40] {
        bench.feed(n);
    }
    assert!(bench.finish().is_empty());
    let books = bench.balance();
    assert_eq!((bench.errors(), books.failed, books.merged, books.in_flight), (1, 1, 1, 0));
}

#[test]
fn what_fails_goes_where_on_error_says() {
    let clock = clock();
    let mut bench = bench(&clock, [tally(&ALL[..3]), vec![("on_error", "pass".into())]].concat());
    assert_eq!(texts(&bench.feed(13)), ["13"]);
    assert!(bench.feed(100).is_empty());
    // Of a context there is what was gathered.
    assert_eq!(texts(&bench.finish()), ["100"]);
    let books = bench.balance();
    assert_eq!((bench.errors(), books.failed, books.delivered, books.in_flight), (2, 0, 2, 0));
}

#[test]
fn one_that_cannot_say_whether_it_is_over_goes_on() {
    let clock = clock();
    let mut bench = bench(&clock, tally(&ALL));
    assert!(bench.feed(77).is_empty());
    assert_eq!((bench.errors(), bench.balance().failed), (1, 0));
    assert_eq!(bench.finish().len(), 1, "the datum is in its context all the same");
    assert_eq!(bench.balance().in_flight, 0);
}

#[test]
fn without_an_end_the_context_itself_goes_on() {
    let clock = clock();
    let mut bench = bench(&clock, tally(&ALL[..2]));
    for n in [1, 2] {
        bench.feed(n);
    }
    assert_eq!(texts(&bench.finish()), ["3"]);
}

#[test]
fn results_have_ids() {
    let clock = clock();
    let more = vec![("id_setter", "id".into()), ("key_getter", "k".into()), ("ctx_close", Given::Callback(Rc::new(First)))];
    let mut bench = bench(&clock, seconds(more));
    for k in [1, 2] {
        bench.feed_json(&format!(r#"{{"k":{k}}}"#));
    }
    assert_eq!(texts(&bench.finish()), [r#"{"k":1,"id":"window_context_mgr#0"}"#, r#"{"k":2,"id":"window_context_mgr#1"}"#]);
}

/// Gives the first datum.
struct First;

impl Callback for First {
    fn keeper(&self, _: usize) -> Result<Rc<dyn Keeper>> {
        Ok(Rc::new(First))
    }
    fn name(&self) -> String {
        "first".into()
    }
}

impl Keeper for First {
    fn make(&self, _: &Datum) -> Result<Kept> {
        Err(Error::Other("it is not asked".into()))
    }
    fn change(&self, _: &mut Kept, _: &Datum) -> Result<()> {
        Err(Error::Other("it is not asked".into()))
    }
    fn test(&self, _: &mut Kept) -> Result<bool> {
        Ok(false)
    }
    fn give(&self, kept: &mut Kept, _: &[Datum], like: Option<&Datum>) -> Result<Datum> {
        assert_eq!(like, Some(&*sum(kept)));
        Ok(sum(kept).as_list().unwrap()[0].clone())
    }
    fn keep(&self, datum: &Datum) -> Kept {
        Box::new(datum.clone())
    }
    fn push(&self, _: &mut Kept, _: &Datum) {}
    fn show(&self, kept: &Kept) -> Result<Datum> {
        Ok(kept.downcast_ref().cloned().unwrap_or_default())
    }
}
