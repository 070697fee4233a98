//! What the program knows of a kind of cog: its name, its options, examples, and how to build one.
//!
//! One [`CogSpec`] a cog; `cogs::COGS` lists them. Constructors, option checks, help and reference are derived from it.

use super::{Args, Cog, Page};
use crate::error::Result;

/// What a cog is for, in the order in which data pass them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Makes data out of what the system gives.
    Supply,
    /// Text to structure.
    Parse,
    /// Structure to structure.
    Convert,
    /// Adds what it looks up.
    Enrich,
    /// Lets pass or swallows.
    Filter,
    /// Gathers in time.
    Window,
    /// Structure to text.
    Marshal,
    /// Hands data to the system.
    Drain,
}

impl Kind {
    /// Its word in listings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Supply => "supply",
            Self::Parse => "parse",
            Self::Convert => "convert",
            Self::Enrich => "enrich",
            Self::Filter => "filter",
            Self::Window => "window",
            Self::Marshal => "marshal",
            Self::Drain => "drain",
        }
    }
}

/// A kind of cog.
#[derive(Debug)]
pub struct CogSpec {
    /// The module: `fs`, `text`, ….
    pub family: &'static str,
    /// The constructor in that module.
    pub name: &'static str,
    /// What it is for.
    pub kind: Kind,
    /// One sentence.
    pub about: &'static str,
    /// What goes in, what comes out, what fails, where its kind does not say it.
    pub page: Page,
    /// Its own options; those of every cog are in [`COMMON`] and [`COMMON_SUPPLY`].
    pub params: &'static [Param],
    /// The option that may be given alone, before the map of the others.
    pub first: Option<&'static str>,
    /// Whether the constructor is global too, without its module.
    pub global: bool,
    /// What it does, shown; each is run by a test.
    pub examples: &'static [Example],
    /// Makes one; touches nothing outside the process.
    pub build: fn(&Args) -> Result<Box<dyn Cog>>,
}

impl CogSpec {
    /// The constructor as scripts write it: `text::csv_parse`.
    pub fn path(&self) -> String {
        format!("{}::{}", self.family, self.name)
    }

    /// Whether a map with these keys, given first, is the first option itself (a cog's state, new names by old ones) rather than the options:
    /// where that option takes a map, and is not in it. Where it need not be given, a map of nothing but options is what it looks like.
    pub fn is_first<'a>(&self, mut keys: impl Iterator<Item = &'a str> + Clone) -> bool {
        let Some(first) = self.first.and_then(|first| self.params.iter().find(|param| param.name == first)) else { return false };
        let is_option = |name: &str| self.all_params().any(|param| param.name == name);
        matches!(first.ty, Ty::Map | Ty::Entries)
            && !keys.clone().any(|name| name == first.name)
            && !(first.default != Lit::Required && keys.all(is_option))
    }

    /// Its own options, then those that every cog of its kind has.
    pub fn all_params(&self) -> impl Iterator<Item = &'static Param> {
        let supply: &'static [Param] = if self.may_supply() { COMMON_SUPPLY } else { &[] };
        self.params.iter().chain(supply).chain(COMMON)
    }

    /// Whether it has the options of supplies: it is one, or may be, as a cog that the script makes of a map.
    pub fn may_supply(&self) -> bool {
        self.kind == Kind::Supply || (self.family, self.name) == ("movement", "cog")
    }
}

/// Options that stand together in a map: the value of one option of a cog, or what a constructor of a module makes.
#[derive(Debug, PartialEq)]
pub struct OptionGroup {
    /// The constructor as scripts write it (`http::manager`), where there is one; else the option's name.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// The options.
    pub params: &'static [Param],
}

impl OptionGroup {
    /// The module and the name of its constructor, where it has one.
    pub fn constructor(&self) -> Option<(&'static str, &'static str)> {
        self.name.split_once("::")
    }
}

