//! Connection pooling for eventmesh: a generic [`Pool`] with an idle reaper,
//! retries with exponential backoff, a circuit breaker and the counters that
//! the health endpoint reports.
//!
//! ```text
//! let config = PoolConfig::from_env()?;
//! let pool = Pool::new(manager, config, SystemClock::new());
//! let conn = pool.acquire()?;
//! ```

#[cfg(test)]
#[macro_use]
mod testing;

pub mod backoff;
pub mod breaker;
pub mod clock;
pub mod config;
mod env;
pub mod error;
pub mod metrics;
pub mod pool;
pub mod reaper;
pub mod semaphore;

pub use backoff::{retry, Backoff, RetryError};
pub use breaker::{BreakerState, CircuitBreaker};
pub use clock::{Clock, ManualClock, SystemClock};
pub use config::{PoolConfig, RetryConfig};
pub use error::{ConfigError, PoolError};
pub use metrics::{Histogram, PoolMetrics, PoolSnapshot};
pub use pool::{Manager, Pool, Pooled};
pub use reaper::{IdleEntry, ReapReason, Reaper};
pub use semaphore::{Permit, Semaphore};
