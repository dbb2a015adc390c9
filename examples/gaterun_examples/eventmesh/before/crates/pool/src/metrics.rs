//! Counters, gauges and latency histograms of a pool.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper bounds of the latency buckets, in microseconds.
const BOUNDS: [u64; 12] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000,
];

/// Latencies in buckets of growing width.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Histogram {
    counts: [u64; 13],
    total_micros: u64,
}

impl Histogram {
    /// An empty histogram.
    pub fn new() -> Self {
        Histogram::default()
    }

    /// Adds one measurement.
    #[allow(clippy::cast_possible_truncation)]
    pub fn record(&mut self, latency: Duration) {
        let micros = latency.as_micros() as u64;
        let bucket = BOUNDS.partition_point(|bound| *bound < micros);
        self.counts[bucket] += 1;
        self.total_micros = self.total_micros.saturating_add(micros);
    }

    /// How many measurements there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The mean latency.
    pub fn mean(&self) -> Option<Duration> {
        self.total_micros
            .checked_div(self.count())
            .map(Duration::from_micros)
    }

    /// The upper bound of the bucket in which the quantile `q` (0 to 1) lies.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let rank = ((count as f64) * q.clamp(0.0, 1.0)).ceil().max(1.0) as u64;
        let mut seen = 0;
        let counts = &self.counts;
        for bucket in 0..counts.len() {
            seen += counts[bucket];
            if seen >= rank {
                let bound = BOUNDS.get(bucket).copied().unwrap_or(u64::MAX);
                return Some(Duration::from_micros(bound));
            }
        }
        None
    }

    /// Adds the measurements of `other`.
    pub fn merge(&mut self, other: &Histogram) {
        for (mine, theirs) in self.counts.iter_mut().zip(other.counts) {
            *mine += theirs;
        }
        self.total_micros = self.total_micros.saturating_add(other.total_micros);
    }
}

/// What a pool counts while it runs.
#[derive(Debug, Default)]
pub struct PoolMetrics {
    opened: AtomicU64,
    closed: AtomicU64,
    acquired: AtomicU64,
    timeouts: AtomicU64,
    failures: AtomicU64,
}

/// One moment of [`PoolMetrics`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PoolSnapshot {
    /// Connections opened so far.
    pub opened: u64,
    /// Connections closed so far.
    pub closed: u64,
    /// Connections handed out so far.
    pub acquired: u64,
    /// How often nothing was free in time.
    pub timeouts: u64,
    /// How often opening a connection failed.
    pub failures: u64,
}

impl PoolMetrics {
    pub(crate) fn opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self, n: u64) {
        self.closed.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn acquired(&self) {
        self.acquired.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn timed_out(&self) {
        self.timeouts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// The counters as they are now.
    pub fn snapshot(&self) -> PoolSnapshot {
        PoolSnapshot {
            opened: self.opened.load(Ordering::Relaxed),
            closed: self.closed.load(Ordering::Relaxed),
            acquired: self.acquired.load(Ordering::Relaxed),
            timeouts: self.timeouts.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
        }
    }
}

impl PoolSnapshot {
    /// How many connections are open.
    pub fn open(&self) -> u64 {
        self.opened.saturating_sub(self.closed)
    }

    /// The counters by the names that the metrics endpoint uses.
    pub fn named(&self) -> BTreeMap<&'static str, u64> {
        BTreeMap::from([
            ("pool_acquired_total", self.acquired),
            ("pool_closed_total", self.closed),
            ("pool_failures_total", self.failures),
            ("pool_open", self.open()),
            ("pool_opened_total", self.opened),
            ("pool_timeouts_total", self.timeouts),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(micros: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        for value in micros {
            histogram.record(Duration::from_micros(*value));
        }
        histogram
    }

    fn quantile((micros, q): (&[u64], f64)) -> Option<u64> {
        histogram(micros)
            .quantile(q)
            .map(|bound| bound.as_micros() as u64)
    }

    cases! { quantiles, quantile;
        empty: (&[], 0.5) => None,
        single: (&[70], 0.5) => Some(100),
        on_the_bound: (&[100], 0.5) => Some(100),
        over_the_bound: (&[101], 0.5) => Some(250),
        median: (&[10, 200, 20_000], 0.5) => Some(250),
        low: (&[10, 200, 20_000], 0.0) => Some(50),
        high: (&[10, 200, 20_000], 1.0) => Some(25_000),
        p90: (&[1, 1, 1, 1, 1, 1, 1, 1, 1, 9_000], 0.9) => Some(50),
        p99: (&[1, 1, 1, 1, 1, 1, 1, 1, 1, 9_000], 0.99) => Some(10_000),
        clamped: (&[10, 600], 7.0) => Some(1_000),
    }

    fn mean(micros: &[u64]) -> Option<u64> {
        histogram(micros).mean().map(|mean| mean.as_micros() as u64)
    }

    cases! { means, mean;
        of_nothing: &[] => None,
        of_one: &[42] => Some(42),
        of_two: &[10, 20] => Some(15),
        rounded_down: &[1, 2] => Some(1),
    }

    #[test]
    fn merging_adds_up() {
        let mut first = histogram(&[10, 20]);
        first.merge(&histogram(&[3_000]));
        assert_eq!(first, histogram(&[10, 20, 3_000]));
        assert_eq!(first.count(), 3);
    }

    #[test]
    fn snapshot_counts_open_connections() {
        let metrics = PoolMetrics::default();
        metrics.opened();
        metrics.opened();
        metrics.closed(1);
        metrics.acquired();
        let snapshot = metrics.snapshot();
        assert_eq!(snapshot.open(), 1);
        assert_eq!(snapshot.named()["pool_acquired_total"], 1);
    }
}
