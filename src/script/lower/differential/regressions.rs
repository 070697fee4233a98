//! Differences that were found, each by the name of what the user would have seen.

use super::events::Given;
use super::statements::{Script, Use};
use super::{compare, difference};

/// Both roads must say this of the event.
#[track_caller]
fn agree(used: Use, script: &str, event: &str, said: &str) {
    let script = Script { used, text: script.to_owned() };
    for lazy in [false, true] {
        let events = [(Given { text: event.to_owned(), lazy }, Given { text: "1".to_owned(), lazy })];
        let found = compare(&script, &events).unwrap();
        assert_eq!(difference(&script, &events, &found), None);
        assert_eq!(found.lowered, [said]);
    }
}

#[test]
fn a_cog_that_gives_its_datum_emits_nothing_for_nothing_and_each_of_a_list() {
    let script = "|d| { let a = 1; d }";
    agree(Use::Cog, script, "null", "");
    agree(Use::Cog, script, "[1, [2]]", "1 then [2]");
    agree(Use::Cog, script, r#"{"a": 1}"#, r#"{"a":1}"#);
}

#[test]
fn a_switch_does_not_keep_the_winding_busy() {
    agree(Use::Getter, "|d| switch d.a { 1 => \"one\", _ => \"other\" }", r#"{"a": 1}"#, r#""one""#);
}

#[test]
fn a_variable_as_first_argument_is_looked_up_after_the_others() {
    let script = "fn add(a, b) { a + b }\n|| { let i = 1; this.r = add(i, ({ i = 50; 3 })); let l = [1, 2]; this.q = add(l, l.pop()); }";
    agree(Use::Cog, script, "{}", "error: script.rhai:1:18: no function `+(array, int)` in `fn add(a, b) { a + b }`");
    agree(Use::Cog, &script.replace("l.pop()", "[l.pop()]"), "{}", r#"{"q":[1,2],"r":53}"#);
}

#[test]
fn a_map_made_of_events_of_several_shapes_agrees() {
    let text = "|d| { let n = 0; for v in d.l { n += v; } #{zz: n, i: d.i, f: d.f, a: `${d.s}!`} }".to_owned();
    let script = Script { used: Use::Func, text };
    let events = [
        (r#"{"f":"x","s":"a","i":2,"l":[1,22,333]}"#, true),
        (r#"{"f":"y","s":"\u00e4","i":3,"l":[ -1, 9007199254740993 ]}"#, true),
        (r#"{"i":2,"f":"z","l":[]}"#, true),
        // A number that keeps its text.
        (r#"{"f":1.50,"s":"a","i":2,"l":[1]}"#, true),
        // These are for the general road: a sum too large, an element of another kind.
        (r#"{"f":"x","s":"a","i":2,"l":[9223372036854775807,1]}"#, false),
        (r#"{"f":"x","s":"a","i":2,"l":[1,2.5]}"#, false),
        (r#"{"f":"x","s":"a","i":2,"l":[12345678]}"#, true),
    ];
    let given: Vec<_> = events
        .iter()
        .map(|(text, _)| (Given { text: (*text).to_owned(), lazy: true }, Given { text: "1".to_owned(), lazy: true }))
        .collect();
    let found = compare(&script, &given).unwrap();
    assert_eq!(difference(&script, &given, &found), None);
    assert_eq!(found.swiftly, events.map(|(_, swiftly)| swiftly));
}

/// Corners that random scripts seldom meet; `this` is the event, or `d` is.
const CORNERS: &[&str] = &[
    "let i = 1; this.r = max(i, ({ i = 50; 3 }));",
    "let i = 1; this.r = add(i, ({ i = 50; 3 }));",
    "let l = [1, 2]; this.r = add(l, l.pop());",
    "let l = [1, 2]; this.r = three(l, l.pop(), ({ let q = 5; l.push(q); q })); this.q = l;",
    "let i = 1; this.r = add(i, add(i, ({ i = 7; i })));",
    "this.r = pair(this, ({ this.i = 5; 1 })).i;",
    "let s = \"x\"; this.r = contains(s, ({ s = \"abc\"; \"b\" }));",
    "let l = [1]; l.push(({ l = [9]; 1 })); this.r = l;",
    "let l = [1]; push(l, ({ l = [9]; 1 })); this.r = l;",
    "let l = [1]; push(l, 2); this.r = l;",
    "push(this.l, 4);",
    "let s = \" x \"; trim(s); this.r = s;",
    "let i = 1; this.r = i + ({ i = 5; i });",
    "let i = 1; this.r = [i, ({ i = 5; i }), i];",
    "for v in this.l { this[\"l\"] = [7, 8, 9]; this.r = v; }",
    "let k = \"l\"; let out = []; for v in this.l { this[k] = [7, 8, 9]; out.push(v); } this.r = out;",
    "let out = []; for v in this.m.l { this.m = #{l: [7, 8]}; out.push(v); } this.r = out;",
    "let out = []; for v in this.m.l { this.remove(\"m\"); out.push(v); } this.r = out;",
    "let out = []; for v in this.l { this.mixin(#{l: [7, 8, 9]}); out.push(v); } this.r = out;",
    "let out = []; let l = [1, 2]; for v in l { l[1] = 7; out.push(v); } this.r = out;",
    "let out = []; let m = #{l: [1, 2]}; for v in m.l { m = #{l: [5, 6]}; out.push(v); } this.r = out;",
    "let q = this.m; q.b = 2; this.w = q; this.v = this.m;",
    "this.w = this.m; this.w.b = 1.5; this.v = this.w;",
    "this.m = this.lm[0];",
    "this.lm.reverse();",
    "this.lm.sort();",
    "this.lf.sort();",
    "this.lf.reverse();",
    "this.lf.shift();",
    "this.lf.push(1.5); this.lf.shift();",
    "this.lm.shift(); this.lm.push(#{b: 1, a: 2});",
    "this.lm[0] = this.lm[1];",
    "let t = this.lm[0]; this.lm[0] = this.lm[1]; this.lm[1] = t;",
    "this.lm.insert(0, #{z: 1, a: 1});",
    "this.f = this.f; this.g = this.f;",
    "this.f += 0; this.lf[0] += 0;",
    "this.f = 1.5; this.lf[1] = 2.5;",
    "let x = this.remove(\"f\"); this.zz = x;",
    "this.z9 = 1; this.a1 = 2; this.b5 = 3;",
    "this.z9 = 1; this.remove(\"z9\"); this.a1 = 2;",
    "this.m.z9 = 1; this.m.a1 = 2;",
    "this.r = #{z: this.f, a: this.m.b, m: this.m, l: this.lf};",
    "this.r = [this.f, this.m, this.lf, this.big];",
    "this.r = this.m.a.y; this.m.a.y = 3;",
    "this.big = this.big; this.r = this.big; this.q = `${this.big}`;",
    "this.r = this.big > 5;",
    "this.m.remove(\"b\"); this.m.b = 1.5;",
    "this.remove(\"m\"); this.m = 1;",
    "this.remove(\"none\"); this.none = 1;",
    "let x = risky(this.i); this.r = x;",
    "try { this.r = risky(30); } catch (e) { this.r = e; }",
    "try { this.r = 1 / 0; } catch (e) { this.r = \"caught\"; }",
    "try { this.gone = 1; throw #{code: 5}; } catch (e) { this.r = e.code; }",
    "try { throw; } catch (e) { this.r = e; }",
    "try { throw \"a\"; } catch { this.r = 1; }",
    "try { try { throw \"a\"; } catch (e) { throw e + \"b\"; } } catch (f) { this.r = f; }",
    "let i = 0; do { i += 1; if i == 2 { continue; } } while i < 4; this.r = i;",
    "let i = 0; do { i += 1; if i == 2 { continue; } } until i >= 2; this.r = i;",
    "let i = 0; this.r = loop { i += 1; if i > 3 { break i * 2; } };",
    "let i = 0; this.r = while i < 5 { i += 1; if i == 3 { break \"at three\"; } };",
    "this.r = for v in this.l { if v == 2 { break v; } };",
    "let i = 5; { let i = 6; this.a = i; } this.b = i;",
    "let i = 5; if true { let i = 6; i += 1; } this.b = i;",
    "for n in 0..3 { let q; if n == 1 { q = n; } this.r = q; }",
    "for (v, n) in \"añb\" { this[`k${n}`] = v; }",
    "for n in range(0, 10, 3) { this.r = n; }",
    "for n in (3..0) { this.r = n; }",
    "for n in -2..=0 { this[`n${n}`] = n; }",
    "this.r = switch this.i { 0..5 => 1, 5..=7 if this.n == () => 2, _ => 3 };",
    "this.r = switch this.f { 1.5 => 1, _ => 3 };",
    "this.r = switch this.l { [1, 2, 3] => 1, _ => 3 };",
    "this.r = switch this.s { \"a.b\" if this.i > 9 => 1, \"a.b\" => 2, _ => 3 };",
    "this.r = switch 3 { 1..5 => 1, 2..4 => 2 };",
    "this.r = this.none?.x?.y ?? this.n ?? 4;",
    "this.r = this.s.split(\".\")[-1];",
    "this.r = this.s.split(\".\")[9] ?? 1;",
    "this.r = this.s[0]; ",
    "this.r = this.s[0..1]; ",
    "this.s[0] = 'z'; ",
    "this.r = this.s.chars().len();",
    "this.r = true > false; this.q = () <= (); this.p = \"a\" < 1;",
    "this.r = 1 == 1.0; this.q = 0.1 + 0.2 == 0.3; this.p = [1] == [1.0];",
    "this.r = 7 in this.l; this.q = \"a\" in this.m; this.p = \"b\" in this.s; this.o = 3 in 0..5;",
    "this.r = !(2 in this.l);",
    "this.r = this.l.len; this.q = this.m.len(); this.p = this.m.len;",
    "this.r = -this.f; this.q = +this.f; this.p = - -3;",
    "this.r = 1 << 64; this.q = 1 << -1; this.p = -1 >> 70;",
    "this.r = 2 ** 62; this.q = 2.0 ** 0.5; this.p = 2 ** 0;",
    "this.r = 7 % -3; this.q = -7 / 2; this.p = 7.5 % 2;",
    "this.r = \"a\" + 1.0 + () + true + [1, \"x\"] + #{b: 1, a: ()};",
    "this.r = 1 + \"a\"; this.q = 1.0 + \"a\"; this.p = () + \"a\";",
    "this.r = `${this.m}|${this.lf}|${1e20}|${-0.0}`;",
    "this.r = this.m.keys(); this.q = this.m.values();",
    "let m = #{}; m.z = 1; m.a = 2; this.r = m.keys(); this.q = m; this.p = `${m}`;",
    "let m = #{b: 1}; m.mixin(#{a: 2.0, b: 3}); this.r = m;",
    "let l = []; l += 1; l += [2, 3]; l += \"x\"; this.r = l;",
    "let l = [1]; let k = l; k.push(2); this.r = l; this.q = k;",
    "let l = [[1], [2]]; let k = l[0]; k.push(5); l[1].push(6); this.r = l;",
    "this.l += 4; this.l += [5];",
    "this.l -= 1;",
    "this.s += this.i; this.s += this.f; this.s += this.n;",
    "this.s -= \"a\";",
    "this.i /= 2; this.i %= 2; this.i **= 2; this.i <<= 2; this.i |= 1;",
    "this.f **= 2; this.f -= 1;",
    "this.n += 1;",
    "this.none += 1;",
    "this.m.none.x = 1;",
    "this.l[5] = 1;",
    "this.l[-1] = 9;",
    "this[\"l\"][0] = this[\"i\"];",
    "let k = \"i\"; this[k] += 1; this[k + \"x\"] = 2;",
    "this.l = (); this.l = 3;",
    "let x = this; x.i = 0; this.r = x.i;",
    "this.copy = this;",
    "this.r = type_of(this) + type_of(this.f) + type_of(this.big) + type_of(this.n) + type_of(this.lf);",
    "take(this.s);",
    "let s = this.s; let t = take(s); this.r = [s, t];",
    "this.r = this.l.map(|v| v * 2);",
    "this.r = this.l.filter(|v| v > 1).len();",
    "this.bump(); this.r = this.i;",
    "bump2(this); this.r = this.i;",
    "let n = 5; n.inc(); this.r = n;",
    "this.i.inc();",
    "this.m.set(\"q\", 1); this.set(\"zz\", 2); this.set(\"aa\", 3);",
    "this.r = this.get(\"m\"); this.q = this.contains(\"m\");",
    "this.clear();",
    "this.m.clear(); this.l.clear(); this.s.clear();",
    "this.fill_with(#{i: 1, zz: 2, aa: 1});",
    "this.r = this.keys().len(); this.q = this.len();",
    "return;",
    "if this.i == 7 { return; } this.r = 1;",
    "return [this, #{x: 1}];",
    "return []; this.r = 1;",
    "return 5;",
    "this.x = 1; return this;",
    "this.x = 1; throw \"late\";",
    "this.x = 1; this.m.y = 2; this.l.push(1); this.remove(\"s\"); undefined_function();",
    "let s = \"\"; for n in 0..2000 { s += \"0123456789012345678901234567890123456789\"; } this.r = s.len();",
    "let l = []; for n in 0..12000 { l.push(n); } this.r = l.len();",
    "let i = 0; loop { i += 1; }",
    "this.r = deep(70);",
    "this.r = this.lm.map(|v| v.a); this.q = this.lm.filter(|v| v.a > 2);",
    "let t = 2; this.r = this.l.filter(|v| v >= t).map(|v| v * t);",
    "let t = 0; this.l.for_each(|v| t += v); this.r = t;",
    "this.r = this.l.some(|v| v > 2); this.q = this.l.all(|v| v > 0);",
    "this.r = this.l.reduce(|sum, v| sum + v, 0); this.q = this.l.find(|v| v == 2);",
    "this.r = this.l.map(|v, n| v * n); this.q = this.l.index_of(|v| v == 3);",
    "this.l.sort(|a, b| b - a); this.r = this.l;",
    "this.r = this.l.map(|v| { if v == 2 { return 9; } v });",
    "this.r = this.lf.map(|v| v); this.lf = this.lf.filter(|v| v > 1.5);",
    "this.lm = this.lm.filter(|v| v.a == 3);",
    "this.lm = this.lm.map(|v| { v.b = 0; v });",
    "this.m = this.m.filter(|k, v| k != \"b\");",
    "let f = |v| v + 1; this.r = f.call(3);",
    "let s = this.s; s += \"!\"; this.r = [s, this.s];",
    "let m = this.m; m.a.z = 9; this.r = m; this.q = this.m.a.z;",
    "let a = this.m.a; a.y.push(1); this.m.a = a;",
    "let a = this.lf; a[0] = 1.5; this.lf = a;",
    "let a = this.lf; a.push(0.5); this.lf = a;",
    "let a = this.lm; let x = a.pop(); this.lm = a; this.last = x;",
    "let x = this.lm.shift(); this.first = x; this.lm.push(x);",
    "this.w = this.lm[1]; this.lm.remove(1);",
    "this.lm.append(this.lm);",
    "this.l.append(this.lf); this.l.push(this.m);",
    "this.l.splice(1, 1, this.lf);",
    "this.r = this.lm.extract(1, 1); this.q = this.lf.extract(1);",
    "this.r = this.lf + this.l; this.q = this.lm + [1];",
    "this.r = this.m.values(); this.q = #{x: this.m.values()[0]};",
    "for key in this.keys() { if key != \"i\" { this.remove(key); } }",
    "for key in this.m.keys() { this.m[key] = key; }",
    "for (key, n) in this.m.keys() { this[key] = n; }",
    "for item in this.lm { item.b = 0; } this.r = this.lm;",
    "for n in 0..this.lm.len() { this.lm[n].b = n; }",
    "for n in 0..this.lf.len() { this.lf[n] = this.lf[n]; }",
    "this.i = `${this.i}`; this.i = parse_int(this.i);",
    "this.f = this.f.to_string(); this.f = parse_float(this.f);",
    "this.f = this.f.to_int(); this.f = this.f.to_float();",
    "this.z = this.m; this.a = this.m; this.remove(\"m\");",
    "this.s = this.s.to_upper(); this.s.make_lower(); this.r = this.s.len;",
    "this.l = this.l.len(); this.m = this.m.len();",
    "this.lm[0].remove(\"b\"); this.lm[0].b = 1.0;",
    "this.lm[0].z = this.lm[1]; this.lm[1].z = 1;",
    "this.a.b = 1;",
    "this.m.a.y[0] += 1; this.m.a.y[0] -= 1;",
    "this.m.a.y[0] = 2.5; this.m.a.z = 1.0; this.m.b = 1.5;",
    "this.m = #{a: #{y: [2.5], z: 1.0}, b: 1.5, l: [4, 5]};",
    "let x = 1; let x = x + 1; { let x = x + 1; this.r = x; } this.q = x;",
    "let x; this.r = x; x = 1; this.q = x;",
    "const C = 3; this.r = C + this.i;",
    "this.r = if this.i > 3 { \"big\" } else if this.i > 1 { \"mid\" };",
    "this.r = (this.none ?? this.n ?? #{a: 1}).a;",
    "this.r = this?.m?.a?.z; this.q = this.n?.a; this.p = this.none?[0];",
    "if this.none { this.r = 1; }",
    "this.r = this.i > 3 && this.none;",
    "this.r = this.i > 3 || this.none;",
    "this.r = 9223372036854775807 + 0; this.q = -9223372036854775808; this.p = this.r - 1;",
    "this.r = 9223372036854775807 * 2;",
    "this.r = (-9223372036854775807 - 1).abs();",
    "this.r = 0.0 / 0.0; this.q = 1.0 / 0.0;",
    "this.r = this.f == 1.5 && this.lf[0] == this.f && this.m.b == this.f;",
    "this.r = this.m == this.m; this.q = this.lm[0] == #{a: 2, b: 1.0}; this.p = this.lf == [1.5, 2.5, 1.5];",
    "this.big += 1; this.r = this.big;",
    "this.r = this.lf.contains(2.5); this.q = this.lf.index_of(1.5); this.p = this.l.contains(2.0);",
];

#[test]
fn corners_agree() {
    // The interpreter, not optimised, takes more for a nested call than the stack of a test allows.
    let corners = std::thread::Builder::new().stack_size(256 << 20).spawn(compare_corners).unwrap();
    corners.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

fn compare_corners() {
    let event = r#"{"s":"a.b","i":7,"l":[1,2,3],"m":{"b":1.50,"a":{"z":1.0,"y":[2.50]},"l":[4, 5]},"lf":[1.50,2.50,1.5],"lm":[{"b":1.0,"a":2},{"a":3,"b":4.50}],"f":1.50,"n":null,"big":18446744073709551616}"#;
    let mut differ = Vec::new();
    for body in CORNERS {
        let functions = "fn add(a, b) { a + b }\nfn pair(a, b) { a }\nfn three(a, b, c) { [a, b, c] }\nfn risky(n) { if n > 20 { throw \"big\"; } n }\nfn bump() { this.i += 1; }\nfn bump2(d) { d.i += 1; }\nfn inc() { this += 1; }\nfn deep(n) { if n == 0 { 0 } else { 1 + deep(n - 1) } }\n";
        let as_this = Script { used: Use::Cog, text: format!("{functions}|| {{ {body}; }}") };
        let as_given = Script { used: Use::Cog, text: format!("{functions}|d| {{ {}; d }}", body.replace("this", "d")) };
        for script in [as_this, as_given] {
            for lazy in [false, true] {
                let events = [(Given { text: event.to_owned(), lazy }, Given { text: "1".to_owned(), lazy })];
                match compare(&script, &events) {
                    Ok(found) => differ.extend(difference(&script, &events, &found)),
                    Err(why) => differ.push(format!("\n{}\n{why}\n", script.text)),
                }
            }
        }
    }
    assert!(differ.is_empty(), "{}", differ.concat());
}