/// One executable example.
#[derive(Debug)]
pub struct Example {
    /// What it shows.
    pub what: &'static str,
    /// The constructor's call.
    pub make: &'static str,
    /// The datum that is put in, as JSON; empty for none (supplies).
    pub input: &'static str,
    /// The data that come out, as JSON.
    pub output: &'static [&'static str],
}

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ty {
    /// A truth value.
    Bool,
    /// A whole number, not negative.
    Int,
    /// A number, whole or not; which ones, the cog says.
    Number,
    /// Seconds, as whole number or fraction.
    Seconds,
    /// Bytes: a number, or text such as `"64k"`, `"1MiB"`.
    Size,
    /// Text.
    Str,
    /// One letter, as letter or string.
    Char,
    /// Separating bytes: string, letter or blob, not empty.
    Separator,
    /// Bytes: string, letter or blob.
    Octets,
    /// Permissions of a file: a number, or its octal digits as text.
    Mode,
    /// A string or an array of strings.
    Strs,
    /// A getter: string, path, ready-made or closure.
    Getter,
    /// A setter: string, path, ready-made or closure.
    Setter,
    /// A deleter: string, path, ready-made or closure.
    Deleter,
    /// A closure that gives a truth value, or a string that names one.
    Predicate,
    /// A closure of the datum.
    Func,
    /// A closure about a value that the script keeps, by its parameters.
    Keeper(&'static [&'static str]),
    /// An array of getters.
    Getters,
    /// An array of setters; `()` stands for "skip".
    Setters,
    /// A map.
    Map,
    /// A map of these options.
    Options(&'static OptionGroup),
    /// A map whose values the cog itself looks at: they may be closures.
    Entries,
    /// An array of whole numbers.
    Ints,
    /// An array whose elements the cog itself looks at: they may be closures.
    Items,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A cog: of another one's own options, a [branch](super::Args::branch) of that.
    Cog,
    /// An array of tests, each with the cog that takes what it is true for, a [branch](super::Args::branch).
    Cases,
    /// Plain data of any kind.
    Plain,
    /// What a cog can be made of; that cog itself looks.
    Callable,
    /// `()`, as one of several: nothing.
    Unit,
    /// One of several.
    Either(&'static [Ty]),
}

impl Ty {
    /// With its article, for messages: "a string".
    pub fn wanted(self) -> String {
        match self {
            Self::Bool => "true or false".into(),
            Self::Int => "a whole number".into(),
            Self::Number => "a number".into(),
            Self::Seconds => "a number of seconds".into(),
            Self::Size => "a number of bytes (also as \"64KiB\" or \"1MB\")".into(),
            Self::Str => "a string".into(),
            Self::Char => "one letter".into(),
            Self::Separator => "a string, a letter or a blob, not empty".into(),
            Self::Octets => "a string, a letter or a blob".into(),
            Self::Mode => "permissions (0o640 or \"0640\")".into(),
            Self::Strs => "a string or an array of strings".into(),
            Self::Getter => "a getter (a name, a path or a closure)".into(),
            Self::Setter => "a setter (a name, a path or a closure)".into(),
            Self::Deleter => "a deleter (a name, a path or a closure)".into(),
            Self::Predicate => "a closure that gives true or false".into(),
            Self::Func => "a closure".into(),
            Self::Keeper(params) => format!("a closure `|{}| …`", params.join(", ")),
            Self::Getters => "an array of getters".into(),
            Self::Setters => "an array of setters".into(),
            Self::Map | Self::Entries => "a map".into(),
            Self::Options(group) => match group.constructor() {
                Some(_) => format!("what `{}` gives", group.name),
                None => format!("a map of {}", group.params.iter().map(|param| param.name).collect::<Vec<_>>().join(", ")),
            },
            Self::Ints => "an array of whole numbers".into(),
            Self::Items => "an array".into(),
            Self::Choice(words) => format!("one of {}", words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", ")),
            Self::Cog => "a cog".into(),
            Self::Cases => "an array of cases, [[test, cog], …]".into(),
            Self::Plain => "plain data, such as a string, a number or a map".into(),
            Self::Callable => "a function, a closure, or a map with `run` or `wind`".into(),
            Self::Unit => "()".into(),
            Self::Either(all) => all.iter().map(|ty| ty.wanted()).collect::<Vec<_>>().join(" or "),
        }
    }

    /// A short word for listings.
    pub fn word(self) -> String {
        match self {
            Self::Bool => "bool".into(),
            Self::Int => "int".into(),
            Self::Number => "number".into(),
            Self::Seconds => "seconds".into(),
            Self::Size => "bytes".into(),
            Self::Str => "string".into(),
            Self::Char => "letter".into(),
            Self::Separator | Self::Octets => "string|blob".into(),
            Self::Mode => "permissions".into(),
            Self::Strs => "strings".into(),
            Self::Getter => "getter".into(),
            Self::Setter => "setter".into(),
            Self::Deleter => "deleter".into(),
            Self::Predicate => "predicate".into(),
            Self::Func => "closure".into(),
            Self::Keeper(params) => format!("closure |{}|", params.join(", ")),
            Self::Getters => "getters".into(),
            Self::Setters => "setters".into(),
            Self::Map | Self::Entries => "map".into(),
            Self::Options(group) => group.constructor().map_or("map", |_| group.name).into(),
            Self::Ints => "ints".into(),
            Self::Items => "array".into(),
            Self::Choice(words) => words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join("|"),
            Self::Cog => "cog".into(),
            Self::Cases => "[[test, cog], …]".into(),
            Self::Plain => "plain data".into(),
            Self::Callable => "closure|map".into(),
            Self::Unit => "()".into(),
            Self::Either(all) => all.iter().map(|ty| ty.word()).collect::<Vec<_>>().join("|"),
        }
    }
}

