//! What a run has to do, from what is compiled in and what the database has. Pure.

use std::collections::{BTreeSet, HashMap};

use crate::app::{App, parts};
use crate::hashes::Hashes;
use crate::seed::is_operation;

/// A seed that an app carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Compiled<'a> {
    pub(crate) id: &'a str,
    pub(crate) hashes: Hashes<'a>,
    /// Whether it runs in this environment.
    pub(crate) is_here: bool,
    /// Whether it is in order though a seed with a greater id is applied.
    pub(crate) may_be_late: bool,
    /// The retired seeds in whose place it is.
    pub(crate) replaces: &'a [&'a str],
}

/// A marker in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Applied<'a> {
    pub(crate) ledger_id: &'a str,
    pub(crate) source: Source<'a>,
}

/// What the ledger tells of the source of an applied seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source<'a> {
    /// Its hash.
    Known(&'a str),
    /// Nothing, but the marker is one of this library.
    Unknown,
    /// Nothing, because another service wrote the marker.
    Foreign,
}

impl<'a> Source<'a> {
    /// The source of this hash, which is empty if it is not known.
    pub(crate) fn of_hash(hash: &'a str) -> Self {
        match hash {
            "" => Self::Unknown,
            hash => Self::Known(hash),
        }
    }

    pub(crate) fn hash(self) -> Option<&'a str> {
        match self {
            Self::Known(hash) => Some(hash),
            Self::Unknown | Self::Foreign => None,
        }
    }
}

/// The difference between the seeds an app carries and those a database has. Each list is in byte order of the ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan<'a> {
    /// Compiled in, for this environment, and not applied; in the order in which they run.
    pub(crate) pending: Vec<&'a str>,
    /// Compiled in, for other environments, and not applied.
    pub(crate) not_here: Vec<&'a str>,
    /// Those of `pending` whose id sorts before one already applied, with the greatest such id. They
    /// come from a branch that was merged late, and run after seeds they were written before. Without those that may be late.
    pub(crate) out_of_order: Vec<Pair<'a>>,
    /// Those of `pending` that may be late, and are.
    pub(crate) late: Vec<Pair<'a>>,
    /// Those of `pending` that have the source of an applied seed which is not compiled in, with its id: a file that
    /// was renamed.
    pub(crate) renamed: Vec<Pair<'a>>,
    /// Those of `pending` whose id has a marker from before the app had its name, with another source or an unknown
    /// one: the app's own, edited since, or another app's.
    pub(crate) contested: Vec<&'a str>,
    /// Compiled in and not applied, and not pending either: a seed that replaces them is applied, or will be.
    pub(crate) replaced: Vec<&'a str>,
    /// Those of `pending` that are only recorded, since all that they replace is applied.
    pub(crate) recorded: Vec<&'a str>,
    /// Those of `pending` of which some that they replace are applied and others are not. The others are pending as well.
    pub(crate) half_replaced: Vec<&'a str>,
    /// Compiled in and applied, with another source.
    pub(crate) changed: Vec<&'a str>,
    /// Compiled in and applied from the same source before the app had its name.
    pub(crate) unnamed: Vec<&'a str>,
    /// Applied and not compiled in: an older binary, or a seed that was removed.
    pub(crate) missing: Vec<&'a str>,
    /// Applied and not compiled in, with the compiled and applied seed that has its source: what it is called now.
    pub(crate) former: Vec<Pair<'a>>,
    /// Not compiled in, and applied by another service.
    pub(crate) foreign: Vec<&'a str>,
}

/// A seed and another one that matters to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pair<'a> {
    pub(crate) id: &'a str,
    pub(crate) other: &'a str,
}

impl<'a> Pair<'a> {
    /// What matters to the seed `id`, among those of a list of a [`Plan`].
    pub(crate) fn find(pairs: &[Self], id: &str) -> Option<&'a str> {
        let index = pairs.binary_search_by_key(&id, |pair| pair.id).ok()?;
        pairs.get(index).map(|pair| pair.other)
    }
}

