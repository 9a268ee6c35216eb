//! The run's key pair, and how messages are opened with it.

use aes::Aes128;
use aes::Aes192;
use aes::Aes256;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use cfb_mode::cipher::BlockCipherEncrypt;
use cfb_mode::cipher::KeyInit;
use cfb_mode::cipher::KeyIvInit as _;
use ctr::cipher::BlockSizeUser;
use ctr::cipher::StreamCipher as _;
use ctr::cipher::consts::U16;
use rsa::PrivateKey;
use rsa::pkcs8::EncodePublicKey as _;
use rsa::pkcs8::LineEnding;
use sha2::Sha256;

use super::error::CallbackServerError;

/// What the field's clients use.
const BITS: usize = 2048;

/// A block of AES, and what stands in front of a message.
const BLOCK: usize = 16;

/// A key pair that lives as long as the run.
pub(super) struct Keys(PrivateKey);

/// What a session's messages are encrypted with.
pub(super) struct SessionKey(Vec<u8>);

impl Keys {
    /// A new pair; takes up to a second.
    pub(super) fn new() -> Result<Self, CallbackServerError> {
        let pair = PrivateKey::new(&mut rand::rng(), BITS);
        pair.map(Self).map_err(|error| CallbackServerError::Keys(error.to_string()))
    }

    /// The public half as a server takes it: PEM, in base64.
    pub(super) fn public(&self) -> Result<String, CallbackServerError> {
        let pem = self.0.to_public_key().to_public_key_pem(LineEnding::LF);
        let pem = pem.map_err(|error| CallbackServerError::Keys(error.to_string()))?;
        Ok(BASE64_STANDARD.encode(pem))
    }

    /// The key in an encrypted key.
    pub(super) fn unwrap(&self, wrapped: &str) -> Option<SessionKey> {
        let wrapped = BASE64_STANDARD.decode(wrapped).ok()?;
        let key = self.0.oaep_decrypt_with_rng::<Sha256, _>(&mut rand::rng(), &wrapped).ok()?;
        matches!(key.len(), 16 | 24 | 32).then_some(SessionKey(key))
    }
}

impl SessionKey {
    /// What a message may say: as servers encrypt today (CTR), then as those of before 2025 did (CFB).
    /// Neither shows whether it was the right one.
    pub(super) fn open(&self, sealed: &str) -> Option<[Vec<u8>; 2]> {
        let sealed = BASE64_STANDARD.decode(sealed).ok()?;
        let (first, text) = sealed.split_first_chunk::<BLOCK>()?;
        match self.0.len() {
            16 => opened::<Aes128>(&self.0, first, text),
            24 => opened::<Aes192>(&self.0, first, text),
            _ => opened::<Aes256>(&self.0, first, text),
        }
    }
}

fn opened<C>(key: &[u8], first: &[u8; BLOCK], text: &[u8]) -> Option<[Vec<u8>; 2]>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
{
    let mut counted = text.to_vec();
    ctr::Ctr128BE::<C>::new_from_slices(key, first).ok()?.apply_keystream(&mut counted);
    let mut chained = text.to_vec();
    cfb_mode::Decryptor::<C>::new_from_slices(key, first).ok()?.decrypt(&mut chained);
    Some([counted, chained])
}
