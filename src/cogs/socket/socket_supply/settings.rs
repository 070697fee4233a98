//! What the supply's options say.

use std::rc::Rc;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};

use super::door::{Frame, listening};
use super::users::Who;
use crate::cog::{Args, Lit, Param, Ty};
use crate::cogs::socket::address::{Address, path};
use crate::error::{Error, Result};
use crate::getset::Setter;
use crate::lines::{self, Options};

pub(super) const PARAMS: &[Param] = &[
    Param::str("path").optional().about("the path of a unix stream socket to listen at; or give `listen`"),
    Param::str("listen").optional().about(
        "\"unix:PATH\", \"unixgram:PATH\", \"tcp:ADDRESS:PORT\" or \"udp:ADDRESS:PORT\"; with port 0 the system chooses one, which the log tells; \"fd:NAME\" for a socket that the service manager has opened",
    ),
    Param::new("mode", Ty::Mode)
        .or("0600")
        .about("permissions of the socket's file, as 0o660 or \"0660\": who may write to it may send"),
    Param::new("owner", Ty::Either(&[Ty::Int, Ty::Str])).optional().about("whom the socket's file belongs to: a name or a number"),
    Param::new("group", Ty::Either(&[Ty::Int, Ty::Str])).optional().about("which group the socket's file belongs to"),
    lines::SEPARATOR.about("what stands between two records; it is no part of them"),
    lines::STRIP_CR,
    Param::choice("framing", &["separator", "octet", "auto"]).about(
        "how a stream is cut into records: at separators; by the length before each, as syslog over TCP may have it (RFC 6587); or whichever a record begins with",
    ),
    lines::ENCODING.about("the text's encoding, such as \"utf-8\", \"iso-8859-2\" (any label of the WHATWG); \"bytes\": no text, each record is a blob"),
    lines::DECODE_ERRORS.about("what becomes of bytes that are no text in that encoding: U+FFFD in their place, the record fails (see on_error), or they are left out"),
    lines::MAX_RECORD,
    lines::LONG_RECORD,
    Param::bool("skip_empty").default(Lit::Bool(true)).about("whether empty records are left out"),
    Param::bool("split_datagrams")
        .default(Lit::Bool(false))
        .about("whether a datagram may hold several records with separators between them; else it is one"),
    Param::int("max_clients")
        .default(Lit::Worked("1024, or the limit of open files less 32 if that is less"))
        .about("clients at a time at most; further ones wait until one leaves"),
    Param::seconds("idle_timeout").optional().about("a client that sends nothing for so long is cut off"),
    Param::new("stall_timeout", Ty::Either(&[Ty::Seconds, Ty::Unit])).default(Lit::Int(300)).about(
        "a client that leaves a record half sent for so long is cut off, and the half fails (see on_error); (): never",
    ),
    Param::int("backlog").default(Lit::Int(128)).about("clients that wait to be accepted, at most"),
    Param::size("receive_buffer").optional().about("the system's buffer for what has come and is not read yet, in bytes; for datagrams above all"),
    Param::bool("unlink")
        .default(Lit::Bool(true))
        .about("whether a socket's file that a process left behind is removed at the start, and ours at the end"),
    Param::setter("peer_setter")
        .or("nullsetter")
        .about("where a map goes of who sent it: client (a number), uid, gid and pid of a local one, address and port of another"),
];

/// How a stream is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Framing {
    Separator,
    Octet,
    Auto,
}

/// Where it listens.
pub(super) enum Stand {
    /// At an address of its own.
    At(Address),
    /// At a socket of that name, which the service manager has opened.
    Handed(String),
}

/// All that the options say.
pub(super) struct Settings {
    pub(super) stand: Stand,
    pub(super) frame: Frame,
    pub(super) framing: Framing,
    pub(super) options: Rc<Options>,
    /// A client with an over-long record is cut off.
    pub(super) closes: bool,
    pub(super) skip_empty: bool,
    pub(super) split_datagrams: bool,
    pub(super) max_clients: usize,
    pub(super) idle: Option<Duration>,
    pub(super) stall: Option<Duration>,
    pub(super) peer: Option<Setter>,
}

