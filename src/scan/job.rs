//! A scan from start to end: crawl, then checks, told as events.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::sync::OnceCell;
use tokio::sync::mpsc;

use super::active::Active;
use super::active::Selected;
use super::active::run_active;
use super::asking::Asking;
use super::browse::Stage;
use super::checks;
use super::crawl::CrawlJob;
use super::crawl::Crawled;
use super::crawl::crawl as run_crawl;
use super::declarative::Aliases;
use super::declarative::CallbackSource;
use super::declarative::Callbacks;
use super::declarative::OwnListener;
use super::declarative::TemplateJob;
use super::declarative::Templates;
use super::declarative::declarations;
use super::declarative::run_templates;
use super::described::Describer;
use super::interactsh::CallbackServer;
use super::inventory;
use super::ledger::Ledger;
use super::oob::Listener;
use super::passive::Passive;
use super::persona::Persona;
use super::probe::Means;
use super::probe::NativeCheck;
use super::probe::Pace;
use super::probe::Swept;
use super::record::Memory;
use super::record::Record;
use super::session::Keeper;
use super::session::Keeping;
use super::site::Site;
use super::traffic::Traffic;
use super::traffic::TrafficParts;
use super::unbound::seeds;
use super::wire::Wire;
use crate::flow::auth::Who;
use crate::http::clock::Clock;
use crate::model::Event;
use crate::model::EventSender;
use crate::model::Guessed;
use crate::model::NoticeLevel;
use crate::model::Phase;
use crate::model::Redactor;
use crate::model::Request;
use crate::model::RuleMeta;
use crate::model::RuleOutcome;
use crate::model::StopToken;
use crate::model::Target;
use crate::model::plural;
use crate::plan::Plan;
use crate::plan::ScanSettings;
use crate::rules::Registry;

/// The target's name in fingerprints; plans with several targets will name them.
pub const ORIGIN_ALIAS: &str = "default";

/// Messages on the way to the ledger.
const LEARNT_CAPACITY: usize = 256;

/// The check that the plan's races are for.
const RACE: &str = "race";

/// Ids of the checks written in Rust, in the order in which they run.
pub fn native_check_ids() -> Vec<&'static str> {
    checks::all().iter().map(NativeCheck::id).collect()
}

/// What is told of the addresses in scope that a crawl learnt of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// How many there are.
    Counted,
    /// Each, and how many.
    Listed,
}

/// What a scan needs.
#[derive(Clone)]
pub struct ScanJob {
    /// What to do; without [`Plan::scan`] nothing is done.
    pub plan: Arc<Plan>,
    /// The rules.
    pub registry: Arc<Registry>,
    /// The way to the target: [`crate::http::Client`], which holds timeouts and the rate cap.
    pub wire: Arc<dyn Wire>,
    /// Shows the time since the run's start.
    pub clock: Clock,
    /// For evidence.
    pub redactor: Redactor,
    /// Answers of an earlier run, and where those of this one are kept.
    pub record: Option<Arc<Record>>,
    /// Whether somebody wants to hear of each address.
    pub addresses: Addresses,
    /// The browser's program; without it, a plan that asks for a browser is told that there is none.
    pub browser: Option<PathBuf>,
    /// Templates that send requests.
    pub templates: Option<Arc<Templates>>,
    /// Where calls from outside are waited for; `None` is nowhere.
    pub callbacks: Option<CallbackSource>,
    /// The session at the server that [`Self::callbacks`] names for calls from outside.
    pub callback_server: Option<Arc<CallbackServer>>,
}

/// Crawls and checks until done or stopped; everything learnt goes to `events`.
///
/// Ends within the plan's bounds whatever the target does. Cancel safe: dropping the future ends the
/// scan with what has been reported so far.
pub async fn run(job: ScanJob, events: EventSender, stop: StopToken) {
    let checks = checks::all();
    run_with(job, checks, events, stop).await;
}

