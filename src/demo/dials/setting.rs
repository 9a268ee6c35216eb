//! How the dials stand.

use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use super::table::COUNT;
use super::table::DIALS;
use super::table::Dial;
use super::table::DialRow;
use super::table::fits;

/// Thousandths, in which values are kept.
const THOUSAND: u32 = 1000;

/// The setting of every dial; all at nought unless said otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dials {
    settings: [Setting; COUNT],
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Setting {
    thousandths: u32,
    /// Which of the dial's places; nothing where nothing was said.
    place: Option<u8>,
}

/// Why a setting is none.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum DialError {
    /// There is no `=`.
    #[error("a dial is turned by NAME=VALUE, such as lock=5")]
    Form,
    /// No dial has this name.
    #[error("there is no dial `{0}`; `demo --dials` lists them")]
    Unknown(String),
    /// No number, or one that the dial does not go to.
    #[error("{name} goes from 0 to {most} {unit}, not to `{value}`")]
    Value {
        /// The dial.
        name: &'static str,
        /// Its highest value.
        most: u32,
        /// What it counts.
        unit: &'static str,
        /// What was said.
        value: String,
    },
    /// The dial cannot be put there.
    #[error("{name} cannot be put on `{place}`{}", choice(.places))]
    Place {
        /// The dial.
        name: &'static str,
        /// What was said.
        place: String,
        /// Where it can be put.
        places: &'static [&'static str],
    },
}

fn choice(places: &[&str]) -> String {
    if places.is_empty() { String::new() } else { format!(", but on {}", places.join(", ")) }
}

impl FromIterator<Dials> for Dials {
    /// All of them together; of the same dial the last setting holds.
    fn from_iter<T: IntoIterator<Item = Dials>>(all: T) -> Self {
        let mut together = Self::default();
        for one in all {
            for (mine, other) in together.settings.iter_mut().zip(one.settings) {
                if other.place.is_some() {
                    *mine = other;
                }
            }
        }
        together
    }
}

impl FromStr for Dials {
    type Err = DialError;

    /// `NAME=VALUE` or `NAME=VALUE@PATH`.
    fn from_str(text: &str) -> Result<Self, DialError> {
        let (name, setting) = text.split_once('=').ok_or(DialError::Form)?;
        let row = DIALS.iter().find(|row| row.name == name);
        let row = row.ok_or_else(|| DialError::Unknown(name.to_owned()))?;
        let (value, place) = match setting.split_once('@') {
            Some((value, place)) => (value, Some(place)),
            None => (setting, None),
        };
        let mut dials = Self::default();
        let setting = &mut dials.settings[row.dial as usize];
        setting.thousandths = thousandths(row, value)?;
        setting.place = Some(placed(row, place)?);
        Ok(dials)
    }
}

fn thousandths(row: &DialRow, value: &str) -> Result<u32, DialError> {
    let refused = || DialError::Value {
        name: row.name,
        most: row.most,
        unit: row.unit,
        value: value.to_owned(),
    };
    let number: f64 = value.parse().map_err(|_| refused())?;
    if !(0.0..=f64::from(row.most)).contains(&number) {
        return Err(refused());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0 to most")]
    let thousandths = (number * f64::from(THOUSAND)).round() as u32;
    Ok(thousandths)
}

fn placed(row: &DialRow, place: Option<&str>) -> Result<u8, DialError> {
    let Some(place) = place else { return Ok(0) };
    let known = (0_u8..).zip(row.places).find(|(_, known)| **known == place);
    known.map(|(index, _)| index).ok_or_else(|| DialError::Place {
        name: row.name,
        place: place.to_owned(),
        places: row.places,
    })
}

impl Dials {
    /// Whether all stand at nought.
    pub fn are_off(&self) -> bool {
        self.settings.iter().all(|setting| setting.thousandths == 0)
    }

    /// The value in the dial's unit.
    pub(super) fn value(&self, dial: Dial) -> f64 {
        f64::from(self.settings[dial as usize].thousandths) / f64::from(THOUSAND)
    }

    /// The value as a whole number.
    pub(in crate::demo) fn whole(&self, dial: Dial) -> u32 {
        self.settings[dial as usize].thousandths / THOUSAND
    }

    /// Whether the dial is above nought.
    pub(in crate::demo) fn is_on(&self, dial: Dial) -> bool {
        self.settings[dial as usize].thousandths > 0
    }

    /// The value of a dial that counts milliseconds.
    pub(in crate::demo) fn time(&self, dial: Dial) -> Duration {
        Duration::from_micros(self.settings[dial as usize].thousandths.into())
    }

    /// How many rows stand in the table that lacks an index.
    pub(in crate::demo) fn rows_to_scan(&self) -> u32 {
        self.settings[Dial::SlowIndex as usize].thousandths
    }

    /// Whether the dial is above nought and on this path.
    pub(super) fn is_at(&self, dial: Dial, path: &str) -> bool {
        let setting = self.settings[dial as usize];
        let places = DIALS[dial as usize].places;
        let route = setting.place.and_then(|index| places.get(usize::from(index)));
        setting.thousandths > 0 && route.is_some_and(|route| fits(route, path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_with_its_place() {
        let dials: Dials = "n-plus-one=0.25@/search".parse().expect("a setting");
        assert_eq!(dials.time(Dial::NPlusOne), Duration::from_micros(250));
        assert!(dials.is_at(Dial::NPlusOne, "/search"));
        assert!(!dials.is_at(Dial::NPlusOne, "/products"));
        let own: Dials = "n-plus-one=1".parse().expect("a setting");
        assert!(own.is_at(Dial::NPlusOne, "/products"));
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        for text in
            ["lock", "luck=1", "lock=-1", "lock=1e9", "lock=NaN", "lock=1@/", "payload=1@/no"]
        {
            assert!(text.parse::<Dials>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_setting_of_a_dial_holds() {
        let said = ["lock=1", "pool=2", "lock=0"].map(|text| text.parse().expect("a setting"));
        let dials: Dials = said.into_iter().collect();
        assert!(!dials.is_on(Dial::Lock) && dials.whole(Dial::Pool) == 2 && !dials.are_off());
    }
}
