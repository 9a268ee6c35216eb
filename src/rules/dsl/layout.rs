//! Dates in layouts written as Go writes them: as the moment `Mon Jan 2 15:04:05 MST 2006` would
//! look. All without a zone of their own are in UTC.

use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::civil::Time;
use jiff::tz::TimeZone;

/// What counts as a date when it stands as a string in an expression.
const LITERALS: [&str; 14] = [
    "Mon Jan _2 15:04:05 2006",
    "Mon Jan _2 15:04:05 MST 2006",
    "Mon Jan 02 15:04:05 -0700 2006",
    "3:04PM",
    "2006-01-02T15:04:05Z07:00",
    "2006-01-02T15:04:05.999999999Z07:00",
    "2006-01-02",
    "2006-01-02 15:04",
    "2006-01-02 15:04:05",
    "2006-01-02 15:04:05-07:00",
    "2006-01-02T15Z0700",
    "2006-01-02T15:04Z0700",
    "2006-01-02T15:04:05Z0700",
    "2006-01-02T15:04:05.999999999Z0700",
];

/// What `to_unix_time` understands without a layout.
const DEFAULTS: [&str; 7] = [
    "2006-01-02T15:04:05Z07:00",
    "2006-01-02 15:04:05 Z07:00",
    "2006-01-02 15:04:05",
    "2006-01-02 15:04 Z07:00",
    "2006-01-02 15:04",
    "2006-01-02 Z07:00",
    "2006-01-02",
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The seconds since 1970 of a string literal that is a date.
pub(super) fn date_literal(text: &str) -> Option<i64> {
    let may_be = (6..=40).contains(&text.len())
        && text.is_ascii()
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.contains([':', '-']);
    if !may_be {
        return None;
    }
    LITERALS.iter().find_map(|layout| parse(layout, text))
}

/// The seconds since 1970 of a date in one of the usual layouts.
pub(super) fn parse_usual(text: &str) -> Option<i64> {
    DEFAULTS.iter().find_map(|layout| parse(layout, text))
}

/// The moment as a civil time in UTC; `None` outside of the years -9999 to 9999.
pub(super) fn civil(unix: i64) -> Option<DateTime> {
    let moment = jiff::Timestamp::from_second(unix).ok()?;
    Some(TimeZone::UTC.to_datetime(moment))
}

/// One piece of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'l> {
    Literal(&'l str),
    Month { long: bool },
    Weekday { long: bool },
    MonthNumber(Pad),
    Day(Pad),
    YearDay(Pad),
    Hour,
    Hour12(Pad),
    Minute(Pad),
    Second(Pad),
    Year,
    YearOfCentury,
    Half { upper: bool },
    ZoneName,
    Offset { z: bool, colons: bool, parts: u8 },
    Fraction { digits: usize, exact: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pad {
    None,
    Space,
    Zero,
}

/// Layout elements by how they are written; where one starts like another, the longer is first.
const ELEMENTS: &[(&str, Piece<'static>)] = &[
    ("January", Piece::Month { long: true }),
    ("Jan", Piece::Month { long: false }),
    ("Monday", Piece::Weekday { long: true }),
    ("Mon", Piece::Weekday { long: false }),
    ("MST", Piece::ZoneName),
    ("002", Piece::YearDay(Pad::Zero)),
    ("01", Piece::MonthNumber(Pad::Zero)),
    ("02", Piece::Day(Pad::Zero)),
    ("03", Piece::Hour12(Pad::Zero)),
    ("04", Piece::Minute(Pad::Zero)),
    ("05", Piece::Second(Pad::Zero)),
    ("06", Piece::YearOfCentury),
    ("15", Piece::Hour),
    ("1", Piece::MonthNumber(Pad::None)),
    ("2006", Piece::Year),
    ("2", Piece::Day(Pad::None)),
    ("__2", Piece::YearDay(Pad::Space)),
    ("_2006", Piece::Literal("_")),
    ("_2", Piece::Day(Pad::Space)),
    ("3", Piece::Hour12(Pad::None)),
    ("4", Piece::Minute(Pad::None)),
    ("5", Piece::Second(Pad::None)),
    ("PM", Piece::Half { upper: true }),
    ("pm", Piece::Half { upper: false }),
    ("-07:00:00", Piece::Offset { z: false, colons: true, parts: 3 }),
    ("-070000", Piece::Offset { z: false, colons: false, parts: 3 }),
    ("-07:00", Piece::Offset { z: false, colons: true, parts: 2 }),
    ("-0700", Piece::Offset { z: false, colons: false, parts: 2 }),
    ("-07", Piece::Offset { z: false, colons: false, parts: 1 }),
    ("Z07:00:00", Piece::Offset { z: true, colons: true, parts: 3 }),
    ("Z070000", Piece::Offset { z: true, colons: false, parts: 3 }),
    ("Z07:00", Piece::Offset { z: true, colons: true, parts: 2 }),
    ("Z0700", Piece::Offset { z: true, colons: false, parts: 2 }),
    ("Z07", Piece::Offset { z: true, colons: false, parts: 1 }),
];

/// The element that `layout` starts with, and its length.
fn element(layout: &str) -> Option<(Piece<'_>, usize)> {
    if layout.starts_with(['.', ',']) {
        return fraction(layout);
    }
    let (written, piece) = ELEMENTS.iter().find(|(written, _)| layout.starts_with(written))?;
    let short = matches!(piece, Piece::Month { long: false } | Piece::Weekday { long: false });
    if short && layout[3..].starts_with(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    match piece {
        Piece::Literal(text) => Some((Piece::Literal(&layout[..text.len()]), text.len())),
        piece => Some((*piece, written.len())),
    }
}

/// `.000` or `.999`, unless more digits follow.
fn fraction(layout: &str) -> Option<(Piece<'_>, usize)> {
    let digit = layout[1..].chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let digits = layout[1..].chars().take_while(|c| *c == digit).count();
    let more = layout[1 + digits..].starts_with(|c: char| c.is_ascii_digit());
    (!more).then_some((Piece::Fraction { digits, exact: digit == '0' }, 1 + digits))
}

fn pieces(layout: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut literal = 0;
    let mut at = 0;
    while at < layout.len() {
        let Some((piece, length)) = element(&layout[at..]) else {
            at += layout[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        };
        if literal < at {
            pieces.push(Piece::Literal(&layout[literal..at]));
        }
        pieces.push(piece);
        at += length;
        literal = at;
    }
    if literal < layout.len() {
        pieces.push(Piece::Literal(&layout[literal..]));
    }
    pieces
}

/// `moment` as `layout` shows it.
pub(super) fn format(layout: &str, moment: DateTime) -> String {
    let mut out = String::new();
    for piece in pieces(layout) {
        write_piece(&mut out, piece, moment);
    }
    out
}

fn write_piece(out: &mut String, piece: Piece<'_>, moment: DateTime) {
    let hour12 = (moment.hour() + 11).rem_euclid(12) + 1;
    let number = |value: i16, pad: Pad, width: usize| match pad {
        Pad::None => value.to_string(),
        Pad::Space => format!("{value:>width$}"),
        Pad::Zero => format!("{value:0>width$}"),
    };
    let name = |names: &[&str], index: i8, long: bool| {
        let name = usize::try_from(index - 1).ok().and_then(|index| names.get(index).copied());
        let name = name.unwrap_or_default();
        if long { name.to_owned() } else { name[..3].to_owned() }
    };
    let text = match piece {
        Piece::Literal(text) => text.to_owned(),
        Piece::Month { long } => name(&MONTHS, moment.month(), long),
        Piece::Weekday { long } => name(&WEEKDAYS, moment.weekday().to_monday_one_offset(), long),
        Piece::MonthNumber(pad) => number(moment.month().into(), pad, 2),
        Piece::Day(pad) => number(moment.day().into(), pad, 2),
        Piece::YearDay(pad) => number(moment.day_of_year(), pad, 3),
        Piece::Hour => number(moment.hour().into(), Pad::Zero, 2),
        Piece::Hour12(pad) => number(hour12.into(), pad, 2),
        Piece::Minute(pad) => number(moment.minute().into(), pad, 2),
        Piece::Second(pad) => number(moment.second().into(), pad, 2),
        Piece::Year => format!("{:04}", moment.year()),
        Piece::YearOfCentury => format!("{:02}", moment.year().rem_euclid(100)),
        Piece::Half { upper } => match (moment.hour() >= 12, upper) {
            (true, true) => "PM",
            (true, false) => "pm",
            (false, true) => "AM",
            (false, false) => "am",
        }
        .to_owned(),
        Piece::ZoneName => "UTC".to_owned(),
        Piece::Offset { z: true, .. } => "Z".to_owned(),
        Piece::Offset { colons, parts, .. } => {
            let separator = if colons { ":" } else { "" };
            format!("+{}", vec!["00"; usize::from(parts)].join(separator))
        }
        Piece::Fraction { exact: false, .. } => String::new(),
        Piece::Fraction { digits, .. } => format!(".{}", "0".repeat(digits)),
    };
    out.push_str(&text);
}

/// What has been read of a date.
#[derive(Debug)]
struct Read {
    year: i16,
    month: i8,
    day: i8,
    year_day: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    afternoon: Option<bool>,
    offset: i64,
}

/// The seconds since 1970 of `text`, which is written in `layout`.
pub(super) fn parse(layout: &str, text: &str) -> Option<i64> {
    let mut read = Read {
        year: 0,
        month: 1,
        day: 1,
        year_day: None,
        hour: 0,
        minute: 0,
        second: 0,
        afternoon: None,
        offset: 0,
    };
    let pieces = pieces(layout);
    let mut rest = text;
    for (index, piece) in pieces.iter().enumerate() {
        let fraction_follows = matches!(pieces.get(index + 1), Some(Piece::Fraction { .. }));
        rest = read_piece(&mut read, *piece, rest, fraction_follows)?;
    }
    rest.is_empty().then(|| read.seconds()).flatten()
}

impl Read {
    fn seconds(&self) -> Option<i64> {
        let hour = match (self.afternoon, self.hour) {
            (Some(true), hour) if hour < 12 => hour + 12,
            (Some(false), 12) => 0,
            (_, hour) => hour,
        };
        let date = match self.year_day {
            Some(day) => Date::new(self.year, 1, 1).ok()?.with().day_of_year(day).build().ok()?,
            None => Date::new(self.year, self.month, self.day).ok()?,
        };
        let time = Time::new(hour, self.minute, self.second, 0).ok()?;
        let moment = TimeZone::UTC.to_timestamp(date.to_datetime(time)).ok()?;
        Some(moment.as_second() - self.offset)
    }
}

fn read_piece<'t>(
    read: &mut Read,
    piece: Piece<'_>,
    text: &'t str,
    fraction_follows: bool,
) -> Option<&'t str> {
    let rest = match piece {
        Piece::Literal(literal) => return skip(text, literal),
        Piece::Month { long } => {
            let (index, rest) = named(&MONTHS, text, long)?;
            read.month = index;
            rest
        }
        Piece::Weekday { long } => named(&WEEKDAYS, text, long)?.1,
        Piece::MonthNumber(pad) => small(text, pad, &mut read.month)?,
        Piece::Day(pad) => small(text, pad, &mut read.day)?,
        Piece::YearDay(_) => {
            let (day, rest) = digits(text.trim_start_matches(' '), 3, 3)?;
            read.year_day = Some(day);
            rest
        }
        Piece::Hour => small(text, Pad::None, &mut read.hour)?,
        Piece::Hour12(pad) => {
            let rest = small(text, pad, &mut read.hour)?;
            (read.hour <= 12).then_some(rest)?
        }
        Piece::Minute(pad) => small(text, pad, &mut read.minute)?,
        Piece::Second(pad) => {
            let rest = small(text, pad, &mut read.second)?;
            // A fraction is understood even where the layout has none.
            if fraction_follows { rest } else { skip_fraction(rest).unwrap_or(rest) }
        }
        Piece::Year => {
            let (year, rest) = digits(text, 4, 4)?;
            read.year = year;
            rest
        }
        Piece::YearOfCentury => {
            let (year, rest) = digits(text, 2, 2)?;
            read.year = if year >= 69 { 1900 + year } else { 2000 + year };
            rest
        }
        Piece::Half { upper } => {
            let half = text.get(..2)?;
            let (am, pm) = if upper { ("AM", "PM") } else { ("am", "pm") };
            read.afternoon = Some(half == pm);
            (half == am || half == pm).then_some(&text[2..])?
        }
        Piece::ZoneName => zone_name(read, text)?,
        Piece::Offset { z: true, .. } if text.starts_with('Z') => &text[1..],
        Piece::Offset { colons, parts, .. } => offset(read, text, colons, parts)?,
        Piece::Fraction { digits: count, exact: true } => {
            let rest = text.strip_prefix(['.', ','])?;
            let (head, rest) = rest.split_at_checked(count)?;
            head.bytes().all(|byte| byte.is_ascii_digit()).then_some(rest)?
        }
        Piece::Fraction { .. } => skip_fraction(text).unwrap_or(text),
    };
    Some(rest)
}

/// A run of spaces in a layout stands for any run of spaces, even none at the end.
fn skip<'t>(mut text: &'t str, literal: &str) -> Option<&'t str> {
    let mut literal = literal;
    while let Some(first) = literal.chars().next() {
        if first == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return None;
            }
            literal = literal.trim_start_matches(' ');
            text = text.trim_start_matches(' ');
        } else {
            text = text.strip_prefix(first)?;
            literal = &literal[first.len_utf8()..];
        }
    }
    Some(text)
}

