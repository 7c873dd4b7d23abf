//! A linear-chain model that finds names of people, organisations and places: a conditional random field (Lafferty,
//! McCallum and Pereira 2001) over hashed features, run only where capitals stand. `training/README-names.md` is its card.

mod features;
mod model;

pub(crate) use features::chains;
pub(crate) use model::{Kind, Model};
#[cfg(feature = "training")]
pub(crate) use {
    features::{BUCKETS, Chain, Clusters, FEATURES},
    model::{LABELS, NameLabel, to_bytes},
};

use super::scene::Scene;
use crate::text::Gap;

/// A name that the model found: tokens `first..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tagged {
    pub(super) first: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
}

/// Every name in the document, in text order.
pub(super) fn tag(scene: &Scene<'_>, model: &Model) -> Vec<Tagged> {
    let mut found: Vec<Tagged> = Vec::new();
    let mut labels = Vec::new();
    chains(scene, &model.clusters, |chain| {
        model.decode(chain, &mut labels);
        let mut open: Option<Tagged> = None;
        for (offset, label) in labels.iter().enumerate() {
            let at = chain.first + offset;
            match (label.kind(), label.begins(), &mut open) {
                (Some(kind), false, Some(name)) if name.kind == kind => name.end = at + 1,
                (Some(kind), ..) => found.extend(open.replace(Tagged { first: at, end: at + 1, kind })),
                (None, ..) => found.extend(open.take()),
            }
        }
        found.extend(open);
    });
    for name in &mut found {
        name.end += usize::from(ends_with_dot(scene, name));
    }
    found
}

/// "Acme Inc.", "John Roe Jr.": the dot belongs to the name.
fn ends_with_dot(scene: &Scene<'_>, name: &Tagged) -> bool {
    let is_abbreviated = matches!(
        scene.document.slice(name.end - 1, name.end),
        "Jr" | "Sr" | "Inc" | "Ltd" | "Co" | "Corp" | "Bros" | "St"
    );
    is_abbreviated
        && name.end - name.first > 1
        && scene.is_mark(name.end, '.')
        && scene.token(name.end).is_some_and(|dot| dot.gap == Gap::None)
}
