//! The tools as processes, without Kafka: results, errors that say what, where and what to do, and exit codes.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use faultline_analysis::Analyzer;
use faultline_schemas::{Article, Enriched};
use faultline_sink::{Item, Position, Prepared, SinkSettings, Store};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// The program in a folder of its own, with nothing set in the environment.
fn faultline(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faultline"));
    command.current_dir(folder).env_remove("FAULTLINE_CONFIG").stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    faultline(folder).args(arguments).output().unwrap()
}

fn run_with_input(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = faultline(folder);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().ok();
    output
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn refused(output: &Output, code: i32, words: &[&str]) {
    let told = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{told}");
    assert!(told.contains("error: "), "{told}");
    for word in words {
        assert!(told.contains(word), "no {word:?} in {told}");
    }
}

/// An address where nothing listens.
fn nowhere() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("kafka.brokers={}", listener.local_addr().unwrap())
}

const COMMANDS: [&[&str]; 37] = [
    &[],
    &["up"],
    &["demo"],
    &["producer"],
    &["enricher"],
    &["sink"],
    &["ingest"],
    &["backfill"],
    &["enrich"],
    &["read"],
    &["search"],
    &["show"],
    &["sources"],
    &["sources", "list"],
    &["sources", "test"],
    &["sources", "add"],
    &["sources", "remove"],
    &["sources", "pause"],
    &["sources", "resume"],
    &["sources", "import"],
    &["sources", "export"],
    &["topics"],
    &["topics", "check"],
    &["topics", "create"],
    &["topics", "describe"],
    &["dead-letters"],
    &["dead-letters", "list"],
    &["dead-letters", "show"],
    &["dead-letters", "replay"],
    &["config"],
    &["config", "show"],
    &["config", "check"],
    &["config", "default"],
    &["knowledge"],
    &["knowledge", "check"],
    &["schema"],
    &["completions"],
];

#[test]
fn every_command_explains_itself_with_examples() {
    let folder = tempfile::tempdir().unwrap();
    for command in COMMANDS {
        let help = stdout(&run(folder.path(), &[command, &["--help"]].concat()));
        assert!(help.contains("Examples:\n  faultline"), "{command:?}: {help}");
    }
}

#[test]
fn wrong_usage_is_refused_with_code_2_and_says_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.jsonl"), "{\"text\": \"x\"}\n").unwrap();
    for (arguments, words) in [
        (&["ingest"][..], &["FILE"][..]),
        (&["ingest", "a.jsonl", "missing.jsonl"], &["missing.jsonl"]),
        (&["ingest", "."], &["is a folder", "producer.sources"]),
        (&["backfill", "missing"], &["failed to open missing"]),
        (&["backfill", ".", "--full-speed", "--backlog", "9"], &["cannot be used with"]),
        (&["enrich", "missing.jsonl"], &["missing.jsonl", "No such file"]),
        (&["enrich", "--threads", "0", "a.jsonl"], &["--threads"]),
        (&["enrich", "-", "-"], &["more than once"]),
        (&["read"], &["FILE"]),
        (&["read", "missing.txt"], &["missing.txt", "No such file"]),
        (&["search", "talks AND (deal"], &["never closed", "\n  talks AND (deal\n            ^"]),
        (&["search", "levl:high"], &["did you mean level"]),
        (&["search", "x", "--limit", "0"], &["--limit"]),
        (&["show"], &["ID"]),
        (&["dead-letters", "show", "abc"], &["PARTITION:OFFSET"]),
        (&["dead-letters", "replay"], &["--all"]),
        (&["dead-letters", "replay", "--all", "1:2"], &["--all"]),
        (&["schema", "nothing"], &["enriched.schema.json", "asyncapi.json"]),
        (&["completions", "klingon"], &["bash"]),
        (&["sources", "test", "ftp://news.example/feed"], &["https://"]),
        (&["sources", "add"], &["URL"]),
        (&["sources", "pause"], &["ID"]),
        (&["topics", "delete"], &["delete"]),
    ] {
        refused(&run(folder.path(), arguments), 2, words);
    }
}

