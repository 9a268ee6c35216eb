//! The site model as a crawl left it.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::bytes;
use super::bytes::Encoding;
use super::name::Name;
use super::number::Count;
use super::number::Millis;
use crate::model::Guessed;
use crate::model::InsertionKind;
use crate::model::OperationSource;
use crate::model::SiteAnswer;
use crate::model::SiteExample;
use crate::model::SiteNode;
use crate::model::SiteParameter;
use crate::model::SkipReason;

/// One node of the site model: method, path template and parameter set.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SiteNode")]
pub(super) struct SiteNodeDto {
    method: String,
    /// As in `/items/{id}`.
    path_template: String,
    /// What it takes, in the order in which the example has it.
    parameters: Vec<ParameterDto>,
    source: Name<OperationSource>,
    /// It gave a non-error answer.
    reached: bool,
    /// Why it was left alone; null when it was not.
    skipped: Option<String>,
    /// The page that led there first; null where nothing did: the start, the plan, a guess.
    found_on: Option<String>,
    /// How it was named there: `link`, `form`, `script`, `data`, …; null where nothing named it.
    found_as: Option<String>,
    /// References to it, each page counted once.
    links: Count,
    example: ExampleDto,
    /// Null while nobody asked, or after a failure.
    answer: Option<AnswerDto>,
}

/// A place where a value goes.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SiteParameter")]
struct ParameterDto {
    kind: Name<InsertionKind>,
    name: String,
}

/// The request that shows a node best, secrets taken out.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SiteExample")]
struct ExampleDto {
    /// Absolute.
    url: String,
    headers: Vec<HeaderDto>,
    /// Null where nothing is sent.
    body: Option<BodyDto>,
}

/// The last answer to the example.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SiteAnswer")]
struct AnswerDto {
    status: u16,
    headers: Vec<HeaderDto>,
    /// Without parameters; empty where none is said.
    media_type: String,
    /// Bytes of the decoded body, as far as it was read.
    body_len: Count,
    /// When it was asked for, since the run's start.
    at_ms: Millis,
    /// From there to the last byte.
    duration_ms: Millis,
}

/// A header field.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HeaderField")]
struct HeaderDto {
    name: String,
    value: String,
}

/// What is sent.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "BodyWire", into = "BodyWire")]
#[schemars(with = "BodyWire")]
struct BodyDto(Vec<u8>);

/// What is sent.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SiteBody")]
struct BodyWire {
    data: String,
    encoding: Encoding,
}

/// How much was left out for one reason.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Skipped")]
pub(super) struct SkippedDto {
    reason: Name<SkipReason>,
    count: Count,
}

/// What was asked for without being told that it is there: texts that look like addresses, and paths
/// that many sites have.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Guessed")]
pub(super) struct GuessedDto {
    /// Guesses that were asked for and answered.
    asked: Count,
    /// Of these, where there was something.
    right: Count,
}

impl From<&Guessed> for GuessedDto {
    fn from(guessed: &Guessed) -> Self {
        Self { asked: guessed.asked.into(), right: guessed.right.into() }
    }
}

impl From<GuessedDto> for Guessed {
    fn from(dto: GuessedDto) -> Self {
        Self { asked: dto.asked.into(), right: dto.right.into() }
    }
}

impl From<BodyDto> for BodyWire {
    fn from(dto: BodyDto) -> Self {
        let (data, encoding) = bytes::encode(dto.0);
        Self { data, encoding }
    }
}

impl TryFrom<BodyWire> for BodyDto {
    type Error = String;

    fn try_from(wire: BodyWire) -> Result<Self, String> {
        bytes::decode(wire.data, wire.encoding).map(Self)
    }
}

impl Clone for BodyDto {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl From<&(SkipReason, u64)> for SkippedDto {
    fn from((reason, count): &(SkipReason, u64)) -> Self {
        Self { reason: Name(*reason), count: (*count).into() }
    }
}

impl From<SkippedDto> for (SkipReason, u64) {
    fn from(dto: SkippedDto) -> Self {
        (dto.reason.0, dto.count.into())
    }
}

impl From<&SiteNode> for SiteNodeDto {
    fn from(node: &SiteNode) -> Self {
        let parameter = |parameter: &SiteParameter| ParameterDto {
            kind: Name(parameter.kind),
            name: parameter.name.clone(),
        };
        let example = &node.example;
        Self {
            method: node.method.clone(),
            path_template: node.path_template.clone(),
            parameters: node.parameters.iter().map(parameter).collect(),
            source: Name(node.source),
            reached: node.reached,
            skipped: node.skipped.clone(),
            found_on: node.found_on.clone(),
            found_as: node.found_as.clone(),
            links: node.links.into(),
            example: ExampleDto {
                url: example.url.clone(),
                headers: written(&example.headers),
                body: (!example.body.is_empty()).then(|| BodyDto(example.body.clone())),
            },
            answer: node.answer.as_ref().map(|answer| AnswerDto {
                status: answer.status,
                headers: written(&answer.headers),
                media_type: answer.media_type.clone(),
                body_len: answer.body_len.into(),
                at_ms: answer.at.into(),
                duration_ms: answer.duration.into(),
            }),
        }
    }
}

impl From<SiteNodeDto> for SiteNode {
    fn from(dto: SiteNodeDto) -> Self {
        let parameter = |dto: ParameterDto| SiteParameter { kind: dto.kind.0, name: dto.name };
        Self {
            method: dto.method,
            path_template: dto.path_template,
            parameters: dto.parameters.into_iter().map(parameter).collect(),
            source: dto.source.0,
            reached: dto.reached,
            skipped: dto.skipped,
            found_on: dto.found_on,
            found_as: dto.found_as,
            links: dto.links.into(),
            example: SiteExample {
                url: dto.example.url,
                headers: read(dto.example.headers),
                body: dto.example.body.map(|body| body.0).unwrap_or_default(),
            },
            answer: dto.answer.map(|answer| SiteAnswer {
                status: answer.status,
                headers: read(answer.headers),
                media_type: answer.media_type,
                body_len: answer.body_len.into(),
                at: answer.at_ms.into(),
                duration: answer.duration_ms.into(),
            }),
        }
    }
}

fn written(headers: &[(String, String)]) -> Vec<HeaderDto> {
    let field =
        |(name, value): &(String, String)| HeaderDto { name: name.clone(), value: value.clone() };
    headers.iter().map(field).collect()
}

fn read(headers: Vec<HeaderDto>) -> Vec<(String, String)> {
    headers.into_iter().map(|field| (field.name, field.value)).collect()
}
