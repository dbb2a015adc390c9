//! Lines that hold code, by rustc's own lexer.

use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, strip_shebang, tokenize};

/// The numbers (from 1) of the lines on which a token stands that is no comment, and the count
/// of such tokens with joined punctuation (`::`, `=>`) as its single characters.
pub fn code_lines(text: &str) -> (Vec<usize>, usize) {
    let skipped = strip_shebang(text).unwrap_or(0);
    let mut line = 1 + text[..skipped].matches('\n').count();
    let mut at = skipped;
    let mut lines = Vec::new();
    let mut count = 0;
    for token in tokenize(&text[skipped..], FrontmatterAllowed::No) {
        let end = at + token.len as usize;
        let breaks = text[at..end].matches('\n').count();
        let code = !matches!(
            token.kind,
            TokenKind::Whitespace
                | TokenKind::LineComment { .. }
                | TokenKind::BlockComment { .. }
                | TokenKind::Eof
        );
        if code {
            count += 1;
            lines.extend(line..=line + breaks);
        }
        line += breaks;
        at = end;
    }
    lines.dedup();
    (lines, count)
}
