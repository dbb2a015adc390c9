//! The append-only log, in segments of records with a checksum.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use crate::checksum::crc32;
use crate::codec::{encode, CodecError, Decode, Encode, Reader};
use crate::events::{AnyEvent, Event, EventKind};

/// What every segment starts with.
const MAGIC: &[u8; 4] = b"EMS2";
/// Every how many records the index has an entry.
const INDEX_EVERY: u64 = 16;

/// Why the log cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LogError {
    /// There is no such record, or no longer.
    OutOfRange {
        /// The record asked for.
        offset: u64,
        /// The first and the next record.
        range: (u64, u64),
    },
    /// A segment does not start as one.
    Magic,
    /// A record does not match its checksum.
    Checksum {
        /// The record.
        offset: u64,
    },
    /// A record cannot be decoded.
    Codec(CodecError),
    /// The log is read-only.
    ReadOnly,
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogError::OutOfRange {
                offset,
                range: (first, next),
            } => {
                write!(f, "no record {offset}: the log has {first}..{next}")
            }
            LogError::Magic => f.write_str("not a segment"),
            LogError::Checksum { offset } => write!(f, "record {offset} is damaged"),
            LogError::Codec(error) => write!(f, "record is malformed: {error}"),
            LogError::ReadOnly => f.write_str("the log is read-only"),
        }
    }
}

impl Error for LogError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            LogError::Codec(error) => Some(error),
            _ => None,
        }
    }
}

impl From<CodecError> for LogError {
    fn from(error: CodecError) -> Self {
        LogError::Codec(error)
    }
}

/// One record of the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Record {
    /// Its number, counted from the start of the log.
    pub offset: u64,
    /// What kind of event it is.
    pub kind: EventKind,
    /// By which key events supersede each other.
    pub key: String,
    /// The encoded event.
    pub payload: Vec<u8>,
}

impl Record {
    /// The event.
    pub fn event(&self) -> Result<AnyEvent, CodecError> {
        AnyEvent::decode(self.kind, &mut Reader::new(&self.payload))
    }
}

impl Encode for Record {
    fn encode(&self, out: &mut Vec<u8>) {
        self.offset.encode(out);
        self.kind.code().encode(out);
        self.key.encode(out);
        self.payload.encode(out);
    }
}

impl Decode for Record {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Record {
            offset: u64::decode(reader)?,
            kind: EventKind::from_code(u16::decode(reader)?)?,
            key: String::decode(reader)?,
            payload: Vec::decode(reader)?,
        })
    }
}

/// When a segment is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentPolicy {
    /// At which size.
    pub max_bytes: usize,
    /// At how many records.
    pub max_records: u64,
}

impl Default for SegmentPolicy {
    fn default() -> Self {
        SegmentPolicy {
            max_bytes: 64 * 1024 * 1024,
            max_records: 1_000_000,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Segment {
    base: u64,
    next: u64,
    bytes: Vec<u8>,
    index: BTreeMap<u64, usize>,
}

impl Segment {
    fn new(base: u64) -> Self {
        Segment {
            base,
            next: base,
            bytes: MAGIC.to_vec(),
            index: BTreeMap::new(),
        }
    }

    fn push(&mut self, record: &Record) {
        if (record.offset - self.base) % INDEX_EVERY == 0 {
            self.index.insert(record.offset, self.bytes.len());
        }
        let body = encode(record);
        encode(&(body.len() as u32, crc32(&body)))
            .into_iter()
            .chain(body)
            .for_each(|byte| self.bytes.push(byte));
        self.next = record.offset + 1;
    }

    fn records_from(&self, offset: u64) -> Records<'_> {
        let start = self
            .index
            .range(..=offset)
            .next_back()
            .map_or(MAGIC.len(), |(_, position)| *position);
        Records {
            reader: Reader::new(&self.bytes[start..]),
            next: offset,
        }
    }

    /// A segment as it was on disk.
    fn parse(base: u64, bytes: Vec<u8>) -> Result<Self, LogError> {
        if !bytes.starts_with(MAGIC) {
            return Err(LogError::Magic);
        }
        let mut segment = Segment::new(base);
        let records = Records {
            reader: Reader::new(&bytes[MAGIC.len()..]),
            next: base,
        };
        for record in records {
            segment.push(&record?);
        }
        Ok(segment)
    }
}

struct Records<'a> {
    reader: Reader<'a>,
    next: u64,
}

impl Records<'_> {
    fn read(&mut self) -> Result<Record, LogError> {
        let (length, expected) = <(u32, u32)>::decode(&mut self.reader)?;
        let body = self.reader.take(length as usize)?;
        if crc32(body) != expected {
            return Err(LogError::Checksum { offset: self.next });
        }
        Ok(crate::codec::decode(body)?)
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.remaining() == 0 {
            return None;
        }
        let record = self.read();
        match &record {
            Ok(record) => self.next = record.offset + 1,
            Err(_) => self.reader = Reader::new(&[]),
        }
        Some(record)
    }
}

