//! The ready parts for services: their steps are run as the services run them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::exit_codes::PAGE;
use crate::program::{OddServer, write};

const ACTION: &str = include_str!("../../.github/actions/shakedown/action.yml");
const GITLAB: &str = include_str!("../../.gitlab/ci/shakedown.gitlab-ci.yml");

const PROGRAM: &str = env!("CARGO_BIN_EXE_shakedown");

/// A step of a composite action as GitHub runs it: bash with these switches, expressions put in before.
struct Runner {
    dir: tempfile::TempDir,
    inputs: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
}

impl Runner {
    fn new(action: &Value, given: &[(&str, &str)]) -> Self {
        let declared = action["inputs"].as_object().expect("inputs");
        let mut inputs: BTreeMap<String, String> = declared
            .iter()
            .map(|(name, input)| {
                let default = input["default"].as_str().unwrap_or_default();
                (name.clone(), default.to_owned())
            })
            .collect();
        for (name, value) in given {
            let input = inputs.get_mut(*name).unwrap_or_else(|| panic!("no input {name}"));
            (*value).clone_into(input);
        }
        let dir = tempfile::tempdir().expect("a temporary directory");
        Self { dir, inputs, outputs: BTreeMap::new() }
    }

    fn expression(&self, text: &str) -> String {
        let Some(inner) = text.strip_prefix("${{").and_then(|it| it.strip_suffix("}}")) else {
            assert!(!text.contains("${{"), "an expression within a text: {text}");
            return text.to_owned();
        };
        let inner = inner.trim();
        if let Some(name) = inner.strip_prefix("inputs.") {
            return self.inputs.get(name).unwrap_or_else(|| panic!("no input {name}")).clone();
        }
        if inner == "github.action_path" {
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            return root.join(".github/actions/shakedown").display().to_string();
        }
        self.outputs.get(inner).cloned().unwrap_or_default()
    }

    fn step(&mut self, step: &Value, path: Option<&Path>) -> Output {
        let script = step["run"].as_str().expect("a script");
        assert!(!script.contains("${{"), "what others say is no part of a script");
        assert_eq!(step["shell"], "bash");
        let file = write(self.dir.path(), "step.sh", script);
        let (output, summary) = (self.dir.path().join("output"), self.dir.path().join("summary"));
        std::fs::write(&output, "").expect("writable");
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail", &file])
            .current_dir(self.dir.path())
            .env("CI", "true")
            .env("SHAKEDOWN_HISTORY", "off")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_STEP_SUMMARY", &summary)
            .env("RUNNER_TEMP", self.dir.path());
        if let Some(path) = path {
            command.env("PATH", with_path(path));
        }
        for (name, value) in step["env"].as_object().expect("an environment") {
            command.env(name, self.expression(value.as_str().expect("a text")));
        }
        let ran = command.output().expect("bash is there");
        let id = step["id"].as_str().expect("an id");
        for line in std::fs::read_to_string(&output).expect("it is there").lines() {
            let (name, value) = line.split_once('=').expect("name=value");
            self.outputs.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
        }
        ran
    }

    /// All steps, until one fails.
    fn run(&mut self, action: &Value, path: Option<&Path>) -> i32 {
        let mut code = 0;
        for step in action["runs"]["steps"].as_array().expect("steps") {
            let ran = self.step(step, path);
            code = ran.status.code().unwrap_or(-1);
            if code != 0 {
                break;
            }
        }
        code
    }

    /// An output of the action as a whole.
    fn output(&self, action: &Value, name: &str) -> String {
        self.expression(action["outputs"][name]["value"].as_str().expect("a text"))
    }

    fn summary(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("summary")).unwrap_or_default()
    }
}

/// The directory before those where programs are looked for anyway.
fn with_path(first: &Path) -> std::ffi::OsString {
    let rest = std::env::var_os("PATH").expect("there is one");
    let all = std::iter::once(first.to_owned()).chain(std::env::split_paths(&rest));
    std::env::join_paths(all).expect("no name has a colon")
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("YAML")
}

#[test]
fn the_action_runs_shakedown_and_says_where_everything_is() {
    let action = yaml(ACTION);
    assert_eq!(action["runs"]["using"], "composite");
    let server = OddServer::answering(PAGE);
    let url = server.url();
    let inputs = [
        ("command", "scan"),
        ("target", url.as_str()),
        ("binary", PROGRAM),
        ("args", "--depth\n1\n\n--fail-on\nnever\n"),
    ];
    let mut runner = Runner::new(&action, &inputs);
    assert_eq!(runner.run(&action, None), 0);
    assert_eq!(runner.output(&action, "exit-code"), "0");
    for name in ["json", "html", "markdown", "junit", "sarif"] {
        let file = runner.dir.path().join(runner.output(&action, name));
        assert!(file.is_file(), "{name}: {}", file.display());
    }
    assert!(runner.summary().starts_with("## ✅ Shakedown: passed, exit code 0"));
}

