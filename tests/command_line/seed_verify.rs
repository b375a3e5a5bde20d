//! `seed:verify`: what can be known without a database.

use crate::app::App;
use crate::transcript::assert_shows;

#[test]
fn it_needs_no_database() {
    let app = App::example("verify");
    app.edit(
        "Cargo.toml",
        "database-url = \"sqlite:admin-roles.db?mode=rwc\"",
        "",
    );
    assert_shows(
        &app.command("seed:verify").run(),
        "exit 0\n-- stdout\n2 seeds, 1 handler call: all good\n",
    );
    assert_shows(
        &app.command("seed:verify --format json").run(),
        "\
exit 0
-- stdout
{
  \"version\": 1,
  \"seeds\": 2,
  \"handler_calls\": 1,
  \"problems\": []
}
",
    );
    assert!(!app.path("admin-roles.db").exists());
    // Where every line is right nothing more is said.
    assert_shows(
        &app.command("seed:verify --formatted").run(),
        "exit 0\n-- stdout\n2 seeds, 1 handler call: all good\n",
    );
}

/// Before anything is built.
#[test]
fn seeds_that_rustfmt_would_change_are_named() {
    let app = App::fixture("shop");
    let seed = "seeds/2026-01-10-first.rs";
    app.edit(seed, "pub const DESCRIPTION", "pub  const DESCRIPTION");
    assert_shows(
        &app.command("seed:verify --formatted").run(),
        "\
exit 1
-- stderr
error: seeds are not formatted:
  seeds/2026-01-10-first.rs
help: format them:
    rustfmt --edition 2024 seeds/2026-01-10-first.rs
",
    );
    let shown = app.command("seed:verify --formatted");
    assert_shows(
        &shown.variable("RUSTFMT", "no-rustfmt").run(),
        "\
exit 2
-- stderr
error: could not start rustfmt
caused by: No such file or directory (os error 2)
help: if it is not installed:
    rustup component add rustfmt
",
    );
}

#[test]
fn every_call_that_would_fail_is_named_also_of_seeds_that_are_applied() {
    let app = App::example("verify-fails");
    app.command("seed:apply").run();
    app.edit(
        "seeds/2026-05-20-grant-tenant-admin.rs",
        "tenant:write:update-member-roles",
        "tenant:write:update-members-roles",
    );
    let failure = "\
-- stderr
error: seeds call handlers that would fail:
  seeds/2026-05-20-grant-tenant-admin.rs:20: no write handler is registered as \"tenant:write:update-members-roles\"; did you mean \"tenant:write:update-member-roles\"?
note: 2 seeds, 1 handler call: 1 problem
help: register the handler, or correct its name or its roles in the seed; then run this again:
    cargo kumiko-ops seed:verify -p verify-fails --locked";
    assert_shows(
        &app.command("seed:verify -p verify-fails --locked").run(),
        &format!("exit 1\n{failure}"),
    );
    let shown = app
        .command("seed:verify -p verify-fails --format json")
        .run();
    assert_shows(
        shown.split("-- stderr").next().unwrap_or_default(),
        "\
exit 1
-- stdout
{
  \"version\": 1,
  \"seeds\": 2,
  \"handler_calls\": 1,
  \"problems\": [
    {
      \"seed\": \"2026-05-20-grant-tenant-admin\",
      \"file\": \"seeds/2026-05-20-grant-tenant-admin.rs\",
      \"line\": 20,
      \"message\": \"no write handler is registered as \\\"tenant:write:update-members-roles\\\"; did you mean \\\"tenant:write:update-member-roles\\\"?\"
    }
  ]
}
",
    );
    app.edit("src/lib.rs", "        .handlers(handlers())\n", "");
    let shown = app.command("seed:verify").run();
    assert!(
        shown.contains(
            "  seeds/2026-05-20-grant-tenant-admin.rs:20: \"tenant:write:update-members-roles\" is called, but the \
             runner has no handlers\n"
        ),
        "{shown}"
    );
}

#[test]
fn what_belongs_to_no_seed_is_named_without_a_place() {
    let app = App::example("verify-app");
    app.edit(
        "src/lib.rs",
        "        .handlers(handlers())\n",
        "        .handlers(handlers())\n        .preflight_app(|_| vec![\"two of them\".to_owned()])\n",
    );
    assert_shows(
        &app.command("seed:verify").run(),
        "\
exit 1
-- stderr
error: what the app has registered cannot work:
  two of them
note: 2 seeds, 1 handler call: 1 problem
help: correct what is handed to the runner, and what the seeds call; then run this again:
    cargo kumiko-ops seed:verify",
    );
    let shown = app.command("seed:verify --format json").run();
    assert!(
        shown.contains(
            "\"seed\": null,\n      \"file\": null,\n      \"line\": null,\n      \"message\": \"two of them\""
        ),
        "{shown}"
    );
}

#[test]
fn a_seed_that_does_not_compile_is_no_pass() {
    let app = App::example("verify-build");
    app.edit(
        "seeds/2026-05-20-grant-tenant-admin.rs",
        "pub const DESCRIPTION",
        "pub const DESCRIPTIN",
    );
    let shown = app.command("seed:verify").run();
    assert!(shown.starts_with("exit 2\n-- stderr\n"), "{shown}");
    assert!(
        shown.contains("seeds/2026-05-20-grant-tenant-admin.rs"),
        "{shown}"
    );
    assert!(
        shown.contains("error: could not build the ops binary admin-roles-ops\n"),
        "{shown}"
    );
}
