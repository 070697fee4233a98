//! What a client writes to a file of an answer: a process writes none for it, as it may stand elsewhere.

use std::fs::OpenOptions;
use std::io::Write;

use super::words::Words;
use crate::datum::Datum;

/// Does with an answer what its command means to be done with files: a drawing goes to its `-o FILE`, a test beside its script, behind those
/// that stand there. Gives what is to be shown instead of the answer; none where nothing was to be done.
///
/// # Errors
/// A file cannot be written, in words.
pub fn keep(command: &str, data: &Datum) -> Option<Result<String, String>> {
    let words = Words::parse(command).ok()?;
    let part = |key: &str| data.as_map().and_then(|map| map.by_name(key)).and_then(Datum::as_str);
    let cannot = |path: &str, error: &std::io::Error| format!("cannot write `{path}`: {}", crate::error::plain(error));
    match words.command.name {
        "dot" => {
            let text = part("text")?;
            Some(match words.option("-o") {
                None => Ok(text.to_owned()),
                Some(path) => std::fs::write(path, text).map(|()| String::new()).map_err(|error| cannot(path, &error)),
            })
        }
        "save-test" => {
            let (file, text) = (part("file")?, part("text")?);
            let opened = OpenOptions::new().create(true).append(true).open(file);
            let written = opened.and_then(|mut opened| {
                let gap = if opened.metadata()?.len() > 0 { "\n" } else { "" };
                opened.write_all(format!("{gap}{text}").as_bytes())
            });
            Some(written.map(|()| format!("{file}\n")).map_err(|error| cannot(file, &error)))
        }
        _ => None,
    }
}
