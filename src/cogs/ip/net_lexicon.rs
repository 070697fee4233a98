//! `ip::net_lexicon`: adds what is known of the narrowest network around an address.

use std::sync::Arc;

use super::pieces;
use crate::address::{Range, Table};
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Kind, Page, Param};
use crate::datum::{Datum, json};
use crate::error::{Error, Result};
use crate::escapement::Wake;
use crate::getset::{Getter, Setter};
use crate::reread::{Reread, Values};

/// `ip::net_lexicon`: a datum with an address -> the same with a value.
pub static SPEC: CogSpec = CogSpec {
    family: "ip",
    name: "net_lexicon",
    kind: Kind::Enrich,
    about: "Looks up the narrowest network around an address in a list of networks, and adds what stands there.",
    page: Page {
        takes: "a datum with an address or an array of them at ip_getter",
        fails: "what is no address; with missing: \"error\" an address in no network; a file with a bad line is told at the start, and later the old one stays",
        ..Page::OF_KIND
    },
    params: &[
        Param::map("nets").optional().about("values by network: an address, NET/PREFIX or LOW-HIGH; the narrowest around the address wins"),
        Param::str("file")
            .optional()
            .about("a file instead: a JSON object of networks and values, or lines NET,VALUE with # comments; read again when it changes"),
        Param::getter("ip_getter").or("ip").about("where the address is: a string, or an array of them, for which the value is an array"),
        Param::setter("value_setter").or("net").about("where the value goes; dictupdater merges one that is a map"),
        Param::choice("missing", &["pass", "error", "drop"])
            .about("what becomes of a datum whose address is in no network; in an array its place is ()"),
    ],
    first: Some("nets"),
    global: false,
    examples: &[
        Example {
            what: "the longest prefix wins",
            make: r#"ip::net_lexicon(#{ "10.0.0.0/8": "ours", "10.1.0.0/16": "lab" })"#,
            input: r#"{"ip": "10.1.2.3"}"#,
            output: &[r#"{"ip": "10.1.2.3", "net": "lab"}"#],
        },
        Example {
            what: "several addresses",
            make: r#"ip::net_lexicon(#{ nets: #{ "10.0.0.0/8": "ours" }, ip_getter: "ips", value_setter: "whose" })"#,
            input: r#"{"ips": ["10.1.2.3", "192.0.2.1"]}"#,
            output: &[r#"{"ips": ["10.1.2.3", "192.0.2.1"], "whose": ["ours", null]}"#],
        },
    ],
    build: |args| Ok(Box::new(NetLexicon::new(args)?)),
};

/// A table of the numbers of values, and these.
type Entries = (Table<u32>, Values);

struct NetLexicon {
    file: Option<Reread<Entries>>,
    table: Table<u32>,
    values: Vec<Datum>,
    ip_getter: Getter,
    value_setter: Setter,
    missing: Missing,
}

#[derive(Clone, Copy, PartialEq)]
enum Missing {
    Pass,
    Error,
    Drop,
}

impl NetLexicon {
    fn new(args: &Args) -> Result<Self> {
        let (table, values, file) = match (args.is_given("nets"), args.opt_str("file")) {
            (true, None) => {
                let nets = args.map("nets");
                let ranges = (0..).zip(nets.iter()).map(|(number, (net, _))| Ok((net_of(net.as_str())?, number)));
                (Table::new(ranges.collect::<Result<Vec<_>>>()?), nets.iter().map(|(_, value)| value.clone()).collect(), None)
            }
            (false, Some(path)) => (Table::new([]), Vec::new(), Some(Reread::new(path, Arc::new(|bytes| read(&bytes))))),
            (true, Some(_)) => return Err(Error::option("file", "stands beside `nets`: give one of them")),
            (false, None) => return Err(Error::option("nets", "is missing, and `file` too")),
        };
        let missing = match args.str("missing").as_str() {
            "error" => Missing::Error,
            "drop" => Missing::Drop,
            _ => Missing::Pass,
        };
        Ok(Self { file, table, values, ip_getter: args.getter("ip_getter"), value_setter: args.setter("value_setter"), missing })
    }

    /// Whether the datum goes on.
    fn change(&self, datum: &mut Datum) -> Result<bool> {
        let mut values = Vec::new();
        let piece = self.ip_getter.get(datum)?;
        let single = piece.as_str().is_some();
        pieces::each(&piece, |range| {
            values.push(self.table.get(range).map(|number| self.values[*number as usize].clone()));
            true
        })?;
        if values.iter().all(Option::is_none) {
            return match self.missing {
                Missing::Pass => Ok(true),
                Missing::Drop => Ok(false),
                Missing::Error => Err(Error::data("the address is in no network of the list", &piece.piece())),
            };
        }
        let mut values = values.into_iter().map(Option::unwrap_or_default);
        let value = if single { values.next().unwrap_or_default() } else { Datum::List(values.collect()) };
        drop(piece);
        self.value_setter.set(datum, value)?;
        Ok(true)
    }

    fn fill(&mut self, (table, values): Entries) -> Result<()> {
        (self.values, self.table) = (values.data()?, table);
        Ok(())
    }
}

fn net_of(text: &str) -> Result<Range> {
    Range::read(text).ok_or_else(|| Error::option("nets", format!("`{text}` is no address, network or range")))
}

/// A JSON object, or lines.
fn read(bytes: &[u8]) -> Result<Entries> {
    let mut values = Values::default();
    let ranges = ranges(bytes, &mut values)?;
    Ok((Table::new(ranges), values))
}

/// Each range with the number of its value.
fn ranges(bytes: &[u8], values: &mut Values) -> Result<Vec<(Range, u32)>> {
    let text = str::from_utf8(bytes).map_err(|_| Error::Other("is no text in UTF-8".into()))?;
    if text.trim_start().starts_with('{') {
        let datum = json::read(text)?;
        let opened = datum.opened();
        let map = opened.as_map().ok_or_else(|| Error::Other("is no object".into()))?;
        let entry = |(net, value): (&crate::datum::Key, &Datum)| {
            let range = Range::read(net.as_str()).ok_or_else(|| Error::data("is no address, network or range", net.as_str()))?;
            Ok((range, values.number(value)))
        };
        return map.iter().map(entry).collect();
    }
    let mut entries = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let entry = line.split_once(',').and_then(|(net, value)| Some((Range::read(net.trim())?, value.trim())));
        let (range, value) = entry.ok_or_else(|| Error::data(format!("line {number} is not NET,VALUE"), line))?;
        entries.push((range, values.number(&Datum::str(value))));
    }
    Ok(entries)
}

impl Cog for NetLexicon {
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
        match self.file.as_mut().map(|file| file.wind(ctx)).transpose()? {
            Some(entries) => self.fill(entries),
            None => Ok(()),
        }
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        match self.file.as_mut().map(|file| file.wake(ctx, wake)).transpose()?.flatten() {
            Some(entries) => self.fill(entries),
            None => Ok(()),
        }
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let Some(file) = &mut self.file {
            file.finish(ctx);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::bench::Bench;

    fn bench(text: &str, missing: &str) -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("nets");
        std::fs::write(&path, text).unwrap();
        Bench::new(&SPEC, vec![("file", path.to_str().unwrap().into()), ("missing", missing.into())])
    }

    #[test]
    fn a_file_of_json_or_of_lines() {
        let mut json = bench(r#"{"10.0.0.0/8": {"asn": 64512}, "2001:db8::/32": "doc"}"#, "pass");
        assert_eq!(json.feed_json(r#"{"ip":"10.9.9.9"}"#), [r#"{"ip":"10.9.9.9","net":{"asn":64512}}"#]);
        let mut lines = bench("# ours\n10.0.0.0/8, ours \n\n2001:db8::/32,doc # example\n", "pass");
        assert_eq!(lines.feed_json(r#"{"ip":"2001:db8::9"}"#), [r#"{"ip":"2001:db8::9","net":"doc"}"#]);
        assert_eq!(lines.feed_json(r#"{"ip":"2001:db9::9"}"#), [r#"{"ip":"2001:db9::9"}"#]);
        assert!(read(b"10.0.0.0/8,x\nnonsense\n").unwrap_err().to_string().contains("line 2"));
        assert!(read(br#"{"10.0.0.0/33": 1}"#).unwrap_err().to_string().contains("10.0.0.0/33"));
    }

    #[test]
    fn an_address_in_no_network_is_passed_dropped_or_fails() {
        for (missing, out, failed) in [("pass", 1, 0), ("drop", 0, 0), ("error", 0, 1)] {
            let mut bench = bench("10.0.0.0/8,ours\n", missing);
            assert_eq!(bench.feed_json(r#"{"ip":"192.0.2.1"}"#).len(), out, "{missing}");
            assert_eq!(bench.balance().failed, failed, "{missing}");
        }
    }
}
