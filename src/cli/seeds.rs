//! Files that a plan names in `scan.crawl.import`: their requests, as the scan begins with them.

use std::path::Path;

use crate::import::Format;
use crate::import::Imported;
use crate::import::Operation;
use crate::import::Options;
use crate::model::LeftAlone;
use crate::model::OperationSource;
use crate::model::Request;
use crate::model::SkipReason;
use crate::plan::ImportedRequest;
use crate::plan::Plan;

use super::args::SendArgs;
use super::error::CliError;
use super::plans;
use super::terminal::environment;

/// Before the name of a secret that is not set.
const STAND_IN: &str = "not-set-";

/// Imports what the plan's scan names; nothing where it names nothing.
///
/// # Errors
/// What the import refuses.
pub(super) fn import(plan: &mut Plan, send: &SendArgs) -> Result<(), CliError> {
    let Some(scan) = &plan.scan else { return Ok(()) };
    let mut seeds = Vec::new();
    for path in scan.crawl.import.clone() {
        seeds.extend(of_file(&path, plan, send)?);
    }
    if let Some(scan) = &mut plan.scan {
        scan.imported = seeds;
    }
    Ok(())
}

fn of_file(path: &Path, plan: &Plan, send: &SendArgs) -> Result<Vec<ImportedRequest>, CliError> {
    let shown = path.display().to_string();
    let format = crate::import::format_of(path);
    if let Some(format) = format.filter(|format| !format.has_requests()) {
        return Err(CliError::Usage(format!(
            "scan.crawl.import: {shown} is in the format `{format}`, which names no requests"
        )));
    }
    let options = Options {
        target: Some(plan.target.clone()),
        unsafe_too: plan.scan.as_ref().is_some_and(|scan| scan.allow_unsafe),
        ..Options::default()
    };
    let mut imported = crate::import::import_file(path, &options)?;
    super::import::warn(&imported);
    if plan.sessions.scan.is_some() {
        leave_out_credentials(&mut imported);
    }
    let text = crate::import::plan_text(&imported, &shown);
    crate::import::fits(&shown, &text)?;
    let mut overrides = plans::plain_overrides(send);
    overrides.directory = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let name = format!("{shown} (as a plan)");
    // A file hides whatever looks like a secret, and most of it belongs to requests that are not
    // sent: what is not set costs those that need it, not the scan.
    let unset: Vec<&str> = imported
        .secrets
        .iter()
        .map(|secret| secret.name.as_str())
        .filter(|name| environment(name).is_none())
        .collect();
    let stand_in = |name: &str| unset.contains(&name).then(|| format!("{STAND_IN}{name}"));
    let env = |name: &str| environment(name).or_else(|| stand_in(name));
    let mut own = crate::plan::from_text(&name, &text, &env, &overrides).map_err(CliError::Plan)?;
    // The plan that names the file says what may be sent.
    own.scan.clone_from(&plan.scan);
    own.seed = plan.seed;
    if let Some(scan) = &mut own.scan {
        scan.unsafe_requests.clear();
    }
    let source = match format {
        Some(Format::OpenApi | Format::GraphQl) => OperationSource::Spec,
        _ => OperationSource::Plan,
    };
    let seeds = own.requests.iter().enumerate().map(|(index, template)| {
        let mut template = template.clone();
        let mut left_alone = own.reason_to_leave(index);
        match own.sent_with(index, &own.known_values()) {
            Ok(request) => {
                let missing = unset.iter().find(|name| has(&request, &format!("{STAND_IN}{name}")));
                if let Some(name) = missing.filter(|_| left_alone.is_none()) {
                    let reason = format!("it needs {name}, which is not set");
                    left_alone = Some(LeftAlone::new(SkipReason::Unbound, reason));
                }
                template.request = request;
            }
            Err(_) if left_alone.is_none() => {
                let reason = format!("{shown} has no value for it: {}", template.name);
                left_alone = Some(LeftAlone::new(SkipReason::Unbound, reason));
            }
            Err(_) => {}
        }
        ImportedRequest { template, source, left_alone }
    });
    Ok(seeds.collect())
}

/// Who the scan is done as has credentials of their own; the file's need not be there.
fn leave_out_credentials(imported: &mut Imported) {
    let is_secret = |text: &crate::import::Text| text.written().contains("${secrets.");
    for operation in &mut imported.operations {
        operation.headers.retain(|(_, value)| !is_secret(value));
        operation.query.retain(|(_, value)| !is_secret(value));
    }
    let used: String = imported.operations.iter().map(Operation::written).collect();
    imported.secrets.retain(|secret| used.contains(&format!("${{secrets.{}}}", secret.name)));
}

/// Whether a text stands anywhere in a request.
fn has(request: &Request, text: &str) -> bool {
    let is_in = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    is_in(&request.path_and_query)
        || is_in(&request.body)
        || request.headers.iter().any(|header| is_in(&header.value))
}
