//! Seeds in a package of their own, which the app depends on, as the page of the build library recommends for
//! hundreds of them.

use std::fs;

use crate::app::App;
use crate::transcript::assert_shows;

const MANIFEST: &str = "\
[package]
name = \"seeds-apart-seeds\"
edition.workspace = true

[dependencies]
kumiko-seeds = { workspace = true, features = [\"events\", \"sqlite\"] }

[build-dependencies]
kumiko-seeds-build.workspace = true
";

const SEED: &str = "\
use kumiko_seeds::json;
use kumiko_seeds::sqlite::{SeedContext, SeedResult};

pub const DESCRIPTION: &str = \"A tenant from another package\";

pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
    let id = \"0198f0a1-0000-7000-8000-000000000001\";
    let tenant = json!({ \"id\": id, \"key\": \"acme\", \"name\": \"Acme\" });
    ctx.system_write_as(\"tenant:write:create\", tenant).await?;
    Ok(())
}
";

#[test]
fn commands_of_the_app_find_them_and_its_ops_binary_applies_them() {
    let app = App::example("seeds-apart");
    fs::remove_dir_all(app.path("seeds")).unwrap();
    app.remove("build.rs");
    app.write("apart/Cargo.toml", MANIFEST);
    app.write(
        "apart/build.rs",
        "fn main() {\n    kumiko_seeds_build::compile(\"seeds\");\n}\n",
    );
    app.write(
        "apart/src/lib.rs",
        "kumiko_seeds::sqlite::include_seeds!();\n",
    );
    app.write("apart/seeds/2026-03-02-acme.rs", SEED);
    app.edit(
        "src/lib.rs",
        "database::include_seeds!();",
        "use seeds_apart_seeds::SEEDS;",
    );
    app.edit(
        "Cargo.toml",
        "[dependencies]\n",
        "[dependencies]\nseeds-apart-seeds = { path = \"apart\" }\n",
    );
    app.edit(
        "Cargo.toml",
        "[package.metadata.kumiko-ops]\n",
        "[package.metadata.kumiko-ops]\nseeds = \"apart/seeds\"\n",
    );
    app.edit(
        "Cargo.toml",
        "\n[workspace]\n",
        "\n[workspace]\nmembers = [\"apart\"]\n",
    );

    assert_shows(
        &app.command("seed:apply").run(),
        "\
exit 0
-- stdout
1 applied in [time]
-- stderr
applying 2026-03-02-acme
applied 2026-03-02-acme in [time]
",
    );
    assert_shows(
        &app.command("seed:new another").run(),
        "\
exit 0
-- stdout
apart/seeds/[today]-another.rs
-- stderr
next: write the seed, then
    cargo kumiko-ops seed:status
    cargo kumiko-ops seed:apply
",
    );
    let shown = app.command("seed:status").run();
    assert!(shown.ends_with("\n\n1 applied, 1 pending\n"), "{shown}");
}
