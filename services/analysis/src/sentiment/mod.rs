//! What a text says of somebody, and the tone of its sentences, by a small model.
//!
//! The model (`data/sentiment.bin`, its card is `training/README-sentiment.md`) looks at one sentence round a mention: each
//! word is a short vector learnt from GloVe and from labelled news; a convolution over three neighbours reads it in context;
//! where it stands from the mention (how far, on which side, past how many other names, within the clause, in what the
//! mentioned says) decides how much it counts. `view.rs` makes the sentence, `model.rs` scores it, `towards.rs` puts an actor's
//! mentions together. `tones.rs` gives sentences their tone.

mod model;
mod tones;
mod towards;
mod view;

pub(crate) use model::Model as SentimentModel;
pub(crate) use tones::{Tones, article_tone};
pub(crate) use towards::{Opinion, Sayings, Scene};
#[cfg(feature = "training")]
pub(crate) use view::{Lesson, key_of_word};
