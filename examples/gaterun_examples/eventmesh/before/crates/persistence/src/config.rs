//! The configuration of storage, read from `EVENTMESH_STORE_*` and
//! `EVENTMESH_DB_*`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use eventmesh_pool::ConfigError;

use crate::cache::CachePolicy;
use crate::env::{choice, millis, optional, parsed, seconds, text};
use crate::replication::AckPolicy;

/// When the log is flushed to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SyncPolicy {
    /// After every record.
    Always,
    /// Every so often.
    Interval,
    /// When the operating system likes to.
    Never,
}

impl FromStr for SyncPolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "always" => Ok(SyncPolicy::Always),
            "interval" => Ok(SyncPolicy::Interval),
            "never" => Ok(SyncPolicy::Never),
            _ => Err("expected always, interval or never".to_string()),
        }
    }
}

/// How the database connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SslMode {
    /// Not at all.
    Disable,
    /// If the server can.
    Prefer,
    /// Always.
    Require,
    /// Always, and the certificate is checked.
    VerifyFull,
}

impl FromStr for SslMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "disable" => Ok(SslMode::Disable),
            "prefer" => Ok(SslMode::Prefer),
            "require" => Ok(SslMode::Require),
            "verify-full" => Ok(SslMode::VerifyFull),
            _ => Err("expected disable, prefer, require or verify-full".to_string()),
        }
    }
}

/// Where and how the event log is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StoreConfig {
    /// Where the segments are.
    pub data_dir: PathBuf,
    /// Where the write-ahead log is.
    pub wal_dir: PathBuf,
    /// At which size a segment is closed.
    pub segment_bytes: u64,
    /// How many segments there may be.
    pub max_segments: usize,
    /// When the log is flushed.
    pub sync_policy: SyncPolicy,
    /// How often, for [`SyncPolicy::Interval`].
    pub sync_interval: Duration,
    /// Whether records carry a checksum.
    pub checksum: bool,
    /// Whether writes are refused.
    pub read_only: bool,
}

impl StoreConfig {
    /// Reads the configuration from the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        let config = StoreConfig {
            data_dir: PathBuf::from("/var/lib/eventmesh"),
            wal_dir: text("EVENTMESH_STORE_WAL_DIR", "/var/lib/eventmesh/wal")?.into(),
            segment_bytes: parsed("EVENTMESH_STORE_SEGMENT_BYTES", 67_108_864)?,
            max_segments: parsed("EVENTMESH_STORE_MAX_SEGMENTS", 256)?,
            sync_policy: choice("EVENTMESH_STORE_SYNC_POLICY", "interval")?,
            sync_interval: millis("EVENTMESH_STORE_SYNC_INTERVAL_MS", 200)?,
            checksum: parsed("EVENTMESH_STORE_CHECKSUM", true)?,
            read_only: parsed("EVENTMESH_STORE_READ_ONLY", false)?,
        };
        if config.segment_bytes < 4_096 {
            return Err(ConfigError::Conflict {
                name: "EVENTMESH_STORE_SEGMENT_BYTES",
                rule: "must be at least 4096",
            });
        }
        Ok(config)
    }
}

/// The database that keeps the metadata.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DbConfig {
    /// The primary.
    pub url: String,
    /// Where reads may go instead.
    pub replica_url: Option<String>,
    /// The schema with our tables.
    pub schema: String,
    /// How long opening a connection may take.
    pub connect_timeout: Duration,
    /// How long a statement may take.
    pub statement_timeout: Duration,
    /// How the connection is encrypted.
    pub ssl_mode: SslMode,
    /// What we call ourselves.
    pub application_name: String,
    /// How many prepared statements are kept.
    pub statement_cache: usize,
    /// How many rows are written at a time.
    pub max_batch: usize,
    /// Whether migrations run at the start.
    pub migrate_on_start: bool,
}

impl DbConfig {
    /// Reads the configuration from the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(DbConfig {
            url: text(
                "EVENTMESH_DB_URL",
                "postgres://eventmesh@localhost:5432/eventmesh",
            )?,
            replica_url: optional("EVENTMESH_DB_REPLICA_URL")?,
            schema: text("EVENTMESH_DB_SCHEMA", "eventmesh")?,
            connect_timeout: millis("EVENTMESH_DB_CONNECT_TIMEOUT_MS", 5_000)?,
            statement_timeout: millis("EVENTMESH_DB_STATEMENT_TIMEOUT_MS", 30_000)?,
            ssl_mode: choice("EVENTMESH_DB_SSL_MODE", "prefer")?,
            application_name: text("EVENTMESH_DB_APPLICATION_NAME", "eventmesh")?,
            statement_cache: parsed("EVENTMESH_DB_STATEMENT_CACHE", 128)?,
            max_batch: parsed("EVENTMESH_DB_MAX_BATCH", 500)?,
            migrate_on_start: parsed("EVENTMESH_DB_MIGRATE_ON_START", true)?,
        })
    }
}

