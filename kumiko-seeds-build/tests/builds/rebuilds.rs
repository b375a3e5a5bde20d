use std::fs;
use std::time::SystemTime;

use crate::app::{App, seed};

fn ids(app: &App) -> Vec<String> {
    app.printed_seeds()
        .iter()
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect()
}

#[test]
fn an_untouched_app_is_not_built_again() {
    let app = App::new("untouched");
    app.write("seeds/2026-05-20-x.rs", seed("Text", ""));
    assert!(!app.is_fresh());
    assert!(app.is_fresh());
    assert!(app.is_fresh());
}

#[test]
fn a_seed_that_comes_changes_or_goes_is_noticed() {
    let app = App::new("noticed");
    app.write("seeds/2026-05-20-x.rs", seed("Text", ""));
    assert_eq!(ids(&app), ["2026-05-20-x"]);

    app.write("seeds/2026-05-19-y.rs", seed("Text", ""));
    assert_eq!(ids(&app), ["2026-05-19-y", "2026-05-20-x"]);
    assert!(app.is_fresh());

    app.write("seeds/2026-05-19-y.rs", seed("Other text", ""));
    assert!(app.printed_seeds()[0].contains("Other text"));
    assert!(app.is_fresh());

    app.remove("seeds/2026-05-19-y.rs");
    assert_eq!(ids(&app), ["2026-05-20-x"]);
    assert!(app.is_fresh());

    fs::rename(
        app.path("seeds/2026-05-20-x.rs"),
        app.path("seeds/2026-05-20-z.rs"),
    )
    .unwrap();
    assert_eq!(ids(&app), ["2026-05-20-z"]);
}

#[cfg(unix)]
#[test]
fn an_app_without_a_folder_of_seeds_is_not_built_again_until_it_has_one() {
    let app = App::new("no-folder");
    assert!(!app.is_fresh());
    assert!(app.is_fresh(), "nothing has changed since the first build");
    app.write("src/other.rs", "");
    assert!(app.is_fresh(), "a file nobody uses is no change");
    assert!(app.generated_file().exists());

    fs::create_dir(app.path("seeds")).unwrap();
    assert!(!app.is_fresh(), "the folder is there");
    assert!(app.is_fresh());
    app.write("seeds/2026-05-20-x.rs", seed("Text", ""));
    assert_eq!(ids(&app), ["2026-05-20-x"]);

    fs::remove_dir_all(app.path("seeds")).unwrap();
    assert_eq!(ids(&app), [""; 0]);
    assert!(app.is_fresh(), "nothing has changed since the folder went");
}

#[cfg(unix)]
#[test]
fn a_folder_moved_here_with_its_old_times_is_noticed() {
    let app = App::new("moved-folder");
    assert!(!app.is_fresh());
    app.write(
        "build.rs",
        fs::read_to_string(app.path("build.rs")).unwrap() + "// Edited.\n",
    );
    assert!(!app.is_fresh());
    assert!(app.is_fresh());

    app.write("old/2026-05-20-x.rs", seed("Text", ""));
    for path in ["old/2026-05-20-x.rs", "old"] {
        let file = fs::File::open(app.path(path)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
    fs::rename(app.path("old"), app.path("seeds")).unwrap();
    assert_eq!(ids(&app), ["2026-05-20-x"]);
    assert!(app.is_fresh());
}

#[test]
fn a_build_that_failed_succeeds_once_the_seed_is_right() {
    let app = App::new("repaired");
    app.write("seeds/2026-05-20-x.rs", seed("Text", ""));
    assert!(!app.is_fresh());
    app.write("seeds/2026-05-20-x.rs", seed("", ""));
    assert_eq!(app.errors().len(), 1);
    assert_eq!(app.errors().len(), 1, "it is reported again");
    app.write("seeds/2026-05-20-x.rs", seed("Text again", ""));
    assert!(!app.is_fresh());
    assert!(app.is_fresh());
}
