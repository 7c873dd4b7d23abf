//! From a [`Query`] to a condition that a store can evaluate.

use super::{Expr, Field, Query};
use crate::db::{Dialect, Value};

/// A condition on table `articles`, called `a`.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    /// SQL with `?` placeholders.
    pub(crate) condition: String,
    /// What they stand for.
    pub(crate) values: Vec<Value>,
    /// A full-text query for every word the article may be found by, to rank with; none where there are no words.
    pub(crate) ranked_by: Option<String>,
}

pub(crate) fn compile(query: &Query, dialect: Dialect) -> Compiled {
    let mut compiler = Compiler { dialect, values: Vec::new() };
    let condition = match &query.root {
        None => "1 = 1".to_owned(),
        Some(root) => compiler.condition(root),
    };
    let words: Vec<Expr> = query.wanted_words().into_iter().map(|stems| Expr::Words(stems.to_vec())).collect();
    let ranked_by = (!words.is_empty()).then(|| in_title_and_body(dialect, &full_text(dialect, &Expr::Or(words))));
    Compiled { condition, values: compiler.values, ranked_by }
}

struct Compiler {
    dialect: Dialect,
    values: Vec<Value>,
}

impl Compiler {
    fn condition(&mut self, expr: &Expr) -> String {
        match expr {
            expr if is_full_text(expr) => {
                let query = in_title_and_body(self.dialect, &full_text(self.dialect, expr));
                self.matching("words", query)
            }
            Expr::And(parts) => self.joined(parts, " AND "),
            Expr::Or(parts) => self.joined(parts, " OR "),
            Expr::Not(part) => format!("NOT {}", self.condition(part)),
            Expr::Field(field) => self.field(field),
            // Words are full text.
            Expr::Words(_) => "1 = 0".to_owned(),
        }
    }

    /// Parts that are full text become one full-text query.
    fn joined(&mut self, parts: &[Expr], operator: &str) -> String {
        let (text, others): (Vec<&Expr>, Vec<&Expr>) = parts.iter().partition(|part| is_full_text(part));
        let mut conditions: Vec<String> = Vec::new();
        if !text.is_empty() {
            let text: Vec<Expr> = text.into_iter().cloned().collect();
            let together = if operator == " AND " { Expr::And(text) } else { Expr::Or(text) };
            conditions.push(self.condition(&together));
        }
        for part in others {
            conditions.push(self.condition(part));
        }
        format!("({})", conditions.join(operator))
    }

    /// `column` is the index that PostgreSQL looks into; in SQLite the query names it.
    fn matching(&mut self, column: &str, query: String) -> String {
        self.values.push(Value::Text(query));
        match self.dialect {
            Dialect::Sqlite => "a.key IN (SELECT rowid FROM article_text WHERE article_text MATCH ?)".into(),
            Dialect::Postgres => {
                format!("a.key IN (SELECT article_key FROM article_text WHERE {column} @@ CAST(? AS tsquery))")
            }
        }
    }

    fn field(&mut self, field: &Field) -> String {
        match field {
            Field::Actor { id, name } => self.actor(id, name),
            Field::Country(code) => {
                self.values.push(code.into());
                "a.key IN (SELECT article_key FROM article_countries WHERE country = ?)".into()
            }
            Field::Level(levels) => {
                if levels.is_empty() {
                    return "1 = 0".into();
                }
                // Numbers of our own, not text of the user's.
                let numbers: Vec<String> = levels.iter().map(|&level| (level as i64).to_string()).collect();
                format!("a.level IN ({})", numbers.join(", "))
            }
            Field::Signal(category) => {
                self.values.push(category.into());
                "a.key IN (SELECT article_key FROM article_signals WHERE category = ?)".into()
            }
            Field::Source(source) => {
                self.values.push(source.into());
                "(a.source IS NOT NULL AND a.source = ?)".into()
            }
            Field::Dyad(source, target) => {
                self.values.extend([source.into(), target.into()]);
                "a.key IN (SELECT article_key FROM article_events WHERE source_country = ? AND target_country = ?)"
                    .into()
            }
            Field::Since(at) => {
                self.values.push(Value::Int(*at));
                "a.at >= ?".into()
            }
            Field::Before(at) => {
                self.values.push(Value::Int(*at));
                "a.at < ?".into()
            }
        }
    }

