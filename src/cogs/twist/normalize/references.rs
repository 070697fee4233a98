//! References between parts of a datum: what is named in one place must be told in another, as IDEA's `AttachHand` names an `Attach`.

use std::collections::HashSet;

use super::faults::Faults;
use super::types::fault;
use crate::cog::Given;
use crate::datum::{Datum, Path, Step};
use crate::error::Result;

/// Paths to names, each with the path to what they name.
pub(super) struct References(Vec<(Path, Path)>);

impl References {
    /// Those that were given for the dictionary at `at`: a map of paths by path.
    pub(super) fn of(given: Option<&Given>, at: &str) -> Result<Self> {
        let Some(given) = given else { return Ok(Self(Vec::new())) };
        let wrong = || fault(at, "`references` takes a map: by the path to names the path to what they name");
        let pair = |(from, to): (String, Given)| {
            let to = to.datum();
            let to = to.as_ref().and_then(Datum::as_str).ok_or_else(wrong)?;
            let path = |text: &str| Path::parse(text).map_err(|error| fault(at, &error.to_string()));
            Ok((path(&from)?, path(to)?))
        };
        given.map().ok_or_else(wrong)?.into_iter().map(pair).collect::<Result<_>>().map(Self)
    }

    /// Tells each name that names nothing.
    pub(super) fn judge(&self, whole: &Datum, faults: &mut Faults) {
        for (from, to) in &self.0 {
            let mut names = Vec::new();
            gather(from.steps(), whole, &mut names);
            if names.is_empty() {
                continue;
            }
            let mut known = Vec::new();
            gather(to.steps(), whole, &mut known);
            let known: HashSet<String> = known.into_iter().collect();
            for name in names.iter().filter(|name| !known.contains(*name)) {
                faults.bad(format!("names `{}` in `{from}`, which is not in `{to}`", crate::error::shorten(name, 200)));
            }
        }
    }
}

/// The names that the steps lead to, where they lead to some; a list stands for all that it holds.
fn gather(steps: &[Step], value: &Datum, names: &mut Vec<String>) {
    let value = value.opened();
    match (steps.split_first(), &*value) {
        (Some((Step::Key(key), rest)), Datum::Map(map)) => map.get(key).into_iter().for_each(|value| gather(rest, value, names)),
        (Some((Step::All, rest)), Datum::List(list)) => list.iter().for_each(|value| gather(rest, value, names)),
        (Some((Step::At(place), rest)), Datum::List(list)) => {
            let place = if *place < 0 { place + list.len() as i64 } else { *place };
            if let Some(value) = usize::try_from(place).ok().and_then(|place| list.get(place)) {
                gather(rest, value, names);
            }
        }
        (Some(_), _) => {}
        (None, Datum::List(list)) => list.iter().for_each(|value| gather(steps, value, names)),
        (None, value) => names.push(value.piece().into_owned()),
    }
}
