//! What templates print, held against what Jinja2 3.1 prints of the same (its answers were written down once; no Python is needed here),
//! and the differences, held too, so that docs/templates.md stays true.

use super::*;
use crate::datum::json;

/// What all templates are given.
const DATA: &str = r#"{"n": 3, "f": 1.5, "one": 1.0, "big": 1e+16, "small": 1e-05, "s": "it's <b>", "t": "a\"b", "e": "", "ok": true, "no": false, "nil": null, "l": ["a", 1, 2.0, null, true], "m": {"b": 1, "a": {"c": [1, 2]}}, "u": "äöß€", "users": [{"name": "ada", "age": 36, "tags": ["x"]}, {"name": "bob", "age": 7, "tags": []}, {"name": "cy", "age": 36, "tags": ["y", "z"]}], "long": "The quick brown fox jumps over the lazy dog", "nl": "a\nb\tc\\", "words": ["pear", "Apple", "fig"], "nums": [3, 1, 2], "empty": [], "huge": 123456789012345678901234567890, "neg": -7}"#;

/// Templates, and what Jinja2 makes of them.
const SAME: &[(&str, &str)] = &[
    ("{{ n }} {{ f }} {{ one }} {{ big }} {{ small }} {{ neg }} {{ huge }}", "3 1.5 1.0 1e+16 1e-05 -7 123456789012345678901234567890"),
    ("{{ ok }} {{ no }} {{ nil }} {{ e }}| {{ missing }}|", "True False None | |"),
    ("{{ l }} {{ m }} {{ users[0] }}", "['a', 1, 2.0, None, True] {'b': 1, 'a': {'c': [1, 2]}} {'name': 'ada', 'age': 36, 'tags': ['x']}"),
    ("{{ [s, t, u, nl] }}", r#"["it's <b>", 'a"b', 'äöß€', 'a\nb\tc\\']"#),
    ("{{ [big, small, 0.1 + 0.2, 1e300, -0.0, 100.0] }}", "[1e+16, 1e-05, 0.30000000000000004, 1e+300, -0.0, 100.0]"),
    ("{{ (1,) }} {{ (1, 'a') }} {{ () }} {{ {} }} {{ [] }}", "(1,) (1, 'a') () {} []"),
    ("{{ {'b': 1, 'a': [true, none]} }}", "{'b': 1, 'a': [True, None]}"),
    ("{{ [missing] }}", "[Undefined]"),
    ("{{ l[0] }} {{ l[-1] }} {{ l[1:3] }} {{ s[0] }} {{ s[-1] }} {{ s[1:4] }} {{ s[::-1] }}", "a True [1, 2.0] i > t's >b< s'ti"),
    ("{{ m.a.c[1] }} {{ m['b'] }} {{ m.nope }}| {{ users[1].name }} {{ users.1.name }}", "2 1 | bob bob"),
    (
        "{{ n + 1 }} {{ n - 5 }} {{ n * 2.5 }} {{ n / 2 }} {{ n // 2 }} {{ neg // 2 }} {{ neg % 3 }} {{ n ** 2 }} {{ 7 / 7 }}",
        "4 -2 7.5 1.5 1 -4 2 9 1.0",
    ),
    ("{{ 1 + 1.0 }} {{ 10 ** 20 }} {{ 2 ** -1 }} {{ 2 ** 0.5 }}", "2.0 100000000000000000000 0.5 1.4142135623730951"),
    ("{{ 'a' + 'b' }} {{ 'a' * 3 }} {{ 'a' ~ 1 ~ none ~ true ~ 1.0 ~ [1, 'x'] }} {{ [1] + [2] }}", "ab aaa a1NoneTrue1.0[1, 'x'] [1, 2]"),
    ("{{ n == 3 }} {{ n == 3.0 }} {{ '3' == n }} {{ n != 3 }} {{ 1 < 2 < 3 }} {{ 'a' < 'b' }}", "True True False False True True"),
    ("{{ n in [1, 3] }} {{ 'a' in l }} {{ 'b' in m }} {{ 'x' not in 'abc' }} {{ 'bc' in 'abc' }}", "True True True True True"),
    ("{{ not ok }} {{ ok and n }} {{ no or 'x' }} {{ n if no else 'z' }} {{ n if no }}|", "False 3 x z |"),
    (
        "{{ n is defined }} {{ missing is defined }} {{ missing is undefined }} {{ nil is none }} {{ n is number }} {{ s is string }} {{ l is sequence }} {{ m is mapping }} {{ l is iterable }}",
        "True False True True True True True True True",
    ),
    (
        "{{ n is odd }} {{ n is even }} {{ 9 is divisibleby 3 }} {{ n is integer }} {{ f is float }} {{ ok is boolean }} {{ ok is true }} {{ no is false }} {{ 'a' is lower }} {{ 'A' is upper }} {{ 1 is eq 1 }} {{ 3 is gt 2 }} {{ 'a' is in ['a'] }} {{ n is not none }}",
        "True False True True True True True True True True True True True True",
    ),
    (
        "{% for x in l %}{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ x }};{% endfor %}",
        "1TrueFalsea;2FalseFalse1;3FalseFalse2.0;4FalseFalseNone;5FalseTrueTrue;",
    ),
    ("{% for x in nums %}{{ loop.index0 }}/{{ loop.revindex }}/{{ loop.length }} {% endfor %}", "0/3/3 1/2/3 2/1/3 "),
    ("{% for x in nums %}{{ loop.cycle('a', 'b') }}{{ loop.previtem }}{{ loop.nextitem }} {% endfor %}", "a1 b32 a1 "),
    ("{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{% endfor %}", "TrueFalseTrue"),
    ("{% for x in empty %}{{ x }}{% else %}none{% endfor %}", "none"),
    ("{% for x in nums if x > 1 %}{{ x }}{{ loop.length }}{% endfor %}", "3222"),
    ("{% for k, v in m.items() %}{{ k }}={{ v }};{% endfor %}", "b=1;a={'c': [1, 2]};"),
    ("{% for k in m %}{{ k }}{% endfor %}", "ba"),
    ("{% for c in 'abc' %}{{ c }}-{% endfor %}", "a-b-c-"),
    ("{% for u in users recursive %}{{ u.name }}{% endfor %}", "adabobcy"),
    ("{% for a, b in [(1, 2), (3, 4)] %}{{ a * b }} {% endfor %}", "2 12 "),
    ("{% for u in users %}{% for t in u.tags %}{{ loop.index }}{{ t }}{% else %}-{% endfor %}{% endfor %}", "1x-1y2z"),
    ("{% if n > 5 %}a{% elif n > 2 %}b{% else %}c{% endif %}", "b"),
    ("{% set x = 5 %}{{ x }}{% for i in [1] %}{% set x = 6 %}{{ x }}{% endfor %}{{ x }}", "565"),
    ("{% set ns = namespace(c=0) %}{% for i in nums %}{% set ns.c = ns.c + i %}{% endfor %}{{ ns.c }}", "6"),
    ("{% set b %}<{{ n }}>{% endset %}{{ b }}", "<3>"),
    ("{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a }}", "3"),
    ("{% macro m1(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m1(1) }} {{ m1(1, b=3) }}", "1-2 1-3"),
    ("{% macro box() %}[{{ caller() }}]{% endmacro %}{% call box() %}in{% endcall %}", "[in]"),
    ("{% filter upper %}abc{% endfilter %}", "ABC"),
    ("{% raw %}{{ x }}{% endraw %}{# comment #}!", "{{ x }}!"),
    ("{%- if true -%}  x  {%- endif -%}  y", "xy"),
    ("a {{- n -}} b", "a3b"),
    ("{% block z %}blk{% endblock %}", "blk"),
    (
        "{{ s | upper }} {{ s | title }} {{ s | capitalize }} {{ 'ABC' | lower }} {{ '  x ' | trim }}| {{ 'xxaxx' | trim('x') }}",
        "IT'S <B> It's <B> It's <b> abc x| a",
    ),
    ("{{ s | e }} {{ t | escape }} {{ s | forceescape }}", "it&#39;s &lt;b&gt; a&#34;b it&#39;s &lt;b&gt;"),
    ("{{ l | length }} {{ s | count }} {{ m | length }}", "5 8 2"),
    (
        "{{ words | sort }} {{ words | sort(case_sensitive=true) }} {{ nums | sort(reverse=true) }} {{ users | sort(attribute='age') | map(attribute='name') | join(',') }}",
        "['Apple', 'fig', 'pear'] ['Apple', 'fig', 'pear'] [3, 2, 1] bob,ada,cy",
    ),
    (
        "{{ words | join }} {{ words | join(', ') }} {{ users | join(',', attribute='name') }} {{ [1, none, true, 1.0] | join('|') }}",
        "pearApplefig pear, Apple, fig ada,bob,cy 1|None|True|1.0",
    ),
    (
        "{{ nums | first }} {{ nums | last }} {{ nums | min }} {{ nums | max }} {{ nums | sum }} {{ users | sum(attribute='age') }} {{ empty | first }}|",
        "3 2 1 3 6 79 |",
    ),
    (
        "{{ nums | list }} {{ 'abc' | list }} {{ m | list }} {{ nums | reverse | list }} {{ 'abc' | reverse }}",
        "[3, 1, 2] ['a', 'b', 'c'] ['b', 'a'] [2, 1, 3] cba",
    ),
    (
        "{{ users | map(attribute='name') | list }} {{ words | map('upper') | list }} {{ nums | map('string') | list }}",
        "['ada', 'bob', 'cy'] ['PEAR', 'APPLE', 'FIG'] ['3', '1', '2']",
    ),
    (
        "{{ nums | select('odd') | list }} {{ nums | reject('odd') | list }} {{ users | selectattr('age', 'gt', 10) | map(attribute='name') | list }} {{ users | rejectattr('tags') | map(attribute='name') | list }}",
        "[3, 1] [2] ['ada', 'cy'] ['bob']",
    ),
    ("{{ users | groupby('age') | map('first') | list }}", "[7, 36]"),
    ("{% for age, us in users | groupby('age') %}{{ age }}:{{ us | map(attribute='name') | join('+') }};{% endfor %}", "7:bob;36:ada+cy;"),
    ("{{ [1, 2, 1, 3, 2] | unique | list }} {{ ['a', 'A', 'b'] | unique | list }}", "[1, 2, 3] ['a', 'b']"),
    (
        "{{ nums | batch(2) | list }} {{ nums | batch(2, 0) | list }} {{ [1,2,3,4,5] | slice(2) | list }}",
        "[[3, 1], [2]] [[3, 1], [2, 0]] [[1, 2, 3], [4, 5]]",
    ),
    ("{{ m | dictsort }} {{ m | items | list }}", "[('a', {'c': [1, 2]}), ('b', 1)] [('b', 1), ('a', {'c': [1, 2]})]"),
    (
        "{{ missing | default('d') }} {{ missing | d('x') }} {{ '' | default('d') }}| {{ '' | default('d', true) }} {{ nil | default('d') }}",
        "d x | d None",
    ),
    ("{{ 'a-b' | replace('-', '+') }} {{ 'aaa' | replace('a', 'b', 2) }}", "a+b bba"),
    (
        "{{ 3.7 | round }} {{ 3.14159 | round(2) }} {{ 3.2 | round(method='ceil') }} {{ 3.7 | int }} {{ '42' | int }} {{ 'x' | int(5) }} {{ '3.5' | float }} {{ n | float }} {{ neg | abs }} {{ 2.5 | round }}",
        "4.0 3.14 4.0 3 42 5 3.5 3.0 7 2.0",
    ),
    ("{{ n | string }} {{ [1, 'a'] | string }} {{ 1e16 | string }}", "3 [1, 'a'] 1e+16"),
    (
        "{{ long | truncate(20) }} {{ long | truncate(20, true) }} {{ long | truncate(20, end='!') }} {{ 'short' | truncate(20) }}",
        "The quick brown... The quick brown f... The quick brown! short",
    ),
    (r#"{{ long | wordcount }} {{ u | wordcount }} {{ "it's a-b" | wordcount }}"#, "9 1 4"),
    ("{{ 'x' | center(5) }}| {{ 'ab' | center(5) }}| {{ 'abc' | center(2) }}|", "  x  |   ab | abc|"),
    (r"{{ 'a\nb' | indent }} {{ 'a\nb' | indent(2, true) }} {{ 'a\n\nb' | indent(2) }}", "a\n    b   a\n  b a\n\n  b"),
    (
        "{{ m | tojson }} {{ u | tojson }} {{ s | tojson }} {{ [1.0, none, true] | tojson }} {{ {'a': [1]} | tojson(indent=2) }}",
        "{\"a\": {\"c\": [1, 2]}, \"b\": 1} \"\\u00e4\\u00f6\\u00df\\u20ac\" \"it\\u0027s \\u003cb\\u003e\" [1.0, null, true] {\n  \"a\": [\n    1\n  ]\n}",
    ),
    ("{{ '%s is %d' | format('x', 3) }} {{ '%05.2f' | format(3.14159) }}", "x is 3 03.14"),
    (
        "{{ 12345678 | filesizeformat }} {{ 1000 | filesizeformat }} {{ 2048 | filesizeformat(true) }} {{ 1 | filesizeformat }}",
        "12.3 MB 1.0 kB 2.0 KiB 1 Byte",
    ),
    ("{{ '<p>a <b>b</b></p>' | striptags }}", "a b"),
    ("{{ dict(a=1, b='x') }} {{ dict(m, z=1) | length }}", "{'a': 1, 'b': 'x'} 3"),
    ("{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}", "aba"),
    ("{% set j = joiner(',') %}{% for x in nums %}{{ j() }}{{ x }}{% endfor %}", "3,1,2"),
    (
        "{{ 'a,b'.split(',') }} {{ 'x'.upper() }} {{ ' x '.strip() }}| {{ 'abc'.startswith('a') }} {{ 'abc'.replace('a', 'z') }} {{ ','.join(['a', 'b']) }} {{ 'a'.isdigit() }} {{ 'abc'.find('c') }}",
        "['a', 'b'] X x| True zbc a,b False 2",
    ),
    ("{{ m.get('b') }} {{ m.get('x', 7) }} {{ m.keys() | list }} {{ m.values() | list | length }}", "1 7 ['b', 'a'] 2"),
    (
        "{{ '{} {}'.format(1, 'a') }} {{ 'A B'.title() }} {{ 'aXb'.lower() }} {{ 'a b'.capitalize() }} {{ 'x'.isalpha() }}",
        "1 a A B axb A b True",
    ),
    (r#"{{ "a" "b" }} {{ 'a\tb\\' }} {{ 'x\u00e4' }}"#, "ab a\tb\\ xä"),
    ("{{ 1_000 }} {{ 0x10 }} {{ 0b11 }} {{ 1e3 }}", "1000 16 3 1000.0"),
    ("{{ u | length }} {{ u | upper }} {{ u | first }}", "4 ÄÖSS€ ä"),
    ("{{ true }} {{ True }} {{ none }} {{ None }} {{ false }}", "True True None None False"),
    ("{{ users | map(attribute='tags') | map('length') | list }}", "[1, 0, 2]"),
    ("{{ users | map(attribute='tags.0', default='-') | list }}", "['x', '-', 'y']"),
    ("{{ nums[:2] }} {{ nums[::2] }} {{ words[-2:] }}", "[3, 1] [3, 2] ['Apple', 'fig']"),
    ("{{ (nums | sort)[0] }} {{ nums | sort | first }}", "1 1"),
    ("{{ 'x' if n is odd else 'y' }}{{ 'w' if n is even }}", "x"),
    ("{{ 'yes' if 'ada' in users | map(attribute='name') else 'no' }}", "yes"),
    ("{{ 10 / 4 }} {{ 10 / 5 }} {{ 1 / 3 }} {{ 1e-7 }} {{ 123456789.0 * 10 }}", "2.5 2.0 0.3333333333333333 1e-07 1234567890.0"),
    ("{% for x in nums | sort %}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}", "1,2,3"),
    ("{% for i in range(3) %}{% if i == 1 %}{% set y = i %}{% endif %}{% endfor %}{{ y }}|", "|"),
    ("{{ m.items() | list }}", "[('b', 1), ('a', {'c': [1, 2]})]"),
    ("{{ m is mapping and m.a is mapping }} {{ 'a'.x is defined }}", "True False"),
    ("{{ l | select('string') | list }} {{ l | reject('none') | list }}", "['a'] ['a', 1, 2.0, True]"),
    ("{{ nil ~ '' }} {{ [none] }} {{ (ok, no) }}", "None [None] (True, False)"),
    (
        "{% autoescape true %}{{ s }} {{ t }} {{ '/' }}{{ '<b>' | safe }}{{ [s] }}{% endautoescape %}",
        "it&#39;s &lt;b&gt; a&#34;b /<b>[&#34;it&#39;s &lt;b&gt;&#34;]",
    ),
    ("a\n", "a"),
    ("a\n\n", "a\n"),
    ("{% if true %}\nx\n{% endif %}\n", "\nx\n"),
    ("  {% if true %}\n  x\n  {% endif %}\ny", "  \n  x\n  \ny"),
    ("{{ 'a b&c/d' | urlencode }}", "a%20b%26c/d"),
    ("{{ range(3) | list }} {{ range(1, 10, 3) | list }}", "[0, 1, 2] [1, 4, 7]"),
    ("{{ 5 | string ~ 'a' }} {{ -n }} {{ - n | abs }}", "5a -3 3"),
    (
        "{{ '1,2' | int }} {{ '0x1f' | int(base=16) }} {{ '3.9' | int }} {{ 'x' | int(7) }} {{ none | int }} {{ ' 42 ' | int }} {{ 'a' | float }} {{ 'a' | float(1.5) }} {{ [1] | int(2) }} {{ true | int }} {{ '1_000' | int }} {{ '1e3' | int }} {{ -3.9 | int }}",
        "0 31 3 7 0 42 0.0 1.5 2 1 1000 1000 -3",
    ),
    (
        "{{ 3 | round }} {{ 7 % -3 }} {{ ok + 1 }} {{ true == 1 }} {{ -2 ** 2 }} {{ 2 ** 3 ** 2 }} {{ 3 // 2.0 }} {{ 0.1 + 0.7 }} {{ 1e22 }} {{ 123456789012345680000.0 }} {{ 9223372036854775807 + 1 }}",
        "3 -2 2 True 4 64 1.0 0.7999999999999999 1e+22 1.2345678901234568e+20 9223372036854775808",
    ),
    (
        r#"{{ users | groupby('age') | length }} {{ 'abc' | first }} {{ 'abc' | last }} {{ "%d%%" | format(5) }} {{ not n in nums }} {{ (1, 2) + (3,) }} {{ nums ~ nums }} {{ missing ~ 'a' }} {{ missing | upper }}|"#,
        "2 a c 5% False (1, 2, 3) [3, 1, 2][3, 1, 2] a |",
    ),
    ("{% for x in missing %}{{ x }}{% endfor %}{% if missing %}a{% endif %}{{ missing | length }}{{ missing == none }}", "0False"),
    (
        "{% for x in range(4) %}{% if x == 1 %}{% continue %}{% elif x == 3 %}{% break %}{% endif %}{{ x }}{{ loop.depth }}{% endfor %}",
        "0121",
    ),
    (
        "{% set a, b = 1, 2 %}{{ a }}{{ b }} {{ namespace(a=1).a }} {{ 'abc'[5] }}{{ nums[10] }}| {{ [1, 2] < [1, 3] }} {{ {'a': 1} == {'a': 1.0} }}",
        "12 1 | True True",
    ),
    (
        "{% for n in users recursive %}{{ n.name }}{% if n.tags %}({% for t in n.tags %}{{ t }}{% endfor %}){% endif %}{% endfor %}",
        "ada(x)bobcy(yz)",
    ),
    ("{% macro tree(x) %}{{ x[0] }}{% if x | length > 1 %}{{ tree(x[1:]) }}{% endif %}{% endmacro %}{{ tree(words) }}", "pearApplefig"),
    ("{{ 'x' | indent }} {{ 'a b c d e f' | truncate(5, leeway=0) }} {{ 'abcdefgh' | truncate(5, True, '', 0) }}", "x a... abcde"),
];

/// What comes of a template; the error where it fails.
fn rendered(template: &str) -> String {
    let refused = |error: &Error| format!("! {error}");
    let args = Args::of(&SPEC, vec![("template", template.into())]);
    let mut cog = match JinjaMarshall::new(&args) {
        Ok(cog) => cog,
        Err(error) => return refused(&error),
    };
    let compiled = cog.settings.engine(INLINE, template, &Arc::default());
    cog.engine = compiled.ok();
    let (mut datum, mut text) = (json::read(DATA).unwrap(), String::new());
    let before = json::to_string(&datum);
    let done = cog.write(&mut datum, &mut text);
    assert_eq!(json::to_string(&datum), before, "the datum is as it was");
    done.map_or_else(|error| refused(&error), |()| text)
}

#[test]
fn templates_print_what_jinja2_prints() {
    let mut told = String::new();
    for (template, expected) in SAME {
        let text = rendered(template);
        if text != *expected {
            told += &[template, "  jinja2:", expected, "  ours:", &text, ""].join("\n");
        }
    }
    assert!(told.is_empty(), "{told}");
}

/// What differs, as docs/templates.md lists it: templates, and what comes of them here.
const DIFFERENT: &[(&str, &str)] = &[
    // Jinja2: `range(0, 3)`, and the address of a generator.
    ("{{ range(3) }} {{ nums | map('string') }}", "[0, 1, 2] ['3', '1', '2']"),
    // Jinja2: `a=1&b=x+y`, and the same of a list of pairs.
    ("{{ {'a': 1, 'b': 'x y'} | urlencode }} {{ [(1, 2)] | urlencode }}", "a=1&b=x%20y %5B%281%2C%202%29%5D"),
    // Jinja2: nothing, as a list may be changed so.
    (
        "{% do nums %}",
        "! option `template`: line 1, column 7: expected call expression in call block, got variable\n    {% do nums %}\n          ^",
    ),
    // Jinja2: nothing, as a dictionary has no such attribute.
    ("{{ m | attr('b') }}", "1"),
    // Jinja2: the address of a method.
    ("{{ m.items }}|{{ s.upper }}|{{ n.real }}|", "|||"),
    // Jinja2: `1e+16`.
    ("{{ big ~ '' }} {{ [big] | join }}", "10000000000000000.0 10000000000000000.0"),
    // Jinja2: errors.
    ("{{ 'a' < 1 }} {{ [1, 'a'] | sort }} {{ 'a,b' | split(',') }}", "False [1, 'a'] ['a', 'b']"),
    // Jinja2: false, as these are two objects.
    ("{{ ('a' ~ 'b') is sameas 'ab' }}", "True"),
    // Jinja2: `3`.
    ("{{ +n }}", "! option `template`: line 1, column 4: unexpected `+`\n    {{ +n }}\n       ^"),
    // Jinja2: all forty zeros.
    ("{{ 10 ** 40 }}", "! template `template`, line 1: unable to calculate 10 ** 40"),
    // Jinja2: `3`.
    ("{{ '%s' % 3 }}", "! template `template`, line 1: tried to use % operator on unsupported types string and number"),
    // Jinja2: a random one.
    ("\n{{ nums | random }}", "! template `template`, line 2: filter random is unknown"),
    // Jinja2 says so when it compiles, here only who gets there is told.
    ("{% if no %}{{ n | unknown }}{% endif %}{% if no %}{{ n is unknown }}{% endif %}ok", "ok"),
];

#[test]
fn what_differs_from_jinja2_is_known() {
    let mut told = String::new();
    for (template, expected) in DIFFERENT {
        let text = rendered(template);
        if text != *expected {
            told += &[template, "  expected:", expected, "  came:", &text, ""].join("\n");
        }
    }
    assert!(told.is_empty(), "{told}");
}
