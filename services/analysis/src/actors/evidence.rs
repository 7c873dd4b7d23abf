//! What the words round a name say of it.

use super::scene::{Scene, Tag};
use crate::knowledge::RoleKind;
use crate::text::{Sentence, Shape, TokenKind};

/// What is known of a person besides the name.
#[derive(Debug, Default)]
pub(super) struct Description {
    pub(super) country: Option<u32>,
    pub(super) sectors: Vec<String>,
}

/// A sentence all in capitals tells nothing by them.
pub(super) fn is_shouting(scene: &Scene<'_>, sentence: Sentence) -> bool {
    let words = scene.document.tokens[sentence.first..sentence.end].iter().filter(|t| t.is_word());
    let (mut all, mut capitals) = (0u32, 0u32);
    for token in words {
        all += 1;
        capitals += u32::from(token.shape == Shape::AllUpper);
    }
    all >= 4 && capitals * 10 > all * 7
}

/// What roles round the name of a person say: "Serbia's President X", "X, the Serbian president".
pub(super) fn describe(scene: &Scene<'_>, first: usize, end: usize) -> Description {
    if let Some(hit) = scene.title_before(first) {
        return Description { country: scene.country_of_role(hit), sectors: scene.sectors_of(hit).to_vec() };
    }
    // "President of Serbia X".
    if let Some((name, country)) = first.checked_sub(1).and_then(|at| scene.country_at(at)) {
        let title = name.first.checked_sub(1).filter(|of| scene.document.slice(*of, of + 1) == "of");
        let hit = title.and_then(|of| scene.title_before(of));
        return Description {
            country: Some(country),
            sectors: hit.map(|h| scene.sectors_of(h).to_vec()).unwrap_or_default(),
        };
    }
    describe_after(scene, end)
}

fn describe_after(scene: &Scene<'_>, end: usize) -> Description {
    const REACH: usize = 7;
    let mut description = Description::default();
    if !scene.is_mark(end, ',') {
        return description;
    }
    for at in end + 1..end + 1 + REACH {
        match (scene.tags.get(at), scene.token(at).map(|t| t.kind)) {
            (Some(Tag::Role(position)), _) => {
                let hit = scene.roles[*position];
                if scene.knowledge.roles[hit.role as usize].kind != RoleKind::Group {
                    description.sectors = scene.sectors_of(&hit).to_vec();
                    description.country = scene.country_of_role(&hit).or(description.country);
                }
                return description;
            }
            (Some(Tag::Name(position)), _) => {
                description.country = description.country.or(scene.names[*position].any_country())
            }
            (_, Some(TokenKind::Mark(_)) | None) => break,
            _ => {}
        }
    }
    // A country without a role says nothing of the person.
    Description::default()
}
