//! Descriptions of interfaces that are found on the way: their operations are where the crawl goes on.
//!
//! They are read as a file is that the plan names, with two differences, because it is the target
//! that has written them: no other file is read, and nothing of the environment gets in.

use std::path::Path;

use jiff::civil::date;
use url::Url;

use super::graphql;
use super::unbound::Seeded;
use crate::import;
use crate::import::Format;
use crate::import::Options;
use crate::model::LeftAlone;
use crate::model::Method;
use crate::model::OperationSource;
use crate::model::Origin;
use crate::model::Seed;
use crate::model::SkipReason;
use crate::model::Target;
use crate::plan;
use crate::plan::Overrides;
use crate::plan::Plan;
use crate::plan::ScanSettings;

/// Larger descriptions are not read.
const MAX_BYTES: usize = 2 << 20;

/// Descriptions of one crawl.
const MAX_DESCRIPTIONS: u32 = 10;

/// Operations of one description.
const MAX_OPERATIONS: usize = 1000;

/// How much of a document is looked at to see whether it is one.
const SNIFFED: usize = 4096;

/// No folder: a description refers to no file of this machine.
const NOWHERE: &str = "/dev/null/nowhere";

/// Reads descriptions.
pub(crate) struct Describer {
    scan: ScanSettings,
    seed: Seed,
    left: u32,
}

/// A document that describes an interface.
#[derive(Clone, Copy)]
pub(crate) struct Description<'a> {
    pub(crate) url: &'a Url,
    pub(crate) body: &'a [u8],
    /// Where a GraphQL endpoint was asked for its schema: how.
    pub(crate) asked_by: Option<&'a Method>,
}

/// Whether a document describes an interface (OpenAPI, Swagger, the schema of a GraphQL endpoint).
pub(crate) fn is_description(body: &[u8]) -> bool {
    is_schema(body) || is_openapi(body)
}

/// The answer to an introspection query.
fn is_schema(body: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&body[..body.len().min(SNIFFED)]);
    body.len() <= MAX_BYTES && start.trim_start().starts_with('{') && start.contains("\"__schema\"")
}

fn is_openapi(body: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&body[..body.len().min(SNIFFED)]);
    // Sorted by key, the version stands behind everything else.
    let end = String::from_utf8_lossy(&body[body.len().saturating_sub(SNIFFED)..]);
    let is_version = |line: &str| line.starts_with("openapi:") || line.starts_with("swagger:");
    let is_yaml = || start.lines().chain(end.lines()).any(is_version);
    let names = |key: &str| [&start, &end].iter().any(|part| part.contains(&format!("\"{key}\":")));
    let is_json = start.trim_start().starts_with('{') && (names("openapi") || names("swagger"));
    body.len() <= MAX_BYTES && (is_json || is_yaml())
}

impl Describer {
    /// For what the plan's scan may send.
    pub(crate) fn new(scan: &ScanSettings, seed: Seed) -> Self {
        Self { scan: scan.clone(), seed, left: MAX_DESCRIPTIONS }
    }

    /// The operations that the document at `url` describes.
    ///
    /// # Errors
    /// Why it is not read.
    pub(crate) fn read(&mut self, described: Description<'_>) -> Result<Vec<Seeded>, String> {
        if self.left == 0 {
            return Err(format!("{MAX_DESCRIPTIONS} were read before"));
        }
        self.left -= 1;
        let plan = self.plan(described)?;
        if !is_schema(described.body) {
            return Ok(seeds(&plan));
        }
        let by_get = described.asked_by.is_some_and(Method::is_safe);
        Ok(seeds(&plan).into_iter().map(|seeded| graphql::operation(seeded, by_get)).collect())
    }

    fn plan(&self, Description { url, body, asked_by }: Description<'_>) -> Result<Plan, String> {
        let mut endpoint = url.clone();
        endpoint.set_query(None);
        let target = asked_by.and_then(|_| Target::parse(endpoint.as_str()).ok());
        let format = if is_schema(body) { Format::GraphQl } else { Format::OpenApi };
        let options = Options {
            format: Some(format),
            target,
            unsafe_too: self.scan.allow_unsafe,
            ..Options::default()
        };
        let name = url.as_str();
        let mut imported = import::import_bytes(name, body, Path::new(NOWHERE), &options)
            .map_err(|error| error.to_string())?;
        imported.operations.truncate(MAX_OPERATIONS);
        if imported.origin.is_none() {
            imported.origin = Origin::of(url).ok().map(|origin| origin.to_string());
        }
        let is_secret = |text: &import::Text| text.written().contains("${secrets.");
        for operation in &mut imported.operations {
            operation.headers.retain(|(_, value)| !is_secret(value));
            operation.query.retain(|(_, value)| !is_secret(value));
        }
        let text = import::plan_text(&imported, name);
        import::fits(name, &text).map_err(|error| error.to_string())?;
        // What is secret has a sample; the target's own address is in the text.
        let environment = |name: &str| (name != "BASE_URL").then(|| "sample".to_owned());
        let mut overrides = Overrides::new(self.seed, date(2000, 1, 1));
        // Whether it may be sent to is judged when it is, by the plan's own scope.
        overrides.authorised_by = Some("the plan".to_owned());
        // Not by its own name: a plan called `.json` is JSON.
        let mut plan = plan::from_text("description.yml", &text, &environment, &overrides)
            .map_err(|errors| errors.render(false))?;
        plan.scan = Some(ScanSettings { unsafe_requests: Vec::new(), ..self.scan.clone() });
        plan.seed = self.seed;
        Ok(plan)
    }
}

