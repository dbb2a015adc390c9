//! One file's items, with what is test code and what is not.

use std::collections::HashMap;

use quote::ToTokens;
use serde::Serialize;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Meta, UseTree};

use crate::checks::{self, Body};
use crate::{features, lines, reads};

#[derive(Serialize, Default)]
pub struct Facts {
    path: String,
    error: Option<String>,
    /// Lines with code, and how many tokens they hold.
    code: Vec<usize>,
    tokens: usize,
    /// First and last line of what only `cfg(test)` compiles.
    tests: Vec<(usize, usize)>,
    modules: Vec<Module>,
    reads: Vec<Read>,
    constants: Vec<(String, String)>,
    strings: Vec<Text>,
    functions: Vec<Function>,
    calls: Vec<Call>,
    /// Lints that `allow` and `expect` name.
    allows: Vec<String>,
    /// Lines of macros that assert.
    asserts: Vec<usize>,
    /// What stands in `cfg` attributes.
    cfgs: Vec<features::Predicate>,
}

#[derive(Serialize)]
struct Module {
    name: String,
    /// Names of the inline modules around it.
    inside: Vec<String>,
    /// Of `path` attributes; with `cfg_attr` there may be several, and the usual place.
    paths: Vec<String>,
    only: bool,
    test: bool,
}

#[derive(Serialize)]
struct Read {
    how: &'static str,
    name: String,
    line: usize,
    test: bool,
    function: String,
}

#[derive(Serialize)]
struct Text {
    value: String,
    line: usize,
    test: bool,
    /// Where it stands: `value`, `const`, `message`, `compared`, `default`.
    place: &'static str,
}

#[derive(Serialize)]
struct Function {
    name: String,
    owner: String,
    line: usize,
    test: bool,
    is_test: bool,
    ignored: bool,
    should_panic: bool,
    parameters: Vec<String>,
    #[serde(flatten)]
    body: Body,
}

#[derive(Serialize)]
struct Call {
    /// The last two segments of the path, or `.method`.
    callee: String,
    arguments: Vec<String>,
    line: usize,
    test: bool,
    function: String,
}

pub fn facts(path: &str, text: &str) -> Facts {
    let (code, tokens) = lines::code_lines(text);
    let mut walk = Walk {
        facts: Facts { path: path.into(), code, tokens, ..Facts::default() },
        ..Walk::default()
    };
    match syn::parse_file(text) {
        Ok(file) => {
            walk.test = usize::from(only_test(&file.attrs));
            if walk.test > 0 {
                walk.facts.tests.push((1, usize::MAX));
            }
            walk.visit_file(&file);
        }
        Err(error) => walk.facts.error = Some(error.to_string()),
    }
    walk.facts
}

#[derive(Default)]
struct Walk {
    facts: Facts,
    test: usize,
    /// Where a literal stands, innermost last.
    places: Vec<&'static str>,
    inside: Vec<String>,
    owner: String,
    function: String,
    /// The functions around the place, innermost last.
    bodies: Vec<Body>,
    /// What `use` calls what.
    names: HashMap<String, String>,
}

const MESSAGES: &[&str] = &[
    "print",
    "println",
    "eprint",
    "eprintln",
    "panic",
    "todo",
    "unimplemented",
    "unreachable",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "trace",
    "debug",
    "info",
    "warn",
    "error",
    "log",
    "span",
    "event",
    "bail",
    "ensure",
    "anyhow",
    "write",
    "writeln",
    "debug_span",
    "info_span",
    "error_span",
    "warn_span",
    "trace_span",
    "dbg",
];

impl Walk {
    fn within(
        &mut self,
        attributes: &[Attribute],
        span: proc_macro2::Span,
        walk: impl FnOnce(&mut Self),
    ) {
        let test = only_test(attributes);
        if test && self.test == 0 {
            self.facts.tests.push((span.start().line, span.end().line));
        }
        self.test += usize::from(test);
        walk(self);
        self.test -= usize::from(test);
    }

