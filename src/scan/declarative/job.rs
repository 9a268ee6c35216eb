//! A run of templates from start to end.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;

use super::alias::Aliases;
use super::fuzz::{fuzz, target_of};
use super::hit::Hit;
use super::kept::{Against, Waiting};
use super::listen::Callbacks;
use super::pending;
use super::report::Reporter;
use super::run::Run;
use super::shared::{Shared, Stop, TemplateOptions};
use super::tally::{Effort, Tallies};
use super::technology::{Seen, Technologies};
use crate::http::clock::Clock;
use crate::model::Event;
use crate::model::NoticeLevel;
use crate::model::Redactor;
use crate::model::Request;
use crate::model::RuleOutcome;
use crate::model::Seed;
use crate::model::Target;
use crate::model::TemplateTraffic;
use crate::rules::template::{Template, Workflow};
use crate::scan::traffic::Traffic;

/// Templates at once, unless the user says otherwise.
const CONCURRENCY: usize = 25;

/// How often calls from outside are looked for.
const POLL: Duration = Duration::from_millis(250);

/// Why templates are left out where technologies decide.
const OTHER_TECHNOLOGY: &str = "other-technology";

/// How long calls are waited for when everything has been sent.
const COOL_DOWN: Duration = Duration::from_secs(5);

/// What is to run.
pub(crate) struct TemplateJob {
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) templates: Vec<Arc<Template>>,
    pub(crate) workflows: Vec<Workflow>,
    pub(crate) targets: Vec<Target>,
    /// Requests that are known already, for templates that change such.
    pub(crate) known: Vec<Request>,
    pub(crate) options: TemplateOptions,
    pub(crate) detectors: Option<Vec<Arc<Template>>>,
    pub(crate) callbacks: Option<Arc<dyn Callbacks>>,
    pub(crate) redactor: Redactor,
    pub(crate) aliases: Aliases,
    pub(crate) seed: Seed,
    pub(crate) clock: Clock,
}

pub(super) struct Runner {
    pub(super) shared: Shared,
    pub(super) all: Vec<Arc<Template>>,
    technologies: Option<Technologies>,
    reporter: Mutex<Reporter>,
    pub(super) tallies: Tallies,
    /// Templates whose calls from outside may still come, where outcomes are kept.
    pub(super) waiting: Mutex<Vec<Waiting>>,
}

/// Runs everything; gives an outcome for each template. Ends early when the run does.
pub(crate) async fn run_templates(job: TemplateJob) -> Vec<RuleOutcome> {
    let is_global = |template: &Arc<Template>| template.is_global();
    let (global, all): (Vec<_>, Vec<_>) = job.templates.into_iter().partition(is_global);
    let used = if job.options.global_matchers { global.clone() } else { Vec::new() };
    let concurrency = match job.options.concurrency {
        0 => CONCURRENCY,
        some => some,
    };
    let runner = Arc::new(Runner {
        shared: Shared::new(job.traffic, job.options, job.callbacks, used, job.seed, job.clock),
        reporter: Mutex::new(Reporter::new(job.redactor, job.aliases)),
        tallies: Tallies::default(),
        technologies: job.detectors.map(|detectors| Technologies::new(&detectors)),
        waiting: Mutex::new(Vec::new()),
        all,
    });
    let workflows = Arc::new(job.workflows);
    let mut running = JoinSet::new();
    if runner.shared.options.by_template {
        for template in runner.in_order() {
            for target in &job.targets {
                runner.make_room(&mut running, concurrency).await;
                runner.start(&mut running, &template, target);
            }
        }
    }
    for target in &job.targets {
        let is_done = runner.shared.options.by_template;
        let fitting = if is_done { Vec::new() } else { runner.fitting(target).await };
        for template in fitting {
            runner.make_room(&mut running, concurrency).await;
            runner.start(&mut running, &template, target);
        }
        for index in 0..workflows.len() {
            runner.make_room(&mut running, concurrency).await;
            let (runner, workflows, target) =
                (Arc::clone(&runner), Arc::clone(&workflows), target.clone());
            running.spawn(async move {
                let _ended = runner.workflow(&workflows[index], &target).await;
            });
        }
    }
    for request in job.known {
        for template in runner.all.iter().filter(|template| template.is_fuzzing()) {
            runner.make_room(&mut running, concurrency).await;
            let (runner, template, request) =
                (Arc::clone(&runner), Arc::clone(template), request.clone());
            running.spawn(async move {
                let hits = runner.changes(&template, &request).await;
                runner.tell(hits).await;
            });
        }
    }
    while !running.is_empty() {
        runner.finish_one(&mut running).await;
    }
    runner.cool_down().await;
    runner.conclude(&global).await
}

