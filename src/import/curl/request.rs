//! The options of one command, word by word. What they come to is in [`super::finish`].

use std::path::PathBuf;
use std::time::Duration;

use super::flags::Flag;
use super::url::basic;
use crate::import::address;
use crate::import::operation::{FormPart, Imported};
use crate::import::text::Text;
use crate::model::Proxy;

/// Followed with `-L`; curl's own default is 50.
const REDIRECTS: u32 = 50;

/// A piece of a body.
pub(super) enum Data {
    Text(Text),
    /// Read by curl when it sends.
    File(String),
}

/// The options so far.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of curl's")]
pub(super) struct Reading<'a> {
    pub(super) at: &'a str,
    pub(super) urls: Vec<Text>,
    pub(super) method: Option<String>,
    pub(super) headers: Vec<(String, Text)>,
    pub(super) data: Vec<Data>,
    pub(super) is_json: bool,
    pub(super) form: Vec<FormPart>,
    pub(super) query: Vec<Text>,
    pub(super) upload: Option<String>,
    pub(super) get: bool,
    pub(super) head: bool,
    pub(super) redirects: u32,
    pub(super) follows: bool,
}

impl<'a> Reading<'a> {
    pub(super) fn new(at: &'a str) -> Self {
        Self {
            at,
            urls: Vec::new(),
            method: None,
            headers: Vec::new(),
            data: Vec::new(),
            is_json: false,
            form: Vec::new(),
            query: Vec::new(),
            upload: None,
            get: false,
            head: false,
            redirects: REDIRECTS,
            follows: false,
        }
    }

