//! The example `admin-roles` with its own tests, on the database that they do not run on elsewhere.

use crate::app::App;

#[test]
fn the_example_serves_on_postgres_too() {
    let app = App::whole_example("serves-on-postgres");
    let default = |database: &str| format!("default = [\"{database}\"]");
    app.edit("Cargo.toml", &default("sqlite"), &default("postgres"));
    // The binary has the name of the package.
    let binary = |name: &str| format!("CARGO_BIN_EXE_{name}");
    app.edit(
        "tests/process/mod.rs",
        &binary("admin-roles"),
        &binary("serves-on-postgres"),
    );
    let server = std::env::var("KUMIKO_TEST_POSTGRES_URL").unwrap();
    let shown = app.cargo_test_on("requests", &server);
    assert!(shown.contains("test result: ok. 6 passed"), "{shown}");
    let shown = app.cargo_test_on("background", &server);
    assert!(shown.contains("test result: ok. 3 passed"), "{shown}");
}