/// A default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lit {
    /// None: the option must be given.
    Required,
    /// `()`: nothing; may be given too.
    Unit,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A fraction.
    Float(f64),
    /// A string; for getters and setters also the name of a ready-made one: `selfgetter`, `selfsetter`, `nullsetter`.
    Str(&'static str),
    /// An empty array.
    EmptyList,
    /// An array of strings.
    Strs(&'static [&'static str]),
    /// An empty map.
    EmptyMap,
    /// The same place as another option's getter.
    SameAs(&'static str),
    /// Worked out by the cog when the option is not given; the words say how.
    Worked(&'static str),
}

impl Lit {
    /// As a script would write it.
    pub fn text(self) -> String {
        match self {
            Self::Required => "required".into(),
            Self::Unit => "()".into(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => format!("{value:?}"),
            Self::Str(text @ ("selfgetter" | "selfsetter" | "nullsetter")) => text.into(),
            Self::Str(text) => format!("{text:?}"),
            Self::EmptyList => "[]".into(),
            Self::Strs(all) => format!("{all:?}"),
            Self::EmptyMap => "#{}".into(),
            Self::SameAs(other) => format!("same as {other}"),
            Self::Worked(words) => words.into(),
        }
    }
}

/// One option of a cog.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Param {
    /// Its name in scripts.
    pub name: &'static str,
    /// What it takes.
    pub ty: Ty,
    /// What it is when it is not given.
    pub default: Lit,
    /// One line.
    pub about: &'static str,
    /// Whether its value is masked wherever it would show.
    pub secret: bool,
}

macro_rules! shorthands {
    ($($name:ident => $ty:ident, $what:literal;)*) => {
        $(
            #[doc = concat!("A required option that takes ", $what, ".")]
            pub const fn $name(name: &'static str) -> Self { Self::new(name, Ty::$ty) }
        )*
    };
}

impl Param {
    /// A required option.
    pub const fn new(name: &'static str, ty: Ty) -> Self {
        Self { name, ty, default: Lit::Required, about: "", secret: false }
    }

    shorthands! {
        bool => Bool, "a truth value";
        int => Int, "a whole number";
        seconds => Seconds, "seconds";
        size => Size, "bytes";
        str => Str, "text";
        strs => Strs, "a string or an array of strings";
        getter => Getter, "a getter";
        setter => Setter, "a setter";
        deleter => Deleter, "a deleter";
        predicate => Predicate, "a predicate";
        func => Func, "a closure of the datum";
        getters => Getters, "an array of getters";
        setters => Setters, "an array of setters";
        map => Map, "a map";
    }

    /// An option that names a cog where data are sent that do not go on, which need not be given.
    pub const fn branch(name: &'static str) -> Self {
        Self { default: Lit::Unit, ..Self::new(name, Ty::Cog) }
    }

    /// An option that takes one of these words; the first is the default.
    pub const fn choice(name: &'static str, words: &'static [&'static str]) -> Self {
        Self { default: Lit::Str(words[0]), ..Self::new(name, Ty::Choice(words)) }
    }

    /// With this default.
    pub const fn default(mut self, default: Lit) -> Self {
        self.default = default;
        self
    }

    /// With this string (or ready-made accessor's name) as default.
    pub const fn or(self, text: &'static str) -> Self {
        self.default(Lit::Str(text))
    }

    /// `()` by default.
    pub const fn optional(self) -> Self {
        self.default(Lit::Unit)
    }

    /// The same place as the getter in option `other` by default.
    pub const fn or_same_as(self, other: &'static str) -> Self {
        self.default(Lit::SameAs(other))
    }

    /// With this description.
    pub const fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    /// Masked wherever its value would show.
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

/// Options of every cog.
pub static COMMON: &[Param] = &[
    Param::str("name").default(Lit::Worked("the cog's kind")).about("its name in logs, errors and the graph"),
    Param::new("on_error", Ty::Either(&[Ty::Choice(&["log", "drop", "pass", "stop"]), Ty::Cog]))
        .or("log")
        .about("what becomes of a datum that failed: logged and counted, dropped quietly, passed on unchanged, the end of the run, or a cog that takes it as a dead letter: #{time, cog, id, reason, error, attempts, data, truncated}. Without it, the train's `dead` decides"),
    Param::getter("id_getter").optional().about("what names a datum in log lines"),
];

/// Options of every supply.
pub static COMMON_SUPPLY: &[Param] = &[
    Param::setter("id_setter").or("nullsetter").about("where each new datum's id goes"),
    Param::setter("data_setter").or("selfsetter").about("where the payload goes; a name makes each datum a map with it"),
    Param::int("max_in_flight")
        .default(Lit::Int(1000))
        .about("open events at most, without those gathered in windows; above it nothing is read"),
];