fn seeds(plan: &Plan) -> Vec<Seeded> {
    let values = plan.known_values();
    let requests = plan.requests.iter().enumerate();
    requests
        .map(|(index, template)| {
            let mut template = template.clone();
            let mut left_alone = plan.reason_to_leave(index);
            match plan.sent_with(index, &values) {
                Ok(request) => template.request = request,
                Err(_) if left_alone.is_none() => {
                    let reason = format!("the description has no value for it: {}", template.name);
                    left_alone = Some(LeftAlone::new(SkipReason::Unbound, reason));
                }
                Err(_) => {}
            }
            Seeded { template, source: OperationSource::Spec, left_alone }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::CrawlSettings;
    use crate::plan::Probing;
    use crate::plan::RobotsPolicy;
    use crate::plan::TemplateSettings;

    fn describer(allow_unsafe: bool) -> Describer {
        let scan = ScanSettings {
            crawl: CrawlSettings {
                depth: 5,
                max_urls: 10,
                per_kind: 12,
                max_time: None,
                max_bytes: None,
                robots: RobotsPolicy::Ignore,
                import: Vec::new(),
                browser: None,
            },
            active: Vec::new(),
            probing: Probing::default(),
            max_rps: 1e6,
            concurrency: 1,
            allow_unsafe,
            unsafe_requests: Vec::new(),
            passive_during_load: false,
            rule_dirs: Vec::new(),
            templates: TemplateSettings::default(),
            imported: Vec::new(),
        };
        Describer::new(&scan, Seed(1))
    }

    fn read(text: &str, allow_unsafe: bool) -> Vec<(String, String, bool)> {
        let url = Url::parse("http://127.0.0.1:8080/docs/openapi.json").expect("a URL");
        let described = Description { url: &url, body: text.as_bytes(), asked_by: None };
        let seeds = describer(allow_unsafe).read(described).expect("it is read");
        let told = seeds.into_iter().map(|seed| {
            let request = seed.template.request;
            (request.method.as_str().to_owned(), request.url(), seed.left_alone.is_some())
        });
        told.collect()
    }

    #[test]
    fn operations_come_with_samples_and_unsafe_ones_are_left() {
        let text = r#"{"openapi":"3.1.0","info":{"title":"t","version":"1"},"servers":[{"url":"/v1"}],
            "paths":{"/a/{id}":{"get":{"parameters":[{"name":"id","in":"path","required":true,"example":7}],
            "responses":{}},"post":{"responses":{}}}}}"#;
        assert!(is_description(text.as_bytes()));
        let expected = [
            ("GET".to_owned(), "http://127.0.0.1:8080/v1/a/7".to_owned(), false),
            ("POST".to_owned(), "http://127.0.0.1:8080/v1/a/1".to_owned(), true),
        ];
        assert_eq!(read(text, false), expected);
        assert!(!read(text, true)[1].2);
    }

    #[test]
    fn nothing_of_this_machine_gets_in() {
        let text = r#"{"openapi":"3.0.0","info":{"title":"${env.HOME}","version":"1"},
            "paths":{"/x":{"get":{"parameters":[{"name":"q","in":"query","example":"${env.HOME}"},
            {"$ref":"Cargo.toml#/package"}],"responses":{}}}}}"#;
        let home = std::path::Path::new("/root").display().to_string();
        for (_, url, _) in read(text, false) {
            assert!(url.contains("env.HOME") && !url.contains(&home), "{url}");
        }
    }

    #[test]
    fn what_is_none_is_not_taken_for_one() {
        for text in ["{\"name\":\"openapi\"}", "<html>", "{\"open\":1}", ""] {
            assert!(!is_description(text.as_bytes()) || text.contains("openapi"), "{text}");
            let url = Url::parse("http://h/").expect("a URL");
            let described = Description { url: &url, body: text.as_bytes(), asked_by: None };
            assert!(describer(false).read(described).is_err(), "{text}");
        }
    }
}
