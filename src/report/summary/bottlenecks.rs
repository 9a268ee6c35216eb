//! What makes requests slow: a line each, with the figures it rests on and what to try.

use super::style::Ink;
use super::style::Style;
use super::whole::LINE;
use crate::model::Bottleneck;
use crate::model::Certainty;
use crate::model::inert;

/// The ranked list.
pub(super) fn bottlenecks_section(found: &[Bottleneck], style: Style) -> String {
    let mut out = style.title("Bottlenecks");
    for (rank, one) in (1..).zip(found) {
        let ink = match one.certainty {
            Certainty::High => Ink::Bad,
            Certainty::Medium => Ink::Warn,
            Certainty::Low => Ink::Faint,
        };
        let sentence = style.paint(ink, &inert(&one.sentence(), LINE));
        out.push_str(&style.hang(&format!("  {rank}. "), &sentence));
        let sure = format!("{}, confidence {}", one.since_shown(), one.certainty.as_str());
        let faint = [sure.as_str()].into_iter().chain(one.numbers.iter().map(String::as_str));
        for text in faint {
            out.push_str(&style.hang("     ", &style.paint(Ink::Faint, &inert(text, LINE))));
        }
        out.push_str(&style.hang("     try: ", &inert(&one.advice, LINE)));
    }
    out
}
