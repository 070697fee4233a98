//! `train.esc`: how a cog of the script waits for time, descriptors, paths and signals.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rhai::{Blob, Dynamic, EvalAltResult, FnPtr, FuncRegistration, ImmutableString, Map as RhaiMap, Module};

use super::event::{Bound, Call, Event};
use super::fds::{Channel, MOST};
#[cfg(feature = "http")]
use super::request::request;
use super::waits::Waits;
use super::words::{self, Ready};
use super::{Raised, signals};
use crate::error::{nearest, plain};
use crate::escapement::Cron;
use crate::script::callback::ScriptFn;
use crate::script::convert::{Time, short_type};
use crate::script::host::Host;
use crate::script::winding::{Desk, TrainHandle};
use crate::start;

/// So many may be bound at a time.
const MANY: usize = 100_000;
/// Bytes of one read, where nothing is said.
const READ: i64 = 64 << 10;

/// The escapement, as scripts hold it.
#[derive(Clone, Copy, Debug)]
pub(in crate::script) struct EscHandle;

/// Something that is bound, as scripts hold it. 0 is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::script) struct Handle(pub u64);

/// Calls `f` with what the cog waits for whose method runs.
fn ask<T>(desk: &Desk, what: &'static str, rehearsed: T, f: impl FnOnce(&Host, &mut Waits) -> Raised<T>) -> Raised<T> {
    let host = desk.host();
    let mut asked = host.stage.asked.borrow_mut();
    match asked.as_mut() {
        Some(asked) if asked.rehearsal => {
            asked.sought.push(what);
            Ok(rehearsed)
        }
        Some(asked) => match asked.waits.as_mut() {
            Some(waits) => f(&host, waits),
            None => Err(misplaced(desk, what)),
        },
        None => Err(misplaced(desk, what)),
    }
}

#[allow(clippy::unnecessary_box_returns, reason = "what natives raise is boxed")]
fn misplaced(desk: &Desk, what: &str) -> Box<EvalAltResult> {
    if desk.wound.get() {
        return format!(
            "`train.esc.{what}` works in the methods of a cog with state, `#{{ wind: || …, run: |d| … }}`, while the train runs"
        )
        .into();
    }
    format!("`train.esc.{what}`: nothing can be waited for before the train runs; do it in the method `wind` of a cog, `#{{ wind: || train.esc.{what}(…) }}`")
        .into()
}

/// What is to be called: the name of a method or function, or a closure; with its arguments.
fn callee(desk: &Desk, waits: &Waits, what: &str, function: Dynamic, args: Vec<Dynamic>) -> Raised<Call> {
    let method = |name: &str| waits.methods.iter().find(|(known, _)| known == name).map(|(_, method)| method.clone());
    let function = function.flatten();
    let function = if let Ok(name) = function.as_immutable_string_ref() {
        let host = desk.host();
        match method(&name) {
            Some(method) => method,
            None if host.tree_of(&name).iter_functions().any(|known| known.name == name.as_str()) => {
                ScriptFn::new(&host, FnPtr::new(&*name)?)
            }
            None => {
                let near = nearest(&name, waits.methods.iter().map(|(name, _)| name.as_str()));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                return Err(format!("`train.esc.{what}`: neither the cog nor the script has a function `{}`{near}", name.as_str()).into());
            }
        }
    } else {
        let got = short_type(function.type_name()).to_owned();
        let Some(function) = function.try_cast::<FnPtr>() else {
            return Err(format!("`train.esc.{what}` calls a closure, or a method by its name, but is given a `{got}`").into());
        };
        let known = waits.methods.iter().find(|(_, method)| method.is(&function)).map(|(_, method)| method.clone());
        known.unwrap_or_else(|| ScriptFn::new(&desk.host(), function))
    };
    let told = match function.arity() {
        None => false,
        Some(wanted) if wanted == args.len() => false,
        Some(wanted) if wanted == args.len() + 1 => true,
        Some(wanted) => {
            let (shown, given) = (function.shown(), args.len());
            let plural = if wanted == 1 { "" } else { "s" };
            return Err(format!(
                "`train.esc.{what}`: `{shown}` takes {wanted} argument{plural}, but {given} would be given, and what has come as one more"
            )
            .into());
        }
    };
    Ok(Call { function, args, told })
}

