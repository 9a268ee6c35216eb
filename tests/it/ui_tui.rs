//! The TUI's screens: a replayed run, drawn into memory.

use std::time::Duration;

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use ratatui::style::{Color, Modifier};
use shakedown::model::{Event, LoadChange, LoadChangeKind, Phase, Report, Severity, Stamped};
use shakedown::ui::tui::{Action, Screen, State, Theme, draw};

use crate::fixtures::rich_events;
use crate::ui_run;

fn replayed(events: &[Stamped], theme: Theme) -> State {
    let mut state = State::new(theme);
    for event in events {
        state.apply(event);
    }
    state
}

fn press(state: &mut State, code: KeyCode) -> Action {
    state.key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn type_keys(state: &mut State, keys: &str) {
    for key in keys.chars() {
        press(state, KeyCode::Char(key));
    }
}

fn ctrl_c(state: &mut State) -> Action {
    state.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL))
}

fn buffer(state: &State, width: u16, height: u16) -> Buffer {
    let mut terminal =
        Terminal::new(TestBackend::new(width, height)).expect("memory is always there");
    terminal.draw(|frame| draw(state, frame)).expect("memory is always there");
    terminal.backend().buffer().clone()
}

fn screen(state: &State, width: u16, height: u16) -> String {
    let buffer = buffer(state, width, height);
    let rows = buffer.content.chunks(usize::from(width).max(1)).map(|row| {
        let text: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

fn on(events: &[Stamped], keys: &str) -> State {
    let mut state = replayed(events, Theme::default());
    type_keys(&mut state, keys);
    state
}

#[test]
fn overview_of_a_running_load() {
    let state = on(&ui_run::loading(), "");
    insta::assert_snapshot!(screen(&state, 80, 24), @r#"
     1 Overview  2 Endpoints 3  3 Findings  4 Log 1  ● running
     check http://127.0.0.1:8080/  7.00s
     load 60%, 4.00s left ██████████████████████████████████░░░░░░░░░░░░░░░░░░░░░░░░
    ┌ Load ────────────────────────────────┐┌ Scan ────────────────────────────────┐
    │rate      1,113/s now, 1,013/s mean   ││crawl     12 fetched, 4 queued        │
    │latency   p50 4.54ms  p95 52.2ms      ││checks    0 of 0 insertion points     │
    │          p99 70.1ms  max 170ms       ││requests  60, p95 4.00ms, 1 failed    │
    │errors    0.30%  15 of 5,065          ││coverage  2 of 3 operations, 9 nodes  │
    │statuses  200 ×5,050  500 ×10         ││findings  none                        │
    │          wait_timeout ×5             ││                                      │
    │vus       46 now, 46 at most          ││                                      │
    │dropped   15 iterations               ││                                      │
    └──────────────────────────────────────┘└──────────────────────────────────────┘
    ┌ rate, peak 1,113/s in 6.00s ─────────┐┌ p95, peak 53.8ms ────────────────────┐
    │▂▂▂▂▂▂▂▃▃▃▃▃▃▄▄▄▄▄▄▅▅▅▅▅▅▅▆▆▆▆▆▆██████││███████▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▆▆▆▆▆▆│
    │██████████████████████████████████████││██████████████████████████████████████│
    │██████████████████████████████████████││██████████████████████████████████████│
    └──────────────────────────────────────┘└──────────────────────────────────────┘
    ┌ Slowest ─────────────────────────────────────────────────────────────────────┐
    │endpoint                   requests      rate   errors     p50    p95↓     p99│
    │POST /cart/checkout              65    13.0/s    23.1%   110ms   170ms   170ms│
    └──────────────────────────────────────────────────────────────────────────────┘
     ▲ the target closes connections \u{1b}]0;owned\u{7}after 100 requests
     q stop  ? keys  Tab next
    "#);
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
fn overview_of_a_finished_run_names_the_gates_that_failed() {
    let state = on(&ui_run::whole(), "");
    insta::assert_snapshot!(screen(&state, 80, 24), @r#"
     1 Overview  2 Endpoints 3  3 Findings 3  4 Log 1  ✗ failed, exit 81
     check http://127.0.0.1:8080/  12.0s
     scan 100% █████████████████████████████████████████████████████████████████████
    ┌ Gates ───────────────────────────────────────────────────────────────────────┐
    │✗ exit 81: findings and thresholds failed                                     │
    │✗ http_req_latency: p(95)<50  measured 57.5ms                                 │
    │✗ findings{severity:>=high}: count==0  measured 1                             │
    │✓ http_req_failed: rate<0.01  measured 0.25%                                  │
    └──────────────────────────────────────────────────────────────────────────────┘
    ┌ Load ────────────────────────────────┐┌ Scan ────────────────────────────────┐
    │rate      1,113/s mean                ││crawl     16 fetched, 0 queued        │
    │latency   p50 4.48ms  p95 51.5ms      ││checks    14 of 14 insertion points   │
    │          p99 60.2ms  max 170ms       ││requests  120, p95 4.00ms, 2 failed   │
    │errors    0.27%  27 of 10,017         ││coverage  2 of 3 operations, 9 nodes  │
    │statuses  200 ×9,990  500 ×18         ││findings  ▲ 1 high ◆ 1 medium · 1     │
    │          wait_timeout ×9             ││          info                        │
    │vus       50 at most                  ││                                      │
    │dropped   27 iterations               ││                                      │
    └──────────────────────────────────────┘└──────────────────────────────────────┘
     endpoint                   requests      rate   errors     p50    p95↓     p99
     POST /cart/checkout             117    13.0/s    23.1%   110ms   170ms   170ms

     ▲ the target closes connections \u{1b}]0;owned\u{7}after 100 requests
     q leave  ? keys  Tab next
    "#);
}

#[test]
fn overview_on_a_tall_terminal_has_charts_and_gates() {
    let state = on(&ui_run::whole(), "");
    insta::assert_snapshot!(screen(&state, 120, 40), @r#"
     1 Overview  2 Endpoints 3  3 Findings 3  4 Log 1  ✗ failed, exit 81
     check http://127.0.0.1:8080/  12.0s
     scan 100% █████████████████████████████████████████████████████████████████████████████████████████████████████████████
    ┌ Gates ───────────────────────────────────────────────────────────────────────────────────────────────────────────────┐
    │✗ exit 81: findings and thresholds failed                                                                             │
    │✗ http_req_latency: p(95)<50  measured 57.5ms                                                                         │
    │✗ findings{severity:>=high}: count==0  measured 1                                                                     │
    │✓ http_req_failed: rate<0.01  measured 0.25%                                                                          │
    └──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
    ┌ Load ────────────────────────────────────────────────────┐┌ Scan ────────────────────────────────────────────────────┐
    │rate      1,113/s mean                                    ││crawl     16 fetched, 0 queued                            │
    │latency   p50 4.48ms  p95 51.5ms                          ││checks    14 of 14 insertion points                       │
    │          p99 60.2ms  max 170ms                           ││requests  120, p95 4.00ms, 2 failed                       │
    │errors    0.27%  27 of 10,017                             ││coverage  2 of 3 operations, 9 nodes                      │
    │statuses  200 ×9,990  500 ×18  wait_timeout ×9            ││findings  ▲ 1 high ◆ 1 medium · 1 info                    │
    │vus       50 at most                                      ││                                                          │
    │dropped   27 iterations                                   ││                                                          │
    └──────────────────────────────────────────────────────────┘└──────────────────────────────────────────────────────────┘
    ┌ rate, peak 1,313/s in 10.0s ─────────────────────────────┐┌ p95, peak 53.8ms ────────────────────────────────────────┐
    │            ▁▁▁▁▁▁▂▂▂▂▂▂▃▃▃▃▃▄▄▄▄▄▄▅▅▅▅▅▅▆▆▆▆▆▆▇▇▇▇▇▇█████││██████▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆│
    │▇▇▇▇▇▇████████████████████████████████████████████████████││██████████████████████████████████████████████████████████│
    │██████████████████████████████████████████████████████████││██████████████████████████████████████████████████████████│
    └──────────────────────────────────────────────────────────┘└──────────────────────────────────────────────────────────┘
    ┌ Slowest ─────────────────────────────────────────────────────────────────────────────────────────────────────────────┐
    │endpoint                            scenario          requests       rate   errors      p50     p95↓      p99      max│
    │POST /cart/checkout (checkout)      shop                   117     13.0/s    23.1%    110ms    170ms    170ms    170ms│
    │GET /search (search)                shop                 1,800      200/s       0%   39.9ms   57.9ms   59.6ms   59.8ms│
    │GET /                               shop                 8,100      900/s       0%   4.00ms   5.82ms   5.98ms   6.00ms│
    │                                                                                                                      │
    │                                                                                                                      │
    └──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
    ┌ Gravest ─────────────────────────────────────────────────────────────────────────────────────────────────────────────┐
    │▲ high     SQL injection  GET /search  firm                                                                           │
    │◆ medium   Open redirect  GET /search  firm                                                                           │
    │· info     Missing security header  GET /search  firm                                                                 │
    │                                                                                                                      │
    │                                                                                                                      │
    └──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
     ▲ the target closes connections \u{1b}]0;owned\u{7}after 100 requests
     q leave  ? keys  Tab next
    "#);
}

#[test]
fn overview_on_a_small_terminal_keeps_the_figures() {
    let state = on(&ui_run::loading(), "");
    insta::assert_snapshot!(screen(&state, 40, 10), @r#"
    1 Overview  2 3  3  4 1  ● running
    check http://127.0.0.1:8080/  7.00s
    load 60%, 4.00s left ██████████░░░░░░░░
    rate      1,113/s now, 1,013/s mean
    latency   p50 4.54ms  p95 52.2ms
    crawl     12 fetched, 4 queued
    checks    0 of 0 insertion points

    ▲ the target closes connections \u{1b}]
    q stop  ? keys  Tab next
    "#);
}

#[test]
fn endpoints_are_sorted_by_p95_and_show_where_the_time_goes() {
    let state = on(&ui_run::loading(), "2");
    insta::assert_snapshot!(screen(&state, 80, 24), @r#"
     1 Overview  2 Endpoints 3  3 Findings  4 Log 1  ● running
    endpoint                     requests      rate   errors     p50    p95↓     p99
    POST /cart/checkout                65    13.0/s    23.1%   110ms   170ms   170ms
    GET /search                     1,000     200/s       0%  39.9ms  57.9ms  59.6ms
    GET /                           4,000     800/s       0%  4.00ms  5.82ms  5.98ms






     Endpoint ────────────────────────────────────────────────────────────── ↑0 ↓10
     url         http://127.0.0.1:8080/cart/checkout
     request     checkout in scenario shop
     latency     p50 110ms  p90 161ms  p95 170ms  p99 170ms  max 170ms
                 p99.9 170ms  p99.99 170ms
     duration    p50 110ms  p90 161ms  p95 170ms  p99 170ms  max 170ms
                 p99.9 170ms  p99.99 170ms
       wait      p50 55.0ms  p90 80.4ms  p95 85.0ms  p99 85.0ms  max 85.0ms
       receive   p50 27.5ms  p90 40.2ms  p95 42.5ms  p99 42.5ms  max 42.5ms
     statuses    200 ×50  500 ×10  wait_timeout ×5
     traffic     65 requests, 15 failed, 0 connections, 5.9 KiB sent, 117 KiB
                 received
     q stop  ? keys  Tab next  Enter open  / filter  s sort, now by p95
    "#);
}

#[test]
fn findings_show_the_gravest_first_with_its_detail() {
    let state = on(&ui_run::whole(), "3");
    insta::assert_snapshot!(screen(&state, 80, 24), @r#"
     1 Overview  2 Endpoints 3  3 Findings 3  4 Log 1  ✗ failed, exit 81
    ▲ high     SQL injection  GET /search  firm
    ◆ medium   Open redirect  GET /search  firm
    · info     Missing security header  GET /search  firm







     Finding ─────────────────────────────────────────────────────────────── ↑0 ↓15
     SQL injection
     severity    ▲ high, firm, new
     rule        sqli-error  SD-sqli-error
     url         GET http://127.0.0.1:8080/search?q=shoe
     insertion   query `q`
     seen at     3 URLs
     detail      A quote made the database complain; two quotes did not.
     why         Whoever can send this parameter can read the whole database.
     fix         Bind the value as a parameter of a prepared statement.
     reproduce   curl -i 'http://127.0.0.1:8080/search?q=%27'
     payload     '
     q leave  ? keys  Tab next  Enter open  / filter
    "#);
}

#[test]
fn an_open_finding_shows_the_evidence_with_the_match_marked() {
    let mut state = on(&ui_run::whole(), "3");
    press(&mut state, KeyCode::Enter);
    press(&mut state, KeyCode::End);
    insta::assert_snapshot!(screen(&state, 80, 24), @r#"
    1 Overview  2 Endpoints 3  3 Findings 3  4 Log 1  ✗ failed, exit 81
    Finding ──────────────────────────────────────────────────────────────── ↑5 ↓0
    seen at     3 URLs
    detail      A quote made the database complain; two quotes did not.
    why         Whoever can send this parameter can read the whole database.
    fix         Bind the value as a parameter of a prepared statement.
    reproduce   curl -i 'http://127.0.0.1:8080/search?q=%27'
    payload     '
    class       CWE-89  A05:2025  A03:2021

    evidence 1 of 1: attack, as alice, 12.0ms
    > GET /search?q=' HTTP/1.1
    > Host: 127.0.0.1:8080
    >

    < HTTP/1.1 500 Internal Server Error
    < Content-Type: text/html
    <
    < <p>\u{1b}[2Jnear "x": ▶syntax error◀ in query</p>
    the rest was not recorded

    references
                https://example.com/reference
    q leave  ? keys  Tab next  j k scroll  Esc back
    "#);
}

#[test]
fn the_log_lists_notices_and_failures() {
    let state = on(&ui_run::whole(), "4");
    insta::assert_snapshot!(screen(&state, 80, 12), @r#"
    1 Overview  2 Endpoints 3  3 Findings 3  4 Log 1  ✗ failed, exit 81
    1.00ms · crawl started
     511ms · crawl finished
     1.00s · load started
     7.00s ▲ the target closes connections \u{1b}]0;owned\u{7}after 100 requests
     11.0s · load finished
     11.0s · scan started
     11.8s · http://127.0.0.1:8080/slow: wait_timeout: no response within 30s
     12.0s · scan finished
     12.0s · exit 81: findings and thresholds failed

    q leave  ? keys  Tab next  j k scroll
    "#);
}

#[test]
fn help_names_the_keys() {
    let state = on(&ui_run::loading(), "?");
    insta::assert_snapshot!(screen(&state, 80, 24), @r#"
     1 Overview  2 Endpoints 3  3 Findings  4 Log 1  ● running
     check http://127.0.0.1:8080/  7.00s
     load 60%, 4.00s left ██████████████████████████████████░░░░░░░░░░░░░░░░░░░░░░░░
    ┌ Load ────────────────────────────────┐┌ Scan ────────────────────────────────┐
    │rate   ┌ Keys ────────────────────────────────────────────────────────┐       │
    │latency│ 1-4        open a screen                                     │ts     │
    │       │ Tab        next screen; Shift-Tab: previous                  │led    │
    │errors │ j k ↓ ↑    move or scroll                                    │nodes  │
    │statuse│ PgUp PgDn  move by ten                                       │       │
    │       │ Home End   first and last; also g and G                      │       │
    │vus    │ Enter      open the detail                                   │       │
    │dropped│ Esc        close the detail, drop the filter                 │       │
    └───────│ s          endpoints: next sort order                        │───────┘
    ┌ rate, │ /          endpoints, findings: filter                       │───────┐
    │▂▂▂▂▂▂▂│ + -        ten per cent of the plan's load more or less      │▇▆▆▆▆▆▆│
    │███████│ p          pause the load; again: go on                      │███████│
    │███████│ q          stop the run (asks); leave when it is over        │███████│
    └───────│ Ctrl-C     stop; again: drop what is in flight; third: leave │───────┘
    ┌ Slowes│ ?          these keys                                        │───────┐
    │endpoin└──────────────────────────────────────────────────────────────┘    p99│
    │POST /cart/checkout              65    13.0/s    23.1%   110ms   170ms   170ms│
    └──────────────────────────────────────────────────────────────────────────────┘
     ▲ the target closes connections \u{1b}]0;owned\u{7}after 100 requests
     q stop  ? keys  Tab next
    "#);
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
    insta::assert_snapshot!(screen(&state, 60, 8), @r#"
     1 Overview  2 3  3  4 1  ● running
     check http://127.0.0.1:8080/  7.00s
    ┌ Stop? ───────────────────────────────────────────────────┐
    │ Stop the run? What is in flight may finish, then the     │
    │ report follows.                                          │
    │ y yes   n no                                             │
    └──────────────────────────────────────────────────────────┘
     q stop  ? keys  Tab next
    "#);
}

#[test]
fn without_unicode_and_colour_nothing_of_either_is_drawn() {
    let mut state = replayed(&ui_run::whole(), Theme::plain().ascii());
    for key in ["1", "2", "3", "4", "?"] {
        type_keys(&mut state, key);
        let buffer = buffer(&state, 80, 24);
        for cell in &buffer.content {
            assert!(cell.symbol().is_ascii(), "{:?} on screen {key}", cell.symbol());
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "screen {key}");
        }
    }
    let mut state = replayed(&ui_run::whole(), Theme::plain().ascii());
    type_keys(&mut state, "3");
    insta::assert_snapshot!(screen(&state, 80, 12), @r#"
     1 Overview  2 Endpoints 3  3 Findings 3  4 Log 1  x failed, exit 81
    ! high     SQL injection  GET /search  firm
    * medium   Open redirect  GET /search  firm
    . info     Missing security header  GET /search  firm







     q leave  ? keys  Tab next  Enter open  / filter
    "#);
}

#[test]
fn what_the_target_says_reaches_no_cell_as_a_control_character() {
    let mut state = on(&ui_run::whole(), "3");
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
    let mut state = on(&ui_run::whole(), "3");
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
    let mut state = on(&ui_run::whole(), "3");
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
    insta::assert_snapshot!(screen(&state, 80, 24), @r#"
     1 Overview  2 Endpoints  3 Findings 3  4 Log 1  ● running
     check http://127.0.0.1:8080/  12.0s
     scan 100% █████████████████████████████████████████████████████████████████████
    ┌ Scan ────────────────────────────────────────────────────────────────────────┐
    │crawl     16 fetched, 0 queued                                                │
    │checks    14 of 14 insertion points                                           │
    │requests  120, p95 4.00ms, 2 failed                                           │
    │coverage  2 of 3 operations, 9 nodes                                          │
    │findings  ▲ 1 high ◆ 1 medium · 1 info                                        │
    └──────────────────────────────────────────────────────────────────────────────┘
    ┌ Gravest ─────────────────────────────────────────────────────────────────────┐
    │▲ high     SQL injection  GET /search  firm                                   │
    │◆ medium   Open redirect  GET /search  firm                                   │
    │· info     Missing security header  GET /search  firm                         │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    └──────────────────────────────────────────────────────────────────────────────┘
     ▲ the target closes connections \u{1b}]0;owned\u{7}after 100 requests
     q stop  ? keys  Tab next
    "#);
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
    let mut state = on(&[], "3");
    assert_eq!(state.screen(), Screen::Findings);
    press(&mut state, KeyCode::Tab);
    assert_eq!(state.screen(), Screen::Log);
    press(&mut state, KeyCode::Tab);
    assert_eq!(state.screen(), Screen::Overview);
    press(&mut state, KeyCode::BackTab);
    assert_eq!(state.screen(), Screen::Log);
    type_keys(&mut state, "9");
    assert_eq!(state.screen(), Screen::Log, "there is no ninth screen");
}

#[test]
fn a_filter_narrows_the_findings_and_esc_drops_it() {
    let mut state = on(&ui_run::whole(), "3/REDIRECT");
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
    let mut state = on(&ui_run::whole(), "3");
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
    for key in ["1", "2", "3"] {
        type_keys(&mut live, key);
        type_keys(&mut read, key);
        assert_eq!(screen(&live, 100, 30), screen(&read, 100, 30), "screen {key}");
    }
}

fn any_key() -> impl Strategy<Value = KeyEvent> {
    let code = prop_oneof![
        6 => prop::sample::select("1234jkgGsqyn/?:x".chars().collect::<Vec<_>>())
            .prop_map(KeyCode::Char),
        1 => any::<char>().prop_map(KeyCode::Char),
        5 => prop::sample::select(vec![
            KeyCode::Tab, KeyCode::BackTab, KeyCode::Enter, KeyCode::Esc, KeyCode::Up,
            KeyCode::Down, KeyCode::PageUp, KeyCode::PageDown, KeyCode::Home, KeyCode::End,
            KeyCode::Backspace, KeyCode::Left, KeyCode::F(1),
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
        taken in 0usize..40,
        keys in prop::collection::vec(any_key(), 0..30),
        plain in any::<bool>(),
    ) {
        let theme = if plain { Theme::plain().ascii() } else { Theme::default() };
        let events = ui_run::whole();
        let mut state = replayed(&events[..taken.min(events.len())], theme);
        state.resize(Size::new(width, height));
        buffer(&state, width, height);
        for key in keys {
            state.key(key);
            buffer(&state, width, height);
        }
    }
}
