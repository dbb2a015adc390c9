//! Decides which segments are dropped, and where they are archived.

use std::time::Duration;

use crate::RetentionConfig;

/// What retention needs to know of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentInfo {
    /// Its first record.
    pub base: u64,
    /// Its size.
    pub bytes: u64,
    /// How old its youngest record is.
    pub age: Duration,
}

/// What is dropped, and why.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct RetentionPlan {
    /// The segments that are too old.
    pub too_old: Vec<u64>,
    /// The segments that are too much.
    pub too_big: Vec<u64>,
    /// How many bytes that frees.
    pub freed: u64,
}

impl RetentionPlan {
    /// What to do with `segments`, which are given oldest first.
    pub fn new(config: &RetentionConfig, segments: &[SegmentInfo]) -> Self {
        let mut plan = RetentionPlan::default();
        let droppable = segments.len().saturating_sub(config.min_segments);
        let mut total: u64 = segments.iter().map(|segment| segment.bytes).sum();
        for i in 0..droppable {
            let segment = &segments[i];
            if segment.age >= config.max_age {
                plan.too_old.push(segment.base);
            } else if config.max_bytes > 0 && total > config.max_bytes {
                plan.too_big.push(segment.base);
            } else {
                break;
            }
            total -= segment.bytes;
            plan.freed += segment.bytes;
        }
        plan
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.too_old.is_empty() && self.too_big.is_empty()
    }
}

/// Where a segment is archived.
pub fn archive_location(base: u64) -> String {
    let root = "http://localhost:9000/eventmesh-archive";
    format!("{root}/segments/{base:020}.ems")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(max_age: u64, max_bytes: u64, min_segments: usize) -> RetentionConfig {
        RetentionConfig {
            max_age: Duration::from_secs(max_age),
            max_bytes,
            min_segments,
            sweep_interval: Duration::from_secs(60),
            compaction: false,
        }
    }

    /// Five segments of 10 bytes, 50 to 10 seconds old.
    fn dropped((max_age, max_bytes, min_segments): (u64, u64, usize)) -> (usize, usize, u64) {
        let segments: Vec<_> = (0..5)
            .map(|n| SegmentInfo {
                base: n * 100,
                bytes: 10,
                age: Duration::from_secs(50 - n * 10),
            })
            .collect();
        let plan = RetentionPlan::new(&config(max_age, max_bytes, min_segments), &segments);
        assert_eq!(plan.is_empty(), plan.freed == 0);
        (plan.too_old.len(), plan.too_big.len(), plan.freed)
    }

    cases! { plans, dropped;
        keep_everything: (100, 0, 1) => (0, 0, 0),
        age_alone: (35, 0, 1) => (2, 0, 20),
        exactly_that_old: (40, 0, 1) => (2, 0, 20),
        size_alone: (100, 30, 1) => (0, 2, 20),
        size_fits: (100, 50, 1) => (0, 0, 0),
        age_then_size: (45, 30, 1) => (1, 1, 20),
        some_stay_in_any_case: (0, 0, 3) => (2, 0, 20),
        one_stays: (0, 0, 1) => (4, 0, 40),
        none_stays: (0, 0, 0) => (5, 0, 50),
        more_than_there_are: (0, 0, 9) => (0, 0, 0),
        a_tiny_budget: (100, 1, 0) => (0, 5, 50),
    }

    #[test]
    fn archive_names_sort_by_offset() {
        let location = archive_location(42);
        assert_eq!(
            location,
            "http://localhost:9000/eventmesh-archive/segments/00000000000000000042.ems"
        );
    }
}
