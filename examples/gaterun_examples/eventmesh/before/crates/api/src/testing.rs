//! What the unit tests share: tables of cases and a guarded environment.

use std::ffi::OsString;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One test function for every line `name: input => expected`.
macro_rules! cases {
    ($table:ident, $check:expr; $($name:ident: $input:expr => $expected:expr,)+) => {
        mod $table {
            use super::*;
            $(
                #[test]
                fn $name() {
                    let check = $check;
                    assert_eq!(check($input), $expected);
                }
            )+
        }
    };
}

static ENV: Mutex<()> = Mutex::new(());

/// Holds the environment still for one test and puts it back afterwards.
pub(crate) struct Env {
    saved: Vec<(OsString, OsString)>,
    _guard: MutexGuard<'static, ()>,
}

impl Env {
    /// Clears every `EVENTMESH_` variable, then sets `vars`.
    pub(crate) fn with(vars: &[(&str, &str)]) -> Self {
        let guard = ENV.lock().unwrap_or_else(PoisonError::into_inner);
        let saved = ours();
        for (name, _) in &saved {
            std::env::remove_var(name);
        }
        for (name, value) in vars {
            std::env::set_var(name, value);
        }
        Env {
            saved,
            _guard: guard,
        }
    }
}

impl Drop for Env {
    fn drop(&mut self) {
        for (name, _) in ours() {
            std::env::remove_var(name);
        }
        for (name, value) in &self.saved {
            std::env::set_var(name, value);
        }
    }
}

fn ours() -> Vec<(OsString, OsString)> {
    std::env::vars_os()
        .filter(|(name, _)| name.to_string_lossy().starts_with("EVENTMESH_"))
        .collect()
}
