//! Values of an MMDB file as data.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::datum::{Datum, Key, Map};

/// A value that is read from a record.
pub(super) struct Value(pub(super) Datum);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading).map(Self)
    }
}

/// What is beyond `i64` keeps its digits.
fn whole(value: u128) -> Datum {
    i64::try_from(value).map_or_else(|_| Datum::Number(value.to_string().into()), Datum::Int)
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Datum;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a record")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Datum, E> {
        Ok(Datum::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Datum, E> {
        Ok(Datum::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Datum, E> {
        Ok(whole(value.into()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Datum, E> {
        Ok(whole(value))
    }

    fn visit_f32<E>(self, value: f32) -> Result<Datum, E> {
        // By its shortest digits: 0.1 stays 0.1.
        Ok(Datum::Float(value.to_string().parse().unwrap_or_else(|_| value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Datum, E> {
        Ok(Datum::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Datum, E> {
        Ok(Datum::str(value))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Datum, E> {
        Ok(Datum::Bytes(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Datum, A::Error> {
        let mut list = Vec::new();
        while let Some(Value(value)) = access.next_element()? {
            list.push(value);
        }
        Ok(Datum::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Datum, A::Error> {
        let mut map = Map::new();
        while let Some((key, Value(value))) = access.next_entry::<std::borrow::Cow<'de, str>, Value>()? {
            map.insert(Key::new(&key), value);
        }
        Ok(Datum::Map(map))
    }
}