#[test]
fn wrong_configuration_is_refused_by_every_tool_with_code_2_and_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
    file("typo.toml", "[kafka]\nbrokrs = \"x\"\n");
    file("syntax.toml", "[kafka\n");
    file("source.toml", "[[producer.sources]]\npath = \"a.jsonl\"\n");
    for (flags, words) in [
        (&["--config", "typo.toml"][..], &["typo.toml:2", "brokrs", "kafka.brokers"][..]),
        (&["--config", "syntax.toml"], &["syntax.toml:1", "not valid TOML"]),
        (&["--config", "missing.toml"], &["missing.toml"]),
        (&["--config", "source.toml"], &["producer.sources[0]", "id"]),
        (&["--set", "kafka.client.acks=all"], &["acks", "remove it"]),
        (&["--set", "kafka.client.group.id=x"], &["group.id", "kafka.group_prefix"]),
        (&["--set", "sink.url=mysql://u:hunter2@h/d"], &["sink.url", "postgres://"]),
        (&["--set", "kafka"], &["KEY=VALUE"]),
    ] {
        for command in [&["config", "check"][..], &["config", "show"], &["search", "x"], &["topics", "check"]] {
            let output = run(folder.path(), &[flags, command].concat());
            refused(&output, 2, words);
            assert!(!stderr(&output).contains("hunter2"));
        }
    }
    for command in [&["config", "check"][..], &["search", "x"]] {
        refused(&run(folder.path(), &[&["--set", "log.filter=a=b=c"], command].concat()), 2, &["log.filter"]);
    }
}

#[test]
fn what_needs_no_settings_works_whatever_they_are() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["config", "default"][..], &["schema"], &["completions", "bash"]] {
        let output = faultline(folder.path()).env("FAULTLINE__NO__SUCH", "x").args(arguments).output().unwrap();
        assert!(!stdout(&output).is_empty(), "{arguments:?}");
    }
    let script = stdout(&run(folder.path(), &["completions", "bash"]));
    assert!(script.contains("dead-letters") && script.contains("--wait"));
}

#[test]
fn settings_are_shown_with_where_they_come_from_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("f.toml"), "[topics]\nprefix = \"news\"\n").unwrap();
    let command = || {
        let mut command = faultline(folder.path());
        let not_utf8 = std::ffi::OsString::from_vec(vec![0xff, 0xfe]);
        command.env("FAULTLINE__KAFKA__CLIENT__SASL__PASSWORD", "hunter2").env("OTHER", not_utf8);
        command.args(["--config", "f.toml", "--set", "sink.url=postgres://u:hunter2@h/d", "config"]);
        command
    };
    let shown = stdout(&command().arg("show").output().unwrap());
    for expected in ["# f.toml:2", "# environment variable FAULTLINE__KAFKA__CLIENT__SASL__PASSWORD", "# command line"]
    {
        assert!(shown.contains(expected), "no {expected:?} in\n{shown}");
    }
    assert!(!shown.contains("hunter2"));
    let json: Value = serde_json::from_str(&stdout(&command().args(["show", "--json"]).output().unwrap())).unwrap();
    assert_eq!(json["settings"]["sink"]["url"], "***");
    assert_eq!(json["origins"]["topics.prefix"], "f.toml:2");
    assert!(stdout(&command().arg("check").output().unwrap()).contains("f.toml"));
}

#[test]
fn schemas_are_named_printed_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let names = stdout(&run(folder.path(), &["schema"]));
    assert!(names.lines().any(|name| name == "enriched.schema.json"));
    for name in ["enriched", "enriched.schema.json"] {
        let schema: Value = serde_json::from_str(&stdout(&run(folder.path(), &["schema", name]))).unwrap();
        assert_eq!(schema["title"], "Enriched");
    }
    stdout(&run(folder.path(), &["schema", "--write", "new/folder"]));
    for (name, content) in faultline_schemas::generate::files() {
        assert_eq!(std::fs::read_to_string(folder.path().join("new/folder").join(name)).unwrap(), content);
    }
}

