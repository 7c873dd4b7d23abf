//! SIGTERM ends a role in order and in time; a second one ends it at once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use faultline_tests::{
    faultline::Installation,
    process::{self, Process},
    stack::{self, Stack},
};

const GOOD: &str = r#"{"id": "good", "title": "Talks", "text": "Serbia and Kosovo resumed talks in Brussels."}"#;
/// Longer than any role's deadline in these tests, with the margin that it has beyond it, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn log(installation: &Installation, role: &str) -> String {
    std::fs::read_to_string(installation.log(role)).unwrap()
}

fn wait_for(installation: &Installation, role: &str, words: &str) {
    process::eventually(&format!("{role} says {words:?}"), PATIENCE, || log(installation, role).contains(words))
        .unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
}

/// Both roles with an article stored, so that each is a member of its group with something behind it.
fn working(installation: &Installation) -> [(&'static str, Process); 2] {
    let (enricher, sink) = stack::start_roles(installation).unwrap();
    let file = installation.folder().join("good.jsonl");
    std::fs::write(&file, GOOD).unwrap();
    installation.must(&["ingest", file.to_str().unwrap(), "--wait"]).unwrap();
    [("enricher", enricher), ("sink", sink)]
}

#[test]
fn sigterm_ends_a_role_in_order_a_second_one_at_once_and_neither_waits_for_a_broker_that_hangs() {
    let stack = Stack::bundled().unwrap();
    let installation = stack.install().unwrap();
    for (role, mut process) in working(&installation) {
        process.signal("TERM");
        assert_eq!(process.wait(PATIENCE).unwrap().code(), Some(0), "{role}\n{}", installation.logs());
        assert!(log(&installation, role).contains("a second signal ends it at once"), "{}", installation.logs());
    }

    // A frozen broker takes connections and answers nothing: leaving in order cannot succeed.
    let roles = working(&installation);
    stack.signal_broker("STOP");
    let [(_, mut enricher), (_, mut sink)] = roles;
    enricher.signal("TERM");
    sink.signal("TERM");
    let asked = Instant::now();
    process::eventually("the second request", PATIENCE, || {
        log(&installation, "enricher").matches("a second signal ends it at once").count() == 2
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
    enricher.signal("TERM");
    let ended = enricher.wait(Duration::from_secs(2));
    assert_eq!(ended.unwrap().code(), Some(1), "{}", installation.logs());
    wait_for(&installation, "enricher", "ended at once: what was in hand is not finished");

    sink.wait(PATIENCE).unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(18), "shutdown_deadline_ms is 10 s, with a margin of 5: it took {took:?}");
    stack.signal_broker("CONT");
}