impl Runner {
    /// Those that send one request come first, sorted by it, so that templates that ask alike run one
    /// after the other and one answer serves them all.
    fn in_order(&self) -> Vec<Arc<Template>> {
        let mut order: Vec<_> =
            self.all.iter().filter(|template| !template.is_only_fuzzing()).cloned().collect();
        order.sort_by_cached_key(|template| template.sort_key());
        order
    }

    /// What runs against a target: everything, or what may fit the technologies that are seen there.
    async fn fitting(&self, target: &Target) -> Vec<Arc<Template>> {
        let mut order = self.in_order();
        let Some(technologies) = &self.technologies else { return order };
        let mut seen = Seen::default();
        for detector in &technologies.detectors {
            // Why one came to its end stands in its tally.
            let Ok(hits) = self.one(detector, target).await else { continue };
            seen.add(&hits);
            let rest = order.len();
            order.retain(|template| !Arc::ptr_eq(template, detector));
            // Who was not asked for helps, and does not report.
            if order.len() < rest {
                self.tell(hits).await;
            }
        }
        let (out, fitting): (Vec<_>, Vec<_>) =
            order.into_iter().partition(|template| technologies.rule_out(template, &seen));
        for template in &out {
            self.shared.count_many(OTHER_TECHNOLOGY, template.request_total());
            self.tallies.rule_out(template);
        }
        let names = seen.list();
        let text = format!(
            "rules: {} is built with {}; {} templates for other technologies are left out",
            target.origin,
            if names.is_empty() { "nothing known".to_owned() } else { names.join(", ") },
            out.len()
        );
        self.shared.traffic.notice(NoticeLevel::Info, text).await;
        fitting
    }

    async fn make_room(&self, running: &mut JoinSet<()>, most: usize) {
        while running.len() >= most {
            self.finish_one(running).await;
        }
    }

    async fn finish_one(&self, running: &mut JoinSet<()>) {
        tokio::select! {
            finished = running.join_next() => {
                if let Some(Err(fault)) = finished {
                    let text = format!("rules: a template failed by a fault of ours: {fault}");
                    self.shared.traffic.notice(NoticeLevel::Error, text).await;
                }
            }
            () = tokio::time::sleep(POLL) => self.poll().await,
        }
    }

    async fn poll(&self) {
        let mut hits = pending::poll(&self.shared);
        hits.append(&mut self.shared.global_hits.lock().expect("no holder panics"));
        self.keep_wanted(&mut hits);
        for hit in &hits {
            self.tallies.match_later(&hit.template, 1);
            self.note_call(hit);
        }
        self.tell(hits).await;
    }

    fn start(
        self: &Arc<Self>,
        running: &mut JoinSet<()>,
        template: &Arc<Template>,
        target: &Target,
    ) {
        let (runner, template, target) = (Arc::clone(self), Arc::clone(template), target.clone());
        running.spawn(async move { runner.template(&template, &target).await });
    }

    /// Takes out what the user does not want to hear of.
    fn keep_wanted(&self, hits: &mut Vec<Hit>) {
        let excluded = &self.shared.options.excluded;
        hits.retain(|hit| !excluded.has(&hit.template.info.id, hit.matcher_name.as_deref()));
    }

    async fn template(&self, template: &Arc<Template>, target: &Target) {
        if let Ok(hits) = self.one(template, target).await {
            self.tell(hits).await;
        }
    }

    /// Runs one on a known request; its results are counted, not told.
    async fn changes(&self, template: &Arc<Template>, request: &Request) -> Vec<Hit> {
        let key = self.key(template, Against::Known(request));
        if let Some(hits) = self.earlier(key, template) {
            return hits;
        }
        self.tallies.begin(template);
        let effort = Effort::default();
        let (mut hits, ended) = fuzz(&self.shared, template, request, &effort).await;
        self.keep_wanted(&mut hits);
        self.tallies.add(template, &effort, hits.len() as u64, ended.err());
        let target = target_of(request);
        self.keep(key, (&**template, &target), &effort, &hits, ended.err()).await;
        hits
    }