/// Compares what is `compiled` into `app` with what is `applied`; neither has to be sorted.
pub(crate) fn plan<'a>(
    app: &App,
    compiled: impl IntoIterator<Item = Compiled<'a>>,
    applied: impl IntoIterator<Item = Applied<'a>>,
) -> Plan<'a> {
    let (own, unnamed) = by_app(app, applied);
    let mut plan = Plan::default();
    let (mut pending, mut done, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    let mut carried = Vec::new();
    let mut rest = own.iter().copied().peekable();
    for seed in sorted(compiled, |seed| seed.id) {
        while let Some(smaller) = rest.next_if(|marker| marker.id < seed.id) {
            gone.push(smaller);
        }
        if let Some(marker) = rest.next_if(|marker| marker.id == seed.id) {
            if seed.hashes.differ_from(marker.source) {
                plan.changed.push(seed.id);
            }
            done.push(marker);
            carried.push(seed);
            continue;
        }
        match unnamed.binary_search_by_key(&seed.id, |marker| marker.id) {
            Ok(index) if seed.hashes.contains(unnamed[index].source.hash()) => {
                plan.unnamed.push(seed.id);
                done.push(unnamed[index]);
                carried.push(seed);
            }
            _ if !seed.is_here => plan.not_here.push(seed.id),
            Ok(_) => {
                plan.contested.push(seed.id);
                pending.push(seed);
            }
            Err(_) => pending.push(seed),
        }
    }
    gone.extend(rest);
    settle_versions(&mut pending, &mut gone, &done);
    plan.settle_replaced(&mut pending, &carried);
    plan.name_the_gone(&gone, &done, &carried);
    let others = unnamed.iter().filter(|marker| {
        let is = |ids: &[&str]| ids.binary_search(&marker.id).is_ok();
        !is(&plan.unnamed) && !is(&plan.contested)
    });
    let without_file = gone.iter().chain(others).copied();
    plan.renamed = renamed(&pending, without_file);
    plan.pending = pending.iter().map(|seed| seed.id).collect();
    // Operations that are no seeds have no dates.
    let is_seed = |marker: &&Marker<'_>| !is_operation(marker.id);
    let mut ours = gone
        .iter()
        .filter(|marker| marker.source != Source::Foreign);
    let ours = ours.rfind(is_seed).max(done.iter().rfind(is_seed));
    if let Some(other) = ours.map(|marker| marker.id) {
        let late = pending.iter();
        let late = late.filter(|seed| {
            seed.id < other
                && !is_operation(seed.id)
                && plan.recorded.binary_search(&seed.id).is_err()
        });
        let (late, out_of_order): (Vec<_>, Vec<_>) = late.partition(|seed| seed.may_be_late);
        let pairs = |seeds: Vec<&Compiled<'a>>| {
            let pairs = seeds.into_iter().map(|seed| Pair { id: seed.id, other });
            pairs.collect()
        };
        (plan.late, plan.out_of_order) = (pairs(late), pairs(out_of_order));
    }
    plan
}

/// Leaves of operations that have versions what matters: nothing that is older than what is applied is to be done, and of what is
/// applied only that counts which is newer than what the app has. What the app has no version of is not its concern.
fn settle_versions<'a>(
    pending: &mut Vec<Compiled<'a>>,
    gone: &mut Vec<Marker<'a>>,
    done: &[Marker<'a>],
) {
    let compiled = pending.iter().map(|seed| seed.id);
    let compiled: Vec<Version<'_>> = compiled
        .chain(done.iter().map(|marker| marker.id))
        .filter_map(Version::of)
        .collect();
    gone.retain(|marker| match Version::of(marker.id) {
        Some(applied) => compiled.iter().any(|own| own.is_before(applied)),
        None => true,
    });
    pending.retain(|seed| match Version::of(seed.id) {
        Some(own) => {
            let newer = gone.iter().filter_map(|marker| Version::of(marker.id));
            !newer.into_iter().any(|applied| own.is_before(applied))
        }
        None => true,
    });
}

/// Which version of what an operation is of.
#[derive(Clone, Copy)]
struct Version<'a> {
    of: &'a str,
    number: u32,
}

impl<'a> Version<'a> {
    /// None if it is a seed, which has no versions.
    fn of(id: &'a str) -> Option<Self> {
        if !is_operation(id) {
            return None;
        }
        let (of, number) = id.rsplit_once('/')?;
        let number = number.parse().ok()?;
        Some(Self { of, number })
    }

    fn is_before(self, other: Self) -> bool {
        self.of == other.of && self.number < other.number
    }
}

/// A marker with the id of its seed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Marker<'a> {
    id: &'a str,
    source: Source<'a>,
}

