//! From tokens to a [`Query`].

use super::lexer::{Kind, Token, tokens};
use super::{Expr, Query, QueryError, fields};
use faultline_analysis::words::stems;

/// Parentheses and NOTs within each other; more is no query of a person's.
const MAX_DEPTH: usize = 64;
/// Words, phrases and fields in one query.
const MAX_OPERANDS: usize = 256;

pub(super) fn parse(query: &str, now: jiff::Timestamp) -> Result<Query, QueryError> {
    let tokens = tokens(query)?;
    let mut operands = tokens.iter().filter(|t| matches!(t.kind, Kind::Word(_) | Kind::Phrase(_) | Kind::Field(..)));
    if let Some(token) = operands.nth(MAX_OPERANDS) {
        return Err(QueryError { position: token.at, message: format!("more than {MAX_OPERANDS} words and fields") });
    }
    if tokens.is_empty() {
        return Ok(Query::everything());
    }
    let mut parser = Parser { tokens: &tokens, next: 0, end: query.chars().count(), now };
    let root = parser.or(0)?;
    match parser.peek() {
        None => Ok(Query { root: Some(root) }),
        Some(token) => Err(QueryError { position: token.at, message: "nothing opens this parenthesis".into() }),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    next: usize,
    /// Length of the query in characters: where something is missing at its end.
    end: usize,
    now: jiff::Timestamp,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next)
    }

    fn or(&mut self, depth: usize) -> Result<Expr, QueryError> {
        let mut parts = vec![self.and(depth)?];
        while self.peek().is_some_and(|token| token.kind == Kind::Or) {
            self.next += 1;
            parts.push(self.and(depth)?);
        }
        Ok(one_or(parts, Expr::Or))
    }

    fn and(&mut self, depth: usize) -> Result<Expr, QueryError> {
        let mut parts = vec![self.not(depth)?];
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Or | Kind::Close => break,
                Kind::And => self.next += 1,
                _ => {}
            }
            parts.push(self.not(depth)?);
        }
        Ok(one_or(parts, Expr::And))
    }

    fn not(&mut self, depth: usize) -> Result<Expr, QueryError> {
        let Some(token) = self.peek() else {
            return Err(QueryError { position: self.end, message: "a word is missing at the end".into() });
        };
        if depth > MAX_DEPTH {
            return Err(QueryError { position: token.at, message: format!("nested more than {MAX_DEPTH} deep") });
        }
        self.next += 1;
        match &token.kind {
            Kind::Not => Ok(Expr::Not(Box::new(self.not(depth + 1)?))),
            Kind::Open => {
                if self.peek().is_some_and(|token| token.kind == Kind::Close) {
                    return Err(QueryError { position: token.at, message: "these parentheses are empty".into() });
                }
                let inner = self.or(depth + 1)?;
                match self.peek() {
                    Some(Token { kind: Kind::Close, .. }) => self.next += 1,
                    _ => {
                        let message = "this parenthesis is never closed".into();
                        return Err(QueryError { position: token.at, message });
                    }
                }
                Ok(inner)
            }
            Kind::Word(text) | Kind::Phrase(text) => match stems(text) {
                stems if stems.is_empty() => {
                    let message = format!("{text:?} holds no letter or digit to look for");
                    Err(QueryError { position: token.at, message })
                }
                stems => Ok(Expr::Words(stems)),
            },
            Kind::Field(name, value, value_at) => {
                fields::field(name, value, token.at, *value_at, self.now).map(Expr::Field)
            }
            Kind::Close => {
                Err(QueryError { position: token.at, message: "a word is missing before this parenthesis".into() })
            }
            Kind::And | Kind::Or => {
                let message = "a word is missing before this operator (in quotes, it is a word itself)".into();
                Err(QueryError { position: token.at, message })
            }
        }
    }
}

