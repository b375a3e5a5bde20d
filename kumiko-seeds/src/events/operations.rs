//! What the operations of the write side have in common.

use crate::{Backend, History, Seed, SeedCode};

/// An operation that is done beside the running app. Its hash is that of its id, which says all that it is about.
pub(super) fn in_steps<DB: Backend>(
    id: &'static str,
    description: String,
    code: SeedCode<DB>,
) -> Seed<DB> {
    Seed {
        source_hash: kept(hash(id)),
        background: true,
        ..Seed::by_hand(id, kept(description), code)
    }
}

/// The first id that no app has used, since one without a name might be taken for this one's. One that is under way is not used up.
pub(super) fn free(mut ids: impl Iterator<Item = String>, history: &History) -> &'static str {
    let is_used = |id: &str| history.markers.iter().any(|marker| marker.id == id);
    kept(ids.find(|id| !is_used(id)).unwrap_or_default())
}

/// A text for as long as the program runs, as those of seeds are.
pub(super) fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// FNV-1a 64, as of the sources of seeds.
pub(super) fn hash(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}
