//! `control`: speaks to a running load over its socket.

use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::format::control::ControlReply;
use crate::format::control::ControlRequest;
use crate::format::control::read_reply;
use crate::format::control::write_reply;
use crate::format::control::write_request;
use crate::model::ControlCommand;
use crate::model::LoadCommand;
use crate::model::RunStatus;
use crate::model::ScenarioPace;
use crate::model::StopLevel;
use crate::model::format_duration;
use crate::model::format_number;
use crate::model::grouped;
use crate::model::inert;

use super::control_args::ControlAction;
use super::control_args::ControlCommandArgs;
use super::control_place;
use super::error::CliError;
use super::outputs::write_file;
use super::outputs::write_stdout;
use crate::model::ExitCode;

/// How long a run may take to answer; a report of thousands of endpoints takes a while.
const ANSWER: Duration = Duration::from_secs(20);

/// Says it, and shows what the run answers.
pub(super) fn run(args: &ControlCommandArgs) -> Result<ExitCode, CliError> {
    let path = control_place::find(args.socket.as_ref())?;
    let mut talk = Talk::start(path)?;
    let load = |command| ControlRequest::Command(ControlCommand::Load(command));
    match &args.action {
        ControlAction::Rate { to, scenario } => {
            talk.change(&of_scenario(scenario.as_ref(), LoadCommand::Rate(*to)))?;
        }
        ControlAction::Vus { to, scenario } => {
            talk.change(&of_scenario(scenario.as_ref(), LoadCommand::Vus(*to)))?;
        }
        ControlAction::Pause => talk.change(&load(LoadCommand::Pause))?,
        ControlAction::Resume => talk.change(&load(LoadCommand::Resume))?,
        ControlAction::Stop => talk.change(&ControlRequest::Command(ControlCommand::Stop))?,
        ControlAction::Cancel => talk.change(&ControlRequest::Command(ControlCommand::Cancel))?,
        ControlAction::Status { json } => {
            talk.say(&ControlRequest::Status)?;
            let reply = talk.hear()?.ok_or_else(|| talk.broke(ended()))?;
            show(&reply, *json)?;
        }
        ControlAction::Watch { json } => {
            talk.say(&ControlRequest::Watch)?;
            while let Some(reply) = talk.hear()? {
                show(&reply, *json)?;
            }
        }
        ControlAction::Snapshot { output } => snapshot(&mut talk, output)?,
    }
    Ok(ExitCode::Passed)
}

/// For all scenarios, or for one.
fn of_scenario(scenario: Option<&String>, command: LoadCommand) -> ControlRequest {
    match scenario {
        Some(name) => ControlRequest::Scenario { name: name.clone(), command },
        None => ControlRequest::Command(ControlCommand::Load(command)),
    }
}

/// One connection.
struct Talk {
    path: PathBuf,
    stream: BufReader<UnixStream>,
}

impl Talk {
    fn start(path: PathBuf) -> Result<Self, CliError> {
        let stream = UnixStream::connect(&path).and_then(|stream| {
            stream.set_read_timeout(Some(ANSWER))?;
            stream.set_write_timeout(Some(ANSWER))?;
            Ok(stream)
        });
        match stream {
            Ok(stream) => Ok(Self { path, stream: BufReader::new(stream) }),
            Err(error) => {
                Err(CliError::Usage(format!("no run listens on {}: {error}", path.display())))
            }
        }
    }

    fn broke(&self, source: io::Error) -> CliError {
        CliError::Unanswered { path: self.path.clone(), source }
    }

    fn say(&mut self, request: &ControlRequest) -> Result<(), CliError> {
        let said = self.stream.get_mut().write_all(&write_request(request));
        said.map_err(|error| self.broke(error))
    }

    /// The next answer; `None` when the run is over.
    fn hear(&mut self) -> Result<Option<ControlReply>, CliError> {
        let mut line = Vec::new();
        match self.stream.read_until(b'\n', &mut line) {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
            Err(error) => return Err(self.broke(error)),
        }
        match read_reply(&line) {
            Ok(ControlReply::Refused(why)) => Err(CliError::Usage(why)),
            Ok(reply) => Ok(Some(reply)),
            Err(why) => Err(self.broke(io::Error::other(why))),
        }
    }

