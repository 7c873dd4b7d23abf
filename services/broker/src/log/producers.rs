//! Who wrote what last to a partition, so that a batch that a producer sends again is there once.

use std::collections::{HashMap, VecDeque};

use kafka_protocol::ResponseError;

use super::batch::Header;

/// As many batches as a producer may have on the way at a time.
const REMEMBERED: usize = 5;

/// The last batches of idempotent producers, by their ids.
#[derive(Debug, Default)]
pub(super) struct Producers(HashMap<i64, Written>);

#[derive(Debug)]
struct Written {
    epoch: i16,
    /// The newest last; never empty.
    batches: VecDeque<Sent>,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    base_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
}

impl Sent {
    fn new(header: &Header) -> Self {
        let Header { base_sequence, base_offset, .. } = *header;
        Self { base_sequence, last_sequence: header.last_sequence(), base_offset }
    }
}

impl Producers {
    /// Where the batch is already, if it has come before, or why it is refused. A producer that is not known may start
    /// with any number: what it wrote before may have been too long ago.
    pub(super) fn earlier(&self, header: &Header) -> Result<Option<i64>, ResponseError> {
        let Some(written) = self.0.get(&header.producer_id).filter(|_| header.is_idempotent()) else {
            return Ok(None);
        };
        if header.producer_epoch < written.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        if header.producer_epoch > written.epoch {
            let starts_anew = header.base_sequence == 0;
            return if starts_anew { Ok(None) } else { Err(ResponseError::OutOfOrderSequenceNumber) };
        }
        let is_same =
            |sent: &&Sent| (sent.base_sequence, sent.last_sequence) == (header.base_sequence, header.last_sequence());
        if let Some(sent) = written.batches.iter().find(is_same) {
            return Ok(Some(sent.base_offset));
        }
        let last = written.batches.back().map_or(-1, |sent| sent.last_sequence);
        match last.wrapping_add(1) & i32::MAX {
            next if header.base_sequence == next => Ok(None),
            next if header.base_sequence < next => Err(ResponseError::DuplicateSequenceNumber),
            _ => Err(ResponseError::OutOfOrderSequenceNumber),
        }
    }

    /// Notes a batch that has its place.
    pub(super) fn wrote(&mut self, header: &Header) {
        if !header.is_idempotent() {
            return;
        }
        let epoch = header.producer_epoch;
        let written =
            self.0.entry(header.producer_id).or_insert_with(|| Written { epoch, batches: VecDeque::default() });
        if written.epoch != epoch {
            *written = Written { epoch, batches: VecDeque::default() };
        }
        if written.batches.len() == REMEMBERED {
            written.batches.pop_front();
        }
        written.batches.push_back(Sent::new(header));
    }

    /// Forgets those whose last batch lies before an offset.
    pub(super) fn forget_before(&mut self, offset: i64) {
        self.0.retain(|_, written| written.batches.back().is_some_and(|sent| sent.base_offset >= offset));
    }
}
