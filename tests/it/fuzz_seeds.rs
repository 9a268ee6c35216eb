//! The fuzz targets without a fuzzer: every seed, and what becomes of it by chance.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::fuzz_targets::TARGETS;

/// Of each seed. Texts are parsed by large machines, bytes by small ones.
const MUTATIONS: usize = 1000;
const MUTATIONS_OF_TEXT: usize = 100;

/// The names of what lies in a folder of `tests/fuzz`.
fn names(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(folder);
    let stem = |path: &Path| path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
    let entries = fs::read_dir(folder).expect("the folder is there");
    entries.map(|entry| stem(&entry.expect("readable").path()).expect("UTF-8")).collect()
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds").join(target);
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the target has seeds")
        .map(|entry| entry.expect("readable").path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("readable")).collect()
}

/// A few bytes changed, left out, written twice, or taken from `other`.
fn mutate(seed: &[u8], other: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..rng.random_range(1..4) {
        let at = rng.random_range(0..=bytes.len());
        let end = (at + rng.random_range(0..12)).min(bytes.len());
        match rng.random_range(0..6) {
            0 => bytes[at..end].iter_mut().for_each(|byte| *byte = rng.random()),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.truncate(at),
            3 => bytes.extend_from_within(at..end),
            4 => bytes.insert(at, b"\r\n\0\"\\{}[]:;,0\x7f\xff"[rng.random_range(0..15)]),
            _ => {
                let from = rng.random_range(0..=other.len());
                bytes.splice(at..end, other[from..].iter().copied());
            }
        }
    }
    bytes
}

#[test]
fn every_target_has_its_name_in_every_place() {
    let here: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("targets"), here);
    assert_eq!(names("seeds"), here);
    let manifest = include_str!("../fuzz/Cargo.toml");
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
    }
}

#[test]
fn the_targets_hold_for_their_seeds_and_what_resembles_them() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        let mut rng = StdRng::seed_from_u64(u64::from(name.bytes().map(u32::from).sum::<u32>()));
        let mutations = match name {
            "document" | "dsl" | "import" | "include" | "plan" | "render" | "rule" | "template" => {
                MUTATIONS_OF_TEXT
            }
            _ => MUTATIONS,
        };
        for seed in &seeds {
            target(seed);
            for _ in 0..mutations {
                let other = &seeds[rng.random_range(0..seeds.len())];
                let mutated = mutate(seed, other, &mut rng);
                let outcome = std::panic::catch_unwind(|| target(&mutated));
                assert!(outcome.is_ok(), "{name} fails for {}", mutated.escape_ascii());
            }
        }
    }
}
