//! The configuration of the front, read from `EVENTMESH_API_*`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use eventmesh_persistence::ConfigError;

use crate::env::{choice, list, millis, optional, parsed, seconds, text};

/// A configuration word: an enum with a name for every variant.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok($name::$variant),)+
                    _ => Err(format!("expected one of {}", [$($word),+].join(", "))),
                }
            }
        }
    };
}

words! {
    /// The oldest protocol that is spoken.
    TlsVersion {
        /// TLS 1.2.
        V12 = "1.2",
        /// TLS 1.3.
        V13 = "1.3",
    }
}

words! {
    /// Whether clients show a certificate.
    ClientAuth {
        /// They are not asked.
        None = "none",
        /// They may.
        Optional = "optional",
        /// They must.
        Required = "required",
    }
}

words! {
    /// Who shares a limit.
    LimitKey {
        /// All requests from an address.
        Ip = "ip",
        /// All requests with a token.
        Token = "token",
        /// All requests.
        Global = "global",
    }
}

words! {
    /// How callers show who they are.
    AuthMode {
        /// They do not.
        Disabled = "disabled",
        /// By a key that we know.
        ApiKey = "api-key",
        /// By a signed token.
        Token = "token",
    }
}

words! {
    /// Which requests are turned away when there are too many.
    ShedPolicy {
        /// Those that come.
        Newest = "newest",
        /// Those that wait longest.
        Oldest = "oldest",
        /// Those that matter least.
        Priority = "priority",
    }
}

/// Where and how requests are taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServerConfig {
    /// The address to listen on.
    pub host: String,
    /// The port to listen on.
    pub port: u16,
    /// How many threads work.
    pub workers: usize,
    /// How many connections may wait to be accepted.
    pub backlog: u32,
    /// How long reading a request may take.
    pub read_timeout: Duration,
    /// How long writing a response may take.
    pub write_timeout: Duration,
    /// How long a connection may be idle.
    pub idle_timeout: Duration,
    /// The largest body.
    pub max_body_bytes: usize,
    /// The most headers.
    pub max_headers: usize,
    /// How long requests may go on after the end.
    pub shutdown_grace: Duration,
}

impl ServerConfig {
    /// Reads the configuration from the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        let config = ServerConfig {
            host: text("EVENTMESH_API_HOST", "0.0.0.0")?,
            port: parsed("EVENTMESH_API_PORT", 8080)?,
            workers: parsed("EVENTMESH_API_WORKERS", 4)?,
            backlog: parsed("EVENTMESH_API_BACKLOG", 1_024)?,
            read_timeout: millis("EVENTMESH_API_READ_TIMEOUT_MS", 5_000)?,
            write_timeout: millis("EVENTMESH_API_WRITE_TIMEOUT_MS", 5_000)?,
            idle_timeout: millis("EVENTMESH_API_IDLE_TIMEOUT_MS", 60_000)?,
            max_body_bytes: parsed("EVENTMESH_API_MAX_BODY_BYTES", 1_048_576)?,
            max_headers: parsed("EVENTMESH_API_MAX_HEADERS", 64)?,
            shutdown_grace: millis("EVENTMESH_API_SHUTDOWN_GRACE_MS", 10_000)?,
        };
        if config.workers == 0 {
            return Err(ConfigError::Conflict {
                name: "EVENTMESH_API_WORKERS",
                rule: "must be at least 1",
            });
        }
        Ok(config)
    }

    /// The address of a resource, as others see it.
    pub fn link(&self, path: &str) -> String {
        let root = "http://localhost:8080";
        format!("{root}/{}", path.trim_start_matches('/'))
    }
}

/// How connections are encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TlsConfig {
    /// Whether they are.
    pub enabled: bool,
    /// Our certificate.
    pub cert_path: PathBuf,
    /// Its key.
    pub key_path: PathBuf,
    /// Who signs the certificates of clients.
    pub ca_path: Option<PathBuf>,
    /// The oldest protocol that is spoken.
    pub min_version: TlsVersion,
    /// Whether clients show a certificate.
    pub client_auth: ClientAuth,
}

