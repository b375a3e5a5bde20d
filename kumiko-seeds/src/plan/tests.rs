use super::*;

/// A seed, or the marker of one, of this source.
type Row = (&'static str, Source<'static>);

const A: Source<'_> = Source::Known("aaaa");
const B: Source<'_> = Source::Known("bbbb");

fn plan_of(app: &App, compiled: &[Row], applied: &[Row]) -> Plan<'static> {
    let compiled = compiled.iter().map(|(id, source)| Compiled {
        id,
        hashes: Hashes::of(source.hash(), None),
        is_here: true,
        may_be_late: false,
        replaces: &[],
    });
    let applied = applied.iter().map(|(ledger_id, source)| Applied {
        ledger_id,
        source: *source,
    });
    plan(app, compiled, applied)
}

/// With sources that nobody knows.
fn plan_of_ids(compiled: &[&'static str], applied: &[&'static str]) -> Plan<'static> {
    let unknown = |ids: &[&'static str]| -> Vec<Row> {
        ids.iter().map(|id| (*id, Source::Unknown)).collect()
    };
    plan_of(&App::default(), &unknown(compiled), &unknown(applied))
}

#[test]
fn pending_is_what_is_compiled_and_not_applied_in_byte_order() {
    let compiled = ["2026-01-03-c", "2026-01-01-a", "2026-01-02-b"];
    let plan = plan_of_ids(&compiled, &["2026-01-01-a"]);
    let pending = vec!["2026-01-02-b", "2026-01-03-c"];
    assert_eq!(
        plan,
        Plan {
            pending,
            ..Plan::default()
        }
    );
}

#[test]
fn missing_is_what_is_applied_and_not_compiled() {
    let applied = ["2026-01-09-gone", "2026-01-01-a", "2025-12-31-gone"];
    let plan = plan_of_ids(&["2026-01-01-a"], &applied);
    assert_eq!(plan.pending, [""; 0]);
    assert_eq!(plan.missing, ["2025-12-31-gone", "2026-01-09-gone"]);
}

#[test]
fn out_of_order_is_pending_before_the_greatest_applied_even_if_that_is_missing() {
    let compiled = ["2026-01-01-a", "2026-01-02-b", "2026-01-06-f"];
    let plan = plan_of_ids(&compiled, &["2026-01-05-gone", "2026-01-02-b"]);
    assert_eq!(plan.pending, ["2026-01-01-a", "2026-01-06-f"]);
    let late = Pair {
        id: "2026-01-01-a",
        other: "2026-01-05-gone",
    };
    assert_eq!(plan.out_of_order, [late]);
}

#[test]
fn byte_order_puts_a_hyphen_before_a_letter_and_a_prefix_first() {
    let compiled = ["2026-01-01-ab", "2026-01-01-a-b", "2026-01-01-a"];
    let plan = plan_of_ids(&compiled, &[]);
    assert_eq!(
        plan.pending,
        ["2026-01-01-a", "2026-01-01-a-b", "2026-01-01-ab"]
    );
}

#[test]
fn what_another_service_applied_is_nobody_s_concern() {
    let compiled = [("2026-01-01-a", A), ("2026-01-02-b", B)];
    let applied = [
        ("2026-01-01-a", Source::Foreign),
        ("2026-12-31-theirs", Source::Foreign),
    ];
    assert_eq!(
        plan_of(&App::default(), &compiled, &applied),
        Plan {
            pending: vec!["2026-01-02-b"],
            foreign: vec!["2026-12-31-theirs"],
            ..Plan::default()
        }
    );
}

#[test]
fn another_source_under_the_same_id_is_a_change() {
    let compiled = [("1-a", A), ("2-b", B), ("3-c", Source::Unknown)];
    let applied = [("1-a", B), ("2-b", Source::Unknown), ("3-c", A)];
    assert_eq!(
        plan_of(&App::default(), &compiled, &applied),
        Plan {
            changed: vec!["1-a"],
            ..Plan::default()
        }
    );
}

