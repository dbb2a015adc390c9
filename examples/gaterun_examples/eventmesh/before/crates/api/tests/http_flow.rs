//! Requests through the whole application.

use std::sync::Arc;
use std::time::Duration;

use eventmesh_api::config::{AuthMode, LimitKey, ShedPolicy};
use eventmesh_api::{
    App, AppConfig, AuthConfig, BackpressureConfig, CorsConfig, HealthConfig, Method,
    RateLimitConfig, Request, Response, ServerConfig, Status, Value,
};
use eventmesh_pool::ManualClock;

const TOPIC: &str = r#"{"name": "orders", "partitions": 4, "replicas": 3}"#;

fn config() -> AppConfig {
    AppConfig {
        server: ServerConfig {
            host: "0.0.0.0".to_string(),
            port: 80,
            workers: 1,
            backlog: 1,
            read_timeout: Duration::from_secs(1),
            write_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(1),
            max_body_bytes: 200,
            max_headers: 8,
            shutdown_grace: Duration::from_secs(1),
        },
        rate_limit: RateLimitConfig {
            enabled: true,
            per_second: 1.0,
            burst: 5,
            key: LimitKey::Ip,
            max_keys: 10,
            penalty: Duration::ZERO,
        },
        cors: CorsConfig {
            origins: vec!["https://app.test".to_string()],
            methods: vec!["GET".to_string()],
            headers: vec![],
            max_age: Duration::from_secs(1),
            credentials: true,
        },
        auth: AuthConfig {
            mode: AuthMode::Disabled,
            issuer: "us".to_string(),
            audience: "mesh".to_string(),
            token_ttl: Duration::from_secs(60),
            clock_skew: Duration::ZERO,
            api_keys: vec!["ci:abc".to_string()],
        },
        backpressure: BackpressureConfig {
            depth: 10,
            high_watermark: 80,
            low_watermark: 50,
            policy: ShedPolicy::Newest,
            retry_after: Duration::from_secs(1),
        },
        health: HealthConfig {
            path: "/healthz".to_string(),
            ready_path: "/readyz".to_string(),
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            failure_threshold: 1,
            metrics_addr: "unused".to_string(),
        },
    }
}

type TestApp = App<Arc<ManualClock>>;

fn app() -> TestApp {
    App::new(config(), Arc::new(ManualClock::at(0)))
}

fn send(app: &TestApp, method: Method, target: &str, body: &str) -> Response {
    app.handle(&Request::new(method, target).with_body(body), "peer")
}

