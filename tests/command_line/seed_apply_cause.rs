//! What is stored as the cause of a run.

use crate::app::App;
use crate::database::{texts, wait};

#[test]
fn a_pipeline_is_known_by_the_variable_that_it_sets() {
    let app = App::example("cause");
    let mut expected = Vec::new();
    for (ci, option, cause) in [
        ("", "", "cli"),
        ("true", "", "ci-pipeline"),
        ("true", "--applied-by boot", "boot"),
    ] {
        let number = expected.len();
        let url = format!("sqlite:{number}.db?mode=rwc");
        app.command(&format!("seed:apply {option}"))
            .variable("DATABASE_URL", &url)
            .variable("CI", ci)
            .run();
        let causes = wait(texts(
            &app.path(&format!("{number}.db")),
            "SELECT DISTINCT applied_by FROM kumiko_es_operations",
        ));
        expected.push((causes, [cause]));
    }
    for (causes, cause) in expected {
        assert_eq!(causes, cause);
    }
}
