//! The options a script gave to a constructor: checked against the cog's [`Param`]s, defaults filled in, all faults at once.

mod back;
mod branches;

use std::rc::Rc;
use std::time::Duration;

use super::given::{Given, Keeper};
use super::maker::Maker;
use super::spec::{CogSpec, Lit, OptionGroup, Param, Ty};
use super::value::{Value, at, convert, default, same_place};
use crate::datum::{Datum, Map};
use crate::error::{Error, nearest};
use crate::getset::{Deleter, Func, Getter, Predicate, Setter};
use crate::secrets;

/// What becomes of a datum that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// An error line; the part counts as failed.
    #[default]
    Log,
    /// A debug line; the part counts as filtered.
    Drop,
    /// It goes on unchanged.
    Pass,
    /// The train stops in order.
    Stop,
    /// It goes to this cog, with the error.
    Route(u32),
}

/// Options that the train sees to, not the cog.
#[derive(Clone, Debug, Default)]
pub struct Common {
    /// `name`.
    pub name: Option<String>,
    /// `on_error`, where the script says it; else the train's `dead` route or [`OnError::Log`].
    pub on_error: Option<OnError>,
    /// `id_getter`.
    pub id_getter: Option<Getter>,
    /// `id_setter`, unless it does nothing.
    pub id_setter: Option<Setter>,
    /// `data_setter`, unless the payload is the datum.
    pub data_setter: Option<Setter>,
    /// `max_in_flight`.
    pub max_in_flight: usize,
    /// Makes the cog anew.
    pub maker: Option<Maker>,
    /// The cogs that its [branches](Args::branch) lead to, each with the option that names it.
    pub branches: Vec<(u32, String)>,
}

/// Whose options they are.
#[derive(Clone, Copy)]
enum Owner {
    Cog(&'static CogSpec),
    Group(&'static OptionGroup),
}

impl Owner {
    fn path(self) -> String {
        match self {
            Self::Cog(spec) => spec.path(),
            Self::Group(group) => group.name.to_owned(),
        }
    }

    fn params(self) -> Vec<&'static Param> {
        match self {
            Self::Cog(spec) => spec.all_params().collect(),
            Self::Group(group) => group.params.iter().collect(),
        }
    }
}

/// Checked options. Asking for one that the cog does not declare, or as another kind than declared, is a fault of the cog.
pub struct Args {
    owner: Owner,
    values: Vec<(&'static Param, Value)>,
    given: Vec<&'static str>,
}

impl Args {
    /// Checks what was given against what the cog takes.
    ///
    /// # Errors
    /// All faults: unknown options with the nearest known name, values of a wrong kind, missing options.
    pub fn check(spec: &'static CogSpec, given: &[(String, Given)]) -> Result<Self, Vec<Error>> {
        Self::check_for(Owner::Cog(spec), given)
    }

    /// Checks a map of options that stand together.
    ///
    /// # Errors
    /// As [`Args::check`].
    pub fn check_group(group: &'static OptionGroup, given: &[(String, Given)]) -> Result<Self, Vec<Error>> {
        Self::check_for(Owner::Group(group), given)
    }

    fn check_for(owner: Owner, given: &[(String, Given)]) -> Result<Self, Vec<Error>> {
        let (path, params) = (owner.path(), owner.params());
        let singletons: &[&str] = if matches!(owner, Owner::Cog(_)) { &["train", "esc"] } else { &[] };
        let mut faults = Vec::new();
        // Options that are there under a misspelt name: that they are missing is told by that alone.
        let mut meant = Vec::new();
        for (name, _) in given {
            if singletons.contains(&name.as_str()) || params.iter().any(|p| p.name == name) {
                continue;
            }
            let known = nearest(name, params.iter().map(|p| p.name));
            meant.extend(known);
            faults.push(Error::Option {
                option: name.clone(),
                text: format!("`{path}` has no such option"),
                hint: Some(known.map_or_else(
                    || format!("it takes {}", params.iter().map(|p| p.name).collect::<Vec<_>>().join(", ")),
                    |name| format!("did you mean `{name}`?"),
                )),
            });
        }
        let mut values = Vec::new();
        let mut named = Vec::new();
        for param in params {
            let value = match given.iter().find(|(name, _)| name == param.name) {
                Some((_, value)) => {
                    named.push(param.name);
                    if param.secret {
                        remember(param.ty, value);
                    }
                    convert(param.ty, value, param.default == Lit::Unit).map_err(|fault| at(&path, param, fault))
                }
                None => match param.default {
                    Lit::SameAs(other) => Ok(same_place(&values, other)),
                    Lit::Required if meant.contains(&param.name) => continue,
                    _ => default(param).map_err(|fault| vec![fault]),
                },
            };
            match value {
                Ok(value) => values.push((param, value)),
                Err(found) => faults.extend(found),
            }
        }
        if faults.is_empty() { Ok(Self { owner, values, given: named }) } else { Err(faults) }
    }

