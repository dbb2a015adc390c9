//! The catalogue of events: one struct for every kind, its number on the
//! wire, its topic and the field that is its key.
//!
//! Numbers are never used again. The hundreds tell the topic.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::codec::{CodecError, Decode, Encode, Reader};

/// Something that happened.
pub trait Event: Encode + Decode + Clone + fmt::Debug {
    /// Which kind of event it is.
    const KIND: EventKind;

    /// By what events of this kind supersede each other.
    fn key(&self) -> String;
}

macro_rules! catalogue {
    ($(
        topic $topic:ident $name:literal by $key:ident: $key_ty:ty {
            $(
                $(#[$doc:meta])*
                $code:literal $event:ident { $($field:ident: $ty:ty),+ }
            )+
        }
    )+) => {
        /// Where events of related kinds are published.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Topic {
            $(
                #[doc = concat!("The topic `", $name, "`.")]
                $topic,
            )+
        }

        impl Topic {
            /// All topics.
            pub const ALL: &'static [Topic] = &[$(Topic::$topic),+];

            /// Its name.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Topic::$topic => $name,)+
                }
            }
        }

        impl FromStr for Topic {
            type Err = CodecError;

            fn from_str(text: &str) -> Result<Self, CodecError> {
                match text {
                    $($name => Ok(Topic::$topic),)+
                    _ => Err(CodecError::Tag { of: "topic", tag: text.len() as u64 }),
                }
            }
        }

        /// The kinds of events.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum EventKind {
            $($(
                $(#[$doc])*
                $event = $code,
            )+)+
        }

        impl EventKind {
            /// All kinds, by their numbers.
            pub const ALL: &'static [EventKind] = &[$($(EventKind::$event),+),+];

            /// Its number on the wire.
            pub fn code(self) -> u16 {
                self as u16
            }

            /// The kind with this number.
            pub fn from_code(code: u16) -> Result<Self, CodecError> {
                match code {
                    $($($code => Ok(EventKind::$event),)+)+
                    _ => Err(CodecError::Tag { of: "event kind", tag: code.into() }),
                }
            }

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $($(EventKind::$event => stringify!($event),)+)+
                }
            }

            /// Where it is published.
            pub fn topic(self) -> Topic {
                match self {
                    $($(EventKind::$event)|+ => Topic::$topic,)+
                }
            }

            /// The names of its fields, the key first.
            pub fn fields(self) -> &'static [&'static str] {
                match self {
                    $($(EventKind::$event => {
                        &[stringify!($key), $(stringify!($field)),+]
                    })+)+
                }
            }
        }

        impl FromStr for EventKind {
            type Err = CodecError;

            fn from_str(text: &str) -> Result<Self, CodecError> {
                match text {
                    $($(stringify!($event) => Ok(EventKind::$event),)+)+
                    _ => Err(CodecError::Tag { of: "event kind", tag: 0 }),
                }
            }
        }

        /// An event of any kind.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum AnyEvent {
            $($(
                $(#[$doc])*
                $event($event),
            )+)+
        }

        impl AnyEvent {
            /// Which kind it is.
            pub fn kind(&self) -> EventKind {
                match self {
                    $($(AnyEvent::$event(_) => EventKind::$event,)+)+
                }
            }

            /// By what it supersedes earlier events.
            pub fn key(&self) -> String {
                match self {
                    $($(AnyEvent::$event(event) => event.key(),)+)+
                }
            }

            /// Takes an event of `kind` off the front of `reader`.
            pub fn decode(kind: EventKind, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
                match kind {
                    $($(EventKind::$event => $event::decode(reader).map(AnyEvent::$event),)+)+
                }
            }

            /// Calls the method of `visitor` for the kind of the event.
            pub fn accept<V: Visitor>(&self, visitor: &mut V) -> V::Output {
                match self {
                    $($(AnyEvent::$event(event) => visitor.visit(event),)+)+
                }
            }
        }

        impl Encode for AnyEvent {
            fn encode(&self, out: &mut Vec<u8>) {
                match self {
                    $($(AnyEvent::$event(event) => event.encode(out),)+)+
                }
            }
        }

        $($(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
            pub struct $event {
                #[doc = "What the event is about."]
                pub $key: $key_ty,
                $(
                    #[doc = concat!("The field `", stringify!($field), "`.")]
                    pub $field: $ty,
                )+
            }

            impl Encode for $event {
                fn encode(&self, out: &mut Vec<u8>) {
                    self.$key.encode(out);
                    $(self.$field.encode(out);)+
                }
            }

            impl Decode for $event {
                fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
                    Ok($event {
                        $key: Decode::decode(reader)?,
                        $($field: Decode::decode(reader)?,)+
                    })
                }
            }

            impl Event for $event {
                const KIND: EventKind = EventKind::$event;

                fn key(&self) -> String {
                    self.$key.to_string()
                }
            }

            impl From<$event> for AnyEvent {
                fn from(event: $event) -> Self {
                    AnyEvent::$event(event)
                }
            }

            impl TryFrom<AnyEvent> for $event {
                type Error = AnyEvent;

                fn try_from(event: AnyEvent) -> Result<Self, AnyEvent> {
                    match event {
                        AnyEvent::$event(event) => Ok(event),
                        other => Err(other),
                    }
                }
            }

            impl fmt::Display for $event {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, "{}({})", stringify!($event), self.$key)?;
                    $(write!(f, " {}={:?}", stringify!($field), self.$field)?;)+
                    Ok(())
                }
            }
        )+)+
    };
}

