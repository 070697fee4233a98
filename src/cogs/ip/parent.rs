//! Addresses replaced by the networks around them, so that nobody can tell who of the many in there was meant.

use super::list;
use super::pieces::range;
use crate::address::{Range, Set};
use crate::cog::{Args, Lit, Param};
use crate::datum::Datum;
use crate::error::{Error, Result};

/// `nets`.
pub(super) const NETS: Param = Param::strs("nets").optional().about("anonymises only what touches these ranges; () for everything");
/// `except`.
pub(super) const EXCEPT: Param =
    Param::strs("except").default(Lit::EmptyList).about("ranges that are left alone: what lies wholly inside stays as it is");

/// A range that spans more networks than this becomes fewer, wider ones.
const MOST: u32 = 16;

/// How wide the networks are, and what is left alone.
pub(super) struct Parents {
    prefix4: u32,
    prefix6: u32,
}

/// Which addresses are meant.
pub(super) struct Scope {
    nets: Option<Set>,
    except: Set,
}

impl Scope {
    pub(super) fn of(args: &Args) -> Result<Self> {
        let nets = args.given("nets").is_some().then(|| list::given(args, "nets")).transpose()?;
        Ok(Self { nets, except: list::given(args, "except")? })
    }

    fn means(&self, range: Range) -> bool {
        self.nets.as_ref().is_none_or(|nets| nets.touches(range)) && !self.except.holds(range)
    }
}

impl Parents {
    /// From two options with prefix lengths.
    pub(super) fn of(args: &Args, prefix4: &str, prefix6: &str) -> Result<Self> {
        let read = |option: &str, most: u64| match args.int(option) {
            length if length <= most => Ok(length as u32),
            length => Err(Error::option(option, format!("is a prefix length, {most} at most, not {length}"))),
        };
        Ok(Self { prefix4: read(prefix4, 32)?, prefix6: read(prefix6, 128)? })
    }

    /// Networks in place of the address in `text`; none where it stays as it is.
    fn replace(&self, scope: &Scope, text: &str) -> Result<Option<Vec<Range>>> {
        let range = range(text)?;
        if !scope.means(range) {
            return Ok(None);
        }
        let parents = range.parents(if range.is_v4() { self.prefix4 } else { self.prefix6 }, MOST);
        Ok(Some(parents))
    }

    /// Replaces the address in `piece`, or those in an array; none where nothing changes. Equal results are one.
    ///
    /// # Errors
    /// One is no address: it is never passed on as it is. The text tells its place in an array.
    pub(super) fn anonymise(&self, scope: &Scope, piece: &Datum) -> Result<Option<Datum>> {
        let text = |range: &Range| {
            let mut text = String::new();
            range.write(&mut text);
            Datum::from(text)
        };
        match piece {
            Datum::Unit => Ok(None),
            Datum::Str(one) => {
                let Some(nets) = self.replace(scope, one)? else { return Ok(None) };
                let made = if let [net] = &nets[..] { text(net) } else { Datum::List(nets.iter().map(text).collect()) };
                Ok((made != *piece).then_some(made))
            }
            other => {
                let opened = other.opened();
                let Some(list) = opened.as_list() else {
                    return Err(Error::WrongKind {
                        what: "the address".into(),
                        wanted: "a string, or an array of them",
                        got: other.kind(),
                    });
                };
                let mut made: Vec<Datum> = Vec::with_capacity(list.len());
                for (place, item) in list.iter().enumerate() {
                    let at = |error: Error| Error::data(format!("[{place}]: {error}"), "");
                    let Some(address) = item.as_str() else {
                        return Err(at(Error::WrongKind { what: "an address".into(), wanted: "a string", got: item.kind() }));
                    };
                    match self.replace(scope, address).map_err(at)? {
                        None => made.push(item.clone()),
                        Some(nets) => {
                            for net in nets.iter().map(text) {
                                if !made.contains(&net) {
                                    made.push(net);
                                }
                            }
                        }
                    }
                }
                let changed = made.len() != list.len() || made.iter().zip(list).any(|(new, old)| new != old);
                Ok(changed.then_some(Datum::List(made)))
            }
        }
    }
}
