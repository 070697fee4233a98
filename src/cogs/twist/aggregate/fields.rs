//! The option `fields`: what is worked out under which name, and from what.

use super::functions::{FUNCTIONS, Function};
use crate::cog::{Args, Given};
use crate::datum::Datum;
use crate::error::{Error, Result, nearest};
use crate::getset::Getter;

/// Values in a list or set at most, where nothing is said.
const LIMIT: usize = 1000;

/// One output.
pub(super) struct Output {
    pub(super) name: String,
    pub(super) function: Function,
    /// None for the item of that name.
    pub(super) getter: Option<Getter>,
    /// Values of a list or set at most.
    pub(super) limit: usize,
    /// From 0 to 1.
    pub(super) quantile: f64,
}

/// All of them, in order.
pub(super) fn outputs(args: &Args) -> Result<Vec<Output>> {
    let Some(given) = args.given("fields") else { return Ok(vec![output("count".into(), &["count".into()])?]) };
    if let Some(map) = given.map() {
        return map.into_iter().map(|(name, what)| output(name, &what.list().unwrap_or_else(|| vec![what]))).collect();
    }
    let list = given.list().unwrap_or_default();
    let one = |one: &Given| match one.list().as_deref() {
        Some([Given::Datum(Datum::Str(name)), rest @ ..]) => output(name.to_string(), rest),
        _ => Err(wrong("takes an array of arrays that begin with a name, such as [\"bytes\", \"sum\"]".into())),
    };
    list.iter().map(one).collect()
}

fn output(name: String, what: &[Given]) -> Result<Output> {
    let names = || FUNCTIONS.iter().map(|(name, _)| *name);
    let (word, getter, more) = match what {
        [Given::Datum(Datum::Str(word))] => (word, None, None),
        [Given::Datum(Datum::Str(word)), getter] => (word, Some(getter), None),
        [Given::Datum(Datum::Str(word)), getter, more] => (word, Some(getter), Some(more)),
        _ => return Err(wrong(format!("wants a function, and a getter where it needs one, for `{name}`: [\"sum\", \"bytes\"]"))),
    };
    let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == word.as_str()) else {
        let all = || format!("there are {}", names().collect::<Vec<_>>().join(", "));
        let hint = nearest(word, names()).map_or_else(all, |near| format!("did you mean \"{near}\"?"));
        return Err(Error::Option { option: "fields".into(), text: format!("knows no function \"{word}\""), hint: Some(hint) });
    };
    if *function == Function::Count && getter.is_some() {
        return Err(wrong(format!("\"count\" counts events and takes no getter, in `{name}`")));
    }
    let getter = match getter {
        None => None,
        Some(given) => Some(given.getter()?.ok_or_else(|| wrong(format!("wants a getter for `{name}`, but is given {}", given.kind())))?),
    };
    let more = more.map(|more| more.datum().unwrap_or_default());
    let (mut limit, mut quantile) = (LIMIT, 0.0);
    match (function, more) {
        (Function::Quantile, more) => {
            let share = more.as_ref().and_then(Datum::as_float).filter(|share| (0.0..=1.0).contains(share));
            let wanted = || wrong(format!("wants a getter and a share from 0 to 1 for `{name}`: [\"quantile\", \"took\", 0.99]"));
            quantile = share.ok_or_else(wanted)?;
        }
        (_, None) => {}
        (Function::List | Function::Set, Some(more)) => {
            let most = more.as_int().and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0);
            limit =
                most.ok_or_else(|| wrong(format!("wants a number of values, at least 1, for `{name}`: [\"{word}\", \"user\", 100]")))?;
        }
        _ => return Err(wrong(format!("\"{word}\" takes a getter and nothing more, in `{name}`"))),
    }
    Ok(Output { name, function: *function, getter, limit, quantile })
}

fn wrong(text: String) -> Error {
    Error::option("fields", text)
}
