//! One-time passwords from a secret and the time (RFC 6238), as authenticator apps show them.

use hmac::Hmac;
use hmac::KeyInit as _;
use hmac::Mac as _;
use sha1::Sha1;
use sha2::Sha256;

/// What codes are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totp {
    secret: Vec<u8>,
    hash: TotpHash,
    digits: u32,
    period: u64,
}

/// Under what the code is computed; apps use SHA-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TotpHash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl TotpHash {
    /// Every hash with its name.
    pub const ALL: [(&'static str, Self); 2] = [("SHA1", Self::Sha1), ("SHA256", Self::Sha256)];
}

/// The secret is not base32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not base32 (letters A–Z and digits 2–7, as shown beside the QR code)")]
pub struct NotBase32;

impl Totp {
    /// As apps take it: six digits every thirty seconds.
    ///
    /// # Errors
    /// [`NotBase32`]; spaces, hyphens and lower case are read as people write them.
    pub fn new(secret: &str) -> Result<Self, NotBase32> {
        let text: String = secret
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '='))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let secret = data_encoding::BASE32_NOPAD_NOCASE.decode(text.as_bytes());
        let secret = secret.ok().filter(|secret| !secret.is_empty()).ok_or(NotBase32)?;
        Ok(Self { secret, hash: TotpHash::Sha1, digits: 6, period: 30 })
    }

    /// With another hash, number of digits (6 to 8) or period (seconds, above 0).
    #[must_use]
    pub fn with(self, hash: TotpHash, digits: u32, period: u64) -> Self {
        Self { hash, digits: digits.clamp(6, 8), period: period.max(1), ..self }
    }

    /// The code at a time in seconds since 1970.
    pub fn code(&self, unix: u64) -> String {
        let counter = (unix / self.period).to_be_bytes();
        let expect = "a key of HMAC has any length";
        let mac = match self.hash {
            TotpHash::Sha1 => {
                let mac = Hmac::<Sha1>::new_from_slice(&self.secret).expect(expect);
                mac.chain_update(counter).finalize().into_bytes().to_vec()
            }
            TotpHash::Sha256 => {
                let mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect(expect);
                mac.chain_update(counter).finalize().into_bytes().to_vec()
            }
        };
        // RFC 4226 §5.3.
        let offset = usize::from(mac[mac.len() - 1] & 0xf);
        let word: [u8; 4] = mac[offset..offset + 4].try_into().expect("four bytes");
        let number = (u32::from_be_bytes(word) & 0x7fff_ffff) % 10_u32.pow(self.digits);
        format!("{number:0width$}", width = self.digits as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B.
    #[test]
    fn the_rfcs_codes_come_out() {
        let sha1 =
            Totp { secret: b"12345678901234567890".to_vec(), ..Totp::new("AA").expect("ok") };
        let sha1 = sha1.with(TotpHash::Sha1, 8, 30);
        let sha256 = Totp { secret: b"12345678901234567890123456789012".to_vec(), ..sha1.clone() };
        let sha256 = sha256.with(TotpHash::Sha256, 8, 30);
        for (time, first, second) in [
            (59, "94287082", "46119246"),
            (1_111_111_109, "07081804", "68084774"),
            (1_111_111_111, "14050471", "67062674"),
            (1_234_567_890, "89005924", "91819424"),
            (2_000_000_000, "69279037", "90698825"),
            (20_000_000_000, "65353130", "77737706"),
        ] {
            assert_eq!((sha1.code(time).as_str(), sha256.code(time).as_str()), (first, second));
        }
    }

    #[test]
    fn secrets_are_read_as_people_write_them() {
        let one = Totp::new("GEZD GNBV-gy3tqojq gezdgnbvgy3tqojq==").expect("base32");
        assert_eq!(one.secret, b"12345678901234567890");
        assert_eq!(one.code(59), "287082");
        assert_eq!(Totp::new("not base 32!"), Err(NotBase32));
        assert_eq!(Totp::new(""), Err(NotBase32));
        assert_eq!(Totp::new("1"), Err(NotBase32));
    }
}
