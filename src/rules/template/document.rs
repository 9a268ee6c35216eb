//! The shape of a template in Nuclei's format: what the YAML parser fills in. Nothing is judged here;
//! `compile` does that. Keys that the format does not have are an error, as they are in Nuclei.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;

use super::loose::{Loose, Names, Pairs, Text, Texts, Words};
use crate::rules::schema::{Examples, OncePerKey};

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Document {
    pub(super) id: Spanned<Text>,
    pub(super) info: Info,
    #[serde(default)]
    pub(super) variables: Pairs<Loose>,
    #[serde(default)]
    pub(super) constants: Pairs<Loose>,
    #[serde(default)]
    pub(super) flow: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) self_contained: bool,
    #[serde(default)]
    pub(super) stop_at_first_match: bool,
    #[serde(default)]
    pub(super) signature: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) http: Option<Vec<Block>>,
    /// The name that `http` had once.
    #[serde(default)]
    pub(super) requests: Option<Vec<Block>>,
    #[serde(default)]
    pub(super) workflows: Option<Vec<Step>>,
    #[serde(default)]
    pub(super) dns: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) file: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) network: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) tcp: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) headless: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) ssl: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) websocket: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) whois: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) code: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) javascript: Option<IgnoredAny>,
    /// Ours: responses that a test runs the rule against.
    #[serde(default)]
    pub(super) examples: Examples,
    /// Ours: what counts as the same finding.
    #[serde(default)]
    pub(super) once_per: Option<OncePerKey>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Info {
    pub(super) name: Spanned<Text>,
    #[serde(default)]
    pub(super) author: Names,
    #[serde(default)]
    pub(super) tags: Names,
    #[serde(default)]
    pub(super) description: Text,
    #[serde(default)]
    pub(super) impact: Text,
    #[serde(default)]
    pub(super) reference: Words,
    #[serde(default)]
    pub(super) severity: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) metadata: Pairs<Loose>,
    #[serde(default)]
    pub(super) classification: Option<Classification>,
    #[serde(default)]
    pub(super) remediation: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Classification {
    #[serde(default)]
    pub(super) cve_id: Names,
    #[serde(default)]
    pub(super) cwe_id: Names,
    #[serde(default)]
    pub(super) cvss_metrics: Text,
    #[serde(default)]
    pub(super) cvss_score: Option<f64>,
    #[serde(default)]
    pub(super) epss_score: Option<f64>,
    #[serde(default)]
    pub(super) epss_percentile: Option<f64>,
    #[serde(default)]
    pub(super) cpe: Text,
}

/// One entry of `http`.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the format")]
#[expect(dead_code, reason = "keys of the format that mean nothing here: pipelining, names")]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Block {
    #[serde(default)]
    pub(super) id: Option<Text>,
    #[serde(default)]
    pub(super) name: Option<Text>,
    #[serde(default)]
    pub(super) method: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) path: Option<Texts>,
    #[serde(default)]
    pub(super) raw: Option<Texts>,
    #[serde(default)]
    pub(super) body: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) headers: Pairs<Spanned<Text>>,
    #[serde(default)]
    pub(super) payloads: Pairs<PayloadSource>,
    #[serde(default)]
    pub(super) attack: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) threads: Option<u32>,
    #[serde(default)]
    pub(super) stop_at_first_match: bool,
    #[serde(default)]
    pub(super) matchers_condition: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) matchers: Vec<Matcher>,
    #[serde(default)]
    pub(super) extractors: Vec<Extractor>,
    #[serde(default)]
    pub(super) redirects: Option<Spanned<bool>>,
    #[serde(default)]
    pub(super) host_redirects: Option<Spanned<bool>>,
    #[serde(default)]
    pub(super) protocol_redirects: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) max_redirects: Option<u32>,
    #[serde(default)]
    pub(super) cookie_reuse: Option<bool>,
    #[serde(default)]
    pub(super) disable_cookie: bool,
    #[serde(default)]
    pub(super) max_size: Option<u64>,
    #[serde(default)]
    pub(super) read_all: bool,
    #[serde(default)]
    pub(super) r#unsafe: bool,
    #[serde(default)]
    pub(super) race: bool,
    #[serde(default, rename = "race_count")]
    pub(super) race_count: Option<u32>,
    #[serde(default)]
    pub(super) pipeline: bool,
    #[serde(default)]
    pub(super) pipeline_concurrent_connections: Option<u32>,
    #[serde(default)]
    pub(super) pipeline_requests_per_connection: Option<u32>,
    #[serde(default)]
    pub(super) req_condition: Option<bool>,
    #[serde(default)]
    pub(super) skip_variables_check: bool,
    #[serde(default)]
    pub(super) iterate_all: bool,
    #[serde(default)]
    pub(super) digest_username: Option<Text>,
    #[serde(default)]
    pub(super) digest_password: Option<Text>,
    #[serde(default)]
    pub(super) disable_path_automerge: bool,
    #[serde(default)]
    pub(super) global_matchers: bool,
    #[serde(default)]
    pub(super) self_contained: bool,
    #[serde(default)]
    pub(super) signature: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) skip_secret_file: bool,
    #[serde(default)]
    pub(super) fuzzing: Vec<Fuzz>,
    #[serde(default)]
    pub(super) analyzer: Option<Spanned<Analyzer>>,
    #[serde(default)]
    pub(super) pre_condition: Vec<Matcher>,
    #[serde(default)]
    pub(super) pre_condition_operator: Option<Spanned<Text>>,
    /// The names that `pre-condition` had once.
    #[serde(default)]
    pub(super) filters: Vec<Matcher>,
    #[serde(default)]
    pub(super) filters_condition: Option<Spanned<Text>>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a key of the format")]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Matcher {
    pub(super) r#type: Spanned<Text>,
    #[serde(default)]
    pub(super) part: Option<Text>,
    #[serde(default)]
    pub(super) name: Option<Text>,
    #[serde(default)]
    pub(super) condition: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) negative: bool,
    #[serde(default)]
    pub(super) internal: bool,
    #[serde(default)]
    pub(super) case_insensitive: bool,
    #[serde(default)]
    pub(super) match_all: bool,
    #[serde(default)]
    pub(super) encoding: Option<Text>,
    #[serde(default)]
    pub(super) words: Option<Texts>,
    #[serde(default)]
    pub(super) status: Option<Texts>,
    #[serde(default)]
    pub(super) size: Option<Texts>,
    #[serde(default)]
    pub(super) regex: Option<Texts>,
    #[serde(default)]
    pub(super) dsl: Option<Texts>,
    #[serde(default)]
    pub(super) binary: Option<Texts>,
    #[serde(default)]
    pub(super) xpath: Option<Texts>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Extractor {
    pub(super) r#type: Spanned<Text>,
    #[serde(default)]
    pub(super) part: Option<Text>,
    #[serde(default)]
    pub(super) name: Option<Text>,
    #[serde(default)]
    pub(super) internal: bool,
    #[serde(default)]
    pub(super) case_insensitive: bool,
    #[serde(default)]
    pub(super) group: Option<u32>,
    #[serde(default)]
    pub(super) attribute: Option<Text>,
    #[serde(default)]
    pub(super) regex: Option<Texts>,
    #[serde(default)]
    pub(super) kval: Option<Texts>,
    #[serde(default)]
    pub(super) json: Option<Texts>,
    #[serde(default)]
    pub(super) xpath: Option<Texts>,
    #[serde(default)]
    pub(super) dsl: Option<Texts>,
}

