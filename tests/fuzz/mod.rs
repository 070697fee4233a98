//! The fuzz targets over their corpora and cheap mutations of these, the same each time: `cargo fuzz` goes on from here, see
//! `docs/testing.md`.

mod targets;

use std::fs;

use crate::rig::root;

/// Mutations of each file.
const MUTATIONS: u64 = 60;

/// Numbers that look like chance, the same in each run (xorshift*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }

    /// One to four changes: a byte flipped, put in, left out, a part doubled, cut off, or taken from another file.
    fn mutate(&mut self, data: &mut Vec<u8>, others: &[Vec<u8>]) {
        const LETTERS: &[u8] = b"\"\\{}[](),:;.*+?|^$-e0 \n\t\xff\x00a";
        for _ in 0..=self.below(4) {
            let at = self.below(data.len() + 1);
            match self.below(6) {
                0 if at < data.len() => data[at] ^= 1 << self.below(8),
                1 => data.insert(at, LETTERS[self.below(LETTERS.len())]),
                2 if at < data.len() => drop(data.remove(at)),
                3 => {
                    let part = data[at..(at + self.below(20)).min(data.len())].to_vec();
                    data.splice(at..at, part);
                }
                4 => data.truncate(at),
                _ => {
                    let other = &others[self.below(others.len())];
                    let from = self.below(other.len());
                    let part = other[from..(from + self.below(20)).min(other.len())].to_vec();
                    data.splice(at..at, part);
                }
            }
        }
    }
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let dir = root().join("tests/fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(&dir)
        .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 5, "{target} has {} files", paths.len());
    paths.iter().map(|path| fs::read(path).expect("it can be read")).collect()
}

#[test]
fn fuzz_corpora() {
    for (seed, (name, target)) in (1..).zip(targets::TARGETS) {
        let corpus = corpus(name);
        let mut chance = Chance(0x9e37_79b9_7f4a_7c15 ^ seed);
        for file in &corpus {
            target(file);
            // Winding a script, or a file, costs a thousand times as much as reading a line.
            let times = if matches!(*name, "lexicon" | "script" | "checkpoint") { MUTATIONS / 4 } else { MUTATIONS * 10 };
            for _ in 0..times {
                let mut data = file.clone();
                chance.mutate(&mut data, &corpus);
                target(&data);
            }
        }
    }
}

#[test]
fn each_target_is_a_program_of_cargo_fuzz() {
    let manifest = fs::read_to_string(root().join("tests/fuzz/Cargo.toml")).expect("it can be read");
    for (name, _) in targets::TARGETS {
        let path = format!("fuzz_targets/{name}.rs");
        assert!(manifest.contains(&format!("name = \"{name}\"")) && manifest.contains(&path), "{name}");
        let text = fs::read_to_string(root().join("tests/fuzz").join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(text.contains(&format!("targets::{name}(data)")), "{path}");
    }
}
