//! Logins that are lost while load goes on: told when it happens, not when load is over.

use std::sync::Mutex;
use std::sync::PoisonError;

use super::expand::LoginProgram;
use super::ledger::LoginCounts;
use super::ledger::reports;
use crate::model::SessionReport;

/// Losses of all shards.
#[derive(Debug, Default)]
pub(in crate::load) struct Losses(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// By shard, then by login: how they stood at the last loss.
    counts: Vec<Vec<LoginCounts>>,
    has_news: bool,
    /// By login: that somebody has lost it, and that nobody has it, were told.
    told: Vec<(bool, bool)>,
}

/// What there is to tell of a login.
#[derive(Debug)]
pub(in crate::load) struct Told {
    /// Its number.
    pub(in crate::load) login: u32,
    /// How it stands.
    pub(in crate::load) report: SessionReport,
    /// Somebody has lost it for the first time.
    pub(in crate::load) is_first: bool,
    /// Nobody has it any more, which was not told yet.
    pub(in crate::load) is_over: bool,
}

impl Losses {
    /// On that shard, logins stand like this.
    pub(super) fn tell(&self, shard: usize, counts: Vec<LoginCounts>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.counts.len() <= shard {
            state.counts.resize(shard + 1, Vec::new());
        }
        state.counts[shard] = counts;
        state.has_news = true;
    }

    /// What was lost since the last call; `before` are counts from before load.
    pub(in crate::load) fn take(
        &self,
        logins: &[LoginProgram],
        before: &[LoginCounts],
    ) -> Vec<Told> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::take(&mut state.has_news) {
            return Vec::new();
        }
        let mut all = state.counts.clone();
        all.push(before.to_vec());
        let is_over = |login: usize| {
            all.iter().any(|shard| shard.get(login).is_some_and(|counts| counts.is_over))
        };
        state.told.resize(logins.len(), (false, false));
        let mut news = Vec::new();
        for (number, report) in reports(logins, &all).into_iter().enumerate() {
            if report.lost == 0 {
                continue;
            }
            let told = &mut state.told[number];
            let (is_first, is_over) = (!told.0, is_over(number) && !told.1);
            *told = (true, told.1 || is_over);
            let login = u32::try_from(number).expect("fewer logins than 2^32");
            news.push(Told { login, report, is_first, is_over });
        }
        news
    }
}
