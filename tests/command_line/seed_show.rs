//! `seed:show`: all that is known of one seed.

use crate::app::App;
use crate::database::{
    POSTGRES_TABLE, SQLITE_TABLE, foreign_marker, marker, marker_of, postgres, sqlite, wait,
};
use crate::transcript::assert_shows;

const URL: &str = "sqlite:shop.db";

const WRITES: &str = r#"use kumiko_seeds::sqlite::{SeedContext, SeedResult};

pub const DESCRIPTION: &str = "What came second";

pub const SKIPPABLE: bool = true;

pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
    ctx.system_write_as("tenant:write:create", ()).await?;
    ctx.system_write_as("tenant:write:update-member-roles", ())
        .with_roles(["TenantAdmin", "Billing"])
        .await?;
    let roles = roles();
    ctx.system_write_as("tenant:write:close", ()).with_roles(roles).await
}
"#;

fn shop(applied: &[&str]) -> App {
    let app = App::fixture("shop");
    app.write("seeds/2026-02-20-second.rs", WRITES);
    let markers: String = applied.iter().map(|id| marker(id)).collect();
    sqlite(&app.path("shop.db"), &format!("{SQLITE_TABLE}{markers}"));
    app
}

fn show(app: &App, words: &str) -> String {
    let call = app.command(&format!("seed:show {words}"));
    call.variable("DATABASE_URL", URL).run()
}

const APPLIED: &str = "\
exit 0
-- stdout
id           2026-02-20-second
description  What came second
file         seeds/2026-02-20-second.rs
skippable    with KUMIKO_SKIP_ES_OPS_2026_02_20_SECOND=1
handlers     tenant:write:create, line 8, with no role of its own
             tenant:write:update-member-roles, line 9, with roles TenantAdmin, Billing
             tenant:write:close, line 13, with roles that the source does not tell
state        applied
applied at   2026-03-01 12:30:00
took         1.5s
by           boot
notes        As it was told
";

#[test]
fn an_applied_seed_is_shown_with_its_file_and_its_marker() {
    let app = shop(&["2026-02-20-second"]);
    for name in [
        "2026-02-20-second",
        "2026-02-20-second.rs",
        "seeds/2026-02-20-second.rs",
    ] {
        assert_shows(&show(&app, name), APPLIED);
    }
    let path = app.path("seeds/2026-02-20-second.rs");
    assert_shows(&show(&app, &path.display().to_string()), APPLIED);
}

#[test]
fn postgres_is_asked_the_same_way() {
    let app = shop(&[]);
    let database = postgres(&format!("{POSTGRES_TABLE}{}", marker("2026-02-20-second")));
    let call = app.command("seed show 2026-02-20-second");
    assert_shows(&call.variable("DATABASE_URL", &database.url).run(), APPLIED);
    wait(database.remove());
}

#[test]
fn a_seed_that_is_not_applied_has_a_state_and_no_marker() {
    let app = shop(&["2026-02-20-second"]);
    assert_shows(
        &show(&app, "2026-01-10-first"),
        "\
exit 0
-- stdout
id           2026-01-10-first
description  What came first
file         seeds/2026-01-10-first.rs
skippable    no
handlers     none named in the source
state        out-of-order
",
    );
}

#[test]
fn a_missing_seed_is_shown_by_its_marker() {
    let app = shop(&["2026-01-01-removed"]);
    assert_shows(
        &show(&app, "2026-01-01-removed"),
        "\
exit 0
-- stdout
id           2026-01-01-removed
description  As it was told
state        missing
applied at   2026-03-01 12:30:00
took         1.5s
by           boot
notes        As it was told
",
    );
}

/// What `seed:status` has beside the description.
#[test]
fn the_remark_is_shown_behind_the_state() {
    let app = shop(&[]);
    let files = kumiko_seeds_build::scan(&app.path("seeds")).unwrap();
    let markers = marker_of("2026-01-10-fist", &files[0].source_hash)
        + &marker_of("2026-02-20-second", "of-another-text")
        + &foreign_marker("2026-03-01-theirs");
    sqlite(&app.path("shop.db"), &markers);
    for (id, state, remark) in [
        (
            "2026-01-10-first",
            "renamed",
            "applied as 2026-01-10-fist, whose file is gone",
        ),
        (
            "2026-01-10-fist",
            "missing",
            "its text is now that of 2026-01-10-first",
        ),
        (
            "2026-02-20-second",
            "changed",
            "edited since it was applied",
        ),
        ("2026-03-01-theirs", "foreign", "applied by another service"),
    ] {
        let shown = show(&app, id);
        let lines = format!("\nstate        {state}\nremark       {remark}\n");
        assert!(shown.contains(&lines), "{shown}");
        let json = app.command(&format!("seed:show {id} --format json"));
        let json = json.variable("DATABASE_URL", URL).stdout();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["remark"], remark);
    }
}

