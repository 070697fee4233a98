//! What a test does to a pipeline: loads it, feeds it, moves its clock, looks at what came of it.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use rhai::{Array, Dynamic, Engine, EvalAltResult, FuncRegistration, Map as RhaiMap, Module, NativeCallContext};

use super::{Kit, Subject};
use crate::error::{Error, nearest};
use crate::log;
use crate::script::convert::{from_rhai, short_type, to_rhai};
use crate::script::report::Report;
use crate::script::{Setting, Wound, wind, wind_text};

type Raised<T> = Result<T, Box<EvalAltResult>>;

/// Options of `test::load`.
const OPTIONS: [&str; 3] = ["args", "replace", "wall"];

/// What `test::cog` stands in: its supply and its drain.
const ALONE: &str = "let train = movement::train();\ntrain.update(fs::stdin_supply(#{ name: \"in\" }) |> COG |> movement::collect_drain(#{ name: \"out\" }));\ntrain.run();\n";

/// A file that is fed has at most so many bytes.
const LARGEST: u64 = 64 << 20;

/// What a pipeline is made from.
#[derive(Clone, Copy)]
enum From {
    File,
    Text,
    Cog,
}

impl From {
    /// The function that makes it so.
    const fn name(self) -> &'static str {
        match self {
            Self::File => "load",
            Self::Text => "script",
            Self::Cog => "cog",
        }
    }
}

/// A pipeline on trial, as tests hold it.
#[derive(Clone)]
struct Trial {
    subject: Rc<RefCell<Box<dyn Subject>>>,
}

#[allow(clippy::unnecessary_box_returns, clippy::needless_pass_by_value, reason = "what it makes of an error is Rhai's own kind")]
fn raised(error: impl ToString) -> Box<EvalAltResult> {
    error.to_string().into()
}

/// Gives an error the place of the call, which Rhai leaves out for functions of modules.
pub(super) fn placed<T>(context: &NativeCallContext<'_>, result: Raised<T>) -> Raised<T> {
    result.map_err(|mut error| {
        if error.position().is_none() {
            error.set_position(context.call_position());
        }
        error
    })
}

impl Trial {
    /// Does something with the pipeline. It is not there while a cog of it is called, as one that the test put in.
    fn with<T>(&self, f: impl FnOnce(&mut dyn Subject) -> Result<T, Error>) -> Raised<T> {
        let mut subject = self.subject.try_borrow_mut().map_err(|_| raised("a cog of the pipeline cannot turn the pipeline itself"))?;
        f(&mut **subject).map_err(raised)
    }
}

/// Adds `test::load` and its kin, and the methods of what they give.
pub(super) fn register(engine: &mut Engine, kit: &Rc<Kit>) {
    let mut module = Module::new();
    for from in [From::File, From::Text, From::Cog] {
        let at = Rc::clone(kit);
        FuncRegistration::new(from.name()).set_into_module(&mut module, move |context: NativeCallContext<'_>, what: Dynamic| {
            placed(&context, made(&at, from, what, RhaiMap::new()))
        });
        let at = Rc::clone(kit);
        let with_options =
            move |context: NativeCallContext<'_>, what: Dynamic, options: RhaiMap| placed(&context, made(&at, from, what, options));
        FuncRegistration::new(from.name()).set_into_module(&mut module, with_options);
    }
    super::checks::register_module(&mut module, kit);
    super::checks::register_same(&mut module);
    super::checks::register_values(&mut module);
    engine.register_static_module("test", module.into());
    engine.register_type_with_name::<Trial>("Trial");
    engine.register_fn("feed", |trial: &mut Trial, cog: &str, datum: Dynamic| -> Raised<()> {
        let datum = from_rhai(datum).map_err(raised)?;
        trial.with(|subject| subject.feed(cog, datum))
    });
    engine.register_fn("feed_lines", |trial: &mut Trial, cog: &str, text: &str| -> Raised<()> { lines(trial, cog, text) });
    let at = Rc::clone(kit);
    engine.register_fn("feed_file", move |trial: &mut Trial, cog: &str, path: &str| -> Raised<()> {
        let text = text_of(&at.beside(path)).map_err(raised)?;
        lines(trial, cog, &text)
    });
    engine.register_fn("advance", |trial: &mut Trial, by: Dynamic| -> Raised<()> {
        let by = span(&by)?;
        trial.with(|subject| subject.advance(by))
    });
    engine.register_fn("finish", |trial: &mut Trial| -> Raised<i64> { trial.with(|subject| subject.finish().map(i64::from)) });
    engine.register_fn("output", |trial: &mut Trial, cog: &str| -> Raised<Array> {
        Ok(trial.with(|subject| subject.output(cog))?.iter().map(to_rhai).collect())
    });
    engine.register_fn("dropped", |trial: &mut Trial, cog: &str| -> Raised<Array> {
        Ok(trial.with(|subject| subject.dropped(cog))?.iter().map(to_rhai).collect())
    });
    engine.register_fn("errors", |trial: &mut Trial, cog: &str| -> Raised<Array> {
        Ok(trial.with(|subject| subject.failed(cog))?.into_iter().map(|(_, text)| text.into()).collect())
    });
    engine.register_fn("failed", |trial: &mut Trial, cog: &str| -> Raised<Array> {
        Ok(trial.with(|subject| subject.failed(cog))?.iter().map(|(datum, _)| datum.as_ref().map_or(Dynamic::UNIT, to_rhai)).collect())
    });
    engine.register_fn("books", |trial: &mut Trial| -> Raised<RhaiMap> {
        let books = trial.with(|subject| Ok(subject.books()))?;
        Ok(books.into_iter().map(|(name, count)| (name.into(), Dynamic::from_int(count as i64))).collect())
    });
}

