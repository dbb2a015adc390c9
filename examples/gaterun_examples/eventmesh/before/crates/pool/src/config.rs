//! The configuration of the pool, read from `EVENTMESH_POOL_*`.

use std::time::Duration;

use crate::env::{millis, parsed};
use crate::ConfigError;

/// How many connections there are, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PoolConfig {
    /// How many connections the reaper leaves idle.
    pub min_idle: usize,
    /// How many connections there may be in all.
    pub max_size: usize,
    /// How long to wait for a free connection.
    pub acquire_timeout: Duration,
    /// After how long an idle connection is closed.
    pub idle_timeout: Duration,
    /// After how long any connection is closed.
    pub max_lifetime: Duration,
    /// How often the reaper runs.
    pub reap_interval: Duration,
}

impl PoolConfig {
    /// Reads the configuration from the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        let config = PoolConfig {
            min_idle: parsed("EVENTMESH_POOL_MIN_IDLE", 1)?,
            max_size: parsed("EVENTMESH_POOL_MAX_SIZE", 16)?,
            acquire_timeout: millis("EVENTMESH_POOL_ACQUIRE_TIMEOUT_MS", 3_000)?,
            idle_timeout: millis("EVENTMESH_POOL_IDLE_TIMEOUT_MS", 600_000)?,
            max_lifetime: millis("EVENTMESH_POOL_MAX_LIFETIME_MS", 1_800_000)?,
            reap_interval: millis("EVENTMESH_POOL_REAP_INTERVAL_MS", 30_000)?,
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.max_size == 0 {
            return Err(ConfigError::Conflict {
                name: "EVENTMESH_POOL_MAX_SIZE",
                rule: "must be at least 1",
            });
        }
        if self.min_idle > self.max_size {
            return Err(ConfigError::Conflict {
                name: "EVENTMESH_POOL_MIN_IDLE",
                rule: "must not exceed EVENTMESH_POOL_MAX_SIZE",
            });
        }
        Ok(())
    }
}

/// How often and how fast to try again.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryConfig {
    /// How often to try in all.
    pub max_attempts: u32,
    /// The first delay.
    pub base: Duration,
    /// The longest delay.
    pub max: Duration,
    /// By how much every delay is longer than the one before.
    pub multiplier: f64,
    /// Which part of a delay is random, from 0 to 1.
    pub jitter: f64,
}

impl RetryConfig {
    /// Reads the configuration from the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        let config = RetryConfig {
            max_attempts: parsed("EVENTMESH_POOL_RETRY_MAX_ATTEMPTS", 5)?,
            base: millis("EVENTMESH_POOL_RETRY_BASE_MS", 50)?,
            max: millis("EVENTMESH_POOL_RETRY_MAX_MS", 5_000)?,
            multiplier: parsed("EVENTMESH_POOL_RETRY_MULTIPLIER", 2.0)?,
            jitter: parsed("EVENTMESH_POOL_RETRY_JITTER", 0.1)?,
        };
        if !(0.0..=1.0).contains(&config.jitter) {
            return Err(ConfigError::Conflict {
                name: "EVENTMESH_POOL_RETRY_JITTER",
                rule: "must be between 0 and 1",
            });
        }
        if config.multiplier < 1.0 {
            return Err(ConfigError::Conflict {
                name: "EVENTMESH_POOL_RETRY_MULTIPLIER",
                rule: "must be at least 1",
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
    fn pool_defaults() {
        let _env = Env::with(&[]);
        let config = PoolConfig::from_env().unwrap();
        assert_eq!(config.max_size, 16);
        assert_eq!(config.min_idle, 1);
        assert_eq!(config.reap_interval, Duration::from_secs(30));
    }

    #[test]
    fn pool_from_env() {
        let _env = Env::with(&[
            ("EVENTMESH_POOL_MAX_SIZE", "64"),
            ("EVENTMESH_POOL_MIN_IDLE", "8"),
            ("EVENTMESH_POOL_IDLE_TIMEOUT_MS", "1500"),
        ]);
        let config = PoolConfig::from_env().unwrap();
        assert_eq!(config.max_size, 64);
        assert_eq!(config.min_idle, 8);
        assert_eq!(config.idle_timeout, Duration::from_millis(1_500));
    }

    #[test]
    fn retry_defaults() {
        let _env = Env::with(&[]);
        let config = RetryConfig::from_env().unwrap();
        assert_eq!(config.max_attempts, 5);
        assert_eq!(config.base, Duration::from_millis(50));
    }

    #[test]
    fn retry_from_env() {
        let _env = Env::with(&[
            ("EVENTMESH_POOL_RETRY_MAX_ATTEMPTS", "9"),
            ("EVENTMESH_POOL_RETRY_MULTIPLIER", "1.5"),
        ]);
        let config = RetryConfig::from_env().unwrap();
        assert_eq!(config.max_attempts, 9);
        assert_eq!(config.multiplier, 1.5);
    }

    fn pool_rejects((name, value): (&str, &str)) -> &'static str {
        let _env = Env::with(&[(name, value)]);
        PoolConfig::from_env().unwrap_err().variable()
    }

    cases! { rejected_pool_values, pool_rejects;
        zero_size: ("EVENTMESH_POOL_MAX_SIZE", "0") => "EVENTMESH_POOL_MAX_SIZE",
        negative_size: ("EVENTMESH_POOL_MAX_SIZE", "-1") => "EVENTMESH_POOL_MAX_SIZE",
        wordy_size: ("EVENTMESH_POOL_MAX_SIZE", "many") => "EVENTMESH_POOL_MAX_SIZE",
        too_many_idle: ("EVENTMESH_POOL_MIN_IDLE", "17") => "EVENTMESH_POOL_MIN_IDLE",
        fractional_timeout: ("EVENTMESH_POOL_ACQUIRE_TIMEOUT_MS", "0.5") => "EVENTMESH_POOL_ACQUIRE_TIMEOUT_MS",
        unit_in_timeout: ("EVENTMESH_POOL_IDLE_TIMEOUT_MS", "10s") => "EVENTMESH_POOL_IDLE_TIMEOUT_MS",
    }

    fn retry_rejects((name, value): (&str, &str)) -> &'static str {
        let _env = Env::with(&[(name, value)]);
        RetryConfig::from_env().unwrap_err().variable()
    }

    cases! { rejected_retry_values, retry_rejects;
        jitter_above_one: ("EVENTMESH_POOL_RETRY_JITTER", "1.5") => "EVENTMESH_POOL_RETRY_JITTER",
        jitter_below_zero: ("EVENTMESH_POOL_RETRY_JITTER", "-0.1") => "EVENTMESH_POOL_RETRY_JITTER",
        shrinking_delay: ("EVENTMESH_POOL_RETRY_MULTIPLIER", "0.5") => "EVENTMESH_POOL_RETRY_MULTIPLIER",
        wordy_attempts: ("EVENTMESH_POOL_RETRY_MAX_ATTEMPTS", "five") => "EVENTMESH_POOL_RETRY_MAX_ATTEMPTS",
    }

    #[test]
    fn blank_means_default() {
        let _env = Env::with(&[("EVENTMESH_POOL_MAX_SIZE", "  ")]);
        assert_eq!(PoolConfig::from_env().unwrap().max_size, 16);
    }
}
