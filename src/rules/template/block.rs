//! One entry of `http`: requests, payloads, policies and operators.

use std::time::Duration;

use serde_saphyr::Spanned;

use super::document;
use super::faults::Faults;
use super::files::PayloadFiles;
use super::fuzz::Fuzzing;
use super::loose::{Text as Raw, Texts};
use super::operators::Operators;
use super::operators_read::operators;
use super::payload::{Attack, Payloads, Set, Values};
use super::refusal::Reason;
use crate::rules::dsl::Text;

/// `@timeout` waits at most this long.
const MAX_TIMEOUT: Duration = Duration::from_secs(300);

/// Redirects that are followed where the template gives no number, as in Nuclei.
const DEFAULT_REDIRECTS: u32 = 10;

/// Rounds of payloads at once, unless the template says `threads`.
const ROUNDS_AT_ONCE: usize = 8;

/// The same at most.
const MAX_THREADS: usize = 50;

/// Requests that a race sends at once, at most.
const MAX_RACE: u32 = 100;

/// Which redirects are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Redirects {
    /// None.
    Off,
    /// This many, to any host in scope.
    All(u32),
    /// This many, to the same host and port.
    SameHost(u32),
}

/// Everything that is sent for one block, and what is asked about the answers.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the format")]
#[derive(Debug)]
pub struct Block {
    /// Its name in `flow` and in the names of what it leaves behind.
    pub id: Option<String>,
    pub(super) method: Text,
    pub(super) requests: Vec<RequestText>,
    pub(super) body: Option<Text>,
    pub(super) headers: Vec<(String, Text)>,
    /// Sets of values, if there are any.
    pub payloads: Option<Payloads>,
    /// Rounds of payloads that may be under way at once; 1 where something that a round extracts is
    /// needed by another.
    pub parallel_rounds: usize,
    /// Ends with the first match.
    pub stop_at_first_match: bool,
    /// Which redirects are followed.
    pub redirects: Redirects,
    /// Cookies are neither kept nor sent.
    pub disable_cookie: bool,
    /// Bytes of a body that are looked at; `None` is as many as usual.
    pub max_size: Option<u64>,
    /// Raw requests go out byte for byte.
    pub is_unsafe: bool,
    /// This many copies are sent at once.
    pub race: Option<u32>,
    /// Requests with unknown variables are sent all the same.
    pub skip_variables_check: bool,
    /// What follows is done for each value that was extracted.
    pub iterate_all: bool,
    /// User and password for digest authentication.
    pub digest: Option<(String, String)>,
    /// The target's path does not go before the template's.
    pub disable_path_automerge: bool,
    /// Its operators look at the answers to all templates' requests.
    pub global_matchers: bool,
    /// Operators name answers by the number of their request.
    pub uses_history: bool,
    /// What is put where, for templates that fuzz.
    pub fuzzing: Option<Fuzzing>,
    pub(super) operators: Operators,
}

/// The text of one request.
#[derive(Debug)]
pub(super) enum RequestText {
    Path(Text),
    Raw { text: Text, annotations: Annotations },
}

/// What `@…` lines before a raw request say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Annotations {
    pub(super) host: Option<String>,
    pub(super) sni: Option<String>,
    pub(super) timeout: Option<Duration>,
    pub(super) once: bool,
}

impl Block {
    /// How many requests one round has.
    pub fn request_count(&self) -> usize {
        self.requests.len()
    }

    /// Whether request `index` is sent in the first round only.
    pub fn is_once(&self, index: usize) -> bool {
        matches!(self.requests.get(index), Some(RequestText::Raw { annotations, .. }) if annotations.once)
    }

    /// Requests that it sends at most, redirects not counted.
    pub fn request_total(&self) -> u64 {
        let rounds = self.payloads.as_ref().map_or(1, |payloads| payloads.rounds(None));
        let once = (0..self.requests.len()).filter(|index| self.is_once(*index)).count() as u64;
        let copies = u64::from(self.race.unwrap_or(1));
        ((self.requests.len() as u64 - once) * rounds + once) * copies
    }

