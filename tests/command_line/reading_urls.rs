//! What a database URL may look like, and what is said of one that cannot be used: the same by every command,
//! with and without compiling.

use std::fs;

use kumiko_tests::database::server_url;

use crate::app::App;
use crate::database::{POSTGRES_TABLE, marker, postgres, wait};
use crate::transcript::assert_shows;

const POSTGRES: &str = "postgres://user:password@host:port/database";
const SQLITE: &str = "sqlite:path/to/file.db";
const ESCAPES: &str =
    "in user and password, write % as %25, / as %2F, ? as %3F, # as %23 and @ as %40";

fn status(url: &str) -> String {
    let app = App::fixture("shop");
    let shown = app.command("seed:status --check");
    shown.variable("DATABASE_URL", url).run()
}

/// A command's end without anything done.
fn refused(fault: &str, help: &[&str]) -> String {
    let help: Vec<String> = help.iter().map(|line| format!("help: {line}\n")).collect();
    let help = help.concat();
    format!("exit 2\n-- stderr\nerror: the database URL in DATABASE_URL {fault}\n{help}")
}

#[test]
fn the_url_of_neither_database() {
    let use_one = format!("use {POSTGRES} or {SQLITE}");
    for (url, fault) in [
        (
            "mysql://user:s3cret@127.0.0.1/shop",
            "is that of a MySQL database, which seeds do not run on",
        ),
        (
            "mariadb://127.0.0.1/shop",
            "is that of a MariaDB database, which seeds do not run on",
        ),
        (
            "host=127.0.0.1 password=s3cret",
            "is not the URL of a PostgreSQL or SQLite database",
        ),
        (
            "127.0.0.1:5432/shop",
            "is not the URL of a PostgreSQL or SQLite database",
        ),
        (
            "me:s3cret@127.0.0.1/shop",
            "is not the URL of a PostgreSQL or SQLite database",
        ),
        (
            "SQLITE:shop.db",
            "is not the URL of a PostgreSQL or SQLite database",
        ),
    ] {
        assert_shows(&status(url), &refused(fault, &[&use_one]));
    }
    for (url, help) in [
        ("shop.db", "use sqlite:shop.db"),
        ("./data/shop.sqlite3", "use sqlite:./data/shop.sqlite3"),
        ("/data/shop.db", "use sqlite:/data/shop.db"),
        ("file:shop.db", "use sqlite:shop.db"),
        ("sqlite:file:shop.db", "use sqlite:shop.db"),
    ] {
        let fault = "has a path of a file in it, but not as the URL of a SQLite database has it";
        assert_shows(&status(url), &refused(fault, &[help]));
    }
}

#[test]
fn a_postgres_url_that_its_driver_would_not_understand() {
    for (url, fault, help) in [
        (
            "postgres://me@127.0.0.1/shop?sslmode=bogus",
            "has an sslmode that there is not",
            "use disable, allow, prefer, require, verify-ca or verify-full",
        ),
        (
            "postgres://me:s3cret@one:5432,two:5432/shop",
            "names several hosts, and seeds are applied on one",
            "name the host that can be written to, or an address that always leads there",
        ),
        (
            "postgres:///shop?host=one,two",
            "names several hosts, and seeds are applied on one",
            "name the host that can be written to, or an address that always leads there",
        ),
        (
            "postgres://me:s3cret@127.0.0.1:x/shop",
            "has no port where one has to be",
            "a port is a number up to 65535; an IPv6 address stands in brackets, as in [::1]:5432",
        ),
        (
            "postgres://me@127.0.0.1/shop?port=70000",
            "has no port where one has to be",
            "a port is a number up to 65535; an IPv6 address stands in brackets, as in [::1]:5432",
        ),
        (
            "postgres://::1:5432/shop",
            "has no port where one has to be",
            "a port is a number up to 65535; an IPv6 address stands in brackets, as in [::1]:5432",
        ),
        (
            "postgres://me:s3cret@/shop",
            "names no host behind user and password",
            "name one, as in user@localhost, or the folder of a socket with ?user=name&host=/run/postgresql",
        ),
        (
            "postgres:me:s3cret@127.0.0.1/shop",
            "is not the URL of a PostgreSQL database",
            &format!("use {POSTGRES}"),
        ),
        (
            "postgres://me:s3/cret@127.0.0.1/shop",
            "is not the URL of a PostgreSQL database",
            ESCAPES,
        ),
        (
            "postgres://me:s3%ffcret@127.0.0.1/shop",
            "is not the URL of a PostgreSQL database",
            ESCAPES,
        ),
        (
            "postgres://me:s3cret@127.0.0.1 /shop",
            "is not the URL of a PostgreSQL database",
            ESCAPES,
        ),
    ] {
        assert_shows(&status(url), &refused(fault, &[help]));
    }
    // Without a host behind it, a password is in the place of the port.
    assert_shows(
        &status("postgres://me:s3cret/shop"),
        &refused(
            "has no port where one has to be",
            &[
                "a port is a number up to 65535; an IPv6 address stands in brackets, as in [::1]:5432",
            ],
        ),
    );
}

