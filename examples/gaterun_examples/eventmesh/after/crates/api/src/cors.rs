//! Which pages of other origins may call us.

use crate::config::CorsConfig;
use crate::http::{Headers, Method, Request, Response, Status};

/// Whether `origin` may call us.
pub fn allows_origin(config: &CorsConfig, origin: &str) -> bool {
    config.origins.iter().any(|allowed| {
        allowed == "*"
            || allowed.eq_ignore_ascii_case(origin)
            || allowed
                .split_once("*.")
                .is_some_and(|(scheme, domain)| is_subdomain(origin, scheme, domain))
    })
}

fn is_subdomain(origin: &str, scheme: &str, domain: &str) -> bool {
    origin
        .strip_prefix(scheme)
        .and_then(|host| host.strip_suffix(domain))
        .and_then(|rest| rest.strip_suffix('.'))
        .is_some_and(|label| !label.is_empty() && !label.contains('/'))
}

/// The answer to a question of a browser, if `request` is one.
pub fn preflight(config: &CorsConfig, request: &Request) -> Option<Response> {
    if request.method != Method::Options {
        return None;
    }
    let wanted = request.headers.get("access-control-request-method")?;
    let origin = request.headers.get("origin")?;
    if !allows_origin(config, origin) || !config.methods.iter().any(|method| method == wanted) {
        return Some(Response::new(Status::Forbidden));
    }
    let mut response = Response::new(Status::NoContent);
    response
        .headers
        .set("access-control-allow-methods", config.methods.join(", "));
    response
        .headers
        .set("access-control-allow-headers", config.headers.join(", "));
    response.headers.set(
        "access-control-max-age",
        config.max_age.as_secs().to_string(),
    );
    decorate(config, origin, &mut response.headers);
    Some(response)
}

/// Adds to a response what the browser must know.
pub fn decorate(config: &CorsConfig, origin: &str, headers: &mut Headers) {
    if !allows_origin(config, origin) {
        return;
    }
    headers.set("access-control-allow-origin", origin);
    headers.append("vary", "origin");
    if config.credentials {
        headers.set("access-control-allow-credentials", "true");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn config(origins: &[&str]) -> CorsConfig {
        CorsConfig {
            origins: origins.iter().map(|origin| origin.to_string()).collect(),
            methods: vec!["GET".to_string(), "PUT".to_string()],
            headers: vec!["content-type".to_string()],
            max_age: Duration::from_secs(600),
            credentials: false,
        }
    }

    fn allowed((origins, origin): (&[&str], &str)) -> bool {
        allows_origin(&config(origins), origin)
    }

    cases! { origins, allowed;
        none: (&[], "https://a.test") => false,
        all: (&["*"], "https://a.test") => true,
        same: (&["https://a.test"], "https://a.test") => true,
        no_case: (&["https://A.test"], "https://a.TEST") => true,
        other: (&["https://a.test"], "https://b.test") => false,
        other_scheme: (&["https://a.test"], "http://a.test") => false,
        one_of_two: (&["https://a.test", "https://b.test"], "https://b.test") => true,
        subdomain: (&["https://*.a.test"], "https://x.a.test") => true,
        the_domain_itself: (&["https://*.a.test"], "https://a.test") => false,
        lookalike: (&["https://*.a.test"], "https://xa.test") => false,
        path_trick: (&["https://*.a.test"], "https://b.test/.a.test") => false,
    }

    fn asked((origin, method): (&str, &str)) -> Option<Status> {
        let request = Request::new(Method::Options, "/v1/topics")
            .with_header("origin", origin)
            .with_header("access-control-request-method", method);
        preflight(&config(&["https://a.test"]), &request).map(|response| response.status)
    }

    cases! { preflights, asked;
        fine: ("https://a.test", "PUT") => Some(Status::NoContent),
        wrong_method: ("https://a.test", "DELETE") => Some(Status::Forbidden),
        wrong_origin: ("https://b.test", "PUT") => Some(Status::Forbidden),
    }

    #[test]
    fn plain_requests_are_no_preflight() {
        let request = Request::new(Method::Options, "/v1/topics");
        assert_eq!(preflight(&config(&["*"]), &request), None);
    }

    #[test]
    fn answers_carry_the_origin() {
        let mut headers = Headers::new();
        decorate(&config(&["*"]), "https://a.test", &mut headers);
        assert_eq!(
            headers.get("access-control-allow-origin"),
            Some("https://a.test")
        );
        assert_eq!(headers.get("access-control-allow-credentials"), None);
    }
}
