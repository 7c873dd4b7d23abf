//! `faultline schema`: JSON Schema of every message and of rules, and one AsyncAPI document for the topics.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use faultline_producer::push::openapi;
use faultline_schemas::generate;

use super::output;
use crate::exit::Usage;

const EXAMPLES: &str = "\
Examples:
  faultline schema                                  name the documents
  faultline schema enriched.schema.json             print one
  faultline schema asyncapi.json > asyncapi.json
  faultline schema --write schemas/generated        write all of them";

/// What `faultline schema` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SchemaArguments {
    /// Document to print; their names where none is given
    #[arg(value_name = "NAME", conflicts_with = "write")]
    name: Option<String>,
    /// Write all documents into this folder
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
}

pub(crate) fn run(arguments: &SchemaArguments) -> anyhow::Result<()> {
    let mut files = generate::files();
    files.push(openapi::file());
    files.extend(faultline_rules::schema_files());
    let names = || files.iter().map(|(name, _)| *name);
    if let Some(folder) = &arguments.write {
        std::fs::create_dir_all(folder).with_context(|| format!("failed to make the folder {}", folder.display()))?;
        for (name, content) in &files {
            let path = folder.join(name);
            std::fs::write(&path, content).with_context(|| format!("failed to write {}", path.display()))?;
        }
        return output::text(&format!("{} documents written to {}\n", files.len(), folder.display()));
    }
    let Some(wanted) = &arguments.name else {
        return output::text(&names().map(|name| format!("{name}\n")).collect::<String>());
    };
    match files.iter().find(|(name, _)| name == wanted || name.strip_suffix(".schema.json") == Some(wanted)) {
        Some((_, content)) => output::text(content),
        None => {
            let known = names().collect::<Vec<_>>().join(", ");
            Err(Usage(format!("there is no document {wanted:?}: there are {known}")).into())
        }
    }
}
