//! The schema of plans: current, true to the reader, and of use where one types.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value as Json;
use shakedown::plan::Overrides;
use shakedown::plan::Plan;
use shakedown::plan::from_text;
use shakedown::plan::json_schema;

use crate::program::told;

static SCHEMA: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&json_schema()).expect("a valid schema"));

/// What the schema says against a plan's text.
fn faults(text: &str) -> Vec<String> {
    let options = serde_saphyr::options! { strict_booleans: true };
    let plan: Json = serde_saphyr::from_str_with_options(text, options).expect("YAML");
    let said =
        |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
    SCHEMA.iter_errors(&plan).map(said).collect()
}

/// Fails for a plan that the schema refuses.
pub(crate) fn assert_valid(name: &str, text: &str) {
    let faults = faults(text);
    assert!(faults.is_empty(), "{name}: {}\n{text}", faults.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

#[test]
fn the_schema_in_scenarios_is_current() {
    let path = root().join("scenarios/plan.schema.json");
    let wanted = format!("{:#}\n", json_schema());
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|value| value == "1") {
        fs::write(&path, &wanted).expect("scenarios/ is writable");
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == wanted,
        "scenarios/plan.schema.json is stale; run `UPDATE_GENERATED=1 cargo nextest run schema`, \
         then read the difference"
    );
}

#[test]
fn the_program_prints_each_schema() {
    for (flags, title) in [
        (&["schema"][..], "Shakedown plan"),
        (&["schema", "--report"], "report"),
        (&["schema", "--events"], "event"),
        (&["schema", "--rule"], "rule"),
    ] {
        let (code, text, errors) = told(flags);
        assert_eq!(code, 0, "{errors}");
        let schema: Json = serde_json::from_str(&text).expect("JSON");
        let said = schema["title"].as_str().unwrap_or_default();
        assert!(said.to_lowercase().contains(&title.to_lowercase()), "{flags:?}: {said}");
        jsonschema::meta::validate(&schema).expect("a schema by its own meta-schema");
    }
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("plan.schema.json");
    let (code, text, _) = told(&["schema", "--out", &file.display().to_string()]);
    assert_eq!((code, text.as_str()), (0, ""));
    assert_eq!(fs::read_to_string(file).expect("written"), format!("{:#}\n", json_schema()));
    assert_eq!(told(&["schema", "--report", "--rule"]).0, 2);
}

#[test]
fn every_shipped_plan_is_valid() {
    let mut seen = 0;
    for entry in fs::read_dir(root().join("scenarios")).expect("readable") {
        let path = entry.expect("readable").path();
        if path.extension().is_some_and(|extension| extension == "yml") {
            assert_valid(&path.display().to_string(), &fs::read_to_string(&path).expect("UTF-8"));
            seen += 1;
        }
    }
    assert!(seen >= 8, "only {seen}");
}

#[test]
fn every_plan_in_the_readme_is_valid() {
    let readme = fs::read_to_string(root().join("README.md")).expect("UTF-8");
    let mut seen = 0;
    for block in readme.split("```yaml\n").skip(1) {
        let text = block.split("```").next().expect("it ends");
        // Parts of plans stand alone there too.
        let whole = if text.contains("version: ") {
            text.to_owned()
        } else {
            format!("version: 1\ntarget: http://127.0.0.1:8080\n{text}")
        };
        assert_valid("README.md", &whole);
        seen += 1;
    }
    assert!(seen >= 6, "only {seen}");
}

const HEAD: &str = "version: 1\ntarget: http://127.0.0.1:8080\n";

#[test]
fn what_an_editor_should_mark_is_marked() {
    let request = |keys: &str| format!("requests: {{ a: {{ {keys} }} }}");
    let scenario = |keys: &str| format!("scenarios: {{ a: {{ exec: f, {keys} }} }}");
    let bad = [
        "stage: 1".to_owned(),
        "limits: { max_rps: 0 }".to_owned(),
        "limits: { max_time: 10 }".to_owned(),
        "limits: { stop_if: { error_rate: 5 } }".to_owned(),
        "scope: { origins: auto }".to_owned(),
        "vars: { a: [ 1 ] }".to_owned(),
        "secrets: { A: hunter22 }".to_owned(),
        "secrets: { A: { env: A, file: a } }".to_owned(),
        "requests: [ ]".to_owned(),
        "requests: { 'a b': { get: / } }".to_owned(),
        request("headers: { A: b }"),
        request("get: /, post: /"),
        request("get: search"),
        request("get: /, redirects: 101"),
        request("get: /, checks: [ { status: 20 } ]"),
        request("get: /, checks: [ { contains: a, regex: b } ]"),
        request("get: /, checks: [ { duration: 500ms } ]"),
        request("get: /, extract: { a: { jsonpath: $.a, regex: b } }"),
        request("get: /, enabled: maybe"),
        request("ws: /, messages: [ { sned: a } ]"),
        "flows: { f: [ { use: a, think: 1s } ] }".to_owned(),
        "flows: { f: [ { think: a while } ] }".to_owned(),
        "flows: { f: [ { choose: [ { weight: 0, do: [ { use: a } ] } ] } ] }".to_owned(),
        scenario("executor: constant-vu, duration: 1s"),
        scenario("executor: constant-vus"),
        scenario("executor: constant-vus, duration: 1s, rate: 5"),
        scenario("executor: constant-arrival-rate, duration: 1s, rate: 5"),
        scenario("executor: constant-vus, duration: 1, vus: 2"),
        scenario("executor: ramping-vus, stages: [ { target: -1, duration: 1s } ]"),
        scenario("executor: ramping-vus, stages: [ { target: 1, duratoin: 1s } ]"),
        "scan: { active: some }".to_owned(),
        "scan: { crawl: { depht: 3 } }".to_owned(),
        "scan: { rate_limits: [ { request: a, expect: 5 } ] }".to_owned(),
        "scan: { rate_limits: [ { request: a } ] }".to_owned(),
        "thresholds: { http_req_latncy: [ 'p(95)<500' ] }".to_owned(),
        "thresholds: { http_req_latency: [ 'p95<500' ] }".to_owned(),
        "thresholds: { http_req_latency: 'p(95)<500' }".to_owned(),
        "outputs: [ { pdf: a } ]".to_owned(),
        "connection: { http: 4 }".to_owned(),
        "connection: { tls: { min: 1.1 } }".to_owned(),
    ];
    for text in bad {
        assert!(!faults(&format!("{HEAD}{text}\n")).is_empty(), "nothing is said of {text}");
    }
    assert!(!faults("target: http://127.0.0.1\n").is_empty(), "no version");
}

#[test]
fn substitutions_and_free_keys_are_taken() {
    assert_valid(
        "substitutions",
        &format!(
            "{HEAD}x-a: &a {{ a: b }}\nx-b: 5\nlimits: {{ max_rps: '${{env.A:-5}}' }}\n\
             timeout: ${{vars.t}}\n\
             requests: {{ a: {{ get: '${{env.PATH_A}}', headers: *a, redirects: '${{vars.n}}' }} }}\n\
             scenarios: {{ a: {{ executor: '${{env.E}}', exec: f, vus: '${{env.N:-5}}', \
             duration: '${{vars.d}}' }} }}\n"
        ),
    );
}

/// Where each object of the schema stands in a plan, up to its keys and behind them: `@`.
const STANDS: [(&str, &str); 44] = [
    ("", "@"),
    ("stop_if", "limits: { stop_if: { error_rate: 0.5, @ } }"),
    ("data-file", "data: { d: { file: rows.csv, @ } }\nrequests: { a: { get: '/${data.d.a}' } }"),
    ("threshold", "$SCENARIO\nthresholds: { http_reqs: [ { threshold: 'count>0', @ } ] }"),
    ("capacity", "$SCENARIO\ncapacity: { @ }"),
    ("egress", "cost: { currency: EUR, egress: { per_gb: 1, @ } }"),
    ("cost", "cost: { price_per_hour: 1, currency: EUR, @ }"),
    (
        "totp",
        "auth: { a: { basic: { user: u, password: p } } }\nidentities: { i: { auth: a, totp: { secret: JBSWY3DPEHPK3PXP, @ } } }",
    ),
    ("oauth2", "auth: { a: { oauth2: { token_url: /token, client_id: a, client_secret: b, @ } } }"),
    ("relogin", "auth: { a: { bearer: abcdefgh, relogin: { @ } } }"),
    ("request", "requests: { a: { $OPENER, @ } }"),
    ("check", "requests: { a: { get: /, checks: [ { name: n, jsonpath: $.a, @ } ] } }"),
    (
        "header-check",
        "requests: { a: { get: /, checks: [ { name: n, header: { name: A, @ } } ] } }",
    ),
    ("css-check", "requests: { a: { get: /, checks: [ { name: n, css: { selector: a, @ } } ] } }"),
    ("extraction", "requests: { a: { get: /, extract: { x: { css: a, @ } } } }"),
    (
        "form-extraction",
        "requests: { a: { get: /, extract: { x: { form: { selector: form, @ } } } } }",
    ),
    ("graphql", "requests: { a: { post: /, graphql: { query: '{ a }', @ } } }"),
    ("step", "$FLOW [ { use: a }, { while: \"${x} == '1'\", use: a, @ } ] }"),
    (
        "choice",
        "$FLOW [ { use: a }, { choose: [ { use: a, $WHILE, @ }, { use: a, weight: 2 } ] } ] }",
    ),
    ("constant-vus", "$SCENARIO_OF constant-vus, duration: 1s, @ } }"),
    ("ramping-vus", "$SCENARIO_OF ramping-vus, stages: [ { target: 2, duration: 1s } ], @ } }"),
    ("shared-iterations", "$SCENARIO_OF shared-iterations, @ } }"),
    ("per-vu-iterations", "$SCENARIO_OF per-vu-iterations, @ } }"),
    (
        "constant-arrival-rate",
        "$SCENARIO_OF constant-arrival-rate, rate: 1, duration: 1s, preAllocatedVUs: 1, @ } }",
    ),
    (
        "ramping-arrival-rate",
        "$SCENARIO_OF ramping-arrival-rate, stages: [ { target: 2, duration: 1s } ], preAllocatedVUs: 1, @ } }",
    ),
    ("trace", "trace: { @ }"),
    ("otlp", "export: [ { otlp: { endpoint: 'http://127.0.0.1:4318', @ } } ]"),
    ("remote-write", "export: [ { prometheus_rw: { url: 'http://127.0.0.1:9090/w', @ } } ]"),
    ("scan", "scan: { @ }"),
    ("crawl", "scan: { crawl: { @ } }"),
    (
        "race",
        "requests: { a: { get: / } }\nscan: { races: { r: { request: a, invariant: { request: a, json: $.n, at_most: 1 }, @ } } }",
    ),
    ("browser", "scan: { crawl: { browser: { @ } } }"),
    ("templates", "scan: { templates: { paths: [rows.csv], @ } }"),
    ("connection", "connection: { $VERSION @ }"),
    ("tls", "connection: { tls: { @ } }"),
    // What the executors have together, each of which stands above.
    ("scenario", "-"),
    ("part", "-"),
    ("under_load", "under_load: { watch: [leaks], @ }"),
    ("setup", "-"),
    (
        "access",
        "auth: { a: { basic: { user: u, password: p } } }\nidentities: { i: { auth: a } }\n\
         scan: { active: [access-matrix], access: { @ } }",
    ),
    ("override", "scan: { overrides: [ { reason: x, severity: low, @ } ] }"),
    (
        "rate-limit",
        "requests: { a: { get: / } }\nscan: { active: all, rate_limits: [ { request: a, expect: 5/1m, @ } ] }",
    ),
    ("call-step", "-"),
    ("session-step", "-"),
];

/// The plan in which the object has that key, or does not.
fn standing(template: &str, key: &str, value: Option<&Json>) -> String {
    let written = value.map(|value| format!("{key}: {value}")).unwrap_or_default();
    let request = "requests: { a: { get: /, extract: { x: { header: X } } } }";
    let flow = format!("{request}\nflows: {{ f:");
    let scenario = format!("{flow} [ {{ use: a }} ] }}\nscenarios: {{ s: {{ exec: f, executor:");
    let opener = match key {
        "maxReceiveSize" => "grpc: shop.Catalogue/Get, proto: protos/shop.proto",
        _ => "get: /",
    };
    let text = template
        .replace("$SCENARIO_OF", &scenario)
        .replace("$SCENARIO", &format!("{scenario} shared-iterations }} }}"))
        .replace("$FLOW", &flow)
        .replace("$OPENER", opener)
        .replace("$WHILE", if key == "max" { "while: \"${x} == '1'\"" } else { "chance: 0.5" })
        .replace("$VERSION", if key == "streams" { "http: 2," } else { "" });
    // Their times are judged where there is something to do.
    let once = ["setup", "teardown"].into_iter().find(|once| key.starts_with(once));
    let once =
        once.map(|once| format!("\n{scenario} shared-iterations }} }}\n{once}: [ {{ use: a }} ]"));
    format!("{HEAD}{}{}\n", text.replace('@', &written), once.unwrap_or_default())
}

#[test]
fn what_the_schema_calls_a_default_is_what_the_reader_takes() {
    let schema = json_schema();
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("rows.csv"), "a,b\n1,2\n").expect("written");
    crate::grpc_bed::write_protos(dir.path());
    let objects = schema["$defs"].as_object().expect("definitions").iter();
    let root = String::new();
    let mut told = 0;
    for (name, object) in objects.chain([(&root, &schema)]) {
        let Some(properties) = object["properties"].as_object() else { continue };
        for (key, property) in properties {
            let Some(default) = property.get("default") else { continue };
            let stands = STANDS.iter().find(|(known, _)| known == name);
            let (_, template) = stands.unwrap_or_else(|| panic!("where does `{name}` stand?"));
            if *template == "-" {
                continue;
            }
            let read = |value| {
                let text = standing(template, key, value);
                let overrides =
                    Overrides { directory: dir.path().to_owned(), ..super::overrides() };
                let plan = from_text("plan.yml", &text, &|_| None, &overrides)
                    .unwrap_or_else(|errors| panic!("{}\n{text}", errors.render(false)));
                format!("{:#?}", Plan { hash: String::new(), ..plan })
            };
            let (without, with) = (read(None), read(Some(default)));
            let differs = without.lines().zip(with.lines()).find(|(one, other)| one != other);
            assert_eq!(differs, None, "{name}.{key}: {default}");
            assert_eq!(without.len(), with.len(), "{name}.{key}: {default}");
            told += 1;
        }
    }
    assert!(told > 50, "{told}");
}
