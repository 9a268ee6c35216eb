//! Foreign files: whatever they hold, the plan that comes out of them is one.

use std::path::Path;

use jiff::civil::date;
use shakedown::import::Body;
use shakedown::import::Format;
use shakedown::import::Imported;
use shakedown::import::Options;
use shakedown::import::import_bytes;
use shakedown::import::plan_text;
use shakedown::model::ExitCode;
use shakedown::model::Seed;
use shakedown::plan::Overrides;
use shakedown::plan::from_text;

/// The first byte says which format, `a` the first; any other leaves it to the content.
pub fn any(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let place = usize::from(first.wrapping_sub(b'a'));
    let format = Format::ALL.get(place).map(|(_, format)| *format);
    let options = Options { format, ..Options::default() };
    let imported = match import_bytes("fuzzed", rest, Path::new("no-such-folder"), &options) {
        Ok(imported) => imported,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let text = plan_text(&imported, "fuzzed");
    let env = |name: &str| (name != "BASE_URL").then(|| "some-value".to_owned());
    let mut overrides = Overrides::new(Seed(1), date(2026, 11, 1));
    overrides.authorised_by = Some("the fuzzer".to_owned());
    if let Err(errors) = from_text("fuzzed.yml", &text, &env, &overrides) {
        let is_refused = errors.exit_code() == ExitCode::Refused;
        let said = errors.render(false);
        assert!(is_refused || may_be_wrong(&imported), "{said}\n{text}");
    }
}

/// Files that are not there, and load that makes no sense, are the author's to mend.
fn may_be_wrong(imported: &Imported) -> bool {
    let has_file = imported.operations.iter().any(|it| match &it.body {
        Some(Body::File(_)) => true,
        Some(Body::Multipart(parts)) => parts.iter().any(|part| part.file.is_some()),
        _ => false,
    });
    let connection = &imported.connection;
    has_file
        || imported.format == Format::K6
        || !connection.ca_files.is_empty()
        || !connection.settings.is_empty()
}
