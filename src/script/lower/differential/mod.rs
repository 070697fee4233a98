//! Both roads on random scripts and events: what is lowered must give what the interpreter gives.
//!
//! A script's callable is taken as getter, setter, deleter, predicate, function or cog, once with lowering and once
//! without, and handed the same events; results are compared as JSON, byte for byte, and errors by their whole text.
//! `PROPTEST_CASES` says how many scripts are tried.

mod events;
mod expressions;
mod regressions;
mod statements;

use std::cell::Cell;
use std::rc::Rc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestRunner};
use rhai::{Dynamic, FnPtr};

use crate::cog::{Books, Callback, Cog, Common, Ctx, Seat};
use crate::datum::{Datum, json};
use crate::error::Result;
use crate::escapement::{Clock, Escapement};
use crate::getset::{Deleter, Func, Getter, Predicate, Setter};
use crate::script::callback::ScriptFn;
use crate::script::convert::{from_rhai, to_rhai};
use crate::script::host::Host;
use crate::script::libraries;
use crate::script::lower::swift::WENT;
use crate::script::watch::Watch;
use crate::script::winding::{Desk, Setting};

use events::Given;
use statements::{Script, Use};

/// The callable as what it is used for.
enum Made {
    Getter(Getter),
    Predicate(Predicate),
    Setter(Setter),
    Deleter(Deleter),
    Func(Func),
    Cog(Box<dyn Cog>),
}

/// One script, wound one way.
struct Road {
    made: Made,
    /// What kept its callables back.
    refusals: Vec<String>,
    /// Operations that the interpreter did since this was last looked at.
    interpreted: Rc<Cell<u64>>,
    esc: Escapement,
    books: Rc<Books>,
    seat: Seat,
}

impl Road {
    /// Winds the script; why it does not compile, or what raised.
    fn wind(script: &Script, lowers: bool) -> std::result::Result<Self, String> {
        let source = Rc::new(libraries::source("script.rhai", script.text.clone()));
        let desk = Desk::new(Setting { no_lower: !lowers, ..Setting::default() });
        let watch = Watch::new();
        let mut engine = crate::script::engine::engine(&desk, &watch);
        let interpreted = Rc::new(Cell::new(0));
        let (counter, limits) = (Rc::clone(&interpreted), Rc::clone(&watch));
        engine.on_progress(move |_| {
            counter.set(counter.get() + 1);
            limits.check()
        });
        let mut tree = engine.compile(&script.text).map_err(|error| format!("does not compile: {error}"))?;
        tree.set_source(source.name.clone());
        let host = Rc::new(Host::new(engine, tree, source, Vec::new(), watch, lowers));
        desk.seat(&host);
        let value: Dynamic = host.evaluate(&mut rhai::Scope::new()).map_err(|error| format!("does not evaluate: {error}"))?;
        let function = value.try_cast::<FnPtr>().ok_or("gives no callable")?;
        let callable = ScriptFn::new(&host, function);
        let made = match script.used {
            Use::Getter => callable.getter().map(Made::Getter),
            Use::Predicate => callable.predicate().map(Made::Predicate),
            Use::Setter => callable.setter().map(Made::Setter),
            Use::Deleter => callable.deleter().map(Made::Deleter),
            Use::Func => callable.func().map(Made::Func),
            Use::Cog => callable.cog().map(Made::Cog),
        };
        let made = made.map_err(|error| error.to_string())?;
        let esc = Escapement::new(Clock::by_hand()).map_err(|error| error.to_string())?;
        interpreted.set(0);
        let refusals = super::told(&host)
            .into_iter()
            .filter(|told| told.name.starts_with("closure"))
            .filter_map(|told| Some(told.refused?.0))
            .collect();
        Ok(Self { made, refusals, interpreted, esc, books: Books::new(), seat: Seat::new(0, "cog", Common::default()) })
    }