fn one_or(mut parts: Vec<Expr>, many: impl FnOnce(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Field, parse_at};
    use super::*;
    use faultline_schemas::Level;
    use proptest::prelude::*;

    fn now() -> jiff::Timestamp {
        "2022-08-17T12:00:00Z".parse().unwrap()
    }

    /// A short form of the tree, to read in tables.
    fn shown(expr: &Expr) -> String {
        let list = |parts: &[Expr]| parts.iter().map(shown).collect::<Vec<_>>().join(" ");
        match expr {
            Expr::And(parts) => format!("(and {})", list(parts)),
            Expr::Or(parts) => format!("(or {})", list(parts)),
            Expr::Not(part) => format!("(not {})", shown(part)),
            Expr::Words(stems) => stems.join("+"),
            Expr::Field(field) => format!("{field:?}"),
        }
    }

    #[test]
    fn operators_bind_as_documented() {
        let table = [
            ("barricades", "barricad"),
            ("a b c", "(and a b c)"),
            ("a AND b OR c d", "(or (and a b) (and c d))"),
            ("a (b OR c)", "(and a (or b c))"),
            ("NOT a b", "(and (not a) b)"),
            ("a -b -(c OR d)", "(and a (not b) (not (or c d)))"),
            ("NOT NOT a", "(not (not a))"),
            ("\"road  blocks\" “in north”", "(and road+block in+north)"),
            ("and or not", "(and and or not)"),
            ("ceasefire-talks", "ceasefir+talk"),
            ("10:30", "10+30"),
        ];
        for (query, expected) in table {
            assert_eq!(shown(&parse_at(query, now()).unwrap().root.unwrap()), expected, "{query}");
        }
        assert_eq!(parse_at(" \t\u{0}", now()).unwrap(), Query::everything());
    }

    #[test]
    fn fields_are_understood() {
        let at = |time: &str| time.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let table = [
            (
                "actor:\"Albin Kurti\"",
                Field::Actor { id: "albin kurti".into(), name: vec!["albin".into(), "kurti".into()] },
            ),
            ("COUNTRY:xkx", Field::Country("XKX".into())),
            ("level:elevated", Field::Level(vec![Level::Elevated, Level::High, Level::Critical])),
            ("level:>high", Field::Level(vec![Level::Critical])),
            ("level:<=watch", Field::Level(vec![Level::Calm, Level::Watch])),
            ("level:=calm", Field::Level(vec![Level::Calm])),
            ("signal:Threat_of_force", Field::Signal("threat_of_force".into())),
            ("source:Example.org", Field::Source("example.org".into())),
            ("dyad:srb-xkx", Field::Dyad("SRB".into(), "XKX".into())),
            ("since:2022-08-01", Field::Since(at("2022-08-01T00:00:00Z"))),
            ("until:2022-08-01", Field::Before(at("2022-08-02T00:00:00Z"))),
            ("since:7d", Field::Since(at("2022-08-10T12:00:00Z"))),
            ("until:12h", Field::Before(at("2022-08-17T00:00:00Z"))),
            ("since:2022-08-01T10:00:00Z", Field::Since(at("2022-08-01T10:00:00Z"))),
        ];
        for (query, expected) in table {
            assert_eq!(parse_at(query, now()).unwrap().root, Some(Expr::Field(expected)), "{query}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let table = [
            ("talks (deal", 6, "never closed"),
            ("talks) deal", 5, "nothing opens"),
            ("talks AND", 9, "missing at the end"),
            ("OR talks", 0, "before this operator"),
            ("talks AND OR deal", 10, "before this operator"),
            ("a ()", 2, "empty"),
            ("(a OR )", 6, "before this parenthesis"),
            ("é \"open", 2, "never closed"),
            ("a ?!", 2, "no letter or digit"),
            ("a levl:high", 2, "did you mean level"),
            ("level:hihg", 6, "calm, watch, elevated, high or critical"),
            ("country:Serbia", 8, "three-letter"),
            ("dyad:SRB", 5, "SRB-XKX"),
            ("since:soon", 6, "2022-08-17"),
            ("since: 7d", 0, "needs a value"),
        ];
        for (query, position, part) in table {
            let error = parse_at(query, now()).unwrap_err();
            assert!(error.position == position && error.message.contains(part), "{query}: {error:?}");
        }
        assert!(parse_at(&"(".repeat(100_000), now()).is_err());
        assert!(parse_at(&"NOT ".repeat(100_000), now()).is_err());
        assert!(parse_at(&"a ".repeat(300), now()).is_err());
    }

    proptest! {
        #[test]
        fn no_query_panics_and_mistakes_lie_within(query in "[ a-z():\"A-Z0-9-]{0,40}") {
            if let Err(error) = parse_at(&query, now()) {
                prop_assert!(error.position <= query.chars().count());
            }
        }
    }
}
