//! The pool itself, generic over what it pools.

use std::collections::VecDeque;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::{
    CircuitBreaker, Clock, Histogram, IdleEntry, Permit, PoolConfig, PoolError, PoolMetrics,
    PoolSnapshot, Reaper, Semaphore,
};

/// After how many failed connects in a row the breaker opens.
const BREAKER_THRESHOLD: u32 = 5;
/// For how long it stays open.
const BREAKER_COOLDOWN: Duration = Duration::from_secs(5);

/// Opens and checks connections.
pub trait Manager: Send + Sync {
    /// What is pooled.
    type Connection: Send;
    /// Why opening may fail.
    type Error: fmt::Display;

    /// Opens a connection to `target`.
    fn connect(&self, target: &str) -> Result<Self::Connection, Self::Error>;

    /// Whether a connection that was idle can still be used.
    fn is_alive(&self, connection: &mut Self::Connection) -> bool;
}

struct Idle<T> {
    entry: IdleEntry,
    connection: T,
}

struct Shared<M: Manager, C> {
    manager: M,
    clock: C,
    config: PoolConfig,
    permits: Semaphore,
    idle: Mutex<VecDeque<Idle<M::Connection>>>,
    breaker: Mutex<CircuitBreaker>,
    waits: Mutex<Histogram>,
    metrics: PoolMetrics,
    next_id: AtomicU64,
    closed: AtomicBool,
}

/// A bounded set of reusable connections; cheap to clone.
pub struct Pool<M: Manager, C: Clock> {
    shared: Arc<Shared<M, C>>,
}

