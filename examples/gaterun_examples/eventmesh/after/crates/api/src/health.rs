//! What works and what does not.

use std::collections::BTreeMap;

use crate::config::HealthConfig;
use crate::messages::{CheckReport, HealthReport};

/// How something does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HealthState {
    /// Well.
    Up,
    /// It failed, but not often enough to be down.
    Degraded,
    /// It does not work.
    Down,
}

impl HealthState {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            HealthState::Up => "up",
            HealthState::Degraded => "degraded",
            HealthState::Down => "down",
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Check {
    failures: u32,
    message: Option<String>,
}

/// Keeps in mind how the last checks went.
#[derive(Debug, Clone)]
pub struct HealthMonitor {
    threshold: u32,
    checks: BTreeMap<String, Check>,
}

impl HealthMonitor {
    /// No checks yet.
    pub fn new(config: &HealthConfig) -> Self {
        HealthMonitor {
            threshold: config.failure_threshold.max(1),
            checks: BTreeMap::new(),
        }
    }

    /// Notes how a check went.
    pub fn record(&mut self, name: &str, result: Result<(), String>) {
        let check = self.checks.entry(name.to_string()).or_default();
        match result {
            Ok(()) => *check = Check::default(),
            Err(message) => {
                check.failures = check.failures.saturating_add(1);
                check.message = Some(message);
            }
        }
    }

    /// How everything does: as well as the worst part.
    pub fn state(&self) -> HealthState {
        self.checks
            .values()
            .map(|check| self.state_of(check))
            .max()
            .unwrap_or(HealthState::Up)
    }

    /// Everything in detail.
    pub fn report(&self) -> HealthReport {
        HealthReport {
            state: self.state().as_str().to_string(),
            checks: self
                .checks
                .iter()
                .map(|(name, check)| CheckReport {
                    name: name.clone(),
                    state: self.state_of(check).as_str().to_string(),
                    failures: check.failures,
                    message: check.message.clone(),
                })
                .collect(),
        }
    }

    fn state_of(&self, check: &Check) -> HealthState {
        match check.failures {
            0 => HealthState::Up,
            n if n < self.threshold => HealthState::Degraded,
            _ => HealthState::Down,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn monitor() -> HealthMonitor {
        HealthMonitor::new(&HealthConfig {
            path: String::new(),
            ready_path: String::new(),
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(1),
            failure_threshold: 3,
            metrics_addr: String::new(),
        })
    }

    /// Lower case letters name checks that fail, upper case ones that work.
    fn state(script: &str) -> HealthState {
        let mut monitor = monitor();
        for c in script.chars() {
            let result = if c.is_ascii_uppercase() {
                Ok(())
            } else {
                Err("broken".to_string())
            };
            monitor.record(&c.to_ascii_lowercase().to_string(), result);
        }
        monitor.state()
    }

    cases! { states, state;
        nothing_known: "" => HealthState::Up,
        works: "A" => HealthState::Up,
        fails_once: "a" => HealthState::Degraded,
        fails_twice: "aa" => HealthState::Degraded,
        fails_thrice: "aaa" => HealthState::Down,
        recovers: "aaaA" => HealthState::Up,
        recovery_starts_over: "aaAaa" => HealthState::Degraded,
        worst_counts: "Abbb" => HealthState::Down,
        failures_do_not_add_up: "abc" => HealthState::Degraded,
    }

    #[test]
    fn reports_name_the_failure() {
        let mut monitor = monitor();
        monitor.record("db", Err("refused".to_string()));
        let report = monitor.report();
        assert_eq!(report.state, "degraded");
        assert_eq!(report.checks[0].message.as_deref(), Some("refused"));
    }
}