/// The markers of `app`, and those of an app without a name where this one has a name, sorted.
fn by_app<'a>(
    app: &App,
    applied: impl IntoIterator<Item = Applied<'a>>,
) -> (Vec<Marker<'a>>, Vec<Marker<'a>>) {
    let (mut own, mut unnamed) = (Vec::new(), Vec::new());
    for Applied { ledger_id, source } in applied {
        let (name, id) = parts(ledger_id);
        let marker = Marker { id, source };
        if name == app.name() {
            own.push(marker);
        } else if name.is_none() {
            unnamed.push(marker);
        }
    }
    let id = |marker: &Marker<'a>| marker.id;
    (sorted(own, id), sorted(unnamed, id))
}

/// What is sorted already, as it is nearly always, takes one comparison each.
fn sorted<'a, T>(items: impl IntoIterator<Item = T>, id: impl Fn(&T) -> &'a str) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort_unstable_by(|one, other| id(one).cmp(id(other)));
    items.dedup_by(|one, other| id(one) == id(other));
    items
}

impl<'a> Plan<'a> {
    /// Whether a seed is for other environments, and not applied.
    pub(crate) fn is_not_here(&self, id: &str) -> bool {
        self.not_here.binary_search(&id).is_ok()
    }

    /// Takes out of `pending` what is served by another seed; `carried` are the applied ones.
    fn settle_replaced(&mut self, pending: &mut Vec<Compiled<'a>>, carried: &[Compiled<'a>]) {
        let is_applied = |id: &&&str| {
            let found = carried.binary_search_by_key(*id, |seed| seed.id);
            found.is_ok()
        };
        let mut served: BTreeSet<&str> = BTreeSet::new();
        served.extend(carried.iter().flat_map(|seed| seed.replaces));
        for seed in pending.iter().filter(|seed| !seed.replaces.is_empty()) {
            match seed.replaces.iter().filter(is_applied).count() {
                0 => served.extend(seed.replaces),
                all if all == seed.replaces.len() => self.recorded.push(seed.id),
                _ => self.half_replaced.push(seed.id),
            }
        }
        let is_served = |seed: &Compiled<'a>| served.contains(&seed.id);
        let replaced = pending.extract_if(.., |seed| is_served(seed));
        self.replaced = replaced.map(|seed| seed.id).collect();
    }

    /// Says what the markers are that no compiled seed has; `done` are the others, and `carried` the seeds that have those.
    fn name_the_gone(
        &mut self,
        gone: &[Marker<'a>],
        done: &[Marker<'a>],
        carried: &[Compiled<'a>],
    ) {
        if gone.is_empty() {
            return;
        }
        // By all hashes of a seed, since its marker may have another one of them than that of its former name.
        let called_now = carried
            .iter()
            .flat_map(|seed| seed.hashes.iter().map(|hash| (hash, seed.id)));
        let called_now = by_hash(hashes(done.iter().copied()).chain(called_now));
        for marker in gone {
            let id = marker.id;
            let now = marker.source.hash().and_then(|hash| called_now.get(hash));
            match now {
                Some(other) => self.former.push(Pair { id, other }),
                None if marker.source == Source::Foreign => self.foreign.push(id),
                None => self.missing.push(id),
            }
        }
    }
}

/// The seeds of `pending` that have the source of a marker `without_file`.
fn renamed<'a>(
    pending: &[Compiled<'a>],
    without_file: impl Iterator<Item = Marker<'a>>,
) -> Vec<Pair<'a>> {
    if pending.is_empty() {
        return Vec::new();
    }
    let called_then = by_hash(hashes(without_file));
    let pairs = pending.iter().filter_map(|seed| {
        let other = seed.hashes.iter().find_map(|hash| called_then.get(hash))?;
        Some(Pair { id: seed.id, other })
    });
    pairs.collect()
}

/// The hashes of markers, with their ids.
fn hashes<'a>(
    markers: impl Iterator<Item = Marker<'a>>,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    markers.filter_map(|marker| Some((marker.source.hash()?, marker.id)))
}

/// The first id of each hash.
fn by_hash<'a>(ids: impl Iterator<Item = (&'a str, &'a str)>) -> HashMap<&'a str, &'a str> {
    let mut first = HashMap::new();
    for (hash, id) in ids {
        first.entry(hash).or_insert(id);
    }
    first
}

#[cfg(test)]
mod tests;
