//! The modules that are not cogs: `conf`, `log`, and what of `movement` is about the train itself.

use std::path::PathBuf;
use std::rc::Rc;

use rhai::{Array, Dynamic, EvalAltResult, FnPtr, FuncRegistration, ImmutableString, Map as RhaiMap, Module, NativeCallContext};

use super::accessors::{CastValue, raise};
use super::callback::ScriptFn;
use super::compose::{self, here};
use super::convert::{from_rhai, short_type, to_rhai};
use super::fault_kinds;
use super::report::Report;
use super::train;
use super::winding::{Desk, Line, TrainHandle};
use crate::conf::{self, Cast, Entry, Item, Outcome, Positional, Request};
use crate::daemon;
use crate::datum::Datum;
use crate::log::{self, Priority};

type Raised<T> = Result<T, Box<EvalAltResult>>;

/// A part of a configuration's definition, as scripts hold it.
#[derive(Clone)]
struct EntryValue(Entry);

/// Gives an error the place of the call, which Rhai leaves out for functions of modules.
pub(super) fn placed<T>(context: &NativeCallContext<'_>, result: Raised<T>) -> Raised<T> {
    result.map_err(|mut error| {
        if error.position().is_none() {
            error.set_position(context.call_position());
        }
        error
    })
}

/// The modules by name: `conf`, `log`, and casts and inserts of others.
pub(super) fn register(desk: &Desk, module: impl Fn(&'static str) -> Rc<std::cell::RefCell<Module>>) {
    for (family, name, cast) in Cast::all() {
        module(family).borrow_mut().set_var(name, CastValue(cast));
    }
    for (family, name, make) in conf::inserts::INSERTS {
        let insert = move || make().into_iter().map(|entry| Dynamic::from(EntryValue(entry))).collect::<Array>();
        module(family).borrow_mut().set_var(name, insert());
        FuncRegistration::new(name).set_into_module(&mut module(family).borrow_mut(), insert);
    }
    register_conf(desk, &mut module("conf").borrow_mut());
    super::idea::register(desk, &mut module("twist").borrow_mut());
    register_log(desk, &mut module("log").borrow_mut());
    let at = desk.clone();
    FuncRegistration::new("detach")
        .set_into_module(&mut module("daemon").borrow_mut(), move |context: NativeCallContext<'_>, settings: RhaiMap| {
            placed(&context, detach(&at, settings))
        });
}

fn register_conf(desk: &Desk, module: &mut Module) {
    FuncRegistration::new("cast_choice").set_into_module(module, |context: NativeCallContext<'_>, words: Array| -> Raised<CastValue> {
        let words =
            words.into_iter().map(|word| word.into_string().map_err(|got| format!("`cast_choice` takes words, but one is a `{got}`")));
        let words = words.collect::<Result<_, _>>().map_err(|text: String| text.into());
        Ok(CastValue(conf::cast::choice(placed(&context, words)?)))
    });
    let at = desk.clone();
    FuncRegistration::new("cfg_item").set_into_module(
        module,
        move |context: NativeCallContext<'_>, name: &str, cast: Dynamic, about: &str| {
            placed(&context, item(&at, name, cast, about, None, false))
        },
    );
    let at = desk.clone();
    FuncRegistration::new("cfg_item").set_into_module(
        module,
        move |context: NativeCallContext<'_>, name: &str, cast: Dynamic, about: &str, default: Dynamic| {
            placed(&context, item(&at, name, cast, about, Some(default), false))
        },
    );
    let at = desk.clone();
    FuncRegistration::new("cfg_item").set_into_module(
        module,
        move |context: NativeCallContext<'_>, name: &str, cast: Dynamic, about: &str, default: Dynamic, extra: RhaiMap| {
            placed(&context, is_secret(name, &extra).and_then(|secret| item(&at, name, cast, about, Some(default), secret)))
        },
    );
    FuncRegistration::new("cfg_section").set_into_module(
        module,
        |context: NativeCallContext<'_>, name: &str, entries: Dynamic, about: &str| {
            Raised::Ok(EntryValue(Entry::section(name, about, placed(&context, definition(entries))?)))
        },
    );
    FuncRegistration::new("cfg_root").set_into_module(module, |context: NativeCallContext<'_>, entries: Dynamic| -> Raised<Array> {
        Ok(placed(&context, definition(entries))?.into_iter().map(|entry| Dynamic::from(EntryValue(entry))).collect())
    });
    let at = desk.clone();
    FuncRegistration::new("gather")
        .set_into_module(module, move |context: NativeCallContext<'_>, request: RhaiMap| placed(&context, gather(&at, &context, request)));
}

