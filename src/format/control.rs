//! The control protocol: one JSON object per line in, one per line out.
//!
//! Requests, `v` may be left out:
//!
//! ```text
//! {"v":1,"cmd":"rate","to":"150%"}    also "2x", "+10%", "600/m", 75
//! {"cmd":"vus","to":20}               also "150%", "2x", "-10%"
//! {"cmd":"rate","to":75,"scenario":"browse"}    one scenario alone; likewise `vus`
//! {"cmd":"pause"}  {"cmd":"resume"}
//! {"cmd":"stop"}   {"cmd":"cancel"}   as the first and the second Ctrl-C
//! {"cmd":"status"} {"cmd":"watch"}    now; now and every second from now on
//! {"cmd":"snapshot"}                  the report so far
//! ```
//!
//! Every answer has `v` and `ok`; with it comes `change`, `level`, `status`, `report` or `error`. A
//! request that makes no sense is answered with an error and changes nothing.

use serde::Deserialize;
use serde::Serialize;

use crate::model::Amount;
use crate::model::ControlCommand;
use crate::model::LoadChange;
use crate::model::LoadCommand;
use crate::model::Phase;
use crate::model::Report;
use crate::model::RunStatus;
use crate::model::ScenarioPace;
use crate::model::StopLevel;

use super::change::ChangeDto;
use super::name::Name;
use super::number::Count;
use super::number::Millis;
use super::report::ReportDto;

/// The version that is written, and the only one that is understood.
pub const CONTROL_VERSION: u32 = 1;

/// What a client asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum ControlRequest {
    /// Change something.
    Command(ControlCommand),
    /// Change the load of one scenario.
    Scenario {
        /// The plan's name for it.
        name: String,
        /// Its rate or its users.
        command: LoadCommand,
    },
    /// How the run stands.
    Status,
    /// The same, again every second.
    Watch,
    /// The report so far.
    Snapshot,
}

/// What it is told.
#[derive(Debug, Clone)]
pub enum ControlReply {
    /// The load changes.
    Changed(LoadChange),
    /// The run winds down, or did already.
    Winding(StopLevel),
    /// How the run stands.
    Status(RunStatus),
    /// The report so far.
    Report(Box<Report>),
    /// Why nothing is done.
    Refused(String),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestDto {
    v: Option<u32>,
    cmd: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<AmountDto>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scenario: Option<String>,
}

/// `75` or `"150%"`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum AmountDto {
    Number(f64),
    Text(String),
}