/// Where values of a payload come from.
#[derive(Debug, Clone)]
pub(super) enum PayloadSource {
    /// A file below the templates' root, or lines.
    Text(Spanned<Text>),
    List(Vec<Text>),
    /// By aggression: `low`, `medium`, `high`.
    Levels(Vec<(String, Vec<Text>)>),
}

impl<'de> Deserialize<'de> for PayloadSource {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Sources;
        impl<'de> serde::de::Visitor<'de> for Sources {
            type Value = Spanned<PayloadSource>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a file name or a list of values")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let nowhere = serde_saphyr::Location::UNKNOWN;
                let text = Spanned::new(Text(text.to_owned()), nowhere, nowhere);
                Ok(Spanned::new(PayloadSource::Text(text), nowhere, nowhere))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                let nowhere = serde_saphyr::Location::UNKNOWN;
                Ok(Spanned::new(PayloadSource::List(items), nowhere, nowhere))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Self::Value, A::Error> {
                let mut levels = Vec::new();
                while let Some((Text(name), items)) = map.next_entry()? {
                    levels.push((name, items));
                }
                let nowhere = serde_saphyr::Location::UNKNOWN;
                Ok(Spanned::new(PayloadSource::Levels(levels), nowhere, nowhere))
            }
        }
        deserializer.deserialize_any(Sources).map(|source| source.value)
    }
}

/// One entry of `fuzzing`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Fuzz {
    #[serde(default)]
    pub(super) r#type: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) part: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) parts: Option<Texts>,
    #[serde(default)]
    pub(super) mode: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) keys: Option<Texts>,
    #[serde(default)]
    pub(super) keys_regex: Option<Texts>,
    #[serde(default)]
    pub(super) values: Option<Texts>,
    #[serde(default)]
    pub(super) replace_regex: Option<Spanned<Text>>,
    #[serde(default, rename = "fuzz")]
    pub(super) put: Option<FuzzValues>,
}

/// What is put in: for every place, or for named ones.
#[derive(Debug)]
pub(super) enum FuzzValues {
    Every(Texts),
    Named(Vec<(String, Text)>),
}

impl<'de> Deserialize<'de> for FuzzValues {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> serde::de::Visitor<'de> for Either {
            type Value = FuzzValues;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of values, or values by name")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let nowhere = serde_saphyr::Location::UNKNOWN;
                let text = Spanned::new(Text(text.to_owned()), nowhere, nowhere);
                Ok(FuzzValues::Every(Texts(vec![text])))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(FuzzValues::Every(Texts(items)))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Self::Value, A::Error> {
                let mut named = Vec::new();
                while let Some((Text(name), value)) = map.next_entry()? {
                    named.push((name, value));
                }
                Ok(FuzzValues::Named(named))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Analyzer {
    pub(super) name: Text,
    #[serde(default)]
    pub(super) parameters: Option<Parameters>,
}

/// What an analyzer is told, by name.
pub(super) type Parameters = BTreeMap<String, Text>;

/// One step of a workflow.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Step {
    #[serde(default)]
    pub(super) template: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) tags: Names,
    #[serde(default)]
    pub(super) matchers: Vec<StepMatcher>,
    #[serde(default)]
    pub(super) subtemplates: Vec<Step>,
}

/// Steps that follow when a matcher of that name has matched.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct StepMatcher {
    #[serde(default)]
    pub(super) name: Names,
    #[serde(default)]
    pub(super) condition: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) subtemplates: Vec<Step>,
}
