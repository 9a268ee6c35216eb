//! The report as one HTML page: a file that loads nothing, reads without a script, and is drawn and
//! sorted with one.
//!
//! The template places text that is ready; nothing of the target's reaches the script but figures.
//! What is long stands in `<noscript>`: without a script it is shown, with one it is text that costs
//! nothing until somebody unfolds it. The policy of the page lets in one script and one style sheet,
//! by their hashes.

mod capacity_view;
mod cell;
mod comparison_view;
mod finding_view;
mod load_view;
mod marks;
mod page;
mod plots;
mod scan_view;
mod spread;
mod view;

pub(super) use page::html;