impl<M: Manager, C: Clock> Clone for Pool<M, C> {
    fn clone(&self) -> Self {
        Pool {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<M: Manager, C: Clock> Pool<M, C> {
    /// An empty pool; connections are opened when they are needed.
    pub fn new(manager: M, config: PoolConfig, clock: C) -> Self {
        Pool {
            shared: Arc::new(Shared {
                manager,
                clock,
                permits: Semaphore::new(config.max_size),
                idle: Mutex::new(VecDeque::new()),
                breaker: Mutex::new(CircuitBreaker::new(BREAKER_THRESHOLD, BREAKER_COOLDOWN)),
                waits: Mutex::new(Histogram::new()),
                metrics: PoolMetrics::default(),
                next_id: AtomicU64::new(1),
                closed: AtomicBool::new(false),
                config,
            }),
        }
    }

    /// A connection: an idle one that is still alive, or a new one.
    pub fn acquire(&self) -> Result<Pooled<M, C>, PoolError> {
        let shared = &self.shared;
        let started = shared.clock.now();
        if shared.closed.load(Ordering::SeqCst) {
            return Err(PoolError::Closed);
        }
        let timeout = shared.config.acquire_timeout;
        let Some(permit) = shared.permits.acquire_for(timeout) else {
            shared.metrics.timed_out();
            return Err(PoolError::Timeout(timeout));
        };
        let (id, opened_at, connection) = match self.take_idle() {
            Some(idle) => (idle.entry.id, idle.entry.opened_at, idle.connection),
            None => self.open()?,
        };
        shared.metrics.acquired();
        lock(&shared.waits).record(shared.clock.now().saturating_sub(started));
        Ok(Pooled {
            shared: Arc::clone(shared),
            id,
            opened_at,
            connection: Some(connection),
            broken: false,
            _permit: permit,
        })
    }

    /// Closes the idle connections that the reaper names; returns how many.
    pub fn reap(&self) -> usize {
        let reaper = Reaper::new(&self.shared.config);
        let mut idle = lock(&self.shared.idle);
        let entries: Vec<_> = idle.iter().map(|idle| idle.entry.clone()).collect();
        let expired = reaper.expired(&entries, self.shared.clock.wall_millis());
        idle.retain(|idle| expired.iter().all(|(id, _)| *id != idle.entry.id));
        self.shared.metrics.closed(expired.len() as u64);
        expired.len()
    }

    /// Closes the pool: idle connections now, the others when given back.
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        let mut idle = lock(&self.shared.idle);
        self.shared.metrics.closed(idle.len() as u64);
        idle.clear();
    }

    /// How many connections are idle.
    pub fn idle(&self) -> usize {
        lock(&self.shared.idle).len()
    }

    /// How many connections are handed out.
    pub fn in_use(&self) -> usize {
        self.shared.permits.size() - self.shared.permits.available()
    }

    /// The counters as they are now.
    pub fn snapshot(&self) -> PoolSnapshot {
        self.shared.metrics.snapshot()
    }

    /// How long callers waited for a connection.
    pub fn waits(&self) -> Histogram {
        lock(&self.shared.waits).clone()
    }

    fn take_idle(&self) -> Option<Idle<M::Connection>> {
        loop {
            let mut candidate = lock(&self.shared.idle).pop_back()?;
            if self.shared.manager.is_alive(&mut candidate.connection) {
                return Some(candidate);
            }
            self.shared.metrics.closed(1);
        }
    }

    fn open(&self) -> Result<(u64, u64, M::Connection), PoolError> {
        let shared = &self.shared;
        let mut breaker = lock(&shared.breaker);
        breaker.admit(shared.clock.now())?;
        match shared.manager.connect(&shared.config.target) {
            Ok(connection) => {
                breaker.success();
                shared.metrics.opened();
                let id = shared.next_id.fetch_add(1, Ordering::SeqCst);
                Ok((id, shared.clock.wall_millis(), connection))
            }
            Err(error) => {
                breaker.failure(shared.clock.now());
                shared.metrics.failed();
                Err(PoolError::Connect(error.to_string()))
            }
        }
    }
}

/// A connection on loan; given back on drop.
pub struct Pooled<M: Manager, C: Clock> {
    shared: Arc<Shared<M, C>>,
    id: u64,
    opened_at: u64,
    connection: Option<M::Connection>,
    broken: bool,
    _permit: Permit,
}

impl<M: Manager, C: Clock> Pooled<M, C> {
    /// The number of the connection, unique in its pool.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Lets the connection be closed instead of being reused.
    pub fn mark_broken(&mut self) {
        self.broken = true;
    }
}

impl<M: Manager, C: Clock> fmt::Debug for Pooled<M, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pooled")
            .field("id", &self.id)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

impl<M: Manager, C: Clock> Deref for Pooled<M, C> {
    type Target = M::Connection;

    fn deref(&self) -> &M::Connection {
        self.connection.as_ref().expect("present until drop")
    }
}

impl<M: Manager, C: Clock> DerefMut for Pooled<M, C> {
    fn deref_mut(&mut self) -> &mut M::Connection {
        self.connection.as_mut().expect("present until drop")
    }
}

impl<M: Manager, C: Clock> Drop for Pooled<M, C> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        if self.broken || self.shared.closed.load(Ordering::SeqCst) {
            self.shared.metrics.closed(1);
            return;
        }
        let entry = IdleEntry {
            id: self.id,
            opened_at: self.opened_at,
            idle_since: self.shared.clock.wall_millis(),
        };
        lock(&self.shared.idle).push_back(Idle { entry, connection });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;

    #[derive(Default)]
    struct Echo {
        refuse: AtomicBool,
        dead: AtomicBool,
    }

    impl Manager for Arc<Echo> {
        type Connection = String;
        type Error = &'static str;

        fn connect(&self, target: &str) -> Result<String, &'static str> {
            if self.refuse.load(Ordering::SeqCst) {
                return Err("refused");
            }
            Ok(format!("to {target}"))
        }

        fn is_alive(&self, _: &mut String) -> bool {
            !self.dead.load(Ordering::SeqCst)
        }
    }

    fn config(max_size: usize) -> PoolConfig {
        PoolConfig {
            target: "db:1".to_string(),
            min_idle: 0,
            max_size,
            acquire_timeout: Duration::ZERO,
            idle_timeout: Duration::from_secs(60),
            max_lifetime: Duration::from_secs(600),
            reap_interval: Duration::from_secs(30),
        }
    }

    type TestPool = Pool<Arc<Echo>, Arc<ManualClock>>;

    fn pool(max_size: usize) -> (TestPool, Arc<Echo>, Arc<ManualClock>) {
        let echo = Arc::new(Echo::default());
        let clock = Arc::new(ManualClock::at(0));
        let pool = Pool::new(Arc::clone(&echo), config(max_size), Arc::clone(&clock));
        (pool, echo, clock)
    }

