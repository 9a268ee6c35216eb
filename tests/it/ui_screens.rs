//! Every screen of the TUI as it is drawn, on a usual and on a large terminal, with and without what
//! the terminal may lack.

use std::time::Duration;

use ratatui::style::{Color, Modifier};
use shakedown::model::{Bottleneck, BottleneckCause, Certainty, Event, Phase, Stamped, Subject};
use shakedown::ui::tui::{Screen, State, Theme};

use crate::ui_shop;
use crate::ui_tui::{buffer, on, press, replayed, screen, type_keys};

/// All screens below each other.
fn screens(events: &[Stamped], theme: Theme, (width, height): (u16, u16)) -> String {
    let mut state = replayed(events, theme);
    let mut shown = Vec::new();
    for (number, screen_of) in (1..).zip(Screen::ALL) {
        type_keys(&mut state, &number.to_string());
        let rule = "=".repeat(usize::from(width).saturating_sub(screen_of.title().len() + 1));
        shown.push(format!("{} {rule}", screen_of.title()));
        shown.push(screen(&state, width, height));
    }
    shown.join("\n")
}

/// Up to the middle of the load.
fn loading() -> Vec<Stamped> {
    let events = ui_shop::whole();
    let is_late = |stamped: &&Stamped| stamped.at < std::time::Duration::from_millis(8_500);
    events.iter().take_while(is_late).cloned().collect()
}

#[test]
fn screens_of_a_run_that_is_over() {
    let whole = ui_shop::whole();
    insta::assert_snapshot!("over_80x24", screens(&whole, Theme::default(), (80, 24)));
    insta::assert_snapshot!("over_120x40", screens(&whole, Theme::default(), (120, 40)));
}

#[test]
fn screens_of_a_run_that_goes_on() {
    insta::assert_snapshot!("loading_80x24", screens(&loading(), Theme::default(), (80, 24)));
}

#[test]
fn screens_on_a_small_terminal() {
    insta::assert_snapshot!("over_40x10", screens(&ui_shop::whole(), Theme::default(), (40, 10)));
}

#[test]
fn screens_without_unicode() {
    let whole = ui_shop::whole();
    insta::assert_snapshot!("ascii_80x24", screens(&whole, Theme::default().ascii(), (80, 24)));
    insta::assert_snapshot!("ascii_120x40", screens(&whole, Theme::default().ascii(), (120, 40)));
}

#[test]
fn a_run_that_has_not_begun_and_one_without_load_say_so() {
    insta::assert_snapshot!("nothing_80x10", screens(&[], Theme::default(), (80, 10)));
    let is_load = |event: &Event| {
        matches!(
            event,
            Event::LoadDeclared { .. }
                | Event::LoadWindow(_)
                | Event::PhaseStarted(Phase::Load)
                | Event::PhaseFinished(Phase::Load)
        )
    };
    let mut events = ui_shop::whole();
    events.retain(|stamped| !is_load(&stamped.event));
    for number in ["2", "3", "7"] {
        let shown = screen(&on(&events, number), 80, 24);
        assert!(shown.contains("no load in this run"), "{shown}");
    }
}

#[test]
fn without_colour_the_same_is_said() {
    for size in [(80, 24), (120, 40)] {
        let events = ui_shop::whole();
        let coloured = screens(&events, Theme::default(), size);
        assert_eq!(screens(&events, Theme::plain(), size), coloured);
    }
}

#[test]
fn without_unicode_and_colour_nothing_of_either_is_drawn() {
    let mut state = replayed(&ui_shop::whole(), Theme::plain().ascii());
    let mut rich = replayed(&ui_shop::whole(), Theme::default());
    for key in ["1", "2", "3", "4", "5", "6", "7", "8", "9", "?"] {
        type_keys(&mut state, key);
        type_keys(&mut rich, key);
        for (width, height) in [(80, 24), (120, 40), (40, 10)] {
            let with = buffer(&rich, width, height);
            for (cell, twin) in buffer(&state, width, height).content.iter().zip(&with.content) {
                assert!(cell.symbol().is_ascii(), "{:?} on screen {key}", cell.symbol());
                let lost = cell.symbol() == "?" && twin.symbol() != "?";
                assert!(!lost, "{} has no twin, on screen {key}", twin.symbol());
                assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "screen {key}");
            }
        }
    }
}

