//! Where control sockets are, and which one is meant.

use std::path::Path;
use std::path::PathBuf;

use crate::run::socket::SocketFile;
use crate::run::socket::living_sockets;

use super::control_args::CHOSEN;
use super::control_args::ControlArgs;
use super::error::CliError;
use super::outputs::write_stderr;
use super::terminal::environment;

/// Makes the socket that the user asked for, if any; a place that we chose is said.
pub(super) fn open(args: &ControlArgs) -> Result<Option<SocketFile>, CliError> {
    let Some(path) = &args.control else { return Ok(None) };
    if path != Path::new(CHOSEN) {
        return Ok(Some(SocketFile::create(path)?));
    }
    let directories = directories();
    let socket = SocketFile::create_in(directories.first().expect("there is always one"))?;
    write_stderr(format!("control socket: {}\n", socket.path().display()).as_bytes());
    Ok(Some(socket))
}

/// The socket to talk to: the named one, or the only one there is.
pub(super) fn find(named: Option<&PathBuf>) -> Result<PathBuf, CliError> {
    if let Some(path) = named {
        return Ok(path.clone());
    }
    let mut found = living_sockets(&directories());
    match (found.pop(), found.as_slice()) {
        (None, _) => Err(CliError::Usage(
            "no run with a control socket is going on; start one with --control, or name the \
             socket with --socket PATH"
                .to_owned(),
        )),
        (Some(only), []) => Ok(only),
        (Some(last), _) => {
            found.push(last);
            let list: Vec<_> = found.iter().map(|path| format!("  {}", path.display())).collect();
            Err(CliError::Usage(format!(
                "{} runs have a control socket; choose with --socket:\n{}",
                found.len(),
                list.join("\n")
            )))
        }
    }
}

/// Where sockets are made first, and where else they may be: a run may have had another
/// environment.
fn directories() -> Vec<PathBuf> {
    let temporary =
        std::env::temp_dir().join(format!("shakedown-{}", rustix::process::geteuid().as_raw()));
    let runtime = environment("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_dir());
    runtime.map(|dir| dir.join("shakedown")).into_iter().chain([temporary]).collect()
}
