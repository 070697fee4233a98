//! Values that are shown and compared: Rhai's own go down into them as deep as they go, on the stack.

use std::fmt::Write as _;
use std::rc::Rc;

use rhai::{Array, Dynamic, EvalAltResult, FuncRegistration, ImmutableString, Map, Module, NativeCallContext};

use super::text::original;
use super::{Raised, room};
use crate::script::watch::Watch;

/// As deep as a datum may be that travels.
const DEEPEST: usize = 500;

pub(super) fn register(module: &mut Module, watch: &Rc<Watch>) {
    let add = |name: &'static str| FuncRegistration::new(name).in_global_namespace();
    for name in ["print", "to_string", "debug", "to_debug"] {
        let ours = Rc::clone(watch);
        add(name).set_into_module(module, move |context: NativeCallContext, list: &mut Array| {
            shown(&ours, |text| show_list(&context, list, text, DEEPEST))
        });
        let ours = Rc::clone(watch);
        add(name).set_into_module(module, move |context: NativeCallContext, map: &mut Map| {
            shown(&ours, |text| show_map(&context, map, text, DEEPEST))
        });
    }
    for (name, wanted) in [("==", true), ("!=", false)] {
        add(name).set_into_module(module, move |context: NativeCallContext, a: &mut Array, mut b: Array| -> Raised<bool> {
            Ok(same_lists(&context, a, &mut b, DEEPEST)? == wanted)
        });
        add(name).set_into_module(module, move |context: NativeCallContext, a: &mut Map, mut b: Map| -> Raised<bool> {
            Ok(same_maps(&context, a, &mut b, DEEPEST)? == wanted)
        });
    }
    for name in ["debug", "to_debug"] {
        add(name).set_into_module(module, |context: NativeCallContext, text: &str| -> Raised<ImmutableString> {
            room(&context, written(text))?;
            Ok(format!("{text:?}").into())
        });
    }
    add("to_json").set_into_module(module, |context: NativeCallContext, map: &mut Map| -> Raised<ImmutableString> {
        let mut length = 0;
        map.values().try_for_each(|part| measure(&context, part, DEEPEST, &mut length))?;
        let mut whole = Dynamic::from_map(std::mem::take(map));
        let json = original("to_json", &mut [&mut whole]);
        *map = whole.cast();
        json?.into_immutable_string().map_err(Into::into)
    });
}

fn deeper(left: usize) -> Raised<usize> {
    left.checked_sub(1).ok_or_else(|| format!("nested deeper than {DEEPEST}").into())
}

/// Whether a value is nested within bounds, and its texts may be written one behind the other.
fn measure(context: &NativeCallContext<'_>, value: &Dynamic, left: usize, length: &mut usize) -> Raised<()> {
    if let Some(list) = value.read_lock::<Array>() {
        let left = deeper(left)?;
        return list.iter().try_for_each(|part| measure(context, part, left, length));
    }
    if let Some(map) = value.read_lock::<Map>() {
        let left = deeper(left)?;
        return map.values().try_for_each(|part| measure(context, part, left, length));
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        *length += written(&text);
    }
    room(context, *length)
}

/// How long a text is at least where it is written with escapes, which may be several times as long as the text.
fn written(text: &str) -> usize {
    let extra = |byte| match byte {
        0 | 8..=10 | 12 | 13 | b'"' | b'\\' => 1,
        1..32 | 127 => 4,
        _ => 0,
    };
    text.bytes().fold(text.len(), |length, byte| length + extra(byte))
}

/// Where a text is put together Rhai takes an error for no answer, and shows the value in its own way, as long and deep as it is.
fn shown(watch: &Watch, show: impl FnOnce(&mut String) -> Raised<()>) -> ImmutableString {
    let mut text = String::new();
    match show(&mut text) {
        Ok(()) => text.into(),
        Err(error) => {
            watch.end(error);
            ImmutableString::new()
        }
    }
}

fn show_list(context: &NativeCallContext<'_>, list: &mut Array, text: &mut String, left: usize) -> Raised<()> {
    text.push('[');
    for (place, part) in list.iter_mut().enumerate() {
        text.push_str(if place > 0 { ", " } else { "" });
        show(context, part, text, left)?;
    }
    text.push(']');
    Ok(())
}

fn show_map(context: &NativeCallContext<'_>, map: &mut Map, text: &mut String, left: usize) -> Raised<()> {
    text.push_str("#{");
    for (place, (key, part)) in map.iter_mut().enumerate() {
        text.push_str(if place > 0 { ", " } else { "" });
        let _ = write!(text, "{key:?}: ");
        show(context, part, text, left)?;
    }
    text.push('}');
    Ok(())
}

fn show(context: &NativeCallContext<'_>, value: &mut Dynamic, text: &mut String, left: usize) -> Raised<()> {
    room(context, text.len())?;
    let left = deeper(left)?;
    if let Some(part) = value.read_lock::<ImmutableString>() {
        room(context, text.len() + written(&part))?;
        let _ = write!(text, "{:?}", part.as_str());
        return Ok(());
    }
    if let Some(mut list) = value.write_lock::<Array>() {
        return show_list(context, &mut list, text, left);
    }
    if let Some(mut map) = value.write_lock::<Map>() {
        return show_map(context, &mut map, text, left);
    }
    match context.call_native_fn_raw("to_debug", true, &mut [value]).map(Dynamic::into_immutable_string) {
        Ok(Ok(part)) => text.push_str(&part),
        _ => {
            let _ = write!(text, "{value:?}");
        }
    }
    Ok(())
}

/// Whether two parts are equal, and what goes wrong when they cannot be compared.
fn same(context: &NativeCallContext<'_>, a: &mut Dynamic, b: &mut Dynamic, left: usize) -> Raised<bool> {
    let left = deeper(left)?;
    if let (Some(mut a), Some(mut b)) = (a.write_lock::<Array>(), b.write_lock::<Array>()) {
        return same_lists(context, &mut a, &mut b, left);
    }
    if let (Some(mut a), Some(mut b)) = (a.write_lock::<Map>(), b.write_lock::<Map>()) {
        return same_maps(context, &mut a, &mut b, left);
    }
    Ok(context.call_native_fn_raw("==", true, &mut [a, b])?.as_bool().unwrap_or(false))
}

fn same_lists(context: &NativeCallContext<'_>, a: &mut Array, b: &mut Array, left: usize) -> Raised<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (a, b) in a.iter_mut().zip(b.iter_mut()) {
        let equal = same(context, a, b, left).or_else(|error| match &*error {
            // As in Rhai: values of two types are unlike.
            EvalAltResult::ErrorFunctionNotFound(signature, _) if signature.starts_with("==") && a.type_id() != b.type_id() => Ok(false),
            _ => Err(error),
        })?;
        if !equal {
            return Ok(false);
        }
    }
    Ok(true)
}

fn same_maps(context: &NativeCallContext<'_>, a: &mut Map, b: &mut Map, left: usize) -> Raised<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (key, a) in a.iter_mut() {
        let Some(b) = b.get_mut(key) else { return Ok(false) };
        if !same(context, a, b, left)? {
            return Ok(false);
        }
    }
    Ok(true)
}
