//! Guides, for reading: how an app of your kind takes seeds in. There is no code in here.
//!
//! | your app | guide |
//! |---|---|
//! | has write functions of its own, or begins | [`in_an_app_with_handlers`] |
//! | has an event table of its own | [`with_an_event_table_of_your_own`] |
//! | lives on `cqrs-es` | the front page of `kumiko-seeds-cqrs-es` |
//!
//! How seeds are tested is on the front page of `kumiko-seeds-testing`.

#[doc = include_str!("in_an_app_with_handlers.md")]
pub mod in_an_app_with_handlers {}

#[doc = include_str!("with_an_event_table_of_your_own.md")]
pub mod with_an_event_table_of_your_own {}