    /// What comes of one event.
    fn turn(&mut self, event: &Given, piece: &Given) -> String {
        let mut datum = event.read();
        let result = match &mut self.made {
            // What a getter gives is a value of its own: only what it means counts.
            Made::Getter(getter) => getter.get(&datum).map(|found| meaning(&found)),
            Made::Predicate(predicate) => predicate.test(&datum).map(|truth| truth.to_string()),
            // A setter that is one assignment keeps how a number in the piece was written and in which order its keys stand.
            Made::Setter(setter) => {
                let piece = from_rhai(to_rhai(&piece.read())).expect("JSON travels");
                let shows = if matches!(piece.kind(), "map" | "array") { meaning } else { json::to_string };
                setter.set(&mut datum, piece).map(|()| shows(&datum))
            }
            Made::Deleter(deleter) => deleter.delete(&mut datum).map(|()| json::to_string(&datum)),
            Made::Func(func) => func.call(datum).map(|datum| json::to_string(&datum)),
            Made::Cog(cog) => turn(&mut **cog, &mut self.esc, &self.books, &mut self.seat, datum),
        };
        result.unwrap_or_else(|error| format!("error: {error}"))
    }
}

fn turn(cog: &mut dyn Cog, esc: &mut Escapement, books: &Rc<Books>, seat: &mut Seat, datum: Datum) -> Result<String> {
    let mut ctx = Ctx::new(esc, books, seat, Vec::new());
    cog.turn(&mut ctx, datum)?;
    Ok(ctx.into_emitted().0.iter().map(|event| json::to_string(&event.datum)).collect::<Vec<_>>().join(" then "))
}

/// The value without how its numbers were written and how its keys were ordered.
fn meaning(datum: &Datum) -> String {
    from_rhai(to_rhai(datum)).map_or_else(|error| error.to_string(), |datum| json::to_string(&datum))
}

/// What the two roads say, event by event; none when the script cannot be wound.
struct Comparison {
    interpreted: Vec<String>,
    lowered: Vec<String>,
    /// Of each event, whether the interpreter did not see it on the lowered road.
    natively: Vec<bool>,
    /// Of each event, whether swift code did it.
    swiftly: Vec<bool>,
    /// What kept the callable back.
    refusals: Vec<String>,
}

fn compare(script: &Script, events: &[(Given, Given)]) -> std::result::Result<Comparison, String> {
    let mut slow = Road::wind(script, false)?;
    let mut fast = Road::wind(script, true)?;
    let mut found = Comparison {
        interpreted: Vec::new(),
        lowered: Vec::new(),
        natively: Vec::new(),
        swiftly: Vec::new(),
        refusals: fast.refusals.clone(),
    };
    for (event, piece) in events {
        found.interpreted.push(slow.turn(event, piece));
        fast.interpreted.set(0);
        let went = WENT.get();
        found.lowered.push(fast.turn(event, piece));
        found.natively.push(fast.interpreted.get() == 0);
        found.swiftly.push(WENT.get() > went);
    }
    Ok(found)
}

/// The first event on which they differ. That a call took longer than it may says how busy the machine is.
fn difference(script: &Script, events: &[(Given, Given)], found: &Comparison) -> Option<String> {
    let timed_out = |result: &String| result.contains("more than 1 s in one call");
    let pairs = || found.interpreted.iter().zip(&found.lowered);
    if pairs().any(|(a, b)| timed_out(a) || timed_out(b)) {
        return None;
    }
    let at = pairs().position(|(a, b)| a != b)?;
    let (event, piece) = &events[at];
    Some(format!(
        "\n{:?}:\n{}\nevent {at}{}: {}\npiece: {}\ninterpreted: {}\nlowered:     {}\n",
        script.used,
        script.text,
        if event.lazy { ", inner JSON raw" } else { "" },
        event.text,
        piece.text,
        found.interpreted[at],
        found.lowered[at]
    ))
}

fn cases() -> impl Strategy<Value = (Script, Vec<(Given, Given)>)> {
    (statements::script(), proptest::collection::vec((events::event(), events::piece()), 1..4))
}

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(60);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 4000, max_shrink_time: 30_000, ..ProptestConfig::default() }
}

