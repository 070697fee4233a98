//! Arrays: padding that multiplies without overflow, and sorting by an order that may be none.

use std::cmp::Ordering;

use rhai::{Array, Blob, Dynamic, FnPtr, FuncRegistration, ImmutableString, Map, Module, NativeCallContext};

use super::{Raised, places, room, too_large};

pub(super) fn register(module: &mut Module) {
    let add = |name: &'static str| FuncRegistration::new(name).in_global_namespace();
    add("pad").set_into_module(module, |context: NativeCallContext, list: &mut Array, length: i64, item: Dynamic| {
        pad(&context, list, length, item)
    });
    for name in ["sort", "sort_by"] {
        add(name).set_into_module(module, |context: NativeCallContext, list: &mut Array, by: FnPtr| -> Raised<()> {
            *list = sorted(&context, std::mem::take(list), &by)?;
            Ok(())
        });
    }
    for name in ["order", "order_by"] {
        add(name).set_into_module(module, |context: NativeCallContext, list: &mut Array, by: FnPtr| sorted(&context, list.clone(), &by));
    }
}

/// What there is in a value, as Rhai counts it.
#[derive(Default)]
struct Sizes {
    elements: usize,
    entries: usize,
    bytes: usize,
}

impl Sizes {
    fn add(&mut self, value: &Dynamic) {
        if let Some(list) = value.read_lock::<Array>() {
            self.elements += list.len();
            list.iter().for_each(|part| self.add(part));
        } else if let Some(map) = value.read_lock::<Map>() {
            self.entries += map.len();
            map.values().for_each(|part| self.add(part));
        } else if let Some(blob) = value.read_lock::<Blob>() {
            self.elements += 1 + blob.len();
        } else if let Some(text) = value.read_lock::<ImmutableString>() {
            self.bytes += text.len();
        }
    }
}

/// Rhai's own multiplies sizes without looking whether that can be done.
fn pad(context: &NativeCallContext<'_>, list: &mut Array, length: i64, item: Dynamic) -> Raised<()> {
    let Some(missing) = usize::try_from(length).ok().and_then(|length| length.checked_sub(list.len())) else { return Ok(()) };
    let mut sizes = Sizes::default();
    sizes.add(&item);
    let Sizes { elements, entries, bytes } = sizes;
    places(context, list.len().saturating_add(missing.saturating_mul(elements.saturating_add(1))))?;
    let most = context.engine().max_map_size();
    if most > 0 && missing.saturating_mul(entries) > most {
        return Err(too_large("Size of object map"));
    }
    room(context, missing.saturating_mul(bytes))?;
    list.resize(list.len() + missing, item);
    Ok(())
}

/// Merges sorted runs. Rust's own sorting, which Rhai uses, panics where the order contradicts itself; this gives some order.
fn sorted(context: &NativeCallContext<'_>, list: Array, by: &FnPtr) -> Raised<Array> {
    let mut runs: Vec<Array> = list.into_iter().map(|item| vec![item]).collect();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut rest = runs.into_iter();
        while let Some(left) = rest.next() {
            merged.push(match rest.next() {
                Some(right) => merge(context, left, right, by)?,
                None => left,
            });
        }
        runs = merged;
    }
    Ok(runs.pop().unwrap_or_default())
}

fn merge(context: &NativeCallContext<'_>, left: Array, right: Array, by: &FnPtr) -> Raised<Array> {
    let mut merged = Array::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if compare(context, a, b, by)?.is_gt() { right.next() } else { left.next() };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}

/// What the closure says; as in Rhai, values that it cannot compare are told apart by their types.
fn compare(context: &NativeCallContext<'_>, a: &Dynamic, b: &Dynamic, by: &FnPtr) -> Raised<Ordering> {
    let said = match by.call_raw(context, None, [a.clone(), b.clone()]) {
        // A limit ends it all.
        Err(error) if !error.is_catchable() => return Err(error),
        said => said.ok(),
    };
    let number = said.and_then(|said| said.as_int().or_else(|_| said.as_bool().map(|before| if before { -1 } else { 1 })).ok());
    Ok(number.map_or_else(|| a.type_id().cmp(&b.type_id()), |number| number.cmp(&0)))
}
