//! What can make a test fail.

use std::collections::BTreeSet;

use serde::Serialize;
use syn::{Attribute, Meta};

/// What stands between the braces of a function or macro.
#[derive(Serialize, Default)]
pub struct Body {
    pub checks: bool,
    /// Names of functions, methods and macros.
    pub calls: BTreeSet<String>,
}

/// Whether a macro of this name ends a test when something does not hold.
pub fn asserts(name: &str) -> bool {
    name == "unreachable"
        || name.split('_').any(|part| matches!(part, "assert" | "panic" | "expect" | "verify"))
}

/// Whether a method of this name panics.
pub fn fails(name: &str) -> bool {
    matches!(name, "unwrap" | "unwrap_err" | "unwrap_none")
        || matches!(name.split('_').next(), Some("expect" | "assert" | "should"))
}

/// Whether a test passes when it panics.
pub fn should_panic(attribute: &Attribute) -> bool {
    attribute.path().is_ident("should_panic") || conditional(&attribute.meta)
}

fn conditional(meta: &Meta) -> bool {
    let Meta::List(list) = meta else { return false };
    let parse = syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated;
    list.path.is_ident("cfg_attr")
        && list.parse_args_with(parse).is_ok_and(|parts| {
            parts.iter().skip(1).any(|part| part.path().is_ident("should_panic"))
        })
}