#[test]
fn what_the_target_says_reaches_no_cell_of_any_screen_as_a_control_character() {
    let mut state = replayed(&ui_shop::whole(), Theme::default());
    for key in 1..=Screen::ALL.len() {
        type_keys(&mut state, &key.to_string());
        press(&mut state, ratatui::crossterm::event::KeyCode::Enter);
        for cell in buffer(&state, 120, 60).content {
            assert!(!cell.symbol().contains(char::is_control), "{:?}", cell.symbol());
        }
    }
}

#[test]
fn one_row_of_every_list_is_chosen_and_it_is_told_without_colour() {
    for key in ["2", "4", "5", "6", "7"] {
        let mut state = replayed(&ui_shop::whole(), Theme::plain());
        type_keys(&mut state, key);
        let buffer = buffer(&state, 80, 24);
        let rows = buffer.content.chunks(80).skip(1);
        let reversed = |row: &&[ratatui::buffer::Cell]| {
            row.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED))
        };
        // The detail pane below marks nothing but a match, which these do not show.
        assert_eq!(rows.take(10).filter(reversed).count(), 1, "screen {key}");
    }
}

#[test]
fn the_same_events_make_the_same_picture() {
    for size in [(80, 24), (120, 40), (40, 10), (200, 60)] {
        let events = ui_shop::whole();
        let first = screens(&events, Theme::default(), size);
        assert_eq!(screens(&events, Theme::default(), size), first);
        // However the stream was looked at on its way.
        let mut state = State::new(Theme::default());
        for event in &events {
            state.apply(event);
            buffer(&state, size.0, size.1);
        }
        let mut replayed = replayed(&events, Theme::default());
        for key in 1..=Screen::ALL.len() {
            type_keys(&mut state, &key.to_string());
            type_keys(&mut replayed, &key.to_string());
            assert_eq!(screen(&state, size.0, size.1), screen(&replayed, size.0, size.1));
        }
    }
}

#[test]
fn causes_and_levels_stand_on_a_screen_of_their_own_with_their_figures() {
    let mut state = replayed(&crate::capacity::searched_events(), Theme::default());
    let bottleneck = Bottleneck {
        cause: BottleneckCause::Backend,
        subject: Subject::Whole,
        backend: Some("app-3\u{1b}[31m".to_owned()),
        explains_p95: 0.41,
        explains_p99: 0.38,
        since: None,
        certainty: Certainty::High,
        numbers: vec!["app-3 answers 33% of the requests".to_owned()],
        advice: "Look at app-3 alone.".to_owned(),
    };
    let event = Event::Bottlenecks(vec![bottleneck]);
    state.apply(&Stamped { seq: 9, at: Duration::from_secs(9), event });
    type_keys(&mut state, "8");
    for (width, height) in [(80, 24), (120, 40)] {
        let shown = screen(&state, width, height);
        for part in ["one slow backend (app-3", "41.0%", "capacity", "p95 ", "  met"] {
            assert!(shown.contains(part), "{part}:\n{shown}");
        }
        assert!(shown.contains("Look at app-3 alone."), "the first is chosen:\n{shown}");
    }
    press(&mut state, ratatui::crossterm::event::KeyCode::Down);
    let shown = screen(&state, 120, 40);
    assert!(shown.contains("objective") && shown.contains("headroom"), "{shown}");
    press(&mut state, ratatui::crossterm::event::KeyCode::Down);
    let shown = screen(&state, 120, 40);
    assert!(shown.contains("answered") && shown.contains("p99 "), "{shown}");
    let mut quiet = replayed(&[], Theme::default());
    type_keys(&mut quiet, "8");
    assert!(screen(&quiet, 80, 24).contains("no load in this run"));
}
