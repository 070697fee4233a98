//! Puts the pieces of one record where their setters say, or lays out the rows that wait for them.

use std::collections::HashSet;

use crate::cog::{Args, Given, Lit, Param, Ty};
use crate::datum::{Block, Datum, Gather, Key, Map, Row, Shape};
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter, single_key};

pub(super) const INITIAL: Param = Param::new("initial", Ty::Either(&[Ty::Map, Ty::Choice(&["keep"])]))
    .default(Lit::EmptyMap)
    .about("the map that the pieces are put into; \"keep\": the datum that the text was taken from");

/// What the pieces are put into.
#[derive(Clone, Debug)]
pub(super) enum Initial {
    /// A copy of this map.
    Fresh(Map),
    /// The datum as it came.
    Keep,
}

impl Initial {
    /// The option `initial`, for a cog that takes its text out of `data_getter`.
    pub(super) fn of(args: &Args, data_getter: &Getter) -> Result<Self> {
        match args.given("initial").as_ref().and_then(Given::datum) {
            Some(Datum::Map(map)) => Ok(Self::Fresh(map)),
            Some(_) if matches!(data_getter, Getter::Whole) => Err(Error::Option {
                option: "initial".into(),
                text: "\"keep\" finds no map to put the pieces into, as the datum itself is the text".into(),
                hint: Some("say with `data_getter` where in the datum the text stands".into()),
            }),
            Some(_) => Ok(Self::Keep),
            None => Ok(Self::Fresh(Map::new())),
        }
    }

    /// With these entries set too, before any piece.
    pub(super) fn with(&self, more: &Map) -> Self {
        match self {
            Self::Fresh(map) => {
                let mut map = map.clone();
                for (key, value) in more.iter() {
                    map.insert(key.clone(), value.clone());
                }
                Self::Fresh(map)
            }
            Self::Keep => Self::Keep,
        }
    }
}

/// From so many setters on the places of keys are remembered while a record is filled.
const MANY: usize = 32;

/// The setters of a record's pieces, by their places. When all are plain keys that differ, the pieces are appended to the fresh
/// map without a look-up.
#[derive(Debug)]
pub(super) struct Fill {
    initial: Initial,
    setters: Vec<Option<Setter>>,
    /// The setters' keys, when they are all plain, differ, and are put into a fresh map.
    keys: Option<Vec<Option<Key>>>,
    /// The setters' keys, when they are all plain but that, and many.
    odd: Option<Vec<Option<Key>>>,
    /// The rows that the records are then.
    form: Option<Form>,
}

/// How a record becomes a row whose values stay in their text.
#[derive(Debug)]
pub(super) struct Form {
    shape: Shape,
    /// What each record has before its pieces.
    first: Vec<Datum>,
    wanted: Vec<bool>,
    /// Each record has its pieces and nothing else.
    is_whole: bool,
}

impl Form {
    fn new(keys: &[Option<Key>], initial: &Map) -> Self {
        let before = initial.iter().map(|(key, _)| key);
        Self {
            is_whole: initial.is_empty() && keys.iter().all(Option::is_some),
            shape: before.chain(keys.iter().flatten()).cloned().collect(),
            first: initial.iter().map(|(_, value)| value.clone()).collect(),
            wanted: keys.iter().map(Option::is_some).collect(),
        }
    }

    /// A record with pieces in `block`; cells for the places that are wanted follow.
    #[inline]
    pub(super) fn row(&self, block: &Block) -> Row {
        let mut row = Row::new(&self.shape, block);
        for value in &self.first {
            row.push_value(value.clone());
        }
        row
    }

    /// A record whose cells are all to be set, in a block that is to be given, where it has its pieces and nothing else.
    #[inline]
    pub(super) fn whole_row(&self) -> Option<Row> {
        self.is_whole.then(|| Row::of_cells(&self.shape))
    }

    /// Whether the piece of that place is wanted.
    #[inline]
    pub(super) fn wants(&self, place: usize) -> bool {
        self.wanted.get(place).is_some_and(|wanted| *wanted)
    }
}

impl Fill {
    pub(super) fn new(setters: Vec<Option<Setter>>, initial: Initial) -> Self {
        let keys = setters
            .iter()
            .map(|setter| match setter {
                None | Some(Setter::Null) => Some(None),
                Some(setter) => plain_key(setter).map(Some),
            })
            .collect::<Option<Vec<_>>>();
        let differ = |keys: &[Option<Key>]| match &initial {
            Initial::Keep => false,
            Initial::Fresh(map) => {
                let mut seen: HashSet<&Key> = map.iter().map(|(key, _)| key).collect();
                keys.iter().flatten().all(|key| seen.insert(key))
            }
        };
        let (keys, odd) = match keys {
            Some(keys) if differ(&keys) => (Some(keys), None),
            keys => (None, keys.filter(|keys| keys.len() >= MANY)),
        };
        let form = match (&keys, &initial) {
            (Some(keys), Initial::Fresh(map)) => Some(Form::new(keys, map)),
            _ => None,
        };
        Self { initial, setters, keys, odd, form }
    }