impl TlsConfig {
    /// Reads the configuration from the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        let config = TlsConfig {
            enabled: parsed("EVENTMESH_API_TLS_ENABLED", false)?,
            cert_path: text("EVENTMESH_API_TLS_CERT_PATH", "/etc/eventmesh/tls/cert.pem")?.into(),
            key_path: text("EVENTMESH_API_TLS_KEY_PATH", "/etc/eventmesh/tls/key.pem")?.into(),
            ca_path: optional("EVENTMESH_API_TLS_CA_PATH")?.map(PathBuf::from),
            min_version: choice("EVENTMESH_API_TLS_MIN_VERSION", "1.2")?,
            client_auth: choice("EVENTMESH_API_TLS_CLIENT_AUTH", "none")?,
        };
        if config.client_auth == ClientAuth::Required && config.ca_path.is_none() {
            return Err(ConfigError::Conflict {
                name: "EVENTMESH_API_TLS_CLIENT_AUTH",
                rule: "needs EVENTMESH_API_TLS_CA_PATH",
            });
        }
        Ok(config)
    }
}

/// How many requests a caller may send.
#[derive(Debug, Clone, PartialEq)]
pub struct RateLimitConfig {
    /// Whether requests are counted.
    pub enabled: bool,
    /// How many per second, in the long run.
    pub per_second: f64,
    /// How many at once.
    pub burst: u32,
    /// Who shares a limit.
    pub key: LimitKey,
    /// How many callers are kept in mind.
    pub max_keys: usize,
    /// How much longer to wait after a refusal.
    pub penalty: Duration,
}

impl RateLimitConfig {
    /// Reads the configuration from the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        let config = RateLimitConfig {
            enabled: parsed("EVENTMESH_API_RATE_LIMIT_ENABLED", true)?,
            per_second: parsed("EVENTMESH_API_RATE_LIMIT_RPS", 100.0)?,
            burst: parsed("EVENTMESH_API_RATE_LIMIT_BURST", 200)?,
            key: choice("EVENTMESH_API_RATE_LIMIT_KEY", "ip")?,
            max_keys: parsed("EVENTMESH_API_RATE_LIMIT_MAX_KEYS", 10_000)?,
            penalty: millis("EVENTMESH_API_RATE_LIMIT_PENALTY_MS", 0)?,
        };
        if config.per_second.is_nan() || config.per_second <= 0.0 {
            return Err(ConfigError::Conflict {
                name: "EVENTMESH_API_RATE_LIMIT_RPS",
                rule: "must be positive",
            });
        }
        Ok(config)
    }
}

/// Which pages of other origins may call us.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CorsConfig {
    /// The origins; `*` for all.
    pub origins: Vec<String>,
    /// The methods.
    pub methods: Vec<String>,
    /// The headers.
    pub headers: Vec<String>,
    /// How long browsers may keep that in mind.
    pub max_age: Duration,
    /// Whether cookies are sent along.
    pub credentials: bool,
}

impl CorsConfig {
    /// Reads the configuration from the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        let config = CorsConfig {
            origins: vec!["http://localhost:3000".to_string()],
            methods: list("EVENTMESH_API_CORS_METHODS", "GET,POST,PUT,DELETE")?,
            headers: list("EVENTMESH_API_CORS_HEADERS", "authorization,content-type")?,
            max_age: seconds("EVENTMESH_API_CORS_MAX_AGE_SECS", 600)?,
            credentials: parsed("EVENTMESH_API_CORS_CREDENTIALS", false)?,
        };
        if config.credentials && config.origins.iter().any(|origin| origin == "*") {
            return Err(ConfigError::Conflict {
                name: "EVENTMESH_API_CORS_CREDENTIALS",
                rule: "cannot be used with the origin *",
            });
        }
        Ok(config)
    }
}

/// How callers show who they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AuthConfig {
    /// By what.
    pub mode: AuthMode,
    /// Who signs tokens.
    pub issuer: String,
    /// For whom tokens are.
    pub audience: String,
    /// How long tokens are good for.
    pub token_ttl: Duration,
    /// By how much clocks may be apart.
    pub clock_skew: Duration,
    /// The keys that we know, as `name:key`.
    pub api_keys: Vec<String>,
}

impl AuthConfig {
    /// Reads the configuration from the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(AuthConfig {
            mode: choice("EVENTMESH_API_AUTH_MODE", "disabled")?,
            issuer: "https://auth.eventmesh.local".to_string(),
            audience: text("EVENTMESH_API_AUTH_AUDIENCE", "eventmesh")?,
            token_ttl: seconds("EVENTMESH_API_AUTH_TOKEN_TTL_SECS", 3_600)?,
            clock_skew: seconds("EVENTMESH_API_AUTH_CLOCK_SKEW_SECS", 30)?,
            api_keys: list("EVENTMESH_API_AUTH_API_KEYS", "")?,
        })
    }
}

