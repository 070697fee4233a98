//! What is put into a train that runs already: data by hand, further cogs.

use super::{Slot, Train};
use crate::cog::{Cog, Common, Ctx, Event, Kind, Seat};
use crate::datum::Datum;
use crate::error::Result;
use crate::train::graph::{About, Node};
use crate::train::live::Back;

/// The name of the cog that stands for who puts data in by hand.
const INJECTOR: &str = "inject";

/// Stands in the train for who puts data in by hand, so that these have an origin as all others.
struct Injector;

impl Cog for Injector {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        ctx.emit(datum);
        Ok(())
    }
}

impl Train {
    /// Lets a datum enter a cog, or leave it where that is a supply, as if it came from elsewhere in the train, when the overseer has done
    /// what it is about. Gives its id.
    pub fn inject(&mut self, cog: u32, datum: Datum) -> String {
        let from = self.injector.unwrap_or_else(|| {
            let number = self.add(INJECTOR, Kind::Supply, Box::new(Injector), Common::default());
            self.injector = Some(number);
            number
        });
        let seat = &mut self.slots[from as usize].seat;
        let block = self.books.block(from, seat.next_origin);
        seat.next_origin += 1;
        seat.stats.emitted += 1;
        let lineage = self.books.open(&block, 0);
        let id = self.books.id(&lineage);
        self.given_back.push(Back::Inject(cog, Event { datum, lineage }));
        id
    }

    /// What was put in by hand sets out.
    pub(super) fn let_in(&mut self, cog: u32, event: Event) {
        let mut events = vec![event];
        if let Some(from) = self.injector
            && self.slots[from as usize].marks.any()
        {
            self.show_leaving(from, &mut events);
        }
        match self.slots[cog as usize].kind {
            Kind::Supply => self.forward(cog, events),
            _ if events.is_empty() => {}
            _ => self.turn(cog, events),
        }
    }

    /// The cog that stands for who puts data in by hand.
    pub fn injector(&self) -> Option<u32> {
        self.injector
    }

    /// A further cog, joined to nothing yet and not wound.
    fn add(&mut self, name: &str, kind: Kind, cog: Box<dyn Cog>, common: Common) -> u32 {
        let number = self.slots.len() as u32;
        let mut seat = Seat::new(number, name, common);
        if self.overseer.is_some() {
            seat.faults_seen.listen();
        }
        self.books.name(number, &seat.name);
        let (name, label) = (name.to_owned(), String::new());
        let node = Node { name, label, kind, targets: Vec::new(), route: None, branches: Vec::new(), about: About::default() };
        self.slots.push(Slot::new(cog, seat, &node, |number| number));
        self.order.insert(0, number);
        self.map_pressure();
        number
    }
}
