//! `tap`: events shown as they pass.
//!
//! A tap sees all events up to its limit. What a client does not read in time is skipped, and how much that was is told. A predicate is
//! evaluated for each event on the train's own thread, lowered where it can be; one that takes too long ends its tap.

use std::time::Duration;

use super::count::Count;
use super::words::{Words, Wrong};
use super::{Control, map};
use crate::cog::{Event, Kind, Lineage};
use crate::datum::Datum;
use crate::getset::{Getter, Predicate};
use crate::train::{Hop, Train};

/// Events shown where no limit is given.
const LIMIT: u64 = 100;
/// Errors of an expression until it is given up.
const FAULTS: u64 = 100;

/// Where at a cog something is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// What enters it.
    In,
    /// What leaves it.
    Out,
    /// What enters it beside what became of that.
    Diff,
}

impl Side {
    /// Its word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Diff => "diff",
        }
    }
}

/// One tap.
struct Tap {
    number: u64,
    client: u64,
    cog: String,
    side: Side,
    wanted: Option<(String, Predicate)>,
    select: Option<(String, Getter)>,
    limit: u64,
    every: u64,
    /// Events looked at, matched, shown, and not shown as the client did not read.
    seen: u64,
    matched: u64,
    shown: u64,
    skipped: u64,
    faults: u64,
    over: bool,
}

/// All taps and counts.
#[derive(Default)]
pub(super) struct Taps {
    all: Vec<Tap>,
    pub(super) counts: Vec<Count>,
    pub(super) last: u64,
    /// By number of the cog, so that a cog that is not tapped costs little: which sides are wanted.
    wanted: Vec<(u32, Side)>,
}

impl Taps {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    pub(super) fn wants_entering(&self, cog: u32) -> bool {
        self.wanted.contains(&(cog, Side::In))
    }

    pub(super) fn wants_leaving(&self, cog: u32) -> bool {
        self.wanted.contains(&(cog, Side::Out))
    }

    pub(super) fn wants_hops(&self, cog: u32) -> bool {
        self.wanted.contains(&(cog, Side::Diff))
    }

    pub(super) fn any_hops(&self) -> bool {
        self.wanted.iter().any(|(_, side)| *side == Side::Diff)
    }

    /// A client has gone, and with it its taps.
    pub(super) fn forget(&mut self, client: u64) {
        self.all.retain(|tap| tap.client != client);
        self.counts.retain(|count| count.client != client);
    }

    /// Finds the cogs by their names: at each change, also of the train.
    pub(super) fn find(&mut self, train: &Train) {
        let number = |name: &str| train.cogs().filter(|cog| !cog.closed && cog.name == name).map(|cog| cog.number).last();
        self.wanted = self.all.iter().filter_map(|tap| Some((number(&tap.cog)?, tap.side))).collect();
        self.wanted.extend(self.counts.iter().filter_map(|count| Some((number(&count.cog)?, Side::Out))));
    }
}

impl Tap {
    /// Looks at an event; what is to be shown of it.
    fn look(&mut self, datum: &Datum) -> Option<Datum> {
        self.seen += 1;
        if let Some((_, predicate)) = &self.wanted {
            match predicate.test(datum) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return self.fault(&error.to_string()),
            }
        }
        self.matched += 1;
        if !self.matched.is_multiple_of(self.every) || self.shown + self.skipped >= self.limit {
            return None;
        }
        match &self.select {
            None => Some(datum.clone()),
            Some((_, getter)) => match getter.get(datum) {
                Ok(piece) => Some(piece.into_owned()),
                Err(error) => self.fault(&error.to_string()),
            },
        }
    }

    /// An expression that fails is told with the first event, and given up when it always does, or takes too long.
    fn fault(&mut self, text: &str) -> Option<Datum> {
        self.faults += 1;
        let slow = text.contains("more than");
        if slow || self.faults >= FAULTS && self.matched == 0 {
            self.over = true;
        }
        (self.faults == 1 || self.over).then(|| Datum::from(format!("the expression fails: {text}")))
    }

    fn summary(&self, event: &str) -> Datum {
        map([
            ("event", Datum::from(event)),
            ("tap", Datum::Int(self.number as i64)),
            ("cog", Datum::from(self.cog.as_str())),
            ("side", Datum::from(self.side.word())),
            ("where", self.wanted.as_ref().map_or(Datum::Unit, |(text, _)| Datum::from(text.as_str()))),
            ("seen", Datum::Int(self.seen as i64)),
            ("matched", Datum::Int(self.matched as i64)),
            ("shown", Datum::Int(self.shown as i64)),
            ("skipped", Datum::Int(self.skipped as i64)),
            ("errors", Datum::Int(self.faults as i64)),
            ("limit", Datum::Int(self.limit as i64)),
        ])
    }
}