/// Binds an event, unless nothing more can be bound.
pub(super) fn bind(
    desk: &Desk,
    what: &'static str,
    event: impl FnOnce(&mut Waits) -> Raised<(Event, bool)>,
    mut args: Vec<Dynamic>,
) -> Raised<Handle> {
    ask(desk, what, Handle(0), |_, waits| {
        if args.is_empty() {
            return Err(format!("`train.esc.{what}` needs something to call").into());
        }
        let rest = args.split_off(1);
        let function = args.pop().unwrap_or_default();
        let call = callee(desk, waits, what, function, rest)?;
        if waits.is_closed(what) {
            return Ok(Handle(0));
        }
        if waits.count() >= MANY {
            return Err(format!("`train.esc.{what}`: {MANY} events are waited for already").into());
        }
        let (event, weak) = event(waits)?;
        let fd = if let Event::Fd(fd) = event { Some(fd) } else { None };
        let handle = waits.bind(Bound::new(event, call, weak));
        if let Some(channel) = fd.and_then(|fd| waits.channels.get_mut(&fd)) {
            channel.handle = handle;
        }
        Ok(Handle(handle))
    })
}

fn enqueue(desk: &Desk, mut args: Vec<Dynamic>) -> Raised<Handle> {
    if args.first().is_some_and(Dynamic::is_map) {
        let when = args.remove(0).flatten().cast::<RhaiMap>();
        return bind(desk, "enqueue", |_| timed(when), args);
    }
    bind(desk, "enqueue", |_| Ok((Event::Soon, false)), args)
}

/// `#{at: …}`, `#{delay: …}`, `#{every: …}`, `#{cron: …}`, each with `weak: true` for what does not keep the train alive.
fn timed(when: RhaiMap) -> Raised<(Event, bool)> {
    let (mut event, mut weak) = (None, false);
    for (key, value) in when {
        let value = value.flatten();
        let found = match key.as_str() {
            "weak" => {
                weak = value.as_bool().map_err(|_| "`train.esc.enqueue`: `weak` must be true or false")?;
                continue;
            }
            "delay" => Event::After(seconds("delay", &value)?),
            "every" => match seconds("every", &value)? {
                Duration::ZERO => return Err("`train.esc.enqueue`: `every` must be more than 0 seconds".into()),
                period => Event::Every(period),
            },
            "at" => Event::At(moment(&value)?),
            "cron" => {
                let text = value.as_immutable_string_ref().map_err(|_| "`train.esc.enqueue`: `cron` is a string, \"*/5 * * * *\"")?;
                Event::Cron(Box::new(
                    Cron::parse(&text).map_err(|fault| format!("`train.esc.enqueue`: cron `{}`: {fault}", text.as_str()))?,
                ))
            }
            odd => {
                let near = nearest(odd, ["at", "delay", "every", "cron", "weak"]).map(|near| format!("; did you mean `{near}`?"));
                return Err(format!("`train.esc.enqueue` has no `{odd}`{}", near.unwrap_or_default()).into());
            }
        };
        if event.replace(found).is_some() {
            return Err("`train.esc.enqueue` takes one of `at`, `delay`, `every`, `cron`".into());
        }
    }
    Ok((event.ok_or("`train.esc.enqueue`: the map says when, by one of `at`, `delay`, `every`, `cron`")?, weak))
}

fn number(value: &Dynamic) -> Option<f64> {
    value.as_float().ok().or_else(|| value.as_int().ok().map(|number| number as f64))
}

fn seconds(what: &str, value: &Dynamic) -> Raised<Duration> {
    let seconds = number(value).filter(|seconds| (0.0..1e9).contains(seconds));
    Ok(Duration::from_secs_f64(seconds.ok_or_else(|| format!("`train.esc.enqueue`: `{what}` must be a number of seconds, not negative"))?))
}

/// A time of the wall clock: a `Time`, seconds since 1970, or a text as in RFC 3339.
fn moment(value: &Dynamic) -> Raised<SystemTime> {
    let wrong = || "`train.esc.enqueue`: `at` is a time: `train.esc.time() + 5`, seconds since 1970, or \"2026-01-01T00:00:00Z\"";
    let time = if let Some(time) = value.read_lock::<Time>() {
        Some(time.0)
    } else if let Some(seconds) = number(value) {
        jiff::SignedDuration::try_from_secs_f64(seconds).ok().and_then(|time| Timestamp::from_duration(time).ok())
    } else {
        value.as_immutable_string_ref().ok().and_then(|text| text.parse().ok())
    };
    Ok(SystemTime::from(time.ok_or_else(wrong)?))
}

