//! The HTTP front of eventmesh: requests are authenticated, limited, routed
//! to an action, and answered with JSON. There is no socket in here; a
//! transport hands in [`Request`]s and sends the [`Response`]s.
//!
//! ```text
//! let app = App::new(AppConfig::load()?, SystemClock::new());
//! let response = app.handle(&Request::parse(bytes)?, "203.0.113.7");
//! ```

#[cfg(test)]
#[macro_use]
mod testing;

pub mod auth;
pub mod backpressure;
pub mod config;
pub mod cors;
mod env;
pub mod health;
pub mod http;
pub mod json;
pub mod messages;
pub mod ratelimit;
pub mod router;
pub mod routes;
pub mod service;

pub use config::{
    AuthConfig, BackpressureConfig, CorsConfig, HealthConfig, RateLimitConfig, ServerConfig,
    TlsConfig,
};
pub use eventmesh_persistence::ConfigError;
pub use http::{Headers, HttpError, Method, Request, Response, Status};
pub use json::{FromJson, JsonError, ToJson, Value};
pub use router::{Match, Router};
pub use routes::{Action, Resource, ROUTES};
pub use service::{App, AppConfig};
