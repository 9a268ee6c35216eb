//! Where the browser is.

use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;

use super::error::BrowserError;

/// Programs that are Chromium, in the order in which they are looked for.
pub const NAMES: [&str; 7] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
];

/// The browser's program: the one that was `named`, else the first of [`NAMES`] in the directories
/// of `path`.
///
/// # Errors
/// [`BrowserError::NoProgram`] or [`BrowserError::Absent`].
pub fn locate(named: Option<&OsStr>, path: Option<&OsStr>) -> Result<PathBuf, BrowserError> {
    let directories: Vec<PathBuf> = path.map(std::env::split_paths).into_iter().flatten().collect();
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        let found = if Path::new(named).components().count() > 1 {
            Some(PathBuf::from(named)).filter(|path| is_program(path))
        } else {
            on_path(named, &directories)
        };
        return found.ok_or_else(|| BrowserError::NoProgram { path: named.into() });
    }
    NAMES
        .iter()
        .find_map(|name| on_path(OsStr::new(name), &directories))
        .ok_or(BrowserError::Absent { tried: NAMES.to_vec() })
}

fn on_path(name: &OsStr, directories: &[PathBuf]) -> Option<PathBuf> {
    directories.iter().map(|directory| directory.join(name)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_names_a_browser_gets_that_one_or_an_error() {
        let shell = OsStr::new("/bin/sh");
        assert_eq!(locate(Some(shell), None).expect("there is a shell"), Path::new("/bin/sh"));
        let found = locate(Some(OsStr::new("sh")), Some(OsStr::new("/nowhere:/bin")));
        assert_eq!(found.expect("on the path"), Path::new("/bin/sh"));
        let file = tempfile::NamedTempFile::new().expect("a place for files");
        let wrong = locate(Some(file.path().as_os_str()), Some(OsStr::new("/usr/bin")));
        assert!(matches!(wrong, Err(BrowserError::NoProgram { .. })), "{wrong:?}");
    }

    #[test]
    fn an_absent_browser_is_explained_with_its_cure() {
        let absent = locate(None, Some(OsStr::new("/nowhere"))).expect_err("nothing is there");
        let text = absent.to_string();
        assert!(text.contains("apt-get install chromium"), "{text}");
        assert!(text.contains("SHAKEDOWN_BROWSER"), "{text}");
        assert!(locate(Some(OsStr::new("")), None).is_err(), "an empty name is none");
    }
}