#[test]
fn enrich_writes_a_line_an_article_in_order_and_explains_the_rest_with_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let lines = ["{\"id\": \"a\", \"text\": \"Troops crossed the border.\"}", "{\"text\": ", "{\"text\": \" \"}"];
    std::fs::write(folder.path().join("a.jsonl"), lines.join("\n")).unwrap();
    std::fs::write(folder.path().join("b.txt"), "Talks resumed in Brussels.").unwrap();
    let output = run(folder.path(), &["enrich", "a.jsonl", "b.txt"]);
    refused(&output, 1, &["a.jsonl: line 2, column", "a.jsonl: line 3", "2 of the inputs are no articles"]);
    let tagged: Vec<Enriched> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let texts: Vec<&str> = tagged.iter().map(|article| article.text.as_str()).collect();
    assert_eq!(texts, ["Troops crossed the border.", "Talks resumed in Brussels."]);
}

#[test]
fn read_shows_each_article_on_the_terminal_or_on_one_page() {
    let folder = tempfile::tempdir().unwrap();
    let text = "Serbia threatened to send troops into Kosovo. “We will defend ourselves,” Albin Kurti said.";
    let shown = stdout(&run_with_input(folder.path(), &["read", "-"], text.as_bytes()));
    for expected in ["[Serbia]", "{↑", "Quotes", "Albin Kurti said: “We will defend ourselves”"] {
        assert!(shown.contains(expected), "no {expected:?} in\n{shown}");
    }
    let page = stdout(&run_with_input(folder.path(), &["read", "--html", "-"], text.as_bytes()));
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "{page}");
    assert_eq!(page.matches("<article").count(), 1);
    refused(&run_with_input(folder.path(), &["read", "-"], b""), 1, &["no article"]);
}

#[test]
fn enrich_keeps_the_order_on_many_threads_and_names_near_repeats() {
    let folder = tempfile::tempdir().unwrap();
    let story =
        "Police fired tear gas at protesters who blocked the main road to the border crossing on Monday evening.";
    let line = |number: usize| {
        let text =
            if number % 10 == 3 { story.to_owned() } else { format!("Report {number}. ").repeat(number % 70 + 1) };
        format!("{}\n", serde_json::json!({"id": format!("n{number}"), "text": text}))
    };
    let input: String = (0..1_000).map(line).collect();
    let output = run_with_input(folder.path(), &["enrich", "--threads", "8", "-"], input.as_bytes());
    let tagged: Vec<Enriched> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<String> = tagged.iter().map(|article| article.article.id.clone()).collect();
    assert_eq!(ids, (0..1_000).map(|number| format!("n{number}")).collect::<Vec<_>>());
    assert_eq!(tagged[3].fingerprint.duplicate_of, None);
    assert_eq!(tagged[993].fingerprint.duplicate_of.as_deref(), Some("n3"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("{{\"text\": \"{}\"}}\n", "Talks resumed. ".repeat(200));
    std::fs::write(folder.path().join("a.jsonl"), line.repeat(300)).unwrap();
    for arguments in [&["enrich", "a.jsonl"][..], &["config", "default"], &["schema", "enriched"]] {
        let mut command = faultline(folder.path());
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{arguments:?}");
    }
}

#[test]
fn a_full_disk_is_a_failure() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        eprintln!("skipped: no /dev/full");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.jsonl"), "{\"text\": \"Talks resumed.\"}\n").unwrap();
    for arguments in [&["config", "default"][..], &["enrich", "a.jsonl"]] {
        let output = faultline(folder.path()).args(arguments).stdout(full.try_clone().unwrap()).output().unwrap();
        refused(&output, 1, &["failed to write to standard output"]);
    }
}

#[test]
fn without_a_database_search_and_show_say_how_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["search", "talks"][..], &["show", "a1"]] {
        refused(&run(folder.path(), arguments), 1, &["no database", "faultline up", "sink.url"]);
    }
    assert!(!folder.path().join("faultline-data").exists(), "reading made a folder");
}

#[test]
fn without_kafka_tools_fail_with_its_address_and_the_setting() {
    let folder = tempfile::tempdir().unwrap();
    let brokers = nowhere();
    for arguments in [
        &["topics", "check"][..],
        &["topics", "create"],
        &["topics", "describe"],
        &["dead-letters", "list"],
        &["dead-letters", "replay", "--all"],
        &["sources", "list"],
        &["sources", "add", "--unchecked", "https://news.example/feed"],
        &["sources", "export"],
    ] {
        let output = run(folder.path(), &[&["--set", brokers.as_str()], arguments].concat());
        refused(&output, 1, &[brokers.strip_prefix("kafka.brokers=").unwrap(), "kafka.brokers", "refused"]);
    }
}

