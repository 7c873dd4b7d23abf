//! Words between quotation marks.

use crate::text::{Document, Gap, Token, TokenKind};

/// A quotation that never closes ends here, in tokens.
const MAX_QUOTED_TOKENS: usize = 600;
/// Single marks are apostrophes more often than not: what they hold together is short.
const MAX_SINGLE_QUOTED_TOKENS: usize = 120;

/// Tokens between quotation marks, the marks left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quoted {
    pub(super) first: usize,
    pub(super) end: usize,
    /// It goes on with the quotation before it, which its paragraph left open.
    pub(super) continues: bool,
}

/// Quotations in text order, none within another.
pub(super) fn quotations(document: &Document<'_>) -> Vec<Quoted> {
    let tokens = &document.tokens;
    let mut all: Vec<Quoted> = Vec::new();
    let mut open: Option<(usize, Mark)> = None;
    let mut continues = false;
    for (at, token) in tokens.iter().enumerate() {
        let mark = mark_of(tokens, at);
        if let Some((first, kind)) = open {
            let limit = if kind == Mark::Single { MAX_SINGLE_QUOTED_TOKENS } else { MAX_QUOTED_TOKENS };
            let new_paragraph = token.gap == Gap::Paragraph;
            if new_paragraph || at - first > limit {
                // A speech over several paragraphs opens each and closes the last.
                let goes_on = new_paragraph && kind == Mark::Double && matches!(mark, Some((Mark::Double, Side::Open)));
                if kind == Mark::Double {
                    all.push(Quoted { first, end: at, continues });
                }
                continues = goes_on;
                open = None;
            }
        } else if token.gap == Gap::Paragraph && !matches!(mark, Some((Mark::Double, Side::Open))) {
            continues = false;
        }
        match (mark, open) {
            (Some((kind, Side::Open | Side::Either)), None) => open = Some((at + 1, kind)),
            (Some((Mark::Double, Side::Open)), Some((_, Mark::Double))) => {
                continues = false;
                open = Some((at + 1, Mark::Double));
            }
            (Some((kind, Side::Close | Side::Either)), Some((first, opened))) if kind == opened => {
                all.push(Quoted { first, end: at, continues });
                continues = false;
                open = None;
            }
            _ => {}
        }
    }
    if let Some((first, Mark::Double)) = open {
        all.push(Quoted { first, end: tokens.len(), continues });
    }
    all.retain(|quoted| quoted.first < quoted.end);
    all
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Double,
    Single,
}

/// Which end of a quotation a mark can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Open,
    Close,
    Either,
}

fn mark_of(tokens: &[Token], at: usize) -> Option<(Mark, Side)> {
    let token = &tokens[at];
    let glued_before = token.gap == Gap::None
        && at
            .checked_sub(1)
            .is_some_and(|i| !matches!(tokens[i].kind, TokenKind::Mark('(' | '[' | '—' | '-' | '“' | '"')));
    let glued_after = tokens.get(at + 1).is_some_and(|next| next.gap == Gap::None && !ends_clause(next.kind));
    let side = match (glued_before, glued_after) {
        (true, false) => Side::Close,
        (false, true) => Side::Open,
        _ => Side::Either,
    };
    match token.kind {
        // Some close with the opening form: “so.“
        TokenKind::Mark('“') => Some((Mark::Double, if side == Side::Close { Side::Close } else { Side::Open })),
        // Some writers open with the closing form: “so” and ”so”.
        TokenKind::Mark('”') => Some((Mark::Double, if side == Side::Open { Side::Open } else { Side::Close })),
        TokenKind::Mark('"') => Some((Mark::Double, side)),
        TokenKind::Mark('‘') if side != Side::Close => Some((Mark::Single, Side::Open)),
        TokenKind::Mark('\'' | '’') if side != Side::Either => Some((Mark::Single, side)),
        _ => None,
    }
}

fn ends_clause(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Mark(',' | '.' | '!' | '?' | ';' | ':' | ')' | ']' | '”' | '"' | '’' | '\'' | '—'))
}
