//! What a table of a projection is like, and the statements that compare and repair its rows. Pure but for its reading.

use uuid::Uuid;

use super::backend::ProjectionBackend;

/// A table as the database has it, which a shadow is made like.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Without its schema.
    pub name: String,
    /// The schema, neither in its name nor quoted.
    pub schema: String,
    /// With its schema, and quoted.
    pub live: String,
    /// The shadow, with its schema and quoted: a temporary one if nobody says otherwise.
    pub shadow: String,
    /// The column with the id of a row's aggregate, if a row is computed from the events of one.
    pub aggregate: Option<String>,
    pub columns: Vec<Column>,
    /// The role from which row level security may hide rows, if it may.
    pub blinded_role: Option<String>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of the catalogue, and none excludes another"
)]
pub struct Column {
    pub name: String,
    pub is_key: bool,
    /// Whether the database computes it from others.
    pub is_generated: bool,
    /// Whether its values can be compared as they are, or else as texts.
    pub has_equality: bool,
    pub is_uuid: bool,
}

/// Which rows are compared or repaired.
#[derive(Clone, Debug)]
pub(super) enum Rows<'a> {
    All,
    /// Those of aggregates after the first id, up to the second, as far as there are bounds.
    Between(Option<Uuid>, Option<Uuid>),
    /// Those of these aggregates.
    Of(&'a [Uuid]),
    /// Those whose keys come after the first one, up to the second, as far as there are bounds. The values are literals.
    Keys(Option<&'a [String]>, Option<&'a [String]>),
}