    /// The longest time that any of its requests waits for, where one says so.
    pub fn longest_timeout(&self) -> Option<Duration> {
        let timeout = |request: &RequestText| match request {
            RequestText::Raw { annotations, .. } => annotations.timeout,
            RequestText::Path(_) => None,
        };
        self.requests.iter().filter_map(timeout).max()
    }

    /// Whether nothing is asked about its answers.
    pub fn has_no_operators(&self) -> bool {
        self.operators.is_empty()
    }

    /// Whether an extracted value alone is a result.
    pub fn has_no_matchers(&self) -> bool {
        self.operators.matchers.is_empty()
    }

    /// Whether any answer is asked about calls from outside.
    pub fn asks_for_callbacks(&self) -> bool {
        self.operators.names().any(|name| name.starts_with("interactsh"))
    }

    /// Whether time decides.
    pub fn asks_for_time(&self) -> bool {
        self.operators.names().any(|name| name.starts_with("duration"))
    }

    /// Whether all it asks for is the page that the target's own address names.
    pub(super) fn asks_for_the_page_alone(&self) -> bool {
        let is_page = |request: &RequestText| match request {
            RequestText::Path(text) => {
                matches!(text.source().trim_end_matches('/'), "{{BaseURL}}" | "{{RootURL}}")
            }
            RequestText::Raw { .. } => false,
        };
        let is_get = matches!(self.method.source(), "" | "GET");
        is_get
            && self.body.is_none()
            && self.payloads.is_none()
            && self.fuzzing.is_none()
            && self.race.is_none()
            && self.requests.iter().all(is_page)
    }

    /// The names of its matchers.
    pub(super) fn matcher_names(&self) -> impl Iterator<Item = &str> {
        self.operators.matchers.iter().filter_map(|matcher| matcher.name.as_deref())
    }

    /// The text of its first request, as it is written.
    pub(super) fn first_text(&self) -> Option<&str> {
        let (RequestText::Path(text) | RequestText::Raw { text, .. }) = self.requests.first()?;
        Some(text.source())
    }

    /// The methods of its requests, as they are written.
    pub(super) fn methods(&self) -> Vec<String> {
        let method = |request: &RequestText| match request {
            RequestText::Path(_) if self.method.source().is_empty() => "GET".to_owned(),
            RequestText::Path(_) => self.method.source().to_owned(),
            RequestText::Raw { text, .. } => {
                let line = text.source().lines().find(|line| !line.starts_with('@'));
                let word = line.and_then(|line| line.split_whitespace().next());
                word.unwrap_or_default().to_owned()
            }
        };
        self.requests.iter().map(method).collect()
    }

    /// Every text that is rendered.
    pub(super) fn texts(&self) -> impl Iterator<Item = &Text> {
        let requests = self.requests.iter().map(|request| match request {
            RequestText::Path(text) | RequestText::Raw { text, .. } => text,
        });
        requests
            .chain(std::iter::once(&self.method))
            .chain(&self.body)
            .chain(self.headers.iter().map(|(_, text)| text))
    }
}

