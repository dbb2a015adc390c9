//! Who has which record, and when a write counts as done.

use std::collections::{BTreeMap, VecDeque};
use std::str::FromStr;
use std::time::Duration;

use crate::ReplicationConfig;

/// Which acknowledgements a write needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AckPolicy {
    /// Only our own.
    Leader,
    /// Those of more than half of the nodes.
    Quorum,
    /// Everyone's.
    All,
}

impl AckPolicy {
    /// How many of `nodes` must have a record.
    pub fn needed(self, nodes: usize) -> usize {
        match self {
            AckPolicy::Leader => 1,
            AckPolicy::Quorum => nodes / 2 + 1,
            AckPolicy::All => nodes,
        }
    }
}

impl FromStr for AckPolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "leader" => Ok(AckPolicy::Leader),
            "quorum" => Ok(AckPolicy::Quorum),
            "all" => Ok(AckPolicy::All),
            _ => Err("expected leader, quorum or all".to_string()),
        }
    }
}

/// How far a node has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Progress {
    /// The first record that it does not have.
    pub next: u64,
    /// When it last said so.
    pub heard: Duration,
}

/// The nodes that copy our log.
#[derive(Debug, Clone)]
pub struct ReplicaSet {
    policy: AckPolicy,
    factor: usize,
    timeout: Duration,
    window: usize,
    written: u64,
    followers: BTreeMap<String, Progress>,
    pending: VecDeque<(u64, Duration)>,
}

impl ReplicaSet {
    /// The nodes of `config`, none of which has anything yet.
    pub fn new(config: &ReplicationConfig) -> Self {
        ReplicaSet {
            policy: config.ack,
            factor: config.factor.max(1),
            timeout: config.timeout,
            window: config.window.max(1),
            written: 0,
            followers: config
                .peers
                .iter()
                .map(|peer| (peer.clone(), Progress::default()))
                .collect(),
            pending: VecDeque::new(),
        }
    }

    /// Notes that we wrote record `offset`; says whether the window allows it.
    pub fn wrote(&mut self, offset: u64, now: Duration) -> bool {
        if self.pending.len() >= self.window {
            return false;
        }
        self.written = self.written.max(offset + 1);
        self.pending.push_back((offset, now));
        self.settle();
        true
    }

    /// Notes that `peer` has all records before `next`.
    pub fn acknowledged(&mut self, peer: &str, next: u64, now: Duration) {
        if let Some(progress) = self.followers.get_mut(peer) {
            progress.next = progress.next.max(next.min(self.written));
            progress.heard = now;
        }
        self.settle();
    }

    /// The first record that does not yet count as written.
    pub fn committed(&self) -> u64 {
        let mut positions: Vec<_> = self.followers.values().map(|p| p.next).collect();
        positions.push(self.written);
        positions.sort_unstable_by(|a, b| b.cmp(a));
        let needed = self.policy.needed(self.factor);
        positions.get(needed - 1).copied().unwrap_or(0)
    }

    /// The records that were not acknowledged in time.
    pub fn overdue(&self, now: Duration) -> Vec<u64> {
        self.pending
            .iter()
            .filter(|(_, since)| now.saturating_sub(*since) >= self.timeout)
            .map(|(offset, _)| *offset)
            .collect()
    }

    /// The nodes and by how many records they are behind.
    pub fn lag(&self) -> BTreeMap<&str, u64> {
        self.followers
            .iter()
            .map(|(peer, progress)| (peer.as_str(), self.written as u64 - progress.next))
            .collect()
    }

    /// The nodes that we have not heard of for the timeout.
    pub fn silent(&self, now: Duration) -> Vec<&str> {
        self.followers
            .iter()
            .filter(|(_, progress)| now.saturating_sub(progress.heard) >= self.timeout)
            .map(|(peer, _)| peer.as_str())
            .collect()
    }

