//! Files that the user names, read no further than makes sense: a pipe does not tell its length,
//! and a wrong file may be of any.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::Path;

/// The whole file.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`] for one of more than `most` bytes.
pub(super) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}