    fn placed(&mut self, place: &'static str, walk: impl FnOnce(&mut Self)) {
        self.places.push(place);
        walk(self);
        self.places.pop();
    }

    fn read(&mut self, how: &'static str, name: String, line: usize) {
        let (test, function) = (self.test > 0, self.function.clone());
        self.facts.reads.push(Read { how, name, line, test, function });
    }

    fn resolve(&self, path: &syn::Path) -> String {
        let mut parts: Vec<String> =
            path.segments.iter().map(|part| part.ident.to_string()).collect();
        if let Some(full) = self.names.get(&parts[0]) {
            parts[0].clone_from(full);
        }
        parts.join("::").trim_start_matches("::").to_string()
    }

    fn environment(full: &str) -> Option<&'static str> {
        match full {
            "std::env::var" | "std::env::var_os" | "env::var" | "env::var_os" => Some("call"),
            "dotenvy::var" => Some("call"),
            "std::env::vars" | "std::env::vars_os" | "env::vars" | "env::vars_os" => Some("all"),
            _ => None,
        }
    }

    fn import(&mut self, prefix: &str, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => self.import(&format!("{prefix}{}::", path.ident), &path.tree),
            UseTree::Name(name) if name.ident == "self" => {
                let full = prefix.trim_end_matches("::").to_string();
                let last = full.rsplit("::").next().unwrap_or_default().to_string();
                self.names.insert(last, full);
            }
            UseTree::Name(name) => {
                self.names.insert(name.ident.to_string(), format!("{prefix}{}", name.ident));
            }
            UseTree::Rename(name) => {
                let full = if name.ident == "self" {
                    prefix.trim_end_matches("::").to_string()
                } else {
                    format!("{prefix}{}", name.ident)
                };
                self.names.insert(name.rename.to_string(), full);
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(prefix, tree)),
            UseTree::Glob(_) => {}
        }
    }

    fn attributes(&mut self, attributes: &[Attribute], field: &str) {
        for attribute in attributes {
            let Meta::List(list) = &attribute.meta else { continue };
            let name = list.path.segments.last().map(|part| part.ident.to_string());
            if matches!(name.as_deref(), Some("arg" | "clap" | "structopt"))
                && let Some(value) = reads::env_of_attribute(list.tokens.clone())
            {
                let value =
                    if value.is_empty() { format!("\"{}\"", field.to_uppercase()) } else { value };
                self.read("attribute", value, attribute.span().start().line);
            }
        }
    }

    /// Something that can fail, which counts for every function around it.
    fn checks(&mut self) {
        self.bodies.iter_mut().for_each(|body| body.checks = true);
    }

    fn called(&mut self, name: &str) {
        for body in &mut self.bodies {
            body.calls.insert(name.to_owned());
        }
    }

    fn macro_named(&mut self, name: &str, line: usize) {
        self.called(name);
        if checks::asserts(name) {
            self.facts.asserts.push(line);
            self.checks();
        }
    }

    fn enter_function(
        &mut self,
        signature: &syn::Signature,
        attributes: &[Attribute],
        span: proc_macro2::Span,
        walk: impl FnOnce(&mut Self),
    ) {
        let name = signature.ident.to_string();
        self.within(attributes, span, |this| {
            let parameters = signature.inputs.iter().filter_map(|input| match input {
                syn::FnArg::Typed(typed) => Some(match &*typed.pat {
                    syn::Pat::Ident(ident) => ident.ident.to_string(),
                    _ => "_".into(),
                }),
                syn::FnArg::Receiver(_) => None,
            });
            let mut function = Function {
                name: name.clone(),
                owner: this.owner.clone(),
                line: signature.ident.span().start().line,
                test: this.test > 0,
                is_test: attributes.iter().any(is_test_attribute),
                ignored: attributes.iter().any(|a| a.path().is_ident("ignore")),
                should_panic: attributes.iter().any(checks::should_panic),
                parameters: parameters.collect(),
                body: Body::default(),
            };
            this.bodies.push(Body::default());
            let outer = std::mem::replace(&mut this.function, name.clone());
            if name.starts_with("default_") {
                this.placed("default", walk);
            } else {
                walk(this);
            }
            this.function = outer;
            function.body = this.bodies.pop().unwrap_or_default();
            this.facts.functions.push(function);
        });
    }

    /// A macro is called like a function, and what it holds is checked where it is called.
    fn enter_macro(&mut self, item: &syn::ItemMacro, name: &syn::Ident) {
        self.bodies.push(Body::default());
        visit::visit_item_macro(self, item);
        let function = Function {
            name: name.to_string(),
            owner: String::new(),
            line: name.span().start().line,
            test: self.test > 0,
            is_test: false,
            ignored: false,
            should_panic: false,
            parameters: Vec::new(),
            body: self.bodies.pop().unwrap_or_default(),
        };
        self.facts.functions.push(function);
    }

    fn allowed(&mut self, meta: &Meta) {
        let Meta::List(list) = meta else { return };
        let parse = syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated;
        let Ok(parts) = list.parse_args_with(parse) else { return };
        if list.path.is_ident("allow") || list.path.is_ident("expect") {
            let lints = parts.iter().filter(|part| matches!(part, Meta::Path(_)));
            self.facts.allows.extend(lints.map(|lint| lint.to_token_stream().to_string()));
        } else if list.path.is_ident("cfg_attr") {
            parts.iter().skip(1).for_each(|part| self.allowed(part));
        }
    }

    fn text(&mut self, value: String, line: usize) {
        let place = ["const", "message", "compared", "default"]
            .into_iter()
            .find(|place| self.places.contains(place))
            .unwrap_or("value");
        let test = self.test > 0;
        self.facts.strings.push(Text { value, line, test, place });
    }
}

