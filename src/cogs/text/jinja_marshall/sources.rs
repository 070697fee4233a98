//! Other templates that one may include, extend or import: all that stand in its directories, read at once, as nothing is read while data
//! are on their way.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::disk::{Disk, How};
use crate::error::{Error, Result};

/// Templates that are kept, and their bytes; directories within directories.
const MOST: usize = 10_000;
const LARGEST: u64 = 64 << 20;
const DEEPEST: usize = 16;

/// What stands in these directories, by paths from them; of two of one name that in the earlier directory. Hidden files are left out, and
/// those that are no text.
pub(super) fn read(disk: &dyn Disk, directories: &[PathBuf]) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut room = LARGEST;
    for directory in directories {
        walk(disk, directory, "", 0, &mut room, &mut found)?;
    }
    Ok(found)
}

fn walk(disk: &dyn Disk, directory: &Path, lead: &str, depth: usize, room: &mut u64, found: &mut BTreeMap<String, String>) -> Result<()> {
    let os = |path: &Path| {
        let path = path.to_owned();
        move |error| Error::os("read", path, error)
    };
    for name in disk.list(directory).map_err(os(directory))? {
        let path = directory.join(&name);
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        let name = format!("{lead}{name}");
        let about = match disk.about(&path) {
            Ok(about) => about,
            // A link to nowhere, or a file that has gone since.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(os(&path)(error)),
        };
        if about.is_dir() && depth < DEEPEST {
            walk(disk, &path, &format!("{name}/"), depth + 1, room, found)?;
        }
        if !about.is_file() || found.contains_key(&name) {
            continue;
        }
        let mut bytes = Vec::new();
        let file = disk.open(&path, How::READ).map_err(os(&path))?;
        file.take(*room + 1).read_to_end(&mut bytes).map_err(os(&path))?;
        *room = match room.checked_sub(bytes.len() as u64) {
            Some(room) if found.len() < MOST => room,
            _ => {
                let text = format!("directories of templates with more than {MOST} files, or {} MiB", LARGEST >> 20);
                return Err(os(directory)(io::Error::other(text)));
            }
        };
        if let Ok(text) = String::from_utf8(bytes) {
            found.insert(name, text);
        }
    }
    Ok(())
}

/// Strings in the statements that name other templates.
pub(super) fn references(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for statement in text.split("{%").skip(1).filter_map(|rest| rest.split_once("%}")).map(|(statement, _)| statement) {
        let statement = statement.trim_start_matches(['-', '+']).trim_start();
        let Some(names) = ["include", "extends", "import", "from"].iter().find_map(|word| statement.strip_prefix(word)) else { continue };
        let mut rest = names;
        while let Some(start) = rest.find(['"', '\'']) {
            let quote = rest.as_bytes()[start] as char;
            let Some((name, behind)) = rest[start + 1..].split_once(quote) else { break };
            found.push(name);
            rest = behind;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::real;

    #[test]
    fn statements_that_name_templates() {
        let text = "{% include 'a' %}{%- extends \"b\" -%}{% include ['c', \"d/e\"] ignore missing %}{% import 'f' as g %}{% from 'h' import i %}\
                    {% if 'x' %}{{ 'include' }}{% include name %}{% include 'open";
        assert_eq!(references(text), ["a", "b", "c", "d/e", "f", "h"]);
    }

    #[test]
    fn directories_are_read_with_those_in_them_and_the_first_wins() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        for (name, text) in
            [("one/a", &b"1"[..]), ("one/sub/b", b"2"), ("one/.hidden", b"3"), ("one/picture", b"\xff"), ("two/a", b"4"), ("two/c", b"5")]
        {
            std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            std::fs::write(at(name), text).unwrap();
        }
        std::os::unix::fs::symlink(at("nowhere"), at("one/link")).unwrap();
        let found = read(&*real(), &[at("one"), at("two")]).unwrap();
        let found: Vec<_> = found.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(found, [("a", "1"), ("c", "5"), ("sub/b", "2")]);
        assert!(read(&*real(), &[at("three")]).unwrap_err().to_string().contains("three"));
    }
}
