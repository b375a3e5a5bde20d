//! A seed by its name without the date, where a command wants one.

use crate::app::App;
use crate::database::{SQLITE_TABLE, marker, sqlite};
use crate::transcript::assert_shows;

fn call(app: &App, line: &str) -> String {
    app.command(line)
        .variable("DATABASE_URL", "sqlite:shop.db")
        .run()
}

#[test]
fn the_name_is_enough_where_only_one_seed_has_it() {
    let app = App::fixture("shop");
    let gone = marker("2026-01-01-gone");
    sqlite(&app.path("shop.db"), &format!("{SQLITE_TABLE}{gone}"));
    for name in ["first", "first.rs", "seeds/first.rs", "2026-01-10-first"] {
        let shown = call(&app, &format!("seed:show {name}"));
        assert!(
            shown.starts_with("exit 0\n-- stdout\nid           2026-01-10-first\n"),
            "{shown}"
        );
    }
    assert_shows(
        &call(&app, "seed:mark first --yes"),
        "exit 0\n-- stdout\nmarked 2026-01-10-first as applied, without running it\n",
    );
    let shown = call(&app, "seed:unmark first --yes");
    assert!(
        shown.starts_with("exit 0\n-- stdout\nunmarked 2026-01-10-first: "),
        "{shown}"
    );
    // Of one that only the database knows.
    let shown = call(&app, "seed:show gone");
    assert!(
        shown.starts_with("exit 0\n-- stdout\nid           2026-01-01-gone\n"),
        "{shown}"
    );
}

#[test]
fn a_name_that_several_seeds_have_is_refused_with_all_of_them() {
    let app = App::fixture("shop");
    sqlite(&app.path("shop.db"), SQLITE_TABLE);
    app.write(
        "seeds/2026-03-01-first.rs",
        &app.read("seeds/2026-01-10-first.rs"),
    );
    for line in [
        "seed:show first",
        "seed:mark seeds/first.rs --yes",
        "seed:unmark first --yes",
    ] {
        assert_shows(
            &call(&app, line),
            "\
exit 2
-- stderr
error: several seeds are named first
help: name one of them with its date: 2026-01-10-first, 2026-03-01-first
",
        );
    }
}

#[test]
fn up_to_a_name_and_a_name_alone() {
    let app = App::example("seed-names");
    let seed = app.read("seeds/2026-05-20-grant-tenant-admin.rs");
    app.write("seeds/2026-06-01-grant-tenant-admin.rs", &seed);
    for option in ["--to", "--only"] {
        assert_shows(
            &app.command(&format!("seed:apply {option} grant-tenant-admin"))
                .run(),
            "\
exit 2
-- stderr
error: several seeds are named grant-tenant-admin
help: name one of them with its date: 2026-05-20-grant-tenant-admin, 2026-06-01-grant-tenant-admin
",
        );
    }
    app.remove("seeds/2026-06-01-grant-tenant-admin.rs");
    for (option, id) in [
        ("--to initial-tenants", "2026-03-02-initial-tenants"),
        (
            "--only grant-tenant-admin.rs",
            "2026-05-20-grant-tenant-admin",
        ),
    ] {
        assert_shows(
            &app.command(&format!("seed:apply {option}")).run(),
            &format!(
                "\
exit 0
-- stdout
1 applied in [time]
-- stderr
applying {id}
applied {id} in [time]
"
            ),
        );
    }
}
