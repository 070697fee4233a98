//! What a script declares: items in sections, checked and laid out in one row.

use std::collections::HashMap;
use std::fmt;

use super::cast::Cast;
use crate::datum::Datum;

/// One option.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its name inside its section: a letter or `_`, then letters, digits, `_`.
    pub name: String,
    /// What its values become.
    pub cast: Cast,
    /// A sentence for `--help`.
    pub about: String,
    /// The value when nobody gives one. Nothing here: the option is required; `Unit`: it may stay without a value.
    pub default: Option<Datum>,
    /// Whether its value must never be shown.
    pub secret: bool,
}

impl Item {
    /// An option that must be given.
    pub fn required(name: &str, cast: Cast, about: &str) -> Self {
        Self { name: name.to_owned(), cast, about: about.to_owned(), default: None, secret: false }
    }

    /// An option with a default; with `()` it may stay without a value.
    pub fn with(name: &str, cast: Cast, about: &str, default: impl Into<Datum>) -> Self {
        Self { default: Some(default.into()), ..Self::required(name, cast, about) }
    }
}

/// An option or a section of them. The root is a list of these.
#[derive(Clone, Debug)]
pub enum Entry {
    /// One option.
    Item(Item),
    /// Options under a common name.
    Section {
        /// Its name, under the rules of [`Item::name`].
        name: String,
        /// A heading for `--help`.
        about: String,
        /// What is in it.
        entries: Vec<Entry>,
    },
}

impl Entry {
    /// A section.
    pub fn section(name: &str, about: &str, entries: Vec<Self>) -> Self {
        Self::Section { name: name.to_owned(), about: about.to_owned(), entries }
    }

    /// Its name inside its section.
    pub fn name(&self) -> &str {
        match self {
            Self::Item(item) => &item.name,
            Self::Section { name, .. } => name,
        }
    }
}

impl From<Item> for Entry {
    fn from(item: Item) -> Self {
        Self::Item(item)
    }
}

/// Words on the command line that belong to no option.
#[derive(Clone, Debug)]
pub struct Positional {
    /// The key under which they are gathered, as an array of texts.
    pub name: String,
    /// A sentence for `--help`.
    pub about: String,
    /// Whether there must be at least one.
    pub required: bool,
}

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `--port`, `site.json:3:7`, `definition`.
    pub place: String,
    /// What is wrong.
    pub text: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without advice.
    pub fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), text: text.into(), hint: None }
    }

    /// The same with advice, where there is one.
    #[must_use]
    pub fn hint(self, hint: impl Into<Option<String>>) -> Self {
        Self { hint: hint.into(), ..self }
    }

    pub(super) fn definition(text: impl Into<String>) -> Self {
        Self::new("definition", text)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

/// "did you mean `--port`?"
pub(super) fn did_you_mean(near: Option<&str>) -> Option<String> {
    near.map(|near| format!("did you mean `{near}`?"))
}

/// An option with its whole name.
pub(super) struct Opt<'a> {
    /// `filter.source_ip`
    pub(super) dotted: String,
    pub(super) item: &'a Item,
}

impl Opt<'_> {
    /// `--filter.source-ip`
    pub(super) fn long(&self) -> String {
        format!("--{}", dashed(&self.dotted))
    }
}

/// Names on the command line: dashes and underscores are alike.
pub(super) fn dashed(name: &str) -> String {
    name.replace('_', "-")
}

/// What the program itself understands on every command line, by its dashed name.
pub(super) const OWN: [&str; 3] = ["help", "version", "dump-config"];

/// A definition without faults.
pub(super) struct Definition<'a> {
    pub(super) entries: &'a [Entry],
    /// All options, in order of definition.
    pub(super) options: Vec<Opt<'a>>,
    /// Whole names of sections.
    pub(super) sections: Vec<String>,
    /// Options by what stands after `--`; the flag says that it means `false`.
    switches: HashMap<String, (usize, bool)>,
}

impl<'a> Definition<'a> {
    /// Checks names and lays the options out.
    pub(super) fn new(entries: &'a [Entry], positional: Option<&Positional>) -> Result<Self, Vec<Problem>> {
        let mut definition = Self { entries, options: Vec::new(), sections: Vec::new(), switches: HashMap::new() };
        let mut problems = Vec::new();
        definition.collect(entries, "", &mut problems);
        definition.name_switches(&mut problems);
        if let Some(Positional { name, .. }) = positional {
            check_name(name, name, &mut problems);
            if entries.iter().any(|entry| entry.name() == name) {
                problems.push(Problem::definition(format!("`{name}` names both an option and the words of the command line")));
            }
        }
        if problems.is_empty() { Ok(definition) } else { Err(problems) }
    }

