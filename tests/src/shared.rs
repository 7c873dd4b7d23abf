//! The folder of labelled data and seeds beside the checkout, which a stranger's clone does not have.

use std::path::{Path, PathBuf};

/// A file of the shared folder, or none where this clone has no such folder: the caller then skips, which this says.
#[must_use]
pub fn file(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    skip(&format!("needs ../shared/{name}, which is not beside this checkout"));
    None
}

/// Says in plain sight that a test is skipped, and why.
pub fn skip(why: &str) {
    println!("SKIPPED: {why}");
}