/// Makes a block; what is wrong with it is reported.
pub(super) fn block(dto: document::Block, files: &PayloadFiles<'_>, faults: &mut Faults) -> Block {
    let haystack = Haystack::of(&dto);
    let redirects = redirects(&dto, faults);
    let operators =
        operators(dto.matchers, dto.matchers_condition.as_ref(), dto.extractors, faults);
    let fuzzing = super::fuzz::fuzzing(
        dto.fuzzing,
        dto.analyzer,
        dto.pre_condition.into_iter().chain(dto.filters).collect(),
        dto.pre_condition_operator.as_ref().or(dto.filters_condition.as_ref()),
        faults,
    );
    let uses_history = operators.names().any(is_numbered);
    if uses_history && dto.race {
        faults.whole(Reason::Conflict, "`race` and names like `body_2` exclude each other");
    }
    if uses_history && fuzzing.is_some() {
        faults.whole(Reason::Conflict, "`fuzzing` and names like `body_2` exclude each other");
    }
    if dto.r#unsafe && fuzzing.is_some() {
        faults.whole(Reason::Conflict, "`fuzzing` and `unsafe` exclude each other");
    }
    if dto.signature.is_some() {
        faults.whole(Reason::Signature, "requests that a cloud's signature covers cannot be sent");
    }
    let requests = requests(dto.path, dto.raw);
    let has_named_internal =
        operators.extractors.iter().any(|extractor| extractor.internal && extractor.name.is_some());
    let payloads = payloads(dto.payloads, dto.attack, &haystack, files, faults);
    let username = dto.digest_username.map(|name| name.0).filter(|name| !name.is_empty());
    Block {
        id: dto.id.map(|id| id.0).filter(|id| !id.is_empty()),
        method: Text::compile(dto.method.as_ref().map_or("", |method| method.value.0.trim())),
        parallel_rounds: if payloads.is_some()
            && fuzzing.is_none()
            && !(has_named_internal && requests.len() > 1)
        {
            dto.threads.map_or(ROUNDS_AT_ONCE, |threads| threads as usize).clamp(1, MAX_THREADS)
        } else {
            1
        },
        requests,
        body: dto.body.map(|body| Text::compile(&crlf(&body.value.0))),
        headers: dto
            .headers
            .0
            .into_iter()
            .map(|(name, value)| (name, Text::compile(&value.value.0)))
            .collect(),
        payloads,
        stop_at_first_match: dto.stop_at_first_match,
        redirects,
        disable_cookie: dto.disable_cookie || dto.cookie_reuse == Some(false),
        max_size: dto.max_size.filter(|size| *size > 0),
        is_unsafe: dto.r#unsafe,
        race: dto.race.then(|| dto.race_count.unwrap_or(1).clamp(1, MAX_RACE)),
        skip_variables_check: dto.skip_variables_check,
        iterate_all: dto.iterate_all,
        digest: username
            .map(|name| (name, dto.digest_password.map(|password| password.0).unwrap_or_default())),
        disable_path_automerge: dto.disable_path_automerge,
        global_matchers: dto.global_matchers,
        uses_history,
        fuzzing,
        operators,
    }
}

fn redirects(dto: &document::Block, faults: &mut Faults) -> Redirects {
    let is_on = |flag: &Option<Spanned<bool>>| flag.as_ref().is_some_and(|flag| flag.value);
    let limit = match dto.max_redirects {
        None | Some(0) => DEFAULT_REDIRECTS,
        Some(limit) => limit,
    };
    match (is_on(&dto.redirects), is_on(&dto.host_redirects)) {
        (false, false) => Redirects::Off,
        (true, false) => Redirects::All(limit),
        (false, true) => Redirects::SameHost(limit),
        (true, true) => {
            let at = dto
                .host_redirects
                .as_ref()
                .map_or(serde_saphyr::Location::UNKNOWN, |flag| flag.referenced);
            let text = "`redirects` and `host-redirects` exclude each other";
            faults.add(at, Reason::Conflict, text);
            Redirects::Off
        }
    }
}

fn requests(path: Option<Texts>, raw: Option<Texts>) -> Vec<RequestText> {
    let paths = path.unwrap_or_default().0;
    if !paths.is_empty() {
        return paths
            .into_iter()
            .map(|path| RequestText::Path(Text::compile(&path.value.0)))
            .collect();
    }
    raw.unwrap_or_default().0.into_iter().map(|raw| raw_request(&raw.value.0)).collect()
}

fn raw_request(raw: &str) -> RequestText {
    let mut annotations = Annotations::default();
    for line in raw.lines().map(str::trim_end).filter(|line| line.starts_with('@')) {
        let value = |name: &str| line.strip_prefix(name).map(|rest| rest.trim().to_owned());
        if let Some(host) = value("@Host:") {
            annotations.host = Some(host);
        } else if let Some(sni) = value("@tls-sni:") {
            annotations.sni = Some(sni);
        } else if let Some(timeout) = value("@timeout:") {
            let timeout = crate::model::parse_duration(&timeout).ok();
            annotations.timeout = timeout.map(|timeout| timeout.min(MAX_TIMEOUT));
        } else if line == "@once" {
            annotations.once = true;
        }
    }
    RequestText::Raw { text: Text::compile(&crlf(raw)), annotations }
}

/// Lines end in CR LF, unless some already do.
fn crlf(text: &str) -> String {
    if text.contains("\r\n") { text.to_owned() } else { text.replace('\n', "\r\n") }
}

/// Whether a name ends in `_1`, `_2`, … and names an answer by its number.
fn is_numbered(name: &str) -> bool {
    numbered(name).is_some()
}

