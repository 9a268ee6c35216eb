//! From flags to a selection, and from a selection to loaded templates.

use std::path::{Path, PathBuf};

use sha2::Digest as _;
use sha2::Sha256;

use crate::cli::error::CliError;
use crate::http::clock::Clock;
use crate::model::Seed;
use crate::rules::Expression;
use crate::rules::template::{
    DEFAULT_EXCLUDED_TAGS, Library, Loading, Patterns, Selection, ignored, load,
};

use super::args::ChooseArgs;

/// What the flags ask for.
///
/// # Errors
/// [`CliError::Usage`] for a pattern or an expression that is none.
pub(super) fn selection(args: &ChooseArgs, callbacks: bool) -> Result<Selection, CliError> {
    let patterns = |texts: &[String], flag: &str| {
        Patterns::new(texts.iter().map(String::as_str))
            .map_err(|error| CliError::Usage(format!("{flag}: {error}")))
    };
    let condition = |text: &String| {
        Expression::parse(text).map_err(|error| {
            let text = format!("--template-condition: `{text}` at byte {}: {error}", error.at);
            CliError::Usage(text)
        })
    };
    for severity in args.severity.iter().chain(&args.exclude_severity) {
        let word = severity.trim().to_lowercase();
        if word != "unknown" && crate::model::Severity::parse(&word).is_none() {
            return Err(CliError::Usage(format!(
                "`{severity}` is no severity: info, low, medium, high, critical, unknown"
            )));
        }
    }
    let (tags, files) = ignored(&args.templates);
    // A file that the user names is asked for.
    let named: Vec<&PathBuf> = args.templates.iter().filter(|path| path.is_file()).collect();
    let asked = |path: &String| named.iter().any(|named| named.ends_with(Path::new(path)));
    let mut exclude_tags = args.exclude_tags.clone();
    let by_default = DEFAULT_EXCLUDED_TAGS.iter().map(|tag| (*tag).to_owned()).chain(tags);
    // What is asked for by its tag or by its id is not left out by default.
    exclude_tags.extend(by_default.filter(|tag| !args.tags.contains(tag)));
    let mut exclude_paths = args.exclude_templates.clone();
    exclude_paths.extend(files.into_iter().filter(|path| !asked(path)));
    Ok(Selection {
        tags: args.tags.clone(),
        exclude_tags,
        include_tags: args.include_tags.clone(),
        severities: args.severity.clone(),
        exclude_severities: args.exclude_severity.clone(),
        ids: patterns(&args.id, "--id")?,
        exclude_ids: patterns(&args.exclude_id, "--exclude-id")?,
        authors: args.author.clone(),
        protocols: args.kinds.clone(),
        exclude_protocols: args.exclude_type.clone(),
        exclude_paths,
        include_paths: args.include_templates.clone(),
        conditions: args.template_condition.iter().map(condition).collect::<Result<_, _>>()?,
        dast: args.dast,
        self_contained: args.enable_self_contained,
        callbacks,
    })
}

/// Loads what is asked for.
///
/// # Errors
/// A path that cannot be read.
pub(super) fn library(
    args: &ChooseArgs,
    selection: &Selection,
    seed: Seed,
) -> Result<Library, CliError> {
    let index = (!args.no_index).then(|| index_file(&args.templates)).flatten();
    let loading = Loading {
        paths: &args.templates,
        selection,
        index: index.as_deref(),
        seed,
        now_unix: i64::try_from(Clock::start().unix_seconds()).unwrap_or(i64::MAX),
    };
    load(&loading).map_err(|refusal| CliError::Usage(refusal.to_string()))
}

/// Where the index of these paths is kept: in the user's cache.
fn index_file(paths: &[PathBuf]) -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
    let mut hash = Sha256::new();
    for path in paths {
        let absolute = std::fs::canonicalize(path).ok()?;
        hash.update(absolute.as_os_str().as_encoded_bytes());
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    let name = data_encoding::HEXLOWER.encode(&digest[..12]);
    Some(cache.join("shakedown").join(format!("templates-{name}.json")))
}
