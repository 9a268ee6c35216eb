//! What an endpoint takes without the others, and they without it.

use std::time::Duration;

use super::units::{format_duration, format_number, format_percent};

/// What the times with and without the others say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SuspectVerdict {
    /// It is as slow alone, and the others are as slow without it.
    OwnWork,
    /// It is faster alone; the others do not mind it.
    Waits,
    /// The others are faster without it; alone it is as slow.
    Slows,
    /// Both: they share what is short.
    Shares,
    /// It could not be measured.
    Unclear,
}

impl SuspectVerdict {
    /// Every verdict.
    pub const ALL: [Self; 5] =
        [Self::OwnWork, Self::Waits, Self::Slows, Self::Shares, Self::Unclear];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OwnWork => "own_work",
            Self::Waits => "waits",
            Self::Slows => "slows",
            Self::Shares => "shares",
            Self::Unclear => "unclear",
        }
    }

    /// In a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::OwnWork => "its own work takes the time",
            Self::Waits => "it waits for the others",
            Self::Slows => "it holds up the others",
            Self::Shares => "it and the others wait for something that they share",
            Self::Unclear => "not told",
        }
    }
}

/// A request that was measured alone, and the others without it, at the rates of one level.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// The plan's name for it.
    pub request: String,
    /// Requests per second of it, with all others.
    pub rate: f64,
    /// Share of the time of all responses that is its own, with all others, 0–1.
    pub share: f64,
    /// Median and p95 of `http_req_duration` with all others.
    pub mix: [Duration; 2],
    /// The same while nothing else was sent but what it needs; `None` where that was not measured.
    pub alone: Option<[Duration; 2]>,
    /// Times as long as with it that responses of the others took without it, endpoint by endpoint;
    /// `None` where that was not measured.
    pub others: Option<f64>,
    /// It is faster alone, by more than chance.
    pub is_faster_alone: bool,
    /// The others are faster without it, by more than chance.
    pub are_others_faster: bool,
    /// Why something was not measured, or says nothing.
    pub unclear: Option<String>,
}

impl Suspect {
    /// What its figures say together.
    pub fn verdict(&self) -> SuspectVerdict {
        match (self.alone, self.is_faster_alone, self.are_others_faster) {
            (None, _, false) => SuspectVerdict::Unclear,
            (Some(_), true, true) => SuspectVerdict::Shares,
            (Some(_), true, false) => SuspectVerdict::Waits,
            (None, _, true) | (Some(_), false, true) => SuspectVerdict::Slows,
            (Some(_), false, false) => SuspectVerdict::OwnWork,
        }
    }

    /// `search, 41% of the time: p95 210ms with the others, 31ms alone; …`.
    pub fn sentence(&self) -> String {
        let alone = self.alone.map(|[_, p95]| format!(", {} alone", format_duration(p95)));
        let others = self.others.map(|others| {
            let times = format_number((others * 100.0).round() / 100.0);
            format!("; without it the others take {times} times as long")
        });
        let verdict = match self.verdict() {
            SuspectVerdict::Unclear => String::new(),
            told => format!(": {}", told.meaning()),
        };
        let unclear = self.unclear.as_ref().map(|why| format!(" ({why})"));
        format!(
            "{}, {} of the time: p95 {} with the others{}{}{verdict}{}",
            self.request,
            format_percent(self.share),
            format_duration(self.mix[1]),
            alone.unwrap_or_default(),
            others.unwrap_or_default(),
            unclear.unwrap_or_default()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suspect(alone: Option<u64>, is_faster_alone: bool, are_others_faster: bool) -> Suspect {
        let ms = Duration::from_millis;
        Suspect {
            request: "search".to_owned(),
            rate: 12.0,
            share: 0.41,
            mix: [ms(40), ms(210)],
            alone: alone.map(|p95| [ms(20), ms(p95)]),
            others: Some(0.52),
            is_faster_alone,
            are_others_faster,
            unclear: None,
        }
    }

    #[test]
    fn a_verdict_follows_from_both_halves() {
        let verdict = |alone, faster, others| suspect(alone, faster, others).verdict();
        assert_eq!(verdict(Some(31), true, true), SuspectVerdict::Shares);
        assert_eq!(verdict(Some(31), true, false), SuspectVerdict::Waits);
        assert_eq!(verdict(Some(200), false, true), SuspectVerdict::Slows);
        assert_eq!(verdict(Some(200), false, false), SuspectVerdict::OwnWork);
        assert_eq!(verdict(None, false, false), SuspectVerdict::Unclear);
    }

    #[test]
    fn it_is_told_with_its_figures() {
        assert_eq!(
            suspect(Some(31), true, true).sentence(),
            "search, 41.0% of the time: p95 210ms with the others, 31.0ms alone; without it the others \
             take 0.52 times as long: it and the others wait for something that they share"
        );
        let mut unclear = suspect(None, false, false);
        unclear.others = None;
        unclear.unclear = Some("nothing can be sent without it".to_owned());
        assert!(unclear.sentence().ends_with("with the others (nothing can be sent without it)"));
    }
}