#[test]
fn a_failing_run_fails_the_step_and_has_written_everything_before() {
    let action = yaml(ACTION);
    let server = OddServer::answering(PAGE);
    let url = server.url();
    let given = [("command", "scan"), ("target", url.as_str()), ("binary", PROGRAM)];
    let strict = [&given[..], &[("args", "--fail-on\ninfo")]].concat();
    let mut runner = Runner::new(&action, &strict);
    assert_eq!(runner.run(&action, None), 80);
    assert_eq!(runner.output(&action, "exit-code"), "80");
    assert!(runner.dir.path().join(runner.output(&action, "sarif")).is_file());
    assert!(runner.summary().starts_with("## ❌ Shakedown: failed, exit code 80"));

    let lenient = [&strict[..], &[("fail", "false")]].concat();
    let mut runner = Runner::new(&action, &lenient);
    assert_eq!(runner.run(&action, None), 0, "what follows is the workflow's to decide");
    assert_eq!(runner.output(&action, "exit-code"), "80");

    let unreadable = [("target", "nowhere.yml"), ("binary", PROGRAM)];
    let mut runner = Runner::new(&action, &unreadable);
    assert_ne!(runner.run(&action, None), 0);
    assert!(runner.summary().starts_with("## Shakedown: no report"), "{}", runner.summary());
    assert_eq!(runner.output(&action, "sarif"), "");

    let hostile = [("command", "scan; id"), ("target", "x"), ("binary", PROGRAM)];
    assert_eq!(Runner::new(&action, &hostile).run(&action, None), 2);
}

#[cfg(unix)]
#[test]
fn without_a_binary_the_action_builds_one_from_its_own_source() {
    use std::os::unix::fs::PermissionsExt as _;
    let action = yaml(ACTION);
    let server = OddServer::answering(PAGE);
    let url = server.url();
    let given = [("command", "scan"), ("target", url.as_str()), ("args", "--fail-on=never")];
    let mut runner = Runner::new(&action, &given);
    // In place of a build of minutes: it notes what it is asked for, and puts a binary there.
    let tools = runner.dir.path().join("tools");
    std::fs::create_dir(&tools).expect("writable");
    let script = format!(
        "#!/bin/sh\necho \"$@\" > \"$RUNNER_TEMP/asked\"\n\
         mkdir -p \"$RUNNER_TEMP/shakedown-target/release\"\n\
         ln -s {PROGRAM} \"$RUNNER_TEMP/shakedown-target/release/shakedown\"\n"
    );
    let cargo = write(&tools, "cargo", &script);
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&cargo, executable).expect("writable");
    assert_eq!(runner.run(&action, Some(&tools)), 0);
    let asked = std::fs::read_to_string(runner.dir.path().join("asked")).expect("it was asked");
    assert!(asked.starts_with("build --release --locked --manifest-path "), "{asked}");
    let manifest = asked.split_whitespace().nth(4).expect("a path");
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    assert_eq!(Path::new(manifest).canonicalize().ok(), own.canonicalize().ok());
}

#[cfg(unix)]
#[test]
fn the_job_for_gitlab_writes_what_its_artifacts_name() {
    let job = &yaml(GITLAB)["shakedown"];
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let plan = format!(
        "version: 1
target: {}
requests: {{ home: {{ get: / }} }}
flows: {{ visit: [ {{ use: home }} ] }}
scenarios:
  steady: {{ executor: shared-iterations, exec: visit, vus: 2, iterations: 20, maxDuration: 10s }}
scan: {{ crawl: {{ depth: 1, max_urls: 5 }} }}
",
        server.url()
    );
    write(dir.path(), "release.yml", &plan);
    std::os::unix::fs::symlink(PROGRAM, dir.path().join("shakedown")).expect("writable");
    let mut command = Command::new("bash");
    let script: Vec<&str> =
        job["script"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    command.args(["-eo", "pipefail", "-c", &script.join("\n")]).current_dir(dir.path());
    for (name, value) in job["variables"].as_object().expect("variables") {
        command.env(name, value.as_str().expect("a text"));
    }
    let ran = command
        .env("PATH", with_path(dir.path()))
        .env("CI", "true")
        .env("SHAKEDOWN_HISTORY", "off")
        .env("GITLAB_CI", "true")
        .env("SHAKEDOWN_PLAN", "release.yml")
        .env("SHAKEDOWN_ARGS", "--fail-on never")
        .output()
        .expect("bash is there");
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    for (kind, file) in job["artifacts"]["reports"].as_object().expect("reports") {
        let file = dir.path().join(file.as_str().expect("a path"));
        let length = std::fs::metadata(&file).map_or(0, |it| it.len());
        assert!(length > 0, "{kind}: {}", file.display());
    }
}