    fn settle(&mut self) {
        let committed = self.committed();
        self.pending.retain(|(offset, _)| *offset >= committed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(ack: AckPolicy, factor: usize) -> ReplicationConfig {
        ReplicationConfig {
            peers: ["b", "c", "d", "e"][..factor - 1]
                .iter()
                .map(|peer| peer.to_string())
                .collect(),
            factor,
            listen: "a".to_string(),
            timeout: Duration::from_secs(2),
            ack,
            window: 4,
        }
    }

    fn needed((policy, nodes): (AckPolicy, usize)) -> usize {
        policy.needed(nodes)
    }

    cases! { acknowledgements, needed;
        leader_alone: (AckPolicy::Leader, 5) => 1,
        quorum_of_one: (AckPolicy::Quorum, 1) => 1,
        quorum_of_two: (AckPolicy::Quorum, 2) => 2,
        quorum_of_three: (AckPolicy::Quorum, 3) => 2,
        quorum_of_four: (AckPolicy::Quorum, 4) => 3,
        quorum_of_five: (AckPolicy::Quorum, 5) => 3,
        all_of_three: (AckPolicy::All, 3) => 3,
    }

    /// We wrote four records; the others have these.
    fn committed((ack, factor, acks): (AckPolicy, usize, &[(&str, u64)])) -> u64 {
        let mut set = ReplicaSet::new(&config(ack, factor));
        for offset in 0..4 {
            assert!(set.wrote(offset, Duration::ZERO));
        }
        for (peer, next) in acks {
            set.acknowledged(peer, *next, Duration::ZERO);
        }
        set.committed()
    }

    cases! { commits, committed;
        alone: (AckPolicy::Quorum, 1, &[]) => 4,
        leader_waits_for_nobody: (AckPolicy::Leader, 3, &[]) => 4,
        quorum_waits: (AckPolicy::Quorum, 3, &[]) => 0,
        quorum_of_two_others: (AckPolicy::Quorum, 3, &[("b", 3)]) => 3,
        quorum_takes_the_faster: (AckPolicy::Quorum, 3, &[("b", 1), ("c", 2)]) => 2,
        all_takes_the_slowest: (AckPolicy::All, 3, &[("b", 1), ("c", 2)]) => 1,
        all_waits_for_everyone: (AckPolicy::All, 3, &[("b", 4)]) => 0,
        five_nodes: (AckPolicy::Quorum, 5, &[("b", 4), ("c", 2), ("d", 1)]) => 2,
        strangers_do_not_count: (AckPolicy::Quorum, 3, &[("x", 4)]) => 0,
        nobody_is_ahead_of_us: (AckPolicy::All, 2, &[("b", 99)]) => 4,
        acknowledgements_never_go_back: (AckPolicy::All, 2, &[("b", 3), ("b", 1)]) => 3,
    }

    fn parse(text: &str) -> Option<AckPolicy> {
        text.parse().ok()
    }

    cases! { policies, parse;
        leader: "leader" => Some(AckPolicy::Leader),
        quorum: "quorum" => Some(AckPolicy::Quorum),
        all: "all" => Some(AckPolicy::All),
        number: "2" => None,
    }

    #[test]
    fn window_limits_what_is_on_its_way() {
        let mut set = ReplicaSet::new(&config(AckPolicy::All, 2));
        for offset in 0..4 {
            assert!(set.wrote(offset, Duration::ZERO));
        }
        assert!(!set.wrote(4, Duration::ZERO));
        set.acknowledged("b", 1, Duration::ZERO);
        assert!(set.wrote(4, Duration::ZERO));
    }

    #[test]
    fn late_records_are_overdue() {
        let mut set = ReplicaSet::new(&config(AckPolicy::All, 2));
        set.wrote(0, Duration::from_secs(1));
        set.wrote(1, Duration::from_secs(2));
        assert_eq!(set.overdue(Duration::from_secs(3)), [0]);
        set.acknowledged("b", 1, Duration::from_secs(3));
        assert_eq!(set.overdue(Duration::from_secs(9)), [1]);
    }

    #[test]
    fn lag_and_silence() {
        let mut set = ReplicaSet::new(&config(AckPolicy::Quorum, 3));
        set.wrote(0, Duration::ZERO);
        set.wrote(1, Duration::ZERO);
        set.acknowledged("c", 1, Duration::from_secs(5));
        assert_eq!(set.lag(), BTreeMap::from([("b", 2), ("c", 1)]));
        assert_eq!(set.silent(Duration::from_secs(6)), ["b"]);
    }
}
