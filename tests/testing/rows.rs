//! Rows that a test puts into its database and expects there.

use kumiko_seeds::SeedRunner;
use kumiko_seeds_testing::{Error, TestDatabase, json};

use crate::on_both_engines;

const PLANS: &str = "CREATE TABLE plans (name text, seats integer, price double precision);
                     INSERT INTO plans VALUES ('basic', 3, 1.5), ('large', NULL, 20.25)";

on_both_engines! {
    async fn rows_are_compared_in_their_order_with_all_that_they_have() {
        let database = TestDatabase::new(SeedRunner::<DB>::new(&[])).await.unwrap();
        database.execute(PLANS).await.unwrap();
        let query = "SELECT * FROM plans ORDER BY name;";
        let basic = json!({ "price": 1.5, "name": "basic", "seats": 3 });
        let large = json!({ "name": "large", "seats": null, "price": 20.25 });
        database.check_rows(query, json!([basic, large])).await.unwrap();

        let error = database.check_rows(query, json!([large, basic])).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"other rows than expected (- expected, + found) for:
    SELECT * FROM plans ORDER BY name;
  + {"name": "basic", "price": 1.5, "seats": 3}
    {"name": "large", "price": 20.25, "seats": null}
  - {"name": "basic", "price": 1.5, "seats": 3}"#
        );
        for wrong in [json!([]), json!([basic]), json!([basic, large, large])] {
            assert!(database.check_rows(query, wrong).await.is_err());
        }
        let error = database.check_rows(query, basic).await.unwrap_err();
        assert!(matches!(error, Error::NotRows { .. }), "{error:?}");
    }

    async fn a_statement_that_fails_is_shown_with_what_the_database_says() {
        let database = TestDatabase::new(SeedRunner::<DB>::new(&[])).await.unwrap();
        for error in [
            database.execute("DELETE FROM plans").await.unwrap_err(),
            database.rows("DELETE FROM plans").await.unwrap_err(),
        ] {
            let shown = format!("{error:?}");
            let expected = "could not run this statement of the test:\n    DELETE FROM plans\n\
                            caused by: the database says: ";
            assert!(shown.starts_with(expected), "{shown}");
        }
    }
}

#[tokio::test]
async fn values_of_sqlite_are_what_they_are_and_not_what_their_columns_say() {
    let database = kumiko_seeds_testing::sqlite::TestDatabase::new(SeedRunner::new(&[])).await;
    let database = database.unwrap();
    let query =
        "SELECT 1 AS one, 1.0 AS real, 'a' AS text, x'00ff' AS blob, NULL AS no_value, true AS yes";
    let expected =
        json!([{ "one": 1, "real": 1.0, "text": "a", "blob": "00ff", "no_value": null, "yes": 1 }]);
    database.check_rows(query, expected).await.unwrap();
    database
        .execute(
            "CREATE TABLE loose (flag boolean, at timestamp); INSERT INTO loose VALUES ('x', 7)",
        )
        .await
        .unwrap();
    let expected = json!([{ "flag": "x", "at": 7 }]);
    database
        .check_rows("SELECT * FROM loose", expected)
        .await
        .unwrap();
}
