//! Who may do what, from the plan to the exit code: written, committed, compared, on the demo shop
//! and its safe twin.

use std::path::Path;

use serde_json::Value;
use shakedown::model::ANONYMOUS;
use shakedown::model::Access;
use shakedown::model::Seed;
use shakedown::plan::Overrides;
use shakedown::plan::Plan;
use shakedown::plan::access_text;
use shakedown::plan::load_file;

use crate::program::{Shop, shakedown, told, write};

const SCENARIO: &str = include_str!("../../scenarios/access.yml");

/// A scan of a shop by a plan; exit code, report and what was said.
fn scan(plan: &str, shop: &Shop, more: &[&str]) -> (i32, Value, String) {
    let output = shakedown()
        .env("BASE_URL", &shop.url)
        .env("SCAN_RPS", "2000")
        .env("SHAKEDOWN_BROWSER", "none")
        .args(["scan", plan, "--json"])
        .args(more)
        .output()
        .expect("it can be started");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    (output.status.code().unwrap_or(-1), report, said)
}

/// The words of an operation, by identity.
fn cells<'r>(report: &'r Value, path: &str) -> Vec<&'r str> {
    let operations = report["access"]["operations"].as_array().expect("a matrix");
    let row = operations.iter().find(|row| row["path_template"] == path);
    let row = row.unwrap_or_else(|| panic!("{path} in {operations:#?}"));
    let cells = row["cells"].as_array().expect("cells");
    cells.iter().map(|cell| cell["access"].as_str().expect("a word")).collect()
}

const ORDERS: [&str; 2] = ["/orders/{id}", "/api/orders/{orders_id}"];

#[test]
fn a_check_of_the_owner_that_is_gone_fails_the_build() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let plan = write(dir.path(), "plan.yml", SCENARIO);
    let file = dir.path().join("access.yml");
    let file = file.to_str().expect("UTF-8");
    let (safe, flawed) = (Shop::safe(), Shop::flawed());

    // Nobody has said yet who may what: the grid is told, and is no finding.
    let (code, report, said) = scan(&plan, &safe, &["--write-access", file]);
    assert_eq!(code, 0, "{said}");
    for path in ORDERS {
        assert_eq!(cells(&report, path), ["deny", "allow", "deny", "deny"], "{path}");
    }
    let written = std::fs::read_to_string(file).expect("it was written");
    for path in ORDERS {
        let start = format!("  GET {path}:");
        let line = written.lines().find(|line| line.starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("{path} in {written}"));
        let wanted = "{ anonymous: deny, member: allow, other_member: deny, admin: deny }";
        assert!(line.ends_with(wanted), "{line}");
    }

    // From now on it is a gate.
    let gated = SCENARIO.replace("# matrix: access.yml", "matrix: access.yml");
    let plan = write(dir.path(), "plan.yml", &gated);
    let (code, report, said) = scan(&plan, &safe, &[]);
    assert_eq!(code, 0, "{said}\n{:#}", report["verdict"]);
    let (code, report, said) = scan(&plan, &flawed, &[]);
    assert_eq!(code, 80, "{said}\n{:#}", report["verdict"]);
    let findings = report["findings"].as_array().expect("findings");
    for path in ORDERS {
        let is_it = |it: &&Value| it["rule"] == "access-matrix" && it["path_template"] == path;
        let finding = findings.iter().find(is_it).unwrap_or_else(|| panic!("{path}: {said}"));
        assert_eq!(finding["confidence"], "firm");
        let detail = finding["detail"].as_str().expect("text");
        assert!(detail.contains("`other_member` gets"), "{detail}");
        let now = cells(&report, path);
        assert!(matches!(now[2], "allow" | "same"), "{path}: {now:?}");
    }
}

const PLAN: &str = "\
version: 1
target: http://127.0.0.1:8080
auth: { shop: { basic: { user: '${user}', password: '${pass}' } } }
identities:
  member: { auth: shop, vars: { user: a, pass: lantern-58 } }
  admin: { auth: shop, vars: { user: b, pass: harbour-31 } }
";

fn read(dir: &Path, scan: &str) -> Result<Plan, String> {
    let path = write(dir, "plan.yml", &format!("{PLAN}{scan}\n"));
    let overrides = Overrides {
        known_checks: vec!["access-matrix".to_owned(), "sqli-error".to_owned()],
        ..Overrides::new(Seed(1), jiff::civil::date(2031, 5, 4))
    };
    load_file(Path::new(&path), &|_| None, &overrides).map_err(|errors| errors.render(false))
}