/// What the last map of `cfg_item` says.
fn is_secret(name: &str, extra: &RhaiMap) -> Raised<bool> {
    let mut secret = false;
    for (key, value) in extra {
        match (key.as_str(), value.as_bool()) {
            ("secret", Ok(value)) => secret = value,
            _ => return Err(format!("`cfg_item` `{name}`: the last map takes `secret: true`, not `{key}`").into()),
        }
    }
    Ok(secret)
}

fn item(desk: &Desk, name: &str, cast: Dynamic, about: &str, default: Option<Dynamic>, secret: bool) -> Raised<EntryValue> {
    let cast = cast.flatten();
    let cast = if let Some(cast) = cast.clone().try_cast::<CastValue>() {
        cast.0
    } else if let Some(function) = cast.clone().try_cast::<FnPtr>() {
        let function = ScriptFn::new(&desk.host(), function);
        let run = move |value: &Datum| function.call([to_rhai(value)]).and_then(from_rhai).map_err(|error| error.to_string());
        Cast::custom("VALUE", Rc::new(run))
    } else {
        let got = short_type(cast.type_name());
        return Err(format!(
            "`cfg_item` `{name}`: the second argument is a cast such as `conf::cast_string`, or a closure, but this is a `{got}`"
        )
        .into());
    };
    let default = default.map(from_rhai).transpose().map_err(raise)?;
    Ok(EntryValue(Entry::Item(Item { name: name.to_owned(), cast, about: about.to_owned(), default, secret })))
}

fn definition(entries: Dynamic) -> Raised<Vec<Entry>> {
    let wrong = |got: &str| -> Box<EvalAltResult> {
        format!("a definition is an array of `conf::cfg_item` and `conf::cfg_section`, but here is a `{}`", short_type(got)).into()
    };
    let entries = entries.flatten();
    let got = entries.type_name();
    let Some(entries) = entries.try_cast::<Array>() else { return Err(wrong(got)) };
    entries
        .into_iter()
        .map(|entry| {
            let got = entry.type_name();
            entry.flatten().try_cast::<EntryValue>().map(|entry| entry.0).ok_or_else(|| wrong(got))
        })
        .collect()
}

/// What `gather` takes besides the definition.
const GATHER: [&str; 7] = ["typedef", "name", "description", "files", "argv", "version", "positional"];