/// The cache in front of the database.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheConfig {
    /// Whether there is one.
    pub enabled: bool,
    /// How many entries it holds.
    pub capacity: usize,
    /// How long an entry is good for.
    pub ttl: Duration,
    /// How many locks it is spread over.
    pub shards: usize,
    /// What it forgets first.
    pub policy: CachePolicy,
    /// How long the absence of an entry is remembered.
    pub negative_ttl: Duration,
}

impl CacheConfig {
    /// Reads the configuration from the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        let config = CacheConfig {
            enabled: parsed("EVENTMESH_STORE_CACHE_ENABLED", true)?,
            capacity: parsed("EVENTMESH_STORE_CACHE_CAPACITY", 10_000)?,
            ttl: seconds("EVENTMESH_STORE_CACHE_TTL_SECS", 300)?,
            shards: parsed("EVENTMESH_STORE_CACHE_SHARDS", 8)?,
            policy: choice("EVENTMESH_STORE_CACHE_POLICY", "lru")?,
            negative_ttl: seconds("EVENTMESH_STORE_CACHE_NEGATIVE_TTL_SECS", 10)?,
        };
        if config.shards == 0 {
            return Err(ConfigError::Conflict {
                name: "EVENTMESH_STORE_CACHE_SHARDS",
                rule: "must be at least 1",
            });
        }
        Ok(config)
    }
}

/// How long events are kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RetentionConfig {
    /// For how long.
    pub max_age: Duration,
    /// Up to how many bytes; 0 for no limit.
    pub max_bytes: u64,
    /// How many segments stay in any case.
    pub min_segments: usize,
    /// How often old segments are looked for.
    pub sweep_interval: Duration,
    /// Whether superseded events are dropped.
    pub compaction: bool,
}

impl RetentionConfig {
    /// Reads the configuration from the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(RetentionConfig {
            max_age: seconds("EVENTMESH_STORE_RETENTION_SECS", 604_800)?,
            max_bytes: parsed("EVENTMESH_STORE_RETENTION_BYTES", 0)?,
            min_segments: parsed("EVENTMESH_STORE_RETENTION_MIN_SEGMENTS", 2)?,
            sweep_interval: millis("EVENTMESH_STORE_RETENTION_SWEEP_MS", 60_000)?,
            compaction: parsed("EVENTMESH_STORE_COMPACTION", false)?,
        })
    }
}

/// How the log is copied to other nodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReplicationConfig {
    /// The other nodes.
    pub peers: Vec<String>,
    /// How many copies there are, this one included.
    pub factor: usize,
    /// Where the other nodes reach this one.
    pub listen: String,
    /// How long to wait for an acknowledgement.
    pub timeout: Duration,
    /// Which acknowledgements a write needs.
    pub ack: AckPolicy,
    /// How many records may be on their way.
    pub window: usize,
}

