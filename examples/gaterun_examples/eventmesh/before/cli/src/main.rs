//! `eventmesh`: shows the configuration that the services would start with.
//!
//! The settings themselves are read by the libraries; see
//! `docs/configuration.md`.

mod format;

use std::process::ExitCode;

use eventmesh_api::{
    AuthConfig, BackpressureConfig, CorsConfig, HealthConfig, RateLimitConfig, ServerConfig,
    TlsConfig,
};
use eventmesh_persistence::{
    CacheConfig, ConfigError, DbConfig, Dsn, ReplicationConfig, RetentionConfig, StoreConfig,
};
use eventmesh_pool::{PoolConfig, RetryConfig};

use crate::format::{Section, Summary};

/// All settings, grouped by crate.
fn summary() -> Result<Summary, ConfigError> {
    let mut summary = Summary::new();
    summary.add(api()?);
    summary.add(security()?);
    summary.add(persistence()?);
    summary.add(pool()?);
    Ok(summary)
}

fn api() -> Result<Section, ConfigError> {
    let server = ServerConfig::from_env()?;
    let limits = RateLimitConfig::from_env()?;
    let queue = BackpressureConfig::from_env()?;
    let health = HealthConfig::from_env()?;
    let mut section = Section::new("api");
    section.row("listen", &format!("{}:{}", server.host, server.port));
    section.row("workers", &server.workers.to_string());
    section.row("rate limit", &format!("{}/s", limits.per_second));
    section.row("queue depth", &queue.depth.to_string());
    section.row("health", &health.path);
    section.row("metrics", &health.metrics_addr);
    Ok(section)
}

fn security() -> Result<Section, ConfigError> {
    let tls = TlsConfig::from_env()?;
    let cors = CorsConfig::from_env()?;
    let auth = AuthConfig::from_env()?;
    let mut section = Section::new("security");
    section.row("tls", format::on_off(tls.enabled));
    section.row("origins", &cors.origins.join(", "));
    section.row("issuer", &auth.issuer);
    section.row("api keys", &auth.api_keys.len().to_string());
    Ok(section)
}

fn persistence() -> Result<Section, ConfigError> {
    let store = StoreConfig::from_env()?;
    let db = DbConfig::from_env()?;
    let cache = CacheConfig::from_env()?;
    let retention = RetentionConfig::from_env()?;
    let replication = ReplicationConfig::from_env()?;
    let mut section = Section::new("persistence");
    section.row("data", &store.data_dir.display().to_string());
    section.row("segment size", &format::bytes(store.segment_bytes));
    section.row("database", &masked(&db.url));
    section.row("cache", format::on_off(cache.enabled));
    section.row("retention", &format::duration(retention.max_age));
    section.row("replication", &replication.listen);
    section.row("copies", &replication.factor.to_string());
    Ok(section)
}

fn pool() -> Result<Section, ConfigError> {
    let pool = PoolConfig::from_env()?;
    let retry = RetryConfig::from_env()?;
    let mut section = Section::new("pool");
    section.row("size", &format!("{}..{}", pool.min_idle, pool.max_size));
    section.row("idle timeout", &format::duration(pool.idle_timeout));
    section.row("attempts", &retry.max_attempts.to_string());
    Ok(section)
}

/// A database address without its password.
fn masked(url: &str) -> String {
    match url.parse::<Dsn>() {
        Ok(dsn) => dsn.to_string(),
        Err(error) => format!("({error})"),
    }
}

fn main() -> ExitCode {
    match summary() {
        Ok(summary) => {
            print!("{}", summary.to_string());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("eventmesh: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked() {
        assert_eq!(masked("pg://u:secret@h/d"), "pg://u:***@h/d");
    }

    #[test]
    fn bad_addresses_are_not_shown() {
        assert_eq!(masked("secret"), "(the scheme is missing)");
    }
}
