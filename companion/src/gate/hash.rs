//! What an id becomes.
//!
//! SHA-256, because it is defined on bytes, the same in every language, and its draws for two
//! purposes are independent; its speed does not matter for a few ids a page.

use sha2::{Digest, Sha256};

/// Names this way of hashing; another one would draw everybody anew, so it would take another version of the schema.
const ALGORITHM: &str = "featheredge-gate-1";
/// Between the parts; none of those before the last may contain it.
const SEPARATOR: &str = "\x1f";

/// What is decided by a hash.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Whether an id is in.
    Gate,
    /// Which variant it gets.
    Variant,
    /// How lists name it.
    List,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Variant => "variant",
            Self::List => "list",
        }
    }
}

/// The hash of `id` for one purpose.
pub(super) fn digest(flag: &str, salt: &str, purpose: Purpose, id: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [ALGORITHM, flag, salt, purpose.name()] {
        hash.update(part);
        hash.update(SEPARATOR);
    }
    hash.update(id);
    hash.finalize().into()
}

/// Where a hash falls among `total` equal places: its first 8 bytes, as a fraction of 2^64, times `total`, rounded down.
pub(super) fn place(hash: [u8; 32], total: u32) -> u32 {
    let first = hash.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    ((u128::from(first) * u128::from(total)) >> 64) as u32
}