fn fd_register(desk: &Desk, mut args: Vec<Dynamic>) -> Raised<Handle> {
    let rest = args.split_off(2);
    let fd = args[0]
        .as_int()
        .ok()
        .and_then(|fd| i32::try_from(fd).ok())
        .ok_or("`train.esc.fd_register`: a descriptor is a number, 0 or more")?;
    let wanted = Ready::of(&args[1].flatten_clone())?;
    let event = |waits: &mut Waits| {
        if waits.channels.contains_key(&fd) {
            return Err(format!("`train.esc.fd_register`: descriptor {fd} is registered already").into());
        }
        waits.channels.insert(fd, Channel::at(fd, wanted).map_err(|fault| format!("`train.esc.fd_register`: {fault}"))?);
        // That something could be written keeps nobody waiting.
        Ok((Event::Fd(fd), wanted.output && !wanted.input))
    };
    bind(desk, "fd_register", event, rest)
}

fn inotify_add(desk: &Desk, mut args: Vec<Dynamic>) -> Raised<Handle> {
    let rest = args.split_off(2);
    let path = args[0].flatten_clone().into_immutable_string().map_err(|_| "`train.esc.inotify_add`: a path is a string")?;
    let mask = words::happens(&args[1].flatten_clone())?;
    let event = |_: &mut Waits| {
        let path = PathBuf::from(path.as_str());
        // What the reactor would say when the method is over.
        std::fs::metadata(start::path(&path))
            .map_err(|error| format!("`train.esc.inotify_add`: `{}`: {}", path.display(), plain(&error)))?;
        Ok((Event::Path(path, mask), false))
    };
    bind(desk, "inotify_add", event, rest)
}

fn signal_register(desk: &Desk, mut args: Vec<Dynamic>) -> Raised<Handle> {
    let rest = args.split_off(1);
    let signal = signals::number(&args[0].flatten_clone()).map_err(|fault| format!("`train.esc.signal_register`: {fault}"))?;
    bind(desk, "signal_register", |_| Ok((Event::Signal(signal), true)), rest)
}

#[cfg(not(feature = "http"))]
fn request(_: &Desk, _: Vec<Dynamic>) -> Raised<Handle> {
    Err("`train.esc.request`: this program was built without HTTP, the feature `http`".into())
}

/// Takes out what is bound.
fn unbind(desk: &Desk, what: &'static str, handle: &Dynamic, is: impl FnOnce(&Event) -> bool) -> Raised<bool> {
    let handle = handle.flatten_clone();
    let fd = handle.as_int().ok().filter(|_| what == "fd_unregister");
    let known = handle.try_cast::<Handle>();
    ask(desk, what, false, |_, waits| {
        let of_fd = || waits.channels.get(&i32::try_from(fd?).ok()?).map(|channel| Handle(channel.handle));
        let number = known.or_else(of_fd).map_or(0, |handle| handle.0);
        // One whose other side has gone is not bound any more, but can still be read to its end.
        let left = fd.and_then(|fd| waits.channels.remove(&i32::try_from(fd).ok()?)).is_some();
        Ok(waits.unbind(number, is) || left)
    })
}

fn channel<'a>(waits: &'a mut Waits, what: &str, fd: i64) -> Raised<&'a mut Channel> {
    let found = i32::try_from(fd).ok().and_then(|fd| waits.channels.get_mut(&fd));
    found.ok_or_else(|| {
        format!("`train.esc.{what}`: descriptor {fd} was not registered by this cog: `train.esc.fd_register({fd}, …)`").into()
    })
}

fn read(desk: &Desk, fd: i64, most: i64) -> Raised<Dynamic> {
    if !(1..=MOST as i64).contains(&most) {
        return Err(format!("`train.esc.read` reads from 1 to {MOST} bytes").into());
    }
    ask(desk, "read", Dynamic::UNIT, |_, waits| {
        if waits.apart {
            return Ok(Dynamic::UNIT);
        }
        let read = channel(waits, "read", fd)?.read(most as usize);
        Ok(read.map_err(|error| format!("`train.esc.read`: descriptor {fd}: {}", plain(&error)))?.map_or(Dynamic::UNIT, Dynamic::from_blob))
    })
}

