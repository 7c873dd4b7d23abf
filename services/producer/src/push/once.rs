//! `Idempotency-Key`: a request that is sent again, because its answer was lost, gets the same answer.
//!
//! The latest answers are kept in memory, for each token apart. After a restart a request sent again is published again, under the
//! same ids and revisions, of which the store keeps one.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::http::{HeaderMap, StatusCode};
use blake3::Hash;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::answer::{Problem, Results};

const HEADER: &str = "idempotency-key";
/// Longest key, in bytes.
const MAX_KEY_BYTES: usize = 255;
/// Results of single articles that are kept in all answers together, of some 150 bytes each.
const KEPT_RESULTS: usize = 200_000;
const PAUSE: Duration = Duration::from_secs(1);

/// A token's name and the key under it.
type Key = (Arc<str>, String);

/// The keys of a request's headers; none where it has none.
pub(crate) fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    match value.to_str().map(str::trim) {
        Ok(key) if !key.is_empty() && key.len() <= MAX_KEY_BYTES => Ok(Some(key.to_owned())),
        _ => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "bad key",
            format!("the Idempotency-Key must be 1 to {MAX_KEY_BYTES} visible ASCII characters, such as a UUID"),
        )),
    }
}

/// The answers given under keys.
#[derive(Default)]
pub(crate) struct Once {
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    by_key: FxHashMap<Key, (Hash, State)>,
    /// Keys that are answered, the oldest first.
    answered: VecDeque<Key>,
    kept: usize,
}

enum State {
    Working,
    Answered(Results),
}

/// What to do with a request that bears a key.
pub(crate) enum Turn {
    /// It has been answered: so.
    Answered(Results),
    /// It cannot be done.
    Taken(Problem),
    /// Do it, and tell how it ended.
    Yours(Claim),
}

/// The right to do the work of a key, once. Given back when dropped: the next try then does it.
pub(crate) struct Claim {
    known: Arc<Mutex<Known>>,
    key: Key,
}

impl Once {
    /// Whose turn it is: `fingerprint` is the hash of the body.
    pub(crate) fn turn(&self, name: &Arc<str>, key: &str, fingerprint: Hash) -> Turn {
        let key = (Arc::clone(name), key.to_owned());
        let mut known = self.known.lock();
        match known.by_key.get(&key) {
            Some((same, _)) if *same != fingerprint => Turn::Taken(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "key used before",
                "this Idempotency-Key came with another body: give every request its own",
            )),
            Some((_, State::Answered(results))) => Turn::Answered(results.clone()),
            Some((_, State::Working)) => {
                let detail = "a request with this Idempotency-Key is being worked on: ask again for its answer";
                Turn::Taken(Problem::later(StatusCode::CONFLICT, "in progress", detail, PAUSE))
            }
            None => {
                known.by_key.insert(key.clone(), (fingerprint, State::Working));
                Turn::Yours(Claim { known: Arc::clone(&self.known), key })
            }
        }
    }
}

impl Claim {
    /// The work is done; without results another try may do it.
    pub(crate) fn end(self, results: Option<&Results>) {
        let Some(results) = results else { return };
        let mut known = self.known.lock();
        known.kept += results.results.len();
        known.answered.push_back(self.key.clone());
        if let Some((_, state)) = known.by_key.get_mut(&self.key) {
            *state = State::Answered(results.clone());
        }
        while known.kept > KEPT_RESULTS {
            let Some(oldest) = known.answered.pop_front() else { break };
            if let Some((_, State::Answered(results))) = known.by_key.remove(&oldest) {
                known.kept -= results.results.len();
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut known = self.known.lock();
        if matches!(known.by_key.get(&self.key), Some((_, State::Working))) {
            known.by_key.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(entries: usize) -> Results {
        let refused = super::super::answer::ItemResult::Refused { reason: "text_empty", problem: String::new() };
        Results::of(vec![refused; entries])
    }

    fn claim(once: &Once, key: &str) -> Claim {
        match once.turn(&Arc::from("desk"), key, blake3::hash(b"body")) {
            Turn::Yours(claim) => claim,
            _ => panic!("{key} is taken"),
        }
    }

    #[test]
    fn the_same_request_is_answered_the_same_and_another_under_its_key_is_refused() {
        let once = Once::default();
        let turn = |body: &[u8]| once.turn(&Arc::from("desk"), "k", blake3::hash(body));
        let first = claim(&once, "k");
        assert!(matches!(turn(b"body"), Turn::Taken(problem) if problem.status == 409));
        first.end(Some(&results(2)));
        assert!(matches!(turn(b"body"), Turn::Answered(given) if given == results(2)));
        assert!(matches!(turn(b"other"), Turn::Taken(problem) if problem.status == 422));
        assert!(
            matches!(once.turn(&Arc::from("night"), "k", blake3::hash(b"other")), Turn::Yours(_)),
            "keys are each token's own"
        );
    }

    #[test]
    fn what_failed_may_be_tried_again() {
        let once = Once::default();
        claim(&once, "k").end(None);
        drop(claim(&once, "k"));
        claim(&once, "k").end(Some(&results(1)));
    }

    #[test]
    fn the_oldest_answers_make_room() {
        let once = Once::default();
        for key in ["a", "b", "c"] {
            claim(&once, key).end(Some(&results(KEPT_RESULTS / 2)));
        }
        drop(claim(&once, "a"));
        assert!(matches!(once.turn(&Arc::from("desk"), "c", blake3::hash(b"body")), Turn::Answered(_)));
    }
}