/// Crawls only; gives the site model. Passive rules run too.
///
/// Cancel safe as [`run`].
pub async fn crawl(job: ScanJob, events: EventSender, stop: StopToken) -> Site {
    let Some(settings) = job.plan.scan.clone() else { return Site::default() };
    let (engine, ledger) = Engine::start(&job, settings, events, stop);
    let crawled = if engine.traffic.log_in().await {
        Box::pin(engine.crawl(&job)).await
    } else {
        Crawled {
            site: Site::default(),
            complete: false,
            skipped: Vec::new(),
            guessed: Guessed::default(),
        }
    };
    engine.traffic.conclude_login().await;
    engine.traffic.conclude_walls().await;
    drop(engine);
    ledger.await.map_or_else(|fault| std::panic::resume_unwind(fault.into_panic()), drop);
    crawled.site
}

pub(super) async fn run_with(
    job: ScanJob,
    checks: Vec<NativeCheck>,
    events: EventSender,
    stop: StopToken,
) {
    let Some(settings) = job.plan.scan.clone() else { return };
    let (engine, ledger) = Engine::start(&job, settings, events.clone(), stop);
    for meta in job.registry.scanned() {
        engine.traffic.event(Event::RuleDeclared(meta.clone())).await;
    }
    if let Some(templates) = &job.templates {
        let library = Box::new(templates.library.clone());
        engine.traffic.event(Event::TemplatesLoaded(library)).await;
        for declaration in declarations(&templates.templates) {
            engine.traffic.event(declaration).await;
        }
    }
    let only_templates = job.templates.as_ref().is_some_and(|templates| templates.only);
    if !only_templates {
        engine.announce_races(&job.registry).await;
    }
    let outcomes = if engine.traffic.log_in().await {
        // Boxed: with it, the future of a scan would be too large for a stack.
        let site =
            if only_templates { Site::default() } else { Box::pin(engine.crawl(&job)).await.site };
        let site = Arc::new(site.settled());
        engine.traffic.event(Event::PhaseStarted(Phase::Scan)).await;
        let mut outcomes = if only_templates {
            Vec::new()
        } else {
            Box::pin(engine.check(&job, checks, &site)).await
        };
        if !only_templates && engine.settings.is_active() {
            let job = Asking {
                traffic: &engine.traffic,
                registry: &job.registry,
                target: &job.plan.target,
                concurrency: engine.settings.concurrency,
            };
            job.run(&site).await;
        }
        outcomes.extend(engine.templates(&job, &site).await);
        engine.traffic.conclude_login().await;
        engine.traffic.conclude_walls().await;
        Some(outcomes)
    } else {
        None
    };
    drop(engine);
    let passive = match ledger.await {
        Ok(passive) => passive,
        // A bug of ours: let it be seen where the engine was started.
        Err(fault) => std::panic::resume_unwind(fault.into_panic()),
    };
    // Who could not log in has not begun.
    let Some(mut outcomes) = outcomes else { return none_ran(&job, &events).await };
    outcomes.extend(job.registry.passive().iter().map(|rule| RuleOutcome {
        id: rule.meta().id.clone(),
        requests: passive.asked(&rule.meta().id),
        matched: passive.matched(&rule.meta().id),
        errors: 0,
        skipped: None,
    }));
    for outcome in outcomes {
        let _gone = events.send(Event::RuleFinished(outcome)).await;
    }
    let _gone = events.send(Event::PhaseFinished(Phase::Scan)).await;
}

/// The parts that work during a scan; when it is dropped, the ledger comes to its end.
struct Engine {
    traffic: Arc<Traffic>,
    settings: ScanSettings,
    /// Who waits for calls from outside, once somebody needs it.
    callbacks: OnceCell<Option<Arc<dyn Callbacks>>>,
}

