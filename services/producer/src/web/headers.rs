//! What headers say about how long an answer stays fresh.

pub(crate) use faultline_outbound::header_text as text;
use reqwest::header::{CACHE_CONTROL, HeaderMap};

/// How many seconds the answer stays fresh by `Cache-Control: max-age`.
pub(crate) fn max_age(headers: &HeaderMap) -> Option<u32> {
    let written = text(headers, CACHE_CONTROL)?.to_ascii_lowercase();
    let mut directives = written.split(',').map(str::trim);
    if directives.clone().any(|directive| directive == "no-cache" || directive == "no-store") {
        return None;
    }
    directives.find_map(|directive| directive.strip_prefix("max-age=")?.trim_matches('"').parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_age_is_found_among_other_directives() {
        for (value, expected) in [
            ("max-age=300", Some(300)),
            ("public, Max-Age=\"60\", must-revalidate", Some(60)),
            ("no-cache, max-age=300", None),
            ("s-maxage=10", None),
            ("max-age=never", None),
        ] {
            assert_eq!(max_age(&HeaderMap::from_iter([(CACHE_CONTROL, value.parse().unwrap())])), expected, "{value}");
        }
    }
}