#[test]
fn ingest_waits_for_kafka_until_it_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.jsonl"), "{\"text\": \"Talks resumed.\"}\n").unwrap();
    let mut command = faultline(folder.path());
    command.args(["--set", &nowhere(), "ingest", "a.jsonl"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("kafka.brokers"), "{first}");
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::TERM).unwrap();
    let last = lines.map(Result::unwrap).last().unwrap();
    assert!(last.starts_with("error: stopped before all was taken in"), "{last}");
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

/// A data folder with a database that holds two revisions of an article, and another article.
fn stored() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let article = |id: &str, revision: &str, title: &str, text: &str| Article {
        id: id.into(),
        revision: revision.into(),
        title: Some(title.into()),
        text: text.into(),
        source: Some("example.org".into()),
        published_at: Some("2022-12-26T20:00:00Z".into()),
        fetched_at: Some(format!("2022-12-26T20:00:0{}Z", revision.len())),
        ..Article::default()
    };
    let text = "Serbia put its army on high alert and threatened to send troops across the border into Kosovo.";
    let articles = [
        article("a1", "r", "Army on alert", "Serbia put its army on alert."),
        article("a1", "r2", "Army on high alert", text),
        article("b1", "r", "A quiet day", "The museum opened a new wing."),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&SinkSettings::default(), folder.path()).await.unwrap();
        let item = |(offset, article): (usize, &Article)| Item {
            position: Position {
                topic: Arc::from("faultline.enriched"),
                partition: 0,
                offset: i64::try_from(offset).unwrap(),
                restarted: false,
            },
            rows: Prepared::new(
                &serde_json::to_vec(&Analyzer::bundled().enrich(article)).unwrap(),
                store.dialect(),
                1_672_084_800_000,
            )
            .unwrap(),
        };
        let items: Vec<Item> = articles.iter().enumerate().map(item).collect();
        store.write("sink", &items).await.unwrap();
        store.close().await;
    });
    folder
}

#[test]
fn search_finds_articles_and_their_strongest_signal() {
    let data = stored();
    let search = |arguments: &[&str]| {
        let folder = data.path().to_str().unwrap();
        stdout(&run(data.path(), &[&["--data-dir", folder, "search"], arguments].concat()))
    };
    let table = search(&["army", "source:example.org"]);
    for expected in ["2022-12-26", "Army on high alert", "example.org", "↑", "“", "a1", "1 of 1 article"] {
        assert!(table.contains(expected), "no {expected:?} in\n{table}");
    }
    assert_eq!(search(&["zeppelin"]), "nothing found\n");
    let json: Value = serde_json::from_str(&search(&["", "--limit", "1", "--json"])).unwrap();
    assert_eq!((&json["found"], json["articles"].as_array().unwrap().len()), (&Value::from(2), 1));
    assert_eq!(json["articles"][0]["at"], "2022-12-26T20:00:00Z");
}

#[test]
fn show_explains_an_article_and_names_its_revisions() {
    let data = stored();
    let folder = data.path().to_str().unwrap();
    let shown = stdout(&run(data.path(), &["--data-dir", folder, "show", "a1"]));
    for expected in ["Army on high alert", "[Serbia]", "{↑", "Why ", "Actors", "shown here", "2 revisions"] {
        assert!(shown.contains(expected), "no {expected:?} in\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "colours in a pipe");
    let json: Value =
        serde_json::from_str(&stdout(&run(data.path(), &["--data-dir", folder, "show", "a1", "--json"]))).unwrap();
    assert_eq!((&json["article"]["article"]["id"], &json["revisions"][1]["current"]), (&"a1".into(), &true.into()));
    refused(&run(data.path(), &["--data-dir", folder, "show", "zz"]), 1, &["\"zz\"", "faultline search"]);
}

const OWN_TENSION: &str =
    "id\tcategory\tdirection\tweight\tcameo\tpattern\nown\tthreat_of_force\tescalation\t0.9\t\tgrumbled";

#[test]
fn lists_of_a_folder_take_the_place_of_the_bundled_ones_and_change_what_is_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("lists")).unwrap();
    std::fs::write(folder.path().join("lists/tension.tsv"), OWN_TENSION).unwrap();
    std::fs::write(folder.path().join("lists/README.md"), "none of the lists").unwrap();
    let bundled = stdout(&run(folder.path(), &["knowledge", "check"]));
    let own = stdout(&run(folder.path(), &["knowledge", "check", "lists"]));
    assert!(bundled.contains("all of them bundled") && own.contains("tension.tsv from lists"), "{bundled}{own}");
    assert_ne!(bundled.split(' ').next_back(), own.split(' ').next_back(), "the same hash for other lists");

    let article = br#"{"text": "Serbia grumbled. Troops invaded the north."}"#;
    let flag = ["--set", "enricher.knowledge_dir=lists"];
    let rules = |arguments: &[&str]| {
        let line = stdout(&run_with_input(folder.path(), &[arguments, &["enrich", "-"]].concat(), article));
        let read: Enriched = serde_json::from_str(&line).unwrap();
        read.escalation.signals.into_iter().map(|signal| signal.rule).collect::<Vec<_>>()
    };
    assert_eq!(rules(&flag).iter().filter(|rule| *rule == "own").count(), 1);
    assert!(!rules(&[]).contains(&"own".to_owned()));
}

