//! What the analysis is to know: the bundled lists, or those of a folder in their place.

use std::{
    fs,
    path::{Path, PathBuf},
};

use faultline_analysis::{Analyzer, KnowledgeFiles, Problem, UnknownFile};

/// Bad entries that a message names; the rest is counted.
const TOLD: usize = 20;
/// Ending of the lists; other files in the folder are none of ours.
const ENDING: &str = "tsv";

/// Why the lists of a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// The folder or a list in it cannot be read.
    #[error("failed to read the knowledge in {}: {source}: name a folder of lists in UTF-8", path.display())]
    Unreadable {
        /// Folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Nothing in the folder takes the place of anything.
    #[error("no knowledge in {}: put lists there that take the place of bundled ones: {names}", folder.display())]
    NoLists {
        /// Folder looked in.
        folder: PathBuf,
        /// Names that lists can have, with commas.
        names: String,
    },
    /// A list that has no counterpart: most likely a misspelt name.
    #[error("the knowledge in {} holds a list that nothing reads: {unknown}", folder.display())]
    Unknown {
        /// Folder looked in.
        folder: PathBuf,
        /// The name, and those that there are.
        unknown: UnknownFile,
    },
    /// Entries that cannot be read.
    #[error("bad entries in the knowledge ({count}), correct them:{told}")]
    BadEntries {
        /// How many.
        count: usize,
        /// The first of them with file and line, each on a line of its own.
        told: String,
    },
}

/// Lists without a bad entry, ready to read with.
pub struct Knowledge {
    /// Reads with these lists.
    pub analyzer: Analyzer,
    /// Names of the lists that came from the folder, sorted.
    pub replaced: Vec<String>,
    /// Names of all lists.
    pub names: Vec<&'static str>,
    /// Identifies the lists, as in the provenance of what is read with them.
    pub hash: String,
}

impl Knowledge {
    /// Reads and checks the bundled lists, with each that `folder` holds in the place of the bundled one of that name.
    ///
    /// # Errors
    /// [`KnowledgeError`], which names every place that is wrong.
    pub fn load(folder: Option<&Path>) -> Result<Self, KnowledgeError> {
        let mut files = KnowledgeFiles::bundled();
        let replaced = folder.map_or_else(|| Ok(Vec::new()), |folder| replace(&mut files, folder))?;
        let analyzer =
            Analyzer::with_knowledge(&files).map_err(|problems| bad_entries(&problems, folder, &replaced))?;
        let (names, hash) = (files.names().collect(), files.hash());
        Ok(Self { analyzer, replaced, names, hash })
    }
}

/// The analyzer that a process reads with from its start to its end: the bundled one, or one with the lists of `folder`.
///
/// # Errors
/// As [`Knowledge::load`].
pub fn analyzer(folder: Option<&Path>) -> Result<&'static Analyzer, KnowledgeError> {
    let Some(folder) = folder else { return Ok(Analyzer::bundled()) };
    let Knowledge { analyzer, replaced, hash, .. } = Knowledge::load(Some(folder))?;
    tracing::info!(folder = %folder.display(), lists = replaced.join(", "), hash, "reading with knowledge of your own");
    // Kept until the process ends, like the bundled one.
    Ok(Box::leak(Box::new(analyzer)))
}

/// Puts the folder's lists in place; their names, sorted.
fn replace(files: &mut KnowledgeFiles, folder: &Path) -> Result<Vec<String>, KnowledgeError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| KnowledgeError::Unreadable { path, source }
    };
    let mut replaced = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Hidden ones are what editors leave behind.
        if path.extension().is_none_or(|ending| ending != ENDING) || name.starts_with('.') {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
        files.replace(&name, text).map_err(|unknown| KnowledgeError::Unknown { folder: folder.to_owned(), unknown })?;
        replaced.push(name);
    }
    if replaced.is_empty() {
        let names = files.names().collect::<Vec<_>>().join(", ");
        return Err(KnowledgeError::NoLists { folder: folder.to_owned(), names });
    }
    replaced.sort();
    Ok(replaced)
}

fn bad_entries(problems: &[Problem], folder: Option<&Path>, replaced: &[String]) -> KnowledgeError {
    let mut told = String::new();
    for problem in problems.iter().take(TOLD) {
        told.push_str("\n  ");
        match folder.filter(|_| replaced.iter().any(|name| name == problem.file)) {
            Some(folder) => told.push_str(&folder.join(problem.to_string()).display().to_string()),
            // A bundled entry that refers to something which the folder's lists leave out.
            None => told.push_str(&format!("bundled {problem}")),
        }
    }
    if problems.len() > TOLD {
        told.push_str(&format!("\n  and {} more", problems.len() - TOLD));
    }
    KnowledgeError::BadEntries { count: problems.len(), told }
}
