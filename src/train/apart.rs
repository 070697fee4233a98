//! A train that is only tried out: nobody outside hears of it, and who tries it turns it by hand.

use std::sync::Arc;

use super::graph::Graph;
use super::service::Service;
use super::{Options, Train};
use crate::cog::{Cog, Common};
use crate::datum::Datum;
use crate::disk::Sealed;
use crate::error::Result;
use crate::escapement::Escapement;

impl Train {
    /// As [`Train::new`], but it tells no service manager anything, answers to no signal, and its cogs change no files.
    pub fn apart(graph: &Graph, cogs: Vec<(Box<dyn Cog>, Common)>, esc: Escapement, options: Options) -> Self {
        let mut train = Self::under(Service::default(), graph, cogs, esc, options);
        for slot in &mut train.slots {
            slot.seat.disk = Arc::new(Sealed);
            slot.seat.apart = true;
        }
        train
    }

    /// Winds all cogs, for a train that is turned by hand: by [`Train::deliver`] and [`Train::feed`].
    ///
    /// # Errors
    /// A cog that could not be wound.
    pub fn begin(&mut self) -> Result<()> {
        self.wind()?;
        self.settle();
        Ok(())
    }

    /// As [`Train::inject`], for a train that is turned by hand: all that comes of it at once has happened then.
    pub fn feed(&mut self, cog: u32, datum: Datum) {
        self.inject(cog, datum);
        self.go_on();
    }

    /// Ends every cog in order, for a train that is turned by hand; gives the exit status.
    ///
    /// # Errors
    /// The reactor failed.
    pub fn end(&mut self) -> Result<i32> {
        self.shut_down()
    }

    /// The status with which the end was asked for, once it was.
    pub fn asked_to_end(&self) -> Option<i32> {
        self.stop
    }

    /// No cog is called any more: what is still on its way fails.
    pub fn abandon(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.seat.closed = true);
    }
}