impl Engine {
    fn start(
        job: &ScanJob,
        settings: ScanSettings,
        events: EventSender,
        stop: StopToken,
    ) -> (Self, tokio::task::JoinHandle<Passive>) {
        let (learnt, received) = mpsc::channel(LEARNT_CAPACITY);
        let traffic = Arc::new(Traffic::new(TrafficParts {
            wire: Arc::clone(&job.wire),
            memory: memory(job),
            scope: job.plan.scope.clone(),
            concurrency: settings.concurrency,
            learnt,
            headers: job.plan.connection.headers.clone(),
            clock: job.clock,
            keeper: job.plan.sessions.scan.map(|who| keeper(job, &stop, who)),
            others: others(job, &stop),
            stop,
        }));
        let passive = Passive::new(Arc::clone(&job.registry), job.redactor.clone(), ORIGIN_ALIAS);
        let ledger = Ledger::new(events, job.clock, Arc::clone(&traffic.progress), passive);
        let callbacks = OnceCell::new();
        (Self { traffic, settings, callbacks }, tokio::spawn(ledger.run(received)))
    }

    async fn crawl(&self, job: &ScanJob) -> Crawled {
        self.traffic.event(Event::PhaseStarted(Phase::Crawl)).await;
        // Boxed: it is too large for a stack.
        let crawled = Box::pin(run_crawl(CrawlJob {
            traffic: Arc::clone(&self.traffic),
            start: job.plan.target.clone(),
            seeds: seeds(&job.plan, &self.traffic).await,
            settings: self.settings.crawl.clone(),
            concurrency: self.settings.concurrency,
            allow_unsafe: self.settings.allow_unsafe,
            seed: job.plan.seed.derive("crawl"),
            describer: Describer::new(&self.settings, job.plan.seed),
            browser: self.browser(job).await,
        }))
        .await;
        // Two methods of one address are one of its lines.
        let mut known = HashSet::new();
        for url in crawled.site.urls().filter(|url| known.insert(*url)) {
            if job.addresses == Addresses::Listed {
                self.traffic.event(Event::UrlFound(url.to_owned())).await;
            }
        }
        let urls = known.len() as u64;
        for node in crawled.site.nodes() {
            let node = inventory::site_node(node, &job.redactor);
            self.traffic.event(Event::SiteNode(Box::new(node))).await;
        }
        let nodes = crawled.site.len() as u64;
        let complete = crawled.complete;
        self.traffic
            .event(Event::CrawlFinished {
                nodes,
                urls,
                complete,
                skipped: crawled.skipped.clone(),
                guessed: crawled.guessed,
            })
            .await;
        self.traffic.event(Event::PhaseFinished(Phase::Crawl)).await;
        crawled
    }

    /// The browser, where the plan asks for one.
    async fn browser(&self, job: &ScanJob) -> Option<PathBuf> {
        self.settings.crawl.browser.as_ref()?;
        if job.browser.is_none() {
            let text = "crawl: there is no browser, so pages are read and not shown";
            self.traffic.notice(NoticeLevel::Error, text.to_owned()).await;
        }
        job.browser.clone()
    }

    /// A browser for checks, started when one needs it.
    fn stage(&self, program: PathBuf) -> Arc<Mutex<Stage>> {
        let traffic = Arc::clone(&self.traffic);
        Arc::new(Mutex::new(Stage::new(program, traffic, self.settings.allow_unsafe)))
    }

    /// Runs what the plan asks for; gives an outcome for every native rule of the registry.
    async fn check(
        &self,
        job: &ScanJob,
        checks: Vec<NativeCheck>,
        site: &Arc<Site>,
    ) -> Vec<RuleOutcome> {
        let mut selected = Vec::new();
        let mut outcomes = Vec::new();
        for id in &self.settings.active {
            if job.registry.meta(id).is_none() || checks.iter().all(|check| check.id() != id) {
                let text = format!("scan: there is no active check `{id}`");
                self.traffic.notice(NoticeLevel::Warning, text).await;
            }
        }
        for check in checks {
            let Some(meta) = job.registry.meta(check.id()).cloned() else { continue };
            if !self.is_chosen(&meta) {
                outcomes.push(not_run(&meta.id, !self.settings.is_active()));
            } else if let Some(why) = check.left_out(&self.settings.probing) {
                outcomes.push(skipped(&meta.id, why));
            } else {
                selected.push(Selected { check, meta });
            }
        }
        if !selected.is_empty() {
            let means = Means {
                traffic: Arc::clone(&self.traffic),
                callbacks: self.callbacks(job).await,
                probing: Arc::new(self.settings.probing.clone()),
                plan: Arc::clone(&job.plan),
                seed: job.plan.seed.derive("active"),
                allow_unsafe: self.settings.allow_unsafe,
                swept: Swept::default(),
                stage: job.browser.clone().map(|program| self.stage(program)),
                pace: Pace::default(),
            };
            let active = Active {
                means,
                checks: selected,
                redactor: job.redactor.clone(),
                origin_alias: ORIGIN_ALIAS.to_owned(),
                concurrency: self.settings.concurrency,
            };
            outcomes.extend(run_active(active, site).await);
        }
        outcomes
    }
}

