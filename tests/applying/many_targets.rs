//! Many databases and schemas, each with a ledger of its own.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use kumiko_seeds::{
    ApplyError, Error, Progress, Report, Seed, SeedRunner, SkipFlags, Target, TargetOutcome,
    Targets,
};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Executor, Postgres, Row, Sqlite};
use tokio::sync::Notify;

type Outcome = TargetOutcome<Report, Box<ApplyError>>;

/// The schema or the file in which the seed fails, as long as it does.
struct FailsIn(&'static str, AtomicBool);

const WHERE_ON_POSTGRES: &str = "SELECT CAST(current_schema() AS text)";
const WHERE_ON_SQLITE: &str = "SELECT file FROM pragma_database_list";

macro_rules! runner {
    ($database:ty, $asks:ident, $fails:expr) => {{
        let grants: Seed<$database> = seed("2026-01-01-grant", |ctx| {
            Box::pin(async move {
                let place = ctx.db().await?.fetch_one($asks).await?;
                let place: String = place.get(0);
                let fails: &Arc<FailsIn> = ctx.app().unwrap();
                if fails.1.load(Ordering::Relaxed) && place.ends_with(fails.0) {
                    return Err("no such role".into());
                }
                Ok(())
            })
        });
        SeedRunner::new(vec![grants].leak())
            .skip_flags(SkipFlags::default())
            .with($fails)
    }};
}

fn fails_in(place: &'static str) -> Arc<FailsIn> {
    Arc::new(FailsIn(place, AtomicBool::new(true)))
}

/// A database with so many schemas, `t001` and on.
async fn with_schemas(count: usize) -> (TestDatabase<Postgres>, Vec<String>) {
    let database = Postgres::create().await;
    let names: Vec<String> = (1..=count).map(|number| format!("t{number:03}")).collect();
    let create = names.iter().map(|name| format!("CREATE SCHEMA {name};"));
    database.execute(&create.collect::<String>()).await;
    (database, names)
}

fn schemas(url: &str, names: &[String]) -> Targets<Postgres> {
    let options: PgConnectOptions = url.parse().unwrap();
    let options = options.application_name("many");
    Targets::new(
        names
            .iter()
            .filter_map(|name| Target::schema(&options, name)),
    )
}

/// What came of each target, in a word or the words of its failure.
fn words(outcomes: &[Outcome]) -> Vec<String> {
    let word = |outcome: &Outcome| match &outcome.result {
        None => "not attempted".to_owned(),
        Some(Ok(report)) if report.applied.is_empty() => "nothing".to_owned(),
        Some(Ok(report)) => format!("{} applied", report.applied.len()),
        Some(Err(stopped)) => stopped.to_string(),
    };
    outcomes.iter().map(word).collect()
}

const FAILED: &str = "seed 2026-01-01-grant failed";

#[tokio::test]
async fn of_a_hundred_schemas_the_one_that_fails_is_the_one_to_do_again() {
    let (database, names) = with_schemas(100).await;
    let fails = fails_in("t037");
    let waits = Arc::new(AtomicUsize::new(0));
    let counted = waits.clone();
    let runner = runner!(Postgres, WHERE_ON_POSTGRES, fails.clone()).observe(move |progress| {
        if let Progress::Waiting { .. } = progress {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let targets = schemas(&database.url, &names);

    let outcomes = runner.apply_each(&targets).await;
    let mut expected = vec!["1 applied"; 100];
    expected[36] = FAILED;
    assert_eq!(words(&outcomes), expected);
    assert!(outcomes.iter().map(|outcome| &outcome.name).eq(&names));

    fails.1.store(false, Ordering::Relaxed);
    let outcomes = runner.apply_each(&targets).await;
    let mut expected = vec!["nothing"; 100];
    expected[36] = "1 applied";
    assert_eq!(words(&outcomes), expected);

    let markers = "SELECT CAST(count(*) AS text) FROM pg_tables
                   WHERE tablename = 'kumiko_es_operations' AND schemaname LIKE 't___'";
    assert_eq!(database.text(markers).await, "100");
    let elsewhere = "SELECT CAST(count(*) AS text) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(database.text(elsewhere).await, "0");
    // They take turns, and do not wait for the lock that one of them has.
    assert_eq!(waits.load(Ordering::Relaxed), 0);
    database.remove().await;
}

#[tokio::test]
async fn so_it_is_with_files() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (1..=20).map(|number| format!("t{number:03}.db")).collect();
    let target = |name: &String| {
        let options = SqliteConnectOptions::new().filename(folder.path().join(name));
        // One of them is not there, and is not created.
        Target::<Sqlite>::new(name, options.create_if_missing(name != "t012.db"))
    };
    let targets = Targets::new(names.iter().map(target));
    let fails = fails_in("t007.db");
    let runner = runner!(Sqlite, WHERE_ON_SQLITE, fails.clone());
    let outcomes = runner.apply_each(&targets).await;
    let mut expected = vec!["1 applied"; 20];
    expected[6] = FAILED;
    expected[11] = "could not connect to the database";
    assert_eq!(words(&outcomes), expected);

    fails.1.store(false, Ordering::Relaxed);
    let targets = Targets::new(names.iter().map(target));
    let outcomes = runner.apply_each(&targets.parallel(1)).await;
    let mut expected = vec!["nothing"; 20];
    expected[6] = "1 applied";
    expected[11] = "could not connect to the database";
    assert_eq!(words(&outcomes), expected);
}

#[tokio::test]
async fn a_canary_that_fails_is_the_only_one_touched() {
    let (database, names) = with_schemas(5).await;
    let fails = fails_in("t003");
    let runner = runner!(Postgres, WHERE_ON_POSTGRES, fails.clone());
    let targets = schemas(&database.url, &names);
    assert!(schemas(&database.url, &names).canary("t009").is_none());
    let targets = targets.canary("t003").unwrap();
    let mut expected = vec!["not attempted"; 5];
    expected[2] = FAILED;
    assert_eq!(words(&runner.apply_each(&targets).await), expected);
    let tables = "SELECT CAST(schemaname AS text) FROM pg_tables WHERE tablename LIKE 'kumiko%'";
    assert_eq!(database.texts(tables).await, [""; 0]);

    // Without a name it is the first, which is well, and then all others are done.
    let targets = schemas(&database.url, &names);
    let mut expected = vec!["1 applied"; 5];
    expected[2] = FAILED;
    assert_eq!(words(&runner.apply_each(&targets).await), expected);
    database.remove().await;
}

#[tokio::test]
async fn each_schema_gets_its_seed_once_however_many_do_this() {
    let (database, names) = with_schemas(10).await;
    let run = || async {
        let runner = runner!(Postgres, WHERE_ON_POSTGRES, fails_in("none"));
        let targets = schemas(&database.url, &names);
        // As an app does it, which boots on several threads.
        let applied = tokio::spawn(async move { runner.apply_each(&targets).await });
        applied.await.unwrap()
    };
    let (one, other, third) = tokio::join!(run(), run(), run());
    let reports = || {
        let all = [&one, &other, &third].into_iter().flatten();
        all.map(|outcome| outcome.result.as_ref().unwrap().as_ref().unwrap())
    };
    assert_eq!(reports().count(), 30);
    let applied: usize = reports().map(|report| report.applied.len()).sum();
    assert_eq!(applied, 10);
    let markers = names.iter().map(|name| {
        format!(
            "SELECT id FROM {name}.kumiko_es_operations WHERE operation_type = 'seed-migration'"
        )
    });
    let markers = markers.collect::<Vec<_>>().join(" UNION ALL ");
    assert_eq!(database.texts(&markers).await.len(), 10);
    database.remove().await;
}

/// One that its client has closed is listed until the server is done with it, so twice as many may be.
#[tokio::test]
async fn there_are_no_more_connections_than_asked_for() {
    const PARALLEL: usize = 3;
    let (database, names) = with_schemas(40).await;
    let runner = runner!(Postgres, WHERE_ON_POSTGRES, fails_in("none"));
    let targets = schemas(&database.url, &names).parallel(PARALLEL);
    let most = Mutex::new(0);
    let watch = async {
        let count = "SELECT CAST(count(*) AS text) FROM pg_stat_activity
                     WHERE application_name = 'many' AND datname = current_database()";
        loop {
            let count: usize = database.text(count).await.parse().unwrap();
            let mut most = most.lock().unwrap();
            *most = count.max(*most);
        }
    };
    let twice = async {
        runner.apply_each(&targets).await;
        runner.apply_each(&targets).await
    };
    let outcomes = tokio::select! {
        outcomes = twice => outcomes,
        never = watch => never,
    };
    assert_eq!(words(&outcomes), ["nothing"; 40]);
    let most = *most.lock().unwrap();
    assert!((2..=2 * PARALLEL).contains(&most), "{most}");
    database.remove().await;
}

#[tokio::test]
async fn what_is_not_done_when_it_is_stopped_is_not_attempted() {
    let (database, names) = with_schemas(4).await;
    let hanging = Arc::new(Notify::new());
    let grants: Seed<Postgres> = seed("2026-01-01-grant", |ctx| {
        Box::pin(async move {
            let place = ctx.db().await?.fetch_one(WHERE_ON_POSTGRES).await?;
            if place.get::<String, _>(0) == "t003" {
                ctx.app::<Arc<Notify>>().unwrap().notify_one();
                return std::future::pending().await;
            }
            Ok(())
        })
    });
    let runner = SeedRunner::new(vec![grants].leak()).with(hanging.clone());
    let targets = schemas(&database.url, &names);
    let outcomes = runner.apply_each_until(&targets, hanging.notified()).await;
    assert_eq!(
        words(&outcomes),
        [
            "1 applied",
            "1 applied",
            "the run was told to stop",
            "not attempted"
        ]
    );
    assert!(
        matches!(&outcomes[2].result, Some(Err(stopped)) if matches!(stopped.error, Error::Stopped))
    );

    // Nothing begins after that, not even a look.
    let outcomes = runner.apply_each_until(&targets, async {}).await;
    assert_eq!(words(&outcomes), ["not attempted"; 4]);
    database.remove().await;
}

#[tokio::test]
async fn what_is_in_no_such_schema_is_done_nowhere() {
    let (database, _) = with_schemas(0).await;
    let names = ["t'; \"x\\ y".to_owned(), "gone".to_owned()];
    database.execute("CREATE SCHEMA \"t'; \"\"x\\ y\"").await;
    let runner = runner!(Postgres, WHERE_ON_POSTGRES, fails_in("none"));
    let outcomes = runner.apply_each(&schemas(&database.url, &names)).await;
    assert_eq!(
        words(&outcomes),
        ["1 applied", "the connection is not in schema gone"]
    );
    let Some(Err(stopped)) = &outcomes[1].result else {
        panic!("{outcomes:?}");
    };
    assert_eq!(
        stopped.error.remedy().unwrap(),
        "does the schema gone exist, and has the role USAGE on it? or else a pooler in front of PostgreSQL refuses or \
         drops the options of connections, and a schema is one; connect to the server itself for this"
    );
    let tables =
        "SELECT CAST(schemaname AS text) FROM pg_tables WHERE tablename LIKE 'kumiko%' GROUP BY 1";
    assert_eq!(database.texts(tables).await, names[..1]);
    database.remove().await;
}
