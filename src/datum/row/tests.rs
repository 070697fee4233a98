//! Rows are the maps that they stand for.

use super::*;
use crate::datum::view::Piece;
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
fn a_place_is_remembered_and_found_anew_where_it_is_another() {
    let [n, gone, z, none] = ["n", "gone", "z", "none"].map(|name| Near::new(name.into()));
    let mut map = row();
    assert!(map.look_at(&gone).is_none());
    map.insert("gone".into(), Datum::Int(3));
    map.insert("z".into(), Datum::Int(4));
    let other = {
        let mut row = Row::new(&["z", "n"].into_iter().map(Key::new).collect(), &Rc::new("12".into()));
        row.push_cell(Look::Whole, 0, 1);
        row.push_cell(Look::Whole, 1, 2);
        row.into_map()
    };
    let entries: Map = [("a", 5), ("n", 6)].into_iter().map(|(key, value)| (key.into(), Datum::Int(value))).collect();
    let look = |map: &Map, key: &Near| map.look_at(key).and_then(View::as_int);
    for _ in 0..2 {
        assert_eq!((look(&map, &n), look(&map, &gone), look(&map, &z)), (Some(7), Some(3), Some(4)));
        assert_eq!((look(&other, &n), look(&other, &gone), look(&other, &z)), (Some(2), None, Some(1)));
        assert_eq!((look(&entries, &n), look(&entries, &z), look(&map, &none)), (Some(6), None, None));
    }
    map.remove(&"n".into());
    assert_eq!(look(&map, &n), None);
    map.insert("n".into(), Datum::Int(5));
    assert_eq!(look(&map, &n), Some(5));
}

#[test]
fn a_recycled_row_remembers_nothing() {
    let mut map = row();
    map.insert("z".into(), Datum::Int(1));
    map.get(&"n".into());
    drop(map);
    assert_eq!(json::to_string(&Datum::Map(row())), ALL);
}

#[test]
fn plain_digits_are_read_as_in_any_text() {
    for text in [
        "",
        "0",
        "7",
        "42",
        "007",
        "353927",
        "12345678",
        "99999999",
        "1234567a",
        "123456789",
        "1700000000",
        "9999999999999999",
        "0000000000000001",
        "12345678a",
        "a23456789",
        "1234567890 ",
        "12345678901234567",
        "/",
        ":",
        "1:",
        "ä1",
        " 1",
        "-1",
        "1\u{80}",
    ] {
        for rest in ["", "0000000000", "zzzzzzzzzz", "\u{80}\u{80}\u{80}\u{80}"] {
            let block: Block = Rc::new(format!("{text}{rest}"));
            let piece = Piece::of(&block, Cell { look: Look::Text, start: 0, end: text.len() as u32 });
            assert_eq!(piece.plain_digits(), crate::datum::plain_digits(text), "{text:?} {rest:?}");
        }
    }
}
