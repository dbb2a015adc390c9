//! Which features a `cfg` attribute asks for.

use serde::Serialize;
use syn::{Expr, Lit, Meta};

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Predicate {
    Feature(String),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Vec<Self>),
    /// A platform, `test`, …
    Other(String),
}

/// What is in `cfg(…)`; nothing for another attribute.
pub fn predicate(meta: &Meta) -> Option<Predicate> {
    let Meta::List(list) = meta else { return None };
    list.path.is_ident("cfg").then(|| list.parse_args::<Meta>().ok().map(|meta| read(&meta)))?
}

fn read(meta: &Meta) -> Predicate {
    match meta {
        Meta::NameValue(pair) if pair.path.is_ident("feature") => {
            if let Expr::Lit(value) = &pair.value
                && let Lit::Str(text) = &value.lit
            {
                return Predicate::Feature(text.value());
            }
        }
        Meta::List(list) => {
            let parse = syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated;
            if let Ok(parts) = list.parse_args_with(parse) {
                let parts = parts.iter().map(read).collect();
                match list.path.get_ident().map(ToString::to_string).as_deref() {
                    Some("all") => return Predicate::All(parts),
                    Some("any") => return Predicate::Any(parts),
                    Some("not") => return Predicate::Not(parts),
                    _ => {}
                }
            }
        }
        _ => {}
    }
    Predicate::Other(meta.path().segments.iter().map(|part| part.ident.to_string()).collect())
}
