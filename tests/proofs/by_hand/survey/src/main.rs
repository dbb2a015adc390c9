//! One JSON line for each Rust file that standard input names: facts, no verdicts.

mod checks;
mod features;
mod lines;
mod reads;
mod walk;

use std::io::{BufRead, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for path in std::io::stdin().lock().lines() {
        let path = path?;
        let text = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
        let facts = walk::facts(&path, &text);
        serde_json::to_writer(&mut out, &facts)?;
        writeln!(out)?;
    }
    Ok(())
}
