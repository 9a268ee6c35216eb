//! A run that several processes share, and which part of it one of them is.

use std::fmt;

/// Part `number` of `of`, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunPart {
    /// Which, from 1.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

impl RunPart {
    /// Most parts of a run.
    pub const MOST: u32 = 1000;

    /// The only part of a whole run.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// Parses `2/3`.
    ///
    /// # Errors
    /// What is wrong with it, and how it is written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(number, of)| {
            Some((number.trim().parse::<u32>().ok()?, of.trim().parse::<u32>().ok()?))
        });
        let Some((number, of)) = numbers else {
            return Err("a part is K/N, as in 2/3: the second of three".to_owned());
        };
        if of == 0 || of > Self::MOST {
            return Err(format!("a run has from 1 to {} parts", Self::MOST));
        }
        if number == 0 || number > of {
            return Err(format!("of {of} parts there is no number {number}: they count from 1"));
        }
        Ok(Self { number, of })
    }

    /// Its index, from 0.
    pub fn index(self) -> u32 {
        self.number - 1
    }
}

impl fmt::Display for RunPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_one_of_those_there_are() {
        assert_eq!(RunPart::parse("2/3"), Ok(RunPart { number: 2, of: 3 }));
        assert_eq!(RunPart::parse("1/1"), Ok(RunPart::WHOLE));
        for wrong in ["", "2", "0/3", "4/3", "1/0", "-1/2", "a/b", "1/2/3", "1/5000000000"] {
            assert!(RunPart::parse(wrong).is_err(), "{wrong}");
        }
    }
}
