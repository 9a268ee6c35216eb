//! Single requests of a load, drawn evenly: histograms say how long requests took, these say what
//! those that took long have in common.

use std::time::Duration;

use super::signals::Signals;

/// Requests kept of one series at most.
const KEPT: usize = 1024;

/// Requests kept of all series, unless there are so many that each keeps the least: some 10 MB.
const KEPT_OF_ALL: usize = 32_768;
const LEAST: usize = 16;

/// One request that was drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledRequest {
    /// Intended start, since the run's start.
    pub at: Duration,
    /// From the intended start to the last byte.
    pub latency: Duration,
    /// Phases in [`super::PhaseKind::ALL`]'s order; all are zero that did not happen.
    pub phases: [Duration; 7],
    /// The response's status.
    pub status: u16,
    /// Bytes received, head and body.
    pub bytes: u64,
    /// What the head told.
    pub signals: Signals,
    /// How many requests it stands for.
    pub weight: f64,
}

impl SampledRequest {
    /// Whether its connection was made for it.
    pub fn is_connecting(&self) -> bool {
        self.phases[super::PhaseKind::Connect as usize] > Duration::ZERO
    }

    /// The phase's duration.
    pub fn phase(&self, kind: super::PhaseKind) -> Duration {
        self.phases[kind as usize]
    }
}

/// Requests that were drawn from one series, in the order of their intervals. Mergeable.
#[derive(Debug, Clone)]
pub struct SampledRequests {
    most: usize,
    list: Vec<SampledRequest>,
}

impl Default for SampledRequests {
    fn default() -> Self {
        Self { most: KEPT, list: Vec::new() }
    }
}

impl PartialEq for SampledRequests {
    /// How many there may be is no part of what was drawn.
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl SampledRequests {
    /// Of one of so many series.
    pub fn of_one(series: usize) -> Self {
        let most = (KEPT_OF_ALL / series.max(1)).clamp(LEAST, KEPT);
        Self { most, list: Vec::new() }
    }

    /// Adds one.
    pub fn push(&mut self, request: SampledRequest) {
        self.list.push(request);
        self.thin();
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.list.extend_from_slice(&other.list);
        self.thin();
    }

    /// Every one that is kept.
    pub fn iter(&self) -> std::slice::Iter<'_, SampledRequest> {
        self.list.iter()
    }

    /// Every one that is kept, to change.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut SampledRequest> {
        self.list.iter_mut()
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Every second one goes where there are too many, and the one before stands for it too: what is
    /// left is drawn as evenly from the whole run as before.
    fn thin(&mut self) {
        while self.list.len() > self.most {
            let mut kept: Vec<SampledRequest> = Vec::with_capacity(self.list.len() / 2 + 1);
            for (place, request) in self.list.drain(..).enumerate() {
                match kept.last_mut().filter(|_| place % 2 == 1) {
                    Some(last) => last.weight += request.weight,
                    None => kept.push(request),
                }
            }
            self.list = kept;
        }
    }
}

impl FromIterator<SampledRequest> for SampledRequests {
    fn from_iter<I: IntoIterator<Item = SampledRequest>>(requests: I) -> Self {
        let mut all = Self { list: requests.into_iter().collect(), ..Self::default() };
        all.thin();
        all
    }
}

impl<'a> IntoIterator for &'a SampledRequests {
    type Item = &'a SampledRequest;
    type IntoIter = std::slice::Iter<'a, SampledRequest>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(at: u64) -> SampledRequest {
        SampledRequest {
            at: Duration::from_millis(at),
            latency: Duration::from_millis(1 + at % 7),
            phases: [Duration::ZERO; 7],
            status: 200,
            bytes: 100,
            signals: Signals::default(),
            weight: 1.0,
        }
    }

    #[test]
    fn however_many_are_drawn_those_kept_stand_for_all_and_for_the_whole_time() {
        let mut all = SampledRequests::default();
        for second in 0..100 {
            let part: SampledRequests = (0..60).map(|step| request(second * 1000 + step)).collect();
            all.merge(&part);
        }
        assert!((KEPT / 2..=KEPT).contains(&all.len()), "{}", all.len());
        let weight: f64 = all.iter().map(|request| request.weight).sum();
        assert!((weight - 6000.0).abs() < 1e-6, "{weight}");
        // Halves of the run weigh the same, give or take what one kept request stands for.
        let early = all.iter().filter(|request| request.at < Duration::from_secs(50));
        let early: f64 = early.map(|request| request.weight).sum();
        assert!((early - 3000.0).abs() < 64.0, "{early}");
    }
}
