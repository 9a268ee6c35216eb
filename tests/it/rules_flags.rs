//! Flags that `rules run` has from Nuclei, and those that it has not.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::program::{OddServer, read_head_text, told, write};

/// Lines of the requests that a server was sent.
type Log = Arc<Mutex<Vec<String>>>;

fn server() -> (OddServer, Log) {
    let log: Log = Arc::default();
    let kept = Arc::clone(&log);
    let server = OddServer::start(move |mut stream| {
        while let Some(head) = read_head_text(&mut stream) {
            kept.lock().expect("not poisoned").push(head);
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\none two";
            if stream.write_all(answer).is_err() {
                return;
            }
        }
        let _rest = stream.read(&mut [0]);
    });
    (server, log)
}

fn template(id: &str, tags: &str, words: &[&str]) -> String {
    let matchers: Vec<String> = words
        .iter()
        .map(|word| format!("      - {{ type: word, name: {word}, words: [{word}] }}\n"))
        .collect();
    format!(
        "id: {id}\ninfo: {{ name: N, author: us, severity: low, tags: \"{tags}\" }}\nhttp:\n  \
         - method: GET\n    path: [\"{{{{BaseURL}}}}/{id}\"]\n    matchers:\n{}",
        matchers.concat()
    )
}

struct Bed {
    dir: tempfile::TempDir,
    folder: String,
    server: OddServer,
    log: Log,
}

impl Bed {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let folder = dir.path().join("templates");
        std::fs::create_dir(&folder).expect("a folder");
        write(&folder, "a.yaml", &template("first", "red", &["one", "two"]));
        write(&folder, "b.yaml", &template("second", "blue", &["one"]));
        write(&folder, "c.yaml", &template("third", "blue", &["three"]));
        let (server, log) = server();
        Self { folder: folder.display().to_string(), dir, server, log }
    }

    fn run(&self, flags: &[&str]) -> (i32, Vec<String>, String) {
        let url = self.server.url();
        let mut arguments = vec!["rules", "run", "-t", &self.folder, "-u", &url, "-no-index"];
        arguments.extend(flags);
        let (code, out, said) = told(&arguments);
        let mut lines: Vec<String> = out.lines().map(str::to_owned).collect();
        lines.sort();
        (code, lines, said)
    }

    /// `id:matcher` of each result.
    fn found(&self, flags: &[&str]) -> Vec<String> {
        let (code, lines, said) = self.run(&[flags, &["-jsonl"]].concat());
        assert_eq!(code, 0, "{said}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let name = |line: &String| {
            let line: Value = serde_json::from_str(line).expect("JSON");
            format!("{}:{}", text(&line["template-id"]), text(&line["matcher-name"]))
        };
        let mut names: Vec<String> = lines.iter().map(name).collect();
        names.sort();
        names
    }
}

#[test]
fn what_is_not_taken_is_answered_with_what_to_do_instead() {
    let bed = Bed::new();
    for (flags, expected) in [
        (&["-project"][..], "-project of Nuclei is not taken: what several templates ask alike"),
        (&["-headless"], "`shakedown scan --browser`"),
        (&["-r", "resolvers.txt"], "the system's resolver is asked"),
        (&["-version"], "use `shakedown --version`"),
        (&["-lfa=true"], "from the templates' own folder only"),
        (&["-validate"], "`shakedown rules validate PATH`"),
    ] {
        let (code, lines, said) = bed.run(flags);
        assert_eq!((code, lines.len()), (2, 0), "{said}");
        assert!(said.starts_with("error: -") && said.contains(expected), "{said}");
        assert!(!said.contains("unexpected argument"), "{said}");
    }
    let (code, _, said) = bed.run(&["-nothing-of-the-kind"]);
    assert_eq!(code, 2);
    assert!(said.contains("unexpected argument"), "{said}");
    assert!(bed.log.lock().expect("not poisoned").is_empty());
}

#[test]
fn a_file_of_flags_counts_where_the_command_line_says_nothing() {
    let bed = Bed::new();
    let text =
        "tags: [red]\nheader:\n  - 'X-Run: 7'\nrl: 500\nstop-at-first-match: false\ncode: true\n";
    let file = write(bed.dir.path(), "config.yaml", text);
    assert_eq!(bed.found(&["-config", &file]), ["first:one", "first:two"]);
    let log = bed.log.lock().expect("not poisoned").clone();
    assert!(log.iter().all(|head| head.contains("X-Run: 7")), "{log:?}");
    assert_eq!(bed.found(&["-tp", &file, "-tags=blue"]), ["second:one"]);
    let (_, _, said) = bed.run(&["-config", &file]);
    assert!(said.contains("warning: -code of Nuclei is not taken: programs are never"), "{said}");

    for (text, expected) in [
        ("tagz: red\n", "there is no flag `tagz`, did you mean `tags`?"),
        ("silent: perhaps\n", "`silent` is true or false"),
        ("tags: { a: { b: c } }\n", "tags"),
        ("- a\n", "config.yaml"),
    ] {
        let file = write(bed.dir.path(), "config.yaml", text);
        let (code, lines, said) = bed.run(&["-config", &file]);
        // A mapping makes `--tags=a=…`, which no template has.
        assert_eq!((code, lines.len()), (2, 0), "{said}");
        assert!(said.contains(expected) || said.contains("no template is left"), "{said}");
    }
    let (code, _, said) = bed.run(&["-config", "/nowhere/config.yaml"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("reading /nowhere/config.yaml"), "{said}");
}

#[test]
fn results_of_some_matchers_are_not_wanted() {
    let bed = Bed::new();
    assert_eq!(bed.found(&[]), ["first:one", "first:two", "second:one"]);
    assert_eq!(bed.found(&["-em", "first:one"]), ["first:two", "second:one"]);
    assert_eq!(bed.found(&["-exclude-matchers", "*:one"]), ["first:two"]);
    assert_eq!(bed.found(&["-em", "first,second:*"]), [""; 0]);
}

#[test]
fn what_matched_nowhere_has_a_line_where_it_is_asked_for() {
    let bed = Bed::new();
    let (code, lines, said) = bed.run(&["-ms", "-plain", "-silent"]);
    assert_eq!((code, lines.len()), (0, 4), "{said}");
    assert!(lines.contains(&"[third] [http] [failed]".to_owned()), "{lines:?}");
    let (_, lines, _) = bed.run(&["-ms", "-jsonl", "-silent"]);
    let failed: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|line: &Value| line["matcher-status"] == false)
        .collect();
    assert_eq!(failed.len(), 1, "{lines:?}");
    assert_eq!(failed[0]["template-id"], "third");
}

