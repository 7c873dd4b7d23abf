//! `faultline config`: what is in force and where each setting comes from, whether it is right, and an example.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::{Args, Subcommand};
use faultline_enricher::knowledge::Knowledge;
use faultline_platform::config::{self, Loaded, Origin};
use faultline_platform::telemetry;
use serde_json::json;
use toml::{Table, Value};

use super::{output, receivers};
use crate::arguments::GlobalArguments;
use crate::exit::Usage;
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  faultline config default > faultline.toml           every setting, explained, at its default
  faultline --config faultline.toml config check      exit code 2 and the place where something is wrong
  faultline --config faultline.toml config show       what is in force, and where each setting comes from
  FAULTLINE__KAFKA__BROKERS=kafka:9092 faultline config show --json | jq .settings.kafka";

/// What `faultline config` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ConfigArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the settings in force, secrets masked, each with where it was set
    #[command(after_help = EXAMPLES)]
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Check file, environment and flags; exit code 2 where something is wrong
    #[command(after_help = EXAMPLES)]
    Check,
    /// Print every setting at its default, explained, as a file to start from
    #[command(after_help = EXAMPLES)]
    Default,
}

pub(crate) fn run(arguments: &ConfigArguments, global: &GlobalArguments) -> anyhow::Result<()> {
    match arguments.action {
        Action::Show { json } => show(global, json),
        Action::Check => check(global),
        Action::Default => output::text(&config::example::<Settings>()),
    }
}

fn check(global: &GlobalArguments) -> anyhow::Result<()> {
    let settings = Settings::load(global)?;
    telemetry::init(&settings.common.log).map_err(|error| Usage(format!("{error:#}")))?;
    if let Some(folder) = &settings.enricher.knowledge_dir {
        Knowledge::load(Some(folder))?;
    }
    receivers::check(&settings)?;
    match &global.config {
        Some(path) => output::text(&format!("the settings are right: {}, environment and flags\n", path.display())),
        None => output::text("the settings are right: environment and flags; no file was named (--config)\n"),
    }
}

fn show(global: &GlobalArguments, as_json: bool) -> anyhow::Result<()> {
    let loaded = Settings::load_with_origins(global)?;
    let table = config::masked(&loaded.value);
    let origins = origins(&loaded, &table);
    if as_json {
        let origins: BTreeMap<&String, String> =
            origins.iter().map(|(key, origin)| (key, origin.to_string())).collect();
        return output::json(&json!({"settings": table, "origins": origins}));
    }
    output::text(&render(&table, &origins))
}

/// Where each setting shown was set, by its full name.
/// Settings whose defaults follow the bundled broker.
const SUITED: [&str; 4] = [
    "topics.partitions",
    "enricher.events",
    "kafka.client.fetch.wait.max.ms",
    "kafka.client.max.in.flight.requests.per.connection",
];

fn origins(loaded: &Loaded<Settings>, table: &Table) -> BTreeMap<String, String> {
    let mut origins = BTreeMap::new();
    collect(table, "", loaded, &mut origins);
    let brokers = "kafka.brokers";
    if *loaded.origin(brokers) == Origin::Default && loaded.value.bundled_broker {
        origins.insert(brokers.to_owned(), "the bundled broker's address, broker.listen".to_owned());
    }
    if loaded.value.bundled_broker {
        for key in SUITED {
            if inherited(key, loaded) == &Origin::Default && origins.contains_key(key) {
                origins.insert(key.to_owned(), "default, to suit the bundled broker".to_owned());
            }
        }
    }
    origins
}

fn collect(table: &Table, key: &str, loaded: &Loaded<Settings>, origins: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let full = join(key, name);
        match value {
            Value::Table(inner) => collect(inner, &full, loaded, origins),
            _ => {
                let origin = match loaded.origin(&full) {
                    Origin::Default => inherited(&full, loaded),
                    origin => origin,
                };
                origins.insert(full, origin.to_string());
            }
        }
    }
}