fn is_test_attribute(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|part| {
        matches!(
            part.ident.to_string().as_str(),
            "test" | "rstest" | "bench" | "test_case" | "quickcheck"
        )
    })
}

fn only_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args::<Meta>().is_ok_and(|meta| requires_test(&meta))
        }
        _ => is_test_attribute(attribute),
    })
}

fn requires_test(meta: &Meta) -> bool {
    let Meta::List(list) = meta else { return meta.path().is_ident("test") };
    let parse = syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated;
    let Ok(parts) = list.parse_args_with(parse) else { return false };
    if list.path.is_ident("all") {
        parts.iter().any(requires_test)
    } else if list.path.is_ident("any") {
        !parts.is_empty() && parts.iter().all(requires_test)
    } else {
        false
    }
}

fn attributes_of(item: &syn::Item) -> &[Attribute] {
    use syn::Item;
    match item {
        Item::Const(i) => &i.attrs,
        Item::Enum(i) => &i.attrs,
        Item::ExternCrate(i) => &i.attrs,
        Item::ForeignMod(i) => &i.attrs,
        Item::Impl(i) => &i.attrs,
        Item::Macro(i) => &i.attrs,
        Item::Mod(i) => &i.attrs,
        Item::Static(i) => &i.attrs,
        Item::Struct(i) => &i.attrs,
        Item::Trait(i) => &i.attrs,
        Item::Type(i) => &i.attrs,
        Item::Union(i) => &i.attrs,
        Item::Use(i) => &i.attrs,
        // Functions come through `enter_function`, which wants their attributes itself.
        _ => &[],
    }
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        self.within(attributes_of(item), item.span(), |this| visit::visit_item(this, item));
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        match &item.ident {
            Some(name) => self.enter_macro(item, name),
            None => visit::visit_item_macro(self, item),
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        item.attrs.iter().for_each(|attribute| self.visit_attribute(attribute));
        self.import("", &item.tree);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.content.is_none() {
            let (mut paths, mut only) = (Vec::new(), false);
            for attribute in &item.attrs {
                if let Meta::NameValue(pair) = &attribute.meta
                    && pair.path.is_ident("path")
                {
                    paths.push(reads::name_of(&pair.value).trim_matches('"').into());
                    only = true;
                } else if let Meta::List(list) = &attribute.meta
                    && list.path.is_ident("cfg_attr")
                {
                    paths.extend(reads::path_of_attribute(list.tokens.clone()));
                }
            }
            self.facts.modules.push(Module {
                name: item.ident.to_string().trim_start_matches("r#").into(),
                inside: self.inside.clone(),
                paths,
                only,
                test: self.test > 0,
            });
        }
        self.inside.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.inside.pop();
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.enter_function(&item.sig, &item.attrs, item.span(), |this| {
            visit::visit_item_fn(this, item)
        });
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.enter_function(&item.sig, &item.attrs, item.span(), |this| {
            visit::visit_impl_item_fn(this, item)
        });
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.enter_function(&item.sig, &item.attrs, item.span(), |this| {
            visit::visit_trait_item_fn(this, item)
        });
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let owner = match &*item.self_ty {
            syn::Type::Path(path) => path.path.segments.last().map(|part| part.ident.to_string()),
            _ => None,
        };
        let outer = std::mem::replace(&mut self.owner, owner.unwrap_or_default());
        let default = item.trait_.as_ref().is_some_and(|(_, path, _)| path.is_ident("Default"));
        if default {
            self.placed("default", |this| visit::visit_item_impl(this, item));
        } else {
            visit::visit_item_impl(self, item);
        }
        self.owner = outer;
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.facts.constants.push((item.ident.to_string(), reads::name_of(&item.expr)));
        self.placed("const", |this| visit::visit_item_const(this, item));
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.facts.constants.push((item.ident.to_string(), reads::name_of(&item.expr)));
        self.within(&item.attrs, item.span(), |this| {
            this.placed("const", |this| visit::visit_impl_item_const(this, item));
        });
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.facts.constants.push((item.ident.to_string(), reads::name_of(&item.expr)));
        self.placed("const", |this| visit::visit_item_static(this, item));
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        self.within(&field.attrs, field.span(), |this| {
            this.attributes(&field.attrs, &name);
            visit::visit_field(this, field);
        });
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.within(&variant.attrs, variant.span(), |this| visit::visit_variant(this, variant));
    }

    fn visit_field_value(&mut self, value: &'ast syn::FieldValue) {
        self.within(&value.attrs, value.span(), |this| visit::visit_field_value(this, value));
    }

    fn visit_field_pat(&mut self, pattern: &'ast syn::FieldPat) {
        self.within(&pattern.attrs, pattern.span(), |this| visit::visit_field_pat(this, pattern));
    }

    // What the arms say of a variable that was read is what holds when it is not set.
    fn visit_expr_match(&mut self, matched: &'ast syn::ExprMatch) {
        let before = self.facts.reads.len();
        self.visit_expr(&matched.expr);
        if self.facts.reads.len() > before {
            self.placed("default", |this| matched.arms.iter().for_each(|arm| this.visit_arm(arm)));
        } else {
            matched.arms.iter().for_each(|arm| self.visit_arm(arm));
        }
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.within(&arm.attrs, arm.span(), |this| visit::visit_arm(this, arm));
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        let attributes: &[Attribute] = match expr {
            Expr::Await(e) => &e.attrs,
            Expr::Call(e) => &e.attrs,
            Expr::ForLoop(e) => &e.attrs,
            Expr::If(e) => &e.attrs,
            Expr::Macro(e) => &e.attrs,
            Expr::Match(e) => &e.attrs,
            Expr::MethodCall(e) => &e.attrs,
            Expr::Return(e) => &e.attrs,
            Expr::Try(e) => &e.attrs,
            _ => &[],
        };
        self.within(attributes, expr.span(), |this| visit::visit_expr(this, expr));
    }

    fn visit_expr_block(&mut self, block: &'ast syn::ExprBlock) {
        self.within(&block.attrs, block.span(), |this| visit::visit_expr_block(this, block));
    }

    // Attributes hold no values of the program.
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        self.allowed(&attribute.meta);
        self.facts.cfgs.extend(features::predicate(&attribute.meta));
    }

    fn visit_expr_try(&mut self, expr: &'ast syn::ExprTry) {
        self.checks();
        visit::visit_expr_try(self, expr);
    }

    // A text in a pattern is compared with.
    fn visit_pat(&mut self, pattern: &'ast syn::Pat) {
        self.placed("compared", |this| visit::visit_pat(this, pattern));
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        if matches!(binary.op, syn::BinOp::Eq(_) | syn::BinOp::Ne(_)) {
            self.placed("compared", |this| visit::visit_expr_binary(this, binary));
        } else {
            visit::visit_expr_binary(self, binary);
        }
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        call.attrs.iter().for_each(|attribute| self.visit_attribute(attribute));
        if let Expr::Path(path) = &*call.func {
            if let Some(last) = path.path.segments.last() {
                self.called(&last.ident.to_string());
            }
            let full = self.resolve(&path.path);
            let line = call.span().start().line;
            if let Some(how) = Self::environment(&full) {
                let name = call.args.first().map(reads::name_of).unwrap_or_default();
                self.read(how, name, line);
                self.placed("default", |this| call.args.iter().for_each(|a| this.visit_expr(a)));
                return;
            }
            let mut last: Vec<&str> = full.rsplitn(3, "::").take(2).collect();
            last.reverse();
            self.facts.calls.push(Call {
                callee: last.join("::"),
                arguments: call.args.iter().map(reads::name_of).collect(),
                line,
                test: self.test > 0,
                function: self.function.clone(),
            });
            call.args.iter().for_each(|argument| self.visit_expr(argument));
        } else {
            visit::visit_expr_call(self, call);
        }
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        let full = self.resolve(&path.path);
        if Self::environment(&full) == Some("call") {
            self.read("value", full, path.span().start().line);
        } else if full.contains("from_env") {
            self.facts.calls.push(Call {
                callee: full,
                arguments: Vec::new(),
                line: path.span().start().line,
                test: self.test > 0,
                function: self.function.clone(),
            });
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        call.attrs.iter().for_each(|attribute| self.visit_attribute(attribute));
        let method = call.method.to_string();
        self.called(&method);
        if checks::fails(&method) {
            self.checks();
        }
        let line = call.method.span().start().line;
        self.facts.calls.push(Call {
            callee: format!(".{method}"),
            arguments: call.args.iter().map(reads::name_of).collect(),
            line,
            test: self.test > 0,
            function: self.function.clone(),
        });
        let before = self.facts.reads.len();
        self.visit_expr(&call.receiver);
        let place = match method.as_str() {
            _ if self.facts.reads.len() > before => "default",
            "expect" | "context" | "with_context" => "message",
            "starts_with" | "ends_with" | "contains" | "eq" | "strip_prefix" | "strip_suffix" => {
                "compared"
            }
            _ => "value",
        };
        self.placed(place, |this| call.args.iter().for_each(|argument| this.visit_expr(argument)));
    }

    fn visit_stmt_macro(&mut self, statement: &'ast syn::StmtMacro) {
        statement.attrs.iter().for_each(|attribute| self.visit_attribute(attribute));
        self.within(&statement.attrs, statement.span(), |this| this.visit_macro(&statement.mac));
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        self.within(&local.attrs, local.span(), |this| visit::visit_local(this, local));
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let name = mac.path.segments.last().map(|part| part.ident.to_string()).unwrap_or_default();
        let line = mac.span().start().line;
        let parse = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated;
        let arguments = mac.parse_body_with(parse);
        self.macro_named(&name, line);
        if name == "env" || name == "option_env" {
            let first = arguments.ok().and_then(|list| list.first().map(reads::name_of));
            self.read("compile", first.unwrap_or_default(), line);
            return;
        }
        let place = if MESSAGES.contains(&name.as_str()) { "message" } else { "value" };
        self.placed(place, |this| {
            if let Ok(list) = arguments {
                list.iter().for_each(|expr| this.visit_expr(expr));
            } else if let Ok(file) = mac.parse_body::<syn::File>() {
                file.items.iter().for_each(|item| this.visit_item(item));
            } else if let Ok(body) = mac.parse_body_with(syn::Block::parse_within) {
                body.iter().for_each(|statement| this.visit_stmt(statement));
            } else {
                this.tokens(mac.tokens.clone());
            }
        });
    }

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.text(literal.value(), literal.span().start().line);
    }
}

