//! Limits how many requests a caller may send: a bucket of tokens for each.

use std::collections::HashMap;
use std::time::Duration;

use crate::config::RateLimitConfig;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    seen: Duration,
    blocked_until: Duration,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It may go on; so many more could follow at once.
    Allowed {
        /// How many.
        remaining: u32,
    },
    /// It may not.
    Limited {
        /// When to come back.
        retry_after: Duration,
    },
}

/// The buckets of all callers.
#[derive(Debug, Clone)]
pub struct RateLimiter {
    config: RateLimitConfig,
    buckets: HashMap<String, Bucket>,
}

impl RateLimiter {
    /// Full buckets for everyone.
    pub fn new(config: RateLimitConfig) -> Self {
        RateLimiter {
            config,
            buckets: HashMap::new(),
        }
    }

    /// Takes a token of `key` at `now`.
    pub fn check(&mut self, key: &str, now: Duration) -> Decision {
        if !self.config.enabled {
            return Decision::Allowed {
                remaining: self.config.burst,
            };
        }
        if !self.buckets.contains_key(key) {
            if self.buckets.len() >= self.config.max_keys {
                self.forget(now);
            }
        }
        let burst = f64::from(self.config.burst);
        let bucket = self.buckets.entry(key.to_string()).or_insert(Bucket {
            tokens: burst,
            seen: now,
            blocked_until: Duration::ZERO,
        });
        let passed = now.saturating_sub(bucket.seen).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * self.config.per_second).min(burst);
        bucket.seen = now;
        if now < bucket.blocked_until {
            return Decision::Limited {
                retry_after: bucket.blocked_until - now,
            };
        }
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Decision::Allowed {
                remaining: bucket.tokens as u32,
            };
        }
        let missing = (1.0 - bucket.tokens) / self.config.per_second;
        let retry_after = Duration::from_secs_f64(missing) + self.config.penalty;
        if !self.config.penalty.is_zero() {
            bucket.blocked_until = now + retry_after;
        }
        Decision::Limited { retry_after }
    }

    /// How many callers are kept in mind.
    pub fn tracked(&self) -> usize {
        self.buckets.len()
    }

    /// Drops callers whose bucket is full again, or else the longest silent.
    fn forget(&mut self, now: Duration) {
        let full = f64::from(self.config.burst);
        let rate = self.config.per_second;
        self.buckets.retain(|_, bucket| {
            let passed = now.saturating_sub(bucket.seen).as_secs_f64();
            bucket.tokens + passed * rate < full
        });
        if self.buckets.len() >= self.config.max_keys {
            let oldest = self
                .buckets
                .iter()
                .min_by_key(|(_, bucket)| bucket.seen)
                .map(|(key, _)| key.clone());
            if let Some(key) = oldest {
                self.buckets.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LimitKey;

    fn config(per_second: f64, burst: u32) -> RateLimitConfig {
        RateLimitConfig {
            enabled: true,
            per_second,
            burst,
            key: LimitKey::Ip,
            max_keys: 3,
            penalty: Duration::ZERO,
        }
    }

    /// Requests at these milliseconds; how many were let through.
    fn allowed((per_second, burst, at): (f64, u32, &[u64])) -> usize {
        let mut limiter = RateLimiter::new(config(per_second, burst));
        at.iter()
            .map(|millis| limiter.check("a", Duration::from_millis(*millis)))
            .filter(|decision| matches!(decision, Decision::Allowed { .. }))
            .count()
    }

    cases! { buckets, allowed;
        first: (1.0, 1, &[0]) => 1,
        second_at_once: (1.0, 1, &[0, 0]) => 1,
        second_too_early: (1.0, 1, &[0, 999]) => 1,
        second_in_time: (1.0, 1, &[0, 1_000]) => 2,
        burst: (1.0, 3, &[0, 0, 0, 0]) => 3,
        burst_refills: (1.0, 2, &[0, 0, 2_000, 2_000, 2_000]) => 4,
        bucket_never_overflows: (1.0, 2, &[0, 60_000, 60_000, 60_000]) => 3,
        slow_rate: (0.5, 1, &[0, 1_000, 2_000]) => 2,
        fast_rate: (1_000.0, 1, &[0, 1, 2, 3]) => 4,
        no_burst: (1.0, 0, &[0, 1_000]) => 0,
    }

    #[test]
    fn says_when_to_come_back() {
        let mut limiter = RateLimiter::new(config(2.0, 1));
        limiter.check("a", Duration::ZERO);
        assert_eq!(
            limiter.check("a", Duration::ZERO),
            Decision::Limited {
                retry_after: Duration::from_millis(500)
            }
        );
    }

    #[test]
    fn callers_do_not_share() {
        let mut limiter = RateLimiter::new(config(1.0, 1));
        limiter.check("a", Duration::ZERO);
        assert_eq!(
            limiter.check("b", Duration::ZERO),
            Decision::Allowed { remaining: 0 }
        );
    }

    #[test]
    fn penalty_blocks_for_longer() {
        let mut strict = config(1.0, 1);
        strict.penalty = Duration::from_secs(10);
        let mut limiter = RateLimiter::new(strict);
        limiter.check("a", Duration::ZERO);
        limiter.check("a", Duration::ZERO);
        let later = limiter.check("a", Duration::from_secs(5));
        assert_eq!(
            later,
            Decision::Limited {
                retry_after: Duration::from_secs(6)
            }
        );
    }

    #[test]
    fn forgets_callers_when_there_are_too_many() {
        let mut limiter = RateLimiter::new(config(0.001, 5));
        for key in ["a", "b", "c", "d", "e"] {
            limiter.check(key, Duration::ZERO);
        }
        assert_eq!(limiter.tracked(), 3);
    }

    #[test]
    fn disabled_lets_everything_through() {
        let mut off = config(1.0, 1);
        off.enabled = false;
        let mut limiter = RateLimiter::new(off);
        for _ in 0..10 {
            assert_eq!(
                limiter.check("a", Duration::ZERO),
                Decision::Allowed { remaining: 1 }
            );
        }
        assert_eq!(limiter.tracked(), 0);
    }
}