#[test]
fn a_renamed_file_is_known_by_its_source_before_and_after_it_is_marked() {
    let pair = |id, other| Pair { id, other };
    let app = App::default();
    let renamed = plan_of(&app, &[("2-new", A), ("3-other", B)], &[("1-old", A)]);
    assert_eq!(
        renamed,
        Plan {
            pending: vec!["2-new", "3-other"],
            renamed: vec![pair("2-new", "1-old")],
            missing: vec!["1-old"],
            ..Plan::default()
        }
    );
    let marked = plan_of(&app, &[("2-new", A)], &[("1-old", A), ("2-new", A)]);
    assert_eq!(
        marked,
        Plan {
            former: vec![pair("1-old", "2-new")],
            ..Plan::default()
        }
    );
    // A copy is no renamed file.
    let copy = plan_of(&app, &[("1-old", A), ("2-copy", A)], &[("1-old", A)]);
    assert_eq!(copy.renamed, []);
}

#[test]
fn the_seeds_of_an_app_are_its_own() {
    let compiled = [("1-a", A), ("2-b", B)];
    let applied = [("billing/1-a", A), ("billing/9-gone", B), ("shop/2-b", B)];
    let billing = plan_of(&App::named("billing"), &compiled, &applied);
    assert_eq!(billing.pending, ["2-b"]);
    assert_eq!(billing.missing, ["9-gone"]);
    let unnamed = plan_of(&App::default(), &compiled, &applied);
    assert_eq!(
        unnamed,
        Plan {
            pending: vec!["1-a", "2-b"],
            ..Plan::default()
        }
    );
}

#[test]
fn an_app_that_takes_a_name_keeps_what_is_certainly_its_own() {
    let compiled = [("1-a", A), ("2-b", B), ("3-c", A), ("4-d", B)];
    let applied = [
        ("1-a", A),
        ("2-b", A),
        ("3-c", Source::Foreign),
        ("5-another", Source::Unknown),
        ("6-another", Source::Foreign),
    ];
    assert_eq!(
        plan_of(&App::named("billing"), &compiled, &applied),
        Plan {
            pending: vec!["2-b", "3-c", "4-d"],
            contested: vec!["2-b", "3-c"],
            unnamed: vec!["1-a"],
            ..Plan::default()
        }
    );
}

#[test]
fn an_operation_is_pending_in_its_newest_version_alone_and_has_no_date() {
    let seed = "2026-01-01-a";
    let [first, second, other] = [
        "projection-rebuild/users/2",
        "projection-rebuild/users/10",
        "projection-rebuild/gone/1",
    ];
    let applied = [first, other];
    let plan = plan_of_ids(&[seed, second], &applied);
    assert_eq!(plan.pending, [seed, second]);
    assert_eq!((plan.missing, plan.out_of_order), (vec![], vec![]));
    // A release that is older than what is applied has nothing to do, and is told.
    let plan = plan_of_ids(&[first], &[second]);
    assert_eq!((plan.pending, plan.missing), (vec![], vec![second]));
    let plan = plan_of_ids(&[second], &[first, second]);
    assert_eq!((plan.pending, plan.missing), (vec![], vec![]));
}

/// Markers have the hash of the code, or that of the text.
#[test]
fn either_hash_of_a_source_is_its_own() {
    const NEW: &str = "tokens:aaaa";
    const OLD: &str = "aaaa";
    let app = App::default();
    let seed = |id, code, text| Compiled {
        id,
        hashes: Hashes::of(Some(code), Some(text)),
        is_here: true,
        may_be_late: false,
        replaces: &[],
    };
    let marker = |ledger_id, hash| Applied {
        ledger_id,
        source: Source::Known(hash),
    };
    for hash in [NEW, OLD] {
        // A comment was edited since: the text is another one.
        let edited = seed("2026-01-02-b", NEW, "bbbb");
        let is_changed = hash == OLD;
        let changed = plan(&app, [edited], [marker("2026-01-02-b", hash)]).changed;
        assert_eq!(!changed.is_empty(), is_changed, "{hash}");
        let same = || seed("2026-01-02-b", NEW, OLD);
        assert_eq!(
            plan(&app, [same()], [marker("2026-01-02-b", hash)]).changed,
            [""; 0]
        );
        let renamed = plan(&app, [same()], [marker("2026-01-01-a", hash)]).renamed;
        assert_eq!(renamed.len(), 1, "{hash}");
        for other in [NEW, OLD] {
            let markers = [marker("2026-01-01-a", hash), marker("2026-01-02-b", other)];
            let former = plan(&app, [same()], markers).former;
            assert_eq!(former.len(), 1, "{hash}, {other}");
        }
        let billing = App::named("billing");
        let unnamed = plan(&billing, [same()], [marker("2026-01-02-b", hash)]);
        assert_eq!(
            (unnamed.unnamed.len(), unnamed.contested.len()),
            (1, 0),
            "{hash}"
        );
    }
    let unknown = seed("2026-01-02-b", "", "");
    assert_eq!(
        plan(&app, [unknown], [marker("2026-01-02-b", OLD)]).changed,
        [""; 0]
    );
    assert_eq!(
        plan(&app, [unknown], [marker("2026-01-01-a", "")]).renamed,
        []
    );
}

