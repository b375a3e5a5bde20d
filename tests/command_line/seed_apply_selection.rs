//! `seed:apply --to` and `--only`.

use crate::app::App;
use crate::transcript::assert_shows;

#[test]
fn up_to_a_seed_and_then_the_rest() {
    let app = App::example("selection-to");
    // The second seed is for one of two environments.
    app.edit(
        "Cargo.toml",
        "[package.metadata.kumiko-ops]\n",
        "[package.metadata.kumiko-ops]\nenvironments = [\"production\", \"staging\"]\n",
    );
    app.edit(
        "seeds/2026-05-20-grant-tenant-admin.rs",
        "pub async fn run",
        "pub const ENVIRONMENTS: &[&str] = &[\"staging\"];\n\npub async fn run",
    );
    assert_shows(
        &app.command("seed:apply --to seeds/2026-03-02-initial-tenants.rs")
            .run(),
        "\
exit 0
-- stdout
1 applied in [time]
-- stderr
applying 2026-03-02-initial-tenants
applied 2026-03-02-initial-tenants in [time]
",
    );
    assert_shows(
        &app.command("seed:apply --to 2026-03-02-initial-tenants.rs")
            .run(),
        "\
exit 0
-- stdout
nothing to apply: 2026-03-02-initial-tenants and all before it are applied
",
    );
    for (line, environment, shown) in [
        (
            "seed:apply",
            "production",
            "exit 0\n-- stdout\nnothing pending: 1 is not for this environment, 1 seed is applied\n",
        ),
        (
            "seed:apply --only 2026-05-20-grant-tenant-admin",
            "",
            "\
exit 2
-- stderr
error: seed 2026-05-20-grant-tenant-admin is not for this environment: KUMIKO_ENVIRONMENT is not set, only for staging
note: nothing was applied
help: if this is one of those, say so:
    export KUMIKO_ENVIRONMENT=staging
",
        ),
        (
            "seed:apply --environment prodution",
            "staging",
            "\
exit 2
-- stderr
error: there is no environment \"prodution\": the app has production, staging
help: correct what KUMIKO_ENVIRONMENT, --environment or the app says; a new environment belongs into `environments` of \
             [package.metadata.kumiko-ops] in Cargo.toml
",
        ),
    ] {
        let call = app.command(line);
        let call = call.variable("KUMIKO_ENVIRONMENT", environment);
        assert_shows(&call.run(), shown);
    }
    let only = || {
        let call = app.command("seed:apply --only 2026-05-20-grant-tenant-admin");
        call.variable("KUMIKO_ENVIRONMENT", "staging")
    };
    assert_shows(
        &only().run(),
        "\
exit 0
-- stdout
1 applied in [time]
-- stderr
applying 2026-05-20-grant-tenant-admin
applied 2026-05-20-grant-tenant-admin in [time]
",
    );
    assert_shows(
        &only().run(),
        "exit 0\n-- stdout\nnothing to apply: 2026-05-20-grant-tenant-admin is applied\n",
    );
}

#[test]
fn one_alone_may_not_overtake_unless_told_to() {
    let app = App::example("selection-only");
    app.edit(
        "seeds/2026-05-20-grant-tenant-admin.rs",
        "return Err(",
        "return Ok(()); #[allow(unreachable_code)] return Err(",
    );
    assert_shows(
        &app.command(
            "seed:apply -p selection-only --only seeds/2026-05-20-grant-tenant-admin.rs --offline",
        )
        .run(),
        "\
exit 2
-- stderr
error: seed 2026-05-20-grant-tenant-admin would run before 2026-03-02-initial-tenants, pending and earlier
note: nothing was applied
help: apply those too:
    cargo kumiko-ops seed:apply --to 2026-05-20-grant-tenant-admin -p selection-only --offline
help: or let it run before them, if none of them has to come first:
    cargo kumiko-ops seed:apply --out-of-order --only 2026-05-20-grant-tenant-admin -p selection-only --offline
",
    );
    assert_shows(
        &app.command(
            "seed:apply --out-of-order --only 2026-05-20-grant-tenant-admin -p selection-only",
        )
        .run(),
        "\
exit 0
-- stdout
1 applied in [time]
-- stderr
applying 2026-05-20-grant-tenant-admin
applied 2026-05-20-grant-tenant-admin in [time]
",
    );
    let shown = app.command("seed:apply").run();
    assert!(
        shown.contains(
            "warning: seed 2026-03-02-initial-tenants is out of order: 2026-05-20-grant-tenant-admin is \
             already applied\n"
        ) || shown.ends_with("already applied"),
        "{shown}"
    );
}

#[test]
fn a_misspelt_seed_is_offered_as_it_should_be() {
    let app = App::example("selection-misspelt");
    assert_shows(
        &app.command("seed:apply --to 2026-05-20-grant-tenants-admin --database-url sqlite:a.db?mode=rwc")
            .run(),
        "\
exit 2
-- stderr
error: there is no seed 2026-05-20-grant-tenants-admin in this binary
help: did you mean 2026-05-20-grant-tenant-admin?
    cargo kumiko-ops seed:apply --to 2026-05-20-grant-tenant-admin --database-url 'sqlite:a.db?mode=rwc'
",
    );
    assert!(!app.path("a.db").exists());
    assert_shows(
        &app.command("seed:apply --only nothing-like-it").run(),
        "\
exit 2
-- stderr
error: there is no seed nothing-like-it in this binary
help: its seeds are 2026-05-20-grant-tenant-admin, 2026-03-02-initial-tenants
",
    );
}
