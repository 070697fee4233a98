//! What a cog of this family asks about: all in which its siblings differ.

use std::cmp::Ordering;
use std::fmt::Display;
use std::hash::Hash;

use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::cache::Found;
use crate::cog::Args;
use crate::datum::Datum;
use crate::error::Result;

/// From a piece of a datum to questions, and from records to what is put into the datum.
pub(in crate::cogs::dns) trait Subject: Sized + 'static {
    /// What one question is about.
    type Key: Clone + Display + Eq + Hash + Send + Ord + 'static;

    /// The option that says where the piece is.
    const GETTER: &str;
    /// The option that says where what was found goes.
    const SETTER: &str;
    /// The error of a datum about which there is nothing, when that is to be one.
    const NOTHING: &str;

    /// # Errors
    /// Options of its own that cannot work.
    fn new(args: &Args) -> Result<Self>;

    /// Reads what it needs before anything moves.
    ///
    /// # Errors
    /// A file that cannot be read.
    fn wind(&mut self) -> Result<()> {
        Ok(())
    }

    /// What is to be asked for this piece, each once.
    ///
    /// # Errors
    /// A piece about which nothing can be asked.
    fn keys(&self, piece: &Datum) -> Result<Vec<Self::Key>>;

    /// What needs no question.
    fn known(&self, key: &Self::Key) -> Option<Found>;

    /// The question.
    fn question(key: &Self::Key) -> (Name, RecordType);

    /// What a record of an answer says; none where it is of another type, as an alias is.
    fn read(record: &RData) -> Option<String>;

    /// In which order what was found is put into the datum.
    fn order(one: &str, other: &str) -> Ordering {
        one.cmp(other)
    }
}