    #[test]
    fn connects_to_the_target() {
        let (pool, _, _) = pool(1);
        assert_eq!(*pool.acquire().unwrap(), "to db:1");
    }

    #[test]
    fn reuses_a_connection() {
        let (pool, _, _) = pool(2);
        let first = pool.acquire().unwrap().id();
        assert_eq!(pool.acquire().unwrap().id(), first);
        assert_eq!(pool.snapshot().opened, 1);
    }

    #[test]
    fn opens_a_second_one_when_the_first_is_in_use() {
        let (pool, _, _) = pool(2);
        let first = pool.acquire().unwrap();
        let second = pool.acquire().unwrap();
        assert_ne!(first.id(), second.id());
        assert_eq!(pool.in_use(), 2);
    }

    #[test]
    fn times_out_when_full() {
        let (pool, _, _) = pool(1);
        let _first = pool.acquire().unwrap();
        assert_eq!(
            pool.acquire().unwrap_err(),
            PoolError::Timeout(Duration::ZERO)
        );
        assert_eq!(pool.snapshot().timeouts, 1);
    }

    #[test]
    fn replaces_dead_connections() {
        let (pool, echo, _) = pool(1);
        drop(pool.acquire().unwrap());
        echo.dead.store(true, Ordering::SeqCst);
        assert_eq!(pool.acquire().unwrap().id(), 2);
        assert_eq!(pool.snapshot().closed, 1);
    }

    #[test]
    fn broken_connections_are_not_reused() {
        let (pool, _, _) = pool(1);
        pool.acquire().unwrap().mark_broken();
        assert_eq!(pool.idle(), 0);
        assert_eq!(pool.snapshot().open(), 0);
    }

    #[test]
    fn breaker_opens_after_five_failures() {
        let (pool, echo, clock) = pool(1);
        echo.refuse.store(true, Ordering::SeqCst);
        for _ in 0..5 {
            assert_eq!(
                pool.acquire().unwrap_err(),
                PoolError::Connect("refused".to_string())
            );
        }
        assert!(matches!(pool.acquire(), Err(PoolError::Open { .. })));
        echo.refuse.store(false, Ordering::SeqCst);
        clock.advance(Duration::from_secs(5));
        assert!(pool.acquire().is_ok());
    }

    #[test]
    fn failed_connects_do_not_leak_permits() {
        let (pool, echo, _) = pool(1);
        echo.refuse.store(true, Ordering::SeqCst);
        assert!(pool.acquire().is_err());
        assert_eq!(pool.in_use(), 0);
    }

    #[test]
    fn reaps_what_was_idle_for_too_long() {
        let (pool, _, clock) = pool(4);
        let held: Vec<_> = (0..3).map(|_| pool.acquire().unwrap()).collect();
        drop(held);
        assert_eq!(pool.reap(), 0);
        clock.advance(Duration::from_secs(61));
        assert_eq!(pool.reap(), 3);
        assert_eq!(pool.idle(), 0);
    }

    #[test]
    fn closing_refuses_and_empties() {
        let (pool, _, _) = pool(2);
        let held = pool.acquire().unwrap();
        drop(pool.acquire().unwrap());
        pool.close();
        assert_eq!(pool.idle(), 0);
        assert_eq!(pool.acquire().unwrap_err(), PoolError::Closed);
        drop(held);
        assert_eq!(pool.snapshot().open(), 0);
    }

    #[test]
    fn clones_share_their_connections() {
        let (pool, _, _) = pool(1);
        let other = pool.clone();
        let _held = pool.acquire().unwrap();
        assert_eq!(other.in_use(), 1);
    }

    #[test]
    fn waits_are_measured() {
        let (pool, _, _) = pool(1);
        drop(pool.acquire().unwrap());
        assert_eq!(pool.waits().count(), 1);
    }

    #[test]
    fn debug_shows_no_connection() {
        let (pool, _, _) = pool(1);
        let held = pool.acquire().unwrap();
        assert_eq!(format!("{held:?}"), "Pooled { id: 1, broken: false, .. }");
    }
}