    /// Options for a unit test of a cog.
    ///
    /// # Panics
    /// When they do not check.
    pub fn of(spec: &'static CogSpec, given: Vec<(&str, Given)>) -> Self {
        let given: Vec<(String, Given)> = given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self::check(spec, &given).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    /// Whether the script gave this option.
    pub fn is_given(&self, name: &str) -> bool {
        self.given.contains(&name)
    }

    fn value(&self, name: &str) -> &Value {
        let found = self.values.iter().find(|(param, _)| param.name == name);
        &found.unwrap_or_else(|| panic!("`{}` asks for its option `{name}`, which it does not declare", self.owner.path())).1
    }

    fn wrong(&self, name: &str) -> ! {
        panic!("`{}` asks for its option `{name}` as another kind than it declares", self.owner.path())
    }

    /// The plain value, `()` for none.
    pub fn datum(&self, name: &str) -> Datum {
        match self.value(name) {
            Value::Datum(datum) => datum.clone(),
            Value::Given(given) => given.datum().unwrap_or_else(|| self.wrong(name)),
            Value::Unit => Datum::Unit,
            _ => self.wrong(name),
        }
    }

    /// The value as it was given, for options that take whatever; none for `()`.
    pub fn given(&self, name: &str) -> Option<Given> {
        match self.value(name) {
            Value::Given(given) => Some(given.clone()),
            Value::Datum(datum) => Some(Given::Datum(datum.clone())),
            Value::Unit => None,
            _ => self.wrong(name),
        }
    }

    /// A truth value.
    pub fn bool(&self, name: &str) -> bool {
        self.datum(name).as_bool().unwrap_or_else(|| self.wrong(name))
    }

    /// A whole number, not negative.
    pub fn int(&self, name: &str) -> u64 {
        self.opt_int(name).unwrap_or_else(|| self.wrong(name))
    }

    /// A whole number, not negative, if there is one.
    pub fn opt_int(&self, name: &str) -> Option<u64> {
        self.datum(name).as_int().and_then(|n| u64::try_from(n).ok())
    }

    /// A number of bytes.
    pub fn size(&self, name: &str) -> usize {
        self.opt_int(name).unwrap_or_else(|| self.wrong(name)) as usize
    }

    /// A span of time.
    pub fn seconds(&self, name: &str) -> Duration {
        self.opt_seconds(name).unwrap_or_else(|| self.wrong(name))
    }

    /// A span of time, if there is one.
    pub fn opt_seconds(&self, name: &str) -> Option<Duration> {
        self.datum(name).as_float().map(Duration::from_secs_f64)
    }

    /// Text; also one of a choice's words.
    pub fn str(&self, name: &str) -> String {
        self.opt_str(name).unwrap_or_else(|| self.wrong(name))
    }

    /// Text, if there is some.
    pub fn opt_str(&self, name: &str) -> Option<String> {
        self.datum(name).as_str().map(str::to_owned)
    }

    /// One letter, if there is one.
    pub fn opt_char(&self, name: &str) -> Option<char> {
        self.datum(name).as_str().and_then(|text| text.chars().next())
    }

    /// Permissions of a file.
    pub fn mode(&self, name: &str) -> u32 {
        self.opt_int(name).unwrap_or_else(|| self.wrong(name)) as u32
    }

    /// A number, if there is one.
    pub fn opt_number(&self, name: &str) -> Option<f64> {
        self.datum(name).as_float()
    }

    /// Bytes, as of a separator.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        self.opt_bytes(name).unwrap_or_else(|| self.wrong(name))
    }

    /// Bytes, if there are some.
    pub fn opt_bytes(&self, name: &str) -> Option<Vec<u8>> {
        match self.datum(name) {
            Datum::Str(text) => Some(text.as_bytes().to_vec()),
            Datum::Bytes(bytes) => Some(bytes.to_vec()),
            Datum::Unit => None,
            _ => self.wrong(name),
        }
    }

    /// Strings.
    pub fn strs(&self, name: &str) -> Vec<String> {
        match self.datum(name) {
            Datum::List(list) => list.iter().filter_map(Datum::as_str).map(str::to_owned).collect(),
            Datum::Unit => Vec::new(),
            _ => self.wrong(name),
        }
    }

    /// A getter.
    pub fn getter(&self, name: &str) -> Getter {
        self.opt_getter(name).unwrap_or_else(|| self.wrong(name))
    }

    /// A getter, if there is one.
    pub fn opt_getter(&self, name: &str) -> Option<Getter> {
        match self.value(name) {
            Value::Getter(getter) => Some(getter.clone()),
            Value::Unit => None,
            _ => self.wrong(name),
        }
    }

    /// A setter. For one that defaults to the place of a getter, `nullsetter` where that getter is no place.
    pub fn setter(&self, name: &str) -> Setter {
        match self.value(name) {
            Value::Setter(setter) => setter.clone(),
            Value::Unit => Setter::Null,
            _ => self.wrong(name),
        }
    }

    /// A deleter.
    pub fn deleter(&self, name: &str) -> Deleter {
        match self.value(name) {
            Value::Deleter(deleter) => deleter.clone(),
            _ => self.wrong(name),
        }
    }

    /// A predicate.
    pub fn predicate(&self, name: &str) -> Predicate {
        match self.value(name) {
            Value::Predicate(predicate) => predicate.clone(),
            _ => self.wrong(name),
        }
    }

