//! The bodies of requests and responses.

use std::collections::BTreeMap;

use crate::json::{field, fields, FromJson, JsonError, ToJson, Value};

/// A rule that a message breaks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Violation {
    /// The field.
    pub field: &'static str,
    /// The rule.
    pub rule: &'static str,
}

/// A message with rules of its own.
pub trait Validate {
    /// All rules that it breaks.
    fn violations(&self) -> Vec<Violation>;
}

macro_rules! messages {
    ($(
        $(#[$doc:meta])*
        $name:ident { $($field:ident: $ty:ty $(where $rule:literal if $check:expr)?),+ $(,)? }
    )+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Default)]
            pub struct $name {
                $(
                    #[doc = concat!("The field `", stringify!($field), "`.")]
                    pub $field: $ty,
                )+
            }

            impl ToJson for $name {
                fn to_json(&self) -> Value {
                    let mut object = BTreeMap::new();
                    $(object.insert(stringify!($field).to_string(), self.$field.to_json());)+
                    Value::Object(object)
                }
            }

            impl FromJson for $name {
                fn from_json(value: &Value) -> Result<Self, JsonError> {
                    let fields = fields(value, &[$(stringify!($field)),+])?;
                    Ok($name {
                        $($field: field(fields, stringify!($field))?,)+
                    })
                }
            }

            impl Validate for $name {
                fn violations(&self) -> Vec<Violation> {
                    let broken: &[Option<Violation>] = &[$($({
                        let check: fn(&$ty) -> bool = $check;
                        (!check(&self.$field)).then_some(Violation {
                            field: stringify!($field),
                            rule: $rule,
                        })
                    },)?)+];
                    broken.iter().flatten().cloned().collect()
                }
            }
        )+
    };
}

/// Whether `text` can be the name of something.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

