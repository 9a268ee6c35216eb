//! The browser's profile: a directory that goes with its browser, however that ends.
//!
//! Whoever uses one holds a lock on it, which the kernel takes from who is killed. What is left behind
//! like that is removed by the next browser that is started.

use std::fs;
use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

/// What the names of profiles begin with.
const PREFIX: &str = "shakedown-browser-";

/// Attempts to make one that nobody takes for left behind before it is locked.
const ATTEMPTS: u32 = 5;

/// A directory for one browser; dropping it removes it.
#[derive(Debug)]
pub(super) struct Profile {
    path: PathBuf,
    /// Held, not read.
    _lock: File,
}

impl Profile {
    /// A fresh one in `directory`, where those that were left behind are removed.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub(super) fn new(directory: &Path) -> io::Result<Self> {
        sweep(directory);
        for _ in 0..ATTEMPTS {
            let made = tempfile::Builder::new().prefix(PREFIX).tempdir_in(directory)?;
            let lock = File::open(made.path())?;
            // Somebody who sweeps may have come first: then it is theirs to remove.
            if lock.try_lock().is_ok() && made.path().exists() {
                return Ok(Self { path: made.keep(), _lock: lock });
            }
        }
        Err(io::Error::other("every new profile was taken for one that was left behind"))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // A child that is ending may still be writing.
        for _ in 0..50 {
            if fs::remove_dir_all(&self.path).is_ok() || !self.path.exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Removes the profiles of who was killed. What cannot be removed stays: it is not worth a run.
fn sweep(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            let _stays = remove_if_left(&entry.path());
        }
    }
}

fn remove_if_left(path: &Path) -> io::Result<()> {
    // Neither a link to elsewhere nor the directory of another user.
    if !fs::symlink_metadata(path)?.is_dir() {
        return Ok(());
    }
    let lock = File::open(path)?;
    if lock.metadata()?.uid() != rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    match lock.try_lock() {
        Ok(()) => fs::remove_dir_all(path),
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_behind_goes_and_what_is_in_use_stays() {
        let place = tempfile::tempdir().expect("a place for files");
        let left = place.path().join(format!("{PREFIX}left"));
        fs::create_dir_all(left.join("Default")).expect("writable");
        fs::write(left.join("Default/Cookies"), "x").expect("writable");
        let elsewhere = place.path().join("elsewhere");
        fs::create_dir(&elsewhere).expect("writable");
        fs::write(elsewhere.join("kept"), "x").expect("writable");
        let link = place.path().join(format!("{PREFIX}link"));
        std::os::unix::fs::symlink(&elsewhere, &link).expect("writable");

        let used = Profile::new(place.path()).expect("made");
        assert!(!left.exists());
        assert!(elsewhere.join("kept").exists() && link.exists());
        let other = Profile::new(place.path()).expect("made");
        assert!(used.path().exists() && other.path() != used.path());
        let (used_path, other_path) = (used.path().to_owned(), other.path().to_owned());
        drop((used, other));
        assert!(!used_path.exists() && !other_path.exists());
    }
}