    fn collect(&mut self, entries: &'a [Entry], above: &str, problems: &mut Vec<Problem>) {
        let mut seen: Vec<&str> = Vec::new();
        for entry in entries {
            let dotted = if above.is_empty() { entry.name().to_owned() } else { format!("{above}.{}", entry.name()) };
            check_name(entry.name(), &dotted, problems);
            if above.is_empty() && OWN.contains(&dashed(entry.name()).as_str()) {
                problems.push(Problem::definition(format!("the name `{dotted}` is taken by `--{}`", dashed(&dotted))));
            }
            if seen.contains(&entry.name()) {
                problems.push(Problem::definition(format!("`{dotted}` is defined twice")));
                continue;
            }
            seen.push(entry.name());
            match entry {
                Entry::Item(item) => self.options.push(Opt { dotted, item }),
                Entry::Section { entries, .. } => {
                    self.sections.push(dotted.clone());
                    self.collect(entries, &dotted, problems);
                }
            }
        }
    }

    fn name_switches(&mut self, problems: &mut Vec<Problem>) {
        for (n, option) in self.options.iter().enumerate() {
            let name = dashed(&option.dotted);
            let mut spellings = vec![(name.clone(), false)];
            if option.item.cast.is_switch() {
                spellings.push((format!("no-{name}"), true));
            }
            for (spelling, negated) in spellings {
                if let Some((other, _)) = self.switches.get(&spelling) {
                    let (other, this) = (&self.options[*other].dotted, &option.dotted);
                    problems.push(Problem::definition(format!("`{other}` and `{this}` are both `--{spelling}` on the command line")));
                }
                self.switches.insert(spelling, (n, negated));
            }
        }
    }

    /// The option of that whole name.
    pub(super) fn find(&self, dotted: &str) -> Option<usize> {
        self.options.iter().position(|option| option.dotted == dotted)
    }

    /// The option that `--name` means, and whether it says no.
    pub(super) fn switch(&self, name: &str) -> Option<(usize, bool)> {
        self.switches.get(&dashed(name)).copied()
    }

    /// All that can follow `--`, dashed.
    pub(super) fn spellings(&self) -> impl Iterator<Item = &str> {
        self.switches.keys().map(String::as_str).chain(OWN)
    }
}

fn check_name(name: &str, dotted: &str, problems: &mut Vec<Problem>) {
    let mut letters = name.chars();
    let starts = letters.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    if !starts || !letters.all(|letter| letter.is_alphanumeric() || letter == '_') {
        let hint = "a name is a letter or `_`, then letters, digits and `_`".to_owned();
        problems.push(Problem::definition(format!("`{dotted}` is no name for an option")).hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::super::cast;
    use super::*;

    fn item(name: &str) -> Entry {
        Item::required(name, cast::string(), "").into()
    }

    fn switch(name: &str) -> Entry {
        Item::required(name, cast::boolean(), "").into()
    }

    fn problems(entries: &[Entry]) -> Vec<String> {
        Definition::new(entries, None).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_are_identifiers() {
        assert_eq!(problems(&[item("a_1"), item("_x"), item("Žluť"), Entry::section("s", "", vec![item("a_1")])]), [""; 0]);
        let bad = problems(&[item("a-b"), item(""), item("1a"), Entry::section("s", "", vec![item("a.b")])]);
        assert_eq!(bad[0], "definition: `a-b` is no name for an option");
        assert_eq!((bad.len(), bad[3].as_str()), (4, "definition: `s.a.b` is no name for an option"));
    }

    #[test]
    fn names_of_the_program_itself_are_reserved_at_the_root() {
        let bad = problems(&[item("help"), item("version"), item("dump_config"), Entry::section("s", "", vec![item("help")])]);
        assert_eq!(bad.len(), 3);
        assert_eq!(bad[2], "definition: the name `dump_config` is taken by `--dump-config`");
    }

    #[test]
    fn names_that_fall_together_are_refused() {
        assert_eq!(problems(&[item("a"), item("a")]), ["definition: `a` is defined twice"]);
        assert_eq!(problems(&[item("log"), Entry::section("log", "", vec![])]), ["definition: `log` is defined twice"]);
        assert_eq!(problems(&[item("no_x"), switch("x")]), ["definition: `no_x` and `x` are both `--no-x` on the command line"]);
        let nested = [Entry::section("s", "", vec![switch("x")]), Entry::section("no_s", "", vec![item("x")])];
        assert_eq!(problems(&nested), ["definition: `s.x` and `no_s.x` are both `--no-s.x` on the command line"]);
    }

    #[test]
    fn words_of_the_command_line_need_a_name_of_their_own() {
        let positional = Positional { name: "a".into(), about: String::new(), required: false };
        assert_eq!(Definition::new(&[item("a")], Some(&positional)).err().map(|bad| bad.len()), Some(1));
    }
}