#[test]
fn both_roads_agree() {
    let mut runner = TestRunner::new(config());
    let result = runner.run(&cases(), |(script, events)| {
        // What cannot be wound says so on both roads.
        let Ok(found) = compare(&script, &events) else { return Ok(()) };
        match difference(&script, &events, &found) {
            Some(text) => Err(TestCaseError::fail(text)),
            None => Ok(()),
        }
    });
    if let Err(error) = result {
        let proptest::test_runner::TestError::Fail(why, _) = &error else { panic!("{error}") };
        panic!("the roads differ: {why}");
    }
}

/// Scripts by a fixed seed, so that the shares below are the same each time.
fn sample(count: usize) -> Vec<(Script, Vec<(Given, Given)>)> {
    let mut runner = TestRunner::new(ProptestConfig { rng_seed: RngSeed::Fixed(3), ..ProptestConfig::default() });
    let cases = cases();
    (0..count).map(|_| cases.new_tree(&mut runner).expect("nothing is rejected").current()).collect()
}

/// An error without place and line, to be counted by.
fn kind(error: &str) -> String {
    let text = error.split(" in `").next().unwrap_or_default();
    text.strip_prefix("script.rhai:").and_then(|text| text.split_once(": ")).map_or(text, |(_, text)| text).to_owned()
}

/// A generator that makes nonsense would prove nothing.
#[test]
fn most_scripts_run_well() {
    let (mut wound, mut events, mut well) = (0, 0, 0);
    let mut why = std::collections::BTreeMap::<String, usize>::new();
    let sample = sample(200);
    for (script, given) in &sample {
        let Ok(mut road) = Road::wind(script, false).map_err(|error| *why.entry(error).or_default() += 1) else { continue };
        wound += 1;
        for (event, piece) in given {
            let said = road.turn(event, piece);
            events += 1;
            match said.strip_prefix("error: ") {
                Some(error) => *why.entry(kind(error)).or_default() += 1,
                None => well += 1,
            }
        }
    }
    let mut why: Vec<_> = why.into_iter().collect();
    why.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    why.truncate(30);
    eprintln!("{wound} of {} scripts were wound, {well} of {events} events went well: {why:#?}", sample.len());
    assert!(wound * 100 >= sample.len() * 97, "{wound} of {} scripts were wound: {why:#?}", sample.len());
    assert!(well * 100 >= events * 50, "{well} of {events} events went well: {why:#?}");
}

/// Were nothing lowered, the roads would agree too.
#[test]
fn most_scripts_are_lowered() {
    let (mut events, mut native, mut swift) = (0, 0, 0);
    let mut left = std::collections::BTreeMap::<String, usize>::new();
    let mut uses = std::collections::BTreeMap::<String, (usize, usize)>::new();
    for (script, given) in sample(200) {
        let Ok(found) = compare(&script, &given) else { continue };
        swift += found.swiftly.iter().filter(|swiftly| **swiftly).count();
        for said in found.interpreted.iter().zip(&found.natively) {
            // An error is the interpreter's to raise.
            if said.0.starts_with("error: ") {
                continue;
            }
            let share = uses.entry(format!("{:?}", script.used)).or_default();
            *share = (share.0 + usize::from(*said.1), share.1 + 1);
            events += 1;
            native += usize::from(*said.1);
            if !*said.1 {
                let why = if found.refusals.is_empty() { "left while running".to_owned() } else { found.refusals.join(", ") };
                *left.entry(why).or_default() += 1;
            }
        }
    }
    let mut left: Vec<_> = left.into_iter().collect();
    left.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    eprintln!("{native} of {events} events were turned natively, {swift} swiftly: {uses:?} {left:#?}");
    assert!(swift * 100 >= events * 15, "{swift} of {events} events were turned swiftly: {uses:?}");
    assert!(native * 100 >= events * 50, "{native} of {events} events were turned natively: {uses:?} {left:#?}");
}
