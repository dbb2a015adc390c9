//! Small readers of environment variables, all with a default.

use std::env::VarError;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use eventmesh_pool::ConfigError;

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

/// A duration given in seconds.
pub(crate) fn seconds(name: &'static str, default: u64) -> Result<Duration, ConfigError> {
    parsed(name, default).map(Duration::from_secs)
}

/// One of the words that `T` knows; `default` is one of them.
pub(crate) fn choice<T>(name: &'static str, default: &str) -> Result<T, ConfigError>
where
    T: FromStr<Err = String>,
{
    let value = text(name, default)?;
    value.parse().map_err(|reason| ConfigError::Invalid {
        name,
        value,
        reason,
    })
}

/// The text of `name` where it is set.
pub(crate) fn optional(name: &'static str) -> Result<Option<String>, ConfigError> {
    text(name, "").map(|value| Some(value).filter(|value| !value.is_empty()))
}

/// A list, separated by commas; `default` is one.
pub(crate) fn list(name: &'static str, default: &str) -> Result<Vec<String>, ConfigError> {
    let value = text(name, default)?;
    let items = value.split(',').map(str::trim);
    Ok(items
        .filter(|item| !item.is_empty())
        .map(str::to_string)
        .collect())
}
