//! A file of results, whichever of the two forms it has.

use serde::Deserialize;

use super::line::NucleiLineDto;
use crate::format::error::FormatError;
use crate::format::error::parse;
use crate::model::TemplateClass;
use crate::model::TemplateResult;

/// What a user can do about a line that is none.
const CURE: &str = "remove it, or have Nuclei write the file again with -jsonl or -json-export";

/// A file of results as far as it could be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NucleiFile {
    /// What was found, in the file's order.
    pub results: Vec<TemplateResult>,
    /// Templates that say of themselves that they found nothing (`-matcher-status`).
    pub quiet: Vec<TemplateClass>,
    /// Templates that could not run.
    pub failed: Vec<TemplateClass>,
    /// What followed the last whole line, if the file was cut there.
    pub cut: Option<String>,
}

impl NucleiFile {
    /// Takes an entry; `line` and `path` are where it stands.
    fn take(&mut self, dto: NucleiLineDto, line: usize, path: &str) -> Result<(), FormatError> {
        if !dto.has_id() {
            let problem = "there is no `template-id`".to_owned();
            let path = path.to_owned();
            return Err(with_cure(FormatError::Content { line, column: 1, path, problem }));
        }
        let (is_match, has_failed) = (dto.is_match(), dto.has_failed());
        let result = TemplateResult::from(dto);
        match (is_match, has_failed) {
            (_, true) => self.failed.push(result.template),
            (true, false) => self.results.push(result),
            (false, false) => self.quiet.push(result.template),
        }
        Ok(())
    }
}

/// Whether bytes begin like Nuclei's results rather than like anything of ours.
pub fn is_results(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Probe {
        template_id: Option<serde::de::IgnoredAny>,
        info: Option<serde::de::IgnoredAny>,
    }
    let is_one = |probe: &Probe| probe.template_id.is_some() && probe.info.is_some();
    if is_array(bytes) {
        // Of a whole array only the first is of interest, but whatever follows has to be JSON.
        let all: Result<Vec<Probe>, _> = serde_json::from_slice(bytes);
        return all.is_ok_and(|all| all.first().is_some_and(is_one));
    }
    let first = bytes.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    first.is_some_and(|line| serde_json::from_slice(line).is_ok_and(|probe: Probe| is_one(&probe)))
}

fn is_array(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().first() == Some(&b'[')
}

/// Reads results. A last line that was cut is left out and told of, not an error: what was written
/// before is a partial run.
///
/// # Errors
/// The first entry that is none, by line, column and what stands there.
pub fn read(bytes: &[u8]) -> Result<NucleiFile, FormatError> {
    let mut file = NucleiFile::default();
    if is_array(bytes) {
        let all: Vec<NucleiLineDto> = parse(bytes, 0).map_err(with_cure)?;
        for (index, dto) in all.into_iter().enumerate() {
            file.take(dto, 1, &format!("[{index}]"))?;
        }
        return Ok(file);
    }
    let mut lines = bytes.split(|byte| *byte == b'\n').enumerate().peekable();
    while let Some((index, text)) = lines.next() {
        if text.trim_ascii().is_empty() {
            continue;
        }
        match parse::<NucleiLineDto>(text, index) {
            Ok(dto) => file.take(dto, index + 1, "")?,
            // No line feed follows it.
            Err(error) if lines.peek().is_none() && !file.results.is_empty() => {
                file.cut = Some(error.to_string());
            }
            Err(error) => return Err(with_cure(error)),
        }
    }
    Ok(file)
}

fn with_cure(error: FormatError) -> FormatError {
    match error {
        FormatError::Content { line, column, path, problem } => FormatError::Content {
            line,
            column,
            path,
            problem: format!("{problem}; this is no result of Nuclei's: {CURE}"),
        },
        other => other,
    }
}
