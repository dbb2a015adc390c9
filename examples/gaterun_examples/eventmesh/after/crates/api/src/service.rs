//! The application: one request in, one response out.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use eventmesh_persistence::{AnyEvent, ConfigError, EventKind, EventLog, Reader, SegmentPolicy};
use eventmesh_pool::Clock;

use crate::auth::{Authenticator, Identity};
use crate::backpressure::{Admission, WorkQueue};
use crate::config::{
    AuthConfig, BackpressureConfig, CorsConfig, HealthConfig, LimitKey, RateLimitConfig,
    ServerConfig,
};
use crate::cors;
use crate::health::{HealthMonitor, HealthState};
use crate::http::{Method, Request, Response, Status};
use crate::json::{FromJson, ToJson, Value};
use crate::messages::{
    AlertSpec, ConsumerSpec, EventPage, JobSpec, NameList, NodeSpec, Problem, PublishBatch,
    PublishEvent, Published, PublishedBatch, QuotaSpec, Rejection, SchemaSpec, StoredEvent,
    TopicSpec, Validate, WebhookSpec,
};
use crate::ratelimit::{Decision, RateLimiter};
use crate::router::{Match, Params, Router};
use crate::routes::{Action, Resource, ROUTES};

/// How many events a page has at most.
const PAGE: usize = 100;

/// All that the application can be told.
#[derive(Debug, Clone, PartialEq)]
pub struct AppConfig {
    /// Where and how requests are taken.
    pub server: ServerConfig,
    /// How many requests a caller may send.
    pub rate_limit: RateLimitConfig,
    /// Which pages may call us.
    pub cors: CorsConfig,
    /// How callers show who they are.
    pub auth: AuthConfig,
    /// What happens when there is too much to do.
    pub backpressure: BackpressureConfig,
    /// How health is shown.
    pub health: HealthConfig,
}

impl AppConfig {
    /// Puts the parts together, each read from the environment.
    pub fn load() -> Result<Self, ConfigError> {
        Ok(AppConfig {
            server: ServerConfig::from_env()?,
            rate_limit: RateLimitConfig::from_env()?,
            cors: CorsConfig::from_env()?,
            auth: AuthConfig::from_env()?,
            backpressure: BackpressureConfig::from_env()?,
            health: HealthConfig::from_env()?,
        })
    }
}

/// The application.
pub struct App<C: Clock> {
    config: AppConfig,
    clock: C,
    router: Router,
    authenticator: Authenticator,
    limiter: Mutex<RateLimiter>,
    queue: Mutex<WorkQueue<String>>,
    health: Mutex<HealthMonitor>,
    log: Mutex<EventLog>,
    resources: Mutex<BTreeMap<(Resource, String), Value>>,
    responses: Mutex<BTreeMap<u16, u64>>,
}

impl<C: Clock> App<C> {
    /// An application with an empty log.
    pub fn new(config: AppConfig, clock: C) -> Self {
        App {
            router: Router::new(ROUTES),
            authenticator: Authenticator::new(config.auth.clone()),
            limiter: Mutex::new(RateLimiter::new(config.rate_limit.clone())),
            queue: Mutex::new(WorkQueue::new(config.backpressure.clone())),
            health: Mutex::new(HealthMonitor::new(&config.health)),
            log: Mutex::new(EventLog::new(SegmentPolicy::default())),
            resources: Mutex::new(BTreeMap::new()),
            responses: Mutex::new(BTreeMap::new()),
            clock,
            config,
        }
    }

    /// Notes how a check went.
    pub fn record_health(&self, name: &str, result: Result<(), String>) {
        lock(&self.health).record(name, result);
    }

    /// Answers `request`, which came from `peer`.
    pub fn handle(&self, request: &Request, peer: &str) -> Response {
        let mut response = self.answer(request, peer);
        if let Some(origin) = request.headers.get("origin") {
            cors::decorate(&self.config.cors, origin, &mut response.headers);
        }
        if request.method == Method::Head {
            response.body.clear();
        }
        *lock(&self.responses)
            .entry(response.status.code())
            .or_default() += 1;
        response
    }

