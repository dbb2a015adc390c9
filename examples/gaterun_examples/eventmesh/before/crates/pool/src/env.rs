//! Small readers of environment variables, all with a default.

use std::env::VarError;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use crate::ConfigError;

/// The text of `name`, or `default` where it is unset or blank.
pub(crate) fn text(name: &'static str, default: &str) -> Result<String, ConfigError> {
    match std::env::var(name) {
        Ok(value) if !value.trim().is_empty() => Ok(value.trim().to_string()),
        Ok(_) | Err(VarError::NotPresent) => Ok(default.to_string()),
        Err(VarError::NotUnicode(_)) => Err(ConfigError::NotUnicode { name }),
    }
}

/// The parsed value of `name`, or `default` where it is unset or blank.
pub(crate) fn parsed<T>(name: &'static str, default: T) -> Result<T, ConfigError>
where
    T: FromStr,
    T::Err: Display,
{
    let value = text(name, "")?;
    if value.is_empty() {
        return Ok(default);
    }
    value.parse().map_err(|error: T::Err| ConfigError::Invalid {
        name,
        reason: error.to_string(),
        value,
    })
}

/// A duration given in milliseconds.
pub(crate) fn millis(name: &'static str, default: u64) -> Result<Duration, ConfigError> {
    parsed(name, default).map(Duration::from_millis)
}
