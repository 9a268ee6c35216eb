//! The plan's secrets taken out of events: what a target, a path or an error may bring into texts
//! that nobody has redacted as evidence.

use super::bottleneck::Bottleneck;
use super::capacity::SearchEnd;
use super::comparison::{Comparison, Subject};
use super::event::Event;
use super::event::StopReason;
use super::finding::Finding;
use super::load::{SeriesMeta, SeriesWindow};
use super::redact::Redactor;
use super::template::TemplateResult;
use super::verdict::Verdict;

impl Event {
    /// Masks the secrets in texts that come from elsewhere than the plan. Names that the plan gives
    /// (of scenarios, requests, thresholds) stay, because selectors refer to them.
    pub fn mask(&mut self, redactor: &Redactor) {
        if redactor.is_empty() {
            return;
        }
        let mask = |text: &mut String| *text = redactor.text(text);
        match self {
            Self::RunStarted(info) => mask(&mut info.target),
            Self::LoadDeclared { series, .. } => {
                for SeriesMeta { path_template, url, .. } in series {
                    [path_template, url].into_iter().for_each(mask);
                }
            }
            Self::LoadWindow(window) => window.series.iter_mut().for_each(|one| one.mask(redactor)),
            Self::LoadFinished(totals) => {
                totals.series.iter_mut().for_each(|one| one.mask(redactor));
            }
            Self::Operation(operation) => {
                mask(&mut operation.path_template);
                operation.skipped.iter_mut().for_each(mask);
            }
            Self::OperationMerged { from, into, .. } => [from, into].into_iter().for_each(mask),
            Self::UrlFound(url) => mask(url),
            Self::TemplateResult(result) => result.mask(redactor),
            Self::TemplatesLoaded(library) => {
                let texts =
                    library.refused.iter_mut().flat_map(|one| [&mut one.path, &mut one.message]);
                texts.for_each(mask);
            }
            Self::SiteNode(node) => node.mask(redactor),
            Self::AccessMatrix(matrix) => {
                let rows = matrix.operations.iter_mut().map(|row| &mut row.path_template);
                rows.chain(&mut matrix.vanished).for_each(mask);
            }
            Self::RuleFinished(outcome) => outcome.skipped.iter_mut().for_each(mask),
            Self::Finding(finding) => finding.mask(redactor),
            Self::ScanFailure { url, failure } => {
                [url, &mut failure.detail].into_iter().for_each(mask);
            }
            Self::Session(session) => {
                session.verified.iter_mut().chain(&mut session.reason).for_each(mask);
            }
            Self::Notice(notice) => mask(&mut notice.text),
            Self::Stopping(
                StopReason::Interrupted(text)
                | StopReason::Safety(text)
                | StopReason::Threshold(text)
                | StopReason::Blocked(text),
            ) => mask(text),
            Self::Validity(validity) => {
                validity.problems.iter_mut().chain(&mut validity.warnings).for_each(mask);
            }
            Self::Capacity(capacity) => {
                if let SearchEnd::CutShort(why) = &mut capacity.end {
                    mask(why);
                }
            }
            Self::Comparison(comparison) => comparison.mask(redactor),
            Self::Bottlenecks(found) => found.iter_mut().for_each(|one| one.mask(redactor)),
            Self::Verdict(Verdict { reasons, .. }) => {
                reasons.iter_mut().map(|reason| &mut reason.text).for_each(mask);
            }
            Self::PhaseStarted(_)
            | Self::PhaseFinished(_)
            | Self::LoadChanged(_)
            | Self::ScanWindow(_)
            | Self::CrawlFinished { .. }
            | Self::TemplatesFinished(_)
            | Self::RuleDeclared(_)
            | Self::Thresholds(_) => {}
        }
    }
}

impl TemplateResult {
    fn mask(&mut self, redactor: &Redactor) {
        let own = [
            &mut self.target,
            &mut self.matched_at,
            &mut self.request,
            &mut self.response,
            &mut self.curl,
        ];
        let payloads = self.payloads.iter_mut().map(|(_, value)| value);
        let interaction = self.interaction.iter_mut();
        let calls = interaction.flat_map(|call| [&mut call.request, &mut call.response]);
        let said = self.extracted.iter_mut().chain(&mut self.analysis);
        let all = own.into_iter().chain(said).chain(payloads).chain(calls);
        all.for_each(|text| *text = redactor.text(text));
        let points = self.point.iter_mut();
        points.for_each(|point| point.name = redactor.text(&point.name));
    }
}

impl Comparison {
    fn mask(&mut self, redactor: &Redactor) {
        let runs = [&mut self.old, &mut self.new].into_iter();
        let runs = runs.flat_map(|run| std::iter::once(&mut run.target).chain(&mut run.problems));
        let subjects = self.changes.iter_mut().map(|change| &mut change.subject);
        let subjects = subjects.chain(self.left_out.iter_mut().map(|one| &mut one.subject));
        let paths = subjects.filter_map(|subject| match subject {
            Subject::Endpoint { path_template, .. } => Some(path_template),
            Subject::Whole | Subject::Scan => None,
        });
        let found = self.findings.iter_mut().map(|finding| &mut finding.path_template);
        let all = runs.chain(paths).chain(found).chain(&mut self.caveats);
        all.for_each(|text| *text = redactor.text(text));
    }
}

impl Bottleneck {
    fn mask(&mut self, redactor: &Redactor) {
        let texts = self.numbers.iter_mut().chain(&mut self.backend).chain([&mut self.advice]);
        texts.for_each(|text| *text = redactor.text(text));
        if let Subject::Endpoint { path_template, .. } = &mut self.subject {
            *path_template = redactor.text(path_template);
        }
    }
}

impl SeriesWindow {
    fn mask(&mut self, redactor: &Redactor) {
        let exemplars = self.tally.exemplars.iter_mut();
        for (_, detail) in exemplars.filter_map(|exemplar| exemplar.failure.as_mut()) {
            *detail = redactor.text(detail);
        }
        for observed in &mut self.tally.observed {
            observed.value = redactor.text(&observed.value);
        }
        for drawn in self.tally.sampled.all_mut() {
            let server = drawn.signals.server.iter_mut().map(|part| &mut part.name);
            let told = server.chain(&mut drawn.signals.backend);
            told.for_each(|text| *text = redactor.text(text));
        }
    }
}

impl Finding {
    fn mask(&mut self, redactor: &Redactor) {
        let texts = [&mut self.url, &mut self.path_template, &mut self.detail, &mut self.reproduce];
        for text in texts.into_iter().chain(&mut self.payloads) {
            *text = redactor.text(text);
        }
        let also = self.also.iter_mut().map(|it| &mut it.point);
        let points = self.insertion_point.iter_mut().chain(also);
        points.for_each(|point| point.name = redactor.text(&point.name));
    }
}
