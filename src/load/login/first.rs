//! The first logins, before load begins: one that works for nobody ends the run before anything else
//! is sent. What they give, the users have for whom they were made.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use super::expand::Expanded;
use super::expand::LoginProgram;
use super::ledger::LoginCounts;
use super::ledger::reports;
use super::slots::slot_of;
use crate::flow::Flow;
use crate::flow::Op;
use crate::flow::auth::Account;
use crate::http::CookieJar;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::load::collector::Collector;
use crate::load::engine::Engine;
use crate::load::engine::LoadJob;
use crate::load::engine::number_series;
use crate::load::error::LoadError;
use crate::load::live::LiveControl;
use crate::load::prelude::Given;
use crate::load::program::Program;
use crate::load::program::Purpose;
use crate::load::shard::Shard;
use crate::load::user::Doing;
use crate::load::user::Then;
use crate::load::watch::Watch;
use crate::model::SessionReport;
use crate::model::StopToken;
use crate::plan::Data;
use crate::plan::Executor;
use crate::plan::Plan;
use crate::plan::Scenario;

/// Users of one login who are tried: where many take turns, some speak for all.
const MOST: u64 = 5;

/// For all of them; each attempt has its own timeouts.
const LONGEST: Duration = Duration::from_secs(300);

/// A login from before load, for the user that it was made for.
#[derive(Debug)]
pub(in crate::load) struct Handed {
    login: u32,
    vu: u64,
    /// What it gave, or why it did not work.
    outcome: Result<Box<Gift>, String>,
}

/// What a login gives.
#[derive(Debug)]
struct Gift {
    account: Account,
    cookies: Option<Box<CookieJar>>,
}

/// What the first logins came to.
#[derive(Debug, Default)]
pub(in crate::load) struct FirstLogins {
    waiting: Mutex<Vec<Handed>>,
    /// By login.
    pub(in crate::load) counts: Vec<LoginCounts>,
}

/// What keeps load from beginning.
pub(in crate::load) enum NoLogin {
    /// Somebody who is needed cannot log in: how logins stand.
    Refused(Vec<SessionReport>),
    /// It could not be tried.
    Broken(LoadError),
}

impl From<LoadError> for NoLogin {
    fn from(error: LoadError) -> Self {
        Self::Broken(error)
    }
}

/// A login, and those who try it: the first user's number among all of the plan, and how many.
struct Trial {
    login: u32,
    request: usize,
    first_vu: u64,
    users: u32,
    /// Whether they are all that there are.
    is_everybody: bool,
}

/// Logs in whoever load will need.
///
/// # Errors
/// [`NoLogin`].
pub(in crate::load) fn log_in_first<R: Reactor>(
    job: &LoadJob,
    expanded: &Expanded<'_>,
    (start, unix_start): (Nanos, u64),
    reactor: &(impl Fn(usize) -> io::Result<R> + Sync),
    stop: &StopToken,
) -> Result<FirstLogins, NoLogin> {
    let trials = trials(expanded);
    if trials.is_empty() {
        return Ok(FirstLogins::default());
    }
    let alone = Expanded {
        plan: Cow::Owned(alone(&expanded.plan, &trials)),
        logins: expanded.logins.clone(),
        login_of: expanded.login_of.clone(),
    };
    let mut program = Program::compile(&alone, &Given::new())?;
    program.purpose = Purpose::LogIn;
    program.sampling = None;
    program.first_vu = trials.iter().map(|trial| trial.first_vu).collect();
    let budget = number_series(&mut program, &alone.plan, 1);
    let control = LiveControl::new(&job.plan);
    let engine = Engine::quiet(&program, (budget, 1), (start, unix_start), &control, stop);
    let mut collector = Collector::new(&program, budget.0.digits, 1, start, Watch::new(None));
    control.begin(start);
    let mut shards = engine.run_shards(reactor, &[], &mut collector)?;
    let shard = shards.remove(0);
    let hopeless = |trial: &Trial| {
        let mut own = shard.handed.iter().filter(|one| one.login == trial.login).peekable();
        trial.is_everybody && own.peek().is_some() && own.all(|one| one.outcome.is_err())
    };
    if trials.iter().any(hopeless) {
        return Err(NoLogin::Refused(reports(&program.logins, &[shard.logins])));
    }
    // Whoever was lost here is lost, and counted, when they are needed.
    let counts = shard.logins.into_iter();
    let counts = counts.map(|counts| LoginCounts { lost: 0, lost_since: None, ..counts });
    Ok(FirstLogins { waiting: Mutex::new(shard.handed), counts: counts.collect() })
}

