//! The search while load runs: sees its events, and says what is to be done with it.

use std::time::Duration;

use super::conclude::conclude;
use super::isolate::Isolation;
use super::isolate::Parts;
use super::isolate::Progress;
use super::isolate::Sent;
use super::meter::Meter;
use super::search::Step;
use super::search::next;
use crate::model::Capacity;
use crate::model::CapacityAim;
use crate::model::Event;
use crate::model::Level;
use crate::model::LoadWindow;
use crate::model::PRECISION;
use crate::model::Report;
use crate::model::SearchEnd;
use crate::model::Stamped;
use crate::model::Steadiness;
use crate::model::StopReason;
use crate::model::Suspect;
use crate::model::format_duration;

/// What is to be done with the load.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// So many iterations per second or users from now on; [`CapacityWatch::changed`] wants to know
    /// since when.
    Ask(f64),
    /// Nothing starts any more.
    Pause,
    /// Go on.
    Resume,
    /// So much of the plan is sent from now on; [`CapacityWatch::changed`] wants to know since when.
    Send(Sent),
    /// Nothing more is to be learnt: the load is over.
    End,
    /// A sentence for the user.
    Tell(String),
}

#[derive(Debug)]
enum State {
    /// Load has not begun.
    Waiting,
    Measuring(Meter),
    /// A level was asked for, and does not hold yet.
    Changing(f64),
    /// Nothing starts until what is under way is over.
    Resting {
        then: Then,
        since: Duration,
    },
    /// The capacity is known: what holds it back is measured.
    Isolating(Box<Isolation>),
    Over,
}

/// What follows a rest.
#[derive(Debug)]
enum Then {
    Level(f64),
    Isolation(f64, Box<Isolation>),
}

/// Searches for the capacity while load runs.
#[derive(Debug)]
pub struct CapacityWatch {
    aim: CapacityAim,
    /// A report in which load is declared and nothing was measured.
    declared: Report,
    levels: Vec<Level>,
    state: State,
    begun: Option<Duration>,
    end: Option<SearchEnd>,
    parts: Parts,
    suspects: Vec<Suspect>,
    not_isolated: Option<String>,
}

impl CapacityWatch {
    /// Of a load that begins at the aim's first level, and whose requests can be sent by themselves as
    /// `parts` says.
    pub fn new(aim: CapacityAim, parts: Parts) -> Self {
        Self {
            aim,
            parts,
            suspects: Vec::new(),
            not_isolated: None,
            declared: Report::default(),
            levels: Vec::new(),
            state: State::Waiting,
            begun: None,
            end: None,
        }
    }

    /// Looks at an event; what is to be done, in this order.
    pub fn take(&mut self, stamped: &Stamped) -> Vec<Order> {
        match &stamped.event {
            Event::LoadDeclared { .. } => {
                self.declared.apply(stamped);
                Vec::new()
            }
            Event::LoadWindow(window) if !window.warmup => self.second(window),
            // Its levels are no longer what was asked for.
            Event::LoadChanged(change)
                if !change.is_search() && !matches!(self.state, State::Over) =>
            {
                self.give_up(format!("the load was changed by {}", change.by));
                vec![Order::End]
            }
            _ => Vec::new(),
        }
    }

    /// What was asked for last holds since a moment of the run.
    pub fn changed(&mut self, at: Duration) {
        match &mut self.state {
            State::Changing(asked) => self.state = State::Measuring(Meter::new(*asked, at)),
            State::Isolating(isolation) => isolation.changed(at),
            State::Waiting | State::Measuring(_) | State::Resting { .. } | State::Over => {}
        }
    }

    /// Levels that were measured.
    pub fn levels(&self) -> usize {
        self.levels.len()
    }

    /// What they come to, while the search goes on.
    pub fn so_far(&self) -> Capacity {
        let end = self.end.clone();
        let end = end.unwrap_or_else(|| SearchEnd::CutShort("it was under way".to_owned()));
        conclude(&self.aim, self.levels.clone(), end)
    }

    /// Ends a search that cannot go on.
    pub fn give_up(&mut self, why: String) {
        self.finish_level();
        self.end.get_or_insert(SearchEnd::CutShort(why));
    }

