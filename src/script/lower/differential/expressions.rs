//! Random expressions as text, by the kind that they mostly have. `§` stands for the event.

use proptest::prelude::*;
use proptest::strategy::Union;

/// Text of a script.
pub(super) type Code = BoxedStrategy<String>;

/// Expressions of each kind.
#[derive(Clone)]
pub(super) struct Kinds {
    pub int: Code,
    pub float: Code,
    pub text: Code,
    pub truth: Code,
    pub list: Code,
    pub map: Code,
    /// Of any kind.
    pub any: Code,
}

/// One of these, the first being the simplest.
pub(super) fn one_of(values: &'static [&'static str]) -> Code {
    proptest::sample::select(values).prop_map(str::to_owned).boxed()
}

/// The template with each `$` replaced, in order; `${` is that of an interpolation.
pub(super) fn fill(template: &'static str, parts: &[&Code]) -> Code {
    let parts: Vec<Code> = parts.iter().map(|part| (*part).clone()).collect();
    parts
        .prop_map(move |parts| {
            let mut parts = parts.into_iter();
            let mut out = String::new();
            let mut rest = template;
            while let Some((before, after)) = rest.split_once('$') {
                out.push_str(before);
                if after.starts_with('{') {
                    out.push('$');
                } else {
                    out.push_str(&parts.next().expect("a part for each `$`"));
                }
                rest = after;
            }
            out + rest
        })
        .boxed()
}

/// One of these by weight.
pub(super) fn either(options: Vec<(u32, Code)>) -> Code {
    Union::new_weighted(options).boxed()
}