impl Engine {
    /// Whether the plan asks for a check.
    fn is_chosen(&self, meta: &RuleMeta) -> bool {
        self.settings.active.contains(&meta.id) || self.settings.chooses(&meta.tags)
    }

    /// What races may come to, before anything is sent.
    async fn announce_races(&self, registry: &Registry) {
        let races = &self.settings.probing.races;
        let is_chosen = registry.meta(RACE).is_some_and(|meta| self.is_chosen(meta));
        if !is_chosen && !races.is_empty() {
            let text = format!("scan: the plan has races, but `{RACE}` is no active check");
            self.traffic.notice(NoticeLevel::Info, text).await;
            return;
        }
        for race in races {
            let most = plural(race.most_requests(), "request", "requests");
            let text = format!("race `{}`: at most {most}", race.name);
            self.traffic.notice(NoticeLevel::Info, text).await;
        }
    }

    /// Who waits for calls from outside, if somebody is to; why nobody does is said.
    async fn callbacks(&self, job: &ScanJob) -> Option<Arc<dyn Callbacks>> {
        self.callbacks.get_or_init(|| self.listen(job)).await.clone()
    }

    async fn listen(&self, job: &ScanJob) -> Option<Arc<dyn Callbacks>> {
        let options = match job.callbacks.clone()? {
            CallbackSource::Listener(options) => options,
            CallbackSource::Server(_) => {
                return job.callback_server.clone().map(|server| server as Arc<dyn Callbacks>);
            }
        };
        match Listener::start(options).await {
            Ok(listener) => Some(Arc::new(OwnListener::new(listener))),
            Err(error) => {
                let text = format!("rules: nobody waits for calls from outside: {error}");
                self.traffic.notice(NoticeLevel::Error, text).await;
                None
            }
        }
    }

    /// Runs the templates, if there are any.
    async fn templates(&self, job: &ScanJob, site: &Site) -> Vec<RuleOutcome> {
        let nothing = Templates::default();
        let templates = job.templates.as_deref().unwrap_or(&nothing);
        let mut all = templates.templates.clone();
        // Rules of the registry ask for what nobody has linked to, which is not for the safe mode.
        let own = job.registry.templates();
        let mut outcomes = Vec::new();
        if self.settings.is_active() {
            all.extend(own.iter().map(|own| Arc::clone(&own.template)));
        } else {
            outcomes.extend(own.iter().map(|own| not_run(&own.meta.id, true)));
        }
        if all.is_empty() {
            return outcomes;
        }
        let targets = match templates.targets.as_slice() {
            [] => targets_of(&job.plan),
            targets => targets.to_vec(),
        };
        let known = if templates.only {
            let get = |target: &Target| {
                Request::get(target.origin.clone(), target.path_and_query.clone())
            };
            targets.iter().map(get).collect()
        } else {
            let reached = site.nodes().filter(|node| node.reached);
            reached.filter_map(|node| node.examples.first().cloned()).collect()
        };
        let ran = run_templates(TemplateJob {
            traffic: Arc::clone(&self.traffic),
            templates: all,
            workflows: templates.workflows.clone(),
            known,
            options: templates.options.clone(),
            detectors: templates.detectors.clone(),
            callbacks: self.callbacks(job).await,
            redactor: job.redactor.clone(),
            aliases: aliases(&job.plan, &targets),
            targets,
            seed: job.plan.seed.derive("templates"),
            clock: job.clock,
        })
        .await;
        outcomes.extend(ran);
        outcomes
    }
}