/// Something that is done with events of all kinds.
pub trait Visitor {
    /// What comes of it.
    type Output;

    /// Looks at one event.
    fn visit<E: Event + fmt::Display>(&mut self, event: &E) -> Self::Output;
}

/// Shows events in one line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Show;

impl Visitor for Show {
    type Output = String;

    fn visit<E: Event + fmt::Display>(&mut self, event: &E) -> String {
        format!("{}/{event}", E::KIND.topic().as_str())
    }
}

/// Counts events and their bytes by topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// The number of events and bytes.
    pub by_topic: BTreeMap<Topic, (u64, u64)>,
}

impl Visitor for Tally {
    type Output = ();

    fn visit<E: Event + fmt::Display>(&mut self, event: &E) {
        let (events, bytes) = self.by_topic.entry(E::KIND.topic()).or_default();
        *events += 1;
        *bytes += crate::codec::encode(event).len() as u64;
    }
}

catalogue! {
    topic Orders "orders" by order_id: u64 {
        /// An order was placed.
        101 OrderCreated { customer_id: u64, currency: String, total_cents: i64, lines: Vec<u64> }
        /// Lines of an order changed.
        102 OrderUpdated { total_cents: i64, lines: Vec<u64>, reason: Option<String> }
        /// An order was called off.
        103 OrderCancelled { reason: String, refunded: bool }
        /// An order left the warehouse.
        104 OrderShipped { carrier: String, tracking: Option<String> }
        /// An order arrived.
        105 OrderDelivered { signed_by: Option<String>, at_millis: u64 }
        /// An order came back.
        106 OrderReturned { lines: Vec<u64>, condition: String }
        /// An order needs a look.
        107 OrderFlagged { rule: String, score: u32 }
    }
    topic Users "users" by user_id: u64 {
        /// Somebody signed up.
        201 UserRegistered { email: String, locale: String, referrer: Option<String> }
        /// A profile changed.
        202 UserUpdated { fields: BTreeMap<String, String> }
        /// An account was removed.
        203 UserDeleted { at_millis: u64, by_admin: bool }
        /// Somebody signed in.
        204 UserLoggedIn { address: String, agent: String, second_factor: bool }
        /// Somebody signed out.
        205 UserLoggedOut { session: String }
        /// An account was locked.
        206 UserLocked { failures: u32, until_millis: Option<u64> }
        /// Somebody may do more.
        207 UserRoleGranted { role: String, granted_by: u64 }
        /// Somebody may do less.
        208 UserRoleRevoked { role: String, revoked_by: u64 }
    }
    topic Payments "payments" by payment_id: u64 {
        /// Money was reserved.
        301 PaymentAuthorized { order_id: u64, amount_cents: i64, provider: String }
        /// Money was taken.
        302 PaymentCaptured { amount_cents: i64, at_millis: u64 }
        /// Money was given back.
        303 PaymentRefunded { amount_cents: i64, reason: Option<String> }
        /// Money was not taken.
        304 PaymentFailed { code: u32, message: String, retryable: bool }
        /// A payment is contested.
        305 PaymentDisputed { case_id: String, due_millis: u64 }
        /// A payment is on our account.
        306 PaymentSettled { batch: String, fee_cents: i64 }
    }
    topic Inventory "inventory" by sku: String {
        /// Goods arrived.
        401 StockReceived { quantity: u32, location: String, lot: Option<String> }
        /// Goods are spoken for.
        402 StockReserved { quantity: u32, order_id: u64 }
        /// Goods are free again.
        403 StockReleased { quantity: u32, order_id: u64 }
        /// A count was corrected.
        404 StockAdjusted { delta: i64, reason: String }
        /// Goods were moved.
        405 StockMoved { quantity: u32, from: String, to: String }
        /// Nothing is left.
        406 StockDepleted { location: String, at_millis: u64 }
    }
    topic Topics "topics" by topic: String {
        /// A topic was set up.
        501 TopicCreated { partitions: u32, replicas: u32, settings: BTreeMap<String, String> }
        /// A topic was removed.
        502 TopicDeleted { by: String }
        /// A topic has another number of partitions.
        503 TopicResized { from: u32, to: u32 }
        /// The settings of a topic changed.
        504 TopicConfigured { settings: BTreeMap<String, String> }
        /// A topic was compacted.
        505 TopicCompacted { before_bytes: u64, after_bytes: u64 }
        /// Old events of a topic were dropped.
        506 TopicTruncated { first_offset: u64 }
    }
    topic Consumers "consumers" by group: String {
        /// A consumer joined a group.
        601 ConsumerJoined { member: String, topics: Vec<String> }
        /// A consumer left a group.
        602 ConsumerLeft { member: String, graceful: bool }
        /// Partitions were dealt anew.
        603 ConsumerRebalanced { generation: u32, assignment: BTreeMap<String, Vec<u32>> }
        /// A group is done with some events.
        604 ConsumerCommitted { topic: String, partition: u32, offset: u64 }
        /// A group is behind.
        605 ConsumerLagged { topic: String, lag: u64 }
        /// A group starts elsewhere.
        606 ConsumerReset { topic: String, offsets: Vec<u64> }
    }
    topic Cluster "cluster" by node: String {
        /// A node came up.
        701 NodeStarted { version: String, address: String, labels: BTreeMap<String, String> }
        /// A node went down in order.
        702 NodeStopped { uptime_secs: u64 }
        /// A node is gone.
        703 NodeLost { last_seen_millis: u64 }
        /// A node leads now.
        704 NodeElected { term: u64, votes: u32 }
        /// A node has no work left.
        705 NodeDrained { partitions: Vec<u32> }
        /// A disk is nearly full.
        706 NodeDiskLow { path: String, free_bytes: u64 }
        /// A clock is off.
        707 NodeClockSkewed { skew_millis: i64 }
    }
    topic Webhooks "webhooks" by hook_id: u64 {
        /// A hook was added.
        801 WebhookRegistered { target: String, topics: Vec<String>, secret_hint: Option<String> }
        /// A hook was called.
        802 WebhookDelivered { attempt: u32, status: u16, took_millis: u64 }
        /// A hook could not be called.
        803 WebhookFailed { attempt: u32, error: String, next_millis: Option<u64> }
        /// A hook is called no more.
        804 WebhookDisabled { reason: String }
        /// A hook was removed.
        805 WebhookRemoved { by: u64 }
    }
    topic Schemas "schemas" by subject: String {
        /// A schema was added.
        901 SchemaRegistered { version: u32, fingerprint: u64, references: Vec<String> }
        /// A schema should not be used.
        902 SchemaDeprecated { version: u32, note: Option<String> }
        /// A schema was removed.
        903 SchemaDeleted { version: u32 }
        /// A schema does not fit the one before.
        904 SchemaRejected { version: u32, problems: Vec<String> }
        /// Another compatibility is asked for.
        905 SchemaPolicyChanged { from: String, to: String }
    }
    topic Quotas "quotas" by tenant: String {
        /// A tenant got a quota.
        1001 QuotaSet { resource: String, limit: u64, burst: Option<u64> }
        /// A quota is nearly used up.
        1002 QuotaWarned { resource: String, used: u64, limit: u64 }
        /// A quota is used up.
        1003 QuotaExceeded { resource: String, used: u64, limit: u64, blocked: bool }
        /// A tenant has no quota.
        1004 QuotaCleared { resource: String }
    }
    topic Jobs "jobs" by job_id: u64 {
        /// A job waits.
        1101 JobQueued { name: String, priority: u8, arguments: BTreeMap<String, String> }
        /// A job runs.
        1102 JobStarted { worker: String, attempt: u32 }
        /// A job came further.
        1103 JobProgressed { done: u64, total: Option<u64> }
        /// A job is done.
        1104 JobSucceeded { took_millis: u64, output: Option<String> }
        /// A job did not work out.
        1105 JobFailed { error: String, retry_millis: Option<u64> }
        /// A job came too late.
        1106 JobExpired { deadline_millis: u64 }
    }
    topic Alerts "alerts" by alert_id: u64 {
        /// Something is wrong.
        1201 AlertRaised { rule: String, severity: u8, labels: BTreeMap<String, String> }
        /// Somebody looks after it.
        1202 AlertAcknowledged { by: u64, note: Option<String> }
        /// Somebody else looks after it.
        1203 AlertEscalated { level: u8, to: Vec<u64> }
        /// It is right again.
        1204 AlertResolved { after_millis: u64, automatic: bool }
        /// Nobody wants to know.
        1205 AlertSilenced { until_millis: u64, by: u64 }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{decode, encode};

    type Survives = fn() -> Result<(), String>;

    /// Writes and reads a default event, and finds its kind by all its names.
    fn sample<E: Event + Default + PartialEq>() -> Survives {
        || {
            let event = E::default();
            let back: E = decode(&encode(&event)).map_err(|error| error.to_string())?;
            let kind = EventKind::from_code(E::KIND.code()).map_err(|error| error.to_string())?;
            let named: EventKind = kind.name().parse().map_err(|_| kind.name().to_string())?;
            if back != event || named != E::KIND {
                return Err(format!("{event:?} became {back:?}"));
            }
            Ok(())
        }
    }

    fn run(check: Survives) -> Result<(), String> {
        check()
    }

    cases! { round_trips, run;
        order_created: sample::<OrderCreated>() => Ok(()),
        order_updated: sample::<OrderUpdated>() => Ok(()),
        user_registered: sample::<UserRegistered>() => Ok(()),
        user_updated: sample::<UserUpdated>() => Ok(()),
        payment_authorized: sample::<PaymentAuthorized>() => Ok(()),
        payment_captured: sample::<PaymentCaptured>() => Ok(()),
        stock_received: sample::<StockReceived>() => Ok(()),
        stock_reserved: sample::<StockReserved>() => Ok(()),
        topic_created: sample::<TopicCreated>() => Ok(()),
        topic_deleted: sample::<TopicDeleted>() => Ok(()),
        consumer_joined: sample::<ConsumerJoined>() => Ok(()),
        consumer_left: sample::<ConsumerLeft>() => Ok(()),
        node_started: sample::<NodeStarted>() => Ok(()),
        node_stopped: sample::<NodeStopped>() => Ok(()),
        webhook_registered: sample::<WebhookRegistered>() => Ok(()),
        webhook_delivered: sample::<WebhookDelivered>() => Ok(()),
        schema_registered: sample::<SchemaRegistered>() => Ok(()),
        schema_deprecated: sample::<SchemaDeprecated>() => Ok(()),
        quota_set: sample::<QuotaSet>() => Ok(()),
        quota_warned: sample::<QuotaWarned>() => Ok(()),
        job_queued: sample::<JobQueued>() => Ok(()),
        job_started: sample::<JobStarted>() => Ok(()),
        alert_raised: sample::<AlertRaised>() => Ok(()),
        alert_acknowledged: sample::<AlertAcknowledged>() => Ok(()),
    }

    #[test]
    fn numbers_are_unique_and_sorted() {
        let codes: Vec<_> = EventKind::ALL.iter().map(|kind| kind.code()).collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn hundreds_tell_the_topic() {
        for kind in EventKind::ALL {
            let topic = Topic::ALL[usize::from(kind.code() / 100) - 1];
            assert_eq!(kind.topic(), topic, "{kind}");
        }
    }

    #[test]
    fn topics_are_found_by_name() {
        for topic in Topic::ALL {
            assert_eq!(topic.to_string().parse(), Ok(*topic));
        }
        assert!("nothing".parse::<Topic>().is_err());
    }

    #[test]
    fn any_event_knows_its_kind_and_key() {
        let event = AnyEvent::from(StockMoved {
            sku: "A-1".to_string(),
            ..StockMoved::default()
        });
        assert_eq!(event.kind(), EventKind::StockMoved);
        assert_eq!(event.key(), "A-1");
        assert!(StockMoved::try_from(event.clone()).is_ok());
        assert!(StockReceived::try_from(event).is_err());
    }

    #[test]
    fn visitors_see_every_event() {
        let event = AnyEvent::from(JobStarted {
            job_id: 4,
            worker: "w1".to_string(),
            attempt: 2,
        });
        let shown = event.accept(&mut Show);
        assert_eq!(shown, "jobs/JobStarted(4) worker=\"w1\" attempt=2");
        let mut tally = Tally::default();
        event.accept(&mut tally);
        event.accept(&mut tally);
        assert_eq!(tally.by_topic, BTreeMap::from([(Topic::Jobs, (2, 10))]));
    }

    #[test]
    fn fields_start_with_the_key() {
        assert_eq!(
            EventKind::QuotaSet.fields(),
            ["tenant", "resource", "limit", "burst"]
        );
    }

    #[test]
    fn unknown_kinds_are_errors() {
        assert!(EventKind::from_code(0).is_err());
        assert!("Nothing".parse::<EventKind>().is_err());
    }
}