fn gather(desk: &Desk, context: &NativeCallContext<'_>, mut given: RhaiMap) -> Raised<Dynamic> {
    desk.declaring()?;
    let call = here(desk, context);
    if let Some(odd) = given.keys().find(|key| !GATHER.contains(&key.as_str())) {
        let hint = crate::error::nearest(odd, GATHER).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(format!("`conf::gather` has no option `{odd}`{hint}").into());
    }
    let typedef = definition(given.remove("typedef").ok_or("`conf::gather` needs `typedef`")?)?;
    let mut plain = |name: &str| -> Raised<Option<Datum>> { given.remove(name).map(from_rhai).transpose().map_err(raise) };
    let mut text = |name: &str| -> Raised<Option<String>> {
        match plain(name)? {
            None | Some(Datum::Unit) => Ok(None),
            Some(Datum::Str(text)) => Ok(Some(text.to_string())),
            Some(other) => Err(format!("`conf::gather`: `{name}` must be a string, but is a `{}`", other.kind()).into()),
        }
    };
    let name = text("name")?.unwrap_or_else(|| desk.setting.program.clone());
    let description = text("description")?.unwrap_or_default();
    let version = text("version")?;
    let positional = text("positional")?.map(|name| Positional { about: String::new(), required: false, name });
    let words = |datum: Option<Datum>| -> Vec<String> {
        match datum {
            Some(Datum::List(list)) => list.iter().map(|item| item.piece().into_owned()).collect(),
            Some(Datum::Str(one)) => vec![one.to_string()],
            _ => Vec::new(),
        }
    };
    let files = words(plain("files")?).into_iter().map(PathBuf::from).collect();
    let argv = match plain("argv")? {
        None | Some(Datum::Unit) => desk.setting.argv.clone(),
        given => words(given).into_iter().map(Into::into).collect(),
    };
    desk.winding.borrow_mut().gathered = true;
    let request = Request {
        typedef,
        name,
        description,
        version,
        files,
        argv,
        program: Some(desk.setting.program.clone()),
        positional,
        placeholders: desk.setting.placeholders,
    };
    match conf::gather(request) {
        Ok(Outcome::Gathered(gathered)) => {
            gathered.warnings.iter().for_each(log::warning);
            desk.winding.borrow_mut().placeholders.extend(gathered.placeholders);
            Ok(to_rhai(&Datum::Map(gathered.values)))
        }
        Ok(Outcome::Print { text, status }) => {
            desk.winding.borrow_mut().print = Some((text, status));
            Err(ended())
        }
        Err(problems) => {
            for problem in problems {
                let place = (problem.place == "definition").then(|| call.place.clone()).flatten();
                let report = Report::new("D0401", problem.to_string(), place);
                desk.report(match problem.hint {
                    Some(hint) => report.hint(hint),
                    None => report,
                });
            }
            desk.winding.borrow_mut().refused = true;
            Err(ended())
        }
    }
}

/// Ends the evaluation of the script, as `exit` does.
#[allow(clippy::unnecessary_box_returns, reason = "what natives raise is boxed")]
fn ended() -> Box<EvalAltResult> {
    Box::new(EvalAltResult::Exit(Dynamic::UNIT, rhai::Position::NONE))
}

