"""Reading Rust source text: syntax, modules, test code, and what gates look for in them."""
