//! The table of routes: method, pattern (without the first slash), action.

use crate::http::Method;

/// What can be created, read, replaced and deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// Topics.
    Topic,
    /// Consumer groups.
    Consumer,
    /// Webhooks.
    Webhook,
    /// Schemas.
    Schema,
    /// Quotas.
    Quota,
    /// Jobs.
    Job,
    /// Alert rules.
    Alert,
    /// Nodes.
    Node,
}

impl Resource {
    /// All of them.
    pub const ALL: [Resource; 8] = [
        Resource::Topic,
        Resource::Consumer,
        Resource::Webhook,
        Resource::Schema,
        Resource::Quota,
        Resource::Job,
        Resource::Alert,
        Resource::Node,
    ];

    /// The word in paths.
    pub fn plural(self) -> &'static str {
        match self {
            Resource::Topic => "topics",
            Resource::Consumer => "consumers",
            Resource::Webhook => "webhooks",
            Resource::Schema => "schemas",
            Resource::Quota => "quotas",
            Resource::Job => "jobs",
            Resource::Alert => "alerts",
            Resource::Node => "nodes",
        }
    }
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// The names of all.
    List(Resource),
    /// A new one.
    Create(Resource),
    /// One.
    Read(Resource),
    /// One in place of another.
    Replace(Resource),
    /// One less.
    Delete(Resource),
    /// An event is published.
    Publish,
    /// Some events are published.
    PublishBatch,
    /// Events are read.
    ReadEvents,
    /// One event is read.
    ReadEvent,
    /// The kinds of events.
    ListKinds,
    /// What is counted.
    Metrics,
}

impl Action {
    /// Whether it changes something.
    pub fn is_write(self) -> bool {
        match self {
            Action::Create(_)
            | Action::Replace(_)
            | Action::Delete(_)
            | Action::Publish
            | Action::PublishBatch => true,
            Action::List(_)
            | Action::Read(_)
            | Action::ReadEvents
            | Action::ReadEvent
            | Action::ListKinds
            | Action::Metrics => false,
        }
    }
}

/// One route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for what varies.
    pub pattern: &'static str,
    /// What it does.
    pub action: Action,
}

const fn route(method: Method, pattern: &'static str, action: Action) -> Route {
    Route {
        method,
        pattern,
        action,
    }
}

use Action::{Create, Delete, List, Read, Replace};
use Method::{Get, Post, Put};

/// All routes.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    route(Post, "v1/events", Action::Publish),
    route(Post, "v1/events/batch", Action::PublishBatch),
    route(Get, "v1/events", Action::ReadEvents),
    route(Get, "v1/events/{offset}", Action::ReadEvent),
    route(Get, "v1/kinds", Action::ListKinds),
    route(Get, "metrics", Action::Metrics),
    route(Get, "v1/topics", List(Resource::Topic)),
    route(Post, "v1/topics", Create(Resource::Topic)),
    route(Get, "v1/topics/{name}", Read(Resource::Topic)),
    route(Put, "v1/topics/{name}", Replace(Resource::Topic)),
    route(Method::Delete, "v1/topics/{name}", Delete(Resource::Topic)),
    route(Get, "v1/consumers", List(Resource::Consumer)),
    route(Post, "v1/consumers", Create(Resource::Consumer)),
    route(Get, "v1/consumers/{name}", Read(Resource::Consumer)),
    route(Put, "v1/consumers/{name}", Replace(Resource::Consumer)),
    route(Method::Delete, "v1/consumers/{name}", Delete(Resource::Consumer)),
    route(Get, "v1/webhooks", List(Resource::Webhook)),
    route(Post, "v1/webhooks", Create(Resource::Webhook)),
    route(Get, "v1/webhooks/{name}", Read(Resource::Webhook)),
    route(Put, "v1/webhooks/{name}", Replace(Resource::Webhook)),
    route(Method::Delete, "v1/webhooks/{name}", Delete(Resource::Webhook)),
    route(Get, "v1/schemas", List(Resource::Schema)),
    route(Post, "v1/schemas", Create(Resource::Schema)),
    route(Get, "v1/schemas/{name}", Read(Resource::Schema)),
    route(Put, "v1/schemas/{name}", Replace(Resource::Schema)),
    route(Method::Delete, "v1/schemas/{name}", Delete(Resource::Schema)),
    route(Get, "v1/quotas", List(Resource::Quota)),
    route(Post, "v1/quotas", Create(Resource::Quota)),
    route(Get, "v1/quotas/{name}", Read(Resource::Quota)),
    route(Put, "v1/quotas/{name}", Replace(Resource::Quota)),
    route(Method::Delete, "v1/quotas/{name}", Delete(Resource::Quota)),
    route(Get, "v1/jobs", List(Resource::Job)),
    route(Post, "v1/jobs", Create(Resource::Job)),
    route(Get, "v1/jobs/{name}", Read(Resource::Job)),
    route(Method::Delete, "v1/jobs/{name}", Delete(Resource::Job)),
    route(Get, "v1/alerts", List(Resource::Alert)),
    route(Post, "v1/alerts", Create(Resource::Alert)),
    route(Get, "v1/alerts/{name}", Read(Resource::Alert)),
    route(Put, "v1/alerts/{name}", Replace(Resource::Alert)),
    route(Method::Delete, "v1/alerts/{name}", Delete(Resource::Alert)),
    route(Get, "v1/nodes", List(Resource::Node)),
    route(Post, "v1/nodes", Create(Resource::Node)),
    route(Get, "v1/nodes/{name}", Read(Resource::Node)),
    route(Method::Delete, "v1/nodes/{name}", Delete(Resource::Node)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_route_twice() {
        let mut seen = HashSet::new();
        assert!(ROUTES.iter().all(|r| seen.insert((r.method, r.pattern))));
    }

    #[test]
    fn safe_methods_do_not_write() {
        for route in ROUTES {
            assert_eq!(
                route.action.is_write(),
                !route.method.is_safe(),
                "{route:?}"
            );
        }
    }

    #[test]
    fn resources_have_a_list() {
        for resource in Resource::ALL {
            let pattern = format!("v1/{}", resource.plural());
            let found = ROUTES
                .iter()
                .find(|r| r.pattern == pattern && r.method == Get);
            assert_eq!(found.map(|route| route.action), Some(List(resource)));
        }
    }
}