impl Control {
    /// `tap COG [in|out|diff] [where EXPR] [select EXPR] [-n N] [--every K]`
    pub(super) fn tap(&mut self, train: &mut Train, client: u64, words: &Words) -> Result<Datum, Wrong> {
        let cog = Self::cog(train, words.need(0)?)?;
        let kind = train.kind_of(cog);
        let side = match words.arg(1) {
            Some("in") => Side::In,
            Some("diff") if kind == Some(Kind::Supply) => return Err(Wrong::new("nothing enters a supply: tap it `out`")),
            Some("diff") => Side::Diff,
            None if kind == Some(Kind::Drain) => Side::In,
            None | Some("out") => Side::Out,
            Some(odd) => return Err(Wrong::new(format!("`{odd}` is none of `in`, `out`, `diff`")).hint(words.usage())),
        };
        if side == Side::In && kind == Some(Kind::Supply) {
            return Err(Wrong::new("nothing enters a supply: tap it `out`"));
        }
        let wanted = words.clause("where").map(|text| Ok::<_, Wrong>((text.to_owned(), self.predicate(text)?))).transpose()?;
        let select = words.clause("select").map(|text| Ok::<_, Wrong>((text.to_owned(), self.getter(text)?))).transpose()?;
        let every = words.number("--every")?.unwrap_or(1);
        if every == 0 {
            return Err(Wrong::new("`--every` takes a number from 1 on"));
        }
        let limit = words.number("-n")?.unwrap_or(LIMIT);
        self.taps.last += 1;
        let tap = Tap {
            number: self.taps.last,
            client,
            cog: train.name_of(cog).to_owned(),
            side,
            wanted,
            select,
            limit,
            every,
            seen: 0,
            matched: 0,
            shown: 0,
            skipped: 0,
            faults: 0,
            over: false,
        };
        let told = tap.summary("tapping");
        self.taps.all.push(tap);
        self.retap(train);
        Ok(told)
    }

    /// Something about taps has changed.
    pub(super) fn retap(&mut self, train: &mut Train) {
        self.taps.find(train);
        self.arm(train);
    }

    /// `untap [N|all]`
    pub(super) fn untap(&mut self, train: &mut Train, client: u64, words: &Words) -> Result<Datum, Wrong> {
        let number: Option<u64> = match words.arg(0) {
            Some("all") => None,
            Some(text) => Some(text.parse().map_err(|_| Wrong::new(format!("`{text}` is no number of a tap")).hint("`taps` lists them"))?),
            None => self.taps.all.iter().rev().find(|tap| tap.client == client).map(|tap| tap.number),
        };
        let before = self.taps.all.len();
        let mine = |tap: &Tap| tap.client == client && number.is_none_or(|number| tap.number == number);
        let ended: Vec<Datum> = self.taps.all.iter().filter(|tap| mine(tap)).map(|tap| tap.summary("untapped")).collect();
        self.taps.all.retain(|tap| !mine(tap));
        if before == self.taps.all.len() && words.arg(0) != Some("all") {
            return Err(Wrong::new("there is no such tap").hint("`taps` lists them"));
        }
        self.retap(train);
        Ok(Datum::List(ended))
    }

    /// `taps`
    pub(super) fn list_taps(&self, client: u64) -> Datum {
        Datum::List(self.taps.all.iter().filter(|tap| tap.client == client).map(|tap| tap.summary("tap")).collect())
    }

    /// Shows what enters a cog.
    pub(super) fn tap_entering(&mut self, train: &mut Train, cog: u32, events: &[Event]) {
        if self.taps.wants_entering(cog) {
            self.look(train, cog, Side::In, events);
        }
    }

    /// Shows and counts what leaves a cog.
    pub(super) fn tap_leaving(&mut self, train: &mut Train, cog: u32, events: &[Event]) {
        if self.taps.wants_leaving(cog) {
            self.look(train, cog, Side::Out, events);
            let name = train.name_of(cog);
            for count in self.taps.counts.iter_mut().filter(|count| count.cog == name) {
                for event in events {
                    count.note(&event.datum);
                }
            }
        }
    }

