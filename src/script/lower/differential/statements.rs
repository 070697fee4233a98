//! Random statements, and scripts of them: a callable of each shape with functions and captured values around it.

use proptest::prelude::*;

use super::expressions::{Code, Kinds, deeper, either, fill, leaves, one_of};

/// What the script's callable is taken as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Getter,
    Predicate,
    Setter,
    Deleter,
    Func,
    Cog,
}

/// A script whose value is the callable.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub used: Use,
    pub text: String,
}

fn keys() -> Code {
    one_of(&["a", "b", "z", "c", "aa"])
}

/// Statements without statements in them.
#[allow(clippy::too_many_lines, reason = "a table")]
fn simple(of: &Kinds) -> Code {
    let Kinds { int, float, text, truth, list, map, any } = of;
    let number = either(vec![(3, int.clone()), (1, float.clone())]);
    let step = one_of(&["+=", "-=", "*="]);
    // Rhai's `replace` squares a text before its size is looked at.
    let short = one_of(&[r#""a""#, r#""""#, r#""b.""#, r#"" ""#]);
    let small = one_of(&["0", "1", "-1", "2", "5"]);
    let quoted = one_of(&[r#""a""#, r#""b""#, r#""s""#, r#""fresh""#, r#""none""#, r#""m""#]);
    let field = one_of(&["fresh", "x", "y", "zz", "aa", "n", "j", "fresh", "y", "m", "l", "t"]);
    let lists = one_of(&["l", "§.l", "§.ls", "§.lm", "§.lf"]);
    let texts = one_of(&["s", "§.s", "§.t", "m.c", "§.m.c"]);
    either(vec![
        (3, fill("i = $;", &[int])),
        (2, fill("§.i = $;", &[int])),
        (3, fill("§.$ = $;", &[&field, any])),
        (2, fill("i $ $;", &[&step, int])),
        (2, fill("§.i $ $;", &[&step, int])),
        (1, fill("§.f $ $;", &[&step, &number])),
        (1, fill("f += $;", &[&number])),
        (2, fill("s = $;", &[text])),
        (2, fill("s += $;", &[text])),
        (2, fill("§.s += $;", &[any])),
        (2, fill("§.fresh = $;", &[text])),
        (1, fill("b = $;", &[truth])),
        (1, fill("l = $;", &[list])),
        (1, fill("m = $;", &[map])),
        (1, fill("x = $;", &[any])),
        (2, fill("$.push($);", &[&lists, any])),
        (1, fill("$ += $;", &[&lists, list])),
        (1, fill("$[$] = $;", &[&lists, &small, any])),
        (1, fill("m.$ = $;", &[&keys(), any])),
        (2, fill("§.m.$ = $;", &[&keys(), any])),
        (1, fill("§.m[$] = $;", &[&quoted, any])),
        (1, fill("§[$] = $;", &[&quoted, any])),
        (1, fill("§[$] = $;", &[text, any])),
        (1, fill("§.m.b $ $;", &[&step, int])),
        (1, fill("§.l[0] $ $;", &[&step, int])),
        (1, fill("§.m.m = $;", &[map])),
        (1, fill("§.m.m.$ = $;", &[&keys(), any])),
        (1, fill("§.lm[0].$ = $;", &[&keys(), any])),
        (2, fill("§.remove($);", &[&quoted])),
        (1, fill("§.m.remove($);", &[&quoted])),
        (1, fill("x = §.remove($);", &[&quoted])),
        (1, fill("§.remove(\"s\");\n§.s = $;", &[any])),
        (1, fill("§.y = §.m;\n§.remove(\"m\");\n§.m = $;", &[any])),
        (1, fill("let q = §.m;\nq.a = $;\n§.w = q;", &[any])),
        (1, fill("let q = §.$;\n§.w = q;\n§.v = q;", &[&field])),
        (1, fill("let q = §;\nq.i = $;\n§.copy = q.i;", &[int])),
        (1, fill("§.mixin($);", &[map])),
        (1, fill("§.m.mixin($);", &[map])),
        (1, fill("§.m.fill_with($);", &[map])),
        (1, fill("$.trim();", &[&texts])),
        (1, fill("$.make_upper();", &[&texts])),
        (1, fill("$.replace($, $);", &[&texts, &short, &short])),
        (1, fill("$.pad(6, \"ab\");", &[&texts])),
        (1, fill("$.crop(1, 2);", &[&texts])),
        (1, fill("x = $.pop();", &[&lists])),
        (1, fill("x = $.shift();", &[&lists])),
        (1, fill("x = $.remove($);", &[&lists, &small])),
        (1, fill("$.insert($, $);", &[&lists, &small, any])),
        (1, fill("$.$();", &[&lists, &one_of(&["reverse", "sort", "dedup", "clear"])])),
        (1, fill("$.truncate($);", &[&lists, &small])),
        (
            1,
            fill(
                "$;",
                &[&one_of(&["§.mark(3)", "§.mark(§.s)", "note(§)", "i.grow()", "cap += 1", "caps += \"!\"", "capl.push(1)", "capm.n = i"])],
            ),
        ),
        (1, fill("let i = $;", &[int])),
        (1, fill("try {\nx = risky($);\n} catch (e) {\nx = e;\n}", &[int])),
        (1, fill("let q = §.lm;\nq[0] = $;\n§.w = q;\n§.v = §.lm;", &[any])),
        (1, fill("§.w = [§.m, §.f, §.lf];\n§.m = $;", &[map])),
        (1, fill("let s = $;", &[any])),
        (1, fill("const K = $;\nx = K;", &[any])),
        (1, fill("x = swap($, $);", &[any, any])),
        (1, fill("§.$ = deep($);", &[&field, int])),
        (2, fill("let t = 0;\nlet p = 0;\nfor v in $ {\nt += v;\nif v > p { p = v; }\n}\n§.sum = t * 3 + p;", &[&lists])),
        (1, fill("let t = \"\";\nfor (v, n) in $ {\nif v == $ { continue; }\nt += `${n}${v}`;\n}\n§.fresh = t;", &[&lists, any])),
        (2, fill("§.$ = §.remove($);", &[&field, &quoted])),
        (1, fill("§.fresh = $.split(\".\")[0] + \":\" + $.to_lower() + $;", &[&texts, &texts, int])),
        (1, fill("if §.s == $ { k += $; } else if §.t.starts_with(\"a\") && k > 1 { §.x = §.i; }", &[text, int])),
        (1, fill("§.sum = l.map(|v| `${v}`);\n§.x = $;", &[any])),
    ])
}

/// Statements that end something, to stand where that is allowed.
fn ends(of: &Kinds) -> Code {
    either(vec![
        (2, fill("if $ { return $; }", &[&of.truth, &of.any])),
        (1, fill("if $ { throw $; }", &[&of.truth, &of.any])),
        (1, fill("if $ { return; }", &[&of.truth])),
    ])
}

fn several(of: &Code, most: usize) -> Code {
    proptest::collection::vec(of.clone(), 1..=most).prop_map(|statements| statements.join("\n")).boxed()
}

/// Statements with those in them.
fn compound(of: &Kinds, inner: &Code) -> Code {
    let Kinds { int, truth, list, map, any, .. } = of;
    let body = several(inner, 2);
    let leave = fill("if $ { $; }", &[truth, &one_of(&["break", "continue"])]);
    either(vec![
        (3, inner.clone()),
        (2, fill("if $ {\n$\n}", &[truth, &body])),
        (2, fill("if $ {\n$\n} else {\n$\n}", &[truth, &body, &body])),
        (1, fill("if $ {\n$\n} else if $ {\n$\n}", &[truth, &body, truth, &body])),
        (1, fill("switch $ {\n1 => { $ }\n\"abc\" | true => { $ }\n_ => { $ }\n}", &[any, &body, &body, &body])),
        (1, fill("switch $ {\n0..=5 if $ => { $ }\n6..100 => { $ }\n}", &[int, truth, &body, &body])),
        (2, fill("for v in $ {\nx = v;\n$\n}", &[list, &body])),
        (1, fill("for v in $ {\ni += v;\n}", &[&one_of(&["§.l", "l", "[1, 2]", "§.m.values()"])])),
        (1, fill("for (v, n) in $ {\nk = n;\n$\n$\n}", &[list, &leave, &body])),
        (1, fill("for n in 0..$ {\nk += n;\n$\n}", &[&one_of(&["2", "3", "§.l.len()", "0"]), &body])),
        (1, fill("for n in 1..=$ {\n$\n$\n}", &[&one_of(&["2", "3"]), &leave, &body])),
        (2, fill("for key in $.keys() {\nx = key;\n$\n}", &[map, &body])),
        (1, fill("for key in §.keys() {\nif type_of(§[key]) == \"i64\" { §[key] += 1; }\n$\n}", &[&body])),
        (1, fill("for c in $ {\ns += c;\n}", &[&one_of(&["\"xy\"", "§.s", "s.chars()"])])),
        (1, fill("let w = 0;\nwhile w < 3 {\nw += 1;\n$\n$\n}", &[&leave, &body])),
        (1, fill("let w = 0;\nloop {\nw += 1;\nif w > 2 { break; }\n$\n}", &[&body])),
        (1, fill("let w = 0;\ndo {\nw += 1;\n$\n} until w >= 2;", &[&body])),
        (1, fill("x = loop { break $; };", &[any])),
        (
            1,
            fill(
                "try {\n$\n$\n} catch (e) {\nx = e;\n$\n}",
                &[&body, &one_of(&["throw \"oh\";", "i += 1;", "throw 7;", "throw #{a: 1};"]), &body],
            ),
        ),
        (1, fill("{\nlet i = $;\nlet s = \"in\";\n$\n}", &[int, &body])),
        (1, ends(of)),
    ])
}

/// Functions that a script may have.
const FUNCTIONS: &str = r#"fn add(a, b) { a + b }
fn twice(a) { let r = add(a, a); r }
fn grow() { this += 1; this }
fn mark(v) { this.mark = v; }
fn note(d) { d.noted = true; }
fn label(v) { switch v { () => "none", 1 => "one", _ => `v${v}` } }
fn greet(name, n) { if n > 1 { return "hello " + name; } name + n }
fn clean(text) { text.trim(); text.replace(".", "-"); text }
fn risky(n) { if n > 2 { throw `big ${n}`; } n }
fn same(a, b) { a == b }
fn pack(a, b) { #{second: b, first: a} }
fn swap(a, b) { [b, a] }
fn first(l) { for v in l { return v; } () }
fn evens(l) { let out = []; for (v, n) in l { if n % 2 == 1 { continue; } out.push(v); } out }
fn deep(n) { if n <= 0 || n > 20 { return 0; } 1 + deep(n - 1) }
"#;

/// Functions of the user's that have the names of standard ones.
const SHADOWS: &[&str] = &[
    "",
    "",
    "",
    "fn to_upper(s) { s + \"!\" }\n",
    "fn len(x) { 42 }\n",
    "fn to_lower() { this + \"?\" }\n",
    "fn contains(a, b) { false }\n",
    "fn split(a, b) { [b, a] }\n",
    "fn push(l, v) { l }\n",
    "fn max(a, b) { a }\n",
];

const CAPTURED: &str = "let cap = 4;\nlet caps = \"cap\";\nlet capl = [1, \"x\"];\nlet capm = #{b: 1, a: 2.5};\n";
const LOCALS: &str = "let i = 1;\nlet k = 2;\nlet f = 1.5;\nlet s = \"abc\";\nlet b = true;\nlet l = [3, 1, 2];\nlet m = #{c: \"q\", a: 1, f: 2.5};\nlet x = ();\n";

/// A script that is used that way.
pub(super) fn script() -> impl Strategy<Value = Script> {
    let one = deeper(&leaves());
    let kinds = deeper(&one);
    let statement = either(vec![(3, simple(&one)), (1, simple(&kinds))]);
    let statement = compound(&one, &compound(&one, &statement));
    let body = proptest::collection::vec(statement, 0..4).prop_map(|all| all.join("\n")).boxed();
    let any = kinds.any.clone();
    let shape = either(vec![
        // What it is used as, parameters, the end of its body.
        (2, fill("Getter|d|$", &[&any])),
        (2, fill("Getter||$", &[&any])),
        (1, fill("Predicate|d|$", &[&kinds.truth])),
        (1, fill("Predicate||$", &[&kinds.truth])),
        (1, fill("Setter|d, v|d.$ = v;\nd", &[&keys()])),
        (1, fill("Setter|d, v|d.s = `${v}` + $;\nd", &[&any])),
        (1, fill("Setter|v|this.$ = v;", &[&keys()])),
        (1, fill("Setter|v|this.m.$ = v; i = v;", &[&keys()])),
        (1, fill("Deleter|d|d.remove($);\nd", &[&one_of(&["\"s\"", "\"m\"", "\"none\""])])),
        (1, fill("Deleter||this.remove($);", &[&one_of(&["\"s\"", "\"m\"", "\"none\""])])),
        (1, fill("Func|d|$", &[&any])),
        (1, fill("Func||x = $;", &[&any])),
        (1, fill("Func|d|#{zz: $, s: §.s, f: $, i: $, aa: §.t}", &[&any, &any, &one.int])),
        (1, fill("Func|d|if $ { #{i: $, n: §.n} } else { #{f: §.f, t: $, l: k} }", &[&one.truth, &one.int, &one.text])),
        (3, fill("Cog|d|$", &[&one_of(&["d", "if b { d }", "[d, #{a: i}]", "d.out = x;\nd", "()"])])),
        (4, fill("Cog||$", &[&one_of(&["", "this.out = x;", "if b { [] }", "[this]", "()"])])),
    ]);
    // What stands outside is captured where it is used.
    let places = prop_oneof![5 => Just(("", "")), 3 => Just((CAPTURED, "")), 1 => Just((CAPTURED, LOCALS))];
    let shadow = proptest::sample::select(SHADOWS);
    (shape, body, places, shadow).prop_map(|(shape, body, (captured, more), shadow)| {
        let (used, rest) = shape.split_once('|').expect("a use stands first");
        let (params, end) = rest.split_once('|').expect("parameters stand second");
        let used = match used {
            "Getter" => Use::Getter,
            "Predicate" => Use::Predicate,
            "Setter" => Use::Setter,
            "Deleter" => Use::Deleter,
            "Func" => Use::Func,
            _ => Use::Cog,
        };
        let event = if params.starts_with('d') { "d" } else { "this" };
        let inner = [CAPTURED, LOCALS].into_iter().filter(|part| ![captured, more].contains(part)).collect::<String>();
        let body = format!("{inner}{body}\n{end}").replace('§', event);
        Script { used, text: laid_out(&format!("{shadow}{FUNCTIONS}{captured}{more}|{params}| {{\n{body}\n}}")) }
    })
}

/// Indented by braces, without empty lines.
fn laid_out(text: &str) -> String {
    let mut depth = 0_usize;
    let mut out = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let closing = line.chars().take_while(|c| *c == '}').count();
        out.push_str(&"    ".repeat(depth.saturating_sub(closing)));
        out.push_str(line);
        out.push('\n');
        depth = (depth + line.matches('{').count()).saturating_sub(line.matches('}').count());
    }
    out
}
