//! Functions of Rhai's (1.27) that do not come to an end, or take memory without bound before any limit is looked at, in forms
//! that do neither: a runaway script must be an error of one event, never of the process.

use rhai::{EvalAltResult, FuncRegistration, ImmutableString, Module, NativeCallContext, Position};

type Raised<T> = Result<T, Box<EvalAltResult>>;

/// Puts them before Rhai's own.
pub(super) fn register(module: &mut Module) {
    let add = |name: &'static str| FuncRegistration::new(name).in_global_namespace();
    add("pad").set_into_module(module, |context: NativeCallContext, text: &mut ImmutableString, length: i64, padding: &str| {
        pad(&context, text, length, padding)
    });
    add("replace").set_into_module(module, |context: NativeCallContext, text: &mut ImmutableString, find: &str, with: &str| {
        replace(&context, text, find, with)
    });
    add("replace").set_into_module(module, |context: NativeCallContext, text: &mut ImmutableString, find: char, with: &str| {
        replace(&context, text, find.encode_utf8(&mut [0; 4]), with)
    });
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
    room(context, length)?;
    let padded: String = text.chars().chain(padding.chars().cycle().take(missing)).collect();
    room(context, padded.len())?;
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

fn room(context: &NativeCallContext<'_>, length: usize) -> Raised<()> {
    let most = context.engine().max_string_size();
    if most > 0 && length > most {
        return Err(EvalAltResult::ErrorDataTooLarge("Length of string".into(), Position::NONE).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rhai::Engine;

    fn guarded() -> Engine {
        let mut engine = Engine::new();
        engine.set_max_string_size(1000);
        let mut module = super::Module::new();
        super::register(&mut module);
        engine.register_global_module(module.into());
        engine
    }

    #[test]
    fn what_comes_to_an_end_is_as_it_was() {
        let (ours, theirs) = (guarded(), Engine::new());
        for script in [
            r#"let s = "ab"; s.pad(7, "xyz"); s"#,
            r#"let s = "ab"; s.pad(2, ""); s"#,
            r#"let s = "ab"; s.pad(-1, "x"); s"#,
            r#"let s = "äb"; s.pad(5, "ö"); s"#,
            r#"let s = "abcabc"; s.replace("bc", "x"); s"#,
            r#"let s = "abc"; s.replace("", "-"); s"#,
            r#"let s = ""; s.replace("", "-"); s"#,
            r#"let s = "a,b"; s.replace(',', "; "); s"#,
            r#"let s = "a,b"; s.replace(",", ';'); s"#,
        ] {
            assert_eq!(ours.eval::<String>(script).unwrap(), theirs.eval::<String>(script).unwrap(), "{script}");
        }
    }

    #[test]
    fn what_would_not_is_an_error() {
        for (script, error) in [
            (r#"let s = "ab"; s.pad(7, ""); s"#, "nothing to pad with"),
            (r#"let s = "ab"; s.pad(2000, "x"); s"#, "too large"),
            (r#"let s = "ab"; s.pad(9223372036854775807, "x"); s"#, "too large"),
            (r#"let s = "abcdefghij"; for n in 0..9 { s.replace("", s); } s"#, "too large"),
        ] {
            let told = guarded().eval::<String>(script).unwrap_err().to_string();
            assert!(told.contains(error), "{script}: {told}");
        }
    }
}
