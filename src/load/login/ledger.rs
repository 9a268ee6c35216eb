//! What a shard counts of logins, and what the report says of them all.

use std::time::Duration;

use super::expand::LoginProgram;
use super::slots::Slot;
use crate::flow::auth::Account;
use crate::http::CookieJar;
use crate::http::reactor::Nanos;
use crate::model::Phase;
use crate::model::SessionReport;

/// Of one login, on one shard.
#[derive(Debug, Clone, Default)]
pub(in crate::load) struct LoginCounts {
    pub(super) logins: u64,
    pub(super) relogins: u64,
    pub(super) failed: u64,
    pub(super) lost: u64,
    /// When the first one worked, the last proof was seen, and the first one was lost.
    pub(super) first: Option<Nanos>,
    pub(super) proven: Option<Nanos>,
    pub(super) lost_since: Option<Nanos>,
    pub(super) proof: String,
    pub(super) reason: Option<String>,
    /// Nobody has it any more, and nobody tries.
    pub(super) is_over: bool,
}

/// One login on one shard.
#[derive(Debug, Default)]
pub(in crate::load) struct LoginLedger {
    pub(in crate::load) counts: LoginCounts,
    /// Where all users share it: what it gave, how often it was renewed, and who sees to it.
    pub(super) shared: Option<(Account, Option<Box<CookieJar>>)>,
    pub(super) generation: u64,
    pub(super) leader: Option<u32>,
    /// Users who are logged in, and those lost since a login last worked.
    pub(super) holders: u64,
    pub(super) lost_in_a_row: u64,
    /// It is hopeless: whoever asks for it is lost at once.
    pub(super) is_lost: bool,
}

impl LoginLedger {
    /// Whether the user of that slot is logged in from now on.
    pub(super) fn mark(&mut self, slot: &mut Slot, is_in: bool) {
        if slot.is_in != is_in {
            let holders = if is_in { self.holders + 1 } else { self.holders.saturating_sub(1) };
            (slot.is_in, self.holders) = (is_in, holders);
        }
    }

    /// What the slot has is everybody's.
    pub(super) fn share(&mut self, slot: &mut Slot) {
        self.generation += 1;
        slot.generation = self.generation;
        self.leader = None;
        self.shared = Some((slot.account.clone(), slot.cookies.clone()));
    }
}

impl LoginCounts {
    pub(super) fn note_proof(&mut self, proof: String, now: Nanos) {
        if !proof.is_empty() {
            (self.proof, self.proven) = (proof, Some(now));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        let earlier = |one: Option<Nanos>, other: Option<Nanos>| one.into_iter().chain(other).min();
        self.logins += other.logins;
        self.relogins += other.relogins;
        self.failed += other.failed;
        self.lost += other.lost;
        self.is_over |= other.is_over;
        self.first = earlier(self.first, other.first);
        self.lost_since = earlier(self.lost_since, other.lost_since);
        if self.proven < other.proven {
            (self.proof, self.proven) = (other.proof.clone(), other.proven);
        }
        if self.reason.is_none() || other.lost > 0 {
            self.reason = other.reason.clone().or_else(|| self.reason.take());
        }
    }
}

/// What the report says; `shards` are the counts of each, by login.
pub(in crate::load) fn reports(
    logins: &[LoginProgram],
    shards: &[Vec<LoginCounts>],
) -> Vec<SessionReport> {
    let report = |(number, login): (usize, &LoginProgram)| {
        let mut all = LoginCounts::default();
        shards.iter().filter_map(|shard| shard.get(number)).for_each(|one| all.merge(one));
        let named = login.who.identity.and(login.identities.first());
        SessionReport {
            identity: named.map(|identity| identity.name.clone()),
            role: named.and_then(|identity| identity.role.clone()),
            logged_in: all.first.map(Duration::from_nanos),
            verified: Some(all.proof).filter(|proof| !proof.is_empty()),
            last_verified: all.proven.map(Duration::from_nanos),
            logins: all.logins,
            relogins: all.relogins,
            failed: all.failed,
            lost: all.lost,
            lost_since: all.lost_since.map(Duration::from_nanos),
            reason: all.reason,
            ..SessionReport::new(Phase::Load, &login.auth.name, login.auth.scheme.as_str())
        }
    };
    logins.iter().enumerate().map(report).collect()
}
