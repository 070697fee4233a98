//! What `movement::train(#{…})` takes.

use rhai::{Dynamic, EvalAltResult, Map as RhaiMap};

use super::compose;
use super::constructors::{self, Call};
use super::convert::from_rhai;
use super::winding::{CogHandle, Desk, Line, TrainHandle};
use crate::conf::cast;
use crate::error::nearest;

/// The options that there are.
const OPTIONS: [&str; 4] = ["dead", "finish_timeout", "max_bytes", "strict_exit"];

/// Takes the options of the train.
///
/// # Errors
/// An unknown option, with the nearest one; a value that it cannot have.
pub(super) fn options(desk: &Desk, call: &Call, options: RhaiMap) -> Result<TrainHandle, Box<EvalAltResult>> {
    for (key, value) in options {
        take(desk, call, &key, value).map_err(|text| format!("`movement::train`{text}"))?;
    }
    Ok(TrainHandle)
}

fn take(desk: &Desk, call: &Call, key: &str, value: Dynamic) -> Result<(), String> {
    let settings = |f: &dyn Fn(&mut crate::train::Options)| f(&mut desk.winding.borrow_mut().options);
    match key {
        "dead" => {
            let Some(cog) = constructors::route(desk, call, value).try_cast::<CogHandle>() else {
                return Err(": `dead` must be a cog, or a line with one cog at its head".to_owned());
            };
            constructors::refuse_supply(desk, cog.0, "`movement::train`: option `dead`", || call.option(desk, "dead"));
            desk.winding.borrow_mut().dead = Some(cog.0);
            let line = Line { heads: vec![cog.0], tails: vec![cog.0], ..Default::default() };
            compose::put(desk, call, line);
        }
        "finish_timeout" => {
            let seconds = value.as_float().or_else(|_| value.as_int().map(|n| n as f64)).unwrap_or(-1.0);
            if !(0.0..1e9).contains(&seconds) {
                return Err(": `finish_timeout` must be a number of seconds".to_owned());
            }
            settings(&|options| options.finish_timeout = std::time::Duration::from_secs_f64(seconds));
        }
        "max_bytes" => {
            let given = from_rhai(value).map_err(|error| format!(": `max_bytes`: {error}"))?;
            let bytes = cast::size().run(&given).map_err(|text| format!(": `max_bytes`: {text}"))?.as_int();
            let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok()).filter(|bytes| *bytes > 0);
            let bytes = bytes.ok_or(": `max_bytes` must be at least one byte")?;
            settings(&|options| options.max_bytes = bytes);
        }
        "strict_exit" => {
            let strict = value.as_bool().map_err(|_| ": `strict_exit` must be true or false")?;
            settings(&|options| options.strict_exit = strict);
        }
        odd => {
            let hint = nearest(odd, OPTIONS).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(format!(" has no option `{odd}`{hint}"));
        }
    }
    Ok(())
}
