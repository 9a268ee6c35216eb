//! curl's options, as far as they say what is sent.

/// What an option means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    Method,
    Header,
    Data,
    DataRaw,
    DataBinary,
    DataUrlEncode,
    Json,
    Form,
    FormString,
    User,
    Cookie,
    Get,
    Head,
    Insecure,
    Location,
    MaxRedirs,
    UserAgent,
    Referer,
    Url,
    UrlQuery,
    Proxy,
    CaCert,
    Cert,
    Key,
    MaxTime,
    ConnectTimeout,
    Http2,
    Http3,
    Resolve,
    ConnectTo,
    UnixSocket,
    Ipv4,
    Ipv6,
    Bearer,
    Upload,
    Range,
    Next,
    /// About output and the like; `true` if it takes a value.
    Ignored(bool),
}

/// Short name (or `\0`), long name, meaning.
const FLAGS: &[(char, &str, Flag)] = &[
    ('X', "request", Flag::Method),
    ('H', "header", Flag::Header),
    ('d', "data", Flag::Data),
    ('\0', "data-ascii", Flag::Data),
    ('\0', "data-raw", Flag::DataRaw),
    ('\0', "data-binary", Flag::DataBinary),
    ('\0', "data-urlencode", Flag::DataUrlEncode),
    ('\0', "json", Flag::Json),
    ('F', "form", Flag::Form),
    ('\0', "form-string", Flag::FormString),
    ('u', "user", Flag::User),
    ('b', "cookie", Flag::Cookie),
    ('G', "get", Flag::Get),
    ('I', "head", Flag::Head),
    ('k', "insecure", Flag::Insecure),
    ('L', "location", Flag::Location),
    ('\0', "location-trusted", Flag::Location),
    ('\0', "max-redirs", Flag::MaxRedirs),
    ('A', "user-agent", Flag::UserAgent),
    ('e', "referer", Flag::Referer),
    ('\0', "url", Flag::Url),
    ('\0', "url-query", Flag::UrlQuery),
    ('x', "proxy", Flag::Proxy),
    ('\0', "cacert", Flag::CaCert),
    ('E', "cert", Flag::Cert),
    ('\0', "key", Flag::Key),
    ('m', "max-time", Flag::MaxTime),
    ('\0', "connect-timeout", Flag::ConnectTimeout),
    ('\0', "http2", Flag::Http2),
    ('\0', "http2-prior-knowledge", Flag::Http2),
    ('\0', "http3", Flag::Http3),
    ('\0', "http3-only", Flag::Http3),
    ('\0', "resolve", Flag::Resolve),
    ('\0', "connect-to", Flag::ConnectTo),
    ('\0', "unix-socket", Flag::UnixSocket),
    ('4', "ipv4", Flag::Ipv4),
    ('6', "ipv6", Flag::Ipv6),
    ('\0', "oauth2-bearer", Flag::Bearer),
    ('T', "upload-file", Flag::Upload),
    ('r', "range", Flag::Range),
    (':', "next", Flag::Next),
    ('s', "silent", Flag::Ignored(false)),
    ('S', "show-error", Flag::Ignored(false)),
    ('v', "verbose", Flag::Ignored(false)),
    ('i', "include", Flag::Ignored(false)),
    ('i', "show-headers", Flag::Ignored(false)),
    ('f', "fail", Flag::Ignored(false)),
    ('\0', "fail-with-body", Flag::Ignored(false)),
    ('\0', "fail-early", Flag::Ignored(false)),
    ('N', "no-buffer", Flag::Ignored(false)),
    ('#', "progress-bar", Flag::Ignored(false)),
    ('\0', "no-progress-meter", Flag::Ignored(false)),
    ('O', "remote-name", Flag::Ignored(false)),
    ('J', "remote-header-name", Flag::Ignored(false)),
    ('R', "remote-time", Flag::Ignored(false)),
    ('g', "globoff", Flag::Ignored(false)),
    ('n', "netrc", Flag::Ignored(false)),
    ('q', "disable", Flag::Ignored(false)),
    ('Z', "parallel", Flag::Ignored(false)),
    ('0', "http1.0", Flag::Ignored(false)),
    ('\0', "http1.1", Flag::Ignored(false)),
    ('\0', "compressed", Flag::Ignored(false)),
    ('\0', "basic", Flag::Ignored(false)),
    ('\0', "path-as-is", Flag::Ignored(false)),
    ('\0', "tcp-nodelay", Flag::Ignored(false)),
    ('\0', "styled-output", Flag::Ignored(false)),
    ('\0', "create-dirs", Flag::Ignored(false)),
    ('\0', "retry-connrefused", Flag::Ignored(false)),
    ('\0', "retry-all-errors", Flag::Ignored(false)),
    ('o', "output", Flag::Ignored(true)),
    ('w', "write-out", Flag::Ignored(true)),
    ('D', "dump-header", Flag::Ignored(true)),
    ('c', "cookie-jar", Flag::Ignored(true)),
    ('\0', "stderr", Flag::Ignored(true)),
    ('\0', "trace", Flag::Ignored(true)),
    ('\0', "trace-ascii", Flag::Ignored(true)),
    ('\0', "output-dir", Flag::Ignored(true)),
    ('\0', "retry", Flag::Ignored(true)),
    ('\0', "retry-delay", Flag::Ignored(true)),
    ('\0', "retry-max-time", Flag::Ignored(true)),
    ('\0', "limit-rate", Flag::Ignored(true)),
    ('\0', "max-filesize", Flag::Ignored(true)),
    ('\0', "noproxy", Flag::Ignored(true)),
    ('y', "speed-time", Flag::Ignored(true)),
    ('Y', "speed-limit", Flag::Ignored(true)),
];

impl Flag {
    /// By its long name; `--no-NAME` turns something off that is off.
    pub(super) fn long(name: &str) -> Option<Self> {
        let found = FLAGS.iter().find(|(_, long, _)| *long == name).map(|(_, _, flag)| *flag);
        found.or_else(|| name.starts_with("no-").then_some(Self::Ignored(false)))
    }

    /// By its letter.
    pub(super) fn short(letter: char) -> Option<Self> {
        FLAGS.iter().find(|(short, _, _)| *short == letter).map(|(_, _, flag)| *flag)
    }

    /// Whether the next word belongs to it.
    pub(super) fn takes_value(self) -> bool {
        match self {
            Self::Ignored(takes) => takes,
            Self::Get
            | Self::Head
            | Self::Insecure
            | Self::Location
            | Self::Http2
            | Self::Http3
            | Self::Ipv4
            | Self::Ipv6
            | Self::Next => false,
            _ => true,
        }
    }
}
