//! Finds the route of a request by a tree of path segments.

use std::collections::BTreeMap;

use crate::http::{percent_decode, Method};
use crate::routes::{Action, Route};

/// The parts of a path that vary, by name.
pub type Params = BTreeMap<&'static str, String>;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Match {
    /// An action.
    Found(Action, Params),
    /// Something that exists, but not with this method.
    WrongMethod(Vec<Method>),
    /// Nothing.
    NotFound,
}

#[derive(Debug, Clone, Default)]
struct Node {
    fixed: BTreeMap<&'static str, Node>,
    variable: Option<(&'static str, Box<Node>)>,
    actions: BTreeMap<Method, Action>,
}

/// A tree of routes.
#[derive(Debug, Clone, Default)]
pub struct Router {
    root: Node,
}

impl Router {
    /// The tree of `routes`.
    pub fn new(routes: &[Route]) -> Self {
        let mut router = Router::default();
        for route in routes {
            router.add(route);
        }
        router
    }

    fn add(&mut self, route: &Route) {
        let mut node = &mut self.root;
        for segment in route.pattern.split('/') {
            let name = segment
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'));
            node = match name {
                Some(name) => {
                    let (_, child) = node.variable.get_or_insert_with(|| (name, Box::default()));
                    child
                }
                None => node.fixed.entry(segment).or_default(),
            };
        }
        node.actions.insert(route.method, route.action);
    }

    /// What `method` on `path` asks for.
    pub fn find(&self, method: Method, path: &str) -> Match {
        let decoded = percent_decode(path);
        let segments: Vec<&str> = decoded.trim_start_matches('/').split('/').collect();
        let mut params = Params::new();
        let Some(node) = descend(&self.root, &segments, &mut params) else {
            return Match::NotFound;
        };
        let wanted = match method {
            Method::Head => Method::Get,
            method => method,
        };
        match node.actions.get(&wanted) {
            Some(action) => Match::Found(*action, params),
            None => Match::WrongMethod(node.actions.keys().copied().collect()),
        }
    }
}

fn descend<'a>(node: &'a Node, segments: &[&str], params: &mut Params) -> Option<&'a Node> {
    let Some((first, rest)) = segments.split_first() else {
        return Some(node).filter(|node| !node.actions.is_empty());
    };
    let fixed = node.fixed.get(*first);
    if let Some(found) = fixed.and_then(|child| descend(child, rest, params)) {
        return Some(found);
    }
    let (name, child) = node.variable.as_ref()?;
    if first.is_empty() {
        return None;
    }
    let found = descend(child, rest, params)?;
    params.insert(name, first.to_string());
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::{Resource, ROUTES};

    fn action((method, path): (Method, &str)) -> Option<Action> {
        match Router::new(ROUTES).find(method, path) {
            Match::Found(action, _) => Some(action),
            Match::WrongMethod(_) | Match::NotFound => None,
        }
    }

    cases! { actions, action;
        publish: (Method::Post, "/v1/events") => Some(Action::Publish),
        publish_batch: (Method::Post, "/v1/events/batch") => Some(Action::PublishBatch),
        read_events: (Method::Get, "/v1/events") => Some(Action::ReadEvents),
        read_event: (Method::Get, "/v1/events/12") => Some(Action::ReadEvent),
        kinds: (Method::Get, "/v1/kinds") => Some(Action::ListKinds),
        metrics: (Method::Get, "/metrics") => Some(Action::Metrics),
        list_topics: (Method::Get, "/v1/topics") => Some(Action::List(Resource::Topic)),
        head_is_get: (Method::Head, "/v1/topics") => Some(Action::List(Resource::Topic)),
        create_schema: (Method::Post, "/v1/schemas") => Some(Action::Create(Resource::Schema)),
        read_webhook: (Method::Get, "/v1/webhooks/w") => Some(Action::Read(Resource::Webhook)),
        replace_quota: (Method::Put, "/v1/quotas/q") => Some(Action::Replace(Resource::Quota)),
        delete_job: (Method::Delete, "/v1/jobs/j") => Some(Action::Delete(Resource::Job)),
        no_first_slash: (Method::Get, "v1/kinds") => Some(Action::ListKinds),
        jobs_are_not_replaced: (Method::Put, "/v1/jobs/j") => None,
        slash_at_the_end: (Method::Get, "/v1/topics/") => None,
        empty_path: (Method::Get, "") => None,
        only_a_prefix: (Method::Get, "/v1") => None,
        too_long: (Method::Get, "/v1/topics/a/b") => None,
        other_version: (Method::Get, "/v2/topics") => None,
        case_matters: (Method::Get, "/V1/topics") => None,
    }

    fn name(path: &str) -> Option<String> {
        match Router::new(ROUTES).find(Method::Get, path) {
            Match::Found(_, params) => params.get("name").cloned(),
            Match::WrongMethod(_) | Match::NotFound => None,
        }
    }

    cases! { names, name;
        plain: "/v1/topics/orders" => Some("orders".to_string()),
        dotted: "/v1/topics/a.b-c_d" => Some("a.b-c_d".to_string()),
        with_space: "/v1/topics/a%20b" => Some("a b".to_string()),
        unicode: "/v1/topics/%C3%BC" => Some("ü".to_string()),
        none: "/v1/topics" => None,
    }

    // known: see docs/known-failures.md
    #[test]
    fn encoded_slash_stays_in_segment() {
        assert_eq!(
            name("/v1/topics/tenant%2Forders"),
            Some("tenant/orders".to_string()),
            "%2F belongs to the name and does not separate segments"
        );
    }

    #[test]
    fn wrong_method_names_the_right_ones() {
        assert_eq!(
            Router::new(ROUTES).find(Method::Patch, "/v1/topics/a"),
            Match::WrongMethod(vec![Method::Get, Method::Put, Method::Delete])
        );
    }
}
