//! Runs the commands that give a plan's secrets.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::process::Child;
use tokio::process::Command;

use crate::model::format_duration;
use crate::model::inert;

/// A password manager that waits longer waits for somebody.
const MAX_TIME: Duration = Duration::from_secs(10);

/// Bytes of what is written that are read.
const MAX_OUTPUT: u64 = 64 << 10;

/// Characters of what it says that are shown.
const SAID_SHOWN: usize = 300;

/// What the command writes to its standard output; a clause that says why there is none.
///
/// It runs without standard input, in a process group of its own, which ends after ten seconds.
pub(super) fn run(words: &[String]) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot be run: {error}"))?;
    runtime.block_on(output(words, MAX_TIME))
}

async fn output(words: &[String], max_time: Duration) -> Result<String, String> {
    let [program, arguments @ ..] = words else { return Err("has no program".to_owned()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(|error| format!("cannot be run: {error}"))?;
    let ended = tokio::time::timeout(max_time, listen(&mut child)).await;
    if ended.is_err() {
        end(&mut child).await;
    }
    let Ok(listened) = ended else {
        return Err(format!("was not done after {}", format_duration(max_time)));
    };
    let (out, said, status) = listened.map_err(|error| format!("broke off: {error}"))?;
    let said = match said.trim() {
        "" => String::new(),
        said => format!(": {}", inert(said, SAID_SHOWN)),
    };
    if !status.success() {
        return Err(match status.code() {
            Some(code) => format!("ended with {code}{said}"),
            None => format!("was ended by a signal{said}"),
        });
    }
    if out.len() as u64 > MAX_OUTPUT {
        return Err(format!("wrote more than {} KiB", MAX_OUTPUT >> 10));
    }
    String::from_utf8(out).map_err(|_| "wrote what is not UTF-8".to_owned())
}

/// Reads both streams to their end, so that the command never waits for us, and keeps the start.
async fn listen(child: &mut Child) -> std::io::Result<(Vec<u8>, String, std::process::ExitStatus)> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err, status) = tokio::join!(start_of(out), start_of(err), child.wait());
    Ok((out?, String::from_utf8_lossy(&err?).into_owned(), status?))
}

async fn start_of(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut start = Vec::new();
    let Some(mut stream) = stream else { return Ok(start) };
    (&mut stream).take(MAX_OUTPUT + 1).read_to_end(&mut start).await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    Ok(start)
}

/// Ends the command with everything that it has started.
async fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()))
    {
        // An error means that it is gone already.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(line: &str) -> Result<String, String> {
        run(&["sh", "-c", line].map(str::to_owned))
    }

    #[test]
    fn a_command_gives_what_it_writes_or_a_reason() {
        assert_eq!(shell("echo one; echo two >&2").as_deref(), Ok("one\n"));
        assert_eq!(shell("echo no vault >&2; exit 3"), Err("ended with 3: no vault".to_owned()));
        assert_eq!(shell("kill -9 $$"), Err("was ended by a signal".to_owned()));
        assert_eq!(shell("printf '\\377'"), Err("wrote what is not UTF-8".to_owned()));
        assert_eq!(shell("head -c 10000000 /dev/zero"), Err("wrote more than 64 KiB".to_owned()));
        let missing = run(&["no-such-program-anywhere".to_owned()]).expect_err("there is none");
        assert!(missing.starts_with("cannot be run: "), "{missing}");
        assert_eq!(run(&["cat".to_owned()]).as_deref(), Ok(""), "nobody types");
    }

    #[tokio::test]
    async fn a_command_that_hangs_ends_with_its_children() {
        let words = ["sh", "-c", "sleep 60 & wait"].map(str::to_owned);
        let said = output(&words, Duration::from_millis(200)).await.expect_err("it hangs");
        assert_eq!(said, "was not done after 200ms");
    }
}
