//! The option `rules` of the lexicons: expressions, and where their groups go.

use regex_automata::meta::BuildError;

use super::expression::{self, Expression};
use super::record::Form;
use crate::cog::{Args, Given};
use crate::cogs::text::fill::{Fill, Initial};
use crate::datum::{Datum, Map};
use crate::error::{Error, Result, nearest};
use crate::getset::Setter;

/// One rule, ready to be used.
#[derive(Debug)]
pub(in crate::cogs::text) struct Rule {
    pub(in crate::cogs::text) expression: Expression,
    /// Its name, or its number from 1.
    pub(in crate::cogs::text) name: Datum,
    /// Where the groups go: group 1 has place 0.
    pub(in crate::cogs::text) fill: Fill,
    /// What is set beside the groups, when that is not in `fill` already.
    pub(in crate::cogs::text) constants: Map,
    /// How a match becomes a row, when it can.
    pub(in crate::cogs::text) form: Option<Form>,
}

/// What a script said of one rule.
#[derive(Default)]
struct Draft {
    regexp: String,
    flags: String,
    name: Option<Datum>,
    /// Setters by number, or by name.
    setters: Option<Vec<Given>>,
    set: Option<Vec<(String, Given)>>,
    constants: Map,
}

/// What is wrong with a rule, and perhaps what to do.
struct Fault(String, Option<String>);

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self(text, None)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(error.to_string(), error.hint().map(str::to_owned))
    }
}

const KEYS: [&str; 6] = ["regexp", "setters", "set", "flags", "constants", "name"];

/// The rules in a lexicon's options.
pub(in crate::cogs::text) fn read(args: &Args, initial: &Initial) -> Result<Vec<Rule>> {
    let given = args.given("rules").and_then(|given| given.list()).unwrap_or_default();
    if given.is_empty() {
        return Err(Error::option("rules", "is empty; a lexicon has at least one rule"));
    }
    let flags = [("ignore_case", 'i'), ("multi_line", 'm'), ("dot_all", 's')];
    let flags: String = flags.iter().filter(|(option, _)| args.bool(option)).map(|(_, flag)| flag).collect();
    let rule = |(n, given)| {
        draft(given).and_then(|draft| build(draft, &flags, n + 1, initial, args)).map_err(|Fault(text, hint)| Error::Option {
            option: "rules".into(),
            text: format!("rule {}: {text}", n + 1),
            hint,
        })
    };
    given.iter().enumerate().map(rule).collect()
}

fn draft(given: &Given) -> Result<Draft, Fault> {
    if let Given::Datum(Datum::Str(regexp)) = given {
        return Ok(Draft { regexp: regexp.to_string(), ..Draft::default() });
    }
    if let Some(list) = given.list() {
        let Some((Given::Datum(Datum::Str(regexp)), setters)) = list.split_first() else {
            return Err("the first element must be the expression".to_owned().into());
        };
        let setters = (!setters.is_empty()).then(|| setters.to_vec());
        return Ok(Draft { regexp: regexp.to_string(), setters, ..Draft::default() });
    }
    let entries = given.map().ok_or_else(|| format!("must be a map, an array or a string, but is `{}`", given.kind()))?;
    let mut draft = Draft::default();
    let mut has_regexp = false;
    for (key, value) in entries {
        let wrong = |wanted: &str| format!("`{key}` must be {wanted}, but is `{}`", value.kind());
        match (key.as_str(), value.datum()) {
            ("regexp", Some(Datum::Str(regexp))) => {
                draft.regexp = regexp.to_string();
                has_regexp = true;
            }
            ("flags", Some(Datum::Str(flags))) => draft.flags = flags.to_string(),
            ("name", Some(name @ (Datum::Str(_) | Datum::Int(_)))) => draft.name = Some(name),
            ("constants", Some(Datum::Map(map))) => draft.constants = map,
            ("setters", _) => draft.setters = Some(value.list().ok_or_else(|| wrong("an array of setters"))?),
            ("set", _) => draft.set = Some(value.map().ok_or_else(|| wrong("a map of group names to setters"))?),
            ("constants", _) => {
                let odd = value.map().and_then(|map| map.into_iter().find(|(_, value)| value.datum().is_none()));
                let Some((name, odd)) = odd else { return Err(wrong("a map of plain values").into()) };
                return Err(format!("`{name}` of `constants` must be a plain value, but is `{}`", odd.kind()).into());
            }
            ("regexp" | "flags" | "name", _) => return Err(wrong("a string").into()),
            _ => {
                let hint =
                    nearest(&key, KEYS).map_or_else(|| format!("it takes {}", KEYS.join(", ")), |near| format!("did you mean `{near}`?"));
                return Err(Fault(format!("a rule has no `{key}`"), Some(hint)));
            }
        }
    }
    match (&draft.setters, &draft.set) {
        _ if !has_regexp => Err("has no `regexp`".to_owned().into()),
        (Some(_), Some(_)) => Err("has both `set` and `setters`".to_owned().into()),
        _ => Ok(draft),
    }
}