impl AmountDto {
    fn text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

/// Reads a request.
///
/// # Errors
/// What is wrong with it, for the client.
pub fn read_request(line: &[u8]) -> Result<ControlRequest, String> {
    let dto: RequestDto = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if let Some(version) = dto.v.filter(|version| *version != CONTROL_VERSION) {
        return Err(format!("version {version} is not understood, only {CONTROL_VERSION}"));
    }
    if dto.scenario.is_some() && !matches!(dto.cmd.as_str(), "rate" | "vus") {
        return Err(format!("`{}` is for all scenarios: leave out `scenario`", dto.cmd));
    }
    let change = |command| {
        Ok(match dto.scenario {
            Some(name) => ControlRequest::Scenario { name, command },
            None => ControlRequest::Command(ControlCommand::Load(command)),
        })
    };
    if dto.to.is_some() && !matches!(dto.cmd.as_str(), "rate" | "vus") {
        return Err(format!("`{}` takes no `to`", dto.cmd));
    }
    let to = || dto.to.map(AmountDto::text).ok_or("`to` is missing: say how much, as in \"150%\"");
    match dto.cmd.as_str() {
        "rate" => change(LoadCommand::Rate(Amount::parse_rate(&to()?)?)),
        "vus" => change(LoadCommand::Vus(Amount::parse_vus(&to()?)?)),
        "pause" => change(LoadCommand::Pause),
        "resume" => change(LoadCommand::Resume),
        "stop" => Ok(ControlRequest::Command(ControlCommand::Stop)),
        "cancel" => Ok(ControlRequest::Command(ControlCommand::Cancel)),
        "status" => Ok(ControlRequest::Status),
        "watch" => Ok(ControlRequest::Watch),
        "snapshot" => Ok(ControlRequest::Snapshot),
        other => Err(format!(
            "there is no command `{other}`: rate, vus, pause, resume, stop, cancel, status, watch or \
             snapshot"
        )),
    }
}

/// The request as a line.
pub fn write_request(request: &ControlRequest) -> Vec<u8> {
    let of_load = |command: &LoadCommand| match command {
        LoadCommand::Rate(amount) => ("rate", Some(*amount)),
        LoadCommand::Vus(amount) => ("vus", Some(*amount)),
        LoadCommand::Pause => ("pause", None),
        LoadCommand::Resume => ("resume", None),
    };
    let mut scenario = None;
    let (cmd, to) = match request {
        ControlRequest::Command(ControlCommand::Stop) => ("stop", None),
        ControlRequest::Command(ControlCommand::Cancel) => ("cancel", None),
        ControlRequest::Command(ControlCommand::Load(command)) => of_load(command),
        ControlRequest::Scenario { name, command } => {
            scenario = Some(name.clone());
            of_load(command)
        }
        ControlRequest::Status => ("status", None),
        ControlRequest::Watch => ("watch", None),
        ControlRequest::Snapshot => ("snapshot", None),
    };
    let to = to.map(|amount| AmountDto::Text(amount.to_string()));
    line(&RequestDto { v: Some(CONTROL_VERSION), cmd: cmd.to_owned(), to, scenario })
}

#[derive(Default, Serialize, Deserialize)]
struct ReplyDto {
    v: u32,
    ok: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    change: Option<ChangeDto>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    level: Option<LevelDto>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<StatusDto>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    report: Option<Box<ReportDto>>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LevelDto {
    Running,
    Stopping,
    Cancelled,
}

impl From<StopLevel> for LevelDto {
    fn from(level: StopLevel) -> Self {
        match level {
            StopLevel::Running => Self::Running,
            StopLevel::Stopping => Self::Stopping,
            StopLevel::Cancelled => Self::Cancelled,
        }
    }
}

impl From<LevelDto> for StopLevel {
    fn from(level: LevelDto) -> Self {
        match level {
            LevelDto::Running => Self::Running,
            LevelDto::Stopping => Self::Stopping,
            LevelDto::Cancelled => Self::Cancelled,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct StatusDto {
    /// Since the run's start.
    elapsed_ms: Millis,
    /// Of the load's own time, pauses left out.
    load_elapsed_ms: Millis,
    /// Of the load, where it is bounded by time.
    planned_ms: Option<Millis>,
    /// The part that started last.
    phase: Option<Name<Phase>>,
    stopping: bool,
    loading: bool,
    paused: bool,
    /// Arrivals per second asked for now.
    rate: f64,
    rate_factor: f64,
    /// Users of closed scenarios asked for now.
    vus: Count,
    vus_factor: f64,
    scenarios: Vec<PaceDto>,
    requests: Count,
    failed: Count,
    /// From the intended start; null before the first.
    p95_ms: Option<Millis>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PaceDto {
    name: String,
    /// It has begun and is not over.
    running: bool,
    /// Null without an arrival rate.
    rate: Option<f64>,
    /// Null where users cannot be changed.
    vus: Option<Count>,
}

impl From<&RunStatus> for StatusDto {
    fn from(status: &RunStatus) -> Self {
        let pace = |pace: &ScenarioPace| PaceDto {
            name: pace.name.clone(),
            running: pace.running,
            rate: pace.per_second,
            vus: pace.vus.map(Into::into),
        };
        Self {
            elapsed_ms: status.elapsed.into(),
            load_elapsed_ms: status.load_elapsed.into(),
            planned_ms: status.planned.map(Into::into),
            phase: status.phase.map(Name),
            stopping: status.stopping,
            loading: status.loading,
            paused: status.paused,
            rate: status.per_second,
            rate_factor: status.rate_factor,
            vus: status.vus.into(),
            vus_factor: status.vus_factor,
            scenarios: status.scenarios.iter().map(pace).collect(),
            requests: status.requests.into(),
            failed: status.failed.into(),
            p95_ms: status.p95.map(Into::into),
        }
    }
}

impl From<StatusDto> for RunStatus {
    fn from(dto: StatusDto) -> Self {
        let pace = |pace: PaceDto| ScenarioPace {
            name: pace.name,
            running: pace.running,
            per_second: pace.rate,
            vus: pace.vus.map(Into::into),
        };
        Self {
            elapsed: dto.elapsed_ms.into(),
            load_elapsed: dto.load_elapsed_ms.into(),
            planned: dto.planned_ms.map(Into::into),
            phase: dto.phase.map(|phase| phase.0),
            stopping: dto.stopping,
            loading: dto.loading,
            paused: dto.paused,
            per_second: dto.rate,
            rate_factor: dto.rate_factor,
            vus: dto.vus.into(),
            vus_factor: dto.vus_factor,
            scenarios: dto.scenarios.into_iter().map(pace).collect(),
            requests: dto.requests.into(),
            failed: dto.failed.into(),
            p95: dto.p95_ms.map(Into::into),
        }
    }
}

/// The answer as a line.
pub fn write_reply(reply: &ControlReply) -> Vec<u8> {
    let mut dto = ReplyDto { v: CONTROL_VERSION, ok: true, ..ReplyDto::default() };
    match reply {
        ControlReply::Changed(change) => dto.change = Some(change.into()),
        ControlReply::Winding(level) => dto.level = Some((*level).into()),
        ControlReply::Status(status) => dto.status = Some(status.into()),
        ControlReply::Report(report) => dto.report = Some(Box::new(report.as_ref().into())),
        ControlReply::Refused(why) => {
            dto.ok = false;
            dto.error = Some(why.clone());
        }
    }
    line(&dto)
}

/// Reads an answer.
///
/// # Errors
/// Why it is none.
pub fn read_reply(line: &[u8]) -> Result<ControlReply, String> {
    let dto: ReplyDto = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if dto.v != CONTROL_VERSION {
        return Err(format!("it speaks version {}, this is {CONTROL_VERSION}", dto.v));
    }
    match dto {
        ReplyDto { error: Some(why), .. } => Ok(ControlReply::Refused(why)),
        ReplyDto { change: Some(change), .. } => Ok(ControlReply::Changed(change.into())),
        ReplyDto { level: Some(level), .. } => Ok(ControlReply::Winding(level.into())),
        ReplyDto { status: Some(status), .. } => Ok(ControlReply::Status(status.into())),
        ReplyDto { report: Some(report), .. } => {
            Ok(ControlReply::Report(Box::new((*report).into())))
        }
        ReplyDto { .. } => Err("it says nothing".to_owned()),
    }
}

fn line(dto: &impl Serialize) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec(dto).expect("keys are strings and nothing fails to serialise");
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_request_is_read_as_it_was_written() {
        let load = |command| ControlRequest::Command(ControlCommand::Load(command));
        for request in [
            load(LoadCommand::Rate(Amount::OfPlan(1.5))),
            load(LoadCommand::Rate(Amount::Total(0.25))),
            load(LoadCommand::Vus(Amount::Total(20.0))),
            load(LoadCommand::Vus(Amount::Step(-0.5))),
            ControlRequest::Scenario {
                name: "browse".to_owned(),
                command: LoadCommand::Vus(Amount::Total(3.0)),
            },
            load(LoadCommand::Pause),
            load(LoadCommand::Resume),
            ControlRequest::Command(ControlCommand::Stop),
            ControlRequest::Command(ControlCommand::Cancel),
            ControlRequest::Status,
            ControlRequest::Watch,
            ControlRequest::Snapshot,
        ] {
            assert_eq!(read_request(&write_request(&request)), Ok(request));
        }
    }

    #[test]
    fn a_status_survives_the_way() {
        let status = RunStatus {
            elapsed: Duration::from_millis(1500),
            load_elapsed: Duration::from_millis(1000),
            planned: Some(Duration::from_secs(30)),
            phase: Some(Phase::Load),
            stopping: false,
            loading: true,
            paused: true,
            per_second: 75.0,
            rate_factor: 1.5,
            vus: 4,
            vus_factor: 1.0,
            scenarios: vec![ScenarioPace {
                name: "shop".to_owned(),
                running: true,
                per_second: Some(75.0),
                vus: None,
            }],
            requests: 120,
            failed: 2,
            p95: Some(Duration::from_millis(12)),
        };
        let line = write_reply(&ControlReply::Status(status.clone()));
        assert_eq!(line.split(|byte| *byte == b'\n').count(), 2, "one line");
        let Ok(ControlReply::Status(read)) = read_reply(&line) else { panic!("a status") };
        assert_eq!(read, status);
    }
}
