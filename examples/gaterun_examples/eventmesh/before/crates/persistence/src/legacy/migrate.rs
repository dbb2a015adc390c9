//! Turns files of the first format into the current log.

use std::error::Error;
use std::fmt;

use super::fields::{FieldError, Fields};
use super::frame::{Frame, FrameError};
use super::kinds::kind_of;
use super::reader::LegacyReader;
use crate::codec::encode;
use crate::eventlog::{EventLog, LogError};
use crate::events::{
    AnyEvent, EventKind, JobFailed, JobQueued, JobStarted, JobSucceeded, OrderCancelled,
    OrderCreated, OrderDelivered, OrderReturned, OrderShipped, OrderUpdated, PaymentAuthorized,
    PaymentCaptured, PaymentFailed, PaymentRefunded, StockAdjusted, StockReceived, StockReleased,
    StockReserved, UserDeleted, UserLocked, UserLoggedIn, UserLoggedOut, UserRegistered,
    UserUpdated,
};

/// Why a file cannot be migrated.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MigrationError {
    /// The file is damaged.
    Frame(FrameError),
    /// The log cannot be written.
    Log(LogError),
}

impl fmt::Display for MigrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MigrationError::Frame(error) => write!(f, "cannot read: {error}"),
            MigrationError::Log(error) => write!(f, "cannot write: {error}"),
        }
    }
}

impl Error for MigrationError {}

impl From<FrameError> for MigrationError {
    fn from(error: FrameError) -> Self {
        MigrationError::Frame(error)
    }
}

impl From<LogError> for MigrationError {
    fn from(error: LogError) -> Self {
        MigrationError::Log(error)
    }
}

/// Why a record was left out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Skipped {
    /// It was deleted.
    Deleted,
    /// There is no such kind any more.
    Kind(u16),
    /// It is not UTF-8.
    Utf8,
    /// Its fields do not fit.
    Field(FieldError),
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct MigrationReport {
    /// How many records were written.
    pub migrated: u64,
    /// The records that were left out, by their number.
    pub skipped: Vec<(u64, Skipped)>,
}

impl MigrationReport {
    /// Whether everything was written.
    pub fn is_complete(&self) -> bool {
        self.skipped
            .iter()
            .all(|(_, reason)| *reason == Skipped::Deleted)
    }
}

/// Turns files into records of a log.
#[derive(Debug)]
pub struct Migration<'a> {
    log: &'a mut EventLog,
    report: MigrationReport,
}

impl<'a> Migration<'a> {
    /// Appends to `log`.
    pub fn new(log: &'a mut EventLog) -> Self {
        Migration {
            log,
            report: MigrationReport::default(),
        }
    }

    /// Appends all records of a file.
    pub fn run(mut self, bytes: &[u8]) -> Result<MigrationReport, MigrationError> {
        for frame in LegacyReader::new(bytes)? {
            let frame = frame?;
            match convert(&frame) {
                Ok(event) => {
                    self.log
                        .append_raw(event.kind(), event.key(), encode(&event))?;
                    self.report.migrated += 1;
                }
                Err(reason) => self.report.skipped.push((frame.sequence, reason)),
            }
        }
        Ok(self.report)
    }
}

fn convert(frame: &Frame<'_>) -> Result<AnyEvent, Skipped> {
    if frame.deleted {
        return Err(Skipped::Deleted);
    }
    let kind = kind_of(frame.kind).ok_or(Skipped::Kind(frame.kind))?;
    let text = std::str::from_utf8(frame.payload).map_err(|_| Skipped::Utf8)?;
    let fields = Fields::parse(text).map_err(Skipped::Field)?;
    match event(kind, &fields).map_err(Skipped::Field)? {
        Some(event) => Ok(event),
        None => Err(Skipped::Kind(frame.kind)),
    }
}