/// `body_2` as `body` and 2.
pub(super) fn numbered(name: &str) -> Option<(&str, usize)> {
    let (stem, number) = name.rsplit_once('_')?;
    let number = number.parse().ok().filter(|number| *number > 0)?;
    Some((stem, number))
}

/// Where a payload's name may stand.
struct Haystack(String);

impl Haystack {
    fn of(dto: &document::Block) -> Self {
        let mut text = String::new();
        let mut add = |part: &str| {
            text.push_str(part);
            text.push('\n');
        };
        let lists = [&dto.path, &dto.raw].into_iter().flatten();
        lists.flat_map(|list| &list.0).for_each(|entry| add(&entry.value.0));
        dto.headers.0.iter().for_each(|(name, value)| {
            add(name);
            add(&value.value.0);
        });
        dto.body.iter().for_each(|body| add(&body.value.0));
        dto.method.iter().for_each(|method| add(&method.value.0));
        for matcher in dto.matchers.iter().chain(&dto.pre_condition).chain(&dto.filters) {
            matcher.part.iter().for_each(|part| add(&part.0));
            let lists = [&matcher.words, &matcher.regex, &matcher.dsl].into_iter().flatten();
            lists.flat_map(|list| &list.0).for_each(|entry| add(&entry.value.0));
        }
        for extractor in &dto.extractors {
            extractor.part.iter().for_each(|part| add(&part.0));
            let lists = [&extractor.regex, &extractor.dsl, &extractor.kval].into_iter().flatten();
            lists.flat_map(|list| &list.0).for_each(|entry| add(&entry.value.0));
        }
        for fuzz in &dto.fuzzing {
            match &fuzz.put {
                Some(document::FuzzValues::Every(values)) => {
                    for value in &values.0 {
                        add(&value.value.0);
                    }
                }
                Some(document::FuzzValues::Named(values)) => {
                    for (_, value) in values {
                        add(&value.0);
                    }
                }
                None => {}
            }
        }
        Self(text)
    }
}

fn payloads(
    sources: super::loose::Pairs<document::PayloadSource>,
    attack: Option<Spanned<Raw>>,
    haystack: &Haystack,
    files: &PayloadFiles<'_>,
    faults: &mut Faults,
) -> Option<Payloads> {
    let mut kind = Attack::BatteringRam;
    if let Some(attack) = &attack {
        let name = attack.value.0.trim().to_lowercase();
        if let Some(attack) = Attack::parse(&name) {
            kind = attack;
        } else {
            let text = format!(
                "`{name}` is no attack: it is `batteringram`, `pitchfork` or `clusterbomb`"
            );
            faults.add(attack.referenced, Reason::Invalid, text);
        }
    }
    let mut sets = Vec::new();
    for (name, source) in sources.0 {
        if !haystack.0.contains(&name) {
            continue;
        }
        let values = match source {
            document::PayloadSource::List(items) => {
                Values::Inline(items.into_iter().map(|item| item.0).collect())
            }
            document::PayloadSource::Text(text) if text.value.0.contains('\n') => {
                Values::Inline(text.value.0.split('\n').map(str::to_owned).collect())
            }
            document::PayloadSource::Text(text) => match files.find(&text.value.0) {
                Ok(path) => Values::File { path, lines: std::sync::OnceLock::new() },
                Err(message) => {
                    faults.add(text.referenced, Reason::Payloads, message);
                    continue;
                }
            },
            document::PayloadSource::Levels(levels) => Values::Inline(
                levels
                    .into_iter()
                    .filter(|(level, _)| level == "low")
                    .flat_map(|(_, items)| items)
                    .map(|item| item.0)
                    .collect(),
            ),
        };
        sets.push(Set { name, values });
    }
    if kind == Attack::BatteringRam && sets.len() > 1 {
        let at = attack.map_or(serde_saphyr::Location::UNKNOWN, |attack| attack.referenced);
        let text = "`batteringram`, the default, takes one set of payloads; write \
                    `attack: pitchfork` or `attack: clusterbomb`";
        faults.add(at, Reason::Conflict, text);
    }
    (!sets.is_empty()).then_some(Payloads { attack: kind, sets })
}
