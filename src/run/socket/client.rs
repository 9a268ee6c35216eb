//! One client: reads its requests, answers each in turn.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::unix::OwnedWriteHalf;
use tokio::time::Interval;
use tokio::time::MissedTickBehavior;

use crate::format::control::ControlReply;
use crate::format::control::ControlRequest;
use crate::format::control::read_request;
use crate::format::control::write_reply;
use crate::load::ControlError;
use crate::model::ControlCommand;
use crate::model::LoadChange;
use crate::model::StopLevel;

use super::lines::Line;
use super::lines::Lines;
use super::server::Shared;

/// Bytes of a request.
const LINE_MAX: usize = 4096;
/// How long a client may keep silent that does not watch.
const SILENCE_MAX: Duration = Duration::from_secs(600);
/// How long a client may leave an answer unread.
const WRITE_MAX: Duration = Duration::from_secs(5);
/// Between two answers to one client: nobody steers faster, and the run has other things to do.
const PACE: Duration = Duration::from_millis(10);
/// Between two lines for who watches.
const WATCH: Duration = Duration::from_secs(1);
/// Who changed the load, in log and report.
const BY: &str = "the control socket";

/// Serves `stream` until either side has enough.
pub(super) async fn attend(stream: UnixStream, shared: Arc<Shared>) {
    let (read, write) = stream.into_split();
    let client = Client {
        lines: Lines::new(read, LINE_MAX),
        write,
        shared: Arc::clone(&shared),
        watch: None,
    };
    tokio::select! {
        () = shared.over() => {}
        // Its error has nobody who would want to hear it.
        _ = client.converse() => {}
    }
}

struct Client {
    lines: Lines<OwnedReadHalf>,
    write: OwnedWriteHalf,
    shared: Arc<Shared>,
    watch: Option<Interval>,
}

impl Client {
    async fn converse(mut self) -> io::Result<()> {
        loop {
            let line = tokio::select! {
                line = self.lines.next() => line?,
                () = next_tick(&mut self.watch) => {
                    self.answer(&ControlReply::Status(self.shared.status())).await?;
                    continue;
                }
                () = tokio::time::sleep(SILENCE_MAX) => return Ok(()),
            };
            match line {
                Line::Whole(line) if line.trim_ascii().is_empty() => {}
                Line::Whole(line) => self.request(&line).await?,
                Line::TooLong => {
                    let why = format!("a line of more than {LINE_MAX} bytes");
                    self.answer(&ControlReply::Refused(why)).await?;
                }
                Line::End if self.watch.is_some() => return self.only_watch().await,
                Line::End => return Ok(()),
            }
            tokio::time::sleep(PACE).await;
        }
    }

    /// It has said all it has to say.
    async fn only_watch(mut self) -> io::Result<()> {
        loop {
            next_tick(&mut self.watch).await;
            self.answer(&ControlReply::Status(self.shared.status())).await?;
        }
    }

    async fn request(&mut self, line: &[u8]) -> io::Result<()> {
        let reply = match read_request(line) {
            Err(why) => ControlReply::Refused(why),
            Ok(ControlRequest::Command(command)) => carry_out(command, &self.shared),
            Ok(ControlRequest::Scenario { name, command }) => {
                answer_of(self.shared.steering.change_scenario(&name, command, BY))
            }
            Ok(ControlRequest::Status) => ControlReply::Status(self.shared.status()),
            Ok(ControlRequest::Watch) => {
                let mut watch = tokio::time::interval(WATCH);
                watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
                // The first tick, which is at once, tells how it stands now.
                self.watch = Some(watch);
                return Ok(());
            }
            Ok(ControlRequest::Snapshot) => return self.snapshot().await,
        };
        self.answer(&reply).await
    }

    async fn snapshot(&mut self) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let _turn = self.shared.snapshots.acquire().await.map_err(io::Error::other)?;
        let bytes = tokio::task::spawn_blocking(move || {
            write_reply(&ControlReply::Report(Box::new(shared.snapshot())))
        })
        .await?;
        send(&mut self.write, &bytes).await
    }

    async fn answer(&mut self, reply: &ControlReply) -> io::Result<()> {
        send(&mut self.write, &write_reply(reply)).await
    }
}

async fn send(write: &mut OwnedWriteHalf, bytes: &[u8]) -> io::Result<()> {
    tokio::time::timeout(WRITE_MAX, write.write_all(bytes)).await?
}

/// Never for who does not watch.
async fn next_tick(watch: &mut Option<Interval>) {
    match watch {
        Some(watch) => {
            watch.tick().await;
        }
        None => std::future::pending().await,
    }
}

fn answer_of(outcome: Result<LoadChange, ControlError>) -> ControlReply {
    match outcome {
        Ok(change) => ControlReply::Changed(change),
        Err(error) => ControlReply::Refused(error.to_string()),
    }
}

fn carry_out(command: ControlCommand, shared: &Shared) -> ControlReply {
    let level = match command {
        ControlCommand::Load(command) => {
            return answer_of(shared.steering.change(command, BY));
        }
        ControlCommand::Stop => StopLevel::Stopping,
        ControlCommand::Cancel => StopLevel::Cancelled,
    };
    if shared.steering.wind_down(level, BY) {
        ControlReply::Winding(level)
    } else {
        ControlReply::Refused("the run is being stopped already".to_owned())
    }
}
