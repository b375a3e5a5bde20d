//! Has the events of streams kept somewhere else before they are deleted.

use std::collections::HashMap;

use uuid::Uuid;

use super::deleting::Size;
use super::exported::{begin_line, end_line, event_line};
use super::marks::ArchivedStream;
use super::purge::StreamExport;
use crate::backend::{Parameter, column};
use crate::events::stored_uuid::uuid;
use crate::events::stream::list_of_keys;
use crate::events::{EventBackend, EventStoreError, visible_rows};

/// How many events are read and kept at a time.
const PAGE: u64 = 1_000;

/// The export of some streams.
pub(super) struct Exporting<'a> {
    pub(super) export: &'a dyn StreamExport,
    /// By tenant and aggregate.
    pub(super) marks: HashMap<(Uuid, Uuid), &'a ArchivedStream>,
}

impl Exporting<'_> {
    /// Exports streams: many that are short at once, and one that is long page by page.
    pub(super) async fn all<DB: EventBackend>(
        &self,
        connection: &mut DB::Connection,
        sizes: &[Size],
    ) -> Result<(), EventStoreError> {
        let mut left = sizes;
        while let Some(first) = left.first() {
            if first.events > PAGE {
                self.long::<DB>(connection, first.key).await?;
                left = &left[1..];
                continue;
            }
            let mut events = 0;
            let fits = left.iter().take_while(|size| {
                events += size.events;
                events <= PAGE
            });
            let (group, rest) = left.split_at(fits.count());
            self.short::<DB>(connection, group).await?;
            left = rest;
        }
        Ok(())
    }

    async fn short<DB: EventBackend>(
        &self,
        connection: &mut DB::Connection,
        group: &[Size],
    ) -> Result<(), EventStoreError> {
        let list = list_of_keys(group.iter().map(|size| size.key));
        let values = [Parameter::Text(&list)];
        let rows = visible_rows::fetch::<DB>(connection, &[EVENTS], DB::EVENTS_OF, &values).await?;
        let key =
            |row: &DB::Row| Ok::<_, sqlx::Error>((uuid::<DB>(row, 10)?, uuid::<DB>(row, 11)?));
        let mut lines = String::new();
        let mut rows = rows.iter().peekable();
        for size in group {
            lines += &self.begin(size.key)?;
            let mut events = 0;
            while let Some(row) = rows.peek()
                && key(row)? == size.key
            {
                lines += &event_line::<DB>(row)?;
                events += 1;
                rows.next();
            }
            lines += &end_line(events);
        }
        self.keep(&lines).await
    }

    async fn long<DB: EventBackend>(
        &self,
        connection: &mut DB::Connection,
        (tenant_id, aggregate_id): (Uuid, Uuid),
    ) -> Result<(), EventStoreError> {
        let mut lines = self.begin((tenant_id, aggregate_id))?;
        let (mut version, mut events) = (i32::MIN, 0);
        loop {
            let values = [
                Parameter::Uuid(tenant_id),
                Parameter::Uuid(aggregate_id),
                Parameter::Integer(version),
                Parameter::Integer(i32::try_from(PAGE).unwrap_or(i32::MAX)),
            ];
            let page = visible_rows::fetch::<DB>(connection, &[EVENTS], DB::EVENTS_BEHIND, &values);
            let page = page.await?;
            for row in &page {
                version = column::<DB, _>(row, 3)?;
                lines += &event_line::<DB>(row)?;
            }
            events += page.len();
            let is_last = (page.len() as u64) < PAGE;
            if is_last {
                lines += &end_line(events);
            }
            self.keep(&lines).await?;
            if is_last {
                return Ok(());
            }
            lines.clear();
        }
    }

    fn begin(&self, key: (Uuid, Uuid)) -> Result<String, EventStoreError> {
        let mark = self.marks.get(&key);
        Ok(begin_line(mark.ok_or(sqlx::Error::RowNotFound)?))
    }

    async fn keep(&self, lines: &str) -> Result<(), EventStoreError> {
        let kept = self.export.keep(lines).await;
        kept.map_err(|source| EventStoreError::NotExported { source })
    }
}

const EVENTS: &str = "kumiko_events";