    fn answer(&self, request: &Request, peer: &str) -> Response {
        if let Some(response) = cors::preflight(&self.config.cors, request) {
            return response;
        }
        if let Some(response) = self.probe(request) {
            return response;
        }
        if let Some(response) = self.refuse(request) {
            return response;
        }
        let now = self.clock.wall_millis() / 1_000;
        let identity = match self.authenticator.identify(request, now) {
            Ok(identity) => identity,
            Err(error) => return problem(Status::Unauthorized, error.as_str()),
        };
        if let Some(response) = self.limit(&identity, peer) {
            return response;
        }
        let (action, params) = match self.router.find(request.method, &request.path) {
            Match::Found(action, params) => (action, params),
            Match::NotFound => return problem(Status::NotFound, "there is no such thing"),
            Match::WrongMethod(allowed) => {
                let allowed: Vec<_> = allowed.iter().map(|method| method.as_str()).collect();
                return problem(Status::MethodNotAllowed, "not with this method")
                    .with_header("allow", allowed.join(", "));
            }
        };
        let scope = if action.is_write() { "write" } else { "read" };
        if !identity.may(scope) {
            return problem(Status::Forbidden, "not allowed");
        }
        let priority = if action.is_write() { 2 } else { 1 };
        let mut queue = lock(&self.queue);
        if let Admission::Shed(_) = queue.push(priority, request.path.clone()) {
            let seconds = queue.retry_after().as_secs();
            return problem(Status::Unavailable, "too much to do")
                .with_header("retry-after", seconds.to_string());
        }
        drop(queue);
        let response = self.perform(action, &params, request);
        lock(&self.queue).pop();
        response
    }

