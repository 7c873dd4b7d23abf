//! `faultline knowledge`: whether the lists that the analysis reads with are right.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use faultline_enricher::knowledge::Knowledge;
use serde_json::json;

use super::output;
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  faultline knowledge check lists                               each list there, in the place of the bundled one
  faultline knowledge check                                     those in force: enricher.knowledge_dir, or the bundled ones
  faultline --set enricher.knowledge_dir=lists enrich story.txt   read with them

The bundled lists are services/analysis/data/*.tsv in the sources, each explained at its head. Copy one, change it, and keep
its name. Exit code 2 where an entry is bad; every such entry is told with its file and line.";

/// What `faultline knowledge` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct KnowledgeArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check every entry of the lists; exit code 2 and the places where something is wrong
    #[command(after_help = EXAMPLES)]
    Check {
        /// Folder of lists that take the place of bundled ones; enricher.knowledge_dir unless given
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// When a list cannot be read or holds a bad entry.
pub(crate) fn run(arguments: &KnowledgeArguments, settings: &Settings) -> anyhow::Result<()> {
    let Action::Check { folder, json: as_json } = &arguments.action;
    let folder = folder.as_ref().or(settings.enricher.knowledge_dir.as_ref());
    let Knowledge { names, replaced, hash, .. } = Knowledge::load(folder.map(PathBuf::as_path))?;
    if *as_json {
        return output::json(&json!({"lists": names, "replaced": replaced, "hash": hash}));
    }
    let from = match folder {
        Some(folder) => format!("{} from {}", replaced.join(", "), folder.display()),
        None => "all of them bundled".to_owned(),
    };
    output::text(&format!("the {} lists are right: {from}; knowledge {hash}\n", names.len()))
}
