//! A database that cannot be read is an error that says what to do, and never a pending seed.

use std::net::{TcpListener, TcpStream};

use kumiko_tests::database::server_url;

use crate::app::App;
use crate::database::{POSTGRES_TABLE, postgres, sqlite, wait};
use crate::transcript::assert_shows;

fn status(url: &str) -> String {
    let app = App::fixture("shop");
    app.command("seed:status --check")
        .variable("DATABASE_URL", url)
        .run()
}

#[test]
fn a_missing_sqlite_file() {
    let app = App::fixture("shop");
    assert_shows(
        &app.command(
            "seed:status --check --manifest-path Cargo.toml --database-url sqlite:shop.db",
        )
        .run(),
        "\
exit 2
-- stderr
error: there is no database file shop.db
help: if it is to be created, let the URL say so:
    sqlite:shop.db?mode=rwc
help: if it should be there, correct the path in --database-url
",
    );
    assert!(!app.path("shop.db").exists());
}

#[test]
fn a_file_of_another_kind() {
    let app = App::fixture("shop");
    app.write("shop.db", &"This is no database. ".repeat(100));
    assert_shows(
        &app.command("seed:status --check --database-url sqlite:shop.db")
            .run(),
        "\
exit 2
-- stderr
error: could not read which seeds are applied
caused by: the database says: file is not a database (code 26)
help: the file in --database-url is not a SQLite database
",
    );
}

#[test]
fn a_table_of_another_shape() {
    let app = App::fixture("shop");
    sqlite(
        &app.path("shop.db"),
        "CREATE TABLE kumiko_es_operations (name TEXT)",
    );
    assert_shows(
        &app.command("seed:status --check --database-url sqlite:shop.db")
            .run(),
        "\
exit 2
-- stderr
error: the table kumiko_es_operations has another shape; expected the columns id, operation_type, applied_at, duration_ms, applied_by and notes
caused by: the database says: no such column: id (code 1)
help: compare the table with the one in the documentation of kumiko-seeds; if something else made it, rename it and seeds get their own
",
    );
}

#[test]
fn a_table_of_another_shape_on_postgres() {
    let table = POSTGRES_TABLE.replace("duration_ms integer", "duration_ms text");
    let values = "INSERT INTO kumiko_es_operations VALUES ('2026-01-10-first', 'seed-migration', now(), 'x', 'boot')";
    let database = postgres(&format!("{table}{values}"));
    let shown = status(&database.url);
    assert!(
        shown.starts_with(
            "exit 2\n-- stderr\nerror: the table kumiko_es_operations has another shape"
        ),
        "{shown}"
    );
    wait(database.remove());
}

#[test]
fn a_wrong_password_is_not_shown() {
    let (start, address) = server_url().split_once('@').map(own).unwrap();
    let (user, _) = start.rsplit_once(':').unwrap();
    let shown = status(&format!("{user}:wr0ng-s3cret@{address}"));
    assert_shows(
        &shown,
        &format!(
            "\
exit 2
-- stderr
error: could not connect to postgres://{address}
caused by: the database says: password authentication failed for user \"postgres\" (code 28P01)
help: correct user and password in DATABASE_URL
"
        ),
    );
}

#[test]
fn a_database_that_is_not_there() {
    let (server, _) = server_url().rsplit_once('/').map(own).unwrap();
    let (_, address) = server.split_once('@').unwrap();
    assert_shows(
        &status(&format!("{server}/kumiko_test_nowhere")),
        &format!(
            "\
exit 2
-- stderr
error: could not connect to postgres://{address}/kumiko_test_nowhere
caused by: the database says: database \"kumiko_test_nowhere\" does not exist (code 3D000)
help: create the database, or correct its name in DATABASE_URL
"
        ),
    );
}

#[test]
fn a_port_that_nobody_listens_on() {
    // Free again as soon as it is known.
    let port = TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .port();
    let refused = TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    let begin = std::time::Instant::now();
    assert_shows(
        &status(&format!("postgres://user:s3cret@127.0.0.1:{port}/shop")),
        &format!(
            "\
exit 2
-- stderr
error: could not connect to postgres://127.0.0.1:{port}/shop
caused by: error communicating with database: {refused}
help: is the server running, and are host and port in DATABASE_URL right?
"
        ),
    );
    assert!(begin.elapsed().as_secs() < 10, "it waited");
}

#[test]
fn a_server_without_tls_that_has_to_have_it() {
    let (_, address) = server_url().split_once('@').map(own).unwrap();
    assert_shows(
        &status(&format!("{}?sslmode=require", server_url())),
        &format!(
            "\
exit 2
-- stderr
error: could not connect to postgres://{address}
caused by: error occurred while attempting to establish a TLS connection: server does not support TLS
help: let the server use TLS, or correct sslmode in DATABASE_URL
"
        ),
    );
}

fn own((one, other): (&str, &str)) -> (String, String) {
    (one.to_owned(), other.to_owned())
}
