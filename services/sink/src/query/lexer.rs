//! From characters to tokens with their places.

use super::QueryError;

/// A token and where it starts, in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    And,
    Or,
    Not,
    Open,
    Close,
    Word(String),
    Phrase(String),
    /// Name and value, and where the value starts.
    Field(String, String, usize),
}

pub(super) fn tokens(query: &str) -> Result<Vec<Token>, QueryError> {
    let chars: Vec<char> = query.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if is_blank(c) {
            at += 1;
            continue;
        }
        let (kind, end) = match c {
            '(' => (Kind::Open, at + 1),
            ')' => (Kind::Close, at + 1),
            '-' if starts_operand(&chars, at + 1) => (Kind::Not, at + 1),
            _ if is_quote(c) => {
                let (text, end) = quoted(&chars, at)?;
                (Kind::Phrase(text), end)
            }
            _ => bare(&chars, at)?,
        };
        tokens.push(Token { at, kind });
        at = end;
    }
    Ok(tokens)
}

/// Control characters count as blanks: they come in by pasting.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// Straight and typographic double quotes.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}' | '«' | '»')
}

fn starts_operand(chars: &[char], at: usize) -> bool {
    chars.get(at).is_some_and(|&c| !is_blank(c) && c != ')' && c != '-')
}

/// A quoted text that opens at `at`, and where it ends.
fn quoted(chars: &[char], at: usize) -> Result<(String, usize), QueryError> {
    let rest = &chars[at + 1..];
    match rest.iter().position(|&c| is_quote(c)) {
        Some(length) => Ok((rest[..length].iter().collect(), at + length + 2)),
        None => Err(QueryError { position: at, message: "this quotation mark is never closed".into() }),
    }
}

/// A word, an operator, or a field with its value.
fn bare(chars: &[char], at: usize) -> Result<(Kind, usize), QueryError> {
    let until = |from: usize, stop: &dyn Fn(char) -> bool| -> usize {
        chars[from..].iter().position(|&c| stop(c)).map_or(chars.len(), |length| from + length)
    };
    let ends_word = |c: char| is_blank(c) || matches!(c, '(' | ')') || is_quote(c);
    let end = until(at, &ends_word);
    if let Some(colon) = chars[at..end].iter().position(|&c| c == ':').map(|length| at + length)
        && colon > at
        && chars[at..colon].iter().all(|c| c.is_alphabetic())
    {
        let name: String = chars[at..colon].iter().collect::<String>().to_lowercase();
        let value_at = colon + 1;
        let (value, end) = match chars.get(value_at) {
            Some(&c) if is_quote(c) => quoted(chars, value_at)?,
            _ => (chars[value_at..end].iter().collect(), end),
        };
        if value.trim().is_empty() {
            let message = format!("{name}: needs a value, without a space before it");
            return Err(QueryError { position: at, message });
        }
        return Ok((Kind::Field(name, value, value_at), end));
    }
    let word: String = chars[at..end].iter().collect();
    let kind = match word.as_str() {
        "AND" => Kind::And,
        "OR" => Kind::Or,
        "NOT" => Kind::Not,
        _ => Kind::Word(word),
    };
    Ok((kind, end))
}