    /// Runs one; its results are counted, not told.
    pub(super) async fn one(
        &self,
        template: &Arc<Template>,
        target: &Target,
    ) -> Result<Vec<Hit>, Stop> {
        let key = self.key(template, Against::Target(target));
        if let Some(hits) = self.earlier(key, template) {
            return Ok(hits);
        }
        self.tallies.begin(template);
        let mut run = Run::new(&self.shared, template, target);
        let ended =
            if self.shared.traffic.is_stopping() { Err(Stop::Stopped) } else { run.run().await };
        let mut hits = std::mem::take(&mut run.hits);
        self.keep_wanted(&mut hits);
        self.tallies.add(template, &run.effort, hits.len() as u64, ended.err());
        self.keep(key, (&**template, target), &run.effort, &hits, ended.err()).await;
        match ended {
            // What was found before the end counts.
            Err(stop) if hits.is_empty() => Err(stop),
            Ok(()) | Err(_) => Ok(hits),
        }
    }

    /// Tells results as findings, and each one for itself.
    pub(super) async fn tell(&self, hits: Vec<Hit>) {
        for hit in hits {
            if !self.shared.has_room() {
                self.shared.untold.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let events =
                self.reporter.lock().expect("no holder panics").events(&hit, self.shared.clock);
            if !events.iter().any(|event| matches!(event, Event::Finding(_))) {
                self.shared.untold.fetch_add(1, Ordering::Relaxed);
            }
            for event in events {
                self.shared.traffic.event(event).await;
            }
        }
    }

    /// Waits for calls that may still come.
    async fn cool_down(&self) {
        let start = self.shared.clock.now();
        let most = self.shared.options.cool_down.unwrap_or(COOL_DOWN);
        loop {
            self.poll().await;
            if self.shared.pending.lock().expect("no holder panics").is_empty() {
                return self.keep_waiting().await;
            }
            let waited = self.shared.clock.now().saturating_sub(start);
            if waited >= most || self.shared.traffic.is_stopping() {
                break;
            }
            tokio::time::sleep(POLL).await;
        }
        if let Some(callbacks) = &self.shared.callbacks {
            callbacks.settle().await;
            self.poll().await;
        }
        if !self.shared.traffic.is_stopping() {
            self.keep_waiting().await;
        }
    }

    async fn conclude(&self, global: &[Arc<Template>]) -> Vec<RuleOutcome> {
        let shared = &self.shared;
        let spared = shared.answers.spared.load(Ordering::Relaxed);
        let sent = shared.sent.load(Ordering::Relaxed);
        if sent + spared > 0 {
            let failed = shared.failed.load(Ordering::Relaxed);
            let text = format!(
                "rules: {} templates, {sent} requests sent ({failed} without an answer), {spared} \
                 more answered by those",
                self.all.len()
            );
            shared.traffic.notice(NoticeLevel::Info, text).await;
        }
        let replayed = shared.replayed.load(Ordering::Relaxed);
        if replayed > 0 {
            let text = format!("rules: {replayed} templates were done in the earlier run");
            shared.traffic.notice(NoticeLevel::Info, text).await;
        }
        let left_out = shared.left_out.lock().expect("no holder panics").clone();
        if !left_out.is_empty() {
            let list: Vec<String> =
                left_out.iter().map(|(why, count)| format!("{count} {why}")).collect();
            let text = format!("rules: requests that were not sent: {}", list.join(", "));
            shared.traffic.notice(NoticeLevel::Warning, text).await;
        }
        let traffic = TemplateTraffic {
            requests: sent,
            unanswered: shared.failed.load(Ordering::Relaxed),
            shared: spared,
            unsent: left_out.into_iter().map(|(why, count)| (why.to_owned(), count)).collect(),
            untold: shared.untold.load(Ordering::Relaxed),
        };
        shared.traffic.event(Event::TemplatesFinished(Box::new(traffic))).await;
        self.all.iter().chain(global).map(|template| self.tallies.outcome(template)).collect()
    }
}

/// What the rules say about themselves, for the report.
pub(crate) fn declarations(templates: &[Arc<Template>]) -> impl Iterator<Item = Event> + '_ {
    templates.iter().map(|template| Event::RuleDeclared(template.info.meta()))
}
