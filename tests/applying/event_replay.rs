//! Events that are delivered to a reactor again.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kumiko_seeds::events::{
    Delivery, Handlers, Reactor, Reactors, Replay, ReplayError, StoredEvent, Stream, Upcasters,
    User,
};
use kumiko_seeds::{Error, SeedRunner, Steering, WhenPaused, WorkReport, error_chain, json};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::wallets::{prepare, runner};
use uuid::Uuid;

const TENANT: Uuid = Uuid::from_u128(0x4000_8000_0000_0000_0000);
const OTHER: Uuid = Uuid::from_u128(0x4000_8000_0000_0000_0007);

pub(crate) fn account(number: u128) -> Uuid {
    Uuid::from_u128(number << 64)
}

/// What a reactor was given, at which event it fails, and with which it never comes to an end.
#[derive(Clone, Default)]
pub(crate) struct Outside {
    given: Arc<Mutex<Vec<String>>>,
    fails_at: Arc<AtomicI64>,
    hangs_at: Arc<AtomicI64>,
}

impl Outside {
    fn take(&self) -> Vec<String> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut given)
    }

    /// The ids of the events.
    pub(crate) fn take_ids(&self) -> Vec<i64> {
        let given = self.take();
        let id = |line: &String| line.split(' ').next().unwrap().parse().unwrap();
        given.iter().map(id).collect()
    }

    /// Waits until it has this event and does not come to its end.
    async fn hangs(&self) {
        let hangs_at = self.hangs_at.load(Ordering::Relaxed).to_string();
        let has_it = |line: &String| line.split(' ').next() == Some(&hangs_at);
        while !self.given.lock().unwrap().last().is_some_and(has_it) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn fail_at(&self, id: i64) {
        self.fails_at.store(id, Ordering::Relaxed);
    }

    /// A reactor that writes down what it gets, unless it fails.
    pub(crate) fn reactor(&self) -> Reactor {
        let outside = self.clone();
        let react = move |event: StoredEvent, delivery: Delivery| {
            let outside = outside.clone();
            async move {
                if event.id == outside.fails_at.load(Ordering::Relaxed) {
                    assert!(event.payload["n"] != 13, "thirteen");
                    return Err("the mail server is down".into());
                }
                let StoredEvent {
                    id,
                    event_type,
                    payload,
                    ..
                } = &event;
                let (key, replay) = (delivery.idempotency_key(), delivery.replay());
                let line = format!("{id} {event_type} {payload} {key} {replay:?}");
                outside.given.lock().unwrap().push(line);
                if *id == outside.hangs_at.load(Ordering::Relaxed) {
                    std::future::pending::<()>().await;
                }
                Ok(())
            }
        };
        Reactor::new("mail", react).of("account", ["opened", "closed"])
    }

    pub(crate) fn handlers<DB: Engine>(&self) -> Handlers<DB> {
        with(self.reactor().of("purse", ["found"]).replayable())
    }
}

fn with<DB: Engine>(reactor: Reactor) -> Handlers<DB> {
    Handlers::new().reactors(Reactors::new().register(reactor))
}

/// An event as another service has written it.
pub(crate) async fn write<DB: Engine>(database: &TestDatabase<DB>, events: &[(u128, i32, &str)]) {
    for (number, version, event_type) in events {
        let sql = insertion(
            account(*number),
            *version,
            event_type,
            TENANT,
            "2026-01-01T00:00:00.000Z",
        );
        database.execute(&sql).await;
    }
}

pub(crate) fn insertion(
    id: Uuid,
    version: i32,
    event_type: &str,
    tenant: Uuid,
    at: &str,
) -> String {
    let kind = if event_type == "found" {
        "purse"
    } else {
        "account"
    };
    format!(
        "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type, payload, metadata, created_by, created_at)
         VALUES ('{id}', '{kind}', '{tenant}', {version}, '{event_type}', '{{\"n\":{version}}}', '{{}}', 'somebody', '{at}')"
    )
}

pub(crate) async fn replaying<DB: Engine>(
    database: &TestDatabase<DB>,
    runner: SeedRunner<DB>,
    replay: &Replay,
) -> WorkReport {
    let runner = runner.replaying(&database.pool, replay).await.unwrap();
    runner
        .when_paused(WhenPaused::Leaves)
        .work(&database.pool)
        .await
}

async fn refused<DB: Engine>(
    database: &TestDatabase<DB>,
    handlers: Handlers<DB>,
    replay: &Replay,
) -> String {
    let refused = runner(handlers).replaying(&database.pool, replay).await;
    error_chain(&refused.unwrap_err()).join(": ")
}

