//! A map whose entries expire.

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Duration;

use eventmesh_pool::Clock;

#[derive(Debug, Clone)]
struct Entry<V> {
    value: V,
    expires: Duration,
    order: u64,
}

/// A map from `K` to `V` in which every entry has its own time to live.
#[derive(Debug)]
pub struct TtlStore<K, V, C> {
    entries: HashMap<K, Entry<V>>,
    by_expiry: BTreeSet<(Duration, u64)>,
    keys: HashMap<u64, K>,
    clock: C,
    next: u64,
}

impl<K: Eq + Hash + Clone, V, C: Clock> TtlStore<K, V, C> {
    /// An empty store that tells the time by `clock`.
    pub fn new(clock: C) -> Self {
        TtlStore {
            entries: HashMap::new(),
            by_expiry: BTreeSet::new(),
            keys: HashMap::new(),
            clock,
            next: 0,
        }
    }

    /// Sets an entry for `ttl`; returns the live entry that it replaces.
    pub fn insert(&mut self, key: K, value: V, ttl: Duration) -> Option<V> {
        let old = self.remove(&key);
        let expires = self.clock.now() + ttl;
        let order = self.next;
        self.next += 1;
        self.by_expiry.insert((expires, order));
        self.keys.insert(order, key.clone());
        self.entries.insert(
            key,
            Entry {
                value,
                expires,
                order,
            },
        );
        old
    }

    /// The entry of `key`, unless it has expired.
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let entry = self.entries.get(key)?;
        (self.clock.now() < entry.expires).then_some(&entry.value)
    }

    /// How much longer the entry of `key` lives.
    pub fn ttl<Q>(&self, key: &Q) -> Option<Duration>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let entry = self.entries.get(key)?;
        entry
            .expires
            .checked_sub(self.clock.now())
            .filter(|left| !left.is_zero())
    }

    /// Lets the live entry of `key` start over; says whether there is one.
    pub fn touch<Q>(&mut self, key: &Q, ttl: Duration) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let now = self.clock.now();
        let Some(entry) = self.entries.get_mut(key) else {
            return false;
        };
        if entry.expires <= now {
            return false;
        }
        self.by_expiry.remove(&(entry.expires, entry.order));
        entry.expires = now + ttl;
        self.by_expiry.insert((entry.expires, entry.order));
        true
    }

    /// Removes the entry of `key` and returns it unless it had expired.
    pub fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let entry = self.entries.remove(key)?;
        self.by_expiry.remove(&(entry.expires, entry.order));
        self.keys.remove(&entry.order);
        (self.clock.now() < entry.expires).then_some(entry.value)
    }

    /// Drops what has expired; returns how much that was.
    pub fn sweep(&mut self) -> usize {
        let now = self.clock.now();
        let mut swept = 0;
        while let Some(&(expires, order)) = self.by_expiry.first() {
            if expires > now {
                break;
            }
            self.by_expiry.pop_first();
            if let Some(key) = self.keys.remove(&order) {
                self.entries.remove(&key);
                swept += 1;
            }
        }
        swept
    }

    /// How many entries there are, expired ones included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The live entries, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let now = self.clock.now();
        self.entries
            .iter()
            .filter(move |(_, entry)| now < entry.expires)
            .map(|(key, entry)| (key, &entry.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventmesh_pool::ManualClock;
    use std::sync::Arc;

    type Store = TtlStore<String, u32, Arc<ManualClock>>;

    fn store() -> (Store, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(0));
        (TtlStore::new(Arc::clone(&clock)), clock)
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Whether an entry with `ttl` is there after `wait` seconds.
    fn alive((ttl, wait): (u64, u64)) -> bool {
        let (mut store, clock) = store();
        store.insert("k".to_string(), 1, secs(ttl));
        clock.advance(secs(wait));
        store.get("k").is_some()
    }

    cases! { lives, alive;
        at_once: (10, 0) => true,
        just_before: (10, 9) => true,
        exactly: (10, 10) => false,
        long_after: (10, 100) => false,
        no_time_at_all: (0, 0) => false,
    }

    #[test]
    fn replacing_returns_the_old_value() {
        let (mut store, _) = store();
        assert_eq!(store.insert("k".to_string(), 1, secs(5)), None);
        assert_eq!(store.insert("k".to_string(), 2, secs(5)), Some(1));
        assert_eq!(store.len(), 1);
    }

    #[test]
    fn replacing_an_expired_value_returns_nothing() {
        let (mut store, clock) = store();
        store.insert("k".to_string(), 1, secs(5));
        clock.advance(secs(5));
        assert_eq!(store.insert("k".to_string(), 2, secs(5)), None);
    }

    #[test]
    fn sweeping_drops_only_the_expired() {
        let (mut store, clock) = store();
        for (key, ttl) in [("a", 1), ("b", 2), ("c", 3)] {
            store.insert(key.to_string(), 0, secs(ttl));
        }
        clock.advance(secs(2));
        assert_eq!(store.sweep(), 2);
        assert_eq!(store.sweep(), 0);
        assert_eq!(store.len(), 1);
        assert!(store.get("c").is_some());
    }

    #[test]
    fn touching_prolongs() {
        let (mut store, clock) = store();
        store.insert("k".to_string(), 1, secs(5));
        clock.advance(secs(4));
        assert!(store.touch("k", secs(5)));
        clock.advance(secs(4));
        assert_eq!(store.ttl("k"), Some(secs(1)));
        clock.advance(secs(1));
        assert!(!store.touch("k", secs(5)));
        assert!(!store.touch("other", secs(5)));
    }

    #[test]
    fn removing() {
        let (mut store, _) = store();
        store.insert("k".to_string(), 1, secs(5));
        assert_eq!(store.remove("k"), Some(1));
        assert_eq!(store.remove("k"), None);
        assert!(store.is_empty());
    }

    #[test]
    fn iteration_skips_the_expired() {
        let (mut store, clock) = store();
        store.insert("a".to_string(), 1, secs(1));
        store.insert("b".to_string(), 2, secs(9));
        clock.advance(secs(1));
        let live: Vec<_> = store
            .iter()
            .map(|(key, value)| (key.as_str(), *value))
            .collect();
        assert_eq!(live, [("b", 2)]);
    }
}