impl ReplicationConfig {
    /// Reads the configuration from the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        let peers = optional("EVENTMESH_STORE_REPLICATION_PEERS")?.unwrap_or_default();
        let config = ReplicationConfig {
            peers: peers
                .split(',')
                .map(|peer| peer.trim().to_string())
                .filter(|peer| !peer.is_empty())
                .collect(),
            factor: parsed("EVENTMESH_STORE_REPLICATION_FACTOR", 1)?,
            listen: "127.0.0.1:9000".to_string(),
            timeout: millis("EVENTMESH_STORE_REPLICATION_TIMEOUT_MS", 2_000)?,
            ack: choice("EVENTMESH_STORE_REPLICATION_ACK", "quorum")?,
            window: parsed("EVENTMESH_STORE_REPLICATION_WINDOW", 64)?,
        };
        if config.factor > config.peers.len() + 1 {
            return Err(ConfigError::Conflict {
                name: "EVENTMESH_STORE_REPLICATION_FACTOR",
                rule: "needs as many peers",
            });
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Env;

    #[test]
    fn store_defaults() {
        let _env = Env::with(&[]);
        let config = StoreConfig::from_env().unwrap();
        assert_eq!(config.data_dir, PathBuf::from("/var/lib/eventmesh"));
        assert_eq!(config.segment_bytes, 64 * 1024 * 1024);
        assert_eq!(config.sync_policy, SyncPolicy::Interval);
        assert!(config.checksum);
    }

    #[test]
    fn store_from_env() {
        let _env = Env::with(&[
            ("EVENTMESH_STORE_WAL_DIR", "/fast/wal"),
            ("EVENTMESH_STORE_SYNC_POLICY", "always"),
            ("EVENTMESH_STORE_READ_ONLY", "true"),
        ]);
        let config = StoreConfig::from_env().unwrap();
        assert_eq!(config.wal_dir, PathBuf::from("/fast/wal"));
        assert_eq!(config.sync_policy, SyncPolicy::Always);
        assert!(config.read_only);
    }

    #[test]
    fn db_defaults() {
        let _env = Env::with(&[]);
        let config = DbConfig::from_env().unwrap();
        assert_eq!(config.url, "postgres://eventmesh@localhost:5432/eventmesh");
        assert_eq!(config.replica_url, None);
        assert_eq!(config.max_batch, 500);
    }

    #[test]
    fn db_from_env() {
        let _env = Env::with(&[
            ("EVENTMESH_DB_URL", "postgres://db/mesh"),
            ("EVENTMESH_DB_REPLICA_URL", "postgres://replica/mesh"),
            ("EVENTMESH_DB_SSL_MODE", "verify-full"),
        ]);
        let config = DbConfig::from_env().unwrap();
        assert_eq!(config.url, "postgres://db/mesh");
        assert_eq!(
            config.replica_url.as_deref(),
            Some("postgres://replica/mesh")
        );
        assert_eq!(config.ssl_mode, SslMode::VerifyFull);
    }

    #[test]
    fn cache_defaults() {
        let _env = Env::with(&[]);
        let config = CacheConfig::from_env().unwrap();
        assert!(config.enabled);
        assert_eq!(config.capacity, 10_000);
        assert_eq!(config.policy, CachePolicy::Lru);
    }

    #[test]
    fn cache_from_env() {
        let _env = Env::with(&[
            ("EVENTMESH_STORE_CACHE_CAPACITY", "12"),
            ("EVENTMESH_STORE_CACHE_POLICY", "lfu"),
        ]);
        let config = CacheConfig::from_env().unwrap();
        assert_eq!(config.capacity, 12);
        assert_eq!(config.policy, CachePolicy::Lfu);
    }

    #[test]
    fn retention_defaults() {
        let _env = Env::with(&[]);
        let config = RetentionConfig::from_env().unwrap();
        assert_eq!(config.max_age, Duration::from_secs(7 * 24 * 3_600));
        assert_eq!(config.max_bytes, 0);
    }

    #[test]
    fn retention_from_env() {
        let _env = Env::with(&[
            ("EVENTMESH_STORE_RETENTION_SECS", "60"),
            ("EVENTMESH_STORE_COMPACTION", "true"),
        ]);
        let config = RetentionConfig::from_env().unwrap();
        assert_eq!(config.max_age, Duration::from_secs(60));
        assert!(config.compaction);
    }

    #[test]
    fn unset_is_no_text() {
        let _env = Env::with(&[]);
        assert_eq!(optional("EVENTMESH_DB_REPLICA_URL"), Ok(None));
    }

    #[test]
    fn blank_is_no_text() {
        let _env = Env::with(&[("EVENTMESH_DB_REPLICA_URL", " ")]);
        assert_eq!(optional("EVENTMESH_DB_REPLICA_URL"), Ok(None));
    }

    fn store_rejects((name, value): (&str, &str)) -> &'static str {
        let _env = Env::with(&[(name, value)]);
        StoreConfig::from_env().unwrap_err().variable()
    }

    cases! { rejected_store_values, store_rejects;
        tiny_segments: ("EVENTMESH_STORE_SEGMENT_BYTES", "100") => "EVENTMESH_STORE_SEGMENT_BYTES",
        unit_in_size: ("EVENTMESH_STORE_SEGMENT_BYTES", "64M") => "EVENTMESH_STORE_SEGMENT_BYTES",
        unknown_policy: ("EVENTMESH_STORE_SYNC_POLICY", "often") => "EVENTMESH_STORE_SYNC_POLICY",
        yes_is_no_bool: ("EVENTMESH_STORE_CHECKSUM", "yes") => "EVENTMESH_STORE_CHECKSUM",
        one_is_no_bool: ("EVENTMESH_STORE_READ_ONLY", "1") => "EVENTMESH_STORE_READ_ONLY",
    }

    fn cache_rejects((name, value): (&str, &str)) -> &'static str {
        let _env = Env::with(&[(name, value)]);
        CacheConfig::from_env().unwrap_err().variable()
    }

    cases! { rejected_cache_values, cache_rejects;
        no_shards: ("EVENTMESH_STORE_CACHE_SHARDS", "0") => "EVENTMESH_STORE_CACHE_SHARDS",
        unknown_policy: ("EVENTMESH_STORE_CACHE_POLICY", "mru") => "EVENTMESH_STORE_CACHE_POLICY",
        negative_ttl: ("EVENTMESH_STORE_CACHE_TTL_SECS", "-1") => "EVENTMESH_STORE_CACHE_TTL_SECS",
    }

    fn ssl(text: &str) -> Option<SslMode> {
        text.parse().ok()
    }

    cases! { ssl_modes, ssl;
        disable: "disable" => Some(SslMode::Disable),
        prefer: "prefer" => Some(SslMode::Prefer),
        require: "require" => Some(SslMode::Require),
        verify_full: "verify-full" => Some(SslMode::VerifyFull),
        unknown: "on" => None,
        wrong_case: "Prefer" => None,
    }

    fn sync(text: &str) -> Option<SyncPolicy> {
        text.parse().ok()
    }

    cases! { sync_policies, sync;
        always: "always" => Some(SyncPolicy::Always),
        interval: "interval" => Some(SyncPolicy::Interval),
        never: "never" => Some(SyncPolicy::Never),
        empty: "" => None,
    }
}
