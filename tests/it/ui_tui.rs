//! The TUI's screens: a replayed run, drawn into memory.

use std::time::Duration;

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use ratatui::style::Modifier;
use shakedown::model::{Event, LoadChange, LoadChangeKind, Phase, Report, Severity, Stamped};
use shakedown::ui::tui::{Action, Screen, State, Theme, draw};

use crate::fixtures::rich_events;
use crate::ui_run;
use crate::ui_shop;

pub(crate) fn replayed(events: &[Stamped], theme: Theme) -> State {
    let mut state = State::new(theme);
    for event in events {
        state.apply(event);
    }
    state
}

pub(crate) fn press(state: &mut State, code: KeyCode) -> Action {
    state.key(KeyEvent::new(code, KeyModifiers::NONE))
}

pub(crate) fn type_keys(state: &mut State, keys: &str) {
    for key in keys.chars() {
        press(state, KeyCode::Char(key));
    }
}

fn ctrl_c(state: &mut State) -> Action {
    state.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL))
}

pub(crate) fn buffer(state: &State, width: u16, height: u16) -> Buffer {
    let mut terminal =
        Terminal::new(TestBackend::new(width, height)).expect("memory is always there");
    terminal.draw(|frame| draw(state, frame)).expect("memory is always there");
    terminal.backend().buffer().clone()
}