fn build(draft: Draft, common: &str, number: usize, initial: &Initial, args: &Args) -> Result<Rule, Fault> {
    if let Some(odd) = draft.flags.chars().find(|flag| !"imsx".contains(*flag)) {
        return Err(Fault(
            format!("no flag `{odd}`"),
            Some("the flags are i (ignore case), m (multi line), s (dot all), x (blanks and comments)".into()),
        ));
    }
    let flags: String = "imsx".chars().filter(|flag| common.contains(*flag) || draft.flags.contains(*flag)).collect();
    let expression = Expression::new(&draft.regexp, &flags, args.bool("anchored")).map_err(|fault| match fault {
        expression::Fault::Syntax(error) => misspelt(&error.to_string()),
        expression::Fault::Build(error) => too_large(&error),
    })?;
    let fill = Fill::new(setters(&draft, &expression.names)?, initial.with(&draft.constants));
    Ok(Rule {
        name: draft.name.clone().unwrap_or(Datum::Int(number as i64)),
        form: Form::of(&fill, &expression, &args.setter("matched_setter")),
        fill,
        constants: if matches!(initial, Initial::Fresh(_)) { Map::new() } else { draft.constants },
        expression,
    })
}

/// Where each group goes, from group 1 on.
fn setters(draft: &Draft, names: &[Option<String>]) -> Result<Vec<Option<Setter>>, Fault> {
    let setter = |what: String, given: &Given| match given {
        Given::Datum(Datum::Unit) => Ok(None),
        given => match given.setter()? {
            Some(setter) => Ok(Some(setter)),
            None => Err(Fault::from(format!("{what} must be a setter, but is `{}`", given.kind()))),
        },
    };
    if let Some(given) = &draft.setters {
        if given.len() > names.len() {
            return Err(format!("has {} setters, but {} groups", given.len(), names.len()).into());
        }
        return given.iter().enumerate().map(|(n, given)| setter(format!("setter {}", n + 1), given)).collect();
    }
    let Some(given) = &draft.set else {
        return names.iter().map(|name| Ok(name.as_deref().map(Setter::named).transpose()?)).collect();
    };
    let mut setters = vec![None; names.len()];
    for (name, given) in given {
        let Some(group) = names.iter().position(|group| group.as_deref() == Some(name)) else {
            let hint = if name.bytes().all(|byte| byte.is_ascii_digit()) {
                Some("groups are set by their numbers with `setters: [..]`, the first setter for group 1".into())
            } else {
                nearest(name, names.iter().flatten().map(String::as_str)).map(|near| format!("did you mean `{near}`?"))
            };
            return Err(Fault(format!("the expression has no group `{name}`"), hint));
        };
        setters[group] = setter(format!("the setter of `{name}`"), given)?;
    }
    Ok(setters)
}

/// Why an expression was not compiled.
fn too_large(error: &BuildError) -> Fault {
    if error.size_limit().is_none() {
        return Fault(error.to_string(), None);
    }
    let hint = "counted repetitions multiply what stands in them, `\\w` and `\\d` mean all of Unicode unless `(?-u)` says else";
    Fault("its compiled form is larger than 1 MiB".into(), Some(hint.into()))
}

/// A fault in the text of an expression, shown with a caret under it.
fn misspelt(text: &str) -> Fault {
    let lines = || text.lines().filter(|line| !line.starts_with("regex parse error"));
    let what = lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or("it cannot be parsed");
    let shown: Vec<&str> = lines().filter(|line| !line.starts_with("error: ")).collect();
    let linear = what.contains("look-around") || what.contains("backreference");
    let hint = linear.then(|| {
        "expressions are matched in time linear in the text, so that no input can stall the train; that engine has neither back-references nor look-around".to_owned()
    });
    Fault(format!("{what}\n{}", shown.join("\n")), hint)
}