impl Walk {
    /// What cannot be parsed is looked through token by token.
    fn tokens(&mut self, stream: proc_macro2::TokenStream) {
        use proc_macro2::TokenTree;
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        for (index, tree) in trees.iter().enumerate() {
            match tree {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(ident)
                    if index == 0 && (ident == "allow" || ident == "expect") =>
                {
                    let all = trees.iter().cloned().collect::<proc_macro2::TokenStream>();
                    if let Ok(meta) = syn::parse2::<Meta>(all) {
                        self.allowed(&meta);
                    }
                }
                TokenTree::Ident(ident) if index == 0 && ident == "cfg" => {
                    let all = trees.iter().cloned().collect::<proc_macro2::TokenStream>();
                    if let Ok(meta) = syn::parse2::<Meta>(all) {
                        self.facts.cfgs.extend(features::predicate(&meta));
                    }
                }
                TokenTree::Ident(ident) if ident == "mod" => {
                    if let (Some(TokenTree::Ident(name)), Some(TokenTree::Punct(_))) =
                        (trees.get(index + 1), trees.get(index + 2))
                    {
                        let path = match index.checked_sub(1).map(|before| &trees[before]) {
                            Some(TokenTree::Group(group)) => {
                                reads::path_of_attribute(group.stream())
                            }
                            _ => None,
                        };
                        self.facts.modules.push(Module {
                            name: name.to_string().trim_start_matches("r#").into(),
                            inside: self.inside.clone(),
                            only: path.is_some(),
                            paths: path.into_iter().collect(),
                            test: self.test > 0,
                        });
                    }
                }
                TokenTree::Ident(ident) => {
                    let bang = trees.get(index + 1).is_some_and(|next| next.to_string() == "!");
                    let name = ident.to_string();
                    if bang {
                        self.macro_named(&name, ident.span().start().line);
                    }
                    let before = index.checked_sub(3).map(|at| trees[at].to_string());
                    let called = matches!(trees.get(index + 1), Some(TokenTree::Group(_)));
                    if called {
                        self.called(&name);
                        let dot = index.checked_sub(1).map(|at| trees[at].to_string());
                        if dot.as_deref() == Some(".") && checks::fails(&name) {
                            self.checks();
                        }
                    }
                    if called
                        && before.as_deref() == Some("env")
                        && (ident == "var" || ident == "var_os")
                    {
                        let Some(TokenTree::Group(group)) = trees.get(index + 1) else { continue };
                        let name = syn::parse2::<Expr>(group.stream()).map_or_else(
                            |_| group.stream().to_string(),
                            |expr| reads::name_of(&expr),
                        );
                        self.read("call", name, ident.span().start().line);
                    }
                }
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.text(text.value(), literal.span().start().line);
                    }
                }
                TokenTree::Punct(mark) if mark.as_char() == '?' => self.checks(),
                TokenTree::Punct(_) => {}
            }
        }
    }
}