fn skip_fraction(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(['.', ','])?;
    let rest_len = rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    (rest_len < rest.len()).then(|| &rest[rest.len() - rest_len..])
}

/// The number, from one, of the name that `text` starts with, whatever its case.
fn named<'t>(names: &[&str], text: &'t str, long: bool) -> Option<(i8, &'t str)> {
    for (index, name) in (1..).zip(names) {
        let name = if long { name } else { &name[..3] };
        if text.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)) {
            return Some((index, &text[name.len()..]));
        }
    }
    None
}

/// A number of `least` to `most` digits.
fn digits(text: &str, least: usize, most: usize) -> Option<(i16, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count < least {
        return None;
    }
    Some((text[..count].parse().ok()?, &text[count..]))
}

/// A number of two digits, or of one where the layout does not pad with zeros.
fn small<'t>(text: &'t str, pad: Pad, into: &mut i8) -> Option<&'t str> {
    let text = if pad == Pad::Space { text.strip_prefix(' ').unwrap_or(text) } else { text };
    let (value, rest) = digits(text, if pad == Pad::Zero { 2 } else { 1 }, 2)?;
    *into = i8::try_from(value).ok()?;
    Some(rest)
}

/// Three or four capitals, with a number behind `GMT`; any other name stands for UTC, for here is
/// no list of zones.
fn zone_name<'t>(read: &mut Read, text: &'t str) -> Option<&'t str> {
    let capitals = text.bytes().take_while(u8::is_ascii_uppercase).count();
    if !(3..=5).contains(&capitals) {
        return None;
    }
    let rest = &text[capitals..];
    if &text[..capitals] != "GMT" {
        return Some(rest);
    }
    let Some(sign) = rest.chars().next().filter(|c| matches!(c, '+' | '-')) else {
        return Some(rest);
    };
    let (hours, rest) = digits(&rest[1..], 1, 2)?;
    read.offset = signed(sign, i64::from(hours) * 3600);
    Some(rest)
}

fn offset<'t>(read: &mut Read, text: &'t str, colons: bool, parts: u8) -> Option<&'t str> {
    let sign = text.chars().next().filter(|c| matches!(c, '+' | '-'))?;
    let mut rest = &text[1..];
    let mut seconds = 0;
    for part in 0..parts {
        if part > 0 && colons {
            rest = rest.strip_prefix(':')?;
        }
        let (value, after) = digits(rest, 2, 2)?;
        let limit = if part == 0 { 24 } else { 59 };
        seconds += i64::from((value <= limit).then_some(value)?) * [3600, 60, 1][usize::from(part)];
        rest = after;
    }
    read.offset = signed(sign, seconds);
    Some(rest)
}

fn signed(sign: char, seconds: i64) -> i64 {
    if sign == '-' { -seconds } else { seconds }
}