#[test]
fn exchanges_results_and_statistics_are_written_where_they_are_asked_for() {
    let bed = Bed::new();
    let (kept, export) = (bed.dir.path().join("kept"), bed.dir.path().join("results.jsonl"));
    let (kept, export) = (kept.display().to_string(), export.display().to_string());
    let flags = ["-srd", &kept, "-jle", &export, "-sj", "-si", "1", "-id", "first"];
    let (code, lines, said) = bed.run(&flags);
    assert_eq!((code, lines.len()), (0, 2), "{said}");
    let host = format!("http/127.0.0.1_{}/000001.txt", bed.server.address.port());
    let text = std::fs::read_to_string(std::path::Path::new(&kept).join(host)).expect("a file");
    assert!(text.starts_with(&format!("{}/first\n\nGET /first HTTP/1.1\r\n", bed.server.url())));
    assert!(text.ends_with("\r\n\r\none two"), "{text}");
    let results = std::fs::read_to_string(&export).expect("a file");
    assert_eq!(results.lines().count(), 2);
    let line = said.lines().rev().find(|line| line.starts_with("{\"duration\"")).expect("a line");
    let line: Value = serde_json::from_str(line).expect("JSON");
    for (name, expected) in
        [("requests", "1"), ("total", "1"), ("percent", "100"), ("matched", "2"), ("hosts", "1")]
    {
        assert_eq!(line[name], expected, "{name}: {line}");
    }
    let (_, _, said) = bed.run(&["-stats", "-id", "third"]);
    assert!(said.contains("| Templates: 1 | Hosts: 1 | RPS: "), "{said}");
    assert!(said.contains("| Matched: 0 | Errors: 0 | Requests: 1/1 (100%)"), "{said}");
}

#[test]
fn templates_or_targets_come_first() {
    let bed = Bed::new();
    let other = format!("{}/b", bed.server.url());
    let asked = |strategy: &str| {
        bed.log.lock().expect("not poisoned").clear();
        let flags = ["-u", &other, "-c", "1", "-bs", "1", "-ss", strategy, "-tags", "blue"];
        let (code, _, said) = bed.run(&flags);
        assert_eq!(code, 0, "{said}");
        let log = bed.log.lock().expect("not poisoned");
        let path = |head: &String| head.split(' ').nth(1).unwrap_or_default().to_owned();
        log.iter().map(path).filter(|path| path != "/").collect::<Vec<_>>()
    };
    assert_eq!(asked("host-spray"), ["/second", "/third", "/b/second", "/b/third"]);
    assert_eq!(asked("template-spray"), ["/second", "/b/second", "/third", "/b/third"]);
}

#[test]
fn templates_that_would_run_are_listed_and_nothing_is_sent() {
    let bed = Bed::new();
    let (code, lines, said) = bed.run(&["-tl", "-tags", "blue"]);
    assert_eq!((code, lines.len()), (0, 2), "{said}");
    assert!(lines[0].ends_with("b.yaml") && lines[1].ends_with("c.yaml"), "{lines:?}");
    assert!(bed.log.lock().expect("not poisoned").is_empty());
}

#[test]
fn a_host_that_does_not_answer_is_left_alone_as_soon_as_the_user_says() {
    let bed = Bed::new();
    // It takes what comes, and says nothing.
    let silent = OddServer::start(
        |mut stream| {
            while stream.read(&mut [0; 1024]).is_ok_and(|len| len > 0) {}
        },
    );
    let url = silent.url();
    let asked = |flags: &[&str]| {
        let mut arguments = vec!["rules", "run", "-t", &bed.folder, "-u", &url, "-no-index"];
        arguments.extend(["-c", "1", "-retries", "0", "-timeout", "1"]);
        arguments.extend(flags);
        told(&arguments).2
    };
    let said = asked(&["-mhe", "1"]);
    assert!(said.contains("requests that were not sent: 2 unresponsive"), "{said}");
    let said = asked(&["-mhe", "1", "-nmhe"]);
    assert!(said.contains("3 requests sent (3 without an answer)"), "{said}");
}
