//! What happens to a history must not happen to a run, and what was kept stays.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use shakedown::format::report;
use shakedown::http::clock::Clock;
use shakedown::model::{Report, Seed};
use shakedown::store::{History, HistoryError, RunFilter, RunRef};

use crate::exit_codes::PAGE;
use crate::fixtures::rich_report;
use crate::history::{finished, listed, with_history};
use crate::program::{OddServer, shakedown};

/// A run that fails its one gate whatever becomes of the history.
fn load(history: &Path, url: &str) -> (i32, String) {
    let file = history.with_extension("json");
    let json = format!("--json={}", file.display());
    let args = ["load", url, "-n", "2", &json];
    let (code, _, stderr) = with_history(history, &args);
    let written = std::fs::read(&file).expect("its report is written");
    report::read(&written).expect("and whole");
    (code, stderr)
}

#[test]
fn a_file_that_is_no_history_is_left_alone_and_the_run_goes_its_way() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a directory");
    let foreign = dir.path().join("foreign.db");
    let other = rusqlite::Connection::open(&foreign).expect("made");
    other.execute_batch("CREATE TABLE theirs (a); PRAGMA user_version = 1;").expect("filled");
    drop(other);
    let text = dir.path().join("text.db");
    std::fs::write(&text, "dear diary, ".repeat(100)).expect("writable");
    let newer = dir.path().join("newer.db");
    drop(History::open(&newer).expect("made"));
    let ahead = rusqlite::Connection::open(&newer).expect("opened");
    ahead.execute_batch("PRAGMA user_version = 99;").expect("changed");
    drop(ahead);
    for (path, cure) in [
        (&foreign, "no history of Shakedown"),
        (&text, "no history of Shakedown"),
        (&newer, "made by a newer Shakedown"),
    ] {
        let before = std::fs::read(path).expect("a file");
        let (code, stderr) = load(path, &server.url());
        assert_eq!(code, 0, "{stderr}");
        assert!(stderr.contains("warning: this run is not in the history"), "{stderr}");
        assert!(stderr.contains(cure) && stderr.contains("--history FILE"), "{stderr}");
        let (code, _, stderr) = with_history(path, &["history", "list"]);
        assert_eq!((code, stderr.contains(cure)), (2, true), "{stderr}");
        assert_eq!(std::fs::read(path).expect("a file"), before);
    }
}

#[test]
fn a_damaged_history_is_told_and_what_can_be_read_is_saved() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("runs.db");
    let json = report::write(&rich_report());
    let mut history = History::open(&path).expect("made");
    for _ in 0..3 {
        history.add(&rich_report(), None, &json).expect("kept");
    }
    drop(history);
    let raw = rusqlite::Connection::open(&path).expect("opened");
    raw.execute("UPDATE reports SET zlib = x'00' WHERE run = 2", []).expect("damaged");
    drop(raw);
    let (code, lines, stderr) = with_history(&path, &["history", "export", "--all"]);
    assert_eq!((code, lines.lines().count()), (1, 2), "{stderr}");
    assert!(stderr.contains("the report of run 2") && stderr.contains("1 run could"), "{stderr}");
    assert_eq!(with_history(&path, &["history", "show", "2"]).0, 2);
    assert_eq!(with_history(&path, &["history", "show", "3"]).0, 0);

    // The pages of the tables themselves.
    let mut bytes = std::fs::read(&path).expect("a file");
    bytes[4096..].fill(0xA5);
    std::fs::write(&path, &bytes).expect("writable");
    let (code, _, stderr) = with_history(&path, &["history", "list"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("is damaged") && stderr.contains("move it away"), "{stderr}");
    let server = OddServer::answering(PAGE);
    let (code, stderr) = load(&path, &server.url());
    assert_eq!((code, stderr.contains("is damaged")), (0, true), "{stderr}");
}

