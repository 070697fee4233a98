//! The engine and its sandbox: limits, no `eval`, no imports of its own, the modules that scripts see.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rhai::module_resolvers::DummyModuleResolver;
use rhai::{Engine, Module, OptimizationLevel};

use super::calls::LEVELS;
use super::stage::{EscHandle, Handle};
use super::watch::Watch;
use super::winding::{CogHandle, Desk, Line, TrainHandle};
use super::{accessors, constructors, convert, guards, settings};
use crate::cogs::{COGS, GROUPS};
use crate::log;

const MIB: usize = 1 << 20;

/// An engine with everything that scripts may use; libraries come on top.
pub(super) fn engine(desk: &Desk, watch: &Rc<Watch>) -> Engine {
    let mut engine = Engine::new();
    limit(&mut engine, desk, watch);
    engine.register_type_with_name::<CogHandle>("Cog");
    engine.register_type_with_name::<Line>("Line");
    engine.register_type_with_name::<TrainHandle>("Train");
    engine.register_type_with_name::<EscHandle>("Escapement");
    engine.register_type_with_name::<Handle>("Handle");
    engine.register_type_with_name::<convert::Time>("Time");
    engine.register_type_with_name::<convert::Number>("Number");
    engine.register_type_with_name::<accessors::CastValue>("Cast");
    engine.register_type_with_name::<accessors::GetterValue>("Getter");
    engine.register_type_with_name::<accessors::SetterValue>("Setter");
    engine.register_type_with_name::<accessors::DeleterValue>("Deleter");
    // Rhai asks for the name of a value's type at each call of a method, and looks through all that it has for it: known names
    // come first.
    for plain in ["array", "map", "string"] {
        engine.register_type_with_name_raw(plain, plain);
    }
    engine.register_custom_operator("|>", 15).expect("`|>` is reserved in Rhai, hence free for a custom operator");

    let modules: RefCell<BTreeMap<&'static str, Rc<RefCell<Module>>>> = RefCell::default();
    let module = |name: &'static str| Rc::clone(modules.borrow_mut().entry(name).or_default());
    let mut global = Module::new();
    accessors::register(&mut global);
    accessors::register_values(&mut global);
    guards::register(&mut global, watch);
    for spec in COGS.iter().copied().chain([&super::cogs::SPEC]) {
        constructors::register(desk, spec, &mut module(spec.family).borrow_mut());
        // One module for all: each is searched whenever Rhai looks for a function.
        if spec.global {
            constructors::register(desk, spec, &mut global);
        }
    }
    for group in GROUPS {
        if let Some((family, name)) = group.constructor() {
            constructors::register_group(desk, name, group, &mut module(family).borrow_mut());
        }
    }
    settings::register(desk, module);
    settings::register_movement(desk, &mut module("movement").borrow_mut(), &mut global);
    engine.register_global_module(global.into());
    for (name, module) in modules.into_inner() {
        engine.register_static_module(name, module.take().into());
    }
    engine
}

fn limit(engine: &mut Engine, desk: &Desk, watch: &Rc<Watch>) {
    // The tree is kept as it was written: `check` and `lower` read it, and positions stay true.
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_module_resolver(DummyModuleResolver::new());
    engine.disable_symbol("eval");
    engine.set_max_call_levels(64 + LEVELS);
    engine.set_max_expr_depths(256, 128);
    engine.set_max_string_size(16 * MIB);
    engine.set_max_array_size(100_000);
    engine.set_max_map_size(100_000);
    engine.set_max_variables(1000);
    engine.set_max_functions(1000);
    engine.set_max_modules(32);
    // Events bring ever new strings: looking them up costs more than it saves.
    engine.set_max_strings_interned(0);
    let watch = Rc::clone(watch);
    engine.on_progress(move |_| watch.check());
    // Standard output is for data alone.
    let voice = Rc::clone(&desk.voice);
    engine.on_print(move |text| voice.say(text, || log::info(format_args!("print: {text}"))));
    let voice = Rc::clone(&desk.voice);
    engine.on_debug(move |text, source, position| {
        voice.say(text, || log::debug(format_args!("debug: {}:{position:?}: {text}", source.unwrap_or("script"))));
    });
}