    fn look(&mut self, train: &mut Train, cog: u32, side: Side, events: &[Event]) {
        let name = train.name_of(cog);
        let mut over = false;
        for tap in self.taps.all.iter_mut().filter(|tap| tap.side == side && tap.cog == name) {
            let Some(client) = self.clients.get_mut(&tap.client) else { continue };
            for event in events {
                if let Some(shown) = tap.look(&event.datum) {
                    client.show(&event.datum);
                    let told = message(tap, &train.id(&event.lineage), [("datum", shown)]);
                    if client.tell(&told) { tap.shown += 1 } else { tap.skipped += 1 }
                }
                if tap.over || tap.shown + tap.skipped >= tap.limit {
                    tap.over = true;
                    client.tell(&tap.summary("tapped"));
                    break;
                }
            }
            over |= tap.over;
        }
        if over {
            self.taps.all.retain(|tap| !tap.over);
            self.retap(train);
        }
    }

    /// Shows what became of an event.
    pub(super) fn tap_hop(&mut self, train: &mut Train, hop: &Hop, became: &[Event]) {
        if !self.taps.wants_hops(hop.cog) {
            return;
        }
        let name = train.name_of(hop.cog);
        let mut over = false;
        for tap in self.taps.all.iter_mut().filter(|tap| tap.side == Side::Diff && tap.cog == name) {
            let Some(client) = self.clients.get_mut(&tap.client) else { continue };
            if let Some(shown) = tap.look(&hop.before) {
                client.show(&hop.before);
                let parts: Vec<Datum> = became.iter().take(16).map(|event| event.datum.clone()).collect();
                let changes = match &*parts {
                    [one] => super::why::changes(&hop.before, one),
                    _ => Datum::Unit,
                };
                let about = [
                    ("datum", shown),
                    ("became", Datum::from(super::why::word(hop.became))),
                    ("parts", Datum::List(parts)),
                    ("changes", changes),
                    ("error", hop.error.as_deref().map_or(Datum::Unit, Datum::from)),
                    ("took_us", super::look::micros(hop.took)),
                ];
                let told = message(tap, &train.id(&hop.lineage), about);
                if client.tell(&told) { tap.shown += 1 } else { tap.skipped += 1 }
            }
            if tap.over || tap.shown + tap.skipped >= tap.limit {
                tap.over = true;
                over = true;
                client.tell(&tap.summary("tapped"));
            }
        }
        if over {
            self.taps.all.retain(|tap| !tap.over);
            self.retap(train);
        }
    }

    /// An expression over `e` as a predicate.
    pub(super) fn predicate(&self, text: &str) -> Result<Predicate, Wrong> {
        self.live.predicate(text).map_err(Self::wrong)
    }

    /// An expression over `e` as a getter.
    pub(super) fn getter(&self, text: &str) -> Result<Getter, Wrong> {
        self.live.getter(text).map_err(Self::wrong)
    }

    fn wrong(fault: crate::script::bench::Fault) -> Wrong {
        Wrong { text: fault.text, hint: fault.hint }
    }
}

/// What is told of a tapped event.
fn message<'a>(tap: &Tap, id: &str, about: impl IntoIterator<Item = (&'a str, Datum)>) -> Datum {
    let head = [
        ("event", Datum::from("tap")),
        ("tap", Datum::Int(tap.number as i64)),
        ("cog", Datum::from(tap.cog.as_str())),
        ("side", Datum::from(tap.side.word())),
        ("id", Datum::from(id)),
    ];
    map(head.into_iter().chain(about))
}

/// A time such as `10s`, `5m`, `500ms`.
pub(super) fn span(text: &str) -> Result<Duration, Wrong> {
    let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text[number.len()..].trim() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(Wrong::new(format!("`{text}` is no time")).hint("`10s`, `5m`, `500ms`, `1h`")),
    };
    let seconds: f64 = number.trim().parse().map_err(|_| Wrong::new(format!("`{text}` is no time")).hint("`10s`, `5m`, `500ms`, `1h`"))?;
    Duration::try_from_secs_f64(seconds * unit).ok().filter(|span| span.as_secs() <= 86400).ok_or_else(|| Wrong::new("that is too long"))
}

/// Who an event is, for breakpoints that follow it.
pub(super) fn name(lineage: &Lineage) -> Option<(u32, u64)> {
    lineage.first().map(|(supply, number, _)| (supply, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(span("10s").unwrap(), Duration::from_secs(10));
        assert_eq!(span("1.5 m").unwrap(), Duration::from_secs(90));
        assert_eq!(span("500ms").unwrap(), Duration::from_millis(500));
        assert!(span("soon").is_err() && span("-3s").is_err() && span("1e99h").is_err());
    }
}
