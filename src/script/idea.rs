//! What scripts call to make IDEA messages: `twist::idea_typedef`, `twist::idea_new`, `twist::idea_add_node`.
//!
//! The latter two work on the maps of the script as they stand, so that a closure pays for no conversion of the whole message.

use jiff::Timestamp;
use rhai::{Array, Dynamic, EvalAltResult, FuncRegistration, Map as RhaiMap, Module, NativeCallContext};

use super::accessors::raise;
use super::convert::{from_rhai, short_type, to_rhai};
use super::settings::placed;
use super::winding::Desk;
use crate::cogs::twist::normalize::idea;
use crate::datum::Map;

type Raised<T> = Result<T, Box<EvalAltResult>>;

/// Adds them to the module `twist`.
pub(super) fn register(desk: &Desk, module: &mut Module) {
    let typedef = |options: &Map| -> Raised<Dynamic> { idea::typedef(options).map(|typedef| to_rhai(&typedef)).map_err(raise) };
    FuncRegistration::new("idea_typedef")
        .set_into_module(module, move |context: NativeCallContext<'_>| placed(&context, typedef(&Map::new())));
    FuncRegistration::new("idea_typedef").set_into_module(module, move |context: NativeCallContext<'_>, options: RhaiMap| {
        let options = from_rhai(Dynamic::from_map(options)).map_err(raise);
        placed(&context, options.and_then(|options| typedef(options.as_map().unwrap_or(&Map::new()))))
    });
    let (at, also) = (desk.clone(), desk.clone());
    FuncRegistration::new("idea_new").set_into_module(module, move |context: NativeCallContext<'_>| {
        placed(&context, at.host().stage.time().map(|now| new(RhaiMap::new(), now)))
    });
    FuncRegistration::new("idea_new").set_into_module(module, move |context: NativeCallContext<'_>, message: RhaiMap| {
        placed(&context, also.host().stage.time().map(|now| new(message, now)))
    });
    FuncRegistration::new("idea_add_node").set_into_module(module, |context: NativeCallContext<'_>, message: RhaiMap, node: RhaiMap| {
        placed(&context, add_node(message, node))
    });
}

/// The message with what each must have of itself, where that is absent or `()`: `Format`, a random `ID`, and `CreateTime`.
fn new(mut message: RhaiMap, now: Timestamp) -> RhaiMap {
    let mut fill = |key: &str, value: &dyn Fn() -> Dynamic| {
        if message.get(key).is_none_or(Dynamic::is_unit) {
            message.insert(key.into(), value());
        }
    };
    fill("Format", &|| "IDEA0".into());
    fill("ID", &|| uuid::Uuid::new_v4().to_string().into());
    fill("CreateTime", &|| written(now).into());
    message
}

/// As `twist::normalize` writes times: in UTC, a fraction of six digits where there is one.
fn written(time: Timestamp) -> String {
    let form = if time.subsec_nanosecond() / 1000 == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S.%6fZ" };
    time.strftime(form).to_string()
}

/// The message with that node before all others: who had it last stands first.
fn add_node(mut message: RhaiMap, node: RhaiMap) -> Raised<RhaiMap> {
    let mut nodes = match message.remove("Node") {
        None => Array::new(),
        Some(nodes) if nodes.is_unit() => Array::new(),
        Some(nodes) => {
            let kind = nodes.type_name();
            nodes.try_cast::<Array>().ok_or_else(|| format!("`Node` of an IDEA message is an array of maps, not `{}`", short_type(kind)))?
        }
    };
    nodes.insert(0, Dynamic::from_map(node));
    message.insert("Node".into(), Dynamic::from_array(nodes));
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, Dynamic)]) -> RhaiMap {
        entries.iter().map(|(key, value)| ((*key).into(), value.clone())).collect()
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_absent_is_filled_in_and_what_is_there_stays() {
        let made = new(map(&[("ID", Dynamic::UNIT), ("Category", "Test".into())]), time("2026-03-01T10:12:13Z"));
        let text = |key: &str| made[key].clone().into_string().unwrap();
        assert_eq!((text("Format"), text("CreateTime")), ("IDEA0".into(), "2026-03-01T10:12:13Z".into()));
        assert_eq!((text("ID").len(), made.len()), (36, 4));
        let given = map(&[("Format", "x".into()), ("ID", "y".into()), ("CreateTime", 7.into())]);
        let kept = new(given, time("2026-03-01T10:12:13Z"));
        assert_eq!((kept["ID"].clone().into_string().unwrap(), kept["CreateTime"].as_int().unwrap()), ("y".into(), 7));
        assert_eq!(written(time("2026-03-01T10:12:13.25Z")), "2026-03-01T10:12:13.250000Z");
        assert_eq!(written(time("2026-03-01T10:12:13.000000999Z")), "2026-03-01T10:12:13Z");
    }

    #[test]
    fn a_node_comes_first() {
        let node = |name: &str| map(&[("Name", name.to_owned().into())]);
        let twice = add_node(add_node(RhaiMap::new(), node("a")).unwrap(), node("b")).unwrap();
        let names: Vec<String> = twice["Node"]
            .clone()
            .cast::<Array>()
            .into_iter()
            .map(|one| one.cast::<RhaiMap>()["Name"].clone().into_string().unwrap())
            .collect();
        assert_eq!(names, ["b", "a"]);
        let told = add_node(map(&[("Node", "a".into())]), node("b")).unwrap_err().to_string();
        assert!(told.contains("`Node` of an IDEA message is an array of maps, not `string`"), "{told}");
    }
}