#[test]
fn a_folder_that_cannot_be_written_is_told_and_can_be_read() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a directory");
    // Below a file there is no folder, whoever asks.
    let file = dir.path().join("file");
    std::fs::write(&file, "").expect("writable");
    let json = dir.path().join("run.json");
    let history = format!("--history={}", file.join("runs.db").display());
    let (code, _, stderr) = finished(shakedown().args([
        "load",
        &server.url(),
        "-n",
        "1",
        &history,
        &format!("--json={}", json.display()),
    ]));
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("cannot be written; give this user the right"), "{stderr}");
    assert!(json.exists());

    let folder = dir.path().join("fixed");
    std::fs::create_dir(&folder).expect("writable");
    let path = folder.join("runs.db");
    let mut history = History::open(&path).expect("made");
    history.add(&rich_report(), None, &report::write(&rich_report())).expect("kept");
    drop(history);
    let rights = |folder_mode, file_mode| {
        let set = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("ours");
        };
        set(&path, file_mode);
        set(&folder, folder_mode);
    };
    rights(0o500, 0o400);
    let read = with_history(&path, &["history", "show", "1"]);
    rights(0o700, 0o600);
    assert_eq!(read.0, 0, "{}", read.2);
}

#[test]
fn processes_that_write_at_once_lose_nothing() {
    const PROCESSES: usize = 4;
    const RUNS: usize = 3;
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("runs.db");
    let url = server.url();
    // The file is made by whoever comes first.
    std::thread::scope(|scope| {
        for _ in 0..PROCESSES {
            scope.spawn(|| {
                for _ in 0..RUNS {
                    let (code, _, stderr) = with_history(&path, &["load", &url, "-n", "1"]);
                    assert_eq!((code, stderr.contains("kept as run")), (0, true), "{stderr}");
                }
            });
        }
    });
    let mut ids: Vec<_> = listed(&path).iter().map(|run| run["id"].as_u64()).collect();
    ids.reverse();
    assert_eq!(ids, (1..=12).map(Some).collect::<Vec<_>>());
}

#[test]
fn writers_of_one_process_wait_for_each_other() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("runs.db");
    let run = rich_report();
    let json = report::write(&run);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let mut history = History::open(&path).expect("opened");
                    history.add(&run, None, &json).expect("kept");
                }
            });
        }
    });
    let history = History::existing(&path).expect("opened");
    let runs = history.list(&RunFilter::default()).expect("listed");
    assert_eq!(runs.len(), 40);
    for run in &runs {
        assert_eq!(history.report(run).expect("whole"), json);
    }
}

/// How often the program is killed; `SHAKEDOWN_KILLS=100` for more.
fn kills() -> u64 {
    let wanted = std::env::var_os("SHAKEDOWN_KILLS").and_then(|text| text.into_string().ok());
    wanted.and_then(|text| text.parse().ok()).unwrap_or(12)
}

#[test]
fn a_killed_run_harms_no_other_and_one_that_was_acknowledged_is_there() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("runs.db");
    let url = server.url();
    let clock = Clock::start();
    let (code, _, stderr) = with_history(&path, &["load", &url, "-n", "4"]);
    assert_eq!(code, 0, "{stderr}");
    let whole = clock.now();
    let mut acknowledged = 1;
    for round in 0..kills() {
        let said = dir.path().join("said");
        let errors = std::fs::File::create(&said).expect("writable");
        let mut child = shakedown()
            .args(["load", &url, "-n", "4"])
            .env("SHAKEDOWN_HISTORY", &path)
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .expect("it starts");
        // Somewhere between its beginning and a little behind its end.
        let share = Seed(round).derive("kill").0 % 1200;
        std::thread::sleep(whole * u32::try_from(share).expect("small") / 1000);
        child.kill().expect("SIGKILL");
        child.wait().expect("it has ended");
        let said = std::fs::read_to_string(&said).expect("text");
        acknowledged += usize::from(said.contains("kept as run"));
        let history = History::existing(&path).expect("it opens");
        let runs = history.list(&RunFilter::default()).expect("it is whole");
        assert!(runs.len() >= acknowledged, "{} runs, {acknowledged} told", runs.len());
        let last = history.find(&RunRef::Latest(0)).expect("there is one");
        let json = history.report(&last).expect("its report is there");
        assert!(report::read(&json).expect("and whole").verdict.is_some());
        if let Some(line) = said.lines().find(|line| line.contains("kept as run")) {
            let id = line.split_whitespace().nth(3).and_then(|id| id.parse().ok());
            history.find(&RunRef::Id(id.expect("a number"))).expect("what was told is there");
        }
    }
    let (code, _, stderr) = with_history(&path, &["load", &url, "-n", "1"]);
    assert_eq!((code, stderr.contains("kept as run")), (0, true), "{stderr}");
    eprintln!("{acknowledged} of {} runs were told to be kept", kills() + 1);
}

