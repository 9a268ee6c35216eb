//! Files of payloads: found below the templates' root, never elsewhere.

use std::path::{Component, Path, PathBuf};

use super::payload::MAX_FILE;

/// Where a template's files of payloads may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct PayloadFiles<'t> {
    /// The folder that the user named; nothing outside of it is read. None for a template that stands
    /// in no folder.
    root: Option<&'t Path>,
    template: &'t Path,
}

impl<'t> PayloadFiles<'t> {
    pub(super) fn new(root: Option<&'t Path>, template: &'t Path) -> Self {
        Self { root, template }
    }

    /// The file that a template means by `name`: below the root, else beside the template or beside
    /// one of the folders above it, up to the root.
    ///
    /// # Errors
    /// A sentence for the user.
    pub(super) fn find(&self, name: &str) -> Result<PathBuf, String> {
        let Some(root) = self.root else {
            return Err(format!("`{name}`: a template without a folder reads no files"));
        };
        let relative = Path::new(name.trim());
        let leaves =
            |part: Component<'_>| !matches!(part, Component::Normal(_) | Component::CurDir);
        if relative.components().any(leaves) {
            return Err(format!("`{name}` leads out of the templates' folder"));
        }
        let above = self.template.ancestors().skip(1).take_while(|dir| dir.starts_with(root));
        let found = std::iter::once(root)
            .chain(above)
            .map(|dir| dir.join(relative))
            .find(|candidate| candidate.is_file());
        let Some(found) = found else {
            return Err(format!("there is no file `{name}` in the templates' folder"));
        };
        // A link may lead anywhere.
        let inside = match (found.canonicalize(), root.canonicalize()) {
            (Ok(found), Ok(root)) => found.starts_with(root),
            _ => false,
        };
        if !inside {
            return Err(format!("`{name}` is a link out of the templates' folder"));
        }
        match std::fs::metadata(&found) {
            Ok(metadata) if metadata.len() <= MAX_FILE => Ok(found),
            Ok(_) => Err(format!("`{name}` is larger than {} MiB", MAX_FILE >> 20)),
            Err(error) => Err(format!("`{name}`: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_the_root_is_found() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().join("templates");
        std::fs::create_dir_all(root.join("http/cves")).expect("directories");
        std::fs::create_dir_all(root.join("helpers")).expect("directories");
        std::fs::write(root.join("helpers/users.txt"), "a\n").expect("a file");
        std::fs::write(root.join("http/near.txt"), "b\n").expect("a file");
        std::fs::write(dir.path().join("secret.txt"), "s\n").expect("a file");
        std::os::unix::fs::symlink(dir.path().join("secret.txt"), root.join("link.txt"))
            .expect("a link");
        let template = root.join("http/cves/a.yaml");
        let files = PayloadFiles::new(Some(&root), &template);
        assert_eq!(files.find("helpers/users.txt"), Ok(root.join("helpers/users.txt")));
        assert_eq!(files.find("near.txt"), Ok(root.join("http/near.txt")));
        for outside in ["../secret.txt", "/etc/hostname", "link.txt", "helpers", "none.txt"] {
            assert!(files.find(outside).is_err(), "{outside}");
        }
        assert!(PayloadFiles::new(None, &template).find("helpers/users.txt").is_err());
    }
}
