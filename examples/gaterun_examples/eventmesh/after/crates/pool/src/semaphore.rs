//! A counting semaphore with a timeout.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
struct State {
    free: Mutex<usize>,
    changed: Condvar,
}

/// Limits how many things happen at a time.
#[derive(Debug, Clone)]
pub struct Semaphore {
    state: Arc<State>,
    size: usize,
}

impl Semaphore {
    /// A semaphore with `size` permits.
    pub fn new(size: usize) -> Self {
        Semaphore {
            state: Arc::new(State {
                free: Mutex::new(size),
                changed: Condvar::new(),
            }),
            size,
        }
    }

    /// How many permits there are in all.
    pub fn size(&self) -> usize {
        self.size
    }

    /// How many permits are free.
    pub fn available(&self) -> usize {
        *self
            .state
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A permit, if one is free now.
    pub fn try_acquire(&self) -> Option<Permit> {
        self.acquire_for(Duration::ZERO)
    }

    /// A permit, waiting for at most `timeout`.
    pub fn acquire_for(&self, timeout: Duration) -> Option<Permit> {
        let deadline = Instant::now() + timeout;
        let mut free = self
            .state
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            let left = deadline.checked_duration_since(Instant::now())?;
            if left.is_zero() {
                return None;
            }
            free = self
                .state
                .changed
                .wait_timeout(free, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        *free -= 1;
        Some(Permit {
            state: Arc::clone(&self.state),
        })
    }
}

/// The right to go on; given back on drop.
#[derive(Debug)]
pub struct Permit {
    state: Arc<State>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut free = self
            .state
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *free += 1;
        self.state.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn granted((size, wanted): (usize, usize)) -> usize {
        let semaphore = Semaphore::new(size);
        let permits: Vec<_> = (0..wanted).map_while(|_| semaphore.try_acquire()).collect();
        permits.len()
    }

    cases! { permits, granted;
        none_of_none: (0, 1) => 0,
        one_of_one: (1, 1) => 1,
        two_of_one: (1, 2) => 1,
        all_of_many: (8, 8) => 8,
        too_many: (8, 20) => 8,
    }

    #[test]
    fn dropping_gives_back() {
        let semaphore = Semaphore::new(1);
        let permit = semaphore.try_acquire();
        assert_eq!(semaphore.available(), 0);
        drop(permit);
        assert_eq!(semaphore.available(), 1);
        assert_eq!(semaphore.size(), 1);
    }

    #[test]
    fn waiting_times_out() {
        let semaphore = Semaphore::new(0);
        assert!(semaphore.acquire_for(Duration::from_millis(5)).is_none());
    }

    #[test]
    fn a_waiter_is_woken() {
        let semaphore = Semaphore::new(1);
        let permit = semaphore.try_acquire().unwrap();
        let other = semaphore.clone();
        let waiter = thread::spawn(move || other.acquire_for(Duration::from_secs(5)).is_some());
        drop(permit);
        assert!(waiter.join().unwrap());
    }
}