    /// A function of the datum.
    pub fn func(&self, name: &str) -> Func {
        match self.value(name) {
            Value::Func(func) => func.clone(),
            _ => self.wrong(name),
        }
    }

    /// A closure about a value that the script keeps, if there is one.
    pub fn opt_keeper(&self, name: &str) -> Option<Rc<dyn Keeper>> {
        match self.value(name) {
            Value::Keeper(keeper) => Some(Rc::clone(keeper)),
            Value::Unit => None,
            _ => self.wrong(name),
        }
    }

    /// Getters.
    pub fn getters(&self, name: &str) -> Vec<Getter> {
        match self.value(name) {
            Value::Getters(getters) => getters.clone(),
            Value::Unit => Vec::new(),
            _ => self.wrong(name),
        }
    }

    /// Setters; none where the script gave `()`.
    pub fn setters(&self, name: &str) -> Vec<Option<Setter>> {
        match self.value(name) {
            Value::Setters(setters) => setters.clone(),
            Value::Unit => Vec::new(),
            _ => self.wrong(name),
        }
    }

    /// A map of plain data.
    pub fn map(&self, name: &str) -> Map {
        match self.datum(name) {
            Datum::Map(map) => map,
            Datum::Unit => Map::new(),
            _ => self.wrong(name),
        }
    }

    /// The options in a map; none for `()`.
    pub fn options(&self, name: &str) -> Option<&Args> {
        match self.value(name) {
            Value::Options(args) => Some(args),
            Value::Unit => None,
            _ => self.wrong(name),
        }
    }

    /// The options that the train sees to.
    pub fn common(&self) -> Common {
        let mut common = Common {
            name: self.opt_str("name"),
            on_error: self.given("on_error").filter(|_| self.is_given("on_error")).map(|given| match given {
                Given::Cog(cog) => OnError::Route(cog),
                given => match given.datum().as_ref().and_then(Datum::as_str) {
                    Some("drop") => OnError::Drop,
                    Some("pass") => OnError::Pass,
                    Some("stop") => OnError::Stop,
                    _ => OnError::Log,
                },
            }),
            id_getter: self.opt_getter("id_getter"),
            branches: self.branches(),
            ..Common::default()
        };
        if matches!(self.owner, Owner::Cog(spec) if spec.may_supply()) {
            common.id_setter = Some(self.setter("id_setter")).filter(|setter| !setter.is_null());
            common.data_setter = Some(self.setter("data_setter")).filter(|setter| !matches!(setter, Setter::Whole));
            common.max_in_flight = self.size("max_in_flight").max(1);
        }
        common
    }
}

/// What an option that is secret holds is masked wherever it would show. A map of options says of each whether it is.
fn remember(ty: Ty, value: &Given) {
    if !matches!(ty, Ty::Options(_))
        && let Some(datum) = value.datum()
    {
        secrets::remember_datum(&datum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::{Kind, Page};

    static SPEC: CogSpec = CogSpec {
        family: "test",
        name: "cog",
        kind: Kind::Convert,
        about: "",
        page: Page::OF_KIND,
        params: &[
            Param::strs("filenames"),
            Param::bool("tail").default(Lit::Bool(true)),
            Param::seconds("wait").default(Lit::Float(1.0)),
            Param::size("max").default(Lit::Int(10)),
            Param::choice("mode", &["fail", "split"]),
            Param::getter("ip_getter").or("ip"),
        ],
        first: None,
        global: false,
        examples: &[],
        build: |_| Err(Error::Finished),
    };

    fn faults(given: Vec<(&str, Given)>) -> Vec<String> {
        let given: Vec<_> = given.into_iter().map(|(n, g)| (n.to_owned(), g)).collect();
        match Args::check(&SPEC, &given) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.iter().map(|f| format!("{f} ({})", f.hint().unwrap_or("-"))).collect(),
        }
    }

    #[test]
    fn all_faults_are_told_at_once_with_hints() {
        let found = faults(vec![("filenmaes", "a".into()), ("tail", 3.into()), ("mode", "splt".into())]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("filenmaes") && found[0].contains("did you mean `filenames`?"), "{found:?}");
        assert!(found[1].contains("`tail`") && found[1].contains("true or false") && found[1].contains("`int`"), "{found:?}");
        assert!(found[2].contains("did you mean \"split\"?"), "{found:?}");
        assert!(faults(Vec::new())[0].contains("option `filenames`: is missing"), "{found:?}");
    }

    #[test]
    fn defaults_and_forms() {
        let args = Args::of(&SPEC, vec![("filenames", "a".into()), ("max", "64KiB".into()), ("wait", 2.into())]);
        assert_eq!(args.strs("filenames"), ["a"]);
        assert_eq!(args.size("max"), 65536);
        assert_eq!(args.seconds("wait"), Duration::from_secs(2));
        assert_eq!(args.str("mode"), "fail");
        assert!(matches!(args.getter("ip_getter"), Getter::Item(_)));
        assert!(args.is_given("max") && !args.is_given("tail"));
    }
}
