//! `seed:new`: the file it creates, and what it refuses.

use std::fs;

use crate::app::App;
use crate::database::sqlite;
use crate::transcript::assert_shows;

const NEXT: &str = "\
-- stderr
next: write the seed, then
    cargo kumiko-ops seed:status
    cargo kumiko-ops seed:apply
";

#[test]
fn a_seed_is_created_as_the_last_one_is_written() {
    let app = App::fixture("shop");
    assert_shows(
        &app.command("kumiko-ops seed:new fix-admin-roles").run(),
        &format!("exit 0\n-- stdout\nseeds/[today]-fix-admin-roles.rs\n{NEXT}"),
    );
    let shown = app.command("seed:new from-below").from("src").run();
    assert_shows(
        &shown,
        &format!("exit 0\n-- stdout\n../seeds/[today]-from-below.rs\n{NEXT}"),
    );
    let id = newest_seed(&app, "fix-admin-roles");
    assert_eq!(
        app.read(&format!("seeds/{id}.rs")),
        kumiko_ops_templates::SEED
            .replace("kumiko_seeds::postgres", "kumiko_seeds::sqlite")
            .replace("What this seed changes, in a sentence", "Fix admin roles")
    );
}

#[test]
fn the_folder_is_created_where_it_is_missing() {
    let app = App::fixture("two-apps");
    assert_shows(
        &app.command("seed:new first -p shop").run(),
        "\
exit 0
-- stdout
shop/seeds/[today]-first.rs
-- stderr
next: write the seed, then
    cargo kumiko-ops seed:status -p shop
    cargo kumiko-ops seed:apply -p shop
",
    );
}

#[test]
fn a_file_that_exists_is_left_as_it_is() {
    let app = App::fixture("shop");
    app.command("seed:new fix").run();
    let file = format!("seeds/{}.rs", newest_seed(&app, "fix"));
    app.write(&file, "// Mine.\n");
    assert_shows(
        &app.command("seed:new fix").run(),
        "\
exit 2
-- stderr
error: seeds/[today]-fix.rs exists, and is left as it is
help: choose another slug:
    cargo kumiko-ops seed:new fix-2
",
    );
    assert_eq!(app.read(&file), "// Mine.\n");
}

#[test]
fn of_many_at_once_one_creates_the_file() {
    let app = App::fixture("shop");
    crate::program::program();
    let shown: Vec<String> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| app.command("seed:new fix").run_beside_others()))
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let created = shown.iter().filter(|shown| shown.starts_with("exit 0"));
    assert_eq!(created.count(), 1, "{shown:#?}");
    let refused = shown
        .iter()
        .filter(|shown| shown.contains("is left as it is"));
    assert_eq!(refused.count(), 7, "{shown:#?}");
}

#[test]
fn a_text_becomes_a_slug_that_is_said() {
    let app = App::fixture("shop");
    let next = NEXT.trim_start_matches("-- stderr\n");
    assert_shows(
        &app.call(["seed:new", "Größe", "des", "\"Lagers\" ändern!"])
            .run(),
        &format!(
            "\
exit 0
-- stdout
seeds/[today]-groesse-des-lagers-aendern.rs
-- stderr
note: \"Größe des \\\"Lagers\\\" ändern!\" is named groesse-des-lagers-aendern
{next}"
        ),
    );
    let id = newest_seed(&app, "groesse-des-lagers-aendern");
    let content = app.read(&format!("seeds/{id}.rs"));
    assert!(content.contains(r#"DESCRIPTION: &str = "Größe des \"Lagers\" ändern!";"#));
    // What was written is a seed.
    sqlite(&app.path("shop.db"), "CREATE TABLE other (id INTEGER)");
    let status = app.command("seed:status --pending");
    let status = status.variable("DATABASE_URL", "sqlite:shop.db").run();
    assert!(status.contains("-groesse-des-lagers-aendern\n"), "{status}");
}

#[test]
fn a_name_that_leaves_nothing_is_refused() {
    let app = App::fixture("shop");
    assert_shows(
        &app.call(["seed:new", "!"]).run(),
        "\
exit 2
-- stderr
error: \"!\" is no name for a seed: nothing of it can be written with a-z and 0-9
help: say how its file is to be named, for example
    cargo kumiko-ops seed:new '!' --slug fix-admin-roles
",
    );
    assert_shows(
        &app.command("seed:new 2026-05-20-fix.rs --manifest-path ./Cargo.toml")
            .run(),
        "\
exit 2
-- stderr
error: \"2026-05-20-fix.rs\" is no name for a seed: it starts with a date, and the date of today is put before it anyway
help: leave the date out, or let it be that of the seed:
    cargo kumiko-ops seed:new fix --manifest-path ./Cargo.toml
    cargo kumiko-ops seed:new fix --date 2026-05-20 --manifest-path ./Cargo.toml
",
    );
    assert_eq!(fs::read_dir(app.path("seeds")).unwrap().count(), 2);
}

#[test]
fn a_slug_with_the_skip_flag_of_another_seed_is_refused() {
    let app = App::fixture("shop");
    app.command("seed:new fix-roles --date 2026-05-20").run();
    assert_shows(
        &app.command("seed:new fix--roles --date 2026-05-20").run(),
        "\
exit 2
-- stderr
error: 2026-05-20-fix--roles would have the same skip flag as 2026-05-20-fix-roles, and the build would refuse both
help: choose another slug:
    cargo kumiko-ops seed:new fix--roles-2 --date 2026-05-20
",
    );
}

#[test]
fn a_seed_with_a_later_date_is_pointed_out() {
    let app = App::fixture("shop");
    let seed = app.read("seeds/2026-01-10-first.rs");
    app.write("seeds/2999-01-01-far-away.rs", &seed);
    assert_shows(
        &app.command("seed:new fix --date 2026-05-20").run(),
        "\
exit 0
-- stdout
seeds/2026-05-20-fix.rs
-- stderr
note: 2999-01-01-far-away has a later date; where it is applied, the new seed is out of order
next: write the seed, then
    cargo kumiko-ops seed:status
    cargo kumiko-ops seed:apply
",
    );
}

#[test]
fn a_package_that_does_not_compile_its_seeds_is_told_how_to() {
    let app = App::fixture("shop");
    app.write(
        "Cargo.toml",
        "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
    );
    assert_shows(
        &app.command("seed:new fix").run(),
        "\
exit 0
-- stdout
seeds/[today]-fix.rs
-- stderr
note: shop does not compile its seeds in yet
    cargo kumiko-ops init
next: write the seed, then
    cargo kumiko-ops seed:status
    cargo kumiko-ops seed:apply
",
    );
}

fn newest_seed(app: &App, slug: &str) -> String {
    let entries = fs::read_dir(app.path("seeds")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let ending = format!("-{slug}.rs");
    let mut found: Vec<String> = names.filter(|name| name.ends_with(&ending)).collect();
    found.sort();
    found.pop().unwrap().trim_end_matches(".rs").to_owned()
}