fn said(report: &WorkReport) -> String {
    let [failed] = &report.failed[..] else {
        panic!("{report:?}");
    };
    error_chain(&failed.error).join(": ")
}

const LEDGER: &str = "SELECT id || ' | ' || operation_type || ' | ' || applied_by || ' | ' || notes
                      FROM kumiko_es_operations WHERE id LIKE 'event-replay/%' AND id NOT LIKE '%/source' ORDER BY id";

/// Ten events of two accounts, each with one type that nobody takes.
async fn ten<DB: Engine>(database: &TestDatabase<DB>) {
    prepare(database).await;
    for number in [1, 2] {
        write(
            database,
            &[
                (number, 1, "opened"),
                (number, 2, "closed"),
                (number, 3, "opened"),
                (number, 4, "audited"),
                (number, 5, "closed"),
            ],
        )
        .await;
    }
}

/// What of them the reactor takes.
const TAKEN: [i64; 8] = [1, 2, 3, 5, 6, 7, 8, 10];

on_both_databases! {
    async fn a_reactor_gets_what_it_takes_in_order_and_the_ledger_says_so(database: &TestDatabase<DB>) {
        ten(database).await;
        let outside = Outside::default();
        let replay = Replay::to("mail").because("the mail server was down");
        let report = replaying(database, runner(outside.handlers()), &replay).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        assert_eq!(report.applied[0].id, "event-replay/mail/1");
        assert_eq!(report.applied[0].events, 0);
        let given = outside.take();
        assert_eq!(given[0], "1 opened {\"n\":1} mail/1 Some(\"event-replay/mail/1\")");
        let ids: Vec<&str> = given.iter().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(ids, TAKEN.map(|id| id.to_string()));
        assert_eq!(
            database.texts(LEDGER).await,
            ["event-replay/mail/1 | event-replay | boot | Deliver events to the reactor mail again: the mail server was down; \
              items gone through: 8, steps: 1"]
        );
        // Asked for once more, it is another one.
        let again = replaying(database, runner(outside.handlers()), &Replay::to("mail")).await;
        assert_eq!(again.applied[0].id, "event-replay/mail/2");
        assert_eq!(outside.take_ids(), TAKEN);
        assert_eq!(database.text("SELECT count(*) || '' FROM kumiko_events").await, "10");
    }

    async fn an_app_without_events_of_it_has_nothing_to_deliver(database: &TestDatabase<DB>) {
        prepare(database).await;
        let outside = Outside::default();
        let report = replaying(database, runner(outside.handlers()), &Replay::to("mail")).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        assert_eq!(outside.take(), [""; 0]);
    }

    async fn only_what_is_asked_for_is_delivered(database: &TestDatabase<DB>) {
        prepare(database).await;
        for (number, version, event_type, tenant, at) in [
            (1, 1, "opened", TENANT, "2026-01-01T00:00:00.000Z"),
            (1, 2, "closed", TENANT, "2026-01-02T00:00:00.000Z"),
            (2, 1, "opened", OTHER, "2026-01-02T00:00:00.001Z"),
            (2, 1, "opened", TENANT, "2026-01-03T00:00:00.000Z"),
            (3, 1, "found", TENANT, "2026-01-03T00:00:00.000Z"),
        ] {
            database.execute(&insertion(account(number), version, event_type, tenant, at)).await;
        }
        let outside = Outside::default();
        let all = || Replay::to("mail");
        let at = |text: &str| text.parse().unwrap();
        for (replay, expected) in [
            (all(), &[1, 2, 3, 4, 5][..]),
            (all().from(at("2026-01-02T00:00:00Z")), &[2, 3, 4, 5]),
            (all().until(at("2026-01-02T00:00:00Z")), &[1]),
            (all().from(at("2026-01-02T00:00:00Z")).until(at("2026-01-03T00:00:00Z")), &[2, 3]),
            (all().from(at("2026-01-02T00:00:00.001Z")).tenant(TENANT), &[4, 5]),
            (all().aggregate_type("account"), &[1, 2, 3, 4]),
            (all().event_type("opened"), &[1, 3, 4]),
            (all().tenant(OTHER), &[3]),
            (all().stream("account", account(2)), &[3, 4]),
            (all().stream("account", account(2)).tenant(OTHER), &[3]),
            (all().stream("purse", account(2)), &[]),
            (all().tenant(OTHER).event_type("closed"), &[]),
        ] {
            let counted = outside.handlers::<DB>().count_replay(&database.pool, &replay).await.unwrap();
            let counted: u64 = counted.iter().map(|count| count.events).sum();
            assert_eq!(counted, expected.len() as u64, "{replay:?}");
            let report = replaying(database, runner(outside.handlers()), &replay).await;
            assert_eq!(report.applied.len(), 1, "{replay:?}: {report:?}");
            assert_eq!(outside.take_ids(), expected, "{replay:?}");
        }
        let counted = outside.handlers::<DB>().count_replay(&database.pool, &all()).await.unwrap();
        let counted: Vec<_> = counted.iter().map(|it| (&*it.aggregate_type, &*it.event_type, it.events)).collect();
        assert_eq!(counted, [("account", "closed", 1), ("account", "opened", 3), ("purse", "found", 1)]);
    }

    async fn a_reactor_gets_events_as_a_load_gives_them_and_none_that_is_archived(database: &TestDatabase<DB>) {
        ten(database).await;
        let outside = Outside::default();
        let upcasters = Upcasters::new().step("opened", 1, |payload| Ok(json!({ "number": payload["n"] })));
        let handlers = outside.handlers::<DB>().upcasters(upcasters);
        let stream = Stream {
            tenant_id: TENANT,
            aggregate_type: "account".to_owned(),
            aggregate_id: account(1),
        };
        handlers.archive_streams(&database.pool, &[stream], &User::system(), None).await.unwrap();
        let counted = handlers.count_replay(&database.pool, &Replay::to("mail")).await.unwrap();
        assert_eq!(counted.iter().map(|count| count.events).sum::<u64>(), 4);
        let report = replaying(database, runner(handlers), &Replay::to("mail")).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        let given = outside.take();
        assert!(given[0].starts_with("6 opened {\"number\":1} mail/6 "), "{given:?}");
        assert!(given[1].starts_with("7 closed {\"n\":2} mail/7 "), "{given:?}");
        assert_eq!(given.len(), 4);
    }

    async fn what_cannot_be_replayed_is_refused(database: &TestDatabase<DB>) {
        prepare(database).await;
        let outside = Outside::default();
        assert_eq!(
            refused(database, with::<DB>(outside.reactor()), &Replay::to("mail")).await,
            "the events cannot be delivered again: the reactor \"mail\" does not allow replays; if what it does may be done \
             twice, say so where it is registered, with .replayable()"
        );
        assert_eq!(
            refused(database, outside.handlers::<DB>(), &Replay::to("mall")).await,
            "the events cannot be delivered again: there is no reactor \"mall\"; there are mail"
        );
        assert_eq!(
            refused(database, outside.handlers::<DB>(), &Replay::to("mail").event_type("audited")).await,
            "the events cannot be delivered again: the reactor \"mail\" takes no such events; there are account opened, \
             account closed, purse found"
        );
        let react = |_: StoredEvent, _: Delivery| async { Ok(()) };
        let bad = Reactors::new()
            .register(Reactor::new("A/b", react).of("account", [""; 0]))
            .register(Reactor::new("c", react))
            .register(Reactor::new("c", react));
        let expected = [
            "reactor \"A/b\": its name may have only a-z, 0-9 and -",
            "reactor \"A/b\": it takes no event types of \"account\"; name them",
            "reactor \"c\": it takes no events; name them with .of(aggregate type, event types)",
            "reactor \"c\": it is registered twice; keep one of them",
        ];
        assert_eq!(bad.problems(), expected);
        let handlers = Handlers::<DB>::new().reactors(bad);
        let problems: Vec<String> =
            runner(Handlers::<DB>::new()).handlers(handlers).verify().iter().map(ToString::to_string).collect();
        assert_eq!(problems, expected);
        let own = outside.handlers::<DB>().event_store(kumiko_seeds::events::KumikoEvents);
        assert_eq!(
            refused(database, own, &Replay::to("mail")).await,
            "the events cannot be delivered again: the events are in an event store of the app's own, from which none can be \
             delivered again"
        );
        assert_eq!(outside.take(), [""; 0]);
    }

    async fn a_dispatcher_calls_the_same_reactor(database: &TestDatabase<DB>) {
        ten(database).await;
        let outside = Outside::default();
        let handlers = outside.handlers::<DB>();
        let mut connection = database.pool.acquire().await.unwrap();
        let stream = Stream {
            tenant_id: TENANT,
            aggregate_type: "account".to_owned(),
            aggregate_id: account(1),
        };
        for event in handlers.store().load(&mut connection, &stream).await.unwrap() {
            let taken = handlers.registered_reactors().iter().filter(|it| it.takes(&event.stream.aggregate_type, &event.event_type));
            for reactor in taken {
                reactor.react(event.clone()).await.unwrap();
            }
        }
        let given = outside.take();
        assert_eq!(given.len(), 4);
        assert_eq!(given[0], "1 opened {\"n\":1} mail/1 None");
    }

    async fn a_failing_event_stops_it_and_it_goes_on_with_that_one(database: &TestDatabase<DB>) {
        ten(database).await;
        let outside = Outside::default();
        outside.fail_at(6);
        let replay = Replay::to("mail").because("of the outage");
        let report = replaying(database, runner(outside.handlers()), &replay).await;
        assert_eq!(
            said(&report),
            format!(
                "event-replay/mail/1 failed: the reactor \"mail\" failed with event 6, opened at version 1 of account {}: \
                 the mail server is down",
                account(2)
            )
        );
        assert_eq!(outside.take_ids(), [1, 2, 3, 5]);
        // Others cannot begin in between.
        outside.fail_at(0);
        let report = replaying(database, runner(outside.handlers()), &Replay::to("mail")).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        assert_eq!(outside.take_ids(), [6, 7, 8, 10]);
        let ledger = database.texts(LEDGER).await;
        assert!(ledger[0].contains("again: of the outage; items gone through: 8"), "{ledger:?}");
        assert_eq!(ledger.len(), 1);
    }

    async fn a_retry_and_a_panic_are_the_same(database: &TestDatabase<DB>) {
        ten(database).await;
        database.execute("UPDATE kumiko_events SET payload = '{\"n\":13}' WHERE id = 6").await;
        let outside = Outside::default();
        outside.fail_at(6);
        let report = replaying(database, runner(outside.handlers()), &Replay::to("mail")).await;
        assert!(said(&report).ends_with(": it panicked: thirteen"), "{}", said(&report));
        assert_eq!(outside.take_ids(), [1, 2, 3, 5]);
        outside.fail_at(0);
        let other = runner(outside.handlers::<DB>()).replaying(&database.pool, &Replay::to("mail")).await.unwrap();
        let ledger = other.ledger(&database.pool);
        // It is under way again already, because somebody has asked for it.
        let refused = ledger.steer("event-replay/mail/1", Steering::Retry).await;
        assert!(matches!(refused, Err(Error::Steering { .. })), "{refused:?}");
        other.work(&database.pool).await;
        assert_eq!(outside.take_ids(), [6, 7, 8, 10]);
    }

    async fn events_are_set_aside_and_a_later_replay_takes_them_back(database: &TestDatabase<DB>) {
        ten(database).await;
        let outside = Outside::default();
        outside.fail_at(6);
        let report = replaying(database, runner(outside.handlers()).quarantine(), &Replay::to("mail")).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        assert_eq!(outside.take_ids(), [1, 2, 3, 5, 7, 8, 10]);
        let handlers = outside.handlers::<DB>();
        let list = async || handlers.set_aside_by_reactor(&database.pool, "mail").await.unwrap();
        let aside = list().await;
        assert_eq!(aside.len(), 1);
        assert_eq!((&*aside[0].event_id, &*aside[0].error), ("6", "the mail server is down"));
        assert!(handlers.set_aside(&database.pool, "mail").await.unwrap().is_empty());
        // Still failing, it is there once.
        replaying(database, runner(outside.handlers()).quarantine(), &Replay::to("mail")).await;
        assert_eq!(list().await.len(), 1);
        outside.take();
        outside.fail_at(0);
        replaying(database, runner(outside.handlers()), &Replay::to("mail").stream("account", account(1))).await;
        assert_eq!(list().await.len(), 1);
        replaying(database, runner(outside.handlers()), &Replay::to("mail").stream("account", account(2))).await;
        assert_eq!(list().await, []);
    }

    async fn an_event_that_cannot_be_read_fails_as_one_that_cannot_be_delivered(database: &TestDatabase<DB>) {
        ten(database).await;
        let outside = Outside::default();
        let handlers = || {
            let upcasters = Upcasters::new().step("closed", 1, |payload| match payload["n"].as_i64() {
                Some(2) => Err("two is no number".into()),
                _ => Ok(payload),
            });
            outside.handlers::<DB>().upcasters(upcasters)
        };
        let report = replaying(database, runner(handlers()), &Replay::to("mail")).await;
        assert!(said(&report).ends_with("two is no number"), "{}", said(&report));
        assert_eq!(outside.take_ids(), [1]);
        let report = replaying(database, runner(handlers()).quarantine(), &Replay::to("mail")).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        assert_eq!(outside.take_ids(), [3, 5, 6, 8, 10]);
        let aside = handlers().set_aside_by_reactor(&database.pool, "mail").await.unwrap();
        assert_eq!(aside.iter().map(|it| &*it.event_id).collect::<Vec<_>>(), ["2", "7"]);
    }

    async fn a_worker_that_is_dropped_is_replaced_and_nothing_is_skipped(database: &TestDatabase<DB>) {
        prepare(database).await;
        for number in 1..=20 {
            write(database, &[(number, 1, "opened")]).await;
        }
        let outside = Outside::default();
        let in_threes = || runner(outside.handlers::<DB>()).step_size(3..=3);
        let replay = Replay::to("mail");
        let mut given: Vec<i64> = Vec::new();
        for hangs_at in [1, 5, 9, 7, 12, 20] {
            outside.hangs_at.store(hangs_at, Ordering::Relaxed);
            let one = in_threes().replaying(&database.pool, &replay).await.unwrap();
            tokio::select! {
                () = outside.hangs() => {}
                report = one.work(&database.pool) => panic!("{report:?}"),
            }
            given.extend(outside.take_ids());
        }
        outside.hangs_at.store(0, Ordering::Relaxed);
        let report = replaying(database, in_threes(), &replay).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        given.extend(outside.take_ids());
        // Each comes, and for the first time in its order; a step that was lost comes again.
        let mut firsts = Vec::new();
        for id in &given {
            if !firsts.contains(id) {
                firsts.push(*id);
            }
        }
        assert_eq!(firsts, (1..=20).collect::<Vec<_>>());
        for again in [1, 5, 9, 12, 20] {
            let times = given.iter().filter(|id| **id == again).count();
            assert!(times > 1, "{again} was delivered, and nobody knew: {given:?}");
        }
        assert!(given.len() < 40, "{given:?}");
        assert_eq!(database.texts(LEDGER).await.len(), 1);
    }

    async fn what_comes_after_the_beginning_is_not_delivered(database: &TestDatabase<DB>) {
        ten(database).await;
        let outside = Outside::default();
        outside.fail_at(6);
        replaying(database, runner(outside.handlers()), &Replay::to("mail")).await;
        write(database, &[(3, 1, "opened")]).await;
        outside.fail_at(0);
        outside.take();
        replaying(database, runner(outside.handlers()), &Replay::to("mail")).await;
        assert_eq!(outside.take_ids(), [6, 7, 8, 10]);
    }

    async fn it_is_paused_resumed_and_cancelled(database: &TestDatabase<DB>) {
        ten(database).await;
        let outside = Outside::default();
        outside.fail_at(6);
        replaying(database, runner(outside.handlers()), &Replay::to("mail")).await;
        outside.fail_at(0);
        outside.take();
        let id = "event-replay/mail/1";
        let paused = runner(outside.handlers::<DB>()).replaying(&database.pool, &Replay::to("mail")).await.unwrap();
        let ledger = paused.ledger(&database.pool);
        ledger.steer(id, Steering::Pause).await.unwrap();
        let report = paused.when_paused(WhenPaused::Leaves).work(&database.pool).await;
        assert_eq!(report.left, [id]);
        assert_eq!(outside.take(), [""; 0]);
        ledger.steer(id, Steering::Resume).await.unwrap();
        ledger.steer(id, Steering::Cancel).await.unwrap();
        // Given up, it begins anew if somebody asks for it, with what there is now.
        write(database, &[(3, 1, "opened")]).await;
        let report = replaying(database, runner(outside.handlers()), &Replay::to("mail")).await;
        assert_eq!(report.applied[0].id, id);
        assert_eq!(outside.take_ids(), [1, 2, 3, 5, 6, 7, 8, 10, 11]);
    }

    async fn a_slow_reactor_ends_its_step(database: &TestDatabase<DB>) {
        ten(database).await;
        let slow = |_: StoredEvent, _: Delivery| async {
            tokio::time::sleep(Duration::from_millis(250)).await;
            Ok(())
        };
        let handlers = with::<DB>(Reactor::new("slow", slow).of("account", ["opened"]).replayable());
        let report = replaying(database, runner(handlers), &Replay::to("slow")).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        let ledger = database.texts(LEDGER).await;
        let steps: u32 = ledger[0].rsplit_once(' ').unwrap().1.parse().unwrap();
        assert!(ledger[0].contains("items gone through: 4,"), "{ledger:?}");
        assert!((2..=5).contains(&steps), "{ledger:?}");
    }

    async fn a_replay_without_its_reactor_says_so(database: &TestDatabase<DB>) {
        ten(database).await;
        let outside = Outside::default();
        let error = outside.handlers::<DB>().count_replay(&database.pool, &Replay::to("mall")).await.unwrap_err();
        assert!(matches!(error, ReplayError::Unknown { .. }), "{error:?}");
    }
}
