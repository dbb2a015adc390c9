//! A sharded cache that forgets what is used least.

use std::borrow::Borrow;
use std::collections::hash_map::{DefaultHasher, HashMap};
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use eventmesh_pool::Clock;

use crate::CacheConfig;

/// What a full cache forgets first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CachePolicy {
    /// What was not used for the longest time.
    Lru,
    /// What was used least often.
    Lfu,
    /// What came first.
    Fifo,
}

impl FromStr for CachePolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "lru" => Ok(CachePolicy::Lru),
            "lfu" => Ok(CachePolicy::Lfu),
            "fifo" => Ok(CachePolicy::Fifo),
            _ => Err("expected lru, lfu or fifo".to_string()),
        }
    }
}

/// How well a cache does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CacheStats {
    /// Lookups that found something.
    pub hits: u64,
    /// Lookups that found nothing.
    pub misses: u64,
    /// Lookups that found a remembered absence.
    pub negative_hits: u64,
    /// Entries forgotten for lack of room.
    pub evictions: u64,
}

impl CacheStats {
    /// Which part of the lookups was answered, from 0 to 1.
    pub fn hit_ratio(&self) -> f64 {
        let answered = self.hits + self.negative_hits;
        let total = answered + self.misses;
        if total == 0 {
            return 0.0;
        }
        answered as f64 / total as f64
    }

    fn add(&mut self, other: CacheStats) {
        self.hits += other.hits;
        self.misses += other.misses;
        self.negative_hits += other.negative_hits;
        self.evictions += other.evictions;
    }
}

/// What a lookup found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Lookup<V> {
    /// A value.
    Hit(V),
    /// The knowledge that there is no value.
    Absent,
    /// Nothing.
    Miss,
}

#[derive(Debug, Clone)]
struct Slot<V> {
    value: Option<V>,
    expires: Duration,
    inserted: u64,
    used: u64,
    uses: u64,
}

impl<V> Slot<V> {
    fn rank(&self, policy: CachePolicy) -> (u64, u64) {
        match policy {
            CachePolicy::Lru => (self.used, self.inserted),
            CachePolicy::Lfu => (self.uses, self.used),
            CachePolicy::Fifo => (self.inserted, 0),
        }
    }
}

#[derive(Debug)]
struct Shard<K, V> {
    slots: HashMap<K, Slot<V>>,
    tick: u64,
    stats: CacheStats,
}

impl<K, V> Default for Shard<K, V> {
    fn default() -> Self {
        Shard {
            slots: HashMap::new(),
            tick: 0,
            stats: CacheStats::default(),
        }
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Shard<K, V> {
    fn get<Q>(&mut self, key: &Q, now: Duration) -> Lookup<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.tick += 1;
        match self.slots.get_mut(key) {
            Some(slot) if now < slot.expires => {
                slot.used = self.tick;
                slot.uses += 1;
                match &slot.value {
                    Some(value) => {
                        self.stats.hits += 1;
                        Lookup::Hit(value.clone())
                    }
                    None => {
                        self.stats.negative_hits += 1;
                        Lookup::Absent
                    }
                }
            }
            Some(_) => {
                self.slots.remove(key);
                self.stats.misses += 1;
                Lookup::Miss
            }
            None => {
                self.stats.misses += 1;
                Lookup::Miss
            }
        }
    }

    fn put(&mut self, key: K, slot: Slot<V>, room: usize, policy: CachePolicy) {
        self.tick += 1;
        if !self.slots.contains_key(&key) {
            if self.slots.len() >= room {
                let victim = self
                    .slots
                    .iter()
                    .min_by_key(|(_, slot)| slot.rank(policy))
                    .map(|(key, _)| key.clone());
                if let Some(victim) = victim {
                    self.slots.remove(&victim);
                    self.stats.evictions += 1;
                }
            }
        }
        let slot = Slot {
            inserted: self.tick,
            used: self.tick,
            ..slot
        };
        self.slots.insert(key, slot);
    }
}

/// A cache that many threads can use at a time.
#[derive(Debug)]
pub struct ShardedCache<K, V, C> {
    shards: Vec<Mutex<Shard<K, V>>>,
    config: CacheConfig,
    clock: C,
}

impl<K: Eq + Hash + Clone, V: Clone, C: Clock> ShardedCache<K, V, C> {
    /// An empty cache.
    pub fn new(config: CacheConfig, clock: C) -> Self {
        ShardedCache {
            shards: (0..config.shards.max(1))
                .map(|_| Mutex::default())
                .collect(),
            config,
            clock,
        }
    }