fn register_log(desk: &Desk, module: &mut Module) {
    let at = desk.clone();
    FuncRegistration::new("configure")
        .set_into_module(module, move |context: NativeCallContext<'_>, settings: RhaiMap| placed(&context, configure(&at, settings)));
    for (name, priority) in [
        ("dbg", Priority::Debug),
        ("info", Priority::Info),
        ("notice", Priority::Notice),
        ("warning", Priority::Warning),
        ("error", Priority::Error),
        ("critical", Priority::Crit),
    ] {
        let voice = Rc::clone(&desk.voice);
        FuncRegistration::new(name).set_into_module(module, move |text: ImmutableString| voice.say(&text, || log::write(priority, &text)));
        let voice = Rc::clone(&desk.voice);
        FuncRegistration::new(name).set_into_module(module, move |id: ImmutableString, text: ImmutableString| {
            voice.say(&text, || log::write_id(priority, &id, &text));
        });
    }
}

fn configure(desk: &Desk, settings: RhaiMap) -> Raised<()> {
    desk.declaring()?;
    let mut map = match from_rhai(Dynamic::from_map(settings)).map_err(raise)? {
        Datum::Map(map) => map,
        _ => crate::datum::Map::new(),
    };
    if map.by_name("tag").is_none_or(|tag| *tag == Datum::Unit) {
        map.insert("tag".into(), Datum::from(log_tag(&desk.host().main.name)));
    }
    let settings = log::Settings::from_map(&map).map_err(raise)?;
    desk.winding.borrow_mut().log = Some(settings);
    Ok(())
}

/// What `daemon::detach` is given; it is done when the run begins.
fn detach(desk: &Desk, settings: RhaiMap) -> Raised<()> {
    desk.declaring()?;
    let map = match from_rhai(Dynamic::from_map(settings)).map_err(raise)? {
        Datum::Map(map) => map,
        _ => crate::datum::Map::new(),
    };
    desk.winding.borrow_mut().daemon = Some(daemon::Settings::from_map(&map).map_err(raise)?);
    Ok(())
}

/// The script's file name without its ending.
pub(super) fn log_tag(name: &str) -> String {
    PathBuf::from(name).file_stem().map_or_else(|| "deadbeat".into(), |stem| stem.to_string_lossy().into_owned())
}

/// The train's own functions and methods, joining, and the helpers for conversions of many fields.
pub(super) fn register_movement(desk: &Desk, module: &mut Module, global: &mut Module) {
    FuncRegistration::new("train").set_into_module(module, || TrainHandle);
    let at = desk.clone();
    FuncRegistration::new("train").set_into_module(module, move |context: NativeCallContext<'_>, options: RhaiMap| {
        placed(&context, train::options(&at, &here(&at, &context), options))
    });
    let at = desk.clone();
    FuncRegistration::new("run").set_into_module(module, move |context: NativeCallContext<'_>, _: TrainHandle| run(&at, &context));
    let add = |name: &'static str| FuncRegistration::new(name).in_global_namespace();
    let at = desk.clone();
    add("run").set_into_module(global, move |context: NativeCallContext<'_>, _: TrainHandle| run(&at, &context));
    let at = desk.clone();
    add("update").set_into_module(global, move |context: NativeCallContext<'_>, train: TrainHandle, adjacency: Dynamic| -> Raised<_> {
        at.declaring()?;
        compose::update(&at, &here(&at, &context), adjacency);
        Ok(train)
    });
    let at = desk.clone();
    add("on_done").set_into_module(global, move |train: TrainHandle, function: FnPtr| -> Raised<_> {
        at.declaring()?;
        at.winding.borrow_mut().on_done.push(function);
        Ok(train)
    });
    let at = desk.clone();
    add("to_dot").set_into_module(global, move |_: TrainHandle| -> String {
        let host = at.host();
        crate::draw::to_dot(&super::wound::graph_of(&at.winding.borrow()).graph, &super::wound::title(&host.main.name), None)
    });
    // Nothing may block the loop, also when it is called by a name that no check can see.
    add("sleep").set_into_module(global, |_: i64| -> Raised<()> { Err("`sleep` is switched off".into()) });
    add("sleep").set_into_module(global, |_: f64| -> Raised<()> { Err("`sleep` is switched off".into()) });
    super::stage::register(desk, global);
    register_lines(desk, module, global);
    register_helpers(module);
}

fn run(desk: &Desk, context: &NativeCallContext<'_>) -> Raised<Dynamic> {
    desk.declaring()?;
    let place = here(desk, context).place;
    let mut winding = desk.winding.borrow_mut();
    winding.run = true;
    winding.run_place = place;
    Err(ended())
}

fn register_lines(desk: &Desk, module: &mut Module, global: &mut Module) {
    macro_rules! variadic {
        ($($($part:ident)*;)*) => {
            $(
                let at = desk.clone();
                FuncRegistration::new("train_line").set_into_module(module, move |context: NativeCallContext<'_>, $($part: Dynamic),*| -> Line {
                    compose::train_line(&at, &here(&at, &context), vec![$($part),*])
                });
                let at = desk.clone();
                FuncRegistration::new("train_split").set_into_module(module, move |context: NativeCallContext<'_>, $($part: Dynamic),*| -> Line {
                    compose::train_split(&at, &here(&at, &context), vec![$($part),*])
                });
            )*
        };
    }
    variadic! {
        a; a b; a b c; a b c d; a b c d e; a b c d e f; a b c d e f g; a b c d e f g h; a b c d e f g h i; a b c d e f g h i j;
        a b c d e f g h i j k; a b c d e f g h i j k l; a b c d e f g h i j k l m; a b c d e f g h i j k l m n; a b c d e f g h i j k l m n o;
        a b c d e f g h i j k l m n o p;
    }
    let at = desk.clone();
    FuncRegistration::new("|>").in_global_namespace().set_into_module(
        global,
        move |context: NativeCallContext<'_>, a: Dynamic, b: Dynamic| -> Line {
            let call = here(&at, &context);
            let a = compose::part(&at, &call, a);
            let b = compose::part(&at, &call, b);
            compose::join(a, b, call.place)
        },
    );
}