/// A whole section may have been set by one flag or variable.
fn inherited<'l>(key: &str, loaded: &'l Loaded<Settings>) -> &'l Origin {
    let mut section = key;
    while let Some((outer, _)) = section.rsplit_once('.') {
        section = outer;
        match loaded.origin(section) {
            // Its own lines are known: this one is not among them.
            Origin::Default | Origin::File { .. } => {}
            origin => return origin,
        }
    }
    &Origin::Default
}

fn join(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}

/// TOML that reads back as the settings (but for secrets), each with its origin behind it.
fn render(table: &Table, origins: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    write_section(&mut out, "", "", table, origins);
    out.trim_start().to_owned()
}

/// `heading` is the section's name as TOML writes it, `key` as origins have it.
fn write_section(out: &mut String, heading: &str, key: &str, table: &Table, origins: &BTreeMap<String, String>) {
    let values: Vec<(&String, &Value)> = table.iter().filter(|(_, value)| !is_section(value)).collect();
    if !heading.is_empty() && (!values.is_empty() || table.is_empty()) {
        writeln!(out, "\n[{heading}]").ok();
    }
    let lines: Vec<(String, &str)> = values
        .iter()
        .map(|(name, value)| {
            let origin = origins.get(&join(key, name)).map_or("", String::as_str);
            (format!("{} = {value}", toml_key(name)), origin)
        })
        .collect();
    let width = lines.iter().map(|(line, _)| line.chars().count()).filter(|width| *width <= 60).max().unwrap_or(0);
    for (line, origin) in lines {
        writeln!(out, "{line:width$}  # {origin}").ok();
    }
    for (name, value) in table.iter().filter(|(_, value)| is_section(value)) {
        if let Value::Table(inner) = value {
            write_section(out, &join(heading, &toml_key(name)), &join(key, name), inner, origins);
        }
    }
}

fn is_section(value: &Value) -> bool {
    value.is_table()
}

/// Quoted where TOML wants it: names with dots.
fn toml_key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if is_bare { name.to_owned() } else { Value::String(name.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn arguments(overrides: &[(&str, &str)]) -> GlobalArguments {
        let overrides = overrides.iter().map(|(key, value)| ((*key).to_owned(), Value::String((*value).to_owned())));
        GlobalArguments { overrides: overrides.collect(), ..GlobalArguments::default() }
    }

    #[test]
    fn what_is_shown_says_where_it_comes_from_reads_back_and_holds_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("faultline.toml");
        let content = "[topics]\nprefix = \"news\"\n\n[[producer.sources]]\nid = \"desk\"\npath = \"desk.jsonl\"\n";
        std::fs::write(&file, content).unwrap();
        let mut global = arguments(&[
            ("sink.url", "postgres://u:hunter2@db/news"),
            ("kafka.client.sasl.password", "hunter2"),
            ("broker.listen", "127.0.0.1:7777"),
        ]);
        global.config = Some(file.clone());
        let loaded = Settings::load_with_origins(&global).unwrap();
        let table = config::masked(&loaded.value);
        let shown = render(&table, &origins(&loaded, &table));
        for expected in [
            format!("prefix = \"news\"  # {}:2", file.display()),
            "\"sasl.password\" = \"***\"  # command line".to_owned(),
            "partitions = 1  # default, to suit the bundled broker".to_owned(),
            "brokers = \"127.0.0.1:7777\"".to_owned(),
            "# the bundled broker's address, broker.listen".to_owned(),
        ] {
            let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
            let expected = expected.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(shown.contains(&expected), "no {expected:?} in\n{shown}");
        }
        assert!(shown.contains("url = \"***\"") && !shown.contains("hunter2"), "{shown}");
        assert_eq!(shown.parse::<Table>().unwrap(), table);
        assert_eq!(table["producer"]["sources"][0]["id"].as_str(), Some("desk"));
    }

    #[test]
    fn the_example_is_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("faultline.toml");
        std::fs::write(&file, config::example::<Settings>()).unwrap();
        let global = GlobalArguments { config: Some(file), ..GlobalArguments::default() };
        let read = Settings::load_with_origins(&global).unwrap().value;
        assert_eq!(config::masked(&read), config::masked(&Settings::load(&arguments(&[])).unwrap()));
    }
}
