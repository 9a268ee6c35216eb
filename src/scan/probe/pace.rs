//! How long places take to answer: some wait by themselves, whatever they are asked, and would cost a scan
//! more time than all others together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Strength;

/// An answer that takes longer is slow.
pub(crate) const SLOW: Duration = Duration::from_millis(700);

/// What is known of one place.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// The fastest and the slowest answer while nobody else asked.
    calm: Option<(Duration, Duration)>,
    /// Slow answers, and how long they took together.
    slow: u32,
    waited: Duration,
    /// It was said that it is left alone, or not judged by time.
    is_left: bool,
    is_unjudged: bool,
}

/// Slow answers of a place before it is left for later.
const SLOW_ANSWERS: u32 = 3;

/// Of every place, by method and the path that stands for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pace {
    places: Arc<Mutex<BTreeMap<String, Place>>>,
    /// Places are now asked one after the other.
    is_last: Arc<AtomicBool>,
}

/// Time that slow answers of one place may take in a run.
fn patience(strength: Strength) -> Duration {
    Duration::from_secs(match strength {
        Strength::Low => 20,
        Strength::Medium => 60,
        Strength::High => 180,
    })
}

/// The name of a place.
pub(crate) fn place(method: &str, path: &str) -> String {
    format!("{method} {}", path.split('?').next().unwrap_or_default())
}

impl Pace {
    /// An answer came, asked for among others.
    pub(super) fn note(&self, place: &str, took: Duration) {
        if took < SLOW {
            return;
        }
        let mut known = self.places.lock().expect("no holder panics");
        let place = known.entry(place.to_owned()).or_default();
        place.slow += 1;
        place.waited += took;
    }

    /// Several were asked for alone.
    pub(super) fn note_calm(&self, place: &str, calm: (Duration, Duration)) {
        let mut known = self.places.lock().expect("no holder panics");
        known.entry(place.to_owned()).or_default().calm = Some(calm);
    }

    /// The fastest and the slowest of those; nothing where none were.
    pub(super) fn calm(&self, place: &str) -> (Duration, Duration) {
        let known = self.places.lock().expect("no holder panics");
        known.get(place).and_then(|place| place.calm).unwrap_or_default()
    }

    /// Whether a place is to be asked when nothing else is; `was_slow` where it is known from before.
    pub(crate) fn is_for_later(&self, place: &str, was_slow: bool) -> bool {
        let is_slow = || {
            let known = self.places.lock().expect("no holder panics");
            known.get(place).is_some_and(|place| place.slow >= SLOW_ANSWERS)
        };
        !self.is_last.load(Ordering::Relaxed) && (was_slow || is_slow())
    }

    /// From now on places are asked one after the other, and each is slow by itself or not.
    pub(crate) fn begin_last(&self) {
        self.is_last.store(true, Ordering::Relaxed);
        for place in self.places.lock().expect("no holder panics").values_mut() {
            (place.slow, place.waited) = (0, Duration::ZERO);
        }
    }

    /// Why no more is asked there, said once; `Err` where it was said before.
    pub(crate) fn spent(&self, place: &str, strength: Strength) -> Option<Result<String, ()>> {
        let mut known = self.places.lock().expect("no holder panics");
        let own = known.get_mut(place)?;
        if !self.is_last.load(Ordering::Relaxed) || own.waited < patience(strength) {
            return None;
        }
        if std::mem::replace(&mut own.is_left, true) {
            return Some(Err(()));
        }
        let each = own.waited / own.slow.max(1);
        Some(Ok(format!("{} slow answers took {:.1} s each", own.slow, each.as_secs_f64())))
    }

    /// Whether it is the first time that a place cannot be judged by time.
    pub(super) fn is_first_unjudged(&self, place: &str) -> bool {
        let mut known = self.places.lock().expect("no holder panics");
        let own = known.entry(place.to_owned()).or_default();
        !std::mem::replace(&mut own.is_unjudged, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slow_answers_use_up_patience_and_it_is_said_once() {
        let pace = Pace::default();
        pace.begin_last();
        for _ in 0..1000 {
            pace.note("GET /a", Duration::from_millis(300));
        }
        assert_eq!(pace.spent("GET /a", Strength::Low), None);
        for _ in 0..10 {
            pace.note("GET /b", Duration::from_secs(2));
        }
        assert_eq!(pace.spent("GET /b", Strength::Medium), None);
        let said = pace.spent("GET /b", Strength::Low).expect("20 s").expect("the first time");
        assert_eq!(said, "10 slow answers took 2.0 s each");
        assert_eq!(pace.spent("GET /b", Strength::Low), Some(Err(())));
    }

    #[test]
    fn what_is_slow_beside_others_is_asked_later_and_judged_anew() {
        let pace = Pace::default();
        for _ in 0..2 {
            pace.note("GET /a", Duration::from_secs(100));
        }
        assert!(!pace.is_for_later("GET /a", false) && pace.is_for_later("GET /a", true));
        pace.note("GET /a", Duration::from_secs(100));
        assert!(pace.is_for_later("GET /a", false), "three slow answers");
        assert_eq!(pace.spent("GET /a", Strength::Low), None, "others may have been the cause");
        pace.begin_last();
        assert!(!pace.is_for_later("GET /a", true));
        assert_eq!(pace.spent("GET /a", Strength::Low), None);
    }
}