/// What happens when there is too much to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BackpressureConfig {
    /// How many requests may wait.
    pub depth: usize,
    /// At how many percent of that requests are turned away.
    pub high_watermark: u8,
    /// At how many percent they are let in again.
    pub low_watermark: u8,
    /// Which requests are turned away.
    pub policy: ShedPolicy,
    /// When those should come back.
    pub retry_after: Duration,
}

impl BackpressureConfig {
    /// Reads the configuration from the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        let config = BackpressureConfig {
            depth: parsed("EVENTMESH_API_QUEUE_DEPTH", 512)?,
            high_watermark: parsed("EVENTMESH_API_QUEUE_HIGH_WATERMARK", 80)?,
            low_watermark: parsed("EVENTMESH_API_QUEUE_LOW_WATERMARK", 50)?,
            policy: choice("EVENTMESH_API_QUEUE_SHED_POLICY", "newest")?,
            retry_after: seconds("EVENTMESH_API_QUEUE_RETRY_AFTER_SECS", 1)?,
        };
        if config.high_watermark > 100 || config.low_watermark > config.high_watermark {
            return Err(ConfigError::Conflict {
                name: "EVENTMESH_API_QUEUE_HIGH_WATERMARK",
                rule: "must be between the low watermark and 100",
            });
        }
        Ok(config)
    }
}

/// How health is checked and shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HealthConfig {
    /// Where to ask whether we are alive.
    pub path: String,
    /// Where to ask whether we can work.
    pub ready_path: String,
    /// How often we look.
    pub interval: Duration,
    /// How long a look may take.
    pub timeout: Duration,
    /// After how many failures something is down.
    pub failure_threshold: u32,
    /// Where metrics are served.
    pub metrics_addr: String,
}

impl HealthConfig {
    /// Reads the configuration from the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(HealthConfig {
            path: text("EVENTMESH_API_HEALTH_PATH", "/healthz")?,
            ready_path: text("EVENTMESH_API_HEALTH_READY_PATH", "/readyz")?,
            interval: millis("EVENTMESH_API_HEALTH_INTERVAL_MS", 10_000)?,
            timeout: millis("EVENTMESH_API_HEALTH_TIMEOUT_MS", 1_000)?,
            failure_threshold: parsed("EVENTMESH_API_HEALTH_FAILURE_THRESHOLD", 3)?,
            metrics_addr: text("EVENTMESH_API_METRICS_ADDR", "127.0.0.1:9100")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Env;

    #[test]
    fn server_defaults() {
        let _env = Env::with(&[]);
        let config = ServerConfig::from_env().unwrap();
        assert_eq!((config.host.as_str(), config.port), ("0.0.0.0", 8080));
        assert_eq!(config.shutdown_grace, Duration::from_secs(10));
    }

    #[test]
    fn server_from_env() {
        let _env = Env::with(&[
            ("EVENTMESH_API_PORT", "9999"),
            ("EVENTMESH_API_MAX_BODY_BYTES", "10"),
        ]);
        let config = ServerConfig::from_env().unwrap();
        assert_eq!(config.port, 9_999);
        assert_eq!(config.max_body_bytes, 10);
        assert_eq!(
            config.link("/v1/topics/a"),
            "http://localhost:8080/v1/topics/a"
        );
    }

    #[test]
    fn tls_defaults() {
        let _env = Env::with(&[]);
        let config = TlsConfig::from_env().unwrap();
        assert!(!config.enabled);
        assert_eq!(config.ca_path, None);
        assert_eq!(config.min_version, TlsVersion::V12);
    }

    #[test]
    fn tls_from_env() {
        let _env = Env::with(&[
            ("EVENTMESH_API_TLS_ENABLED", "true"),
            ("EVENTMESH_API_TLS_CA_PATH", "/ca.pem"),
            ("EVENTMESH_API_TLS_CLIENT_AUTH", "required"),
        ]);
        let config = TlsConfig::from_env().unwrap();
        assert!(config.enabled);
        assert_eq!(config.ca_path, Some(PathBuf::from("/ca.pem")));
        assert_eq!(config.client_auth, ClientAuth::Required);
    }