    /// Takes a word, and the ones that belong to it.
    pub(super) fn word<'w>(
        &mut self,
        word: &Text,
        rest: &mut impl Iterator<Item = &'w Text>,
        imported: &mut Imported,
    ) {
        let Some(literal) = word.as_literal() else {
            self.positional_or_joined(word, imported);
            return;
        };
        if let Some(long) = literal.strip_prefix("--").filter(|long| !long.is_empty()) {
            let (name, joined) = match long.split_once('=') {
                Some((name, value)) => (name, Some(Text::literal(value))),
                None => (long, None),
            };
            let Some(flag) = Flag::long(name) else {
                imported.warn(self.at, format!("option `--{name}` is not known, left out"));
                return;
            };
            let value =
                if flag.takes_value() { joined.or_else(|| rest.next().cloned()) } else { None };
            self.flag(flag, value, &format!("--{name}"), imported);
        } else if let Some(letters) =
            literal.strip_prefix('-').filter(|letters| !letters.is_empty())
        {
            self.letters(letters, rest, imported);
        } else if !literal.is_empty() {
            self.urls.push(word.clone());
        }
    }

    /// `-sSXPOST`: letters, the last of which may have a value.
    fn letters<'w>(
        &mut self,
        letters: &str,
        rest: &mut impl Iterator<Item = &'w Text>,
        imported: &mut Imported,
    ) {
        for (at, letter) in letters.char_indices() {
            let shown = format!("-{letter}");
            let Some(flag) = Flag::short(letter) else {
                imported.warn(self.at, format!("option `{shown}` is not known, left out"));
                continue;
            };
            if !flag.takes_value() {
                self.flag(flag, None, &shown, imported);
                continue;
            }
            let joined = &letters[at + letter.len_utf8()..];
            let value =
                if joined.is_empty() { rest.next().cloned() } else { Some(Text::literal(joined)) };
            self.flag(flag, value, &shown, imported);
            return;
        }
    }

    /// A word with a reference in it: a URL, or `-H"Authorization: $TOKEN"`.
    fn positional_or_joined(&mut self, word: &Text, imported: &mut Imported) {
        let mut first = true;
        let mut flag = None;
        let cut = word.map(|text| {
            let is_first = std::mem::take(&mut first);
            let found = text.strip_prefix('-').filter(|_| is_first).and_then(|text| {
                let letter = text.chars().next()?;
                flag = Flag::short(letter).filter(|flag| flag.takes_value());
                flag.map(|_| text[letter.len_utf8()..].to_owned())
            });
            found.unwrap_or_else(|| text.to_owned())
        });
        match flag {
            Some(flag) => self.flag(flag, Some(cut), "-", imported),
            None => self.urls.push(word.clone()),
        }
    }

    fn flag(&mut self, flag: Flag, value: Option<Text>, shown: &str, imported: &mut Imported) {
        if flag.takes_value() && value.is_none() {
            imported.warn(self.at, format!("`{shown}` has no value, left out"));
            return;
        }
        let value = value.unwrap_or_default();
        let plain = || value.template();
        match flag {
            Flag::Method => self.method = Some(plain().to_ascii_uppercase()),
            Flag::Header => self.header(&value, imported),
            Flag::Data | Flag::DataBinary => self.data(&value, imported),
            Flag::DataRaw => self.data.push(Data::Text(value)),
            Flag::DataUrlEncode => self.url_encoded(&value),
            Flag::Json => {
                self.is_json = true;
                self.data(&value, imported);
            }
            Flag::Form => self.part(&value, true, imported),
            Flag::FormString => self.part(&value, false, imported),
            Flag::User => self.headers.push(("Authorization".to_owned(), basic(&value))),
            Flag::Bearer => {
                let mut header = Text::literal("Bearer ");
                header.append(&value);
                self.headers.push(("Authorization".to_owned(), header));
            }
            Flag::Cookie if plain().contains('=') => {
                self.headers.push(("Cookie".to_owned(), value));
            }
            Flag::Cookie => {
                let text = format!("cookies of the file `{}` are not read", plain());
                imported.warn(self.at, text);
            }
            Flag::Get => self.get = true,
            Flag::Head => self.head = true,
            Flag::Insecure => imported.connection.insecure = true,
            Flag::Location => self.follows = true,
            Flag::MaxRedirs => self.redirects = plain().parse().unwrap_or(REDIRECTS).min(100),
            Flag::UserAgent => self.headers.push(("User-Agent".to_owned(), value)),
            Flag::Referer => self.headers.push(("Referer".to_owned(), value)),
            Flag::Range => {
                self.headers
                    .push(("Range".to_owned(), Text::literal(format!("bytes={}", plain()))));
            }
            Flag::Url => self.urls.push(value),
            Flag::UrlQuery => self.query.push(value),
            Flag::Upload if matches!(plain().as_str(), "-" | ".") => {
                self.method.get_or_insert_with(|| "PUT".to_owned());
                self.standard_input(imported);
            }
            Flag::Upload => self.upload = Some(plain()),
            Flag::Next => {
                let at = self.at;
                std::mem::replace(self, Reading::new(at)).finish(imported);
            }
            Flag::Ignored(_) => {}
            _ => self.connection(flag, &plain(), shown, imported),
        }
    }

    /// Options of the connection: the plan has one for all requests.
    fn connection(&self, flag: Flag, value: &str, shown: &str, imported: &mut Imported) {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let seconds = |text: &str| {
            let seconds: f64 =
                text.parse().ok().filter(|seconds| *seconds > 0.0 && *seconds < 1e6)?;
            Some(Duration::from_secs_f64(seconds))
        };
        let setting = match flag {
            Flag::CaCert => {
                let file = value.to_owned();
                if !imported.connection.ca_files.contains(&file) {
                    imported.connection.ca_files.push(file);
                }
                return;
            }
            Flag::MaxTime => {
                if let Some(time) = seconds(value) {
                    imported.connection.timeout = imported.connection.timeout.max(Some(time));
                }
                return;
            }
            Flag::ConnectTimeout => seconds(value)
                .map(|time| ("connect_timeout", format!("{}ms", time.as_millis().max(1)))),
            Flag::Proxy if !value.contains('@') => {
                let with_scheme = if value.contains("://") {
                    value.to_owned()
                } else {
                    format!("http://{value}")
                };
                Proxy::parse(&with_scheme).is_ok().then(|| ("proxy", quoted(&with_scheme)))
            }
            Flag::Http2 => Some(("http", "2".to_owned())),
            Flag::Http3 => Some(("http", "3".to_owned())),
            Flag::Ipv4 => Some(("ip", "4".to_owned())),
            Flag::Ipv6 => Some(("ip", "6".to_owned())),
            Flag::UnixSocket => Some(("unix_socket", quoted(value))),
            _ => None,
        };
        let Some((key, value)) = setting else {
            imported
                .warn(self.at, format!("`{shown}` is left out; say it in the plan's `connection`"));
            return;
        };
        let settings = &mut imported.connection.settings;
        match settings.iter().find(|(known, _)| *known == key) {
            Some((_, known)) if *known != value => {
                let text = format!("`{shown}` differs between commands, and a plan has it once");
                imported.warn(self.at, text);
            }
            Some(_) => {}
            None => settings.push((key, value)),
        }
    }

    fn header(&mut self, value: &Text, imported: &mut Imported) {
        let text = value.written();
        let Some((name, _)) = text.split_once(':') else {
            // `-H 'X-Empty;'` sends an empty header, `-H @file` reads them.
            match text.strip_suffix(';') {
                Some(name) => self.headers.push((name.to_owned(), Text::default())),
                None => imported.warn(self.at, "a header without `:`, left out"),
            }
            return;
        };
        let name = name.trim().to_owned();
        let mut skipped = false;
        let value = value.map(|text| {
            if std::mem::replace(&mut skipped, true) {
                text.to_owned()
            } else {
                text.split_once(':').map_or("", |(_, rest)| rest.trim_start()).to_owned()
            }
        });
        // `-H 'Accept:'` takes curl's own header away.
        if value != Text::default() {
            self.headers.push((name, value));
        }
    }

    /// Nobody knows here what comes that way.
    fn standard_input(&mut self, imported: &mut Imported) {
        imported
            .warn(self.at, "what curl reads from standard input is not known; the body is empty");
        self.data.push(Data::Text(Text::default()));
    }

    fn data(&mut self, value: &Text, imported: &mut Imported) {
        match value.as_literal().and_then(|text| text.strip_prefix('@')) {
            Some("-") => self.standard_input(imported),
            Some(file) => self.data.push(Data::File(file.to_owned())),
            None => self.data.push(Data::Text(value.clone())),
        }
    }

    /// `content`, `=content`, `name=content`, `@file`, `name@file`.
    fn url_encoded(&mut self, value: &Text) {
        let literal = value.as_literal().unwrap_or_default();
        if !literal.contains('=')
            && let Some((name, file)) = literal.split_once('@')
        {
            let prefix = if name.is_empty() { String::new() } else { format!("{name}=") };
            self.data.push(Data::File(format!("{prefix}{file}")));
            return;
        }
        let mut first = true;
        let text = value.map(|text| match text.split_once('=') {
            Some((name, rest)) if std::mem::take(&mut first) => {
                let equals = if name.is_empty() { "" } else { "=" };
                format!("{name}{equals}{}", address::form_value(rest))
            }
            _ => address::form_value(text),
        });
        self.data.push(Data::Text(text));
    }

    /// `name=content`, `name=@file;type=…;filename=…`, `name=<file`.
    fn part(&mut self, value: &Text, reads_files: bool, imported: &mut Imported) {
        let text = value.template();
        let Some((name, content)) = text.split_once('=') else {
            imported.warn(self.at, format!("`-F {text}` is no field, left out"));
            return;
        };
        let mut pieces = content.split(';');
        let first = pieces.next().unwrap_or_default();
        let mut part = FormPart {
            name: name.to_owned(),
            value: Text::default(),
            file: None,
            file_name: None,
            content_type: None,
        };
        let mut said = false;
        for piece in pieces {
            match piece.trim().split_once('=') {
                Some(("type", kind)) if reads_files => part.content_type = Some(kind.to_owned()),
                Some(("filename", file)) if reads_files => {
                    part.file_name = Some(file.trim_matches('"').to_owned());
                }
                _ => said = true,
            }
        }
        let file = |mark| first.strip_prefix(mark).filter(|_| reads_files);
        if let Some(file) = file('@').filter(|file| *file != "-") {
            part.file = Some(PathBuf::from(file));
        } else if let Some(file) = file('<').or(file('@')) {
            let text =
                format!("the content of `{file}` is not read; the plan has a word in its place");
            imported.warn(self.at, text);
            part.value = Text::literal("content");
        } else {
            let mut cut = false;
            part.value = value.map(|text| {
                if std::mem::replace(&mut cut, true) {
                    return text.to_owned();
                }
                text.split_once('=').map_or("", |(_, rest)| rest).to_owned()
            });
            if !said && reads_files && part.value.as_literal().is_some() {
                part.value = Text::literal(first);
            }
        }
        self.form.push(part);
    }
}