/// A name in a statement.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Shape {
    /// Has its shadow in this schema, which is quoted.
    pub(super) fn with_shadow_in(&mut self, schema: &str) {
        self.shadow = format!("{schema}.{}", quoted(&self.name));
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.is_key)
    }

    /// That `live` and `shadow` are one row.
    ///
    /// Where the key tells which rows are looked at, that is said of both. Otherwise the server, which has no statistics of a shadow, may go
    /// through all of the live table for some rows.
    fn is_same_row<DB: ProjectionBackend>(&self, rows: &Rows<'_>) -> String {
        let pairs = self.keys().map(|key| {
            let name = quoted(&key.name);
            format!("live.{name} = shadow.{name}")
        });
        let is_bounded = match rows {
            Rows::All => false,
            Rows::Between(..) | Rows::Of(_) => self
                .keys()
                .any(|key| Some(&key.name) == self.aggregate.as_ref()),
            Rows::Keys(..) => true,
        };
        let bounds = ["live", "shadow"].map(|table| self.is_one_of::<DB>(table, rows));
        let bounds = bounds.into_iter().filter(|_| is_bounded);
        pairs.chain(bounds).collect::<Vec<_>>().join(" AND ")
    }

    /// That `live` is not there.
    fn is_absent(&self) -> String {
        let mut keys = self
            .keys()
            .map(|key| format!("live.{} IS NULL", quoted(&key.name)));
        keys.next().unwrap_or_default()
    }

    /// That the values of a column differ.
    fn differs<DB: ProjectionBackend>(column: &Column) -> String {
        let [live, shadow] = ["live", "shadow"].map(|table| {
            let value = format!("{table}.{}", quoted(&column.name));
            if column.has_equality {
                value
            } else {
                format!("CAST({value} AS text)")
            }
        });
        format!("{live} {} {shadow}", DB::IS_DISTINCT_FROM)
    }

    /// The columns whose values make a difference.
    fn compared(&self) -> impl Iterator<Item = &Column> {
        let is_compared = |column: &&Column| !column.is_key && !column.is_generated;
        self.columns.iter().filter(is_compared)
    }

    /// That some values of `live` and `shadow` differ.
    fn is_different<DB: ProjectionBackend>(&self) -> String {
        let differing: Vec<_> = self.compared().map(Self::differs::<DB>).collect();
        match differing.as_slice() {
            [] => "1 = 0".to_owned(),
            differing => format!("({})", differing.join(" OR ")),
        }
    }

    /// That a row of `table` is one of `rows`.
    fn is_one_of<DB: ProjectionBackend>(&self, table: &str, rows: &Rows<'_>) -> String {
        let aggregate = self.aggregate.as_deref().unwrap_or_default();
        let column = format!("{table}.{}", quoted(aggregate));
        let bounds: Vec<String> = match rows {
            Rows::All => Vec::new(),
            Rows::Between(after, to) => {
                let after = after.map(|after| format!("{column} > '{after}'"));
                let to = to.map(|to| format!("{column} <= '{to}'"));
                after.into_iter().chain(to).collect()
            }
            Rows::Of(aggregates) => vec![format!("{column} {}", DB::among(aggregates))],
            Rows::Keys(after, to) => {
                let key = self.key_of(table).join(", ");
                let bound =
                    |than, values: &[String]| format!("({key}) {than} ({})", values.join(", "));
                let after = after.map(|after| bound(">", after));
                let to = to.map(|to| bound("<=", to));
                after.into_iter().chain(to).collect()
            }
        };
        if bounds.is_empty() {
            return "1 = 1".to_owned();
        }
        bounds.join(" AND ")
    }

    fn key_of(&self, table: &str) -> Vec<String> {
        self.keys()
            .map(|key| format!("{table}.{}", quoted(&key.name)))
            .collect()
    }

    /// A statement that gives the `number`th key after `after` of those of live rows and shadows, as literals; no row if there are fewer.
    pub(super) fn key_at<DB: ProjectionBackend>(
        &self,
        after: Option<&[String]>,
        number: u32,
    ) -> String {
        let rows = Rows::Keys(after, None);
        let keys_of = |table: &str| {
            let key = self.key_of("wanted").join(", ");
            let is_wanted = self.is_one_of::<DB>("wanted", &rows);
            format!(
                "SELECT * FROM (SELECT {key} FROM {table} AS wanted WHERE {is_wanted} ORDER BY {key} LIMIT {number}) AS keys"
            )
        };
        let keys = self.key_of("keys");
        let literals: Vec<String> = (keys.iter())
            .map(|key| DB::as_text(&DB::literal(key)))
            .collect();
        format!(
            "SELECT {} FROM ({} UNION {}) AS keys ORDER BY {} LIMIT 1 OFFSET {}",
            literals.join(", "),
            keys_of(&self.live),
            keys_of(&self.shadow),
            keys.join(", "),
            number.saturating_sub(1),
        )
    }

    /// The rows that differ, as `kind` (`missing`, `different`, `superfluous`), and what `of_shadow` and `of_live` take from each.
    fn differences<DB: ProjectionBackend>(
        &self,
        rows: &Rows<'_>,
        of_shadow: &str,
        of_live: &str,
    ) -> String {
        let (live, shadow) = (&self.live, &self.shadow);
        let (is_same, is_absent) = (self.is_same_row::<DB>(rows), self.is_absent());
        format!(
            "SELECT CASE WHEN {is_absent} THEN 'missing' ELSE 'different' END AS kind, {of_shadow} \
             FROM {shadow} AS shadow LEFT JOIN {live} AS live ON {is_same} \
             WHERE {} AND ({is_absent} OR {}) \
             UNION ALL \
             SELECT 'superfluous', {of_live} FROM {live} AS live \
             WHERE {} AND NOT EXISTS (SELECT 1 FROM {shadow} AS shadow WHERE {is_same})",
            self.is_one_of::<DB>("shadow", rows),
            self.is_different::<DB>(),
            self.is_one_of::<DB>("live", rows),
        )
    }

    /// A statement that gives the ids of aggregates whose rows differ, as texts.
    pub(super) fn differing_aggregates<DB: ProjectionBackend>(&self, rows: &Rows<'_>) -> String {
        let aggregate = quoted(self.aggregate.as_deref().unwrap_or_default());
        let [shadow, live] =
            ["shadow", "live"].map(|table| format!("{table}.{aggregate} AS aggregate"));
        let differences = self.differences::<DB>(rows, &shadow, &live);
        format!("SELECT DISTINCT CAST(aggregate AS text) FROM ({differences}) AS differences")
    }

    /// A statement that gives how many live rows there are.
    pub(super) fn number_of_live<DB: ProjectionBackend>(&self, rows: &Rows<'_>) -> String {
        let is_one = self.is_one_of::<DB>("live", rows);
        format!("SELECT count(*) FROM {} AS live WHERE {is_one}", self.live)
    }

    /// A statement that gives how many rows differ in each way.
    pub(super) fn counted<DB: ProjectionBackend>(&self, rows: &Rows<'_>) -> String {
        let differences = self.differences::<DB>(rows, "1", "1");
        format!("SELECT kind, count(*) FROM ({differences}) AS differences GROUP BY kind")
    }

    /// A statement that gives up to `most` rows that differ: the way, the key, and the columns that differ, each after a separator.
    pub(super) fn listed<DB: ProjectionBackend>(&self, rows: &Rows<'_>, most: usize) -> String {
        let key_of = |table: &str| {
            let keys = self.keys().map(|key| {
                let value = format!("CAST({table}.{} AS text)", quoted(&key.name));
                format!("'{}' || {value}", Self::BETWEEN)
            });
            keys.collect::<Vec<_>>().join(" || ")
        };
        let columns = self.compared().map(|column| {
            let name = column.name.replace('\'', "''");
            let differs = Self::differs::<DB>(column);
            format!(
                "CASE WHEN {differs} THEN '{}{name}' ELSE '' END",
                Self::BETWEEN
            )
        });
        let columns = columns.chain(["''".to_owned()]);
        let columns = columns.collect::<Vec<_>>().join(" || ");
        let columns = format!("CASE WHEN {} THEN '' ELSE {columns} END", self.is_absent());
        let differences = self.differences::<DB>(
            rows,
            &format!("{} AS key, {columns} AS columns", key_of("shadow")),
            &format!("{}, ''", key_of("live")),
        );
        format!(
            "SELECT kind, {}, {} FROM ({differences}) AS differences LIMIT {most}",
            DB::as_text("key"),
            DB::as_text("columns"),
        )
    }

    /// A statement that empties the shadow of the rows of these aggregates.
    pub(super) fn empty_shadow<DB: ProjectionBackend>(&self, aggregates: &[Uuid]) -> String {
        let is_one = self.is_one_of::<DB>("shadow", &Rows::Of(aggregates));
        format!("DELETE FROM {} AS shadow WHERE {is_one}", self.shadow)
    }

    /// A statement that deletes the live rows of these aggregates.
    pub(super) fn empty_live<DB: ProjectionBackend>(&self, aggregates: &[Uuid]) -> String {
        let is_one = self.is_one_of::<DB>("live", &Rows::Of(aggregates));
        format!("DELETE FROM {} AS live WHERE {is_one}", self.live)
    }

    /// What stands before each key and each column that [`Shape::listed`] gives.
    pub(super) const BETWEEN: char = '\u{1f}';

    /// The statements that make live rows like their shadows, in their order.
    pub(super) fn repair<DB: ProjectionBackend>(&self, rows: &Rows<'_>) -> Vec<String> {
        let (live, shadow) = (&self.live, &self.shadow);
        let is_same = self.is_same_row::<DB>(rows);
        let written: Vec<String> = (self.columns.iter())
            .filter(|column| !column.is_generated)
            .map(|column| quoted(&column.name))
            .collect();
        let set: Vec<String> = (self.compared())
            .map(|column| format!("{0} = shadow.{0}", quoted(&column.name)))
            .collect();
        let of_shadow = self.is_one_of::<DB>("shadow", rows);
        let delete = format!(
            "DELETE FROM {live} AS live WHERE {} AND NOT EXISTS (SELECT 1 FROM {shadow} AS shadow WHERE {is_same})",
            self.is_one_of::<DB>("live", rows),
        );
        let update = (!set.is_empty()).then(|| {
            format!(
                "UPDATE {live} AS live SET {} FROM {shadow} AS shadow WHERE {is_same} AND {of_shadow} AND {}",
                set.join(", "),
                self.is_different::<DB>(),
            )
        });
        let insert = format!(
            "INSERT INTO {live} ({}) {} SELECT {} FROM {shadow} AS shadow \
             WHERE {of_shadow} AND NOT EXISTS (SELECT 1 FROM {live} AS live WHERE {is_same})",
            written.join(", "),
            DB::OVERRIDING,
            written
                .iter()
                .map(|name| format!("shadow.{name}"))
                .collect::<Vec<_>>()
                .join(", "),
        );
        // Rows that go make room for values that are unique.
        [Some(delete), update, Some(insert)]
            .into_iter()
            .flatten()
            .collect()
    }
}
