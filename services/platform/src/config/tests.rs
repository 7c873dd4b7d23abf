use std::{io::Write as _, path::PathBuf};

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::settings::Common;

/// As the command line composes them: shared settings at the top, a table for each role.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Settings {
    #[serde(flatten)]
    common: Common,
    /// What the store needs.
    store: Store,
}

/// What the store needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Store {
    /// Where it is.
    url: Secret,
    /// How long articles are kept.
    retention_days: Option<u32>,
    /// Folders to watch.
    folders: Vec<String>,
    /// What is read.
    sources: Vec<Source>,
    /// Who reads, by name.
    readers: BTreeMap<String, Reader>,
}

/// Who reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Reader {
    /// A person.
    Person(Person),
    /// A program.
    Program(Program),
}

/// A person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Person {
    /// Where they live.
    address: String,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Program {
    /// How long it may take.
    seconds: u32,
}

impl Default for Program {
    fn default() -> Self {
        Self { seconds: 10 }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self {
            url: "sqlite".into(),
            retention_days: None,
            folders: vec!["news".to_owned()],
            sources: Vec::new(),
            readers: BTreeMap::new(),
        }
    }
}

/// One source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Source {
    /// Its name.
    id: String,
    /// How it is read.
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Kind {
    /// A file.
    File {
        /// Which file.
        path: PathBuf,
    },
    /// Standard input.
    Stdin,
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().prefix("faultline").suffix(".toml").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn load_text(text: &str) -> Result<Loaded<Settings>, ConfigError> {
    load(Some(file(text).path()), [], &[])
}

fn load_variable(name: &str, value: &str) -> Result<Loaded<Settings>, ConfigError> {
    load(None, [(name.to_owned(), value.to_owned())], &[])
}

#[test]
fn nothing_set_is_the_default() {
    assert_eq!(load::<Settings>(None, [], &[]).unwrap().value, Settings::default());
    assert_eq!(load_text("").unwrap().value, Settings::default());
}

#[test]
fn the_command_line_goes_before_the_environment_and_that_before_the_file() {
    let file = file("data_dir = \"a\"\n[kafka]\nbrokers = \"file:1\"\nclient_id = \"file\"\ngroup_prefix = \"file\"\n");
    let variables = [
        ("FAULTLINE__KAFKA__CLIENT_ID".to_owned(), "variable".to_owned()),
        ("FAULTLINE__KAFKA__GROUP_PREFIX".to_owned(), "variable".to_owned()),
        ("FAULTLINE_CONFIG".to_owned(), "not a setting".to_owned()),
    ];
    let overrides = [("kafka.group_prefix".to_owned(), Value::String("flag".to_owned()))];
    let loaded: Loaded<Settings> = load(Some(file.path()), variables, &overrides).unwrap();
    let kafka = &loaded.value.common.kafka;
    assert_eq!((&*kafka.brokers, &*kafka.client_id, &*kafka.group_prefix), ("file:1", "variable", "flag"));
    let path = file.path().to_owned();
    assert_eq!(*loaded.origin("kafka.brokers"), Origin::File { path, line: 3 });
    assert_eq!(*loaded.origin("kafka.client_id"), Origin::Environment("FAULTLINE__KAFKA__CLIENT_ID".to_owned()));
    assert_eq!(*loaded.origin("kafka.group_prefix"), Origin::CommandLine);
    assert_eq!(*loaded.origin("topics.prefix"), Origin::Default);
}

#[test]
fn a_typo_in_the_file_names_the_line_and_the_nearest_setting() {
    for (text, line, key, nearest) in [
        ("\n[kafka]\nbroker = \"x\"", 3, "kafka.broker", "kafka.brokers"),
        ("[kafak]\nbrokers = \"x\"", 1, "kafak", "kafka"),
        ("brokers = \"x\"", 1, "brokers", "kafka.brokers"),
        ("[log]\nlevel = \"x\"\n[stroe]\n", 2, "log.level", "log.filter"),
        ("[store]\nretention = 3", 2, "store.retention", "store.retention_days"),
        (
            "[[store.sources]]\nid = \"a\"\nkind = \"file\"\npaht = \"x\"",
            4,
            "store.sources[0].paht",
            "store.sources[].path",
        ),
        (
            "[store.readers.bot]\nkind = \"program\"\nsecons = 3",
            3,
            "store.readers.bot.secons",
            "store.readers.bot.seconds",
        ),
    ] {
        let error = load_text(text).unwrap_err();
        let ConfigError::Unknown { origin: Origin::File { line: at, .. }, key: of, nearest: like } = &error else {
            panic!("{text}: {error}")
        };
        assert_eq!((*at, &**of, &**like), (line, key, nearest), "{text}");
    }
}

#[test]
fn a_typo_in_the_environment_or_in_a_flag_names_it_and_the_nearest_setting() {
    let error = load_variable("FAULTLINE__KAFKA__BROKRES", "x").unwrap_err().to_string();
    for part in ["FAULTLINE__KAFKA__BROKRES", "\"kafka.brokres\"", "\"kafka.brokers\""] {
        assert!(error.contains(part), "{part} is missing from {error}");
    }
    let error =
        load::<Settings>(None, [], &[("topics.partition".to_owned(), Value::Integer(1))]).unwrap_err().to_string();
    assert!(error.contains("command line") && error.contains("topics.partitions"), "{error}");
    let error = load_variable("FAULTLINE__KAFKA__BROKERS__FIRST", "x").unwrap_err().to_string();
    assert!(error.contains("kafka.brokers.first"), "{error}");
}

#[test]
fn environment_values_are_read_as_what_the_setting_is() {
    let load_one = |name: &str, value: &str| load_variable(name, value).unwrap().value;
    assert_eq!(load_one("FAULTLINE__TOPICS__PARTITIONS", "12").common.topics.partitions, 12);
    assert_eq!(load_one("FAULTLINE__DEAD_LETTERS__BREAKER_RATIO", "1").common.dead_letters.breaker_ratio, 1.0);
    assert!(!load_one("FAULTLINE__TOPICS__CREATE", "false").common.topics.create);
    assert_eq!(load_one("FAULTLINE__KAFKA__CLIENT_ID", "12").common.kafka.client_id, "12");
    assert_eq!(load_one("FAULTLINE__KAFKA__INSTANCE_ID", "a").common.kafka.instance_id.as_deref(), Some("a"));
    assert_eq!(load_one("FAULTLINE__ADMIN__LISTEN", "").common.admin.listen.as_deref(), Some(""));
    assert_eq!(load_one("FAULTLINE__STORE__RETENTION_DAYS", "30").store.retention_days, Some(30));
    assert_eq!(load_one("FAULTLINE__STORE__RETENTION_DAYS", "").store.retention_days, None);
    assert_eq!(load_one("FAULTLINE__STORE__FOLDERS", "a, b").store.folders, ["a", "b"]);
    assert_eq!(load_one("FAULTLINE__STORE__FOLDERS", "[\"a,b\"]").store.folders, ["a,b"]);
    assert_eq!(load_one("FAULTLINE__STORE__URL", "postgres://u:p@h/d").store.url.expose(), "postgres://u:p@h/d");
    let client = load_one("FAULTLINE__KAFKA__CLIENT__SECURITY__PROTOCOL", "SSL").common.kafka.client;
    assert_eq!(client.into_iter().collect::<Vec<_>>(), [("security.protocol".to_owned(), "SSL".to_owned())]);
    let sources = "[{id = \"a\", kind = \"file\", path = \"x\"}]";
    assert_eq!(load_one("FAULTLINE__STORE__SOURCES", sources).store.sources[0].kind, Kind::File { path: "x".into() });
}

#[test]
fn a_wrong_type_names_the_key_what_was_found_and_what_is_expected() {
    for (text, parts) in [
        ("[topics]\npartitions = \"six\"", [":2", "topics.partitions", "\"six\"", "whole number"]),
        ("[topics]\ncreate = 1", [":2", "topics.create", "1", "true or false"]),
        ("[kafka]\nbrokers = [\"a\", \"b\"]", [":2", "kafka.brokers", "a list", "a text"]),
        ("kafka = \"a\"", [":1", "kafka", "\"a\"", "a table"]),
        ("[store]\nfolders = [\"a\", 1]", [":2", "store.folders[1]", "1", "a text"]),
        ("[topics]\npartitions = 0", [":2", "topics.partitions", "0", "at least 1"]),
        ("[topics]\npartitions = -1", [":2", "topics.partitions", "-1", "at least 1"]),
        ("[topics]\npartitions = 200000", [":2", "topics.partitions", "200000", "at most 100000"]),
        (
            "[consume]\nbatch_messages = 5000000000",
            [":2", "consume.batch_messages", "5000000000", "at most 4294967295"],
        ),
        ("[log]\nformat = \"jsn\"", [":2", "log.format", "\"jsn\"", "\"json\""]),
        (
            "[store.readers.bot]\nkind = \"person\"\nseconds = 3",
            [":3", "unknown", "\"store.readers.bot.seconds\"", "nearest known one is \"store.readers.bot."],
        ),
        ("[store.readers.bot]\nkind = \"prog\"", [":2", "store.readers.bot.kind", "\"prog\"", "\"program\""]),
        ("[store.readers.bot]\nseconds = 3", [":2", "store.readers.bot.kind", "not set", "\"program\""]),
        (
            "[store.readers.bot]\nkind = \"program\"\nseconds = \"x\"",
            [":3", "store.readers.bot.seconds", "\"x\"", "a whole number"],
        ),
        ("[kafka.client]\nsasl.password = \"x\"", [":2", "kafka.client.sasl", "a table", "in quotes"]),
    ] {
        let error = load_text(text).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{part} is missing from {error}");
        }
    }
    let error = load_variable("FAULTLINE__TOPICS__PARTITIONS", "many").unwrap_err().to_string();
    for part in ["FAULTLINE__TOPICS__PARTITIONS", "topics.partitions", "\"many\"", "whole number"] {
        assert!(error.contains(part), "{part} is missing from {error}");
    }
}