    fn change(&mut self, request: &ControlRequest) -> Result<(), CliError> {
        self.say(request)?;
        let reply = self.hear()?.ok_or_else(|| self.broke(ended()))?;
        let said = match reply {
            ControlReply::Changed(change) => {
                let of = change.scenario.as_ref().map(|name| format!("{}: ", inert(name, 80)));
                let (of, at) = (of.unwrap_or_default(), format_duration(change.at));
                format!("{of}{} from {at} on\n", change.kind)
            }
            ControlReply::Winding(StopLevel::Cancelled) => "cancelled\n".to_owned(),
            ControlReply::Winding(StopLevel::Stopping | StopLevel::Running) => {
                "stopping\n".to_owned()
            }
            ControlReply::Status(_) | ControlReply::Report(_) | ControlReply::Refused(_) => {
                return Err(self.broke(io::Error::other("it answers something else")));
            }
        };
        write_stdout(said.as_bytes())
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it has ended")
}

fn snapshot(talk: &mut Talk, output: &Path) -> Result<(), CliError> {
    talk.say(&ControlRequest::Snapshot)?;
    let Some(ControlReply::Report(report)) = talk.hear()? else {
        return Err(talk.broke(ended()));
    };
    let bytes = crate::format::report::write(&report);
    if output == Path::new("-") { write_stdout(&bytes) } else { write_file(output, &bytes) }
}

fn show(reply: &ControlReply, json: bool) -> Result<(), CliError> {
    let ControlReply::Status(status) = reply else { return Ok(()) };
    if json {
        return write_stdout(&write_reply(reply));
    }
    write_stdout(status_line(status).as_bytes())
}

/// `12s of 30s, load: 75/s (150%), 1,234 requests, 2 failed, p95 12ms`
fn status_line(status: &RunStatus) -> String {
    let mut parts = vec![match status.planned {
        Some(planned) if status.loading => {
            format!("{} of {}", whole(status.load_elapsed), format_duration(planned))
        }
        _ => whole(status.elapsed),
    }];
    if let Some(phase) = status.phase {
        parts.push(phase.as_str().to_owned());
    }
    if status.stopping {
        parts.push("stopping".to_owned());
    }
    if status.paused {
        parts.push("paused".to_owned());
    }
    let percent = |factor: f64| format_number((factor * 1e4).round() / 100.0);
    if status.per_second > 0.0 {
        let rate = format_number((status.per_second * 100.0).round() / 100.0);
        parts.push(format!("{rate}/s ({}%)", percent(status.rate_factor)));
    }
    if status.vus > 0 {
        parts.push(format!("{} users ({}%)", grouped(status.vus), percent(status.vus_factor)));
    }
    parts.extend(scenarios(status));
    parts.push(format!("{} requests", grouped(status.requests)));
    parts.push(format!("{} failed", grouped(status.failed)));
    if let Some(p95) = status.p95 {
        parts.push(format!("p95 {}", format_duration(p95)));
    }
    parts.join(", ") + "\n"
}

fn whole(time: Duration) -> String {
    format_duration(Duration::from_secs(time.as_secs()))
}

/// What each of several running scenarios is asked for.
fn scenarios(status: &RunStatus) -> Option<String> {
    let running: Vec<_> = status.scenarios.iter().filter(|scenario| scenario.running).collect();
    let one = |scenario: &&ScenarioPace| {
        let rate = scenario
            .per_second
            .map(|rate| format!("{}/s", format_number((rate * 100.0).round() / 100.0)));
        let vus = scenario.vus.map(|vus| format!("{} users", grouped(vus)));
        let pace = rate.or(vus)?;
        Some(format!("{} {pace}", inert(&scenario.name, 40)))
    };
    let paces: Vec<String> = running.iter().filter_map(one).collect();
    (paces.len() > 1).then(|| format!("of which {}", paces.join(" and ")))
}
