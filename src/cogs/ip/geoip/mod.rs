//! `ip::geoip`: adds what a file in the format of `MaxMind` says of an address: its country, its city, its network's owner.
//!
//! The file lies on the own disk; nobody is asked. It is held in memory, and what was read of a record is remembered, as most addresses of a
//! stream lie in few networks. `value` makes data of what records say.

#[cfg(test)]
#[path = "../../../../tests/rig/mmdb.rs"]
mod rig_mmdb;
#[cfg(test)]
mod tests;
mod value;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use maxminddb::Reader;

use self::value::Value;
use super::pieces;
use crate::address::Range;
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param, Ty};
use crate::datum::{Datum, Map, Path, Step};
use crate::error::{Error, Result};
use crate::escapement::Wake;
use crate::getset::{Getter, Setter};
use crate::reread::Reread;

/// `ip::geoip`: a datum with an address -> the same with what is known of where it is.
pub static SPEC: CogSpec = CogSpec {
    family: "ip",
    name: "geoip",
    kind: Kind::Enrich,
    about: "Adds what a MaxMind DB file (GeoLite2, GeoIP2, DB-IP and others) says of an address: country, city, autonomous system.",
    page: Page {
        takes: "a datum with an address, a network or a range as a string, or an array of them, at ip_getter",
        gives: "the same datum with what the file has about the address, or what fields names of it, at setter; of an array an array. What is not known goes as missing says",
        fails: "what is no address; with missing: \"error\" one about which nothing is known; a damaged file is told at the start, and later the old one stays",
        ..Page::OF_KIND
    },
    params: &[
        Param::str("file").about("the file, *.mmdb; none is shipped. One that is not there or damaged keeps the run from beginning. It is held in memory"),
        Param::getter("ip_getter").or("ip").about(
            "where the address is: a string, or an array of them, for which the result is an array; of a network or range its first address counts",
        ),
        Param::setter("setter").or("geo").about("where the result goes; dictupdater merges it"),
        Param::new("fields", Ty::Either(&[Ty::Strs, Ty::Map, Ty::Unit])).optional().about(
            "what is kept of a record: paths such as \"country.iso_code\", which stay at their places, or a map of paths by new names: #{ region: \"subdivisions[0].iso_code\" }; by default all of it",
        ),
        Param::bool("reload").default(Lit::Bool(true)).about("a file that takes its place is read, and used from then on; one that is damaged is told of, and the old one stays in use"),
        Param::bool("verify").default(Lit::Bool(false)).about("the whole file is looked through when it is read, not its ends alone: seconds for a large one"),
        Param::choice("missing", &["pass", "drop", "error"])
            .about("what becomes of a datum of whose address nothing is known; in an array its place is ()"),
    ],
    first: Some("file"),
    global: false,
    examples: &[
        Example {
            what: "names of our own for what is kept",
            make: r#"ip::geoip("cities.mmdb", #{ fields: #{ country: "country.iso_code", city: "city.names.en" } })"#,
            input: r#"{"ip": "192.0.2.7"}"#,
            output: &[r#"{"ip": "192.0.2.7", "geo": {"city": "Vienna", "country": "AT"}}"#],
        },
        Example {
            what: "several addresses",
            make: r#"ip::geoip(#{ file: "cities.mmdb", ip_getter: "ips", setter: "where", fields: "country.iso_code" })"#,
            input: r#"{"ips": ["2001:db8::7", "10.0.0.1"]}"#,
            output: &[r#"{"ips": ["2001:db8::7", "10.0.0.1"], "where": [{"country": {"iso_code": "CZ"}}, null]}"#],
        },
    ],
    build: |args| Ok(Box::new(Geoip::new(args)?)),
};

/// Records whose values are remembered, at most.
const REMEMBERED: usize = 4096;

type Base = Reader<Vec<u8>>;

#[derive(Clone, Copy, PartialEq)]
enum Missing {
    Pass,
    Drop,
    Error,
}

struct Geoip {
    file: Reread<Base>,
    reload: bool,
    base: Option<Base>,
    ip_getter: Getter,
    setter: Setter,
    /// Which parts, and where they go; none for all of a record.
    fields: Option<Vec<(Path, Path)>>,
    missing: Missing,
    /// What is kept of the record at a place in the file.
    known: HashMap<usize, Datum>,
}

impl Geoip {
    fn new(args: &Args) -> Result<Self> {
        let verify = args.bool("verify");
        Ok(Self {
            file: Reread::new(args.str("file"), Arc::new(move |bytes| read(bytes, verify))),
            reload: args.bool("reload"),
            base: None,
            ip_getter: args.getter("ip_getter"),
            setter: args.setter("setter"),
            fields: fields(args)?,
            missing: match args.str("missing").as_str() {
                "drop" => Missing::Drop,
                "error" => Missing::Error,
                _ => Missing::Pass,
            },
            known: HashMap::new(),
        })
    }

    /// Whether the datum goes on.
    fn change(&mut self, datum: &mut Datum) -> Result<bool> {
        let piece = self.ip_getter.get(datum)?.into_owned();
        let mut found = Vec::new();
        pieces::each(&piece, |range| {
            found.push(self.of(range));
            true
        })?;
        let found = found.into_iter().collect::<Result<Vec<Option<Datum>>>>()?;
        if found.iter().all(Option::is_none) {
            return match self.missing {
                Missing::Pass => Ok(true),
                Missing::Drop => Ok(false),
                Missing::Error => Err(Error::data("nothing is known of the address", &piece.piece())),
            };
        }
        let mut found = found.into_iter().map(Option::unwrap_or_default);
        let result = if piece.as_str().is_some() { found.next().unwrap_or_default() } else { Datum::List(found.collect()) };
        self.setter.set(datum, result)?;
        Ok(true)
    }

    /// What is kept of the record of an address; none where there is nothing.
    fn of(&mut self, range: Range) -> Result<Option<Datum>> {
        let base = self.base.as_ref().ok_or(Error::Finished)?;
        let address = first(range);
        if address.is_ipv6() && base.metadata().ip_version == 4 {
            return Ok(None);
        }
        let wrong = |error: maxminddb::MaxMindDbError| Error::Other(format!("what the file says of `{address}` cannot be read: {error}"));
        let record = base.lookup(address).map_err(wrong)?;
        let Some(place) = record.offset() else { return Ok(None) };
        if let Some(known) = self.known.get(&place) {
            return Ok(Some(known.clone()).filter(|known| !matches!(known, Datum::Unit)));
        }
        let Value(all) = record.decode().map_err(wrong)?.unwrap_or(Value(Datum::Unit));
        let kept = match &self.fields {
            None => all,
            Some(fields) => kept(fields, &all)?,
        };
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(place, kept.clone());
        Ok(Some(kept).filter(|kept| !matches!(kept, Datum::Unit)))
    }

    fn take(&mut self, base: Base) {
        self.known.clear();
        self.base = Some(base);
    }
}

/// An address as the tree has it: an IPv4 one that is mapped into IPv6 is of IPv4.
fn first(range: Range) -> IpAddr {
    match range {
        Range::V4(low, _) => Ipv4Addr::from_bits(low).into(),
        Range::V6(low, _) => {
            let address = Ipv6Addr::from_bits(low);
            address.to_ipv4_mapped().map_or(address.into(), IpAddr::V4)
        }
    }
}

/// The named parts of a record; nothing where it has none of them.
fn kept(fields: &[(Path, Path)], all: &Datum) -> Result<Datum> {
    let mut kept = Datum::Unit;
    for (from, to) in fields {
        if let Some(part) = from.get(all) {
            if matches!(kept, Datum::Unit) {
                kept = Datum::Map(Map::new());
            }
            to.set(&mut kept, part.into_owned())?;
        }
    }
    Ok(kept)
}

/// What `fields` says: which parts go where.
fn fields(args: &Args) -> Result<Option<Vec<(Path, Path)>>> {
    let path = |text: &str| Path::parse(text).map_err(|error| Error::option("fields", format!("`{text}`: {error}")));
    let pair = |text: &str| {
        let path = path(text)?;
        if path.steps().iter().all(|step| matches!(step, Step::Key(_))) {
            return Ok((path.clone(), path));
        }
        Err(Error::Option {
            option: "fields".into(),
            text: format!("`{text}` leads into an array: what is kept of it has no place of its own"),
            hint: Some(format!("give it a name: #{{ name: \"{text}\" }}")),
        })
    };
    if !args.is_given("fields") {
        return Ok(None);
    }
    Ok(match args.datum("fields") {
        Datum::Unit => None,
        Datum::Map(map) => {
            let named = map.iter().map(|(name, text)| {
                let text = text
                    .as_str()
                    .ok_or_else(|| Error::option("fields", format!("`{name}` is a {}, where a path is wanted", text.kind())))?;
                Ok((path(text)?, Path::new(vec![Step::Key(name.clone())])))
            });
            Some(named.collect::<Result<_>>()?)
        }
        _ => Some(args.strs("fields").iter().map(|text| pair(text)).collect::<Result<_>>()?),
    })
}

fn read(bytes: Vec<u8>, verify: bool) -> Result<Base> {
    let wrong = |error| Error::Other(format!("is no MaxMind DB, or it is damaged: {error}"));
    let base = Reader::from_source(bytes).map_err(wrong)?;
    if verify {
        base.verify().map_err(wrong)?;
    }
    Ok(base)
}

impl Cog for Geoip {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        if self.change(&mut datum)? {
            ctx.emit(datum);
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each_in_place(ctx, |datum| self.change(datum))
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let base = if self.reload { self.file.wind(ctx)? } else { self.file.once(ctx)? };
        self.take(base);
        Ok(())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        if let Some(base) = self.file.wake(ctx, wake)? {
            self.take(base);
        }
        Ok(())
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.file.finish(ctx);
        Ok(())
    }
}
