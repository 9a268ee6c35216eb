//! The functions that an expression may call. Each also answers to its name without underscores.

mod ciphers;
mod clock;
mod compression;
mod digests;
mod encodings;
mod entities;
mod function;
mod java;
mod json;
mod jwt;
mod lists;
mod network;
mod numbers;
mod random;
mod refused;
mod rsa;
mod texts;
mod versions;
mod zip;

use function::{
    Body, MANY, MAX_TEXT, Text, function, integer, length, list, texts, unfit, utf8, with, written,
};
pub(super) use function::{Function, bounded, is_any_name_in};
