//! What the parts of a rule need.

use crate::extract::Required;

use super::gate::Gate;
use super::need::{Need, Place};
use crate::rules::dsl::Expression;
use crate::rules::extractor::{Extractor, Source};
use crate::rules::item;
use crate::rules::matcher::{Matcher, Test};
use crate::rules::passive::Block;
use crate::rules::schema::Condition;
use crate::rules::view;

/// Gives every matcher and extractor of the block its needs, one per entry of its list, and tells
/// what the block as a whole needs.
pub(super) fn learn(block: &mut Block) -> Need {
    let locals = Locals::of(block);
    for matcher in &mut block.matchers {
        matcher.gates = entries(matcher, &locals);
    }
    for extractor in &mut block.extractors {
        if let Source::Regex { patterns, .. } = &extractor.source {
            let place = locals.place(&extractor.part);
            extractor.gates = patterns.iter().map(|pattern| Gate::of(pattern, place)).collect();
        }
    }
    let each = block.for_each.as_deref().map_or(Need::Nothing, Need::name);
    let body = if block.matchers.is_empty() {
        let telling = block.extractors.iter().filter(|extractor| !extractor.internal);
        Need::any(telling.map(|extractor| extracts(extractor, &locals)))
    } else {
        combine(block.condition, block.matchers.iter().map(|matcher| holds(matcher, &locals)))
    };
    Need::all([each, body])
}

/// Names that mean something else within a block than outside.
struct Locals {
    extracted: Vec<String>,
    has_items: bool,
}

impl Locals {
    fn of(block: &Block) -> Self {
        let extracted = block.extractors.iter().filter_map(|extractor| extractor.name.clone());
        Self { extracted: extracted.collect(), has_items: block.for_each.is_some() }
    }

    fn has(&self, name: &str) -> bool {
        self.has_items && item::NAMES.contains(&name)
            || self.extracted.iter().any(|known| known == name)
    }

    fn place(&self, part: &str) -> Option<Place> {
        Place::of(part).filter(|_| !self.has(part))
    }

    /// That a part exists.
    fn exists(&self, part: &str) -> Need {
        let always = self.has(part) || view::NAMES.contains(&part);
        if always { Need::Nothing } else { Need::name(part) }
    }
}

fn entries(matcher: &Matcher, locals: &Locals) -> Vec<Gate> {
    let place = locals.place(&matcher.part);
    let at = |required| place.map_or(Need::Nothing, |place| Need::at(place, required));
    match &matcher.test {
        Test::Status(_) | Test::Size(_) | Test::Css(_) => Vec::new(),
        Test::Word { texts, .. } => {
            let each = texts.iter().map(|text| at(Required::literal(text)));
            vec![Gate::new(combine(matcher.condition, each))]
        }
        Test::Regex(patterns) => patterns.iter().map(|pattern| Gate::of(pattern, place)).collect(),
        Test::Dsl(lines) => {
            let need = |line: &Expression| line.need(&|name: &str| locals.has(name));
            lines.iter().map(|line| Gate::new(need(line))).collect()
        }
    }
}

/// What a matcher needs to hold; its needs are known.
fn holds(matcher: &Matcher, locals: &Locals) -> Need {
    let exists = match matcher.test {
        Test::Status(_) | Test::Dsl(_) => Need::Nothing,
        Test::Size(_) | Test::Css(_) | Test::Word { .. } | Test::Regex(_) => {
            locals.exists(&matcher.part)
        }
    };
    if matcher.negative {
        return exists;
    }
    let found = match &matcher.test {
        Test::Status(list) => Need::any(list.iter().map(|status| {
            let status = f64::from(*status);
            Need::Status { low: status, high: status }
        })),
        Test::Size(_) | Test::Css(_) => Need::Nothing,
        Test::Word { .. } | Test::Regex(_) | Test::Dsl(_) => {
            combine(matcher.condition, matcher.gates.iter().map(|gate| gate.need.clone()))
        }
    };
    Need::all([exists, found])
}

fn extracts(extractor: &Extractor, locals: &Locals) -> Need {
    match &extractor.source {
        Source::Regex { .. } => {
            let each = extractor.gates.iter().map(|gate| gate.need.clone());
            Need::all([locals.exists(&extractor.part), Need::any(each)])
        }
        Source::Kval(names) => Need::any(names.iter().map(|name| locals.exists(name))),
    }
}

fn combine(condition: Condition, needs: impl Iterator<Item = Need>) -> Need {
    match condition {
        Condition::And => Need::all(needs),
        Condition::Or => Need::any(needs),
    }
}
