//! Seeds written in place.

use std::fmt::Write;

use kumiko_seeds::{HandlerCall, RunSeed, Seed, SeedCode, SkipFlags};

use crate::database::Engine;

/// A seed that says what it is and does `run`.
#[must_use]
pub fn seed<DB: Engine>(id: &'static str, run: RunSeed<DB>) -> Seed<DB> {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let mut flag = "KUMIKO_SKIP_ES_OPS_".to_owned();
    write!(flag, "{}", id.to_uppercase().replace('-', "_")).unwrap();
    Seed {
        file: file!(),
        skip_flag: flag.leak(),
        // Of another text for each id, as the files of an app are.
        source_hash: format!("tokens:{hash:016x}").leak(),
        text_hash: format!("{hash:016x}").leak(),
        ..Seed::by_hand(id, "a seed of a test", SeedCode::Run(run))
    }
}

/// `seed`, with its flag having an effect.
#[must_use]
pub fn skippable<DB: Engine>(seed: Seed<DB>) -> Seed<DB> {
    Seed {
        skippable: true,
        ..seed
    }
}

/// `seed`, with calls as the build library would have found them.
#[must_use]
pub fn calling<DB: Engine>(seed: Seed<DB>, calls: &'static [HandlerCall]) -> Seed<DB> {
    Seed {
        handler_calls: calls,
        ..seed
    }
}

/// A seed that writes one note, `text`, through the app's handler.
#[macro_export]
macro_rules! note {
    ($id:literal) => {
        $crate::seeds::seed($id, |ctx| {
            Box::pin(async move {
                ctx.system_write_as("notes:write:add", kumiko_seeds::json!({ "text": $id })).await?;
                Ok(())
            })
        })
    };
}

/// These seeds for ever, as a runner wants them. A test process is short.
#[must_use]
pub fn leak<DB: Engine>(seeds: Vec<Seed<DB>>) -> &'static [Seed<DB>] {
    seeds.leak()
}

/// Flags as if these variables were set to these values.
#[must_use]
pub fn flags(variables: &[(&str, &str)]) -> SkipFlags {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    SkipFlags::from_values(variables.iter().map(owned))
}
