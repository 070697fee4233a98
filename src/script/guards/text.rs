//! Text: what makes it longer looks first how long it would be, what cuts it how many pieces there would be.

use std::cell::OnceCell;

use rhai::{Array, Blob, Dynamic, Engine, FuncRegistration, ImmutableString, Module, NativeCallContext};

use super::{Raised, places, room, too_large};

pub(super) fn register(module: &mut Module) {
    let add = |name: &'static str| FuncRegistration::new(name).in_global_namespace();
    add("pad").set_into_module(module, |context: NativeCallContext, text: &mut ImmutableString, length: i64, padding: &str| {
        pad(&context, text, length, padding)
    });
    add("pad").set_into_module(module, |context: NativeCallContext, text: &mut ImmutableString, length: i64, padding: char| {
        pad(&context, text, length, padding.encode_utf8(&mut [0; 4]))
    });
    add("replace").set_into_module(module, |context: NativeCallContext, text: &mut ImmutableString, find: &str, with: &str| {
        replace(&context, text, find, with)
    });
    add("replace").set_into_module(module, |context: NativeCallContext, text: &mut ImmutableString, find: char, with: &str| {
        replace(&context, text, find.encode_utf8(&mut [0; 4]), with)
    });
    add("to_chars").set_into_module(module, |context: NativeCallContext, text: &str| collect(&context, text.chars()));
    add("to_blob").set_into_module(module, |context: NativeCallContext, text: &str| -> Raised<Blob> {
        places(&context, text.len())?;
        Ok(text.as_bytes().to_vec())
    });
    add("parse_json").set_into_module(module, |context: NativeCallContext, text: &str| parse_json(&context, text));
    register_cuts(module);
}

fn register_cuts(module: &mut Module) {
    let add = |name: &'static str| FuncRegistration::new(name).in_global_namespace();
    add("split").set_into_module(
        module,
        |context: NativeCallContext, text: &mut ImmutableString| {
            if text.is_empty() { Ok(whole(text)) } else { collect(&context, text.split_whitespace()) }
        },
    );
    for (name, backwards) in [("split", false), ("split_rev", true)] {
        add(name).set_into_module(module, move |context: NativeCallContext, text: &mut ImmutableString, by: &str| {
            split(&context, text, by, i64::MAX, backwards)
        });
        add(name).set_into_module(module, move |context: NativeCallContext, text: &mut ImmutableString, by: &str, most: i64| {
            split(&context, text, by, most, backwards)
        });
        add(name).set_into_module(module, move |context: NativeCallContext, text: &mut ImmutableString, by: char| {
            split(&context, text, by.encode_utf8(&mut [0; 4]), i64::MAX, backwards)
        });
        add(name).set_into_module(module, move |context: NativeCallContext, text: &mut ImmutableString, by: char, most: i64| {
            split(&context, text, by.encode_utf8(&mut [0; 4]), most, backwards)
        });
    }
}

fn whole(text: &ImmutableString) -> Array {
    vec![text.clone().into()]
}

/// Rhai's own makes all pieces before their number is looked at.
fn split(context: &NativeCallContext<'_>, text: &ImmutableString, by: &str, most: i64, backwards: bool) -> Raised<Array> {
    if most <= 1 || text.is_empty() || (!by.is_empty() && !text.contains(by)) {
        return Ok(whole(text));
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut letters = by.chars();
    // To look for one letter, as mostly, is much quicker.
    match (letters.next(), letters.next()) {
        (Some(letter), None) if backwards => collect(context, text.rsplitn(most, letter)),
        (Some(letter), None) => collect(context, text.splitn(most, letter)),
        _ if backwards => collect(context, text.rsplitn(most, by)),
        _ => collect(context, text.splitn(most, by)),
    }
}

fn collect<T: Into<Dynamic>>(context: &NativeCallContext<'_>, pieces: impl Iterator<Item = T>) -> Raised<Array> {
    let mut list = Array::new();
    for piece in pieces {
        places(context, list.len() + 1)?;
        list.push(piece.into());
    }
    Ok(list)
}

/// Rhai's own looks whether the text is long enough after each padding; with an empty one it never is.
fn pad(context: &NativeCallContext<'_>, text: &mut ImmutableString, length: i64, padding: &str) -> Raised<()> {
    let Ok(length) = usize::try_from(length) else { return Ok(()) };
    let missing = length.saturating_sub(text.chars().count());
    if missing == 0 {
        return Ok(());
    }
    if padding.is_empty() {
        return Err("`pad` has nothing to pad with: the last argument is empty".into());
    }
    let letters = padding.chars().count();
    let part = padding.char_indices().nth(missing % letters).map_or("", |(end, _)| &padding[..end]);
    let times = missing / letters;
    room(context, padding.len().saturating_mul(times).saturating_add(text.len() + part.len()))?;
    let mut padded = String::with_capacity(text.len() + padding.len() * times + part.len());
    padded.push_str(text);
    padded.push_str(&padding.repeat(times));
    padded.push_str(part);
    *text = padded.into();
    Ok(())
}

/// Rhai's own makes the result first, which may be as large as the product of both texts.
fn replace(context: &NativeCallContext<'_>, text: &mut ImmutableString, find: &str, with: &str) -> Raised<()> {
    if text.is_empty() {
        return Ok(());
    }
    let count = text.matches(find).count();
    room(context, text.len().saturating_add(count.saturating_mul(with.len().saturating_sub(find.len()))))?;
    *text = text.replace(find, with).into();
    Ok(())
}

thread_local! {
    /// An engine as Rhai gives it: what is asked of it here is what our own would have done.
    static PLAIN: OnceCell<Engine> = const { OnceCell::new() };
}

/// Asks Rhai's own function of that name.
pub(super) fn original(name: &'static str, args: &mut [&mut Dynamic]) -> Raised<Dynamic> {
    PLAIN.with(|plain| {
        let plain = plain.get_or_init(Engine::new);
        let global = plain.new_global_runtime_state();
        NativeCallContext::new_with_all_fields(plain, name, None, &global, rhai::Position::NONE).call_native_fn_raw(name, true, args)
    })
}

/// Rhai's own makes of `[],[],…` what takes twenty times its length. It holds back from nesting by itself.
fn parse_json(context: &NativeCallContext<'_>, text: &str) -> Raised<Dynamic> {
    let most = context.engine().max_array_size();
    let (mut parts, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b',' if !quoted => parts += 1,
            _ => {}
        }
    }
    if most > 0 && parts >= most {
        return Err(too_large("Size of array/BLOB"));
    }
    original("parse_json", &mut [&mut text.into()])
}
