//! The errors of the pool and of reading configuration.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Why a configuration could not be read from the environment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConfigError {
    /// The variable is set to something that does not parse.
    Invalid {
        /// The variable.
        name: &'static str,
        /// What it was set to.
        value: String,
        /// What the parser said.
        reason: String,
    },
    /// The variable is not valid UTF-8.
    NotUnicode {
        /// The variable.
        name: &'static str,
    },
    /// The value parses, but contradicts another one.
    Conflict {
        /// The variable.
        name: &'static str,
        /// Which rule is broken.
        rule: &'static str,
    },
}

impl ConfigError {
    /// The variable that the error is about.
    pub fn variable(&self) -> &'static str {
        match self {
            ConfigError::Invalid { name, .. }
            | ConfigError::NotUnicode { name }
            | ConfigError::Conflict { name, .. } => name,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Invalid {
                name,
                value,
                reason,
            } => {
                write!(f, "{name}: cannot use {value:?}: {reason}")
            }
            ConfigError::NotUnicode { name } => write!(f, "{name}: not valid UTF-8"),
            ConfigError::Conflict { name, rule } => write!(f, "{name}: {rule}"),
        }
    }
}

impl Error for ConfigError {}

/// Why no connection could be handed out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PoolError {
    /// No connection became free in time.
    Timeout(Duration),
    /// The manager failed to open a connection.
    Connect(String),
    /// The circuit breaker is open.
    Open {
        /// When to try again.
        retry_after: Duration,
    },
    /// The pool was closed.
    Closed,
}

impl PoolError {
    /// Whether it makes sense to try again.
    pub fn is_transient(&self) -> bool {
        match self {
            PoolError::Timeout(_) | PoolError::Connect(_) | PoolError::Open { .. } => true,
            _ => false,
        }
    }
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolError::Timeout(after) => {
                write!(f, "no connection within {} ms", after.as_millis())
            }
            PoolError::Connect(reason) => write!(f, "cannot connect: {reason}"),
            PoolError::Open { retry_after } => {
                write!(f, "circuit open for {} ms", retry_after.as_millis())
            }
            PoolError::Closed => f.write_str("pool is closed"),
        }
    }
}

impl Error for PoolError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(error: PoolError) -> String {
        error.to_string()
    }

    cases! { display, shown;
        timeout: PoolError::Timeout(Duration::from_millis(250)) => "no connection within 250 ms",
        connect: PoolError::Connect("refused".into()) => "cannot connect: refused",
        open: PoolError::Open { retry_after: Duration::from_secs(2) } => "circuit open for 2000 ms",
        closed: PoolError::Closed => "pool is closed",
    }

    fn transient(error: PoolError) -> bool {
        error.is_transient()
    }

    cases! { transience, transient;
        timeout: PoolError::Timeout(Duration::ZERO) => true,
        connect: PoolError::Connect(String::new()) => true,
        open: PoolError::Open { retry_after: Duration::ZERO } => true,
        closed: PoolError::Closed => false,
    }

    #[test]
    fn config_error_names_its_variable() {
        let error = ConfigError::Conflict {
            name: "EVENTMESH_POOL_MIN_IDLE",
            rule: "must not exceed the maximum size",
        };
        assert_eq!(error.variable(), "EVENTMESH_POOL_MIN_IDLE");
        assert_eq!(
            error.to_string(),
            "EVENTMESH_POOL_MIN_IDLE: must not exceed the maximum size"
        );
    }
}
