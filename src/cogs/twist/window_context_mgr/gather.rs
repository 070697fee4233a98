//! What a context gathers: all its data, or what the script's closures make of them.

use std::rc::Rc;

use crate::cog::{Args, Keeper, Kept, Pool};
use crate::cogs::twist::events::Form;
use crate::datum::{Datum, json};
use crate::error::{Error, Result};

/// The script's closures, as far as there are any.
pub(super) struct Closures {
    create: Option<Rc<dyn Keeper>>,
    append: Option<Rc<dyn Keeper>>,
    close: Option<Rc<dyn Keeper>>,
    over: Option<Rc<dyn Keeper>>,
}

/// What the window of a key has gathered.
pub(super) struct Gathered {
    /// How the time of its first datum was written.
    pub(super) form: Form,
    /// How it wrote the key, where that is another text.
    own: Option<Box<str>>,
    /// All its data, where no closure makes something else of them.
    data: Vec<Datum>,
    /// The script's context.
    state: Option<Kept>,
    pub(super) pool: Pool,
    /// How many data it has.
    pub(super) count: u64,
}

impl Gathered {
    /// Without data; `own` is how the first one writes the key, empty where that is the same.
    pub(super) fn new(form: Form, own: &str, state: Option<Kept>, pool: Pool) -> Self {
        Self { form, own: (!own.is_empty()).then(|| own.into()), data: Vec::new(), state, pool, count: 0 }
    }
}

impl Closures {
    pub(super) fn of(args: &Args) -> Result<Self> {
        let [create, append, close, over] = ["ctx_create", "ctx_append", "ctx_close", "ctx_over"].map(|name| args.opt_keeper(name));
        if create.is_some() && append.is_none() {
            return Err(Error::Option {
                option: "ctx_create".into(),
                text: "has a meaning only with `ctx_append`".into(),
                hint: Some("without both, the context is an array of all data".into()),
            });
        }
        Ok(Self { create, append, close, over })
    }

    /// The context of a window that `datum` begins, still without it.
    pub(super) fn begin(&self, datum: &Datum) -> Result<Option<Kept>> {
        match (&self.append, &self.create, &self.over) {
            (Some(_), Some(create), _) => create.make(datum).map(Some),
            (Some(append), None, _) => Ok(Some(append.keep(&Datum::Unit))),
            (None, _, Some(over)) => Ok(Some(over.keep(&Datum::List(Vec::new())))),
            (None, _, None) => Ok(None),
        }
    }

    /// Puts a datum in. It is as it was when that fails.
    pub(super) fn add(&self, gathered: &mut Gathered, datum: &Datum) -> Result<()> {
        match (&self.append, &self.over, &mut gathered.state) {
            (Some(append), _, Some(state)) => append.change(state, datum)?,
            (None, Some(over), Some(state)) => over.push(state, datum),
            _ => {}
        }
        if self.append.is_none() {
            gathered.data.push(datum.clone());
        }
        gathered.count += 1;
        Ok(())
    }

    /// Whether it is to be closed early.
    pub(super) fn is_over(&self, gathered: &mut Gathered) -> Result<bool> {
        match (&self.over, &mut gathered.state) {
            (Some(over), Some(state)) => over.test(state),
            _ => Ok(false),
        }
    }

    /// The data that are made of it; with an error, what there was of it.
    pub(super) fn results(&self, gathered: &mut Gathered, key: &str, span: [Datum; 2]) -> Result<Vec<Datum>, (Datum, Error)> {
        let all = Datum::List(std::mem::take(&mut gathered.data));
        match (&self.close, &self.append, gathered.state.take()) {
            (Some(close), append, state) => {
                let key = gathered.own.as_deref().unwrap_or(key);
                let key = json::read(key).unwrap_or_else(|_| Datum::str(key));
                let [start, end] = span;
                let gone = append.is_some();
                let mut state = state.filter(|_| gone).unwrap_or_else(|| close.keep(&all));
                match close.give(&mut state, &[key, start, end], (!gone).then_some(&all)) {
                    Ok(Datum::Unit) => Ok(Vec::new()),
                    Ok(Datum::List(data)) => Ok(data),
                    Ok(datum) => Ok(vec![datum]),
                    Err(error) if gone => Err((close.show(&state).unwrap_or_default(), error)),
                    Err(error) => Err((all, error)),
                }
            }
            (None, Some(append), Some(state)) => append.show(&state).map(|datum| vec![datum]).map_err(|error| (Datum::Unit, error)),
            _ => Ok(vec![all]),
        }
    }
}
