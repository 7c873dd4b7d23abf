//! Files named on the command line.

use std::path::{Path, PathBuf};

use crate::exit::Usage;

/// Standard input, as it is named on the command line.
const STDIN: &str = "-";

pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

/// Finds what cannot be read before anything is: a slip in the last name must not come to light after hours.
///
/// # Errors
/// [`Usage`] for the first that is not there, cannot be opened, or is a folder.
pub(super) fn check(paths: &[PathBuf]) -> Result<(), Usage> {
    for path in paths.iter().filter(|path| !is_stdin(path)) {
        let shown = path.display();
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                return Err(Usage(format!(
                    "{shown} is a folder: name its files ({shown}/*.jsonl), or set it as a source in producer.sources"
                )));
            }
            Ok(_) => {}
            Err(error) => return Err(Usage(format!("failed to open {shown}: {error}"))),
        }
    }
    let named = paths.iter().filter(|path| is_stdin(path)).count();
    if named > 1 {
        return Err(Usage("standard input (-) is named more than once: it can be read only once".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_cannot_be_read_is_found_before_reading() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.jsonl");
        std::fs::write(&file, "").unwrap();
        assert!(check(&[file.clone(), STDIN.into()]).is_ok());
        for (bad, word) in [
            (vec![file.clone(), folder.path().join("missing")], "missing"),
            (vec![folder.path().to_owned()], "is a folder"),
            (vec![STDIN.into(), file, STDIN.into()], "more than once"),
        ] {
            let error = check(&bad).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