#[test]
fn what_is_not_toml_names_line_and_column_and_a_missing_file_its_path() {
    let error = load_text("[kafka]\nbrokers = \n").unwrap_err();
    assert!(matches!(error, ConfigError::Syntax { line: 2, .. }), "{error}");
    let error = load::<Settings>(Some(Path::new("no-such-folder/faultline.toml")), [], &[]).unwrap_err().to_string();
    assert!(error.contains("no-such-folder/faultline.toml"), "{error}");
}

#[test]
fn secrets_are_masked_in_tables_debug_and_errors() {
    let text =
        "[store]\nurl = \"hidden1\"\n[kafka.client]\n\"sasl.password\" = \"hidden2\"\n\"sasl.username\" = \"shown\"\n";
    let loaded = load_text(text).unwrap();
    for shown in [masked(&loaded.value).to_string(), format!("{:?}", loaded.value)] {
        assert!(!shown.contains("hidden"), "{shown}");
        assert!(shown.contains(MASK) && shown.contains("shown"), "{shown}");
    }
    let error = load_text("[store]\nurl = [\"hidden\"]").unwrap_err().to_string();
    assert!(!error.contains("hidden") && error.contains("store.url"), "{error}");
}

#[test]
fn the_example_changes_nothing_and_explains_every_setting() {
    let text = example::<Settings>();
    assert_eq!(load_text(&text).unwrap().value, Settings::default(), "{text}");
    for part in [
        "[kafka]",
        "#brokers = \"127.0.0.1:9092\"",
        "# Addresses to start from",
        "[kafka.client]",
        "#[[store.sources]]",
    ] {
        assert!(text.contains(part), "{part} is missing from {text}");
    }
    let lines: Vec<&str> = text.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        assert!(line.chars().count() <= 120, "too long: {line}");
        let is_setting = line.starts_with('#') && line[1..].starts_with(|c: char| c.is_alphabetic());
        assert!(!is_setting || lines[number - 1].starts_with("# "), "{line} is not explained");
    }
}

