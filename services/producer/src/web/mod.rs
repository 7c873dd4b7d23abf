//! Fetching from the web, politely and safely.
//!
//! In: an address and what is known of it already. Out: a bounded body with what its headers say, or the reason why not.
//!
//! **Invariants.** Only `http` and `https`. Unless it is allowed, no connection goes to an address that is not on the
//! public internet: the address that is checked is the one connected to, so neither a redirect nor a name that changes
//! its mind leads inside. No body is held beyond its limit, counted after decompression. No host has more requests at
//! a time, or sooner after one another, than the settings say.

mod charset;
mod client;
mod error;
mod gate;
mod headers;
mod robots;
mod settings;

pub(crate) use charset::{Kind, decode};
pub(crate) use client::{Answer, Ask, Known, Web};
pub(crate) use error::WebError;
pub(crate) use gate::Place;
pub(crate) use robots::Robots;
pub use settings::WebSettings;
