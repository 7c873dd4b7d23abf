//! A database that is full or locked, on the whole path: articles wait, nothing is lost or doubled, and the log says
//! what to do. And what the stored offsets are for.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc,
    time::Duration,
};

use faultline_platform::{Publisher, Record};
use faultline_schemas::{header, topic};
use faultline_sink::{SinkSettings, Store};
use faultline_tests::{
    faultline::{BundledBroker, Installation, Store as Place, binary},
    postgres::Postgres,
    process::{self, Process},
    shared,
    stack::{self, Stack},
};

const PATIENCE: Duration = Duration::from_secs(60);

/// Articles that differ, as a file to ingest.
fn articles(folder: &Path, count: usize) -> PathBuf {
    let path = folder.join("articles.jsonl");
    let line = |n: usize| {
        let words: Vec<String> = (0..400).map(|word| format!("{:x}", (n * 7919 + word) * 104_729)).collect();
        format!(r#"{{"id": "a{n}", "text": "Serbia threatened Kosovo for the {n}th time. {}"}}"#, words.join(" "))
    };
    std::fs::write(&path, (0..count).map(|n| line(n) + "\n").collect::<String>()).unwrap();
    path
}

fn wait_for_line(installation: &Installation, line: &str) {
    let log = installation.log("sink");
    let says = || std::fs::read_to_string(&log).unwrap_or_default().contains(line);
    process::eventually(&format!("the sink says {line:?}"), PATIENCE, says)
        .unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
}

fn assert_no_dead_letters(installation: &Installation) {
    assert!(stack::messages(installation, &topic::DEAD_LETTERS).unwrap().is_empty(), "{}", installation.logs());
}

/// A command whose file system at `disk` is small, and has 3 MB left beside a file called `ballast`; none where this
/// system lets nobody mount one. Only the command and its children see it.
fn on_a_small_disk(disk: &Path) -> Option<Command> {
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(disk);
        command
    };
    let mount = "mount -t tmpfs -o size=64m none \"$0\"";
    if !unshare(mount).output().is_ok_and(|tried| tried.status.success()) {
        shared::skip("needs a system that lets its users mount a tmpfs in a namespace of their own");
        return None;
    }
    Some(unshare(&format!("{mount} && head -c 61M /dev/zero >\"$0/ballast\" && exec \"$@\"")))
}

/// Articles in a database that only another process sees, read from a copy.
fn stored_in_view_of(process: &Process, database: &Path) -> u64 {
    let seen = |file: &Path| PathBuf::from(format!("/proc/{}/root{}", process.id(), file.display()));
    let folder = tempfile::tempdir().unwrap();
    for ending in ["", "-wal"] {
        let name = format!("{}{ending}", database.display());
        // There may be no such file yet, or no longer.
        drop(std::fs::copy(seen(Path::new(&name)), folder.path().join(format!("copy.db{ending}"))));
    }
    let url = format!("sqlite:{}", folder.path().join("copy.db").display());
    stack::block_on(async {
        let settings = SinkSettings { url: url.as_str().into(), ..SinkSettings::default() };
        let store = Store::open_existing(&settings, folder.path()).await.ok()?;
        let articles = store.stats().await.ok().map(|stats| stats.articles);
        store.close().await;
        articles
    })
    .unwrap_or(0)
}

#[test]
fn a_full_disk_is_waited_for_and_nothing_is_lost() {
    let stack = Stack::bundled().unwrap();
    let installation = stack.install().unwrap();
    let disk = installation.folder().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let Some(mut command) = on_a_small_disk(&disk) else { return };
    let database = disk.join("faultline.db");
    command.arg(binary("faultline")).arg("--config").arg(installation.config()).arg("sink");
    command.arg("--set").arg(format!("sink.url=sqlite:{}", database.display()));
    let mut sink = Process::start("sink", &mut command, &installation.log("sink")).unwrap();
    let _enricher = installation.role("enricher", &["enricher"]).unwrap();
    let file = articles(installation.folder(), 400);
    installation.must(&["ingest", file.to_str().unwrap()]).unwrap();

    wait_for_line(&installation, "the disk or its quota is full: make room there");
    let before = stored_in_view_of(&sink, &database);
    assert!(before < 400 && sink.is_running(), "{before} stored\n{}", installation.logs());

    std::fs::remove_file(format!("/proc/{}/root{}/ballast", sink.id(), disk.display())).unwrap();
    process::eventually("all articles stored", PATIENCE, || stored_in_view_of(&sink, &database) == 400)
        .unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
    wait_for_line(&installation, "database works again, nothing was lost");
    assert_no_dead_letters(&installation);
}

