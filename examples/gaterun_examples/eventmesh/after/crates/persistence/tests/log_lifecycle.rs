//! The log, snapshots, retention and the cache together.

use std::time::Duration;

use eventmesh_persistence::cache::Lookup;
use eventmesh_persistence::events::{JobStarted, UserUpdated};
use eventmesh_persistence::retention::archive_location;
use eventmesh_persistence::{
    decode, CacheConfig, CachePolicy, EventKind, EventLog, RetentionConfig, RetentionPlan,
    SegmentInfo, SegmentPolicy, ShardedCache, Snapshot,
};
use eventmesh_pool::SystemClock;

fn filled(events: u64) -> EventLog {
    let mut log = EventLog::new(SegmentPolicy {
        max_records: 10,
        ..SegmentPolicy::default()
    });
    for n in 0..events {
        let event = UserUpdated {
            user_id: n % 7,
            fields: [("n".to_string(), n.to_string())].into(),
        };
        log.append(&event).unwrap();
    }
    log
}

#[test]
fn snapshot_equals_replay() {
    let log = filled(35);
    let mut early = Snapshot::new();
    let mut whole = Snapshot::new();
    for record in log.scan(0) {
        let record = record.unwrap();
        if record.offset < 20 {
            early.apply(&record);
        }
        whole.apply(&record);
    }
    let mut resumed = Snapshot::from_bytes(&early.to_bytes()).unwrap();
    for record in log.scan(resumed.next_offset()) {
        resumed.apply(&record.unwrap());
    }
    assert_eq!(resumed, whole);
}

#[test]
fn snapshot_answers_with_the_latest_event() {
    let log = filled(35);
    let mut snapshot = Snapshot::new();
    for record in log.scan(0) {
        snapshot.apply(&record.unwrap());
    }
    let payload = snapshot.get(EventKind::UserUpdated, "6").unwrap();
    let event: UserUpdated = decode(payload).unwrap();
    assert_eq!(event.fields["n"], "34");
}

#[test]
fn retention_names_segments_that_the_log_can_drop() {
    let mut log = filled(35);
    let segments: Vec<_> = log
        .to_segments()
        .into_iter()
        .map(|(base, bytes)| SegmentInfo {
            base,
            bytes: bytes.len() as u64,
            age: Duration::from_secs(100 - base),
        })
        .collect();
    let config = RetentionConfig {
        max_age: Duration::from_secs(85),
        max_bytes: 0,
        min_segments: 1,
        sweep_interval: Duration::from_secs(60),
        compaction: false,
        archive_url: "mem://archive".to_string(),
    };
    let plan = RetentionPlan::new(&config, &segments);
    assert_eq!(plan.too_old, [0, 10]);
    let keep = plan.too_old.last().map_or(0, |base| base + 10);
    assert_eq!(log.truncate_before(keep), 2);
    assert_eq!(log.first_offset(), 20);
    assert!(archive_location(&config, 10).ends_with("10.ems"));
}

#[test]
fn cache_sits_in_front_of_the_log() {
    let log = filled(5);
    let cache = ShardedCache::new(
        CacheConfig {
            enabled: true,
            capacity: 8,
            ttl: Duration::from_secs(60),
            shards: 2,
            policy: CachePolicy::Lru,
            negative_ttl: Duration::from_secs(60),
        },
        SystemClock::new(),
    );
    let found = cache.get_or_load(3u64, |offset| log.read(*offset).map(Some));
    assert_eq!(found.unwrap().unwrap().offset, 3);
    assert!(matches!(cache.get(&3), Lookup::Hit(_)));
    assert!(cache
        .get_or_load(99, |offset| log.read(*offset).map(Some))
        .is_err());
}

#[test]
fn mixed_kinds_survive_a_restart() {
    let mut log = filled(3);
    log.append(&JobStarted::default()).unwrap();
    let restarted = EventLog::recover(SegmentPolicy::default(), log.to_segments()).unwrap();
    assert_eq!(restarted.of_kind(EventKind::JobStarted).unwrap().len(), 1);
    assert_eq!(restarted.next_offset(), 4);
}
