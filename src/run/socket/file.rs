//! The socket's file: made for its owner alone, put in place of a dead one, removed at the end.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixListener;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::FlockOperation;
use rustix::fs::Mode;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// A run that lives has it.
    #[error("{0} is the control socket of a run that is still going on")]
    Taken(PathBuf),
    /// It must not be removed.
    #[error("{0} is there already and no socket; it is left alone")]
    NotASocket(PathBuf),
    /// Anybody could put something there.
    #[error("{0} is not a directory of yours alone; name another place with --control=PATH")]
    NotPrivate(PathBuf),
    /// The system's word.
    #[error("making the control socket {path}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A listening socket; the file goes when this does.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    /// Device and number: what stands there may be somebody else's by the time of the end.
    id: (u64, u64),
    listener: UnixListener,
}

impl SocketFile {
    /// Makes it at `path`, with mode 0600. To be called before there are other threads: the file
    /// gets its mode from the process's mask.
    ///
    /// # Errors
    /// [`SocketError`], when something is in the way.
    pub fn create(path: &Path) -> Result<Self, SocketError> {
        let failed = |source| SocketError::Io { path: path.to_owned(), source };
        // Two runs that find the same dead socket must not remove each other's new one.
        let parent = path.parent().filter(|parent| *parent != Path::new(""));
        let directory = fs::File::open(parent.unwrap_or(Path::new("."))).map_err(failed)?;
        let locked = rustix::fs::flock(&directory, FlockOperation::NonBlockingLockExclusive);
        if fs::symlink_metadata(path).is_ok() {
            // Only who holds the lock may remove something; without it the place counts as taken.
            locked.map_err(|_| SocketError::Taken(path.to_owned()))?;
            remove_dead(path)?;
        }
        let mask = rustix::process::umask(Mode::from_raw_mode(0o177));
        let bound = UnixListener::bind(path);
        rustix::process::umask(mask);
        let listener = bound.map_err(failed)?;
        let made = fs::symlink_metadata(path).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Self { path: path.to_owned(), id: (made.dev(), made.ino()), listener })
    }

    /// Makes it in `directory`, which is made too, under a name that [`living_sockets`] finds.
    ///
    /// # Errors
    /// [`SocketError::NotPrivate`] when others may write there, and those of [`Self::create`].
    pub fn create_in(directory: &Path) -> Result<Self, SocketError> {
        let failed = |source| SocketError::Io { path: directory.to_owned(), source };
        match fs::DirBuilder::new().mode(0o700).create(directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed(error));
            }
            Ok(()) | Err(_) => {}
        }
        let found = fs::symlink_metadata(directory).map_err(failed)?;
        let ours = found.uid() == rustix::process::geteuid().as_raw();
        if !found.is_dir() || !ours || found.mode() & 0o077 != 0 {
            return Err(SocketError::NotPrivate(directory.to_owned()));
        }
        Self::create(&directory.join(format!("{}.sock", std::process::id())))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same socket, for the server.
    pub(super) fn listener(&self) -> io::Result<UnixListener> {
        self.listener.try_clone()
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let here = fs::symlink_metadata(&self.path);
        if here.is_ok_and(|here| (here.dev(), here.ino()) == self.id) {
            // Nobody is left to be told; a dead socket is replaced by the next run.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn remove_dead(path: &Path) -> Result<(), SocketError> {
    let failed = |source| SocketError::Io { path: path.to_owned(), source };
    if !fs::symlink_metadata(path).map_err(failed)?.file_type().is_socket() {
        return Err(SocketError::NotASocket(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(failed)
        }
        // A full queue or a missing permission: somebody is there.
        Ok(_) | Err(_) => Err(SocketError::Taken(path.to_owned())),
    }
}

/// The sockets in `directories` that a run listens on, sorted.
pub fn living_sockets(directories: &[PathBuf]) -> Vec<PathBuf> {
    let entries = directories.iter().filter_map(|directory| fs::read_dir(directory).ok()).flatten();
    let mut found: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "sock"))
        .filter(|path| UnixStream::connect(path).is_ok())
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_for_its_owner_and_goes_with_its_run() {
        let dir = tempfile::tempdir().expect("a directory");
        let directory = dir.path().join("shakedown");
        let socket = SocketFile::create_in(&directory).expect("free");
        let path = socket.path().to_owned();
        let mode = fs::symlink_metadata(&path).expect("there").mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(living_sockets(std::slice::from_ref(&directory)), std::slice::from_ref(&path));
        assert!(matches!(SocketFile::create(&path), Err(SocketError::Taken(_))));
        drop(socket);
        assert!(!path.exists());
    }

    #[test]
    fn a_dead_socket_is_replaced_and_a_file_is_not() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a.sock");
        drop(UnixListener::bind(&path).expect("free"));
        assert!(living_sockets(&[dir.path().to_owned()]).is_empty());
        let first = SocketFile::create(&path).expect("the old one is dead");
        fs::remove_file(&path).expect("it is there");
        let second = SocketFile::create(&path).expect("nothing is there");
        drop(first);
        assert!(path.exists(), "the second run's socket stays");
        drop(second);
        fs::write(&path, "precious").expect("free");
        assert!(matches!(SocketFile::create(&path), Err(SocketError::NotASocket(_))));
        assert!(path.exists());
    }

    #[test]
    fn a_directory_of_everybody_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let open = dir.path().join("open");
        fs::create_dir(&open).expect("free");
        rustix::fs::chmod(&open, Mode::from_raw_mode(0o777)).expect("ours");
        assert!(matches!(SocketFile::create_in(&open), Err(SocketError::NotPrivate(_))));
    }
}
