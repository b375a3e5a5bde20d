//! A seed whose file was renamed after it was applied.

use crate::app::App;
use crate::database::{SQLITE_TABLE, marker_of, sqlite};
use crate::transcript::assert_shows;

const URL: &str = "sqlite:shop.db";

fn call(app: &App, words: &str) -> String {
    app.command(words).variable("DATABASE_URL", URL).run()
}

#[test]
fn the_status_knows_both_names() {
    let app = App::fixture("shop");
    let files = kumiko_seeds_build::scan(&app.path("seeds")).unwrap();
    let markers = marker_of("2026-01-10-fist", &files[0].source_hash)
        + &marker_of("2026-02-20-second", &files[1].source_hash);
    sqlite(&app.path("shop.db"), &format!("{SQLITE_TABLE}{markers}"));
    assert_shows(
        &call(&app, "seed:status --check"),
        "\
exit 3
-- stdout
STATE    ID                 APPLIED AT           TOOK  BY    DESCRIPTION
renamed  2026-01-10-first                                    What came first (applied as 2026-01-10-fist, whose file is gone)
missing  2026-01-10-fist    2026-03-01 12:30:00  1.5s  boot  As it was told (its text is now that of 2026-01-10-first)
applied  2026-02-20-second  2026-03-01 12:30:00  1.5s  boot  What came second

1 applied, 0 pending, 1 renamed, 1 missing
",
    );
    assert_shows(
        &call(&app, "seed:status --format github"),
        "\
exit 0
-- stdout
::error file=seeds/2026-01-10-first.rs,title=Renamed seed::2026-01-10-first is pending, and applied under the name of a file that is gone: What came first
::error title=Missing seed::2026-01-10-fist is applied, and the app does not have it: As it was told
1 applied, 0 pending, 1 renamed, 1 missing
",
    );
    assert_shows(&call(&app, "seed:status --pending"), "exit 0\n");
    call(&app, "seed:mark 2026-01-10-first --yes");
    let settled = call(&app, "seed:status --check");
    assert!(settled.starts_with("exit 0\n"), "{settled}");
    assert!(
        settled.contains(
            "\nformer   2026-01-10-fist    2026-03-01 12:30:00  1.5s  boot  As it was told (its file is now 2026-01-10-first)\n"
        ),
        "{settled}"
    );
}

#[test]
fn applying_it_is_answered_with_the_line_that_marks_it() {
    let app = App::example("renamed-files");
    app.build_ops_binary();
    let apply = |app: &App| {
        app.ops_binary("seed:apply")
            .variable("DATABASE_URL", "sqlite:app.db?mode=rwc")
            .run()
    };
    let applied = apply(&app);
    assert!(applied.starts_with("exit 0\n"), "{applied}");
    let sql = "UPDATE kumiko_es_operations SET id = replace(id, 'initial-tenants', 'tenants')";
    sqlite(&app.path("app.db"), sql);
    assert_shows(
        &apply(&app),
        "\
exit 1
-- stderr
warning: seed 2026-03-02-tenants is applied, but missing from this binary
warning: seed 2026-03-02-initial-tenants is out of order: 2026-05-20-grant-tenant-admin is already applied
error: nothing was written, because pending seeds are applied already under other names:
  2026-03-02-initial-tenants was 2026-03-02-tenants
note: nothing was applied
help: mark them, so that they do not run again; one that is to run again needs other code, if only another DESCRIPTION:
    [app]/ops-binary seed:mark 2026-03-02-initial-tenants
",
    );
    let call = |words: &str| {
        let call = app.ops_binary(words);
        call.variable("DATABASE_URL", "sqlite:app.db").run()
    };
    let marked = call("seed:mark 2026-03-02-initial-tenants --yes");
    assert!(marked.starts_with("exit 0\n"), "{marked}");
    let applied = apply(&app);
    assert!(applied.contains("nothing pending"), "{applied}");

    let shown = call("seed:show 2026-03-02-tenants");
    let remark = "\nstate        former\nremark       its file is now 2026-03-02-initial-tenants\napplied at";
    assert!(shown.contains(remark), "{shown}");
    assert_shows(
        &call("seed:unmark 2026-03-02-initial-tenants --yes"),
        "exit 0\n-- stdout\nunmarked 2026-03-02-initial-tenants: a run refuses it, since it is applied as \
         2026-03-02-tenants, whose file is gone; what it did is not undone\n",
    );
    let applied = apply(&app);
    assert!(applied.starts_with("exit 1\n"), "{applied}");
}