#[test]
fn a_sqlite_url_that_its_driver_would_not_understand() {
    for (url, fault, help) in [
        (
            "sqlite:shop.db?mode=create",
            "has a mode that there is not",
            "use ro, rw, or rwc to let the file be created",
        ),
        (
            "sqlite:shop.db?password=s3cret",
            "has a parameter that SQLite does not know",
            "it may have mode, cache, immutable and vfs",
        ),
        (
            "sqlite:shop.db?cache=big",
            "has a cache that there is not",
            "use private or shared",
        ),
        (
            "sqlite:shop.db?immutable=yes",
            "has an immutable that there is not",
            "use true or false",
        ),
    ] {
        assert_shows(&status(url), &refused(fault, &[help]));
    }
}

/// A file of secrets that ends in a line break, a line of an environment file that no shell has read.
#[test]
fn white_space_and_quotes_around_a_url() {
    let app = App::fixture("shop");
    for end in ["\n", "\r\n", " ", "\t", "\u{a0}", "\r"] {
        for line in [
            "seed:status --check",
            "seed:show 2026-01-10-first",
            "seed:mark 2026-01-10-first --yes",
        ] {
            for url in [
                format!("sqlite:shop.db?mode=rwc{end}"),
                format!("{end}sqlite:shop.db"),
            ] {
                assert_shows(
                    &app.command(line).variable("DATABASE_URL", &url).run(),
                    &refused(
                        "has white space around it, which would be a part of the file's name",
                        &["set it without; the file that it is read from may end in a line break"],
                    ),
                );
            }
        }
    }
    let url = |quote: &str| format!("{quote}sqlite:shop.db{quote}");
    for url in [
        url("\""),
        url("'"),
        "\"postgres://me:s3cret@127.0.0.1/shop\"".to_owned(),
    ] {
        assert_shows(
            &app.command("seed:status")
                .variable("DATABASE_URL", &url)
                .run(),
            &refused(
                "stands in quotes, which would be a part of it",
                &["set it without; a file of variables that no shell reads keeps its quotes"],
            ),
        );
    }
    let files: Vec<_> = fs::read_dir(app.path(""))
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    assert!(
        !files
            .iter()
            .any(|name| name.to_string_lossy().contains(".db")),
        "{files:?}"
    );
}

/// As the driver takes it, so that a secret with a line break serves the app and its commands alike.
#[test]
fn white_space_around_a_postgres_url_is_nothing() {
    let database = postgres(&format!("{POSTGRES_TABLE}{}", marker("2026-01-10-first")));
    for url in [
        format!("{}\n", database.url),
        format!(" {}\r\n", database.url),
    ] {
        let shown = status(&url);
        assert!(shown.ends_with("\n\n1 applied, 1 pending\n"), "{shown}");
    }
    wait(database.remove());
    let url = server_url();
    let (_, address) = url.split_once('@').unwrap();
    let (server, _) = address.rsplit_once('/').unwrap_or((address, ""));
    let shown = status(&format!("postgres://user:s3cret@{server}/none\n"));
    assert!(
        shown.starts_with(&format!(
            "exit 2\n-- stderr\nerror: could not connect to postgres://{server}/none\n"
        )),
        "{shown}"
    );
}