#[test]
fn bad_knowledge_is_wrong_configuration_and_is_told_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    file("weight/tension.tsv", format!("# head\n{}\n", OWN_TENSION.replace("0.9", "9")).as_bytes());
    file("name/tensions.tsv", b"");
    file("bytes/tension.tsv", b"caf\xe9");
    file("empty/notes.txt", b"");
    for (lists, words) in [
        ("weight", &["weight/tension.tsv:3: weight is \"9\"", "bad entries in the knowledge (1)"][..]),
        ("name", &["tensions.tsv", "tension.tsv"]),
        ("bytes", &["bytes/tension.tsv", "UTF-8"]),
        ("empty", &["no knowledge in empty", "tension.tsv"]),
        ("missing", &["missing", "No such file"]),
    ] {
        refused(&run(folder.path(), &["knowledge", "check", lists]), 2, words);
        let set = format!("enricher.knowledge_dir={lists}");
        for command in [&["config", "check"][..], &["knowledge", "check"], &["enrich", "-"], &["enricher"]] {
            let output = run(folder.path(), &[&["--set", &set, "--set", "admin.listen="], command].concat());
            refused(&output, 2, words);
        }
    }
}

/// The rules to begin with, and the bundled articles.
fn starter(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name).to_str().unwrap().to_owned()
}

#[test]
fn the_starter_rules_are_right_and_each_has_a_test_that_passes() {
    let folder = TempDir::new().unwrap();
    let rules = starter("deploy/rules");
    assert!(stdout(&run(folder.path(), &["rules", "check", &rules])).contains("rules are right"));
    let tested = stdout(&run(folder.path(), &["rules", "test", &rules]));
    assert!(tested.contains("tests passed") && !tested.contains("without a test"), "{tested}");
}

#[test]
fn the_starter_rules_find_the_days_on_which_the_dispute_rose_and_none_in_sport() {
    let folder = TempDir::new().unwrap();
    let (rules, articles) = (starter("deploy/rules"), starter("services/cli/demo/articles.jsonl"));
    // One line of the bundled articles is broken on purpose.
    let backtest = |rule: &str| -> Vec<Value> {
        let output = run(folder.path(), &["rules", "backtest", rule, &articles, "--rules", &rules, "--json"]);
        let alerts: Vec<Value> = serde_json::from_str(&stdout(&output)).unwrap();
        alerts.into_iter().filter(|alert| alert["state"] == "firing").collect()
    };
    let days = |rule: &str| -> Vec<String> {
        backtest(rule).iter().map(|alert| alert["starts_at"].as_str().unwrap()[..10].to_owned()).collect()
    };
    let dispute = days("kosovo-serbia");
    assert!(
        dispute.contains(&"2022-07-31".to_owned()) && dispute.iter().any(|day| day.starts_with("2022-12")),
        "{dispute:?}"
    );
    let shown = run(folder.path(), &["rules", "backtest", "kosovo-serbia", &articles, "--rules", &rules]);
    let readme = std::fs::read_to_string(starter("README.md")).unwrap();
    assert!(readme.contains(stdout(&shown).trim_end()), "the README shows something else than\n{}", stdout(&shown));
    let barricades = days("kosovo-barricades");
    assert!(
        barricades.iter().any(|day| day.starts_with("2022-08-0")) && barricades.contains(&"2022-12-11".to_owned()),
        "{barricades:?}"
    );
    for rule in [
        "kosovo-serbia",
        "kosovo-barricades",
        "dyad-force",
        "mobilisation",
        "unrest",
        "ceasefire-in-danger",
        "new-hostile-dyad",
    ] {
        for alert in backtest(rule) {
            for report in alert["evidence"].as_array().unwrap() {
                let source = report["source"].as_str().unwrap();
                let is_calm = ["continental-sport", "market-lines", "labnotes", "paper-and-stage"]
                    .iter()
                    .any(|calm| source.starts_with(calm));
                assert!(!is_calm, "{rule} on {report}");
            }
        }
    }
}

