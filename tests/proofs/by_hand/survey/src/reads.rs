//! What a call, a macro or an attribute says about an environment variable.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Expr, Lit};

/// The name as it is written: a literal's text in quotes, or the expression's tokens.
pub fn name_of(argument: &Expr) -> String {
    match argument {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => format!("\"{}\"", text.value()),
            other => spaceless(quote(other)),
        },
        Expr::Reference(inner) => name_of(&inner.expr),
        Expr::Paren(inner) => name_of(&inner.expr),
        Expr::Group(inner) => name_of(&inner.expr),
        other => spaceless(quote(other)),
    }
}

fn quote(value: &impl quote::ToTokens) -> TokenStream {
    value.to_token_stream()
}

fn spaceless(tokens: TokenStream) -> String {
    tokens.to_string().replace(' ', "")
}

/// The value of `env` inside `#[arg(…)]`: its text, or an empty one where only the key stands.
pub fn env_of_attribute(tokens: TokenStream) -> Option<String> {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, tree) in trees.iter().enumerate() {
        let TokenTree::Ident(ident) = tree else { continue };
        let starts = index == 0
            || matches!(&trees[index - 1], TokenTree::Punct(punct) if punct.as_char() == ',');
        if ident != "env" || !starts {
            continue;
        }
        let rest = match trees.get(index + 1) {
            None => return Some(String::new()),
            Some(TokenTree::Punct(punct)) if punct.as_char() == ',' => return Some(String::new()),
            Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => trees[index + 2..]
                .iter()
                .take_while(|tree| !matches!(tree, TokenTree::Punct(p) if p.as_char() == ','))
                .cloned()
                .collect::<TokenStream>(),
            Some(TokenTree::Group(group)) => group.stream(),
            Some(_) => continue,
        };
        return Some(match syn::parse2::<Expr>(rest.clone()) {
            Ok(value) => name_of(&value),
            Err(_) => spaceless(rest),
        });
    }
    None
}

/// The text after `path =` inside `#[cfg_attr(…)]`.
pub fn path_of_attribute(tokens: TokenStream) -> Option<String> {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let at =
        trees.iter().position(|tree| matches!(tree, TokenTree::Ident(name) if name == "path"))?;
    let text = syn::parse_str::<syn::LitStr>(&trees.get(at + 2)?.to_string()).ok()?;
    Some(text.value())
}
