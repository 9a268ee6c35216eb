//! One page of HTML that needs nothing else: no script, no request, light and dark, printable.

mod chart;
mod load_view;
mod page;
mod scan_view;
mod view;

pub(super) use page::html;