    fn actor(&mut self, id: &str, name: &[String]) -> String {
        let lower = match self.dialect {
            Dialect::Sqlite => "lower(actor)",
            Dialect::Postgres => "lower(actor COLLATE \"C\")",
        };
        self.values.push(id.into());
        let by_id = format!("a.key IN (SELECT article_key FROM article_actors WHERE {lower} = ?)");
        if name.is_empty() {
            return by_id;
        }
        let words = full_text(self.dialect, &Expr::Words(name.to_vec()));
        let query = match self.dialect {
            Dialect::Sqlite => format!("names : ({words})"),
            Dialect::Postgres => words,
        };
        format!("({by_id} OR {})", self.matching("names", query))
    }
}

/// Whether the store's full-text query language can say all of it. Neither is asked to say NOT: FTS5 has none with
/// one side.
fn is_full_text(expr: &Expr) -> bool {
    match expr {
        Expr::Words(_) => true,
        Expr::And(parts) | Expr::Or(parts) => parts.iter().all(is_full_text),
        Expr::Not(_) | Expr::Field(_) => false,
    }
}

/// Stems are letters and digits only: nothing in them needs escaping in either language.
fn full_text(dialect: Dialect, expr: &Expr) -> String {
    let (and, or) = match dialect {
        Dialect::Sqlite => (" AND ", " OR "),
        Dialect::Postgres => (" & ", " | "),
    };
    let list = |parts: &[Expr], operator: &str| {
        let parts: Vec<String> = parts.iter().map(|part| full_text(dialect, part)).collect();
        format!("({})", parts.join(operator))
    };
    match expr {
        Expr::And(parts) => list(parts, and),
        Expr::Or(parts) => list(parts, or),
        Expr::Words(stems) => match dialect {
            Dialect::Sqlite => format!("\"{}\"", stems.join(" ")),
            Dialect::Postgres => {
                let quoted: Vec<String> = stems.iter().map(|stem| format!("'{stem}'")).collect();
                format!("({})", quoted.join(" <-> "))
            }
        },
        Expr::Not(_) | Expr::Field(_) => String::new(),
    }
}

fn in_title_and_body(dialect: Dialect, query: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("{{title body}} : ({query})"),
        Dialect::Postgres => query.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn words_become_one_full_text_query_and_no_value_becomes_sql() {
        let query = parse("threat \"armed forces\" (police OR army) NOT talks source:\"x' OR 1=1\"").unwrap();
        let sqlite = compile(&query, Dialect::Sqlite);
        assert_eq!(
            sqlite.condition,
            "(a.key IN (SELECT rowid FROM article_text WHERE article_text MATCH ?) AND NOT a.key IN (SELECT rowid FROM \
             article_text WHERE article_text MATCH ?) AND (a.source IS NOT NULL AND a.source = ?))"
        );
        let Value::Text(words) = &sqlite.values[0] else { panic!("no text") };
        assert_eq!(words, "{title body} : ((\"threat\" AND \"arm forc\" AND (\"polic\" OR \"armi\")))");
        let postgres = compile(&query, Dialect::Postgres);
        let Value::Text(words) = &postgres.values[0] else { panic!("no text") };
        assert_eq!(words, "(('threat') & ('arm' <-> 'forc') & (('polic') | ('armi')))");
        assert!(!postgres.condition.contains("1=1"));
        assert_eq!(postgres.values.len(), 3);
    }

    #[test]
    fn an_article_is_ranked_by_the_words_that_may_be_in_it() {
        let query = parse("(threat OR \"armed forces\") NOT talks country:SRB").unwrap();
        let ranked_by = compile(&query, Dialect::Postgres).ranked_by;
        assert_eq!(ranked_by.as_deref(), Some("(('threat') | ('arm' <-> 'forc'))"));
        assert_eq!(compile(&parse("NOT talks").unwrap(), Dialect::Sqlite).ranked_by, None);
    }
}