/// Expressions without parts.
pub(super) fn leaves() -> Kinds {
    let int = one_of(&[
        "1",
        "0",
        "2",
        "3",
        "-1",
        "10",
        "7",
        "i",
        "k",
        "§.i",
        "§.j",
        "§.m.b",
        "§.l[0]",
        "l[0]",
        "m.a",
        "§[\"i\"]",
        "§.l[-1]",
        "§.l.len()",
        "§.s.len",
        "s.len()",
        "§.m.a",
        "9223372036854775807",
        "§?.i",
        "§.m?.b",
        "§.x?.b ?? 5",
        "§.none ?? 1",
        "cap",
        "0x7f",
        "§.i ?? 0",
    ]);
    let float = one_of(&["0.5", "1.0", "f", "§.f", "2.5e3", "§.lf[0]", "-0.0", "1e300", "0.1", "§.f ?? 0.5", "m.f"]);
    let text = one_of(&[
        r#""a""#,
        r#""""#,
        r#""abc""#,
        "s",
        "§.s",
        "§.t",
        r#""Čaša""#,
        r#""a.b.c""#,
        "§.m.c",
        "§.ls[0]",
        "§.lm[0].c",
        r#"§["t"]"#,
        "caps",
        "m.c",
        r#"" x ""#,
        r#"§.none ?? "no""#,
        "`q\"`",
    ]);
    let truth = one_of(&["true", "false", "b", "§.b", "§.n == ()", "§.none == ()", "§.b ?? false", "§.x != ()"]);
    let list = one_of(&["[]", "[1, 2]", "l", "§.l", "§.ls", "§.lf", "§.lm", "capl", r#"["b", "a"]"#, "[[1], 2.0]", "§.none ?? []"]);
    let map = one_of(&["#{}", "#{a: 1}", "m", "§.m", r#"#{"z": 1.50, c: "q", a: 2}"#, "capm", "§.lm[0]", "§.m.m ?? #{}"]);
    let any = either(vec![
        (2, int.clone()),
        (2, text.clone()),
        (1, truth.clone()),
        (1, float.clone()),
        (1, list.clone()),
        (1, map.clone()),
        (1, one_of(&["()", "§.x", "§.n", "§.big", "§.none", "x", "§"])),
    ]);
    Kinds { int, float, text, truth, list, map, any }
}

/// Expressions over simpler ones.
#[allow(clippy::too_many_lines, reason = "a table")]
pub(super) fn deeper(of: &Kinds) -> Kinds {
    let Kinds { int, float, text, truth, list, map, any } = of;
    let small = one_of(&["2", "1", "3", "0", "5", "-1", "-2", "8"]);
    let compare = one_of(&["==", "!=", "<", "<=", ">", ">="]);
    let key = one_of(&[r#""a""#, r#""b""#, r#""c""#, r#""z""#, r#""none""#]);
    let number = either(vec![(2, int.clone()), (1, float.clone())]);
    let ints = either(vec![
        (6, int.clone()),
        (8, fill("($ $ $)", &[int, &one_of(&["+", "-", "*", "&", "|", "^"]), int])),
        (2, fill("($ $ $)", &[int, &one_of(&["/", "%", "**", "<<", ">>"]), &small])),
        (1, fill("($ / $)", &[int, int])),
        (1, fill("(-$)", &[int])),
        (1, fill("$.abs()", &[int])),
        (1, fill("sign($)", &[int])),
        (1, fill("max($, $)", &[int, int])),
        (1, fill("min($, $)", &[int, int])),
        (1, fill("$.len()", &[text])),
        (1, fill("$.len", &[list])),
        (1, fill("$.len()", &[list])),
        (1, fill("$.len()", &[map])),
        (1, fill("$.bytes", &[text])),
        (1, fill("$.index_of($)", &[text, text])),
        (1, fill("$.index_of($)", &[list, any])),
        (1, fill("parse_int($)", &[&one_of(&[r#""12""#, "`${i}`", r#"" -7 ""#])])),
        (1, fill("parse_int($, 16)", &[&one_of(&[r#""ff""#, r#""10""#])])),
        (1, fill("$.to_int()", &[float])),
        (2, fill("add($, $)", &[int, int])),
        (1, fill("twice($)", &[int])),
        (1, fill("add(i, ({ i = $; $ }))", &[int, int])),
        (1, fill("risky($)", &[&small])),
        (1, fill("({ k = $; k })", &[int])),
        (1, fill("l.pop()", &[])),
        (1, fill("$.grow()", &[&one_of(&["i", "k"])])),
        (1, fill("if $ { $ } else { $ }", &[truth, int, int]).prop_map(|code| format!("({code})")).boxed()),
        (1, fill("switch $ { 1 => $, \"a\" => $, 2 | 3 => $, _ => $ }", &[any, int, int, int, int])),
        (1, fill("switch $ { 0..3 => $, 3..=9 if $ => $, _ => $ }", &[int, int, truth, int, int])),
        (1, fill("($ ?? $)", &[int, int])),
        (1, fill("#{a: $, b: 2}.a", &[int])),
        (1, fill("[$, $][$]", &[int, int, &one_of(&["0", "1", "-1"])])),
        (1, fill("$[$]", &[&one_of(&["§.l", "l"]), &small])),
    ]);
    let floats = either(vec![
        (4, float.clone()),
        (4, fill("($ $ $)", &[float, &one_of(&["+", "-", "*", "/"]), &number])),
        (2, fill("($ $ $)", &[int, &one_of(&["+", "-", "*", "/", "%"]), float])),
        (1, fill("$.to_float()", &[int])),
        (1, fill("$.floor()", &[float])),
        (1, fill("$.round", &[float])),
        (1, fill("($ ** $)", &[float, &small])),
        (1, fill("sqrt($)", &[float])),
        (1, fill("max($, $)", &[float, int])),
        (1, fill("(-$)", &[float])),
    ]);
    let texts = either(vec![
        (5, text.clone()),
        (4, fill("($ + $)", &[text, any])),
        (1, fill("($ + $)", &[any, text])),
        (1, fill("($ - $)", &[text, text])),
        (3, fill("`<${$}>${$}`", &[any, text])),
        (2, fill("$.to_upper()", &[text])),
        (2, fill("to_lower($)", &[text])),
        (1, fill("$.sub_string($)", &[text, &small])),
        (1, fill("$.sub_string($, $)", &[text, &small, &small])),
        (1, fill("$.split($)[0]", &[text, &one_of(&[r#"".""#, r#"" ""#, r#""a""#, r#""""#])])),
        (1, fill("$.split(\".\")[$]", &[text, &one_of(&["-1", "1", "2"])])),
        (1, fill("$.to_string()", &[any])),
        (1, fill("type_of($)", &[any])),
        (1, fill("$.to_debug()", &[any])),
        (1, fill("$.to_hex()", &[int])),
        (1, fill("label($)", &[any])),
        (1, fill("greet($, $)", &[text, &number])),
        (1, fill("clean($)", &[text])),
        (1, fill("max($, $)", &[text, text])),
        (1, fill("(if $ { $ } else { $ })", &[truth, text, text])),
        (1, fill("({ let s = $; s.trim(); s })", &[text])),
        (1, fill("({ let q = $; q.replace($, $); q })", &[text, &one_of(&[r#""a""#, r#""""#, r#"".""#]), &one_of(&[r#""-""#, r#""""#])])),
        (1, fill("$.keys()[0]", &[map])),
        (1, fill("{ let v = $; v += $; v }", &[text, any]).prop_map(|code| format!("({code})")).boxed()),
    ]);
    let truths = either(vec![
        (4, truth.clone()),
        (3, fill("($ $ $)", &[int, &compare, int])),
        (2, fill("($ $ $)", &[&number, &compare, float])),
        (2, fill("($ $ $)", &[text, &compare, text])),
        (2, fill("($ == $)", &[any, any])),
        (1, fill("($ != $)", &[any, any])),
        (1, fill("($ $ $)", &[any, &compare, any])),
        (2, fill("($ && $)", &[truth, truth])),
        (2, fill("($ || $)", &[truth, truth])),
        (1, fill("(!$)", &[truth])),
        (1, fill("$.contains($)", &[text, text])),
        (1, fill("$.contains($)", &[list, any])),
        (1, fill("$.contains($)", &[map, &key])),
        (1, fill("($ in $)", &[&key, map])),
        (1, fill("($ in $)", &[any, list])),
        (1, fill("($ in 0..$)", &[int, int])),
        (1, fill("$.starts_with($)", &[text, text])),
        (1, fill("$.ends_with($)", &[text, text])),
        (1, fill("$.is_empty()", &[list])),
        (1, fill("$.is_empty", &[text])),
        (1, fill("$.is_odd()", &[int])),
        (1, fill("same($, $)", &[any, any])),
        (1, fill("switch $ { () => true, 1.5 => $, _ => $ }", &[any, truth, truth])),
    ]);
    let lists = either(vec![
        (4, list.clone()),
        (3, fill("[$, $]", &[any, any])),
        (2, fill("$.split($)", &[text, &one_of(&[r#"".""#, r#"" ""#, r#""a""#])])),
        (1, fill("$.split()", &[text])),
        (1, fill("$.keys()", &[map])),
        (1, fill("$.values()", &[map])),
        (1, fill("($ + $)", &[list, list])),
        (1, fill("$.extract($, $)", &[list, &small, &small])),
        (1, fill("({ let l = $; l.push($); l })", &[list, any])),
        (1, fill("({ let q = $; q.sort(); q })", &[&one_of(&["§.l", "[3, 1, 2]", "§.ls", "l", "§.lf"])])),
        (1, fill("[$]", &[int])),
        (1, fill("evens($)", &[list])),
    ]);
    let maps = either(vec![
        (4, map.clone()),
        (3, fill("#{b: $, a: $}", &[any, any])),
        (1, fill("({ let m = $; m.b = $; m })", &[map, any])),
        (1, fill("({ let q = $; q.remove($); q })", &[map, &key])),
        (1, fill("({ let q = $; q.mixin($); q })", &[map, map])),
        (1, fill("($ + $)", &[map, map])),
        (1, fill("({ let q = $; q[$] = $; q })", &[map, &key, any])),
        (1, fill("pack($, $)", &[any, any])),
    ]);
    let all = either(vec![
        (3, any.clone()),
        (3, ints.clone()),
        (2, floats.clone()),
        (3, texts.clone()),
        (2, truths.clone()),
        (2, lists.clone()),
        (2, maps.clone()),
        (1, fill("($ ?? $)", &[any, any])),
        (1, fill("$[$]", &[map, &key])),
        (1, fill("$?.$", &[any, &one_of(&["a", "b", "m?.y"])])),
        (1, fill("$.get($)", &[map, &key])),
        (1, fill("(if $ { $ })", &[truth, any])),
        // `try` is a statement: its value is carried out by a variable.
        (1, fill("({ let got = (); try { got = $; } catch (e) { got = $; } got })", &[any, any])),
        (1, fill("first($)", &[list])),
    ]);
    Kinds { int: ints, float: floats, text: texts, truth: truths, list: lists, map: maps, any: all }
}
