//! `jinja_marshall`: a datum becomes what a template of Jinja2 makes of it.
//!
//! `engine` compiles templates and renders them, `sources` finds others that one names, `lent` shows the engine the datum without making
//! values of all of it, `python` prints as Python does, `filters` are those that the engine has not, or has otherwise. docs/templates.md
//! tells where results differ from Jinja2's.

mod engine;
mod filters;
mod lent;
mod python;
mod sources;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use minijinja::{UndefinedBehavior, Value};

use self::engine::{Engine, Escape, Fault, Settings};
use super::DATA_SETTER;
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Given, Kind, Lit, Page, Param, Ty};
use crate::datum::Datum;
use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::escapement::Wake;
use crate::getset::{Func, Getter, Setter};
use crate::reread::Reread;

/// `text::jinja_marshall`: any datum -> text.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "jinja_marshall",
    kind: Kind::Marshal,
    about: "Writes the datum by a template of Jinja2.",
    page: Page {
        takes: "any datum: the keys of a map are the template's names, what is no map is named data",
        gives: "what the template makes of it: a string, in place of the datum or at data_setter",
        fails: "a datum at which the template or a filter of the script fails, or that takes more than fuel or makes more than max_bytes; the template's own faults are told before the first datum",
        ..Page::OF_KIND
    },
    params: &[
        Param::str("template").optional().about("the template; its faults are told when the script is read"),
        Param::str("template_file").optional().about("a file with the template instead, read when the train begins"),
        Param::bool("reload")
            .default(Lit::Bool(false))
            .about("read template_file again when it changes, or a file in template_dirs; one that is bad then is told of, and the one before stays in use"),
        Param::strs("template_dirs")
            .default(Lit::EmptyList)
            .about("directories with templates to include, extend or import, by their paths from there; all are read when the train begins"),
        Param::getter("data_getter")
            .or("selfgetter")
            .about("the piece that is rendered, by default the whole datum: the keys of a map are the template's names; what is no map is named data"),
        DATA_SETTER,
        Param::map("globals").default(Lit::EmptyMap).about("further names and their values; those of the datum come first"),
        Param::choice("undefined", &["lenient", "strict", "chainable"]).about(
            "a name that stands for nothing prints as nothing, but has no attributes; or is an error wherever it is used; or has attributes that are undefined too",
        ),
        Param::choice("autoescape", &["none", "html", "json"])
            .about("what is printed stands as it is; or with < > & ' \" as HTML wants them; or as JSON"),
        Param::bool("trim_blocks").default(Lit::Bool(false)).about("the line break behind a block is left out"),
        Param::bool("lstrip_blocks").default(Lit::Bool(false)).about("blanks before a block, from the start of its line, are left out"),
        Param::bool("keep_trailing_newline").default(Lit::Bool(false)).about("a line break at the end of the template is kept"),
        Param::new("filters", Ty::Entries)
            .default(Lit::EmptyMap)
            .about("further filters by name: closures that are given the value and give another; one of a known name takes its place"),
        Param::new("fuel", Ty::Either(&[Ty::Int, Ty::Unit]))
            .default(Lit::Int(1_000_000))
            .about("steps that one datum may take, one for each instruction and for 64 bytes that are made; (): without limit"),
        Param::size("max_bytes").default(Lit::Int(1 << 20)).about("a longer text fails"),
    ],
    first: Some("template"),
    global: false,
    examples: &[
        Example {
            what: "keys are names; values print as in Python",
            make: r#"text::jinja_marshall("{{ user }} did {{ what | join('+') }} {{ n }}x: {{ ok }} {{ what }}")"#,
            input: r#"{"user": "ada", "what": ["read", "write"], "n": 2, "ok": true}"#,
            output: &[r#""ada did read+write 2x: True ['read', 'write']""#],
        },
        Example {
            what: "statements, a filter of the script, beside the data",
            make: r#"text::jinja_marshall("{% for ip in ips if ip | inside %}{{ loop.index }}:{{ ip }} {% endfor %}", #{ data_setter: "line", filters: #{ inside: |ip| ip.starts_with("10.") } })"#,
            input: r#"{"ips": ["10.0.0.1", "192.0.2.1", "10.0.0.2"]}"#,
            output: &[r#"{"ips": ["10.0.0.1", "192.0.2.1", "10.0.0.2"], "line": "1:10.0.0.1 2:10.0.0.2 "}"#],
        },
        Example {
            what: "what is no map is named data",
            make: r#"text::jinja_marshall("<li>{{ data }}</li>", #{ autoescape: "html" })"#,
            input: r#""a < b""#,
            output: &[r#""<li>a &lt; b</li>""#],
        },
        Example {
            what: "JSON by hand, with times",
            make: r#"text::jinja_marshall(`{"day": "{{ at | strftime('%Y-%m-%d', tz='Europe/Vienna') }}", "tags": {{ tags | tojson }}}`)"#,
            input: r#"{"at": "2024-05-06T22:30:00Z", "tags": ["a", 1]}"#,
            output: &[r#""{\"day\": \"2024-05-07\", \"tags\": [\"a\", 1]}""#],
        },
    ],
    build: |args| Ok(Box::new(JinjaMarshall::new(args)?)),
};

/// How a template that stands in the script is called in messages.
const INLINE: &str = "template";

struct JinjaMarshall {
    data_getter: Getter,
    data_setter: Setter,
    settings: Arc<Settings>,
    filters: Rc<[Func]>,
    /// What templates look their names up in.
    root: Value,
    source: Source,
    directories: Vec<PathBuf>,
    /// There from the beginning of the train on.
    engine: Option<Engine>,
    max_bytes: usize,
    /// Bytes that a text is expected to have, as those of the last batch had.
    room: usize,
}

enum Source {
    Inline(String),
    File { path: PathBuf, reload: bool, file: Option<Reread<Engine>> },
}

impl JinjaMarshall {
    fn new(args: &Args) -> Result<Self> {
        let (filters, settings) = settings(args)?;
        let source = match (args.opt_str("template"), args.opt_str("template_file")) {
            (Some(text), None) => {
                if args.is_given("reload") {
                    return Err(Error::option("reload", "has a meaning only with `template_file`"));
                }
                // Compiled now for its faults; what it names is known when the train begins.
                settings.engine(INLINE, &text, &Arc::default()).map_err(misspelt)?;
                Source::Inline(text)
            }
            (None, Some(path)) => Source::File { path: path.into(), reload: args.bool("reload"), file: None },
            (Some(_), Some(_)) => return Err(Error::option("template_file", "stands beside `template`: give one of them")),
            (None, None) => return Err(Error::option("template", "is missing, and `template_file` too")),
        };
        Ok(Self {
            data_getter: args.getter("data_getter"),
            data_setter: args.setter("data_setter"),
            settings: Arc::new(settings),
            filters,
            root: Value::from_object(lent::Root),
            source,
            directories: args.strs("template_dirs").into_iter().map(PathBuf::from).collect(),
            engine: None,
            max_bytes: args.size("max_bytes"),
            room: 0,
        })
    }

    #[inline]
    fn write(&self, datum: &mut Datum, text: &mut String) -> Result<()> {
        if let Getter::Whole = self.data_getter {
            return self.render(datum, text);
        }
        let mut piece = self.data_getter.get(datum)?.into_owned();
        self.render(&mut piece, text)
    }

    fn render(&self, piece: &mut Datum, text: &mut String) -> Result<()> {
        let Some(engine) = &self.engine else { return Err(Error::Other("the template was not read yet".into())) };
        let (done, fault) = lent::lend(piece, &self.filters, || engine.render(self.root.clone(), text, self.max_bytes));
        match (done, fault) {
            // The place in the script, and what to do, are the closure's own.
            (Err(Error::Data { text, .. }), Some(Error::Script { place, hint, .. })) => Err(Error::Script { text, place, hint }),
            (done, _) => done,
        }
    }
}

impl Cog for JinjaMarshall {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        let mut text = String::new();
        self.write(&mut datum, &mut text)?;
        self.data_setter.set(&mut datum, Datum::from(text))?;
        ctx.emit(datum);
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        let (events, mut written) = (batch.count(), 0);
        let done = batch.each_into_block(ctx, &self.data_setter, |datum, text: &mut String| {
            if text.is_empty() {
                text.reserve(events * self.room);
            }
            let done = self.write(datum, text);
            written = text.len();
            done
        });
        self.room = written * 9 / 8 / events.max(1);
        done
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let (settings, directories) = (Arc::clone(&self.settings), self.directories.clone());
        self.engine = Some(match &mut self.source {
            Source::Inline(text) => {
                let others = Arc::new(sources::read(&**ctx.disk(), &directories)?);
                settings.engine(INLINE, text, &others).map_err(misspelt)?
            }
            Source::File { path, reload, file } => {
                let (disk, name) = (Arc::clone(ctx.disk()), path.display().to_string());
                let beside = directories.clone();
                let make = move |bytes| of_file(&settings, &name, bytes, &*disk, &directories);
                let file = file.insert(Reread::new(path.clone(), Arc::new(make)));
                if *reload { file.wind_with(ctx, &beside)? } else { file.once(ctx)? }
            }
        });
        Ok(())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        if let Source::File { file: Some(file), .. } = &mut self.source
            && let Some(engine) = file.wake(ctx, wake)?
        {
            self.engine = Some(engine);
        }
        Ok(())
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let Source::File { file: Some(file), .. } = &mut self.source {
            file.finish(ctx);
        }
        Ok(())
    }
}

/// The template of a file's content.
fn of_file(settings: &Settings, name: &str, bytes: Vec<u8>, disk: &dyn Disk, directories: &[PathBuf]) -> Result<Engine> {
    let text = String::from_utf8(bytes).map_err(|_| Error::Other("it is not text in UTF-8".into()))?;
    let others: BTreeMap<String, String> = sources::read(disk, directories)?;
    settings.engine(name, &text, &Arc::new(others)).map_err(|Fault { text, hint }| {
        let hint = hint.map(|hint| format!("\n    {hint}")).unwrap_or_default();
        Error::Other(format!("{text}{hint}"))
    })
}

fn misspelt(Fault { text, hint }: Fault) -> Error {
    Error::Option { option: "template".into(), text, hint }
}

/// What the options say, and the script's filters.
fn settings(args: &Args) -> Result<(Rc<[Func]>, Settings)> {
    let filter = |(name, given): (String, Given)| {
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err(Error::option("filters", format!("`{name}` is no name that a template could use")));
        }
        let func =
            given.func()?.ok_or_else(|| Error::option("filters", format!("`{name}` must be a closure, but is `{}`", given.kind())))?;
        Ok((name, func))
    };
    let filters = args.given("filters").and_then(|given| given.map()).unwrap_or_default();
    let (names, filters): (Vec<_>, Vec<_>) = filters.into_iter().map(filter).collect::<Result<Vec<_>>>()?.into_iter().unzip();
    let settings = Settings {
        undefined: match args.str("undefined").as_str() {
            "strict" => UndefinedBehavior::Strict,
            "chainable" => UndefinedBehavior::Chainable,
            _ => UndefinedBehavior::Lenient,
        },
        autoescape: match args.str("autoescape").as_str() {
            "html" => Escape::Html,
            "json" => Escape::Json,
            _ => Escape::None,
        },
        trim_blocks: args.bool("trim_blocks"),
        lstrip_blocks: args.bool("lstrip_blocks"),
        keep_trailing_newline: args.bool("keep_trailing_newline"),
        fuel: args.given("fuel").and_then(|given| given.datum()?.as_int()).map(|fuel| fuel as u64),
        globals: args.map("globals").iter().map(|(name, value)| (name.to_string(), lent::owned(value))).collect(),
        filters: names,
    };
    Ok((filters.into(), settings))
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;