/// Those of the plan's targets that its scope has; what templates ask of them is judged for itself.
fn targets_of(plan: &Plan) -> Vec<Target> {
    let others = plan.other_targets.iter().map(|other| &other.target);
    let mut targets: Vec<Target> = Vec::new();
    for target in std::iter::once(&plan.target).chain(others) {
        let is_allowed = plan.scope.judge_origin(&target.origin).is_ok();
        if is_allowed && !targets.contains(target) {
            targets.push(target.clone());
        }
    }
    targets
}

/// What origins are called in fingerprints: as the plan calls them, so that a flaw is the same one
/// when staging moves to another port. Of several targets without a name each is itself.
fn aliases(plan: &Plan, targets: &[Target]) -> Aliases {
    let mut aliases = Aliases::default();
    let is_named = |target: &Target| {
        target.origin == plan.target.origin
            || plan.other_targets.iter().any(|other| other.target.origin == target.origin)
    };
    if targets.iter().all(is_named) {
        aliases.name(&plan.target.origin, ORIGIN_ALIAS);
        for other in &plan.other_targets {
            aliases.name(&other.target.origin, &other.name);
        }
    }
    aliases
}

/// What was answered before, if the run goes on from a file. Logins are not among it: they are done
/// anew.
fn memory(job: &ScanJob) -> Option<Memory> {
    let record = job.record.clone()?;
    let sessions = &job.plan.sessions;
    let whom = sessions.scan.map(|who| {
        let auth = sessions.auths.get(who.auth).map_or("", |auth| &auth.name);
        let identity = who.identity.and_then(|index| sessions.identities.get(index));
        format!("{auth}\n{}", identity.map_or("", |identity| &identity.name))
    });
    Some(Memory::new(record, job.redactor.clone(), whom.unwrap_or_default()))
}

/// The plan's identities other than the one that looks at the site; they log in when a check needs
/// them.
fn others(job: &ScanJob, stop: &StopToken) -> Vec<Persona> {
    let sessions = &job.plan.sessions;
    let own = sessions.scan.and_then(|who| who.identity);
    let others = sessions.identities.iter().enumerate().filter(|(index, _)| Some(*index) != own);
    others
        .map(|(index, identity)| {
            let who = Who { auth: identity.auth, identity: Some(index) };
            let keeper = keeper(job, stop, who);
            Persona::other(&identity.name, identity.role.clone(), Some(keeper))
        })
        .collect()
}

/// The login of somebody.
fn keeper(job: &ScanJob, stop: &StopToken, who: Who) -> Keeper {
    let plan = &job.plan;
    let around = Keeping {
        wire: Arc::clone(&job.wire),
        scope: plan.scope.clone(),
        stop: stop.clone(),
        clock: job.clock,
        redactor: job.redactor.clone(),
        seed: plan.seed.derive("login"),
        row: plan.data.first_rows().collect(),
        headers: plan.connection.headers.clone(),
    };
    Keeper::new(&plan.sessions, who, around)
}

/// Nobody was logged in, so no rule had anything to look at.
async fn none_ran(job: &ScanJob, events: &EventSender) {
    let templates = job.templates.iter().flat_map(|templates| &templates.templates);
    let templates = templates.map(|template| template.info.rule_id());
    for id in job.registry.scanned().map(|meta| meta.id.as_str()).chain(templates) {
        let skipped = Some("nobody could log in".to_owned());
        let outcome =
            RuleOutcome { id: id.to_owned(), requests: 0, matched: 0, errors: 0, skipped };
        let _gone = events.send(Event::RuleFinished(outcome)).await;
    }
}

fn not_run(id: &str, safe_mode: bool) -> RuleOutcome {
    let reason = if safe_mode { "safe mode: pass --active" } else { "not among the active checks" };
    skipped(id, reason)
}

fn skipped(id: &str, reason: &str) -> RuleOutcome {
    RuleOutcome {
        id: id.to_owned(),
        requests: 0,
        matched: 0,
        errors: 0,
        skipped: Some(reason.to_owned()),
    }
}
