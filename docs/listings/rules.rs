//! What files of seeds say about where and when they run.

// ANCHOR: environments
pub const ENVIRONMENTS: &[&str] = &["staging", "demo"];
// ANCHOR_END: environments

// ANCHOR: after_migration
pub const AFTER_MIGRATION: i64 = 20_260_512_090_000;
// ANCHOR_END: after_migration

// ANCHOR: replaces
pub const REPLACES: &[&str] = &["2025-01-02-default-roles", "2025-02-03-fix-roles"];
// ANCHOR_END: replaces

// ANCHOR: out_of_order
pub const OUT_OF_ORDER: &str = "waited long for a review; touches tenants alone";
// ANCHOR_END: out_of_order