#[test]
fn a_rule_says_which_part_of_it_holds_of_an_article() {
    let folder = TempDir::new().unwrap();
    let rules = starter("deploy/rules");
    let article = "Armenia rejected Azerbaijan's proposal and walked out of the peace talks in Vienna.";
    let explain = |rule: &str| {
        stdout(&run_with_input(folder.path(), &["rules", "explain", rule, "-", "--rules", &rules], article.as_bytes()))
    };
    let broken_off = explain("talks-break-down");
    assert!(broken_off.contains("talks-break-down matches") && broken_off.contains("(“talks”)"), "{broken_off}");
    let matched = run_with_input(folder.path(), &["rules", "match", "-", "--rules", &rules], article.as_bytes());
    assert!(stdout(&matched).contains("talks-break-down\n"), "{}", stdout(&matched));
    let sanctions = explain("sanctions");
    assert!(sanctions.contains("does not match") && sanctions.contains("no     signal: sanctions"), "{sanctions}");
}

#[test]
fn rules_with_mistakes_are_refused_with_every_place() {
    let folder = TempDir::new().unwrap();
    refused(&run(folder.path(), &["rules", "check"]), 2, &["no folder or file of rules rules", "faultline rules init"]);
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    let text = "rules:\n  - {id: a, title: x, severity: high, match: {signal: tlaks, level: hihg}}\n";
    std::fs::write(folder.path().join("rules/a.yaml"), text).unwrap();
    let words = ["2 mistakes", "rules/a.yaml:2:55", "did you mean talks", "rules/a.yaml:2:69", "did you mean high"];
    refused(&run(folder.path(), &["rules", "check"]), 2, &words);
    std::fs::write(folder.path().join("rules/a.yaml"), text.replace("tlaks", "talks").replace("hihg", "high")).unwrap();
    assert!(stdout(&run(folder.path(), &["rules", "check"])).contains("1 rule is right"));
    refused(&run(folder.path(), &["rules", "test"]), 1, &["no tests in rules", ".test.yaml"]);
    std::fs::write(folder.path().join("rules/a.test.yaml"), "tests:\n  - {name: n, rule: b, articles: []}\n").unwrap();
    refused(&run(folder.path(), &["rules", "test"]), 2, &["rules/a.test.yaml:2:21", "is no rule"]);
}

#[test]
fn the_rules_to_begin_with_are_written_once_are_right_and_can_be_tuned() {
    let folder = TempDir::new().unwrap();
    assert!(stdout(&run(folder.path(), &["rules", "init"])).contains("rules with their tests are in rules"));
    refused(&run(folder.path(), &["rules", "init"]), 2, &["rules is there already"]);
    assert!(stdout(&run(folder.path(), &["rules", "check"])).contains("rules are right"));
    let articles = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/articles.jsonl");
    let tuned = stdout(&run(folder.path(), &["rules", "tune", "kosovo-serbia", articles]));
    let alerts = |threshold: &str| -> Option<usize> {
        let line = tuned.lines().find(|line| line.split_whitespace().next() == Some(threshold))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    assert_eq!(alerts("2"), Some(7), "as the backtest has it: {tuned}");
    assert!(alerts("1") > alerts("3") && tuned.contains("as it is"), "{tuned}");
    refused(&run(folder.path(), &["rules", "tune", "source-silent", articles]), 2, &["no threshold to tune"]);
}
