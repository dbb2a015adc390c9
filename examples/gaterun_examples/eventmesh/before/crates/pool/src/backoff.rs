//! Exponential backoff with jitter, and a retry loop on top of it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::RetryConfig;

/// The delays between attempts; finite, and the same for the same seed.
#[derive(Debug, Clone)]
pub struct Backoff {
    config: RetryConfig,
    attempt: u32,
    state: u64,
}

impl Backoff {
    /// The delays that `config` describes.
    pub fn new(config: RetryConfig, seed: u64) -> Self {
        Backoff {
            config,
            attempt: 0,
            state: seed | 1,
        }
    }

    /// How many delays were handed out.
    pub fn attempts(&self) -> u32 {
        self.attempt
    }

    /// Starts over, as after a success.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }

    fn random_unit(&mut self) -> f64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        if self.attempt + 1 >= self.config.max_attempts {
            return None;
        }
        let factor = self.config.multiplier.powi(self.attempt as i32);
        self.attempt += 1;
        let plain = self.config.base.as_secs_f64() * factor;
        let capped = plain.min(self.config.max.as_secs_f64());
        let spread = capped * self.config.jitter * self.random_unit();
        Some(Duration::from_secs_f64(capped - spread))
    }
}

/// The last error of an operation that never succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RetryError<E> {
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong the last time.
    pub last: E,
}

impl<E: fmt::Display> fmt::Display for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gave up after {} attempts: {}", self.attempts, self.last)
    }
}

impl<E: Error + 'static> Error for RetryError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.last)
    }
}

/// Calls `operation` until it succeeds, `transient` says no, or the delays
/// are used up; `sleep` is given every delay.
pub fn retry<T, E>(
    backoff: &mut Backoff,
    mut sleep: impl FnMut(Duration),
    transient: impl Fn(&E) -> bool,
    mut operation: impl FnMut(u32) -> Result<T, E>,
) -> Result<T, RetryError<E>> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let error = match operation(attempts) {
            Ok(value) => {
                backoff.reset();
                return Ok(value);
            }
            Err(error) => error,
        };
        let delay = if transient(&error) {
            backoff.next()
        } else {
            None
        };
        match delay {
            Some(delay) => sleep(delay),
            None => {
                return Err(RetryError {
                    attempts,
                    last: error,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(max_attempts: u32, multiplier: f64, jitter: f64) -> RetryConfig {
        RetryConfig {
            max_attempts,
            base: Duration::from_millis(100),
            max: Duration::from_millis(1_000),
            multiplier,
            jitter,
        }
    }

    fn delays((attempts, multiplier): (u32, f64)) -> Vec<u64> {
        Backoff::new(config(attempts, multiplier, 0.0), 7)
            .map(|delay| delay.as_millis() as u64)
            .collect()
    }

    cases! { plain_delays, delays;
        none_for_no_attempt: (0, 2.0) => [0u64; 0],
        none_for_one_attempt: (1, 2.0) => [0u64; 0],
        one_for_two_attempts: (2, 2.0) => [100],
        doubling: (5, 2.0) => [100, 200, 400, 800],
        capped: (7, 2.0) => [100, 200, 400, 800, 1_000, 1_000],
        constant: (4, 1.0) => [100, 100, 100],
        tripling: (4, 3.0) => [100, 300, 900],
        steep: (4, 10.0) => [100, 1_000, 1_000],
    }

    fn within_jitter(seed: u64) -> bool {
        let plain = Backoff::new(config(6, 2.0, 0.0), seed);
        let jittered = Backoff::new(config(6, 2.0, 0.5), seed);
        plain
            .zip(jittered)
            .all(|(full, delay)| delay <= full && delay >= full / 2)
    }

    cases! { jitter_stays_in_range, within_jitter;
        seed_zero: 0 => true,
        seed_one: 1 => true,
        seed_small: 42 => true,
        seed_large: 0xDEAD_BEEF_CAFE => true,
        seed_max: u64::MAX => true,
    }

    #[test]
    fn same_seed_same_delays() {
        let first: Vec<_> = Backoff::new(config(8, 2.0, 0.9), 11).collect();
        let second: Vec<_> = Backoff::new(config(8, 2.0, 0.9), 11).collect();
        assert_eq!(first, second);
    }

    #[test]
    fn reset_starts_over() {
        let mut backoff = Backoff::new(config(3, 2.0, 0.0), 1);
        assert_eq!(backoff.by_ref().count(), 2);
        assert_eq!(backoff.attempts(), 2);
        backoff.reset();
        assert_eq!(backoff.count(), 2);
    }

    fn succeeds_at((nth, attempts): (u32, u32)) -> Result<u32, u32> {
        let mut backoff = Backoff::new(config(attempts, 2.0, 0.0), 1);
        retry(
            &mut backoff,
            |_| {},
            |_: &&str| true,
            |n| if n == nth { Ok(n) } else { Err("busy") },
        )
        .map_err(|error| error.attempts)
    }

    cases! { retrying, succeeds_at;
        at_once: (1, 5) => Ok(1),
        second_time: (2, 5) => Ok(2),
        last_time: (5, 5) => Ok(5),
        never: (6, 5) => Err(5),
        no_second_chance: (2, 1) => Err(1),
    }

    #[test]
    fn permanent_errors_are_not_retried() {
        let mut slept = 0;
        let mut backoff = Backoff::new(config(5, 2.0, 0.0), 1);
        let result: Result<(), _> = retry(
            &mut backoff,
            |_| slept += 1,
            |error| *error != "gone",
            |_| Err("gone"),
        );
        let error = result.unwrap_err();
        assert_eq!(error.to_string(), "gave up after 1 attempts: gone");
        assert_eq!(slept, 0);
    }
}
