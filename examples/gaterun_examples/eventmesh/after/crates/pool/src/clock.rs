//! Time as the pool sees it, so that tests need not sleep.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// Monotonic time since some fixed start.
    fn now(&self) -> Duration;
    /// Milliseconds of wall-clock time since the Unix epoch.
    fn wall_millis(&self) -> u64;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    pub fn new() -> Self {
        SystemClock {
            start: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn wall_millis(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map(|since| since.as_millis() as u64)
            .unwrap_or(0)
    }
}

/// A clock that only moves when told to.
#[derive(Debug, Default)]
pub struct ManualClock {
    now_millis: AtomicU64,
    wall_offset: AtomicI64,
}

impl ManualClock {
    /// A clock at zero whose wall clock reads `wall_millis`.
    pub fn at(wall_millis: u64) -> Self {
        ManualClock {
            now_millis: AtomicU64::new(0),
            wall_offset: AtomicI64::new(wall_millis as i64),
        }
    }

    /// Lets both clocks pass `step`.
    pub fn advance(&self, step: Duration) {
        self.now_millis
            .fetch_add(step.as_millis() as u64, Ordering::SeqCst);
    }

    /// Sets the wall clock forward or back, as a time server does.
    pub fn jump_wall(&self, millis: i64) {
        self.wall_offset.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        Duration::from_millis(self.now_millis.load(Ordering::SeqCst))
    }

    fn wall_millis(&self) -> u64 {
        let now = self.now_millis.load(Ordering::SeqCst) as i64;
        (now + self.wall_offset.load(Ordering::SeqCst)).max(0) as u64
    }
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Duration {
        (**self).now()
    }

    fn wall_millis(&self) -> u64 {
        (**self).wall_millis()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_clock_advances_both() {
        let clock = ManualClock::at(1_000);
        clock.advance(Duration::from_millis(250));
        assert_eq!(clock.now(), Duration::from_millis(250));
        assert_eq!(clock.wall_millis(), 1_250);
    }

    #[test]
    fn wall_jump_leaves_monotonic_time_alone() {
        let clock = ManualClock::at(10_000);
        clock.jump_wall(-4_000);
        assert_eq!(clock.now(), Duration::ZERO);
        assert_eq!(clock.wall_millis(), 6_000);
    }

    #[test]
    fn wall_clock_never_goes_below_the_epoch() {
        let clock = ManualClock::at(100);
        clock.jump_wall(-1_000);
        assert_eq!(clock.wall_millis(), 0);
    }

    #[test]
    fn system_clock_is_monotonic() {
        let clock = SystemClock::default();
        let first = clock.now();
        assert!(clock.now() >= first);
        assert!(clock.wall_millis() > 0);
    }
}
