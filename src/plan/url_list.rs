//! A file with one URL on each line, for `load --urls-from-file`.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;

use super::aim;
use super::bounded;
use super::flags::FlagError;
use crate::model::Origin;
use crate::model::Scope;
use crate::model::Target;
use crate::model::inert;

/// A longer list is a log file.
const MAX_BYTES: u64 = 64 << 20;

/// Each is a request that is prepared before the start.
const MAX_URLS: usize = 100_000;

/// Each is a connection of its own for every user.
const MAX_ORIGINS: usize = 64;

/// Lines that are told of; a wrong file is wrong all over.
const LINES_TOLD: usize = 10;

/// Destinations, each once, and how they are drawn.
#[derive(Debug)]
pub(super) struct UrlList {
    /// Never empty; with the line where each stands first.
    pub(super) targets: Vec<(usize, Target)>,
    /// By line: index into `targets`.
    pub(super) draws: Vec<usize>,
    file: String,
}

impl UrlList {
    /// Reads the file. Empty lines, and those that begin with `#`, are left out.
    ///
    /// # Errors
    /// [`FlagError::Urls`] for a file that cannot be read, [`FlagError::Usage`] with the number of
    /// each line that is no URL.
    pub(super) fn read(path: &Path) -> Result<Self, FlagError> {
        let failed = |cause| FlagError::Urls { path: path.to_owned(), cause };
        let text = bounded::read(path, MAX_BYTES)
            .and_then(|bytes| std::io::read_to_string(bytes.as_slice()))
            .map_err(failed)?;
        Self::parse(&inert(&path.display().to_string(), 200), &text)
    }

    fn parse(file: &str, text: &str) -> Result<Self, FlagError> {
        let mut list = Self { targets: Vec::new(), draws: Vec::new(), file: file.to_owned() };
        let mut known: HashMap<Target, usize> = HashMap::new();
        let mut bad = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match target(line) {
                Ok(target) => {
                    let index = *known.entry(target).or_insert_with_key(|target| {
                        list.targets.push((number, target.clone()));
                        list.targets.len() - 1
                    });
                    list.draws.push(index);
                }
                Err(message) => bad.push((number, message)),
            }
        }
        if !bad.is_empty() {
            return Err(FlagError::Usage(list.told(&bad)));
        }
        let origins: HashSet<&Origin> =
            list.targets.iter().map(|(_, target)| &target.origin).collect();
        let message = if list.targets.is_empty() {
            "has no URL; write one on each line".to_owned()
        } else if list.targets.len() > MAX_URLS {
            format!("has more than {MAX_URLS} URLs; take a sample of them")
        } else if origins.len() > MAX_ORIGINS {
            let count = origins.len();
            format!(
                "has URLs of {count} hosts, and each user has a connection to each; {MAX_ORIGINS} are the most"
            )
        } else {
            return Ok(list);
        };
        Err(FlagError::Usage(format!("{file} {message}")))
    }

    /// Where its URLs lead, the first one's first.
    pub(super) fn origins(&self) -> Vec<Origin> {
        let mut seen = HashSet::new();
        let origins = self.targets.iter().map(|(_, target)| &target.origin);
        origins.filter(|origin| seen.insert(*origin)).cloned().collect()
    }

    /// Judges every address that stands in it; names are judged when they are resolved.
    ///
    /// # Errors
    /// [`FlagError::RefusedUrls`] with the number of each line that nobody authorised.
    pub(super) fn admit(&self, scope: &Scope) -> Result<(), FlagError> {
        let refusal = |(line, target): &(usize, Target)| {
            let address = target.origin.literal_ip()?;
            let refusal = scope.admit_address(&target.origin.host, address).err()?;
            Some((*line, refusal.to_string()))
        };
        let refused: Vec<_> = self.targets.iter().filter_map(refusal).collect();
        if refused.is_empty() { Ok(()) } else { Err(FlagError::RefusedUrls(self.told(&refused))) }
    }

    /// One line for each, as far as anybody reads.
    fn told(&self, lines: &[(usize, String)]) -> String {
        let mut out = String::new();
        for (place, (number, message)) in lines.iter().take(LINES_TOLD).enumerate() {
            let gap = if place == 0 { "" } else { "\n" };
            write!(out, "{gap}{}:{number}: {message}", self.file)
                .expect("writing to a string cannot fail");
        }
        if lines.len() > LINES_TOLD {
            let more = lines.len() - LINES_TOLD;
            write!(out, "\n… and {more} lines more").expect("writing to a string cannot fail");
        }
        out
    }
}

