use super::SPEC;
use super::rig_dns::NameServer;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::{Datum, json};

fn options<'a>(server: &NameServer, more: Vec<(&'a str, Given)>) -> Vec<(&'a str, Given)> {
    let mut given = vec![("resolvers", Given::from(server.addr().to_string().as_str())), ("hosts_file", Given::Datum(Datum::Unit))];
    given.extend(more);
    given
}

fn bench(server: &NameServer, more: Vec<(&str, Given)>) -> Bench {
    Bench::new(&SPEC, options(server, more))
}

#[test]
fn an_address_gets_its_names() {
    let server = NameServer::start();
    server.answer("192.0.2.1", &["host.example", "a.example"]);
    let mut bench = bench(&server, vec![]);
    assert!(bench.feed_json(r#"{"ip": "192.0.2.1", "n": 1}"#).is_empty());
    let data: Vec<String> = bench.pump(|data| !data.is_empty()).iter().map(json::to_string).collect();
    assert_eq!(data, [r#"{"ip":"192.0.2.1","n":1,"hostnames":["a.example","host.example"]}"#]);
}
