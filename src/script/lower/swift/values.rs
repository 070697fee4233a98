//! Values of any kind.

use super::super::frame::{Out, Stop, or_bail};
use super::super::natives::Native;
use super::super::operators;
use super::super::quick::piece;
use super::code::{Call, Made, Step, Value};
use super::state::{Run, read};
use crate::datum::{Datum, Map, View};

impl Value {
    /// The value.
    pub(super) fn value(&self, run: &mut Run<'_>) -> Out<Datum> {
        match self {
            Self::Const(value) => Ok(value.clone()),
            Self::Int(of) => or_bail(of.int(run)).map(Datum::Int),
            Self::Test(of) => or_bail(of.test(run)).map(Datum::Bool),
            Self::Slot(slot) => Ok(run.state.values[*slot].clone()),
            Self::Take(slot) => Ok(std::mem::take(&mut run.state.values[*slot])),
            Self::Key(spot) => Ok(read(run.look(spot))),
            Self::Text(parts) => Self::joined(parts, run),
            Self::If(parts) => {
                let (test, yes, no) = &**parts;
                if or_bail(test.test(run))? { yes.value(run) } else { no.value(run) }
            }
            Self::Block(parts) => {
                Step::all(&parts.0, run)?;
                parts.1.value(run)
            }
            other => other.rare(run),
        }
    }

    /// What is seen of the value, which is not copied where it lies somewhere: it may be a long list.
    pub(super) fn seen<T>(&self, run: &mut Run<'_>, see: impl FnOnce(&Datum) -> T) -> Option<T> {
        Some(match self {
            Self::Slot(slot) => see(&run.state.values[*slot]),
            Self::Key(spot) => match run.look(spot) {
                Some(View::Datum(value)) => see(value),
                view => see(&read(view)),
            },
            other => see(&other.value(run).ok()?),
        })
    }

    #[inline(never)]
    fn rare(&self, run: &mut Run<'_>) -> Out<Datum> {
        match self {
            Self::Deep(deep) => deep.value(run),
            Self::Split(of, by, at) => {
                let Datum::Str(text) = of.value(run)? else { return Err(Stop::Bail) };
                let found = piece(&text, by, *at)?;
                let from = found.as_ptr().addr() - text.as_str().as_ptr().addr();
                Ok(Datum::Str(text.slice(from..from + found.len())))
            }
            Self::Case(of, upper) => of.turned(*upper, run),
            Self::Compute(op, pair) => {
                let a = pair[0].value(run)?;
                let b = pair[1].value(run)?;
                or_bail(operators::binary(*op, &a, &b))
            }
            Self::Coalesce(parts) => {
                for part in parts {
                    let value = part.value(run)?;
                    if !matches!(value, Datum::Unit) {
                        return Ok(value);
                    }
                }
                Ok(Datum::Unit)
            }
            Self::List(parts) => {
                let mut list = Vec::with_capacity(parts.len());
                for part in parts {
                    let value = part.value(run)?;
                    run.charge(&value)?;
                    list.push(value);
                }
                Ok(Datum::List(list))
            }
            Self::Call(call) => call.run(run),
            Self::Native(native, args) => called(native, args, run),
            Self::Removed(spot) => {
                let value = read(run.look(spot));
                run.remove(spot);
                Ok(value)
            }
            Self::Map(made) => made.value(run),
            Self::Itself => {
                run.state.itself = true;
                Ok(Datum::Unit)
            }
            _ => Err(Stop::Bail),
        }
    }
}

impl Call<Value> {
    fn run(&self, run: &mut Run<'_>) -> Out<Datum> {
        let result = match self.begin(run) {
            Ok(()) => self.last.value(run),
            Err(stop) => Err(stop),
        };
        match result {
            Err(Stop::Return) => Ok(std::mem::take(&mut run.state.held)),
            other => other,
        }
    }
}

impl Made {
    /// The map as code has it.
    pub(super) fn value(&self, run: &mut Run<'_>) -> Out<Datum> {
        let mut entries = Vec::with_capacity(self.parts.len());
        for (key, part) in &self.parts {
            let value = part.value(run)?;
            run.charge(&value)?;
            entries.push((key.clone(), value));
        }
        Ok(Datum::Map(Map::from_entries(entries)))
    }
}

fn called(native: &Native, args: &[Value], run: &mut Run<'_>) -> Out<Datum> {
    match args {
        [a] => finish(native, &mut [a.value(run)?], run),
        [a, b] => {
            let a = a.value(run)?;
            finish(native, &mut [a, b.value(run)?], run)
        }
        args => {
            let mut values = args.iter().map(|arg| arg.value(run)).collect::<Out<Vec<_>>>()?;
            finish(native, &mut values, run)
        }
    }
}

fn finish(native: &Native, args: &mut [Datum], run: &mut Run<'_>) -> Out<Datum> {
    for arg in &mut *args {
        match arg {
            Datum::Str(text) => run.spend((text.len() / 64) as i64)?,
            Datum::List(list) => run.spend((list.len() / 16) as i64)?,
            Datum::Raw(_) => {
                arg.open();
            }
            _ => {}
        }
    }
    or_bail((native.call)(args))
}
