//! Articles handed in over HTTP: what was acknowledged is on the topic, whatever happens to the producer and to Kafka.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use faultline_schemas::topic;
use faultline_tests::{
    faultline::Installation,
    http::{self, Answer},
    process::{self, Process},
    stack::{self, Stack},
};

const PATIENCE: Duration = Duration::from_secs(60);
const CLIENTS: usize = 4;
const BATCH: usize = 10;

struct Served<'i> {
    installation: &'i Installation,
    address: String,
}

impl Served<'_> {
    fn new(installation: &Installation) -> Served<'_> {
        Served { installation, address: format!("127.0.0.1:{}", process::free_port().unwrap()) }
    }

    fn start(&self) -> Process {
        let listen = format!("producer.push.listen={}", self.address);
        let producer = self.installation.role("producer", &["--set", &listen, "producer"]).unwrap();
        process::eventually("articles can be handed in", PATIENCE, || {
            http::request(&self.address, "GET", "/v1/openapi.json", &[], b"").is_ok_and(|answer| answer.status == 200)
        })
        .unwrap_or_else(|error| panic!("{error:#}\n{}", self.installation.logs()));
        producer
    }

    fn post(&self, headers: &[(&str, &str)], body: &[u8]) -> anyhow::Result<Answer> {
        let mut all = vec![("Content-Type", "application/x-ndjson")];
        all.extend_from_slice(headers);
        http::request(&self.address, "POST", "/v1/articles", &all, body)
    }

    /// Hands in batches until told to stop, each again and again until it is answered 200. Returns the ids that were answered for.
    fn push_until(&self, client: usize, done: &AtomicBool) -> Vec<String> {
        let mut acknowledged = Vec::new();
        for batch in 0.. {
            if done.load(Ordering::Relaxed) {
                break;
            }
            let line = |n: usize| {
                format!("{{\"id\": \"c{client}-b{batch}-{n}\", \"text\": \"Talks {client} {batch} {n}.\"}}\n")
            };
            let body: String = (0..BATCH).map(line).collect();
            let key = format!("{client}-{batch}");
            let until = Instant::now() + PATIENCE;
            let answer = loop {
                match self.post(&[("Idempotency-Key", &key)], body.as_bytes()) {
                    Ok(answer) if answer.status == 200 => break answer,
                    other => assert!(Instant::now() < until, "{other:?}\n{}", self.installation.logs()),
                }
                std::thread::sleep(Duration::from_millis(20));
            };
            let results = answer.json().unwrap()["results"].as_array().unwrap().clone();
            assert_eq!(results.len(), BATCH);
            acknowledged.extend(results.iter().map(|result| result["id"].as_str().unwrap().to_owned()));
        }
        acknowledged
    }
}

fn ids_on_the_topic(installation: &Installation) -> HashSet<String> {
    let messages = stack::messages(installation, &topic::ARTICLES).unwrap();
    messages.into_iter().map(|message| String::from_utf8(message.key.unwrap()).unwrap()).collect()
}

/// Hands articles in from several clients while `disturb` does what it does; all that was acknowledged must be there.
fn nothing_acknowledged_is_lost(served: &Served<'_>, disturb: impl FnOnce()) {
    let done = AtomicBool::new(false);
    let acknowledged: Vec<String> = std::thread::scope(|scope| {
        let push = |client| served.push_until(client, &done);
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || push(client))).collect();
        disturb();
        done.store(true, Ordering::Relaxed);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let there = ids_on_the_topic(served.installation);
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !there.contains(*id)).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {:?}", lost.len(), acknowledged.len(), &lost[..lost.len().min(5)]);
    assert!(acknowledged.len() > CLIENTS * BATCH, "only {} were handed in", acknowledged.len());
}

fn killed_producers_lose_nothing(stack: &Stack) {
    let installation = stack.install().unwrap();
    let served = Served::new(&installation);
    let mut producer = served.start();
    nothing_acknowledged_is_lost(&served, || {
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(rand::random_range(300..900)));
            producer.kill();
            producer = served.start();
        }
        std::thread::sleep(Duration::from_millis(300));
    });
}

#[test]
fn what_was_acknowledged_survives_kills_of_the_producer_bundled() {
    killed_producers_lose_nothing(&Stack::bundled().unwrap());
}

#[test]
fn what_was_acknowledged_survives_kills_of_the_producer_apache() {
    killed_producers_lose_nothing(&Stack::apache().unwrap());
}

#[test]
fn while_kafka_is_away_nothing_is_acknowledged_and_a_token_is_asked_for_once_there_is_one() {
    let mut stack = Stack::bundled().unwrap();
    let installation = stack.install().unwrap();
    let served = Served::new(&installation);
    let _producer = served.start();
    let away = Duration::from_secs(1);
    let mut asking = None;
    stack
        .restart_broker_and(away, || {
            let (asked, address) = (Instant::now(), served.address.clone());
            asking = Some(std::thread::spawn(move || {
                let headers = [("Content-Type", "application/json")];
                let answer =
                    http::request(&address, "POST", "/v1/articles", &headers, br#"{"id": "away", "text": "Talks."}"#);
                (answer, asked.elapsed())
            }));
        })
        .unwrap();
    let (answer, took) = asking.unwrap().join().unwrap();
    let answer = answer.unwrap();
    assert_eq!(answer.status, 200, "{}\n{}", answer.body, installation.logs());
    assert!(took >= away, "answered after {took:?}, when Kafka was away");
    assert!(ids_on_the_topic(&installation).contains("away"));

    let token = installation.must(&["tokens", "add", "desk"]).unwrap();
    let body = br#"{"text": "Talks went on."}"#;
    assert_eq!(served.post(&[], body).unwrap().status, 401);
    let bearer = format!("Bearer {}", token.trim());
    assert_eq!(served.post(&[("Authorization", &bearer)], body).unwrap().status, 200);
    assert!(installation.must(&["tokens", "list"]).unwrap().contains("desk"));
    installation.must(&["tokens", "revoke", "desk"]).unwrap();
    assert_eq!(served.post(&[("Authorization", &bearer)], body).unwrap().status, 401);
    assert!(!installation.logs().contains(token.trim()), "a token is in a log");
}
