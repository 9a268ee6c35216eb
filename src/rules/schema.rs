//! The shape of a rule file: what the YAML parser fills in and the JSON Schema is made from.
//! Nothing here is judged; `compile` does that.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Deserializer;
use serde::de;
use serde_saphyr::Spanned;

/// A rule: a template in Nuclei's format that judges traffic which is already there (`passive`), or
/// the metadata of a check written in Rust (`native`, and `under-load` for those that look at load).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RuleFile {
    /// Stable identifier: letters and digits, joined by single `-` or `_`.
    #[schemars(with = "String", regex(pattern = r"^([a-zA-Z0-9]+[-_])*[a-zA-Z0-9]+$"))]
    pub(super) id: Spanned<String>,
    /// What the rule is about.
    #[schemars(with = "Info")]
    pub(super) info: Spanned<Info>,
    /// Blocks of matchers over one exchange; the rule reports what any block matches.
    #[serde(default)]
    pub(super) passive: Option<Vec<Block>>,
    /// Paths below the target that a scan with `--active` asks for, though nobody links to them; this
    /// rule alone judges what comes back.
    #[schemars(with = "Vec<String>")]
    #[serde(default)]
    pub(super) ask: Vec<Spanned<String>>,
    /// The native check that this file describes; equal to `id`.
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    pub(super) native: Option<Spanned<String>>,
    /// What is looked for in load's own traffic and that this file describes; equal to `id`.
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    pub(super) under_load: Option<Spanned<String>>,
    /// What counts as the same finding: once per origin, path shape (default) or response.
    #[schemars(with = "Option<OncePerKey>")]
    #[serde(default)]
    pub(super) once_per: Option<Spanned<OncePerKey>>,
    /// Responses that a test runs the rule against.
    #[serde(default)]
    pub(super) examples: Examples,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Info {
    /// What is wrong, in a few words.
    #[schemars(with = "String")]
    pub(super) name: Spanned<String>,
    /// Who wrote the rule; a list or a comma-separated text.
    #[schemars(with = "OneOrMany")]
    pub(super) author: Spanned<OneOrMany>,
    /// How bad it is when true.
    pub(super) severity: SeverityKey,
    /// Why it matters.
    #[schemars(with = "String")]
    pub(super) description: Spanned<String>,
    /// What to do about it.
    #[schemars(with = "String")]
    pub(super) remediation: Spanned<String>,
    /// URLs to read on.
    #[serde(default)]
    pub(super) reference: OneOrMany,
    /// Places in public catalogues.
    #[serde(default)]
    pub(super) classification: Classification,
    /// For selection; a list or a comma-separated text.
    #[serde(default)]
    pub(super) tags: OneOrMany,
    /// Shakedown's own metadata.
    #[serde(default)]
    pub(super) metadata: Metadata,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Classification {
    /// `CWE-79`; a list or a comma-separated text.
    #[schemars(with = "Option<OneOrMany>")]
    #[serde(default)]
    pub(super) cwe_id: Option<Spanned<OneOrMany>>,
    /// CVSS 3.1 base vector.
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    pub(super) cvss_metrics: Option<Spanned<String>>,
    /// CVSS 3.1 base score; must be what the vector gives.
    #[schemars(with = "Option<f64>")]
    #[serde(default)]
    pub(super) cvss_score: Option<Spanned<f64>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Metadata {
    /// OWASP Top 10 places, `A05:2025`.
    #[schemars(with = "Option<OneOrMany>")]
    #[serde(default)]
    pub(super) owasp: Option<Spanned<OneOrMany>>,
    /// OWASP API Security Top 10 places, `API8:2023`.
    #[schemars(with = "Option<OneOrMany>")]
    #[serde(default)]
    pub(super) owasp_api: Option<Spanned<OneOrMany>>,
    /// How sure a match is: `firm` (default) is visible as it stands, `tentative` is a hint.
    #[serde(default)]
    pub(super) confidence: Option<ConfidenceKey>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum SeverityKey {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ConfidenceKey {
    Tentative,
    Firm,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum OncePerKey {
    Origin,
    Path,
    Response,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Condition {
    And,
    #[default]
    Or,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Block {
    /// Evaluate the matchers for each header of this name (lower snake case), as part `item`;
    /// `set_cookie` also gives the parts of each cookie.
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    pub(super) for_each: Option<Spanned<String>>,
    /// How matchers combine (default `or`).
    #[serde(default)]
    pub(super) matchers_condition: Condition,
    /// What must hold.
    #[schemars(with = "Vec<Matcher>")]
    #[serde(default)]
    pub(super) matchers: Option<Spanned<Vec<Matcher>>>,
    /// What to take out of the response.
    #[serde(default)]
    pub(super) extractors: Vec<Extractor>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum MatcherType {
    Word,
    Status,
    Regex,
    Dsl,
    Size,
    Binary,
    Css,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Matcher {
    /// Which of the lists below decides.
    #[schemars(with = "MatcherType")]
    pub(super) r#type: Spanned<MatcherType>,
    /// Where to look (default `body`).
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    pub(super) part: Option<Spanned<String>>,
    /// Names the result when matchers combine with `or`.
    #[serde(default)]
    pub(super) name: Option<String>,
    /// How the entries of the list combine (default `or`).
    #[schemars(with = "Option<Condition>")]
    #[serde(default)]
    pub(super) condition: Option<Spanned<Condition>>,
    /// The matcher holds when the list does not.
    #[serde(default)]
    pub(super) negative: bool,
    /// A precondition: never names or highlights a result.
    #[serde(default)]
    pub(super) internal: bool,
    /// Words match whatever their ASCII case.
    #[schemars(with = "Option<bool>")]
    #[serde(default)]
    pub(super) case_insensitive: Option<Spanned<bool>>,
    /// Literal texts.
    #[schemars(with = "Option<Vec<String>>")]
    #[serde(default)]
    pub(super) words: Option<Vec<Spanned<String>>>,
    /// Status codes.
    #[schemars(with = "Option<Vec<u16>>")]
    #[serde(default)]
    pub(super) status: Option<Vec<Spanned<u16>>>,
    /// Lengths of the part in bytes.
    #[schemars(with = "Option<Vec<u64>>")]
    #[serde(default)]
    pub(super) size: Option<Vec<Spanned<u64>>>,
    /// Regular expressions in RE2's syntax.
    #[schemars(with = "Option<Vec<String>>")]
    #[serde(default)]
    pub(super) regex: Option<Vec<Spanned<String>>>,
    /// Expressions that must be true.
    #[schemars(with = "Option<Vec<String>>")]
    #[serde(default)]
    pub(super) dsl: Option<Vec<Spanned<String>>>,
    /// Bytes in hexadecimal.
    #[schemars(with = "Option<Vec<String>>")]
    #[serde(default)]
    pub(super) binary: Option<Vec<Spanned<String>>>,
    /// CSS selectors that must select an element of the HTML body.
    #[schemars(with = "Option<Vec<String>>")]
    #[serde(default)]
    pub(super) css: Option<Vec<Spanned<String>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ExtractorType {
    Regex,
    Kval,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Extractor {
    /// Which of the lists below decides.
    #[schemars(with = "ExtractorType")]
    pub(super) r#type: Spanned<ExtractorType>,
    /// Under which expressions find the value.
    #[serde(default)]
    pub(super) name: Option<String>,
    /// Where to look (default `body`).
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    pub(super) part: Option<Spanned<String>>,
    /// For expressions only, never part of the result.
    #[serde(default)]
    pub(super) internal: bool,
    /// Regular expressions in RE2's syntax.
    #[schemars(with = "Option<Vec<String>>")]
    #[serde(default)]
    pub(super) regex: Option<Vec<Spanned<String>>>,
    /// The group to take (default 0: the whole match).
    #[schemars(with = "Option<u8>")]
    #[serde(default)]
    pub(super) group: Option<Spanned<u8>>,
    /// Names of headers (lower snake case) or cookies.
    #[schemars(with = "Option<Vec<String>>")]
    #[serde(default)]
    pub(super) kval: Option<Vec<Spanned<String>>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Examples {
    /// The rule must match each of these.
    #[serde(default)]
    pub(super) r#match: Vec<ExampleText>,
    /// The rule must match none of these.
    #[serde(default)]
    pub(super) no_match: Vec<ExampleText>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ExampleText {
    /// What was asked for (default `http://shop.example/`).
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    pub(super) url: Option<Spanned<String>>,
    /// The raw response: status line, headers, empty line, body.
    #[schemars(with = "String")]
    pub(super) response: Spanned<String>,
}

/// A list of texts, or one text with commas.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OneOrMany(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

struct OneOrManyVisitor;

impl<'de> de::Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        Ok(OneOrMany(parts.map(str::to_owned).collect()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<OneOrMany, E> {
        Ok(OneOrMany(vec![number.to_string()]))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<OneOrMany, E> {
        Ok(OneOrMany(vec![number.to_string()]))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = list.next_element::<String>()? {
            parts.push(part.trim().to_owned());
        }
        Ok(OneOrMany(parts))
    }
}

impl JsonSchema for OneOrMany {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OneOrMany".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A list of texts, or one text with commas.",
            "oneOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" } }
            ]
        })
    }
}
