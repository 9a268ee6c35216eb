//! Where a kept trace is looked at: told in every view, and followed only to pages of the web.

use ratatui::crossterm::event::KeyCode;
use shakedown::model::Event;
use shakedown::model::OutputKind;
use shakedown::model::Report;
use shakedown::model::Stamped;
use shakedown::model::TraceLink;
use shakedown::report::Style;
use shakedown::report::render;
use shakedown::report::summary;

use crate::fixtures::rich_events;
use crate::ui_tui::on;
use crate::ui_tui::press;
use crate::ui_tui::screen;

/// The rich run, whose user has said where traces are.
fn events(link: &str) -> Vec<Stamped> {
    let mut events = rich_events();
    for stamped in &mut events {
        if let Event::RunStarted(info) = &mut stamped.event {
            info.trace_link = Some(TraceLink::parse(link).expect("a template"));
        }
    }
    events
}

fn html(report: &Report) -> String {
    let bytes = render(OutputKind::Html, report).expect("a page of every report");
    String::from_utf8(bytes).expect("HTML is text")
}

#[test]
fn every_view_leads_to_the_trace_of_the_slowest_request() {
    let events = events("https://apm.example/t?id={trace_id}&v=1");
    let report = Report::of(&events);
    let exemplars = report.endpoints.iter().flat_map(|endpoint| &endpoint.total.exemplars);
    let traced = exemplars.filter(|it| it.trace_id.is_some() && !it.failed);
    let slowest = traced.max_by_key(|it| it.latency).expect("some are traced");
    let id = slowest.trace_id.as_deref().expect("filtered");
    let address = format!("https://apm.example/t?id={id}&v=1");
    let text = summary(&report, Style::in_a_file());
    assert!(text.lines().any(|line| line.trim() == address), "{text}");
    let page = html(&report);
    let escaped = address.replace('&', "&amp;").replace('/', "&#x2f;");
    let is_linked = [&escaped, &address.replace('&', "&amp;")].iter().any(|address| {
        page.contains(&format!("<a href=\"{address}\" rel=\"noopener noreferrer\">"))
    });
    assert!(is_linked, "{escaped}");

    let is_told = |endpoint: usize| {
        let mut state = on(&events, "2");
        for _ in 0..endpoint {
            press(&mut state, KeyCode::Down);
        }
        press(&mut state, KeyCode::Enter);
        screen(&state, 160, 200).contains(&address)
    };
    assert!((0..report.endpoints.len()).any(is_told), "{address}");
}

#[test]
fn what_is_no_page_of_the_web_is_no_link() {
    let report = Report::of(&events("javascript:alert('{trace_id}')"));
    let page = html(&report);
    assert!(!page.contains("href=\"javascript") && !page.contains("javascript:alert"));
    assert!(summary(&report, Style::in_a_file()).contains("javascript:alert('4bf"));
}

#[test]
fn a_link_survives_the_report_s_json() {
    let report = Report::of(&events("https://apm.example/{trace_id}"));
    let json = shakedown::format::report::write(&report);
    let again = shakedown::format::report::read(&json).expect("our own");
    assert_eq!(again.run.and_then(|run| run.trace_link), report.run.and_then(|run| run.trace_link));
}