    fn probe(&self, request: &Request) -> Option<Response> {
        let health = &self.config.health;
        if request.path == health.path {
            return Some(Response::json(Status::Ok, r#"{"state":"up"}"#.to_string()));
        }
        if request.path == health.ready_path {
            let monitor = lock(&self.health);
            let status = match monitor.state() {
                HealthState::Up | HealthState::Degraded => Status::Ok,
                HealthState::Down => Status::Unavailable,
            };
            return Some(Response::json(
                status,
                monitor.report().to_json().to_string(),
            ));
        }
        None
    }

    fn refuse(&self, request: &Request) -> Option<Response> {
        let server = &self.config.server;
        if request.body.len() > server.max_body_bytes {
            return Some(problem(Status::TooLarge, "the body is too large"));
        }
        if request.headers.len() > server.max_headers {
            return Some(problem(Status::BadRequest, "there are too many headers"));
        }
        None
    }

    fn limit(&self, identity: &Identity, peer: &str) -> Option<Response> {
        let key = match self.config.rate_limit.key {
            LimitKey::Ip => peer,
            LimitKey::Token => identity.subject.as_str(),
            LimitKey::Global => "",
        };
        match lock(&self.limiter).check(key, self.clock.now()) {
            Decision::Allowed { .. } => None,
            Decision::Limited { retry_after } => {
                let seconds = (retry_after + Duration::from_millis(999)).as_secs();
                let response = problem(Status::TooManyRequests, "too many requests");
                Some(response.with_header("retry-after", seconds.to_string()))
            }
        }
    }

    fn perform(&self, action: Action, params: &Params, request: &Request) -> Response {
        let name = params.get("name").map_or("", String::as_str);
        match action {
            Action::List(resource) => self.list(resource),
            Action::Create(resource) => self.create(resource, request),
            Action::Read(resource) => self.read(resource, name),
            Action::Replace(resource) => self.replace(resource, name, request),
            Action::Delete(resource) => self.delete(resource, name),
            Action::Publish => self.publish(request),
            Action::PublishBatch => self.publish_batch(request),
            Action::ReadEvents => self.read_events(request),
            Action::ReadEvent => self.read_event(params),
            Action::ListKinds => {
                let names = EventKind::ALL.iter().map(|kind| kind.to_string()).collect();
                names_response(names)
            }
            Action::Metrics => self.metrics(),
        }
    }

    fn list(&self, resource: Resource) -> Response {
        let resources = lock(&self.resources);
        let names = resources
            .keys()
            .filter(|(kind, _)| *kind == resource)
            .map(|(_, name)| name.clone())
            .collect();
        names_response(names)
    }

    fn create(&self, resource: Resource, request: &Request) -> Response {
        let (name, value) = match checked(resource, request) {
            Ok(checked) => checked,
            Err(response) => return *response,
        };
        let mut resources = lock(&self.resources);
        if resources.contains_key(&(resource, name.clone())) {
            return problem(Status::Conflict, "exists already");
        }
        let path = format!("v1/{}/{name}", resource.plural());
        let response = Response::json(Status::Created, value.to_string())
            .with_header("location", self.config.server.link(&path));
        resources.insert((resource, name), value);
        response
    }

    fn read(&self, resource: Resource, name: &str) -> Response {
        match lock(&self.resources).get(&(resource, name.to_string())) {
            Some(value) => Response::json(Status::Ok, value.to_string()),
            None => problem(Status::NotFound, "there is no such thing"),
        }
    }

    fn replace(&self, resource: Resource, name: &str, request: &Request) -> Response {
        match checked(resource, request) {
            Ok((own, _)) if own != name => {
                problem(Status::Unprocessable, "the name differs from the path")
            }
            Ok((own, value)) => {
                let response = Response::json(Status::Ok, value.to_string());
                lock(&self.resources).insert((resource, own), value);
                response
            }
            Err(response) => *response,
        }
    }

    fn delete(&self, resource: Resource, name: &str) -> Response {
        match lock(&self.resources).remove(&(resource, name.to_string())) {
            Some(_) => Response::new(Status::NoContent),
            None => problem(Status::NotFound, "there is no such thing"),
        }
    }

    fn publish(&self, request: &Request) -> Response {
        let event: PublishEvent = match body(request) {
            Ok(event) => event,
            Err(response) => return *response,
        };
        match self.append(&event) {
            Ok(published) => Response::json(Status::Accepted, published.to_json().to_string()),
            Err(reason) => problem(Status::Unprocessable, &reason),
        }
    }

    fn publish_batch(&self, request: &Request) -> Response {
        let batch: PublishBatch = match body(request) {
            Ok(batch) => batch,
            Err(response) => return *response,
        };
        let mut written = Vec::new();
        let mut rejected = Vec::new();
        for (index, event) in batch.events.iter().enumerate() {
            match self.append(event) {
                Ok(published) => written.push(published.offset),
                Err(reason) => rejected.push(Rejection {
                    index: index as u32,
                    reason,
                }),
            }
        }
        let result = PublishedBatch {
            first: written.first().copied().unwrap_or_default(),
            last: written.last().copied().unwrap_or_default(),
            rejected,
        };
        Response::json(Status::Accepted, result.to_json().to_string())
    }

    fn append(&self, event: &PublishEvent) -> Result<Published, String> {
        let kind: EventKind = event.kind.parse().map_err(|_| "unknown kind".to_string())?;
        let key = event.key.clone().unwrap_or_default();
        let payload = event.payload.to_string().into_bytes();
        let offset = lock(&self.log)
            .append_raw(kind, key, payload)
            .map_err(|error| error.to_string())?;
        Ok(Published {
            offset,
            topic: kind.topic().to_string(),
        })
    }

    fn read_events(&self, request: &Request) -> Response {
        let from = match request.param("from").map(str::parse) {
            None => 0,
            Some(Ok(from)) => from,
            Some(Err(_)) => return problem(Status::BadRequest, "from must be a number"),
        };
        let log = lock(&self.log);
        let mut events = Vec::new();
        for record in log.scan(from).take(PAGE) {
            match record {
                Ok(record) => events.push(stored(&record)),
                Err(error) => return problem(Status::Internal, &error.to_string()),
            }
        }
        let next = events
            .last()
            .map(|event| event.offset + 1)
            .filter(|next| *next < log.next_offset());
        let page = EventPage { events, next };
        Response::json(Status::Ok, page.to_json().to_string())
    }

    fn read_event(&self, params: &Params) -> Response {
        let Some(Ok(offset)) = params.get("offset").map(|text| text.parse()) else {
            return problem(Status::BadRequest, "the offset must be a number");
        };
        match lock(&self.log).read(offset) {
            Ok(record) => Response::json(Status::Ok, stored(&record).to_json().to_string()),
            Err(error) => problem(Status::NotFound, &error.to_string()),
        }
    }

    fn metrics(&self) -> Response {
        let mut text = String::new();
        for (status, count) in lock(&self.responses).iter() {
            text.push_str(&format!("responses_total{{status=\"{status}\"}} {count}\n"));
        }
        let log = lock(&self.log);
        text.push_str(&format!("log_records {}\n", log.next_offset()));
        text.push_str(&format!("queue_fill {}\n", lock(&self.queue).fill()));
        let mut response = Response::new(Status::Ok).with_header("content-type", "text/plain");
        response.body = text.into_bytes();
        response
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn problem(status: Status, detail: &str) -> Response {
    let problem = Problem {
        status: status.code(),
        title: status.reason().to_string(),
        detail: Some(detail.to_string()),
        fields: None,
    };
    Response::json(status, problem.to_json().to_string())
}

fn names_response(names: Vec<String>) -> Response {
    let list = NameList {
        total: names.len() as u64,
        names,
    };
    return Response::json(Status::Ok, list.to_json().to_string());
}

/// The event of a record: as text where it was published as JSON, otherwise
/// as the catalogue shows it.
fn stored(record: &eventmesh_persistence::Record) -> StoredEvent {
    let json = std::str::from_utf8(&record.payload)
        .ok()
        .and_then(|text| Value::parse(text).ok());
    let payload = json.unwrap_or_else(|| {
        match AnyEvent::decode(record.kind, &mut Reader::new(&record.payload)) {
            Ok(event) => Value::Text(format!("{event:?}")),
            Err(_) => Value::Null,
        }
    });
    StoredEvent {
        offset: record.offset,
        kind: record.kind.to_string(),
        key: record.key.clone(),
        payload,
    }
}

/// The message in the body of `request`, which keeps all its rules.
fn body<M: FromJson + Validate>(request: &Request) -> Result<M, Box<Response>> {
    let text = std::str::from_utf8(&request.body)
        .map_err(|_| Box::new(problem(Status::BadRequest, "the body is not UTF-8")))?;
    let message = Value::parse(text)
        .and_then(|value| M::from_json(&value))
        .map_err(|error| Box::new(problem(Status::BadRequest, &error.to_string())))?;
    match message.violations().first() {
        None => Ok(message),
        Some(broken) => {
            let detail = format!("{} {}", broken.field, broken.rule);
            Err(Box::new(problem(Status::Unprocessable, &detail)))
        }
    }
}

/// The name and the checked body of a resource.
fn checked(resource: Resource, request: &Request) -> Result<(String, Value), Box<Response>> {
    fn of<M>(request: &Request, name: fn(&M) -> &String) -> Result<(String, Value), Box<Response>>
    where
        M: FromJson + ToJson + Validate,
    {
        let message: M = body(request)?;
        Ok((name(&message).clone(), message.to_json()))
    }
    match resource {
        Resource::Topic => of::<TopicSpec>(request, |spec| &spec.name),
        Resource::Consumer => of::<ConsumerSpec>(request, |spec| &spec.group),
        Resource::Webhook => of::<WebhookSpec>(request, |spec| &spec.name),
        Resource::Schema => of::<SchemaSpec>(request, |spec| &spec.subject),
        Resource::Quota => of::<QuotaSpec>(request, |spec| &spec.tenant),
        Resource::Job => of::<JobSpec>(request, |spec| &spec.name),
        Resource::Alert => of::<AlertSpec>(request, |spec| &spec.name),
        Resource::Node => of::<NodeSpec>(request, |spec| &spec.name),
    }
}
