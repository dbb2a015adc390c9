//! Many threads on one pool.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use eventmesh_pool::{retry, Backoff, Manager, Pool, PoolConfig, RetryConfig, SystemClock};

struct Counting {
    opened: Arc<AtomicUsize>,
}

impl Manager for Counting {
    type Connection = usize;
    type Error = Infallible;

    fn connect(&self, _target: &str) -> Result<usize, Infallible> {
        Ok(self.opened.fetch_add(1, Ordering::SeqCst))
    }

    fn is_alive(&self, _connection: &mut usize) -> bool {
        true
    }
}

fn config(max_size: usize) -> PoolConfig {
    PoolConfig {
        target: "unused".to_string(),
        min_idle: 0,
        max_size,
        acquire_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(60),
        max_lifetime: Duration::from_secs(600),
        reap_interval: Duration::from_secs(30),
    }
}

fn opened_by(threads: usize, max_size: usize) -> usize {
    let opened = Arc::new(AtomicUsize::new(0));
    let manager = Counting {
        opened: Arc::clone(&opened),
    };
    let pool = Pool::new(manager, config(max_size), SystemClock::new());
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let pool = pool.clone();
            thread::spawn(move || {
                for _ in 0..20 {
                    pool.acquire().unwrap();
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    assert_eq!(pool.snapshot().acquired, threads as u64 * 20);
    opened.load(Ordering::SeqCst)
}

#[test]
fn one_thread_needs_one_connection() {
    assert_eq!(opened_by(1, 8), 1);
}

#[test]
fn four_threads_share_one_connection() {
    assert_eq!(opened_by(4, 1), 1);
}

#[test]
fn eight_threads_stay_within_the_limit() {
    assert_eq!(opened_by(8, 3) <= 3, true);
}

#[test]
fn acquiring_can_be_retried() {
    let opened = Arc::new(AtomicUsize::new(0));
    let mut small = config(1);
    small.acquire_timeout = Duration::ZERO;
    let pool = Pool::new(Counting { opened }, small, SystemClock::new());
    let mut held = Some(pool.acquire().unwrap());
    let mut backoff = Backoff::new(
        RetryConfig {
            max_attempts: 3,
            base: Duration::from_millis(1),
            max: Duration::from_millis(1),
            multiplier: 1.0,
            jitter: 0.0,
        },
        1,
    );
    let result = retry(
        &mut backoff,
        |_| drop(held.take()),
        |error: &eventmesh_pool::PoolError| error.is_transient(),
        |_| pool.acquire().map(|connection| connection.id()),
    );
    assert_eq!(result, Ok(1));
}