messages! {
    /// An event to publish.
    PublishEvent {
        kind: String where "must be a name" if |kind| is_name(kind),
        key: Option<String>,
        payload: Value,
        dedup_id: Option<String>,
    }
    /// Where an event was written.
    Published {
        offset: u64,
        topic: String,
    }
    /// Some events to publish together.
    PublishBatch {
        events: Vec<PublishEvent> where "must have 1 to 500 items" if |events| (1..=500).contains(&events.len()),
        atomic: Option<bool>,
    }
    /// Where some events were written.
    PublishedBatch {
        first: u64,
        last: u64,
        rejected: Vec<Rejection>,
    }
    /// Why an event was not written.
    Rejection {
        index: u32,
        reason: String,
    }
    /// An event as it was written.
    StoredEvent {
        offset: u64,
        kind: String,
        key: String,
        payload: Value,
    }
    /// Some events, and where to go on.
    EventPage {
        events: Vec<StoredEvent>,
        next: Option<u64>,
    }
    /// A topic.
    TopicSpec {
        name: String where "must be a name" if |name| is_name(name),
        partitions: u32 where "must be between 1 and 1024" if |n| (1..=1024).contains(n),
        replicas: u32 where "must be between 1 and 9" if |n| (1..=9).contains(n),
        settings: Option<BTreeMap<String, String>>,
    }
    /// How a topic does.
    TopicStatus {
        name: String,
        first_offset: u64,
        next_offset: u64,
        bytes: u64,
        leaders: Vec<String>,
    }
    /// A consumer group.
    ConsumerSpec {
        group: String where "must be a name" if |group| is_name(group),
        topics: Vec<String> where "must not be empty" if |topics| !topics.is_empty(),
        start: Option<String>,
        max_lag: Option<u64>,
    }
    /// Which partitions a member works on.
    Assignment {
        member: String,
        partitions: BTreeMap<String, Vec<u32>>,
        generation: u32,
    }
    /// Up to where a group is done.
    CommitOffsets {
        member: String where "must be a name" if |member| is_name(member),
        offsets: BTreeMap<String, u64>,
    }
    /// How far a group is behind.
    LagReport {
        group: String,
        total: u64,
        by_topic: BTreeMap<String, u64>,
    }
    /// A webhook.
    WebhookSpec {
        name: String where "must be a name" if |name| is_name(name),
        target: String where "must be an address" if |target| target.contains("://"),
        topics: Vec<String> where "must not be empty" if |topics| !topics.is_empty(),
        secret: Option<String>,
        max_attempts: Option<u32>,
    }
    /// One call of a webhook.
    Delivery {
        attempt: u32,
        status: Option<u16>,
        error: Option<String>,
        took_ms: u64,
    }
    /// The latest calls of a webhook.
    DeliveryLog {
        webhook: String,
        deliveries: Vec<Delivery>,
        success_rate: f64,
    }
    /// A schema.
    SchemaSpec {
        subject: String where "must be a name" if |subject| is_name(subject),
        version: u32 where "must be at least 1" if |version| *version >= 1,
        body: String where "must not be empty" if |body| !body.is_empty(),
        references: Option<Vec<String>>,
    }
    /// Whether a schema fits the one before.
    Compatibility {
        subject: String,
        compatible: bool,
        problems: Vec<String>,
    }
    /// A quota.
    QuotaSpec {
        tenant: String where "must be a name" if |tenant| is_name(tenant),
        resource: String where "must be a name" if |resource| is_name(resource),
        limit: u64 where "must be at least 1" if |limit| *limit >= 1,
        burst: Option<u64>,
    }
    /// How much of a quota is used.
    QuotaUsage {
        tenant: String,
        used: BTreeMap<String, u64>,
        exceeded: Vec<String>,
    }
    /// A job.
    JobSpec {
        name: String where "must be a name" if |name| is_name(name),
        priority: u8 where "must be at most 9" if |priority| *priority <= 9,
        arguments: Option<BTreeMap<String, String>>,
        deadline_ms: Option<u64>,
    }
    /// How a job does.
    JobStatus {
        job_id: u64,
        state: String,
        attempt: u32,
        done: u64,
        total: Option<u64>,
        error: Option<String>,
    }
    /// An alert rule.
    AlertSpec {
        name: String where "must be a name" if |name| is_name(name),
        query: String where "must not be empty" if |query| !query.is_empty(),
        threshold: f64 where "must be a number" if |threshold| threshold.is_finite(),
        severity: u8 where "must be between 1 and 5" if |severity| (1..=5).contains(severity),
        labels: Option<BTreeMap<String, String>>,
    }
    /// An alert.
    AlertState {
        name: String,
        firing: bool,
        value: Option<f64>,
        since_ms: Option<u64>,
        acknowledged_by: Option<String>,
    }
    /// A node.
    NodeSpec {
        name: String where "must be a name" if |name| is_name(name),
        address: String where "must have a port" if |address| address.contains(':'),
        labels: Option<BTreeMap<String, String>>,
    }
    /// How a node does.
    NodeStatus {
        name: String,
        role: String,
        term: u64,
        free_bytes: u64,
        partitions: Vec<u32>,
        lag: BTreeMap<String, u64>,
    }
    /// One check of our health.
    CheckReport {
        name: String,
        state: String,
        failures: u32,
        message: Option<String>,
    }
    /// Our health.
    HealthReport {
        state: String,
        checks: Vec<CheckReport>,
    }
    /// Some names.
    NameList {
        names: Vec<String>,
        total: u64,
    }
    /// What went wrong.
    Problem {
        status: u16,
        title: String,
        detail: Option<String>,
        fields: Option<BTreeMap<String, String>>,
    }
    /// A request for a token.
    TokenRequest {
        subject: String where "must be a name" if |subject| is_name(subject),
        scopes: Vec<String>,
        ttl_secs: Option<u64>,
    }
    /// A token.
    TokenGrant {
        token: String,
        expires_ms: u64,
        scopes: Vec<String>,
    }
    /// What is written to the audit log.
    AuditEntry {
        at_ms: u64,
        actor: String,
        action: String,
        target: Option<String>,
        allowed: bool,
    }
    /// A page of the audit log.
    AuditPage {
        entries: Vec<AuditEntry>,
        next: Option<u64>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Survives = fn() -> Option<String>;

    /// Writes and reads a default message; what went wrong.
    fn sample<M: ToJson + FromJson + Default + PartialEq>() -> Survives {
        || {
            let message = M::default();
            let text = message.to_json().to_string();
            match Value::parse(&text).and_then(|value| M::from_json(&value)) {
                Ok(back) if back == message => None,
                Ok(_) => Some(text),
                Err(error) => Some(error.to_string()),
            }
        }
    }

    fn run(check: Survives) -> Option<String> {
        check()
    }

    cases! { round_trips, run;
        publish_batch: sample::<PublishBatch>() => None,
        event_page: sample::<EventPage>() => None,
        topic_spec: sample::<TopicSpec>() => None,
        topic_status: sample::<TopicStatus>() => None,
        consumer_spec: sample::<ConsumerSpec>() => None,
        webhook_spec: sample::<WebhookSpec>() => None,
        delivery_log: sample::<DeliveryLog>() => None,
        schema_spec: sample::<SchemaSpec>() => None,
        job_status: sample::<JobStatus>() => None,
        node_status: sample::<NodeStatus>() => None,
        health_report: sample::<HealthReport>() => None,
        token_grant: sample::<TokenGrant>() => None,
    }

    fn topic(text: &str) -> Result<Vec<&'static str>, String> {
        let value = Value::parse(text).map_err(|error| error.to_string())?;
        let spec = TopicSpec::from_json(&value).map_err(|error| error.to_string())?;
        Ok(spec.violations().iter().map(|v| v.field).collect())
    }

    fn error(text: &str) -> Result<Vec<&'static str>, String> {
        Err(text.to_string())
    }

    cases! { topics, topic;
        fine: r#"{"name": "a.b", "partitions": 4, "replicas": 3}"# => Ok(vec![]),
        bad_name: r#"{"name": "a b", "partitions": 4, "replicas": 3}"# => Ok(vec!["name"]),
        all_bad: r#"{"name": "", "partitions": 0, "replicas": 10}"# => Ok(vec!["name", "partitions", "replicas"]),
        missing: r#"{"name": "a", "replicas": 3}"# => error("partitions: is missing"),
        unknown: r#"{"name": "a", "partitions": 1, "replicas": 1, "x": 1}"# => error("x: is not known"),
        wrong_type: r#"{"name": 7, "partitions": 1, "replicas": 1}"# => error("name: expected text"),
        negative: r#"{"name": "a", "partitions": -1, "replicas": 1}"# => error("partitions: expected a number that fits u32"),
        settings: r#"{"name": "a", "partitions": 1, "replicas": 1, "settings": {"k": 1}}"# => error("settings.k: expected text"),
        no_object: "[]" => error(": expected an object"),
    }
}
