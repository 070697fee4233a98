//! Constructors of cogs, made from the one table: options checked, accessors made, all faults noted with their place.
//!
//! A constructor never raises: it notes what is wrong and returns the handle of a cog that cannot be built, so that the
//! script goes on and every fault is told at once.

use std::rc::Rc;

use rhai::{Array, Dynamic, EvalAltResult, FnPtr, FuncRegistration, Map as RhaiMap, Module, NativeCallContext, Position};

use super::accessors::{CastValue, DeleterValue, GetterValue, SetterValue};
use super::callback::{ScriptFn, StateMap, is_cog};
use super::compose;
use super::convert::{from_rhai, short_type};
use super::host::Host;
use super::print;
use super::report::{Place, Report};
use super::winding::{CogHandle, Desk, Line, Made};
use crate::cog::{Args, CogSpec, Given, Maker, OptionGroup, Ty};
use crate::datum::Datum;
use crate::error::Error;
use crate::getset::Func;
use crate::secrets;

/// Where a native function was called.
#[derive(Clone)]
pub(super) struct Call {
    /// The place of the call.
    pub place: Option<Place>,
    position: Position,
}

impl Call {
    /// Of this context.
    pub(super) fn new(desk: &Desk, context: &NativeCallContext<'_>) -> Self {
        let position = context.call_position();
        let source = desk.host().source(context.call_source());
        Self { place: Host::place(&source, position), position }
    }

    /// The place of that option in the literal map of this call, else of the call.
    pub(super) fn option(&self, desk: &Desk, option: &str) -> Option<Place> {
        let winding = desk.winding.borrow();
        // One within a map of options stands where the map does.
        let option = option.split('.').next().unwrap_or_default();
        let known = winding.option_places.get(&self.position).and_then(|all| all.iter().find(|(name, _)| name == option));
        match (known, &self.place) {
            (Some((_, position)), Some(place)) => Host::place(&place.source, *position),
            _ => self.place.clone(),
        }
    }
}

