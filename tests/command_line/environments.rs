//! Seeds that are for some environments alone, as the commands show them that compile nothing.

use crate::app::App;
use crate::database::{SQLITE_TABLE, marker, sqlite};
use crate::transcript::assert_shows;

const URL: &str = "sqlite:shop.db";

/// The app of the fixture, whose second seed is for staging and demo, with a database in which the first is applied.
fn shop() -> App {
    let app = App::fixture("shop");
    let settings =
        "\n[package.metadata.kumiko-ops]\nenvironments = [\"production\", \"staging\", \"demo\"]\n";
    app.write("Cargo.toml", &(app.read("Cargo.toml") + settings));
    app.edit(
        "seeds/2026-02-20-second.rs",
        "pub const SKIPPABLE",
        "pub const ENVIRONMENTS: &[&str] = &[\"staging\", \"demo\"];\n\npub const SKIPPABLE",
    );
    let applied = marker("2026-01-10-first");
    sqlite(&app.path("shop.db"), &format!("{SQLITE_TABLE}{applied}"));
    app
}

fn run(app: &App, line: &str, environment: &str) -> String {
    let call = app.command(line).variable("DATABASE_URL", URL);
    call.variable("KUMIKO_ENVIRONMENT", environment).run()
}

fn table(state: &str, remark: &str, sum: &str) -> String {
    format!(
        "-- stdout
STATE     ID                 APPLIED AT           TOOK  BY    DESCRIPTION
applied   2026-01-10-first   2026-03-01 12:30:00  1.5s  boot  What came first
{state:<8}  2026-02-20-second                                   What came second{remark}

{sum}
"
    )
}

#[test]
fn what_is_for_others_is_not_pending_here() {
    let app = shop();
    let unset = table(
        "not-here",
        " (not for this environment: KUMIKO_ENVIRONMENT is not set)",
        "1 applied, 0 pending, 1 not here",
    );
    let status = "seed:status --check";
    assert_shows(&run(&app, status, ""), &format!("exit 0\n{unset}"));
    let production = table(
        "not-here",
        " (not for production)",
        "1 applied, 0 pending, 1 not here",
    );
    let shown = run(&app, status, "production");
    assert_shows(&shown, &format!("exit 0\n{production}"));
    let pending = table("pending", "", "1 applied, 1 pending").replace("applied   ", "applied  ");
    let pending = pending
        .replace("STATE     ", "STATE    ")
        .replace("pending   ", "pending  ");
    let shown = run(&app, status, "staging");
    assert_shows(&shown, &format!("exit 1\n{pending}"));
    // What is given comes before the variable.
    let shown = run(
        &app,
        "seed:status --check --environment staging",
        "production",
    );
    assert_shows(&shown, &format!("exit 1\n{pending}"));

    let shown = run(&app, "seed:status --pending", "production");
    assert_shows(&shown, "exit 0\n");
    let shown = run(&app, "seed:status --pending", "demo");
    assert_shows(&shown, "exit 0\n-- stdout\n2026-02-20-second\n");
    let shown = run(&app, "seed:status --format github", "production");
    assert_shows(
        &shown,
        "exit 0\n-- stdout\n1 applied, 0 pending, 1 not here\n",
    );
    assert_shows(
        &run(&app, "seed:show second", "production"),
        "\
exit 0
-- stdout
id           2026-02-20-second
description  What came second
file         seeds/2026-02-20-second.rs
skippable    with KUMIKO_SKIP_ES_OPS_2026_02_20_SECOND=1
runs in      staging, demo
handlers     none named in the source
state        not-here
remark       not for production
",
    );
}

#[test]
fn a_misspelt_environment_is_refused() {
    let app = shop();
    let refused = "\
exit 2
-- stderr
error: there is no environment \"prodution\": the app has demo, production, staging
help: correct what KUMIKO_ENVIRONMENT, --environment or the app says; a new environment belongs into `environments` of \
[package.metadata.kumiko-ops] in Cargo.toml
";
    assert_shows(&run(&app, "seed:status", "prodution"), refused);
    assert_shows(&run(&app, "seed:show second", "prodution"), refused);
    let given = "seed:status --environment prodution";
    assert_shows(&run(&app, given, "production"), refused);
    app.edit("seeds/2026-02-20-second.rs", "staging", "stagign");
    assert_shows(
        &run(&app, "seed:status", "production"),
        "\
exit 2
-- stderr
error: the seeds cannot be read:
  seeds/2026-02-20-second.rs:5: `ENVIRONMENTS` names \"stagign\", which Cargo.toml does not have among its \
`environments`; did you mean \"staging\"? If not, add it there
help: correct this and run it again; nothing was asked of the database
",
    );
}

#[test]
fn a_new_seed_says_where_it_runs() {
    let app = shop();
    let new = "seed:new --date 2026-03-01 demo tenants --environment staging --environment demo";
    let shown = app.command(new).run();
    assert!(shown.starts_with("exit 0\n"), "{shown}");
    let seed = app.read("seeds/2026-03-01-demo-tenants.rs");
    let lines = "pub const DESCRIPTION: &str = \"Demo tenants\";\n\
                 // Outside of these it is not pending, and keeps nobody waiting.\n\
                 pub const ENVIRONMENTS: &[&str] = &[\"staging\", \"demo\"];\n\n";
    assert!(seed.contains(lines), "{seed}");
    assert_shows(
        &app.command("seed:new other --environment qa").run(),
        "\
exit 2
-- stderr
error: there is no environment \"qa\": Cargo.toml has production, staging, demo
help: correct it, or add it to `environments` of [package.metadata.kumiko-ops] in [app]/Cargo.toml
",
    );
}
