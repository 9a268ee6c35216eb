//! Figures over a folder of templates that the user names, `SHAKEDOWN_TEMPLATES`; nothing of it is
//! part of the project. `cargo nextest run template::corpus --run-ignored all --no-capture`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use super::pattern::LazyPattern;
use super::{Fuzzed, Library, Loading, Selection, load};
use crate::extract::Pattern;
use crate::model::Seed;

fn folder() -> PathBuf {
    PathBuf::from(
        std::env::var_os("SHAKEDOWN_TEMPLATES").expect("SHAKEDOWN_TEMPLATES names a folder"),
    )
}

fn everything() -> Selection {
    Selection { self_contained: true, callbacks: true, ..Selection::default() }
}

fn loaded(paths: &[PathBuf], selection: &Selection) -> Library {
    let loading = Loading { paths, selection, index: None, seed: Seed(1), now_unix: 1_700_000_000 };
    load(&loading).expect("the folder can be read")
}

/// On one thread, each once: the time is the processor's as far as nothing else runs.
#[test]
#[ignore = "needs a folder of templates"]
#[expect(clippy::disallowed_methods, reason = "it is a measurement")]
fn all_regular_expressions_compile() {
    let library = loaded(&[folder()], &everything());
    let blocks = library.templates.iter().flat_map(|template| &template.blocks);
    let patterns = blocks.flat_map(|block| block.operators.patterns());
    let sources: BTreeSet<&str> = patterns.map(LazyPattern::source).collect();
    let start = Instant::now();
    let mut failed = 0;
    for source in &sources {
        if let Err(error) = Pattern::new(source) {
            println!("{source}: {error}");
            failed += 1;
        }
    }
    println!("{} different, {failed} do not compile, {:?}", sources.len(), start.elapsed());
    assert!(failed == 0 && !sources.is_empty());
}

#[test]
#[ignore = "needs a folder of templates"]
#[expect(clippy::disallowed_methods, reason = "it is a measurement")]
fn all_of_it_loads() {
    let paths = [folder()];
    for fuzzed in [Fuzzed::No, Fuzzed::Only] {
        let selection = Selection { fuzzed, ..everything() };
        let start = Instant::now();
        let library = loaded(&paths, &selection);
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for refusal in &library.refusals {
            *reasons.entry(refusal.reason.code()).or_default() += 1;
            if refusal.reason.is_mistake() {
                println!("{refusal}");
            }
        }
        println!(
            "{} files, {} templates, {} workflows, {reasons:?}, {:?}, {:?}",
            library.files,
            library.templates.len(),
            library.workflows.len(),
            library.left_out,
            start.elapsed()
        );
    }
}