/// Adds the constructor of `spec` to `module`: without arguments, with the options, with the first option alone, with both.
pub(super) fn register(desk: &Desk, spec: &'static CogSpec, module: &mut Module) {
    let at = desk.clone();
    FuncRegistration::new(spec.name)
        .set_into_module(module, move |context: NativeCallContext<'_>| declare(&at, &Call::new(&at, &context), spec, Vec::new()));
    let at = desk.clone();
    FuncRegistration::new(spec.name)
        .set_into_module(module, move |context: NativeCallContext<'_>, a: Dynamic| declare(&at, &Call::new(&at, &context), spec, vec![a]));
    let at = desk.clone();
    FuncRegistration::new(spec.name).set_into_module(module, move |context: NativeCallContext<'_>, a: Dynamic, b: Dynamic| {
        declare(&at, &Call::new(&at, &context), spec, vec![a, b])
    });
}

/// Adds the constructor of a map of options that stand together to `module`. It checks them and gives the map.
pub(super) fn register_group(desk: &Desk, name: &'static str, group: &'static OptionGroup, module: &mut Module) {
    let at = desk.clone();
    let check = move |context: &NativeCallContext<'_>, map: RhaiMap| {
        let call = Call::new(&at, context);
        let given: Vec<(String, Given)> = map.iter().map(|(name, value)| (name.to_string(), to_given(&at.host(), value.clone()))).collect();
        for fault in Args::check_group(group, &given).err().unwrap_or_default() {
            note(&at, &call, group.name, &fault);
        }
        map
    };
    let with = check.clone();
    FuncRegistration::new(name).set_into_module(module, move |context: NativeCallContext<'_>, map: RhaiMap| with(&context, map));
    FuncRegistration::new(name).set_into_module(module, move |context: NativeCallContext<'_>| check(&context, RhaiMap::new()));
}

fn declare(desk: &Desk, call: &Call, spec: &'static CogSpec, args: Vec<Dynamic>) -> Result<CogHandle, Box<EvalAltResult>> {
    desk.declaring()?;
    Ok(construct(desk, call, spec, args))
}

/// Makes a cog of `spec` from the arguments of its constructor.
pub(super) fn construct(desk: &Desk, call: &Call, spec: &'static CogSpec, args: Vec<Dynamic>) -> CogHandle {
    let given = options(desk, call, spec, args);
    let shown = given.iter().map(|(name, value)| render(desk, spec, name, value)).collect::<Vec<_>>().join(", ");
    let host = desk.host();
    let cog_name = |cog: u32| desk.winding.borrow().cogs.get(cog as usize).map_or_else(String::new, |made| made.name.clone());
    let print = print::of(&host, &given, &cog_name);
    let mut callables = Vec::new();
    for (name, value) in &given {
        gather(name, value, &mut callables);
    }
    let callable = |is: &dyn Fn(&RhaiMap) -> bool| {
        spec.name == "cog"
            && given.iter().any(|(name, value)| name == "callable" && value.read_lock::<RhaiMap>().is_some_and(|map| is(&map)))
    };
    let winds = callable(&|map| map.get("wind").is_some_and(Dynamic::is_fnptr));
    let runs = callable(&|map| map.contains_key("run"));
    let given: Vec<(String, Given)> = given
        .into_iter()
        .map(|(name, value)| {
            let ty = spec.params.iter().find(|param| param.name == name).map(|param| param.ty);
            let value = cogs_of(desk, call, ty, value);
            unfed(desk, call, spec, &name, &value);
            (name, value)
        })
        .map(|(name, value)| (name, to_given(&host, value)))
        .collect();
    let name_given = given.iter().find(|(name, _)| name == "name").and_then(|(_, value)| value.datum()?.as_str().map(str::to_owned));
    let built = match Args::check(spec, &given) {
        Ok(args) => {
            let maker = Maker::new(spec, args);
            match maker.make() {
                Ok(cog) => Some((cog, maker.common())),
                Err(error) => {
                    note(desk, call, &spec.path(), &error);
                    None
                }
            }
        }
        Err(faults) => {
            for fault in &faults {
                note(desk, call, &spec.path(), fault);
            }
            None
        }
    };
    let callable = given.iter().find_map(|(name, value)| match value {
        Given::Callback(callback) if Some(name.as_str()) == spec.first && spec.name == "cog" => Some(callback.name()),
        _ => None,
    });
    let made = Made {
        spec,
        named: name_given.is_some(),
        name: name_given.or(callable).unwrap_or_else(|| spec.name.to_owned()),
        options: if spec.name == "cog" { String::new() } else { shown },
        print,
        place: call.place.clone(),
        callables,
        winds,
        runs,
        built,
    };
    let mut winding = desk.winding.borrow_mut();
    winding.cogs.push(made);
    CogHandle(winding.cogs.len() as u32 - 1)
}

/// The callables in the value of an option: `fields.total`, `rules[0]`.
fn gather(name: &str, value: &Dynamic, callables: &mut Vec<(String, Dynamic)>) {
    let value = value.flatten_clone();
    if value.is_fnptr() || value.read_lock::<RhaiMap>().is_some_and(|map| is_cog(&map)) {
        callables.push((name.to_owned(), value));
    } else if let Some(map) = value.read_lock::<RhaiMap>() {
        map.iter().for_each(|(key, item)| gather(&format!("{name}.{key}"), item, callables));
    } else if let Some(list) = value.read_lock::<Array>() {
        list.iter().enumerate().for_each(|(place, item)| gather(&format!("{name}[{place}]"), item, callables));
    }
}

/// The value of an option with the cogs in it put into the train: what is behind them, and closures that are to be one.
fn cogs_of(desk: &Desk, call: &Call, ty: Option<Ty>, value: Dynamic) -> Dynamic {
    match ty {
        Some(Ty::Cog) => branch(desk, call, value),
        Some(Ty::Cases) => {
            let Some(cases) = value.read_lock::<Array>().map(|cases| cases.clone()) else { return value };
            let cases = cases.into_iter().map(|case| {
                let Some(pair) = case.read_lock::<Array>().filter(|pair| pair.len() == 2).map(|pair| pair.clone()) else { return case };
                Dynamic::from_array(vec![pair[0].clone(), branch(desk, call, pair[1].clone())])
            });
            Dynamic::from_array(cases.collect())
        }
        _ => route(desk, call, value),
    }
}

/// Notes supplies among the cogs that an option names: data are sent there, and a supply takes none.
fn unfed(desk: &Desk, call: &Call, spec: &CogSpec, name: &str, value: &Dynamic) {
    let whole = || vec![(String::new(), value.clone())];
    let at = || call.option(desk, name);
    let all = match spec.all_params().find(|param| param.name == name).map(|param| param.ty) {
        Some(Ty::Cog) => whole(),
        Some(Ty::Either(all)) if all.contains(&Ty::Cog) => whole(),
        Some(Ty::Cases) => {
            let Some(cases) = value.read_lock::<Array>() else { return };
            let cog = |case: &Dynamic| case.read_lock::<Array>()?.get(1).cloned();
            cases.iter().zip(1..).filter_map(|(case, n)| Some((format!(": number {n}"), cog(case)?))).collect()
        }
        _ => return,
    };
    for (which, cog) in all {
        if let Some(CogHandle(cog)) = cog.flatten().try_cast::<CogHandle>() {
            refuse_supply(desk, cog, &format!("`{}`: option `{name}`{which}", spec.path()), at);
        }
    }
}

/// Notes that `what` leads to that cog, when it is a supply.
pub(super) fn refuse_supply(desk: &Desk, cog: u32, what: &str, at: impl Fn() -> Option<Place>) {
    let name = desk.winding.borrow().cogs.get(cog as usize).filter(|made| made.takes_nothing()).map(|made| made.name.clone());
    if let Some(name) = name {
        let text = format!("{what} leads to `{name}`, which is a supply and takes no data");
        desk.report(Report::new("D0314", text, at()).hint(UNFED));
    }
}

/// What to do about a supply that data are sent to.
pub(super) const UNFED: &str = "a supply begins a line of its own, `supply |> …`; data go to a cog that takes them, such as a drain";

/// As [`route`]; closures and maps with `run` become cogs.
fn branch(desk: &Desk, call: &Call, value: Dynamic) -> Dynamic {
    if value.is_fnptr() || value.read_lock::<RhaiMap>().is_some_and(|map| is_cog(&map)) {
        return Dynamic::from(construct(desk, call, &super::cogs::SPEC, vec![value]));
    }
    route(desk, call, value)
}

/// A line given as an option, as an error route is, stands for its first cog; the rest of it is put into the train.
pub(super) fn route(desk: &Desk, call: &Call, value: Dynamic) -> Dynamic {
    let Some(line) = value.clone().flatten().try_cast::<Line>() else { return value };
    let [head] = line.heads[..] else { return value };
    compose::put(desk, call, line);
    Dynamic::from(CogHandle(head))
}

/// The arguments of a constructor as named options.
fn options(desk: &Desk, call: &Call, spec: &CogSpec, args: Vec<Dynamic>) -> Vec<(String, Dynamic)> {
    let mut given: Vec<(String, Dynamic)> = Vec::new();
    for (place, value) in args.into_iter().enumerate() {
        let value = value.flatten();
        let is_options = value.is_map() && (place == 1 || spec.first.is_none() || !is_first(&value, spec));
        match spec.first {
            _ if is_options => given.extend(value.cast::<RhaiMap>().into_iter().map(|(name, value)| (name.to_string(), value))),
            Some(first) if place == 0 => given.push((first.to_owned(), value)),
            _ => {
                let got = short_type(value.type_name()).to_owned();
                let example = spec.params.first().map_or_else(|| "#{}".to_owned(), |param| format!("#{{{}: …}}", param.name));
                let hint = format!("`{}({example})`", spec.path());
                desk.report(
                    Report::new("D0202", format!("`{}` takes one map of options, but is given `{got}`", spec.path()), call.place.clone())
                        .hint(hint),
                );
            }
        }
    }
    given
}

/// Whether a map given first is the first option itself rather than the options.
fn is_first(value: &Dynamic, spec: &CogSpec) -> bool {
    value.read_lock::<RhaiMap>().is_some_and(|map| match spec.name {
        "cog" => !map.contains_key("callable"),
        _ => spec.is_first(map.keys().map(|key| &**key)),
    })
}

fn note(desk: &Desk, call: &Call, path: &str, error: &Error) {
    let report = match error {
        Error::Option { option, text, hint } => {
            let missing = text.starts_with("is missing");
            let unknown = text.ends_with("has no such option");
            let (code, message) = if missing {
                ("D0203", format!("`{path}`: option `{option}` {text}"))
            } else if unknown {
                ("D0201", format!("`{path}` has no option `{option}`"))
            } else if text.contains(path) {
                ("D0202", format!("option `{option}`: {text}"))
            } else {
                ("D0202", format!("`{path}`: option `{option}`: {text}"))
            };
            let place = if missing { call.place.clone() } else { call.option(desk, option) };
            let report = Report::new(code, message, place);
            match hint {
                Some(hint) => report.hint(hint.clone()),
                None => report,
            }
        }
        other => {
            let text = match other {
                // Its place is that of the call, which is told anyway.
                Error::Script { text, .. } => text.clone(),
                other => other.to_string(),
            };
            let report = Report::new("D0204", format!("`{path}`: {text}"), call.place.clone());
            match other.hint() {
                Some(hint) => report.hint(hint),
                None => report,
            }
        }
    };
    desk.report(report);
}

/// A value of the script as cogs are given it.
pub(super) fn to_given(host: &Rc<Host>, value: Dynamic) -> Given {
    let value = value.flatten();
    if value.is_fnptr() {
        return Given::Callback(Rc::new(ScriptFn::new(host, value.cast::<FnPtr>())));
    }
    if value.is_array() {
        let items: Vec<Given> = value.cast::<Array>().into_iter().map(|item| to_given(host, item)).collect();
        let plain = items.iter().map(Given::datum).collect::<Option<Vec<_>>>();
        return plain.map_or(Given::List(items), |list| Given::Datum(Datum::List(list)));
    }
    if value.is_map() {
        let map = value.cast::<RhaiMap>();
        if is_cog(&map) {
            return Given::Callback(Rc::new(StateMap::new(host, map)));
        }
        let entries: Vec<(String, Given)> = map.into_iter().map(|(name, item)| (name.to_string(), to_given(host, item))).collect();
        let map = Given::Map(entries);
        return map.datum().map_or(map, Given::Datum);
    }
    if let Some(cog) = value.clone().try_cast::<CogHandle>() {
        return Given::Cog(cog.0);
    }
    if let Some(getter) = value.clone().try_cast::<GetterValue>() {
        return Given::Getter(getter.0);
    }
    if let Some(setter) = value.clone().try_cast::<SetterValue>() {
        return Given::Setter(setter.0);
    }
    if let Some(deleter) = value.clone().try_cast::<DeleterValue>() {
        return Given::Deleter(deleter.0);
    }
    if let Some(cast) = value.clone().try_cast::<CastValue>() {
        let cast = cast.0;
        return Given::Func(Func::Call(Rc::new(move |datum| cast.run(&datum).map_err(|text| Error::data(text, "")))));
    }
    let kind = short_type(value.type_name()).to_owned();
    from_rhai(value).map_or(Given::Odd(kind), Given::Datum)
}

/// `name=value` for a cog's label; secrets masked, long values shortened.
fn render(desk: &Desk, spec: &CogSpec, name: &str, value: &Dynamic) -> String {
    let secret = spec.all_params().any(|param| param.name == name && param.secret);
    let text = if secret { "***".to_owned() } else { secrets::hide_in_urls(&secrets::mask(&shown(desk, value))).into_owned() };
    format!("{name}={}", crate::error::shorten(&text, 120))
}

fn shown(desk: &Desk, value: &Dynamic) -> String {
    let value = value.clone().flatten();
    if let Some(function) = value.clone().try_cast::<FnPtr>() {
        return desk.host().display_name(&function);
    }
    if value.is_array() {
        let items: Vec<String> = value.cast::<Array>().iter().map(|item| shown(desk, item)).collect();
        return format!("[{}]", items.join(", "));
    }
    if value.is_map() {
        let items: Vec<String> = value.cast::<RhaiMap>().iter().map(|(name, item)| format!("{name}: {}", shown(desk, item))).collect();
        return format!("#{{{}}}", items.join(", "));
    }
    if let Some(cog) = value.clone().try_cast::<CogHandle>() {
        return desk.winding.borrow().cogs.get(cog.0 as usize).map_or_else(String::new, |made| made.name.clone());
    }
    if let Some(line) = value.clone().try_cast::<Line>() {
        let winding = desk.winding.borrow();
        let names: Vec<&str> = line.heads.iter().filter_map(|cog| Some(winding.cogs.get(*cog as usize)?.name.as_str())).collect();
        return format!("{} |> …", names.join(", "));
    }
    if let Some(getter) = value.clone().try_cast::<GetterValue>() {
        return format!("{:?}", getter.0);
    }
    if let Some(setter) = value.clone().try_cast::<SetterValue>() {
        return format!("{:?}", setter.0);
    }
    if let Some(deleter) = value.clone().try_cast::<DeleterValue>() {
        return format!("{:?}", deleter.0);
    }
    if let Some(cast) = value.clone().try_cast::<CastValue>() {
        return cast.0.name().to_owned();
    }
    from_rhai(value)
        .map_or_else(|_| "?".to_owned(), |datum| if datum == Datum::Unit { "()".into() } else { crate::datum::json::to_string(&datum) })
}
