//! The parts and their bounds.

use std::env;
use std::fs;
use std::path::Path;

use kumiko_seeds::{Environment, History, Marker, SeedInfo, SeedRunner, SkipFlags, Status};
use kumiko_seeds_build::Config;
use kumiko_seeds_cli::{StatusArguments, print_status};
use kumiko_tests::database::Engine;
use kumiko_tests::seeds::seed;
use sqlx::Sqlite;

use crate::callgrind::{amount, check};

#[test]
fn comparing_seeds_with_markers_takes_its_instructions() {
    check("parts::comparing", 10_000, 480_000_000);
}

#[test]
fn rendering_a_status_takes_its_instructions() {
    check("parts::rendering", 1_000, 98_000_000);
}

#[test]
fn compiling_seeds_takes_its_instructions() {
    check("parts::compiling", 200, 900_000_000);
}

#[tokio::test]
#[ignore = "another test counts it"]
async fn comparing() {
    drop(status(amount()).await);
}

#[tokio::test]
#[ignore = "another test counts it"]
async fn rendering() {
    let status = status(667).await;
    let arguments = StatusArguments::default();
    let mut out = Vec::new();
    if amount() > 0 {
        print_status(&mut out, &status, &arguments, &|_| None).unwrap();
        assert!(String::from_utf8(out).unwrap().lines().count() > amount());
    }
}

#[test]
#[ignore = "another test counts it"]
fn compiling() {
    let folder = Path::new(&env::var_os("OUT_DIR").unwrap()).join("seeds");
    fs::create_dir(&folder).unwrap();
    for number in 0..amount() {
        let seed = include_str!("../src/replica_seed.rs").replace("NUMBER", &number.to_string());
        fs::write(folder.join(format!("2026-01-01-{number:04}.rs")), seed).unwrap();
    }
    let compiled = Config::new().folder(folder).try_compile().unwrap();
    assert_eq!(compiled.seeds.len(), amount());
}

/// Of so many seeds and so many markers: a half of each has none of the other, and each pending seed is out of
/// order.
async fn status(count: usize) -> Status {
    let applied = applied().await;
    let ids: Vec<String> = (0..count + count / 2)
        .map(|number| format!("2026-01-01-{number:06}"))
        .collect();
    let seeds = ids[..count]
        .iter()
        .map(|id| SeedInfo::new(id, "a seed of a test"));
    let mut history = History::default();
    for id in &ids[count / 2..] {
        let mut marker = applied.clone();
        marker.id.clone_from(id);
        history.markers.push(marker);
    }
    Status::compare(seeds, history, &SkipFlags::default(), &Environment::Unset)
}

/// A marker, which only a database can give.
async fn applied() -> Marker {
    let database = Sqlite::create().await;
    let runner = SeedRunner::new(vec![seed("2026-01-01-a", |_| Box::pin(async { Ok(()) }))].leak());
    runner.apply(&database.pool).await.unwrap();
    let history = runner.ledger(&database.pool).history().await.unwrap();
    history.markers[0].clone()
}
