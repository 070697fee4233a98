//! The quick roads of a batch settle all as the plain one does.

use super::*;
use crate::cog::{Args, Books, Cog, CogSpec, Given, Kind, Page, Seat};
use crate::datum::{Key, json};
use crate::error::Result;
use crate::escapement::{Clock, Escapement};
use crate::getset::{Getter, SetFn};

/// How a batch is turned.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Road {
    Plain,
    InPlace,
    IntoBlock,
    /// Some become several.
    Several,
    SeveralInPlace,
}

/// Fails data with `bad`, and writes the others as JSON; not into a block it swallows those with `none`.
struct Turner(Road, Setter);

fn write(datum: &Datum, out: &mut String) -> Result<()> {
    out.push_str(&json::to_string(datum));
    if datum.as_map().and_then(|map| map.get(&"bad".into())).is_some() { Err(Error::Other("bad".into())) } else { Ok(()) }
}

impl Turner {
    fn make(&self, datum: &mut Datum) -> Result<bool> {
        let mut text = String::new();
        write(datum, &mut text)?;
        self.1.set(datum, Datum::from(text))?;
        Ok(!datum.piece().contains("none"))
    }
}

impl Turner {
    /// As many as there are elements of a list `n`.
    fn several(&self, datum: &mut Datum) -> Result<Turned> {
        let list = datum.as_map().and_then(|map| map.get(&"n".into())).map(|list| list.opened().into_owned());
        self.make(datum)?;
        Ok(match list {
            Some(Datum::List(list)) => Turned::Into(list),
            _ => Turned::Kept,
        })
    }
}

impl Cog for Turner {
    fn turn(&mut self, _: &mut Ctx<'_>, _: Datum) -> Result<()> {
        unreachable!("it turns batches")
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        match self.0 {
            Road::Plain => batch.each(ctx, |ctx, mut datum| {
                if self.make(&mut datum)? {
                    ctx.emit(datum);
                }
                Ok(())
            }),
            Road::InPlace => batch.each_in_place(ctx, |datum| self.make(datum)),
            Road::IntoBlock => batch.each_into_block(ctx, &self.1, |datum, out: &mut String| write(datum, out)),
            Road::Several => batch.each(ctx, |ctx, mut datum| {
                match self.several(&mut datum)? {
                    Turned::Into(data) => data.into_iter().for_each(|datum| ctx.emit(datum)),
                    _ => ctx.emit(datum),
                }
                Ok(())
            }),
            Road::SeveralInPlace => batch.each_in_place(ctx, |datum| self.several(datum)),
        }
    }
}

static SPEC: CogSpec = CogSpec {
    family: "test",
    name: "turner",
    kind: Kind::Convert,
    about: "",
    page: Page::OF_KIND,
    params: &[],
    first: None,
    global: false,
    examples: &[],
    build: |_| unreachable!("it is made by hand"),
};

/// What becomes of a batch: what is emitted and routed, with the origin of each, and all counters.
fn turned(road: Road, setter: Setter, on_error: OnError, named: bool, data: &[&str]) -> String {
    let given = if named { vec![("id_getter", Given::Getter(Getter::Item(Key::new("id"))))] } else { vec![] };
    let mut seat = Seat::new(0, "turner", Args::of(&SPEC, given).common());
    seat.on_error = on_error;
    let (mut esc, books) = (Escapement::new(Clock::by_hand_at(std::time::UNIX_EPOCH)).unwrap(), Books::new());
    let block = books.block(1, 0);
    let events = data.iter().map(|text| Event { datum: json::read(text).unwrap(), lineage: books.open(&block, 0) }).collect();
    let mut ctx = Ctx::new(&mut esc, &books, &mut seat, Vec::new());
    Turner(road, setter).turn_batch(&mut ctx, Batch { events }).unwrap();
    let show = |events: Vec<Event>| -> Vec<_> {
        events.iter().map(|event| format!("{} {:?}", json::to_string(&event.datum), event.lineage.first())).collect()
    };
    let emitted = show(ctx.into_emitted().0);
    let mut settled = Vec::new();
    books.take_settled(&mut settled);
    let routed = show(std::mem::take(&mut seat.failed));
    format!("{emitted:?} {routed:?} {settled:?} {:?} {:?} {:?} {}", seat.stats, books.balance(), seat.stop, seat.faults)
}

#[test]
fn all_roads_settle_alike() {
    let data = [r#"{"id":"x","a":1}"#, r#"{"bad":1}"#, r#"{"a":"ä"}"#, "3", r#"{"id":"y","bad":1}"#, r#"{"a":3}"#, r#"{"bad":2}"#];
    let with_none = [&data[..], &[r#"{"none":1}"#, r#"{"a":4}"#]].concat();
    let call: SetFn = std::rc::Rc::new(|datum, piece| Setter::Item(Key::new("line")).set(datum, piece));
    let with_several = [&data[..], &[r#"{"n":[]}"#, r#"{"n":[1,2,3]}"#, r#"{"a":5}"#, r#"{"n":[4]}"#, r#"{"n":[5,6]}"#]].concat();
    for setter in [Setter::Whole, Setter::Item(Key::new("line")), Setter::Call(call)] {
        for on_error in [OnError::Log, OnError::Drop, OnError::Pass, OnError::Stop, OnError::Route(3)] {
            for named in [false, true] {
                let turned = |road, data: &[&str]| turned(road, setter.clone(), on_error, named, data);
                assert_eq!(turned(Road::InPlace, &with_none), turned(Road::Plain, &with_none), "{setter:?} {on_error:?} {named}");
                assert_eq!(turned(Road::SeveralInPlace, &with_several), turned(Road::Several, &with_several), "{setter:?} {on_error:?}");
                assert_eq!(turned(Road::IntoBlock, &data), turned(Road::Plain, &data), "{setter:?} {on_error:?} {named}");
            }
        }
    }
}

#[test]
fn texts_of_a_batch_share_one_block() {
    let mut seat = Seat::new(0, "turner", Args::of(&SPEC, vec![]).common());
    let (mut esc, books) = (Escapement::new(Clock::by_hand()).unwrap(), Books::new());
    let events = (0..3).map(|n| Event { datum: Datum::Int(n), lineage: crate::cog::Lineage::default() }).collect();
    let mut ctx = Ctx::new(&mut esc, &books, &mut seat, Vec::new());
    Turner(Road::IntoBlock, Setter::Whole).turn_batch(&mut ctx, Batch { events }).unwrap();
    let places: Vec<_> = ctx.into_emitted().0.iter().map(|event| event.datum.as_text().unwrap().place().unwrap().1).collect();
    assert_eq!(places, [0..1, 2..3, 4..5]);
}
