//! `init`: what it makes of a package, what it leaves alone, and that the result works.

mod app_names;
mod consent;
mod contradictions;
mod drivers;
mod event_stores;
mod existing;
mod journey;
mod layouts;
mod many_steps;
mod names;
mod without_events;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::app::App;
use crate::transcript::assert_shows;

const MANIFEST: &str = "\
[package]
name = \"shop\"
version = \"0.1.0\"
edition = \"2024\"

[dependencies]
";

const NEXT: &str = "\
next: register your write handlers in src/seeds.rs, and apply the seeds where the app starts, with its sqlx pool:
    shop::seeds::seeds().apply(&pool).await?;
next: a pool needs these dependencies
    cargo add sqlx@0.9 --no-default-features
    cargo add tokio --features macros,rt-multi-thread
next: create a seed, write it, and apply it
    export DATABASE_URL=postgres://user:password@localhost/database
    cargo kumiko-ops seed:new first-change
    cargo kumiko-ops seed:status
    cargo kumiko-ops seed:apply
";

/// What `cargo new --lib` makes, as far as it matters here.
fn library() -> App {
    let app = App::empty();
    app.write("Cargo.toml", MANIFEST);
    app.write("src/lib.rs", "//! A shop.\n\npub fn open() {}\n");
    app
}

/// Every file with its bytes.
fn files(app: &App) -> BTreeMap<String, Vec<u8>> {
    fn collect(folder: &Path, root: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, files);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    let root = app.path("");
    collect(&root, &root, &mut files);
    files
}

#[track_caller]
fn assert_nothing_to_do(app: &App, line: &str, name: &str) {
    let before = files(app);
    assert_shows(
        &app.command(line).run(),
        &format!("exit 0\n-- stdout\nnothing to do: {name} is ready\n"),
    );
    assert_eq!(files(app), before);
}
