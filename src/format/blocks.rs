//! Load in blocks of time, whole and by endpoint, with the payloads that comparisons draw from.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::number::Count;
use super::number::Millis;
use super::trend::Figures;
use super::trend::Trend;
use crate::model::Block;
use crate::model::BlockTally;
use crate::model::Blocks;
use crate::model::SeriesId;

/// Load in blocks of time.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "BlocksWire", into = "BlocksWire")]
pub(super) struct BlocksDto(Blocks);

/// Load in blocks of time, warm-up left out.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Blocks")]
struct BlocksWire {
    /// Length of each: a second, doubled as often as the load was too long for it.
    length_ms: Millis,
    /// Where the first begins, since the run's start; all begin on this grid.
    origin_ms: Millis,
    /// Those in which something was measured, in order.
    list: Vec<BlockDto>,
}

impl TryFrom<BlocksWire> for BlocksDto {
    type Error = String;

    fn try_from(wire: BlocksWire) -> Result<Self, String> {
        if wire.length_ms.0.is_zero() {
            return Err("`length_ms` is 0: a block has a length".to_owned());
        }
        let endpoint = |one: BlockEndpointDto| (SeriesId(one.id), one.tally.into());
        let block = |block: BlockDto| Block {
            from: block.from_ms.into(),
            to: block.to_ms.into(),
            whole: block.whole.into(),
            series: block.endpoints.into_iter().map(endpoint).collect(),
        };
        Ok(Self(Blocks {
            length: wire.length_ms.into(),
            origin: wire.origin_ms.into(),
            list: wire.list.into_iter().map(block).collect(),
        }))
    }
}

/// Everything over one block.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Block")]
struct BlockDto {
    /// Start, since the run's start.
    from_ms: Millis,
    /// End, since the run's start.
    to_ms: Millis,
    /// All endpoints together.
    #[serde(flatten)]
    whole: BlockTallyDto,
    /// By endpoint; empty where there are too many of them.
    #[serde(default)]
    endpoints: Vec<BlockEndpointDto>,
}

/// An endpoint in a block.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BlockEndpoint")]
struct BlockEndpointDto {
    /// Its `id`.
    id: u32,
    #[serde(flatten)]
    tally: BlockTallyDto,
}

/// What is counted in a block.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BlockTally")]
struct BlockTallyDto {
    requests: Count,
    failed: Count,
    /// `http_req_latency`.
    latency: Trend,
    /// `http_req_duration`.
    duration: Trend,
}

impl From<&BlockTally> for BlockTallyDto {
    fn from(tally: &BlockTally) -> Self {
        Self {
            requests: tally.requests.into(),
            failed: tally.failed.into(),
            latency: Trend::new(&tally.latency, Figures::Left),
            duration: Trend::new(&tally.duration, Figures::Left),
        }
    }
}

impl From<BlockTallyDto> for BlockTally {
    fn from(dto: BlockTallyDto) -> Self {
        Self {
            requests: dto.requests.into(),
            failed: dto.failed.into(),
            latency: dto.latency.into(),
            duration: dto.duration.into(),
        }
    }
}

impl From<BlocksDto> for BlocksWire {
    fn from(BlocksDto(blocks): BlocksDto) -> Self {
        let endpoint = |(id, tally): &(SeriesId, BlockTally)| BlockEndpointDto {
            id: id.0,
            tally: tally.into(),
        };
        let block = |block: &Block| BlockDto {
            from_ms: block.from.into(),
            to_ms: block.to.into(),
            whole: (&block.whole).into(),
            endpoints: block.series.iter().map(endpoint).collect(),
        };
        Self {
            length_ms: blocks.length.into(),
            origin_ms: blocks.origin.into(),
            list: blocks.list.iter().map(block).collect(),
        }
    }
}

impl From<&Blocks> for BlocksDto {
    fn from(blocks: &Blocks) -> Self {
        Self(blocks.clone())
    }
}

impl From<BlocksDto> for Blocks {
    fn from(dto: BlocksDto) -> Self {
        dto.0
    }
}