#[test]
fn topics_come_and_go() {
    let app = app();
    let created = send(&app, Method::Post, "/v1/topics", TOPIC);
    assert_eq!(created.status, Status::Created);
    assert_eq!(
        created.headers.get("location"),
        Some("http://localhost:8080/v1/topics/orders")
    );
    let again = send(&app, Method::Post, "/v1/topics", TOPIC);
    assert_eq!(again.status, Status::Conflict);
    let list = send(&app, Method::Get, "/v1/topics", "");
    assert_eq!(list.text(), r#"{"names":["orders"],"total":1}"#);
    let deleted = send(&app, Method::Delete, "/v1/topics/orders", "");
    assert_eq!(deleted.status, Status::NoContent);
    let gone = send(&app, Method::Get, "/v1/topics/orders", "");
    assert_eq!(gone.status, Status::NotFound);
}

#[test]
fn replacing_needs_the_same_name() {
    let app = app();
    let other = send(&app, Method::Put, "/v1/topics/users", TOPIC);
    assert_eq!(other.status, Status::Unprocessable);
    let same = send(&app, Method::Put, "/v1/topics/orders", TOPIC);
    assert_eq!(same.status, Status::Ok);
}

#[test]
fn published_events_can_be_read() {
    let app = app();
    let event = r#"{"kind": "OrderCreated", "key": "7", "payload": {"n": 1}}"#;
    let published = send(&app, Method::Post, "/v1/events", event);
    assert_eq!(published.text(), r#"{"offset":0,"topic":"orders"}"#);
    let read = send(&app, Method::Get, "/v1/events/0", "");
    let value = Value::parse(&read.text()).unwrap();
    assert_eq!(value.pointer("payload.n"), Some(&Value::Int(1)));
    let page = send(&app, Method::Get, "/v1/events?from=0", "");
    let value = Value::parse(&page.text()).unwrap();
    assert_eq!(value.pointer("next"), Some(&Value::Null));
    let missing = send(&app, Method::Get, "/v1/events/1", "");
    assert_eq!(missing.status, Status::NotFound);
}

#[test]
fn batches_say_what_was_rejected() {
    let batch = r#"{"events": [{"kind": "JobQueued", "payload": 1}, {"kind": "X", "payload": 2}]}"#;
    let response = send(&app(), Method::Post, "/v1/events/batch", batch);
    assert_eq!(
        response.text(),
        r#"{"first":0,"last":0,"rejected":[{"index":1,"reason":"unknown kind"}]}"#
    );
}

#[test]
fn bad_bodies_are_explained() {
    let app = app();
    let malformed = send(&app, Method::Post, "/v1/topics", "{");
    assert_eq!(malformed.status, Status::BadRequest);
    let rule = r#"{"name": "a", "partitions": 0, "replicas": 1}"#;
    let broken = send(&app, Method::Post, "/v1/topics", rule);
    assert_eq!(broken.status, Status::Unprocessable);
    assert!(broken
        .text()
        .contains("partitions must be between 1 and 1024"));
    let large = send(&app, Method::Post, "/v1/topics", &"x".repeat(201));
    assert_eq!(large.status, Status::TooLarge);
}

#[test]
fn too_many_requests_are_limited() {
    let app = app();
    for _ in 0..5 {
        assert_eq!(send(&app, Method::Get, "/v1/kinds", "").status, Status::Ok);
    }
    let limited = send(&app, Method::Get, "/v1/kinds", "");
    assert_eq!(limited.status, Status::TooManyRequests);
    assert_eq!(limited.headers.get("retry-after"), Some("1"));
    let probe = send(&app, Method::Get, "/healthz", "");
    assert_eq!(probe.status, Status::Ok);
}

#[test]
fn readiness_follows_the_checks() {
    let app = app();
    assert_eq!(send(&app, Method::Get, "/readyz", "").status, Status::Ok);
    app.record_health("db", Err("refused".to_string()));
    let response = send(&app, Method::Get, "/readyz", "");
    assert_eq!(response.status, Status::Unavailable);
    assert_eq!(response.text().contains("refused"), true);
}

#[test]
fn keys_are_asked_for() {
    let mut locked = config();
    locked.auth.mode = AuthMode::ApiKey;
    let app = App::new(locked, Arc::new(ManualClock::at(0)));
    let without = send(&app, Method::Get, "/v1/kinds", "");
    assert_eq!(without.status, Status::Unauthorized);
    let request = Request::new(Method::Get, "/v1/kinds").with_header("x-api-key", "abc");
    assert_eq!(app.handle(&request, "peer").status, Status::Ok);
}

#[test]
fn wrong_methods_name_the_right_ones() {
    let response = send(&app(), Method::Delete, "/v1/topics", "");
    assert_eq!(response.status, Status::MethodNotAllowed);
    assert_eq!(response.headers.get("allow"), Some("GET, POST"));
}

#[test]
fn browsers_get_their_headers() {
    let request = Request::new(Method::Get, "/v1/kinds").with_header("origin", "https://app.test");
    let response = app().handle(&request, "peer");
    let credentials = response.headers.get("access-control-allow-credentials");
    assert_eq!(credentials, Some("true"));
}

#[test]
fn metrics_count_responses() {
    let app = app();
    send(&app, Method::Get, "/v1/kinds", "");
    send(&app, Method::Get, "/nothing", "");
    let metrics = send(&app, Method::Get, "/metrics", "").text();
    assert!(metrics.contains("responses_total{status=\"200\"} 1\n"));
    assert!(metrics.contains("responses_total{status=\"404\"} 1\n"));
}

#[test]
fn head_has_no_body() {
    let response = send(&app(), Method::Head, "/v1/kinds", "");
    assert_eq!((response.status, response.body.len()), (Status::Ok, 0));
}
