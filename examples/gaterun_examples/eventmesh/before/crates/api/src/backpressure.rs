//! A bounded queue that turns work away before it is too late.

use std::collections::VecDeque;
use std::time::Duration;

use crate::config::{BackpressureConfig, ShedPolicy};

/// Something that waits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Waiting<T> {
    /// How much it matters; more is more.
    pub priority: u8,
    /// What it is.
    pub item: T,
}

/// What became of something that came.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Admission<T> {
    /// It waits.
    Queued,
    /// It waits, and something else was turned away for it.
    Displaced(T),
    /// It was turned away.
    Shed(T),
}

/// The queue.
#[derive(Debug, Clone)]
pub struct WorkQueue<T> {
    config: BackpressureConfig,
    waiting: VecDeque<Waiting<T>>,
    shedding: bool,
}

impl<T> WorkQueue<T> {
    /// An empty queue.
    pub fn new(config: BackpressureConfig) -> Self {
        WorkQueue {
            waiting: VecDeque::with_capacity(config.depth.min(1_024)),
            config,
            shedding: false,
        }
    }

    /// Lets something in, or not.
    pub fn push(&mut self, priority: u8, item: T) -> Admission<T> {
        let fill = self.fill();
        if fill >= self.config.high_watermark {
            self.shedding = true;
        }
        let arrived = Waiting { priority, item };
        if !self.shedding {
            self.waiting.push_back(arrived);
            return Admission::Queued;
        }
        let victim = match self.config.policy {
            ShedPolicy::Newest => None,
            ShedPolicy::Oldest => (!self.waiting.is_empty()).then_some(0),
            ShedPolicy::Priority => self
                .waiting
                .iter()
                .enumerate()
                .min_by_key(|(_, waiting)| waiting.priority)
                .filter(|(_, waiting)| waiting.priority < arrived.priority)
                .map(|(index, _)| index),
        };
        match victim.and_then(|index| self.waiting.remove(index)) {
            Some(victim) => {
                self.waiting.push_back(arrived);
                Admission::Displaced(victim.item)
            }
            None => Admission::Shed(arrived.item),
        }
    }

    /// Takes what is next.
    pub fn pop(&mut self) -> Option<T> {
        let next = self.waiting.pop_front();
        if self.fill() <= self.config.low_watermark {
            self.shedding = false;
        }
        next.map(|waiting| waiting.item)
    }

    /// How full the queue is, in percent.
    pub fn fill(&self) -> u8 {
        match self.config.depth {
            0 => 100,
            depth => (self.waiting.len() * 100 / depth).min(100) as u8,
        }
    }

    /// Whether work is turned away.
    pub fn is_shedding(&self) -> bool {
        self.shedding
    }

    /// When those that are turned away should come back.
    pub fn retry_after(&self) -> Duration {
        self.config.retry_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(policy: ShedPolicy) -> WorkQueue<char> {
        WorkQueue::new(BackpressureConfig {
            depth: 10,
            high_watermark: 40,
            low_watermark: 20,
            policy,
            retry_after: Duration::from_secs(1),
        })
    }

    /// Letters come, with their alphabet position as priority; `-` takes one.
    fn played((policy, script): (ShedPolicy, &str)) -> (String, String) {
        let mut queue = queue(policy);
        let mut lost = String::new();
        for c in script.chars() {
            if c == '-' {
                queue.pop();
                continue;
            }
            match queue.push(c as u8 - b'a', c) {
                Admission::Queued => {}
                Admission::Displaced(item) | Admission::Shed(item) => lost.push(item),
            }
        }
        let left = std::iter::from_fn(|| queue.pop()).collect();
        (left, lost)
    }

    fn gives(left: &str, lost: &str) -> (String, String) {
        (left.to_string(), lost.to_string())
    }

    cases! { policies, played;
        all_fit: (ShedPolicy::Newest, "abcd") => gives("abcd", ""),
        newest_goes: (ShedPolicy::Newest, "abcde") => gives("abcd", "e"),
        oldest_goes: (ShedPolicy::Oldest, "abcdef") => gives("cdef", "ab"),
        least_goes: (ShedPolicy::Priority, "dcbae") => gives("dcbe", "a"),
        least_is_the_newest: (ShedPolicy::Priority, "edcba") => gives("edcb", "a"),
        equal_does_not_displace: (ShedPolicy::Priority, "ddddd") => gives("dddd", "d"),
        still_shedding_above_low: (ShedPolicy::Newest, "abcde-f") => gives("bcd", "ef"),
        admits_again_at_low: (ShedPolicy::Newest, "abcde--f") => gives("cdf", "e"),
        popping_nothing: (ShedPolicy::Newest, "--a") => gives("a", ""),
    }

    #[test]
    fn no_depth_sheds_everything() {
        let mut queue = queue(ShedPolicy::Newest);
        queue.config.depth = 0;
        assert_eq!(queue.push(1, 'a'), Admission::Shed('a'));
        assert!(queue.is_shedding());
        assert_eq!(queue.retry_after(), Duration::from_secs(1));
    }
}