#[test]
fn an_environment_file_of_windows_is_read_like_any_other() {
    let app = App::fixture("shop");
    crate::database::sqlite(&app.path("shop.db"), crate::database::SQLITE_TABLE);
    for text in [
        "DATABASE_URL=sqlite:shop.db\r\n",
        "OTHER=1\r\nDATABASE_URL=\"sqlite:shop.db\"  \r\n",
        "DATABASE_URL='sqlite:shop.db'",
    ] {
        app.write(".env", text);
        let shown = app.command("seed:status").run();
        assert!(
            shown.ends_with("\n\n0 applied, 2 pending\n"),
            "{text:?}: {shown}"
        );
    }
}

#[test]
fn a_database_that_ends_with_the_command_is_refused() {
    let app = App::fixture("shop");
    let lines = [
        "seed:status --check",
        "seed:show 2026-01-10-first",
        "seed:mark 2026-01-10-first --yes",
        "seed:unmark 2026-01-10-first --yes",
        "seed:pause 2026-01-10-first",
    ];
    for line in lines {
        for url in [
            "sqlite:",
            "sqlite://",
            "sqlite:?mode=rwc",
            "sqlite://?cache=shared",
        ] {
            assert_shows(
                &app.command(line).variable("DATABASE_URL", url).run(),
                &refused(
                    "names no file, and a database without one ends with the command",
                    &["does a variable in it have no value? use sqlite:path/to/file.db"],
                ),
            );
        }
        for url in [
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite:shop.db?mode=memory",
            "sqlite://?mode=memory&cache=shared",
            "sqlite:%3Amemory%3A",
        ] {
            assert_shows(
                &app.command(line).variable("DATABASE_URL", url).run(),
                &refused(
                    "is that of a database in memory, which ends with the command",
                    &["use sqlite:path/to/file.db"],
                ),
            );
        }
    }
}

/// The subcommand and the ops binary, on the same URLs: what one says, the other says.
#[test]
fn the_ops_binary_reads_a_url_as_the_subcommand_does() {
    let app = App::example("reading-urls");
    app.build_ops_binary();
    let file = "admin-roles.db";
    for url in [
        "",
        " ",
        "\"sqlite:app.db\"",
        "sqlite:app.db\n",
        "sqlite:",
        "sqlite::memory:",
        "sqlite:app.db?mode=bogus",
        "sqlite:app.db",
        "sqlite:no/such/app.db?mode=rwc",
        "app.db",
        "mysql://me:s3cret@127.0.0.1/app",
        "postgres://me:s3cret@127.0.0.1:1/app?sslmode=bogus",
    ] {
        for line in [
            "seed:status --check",
            "seed:mark 2026-03-02-initial-tenants --yes",
            "seed:apply",
            "seed:apply --dry-run",
        ] {
            if url == "sqlite::memory:" && line.contains("--dry-run") {
                continue;
            }
            let line = if url.trim().is_empty() {
                format!("{line} --database-url=")
            } else {
                line.to_owned()
            };
            let subcommand = app.command(&line).variable("DATABASE_URL", url).run();
            let binary = app.ops_binary(&line).variable("DATABASE_URL", url).run();
            assert!(
                subcommand.starts_with("exit 2\n-- stderr\nerror: "),
                "{url:?} {line}: {subcommand}"
            );
            assert_shows(&binary, &subcommand);
            assert!(!subcommand.contains("s3cret"), "{subcommand}");
            assert!(
                !app.path("app.db").exists() && !app.path(file).exists(),
                "{url:?} {line}"
            );
        }
    }
    assert_shows(
        &app.ops_binary("seed:status")
            .variable("DATABASE_URL", "postgres://me:s3cret@127.0.0.1/app")
            .run(),
        "\
exit 2
-- stderr
error: the database URL in DATABASE_URL is that of a PostgreSQL database
note: this app is built for SQLite, with the feature sqlite of kumiko-seeds
help: use sqlite:path/to/file.db
",
    );
    assert_shows(
        &app.ops_binary("seed:status").run(),
        "\
exit 2
-- stderr
error: no database is configured
note: --database-url is not given
note: DATABASE_URL is not set
help: name it for this shell:
    export DATABASE_URL='sqlite:app.db?mode=rwc'
",
    );
}
