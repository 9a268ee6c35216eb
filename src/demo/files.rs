//! Files to download and uploaded files, all below the shop's own temporary directory.
//!
//! Downloads live in a fake root (`etc/passwd`, `srv/shop/public`, …). The flawed lookup resolves
//! `..` and absolute paths inside that root by text alone, and the root has no symbolic links, so
//! that a traversal shows the decoys and never a file of the real machine.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use serde::Serialize;

/// Uploaded files kept; older ones are deleted.
const UPLOADS_KEPT: usize = 32;

/// Name and contents of the files everybody may download.
const PUBLIC: &[(&str, &str)] = &[
    (
        "size-guide.txt",
        "Size guide\n\nS 36-38, M 39-41, L 42-44. Between two sizes take the larger.\n",
    ),
    ("care.txt", "Care\n\nWash by hand, dry in the shade, oil wooden parts once a year.\n"),
    ("returns.txt", "Returns\n\nThirty days, unused, in the box it came in. Postage is on us.\n"),
];

const DECOYS: &[(&str, &str)] = &[
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\
         shop:x:1000:1000:demo shop:/srv/shop:/usr/sbin/nologin\n",
    ),
    ("etc/group", "root:x:0:\ndaemon:x:1:\nshop:x:1000:\n"),
    ("etc/hostname", "demo-shop\n"),
    (
        "proc/version",
        "Linux version 6.1.0-18-amd64 (builder@shop.example) (gcc 12.2.0) #1 SMP PREEMPT_DYNAMIC\n",
    ),
    ("proc/meminfo", "MemTotal:        2027344 kB\nMemFree:          411208 kB\n"),
    ("dev/null", ""),
    ("srv/shop/keys/app-2024.key", "secret"),
    (
        "srv/shop/pages/shipping.html",
        "<h2>Shipping</h2><p>Two days in the country, five abroad. Free from 60 euros.</p>\n",
    ),
    (
        "srv/shop/pages/warranty.html",
        "<h2>Warranty</h2><p>Ten years on everything with a hinge, two on the rest.</p>\n",
    ),
    (
        "srv/shop/config/shop.ini",
        "[database]\nuser = shop\npassword = decoy-8d1f\n\n[mail]\nhost = mail.shop.example\n",
    ),
];

const PUBLIC_DIR: &str = "srv/shop/public";

/// The shop's files.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
    uploads_dir: PathBuf,
    uploads: Mutex<Uploads>,
}

/// An uploaded file.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Upload {
    pub(super) id: u64,
    /// Session of the sender.
    #[serde(skip)]
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) content_type: String,
}

#[derive(Debug, Default)]
struct Uploads {
    last_id: u64,
    kept: VecDeque<Upload>,
}

impl Files {
    /// Creates the fake root and the folder for uploads below `base`.
    pub(super) fn create(base: &Path) -> io::Result<Self> {
        let root = base.join("root");
        let public = PUBLIC.iter().map(|(name, text)| (format!("{PUBLIC_DIR}/{name}"), *text));
        let decoys = DECOYS.iter().map(|(name, text)| ((*name).to_owned(), *text));
        for (name, text) in public.chain(decoys) {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&root))?;
            fs::write(path, text)?;
        }
        let uploads_dir = base.join("uploads");
        fs::create_dir_all(&uploads_dir)?;
        Ok(Self { root, uploads_dir, uploads: Mutex::default() })
    }

    /// Names of the files everybody may download.
    pub(super) fn public_names() -> impl Iterator<Item = &'static str> {
        PUBLIC.iter().map(|(name, _)| *name)
    }

    /// The file of a public name.
    pub(super) fn public_path(&self, name: &str) -> Option<PathBuf> {
        let (name, _) = PUBLIC.iter().find(|(public, _)| *public == name)?;
        Some(self.root.join(PUBLIC_DIR).join(name))
    }

    /// The file that a careless join of folder and name leads to, inside the fake root.
    pub(super) fn joined_path(&self, name: &str) -> PathBuf {
        let start = if name.starts_with('/') { "" } else { PUBLIC_DIR };
        let mut segments: Vec<&str> = start.split('/').collect();
        for segment in name.split('/') {
            match segment {
                "" | "." => {}
                ".." => drop(segments.pop()),
                segment => segments.push(segment),
            }
        }
        // Nothing but plain names is left, so the result is below the root.
        self.root.join(segments.join("/").trim_start_matches('/'))
    }

    /// The text of a file of the fake root; a relative name starts in the public folder.
    pub(super) fn read(&self, name: &str) -> io::Result<String> {
        fs::read_to_string(self.joined_path(name))
    }

    /// The names in a folder of the fake root, sorted.
    pub(super) fn names(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.joined_path(folder))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// The latest uploads of a session.
    pub(super) fn uploads(&self, owner: &str) -> Vec<Upload> {
        self.lock().kept.iter().rev().filter(|upload| upload.owner == owner).cloned().collect()
    }

    /// An upload and its contents. Blocks.
    pub(super) fn open_upload(&self, id: u64) -> Option<(Upload, Vec<u8>)> {
        let upload = self.lock().kept.iter().find(|upload| upload.id == id)?.clone();
        let contents = fs::read(self.uploads_dir.join(id.to_string())).ok()?;
        Some((upload, contents))
    }

    /// Keeps an uploaded file under a new id and drops the oldest one. Blocks.
    pub(super) fn store_upload(&self, upload: Upload, contents: &[u8]) -> io::Result<()> {
        let mut uploads = self.lock();
        uploads.last_id += 1;
        let id = uploads.last_id;
        fs::write(self.uploads_dir.join(id.to_string()), contents)?;
        uploads.kept.push_back(Upload { id, ..upload });
        if uploads.kept.len() > UPLOADS_KEPT
            && let Some(oldest) = uploads.kept.pop_front()
        {
            fs::remove_file(self.uploads_dir.join(oldest.id.to_string()))?;
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Uploads> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The type a file has by its first bytes, if it is one the safe shop takes.
pub(super) fn sniffed_type(contents: &[u8]) -> Option<&'static str> {
    match contents {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'%', b'P', b'D', b'F', ..] => Some("application/pdf"),
        text => {
            let text = std::str::from_utf8(text).ok()?;
            (!text.contains('<') && !text.contains('\0')).then_some("text/plain; charset=utf-8")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn files() -> Files {
        let root = PathBuf::from("/fake");
        Files { uploads_dir: root.join("uploads"), root, uploads: Mutex::default() }
    }

    #[test]
    fn traversal_reaches_the_decoys_however_many_dots() {
        for name in ["../../../etc/passwd", "../../../../../../etc/passwd", "/etc/passwd"] {
            assert_eq!(files().joined_path(name), Path::new("/fake/etc/passwd"), "{name}");
        }
        assert_eq!(files().joined_path("care.txt"), Path::new("/fake/srv/shop/public/care.txt"));
    }

    proptest! {
        #[test]
        fn no_name_leaves_the_fake_root(name in "([a-z./\\\\ ]|\\.\\./){0,40}") {
            let path = files().joined_path(&name);
            prop_assert!(path.starts_with("/fake"));
            prop_assert!(path.components().all(|part| part != std::path::Component::ParentDir));
        }
    }
}
