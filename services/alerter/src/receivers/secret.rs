//! Secrets, from files and the environment.

use std::path::Path;

use faultline_platform::config::Secret;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

/// Reads a secret called `what` from the file or the environment variable that the settings name; none where they name neither.
pub(super) fn read(what: &str, file: Option<&Path>, variable: Option<&str>) -> Result<Option<Secret>, String> {
    let (text, place) = match (file, variable) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(format!("{what}_file and {what}_env are both set: leave one out")),
        (Some(path), None) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("failed to read {what}_file {}: {error}", path.display()))?;
            (text, format!("{what}_file {}", path.display()))
        }
        (None, Some(name)) => {
            let text = std::env::var(name)
                .map_err(|_| format!("{what}_env names {name}, which is not set in the environment, or is no text"))?;
            (text, format!("{name}, which {what}_env names,"))
        }
    };
    let secret = text.trim();
    if secret.is_empty() {
        return Err(format!("{place} is empty: write the {what} into it"));
    }
    Ok(Some(Secret::new(secret)))
}

/// Adds `Authorization`, marked so that it is neither logged nor sent on to another host.
pub(super) fn authorize(headers: &mut HeaderMap, scheme: &str, credentials: &str) -> Result<(), String> {
    // The error would show nothing of it, and neither does this.
    let mut value = HeaderValue::try_from(format!("{scheme} {credentials}"))
        .map_err(|_| "the token or password has characters that no header takes".to_owned())?;
    value.set_sensitive(true);
    headers.insert(AUTHORIZATION, value);
    Ok(())
}
