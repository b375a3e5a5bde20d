//! The ops binary against the files: what is applied is what the files say, whatever Cargo makes of their times.

use std::fs::File;
use std::time::{Duration, SystemTime};

use crate::app::App;
use crate::transcript::assert_shows;

const SEED: &str = "\
use crate::database::{SeedContext, SeedResult};

pub const DESCRIPTION: &str = \"Comes with an old time\";

pub async fn run(_: &mut SeedContext<'_>) -> SeedResult {
    Err(\"as it was\".into())
}
";

/// Gives files and folders the time that a checkout, a cache or the layer of an image may restore.
fn make_old(app: &App, paths: &[&str]) {
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_hours(438_288);
    for path in paths {
        let file = File::open(app.path(path)).unwrap();
        file.set_modified(long_ago).unwrap();
    }
}

#[test]
fn seeds_with_old_times_are_built_and_applied() {
    let app = App::example("old-times");
    app.command("seed:apply").run();

    let path = "seeds/2026-06-01-old-time.rs";
    app.write(path, SEED);
    make_old(&app, &["seeds", path]);
    assert_shows(
        &app.command("seed:apply").run(),
        "\
exit 1
-- stderr
note: the ops binary is not what the files in seeds say, as when their times are old; it is built again
applying 2026-06-01-old-time
failed 2026-06-01-old-time
error: seed 2026-06-01-old-time failed
caused by: as it was
note: stopped at: 2026-06-01-old-time; applied before: none; not attempted: none; the failed step is rolled back, so a retry is safe
note: 0 applied, 1 still to apply, in [time]
help: correct the seed and run this again; what was applied stays applied:
    cargo kumiko-ops seed:apply
",
    );

    // The first build after that brings the script's variable back; it is not what is looked at here.
    app.command("seed:verify").run();
    app.write(path, &SEED.replace("Err(\"as it was\".into())", "Ok(())"));
    make_old(&app, &["seeds", path]);
    assert_shows(
        &app.command("seed:apply --dry-run").run(),
        "\
exit 0
-- stdout
2026-06-01-old-time
  no events

dry run: 1 seed would be applied with 0 events; nothing was kept; done in [time]
-- stderr
note: the ops binary is not what the files in seeds say, as when their times are old; it is built again
trying 2026-06-01-old-time
",
    );

    app.command("seed:verify").run();
    app.remove(path);
    make_old(&app, &["seeds"]);
    assert_shows(
        &app.command("seed:apply").run(),
        "exit 0\n-- stdout\nnothing pending: 2 seeds are applied\n",
    );

    // What is retired is in the binary as well, and has no code there.
    app.command("seed:retire --before 2027-01-01 --release winter --yes")
        .run();
    assert_shows(
        &app.command("seed:apply").run(),
        "exit 0\n-- stdout\nnothing pending: 2 seeds are applied\n",
    );
    app.remove("admin-roles.db");
    let refused = app.command("seed:apply").run();
    assert!(
        refused.contains(
            ", last in winter\nnote: nothing was applied\nhelp: start winter on this database first"
        ),
        "{refused}"
    );
}

#[test]
fn a_binary_with_other_seeds_than_the_files_is_refused() {
    let app = App::example("other-seeds");
    app.edit(
        "src/lib.rs",
        "SeedRunner::new(SEEDS)",
        "SeedRunner::new(&SEEDS[..1])",
    );
    let refused = "\
exit 2
-- stderr
note: the ops binary is not what the files in seeds say, as when their times are old; it is built again
error: the ops binary admin-roles-ops has other seeds than the files in seeds
note: 2026-05-20-grant-tenant-admin is a file, and is not in the binary
note: nothing was applied
help: does build.rs compile this folder, and is the runner given all of SEEDS? for another folder set `seeds` of [package.metadata.kumiko-ops] in [app]/Cargo.toml
help: or run what the binary has, by itself:
    [target]/debug/admin-roles-ops
";
    assert_shows(&app.command("seed:apply").run(), refused);
    assert_shows(&app.command("seed:verify").run(), refused);
    assert!(!app.path("admin-roles.db").exists());

    // A folder that is there, and is not the one that is compiled.
    app.edit(
        "src/lib.rs",
        "SeedRunner::new(&SEEDS[..1])",
        "SeedRunner::new(SEEDS)",
    );
    let table = "[package.metadata.kumiko-ops]\n";
    app.edit(
        "Cargo.toml",
        table,
        &format!("{table}seeds = \"changes\"\n"),
    );
    app.write("changes/2026-03-02-initial-tenants.rs", SEED);
    app.write("changes/2026-06-01-old-time.rs", SEED);
    let shown = app.command("seed:apply").run();
    assert!(
        shown.contains(
            "\
error: the ops binary admin-roles-ops has other seeds than the files in changes
note: 2026-03-02-initial-tenants has another source in the binary
note: 2026-05-20-grant-tenant-admin is in the binary, and there is no such file
note: 2026-06-01-old-time is a file, and is not in the binary
note: nothing was applied
"
        ),
        "{shown}"
    );
}

#[test]
fn a_binary_that_does_not_say_what_it_has_is_not_trusted() {
    let app = App::example("says-nothing");
    app.write(
        "src/bin/admin-roles-ops.rs",
        "//! Built with a library that is older than the question.

fn main() {
    eprintln!(\"error: unrecognized subcommand\");
    std::process::exit(2);
}
",
    );
    assert_shows(
        &app.command("seed:apply").run(),
        "\
exit 2
-- stderr
error: the ops binary admin-roles-ops does not say which seeds it has
caused by: it ended with exit status: 2
    error: unrecognized subcommand
help: is kumiko-seeds-cli in the app as new as this command, and does the binary's main call kumiko_seeds_cli::main?
    cargo update -p kumiko-seeds-cli
help: or run what the binary has, by itself:
    [target]/debug/admin-roles-ops
",
    );
}
