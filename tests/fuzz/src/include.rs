//! A plan in several files: it is read, or every mistake can be shown at its place.

use std::fs;
use std::path::Path;

use jiff::civil::date;
use shakedown::model::Seed;
use shakedown::plan::Overrides;
use shakedown::plan::load_file;

/// Between two files; the name of the second one follows.
const BETWEEN: &str = "\n=== ";

/// Files, the plan first.
pub fn any(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let dir = tempfile::tempdir().expect("a folder");
    let mut files = text.split(BETWEEN).take(8);
    write(dir.path(), "plan.yml", files.next().unwrap_or_default());
    for file in files {
        let (name, text) = file.split_once('\n').unwrap_or((file, ""));
        write(dir.path(), name, text);
    }
    let overrides = Overrides::new(Seed(1), date(2026, 11, 1));
    if let Err(errors) = load_file(&dir.path().join("plan.yml"), &|_| None, &overrides) {
        assert!(!errors.to_string().is_empty());
        assert!(!errors.render(false).is_empty());
        let _ = errors.exit_code();
    }
}

/// In the folder and nowhere else.
fn write(dir: &Path, name: &str, text: &str) {
    let is_plain = |part: &str| {
        !part.is_empty() && part.len() < 20 && part.bytes().all(|b| b.is_ascii_lowercase())
    };
    let Some(stem) = name.strip_suffix(".yml") else { return };
    if !stem.split('/').all(is_plain) || stem.split('/').count() > 4 {
        return;
    }
    let path = dir.join(name);
    let made = path.parent().map(fs::create_dir_all);
    // A file may stand where a folder should: then there is one file less.
    let _ = made.map(|_| fs::write(path, text));
}
