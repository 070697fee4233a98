//! `ip::ip_filter`: lets data pass by where their addresses lie.
//!
//! Ranges are joined where they touch and searched by halving: a million of them cost hardly more than one. A list in a file is read again when
//! it changes; a bad one is told of and the one before stays in use.

use super::list::Source;
use super::pieces;
use crate::address::Set;
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param, Turned};
use crate::datum::Datum;
use crate::error::Result;
use crate::escapement::Wake;
use crate::getset::Getter;

/// `ip::ip_filter`: a datum with an address, or an array of them -> the same, or nothing.
pub static SPEC: CogSpec = CogSpec {
    family: "ip",
    name: "ip_filter",
    kind: Kind::Filter,
    about: "Lets a datum pass when its address lies in one of many ranges, or when it does not.",
    page: Page {
        takes: "a datum with an address, a network, a range, or an array of them at ip_getter",
        fails: "what is no address; a file of ranges with a bad line is told at the start, and later the old ranges stay",
        ..Page::OF_KIND
    },
    params: &[
        Param::getter("ip_getter").about(
            "where the address is: a string (an address, NET/PREFIX or LOW-HIGH), or an array of them; anything else fails the datum",
        ),
        Param::strs("ranges").optional().about("addresses, networks (NET/PREFIX) and ranges (LOW-HIGH) of IPv4 and IPv6, which never mix"),
        Param::str("file").optional().about("a file of them instead, one a line, # begins a comment; read again when it changes"),
        Param::choice("mode", &["accept", "deny"]).about("\"accept\": pass what lies inside, \"deny\": pass what does not"),
        Param::choice("match_any", &["any", "all"]).about("of several addresses any one must lie inside, or all of them"),
        Param::choice("overlap", &["inside", "touch"]).about("a network or range in the datum must lie wholly inside, or only touch"),
        Param::choice("empty", &["drop", "pass"]).about("what becomes of a datum without an address, that is () or an empty array"),
        Param::bool("negate")
            .default(Lit::Bool(false))
            .about("lets pass what would be swallowed, and the other way round; data without an address go as empty says all the same"),
        Param::branch("reject").about("a cog that takes what does not pass, instead of its being swallowed"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "inside",
            make: r#"ip::ip_filter(#{ ip_getter: "ip", ranges: ["192.0.2.0/24", "2001:db8::/32"] })"#,
            input: r#"{"ip": "192.0.2.77"}"#,
            output: &[r#"{"ip": "192.0.2.77"}"#],
        },
        Example {
            what: "outside",
            make: r#"ip::ip_filter(#{ ip_getter: "ip", ranges: ["192.0.2.0/24", "2001:db8::/32"] })"#,
            input: r#"{"ip": "198.51.100.1"}"#,
            output: &[],
        },
        Example {
            what: "none of them inside",
            make: r#"ip::ip_filter(#{ ip_getter: "ips", ranges: "10.0.0.0-10.0.0.99", mode: "deny" })"#,
            input: r#"{"ips": ["10.0.0.100", "::1"]}"#,
            output: &[r#"{"ips": ["10.0.0.100", "::1"]}"#],
        },
    ],
    build: |args| Ok(Box::new(IpFilter::new(args)?)),
};

struct IpFilter {
    source: Source,
    /// The ranges at present.
    set: Set,
    test: Test,
    reject: Option<u16>,
}

#[expect(clippy::struct_excessive_bools, reason = "independent options, read by name")]
struct Test {
    ip_getter: Getter,
    /// Data with such addresses pass.
    wanted: bool,
    all: bool,
    touch: bool,
    passes_empty: bool,
}

impl IpFilter {
    fn new(args: &Args) -> Result<Self> {
        let mut source = Source::of(args)?;
        let set = if let Source::Given(set) = &mut source { std::mem::take(set) } else { Set::default() };
        let test = Test {
            ip_getter: args.getter("ip_getter"),
            wanted: (args.str("mode") == "accept") != args.bool("negate"),
            all: args.str("match_any") == "all",
            touch: args.str("overlap") == "touch",
            passes_empty: args.str("empty") == "pass",
        };
        Ok(Self { source, set, test, reject: args.branch("reject") })
    }
}

impl Test {
    fn passes(&self, set: &Set, datum: &Datum) -> Result<bool> {
        let mut lies = self.all;
        let count = pieces::each(&*self.ip_getter.get(datum)?, |range| {
            lies = if self.touch { set.touches(range) } else { set.holds(range) };
            // The first that decides.
            lies == self.all
        })?;
        Ok(if count == 0 { self.passes_empty } else { lies == self.wanted })
    }
}

impl Cog for IpFilter {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        match (self.test.passes(&self.set, &datum)?, self.reject) {
            (true, _) => ctx.emit(datum),
            (false, Some(reject)) => ctx.emit_to(reject, datum),
            (false, None) => {}
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each_in_place(ctx, |datum| {
            Ok(match (self.test.passes(&self.set, datum)?, self.reject) {
                (true, _) => Turned::Kept,
                (false, Some(reject)) => Turned::Branch(reject),
                (false, None) => Turned::Swallowed,
            })
        })
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let Source::File(file) = &mut self.source {
            self.set = file.wind(ctx)?;
        }
        Ok(())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        if let Source::File(file) = &mut self.source
            && let Some(set) = file.wake(ctx, wake)?
        {
            self.set = set;
        }
        Ok(())
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let Source::File(file) = &mut self.source {
            file.finish(ctx);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;
    use std::time::{Duration, Instant};

    fn passes(more: Vec<(&str, Given)>, ip: &str) -> bool {
        let mut given = vec![("ip_getter", Given::from("ip"))];
        if !more.iter().any(|(name, _)| *name == "ranges") {
            given.push(("ranges", "10.0.0.0/8".into()));
        }
        given.extend(more);
        let mut bench = Bench::new(&SPEC, given);
        let out = bench.feed_json(&format!(r#"{{"ip":{ip}}}"#));
        assert_eq!(bench.balance().failed, 0);
        !out.is_empty()
    }

    #[test]
    fn modes_and_their_opposites() {
        assert!(passes(vec![], r#""10.1.1.1""#) && !passes(vec![], r#""11.1.1.1""#));
        assert!(!passes(vec![("mode", "deny".into())], r#""10.1.1.1""#) && passes(vec![("mode", "deny".into())], r#""11.1.1.1""#));
        assert!(passes(vec![("mode", "deny".into()), ("negate", true.into())], r#""10.1.1.1""#));
    }

    #[test]
    fn of_several_any_or_all() {
        let mixed = r#"["11.0.0.1", "10.0.0.1"]"#;
        assert!(passes(vec![], mixed) && !passes(vec![("match_any", "all".into())], mixed));
        assert!(passes(vec![("match_any", "all".into())], r#"["10.0.0.1", "10.0.0.2"]"#));
        assert!(!passes(vec![("mode", "deny".into())], mixed), "one lies inside");
        assert!(passes(vec![("mode", "deny".into()), ("match_any", "all".into())], mixed), "not all lie inside");
    }

    #[test]
    fn without_an_address_the_option_decides_alone() {
        for empty in ["[]", "null"] {
            assert!(!passes(vec![], empty) && passes(vec![("empty", "pass".into()), ("negate", true.into())], empty));
        }
    }

    #[test]
    fn networks_lie_inside_or_touch() {
        assert!(!passes(vec![], r#""10.0.0.0/7""#) && passes(vec![("overlap", "touch".into())], r#""10.0.0.0/7""#));
        assert!(passes(vec![], r#""10.0.0.0-10.255.255.255""#));
    }

    #[test]
    fn what_is_no_address_fails() {
        for bad in [r#""example.org""#, "7", r#"["10.0.0.1", null]"#, r#""10.0.0.1 ""#] {
            let mut bench =
                Bench::new(&SPEC, vec![("ip_getter", "ip".into()), ("ranges", "10.0.0.0/8".into()), ("match_any", "all".into())]);
            assert!(bench.feed_json(&format!(r#"{{"ip":{bad}}}"#)).is_empty());
            assert_eq!(bench.balance().failed, 1, "{bad}");
        }
        assert!(Bench::refused(&SPEC, vec![("ip_getter", "ip".into()), ("ranges", "10.0.0.0/33".into())]).contains("`10.0.0.0/33`"));
        assert!(Bench::refused(&SPEC, vec![("ip_getter", "ip".into())]).contains("is missing"));
    }

    #[test]
    fn a_file_is_read_again_when_it_changes_and_a_bad_one_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("nets");
        std::fs::write(&path, "10.0.0.0/8\n").unwrap();
        let mut bench = Bench::new(&SPEC, vec![("ip_getter", "ip".into()), ("file", path.to_str().unwrap().into())]);
        // A watch alone keeps nothing going.
        bench.esc.every(0, Duration::from_millis(1));
        let inside = |bench: &mut Bench, ip: &str| !bench.feed_json(&format!(r#"{{"ip":"{ip}"}}"#)).is_empty();
        assert!(inside(&mut bench, "10.0.0.1") && !inside(&mut bench, "11.0.0.1"));
        let wait = |bench: &mut Bench, ip: &str| {
            let until = Instant::now() + Duration::from_secs(20);
            while !inside(bench, ip) {
                assert!(Instant::now() < until, "{ip}");
                bench.pump_for(2);
            }
        };
        std::fs::write(&path, "11.0.0.0/8\n").unwrap();
        wait(&mut bench, "11.0.0.1");
        assert!(!inside(&mut bench, "10.0.0.1"));
        let errors = bench.errors();
        std::fs::write(dir.path().join("bad"), "11.0.0.0/8\nnonsense\n").unwrap();
        std::fs::rename(dir.path().join("bad"), &path).unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while bench.errors() == errors {
            assert!(Instant::now() < until, "a bad file is told of");
            bench.pump_for(2);
        }
        assert!(inside(&mut bench, "11.0.0.1"));
        // And one that comes in its place is taken.
        std::fs::write(dir.path().join("good"), "12.0.0.0/8\n").unwrap();
        std::fs::rename(dir.path().join("good"), &path).unwrap();
        wait(&mut bench, "12.0.0.1");
    }
}
