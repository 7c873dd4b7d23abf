//! The rules to begin with, which the program carries with it.

use std::path::Path;

use anyhow::Context as _;
use include_dir::{Dir, include_dir};

use crate::exit::Usage;

/// Rules, their tests and the lists of words that they share.
static PACK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../deploy/rules");

/// Writes the rules to begin with into a folder that is not there yet, or empty.
///
/// # Errors
/// [`Usage`] where something lies there already.
pub(crate) fn write(folder: &Path) -> anyhow::Result<()> {
    let is_taken = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if is_taken || folder.is_file() {
        return Err(Usage(format!("{} is there already: name a folder that is not", folder.display())).into());
    }
    let failed = || format!("failed to write rules to {}", folder.display());
    std::fs::create_dir_all(folder).with_context(failed)?;
    PACK.extract(folder).with_context(failed)
}
