//! Apps whose events are elsewhere than in the table of the library.

use kumiko_ops_templates::{SEED_BATCH_OF_COMMANDS, SEED_OF_COMMANDS, SEEDS, SEEDS_OF_COMMANDS};

use super::many_steps::assert_compiles;
use super::{MANIFEST, assert_nothing_to_do, files, library};
use crate::app::App;
use crate::database::{sqlite, texts, wait};
use crate::program::workspace;
use crate::transcript::assert_shows;

const APPLIED: &str = "\
exit 0
-- stdout
1 applied in [time]
-- stderr
applying [today]-first-change
applied [today]-first-change in [time]
";

fn on_sqlite(template: &str) -> String {
    template.replace("kumiko_seeds::postgres", "kumiko_seeds::sqlite")
}

fn indented<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let lines: Vec<String> = lines.map(|line| format!("    {line}\n")).collect();
    lines.concat()
}

/// Fills the new seed with `body`, and applies it to a database with `tables`; its events, as `query` tells.
fn applied(app: &App, tables: &str, top: &str, body: &str, query: &str) -> Vec<String> {
    let seed = app.command("seed:new first-change").stdout();
    let template = app.read(seed.trim());
    let (start, _) = template.split_once("    // A seed runs").unwrap();
    let start = start.replacen("use kumiko_seeds", &format!("{top}use kumiko_seeds"), 1);
    app.write(seed.trim(), &format!("{start}{body}    Ok(())\n}}\n"));
    let file = app.path("app.db");
    sqlite(&file, tables);
    let apply = app.command("seed:apply");
    let apply = apply.variable("DATABASE_URL", "sqlite:app.db");
    assert_shows(&apply.run(), APPLIED);
    wait(texts(&file, query))
}

#[test]
fn handlers_append_to_a_table_of_the_app_s_own() {
    let app = App::new_package("init-own-events", "--lib");
    let checkout = workspace().display().to_string();
    let arguments = [
        "init",
        "--yes",
        "--event-store",
        "own",
        "--database",
        "sqlite",
    ];
    let init = app.call(arguments.into_iter().chain(["--path", &checkout]));
    assert_shows(
        &init.run(),
        "\
exit 0
-- stdout
changed Cargo.toml: kumiko-seeds with sqlite, kumiko-seeds-cli, kumiko-seeds-build
changed src/lib.rs: pub mod seeds;
created build.rs
created seeds/.gitkeep
created src/bin/init-own-events-ops.rs
created src/seeds.rs
-- stderr
note: seeds run on SQLite, as --database says
next: make the SQL in src/seeds.rs that of your event table, register your write handlers there, and apply the seeds where the app starts, with its sqlx pool:
    init_own_events::seeds::seeds().apply(&pool).await?;
next: a pool needs these dependencies
    cargo add sqlx@0.9 --no-default-features
    cargo add tokio --features macros,rt-multi-thread
next: create a seed, write it, and apply it
    export DATABASE_URL='sqlite:init-own-events.db?mode=rwc'
    cargo kumiko-ops seed:new first-change
    cargo kumiko-ops seed:status
    cargo kumiko-ops seed:apply
",
    );
    assert_nothing_to_do(&app, "init --event-store own", "init-own-events");
    app.paste("cargo add sqlx@0.9 --no-default-features");
    app.paste("cargo add uuid@1");
    // With a handler, as its comment shows.
    app.edit(
        "src/seeds.rs",
        "    database::Handlers::new().event_store(AppEvents)\n",
        "    use kumiko_seeds::events::{Access, HandlerResult, NewEvent};\n\
         async fn rename(mut write: database::WriteContext<'_>, name: String) -> HandlerResult {\n\
             let stream = write.stream(\"tenant\", uuid::Uuid::from_u128(7));\n\
             let version = write.load(&stream).await?.len() as i32;\n\
             write.append(&stream, version, [NewEvent::new(\"renamed\", name)]).await?;\n\
             Ok(())\n\
         }\n\
         database::Handlers::new()\n\
             .event_store(AppEvents)\n\
             .register(\"tenant:write:rename\", Access::OpenToAll, rename)\n",
    );
    let events = applied(
        &app,
        "CREATE TABLE events (aggregate uuid, version integer, type text, body text, PRIMARY KEY (aggregate, version))",
        "",
        "    for name in [\"Acme\", \"Globex\"] {\n        \
             ctx.system_write_as(\"tenant:write:rename\", name).await?;\n    }\n",
        "SELECT aggregate || ' ' || version || ' ' || type || ' ' || body FROM events ORDER BY version",
    );
    assert_eq!(
        events,
        [
            "00000000-0000-0000-0000-000000000007 1 renamed \"Acme\"",
            "00000000-0000-0000-0000-000000000007 2 renamed \"Globex\""
        ]
    );
}