#[test]
fn without_a_database_the_file_is_shown() {
    let app = App::fixture("shop");
    assert_shows(
        &app.command("seed:show 2026-01-10-first").run(),
        "\
exit 0
-- stdout
id           2026-01-10-first
description  What came first
file         seeds/2026-01-10-first.rs
skippable    no
handlers     none named in the source
state        unknown: no database is configured, so none was asked
",
    );
}

#[test]
fn programs_get_json() {
    let app = shop(&["2026-02-20-second"]);
    let json = |id: &str, url: &str| -> serde_json::Value {
        let call = app.command(&format!("seed:show {id} --format json"));
        let shown = call.variable("DATABASE_URL", url).stdout();
        serde_json::from_str(&shown).unwrap()
    };
    assert_eq!(
        json("2026-02-20-second", URL),
        serde_json::json!({
            "version": 1,
            "id": "2026-02-20-second",
            "description": "What came second",
            "retired": null,
            "source": {
                "file": "seeds/2026-02-20-second.rs",
                "skip_flag": "KUMIKO_SKIP_ES_OPS_2026_02_20_SECOND",
                "environments": [],
                "out_of_order": null,
                "after_migration": null,
                "handler_calls": [
                    { "handler": "tenant:write:create", "line": 8, "roles": [] },
                    {
                        "handler": "tenant:write:update-member-roles",
                        "line": 9,
                        "roles": ["TenantAdmin", "Billing"],
                    },
                    { "handler": "tenant:write:close", "line": 13, "roles": null },
                ],
            },
            "state": "applied",
            "remark": null,
            "progress": null,
            "marker": {
                "applied_at": "2026-03-01T12:30:00.250+00:00",
                "duration_ms": 1500,
                "applied_by": "boot",
                "notes": "As it was told",
            },
        })
    );
    let unasked = json("2026-01-10-first", "");
    assert_eq!(unasked["state"], serde_json::Value::Null);
    assert_eq!(unasked["marker"], serde_json::Value::Null);
}

#[test]
fn an_unknown_seed_is_answered_with_the_nearest_one() {
    let app = shop(&[]);
    assert_shows(
        &show(&app, "2026-02-20-secnod"),
        "\
exit 2
-- stderr
error: there is no seed 2026-02-20-secnod
help: did you mean 2026-02-20-second?
",
    );
    assert_shows(
        &show(&app, "entirely-else"),
        "\
exit 2
-- stderr
error: there is no seed entirely-else
help: see the ids of all seeds with seed:status
",
    );
}

#[test]
fn a_broken_seed_hides_no_other() {
    let app = shop(&["2026-02-20-second"]);
    app.write("seeds/2026-03-01-broken.rs", "");
    assert_shows(&show(&app, "2026-02-20-second"), APPLIED);
    let shown = show(&app, "2026-03-01-broken");
    assert!(
        shown.starts_with("exit 2\n-- stderr\nerror: the seeds cannot be read:\n"),
        "{shown}"
    );
}

#[test]
fn the_ops_binary_shows_what_was_compiled_in() {
    let app = App::example("show");
    app.build_ops_binary();
    let id = "2026-05-20-grant-tenant-admin";
    let source = "\
exit 0
-- stdout
id           2026-05-20-grant-tenant-admin
description  Grant TenantAdmin to admin@example.com wherever it lacks it
skippable    no
handlers     tenant:write:update-member-roles, line 20, with role TenantAdmin
";
    let unknown = "state        unknown: no database is configured, so none was asked\n";
    assert_shows(
        &app.ops_binary(&format!("seed:show {id}")).run(),
        &format!("{source}{unknown}"),
    );
    let url = "sqlite:show.db?mode=rwc";
    let apply = app.ops_binary("seed:apply").variable("DATABASE_URL", url);
    assert!(apply.run().starts_with("exit 0"));
    let shown = app.ops_binary(&format!("seed:show {id}"));
    let shown = shown.variable("DATABASE_URL", url).run();
    assert!(
        shown.starts_with(&format!(
            "{source}state        applied\napplied at   [today]"
        )),
        "{shown}"
    );
}
