//! Decides which idle connections to close.

use std::time::Duration;

use crate::PoolConfig;

/// One idle connection, as the reaper sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdleEntry {
    /// Which connection.
    pub id: u64,
    /// When it was opened, in wall-clock milliseconds.
    pub opened_at: u64,
    /// When it was given back, in wall-clock milliseconds.
    pub idle_since: u64,
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReapReason {
    /// It was idle for too long.
    Idle,
    /// It is too old.
    Lifetime,
}

/// The rules by which idle connections are closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaper {
    min_idle: usize,
    idle_timeout: Duration,
    max_lifetime: Duration,
}

impl Reaper {
    /// The rules of `config`.
    pub fn new(config: &PoolConfig) -> Self {
        Reaper {
            min_idle: config.min_idle,
            idle_timeout: config.idle_timeout,
            max_lifetime: config.max_lifetime,
        }
    }

    /// The connections to close at `wall_millis`, oldest first. At least
    /// `min_idle` connections stay unless they are too old.
    pub fn expired(&self, entries: &[IdleEntry], wall_millis: u64) -> Vec<(u64, ReapReason)> {
        let mut sorted = entries.to_vec();
        sorted.sort_by_key(|entry| (entry.idle_since, entry.id));
        let mut left = sorted.len();
        let mut expired = Vec::new();
        for entry in sorted {
            let age = wall_millis.saturating_sub(entry.opened_at);
            let idle = wall_millis.saturating_sub(entry.idle_since);
            let reason = if age >= self.max_lifetime.as_millis() as u64 {
                ReapReason::Lifetime
            } else if idle >= self.idle_timeout.as_millis() as u64 && left > self.min_idle {
                ReapReason::Idle
            } else {
                continue;
            };
            left -= 1;
            expired.push((entry.id, reason));
        }
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, ManualClock};

    fn reaper(min_idle: usize) -> Reaper {
        Reaper {
            min_idle,
            idle_timeout: Duration::from_secs(60),
            max_lifetime: Duration::from_secs(600),
        }
    }

    fn entry(id: u64, opened_at: u64, idle_since: u64) -> IdleEntry {
        IdleEntry {
            id,
            opened_at,
            idle_since,
        }
    }

    /// Connections given back at these seconds, looked at after 100 seconds.
    fn reaped((min_idle, idle_since): (usize, &[u64])) -> Vec<u64> {
        let entries: Vec<_> = idle_since
            .iter()
            .enumerate()
            .map(|(id, at)| entry(id as u64, 0, at * 1_000))
            .collect();
        reaper(min_idle)
            .expired(&entries, 100_000)
            .into_iter()
            .map(|(id, _)| id)
            .collect()
    }

    cases! { idle, reaped;
        empty: (0, &[]) => [0u64; 0],
        fresh: (0, &[99]) => [0u64; 0],
        just_before: (0, &[41]) => [0u64; 0],
        exactly: (0, &[40]) => [0],
        all_stale: (0, &[1, 2, 3]) => [0, 1, 2],
        oldest_first: (0, &[3, 2, 1]) => [2, 1, 0],
        keeps_one: (1, &[1, 2, 3]) => [0, 1],
        keeps_the_newest: (2, &[9, 1, 5]) => [1],
        keeps_all: (3, &[1, 2, 3]) => [0u64; 0],
        mixed: (1, &[1, 99, 2]) => [0, 2],
    }

    #[test]
    fn old_connections_go_even_below_the_minimum() {
        let entries = [entry(1, 0, 599_000)];
        assert_eq!(
            reaper(5).expired(&entries, 600_000),
            [(1, ReapReason::Lifetime)]
        );
    }

    #[test]
    fn lifetime_comes_before_idle() {
        let entries = [entry(1, 0, 0)];
        assert_eq!(
            reaper(0).expired(&entries, 600_000),
            [(1, ReapReason::Lifetime)]
        );
    }

    // known: see docs/known-failures.md
    #[test]
    fn survives_clock_jump() {
        let clock = ManualClock::at(1_000_000);
        let entries = [entry(1, clock.wall_millis(), clock.wall_millis())];
        clock.advance(Duration::from_secs(1));
        clock.jump_wall(3_600_000);
        assert_eq!(
            reaper(0).expired(&entries, clock.wall_millis()),
            [],
            "a connection idle for one second must outlive a wall-clock jump"
        );
    }
}
