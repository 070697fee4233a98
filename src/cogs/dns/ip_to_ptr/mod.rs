//! `dns::ip_to_ptr`: puts the names of an address (PTR, RFC 1035 section 3.5 and RFC 3596) into the datum.
//!
//! `asking` does what all cogs of this family do. Private addresses are asked about like any other; loopback addresses are
//! `localhost` unless the hosts file has another name, and nobody is asked (RFC 6761).

mod addresses;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::rc::Rc;

use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::asking::{Asking, Found, HOSTS_FILE, Hosts, Source, Subject, names, options};
use crate::cog::{Args, CogSpec, Example, Kind, Page, Param};
use crate::datum::{Datum, Text};
use crate::error::Result;

/// `dns::ip_to_ptr`: a datum with an address -> the same with an array of names, sorted, without final dots.
pub static SPEC: CogSpec = CogSpec {
    family: "dns",
    name: "ip_to_ptr",
    kind: Kind::Enrich,
    about: "Looks up the names (PTR) of addresses without holding up the data that need no answer.",
    page: Page {
        takes: "a datum with an address as a string, or an array of them, at ip_getter",
        gives: "the same datum with an array of names at name_setter, when the answer has come; with keep_order in the order of their coming. What has no name, or no answer, goes as on_missing and on_timeout say",
        fails: "what is no address, or a network; with on_missing: \"error\" an address without a name, with on_timeout: \"error\" one about which nobody has answered",
        ..Page::OF_KIND
    },
    params: &[
        Param::getter("ip_getter").or("ip").about("where the address is: a string, or an array of them, all of which are looked up; a network is an error"),
        Param::setter("name_setter").or("hostnames").about("where the names go: an array of strings, sorted, each once, without the final dot; bytes that are not of a host name as \\DDD"),
        options::STATUS_SETTER.about("where a word about the look-up goes: \"found\", \"cached\" (found, without asking), \"missing\" (no name) or \"timeout\" (of this address or of one in the array)"),
        options::RESOLVERS,
        HOSTS_FILE,
        options::TIMEOUT,
        options::ATTEMPTS,
        options::ON_MISSING
            .about("what becomes of a datum whose address has no name: \"empty\" sets [], \"pass\" leaves it as it is, \"drop\" swallows it, \"error\" fails it"),
        options::ON_TIMEOUT,
        options::KEEP_ORDER,
        options::MAX_PENDING,
        options::CACHE_SIZE,
        options::CACHE_TTL_MAX,
        options::NEGATIVE_TTL.about("seconds it is remembered that an address has no name"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "loopback is known without asking",
            make: "dns::ip_to_ptr(#{ hosts_file: () })",
            input: r#"{"ip": "127.0.0.1"}"#,
            output: &[r#"{"ip": "127.0.0.1", "hostnames": ["localhost"]}"#],
        },
        Example {
            what: "several addresses elsewhere in the datum",
            make: r#"dns::ip_to_ptr(#{ ip_getter: "src.ip", name_setter: "src.names", hosts_file: () })"#,
            input: r#"{"src": {"ip": ["127.0.0.1", "::1"]}}"#,
            output: &[r#"{"src": {"ip": ["127.0.0.1", "::1"], "names": ["localhost"]}}"#],
        },
        Example {
            what: "no address, no name",
            make: r#"dns::ip_to_ptr(#{ status_setter: "status" })"#,
            input: r#"{"ip": []}"#,
            output: &[r#"{"ip": [], "hostnames": [], "status": "missing"}"#],
        },
    ],
    build: |args| Ok(Box::new(IpToPtr::new(args)?)),
};

type IpToPtr = Asking<Addresses>;

/// Addresses, asked for their names.
struct Addresses {
    source: Source,
    hosts: Hosts<IpAddr>,
}

impl Subject for Addresses {
    type Key = IpAddr;

    const GETTER: &str = "ip_getter";
    const SETTER: &str = "name_setter";
    const NOTHING: &str = "the address has no name";

    fn new(args: &Args) -> Result<Self> {
        Ok(Self { source: Source::given(args)?, hosts: Hosts::default() })
    }

    fn wind(&mut self) -> Result<()> {
        self.hosts = Hosts::read(&self.source, |address, name| (address, name))?;
        Ok(())
    }

    fn keys(&self, piece: &Datum) -> Result<Vec<IpAddr>> {
        addresses::addresses(piece)
    }

    fn known(&self, address: &IpAddr) -> Option<Found> {
        let own = || address.is_loopback().then(|| Rc::from([Text::fixed("localhost")]));
        self.hosts.get(address).or_else(own)
    }

    fn question(address: &IpAddr) -> (Name, RecordType) {
        (Name::from(*address), RecordType::PTR)
    }

    /// The final dot of a lone root name is no name.
    fn read(record: &RData) -> Option<String> {
        let RData::PTR(name) = record else { return None };
        Some(names::shown(name.0.iter())).filter(|name| !name.is_empty())
    }
}
