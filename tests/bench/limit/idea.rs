//! Road 10: messages of IDEA, each key checked and brought into one form, against a loop over values of `serde_json`.

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::blocks::{Out, each_line, unfit};

/// The job for the keys that the input has; a key of another kind is an error, as in ours.
pub(crate) fn limit(input: &Path, output: &Path) -> io::Result<()> {
    let mut out = Out::create(output)?;
    each_line(input, |line| {
        let mut event: Map<String, Value> = serde_json::from_slice(line).map_err(io::Error::other)?;
        message(&mut event).ok_or_else(|| unfit(line))?;
        serde_json::to_writer(&mut out.bytes, &event).map_err(io::Error::other)?;
        out.end_line()
    })?;
    out.write()
}

/// Checks and changes a message; none for one that is not as it must be.
fn message(event: &mut Map<String, Value>) -> Option<()> {
    if ["Format", "ID", "DetectTime", "Category"].iter().any(|key| !event.contains_key(*key)) {
        return None;
    }
    for (key, value) in event.iter_mut() {
        match key.as_str() {
            "Format" => (value.as_str()? == "IDEA0").then_some(())?,
            "ID" => text(value, |text| Some(Uuid::parse_str(text).ok()?.to_string()))?,
            "CreateTime" | "DetectTime" | "EventTime" | "CeaseTime" | "WinStartTime" | "WinEndTime" => time(value)?,
            "ConnCount" | "FlowCount" | "PacketCount" | "ByteCount" => count(value)?,
            "Confidence" => (0.0..=1.0).contains(&value.as_f64()?).then_some(())?,
            "Description" | "Note" => value.as_str().map(|_| ())?,
            "Category" => each(value, |value| tag(value))?,
            "Source" | "Target" => each(value, |value| value.as_object_mut()?.iter_mut().try_for_each(|(key, value)| side(key, value)))?,
            "Attach" => each(value, |value| value.as_object_mut()?.iter_mut().try_for_each(|(key, value)| attach(key, value)))?,
            "Node" => each(value, |value| value.as_object_mut()?.iter_mut().try_for_each(|(key, value)| node(key, value)))?,
            _ => {}
        }
    }
    Some(())
}

fn side(key: &str, value: &mut Value) -> Option<()> {
    match key {
        "IP4" => each(value, |value| text(value, |text| Some(text.parse::<Ipv4Addr>().ok()?.to_string()))),
        "Port" => each(value, |value| (value.as_u64()? <= 65535).then_some(())),
        "Proto" => each(value, |value| value.as_str().map(|_| ())),
        _ => Some(()),
    }
}

fn attach(key: &str, value: &mut Value) -> Option<()> {
    match key {
        "Handle" | "Content" | "ContentType" => value.as_str().filter(|text| !text.is_empty()).map(|_| ()),
        "Size" => count(value),
        _ => Some(()),
    }
}

fn node(key: &str, value: &mut Value) -> Option<()> {
    match key {
        "Name" => value.as_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))).map(|_| ()),
        "SW" => each(value, |value| value.as_str().map(|_| ())),
        "Type" => each(value, |value| tag(value)),
        _ => Some(()),
    }
}

fn each(value: &mut Value, f: impl Fn(&mut Value) -> Option<()>) -> Option<()> {
    value.as_array_mut()?.iter_mut().try_for_each(f)
}

fn text(value: &mut Value, f: impl Fn(&str) -> Option<String>) -> Option<()> {
    *value = Value::String(f(value.as_str()?)?);
    Some(())
}

fn time(value: &mut Value) -> Option<()> {
    text(value, |text| Some(text.parse::<Timestamp>().ok()?.to_string()))
}

fn count(value: &Value) -> Option<()> {
    value.as_u64().map(|_| ())
}

fn tag(value: &Value) -> Option<()> {
    value
        .as_str()
        .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)))
        .map(|_| ())
}