fn lines(trial: &Trial, cog: &str, text: &str) -> Raised<()> {
    // That there is such a cog is looked at for a text without lines, too.
    trial.with(|subject| subject.output(cog))?;
    text.lines().try_for_each(|line| trial.with(|subject| subject.line(cog, line)))
}

fn text_of(path: &Path) -> Result<String, String> {
    let told = |error: &std::io::Error| format!("cannot read `{}`: {}", path.display(), crate::error::plain(error));
    let about = std::fs::metadata(path).map_err(|error| told(&error))?;
    if !about.is_file() || about.len() > LARGEST {
        return Err(format!("`{}` is no file of at most {} MiB", path.display(), LARGEST >> 20));
    }
    std::fs::read(path).map_err(|error| told(&error)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// A span of time: `"90s"`, `"1h 30m"`, or seconds.
fn span(value: &Dynamic) -> Raised<Duration> {
    let wrong = || raised("a span of time is seconds, or text such as \"10s\", \"1h 30m\"");
    if let Ok(seconds) = value.as_int() {
        return u64::try_from(seconds).map(Duration::from_secs).map_err(|_| wrong());
    }
    if let Ok(seconds) = value.as_float() {
        return Duration::try_from_secs_f64(seconds).map_err(|_| wrong());
    }
    let text = value.clone().into_immutable_string().map_err(|_| wrong())?;
    let span: SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(span).map_err(|_| wrong())
}

/// Loads a pipeline from a file or a text, or puts one cog in one.
fn made(kit: &Kit, from: From, what: Dynamic, options: RhaiMap) -> Raised<Trial> {
    let mut wall = None;
    let mut argv = Vec::new();
    let mut replace = Vec::new();
    for (key, value) in options {
        match key.as_str() {
            "args" => argv = arguments(value)?,
            "wall" => wall = Some(wall_of(&value)?),
            "replace" => replace = replacements(kit, value)?,
            odd => {
                let hint = nearest(odd, OPTIONS)
                    .map_or_else(|| format!("it takes {}", OPTIONS.join(", ")), |near| format!("did you mean `{near}`?"));
                return Err(raised(format!("`test::{}` has no option `{odd}`; {hint}", from.name())));
            }
        }
    }
    let text = what.clone().into_immutable_string();
    let setting = Setting { argv, program: "deadbeat test".into(), ..Setting::default() };
    let has_args = !setting.argv.is_empty();
    let wound = match (from, text) {
        (From::File, Ok(path)) => quiet(|| wind(&kit.beside(&path), setting))?,
        (From::Text, Ok(text)) => quiet(|| wind_text("script", &text, &kit.dir, setting))?,
        (From::Cog, Ok(text)) => quiet(|| wind_text("cog", &ALONE.replace("COG", &text), &kit.dir, setting))?,
        (From::Cog, Err(_)) => {
            let cog = kit
                .cog(what)
                .ok_or_else(|| raised("`test::cog` takes a closure, a map with `run`, or a text such as \"text::json_parse()\""))?;
            replace.push(("cog".to_owned(), cog.map_err(raised)?));
            quiet(|| wind_text("cog", &ALONE.replace("COG", "twist::map(|d| d, #{ name: \"cog\" })"), &kit.dir, setting))?
        }
        (_, Err(got)) => return Err(raised(format!("`test::{}` takes a text, but is given `{}`", from.name(), short_type(got)))),
    };
    if let Some((text, _)) = &wound.print {
        return Err(raised(format!("the script prints instead of running:\n{}", text.trim_end())));
    }
    if wound.is_faulty() {
        return Err(raised(rendered(&wound.reports)));
    }
    if has_args && !wound.gathered {
        return Err(raised("the script takes no options (it never calls `conf::gather`)"));
    }
    if !wound.run {
        return Err(raised("the script never runs a train"));
    }
    let subject = kit.grounds.load(wound, wall, replace).map_err(raised)?;
    Ok(Trial { subject: Rc::new(RefCell::new(subject)) })
}

/// Winds a script; what it would write to the log is nobody's news.
fn quiet(wind: impl FnOnce() -> Result<Wound, Vec<Report>>) -> Raised<Wound> {
    log::aside(wind).0.map_err(|reports| raised(rendered(&reports)))
}

fn rendered(reports: &[Report]) -> String {
    let faults: String = reports.iter().filter(|report| !report.warning).map(|report| report.render(false)).collect();
    format!("the script cannot run:\n{}", faults.trim_end())
}

fn arguments(value: Dynamic) -> Raised<Vec<std::ffi::OsString>> {
    let list = value.try_cast::<Array>().ok_or_else(|| raised("`args` is an array of texts"))?;
    let texts = list.into_iter().map(|one| one.into_immutable_string().map(|text| text.as_str().into()));
    texts.collect::<Result<_, _>>().map_err(|_| raised("`args` is an array of texts"))
}

fn wall_of(value: &Dynamic) -> Raised<SystemTime> {
    let wrong = || raised("`wall` is a text such as \"2026-01-01T00:00:00Z\"");
    let text = value.clone().into_immutable_string().map_err(|_| wrong())?;
    text.parse::<Timestamp>().map(SystemTime::from).map_err(|_| wrong())
}

fn replacements(kit: &Kit, value: Dynamic) -> Raised<Vec<(String, Box<dyn crate::cog::Cog>)>> {
    let map = value.try_cast::<RhaiMap>().ok_or_else(|| raised("`replace` is a map of closures by the names of cogs"))?;
    let cog = |(name, value): (rhai::Identifier, Dynamic)| {
        let cog = kit.cog(value).ok_or_else(|| raised(format!("`replace`: `{name}` wants a closure or a map with `run`")))?;
        Ok((name.to_string(), cog.map_err(raised)?))
    };
    map.into_iter().map(cog).collect()
}