/// Descriptors that the program needs besides those of clients.
const OWN_DESCRIPTORS: u64 = 32;
/// Clients at most, where nothing else is said.
const CLIENTS: u64 = 1024;

impl Settings {
    pub(super) fn of(args: &Args) -> Result<Self> {
        let stand = match (args.opt_str("path"), args.opt_str("listen")) {
            (Some(text), None) => Stand::At(Address::Unix(path("path", &text)?)),
            (None, Some(text)) => match text.strip_prefix("fd:") {
                Some(name) => Stand::Handed(name.to_owned()),
                None => Stand::At(Address::parse("listen", &text)?),
            },
            (None, None) => return Err(Error::option("path", "is missing; or give `listen`")),
            (Some(_), Some(_)) => return Err(Error::option("listen", "cannot stand beside `path`: a supply listens at one place")),
        };
        match &stand {
            Stand::At(address) => suits(args, address)?,
            Stand::Handed(_) => {
                if let Some(option) = ["mode", "owner", "group", "unlink", "backlog"].into_iter().find(|option| args.is_given(option)) {
                    return Err(Error::option(option, "is the service manager's to choose, as it has opened the socket"));
                }
            }
        }
        let framing = match args.str("framing").as_str() {
            "octet" => Framing::Octet,
            "auto" => Framing::Auto,
            _ => Framing::Separator,
        };
        let most = || getrlimit(Resource::Nofile).current.map_or(CLIENTS, |limit| limit.saturating_sub(OWN_DESCRIPTORS).clamp(1, CLIENTS));
        let max_clients = if args.is_given("max_clients") { args.int("max_clients") } else { most() };
        if max_clients == 0 {
            return Err(Error::option("max_clients", "must let in one at least"));
        }
        Ok(Self {
            frame: Frame {
                mode: args.mode("mode"),
                owner: Who::of("owner", &args.datum("owner"))?,
                group: Who::of("group", &args.datum("group"))?,
                backlog: i32::try_from(args.int("backlog")).unwrap_or(i32::MAX),
                receive_buffer: args.opt_int("receive_buffer").map(|size| size as usize),
                unlink: args.bool("unlink"),
            },
            stand,
            framing,
            options: Rc::new(Options::of_records(args)?),
            closes: args.str("long_record") == "close",
            skip_empty: args.bool("skip_empty"),
            split_datagrams: args.bool("split_datagrams"),
            max_clients: max_clients as usize,
            idle: args.opt_seconds("idle_timeout"),
            stall: args.opt_seconds("stall_timeout"),
            peer: Some(args.setter("peer_setter")).filter(|setter| !setter.is_null()),
        })
    }
}

/// Whether the options that are given have a meaning for what listens at `address`.
fn suits(args: &Args, address: &Address) -> Result<()> {
    match address {
        Address::Tcp(host, _) | Address::Udp(host, _) => {
            let foreign = ["mode", "owner", "group", "unlink"].into_iter().find(|option| args.is_given(option));
            if let Some(option) = foreign {
                return Err(Error::option(option, format!("has a meaning for files only, but this is `{address}`")));
            }
            listening(host)?;
        }
        Address::Unix(_) | Address::Unixgram(_) => {}
    }
    let (streams, datagrams) = (["framing", "max_clients", "idle_timeout", "stall_timeout", "backlog"], ["split_datagrams"]);
    let foreign: &[&str] = if address.is_stream() { &datagrams } else { &streams };
    if let Some(option) = foreign.iter().find(|option| args.is_given(option)) {
        let what = if address.is_stream() { "datagrams, but this is a stream" } else { "streams, but these are datagrams" };
        return Err(Error::option(*option, format!("has a meaning for {what}: `{address}`")));
    }
    Ok(())
}