    #[test]
    fn rate_limit_from_env() {
        let _env = Env::with(&[
            ("EVENTMESH_API_RATE_LIMIT_RPS", "2.5"),
            ("EVENTMESH_API_RATE_LIMIT_KEY", "token"),
        ]);
        let config = RateLimitConfig::from_env().unwrap();
        assert_eq!(config.per_second, 2.5);
        assert_eq!(config.key, LimitKey::Token);
        assert_eq!(config.burst, 200);
    }

    #[test]
    fn lists_are_split_at_commas() {
        let _env = Env::with(&[("EVENTMESH_API_CORS_METHODS", "GET, PUT,,")]);
        let methods = list("EVENTMESH_API_CORS_METHODS", "GET").unwrap();
        assert_eq!(methods, ["GET", "PUT"]);
    }

    #[test]
    fn auth_from_env() {
        let _env = Env::with(&[
            ("EVENTMESH_API_AUTH_MODE", "api-key"),
            ("EVENTMESH_API_AUTH_API_KEYS", "ci:abc,ops:def"),
        ]);
        let config = AuthConfig::from_env().unwrap();
        assert_eq!(config.mode, AuthMode::ApiKey);
        assert_eq!(config.audience, "eventmesh");
        assert_eq!(config.api_keys, ["ci:abc", "ops:def"]);
    }

    #[test]
    fn backpressure_from_env() {
        let _env = Env::with(&[
            ("EVENTMESH_API_QUEUE_DEPTH", "64"),
            ("EVENTMESH_API_QUEUE_SHED_POLICY", "priority"),
        ]);
        let config = BackpressureConfig::from_env().unwrap();
        assert_eq!(config.depth, 64);
        assert_eq!(config.policy, ShedPolicy::Priority);
    }

    #[test]
    fn health_from_env() {
        let _env = Env::with(&[
            ("EVENTMESH_API_HEALTH_PATH", "/alive"),
            ("EVENTMESH_API_METRICS_ADDR", "0.0.0.0:9999"),
        ]);
        let config = HealthConfig::from_env().unwrap();
        assert_eq!(config.path, "/alive");
        assert_eq!(config.ready_path, "/readyz");
        assert_eq!(config.metrics_addr, "0.0.0.0:9999");
    }

    fn rejected((name, value): (&str, &str)) -> &'static str {
        let _env = Env::with(&[(name, value)]);
        let error = ServerConfig::from_env()
            .err()
            .or(TlsConfig::from_env().err())
            .or(RateLimitConfig::from_env().err())
            .or(BackpressureConfig::from_env().err());
        error.map_or("nothing", |error| error.variable())
    }

    cases! { rejected_values, rejected;
        port_too_large: ("EVENTMESH_API_PORT", "65536") => "EVENTMESH_API_PORT",
        wordy_port: ("EVENTMESH_API_PORT", "http") => "EVENTMESH_API_PORT",
        no_workers: ("EVENTMESH_API_WORKERS", "0") => "EVENTMESH_API_WORKERS",
        old_tls: ("EVENTMESH_API_TLS_MIN_VERSION", "1.0") => "EVENTMESH_API_TLS_MIN_VERSION",
        client_auth_without_ca: ("EVENTMESH_API_TLS_CLIENT_AUTH", "required") => "EVENTMESH_API_TLS_CLIENT_AUTH",
        no_rate: ("EVENTMESH_API_RATE_LIMIT_RPS", "0") => "EVENTMESH_API_RATE_LIMIT_RPS",
        rate_is_no_number: ("EVENTMESH_API_RATE_LIMIT_RPS", "NaN") => "EVENTMESH_API_RATE_LIMIT_RPS",
        watermark_over_full: ("EVENTMESH_API_QUEUE_HIGH_WATERMARK", "101") => "EVENTMESH_API_QUEUE_HIGH_WATERMARK",
        watermarks_crossed: ("EVENTMESH_API_QUEUE_LOW_WATERMARK", "90") => "EVENTMESH_API_QUEUE_HIGH_WATERMARK",
        fine: ("EVENTMESH_API_QUEUE_LOW_WATERMARK", "10") => "nothing",
    }

    #[test]
    fn words_say_what_they_expect() {
        assert_eq!(
            "maybe".parse::<ClientAuth>(),
            Err("expected one of none, optional, required".to_string())
        );
    }
}