fn event(kind: EventKind, fields: &Fields) -> Result<Option<AnyEvent>, FieldError> {
    Ok(Some(match kind {
        EventKind::OrderCreated => AnyEvent::from(OrderCreated {
            order_id: fields.parsed("order")?,
            customer_id: fields.parsed("customer")?,
            currency: fields.text("currency")?,
            total_cents: fields.parsed("total")?,
            lines: fields.list("lines")?,
        }),
        EventKind::OrderUpdated => AnyEvent::from(OrderUpdated {
            order_id: fields.parsed("order")?,
            total_cents: fields.parsed("total")?,
            lines: fields.list("lines")?,
            reason: fields.optional("reason")?,
        }),
        EventKind::OrderCancelled => AnyEvent::from(OrderCancelled {
            order_id: fields.parsed("order")?,
            reason: fields.text("reason")?,
            refunded: fields.parsed("refunded")?,
        }),
        EventKind::OrderShipped => AnyEvent::from(OrderShipped {
            order_id: fields.parsed("order")?,
            carrier: fields.text("carrier")?,
            tracking: fields.optional("tracking")?,
        }),
        EventKind::OrderDelivered => AnyEvent::from(OrderDelivered {
            order_id: fields.parsed("order")?,
            signed_by: fields.optional("signed")?,
            at_millis: fields.parsed("at")?,
        }),
        EventKind::OrderReturned => AnyEvent::from(OrderReturned {
            order_id: fields.parsed("order")?,
            lines: fields.list("lines")?,
            condition: fields.text("condition")?,
        }),
        EventKind::UserRegistered => AnyEvent::from(UserRegistered {
            user_id: fields.parsed("user")?,
            email: fields.text("mail")?,
            locale: fields.text("locale")?,
            referrer: fields.optional("referrer")?,
        }),
        EventKind::UserUpdated => AnyEvent::from(UserUpdated {
            user_id: fields.parsed("user")?,
            fields: fields.map("field."),
        }),
        EventKind::UserDeleted => AnyEvent::from(UserDeleted {
            user_id: fields.parsed("user")?,
            at_millis: fields.parsed("at")?,
            by_admin: fields.parsed("admin")?,
        }),
        EventKind::UserLoggedIn => AnyEvent::from(UserLoggedIn {
            user_id: fields.parsed("user")?,
            address: fields.text("address")?,
            agent: fields.text("agent")?,
            second_factor: fields.parsed("otp")?,
        }),
        EventKind::UserLoggedOut => AnyEvent::from(UserLoggedOut {
            user_id: fields.parsed("user")?,
            session: fields.text("session")?,
        }),
        EventKind::UserLocked => AnyEvent::from(UserLocked {
            user_id: fields.parsed("user")?,
            failures: fields.parsed("failures")?,
            until_millis: fields.optional("until")?,
        }),
        EventKind::PaymentAuthorized => AnyEvent::from(PaymentAuthorized {
            payment_id: fields.parsed("payment")?,
            order_id: fields.parsed("order")?,
            amount_cents: fields.parsed("amount")?,
            provider: fields.text("provider")?,
        }),
        EventKind::PaymentCaptured => AnyEvent::from(PaymentCaptured {
            payment_id: fields.parsed("payment")?,
            amount_cents: fields.parsed("amount")?,
            at_millis: fields.parsed("at")?,
        }),
        EventKind::PaymentRefunded => AnyEvent::from(PaymentRefunded {
            payment_id: fields.parsed("payment")?,
            amount_cents: fields.parsed("amount")?,
            reason: fields.optional("reason")?,
        }),
        EventKind::PaymentFailed => AnyEvent::from(PaymentFailed {
            payment_id: fields.parsed("payment")?,
            code: fields.parsed("code")?,
            message: fields.text("message")?,
            retryable: fields.parsed("retry")?,
        }),
        EventKind::StockReceived => AnyEvent::from(StockReceived {
            sku: fields.text("sku")?,
            quantity: fields.parsed("quantity")?,
            location: fields.text("place")?,
            lot: fields.optional("lot")?,
        }),
        EventKind::StockReserved => AnyEvent::from(StockReserved {
            sku: fields.text("sku")?,
            quantity: fields.parsed("quantity")?,
            order_id: fields.parsed("order")?,
        }),
        EventKind::StockReleased => AnyEvent::from(StockReleased {
            sku: fields.text("sku")?,
            quantity: fields.parsed("quantity")?,
            order_id: fields.parsed("order")?,
        }),
        EventKind::StockAdjusted => AnyEvent::from(StockAdjusted {
            sku: fields.text("sku")?,
            delta: fields.parsed("delta")?,
            reason: fields.text("reason")?,
        }),
        EventKind::JobQueued => AnyEvent::from(JobQueued {
            job_id: fields.parsed("job")?,
            name: fields.text("name")?,
            priority: fields.parsed("priority")?,
            arguments: fields.map("arg."),
        }),
        EventKind::JobStarted => AnyEvent::from(JobStarted {
            job_id: fields.parsed("job")?,
            worker: fields.text("worker")?,
            attempt: fields.parsed("attempt")?,
        }),
        EventKind::JobSucceeded => AnyEvent::from(JobSucceeded {
            job_id: fields.parsed("job")?,
            took_millis: fields.parsed("took")?,
            output: fields.optional("output")?,
        }),
        EventKind::JobFailed => AnyEvent::from(JobFailed {
            job_id: fields.parsed("job")?,
            error: fields.text("error")?,
            retry_millis: fields.optional("retry")?,
        }),
        _ => return Ok(None),
    }))
}
