//! All that is in a database: every row of every table.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Pool;

use super::difference::changes;
use super::engine::Engine;
use super::error::Error;
use super::json_line::json_line;

/// What changes without a seed having changed anything: a seed that runs again gets another marker, and whoever loads an aggregate may save
/// a snapshot.
const LEFT_OUT: [&str; 2] = ["kumiko_es_operations", "kumiko_snapshots"];

/// The rows of each table as lines in their order, but for those tables that are [left out](LEFT_OUT).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    tables: BTreeMap<String, Vec<String>>,
}

impl Contents {
    pub(crate) async fn read<DB: Engine>(pool: &Pool<DB>) -> Result<Self, Error> {
        let listed = DB::tables(pool).await;
        let mut tables = BTreeMap::new();
        for table in listed.map_err(Error::database("list the tables"))? {
            if is_left_out(&table) {
                continue;
            }
            let rows = DB::rows(pool, &format!("SELECT * FROM {table}")).await;
            let rows = rows.map_err(Error::database(format!("read the table {table}")))?;
            let mut rows: Vec<String> = rows.iter().map(json_line).collect();
            rows.sort_unstable();
            tables.insert(table, rows);
        }
        Ok(Self { tables })
    }

    /// What has changed up to `after`, by tables; nothing if nothing has.
    pub(crate) fn difference(&self, after: &Self) -> Option<String> {
        let tables: BTreeSet<&String> = self.tables.keys().chain(after.tables.keys()).collect();
        let differences = tables.into_iter().filter_map(|table| {
            let (before, after) = (self.tables.get(table), after.tables.get(table));
            if before == after {
                return None;
            }
            let what = match (before, after) {
                (None, _) => "is new",
                (_, None) => "is gone",
                _ => "",
            };
            let rows = |rows: Option<&Vec<String>>| rows.cloned().unwrap_or_default();
            let changes = changes(&rows(before), &rows(after));
            Some(format!("\n  table {table} {what}").trim_end().to_owned() + &changes)
        });
        let differences: String = differences.collect();
        (!differences.is_empty()).then_some(differences)
    }
}

fn is_left_out(table: &str) -> bool {
    let name = table.rsplit('.').next().unwrap_or(table);
    LEFT_OUT.contains(&name.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(tables: &[(&str, &[&str])]) -> Contents {
        let rows = |rows: &[&str]| rows.iter().map(|&row| row.to_owned()).collect();
        let tables = tables
            .iter()
            .map(|(table, lines)| ((*table).to_owned(), rows(lines)));
        Contents {
            tables: tables.collect(),
        }
    }

    #[test]
    fn every_kind_of_change_is_told() {
        let before = contents(&[("a", &["1", "2", "2"]), ("b", &[]), ("same", &["1"])]);
        let after = contents(&[("a", &["1", "2", "3"]), ("c", &["9"]), ("same", &["1"])]);
        assert_eq!(before.difference(&before), None);
        assert_eq!(
            before.difference(&after).as_deref(),
            Some("\n  table a\n    - 2\n    + 3\n  table b is gone\n  table c is new\n    + 9")
        );
    }

    #[test]
    fn what_is_left_out_is_known_in_every_schema() {
        assert!(is_left_out("\"kumiko_es_operations\""));
        assert!(is_left_out("\"public\".\"kumiko_es_operations\""));
        assert!(!is_left_out("\"public\".\"my_kumiko_es_operations\""));
    }
}
