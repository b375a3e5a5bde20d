//! A SQLite file for each test.

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Column, Pool, Row, Sqlite, TypeInfo, ValueRef};

use super::database_name::DatabaseName;
use super::engine::Engine;
use super::error::Error;

/// The folder of a database, and the file whose lock says that the test still runs.
#[doc(hidden)]
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    in_use: File,
}

const DATABASE: &str = "database.db";
const IN_USE: &str = "in-use";

impl Engine for Sqlite {
    #[cfg(feature = "events")]
    const BEGIN: &'static str = "BEGIN IMMEDIATE";

    type Place = Place;

    async fn create(name: &DatabaseName) -> Result<(Pool<Self>, Place), Error> {
        let parent = folder_of_databases();
        let place = create_folder(&parent, name).map_err(|source| Error::File {
            step: format!("create a folder for a database in {}", parent.display()),
            source,
        })?;
        let options = SqliteConnectOptions::new()
            .filename(place.folder.join(DATABASE))
            .create_if_missing(true);
        let pool = PoolOptions::new().connect_with(options).await;
        let pool = pool.map_err(Error::database("create a database"))?;
        Ok((pool, place))
    }

    async fn remove(pool: Pool<Self>, place: Place) -> Result<(), Error> {
        // There an open file cannot be removed. A connection is on its way back to the pool until the test's runtime has
        // taken it there, which may be never.
        if cfg!(windows) {
            drop(tokio::time::timeout(Duration::from_secs(1), pool.close()).await);
        }
        let Place { folder, in_use } = place;
        drop(in_use);
        fs::remove_dir_all(&folder).map_err(|source| Error::File {
            step: format!("remove the database {}", folder.display()),
            source,
        })
    }

    fn shown(place: &Place) -> String {
        format!(
            "the database of the test stays for a look, until the test runs again:\n    sqlite3 '{}'",
            place.folder.join(DATABASE).display()
        )
    }

    async fn tables(pool: &Pool<Self>) -> sqlx::Result<Vec<String>> {
        let sql = "SELECT '\"' || replace(name, '\"', '\"\"') || '\"' FROM sqlite_schema
                   WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
        sqlx::query_scalar(sql).fetch_all(pool).await
    }

    async fn rows(pool: &Pool<Self>, sql: &str) -> sqlx::Result<Vec<Value>> {
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(pool).await?;
        rows.iter().map(object).collect()
    }

    async fn execute(pool: &Pool<Self>, sql: &str) -> sqlx::Result<()> {
        let executed = sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await;
        executed.map(drop)
    }
}

fn object(row: &SqliteRow) -> sqlx::Result<Value> {
    let mut object = Map::new();
    for column in row.columns() {
        let value = row.try_get_raw(column.ordinal())?;
        // The type of the value, which may be another than the column's.
        let kind = value.type_info();
        let index = column.ordinal();
        let value = match kind.name() {
            _ if value.is_null() => Value::Null,
            "INTEGER" | "BOOLEAN" => Value::from(row.try_get_unchecked::<i64, _>(index)?),
            "REAL" => Value::from(row.try_get_unchecked::<f64, _>(index)?),
            "BLOB" => {
                let bytes: Vec<u8> = row.try_get_unchecked(index)?;
                let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
                Value::from(digits.collect::<String>())
            }
            _ => Value::from(row.try_get_unchecked::<String, _>(index)?),
        };
        object.insert(column.name().to_owned(), value);
    }
    Ok(Value::Object(object))
}

/// Below Cargo's target folder, where `cargo clean` finds it, if the program is one that Cargo has put there.
fn folder_of_databases() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let target = program
        .parent()
        .filter(|folder| folder.ends_with("deps"))
        .and_then(Path::parent)
        .and_then(Path::parent);
    let parent = target.map_or_else(env::temp_dir, |target| target.join("tmp"));
    parent.join("kumiko-seeds-testing")
}

/// Creates the folder of a database, after it has removed those that the same test has left.
fn create_folder(parent: &Path, name: &DatabaseName) -> io::Result<Place> {
    fs::create_dir_all(parent)?;
    // Held until this folder says that it is in use: before that, another process would take it for a leftover.
    let one_at_a_time = File::create(parent.join("lock"))?;
    one_at_a_time.lock()?;
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if name.is_left_over(&entry.file_name().to_string_lossy()) {
            remove_unless_in_use(&entry.path());
        }
    }
    let folder = parent.join(name.name());
    fs::create_dir(&folder)?;
    let in_use = File::create(folder.join(IN_USE))?;
    in_use.lock()?;
    Ok(Place { folder, in_use })
}

/// What stays is in nobody's way.
fn remove_unless_in_use(folder: &Path) {
    let is_in_use = File::open(folder.join(IN_USE)).is_ok_and(|file| file.try_lock().is_err());
    if !is_in_use {
        drop(fs::remove_dir_all(folder));
    }
}