/// The log: segments, of which the last one grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLog {
    policy: SegmentPolicy,
    segments: Vec<Segment>,
    read_only: bool,
}

impl EventLog {
    /// An empty log.
    pub fn new(policy: SegmentPolicy) -> Self {
        EventLog {
            policy,
            segments: vec![Segment::new(0)],
            read_only: false,
        }
    }

    /// The log that these segments are, by the number of their first record.
    pub fn recover(
        policy: SegmentPolicy,
        segments: impl IntoIterator<Item = (u64, Vec<u8>)>,
    ) -> Result<Self, LogError> {
        let mut segments = segments
            .into_iter()
            .map(|(base, bytes)| Segment::parse(base, bytes))
            .collect::<Result<Vec<_>, _>>()?;
        segments.sort_by_key(|segment| segment.base);
        if segments.len() == 0 {
            segments.push(Segment::new(0));
        }
        Ok(EventLog {
            policy,
            segments,
            read_only: false,
        })
    }

    /// Refuses writes from now on.
    pub fn set_read_only(&mut self) {
        self.read_only = true;
    }

    /// Appends an event; returns its number.
    pub fn append<E: Event>(&mut self, event: &E) -> Result<u64, LogError> {
        self.append_raw(E::KIND, event.key(), encode(event))
    }

    /// Appends an event that is encoded already; returns its number.
    pub fn append_raw(
        &mut self,
        kind: EventKind,
        key: String,
        payload: Vec<u8>,
    ) -> Result<u64, LogError> {
        if self.read_only {
            return Err(LogError::ReadOnly);
        }
        let offset = self.next_offset();
        let full = self.segments.last().is_none_or(|segment| {
            segment.bytes.len() >= self.policy.max_bytes
                || segment.next - segment.base >= self.policy.max_records
        });
        if full {
            self.segments.push(Segment::new(offset));
        }
        let record = Record {
            offset,
            kind,
            key,
            payload,
        };
        if let Some(segment) = self.segments.last_mut() {
            segment.push(&record);
        }
        Ok(offset)
    }

    /// The first record that is still there.
    pub fn first_offset(&self) -> u64 {
        self.segments.first().map_or(0, |segment| segment.base)
    }

    /// The number that the next record will have.
    pub fn next_offset(&self) -> u64 {
        self.segments.last().map_or(0, |segment| segment.next)
    }

    /// One record.
    pub fn read(&self, offset: u64) -> Result<Record, LogError> {
        let missing = LogError::OutOfRange {
            offset,
            range: (self.first_offset(), self.next_offset()),
        };
        self.scan(offset).next().unwrap_or(Err(missing))
    }

