//! A circuit breaker: stop calling what keeps failing.

use std::time::Duration;

use crate::PoolError;

/// What the breaker currently does with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// Calls are refused.
    Open,
    /// One call goes through to see whether the other side is back.
    HalfOpen,
}

impl BreakerState {
    /// The name that metrics use.
    pub fn as_str(self) -> &'static str {
        match self {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half_open",
        }
    }
}

/// Counts failures and opens after too many in a row.
#[derive(Debug, Clone)]
pub struct CircuitBreaker {
    threshold: u32,
    cooldown: Duration,
    failures: u32,
    opened_at: Option<Duration>,
    probing: bool,
}

impl CircuitBreaker {
    /// Opens after `threshold` failures in a row, for `cooldown`.
    pub fn new(threshold: u32, cooldown: Duration) -> Self {
        CircuitBreaker {
            threshold: threshold.max(1),
            cooldown,
            failures: 0,
            opened_at: None,
            probing: false,
        }
    }

    /// The state at `now`.
    pub fn state(&self, now: Duration) -> BreakerState {
        match self.opened_at {
            None => BreakerState::Closed,
            Some(at) if now < at + self.cooldown => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }

    /// Asks for permission to call.
    pub fn admit(&mut self, now: Duration) -> Result<(), PoolError> {
        match self.state(now) {
            BreakerState::Closed => Ok(()),
            BreakerState::HalfOpen if !self.probing => {
                self.probing = true;
                Ok(())
            }
            BreakerState::Open | BreakerState::HalfOpen => Err(PoolError::Open {
                retry_after: self.retry_after(now),
            }),
        }
    }

    /// Records that a call went well.
    pub fn success(&mut self) {
        self.failures = 0;
        self.opened_at = None;
        self.probing = false;
    }

    /// Records that a call failed at `now`.
    pub fn failure(&mut self, now: Duration) {
        self.failures = self.failures.saturating_add(1);
        if self.probing || self.failures >= self.threshold {
            self.opened_at = Some(now);
            self.probing = false;
        }
    }

    fn retry_after(&self, now: Duration) -> Duration {
        self.opened_at
            .map(|at| (at + self.cooldown).saturating_sub(now))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BreakerState::{Closed, HalfOpen, Open};

    const COOLDOWN: Duration = Duration::from_secs(10);

    /// Plays a script: `f` fails, `s` succeeds, a digit lets seconds pass.
    fn state_after(script: &str) -> BreakerState {
        let mut breaker = CircuitBreaker::new(3, COOLDOWN);
        let mut now = Duration::ZERO;
        for step in script.chars() {
            match step {
                'f' if breaker.admit(now).is_ok() => breaker.failure(now),
                's' if breaker.admit(now).is_ok() => breaker.success(),
                digit => now += Duration::from_secs(digit.to_digit(10).unwrap_or(0).into()),
            }
        }
        breaker.state(now)
    }

    cases! { scripts, state_after;
        nothing: "" => Closed,
        one_failure: "f" => Closed,
        two_failures: "ff" => Closed,
        three_failures: "fff" => Open,
        success_in_between: "ffsff" => Closed,
        success_then_three: "ffsfff" => Open,
        nine_seconds_later: "fff9" => Open,
        ten_seconds_later: "fff91" => HalfOpen,
        probe_succeeds: "fff91s" => Closed,
        probe_fails: "fff91f" => Open,
        probe_fails_and_waits: "fff91f9" => Open,
        probe_fails_and_waits_longer: "fff91f91" => HalfOpen,
        refused_success_changes_nothing: "fffs" => Open,
    }

    #[test]
    fn only_one_probe_at_a_time() {
        let mut breaker = CircuitBreaker::new(1, COOLDOWN);
        breaker.failure(Duration::ZERO);
        assert!(breaker.admit(COOLDOWN).is_ok());
        assert!(breaker.admit(COOLDOWN).is_err());
    }

    #[test]
    fn says_when_to_come_back() {
        let mut breaker = CircuitBreaker::new(1, COOLDOWN);
        breaker.failure(Duration::from_secs(5));
        assert_eq!(
            breaker.admit(Duration::from_secs(9)),
            Err(PoolError::Open {
                retry_after: Duration::from_secs(6)
            })
        );
    }

    cases! { names, BreakerState::as_str;
        closed: Closed => "closed",
        open: Open => "open",
        half_open: HalfOpen => "half_open",
    }
}