fn write(desk: &Desk, fd: i64, bytes: &[u8]) -> Raised<i64> {
    ask(desk, "write", bytes.len() as i64, |_, waits| {
        if waits.apart {
            return Ok(bytes.len() as i64);
        }
        let written = channel(waits, "write", fd)?.write(bytes);
        Ok(written.map_err(|error| format!("`train.esc.write`: descriptor {fd}: {}", plain(&error)))? as i64)
    })
}

/// Adds what scripts call.
pub(in crate::script) fn register(desk: &Desk, global: &mut Module) {
    FuncRegistration::new_getter("esc").with_purity(true).set_into_module(global, |_: &mut TrainHandle| EscHandle);
    let add = |name: &'static str| FuncRegistration::new(name).in_global_namespace();
    macro_rules! variadic {
        ($($name:literal $call:ident: $($($arg:ident)* / $($more:ident)*),+;)+) => {
            $($(
                let at = desk.clone();
                add($name).set_into_module(global, move |_: EscHandle, $($arg: Dynamic,)* $($more: Dynamic),*| -> Raised<Handle> {
                    $call(&at, vec![$($arg,)* $($more),*])
                });
            )+)+
        };
    }
    variadic! {
        "enqueue" enqueue: a / , a / b, a / b c, a / b c d, a / b c d e, a / b c d e f;
        "fd_register" fd_register: a b / , a b / c, a b / c d, a b / c d e, a b / c d e f;
        "inotify_add" inotify_add: a b / , a b / c, a b / c d, a b / c d e, a b / c d e f;
        "request" request: a / , a / b, a / b c, a / b c d, a / b c d e;
        "signal_register" signal_register: a / , a / b, a / b c, a / b c d, a / b c d e;
    }
    add("request").set_into_module(global, |_: RhaiMap, _: Dynamic, _: Dynamic| -> Raised<Handle> {
        Err("a map asks nobody; `train.esc.request(#{ url: …, manager: … }, f)` asks a server, by the manager that `http::manager` gave".into())
    });
    let at = desk.clone();
    add("dequeue").set_into_module(global, move |_: EscHandle, handle: Dynamic| -> Raised<bool> {
        unbind(&at, "dequeue", &handle, |event| !matches!(event, Event::Fd(_) | Event::Path(..) | Event::Signal(_)))
    });
    let at = desk.clone();
    add("fd_unregister").set_into_module(global, move |_: EscHandle, fd: Dynamic| -> Raised<bool> {
        unbind(&at, "fd_unregister", &fd, |event| matches!(event, Event::Fd(_)))
    });
    let at = desk.clone();
    add("inotify_rm").set_into_module(global, move |_: EscHandle, handle: Dynamic| -> Raised<bool> {
        unbind(&at, "inotify_rm", &handle, |event| matches!(event, Event::Path(..)))
    });
    let at = desk.clone();
    add("signal_unregister").set_into_module(global, move |_: EscHandle, handle: Dynamic| -> Raised<bool> {
        unbind(&at, "signal_unregister", &handle, |event| matches!(event, Event::Signal(_)))
    });
    let at = desk.clone();
    add("time").set_into_module(global, move |_: EscHandle| -> Raised<Time> { at.host().stage.time().map(Time) });
    let at = desk.clone();
    FuncRegistration::new_getter("inotify")
        .set_into_module(global, move |_: &mut EscHandle| *at.host().stage.inotify.get_or_init(has_inotify));
    let at = desk.clone();
    add("read").set_into_module(global, move |_: EscHandle, fd: i64| read(&at, fd, READ));
    let at = desk.clone();
    add("read").set_into_module(global, move |_: EscHandle, fd: i64, most: i64| read(&at, fd, most));
    let at = desk.clone();
    add("write").set_into_module(global, move |_: EscHandle, fd: i64, bytes: Blob| write(&at, fd, &bytes));
    let at = desk.clone();
    add("write").set_into_module(global, move |_: EscHandle, fd: i64, text: ImmutableString| write(&at, fd, text.as_bytes()));
}

/// Whether the system gives an inotify queue.
fn has_inotify() -> bool {
    rustix::fs::inotify::init(rustix::fs::inotify::CreateFlags::CLOEXEC).is_ok()
}
