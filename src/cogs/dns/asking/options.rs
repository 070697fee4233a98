//! The options that all cogs of this family have. What their texts name differently they say themselves.

use crate::cog::{Lit, Param};

pub(in crate::cogs::dns) const STATUS_SETTER: Param = Param::setter("status_setter").or("nullsetter");
pub(in crate::cogs::dns) const RESOLVERS: Param = Param::strs("resolvers")
    .optional()
    .about("the name servers to ask, as ADDR or ADDR:PORT ([ADDR]:PORT for IPv6); () for the system's, from /etc/resolv.conf");
pub(in crate::cogs::dns) const TIMEOUT: Param =
    Param::seconds("timeout").default(Lit::Float(1.0)).about("seconds to wait for one server's answer, before the next attempt");
pub(in crate::cogs::dns) const ATTEMPTS: Param = Param::int("attempts")
    .default(Lit::Int(4))
    .about("questions to send before giving up, to each server in turn; the whole look-up ends after 5 s in any case");
pub(in crate::cogs::dns) const ON_MISSING: Param = Param::choice("on_missing", &["empty", "pass", "drop", "error"]);
pub(in crate::cogs::dns) const ON_TIMEOUT: Param = Param::choice("on_timeout", &["pass", "empty", "drop", "error"])
    .about("what becomes of a datum whose look-up got no answer; the words are those of on_missing");
pub(in crate::cogs::dns) const KEEP_ORDER: Param = Param::bool("keep_order")
    .default(Lit::Bool(false))
    .about("send data on in the order they came in, so that a slow answer holds back all that came later");
pub(in crate::cogs::dns) const MAX_PENDING: Param =
    Param::int("max_pending").default(Lit::Int(256)).about("questions in flight at most; more wait in order of arrival");
pub(in crate::cogs::dns) const CACHE_SIZE: Param =
    Param::int("cache_size").default(Lit::Int(10_000)).about("answers remembered at most; 0 for none");
pub(in crate::cogs::dns) const CACHE_TTL_MAX: Param = Param::seconds("cache_ttl_max")
    .default(Lit::Int(3600))
    .about("seconds an answer is remembered at most; its own time to live counts between 30 s and this");
pub(in crate::cogs::dns) const NEGATIVE_TTL: Param = Param::seconds("negative_ttl").default(Lit::Int(60));