    /// Looks `key` up.
    pub fn get<Q>(&self, key: &Q) -> Lookup<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if !self.config.enabled {
            return Lookup::Miss;
        }
        self.with(key, |shard| shard.get(key, self.clock.now()))
    }

    /// Remembers a value.
    pub fn put(&self, key: K, value: V) {
        self.store(key, Some(value), self.config.ttl);
    }

    /// Remembers that there is no value.
    pub fn put_absent(&self, key: K) {
        self.store(key, None, self.config.negative_ttl);
    }

    /// Forgets `key`; says whether it was known.
    pub fn invalidate<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.with(key, |shard| shard.slots.remove(key).is_some())
    }

    /// The value of `key`, which `load` finds where the cache does not.
    pub fn get_or_load<E>(
        &self,
        key: K,
        load: impl FnOnce(&K) -> Result<Option<V>, E>,
    ) -> Result<Option<V>, E> {
        match self.get(&key) {
            Lookup::Hit(value) => Ok(Some(value)),
            Lookup::Absent => Ok(None),
            Lookup::Miss => {
                let loaded = load(&key)?;
                match &loaded {
                    Some(value) => self.put(key, value.clone()),
                    None => self.put_absent(key),
                }
                Ok(loaded)
            }
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.each(|shard| shard.slots.len()).sum()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How well the cache does.
    pub fn stats(&self) -> CacheStats {
        let mut total = CacheStats::default();
        self.each(|shard| shard.stats)
            .for_each(|stats| total.add(stats));
        total
    }

    fn store(&self, key: K, value: Option<V>, ttl: Duration) {
        if !self.config.enabled {
            return;
        }
        let slot = Slot {
            value,
            expires: self.clock.now() + ttl,
            inserted: 0,
            used: 0,
            uses: 0,
        };
        let room = self.config.capacity.div_ceil(self.shards.len()).max(1);
        let index = self.index(&key);
        self.shards[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .put(key, slot, room, self.config.policy);
    }

    fn index<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        (hasher.finish() % self.shards.len() as u64) as usize
    }

    fn with<Q, R>(&self, key: &Q, action: impl FnOnce(&mut Shard<K, V>) -> R) -> R
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let mut shard = self.shards[self.index(key)]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        action(&mut shard)
    }

    fn each<'a, R: 'a>(
        &'a self,
        view: impl Fn(&Shard<K, V>) -> R + 'a,
    ) -> impl Iterator<Item = R> + 'a {
        self.shards
            .iter()
            .map(move |shard| view(&shard.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventmesh_pool::ManualClock;
    use std::sync::Arc;

    type TestCache = ShardedCache<String, u32, Arc<ManualClock>>;

    fn config(policy: CachePolicy, capacity: usize, shards: usize) -> CacheConfig {
        CacheConfig {
            enabled: true,
            capacity,
            ttl: Duration::from_secs(60),
            shards,
            policy,
            negative_ttl: Duration::from_secs(5),
        }
    }

    fn cache(policy: CachePolicy, capacity: usize) -> (TestCache, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(0));
        let cache = ShardedCache::new(config(policy, capacity, 1), Arc::clone(&clock));
        (cache, clock)
    }

    /// Upper case puts, lower case gets; what a cache for two still knows.
    fn remembered((policy, script): (CachePolicy, &str)) -> String {
        let (cache, _) = cache(policy, 2);
        for step in script.chars() {
            let key = step.to_ascii_lowercase().to_string();
            if step.is_ascii_uppercase() {
                cache.put(key, 1);
            } else {
                cache.get(&key);
            }
        }
        ('a'..='d')
            .filter(|key| matches!(cache.get(&key.to_string()), Lookup::Hit(_)))
            .collect()
    }

    cases! { evictions, remembered;
        room_for_two: (CachePolicy::Lru, "AB") => "ab",
        lru_drops_the_oldest: (CachePolicy::Lru, "ABC") => "bc",
        lru_spares_the_used: (CachePolicy::Lru, "ABaC") => "ac",
        lru_counts_the_last_use: (CachePolicy::Lru, "ABaabC") => "bc",
        lfu_counts_all_uses: (CachePolicy::Lfu, "ABaabC") => "ac",
        lfu_drops_the_unused: (CachePolicy::Lfu, "ABbC") => "bc",
        fifo_ignores_uses: (CachePolicy::Fifo, "ABaaaC") => "bc",
        fifo_in_a_row: (CachePolicy::Fifo, "ABCD") => "cd",
        replacing_needs_no_room: (CachePolicy::Lru, "ABAB") => "ab",
        replacing_renews_lru: (CachePolicy::Lru, "ABAC") => "ac",
    }

    fn parse(text: &str) -> Option<CachePolicy> {
        text.parse().ok()
    }

    cases! { policies, parse;
        lru: "lru" => Some(CachePolicy::Lru),
        lfu: "lfu" => Some(CachePolicy::Lfu),
        fifo: "fifo" => Some(CachePolicy::Fifo),
        random: "random" => None,
    }

    #[test]
    fn entries_expire() {
        let (cache, clock) = cache(CachePolicy::Lru, 2);
        cache.put("a".to_string(), 1);
        clock.advance(Duration::from_secs(60));
        assert_eq!(cache.get("a"), Lookup::Miss);
        assert!(cache.is_empty());
    }

    #[test]
    fn absence_expires_sooner() {
        let (cache, clock) = cache(CachePolicy::Lru, 2);
        cache.put_absent("a".to_string());
        assert_eq!(cache.get("a"), Lookup::Absent);
        clock.advance(Duration::from_secs(5));
        assert_eq!(cache.get("a"), Lookup::Miss);
    }

    #[test]
    fn loads_once() {
        let (cache, _) = cache(CachePolicy::Lru, 2);
        for _ in 0..3 {
            let mut loads = 0;
            let value = cache.get_or_load("a".to_string(), |_| {
                loads += 1;
                Ok::<_, ()>(Some(9))
            });
            assert_eq!(value, Ok(Some(9)));
        }
        assert_eq!(cache.stats().hits, 2);
        assert_eq!(cache.stats().misses, 1);
    }

    #[test]
    fn remembers_that_nothing_was_loaded() {
        let (cache, _) = cache(CachePolicy::Lru, 2);
        assert_eq!(
            cache.get_or_load("a".to_string(), |_| Ok::<_, ()>(None)),
            Ok(None)
        );
        assert_eq!(
            cache.get_or_load("a".to_string(), |_| Err("loaded twice")),
            Ok(None)
        );
    }

    #[test]
    fn errors_are_not_remembered() {
        let (cache, _) = cache(CachePolicy::Lru, 2);
        assert_eq!(
            cache.get_or_load("a".to_string(), |_| Err("down")),
            Err("down")
        );
        assert!(cache.is_empty());
    }

    #[test]
    fn invalidating() {
        let (cache, _) = cache(CachePolicy::Lru, 2);
        cache.put("a".to_string(), 1);
        assert!(cache.invalidate("a"));
        assert!(!cache.invalidate("a"));
    }

    #[test]
    fn disabled_cache_remembers_nothing() {
        let mut off = config(CachePolicy::Lru, 2, 1);
        off.enabled = false;
        let cache: TestCache = ShardedCache::new(off, Arc::new(ManualClock::at(0)));
        cache.put("a".to_string(), 1);
        assert_eq!(cache.get("a"), Lookup::Miss);
        assert_eq!(cache.len(), 0);
    }

    #[test]
    fn shards_share_the_capacity() {
        let clock = Arc::new(ManualClock::at(0));
        let cache: TestCache = ShardedCache::new(config(CachePolicy::Lru, 16, 4), clock);
        for n in 0..100 {
            cache.put(n.to_string(), n);
        }
        assert_eq!(cache.len(), 16);
        assert_eq!(cache.stats().evictions, 84);
    }

    fn ratio((hits, negative_hits, misses): (u64, u64, u64)) -> f64 {
        CacheStats {
            hits,
            misses,
            negative_hits,
            evictions: 0,
        }
        .hit_ratio()
    }

    cases! { ratios, ratio;
        unused: (0, 0, 0) => 0.0,
        always: (5, 0, 0) => 1.0,
        half: (1, 0, 1) => 0.5,
        absence_counts: (0, 3, 1) => 0.75,
    }
}
