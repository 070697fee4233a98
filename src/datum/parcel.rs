//! A datum that may go to another thread: owned all through, nothing of it waits in a shared text.

use jiff::Timestamp;

use super::json::{self, ReadOptions};
use super::{Datum, Key, Map, Text, View};

/// How deep raw text may be nested to be read.
const DEEPEST: usize = 1000;

/// One value, as [`Datum`], with everything in it read and owned.
#[derive(Clone, Debug, Default)]
pub enum Parcel {
    /// Nothing.
    #[default]
    Unit,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A binary fraction.
    Float(f64),
    /// A number as it was written.
    Number(String),
    /// Text.
    Str(String),
    /// Bytes that need not be text.
    Bytes(Vec<u8>),
    /// A point in time.
    Time(Timestamp),
    /// Values in order.
    List(Vec<Parcel>),
    /// Values by key, in order.
    Map(Vec<(String, Parcel)>),
}

impl Parcel {
    /// The value as JSON.
    pub fn to_json(&self) -> String {
        json::to_string(&Datum::from(self))
    }

    /// What stands under that key, where it is a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }
}

impl From<&Datum> for Parcel {
    fn from(datum: &Datum) -> Self {
        match datum {
            Datum::Unit => Self::Unit,
            Datum::Bool(value) => Self::Bool(*value),
            Datum::Int(value) => Self::Int(*value),
            Datum::Float(value) => Self::Float(*value),
            Datum::Number(text) => Self::Number(text.as_str().to_owned()),
            Datum::Str(text) => Self::Str(text.as_str().to_owned()),
            Datum::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            Datum::Time(time) => Self::Time(*time),
            Datum::List(list) => Self::List(list.iter().map(Self::from).collect()),
            Datum::Map(map) => Self::Map(map.views().map(|(key, value)| (key.as_str().to_owned(), of_view(value))).collect()),
            // It was checked when it was cut out; what cannot be read all the same goes as the text that it is.
            Datum::Raw(text) => {
                let options = ReadOptions { max_depth: DEEPEST, ..ReadOptions::default() };
                json::read_text(text, &options).map_or_else(|_| Self::Str(text.as_str().to_owned()), |read| Self::from(&read))
            }
        }
    }
}

/// A value of a row goes without its row being read.
fn of_view(value: View<'_>) -> Parcel {
    match value {
        View::Datum(datum) => Parcel::from(datum),
        View::Piece(piece) => Parcel::from(&piece.to_datum()),
    }
}

impl From<&Parcel> for Datum {
    fn from(parcel: &Parcel) -> Self {
        Self::from(parcel.clone())
    }
}

impl From<Parcel> for Datum {
    fn from(parcel: Parcel) -> Self {
        match parcel {
            Parcel::Unit => Self::Unit,
            Parcel::Bool(value) => Self::Bool(value),
            Parcel::Int(value) => Self::Int(value),
            Parcel::Float(value) => Self::Float(value),
            Parcel::Number(text) => Self::Number(Text::from(text)),
            Parcel::Str(text) => Self::Str(Text::from(text)),
            Parcel::Bytes(bytes) => Self::Bytes(bytes.into()),
            Parcel::Time(time) => Self::Time(time),
            Parcel::List(list) => Self::List(list.into_iter().map(Self::from).collect()),
            Parcel::Map(entries) => Self::Map(entries.into_iter().map(|(key, value)| (Key::new(&key), Self::from(value))).collect::<Map>()),
        }
    }
}

impl PartialEq for Parcel {
    fn eq(&self, other: &Self) -> bool {
        Datum::from(self) == Datum::from(other)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

    use super::*;

    fn sent<T: Send + 'static>(value: T) -> T {
        std::thread::spawn(move || value).join().unwrap()
    }

    fn any_datum() -> impl Strategy<Value = Datum> {
        let leaf = prop_oneof![
            Just(Datum::Unit),
            any::<bool>().prop_map(Datum::Bool),
            any::<i64>().prop_map(Datum::Int),
            (-1e300..1e300).prop_map(Datum::Float),
            "-?[1-9][0-9]{0,30}\\.[0-9]{1,20}".prop_map(|text| Datum::Number(text.into())),
            ".*".prop_map(Datum::from),
            prop::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| Datum::Bytes(bytes.into())),
            (0_i64..4_000_000_000).prop_map(|second| Datum::Time(Timestamp::from_second(second).unwrap())),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Datum::List),
                prop::collection::vec(("[a-z\"\\\\é]{0,8}", inner), 0..6).prop_map(|entries| {
                    let mut map = Map::new();
                    for (key, value) in entries {
                        map.insert(Key::new(&key), value);
                    }
                    Datum::Map(map)
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_datum_comes_out_as_it_went_in(datum in any_datum()) {
            let back = Datum::from(sent(Parcel::from(&datum)));
            assert_eq!(format!("{back:?}"), format!("{datum:?}"));
        }
    }

    #[test]
    fn raw_json_and_rows_are_read_and_keep_their_digits_and_order() {
        let text = r#"{"z":1.50,"a":{"y":18446744073709551616,"b":[1e2,"\u017e"]},"m":null}"#;
        let lazy = json::Reader::new(ReadOptions { lazy: true, ..ReadOptions::default() }).read(&text.into()).unwrap();
        for datum in [Datum::Raw(text.into()), lazy] {
            let parcel = sent(Parcel::from(&datum));
            assert_eq!(parcel.to_json(), text.replace("\\u017e", "ž"));
            assert_eq!(parcel.get("z"), Some(&Parcel::Number("1.50".into())));
        }
    }
}