#[test]
fn what_is_for_other_environments_is_not_pending_but_may_be_applied() {
    let seed = |id, is_here| Compiled {
        id,
        hashes: Hashes::of(Some("aaaa"), None),
        is_here,
        may_be_late: false,
        replaces: &[],
    };
    let app = App::named("shop");
    let marker = |(ledger_id, source)| Applied { ledger_id, source };
    let compiled = [
        seed("2026-01-01-a", false),
        seed("2026-01-02-b", false),
        seed("2026-01-03-c", false),
        seed("2026-01-04-d", true),
    ];
    let applied = [
        ("shop/2026-01-02-b", B),
        ("2026-01-03-c", B),
        ("shop/2026-01-09-z", Source::Unknown),
    ];
    let applied = applied.map(marker);
    let plan = plan(&app, compiled, applied);
    assert_eq!(plan.not_here, ["2026-01-01-a", "2026-01-03-c"]);
    assert_eq!(plan.pending, ["2026-01-04-d"]);
    assert_eq!(plan.contested, [""; 0]);
    assert_eq!(plan.changed, ["2026-01-02-b"]);
    assert_eq!(plan.missing, ["2026-01-09-z"]);
    let late: Vec<&str> = plan.out_of_order.iter().map(|pair| pair.id).collect();
    assert_eq!(late, ["2026-01-04-d"]);
}

#[test]
fn a_seed_that_may_be_late_is_not_out_of_order() {
    let seed = |id, may_be_late| Compiled {
        id,
        hashes: Hashes::default(),
        is_here: true,
        may_be_late,
        replaces: &[],
    };
    let compiled = [
        seed("2026-01-01-a", true),
        seed("2026-01-02-b", false),
        seed("2026-01-06-f", true),
    ];
    let applied = Applied {
        ledger_id: "2026-01-05-e",
        source: Source::Foreign,
    };
    let own = Applied {
        ledger_id: "2026-01-04-d",
        source: Source::Unknown,
    };
    let plan = plan(&App::default(), compiled, [applied, own]);
    let pair = |id| Pair {
        id,
        other: "2026-01-04-d",
    };
    assert_eq!(plan.pending.len(), 3);
    assert_eq!(plan.late, [pair("2026-01-01-a")]);
    assert_eq!(plan.out_of_order, [pair("2026-01-02-b")]);
}

#[test]
fn what_is_replaced_is_served_unless_a_part_of_it_is_applied() {
    const X: &str = "2026-02-01-x";
    const REPLACED: [&str; 2] = ["2026-01-01-a", "2026-01-02-b"];
    let seed = |id, replaces| Compiled {
        id,
        hashes: Hashes::default(),
        is_here: true,
        may_be_late: false,
        replaces,
    };
    let [a, b] = REPLACED;
    let later = "2026-03-01-z";
    let of = |applied: &[&'static str]| {
        let applied = applied.iter().map(|ledger_id| Applied {
            ledger_id,
            source: Source::Unknown,
        });
        let compiled = [seed(a, &[]), seed(b, &[]), seed(X, &REPLACED)];
        plan(&App::default(), compiled, applied)
    };
    let none = of(&[]);
    assert_eq!((none.pending, none.replaced), (vec![X], REPLACED.to_vec()));
    assert_eq!((none.half_replaced, none.recorded), (vec![], vec![]));

    // It runs nothing, so it is late for nothing.
    let all = of(&[a, b, later]);
    assert_eq!((all.pending, all.recorded), (vec![X], vec![X]));
    assert_eq!((all.replaced, all.out_of_order), (vec![], vec![]));
    assert_eq!(of(&[later]).out_of_order.len(), 1);

    let some = of(&[a]);
    assert_eq!((some.pending, some.half_replaced), (vec![b, X], vec![X]));

    let served = of(&[X]);
    assert_eq!(
        (served.pending, served.replaced),
        (vec![], REPLACED.to_vec())
    );
}
