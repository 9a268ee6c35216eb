//! From what a template has found to findings and results.

use super::alias::Aliases;
use super::hit::Hit;
use crate::http::clock::Clock;
use crate::model::Event;
use crate::model::Evidence;
use crate::model::EvidenceRole;
use crate::model::FindingBook;
use crate::model::InteractionRecord;
use crate::model::Redactor;
use crate::model::Sighting;
use crate::model::TemplateResult;
use crate::model::curl;
use crate::model::evidence;

/// Values of an observation that are shown.
const MAX_VALUES: usize = 20;

/// Makes findings of hits; what is found again only counts up.
pub(super) struct Reporter {
    redactor: Redactor,
    aliases: Aliases,
    known: FindingBook,
}

impl Reporter {
    pub(super) fn new(redactor: Redactor, aliases: Aliases) -> Self {
        Self { redactor, aliases, known: FindingBook::default() }
    }

    /// The result, and the finding, new or counted up; without a finding where there are too many.
    pub(super) fn events(&mut self, hit: &Hit, clock: Clock) -> Vec<Event> {
        let shown = evidence(EvidenceRole::Attack, &hit.exchange, None, &self.redactor);
        let result = self.result(hit, &shown, clock);
        let finding = self.known.enter(result.finding(self.sighting(hit, shown)));
        let mut events = vec![Event::TemplateResult(Box::new(result))];
        events.extend(finding.map(|finding| Event::Finding(Box::new(finding))));
        events
    }

    fn sighting(&self, hit: &Hit, shown: Evidence) -> Sighting {
        let request = &hit.exchange.request;
        let path = hit.place.as_ref().map_or_else(
            || {
                let target = request.path_and_query_text();
                target.split('?').next().unwrap_or_default().to_owned()
            },
            |place| place.path.clone(),
        );
        Sighting {
            // One target has a flaw or has not, however many requests it takes to see it.
            alias: self.aliases.of(&request.origin),
            method: request.method.to_string(),
            url: self.redactor.text(&request.url()),
            path,
            is_proven: hit.analysis.as_ref().is_some_and(|analysis| analysis.is_proof),
            evidence: vec![shown],
        }
    }

    fn result(&self, hit: &Hit, shown: &Evidence, clock: Clock) -> TemplateResult {
        let request = &hit.exchange.request;
        let text = |text: &str| self.redactor.text(text);
        let wire = hit.bytes.as_ref().map(|bytes| self.redactor.bytes(bytes));
        TemplateResult {
            template: hit.template.info.clone(),
            protocol: "http".to_owned(),
            target: text(&hit.target.url()),
            origin: request.origin.clone(),
            matched_at: text(&hit.matched_at),
            matcher_name: hit.matcher_name.clone(),
            extractor_name: hit.extractor_name.clone(),
            point: hit.place.as_ref().and_then(|place| place.point.clone()),
            extracted: hit.extracted.iter().take(MAX_VALUES).map(|value| text(value)).collect(),
            payloads: hit
                .payloads
                .iter()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
            ip: hit.exchange.peer.map(|peer| peer.ip()),
            request: lossy(wire.as_ref().unwrap_or(&shown.request.data)),
            response: shown.response.as_ref().map(|it| lossy(&it.data)).unwrap_or_default(),
            curl: curl(request, &self.redactor),
            unix_ms: clock.unix_millis(),
            analysis: hit.analysis.as_ref().map(|analysis| text(&analysis.details)),
            interaction: hit.callback.as_ref().map(|callback| InteractionRecord {
                protocol: callback.protocol.clone(),
                request: lossy(&callback.request),
                response: lossy(&callback.response),
                remote: callback.remote.clone(),
            }),
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