#[test]
fn a_writer_that_is_killed_in_the_middle_leaves_whole_runs_only() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("runs.db");
    let mut history = History::open(&path).expect("made");
    let json = report::write(&rich_report());
    history.add(&rich_report(), None, &json).expect("kept");
    drop(history);
    // As a process leaves it that has died within its transaction: the log has its pages and no commit.
    let dying = rusqlite::Connection::open(&path).expect("opened");
    dying.pragma_update(None, "cache_size", 1).expect("pages go to the log at once");
    dying.execute_batch("PRAGMA foreign_keys = OFF").expect("set");
    dying.execute_batch("BEGIN IMMEDIATE; UPDATE runs SET command = 'half';").expect("begun");
    let blob = "INSERT INTO reports (run, zlib) VALUES (2, zeroblob(400000))";
    dying.execute(blob, []).expect("written");
    let copy = dir.path().join("copy.db");
    for end in ["", "-wal"] {
        let with = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            name
        };
        std::fs::copy(with(&path), with(&copy)).expect("copied");
    }
    let history = History::open(&copy).expect("it opens");
    let runs = history.list(&RunFilter::default()).expect("listed");
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].command, rich_report().run.expect("it ran").command);
    assert_eq!(history.report(&runs[0]).expect("whole"), json);
    drop(dying);
}

#[test]
fn no_room_is_said_and_what_was_kept_stays() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("runs.db");
    let json = report::write(&rich_report());
    let mut history = History::open(&path).expect("made");
    history.add(&rich_report(), None, &json).expect("kept");
    drop(history);
    // A limit of file sizes that the next run does not fit into; the signal for it is ignored, as it
    // is where a disk is full.
    let server = OddServer::answering(PAGE);
    let script = "trap '' XFSZ; ulimit -f 20; exec \"$@\"";
    let (code, _, stderr) = finished(
        std::process::Command::new("bash")
            .args(["-c", script, "bash", env!("CARGO_BIN_EXE_shakedown")])
            .args(["load", &server.url(), "-n", "2"])
            .env("SHAKEDOWN_HISTORY", &path),
    );
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("no room for the history"), "{stderr}");
    assert!(stderr.contains("make room there, or name a file elsewhere"), "{stderr}");
    assert_eq!(listed(&path).len(), 1);
    let history = History::existing(&path).expect("it opens");
    let run = history.find(&RunRef::Id(1)).expect("there");
    assert_eq!(history.report(&run).expect("whole"), json);
}

#[test]
fn a_history_says_what_it_was_asked_for_in_vain() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("runs.db");
    let mut history = History::open(&path).expect("made");
    assert!(matches!(history.find(&RunRef::Latest(0)), Err(HistoryError::NoSuchRun { .. })));
    let id = history.add(&Report::default(), None, b"{}").expect("even an empty run");
    let run = history.find(&RunRef::Latest(0)).expect("it is there");
    assert_eq!((run.id, run.exit_code), (id, None));
    history.name(&run, "main").expect("a name");
    history.remove(&[id]).expect("removed");
    assert!(history.names().expect("names").is_empty(), "a name goes with its run");
    assert!(matches!(History::existing(&dir.path().join("x")), Err(HistoryError::Missing { .. })));
}