#[test]
fn the_plan_says_who_is_compared_and_with_what() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let settings = |scan: &str| {
        let plan = read(dir.path(), scan).unwrap_or_else(|errors| panic!("{errors}"));
        let scan = plan.scan.expect("it scans");
        (scan.probing.access.expect("it compares"), scan.active)
    };
    let (usual, active) = settings("scan: { active: [sqli-error], access: {} }");
    assert_eq!(usual.identities, [ANONYMOUS, "member", "admin"]);
    assert_eq!(active, ["sqli-error", "access-matrix"], "its check runs with the others");
    assert!(usual.expected.is_none() && usual.includes("POST", "/anything"));
    let (by_policy, active) = settings("scan: { policy: ci, access: {} }");
    assert_eq!((by_policy, active), (usual, vec!["access-matrix".to_owned()]));
    let text = "version: 1\nidentities: [ admin, anonymous ]\noperations:\n  \
        GET /a: { anonymous: deny, admin: allow }\n";
    write(dir.path(), "access.yml", text);
    let (some, _) = settings(
        "scan: { active: all, access: { identities: [ admin, anonymous ], matrix: access.yml, \
         include: [ 'GET /api/' ] } }",
    );
    assert_eq!(some.identities, ["admin", ANONYMOUS]);
    assert!(some.includes("GET", "/api/a") && !some.includes("HEAD", "/api/a"));
    let expected = some.expected.expect("it was read");
    let row = expected.row("GET", "/a").expect("it is there");
    assert_eq!(expected.cell(row, "admin").map(|cell| cell.now), Some(Access::Allow));
    assert!(access_text(&expected).contains("{ admin: allow, anonymous: deny }"));
    // Whoever looks at the site with a login that nobody has is somebody too.
    let lone = PLAN.split("identities:").next().expect("a beginning");
    let path = write(
        dir.path(),
        "lone.yml",
        &format!("{lone}scan: {{ as: shop, policy: ci, access: {{}} }}\n")
            .replace("'${user}'", "a")
            .replace("'${pass}'", "lantern-58"),
    );
    let overrides = Overrides::new(Seed(1), jiff::civil::date(2031, 5, 4));
    let plan = load_file(Path::new(&path), &|_| None, &overrides);
    let plan = plan.unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let access = plan.scan.and_then(|scan| scan.probing.access).expect("it compares");
    assert_eq!(access.identities, [ANONYMOUS, "shop"]);
}

#[test]
fn what_makes_no_sense_is_told_where_it_stands() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = "version: 1\nidentities: [ anonymous, membr ]\noperations:\n  \
        GET /a: { anonymous: deny, membr: alow }\n";
    write(dir.path(), "broken.yml", text);
    for (access, parts) in [
        ("identities: [ anonymous, membr ]", &["did you mean `member`?", "plan.yml:7:"][..]),
        ("identities: [ member, member ]", &["`member` is named twice", "takes two of them"]),
        ("identities: [ admin ]", &["takes two of them", "add `identities`"]),
        ("identites: []", &["unknown key `identites`", "did you mean `identities`?"]),
        ("matrix: none.yml", &["none.yml", "cannot be read", "--write-access none.yml"]),
        (
            "matrix: broken.yml",
            &["broken.yml:2:26", "did you mean `member`?", "broken.yml:4:37", "`allow`"],
        ),
        ("include: [ /api/ ]", &["no operation begins with `/api/`", "like `GET /api/`"]),
    ] {
        let scan = format!("scan: {{ active: [access-matrix], access: {{ {access} }} }}");
        let said = read(dir.path(), &scan).expect_err(access);
        for part in parts {
            assert!(said.contains(part), "{access}: {part} in {said}");
        }
    }
    let said = read(dir.path(), "scan: { access: {} }").expect_err("no check runs");
    assert!(said.contains("add `active: [ access-matrix ]` to `scan`"), "{said}");
    let named = PLAN.replace("  member:", "  anonymous:");
    let path =
        write(dir.path(), "named.yml", &format!("{named}scan: {{ policy: ci, access: {{}} }}\n"));
    let (code, told, said) = told(&["validate", &path]);
    assert_eq!(code, 104, "{told}{said}");
    assert!(format!("{told}{said}").contains("`anonymous` is nobody here"), "{told}{said}");
}

#[test]
fn a_matrix_is_written_only_of_what_a_plan_compares() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let plan = write(dir.path(), "plan.yml", &format!("{PLAN}scan: {{}}\n"));
    for target in [plan.as_str(), "http://127.0.0.1:1/"] {
        let (code, _, said) = told(&["scan", target, "--write-access", "access.yml"]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("there is none"), "{said}");
    }
}
