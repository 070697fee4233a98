//! Calls into Rhai from outside, one after another: what one call leaves behind serves the next.
//!
//! Rhai's own ways to call a closure begin with nothing: which native function each name means is found out anew in every
//! call, and that costs as much as a few statements.

use std::cell::Cell;

use rhai::{AST, Caches, Dynamic, Engine, EvalAltResult, EvalContext, FnPtr, GlobalRuntimeState, NativeCallContext, Position, Scope};

/// Levels of calls between a call from outside and the first one within, which the engine's limit is to allow on top.
pub(super) const LEVELS: usize = 1;

type Raised<T> = Result<T, Box<EvalAltResult>>;

/// What calls leave behind. Empty while one is under way, so that one within it begins with nothing.
#[derive(Default)]
pub(super) struct Calls(Cell<Option<Box<Kept>>>);

struct Kept {
    global: GlobalRuntimeState,
    /// The functions that were found; there are as many as the script has calls and kinds of arguments.
    caches: Caches,
    /// Room for variables.
    scope: Scope<'static>,
}

impl Kept {
    fn new(engine: &Engine, ast: &AST) -> Self {
        let mut global = engine.new_global_runtime_state();
        // Closures are found by hash in the first library only: it must be the script's own.
        global.lib.push(ast.shared_lib().clone());
        Self { global, caches: Caches::new(), scope: Scope::new() }
    }

    fn settle(&mut self, engine: &Engine, ast: &AST, well: bool) {
        if well {
            self.scope.clear();
        } else {
            // An error may come from anywhere within, and leave anything behind; what was found stays true.
            let mut caches = std::mem::replace(&mut self.caches, Caches::new());
            caches.rewind_fn_resolution_caches(1);
            *self = Self { caches, ..Self::new(engine, ast) };
        }
    }
}

impl Calls {
    /// Calls a function or closure.
    pub(super) fn call<const N: usize>(
        &self,
        engine: &Engine,
        ast: &AST,
        function: &FnPtr,
        mut this: Option<&mut Dynamic>,
        mut args: [Dynamic; N],
    ) -> Raised<Dynamic> {
        let mut kept = self.0.take().unwrap_or_else(|| Box::new(Kept::new(engine, ast)));
        // A named function may be native: what was captured then stands before `this`.
        if this.is_some() && function.is_curried() && !function.is_anonymous() {
            let context = NativeCallContext::new_with_all_fields(engine, function.fn_name(), None, &kept.global, Position::NONE);
            let result = function.call_raw(&context, this, args);
            self.0.set(Some(kept));
            return result;
        }
        kept.global.num_operations = 0;
        let mut context = EvalContext::new(engine, &mut kept.global, &mut kept.caches, &mut kept.scope, None);
        let result = if this.is_none() && !function.is_curried() {
            context.call_fn_raw(function.fn_name(), false, false, &mut args.each_mut())
        } else {
            let method = this.is_some();
            let mut captured = function.curry().to_vec();
            let all = this.iter_mut().map(|this| &mut **this).chain(&mut captured).chain(&mut args);
            context.call_fn_raw(function.fn_name(), method, method, &mut all.collect::<Vec<_>>())
        };
        kept.settle(engine, ast, result.is_ok());
        self.0.set(Some(kept));
        result
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    const SCRIPT: &str = "
        fn plain(n) { let twice = n * 2; const ONE = 1; if n == 3 { throw \"no three\" } twice + ONE }
        fn outer(n) { plain(n) + inner(n) }
        fn inner(n) { let all = [1, 2]; all[n] }
        fn deep(n) { if n > 0 { deep(n - 1) } else { 0 } }
        fn shadow(n) { let n = n + 1; { let n = 0; } n }
        fn unknown(n) { n.surely_not() }
        fn method(n) { this.sum += n; this.sum }
        fn again(n) { if n > 0 { call_again(n - 1) } else { 7 } }
    ";

    struct Bench {
        engine: Rc<Engine>,
        ast: Rc<AST>,
        calls: Rc<Calls>,
    }

    impl Bench {
        fn new() -> Self {
            let calls = Rc::new(Calls::default());
            let bare = Rc::new(Self::engine());
            let ast = Rc::new(bare.compile(SCRIPT).unwrap());
            let mut engine = Self::engine();
            let within = (Rc::clone(&calls), Rc::clone(&ast), bare);
            engine.register_fn("call_again", move |n: i64| -> Raised<Dynamic> {
                within.0.call(&within.2, &within.1, &FnPtr::new("shadow")?, None, [n.into()])
            });
            Self { engine: Rc::new(engine), ast, calls }
        }

        fn engine() -> Engine {
            let mut engine = Engine::new();
            engine.set_max_call_levels(8 + LEVELS);
            engine
        }

        fn kept(&self, name: &str, this: Option<&mut Dynamic>, n: i64) -> String {
            format!("{:?}", self.calls.call(&self.engine, &self.ast, &FnPtr::new(name).unwrap(), this, [n.into()]))
        }

        /// As Rhai calls from outside.
        fn fresh(&self, name: &str, this: Option<&mut Dynamic>, n: i64) -> String {
            let mut global = self.engine.new_global_runtime_state();
            global.lib.push(self.ast.shared_lib().clone());
            let context = NativeCallContext::new_with_all_fields(&self.engine, name, None, &global, Position::NONE);
            format!("{:?}", FnPtr::new(name).unwrap().call_raw(&context, this, [n.into()]))
        }
    }

    #[test]
    fn a_call_gives_and_raises_what_it_would_were_it_the_first() {
        let bench = Bench::new();
        for _ in 0..3 {
            for name in ["plain", "outer", "inner", "shadow", "unknown", "again", "missing", "to_float"] {
                for n in 0..5 {
                    assert_eq!(bench.kept(name, None, n), bench.fresh(name, None, n), "{name}({n})");
                }
            }
        }
        assert!(bench.kept("outer", None, 3).contains("no three"));
    }

    #[test]
    fn what_is_bound_as_this_is_changed() {
        let bench = Bench::new();
        let state = || Dynamic::from_map([("sum".into(), 1_i64.into())].into());
        let (mut ours, mut theirs) = (state(), state());
        for n in 0..4 {
            assert_eq!(bench.kept("method", Some(&mut ours), n), bench.fresh("method", Some(&mut theirs), n));
        }
        for name in ["len", "to_upper", "missing"] {
            assert_eq!(bench.kept(name, Some(&mut ours), 1), bench.fresh(name, Some(&mut theirs), 1));
        }
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }

    #[test]
    fn calls_go_as_deep_as_is_allowed() {
        let bench = Bench::new();
        let deepest = (0..20).find(|n| bench.kept("deep", None, *n).contains("StackOverflow")).unwrap();
        assert_eq!(deepest, 8);
        assert_eq!(bench.kept("deep", None, deepest - 1), "Ok(0)");
    }
}