#[test]
fn a_full_server_is_waited_for_and_nothing_is_lost() {
    let broker = BundledBroker::start().unwrap();
    let server = Postgres::shared().unwrap();
    let database = server.create_database().unwrap();
    let installation = Installation::new(broker.address(), &Place::Url(database.url().to_owned()), "").unwrap();
    let (_enricher, _sink) = stack::start_roles(&installation).unwrap();
    wait_for_line(&installation, "storing articles");
    // What PostgreSQL says when it finds no room, whatever the cause.
    database
        .execute(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$; \
             CREATE TRIGGER no_room BEFORE INSERT ON revisions EXECUTE FUNCTION no_room()",
        )
        .unwrap();
    let file = articles(installation.folder(), 50);
    installation.must(&["ingest", file.to_str().unwrap()]).unwrap();
    wait_for_line(&installation, "the disk or its quota is full: make room there");
    assert_eq!(stack::stats(&installation).articles, 0);
    database.execute("DROP TRIGGER no_room ON revisions").unwrap();
    stack::wait_stored(&installation, 50, PATIENCE).unwrap();
    assert_eq!(stack::stats(&installation).revisions, 50);
    assert_no_dead_letters(&installation);
}

#[test]
fn a_locked_database_is_waited_for_and_nothing_is_lost() {
    let stack = Stack::bundled().unwrap();
    let installation = stack.install().unwrap();
    let (_enricher, _sink) = stack::start_roles(&installation).unwrap();
    wait_for_line(&installation, "storing articles");
    let file = articles(installation.folder(), 50);
    std::thread::scope(|scope| {
        // Longer than SQLite itself waits for a lock.
        let locked = scope.spawn(|| stack.interrupt_store(&installation, Duration::from_secs(8)));
        std::thread::sleep(Duration::from_millis(500));
        installation.must(&["ingest", file.to_str().unwrap()]).unwrap();
        wait_for_line(&installation, "another program holds its lock");
        locked.join().unwrap().unwrap();
    });
    stack::wait_stored(&installation, 50, PATIENCE).unwrap();
    assert_eq!(stack::stats(&installation).revisions, 50);
    wait_for_line(&installation, "database works again, nothing was lost");
    assert_no_dead_letters(&installation);
}

fn publish(installation: &Installation, value: &[u8]) {
    let (acknowledged, wait) = mpsc::channel();
    let record = Record {
        topic: installation.common().topics.name(&topic::ENRICHED),
        key: b"bad".to_vec(),
        payload: Some(value.to_vec()),
        headers: vec![(header::SCHEMA.to_owned(), topic::ENRICHED.schema.to_owned())],
    };
    let publisher = Publisher::new(&installation.common().kafka).unwrap();
    publisher.send(record, Box::new(move |result| acknowledged.send(result).unwrap())).unwrap();
    wait.recv_timeout(Duration::from_secs(20)).unwrap().unwrap();
}

fn letters(installation: &Installation) -> usize {
    stack::messages(installation, &topic::DEAD_LETTERS).map_or(0, |letters| letters.len())
}

#[test]
fn a_message_rejected_last_is_not_rejected_again_after_a_restart() {
    let stack = Stack::bundled().unwrap();
    let installation = stack.install().unwrap();
    let (_enricher, mut sink) = stack::start_roles(&installation).unwrap();
    let file = articles(installation.folder(), 20);
    installation.must(&["ingest", file.to_str().unwrap(), "--wait"]).unwrap();
    publish(&installation, b"no document");
    process::eventually("a dead letter", PATIENCE, || letters(&installation) == 1)
        .unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
    for _ in 0..2 {
        sink.signal("TERM");
        assert!(sink.wait(PATIENCE).unwrap().success(), "{}", installation.logs());
        sink = installation.role("sink", &["sink"]).unwrap();
        // In both partitions something new is stored, so the rejected message has been passed.
        let more = installation.folder().join("more.jsonl");
        let lines = (0..20).map(|n| format!(r#"{{"text": "Talks number {n} of {} failed."}}"#, rand::random::<u32>()));
        std::fs::write(&more, lines.map(|line| line + "\n").collect::<String>()).unwrap();
        installation.must(&["ingest", more.to_str().unwrap(), "--wait"]).unwrap();
    }
    stack::wait_stored(&installation, 60, PATIENCE).unwrap();
    assert_eq!(letters(&installation), 1, "{}", installation.logs());
}
