//! A SQLite file that is not there yet: whether it is to be created is what its URL says.

use crate::app::App;
use crate::transcript::assert_shows;

const PENDING: &str = "\
-- stdout
STATE    ID                 APPLIED AT  TOOK  BY  DESCRIPTION
pending  2026-01-10-first                         What came first
pending  2026-02-20-second                        What came second

0 applied, 2 pending
-- stderr
note: there is no database file shop.db yet; seed:apply creates it
";

fn call(app: &App, line: &str, url: &str) -> String {
    app.command(line).variable("DATABASE_URL", url).run()
}

#[test]
fn every_seed_is_pending_and_looking_creates_nothing() {
    let app = App::fixture("shop");
    let url = "sqlite:shop.db?mode=rwc";
    assert_shows(
        &call(&app, "seed:status", url),
        &format!("exit 0\n{PENDING}"),
    );
    assert_shows(
        &call(&app, "seed:status --check", url),
        &format!("exit 1\n{PENDING}"),
    );
    assert_shows(
        &call(&app, "seed:status --pending", url),
        "\
exit 0
-- stdout
2026-01-10-first
2026-02-20-second
-- stderr
note: there is no database file shop.db yet; seed:apply creates it
",
    );
    assert_shows(
        &call(&app, "seed:show 2026-01-10-first", url),
        "\
exit 0
-- stdout
id           2026-01-10-first
description  What came first
file         seeds/2026-01-10-first.rs
skippable    no
handlers     none named in the source
state        pending
-- stderr
note: there is no database file shop.db yet; seed:apply creates it
",
    );
    for verb in ["mark", "unmark", "pause", "retry"] {
        assert_shows(
            &call(&app, &format!("seed:{verb} 2026-01-10-first"), url),
            "\
exit 2
-- stderr
error: there is no database file shop.db
help: if it should be there, correct the path in DATABASE_URL
help: seed:apply creates it
",
        );
    }
    assert!(!app.path("shop.db").exists());
}

#[test]
fn a_url_that_does_not_say_so_creates_nothing() {
    let app = App::example("to-create");
    app.build_ops_binary();
    for (url, creating) in [
        ("sqlite:new.db", "sqlite:new.db?mode=rwc"),
        ("sqlite://new.db", "sqlite://new.db?mode=rwc"),
        ("sqlite:new.db?mode=rw", "sqlite:new.db?mode=rwc"),
        (
            "sqlite:new.db?mode=ro&cache=shared",
            "sqlite:new.db?cache=shared&mode=rwc",
        ),
    ] {
        let missing = format!(
            "\
exit 2
-- stderr
error: there is no database file new.db
help: if it is to be created, let the URL say so:
    {creating}
help: if it should be there, correct the path in DATABASE_URL
"
        );
        let id = "2026-03-02-initial-tenants";
        let show = format!("seed:show {id}");
        let mark = format!("seed:mark {id} --yes");
        let unmark = format!("seed:unmark {id} --yes");
        for line in [
            "seed:status",
            "seed:apply",
            "seed:apply --dry-run",
            &show,
            &mark,
            &unmark,
        ] {
            assert_shows(&call(&app, line, url), &missing);
            let binary = app.ops_binary(line).variable("DATABASE_URL", url).run();
            assert_shows(&binary, &missing);
        }
        assert!(!app.path("new.db").exists());
    }
}

#[test]
fn what_the_next_steps_say_works_in_any_order() {
    let app = App::example("to-create-journey");
    app.build_ops_binary();
    let url = "sqlite:new.db?mode=rwc";
    let note = "note: there is no database file new.db yet; seed:apply creates it\n";
    // The binary knows of the projection as well.
    for (pending, shown) in [
        (2, call(&app, "seed:status --check", url)),
        (
            3,
            app.ops_binary("seed:status --check")
                .variable("DATABASE_URL", url)
                .run(),
        ),
    ] {
        assert!(shown.starts_with("exit 1\n-- stdout\nSTATE "), "{shown}");
        assert!(
            shown.ends_with(&format!(
                "\n0 applied, {pending} pending\n-- stderr\n{note}"
            )),
            "{shown}"
        );
    }
    let shown = call(&app, "seed:apply --dry-run", url);
    assert!(
        shown.contains("dry run: 2 seeds would be applied with 7 events"),
        "{shown}"
    );
    assert!(
        shown.contains(&format!("-- stderr\n{note}trying ")),
        "{shown}"
    );
    assert!(!app.path("new.db").exists());
    assert_shows(
        &call(&app, "seed:apply", url),
        "\
exit 0
-- stdout
2 applied in [time]
-- stderr
applying 2026-03-02-initial-tenants
applied 2026-03-02-initial-tenants in [time]
applying 2026-05-20-grant-tenant-admin
applied 2026-05-20-grant-tenant-admin in [time]
",
    );
    // Of the ops binary's own lines, too, each can be pasted.
    let binary = app.path("ops-binary").display().to_string();
    for verb in ["mark", "unmark"] {
        let line = format!("seed:{verb} initial-tenants --database-url sqlite:new.db");
        let output = app.ops_binary(&line).output();
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            format!(
                "error: this asks first, and there is nobody to ask\nhelp: say yes beforehand:\n    \
                 {binary} seed:{verb} 2026-03-02-initial-tenants --database-url sqlite:new.db --yes\n"
            )
        );
    }
    let shown = call(&app, "seed:status --check", "sqlite:new.db");
    assert!(shown.ends_with("\n\n2 applied, 0 pending\n"), "{shown}");
}

/// A try needs no file, since it keeps nothing; an application that is kept nowhere is none.
#[test]
fn in_memory_seeds_can_be_tried_and_not_applied() {
    let app = App::example("to-create-in-memory");
    let shown = call(&app, "seed:apply --dry-run", "sqlite::memory:");
    assert!(
        shown.contains("dry run: 2 seeds would be applied with 7 events"),
        "{shown}"
    );
    assert_shows(
        &call(&app, "seed:apply", "sqlite::memory:"),
        "\
exit 2
-- stderr
error: the database URL in DATABASE_URL is that of a database in memory, which ends with the command
help: use sqlite:path/to/file.db
help: or try the seeds there, with --dry-run
",
    );
}
