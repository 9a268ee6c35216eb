//! What a run says where there is no TUI.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shakedown::model::{Event, Notice, NoticeLevel, Report, Stamped};
use shakedown::ui::Consumer;
use shakedown::ui::plain::{Plain, PlainOptions, Talk};

use crate::ui_run;
use crate::ui_shop;

/// A writer whose bytes the test can read.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("no writer panics").clone()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A reader that has gone away.
pub(crate) struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

const MUTE: PlainOptions = PlainOptions { colour: false, talk: Talk::Usual, unicode: true };

/// Hands the events over as the pump does: folded first.
pub(crate) fn play(consumer: &mut dyn Consumer, events: &[Stamped]) {
    let mut report = Report::default();
    for event in events {
        report.apply(event);
        consumer.on_event(event, &report);
    }
}

fn said(events: &[Stamped], options: PlainOptions) -> String {
    let out = Shared::default();
    let mut plain = Plain::to(Box::new(out.clone()), options);
    play(&mut plain, events);
    plain.finish().expect("memory takes everything");
    String::from_utf8(out.bytes()).expect("lines are text")
}

#[test]
fn progress_every_five_seconds_and_findings_from_medium() {
    insta::assert_snapshot!(said(&ui_run::whole(), MUTE), @r#"
    load 5.00s, 6.00s left, 1,013/s, p95 52.2ms, errors 0.32%, 44 vus
    warning: the target closes connections \u{1b}]0;owned\u{7}after 100 requests
    load 10.0s, 1.00s left, 1,263/s, p95 49.7ms, errors 0.28%, 49 vus
    high: SQL injection, GET http://127.0.0.1:8080/search?q=shoe, query `q` (firm)
    medium: Open redirect, GET http://127.0.0.1:8080/search?q=shoe, query `q` (firm)
    "#);
}

#[test]
fn quiet_says_warnings_and_nothing_else() {
    let quiet = PlainOptions { talk: Talk::Warnings, ..MUTE };
    let mut events = ui_run::whole();
    events.insert(
        0,
        Stamped {
            seq: 0,
            at: Duration::ZERO,
            event: Event::Notice(Notice {
                level: NoticeLevel::Info,
                text: "just saying".to_owned(),
            }),
        },
    );
    let text = said(&events, quiet);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("warning: the target closes connections"), "{text}");
}

#[test]
fn progress_of_a_scan_names_what_failed_and_what_was_found() {
    let mut events = ui_run::whole();
    events.retain(|stamped| !matches!(stamped.event, Event::LoadWindow(_)));
    let text = said(&events, MUTE);
    let line = text.lines().find(|line| line.starts_with("scan "));
    let wanted = "scan 12.0s, 14 of 14 insertion points, 120 requests, 2 failed, 3 findings";
    assert_eq!(line, Some(wanted), "{text}");
}

#[test]
fn verbose_tells_every_stage_login_operation_finding_failure_and_gate_with_its_time() {
    let everything = PlainOptions { talk: Talk::Everything, ..MUTE };
    let text = said(&ui_shop::whole(), everything);
    insta::assert_snapshot!("verbose", text);
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn what_is_left_of_a_scan_is_told_by_what_is_known_of_it() {
    let mut events = ui_run::whole();
    events.retain(|stamped| !matches!(stamped.event, Event::LoadWindow(_)));
    for stamped in &mut events {
        if let Event::ScanWindow(window) = &mut stamped.event
            && window.progress.points > 0
        {
            window.progress.points_done = 7;
            stamped.at = Duration::from_secs(15);
        }
    }
    let text = said(&events, MUTE);
    let line = text.lines().find(|line| line.starts_with("scan 15.0s"));
    assert!(line.is_some_and(|line| line.contains(", about 3s left, 7 of 14 ")), "{text}");
}

#[test]
fn a_stop_is_said_with_its_reason() {
    let text = said(&ui_run::interrupted(), MUTE);
    assert!(text.contains("warning: stopping: SIGINT\n"), "{text}");
}

#[test]
fn escapes_come_from_us_or_not_at_all() {
    let text = said(&ui_run::whole(), MUTE);
    assert!(!text.contains('\u{1b}'), "{text}");
    let coloured = said(&ui_run::whole(), PlainOptions { colour: true, ..MUTE });
    assert!(coloured.contains("\u{1b}[") && !coloured.contains("\u{1b}]"), "{coloured:?}");
}

#[test]
fn a_broken_pipe_is_told_at_the_end() {
    let mut plain = Plain::to(Box::new(Broken), MUTE);
    play(&mut plain, &ui_run::whole());
    let error = plain.finish().expect_err("nothing was written");
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}