/// One for each login that there is something to do for. Whoever logs in with a row of a file has
/// none yet.
fn trials(expanded: &Expanded<'_>) -> Vec<Trial> {
    let plan: &Plan = &expanded.plan;
    let trial = |(number, login): (usize, &LoginProgram)| {
        if !login.auth.has_login() || !login.auth.fed.is_empty() {
            return None;
        }
        let login_number = u32::try_from(number).expect("fewer logins than 2^32");
        let request = expanded.login_of.iter().position(|of| *of == Some(login_number))?;
        let (mut next_vu, mut first_vu, mut all) = (1, None, 0_u64);
        for scenario in &plan.scenarios {
            let users = u64::from(scenario.executor.max_vus());
            let mut sent = plan.flows[scenario.flow].requests();
            if sent.any(|request| expanded.login_of[request] == Some(login_number)) {
                first_vu = first_vu.or(Some(next_vu));
                all = all.saturating_add(users);
            }
            next_vu += users;
        }
        let different = (login.identities.len().max(1) as u64).min(all.max(1));
        Some(Trial {
            login: login_number,
            request,
            first_vu: first_vu?,
            users: u32::try_from(different.min(MOST)).expect("few"),
            is_everybody: different <= MOST,
        })
    };
    expanded.logins.iter().enumerate().filter_map(trial).collect()
}

/// The plan whose scenarios are the trials.
fn alone(plan: &Plan, trials: &[Trial]) -> Plan {
    let flow = |trial: &Trial| Flow { name: "login".to_owned(), ops: vec![Op::Use(trial.request)] };
    let scenario = |(index, trial): (usize, &Trial)| Scenario {
        name: format!("login {}", trial.login),
        flow: index,
        executor: Executor::PerVuIterations {
            vus: trial.users,
            iterations: 1,
            max_duration: LONGEST,
        },
        start_time: Duration::ZERO,
        graceful_stop: Duration::ZERO,
        warmup: false,
        tags: BTreeMap::new(),
        given: Vec::new(),
    };
    Plan {
        flows: trials.iter().map(flow).collect(),
        scenarios: trials.iter().enumerate().map(scenario).collect(),
        setup: None,
        teardown: None,
        data: Data::default(),
        scan: None,
        ..plan.clone()
    }
}

impl FirstLogins {
    fn take(&self, login: u32, vu: u64) -> Option<Handed> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let at = waiting.iter().position(|one| (one.login, one.vu) == (login, vu))?;
        Some(waiting.swap_remove(at))
    }
}

impl<R: Reactor> Shard<'_, R> {
    /// Takes what the user's first login gave, if it was made before load; whether it did.
    pub(super) fn take_first(&mut self, number: u32, now: Nanos) -> bool {
        let program = self.shared.program;
        let vu = self.users[number as usize].vu;
        let slot = slot_of(&mut self.users, number).expect("a login is wanted");
        let is_first = slot.logins == 0 && slot.failures == 0 && !slot.is_in;
        let ledger = &mut self.logins[slot.login as usize];
        let Some(handed) = self.shared.first.take(slot.login, vu).filter(|_| is_first) else {
            return false;
        };
        match handed.outcome {
            Ok(given) => {
                let auth = &program.logins[slot.login as usize].auth;
                (slot.account, slot.cookies) = (given.account, given.cookies);
                (slot.logins, slot.version, slot.proven) = (1, slot.version + 1, now);
                ledger.mark(slot, true);
                if auth.shared {
                    ledger.share(slot);
                }
                self.send_chosen(number, now);
            }
            Err(reason) => {
                ledger.counts.reason = Some(reason);
                self.give_up(number, now);
            }
        }
        true
    }

    /// What the login gave is for the user of the same number in load.
    pub(super) fn hand_over(&mut self, number: u32, now: Nanos) {
        let vu = self.users[number as usize].vu;
        if let Some(slot) = slot_of(&mut self.users, number) {
            let gift = Gift { account: slot.account.clone(), cookies: slot.cookies.clone() };
            self.handed.push(Handed { login: slot.login, vu, outcome: Ok(Box::new(gift)) });
        }
        self.users[number as usize].doing = Doing::Nothing;
        self.drive(number, Then::Step, now);
    }

    /// The same where there is nothing to hand over.
    pub(super) fn hand_over_loss(&mut self, number: u32) {
        if self.shared.program.purpose != Purpose::LogIn {
            return;
        }
        let vu = self.users[number as usize].vu;
        if let Some(slot) = slot_of(&mut self.users, number) {
            let reason = self.logins[slot.login as usize].counts.reason.clone();
            let outcome = Err(reason.unwrap_or_default());
            self.handed.push(Handed { login: slot.login, vu, outcome });
        }
    }
}
