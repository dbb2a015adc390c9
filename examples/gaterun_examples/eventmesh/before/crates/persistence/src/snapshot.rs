//! Snapshots: the state at one point of the log, so that replay is short.

use std::collections::BTreeMap;

use crate::checksum::crc32;
use crate::codec::{decode, encode, CodecError, Decode, Encode};
use crate::eventlog::Record;
use crate::events::EventKind;

/// The version of the format.
const FORMAT: u16 = 2;

/// The latest event of every key, up to some record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Snapshot {
    next: u64,
    state: BTreeMap<(u16, String), Vec<u8>>,
}

impl Snapshot {
    /// The state before the first record.
    pub fn new() -> Self {
        Snapshot::default()
    }

    /// The first record that is not part of the snapshot.
    pub fn next_offset(&self) -> u64 {
        self.next
    }

    /// Adds a record; older ones than the snapshot are ignored.
    pub fn apply(&mut self, record: &Record) -> bool {
        if record.offset < self.next {
            return false;
        }
        self.next = record.offset + 1;
        self.state.insert(
            (record.kind.code(), record.key.clone()),
            record.payload.clone(),
        );
        true
    }

    /// The latest payload of `key`.
    pub fn get(&self, kind: EventKind, key: &str) -> Option<&[u8]> {
        self.state
            .get(&(kind.code(), key.to_string()))
            .map(|payload| Vec::as_slice(payload))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.state.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.state.is_empty()
    }

    /// The bytes to keep.
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = encode(&(self.next, Wrapper(&self.state)));
        encode(&(FORMAT, crc32(&body), body))
    }

    /// The snapshot that was kept.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        let (format, checksum, body): (u16, u32, Vec<u8>) = decode(bytes)?;
        if format != FORMAT || crc32(&body) != checksum {
            return Err(CodecError::Tag {
                of: "snapshot",
                tag: format.into(),
            });
        }
        let (next, state) = decode(&body)?;
        Ok(Snapshot { next, state })
    }
}

struct Wrapper<'a, T>(&'a T);

impl<T: Encode> Encode for Wrapper<'_, T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(reader: &mut crate::codec::Reader<'_>) -> Result<Self, CodecError> {
        T::decode(reader).map(Box::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(offset: u64, key: &str, payload: u8) -> Record {
        Record {
            offset,
            kind: EventKind::UserUpdated,
            key: key.to_string(),
            payload: vec![payload],
        }
    }

    fn snapshot() -> Snapshot {
        let mut snapshot = Snapshot::new();
        for (offset, key, payload) in [(0, "a", 1), (1, "b", 2), (2, "a", 3)] {
            assert!(snapshot.apply(&record(offset, key, payload)));
        }
        snapshot
    }

    #[test]
    fn keeps_the_latest() {
        let snapshot = snapshot();
        assert_eq!(snapshot.get(EventKind::UserUpdated, "a"), Some(&[3u8][..]));
        assert_eq!(snapshot.get(EventKind::UserDeleted, "a"), None);
        assert_eq!(snapshot.len(), 2);
    }

    #[test]
    fn ignores_what_it_has_already() {
        let mut snapshot = snapshot();
        assert!(!snapshot.apply(&record(1, "a", 9)));
        assert_eq!(snapshot.next_offset(), 3);
    }

    #[test]
    fn comes_back_from_bytes() {
        let snapshot = snapshot();
        assert_eq!(Snapshot::from_bytes(&snapshot.to_bytes()), Ok(snapshot));
    }

    #[test]
    fn empty_comes_back_too() {
        let empty = Snapshot::new();
        assert!(empty.is_empty());
        assert_eq!(Snapshot::from_bytes(&empty.to_bytes()), Ok(empty));
    }

    fn damaged(at: usize) -> bool {
        let mut bytes = snapshot().to_bytes();
        bytes[at] ^= 1;
        Snapshot::from_bytes(&bytes).is_err()
    }

    cases! { damage, damaged;
        format: 0 => true,
        checksum: 2 => true,
        body: 9 => true,
        last: snapshot().to_bytes().len() - 1 => true,
    }
}