    /// What was found, as far as it went.
    pub fn finish(mut self, stopped: Option<&StopReason>) -> Capacity {
        self.finish_level();
        let end = self.end.unwrap_or_else(|| {
            SearchEnd::CutShort(match stopped {
                Some(reason) => reason.text().to_owned(),
                None => "the load was over before there was an answer".to_owned(),
            })
        });
        let mut capacity = conclude(&self.aim, self.levels, end);
        capacity.suspects = self.suspects;
        capacity.not_isolated = self.not_isolated;
        capacity
    }

    fn finish_level(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Over);
        match state {
            State::Measuring(meter) => {
                self.levels.extend(meter.unfinished(&self.aim, &self.declared));
            }
            State::Isolating(isolation) => {
                (self.suspects, self.not_isolated) = isolation.finish(&self.aim, &self.declared);
            }
            State::Waiting | State::Changing(_) | State::Resting { .. } | State::Over => {}
        }
    }

    fn second(&mut self, window: &LoadWindow) -> Vec<Order> {
        let begun = *self.begun.get_or_insert(window.from);
        if matches!(self.state, State::Over) {
            return Vec::new();
        }
        if window.to.saturating_sub(begun) >= self.aim.max_time {
            let most = format_duration(self.aim.max_time);
            self.give_up(format!("the time of {most} for the whole search was over"));
            return vec![Order::End];
        }
        match &mut self.state {
            State::Waiting => {
                let mut meter = Meter::new(self.aim.start, window.from);
                // A level never ends with its first second.
                meter.add(window, &self.aim, &self.declared);
                self.state = State::Measuring(meter);
                vec![Order::Tell(format!("begins at {}", self.aim.model.amount(self.aim.start)))]
            }
            State::Measuring(meter) => {
                let Some(level) = meter.add(window, &self.aim, &self.declared) else {
                    return Vec::new();
                };
                self.levels.push(level);
                self.go_on(window)
            }
            State::Resting { since, .. } => {
                let is_idle = window.from >= *since
                    && window.scenarios.iter().all(|scenario| scenario.vus == 0);
                let is_long = window.to.saturating_sub(*since) >= self.aim.settle.1;
                if !is_idle && !is_long {
                    return Vec::new();
                }
                let State::Resting { then, .. } = std::mem::replace(&mut self.state, State::Over)
                else {
                    unreachable!("matched above")
                };
                let asked = match then {
                    Then::Level(asked) => {
                        self.state = State::Changing(asked);
                        asked
                    }
                    Then::Isolation(asked, isolation) => {
                        self.state = State::Isolating(isolation);
                        asked
                    }
                };
                vec![Order::Ask(asked), Order::Resume]
            }
            State::Isolating(isolation) => match isolation.add(window, &self.declared) {
                Progress::Same => Vec::new(),
                Progress::Next(sent) => {
                    vec![Order::Tell(format!("next {sent}")), Order::Send(sent)]
                }
                Progress::Over => {
                    self.finish_level();
                    let mut orders: Vec<Order> =
                        self.suspects.iter().map(|one| Order::Tell(one.sentence())).collect();
                    orders.push(Order::End);
                    orders
                }
            },
            State::Changing(_) | State::Over => Vec::new(),
        }
    }

    /// What is measured behind the search, and at which level; says why nothing is.
    fn isolation(&mut self, end: &SearchEnd, now: Duration) -> Option<(f64, Box<Isolation>)> {
        if self.aim.suspects == 0 {
            return None;
        }
        let asked = match end {
            SearchEnd::Found => conclude(&self.aim, self.levels.clone(), end.clone()).answer?,
            // Nothing is short yet, or what is short is the generator's.
            SearchEnd::MaxReached
            | SearchEnd::NoneMet
            | SearchEnd::Generator
            | SearchEnd::CutShort(_) => return None,
        };
        if self.parts.values().all(|can| !can.alone && !can.without) {
            self.not_isolated = Some("no request can be sent without the others".to_owned());
            return None;
        }
        let spent = now.saturating_sub(self.begun.unwrap_or_default());
        let left = self.aim.max_time.saturating_sub(spent);
        let wanted = (self.aim.suspects as usize).min(self.parts.len());
        let fits = |count: &usize| Isolation::takes(*count, &self.aim) <= left;
        let Some(most) = (1..=wanted).rev().find(fits) else {
            let most = format_duration(self.aim.max_time);
            self.not_isolated =
                Some(format!("the time of {most} for the whole search was nearly over"));
            return None;
        };
        Some((asked, Box::new(Isolation::new(self.parts.clone(), most, &self.aim))))
    }

    /// A level is over: what follows.
    fn go_on(&mut self, window: &LoadWindow) -> Vec<Order> {
        let step = next(&self.aim, &self.levels);
        let last = self.levels.last().expect("a level was just over");
        let mut orders = vec![Order::Tell(self.told(last, &step, window.to))];
        match step {
            Step::Done(end) => {
                let meets = last.meets();
                let isolation = self.isolation(&end, window.to);
                self.end = Some(end);
                let Some((asked, isolation)) = isolation else {
                    self.state = State::Over;
                    orders.push(Order::End);
                    return orders;
                };
                let takes = format_duration(Isolation::takes(isolation.most(), &self.aim));
                orders.push(Order::Tell(format!(
                    "the capacity is {}; what holds it back: requests by themselves, about {takes}",
                    self.aim.model.amount(asked)
                )));
                if meets {
                    self.state = State::Isolating(isolation);
                    orders.push(Order::Ask(asked));
                } else {
                    let then = Then::Isolation(asked, isolation);
                    self.state = State::Resting { then, since: window.to };
                    orders.push(Order::Pause);
                }
            }
            // What a level beyond the capacity leaves behind is not the next one's.
            Step::Measure(then) if !last.meets() => {
                self.state = State::Resting { then: Then::Level(then), since: window.to };
                orders.push(Order::Pause);
            }
            Step::Measure(then) => {
                self.state = State::Changing(then);
                orders.push(Order::Ask(then));
            }
        }
        orders
    }

    /// `level 4, 168/s: met, p95 41.2ms; next 253/s, about 3m left`.
    fn told(&self, level: &Level, step: &Step, now: Duration) -> String {
        let p95 = level.latency.map(|[_, p95, ..]| format!(", p95 {}", format_duration(p95)));
        let verdict = match (&level.generator, level.steadiness) {
            (Some(why), _) => format!("says nothing of the target: {why}"),
            (None, steadiness) if level.meets() => match steadiness {
                Steadiness::Noisy => "met, though its figures did not come to rest".to_owned(),
                _ => "met".to_owned(),
            },
            (None, _) => format!("not met: {}", level.broken.join("; ")),
        };
        let then = match step {
            Step::Measure(asked) => format!(
                "; next {}, about {} left",
                self.aim.model.amount(*asked),
                format_duration(self.left(now))
            ),
            Step::Done(_) => String::new(),
        };
        format!(
            "level {}, {}: {verdict}{}{then}",
            self.levels.len(),
            self.aim.model.amount(level.asked),
            p95.unwrap_or_default()
        )
    }

    /// As long as the levels that are still needed take if they take what those before did.
    fn left(&self, now: Duration) -> Duration {
        let spent = now.saturating_sub(self.begun.unwrap_or_default());
        let each = spent.as_secs_f64() / self.levels.len().max(1) as f64;
        let met = self.levels.iter().filter(|level| level.meets()).map(|level| level.asked);
        let met = met.fold(f64::NAN, f64::max);
        let failed = self.levels.iter().filter(|level| !level.meets()).map(|level| level.asked);
        let failed = failed.fold(f64::NAN, f64::min);
        let halvings = |ratio: f64| (ratio.max(1.0).ln() / PRECISION.ln()).max(1.0).log2().ceil();
        let more = match (met.is_nan(), failed.is_nan()) {
            (false, false) => halvings(failed / met) + 2.0,
            // The limit may be anywhere up to the highest level: half-way, say.
            (false, true) => (self.aim.max / met).max(1.0).ln() / 1.5_f64.ln() / 2.0 + 6.0,
            _ => 6.0,
        };
        let left = Duration::try_from_secs_f64((more * each).ceil()).unwrap_or_default();
        left.min(self.aim.max_time.saturating_sub(spent))
    }
}