/// An app on cqrs-es, as far as its library goes: aggregate, command, event, view.
const ACCOUNT: &str = r#"
use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent, EventEnvelope, View};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
pub struct Account;

pub enum AccountCommand {
    Deposit { amount: i64 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deposited(i64);

impl DomainEvent for Deposited {
    fn event_type(&self) -> String {
        "deposited".into()
    }

    fn event_version(&self) -> String {
        "1.0".into()
    }
}

impl Aggregate for Account {
    const TYPE: &'static str = "account";
    type Command = AccountCommand;
    type Event = Deposited;
    type Error = std::io::Error;
    type Services = ();

    async fn handle(
        &mut self,
        command: AccountCommand,
        _: &(),
        sink: &EventSink<Self>,
    ) -> std::io::Result<()> {
        let AccountCommand::Deposit { amount } = command;
        sink.write(Deposited(amount), self).await;
        Ok(())
    }

    fn apply(&mut self, _: Deposited) {}
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct AccountView {
    balance: i64,
}

impl View<Account> for AccountView {
    fn update(&mut self, event: &EventEnvelope<Account>) {
        self.balance += event.payload.0;
    }
}
"#;

#[test]
fn seeds_execute_commands_of_an_app_on_cqrs_es() {
    let app = App::new_package("init-cqrs-es", "--lib");
    app.paste("cargo add cqrs-es@0.5");
    app.paste("cargo add serde@1 --features derive");
    app.write("src/lib.rs", ACCOUNT);
    let checkout = workspace().display().to_string();
    let init = ["init", "--yes", "--database", "sqlite", "--path", &checkout];
    assert_shows(
        &app.call(init).run(),
        "\
exit 0
-- stdout
changed Cargo.toml: kumiko-seeds with sqlite and without default features, kumiko-seeds-cqrs-es with sqlite, kumiko-seeds-cli without default features, kumiko-seeds-build
changed src/lib.rs: pub mod seeds;
created build.rs
created seeds/.gitkeep
created src/bin/init-cqrs-es-ops.rs
created src/seeds.rs
-- stderr
note: seeds run on SQLite, as --database says
note: seeds execute commands, since the package depends on cqrs-es; --event-store kumiko is for write handlers
next: name your aggregates with their services and views in src/seeds.rs, and apply the seeds where the app starts, with its sqlx pool:
    init_cqrs_es::seeds::seeds().apply(&pool).await?;
next: a pool needs these dependencies
    cargo add sqlx@0.9 --no-default-features
    cargo add tokio --features macros,rt-multi-thread
next: create a seed, write it, and apply it
    export DATABASE_URL='sqlite:init-cqrs-es.db?mode=rwc'
    cargo kumiko-ops seed:new first-change
    cargo kumiko-ops seed:status
    cargo kumiko-ops seed:apply
",
    );
    assert_nothing_to_do(&app, "init", "init-cqrs-es");
    assert_nothing_to_do(&app, "init --event-store cqrs-es", "init-cqrs-es");
    app.paste("cargo add sqlx@0.9 --no-default-features");
    // The examples in the comments, for this account.
    let module = app.read("src/seeds.rs");
    let (start, end) = module.split_once("    // The same that").unwrap();
    let lines = end
        .lines()
        .filter_map(|line| line.strip_prefix("    //     "));
    let example = indented(lines);
    let example = example.replace("services", "()");
    app.write(
        "src/seeds.rs",
        &format!(
            "{start}    use crate::{{Account, AccountView}};\n{example}    \
             database::SeedRunner::new(SEEDS).with(accounts)\n}}\n"
        ),
    );
    let lines = SEED_OF_COMMANDS.lines();
    let lines = lines.filter_map(|line| line.strip_prefix("    //     "));
    let example = indented(lines.filter(|line| !line.starts_with("use ") && *line != "Ok(())"));
    let events = applied(
        &app,
        "CREATE TABLE events (aggregate_type text, aggregate_id text, sequence integer, event_type text,
             event_version text, payload text, metadata text,
             PRIMARY KEY (aggregate_type, aggregate_id, sequence));
         CREATE TABLE snapshots (aggregate_type text, aggregate_id text, last_sequence integer,
             current_snapshot integer, payload text, PRIMARY KEY (aggregate_type, aggregate_id));
         CREATE TABLE account_view (view_id text PRIMARY KEY, version integer, payload text);
         INSERT INTO account_view VALUES ('a1', 1, '{\"balance\":5}');",
        "use kumiko_seeds_cqrs_es::ExecuteCommands;\nuse crate::{Account, AccountCommand};\n",
        &example,
        "SELECT aggregate_id || ' ' || sequence || ' ' || event_type || ' ' || events.payload || ' ' ||
                account_view.payload FROM events JOIN account_view ON view_id = aggregate_id",
    );
    assert_eq!(events, ["a1 1 deposited 7 {\"balance\":12}"]);
    assert_compiles(
        &app,
        "--batch",
        SEED_BATCH_OF_COMMANDS,
        "use crate::{Account, AccountCommand};\n",
        "exit 0\n-- stdout\n2 seeds, 0 handler calls: all good\n",
    );
}

/// An app on cqrs-es may have handlers all the same, and another one commands.
#[test]
fn the_flag_decides_where_nothing_is_there() {
    let app = library();
    app.write("Cargo.toml", &format!("{MANIFEST}cqrs-es = \"0.5\"\n"));
    app.command("init --yes --event-store kumiko").run();
    assert_eq!(app.read("src/seeds.rs"), SEEDS);

    let app = library();
    app.command("init --yes --event-store cqrs-es --database sqlite")
        .run();
    assert_eq!(app.read("src/seeds.rs"), on_sqlite(SEEDS_OF_COMMANDS));
}

#[test]
fn what_is_there_is_not_contradicted() {
    let app = library();
    let dependency =
        "kumiko-seeds = { version = \"0.1\", default-features = false, features = [\"sqlite\"] }\n";
    app.write("Cargo.toml", &format!("{MANIFEST}{dependency}"));
    let before = files(&app);
    assert_shows(
        &app.command("init --event-store own --yes").run(),
        "\
exit 2
-- stderr
error: kumiko-seeds is there for package shop without its feature events, and --event-store own asks for it
help: give kumiko-seeds the feature events in the Cargo.toml that names it, and run this again:
    cargo kumiko-ops init --event-store own --yes
",
    );
    assert_eq!(files(&app), before);
    assert_shows(
        &app.command("init --event-store own --no-events").run(),
        "\
exit 2
-- stderr
error: the argument '--event-store <STORE>' cannot be used with '--no-events'

Usage: cargo kumiko-ops init --event-store <STORE>

For more information, try '--help'.
",
    );

    let app = library();
    app.command("init --yes").run();
    let shown = app.command("init --event-store own").run();
    assert_shows(
        &shown,
        "\
exit 0
-- stderr
left: src/seeds.rs brings in the seeds already; give its handlers the app's table with .event_store(…), as kumiko_seeds::guides::with_an_event_table_of_your_own shows
",
    );
}