pub(crate) fn screen(state: &State, width: u16, height: u16) -> String {
    let buffer = buffer(state, width, height);
    let rows = buffer.content.chunks(usize::from(width).max(1)).map(|row| {
        let text: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

pub(crate) fn on(events: &[Stamped], keys: &str) -> State {
    let mut state = replayed(events, Theme::default());
    type_keys(&mut state, keys);
    state
}

#[test]
fn overview_of_load_alone_has_room_for_all_percentiles_and_the_generator() {
    let is_load = |stamped: &Stamped| {
        !matches!(stamped.event, Event::PhaseStarted(Phase::Crawl | Phase::Scan))
            && !matches!(stamped.event, Event::ScanWindow(_))
    };
    let events: Vec<_> = rich_events().into_iter().filter(is_load).collect();
    let shown = screen(&on(&events, ""), 120, 40);
    let line = |label: &str| {
        let line = shown.lines().find(|line| line.contains(label));
        line.unwrap_or_else(|| panic!("no {label} in {shown}")).to_owned()
    };
    for label in ["│latency ", "│duration "] {
        let percentiles = ["p50", "p90", "p95", "p99 ", "p99.9 ", "p99.99 ", "max"];
        assert!(percentiles.iter().all(|name| line(label).contains(name)), "{}", line(label));
    }
    assert!(line("│generator ").contains("CPU 23.0% per thread"), "{shown}");
}

#[test]
fn overview_on_a_small_terminal_keeps_the_figures() {
    let state = on(&ui_run::loading(), "");
    insta::assert_snapshot!(screen(&state, 40, 10));
}

#[test]
fn an_open_finding_shows_the_evidence_with_the_match_marked() {
    let mut state = on(&ui_run::whole(), "5");
    press(&mut state, KeyCode::Enter);
    press(&mut state, KeyCode::End);
    insta::assert_snapshot!(screen(&state, 80, 24));
}

#[test]
fn help_names_the_keys() {
    let state = on(&ui_run::loading(), "?");
    insta::assert_snapshot!(screen(&state, 80, 24));
}

#[test]
fn a_key_that_cannot_apply_says_why_until_the_next_one() {
    let last_row = |state: &State| screen(state, 80, 24).lines().last().map(str::to_owned);
    let mut state = on(&ui_run::whole(), "+");
    assert_eq!(last_row(&state).as_deref(), Some(" the run is over"));
    type_keys(&mut state, "1");
    assert_eq!(last_row(&state).as_deref(), Some(" q leave  ? keys  Tab next"));

    let mut state = on(&ui_run::loading()[..1], "");
    assert_eq!(press(&mut state, KeyCode::Char('p')), Action::None);
    assert_eq!(last_row(&state).as_deref(), Some(" no load is running"));

    let mut state = on(&ui_run::loading(), "");
    assert_eq!(press(&mut state, KeyCode::Char('p')), Action::TogglePause);
    ctrl_c(&mut state);
    assert_eq!(press(&mut state, KeyCode::Char('-')), Action::None);
    assert_eq!(last_row(&state).as_deref(), Some(" the run is being stopped"));
}

#[test]
fn a_change_by_hand_is_marked_below_both_charts() {
    let mut events = ui_run::loading();
    let last = events.last().expect("not empty").clone();
    let kind = LoadChangeKind::Rate { factor: 1.5, per_second: 75.0 };
    let by = "the user".to_owned();
    let change = LoadChange { at: Duration::from_secs(4), by, scenario: None, kind };
    events.push(Stamped { seq: last.seq + 1, at: last.at, event: Event::LoadChanged(change) });
    let text = screen(&on(&events, ""), 80, 24);
    let frames: Vec<_> = text.lines().filter(|line| line.starts_with('└')).collect();
    let marked: Vec<_> = frames.iter().map(|line| line.matches('▲').count()).collect();
    assert_eq!(marked, [0, 2, 0], "{text}");
}

#[test]
fn stopping_is_asked_for() {
    let state = on(&ui_run::loading(), "q");
    insta::assert_snapshot!(screen(&state, 60, 8));
}

#[test]
fn what_the_target_says_reaches_no_cell_as_a_control_character() {
    let mut state = on(&ui_run::whole(), "5");
    press(&mut state, KeyCode::Enter);
    for height in [24, 60] {
        for cell in buffer(&state, 80, height).content {
            assert!(!cell.symbol().contains(char::is_control), "{:?}", cell.symbol());
        }
    }
    assert!(screen(&state, 80, 60).contains("\\u{1b}[2J"));
}

#[test]
fn the_match_is_reversed_as_well_as_marked() {
    let mut state = on(&ui_run::whole(), "5");
    press(&mut state, KeyCode::Enter);
    let reversed: String = buffer(&state, 80, 60)
        .content
        .iter()
        .skip(80)
        .filter(|cell| cell.modifier.contains(Modifier::REVERSED))
        .map(ratatui::buffer::Cell::symbol)
        .collect();
    assert_eq!(reversed, "▶syntax error◀");
}

#[test]
fn scrolling_past_the_end_is_not_remembered() {
    let mut state = on(&ui_run::whole(), "5");
    press(&mut state, KeyCode::Enter);
    for _ in 0..50 {
        press(&mut state, KeyCode::Down);
    }
    let at_end = screen(&state, 80, 24);
    press(&mut state, KeyCode::Up);
    assert_ne!(screen(&state, 80, 24), at_end, "one key up is one row up");
}

#[test]
fn overview_of_a_scan_shows_nothing_of_load() {
    let is_load = |event: &Event| {
        matches!(
            event,
            Event::LoadDeclared { .. }
                | Event::LoadWindow(_)
                | Event::PhaseStarted(Phase::Load)
                | Event::PhaseFinished(Phase::Load)
        )
    };
    let is_gate = |event: &Event| matches!(event, Event::Thresholds(_) | Event::Verdict(_));
    let mut events = ui_run::whole();
    events.retain(|stamped| !is_load(&stamped.event) && !is_gate(&stamped.event));
    let state = on(&events, "");
    insta::assert_snapshot!(screen(&state, 80, 24));
}

#[test]
fn a_report_without_a_verdict_is_cut_short() {
    let state = State::finished(Report::of(&ui_run::interrupted()), Theme::default());
    let text = screen(&state, 80, 24);
    assert!(text.contains("✗ cut short") && text.contains("q leave"), "{text}");
}

#[test]
fn ctrl_c_stops_then_cancels_then_leaves() {
    let mut state = on(&ui_run::loading(), "");
    assert_eq!(ctrl_c(&mut state), Action::Stop);
    assert_eq!(ctrl_c(&mut state), Action::Cancel);
    assert_eq!(ctrl_c(&mut state), Action::Leave);
}

#[test]
fn ctrl_c_after_a_stop_from_elsewhere_cancels() {
    let mut state = on(&ui_run::interrupted(), "");
    assert_eq!(ctrl_c(&mut state), Action::Cancel);
}

#[test]
fn q_asks_while_the_run_goes_on_and_leaves_when_it_is_over() {
    let mut state = on(&ui_run::loading(), "");
    assert_eq!(press(&mut state, KeyCode::Char('q')), Action::None);
    assert_eq!(press(&mut state, KeyCode::Char('n')), Action::None);
    assert_eq!(press(&mut state, KeyCode::Char('q')), Action::None);
    assert_eq!(press(&mut state, KeyCode::Char('y')), Action::Stop);
    state.end();
    assert_eq!(press(&mut state, KeyCode::Char('q')), Action::Leave);
}

#[test]
fn a_question_is_withdrawn_when_the_run_ends_by_itself() {
    let mut state = on(&ui_run::loading(), "q");
    state.end();
    assert_eq!(press(&mut state, KeyCode::Char('q')), Action::Leave);
}

#[test]
fn the_view_stays_after_q_and_not_after_a_signal() {
    let mut state = on(&ui_run::loading(), "");
    assert!(state.lingers());
    for event in ui_run::interrupted().iter().skip(ui_run::loading().len()) {
        state.apply(event);
    }
    assert!(!state.lingers());
    let mut state = on(&ui_run::loading(), "qy");
    for event in ui_run::interrupted().iter().skip(ui_run::loading().len()) {
        state.apply(event);
    }
    assert!(state.lingers());
}

#[test]
fn screens_are_reached_by_number_and_in_turn() {
    let mut state = on(&[], "7");
    assert_eq!(state.screen(), Screen::Backends);
    press(&mut state, KeyCode::Tab);
    assert_eq!(state.screen(), Screen::Causes);
    type_keys(&mut state, "9");
    assert_eq!(state.screen(), Screen::Log);
    press(&mut state, KeyCode::Tab);
    assert_eq!(state.screen(), Screen::Overview);
    press(&mut state, KeyCode::BackTab);
    assert_eq!(state.screen(), Screen::Log);
    type_keys(&mut state, "0");
    assert_eq!(state.screen(), Screen::Log, "there is no tenth screen");
}

#[test]
fn a_filter_narrows_the_findings_and_esc_drops_it() {
    let mut state = on(&ui_run::whole(), "5/REDIRECT");
    press(&mut state, KeyCode::Enter);
    let text = screen(&state, 80, 24);
    assert!(text.contains("Open redirect") && !text.contains("Missing security header"), "{text}");
    press(&mut state, KeyCode::Esc);
    assert!(screen(&state, 80, 24).contains("Missing security header"));
}

#[test]
fn keys_of_a_filter_are_text() {
    let mut state = on(&ui_run::loading(), "2/q?1");
    assert_eq!(state.screen(), Screen::Endpoints);
    assert!(screen(&state, 80, 24).contains("/q?1"));
    press(&mut state, KeyCode::Backspace);
    press(&mut state, KeyCode::Backspace);
    assert!(screen(&state, 80, 24).contains("/q "));
}

#[test]
fn sorting_by_requests_puts_the_busiest_endpoint_first() {
    let first = |state: &State| screen(state, 80, 24).lines().nth(2).map(str::to_owned);
    let by_p95 = on(&ui_run::loading(), "2");
    assert!(first(&by_p95).is_some_and(|row| row.contains("/cart/checkout")));
    let by_requests = on(&ui_run::loading(), "2ss");
    assert!(first(&by_requests).is_some_and(|row| row.starts_with("GET / ")));
}

#[test]
fn an_open_finding_stays_open_when_a_graver_one_comes_in() {
    let mut state = on(&ui_run::whole(), "5");
    press(&mut state, KeyCode::Enter);
    assert!(screen(&state, 80, 24).contains("SQL injection"));
    let graver = ui_run::finding("rce", "Command injection", Severity::Critical);
    state.apply(&Stamped {
        seq: 99,
        at: std::time::Duration::from_secs(13),
        event: Event::Finding(Box::new(graver)),
    });
    let text = screen(&state, 80, 24);
    assert!(text.contains("SQL injection") && !text.contains("Command injection"), "{text}");
}

#[test]
fn a_finished_report_shows_what_the_run_showed() {
    let events = ui_run::whole();
    let mut live = replayed(&events, Theme::default());
    let mut read = State::finished(Report::of(&events), Theme::default());
    for key in ["1", "2", "4", "5", "6", "7"] {
        type_keys(&mut live, key);
        type_keys(&mut read, key);
        assert_eq!(screen(&live, 100, 30), screen(&read, 100, 30), "screen {key}");
    }
}

#[test]
fn a_frozen_picture_stands_still_while_the_run_goes_on() {
    let whole = ui_run::whole();
    let (before, after) = whole.split_at(ui_run::loading().len());
    let mut state = on(before, "f");
    let frozen = screen(&state, 80, 24);
    assert!(frozen.contains("frozen at 7.00s"), "{frozen}");
    for event in &after[..3] {
        state.apply(event);
    }
    assert_eq!(screen(&state, 80, 24), frozen);
    assert_eq!(state.live_report().timeline.len(), 9, "the run is followed all the same");
    type_keys(&mut state, "ff");
    assert!(screen(&state, 80, 24).contains("frozen at 10.0s"));
    for event in &after[3..] {
        state.apply(event);
    }
    let over = screen(&state, 80, 24);
    assert!(over.contains("frozen at 10.0s") && over.contains("exit 81"), "{over}");
    type_keys(&mut state, "f");
    assert_eq!(screen(&state, 80, 24), screen(&on(&whole, ""), 80, 24));
    type_keys(&mut state, "f");
    assert!(screen(&state, 80, 24).contains("the run is over: nothing moves any more"));
}

#[test]
fn a_report_is_written_when_asked_for() {
    let mut state = on(&ui_run::loading(), "");
    assert_eq!(press(&mut state, KeyCode::Char('w')), Action::Write);
    state.say("wrote run.json as far as the run is");
    assert!(screen(&state, 80, 24).ends_with(" wrote run.json as far as the run is"));
    let mut state = on(&ui_run::loading(), "2/w");
    assert!(screen(&state, 80, 24).ends_with("/w   Enter keep  Esc drop"));
    press(&mut state, KeyCode::Enter);
    assert_eq!(press(&mut state, KeyCode::Char('w')), Action::Write);
}

#[test]
fn a_run_of_another_process_is_watched_and_not_steered() {
    let mut state = State::following(Theme::default());
    for event in &ui_run::loading() {
        state.apply(event);
    }
    assert!(screen(&state, 80, 24).contains("● following"));
    assert_eq!(press(&mut state, KeyCode::Char('+')), Action::None);
    assert!(screen(&state, 80, 24).contains("`shakedown control` steers it"));
    assert_eq!(press(&mut state, KeyCode::Char('q')), Action::Leave);
    assert_eq!(ctrl_c(&mut state), Action::Leave);
}

#[test]
fn the_log_follows_until_it_is_scrolled_back_and_is_filtered_like_a_list() {
    let mut state = on(&ui_run::loading(), "9");
    press(&mut state, KeyCode::Up);
    let back = screen(&state, 80, 8);
    assert!(back.contains("↓1 newer"), "{back}");
    for event in ui_run::whole().iter().skip(ui_run::loading().len()) {
        state.apply(event);
    }
    let entries = |text: &str| text.lines().skip(1).take(4).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(entries(&screen(&state, 80, 8)), entries(&back), "what was read stays");
    press(&mut state, KeyCode::End);
    assert!(!screen(&state, 80, 8).contains("newer"));
    type_keys(&mut state, "/scan ");
    let filtered = screen(&state, 80, 24);
    assert!(filtered.contains("scan started") && !filtered.contains("crawl"), "{filtered}");
}

#[test]
fn findings_are_grouped_by_severity_by_rule_or_by_path() {
    let rows = |state: &State| {
        let text = screen(state, 80, 40);
        text.lines().skip(1).take(12).map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    let mut state = on(&ui_shop::whole(), "5");
    assert!(rows(&state).starts_with("▾ ▲ high  1\n"), "{}", rows(&state));
    assert!(rows(&state).contains("  ▾ Missing security header  3\n"), "{}", rows(&state));
    type_keys(&mut state, "s");
    assert!(rows(&state).contains("▾ Missing security header  3\n"), "{}", rows(&state));
    type_keys(&mut state, "s");
    assert!(rows(&state).contains("▾ /search  3\n"), "{}", rows(&state));
}

#[test]
fn a_branch_of_findings_is_folded_and_told_as_a_whole() {
    let mut state = on(&ui_shop::whole(), "5");
    press(&mut state, KeyCode::End);
    press(&mut state, KeyCode::Left);
    let text = screen(&state, 80, 40);
    assert!(text.contains(" findings    3 findings"), "the rule's own detail\n{text}");
    press(&mut state, KeyCode::Enter);
    let folded = screen(&state, 80, 40);
    assert!(folded.contains("  ▸ Missing security header  3"), "{folded}");
    assert!(folded.contains("Enter unfold"), "{folded}");
    press(&mut state, KeyCode::Right);
    assert_eq!(screen(&state, 80, 40), text);
}

#[test]
fn errors_are_told_by_kind_and_by_where_they_were() {
    let mut state = on(&ui_shop::whole(), "4");
    type_keys(&mut state, "/wait");
    press(&mut state, KeyCode::Enter);
    press(&mut state, KeyCode::Enter);
    let text = screen(&state, 80, 24);
    assert!(text.contains("wait_timeout: 9 of 10,017"), "{text}");
    assert!(text.contains("POST /cart/checkout  9 of 117, 7.69%"), "{text}");
    press(&mut state, KeyCode::Esc);
    press(&mut state, KeyCode::Down);
    assert!(screen(&state, 80, 24).contains("scan: wait_timeout: 1 of 120"));
}

#[test]
fn the_site_is_a_tree_that_says_what_was_not_reached() {
    let mut state = on(&ui_shop::whole(), "6/admin");
    press(&mut state, KeyCode::Enter);
    let text = screen(&state, 80, 30);
    assert!(text.contains("✗ GET admin  403"), "{text}");
    assert!(text.contains("▾ admin/  0 of 1\n"), "{text}");
    assert!(!text.contains("search"), "{text}");
    press(&mut state, KeyCode::Esc);
    type_keys(&mut state, "s");
    let first = |state: &State| screen(state, 80, 30).lines().nth(3).map(str::to_owned);
    assert!(
        first(&state).is_some_and(|row| row.starts_with("✗ GET /admin")),
        "{:?}",
        first(&state)
    );
    type_keys(&mut state, "s");
    assert!(first(&state).is_some_and(|row| row.contains("▲ 3 findings")), "{:?}", first(&state));
}

#[test]
fn answers_are_told_by_backend_and_a_slow_one_stands_first() {
    let mut state = on(&ui_shop::whole(), "7");
    press(&mut state, KeyCode::Enter);
    let text = screen(&state, 80, 24);
    assert!(text.contains("x-backend: app-2"), "{text}");
    assert!(text.contains("beside      p95 88.1ms, app-1 19.6ms"), "{text}");
    let text = screen(&on(&ui_run::whole(), "7"), 80, 24);
    assert!(text.contains("--observe x-cache"), "{text}");
}

#[test]
fn latency_is_shown_from_the_intended_start_or_as_duration() {
    let mut state = on(&ui_run::whole(), "3");
    assert!(screen(&state, 80, 24).contains("latency from the intended start over time"));
    type_keys(&mut state, "s");
    assert!(screen(&state, 80, 24).contains(" duration over time"));
    let mut state = State::finished(Report::of(&ui_run::whole()), Theme::default());
    type_keys(&mut state, "3");
    assert!(screen(&state, 80, 24).contains("is in an event log (--jsonl)"));
}

fn any_key() -> impl Strategy<Value = KeyEvent> {
    let code = prop_oneof![
        6 => prop::sample::select("12345678jkhlgGsqynfwp/?:x".chars().collect::<Vec<_>>())
            .prop_map(KeyCode::Char),
        1 => any::<char>().prop_map(KeyCode::Char),
        5 => prop::sample::select(vec![
            KeyCode::Tab, KeyCode::BackTab, KeyCode::Enter, KeyCode::Esc, KeyCode::Up,
            KeyCode::Down, KeyCode::PageUp, KeyCode::PageDown, KeyCode::Home, KeyCode::End,
            KeyCode::Backspace, KeyCode::Left, KeyCode::Right, KeyCode::F(1),
        ]),
    ];
    code.prop_map(|code| KeyEvent::new(code, KeyModifiers::NONE))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_size_and_no_keys_break_a_screen(
        width in 1u16..=200,
        height in 1u16..=60,
        taken in 0usize..70,
        keys in prop::collection::vec(any_key(), 0..30),
        plain in any::<bool>(),
    ) {
        let theme = if plain { Theme::plain().ascii() } else { Theme::default() };
        let events = ui_shop::whole();
        let mut state = replayed(&events[..taken.min(events.len())], theme);
        state.resize(Size::new(width, height));
        buffer(&state, width, height);
        for key in keys {
            state.key(key);
            buffer(&state, width, height);
        }
    }

    /// Whatever was pressed on the way.
    #[test]
    fn keys_change_what_is_looked_at_and_never_what_is_learnt(
        keys in prop::collection::vec(any_key(), 0..40),
        places in prop::collection::vec(0usize..70, 0..40),
    ) {
        let events = ui_shop::whole();
        let mut state = State::new(Theme::default());
        for (place, event) in events.iter().enumerate() {
            for (key, _) in keys.iter().zip(&places).filter(|(_, at)| **at == place) {
                state.key(*key);
            }
            state.apply(event);
        }
        prop_assert_eq!(state.live_report(), &Report::of(&events));
    }
}
