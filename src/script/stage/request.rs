//! `train.esc.request`: how a cog of the script asks a server.

use std::rc::Rc;

use rhai::{Dynamic, Map as RhaiMap};

use super::Raised;
use super::esc::{Handle, bind};
use super::event::Event;
use crate::cog::{Args, Given};
use crate::cogs::http::request::{OPTIONS, Request};
use crate::error::Error;
use crate::script::constructors::to_given;
use crate::script::convert::short_type;
use crate::script::winding::Desk;

/// Asks with the options that are given first, and calls what is given then with the response.
pub(super) fn request(desk: &Desk, mut args: Vec<Dynamic>) -> Raised<Handle> {
    let options = args.remove(0).flatten();
    let got = short_type(options.type_name()).to_owned();
    let options = options.try_cast::<RhaiMap>().ok_or_else(|| {
        format!("`train.esc.request` takes a map of options, `train.esc.request(#{{ url: … }}, f)`, but is given a `{got}`")
    })?;
    let host = desk.host();
    let given: Vec<(String, Given)> = options.into_iter().map(|(name, value)| (name.to_string(), to_given(&host, value))).collect();
    let made = Args::check_group(&OPTIONS, &given).and_then(|args| Request::new(&args).map_err(|fault| vec![fault]));
    let made = made.map_err(|faults| faults.iter().map(told).collect::<Vec<_>>().join("; "))?;
    let event = |waits: &mut super::Waits| {
        let asking = made.open().map_err(|fault| told(&fault))?;
        waits.managers.keep(&asking);
        Ok((Event::Request(Rc::new(asking)), false))
    };
    bind(desk, "request", event, args)
}

fn told(fault: &Error) -> String {
    let text = match fault {
        Error::Option { option, text, .. } if text.ends_with("has no such option") => {
            format!("`train.esc.request` has no option `{option}`")
        }
        other => format!("`train.esc.request`: {other}"),
    };
    fault.hint().map_or_else(|| text.clone(), |hint| format!("{text}; {hint}"))
}
