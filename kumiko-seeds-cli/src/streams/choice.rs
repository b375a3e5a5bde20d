//! Which streams are meant.

use kumiko_seeds::events::{ArchivedStreams, EventBackend, Stream, archived_streams, streams_of};
use uuid::Uuid;

use super::arguments::ChosenStreams;
use crate::arguments::id;
use crate::failure::Failure;
use crate::printing::printable;

/// The streams that were named, each in its tenant.
pub(super) async fn chosen<DB: EventBackend>(
    connection: &mut DB::Connection,
    given: &ChosenStreams,
) -> Result<Vec<Stream>, Failure> {
    let tenant = given.tenant.as_deref();
    let tenant = tenant.map(|text| id("--tenant", text)).transpose()?;
    let mut streams = Vec::new();
    for name in &given.streams {
        let (aggregate_type, aggregate_id) = parsed(name)?;
        let found = streams_of::<DB>(connection, aggregate_type, aggregate_id).await;
        let mut found = found.map_err(|error| {
            Failure::new(format!("could not look for stream {}", printable(name))).caused_by(&error)
        })?;
        // Of one that was purged nothing but its mark is left.
        let marks = ArchivedStreams::default().of(aggregate_type);
        let marks = archived_streams::<DB>(connection, &marks.of_aggregate(aggregate_id)).await;
        let marks =
            marks.map_err(|error| Failure::new("could not read the archive").caused_by(&error))?;
        let purged = marks.into_iter().filter(|mark| mark.is_purged);
        found.extend(purged.map(|mark| mark.stream));
        found.retain(|stream| tenant.is_none_or(|tenant| tenant == stream.tenant_id));
        match <[Stream; 1]>::try_from(found) {
            Ok([stream]) => streams.push(stream),
            Err(others) => return Err(not_one(name, tenant, &others)),
        }
    }
    Ok(streams)
}

fn parsed(name: &str) -> Result<(&str, Uuid), Failure> {
    let parsed = name
        .rsplit_once('/')
        .filter(|(aggregate_type, _)| !aggregate_type.is_empty())
        .and_then(|(aggregate_type, id)| Some((aggregate_type, id.parse().ok()?)));
    parsed.ok_or_else(|| {
        Failure::new(format!("{name:?} names no stream"))
            .help("give aggregate type and id, as in account/0198f0a1-0000-7000-8000-000000000001")
    })
}

fn not_one(name: &str, tenant: Option<Uuid>, found: &[Stream]) -> Failure {
    let name = printable(name);
    if found.is_empty() {
        let of_tenant = tenant.map_or_else(String::new, |id| format!(" of tenant {id}"));
        return Failure::new(format!("there is no stream {name}{of_tenant}"));
    }
    let tenants: Vec<String> = found
        .iter()
        .map(|stream| format!("    --tenant {}", stream.tenant_id))
        .collect();
    Failure::new(format!("{} tenants have a stream {name}", found.len()))
        .help(format!("say which:\n{}", tenants.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_by_type_and_id() {
        let id = "0198f0a1-0000-7000-8000-000000000001";
        for (name, aggregate_type) in [
            (format!("account/{id}"), Some("account")),
            (format!("bank/account/{id}"), Some("bank/account")),
            (format!("/{id}"), None),
            (id.to_owned(), None),
            ("account/1".to_owned(), None),
            (String::new(), None),
        ] {
            let parsed = parsed(&name).map(|(aggregate_type, _)| aggregate_type);
            assert_eq!(parsed.ok(), aggregate_type, "{name}");
        }
    }
}