/// What `movement::discard()` raises: the value at hand is to be left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Discard;

impl Discard {
    /// Whether that is what was raised.
    pub(super) fn is(error: &EvalAltResult) -> bool {
        matches!(error, EvalAltResult::ErrorRuntime(value, _) if value.is::<Self>())
    }
}

/// `catching`, `setn`, `appendn`: what `with` blocks do in the original, for conversions of many optional fields.
fn register_helpers(module: &mut Module) {
    fn innermost(error: &EvalAltResult) -> &EvalAltResult {
        match error {
            EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => innermost(inner),
            other => other,
        }
    }
    /// The closure's value, none when it raised. Limits of the sandbox and `exit` are not caught, as `try` does not catch them.
    fn attempt(context: &NativeCallContext<'_>, function: &FnPtr) -> Raised<Option<Dynamic>> {
        attempt_of(context, function, |_| true)
    }
    /// As `attempt`, but only what is `wanted` is caught.
    fn attempt_of(context: &NativeCallContext<'_>, function: &FnPtr, wanted: impl Fn(&EvalAltResult) -> bool) -> Raised<Option<Dynamic>> {
        match function.call_within_context::<Dynamic>(context, ()) {
            Ok(value) => Ok(Some(value)),
            Err(error) if !innermost(&error).is_catchable() || matches!(innermost(&error), EvalAltResult::Exit(..)) => Err(error),
            Err(error) if !wanted(innermost(&error)) => Err(error),
            Err(error) => {
                log::debug(format_args!("caught: {error}"));
                Ok(None)
            }
        }
    }
    FuncRegistration::new("discard").set_into_module(module, || -> Raised<Dynamic> {
        Err(EvalAltResult::ErrorRuntime(Dynamic::from(Discard), rhai::Position::NONE).into())
    });
    FuncRegistration::new("catching").set_into_module(
        module,
        |context: NativeCallContext<'_>, default: Dynamic, function: FnPtr| -> Raised<Dynamic> {
            Ok(attempt(&context, &function)?.unwrap_or(default))
        },
    );
    FuncRegistration::new("catching").set_into_module(
        module,
        |context: NativeCallContext<'_>, default: Dynamic, function: FnPtr, kinds: Array| -> Raised<Dynamic> {
            let kinds = kinds.iter().map(fault_kinds::named).collect::<Raised<Vec<_>>>()?;
            let wanted = |error: &EvalAltResult| kinds.contains(&fault_kinds::of(error));
            Ok(attempt_of(&context, &function, wanted)?.unwrap_or(default))
        },
    );
    FuncRegistration::new("setn").set_into_module(
        module,
        |context: NativeCallContext<'_>, mut datum: RhaiMap, key: &str, function: FnPtr| -> Raised<RhaiMap> {
            if let Some(value) = attempt(&context, &function)?.filter(|value| !value.is_unit()) {
                datum.insert(key.into(), value);
            }
            Ok(datum)
        },
    );
    FuncRegistration::new("appendn").set_into_module(
        module,
        |context: NativeCallContext<'_>, mut datum: RhaiMap, key: &str, function: FnPtr| -> Raised<RhaiMap> {
            if let Some(value) = attempt(&context, &function)?.filter(|value| !value.is_unit()) {
                let list = datum.entry(key.into()).or_insert_with(|| Dynamic::from_array(Array::new()));
                let Some(mut list) = list.write_lock::<Array>() else {
                    return Err(format!("`appendn`: `{key}` is not an array").into());
                };
                list.push(value);
            }
            Ok(datum)
        },
    );
}
