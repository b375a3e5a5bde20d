//! Packages whose names mean something to Rust.

use super::{MANIFEST, assert_nothing_to_do, files};
use crate::app::App;
use crate::transcript::assert_shows;

fn named(name: &str) -> App {
    let app = App::empty();
    app.write("Cargo.toml", &MANIFEST.replace("shop", name));
    app.write("src/lib.rs", "");
    app
}

#[test]
fn a_library_is_named_as_code_has_to_name_it() {
    for (name, in_code) in [
        ("type", "r#type"),
        ("async", "r#async"),
        ("gen", "r#gen"),
        ("my-shop", "my_shop"),
        ("seeds", "seeds"),
        ("alloc", "alloc"),
    ] {
        let app = named(name);
        let shown = app.command("init --yes").run();
        let next = format!("    {in_code}::seeds::seeds().apply(&pool).await?;\n");
        assert!(shown.contains(&next), "{shown}");
        let binary = app.read(&format!("src/bin/{name}-ops.rs"));
        let call = format!("main({in_code}::seeds::seeds())");
        assert!(binary.contains(&call), "{binary}");
        app.command("seed:new fix --date 2026-03-01 --test").run();
        let test = app.read("tests/2026_03_01_fix.rs");
        let call = format!("TestDatabase::new({in_code}::seeds::seeds())");
        assert!(test.contains(&call), "{test}");
        assert_nothing_to_do(&app, "init", name);
    }
}

#[test]
fn a_name_that_no_code_can_write_is_refused_or_given_to_the_new_library_in_another_form() {
    for name in ["self", "crate", "super", "std", "test"] {
        let app = named(name);
        let before = files(&app);
        let refused = format!(
            "\
exit 2
-- stderr
error: no binary of package {name} can name its library, because in Rust code {name} means something else
help: give the library another name, in Cargo.toml, and use it in your code:
    [lib]
    name = \"{name}_app\"
"
        );
        assert_shows(&app.command("init --yes").run(), &refused);
        assert_eq!(files(&app), before);

        app.remove("src/lib.rs");
        app.write("src/main.rs", "fn main() {}\n");
        let shown = app.command("init --yes").run();
        let next = format!("    {name}_app::seeds::seeds().apply(&pool).await?;\n");
        assert!(shown.contains(&next), "{shown}");
        let library = format!("[lib]\nname = \"{name}_app\"\npath = \"src/lib.rs\"\n");
        assert!(app.read("Cargo.toml").contains(&library));
        assert_nothing_to_do(&app, "init", name);
    }
}
