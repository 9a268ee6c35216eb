//! What people and machines are shown of a run.

use shakedown::report::{Style, summary};

use crate::fixtures::rich_report;

#[test]
fn the_summary_has_no_escape_unless_colour_is_wanted() {
    let of = |color| summary(&rich_report(), Style { color, unicode: true, width: 100 });
    assert!(!of(false).contains('\x1b'));
    assert!(of(true).contains('\x1b'));
}
