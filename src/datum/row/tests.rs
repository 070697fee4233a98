//! Rows are the maps that they stand for.

use super::*;
use crate::datum::{Path, json};

fn row() -> Map {
    let block: Block = Rc::new(r#"7,x y,a\"b,1.50,[1, 2],no"#.into());
    let shape: Shape = ["n", "s", "e", "f", "l", "gone", "t"].into_iter().map(Key::new).collect();
    let mut row = Row::new(&shape, &block);
    row.push_cell(Look::Whole, 0, 1);
    row.push_cell(Look::Plain, 2, 5);
    row.push_cell(Look::Escaped, 6, 10);
    row.push_cell(Look::Number, 11, 15);
    row.push_cell(Look::Raw, 16, 22);
    row.push_absent();
    row.push_cell(Look::True, 0, 0);
    row.into_map()
}

const ALL: &str = r#"{"n":7,"s":"x y","e":"a\"b","f":1.50,"l":[1, 2],"t":true}"#;

#[test]
fn a_row_is_written_and_read_as_the_map_that_it_is() {
    let map = row();
    assert_eq!(map.len(), 6);
    assert_eq!(json::to_string(&Datum::Map(map.clone())), ALL);
    assert_eq!(map.get(&"n".into()), Some(&Datum::Int(7)));
    assert_eq!(map.get(&"gone".into()), None);
    assert_eq!(map, json::read(ALL).unwrap().as_map().unwrap().clone());
    assert_eq!(json::to_string(&Datum::Map(map)), ALL);
}

#[test]
fn looks_need_no_reading() {
    let map = row();
    assert_eq!(map.look(&"n".into()).unwrap().as_int(), Some(7));
    assert_eq!(map.look(&"e".into()).unwrap().as_str().as_deref(), Some("a\"b"));
    assert!(map.look(&"gone".into()).is_none());
    assert!(!map.is_read());
    let datum = Datum::Map(map);
    assert_eq!(Path::parse("l[1]").unwrap().get(&datum).unwrap().into_owned(), Datum::Int(2));
}

#[test]
fn what_is_set_stays_in_its_place_and_what_is_new_comes_last() {
    let mut map = row();
    assert_eq!(map.insert("s".into(), Datum::Int(1)), Some(Datum::from("x y")));
    assert_eq!(map.insert("s".into(), Datum::Int(2)), Some(Datum::Int(1)));
    assert_eq!(map.insert("gone".into(), Datum::Int(3)), None);
    assert_eq!(map.insert("gone".into(), Datum::Int(4)), Some(Datum::Int(3)));
    assert_eq!(map.remove(&"e".into()), Some(Datum::from("a\"b")));
    assert_eq!(map.remove(&"e".into()), None);
    let text = r#"{"n":7,"s":2,"f":1.50,"l":[1, 2],"t":true,"gone":4}"#;
    assert_eq!(json::to_string(&Datum::Map(map.clone())), text);
    // The same after the entries were borrowed.
    assert_eq!(map.get(&"n".into()), Some(&Datum::Int(7)));
    *map.get_mut(&"n".into()).unwrap() = Datum::Int(8);
    assert_eq!(map.remove(&"t".into()), Some(Datum::Bool(true)));
    assert_eq!(json::to_string(&Datum::Map(map)), r#"{"n":8,"s":2,"f":1.50,"l":[1, 2],"gone":4}"#);
}

#[test]
fn a_place_is_remembered_and_found_anew_when_it_has_changed() {
    let (mut map, place) = (row(), std::cell::Cell::new(100));
    map.insert("gone".into(), Datum::Int(3));
    map.insert("z".into(), Datum::Int(4));
    for (key, value, at) in [("n", 7, 0), ("gone", 3, 7), ("z", 4, 8), ("n", 7, 0)] {
        for _ in 0..2 {
            assert_eq!(map.look_near(&key.into(), &place).unwrap().as_int(), Some(value), "{key}");
            assert_eq!(place.get(), at);
        }
    }
    map.remove(&"n".into());
    map.insert("n".into(), Datum::Int(5));
    assert_eq!(map.look_near(&"n".into(), &place).unwrap().as_int(), Some(5));
    assert!(map.look_near(&"none".into(), &place).is_none());
}

#[test]
fn a_recycled_row_remembers_nothing() {
    let mut map = row();
    map.insert("z".into(), Datum::Int(1));
    map.get(&"n".into());
    drop(map);
    assert_eq!(json::to_string(&Datum::Map(row())), ALL);
}