    /// The records from `offset` on.
    pub fn scan(&self, offset: u64) -> impl Iterator<Item = Result<Record, LogError>> + '_ {
        let reachable = offset >= self.first_offset();
        let start = self
            .segments
            .partition_point(|segment| segment.next <= offset);
        self.segments[start..]
            .iter()
            .flat_map(move |segment| segment.records_from(offset.max(segment.base)))
            .filter(move |record| {
                reachable
                    && record
                        .as_ref()
                        .map_or(true, |record| record.offset >= offset)
            })
    }

    /// The records of one kind.
    pub fn of_kind(&self, kind: EventKind) -> Result<Vec<Record>, LogError> {
        self.scan(self.first_offset())
            .filter(|record| record.as_ref().map_or(true, |record| record.kind == kind))
            .collect()
    }

    /// Drops whole segments before `offset`; returns how many.
    pub fn truncate_before(&mut self, offset: u64) -> usize {
        let keep_last = self.segments.len().saturating_sub(1);
        let dropped = self
            .segments
            .partition_point(|segment| segment.next <= offset)
            .min(keep_last);
        self.segments.drain(..dropped);
        dropped
    }

    /// The latest record of every key, in the order of the log.
    pub fn compacted(&self) -> Result<Vec<Record>, LogError> {
        let mut latest = BTreeMap::new();
        for record in self.scan(self.first_offset()) {
            let record = record?;
            latest.insert((record.kind, record.key.clone()), record);
        }
        let mut records: Vec<_> = latest.into_values().collect();
        records.sort_by_key(|record| record.offset);
        Ok(records)
    }

    /// The segments as they belong on disk.
    pub fn to_segments(&self) -> Vec<(u64, Vec<u8>)> {
        self.segments
            .iter()
            .map(|segment| (segment.base, segment.bytes.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{OrderCancelled, OrderCreated};

    fn order(order_id: u64) -> OrderCreated {
        OrderCreated {
            order_id,
            currency: "EUR".to_string(),
            ..OrderCreated::default()
        }
    }

    fn log(records: u64, per_segment: u64) -> EventLog {
        let mut log = EventLog::new(SegmentPolicy {
            max_records: per_segment,
            ..SegmentPolicy::default()
        });
        for n in 0..records {
            log.append(&order(n % 10)).unwrap();
        }
        log
    }

    fn read_back((records, per_segment, offset): (u64, u64, u64)) -> Option<u64> {
        log(records, per_segment)
            .read(offset)
            .ok()
            .map(|record| record.offset)
    }

    cases! { reading, read_back;
        empty: (0, 10, 0) => None,
        the_only_one: (1, 10, 0) => Some(0),
        the_first: (50, 100, 0) => Some(0),
        the_last: (50, 100, 49) => Some(49),
        past_the_end: (50, 100, 50) => None,
        between_index_entries: (50, 100, 21) => Some(21),
        on_an_index_entry: (50, 100, 32) => Some(32),
        second_segment: (50, 20, 20) => Some(20),
        end_of_a_segment: (50, 20, 39) => Some(39),
        last_segment: (50, 20, 45) => Some(45),
        one_per_segment: (5, 1, 3) => Some(3),
    }

    fn scanned((records, per_segment, offset): (u64, u64, u64)) -> usize {
        log(records, per_segment).scan(offset).count()
    }

    cases! { scanning, scanned;
        all: (50, 20, 0) => 50,
        the_second_half: (50, 20, 25) => 25,
        only_the_last: (50, 20, 49) => 1,
        none: (50, 20, 50) => 0,
        far_beyond: (50, 20, 1_000) => 0,
    }

    #[test]
    fn events_come_back() {
        let mut log = log(0, 10);
        let offset = log.append(&order(7)).unwrap();
        let record = log.read(offset).unwrap();
        assert_eq!(record.event(), Ok(AnyEvent::OrderCreated(order(7))));
        assert_eq!(record.key, "7");
    }

    #[test]
    fn segments_come_back() {
        let log = log(45, 20);
        let recovered = EventLog::recover(log.policy, log.to_segments()).unwrap();
        assert_eq!(recovered, log);
    }

    #[test]
    fn recovered_log_goes_on() {
        let log = log(45, 20);
        let mut recovered = EventLog::recover(log.policy, log.to_segments()).unwrap();
        assert_eq!(recovered.append(&order(1)), Ok(45));
    }

    #[test]
    fn nothing_recovers_to_an_empty_log() {
        let log = EventLog::recover(SegmentPolicy::default(), []).unwrap();
        assert_eq!(log.next_offset(), 0);
    }

    #[test]
    fn flipped_bits_are_noticed() {
        let log = log(1, 10);
        let mut segments = log.to_segments();
        *segments[0].1.last_mut().unwrap() ^= 1;
        assert_eq!(
            EventLog::recover(log.policy, segments),
            Err(LogError::Checksum { offset: 0 })
        );
    }

    #[test]
    fn foreign_files_are_noticed() {
        assert_eq!(
            EventLog::recover(SegmentPolicy::default(), [(0, b"PNG!".to_vec())]),
            Err(LogError::Magic)
        );
    }

    // known: see docs/known-failures.md
    #[test]
    fn recovers_torn_tail_record() {
        let log = log(3, 10);
        let mut segments = log.to_segments();
        let torn = segments[0].1.len() - 2;
        segments[0].1.truncate(torn);
        let next = EventLog::recover(log.policy, segments).map(|log| log.next_offset());
        assert_eq!(
            next,
            Ok(2),
            "only the record that was being written may be lost"
        );
    }

    fn truncated((records, per_segment, offset): (u64, u64, u64)) -> (usize, u64) {
        let mut log = log(records, per_segment);
        let dropped = log.truncate_before(offset);
        (dropped, log.first_offset())
    }

    cases! { truncating, truncated;
        nothing_to_do: (50, 20, 0) => (0, 0),
        within_a_segment: (50, 20, 19) => (0, 0),
        one_segment: (50, 20, 20) => (1, 20),
        two_segments: (50, 20, 41) => (2, 40),
        never_the_last: (50, 20, 50) => (2, 40),
        only_one_segment: (5, 20, 5) => (0, 0),
    }

    #[test]
    fn truncated_records_are_out_of_range() {
        let mut log = log(50, 20);
        log.truncate_before(20);
        assert_eq!(
            log.read(3).unwrap_err().to_string(),
            "no record 3: the log has 20..50"
        );
    }

    #[test]
    fn compaction_keeps_the_latest_of_every_key() {
        let compacted = log(25, 20).compacted().unwrap();
        let offsets: Vec<_> = compacted.iter().map(|record| record.offset).collect();
        assert_eq!(offsets, [15, 16, 17, 18, 19, 20, 21, 22, 23, 24]);
    }

    #[test]
    fn kinds_are_told_apart() {
        let mut log = log(4, 20);
        log.append(&OrderCancelled::default()).unwrap();
        assert_eq!(log.of_kind(EventKind::OrderCreated).unwrap().len(), 4);
        assert_eq!(log.of_kind(EventKind::OrderCancelled).unwrap().len(), 1);
        assert_eq!(log.of_kind(EventKind::UserDeleted), Ok(vec![]));
    }

    #[test]
    fn read_only_refuses() {
        let mut log = log(1, 20);
        log.set_read_only();
        assert_eq!(log.append(&order(1)), Err(LogError::ReadOnly));
    }
}
