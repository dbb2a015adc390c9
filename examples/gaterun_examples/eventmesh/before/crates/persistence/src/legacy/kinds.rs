//! The kinds of events of the first format, and what they are called now.

use crate::events::EventKind;

/// A kind of the first format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LegacyKind {
    /// Its number.
    pub code: u16,
    /// Its name.
    pub name: &'static str,
    /// What it is now.
    pub now: EventKind,
}

const fn kind(code: u16, name: &'static str, now: EventKind) -> LegacyKind {
    LegacyKind { code, name, now }
}

static KINDS: &[LegacyKind] = &[
    kind(1, "order.new", EventKind::OrderCreated),
    kind(2, "order.changed", EventKind::OrderUpdated),
    kind(3, "order.cancelled", EventKind::OrderCancelled),
    kind(4, "order.sent", EventKind::OrderShipped),
    kind(5, "order.arrived", EventKind::OrderDelivered),
    kind(6, "order.back", EventKind::OrderReturned),
    kind(10, "user.new", EventKind::UserRegistered),
    kind(11, "user.changed", EventKind::UserUpdated),
    kind(12, "user.gone", EventKind::UserDeleted),
    kind(13, "user.login", EventKind::UserLoggedIn),
    kind(14, "user.logout", EventKind::UserLoggedOut),
    kind(15, "user.locked", EventKind::UserLocked),
    kind(20, "payment.hold", EventKind::PaymentAuthorized),
    kind(21, "payment.taken", EventKind::PaymentCaptured),
    kind(22, "payment.back", EventKind::PaymentRefunded),
    kind(23, "payment.failed", EventKind::PaymentFailed),
    kind(30, "stock.in", EventKind::StockReceived),
    kind(31, "stock.hold", EventKind::StockReserved),
    kind(32, "stock.free", EventKind::StockReleased),
    kind(33, "stock.fix", EventKind::StockAdjusted),
    kind(40, "job.new", EventKind::JobQueued),
    kind(41, "job.run", EventKind::JobStarted),
    kind(42, "job.ok", EventKind::JobSucceeded),
    kind(43, "job.failed", EventKind::JobFailed),
];

/// What the kind with this number is now.
pub fn kind_of(code: u16) -> Option<EventKind> {
    KINDS
        .binary_search_by_key(&code, |kind| kind.code)
        .ok()
        .map(|index| KINDS[index].now)
}
