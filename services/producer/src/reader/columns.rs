//! Which column of a table holds which part of an article.

use std::{io, sync::LazyLock};

use crate::settings::FieldSettings;

/// Columns that an error names.
const NAMED: usize = 40;

/// Part of an article to what others call it.
static SYNONYMS: LazyLock<Vec<(&'static str, Vec<&'static str>)>> = LazyLock::new(|| {
    let list = include_str!("../../data/column-names.txt");
    let lines = list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let of_line = |line: &'static str| {
        let (part, names) = line.split_once('=')?;
        Some((part.trim(), names.split_whitespace().collect()))
    };
    lines.filter_map(of_line).collect()
});

/// For each column the field that it fills: one of the names that `fields` looks under. None for columns of no use.
/// Names are the same whatever their case, and whether their words stand apart by spaces, hyphens or underscores. Where
/// no column has a name that `fields` knows, what others call that part is looked for.
///
/// # Errors
/// When no column holds the text.
pub(crate) fn keys(columns: &[String], fields: &FieldSettings) -> io::Result<Vec<Option<String>>> {
    let spelt: Vec<String> = columns.iter().map(|name| spelling(name)).collect();
    let mut keys: Vec<Option<String>> = vec![None; columns.len()];
    for (part, names) in fields.parts() {
        let mut is_found = false;
        for name in names {
            let exact = columns.iter().position(|column| column == name);
            let at = exact.or_else(|| spelt.iter().position(|column| *column == spelling(name)));
            if let Some(key) = at.and_then(|at| keys.get_mut(at)).filter(|key| key.is_none()) {
                *key = Some(name.clone());
                is_found = true;
            }
        }
        let synonyms = SYNONYMS.iter().find(|(of, _)| *of == part).map(|(_, names)| names.as_slice());
        let is_free = |at: &usize| keys[*at].is_none();
        let by_synonym = || {
            let mut positions = synonyms?.iter().filter_map(|name| spelt.iter().position(|column| column == name));
            positions.find(is_free)
        };
        if !is_found && let Some(at) = by_synonym() {
            keys[at] = names.first().cloned();
        }
    }
    match keys.iter().flatten().any(|key| fields.text.contains(key)) {
        true => Ok(keys),
        false => Err(no_text(columns)),
    }
}

pub(super) fn no_text(columns: &[String]) -> io::Error {
    let mut named = columns.iter().take(NAMED).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    if columns.len() > NAMED {
        named.push_str(&format!(" and {} more", columns.len() - NAMED));
    }
    let error = format!("no column holds the text, there are {named}: say which does in fields.text of a source");
    io::Error::new(io::ErrorKind::InvalidData, error)
}

fn spelling(name: &str) -> String {
    let lower_case = name.trim().to_lowercase();
    lower_case.split([' ', '-', '_']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(header: &str) -> io::Result<String> {
        let columns: Vec<String> = header.split(',').map(str::to_owned).collect();
        let keys = keys(&columns, &FieldSettings::default())?;
        Ok(keys.into_iter().map(|key| key.unwrap_or("-".into())).collect::<Vec<_>>().join(","))
    }

    #[test]
    fn columns_are_known_by_the_names_of_json_lines_in_any_spelling_and_by_those_that_others_use() {
        for (header, expected) in [
            ("id,title,text", "id,title,text"),
            ("Headline,ARTICLE-TEXT,Publish Date", "headline,article_text,publish_date"),
            (",id,title,publication,author,date,year,url,content", "-,id,title,publication,author,date,-,url,content"),
            ("publishedAt,source_name,description,content", "publishedAt,source_name,-,content"),
            ("Text,text", "-,text"),
            ("newspaper,story,news_title", "source_domain,text,title"),
            ("content,full_content", "content,full_content"),
            ("text,story", "text,-"),
        ] {
            assert_eq!(found(header).unwrap(), expected, "{header}");
        }
    }

    #[test]
    fn a_table_without_a_text_is_an_error_that_names_its_columns() {
        let error = found("publish_date,headline_text").unwrap_err().to_string();
        assert!(error.contains("\"publish_date\", \"headline_text\"") && error.contains("fields.text"), "{error}");
        let many = (0..60).map(|number| format!("c{number}")).collect::<Vec<_>>().join(",");
        assert!(found(&many).unwrap_err().to_string().contains("and 20 more"));
    }

    #[test]
    fn every_line_of_the_list_names_a_part_and_each_name_is_spelt_as_it_is_compared() {
        let fields = FieldSettings::default();
        for (part, names) in SYNONYMS.iter() {
            assert!(fields.parts().iter().any(|(known, _)| known == part), "{part}");
            for name in names {
                assert_eq!(spelling(name), *name);
            }
        }
        let lines = include_str!("../../data/column-names.txt").lines();
        assert_eq!(SYNONYMS.len(), lines.filter(|line| line.contains(" = ")).count());
    }
}
