//! Generates load against a connection pool and prints what it counted.

use std::convert::Infallible;
use std::thread;
use std::time::Duration;

use eventmesh_pool::{Manager, Pool, PoolConfig, SystemClock};

/// A connection that takes a while to open.
struct Slow;

impl Manager for Slow {
    type Connection = ();
    type Error = Infallible;

    fn connect(&self, _target: &str) -> Result<(), Infallible> {
        thread::sleep(Duration::from_millis(2));
        Ok(())
    }

    fn is_alive(&self, _connection: &mut ()) -> bool {
        true
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let threads = args.next().and_then(|n| n.parse().ok()).unwrap_or(4);
    let rounds = args.next().and_then(|n| n.parse().ok()).unwrap_or(100);
    let config = match PoolConfig::from_env() {
        Ok(config) => config,
        Err(error) => {
            eprintln!("loadgen: {error}");
            std::process::exit(1);
        }
    };
    let pool = Pool::new(Slow, config, SystemClock::new());
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let pool = pool.clone();
            thread::spawn(move || (0..rounds).filter(|_| pool.acquire().is_ok()).count())
        })
        .collect();
    let acquired: usize = workers
        .into_iter()
        .map(|worker| worker.join().unwrap_or(0))
        .sum();
    println!("acquired {acquired}");
    for (name, value) in pool.snapshot().named() {
        println!("{name} {value}");
    }
    if let Some(p99) = pool.waits().quantile(0.99) {
        println!("wait_p99_micros {}", p99.as_micros());
    }
}
