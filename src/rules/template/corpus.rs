//! Figures over a folder of templates that the user names, `SHAKEDOWN_TEMPLATES`; nothing of it is
//! part of the project. `cargo nextest run template::corpus --run-ignored all --no-capture`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use super::{Loading, Selection, load};
use crate::model::Seed;

fn folder() -> PathBuf {
    PathBuf::from(
        std::env::var_os("SHAKEDOWN_TEMPLATES").expect("SHAKEDOWN_TEMPLATES names a folder"),
    )
}

fn everything() -> Selection {
    Selection { self_contained: true, callbacks: true, ..Selection::default() }
}

#[test]
#[ignore = "needs a folder of templates"]
#[expect(clippy::disallowed_methods, reason = "it is a measurement")]
fn all_of_it_loads() {
    let paths = [folder()];
    for dast in [false, true] {
        let selection = Selection { dast, ..everything() };
        let start = Instant::now();
        let loading = Loading {
            paths: &paths,
            selection: &selection,
            index: None,
            seed: Seed(1),
            now_unix: 1_700_000_000,
        };
        let library = load(&loading).expect("the folder can be read");
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
