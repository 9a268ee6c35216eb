//! The event log: complete while it grows, honest when it breaks.

use std::io;

use shakedown::format::events::read_all;
use shakedown::model::{Event, Report};
use shakedown::ui::Consumer;
use shakedown::ui::jsonl::EventLog;

use crate::ui_plain::{Broken, Shared, play};
use crate::{fixtures, ui_run};

#[test]
fn a_log_read_back_is_what_happened() {
    for events in [ui_run::whole(), fixtures::rich_events()] {
        let out = Shared::default();
        let mut log = EventLog::new(Box::new(out.clone()));
        play(&mut log, &events);
        log.finish().expect("memory takes everything");
        let read = read_all(out.bytes().as_slice()).expect("own lines");
        assert_eq!(read.cut, None);
        assert_eq!(Report::of(&read.events), Report::of(&events));
        assert_eq!(read.events, events);
    }
}

#[test]
fn an_interval_is_written_before_the_next_one_begins() {
    let out = Shared::default();
    let mut log = EventLog::new(Box::new(out.clone()));
    let mut report = Report::default();
    for stamped in &ui_run::whole() {
        report.apply(stamped);
        log.on_event(stamped, &report);
        if matches!(stamped.event, Event::LoadWindow(_) | Event::ScanWindow(_)) {
            let read = read_all(out.bytes().as_slice()).expect("own lines");
            assert_eq!(read.events.last(), Some(stamped));
        }
    }
}

#[test]
fn the_first_error_is_told_at_the_end_and_nothing_is_written_after_it() {
    let mut log = EventLog::new(Box::new(Broken));
    play(&mut log, &ui_run::whole());
    let error = log.finish().expect_err("nothing was written");
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

/// Takes so many bytes, then fails once, then takes everything: a disk that was full for a moment.
struct FullForAMoment {
    room: usize,
    failed: bool,
    out: Shared,
}

impl io::Write for FullForAMoment {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.failed && bytes.len() > self.room {
            self.failed = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.room = self.room.saturating_sub(bytes.len());
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_log_that_broke_has_no_hole() {
    let out = Shared::default();
    let writer = FullForAMoment { room: 2000, failed: false, out: out.clone() };
    let mut log = EventLog::new(Box::new(writer));
    let events = ui_run::whole();
    play(&mut log, &events);
    let error = log.finish().expect_err("the disk was full");
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    drop(log);
    let read = read_all(out.bytes().as_slice()).expect("whole lines and at most a cut one");
    assert!(!read.events.is_empty() && read.events.len() < events.len());
    assert_eq!(read.events, events[..read.events.len()]);
}
