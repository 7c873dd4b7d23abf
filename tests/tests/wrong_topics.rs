//! Topics that somebody made otherwise than the settings say, on a real Apache Kafka.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use faultline_schemas::topic;
use faultline_tests::{
    faultline::Installation,
    process,
    stack::{self, Stack},
};

const PATIENCE: Duration = Duration::from_secs(30);
const GOOD: &str = r#"{"id": "good", "title": "Talks", "text": "Serbia and Kosovo resumed talks in Brussels."}"#;

/// What `faultline topics check` says on both outputs, with its exit code.
fn check(installation: &Installation) -> (Option<i32>, String) {
    let output = installation.run(&["topics", "check"]).unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(told).unwrap())
}

#[test]
fn topics_with_wrong_settings_are_told_with_the_way_to_put_them_right_and_left_as_they_are() {
    let stack = Stack::apache().unwrap();
    let installation = stack.install().unwrap();
    // The installation's settings say two partitions.
    installation.must(&["--set", "topics.partitions=1", "topics", "create"]).unwrap();
    let enriched = installation.common().topics.name(&topic::ENRICHED);
    stack.configure_topic(&enriched, "cleanup.policy=compact").unwrap();
    stack.configure_topic(&enriched, "max.message.bytes=1000").unwrap();

    let (code, told) = check(&installation);
    assert_eq!(code, Some(1), "{told}");
    for expected in [
        format!("{enriched} has partitions 1, expected 2"),
        format!("--topic {enriched} --partitions 2; or set topics.partitions = 1"),
        format!("{enriched} has cleanup.policy compact, expected delete"),
        format!("--entity-name {enriched} --add-config cleanup.policy=delete"),
        format!("{enriched} has max.message.bytes 1000, expected "),
        format!("--entity-name {enriched} --add-config max.message.bytes="),
    ] {
        assert!(told.contains(&expected), "no {expected:?} in {told}");
    }

    // The roles say the same at start, and go on while it does no harm.
    let (mut enricher, mut sink) = stack::start_roles(&installation).unwrap();
    let log = || std::fs::read_to_string(installation.log("enricher")).unwrap();
    process::eventually("the enricher warns", PATIENCE, || {
        let log = log();
        ["cleanup.policy=delete", "max.message.bytes=", "left as it is"].iter().all(|words| log.contains(words))
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
    assert!(enricher.is_running() && sink.is_running(), "{}", installation.logs());

    // A tagged article larger than its topic takes stops the enricher, and is neither lost nor a dead letter: the topic is
    // what is wrong, for every article to come.
    let file = installation.folder().join("good.jsonl");
    std::fs::write(&file, GOOD).unwrap();
    installation.must(&["ingest", file.to_str().unwrap()]).unwrap();
    let status = enricher.wait(PATIENCE).unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
    assert_eq!(status.code(), Some(1), "{}", installation.logs());
    let told = format!("to {enriched}: larger than kafka.message_max_bytes or the topic's max.message.bytes");
    assert!(log().contains(&told), "{}", installation.logs());
    assert!(stack::messages(&installation, &topic::DEAD_LETTERS).unwrap().is_empty());

    // What was told puts it right.
    stack.configure_topic(&enriched, "cleanup.policy=delete").unwrap();
    let size = installation.common().kafka.message_max_bytes;
    stack.configure_topic(&enriched, &format!("max.message.bytes={size}")).unwrap();
    let told = installation.must(&["--set", "topics.partitions=1", "topics", "check"]).unwrap();
    assert_eq!(told, "all topics are there and as the settings say\n");
    let _enricher = installation.role("enricher", &["enricher"]).unwrap();
    stack::wait_stored(&installation, 1, PATIENCE).unwrap();
}
