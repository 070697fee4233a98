//! `dns::name_to_ip`: puts the addresses of a name (A, RFC 1035 section 3.4.1, and AAAA, RFC 3596) into the datum.
//!
//! `asking` does what all cogs of this family do. IPv4 and IPv6 addresses are two questions, each remembered for itself. A name that the
//! hosts file has is known by it alone, as hosts(5) has it; `localhost` and what is below it are loopback unless the hosts file has them,
//! and nobody is asked (RFC 6761). What is an address already stands for itself.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::asking::{Asking, Found, HOSTS_FILE, Hosts, Source, Subject, names, options};
use crate::cog::{Args, CogSpec, Example, Kind, Page, Param};
use crate::datum::{Datum, Text};
use crate::error::Result;

/// `dns::name_to_ip`: a datum with a name -> the same with an array of addresses, sorted.
pub static SPEC: CogSpec = CogSpec {
    family: "dns",
    name: "name_to_ip",
    kind: Kind::Enrich,
    about: "Looks up the addresses (A, AAAA) of names without holding up the data that need no answer.",
    page: Page {
        takes: "a datum with the name of a host as a string, or an array of them, at name_getter; an address stands for itself",
        gives: "the same datum with an array of addresses at ip_setter, when the answers have come; with keep_order in the order of their coming. What has no address, or no answer, goes as on_missing and on_timeout say",
        fails: "what is no name of a host; with on_missing: \"error\" a name without an address, with on_timeout: \"error\" one about which nobody has answered",
        ..Page::OF_KIND
    },
    params: &[
        Param::getter("name_getter").or("name").about("where the name is: a string, or an array of them, all of which are looked up. It is whole: no search domain is added, a final dot changes nothing. What is not ASCII is asked for in Punycode (IDNA); an address stands for itself; letters that no host name has, and parts or names too long, are errors"),
        Param::setter("ip_setter").or("ips").about("where the addresses go: an array of strings, IPv4 before IPv6, sorted by number, each once; aliases (CNAME) are followed"),
        Param::choice("family", &["both", "4", "6"]).about("which addresses are wanted; \"both\" are two questions, of which each may go without answer"),
        options::STATUS_SETTER.about("where a word about the look-up goes: \"found\", \"cached\" (found, without asking), \"missing\" (no address) or \"timeout\" (of one question at least)"),
        options::RESOLVERS,
        HOSTS_FILE,
        options::TIMEOUT,
        options::ATTEMPTS,
        options::ON_MISSING
            .about("what becomes of a datum whose name has no address: \"empty\" sets [], \"pass\" leaves it as it is, \"drop\" swallows it, \"error\" fails it"),
        options::ON_TIMEOUT,
        options::KEEP_ORDER,
        options::MAX_PENDING,
        options::CACHE_SIZE,
        options::CACHE_TTL_MAX,
        options::NEGATIVE_TTL.about("seconds it is remembered that a name has no address"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "localhost is known without asking",
            make: "dns::name_to_ip(#{ hosts_file: () })",
            input: r#"{"name": "localhost"}"#,
            output: &[r#"{"name": "localhost", "ips": ["127.0.0.1", "::1"]}"#],
        },
        Example {
            what: "of one family, elsewhere in the datum; an address stands for itself",
            make: r#"dns::name_to_ip(#{ name_getter: "dst.host", ip_setter: "dst.ip", family: "4", hosts_file: () })"#,
            input: r#"{"dst": {"host": ["192.0.2.7", "LocalHost."]}}"#,
            output: &[r#"{"dst": {"host": ["192.0.2.7", "LocalHost."], "ip": ["127.0.0.1", "192.0.2.7"]}}"#],
        },
    ],
    build: |args| Ok(Box::new(Asking::<Hostnames>::new(args)?)),
};

/// Names of hosts, asked for their addresses.
struct Hostnames {
    families: &'static [Family],
    source: Source,
    /// Addresses by name, in lower case.
    hosts: Hosts<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn has(self, address: IpAddr) -> bool {
        address.is_ipv4() == (self == Self::V4)
    }
}

/// One question about a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Host {
    name: Arc<str>,
    family: Family,
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        f.write_str(if self.family == Family::V4 { " (IPv4)" } else { " (IPv6)" })
    }
}

impl Subject for Hostnames {
    type Key = Host;

    const GETTER: &str = "name_getter";
    const SETTER: &str = "ip_setter";
    const NOTHING: &str = "the name has no address";

    fn new(args: &Args) -> Result<Self> {
        let families: &[Family] = match &*args.str("family") {
            "4" => &[Family::V4],
            "6" => &[Family::V6],
            _ => &[Family::V4, Family::V6],
        };
        Ok(Self { families, source: Source::given(args)?, hosts: Hosts::default() })
    }

    fn wind(&mut self) -> Result<()> {
        self.hosts = Hosts::read(&self.source, |address, name| (name.to_ascii_lowercase(), address.to_string()))?;
        Ok(())
    }

    fn keys(&self, piece: &Datum) -> Result<Vec<Host>> {
        let all = names::names(piece, |text| match text.parse::<IpAddr>() {
            Ok(address) => Ok(address.to_canonical().to_string()),
            Err(_) => names::host(text),
        })?;
        let each = all.into_iter().map(Arc::<str>::from);
        Ok(each.flat_map(|name| self.families.iter().map(move |family| Host { name: Arc::clone(&name), family: *family })).collect())
    }

    fn known(&self, host: &Host) -> Option<Found> {
        let of_family = |address: IpAddr| host.family.has(address).then(|| Text::from(address.to_string()));
        if let Ok(address) = host.name.parse::<IpAddr>() {
            return Some(of_family(address).into_iter().collect());
        }
        if let Some(known) = self.hosts.get(&*host.name) {
            return Some(known.iter().filter_map(|address| of_family(address.as_str().parse().ok()?)).collect());
        }
        let local = *host.name == *"localhost" || host.name.ends_with(".localhost");
        local.then(|| [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()].into_iter().filter_map(of_family).collect())
    }

    fn question(host: &Host) -> (Name, RecordType) {
        (names::absolute(&host.name), if host.family == Family::V4 { RecordType::A } else { RecordType::AAAA })
    }

    fn read(record: &RData) -> Option<String> {
        match record {
            RData::A(address) => Some(address.0.to_string()),
            RData::AAAA(address) => Some(address.0.to_string()),
            _ => None,
        }
    }

    fn order(one: &str, other: &str) -> Ordering {
        one.parse::<IpAddr>().ok().cmp(&other.parse().ok())
    }
}
