//! From a file to what it describes.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::access_log;
use super::curl;
use super::document;
use super::error::{Fault, ImportError};
use super::format::{Format, sniff};
use super::graphql;
use super::har;
use super::k6;
use super::openapi;
use super::operation::Imported;
use super::options::Options;
use super::postman;
use super::secrets;
use super::url_list;
use super::zap;
use crate::model::format_bytes;

/// A larger document describes no service.
const MAX_BYTES: u64 = 64 << 20;
/// Operations of a plan; it could not be read again with more.
const MAX_OPERATIONS: usize = 10_000;
/// What the plan's reader takes.
const MAX_PLAN: usize = 4 << 20;
/// Of a file, to see what it is.
const SNIFFED: u64 = 4 << 20;

/// Which foreign format the file at `path` is in; `None` if it is none, or cannot be read.
pub fn format_of(path: &Path) -> Option<Format> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(SNIFFED).read_to_end(&mut bytes).ok()?;
    sniff(&String::from_utf8_lossy(&bytes))
}

/// Reads the file at `path`; `-` is standard input.
///
/// # Errors
/// [`ImportError`] with what is wrong and where; a part that makes no sense is only a warning.
pub fn import_file(path: &Path, options: &Options) -> Result<Imported, ImportError> {
    let unreadable = |source| ImportError::Unreadable { path: path.to_owned(), source };
    let is_stdin = path == Path::new("-");
    let name = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
    let mut bytes = Vec::new();
    if is_stdin {
        std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        let file = File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_dir() {
            return Err(unreadable(std::io::ErrorKind::IsADirectory.into()));
        }
        let format = options.format.or_else(|| format_of(path));
        if format == Some(Format::AccessLog) {
            // Logs are larger than memory.
            let log = std::io::BufReader::new(file);
            let mut imported = access_log::import(&name, log, options)?;
            finish(&name, options, &mut imported)?;
            return Ok(imported);
        }
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    let directory = if is_stdin { Path::new("") } else { path.parent().unwrap_or(Path::new("")) };
    import_bytes(&name, &bytes, directory, options)
}

/// Reads what is in `bytes`; messages call it `name`, and files that it refers to are below
/// `directory`.
///
/// # Errors
/// As [`import_file`].
pub fn import_bytes(
    name: &str,
    bytes: &[u8],
    directory: &Path,
    options: &Options,
) -> Result<Imported, ImportError> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Fault::new(name, format!("is larger than {} MiB", MAX_BYTES >> 20)).into());
    }
    let text = text(name, bytes)?;
    let Some(format) = options.format.or_else(|| sniff(text)) else {
        let known: Vec<&str> = Format::ALL.iter().map(|(word, _)| *word).collect();
        return Err(Fault::new(name, "is in no format that can be imported")
            .cure(format!("say which it is with --format; there are {}", known.join(", ")))
            .into());
    };
    let mut imported = match format {
        Format::OpenApi => openapi::import(name, document::parse(name, text)?, directory, options)?,
        Format::Har => har::import(name, &document::parse(name, text)?, options)?,
        Format::Postman => postman::import(name, &document::parse(name, text)?, options)?,
        Format::Curl => curl::import(name, text, options)?,
        Format::GraphQl => graphql::import(name, text, options)?,
        Format::Urls => url_list::import(name, text, options),
        Format::AccessLog => access_log::import(name, text.as_bytes(), options)?,
        Format::K6 => k6::import(name, &document::parse(name, text)?)?,
        Format::Zap => zap::import(name, text),
        Format::Crawl => unreachable!("no text is taken for it, and it has no word"),
    };
    finish(name, options, &mut imported)?;
    Ok(imported)
}

/// Refuses a plan that could not be read again.
///
/// # Errors
/// [`ImportError::Invalid`] with its size and what to do.
pub fn fits(name: &str, plan: &str) -> Result<(), ImportError> {
    if plan.len() <= MAX_PLAN {
        return Ok(());
    }
    let told = format!(
        "makes a plan of {}, and one of more than {} is not read",
        format_bytes(plan.len() as u64),
        format_bytes(MAX_PLAN as u64)
    );
    Err(Fault::new(name, told).cure("take a part of it with `import --include` or `--tag`").into())
}

/// What holds for every format: secrets go, and what nobody wants.
pub(super) fn finish(
    name: &str,
    options: &Options,
    imported: &mut Imported,
) -> Result<(), ImportError> {
    let found = imported.operations.len();
    secrets::hide(imported);
    options.select(imported);
    let left = imported.operations.len();
    let fault = match (found, left) {
        (0, _) if !imported.format.has_requests() => return Ok(()),
        (0, _) => Fault::new(name, "describes no request that could be sent"),
        (_, 0) => Fault::new(name, format!("none of its {found} requests is left"))
            .cure("widen --include, --exclude or --tag"),
        (_, left) if left > MAX_OPERATIONS => {
            Fault::new(name, format!("has {left} requests, and a plan takes {MAX_OPERATIONS}"))
                .cure("take a part of them with --include or --tag")
        }
        _ => return Ok(()),
    };
    Err(fault.into())
}

/// A file that another one needs, as text.
pub(super) fn small_file(path: &Path) -> Result<String, ImportError> {
    let unreadable = |source| ImportError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unreadable(std::io::ErrorKind::FileTooLarge.into()));
    }
    Ok(text(&path.display().to_string(), &bytes)?.to_owned())
}

fn text<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str, Fault> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        Fault::new(name, "not UTF-8 from here on").behind(&before).cure("save it as UTF-8")
    })
}