fn target(line: &str) -> Result<Target, String> {
    let scheme = line.split("://").next().unwrap_or_default();
    if scheme.eq_ignore_ascii_case("ws") || scheme.eq_ignore_ascii_case("wss") {
        return Err("a WebSocket cannot be one of several URLs; give it alone".to_owned());
    }
    let target = Target::parse(line).map_err(|error| error.to_string())?;
    let (origin, path_and_query) = aim::destination(&target.path_and_query, &target)?;
    Ok(Target { origin, path_and_query })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ExitCode;

    fn parse(text: &str) -> Result<UrlList, FlagError> {
        UrlList::parse("urls.txt", text)
    }

    #[test]
    fn a_url_that_stands_there_twice_is_one_request_drawn_twice() {
        let text =
            "http://127.0.0.1:1/a\n\n# not this\n 127.0.0.1:2/b?c=d \r\nhttp://127.0.0.1:1/a";
        let list = parse(text).expect("valid");
        let urls: Vec<_> = list.targets.iter().map(|(line, url)| (*line, url.url())).collect();
        let expected = [(1, "http://127.0.0.1:1/a"), (4, "http://127.0.0.1:2/b?c=d")];
        assert_eq!(urls, expected.map(|(line, url)| (line, url.to_owned())));
        assert_eq!(list.draws, [0, 1, 0]);
        assert_eq!(list.origins().len(), 2);
    }

    #[test]
    fn every_bad_line_is_told_with_its_number() {
        let text = "http://127.0.0.1/\nftp://127.0.0.1/\nhttp://\nws://127.0.0.1/x\n";
        let error = parse(text).expect_err("three are bad");
        assert_eq!(error.exit_code(), ExitCode::Usage);
        let told = error.to_string();
        let starts: Vec<_> = told.lines().map(|line| line.split(": ").next()).collect();
        assert_eq!(starts, [Some("urls.txt:2"), Some("urls.txt:3"), Some("urls.txt:4")], "{told}");
        let told = parse(&"ftp://a\n".repeat(500)).expect_err("bad").to_string();
        assert_eq!(told.lines().count(), LINES_TOLD + 1);
        assert!(told.ends_with("and 490 lines more"), "{told}");
    }

    #[test]
    fn none_and_too_many_are_refused() {
        let refused = |text: &str| parse(text).expect_err("refused").to_string();
        assert!(refused("# nothing\n").contains("has no URL"));
        let lines = |count: usize, line: fn(usize) -> String| {
            (0..count).map(line).collect::<Vec<_>>().join("\n")
        };
        let hosts = lines(65, |n| format!("http://127.0.0.{}/", n + 1));
        assert!(refused(&hosts).contains("65 hosts"));
        let many = lines(MAX_URLS + 1, |n| format!("127.0.0.1/{n}"));
        assert!(refused(&many).contains("more than 100000"));
    }

    #[test]
    fn public_addresses_are_refused_with_their_lines() {
        let list = parse("http://127.0.0.1/\nhttp://8.8.8.8/\n").expect("URLs");
        let scope = Scope::of_origin(list.targets[0].1.origin.clone());
        let error = list.admit(&scope).expect_err("nobody authorised it");
        assert_eq!(error.exit_code(), ExitCode::Refused);
        assert!(error.to_string().starts_with("urls.txt:2: 8.8.8.8"), "{error}");
    }
}
