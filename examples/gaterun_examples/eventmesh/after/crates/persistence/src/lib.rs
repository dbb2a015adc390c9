//! Storage for eventmesh: an append-only event log with its codec, caches
//! with a time to live, retention, replication, and the settings of the
//! database that keeps the metadata.
//!
//! ```text
//! let mut log = EventLog::new(SegmentPolicy::default());
//! let offset = log.append(&OrderCreated { order_id: 7, ..Default::default() })?;
//! let record = log.read(offset)?;
//! ```

#[cfg(test)]
#[macro_use]
mod testing;

pub mod cache;
pub mod checksum;
pub mod codec;
pub mod config;
pub mod dsn;
mod env;
pub mod eventlog;
pub mod events;
pub mod replication;
pub mod retention;
pub mod snapshot;
pub mod ttl;

pub use cache::{CachePolicy, CacheStats, ShardedCache};
pub use checksum::{crc32, Crc32};
pub use codec::{decode, encode, CodecError, Decode, Encode, Reader};
pub use config::{CacheConfig, DbConfig, ReplicationConfig, RetentionConfig, StoreConfig};
pub use dsn::{Dsn, DsnError};
pub use eventlog::{EventLog, LogError, Record, SegmentPolicy};
pub use eventmesh_pool::ConfigError;
pub use events::{AnyEvent, Event, EventKind, Topic};
pub use replication::{AckPolicy, ReplicaSet};
pub use retention::{RetentionPlan, SegmentInfo};
pub use snapshot::Snapshot;
pub use ttl::TtlStore;