#[test]
fn the_example_with_every_setting_taken_out_of_its_comment_is_valid_and_at_the_default() {
    let text: String = example::<Settings>()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if setting.starts_with(|c: char| c.is_alphabetic() || c == '[') => format!("{setting}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let mut loaded = load_text(&text).unwrap_or_else(|error| panic!("{error}\n{text}")).value;
    let default = Settings::default();
    assert_eq!(loaded.store.sources.len(), 1);
    assert_eq!(loaded.store.readers["program"], Reader::Program(Program::default()));
    // What has no default, or none that may be shown.
    loaded.store = default.store.clone();
    loaded.common.kafka.instance_id = None;
    assert_eq!(loaded, default);
}

proptest! {
    #[test]
    fn no_file_makes_loading_panic(text in "\\PC{0,60}", key in "[a-z.]{1,12}", value in "\\PC{0,12}") {
        let _loaded = load_text(&text).is_ok();
        let _loaded = load_text(&format!("{key} = {value}")).is_ok();
    }

    #[test]
    fn no_variable_makes_loading_panic(name in "[A-Za-z_]{0,24}", value in "\\PC{0,24}") {
        let _loaded = load_variable(&format!("FAULTLINE__{name}"), &value).is_ok();
        for known in ["TOPICS__PARTITIONS", "STORE__FOLDERS", "STORE__SOURCES", "KAFKA__CLIENT__A", "LOG__FORMAT"] {
            let _loaded = load_variable(&format!("FAULTLINE__{known}"), &value).is_ok();
        }
    }

    #[test]
    fn any_text_in_the_environment_arrives_unchanged(value in "\\PC{0,40}") {
        let loaded = load_variable("FAULTLINE__KAFKA__CLIENT_ID", &value).unwrap();
        prop_assert_eq!(loaded.value.common.kafka.client_id, value);
    }
}