    /// How many places it has.
    pub(super) fn len(&self) -> usize {
        self.setters.len()
    }

    /// What the pieces are put into, made from the datum that was given.
    #[inline]
    pub(super) fn start(&self, given: Datum) -> Datum {
        match &self.initial {
            Initial::Fresh(initial) => Datum::Map(self.fresh(initial)),
            Initial::Keep => given,
        }
    }

    /// The form of rows, where the pieces are set under plain keys that differ.
    #[inline]
    pub(super) fn form(&self) -> Option<&Form> {
        self.form.as_ref()
    }

    /// The fresh map and the keys by their places, where pieces are only appended.
    pub(super) fn flat(&self) -> Option<(&Map, &[Option<Key>])> {
        match (&self.keys, &self.initial) {
            (Some(keys), Initial::Fresh(initial)) => Some((initial, keys)),
            _ => None,
        }
    }

    /// The keys by their places, and a map under way that begins with `record`, where so many keys that pieces may meet in them would make a
    /// look-up for each slow. What [`Fill::put`] does is then done with these.
    pub(super) fn gather(&self, record: &mut Datum) -> Option<(&[Option<Key>], Gather)> {
        let keys = self.odd.as_deref()?;
        let map = record.map_mut()?;
        Some((keys, Gather::from(std::mem::take(map))))
    }

    #[inline]
    fn fresh(&self, initial: &Map) -> Map {
        let mut map = Map::with_capacity(initial.len() + self.setters.len());
        for (key, value) in initial.iter() {
            map.push(key.clone(), value.clone());
        }
        map
    }

    /// Whether the piece of that place is wanted at all.
    #[inline]
    pub(super) fn wants(&self, place: usize) -> bool {
        self.setters.get(place).is_some_and(Option::is_some)
    }

    /// Puts the piece of that place into what [`Fill::start`] gave; each place once.
    #[inline]
    pub(super) fn put(&self, datum: &mut Datum, place: usize, piece: Datum) -> Result<()> {
        if let (Some(keys), Datum::Map(map)) = (&self.keys, &mut *datum) {
            if let Some(Some(key)) = keys.get(place) {
                map.push(key.clone(), piece);
            }
            return Ok(());
        }
        match self.setters.get(place) {
            Some(Some(setter)) => setter.set(datum, piece),
            _ => Ok(()),
        }
    }
}

/// The key, for a setter that sets a key of a map and nothing else.
pub(super) fn plain_key(setter: &Setter) -> Option<Key> {
    match setter {
        Setter::Item(key) | Setter::Lowered { key, .. } => Some(key.clone()),
        Setter::Path(path) => single_key(path).cloned(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datum::json;

    fn filled(names: &[&str], initial: &str) -> String {
        let setters = names.iter().map(|name| Some(Setter::named(name).unwrap())).collect();
        let initial = json::read(initial).unwrap();
        let fill = Fill::new(setters, Initial::Fresh(initial.as_map().unwrap().clone()));
        let mut datum = fill.start(Datum::Unit);
        for place in 0..names.len() {
            fill.put(&mut datum, place, Datum::Int(place as i64)).unwrap();
        }
        json::to_string(&datum)
    }

    #[test]
    fn plain_keys_are_appended_and_others_set() {
        assert_eq!(filled(&["a", "b"], r#"{"z":9}"#), r#"{"z":9,"a":0,"b":1}"#);
        assert_eq!(filled(&["a", "z", "a"], r#"{"z":9}"#), r#"{"z":1,"a":2}"#);
        assert_eq!(filled(&["a.b", "a.c"], "{}"), r#"{"a":{"b":0,"c":1}}"#);
    }

    #[test]
    fn many_keys_that_meet_are_gathered() {
        let setters = |n: usize| vec![Some(Setter::Item("a".into())); n];
        let gathers = |n, initial, mut record| Fill::new(setters(n), initial).gather(&mut record).is_some();
        assert!(gathers(MANY, Initial::Keep, Datum::Map(Map::new())));
        assert!(gathers(MANY, Initial::Fresh(Map::new()), Datum::Map(Map::new())));
        assert!(!gathers(MANY - 1, Initial::Keep, Datum::Map(Map::new())));
        assert!(!gathers(MANY, Initial::Keep, Datum::Unit));
    }
}
