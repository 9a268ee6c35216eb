//! Styled text broken into rows, so that scrolling knows how many there are.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// One grapheme with its look and its columns.
struct Piece {
    symbol: String,
    style: Style,
    columns: usize,
}

/// `line` in rows of at most `width` columns, the second and later ones indented by `indent`;
/// broken at a space where one stands in the row's second half, else anywhere.
pub(super) fn wrap(line: &Line<'_>, width: usize, indent: usize) -> Vec<Line<'static>> {
    let width = width.max(1);
    let indent = if indent * 2 < width { indent } else { 0 };
    let mut rows: Vec<Vec<Piece>> = Vec::new();
    let mut row: Vec<Piece> = Vec::new();
    let mut used = 0;
    for piece in pieces(line) {
        let room = if rows.is_empty() { width } else { width - indent };
        if used + piece.columns > room && !row.is_empty() {
            let rest = break_off(&mut row);
            rows.push(std::mem::replace(&mut row, rest));
            used = row.iter().map(|piece| piece.columns).sum();
        }
        used += piece.columns;
        row.push(piece);
    }
    rows.push(row);
    rows.into_iter()
        .enumerate()
        .map(|(index, row)| joined(row, if index == 0 { 0 } else { indent }))
        .collect()
}

fn pieces<'a>(line: &'a Line<'_>) -> impl Iterator<Item = Piece> + 'a {
    line.styled_graphemes(Style::new()).map(|grapheme| Piece {
        symbol: grapheme.symbol.to_owned(),
        style: grapheme.style,
        columns: Span::raw(grapheme.symbol).width(),
    })
}

/// Cuts a full row at its last space and returns what belongs to the next row.
fn break_off(row: &mut Vec<Piece>) -> Vec<Piece> {
    match row.iter().rposition(|piece| piece.symbol == " ") {
        Some(space) if space > row.len() / 2 => {
            let rest = row.split_off(space + 1);
            row.truncate(space);
            rest
        }
        _ => Vec::new(),
    }
}

fn joined(row: Vec<Piece>, indent: usize) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    if indent > 0 {
        spans.push(Span::raw(" ".repeat(indent)));
    }
    let mut open: Option<(String, Style)> = None;
    for piece in row {
        match &mut open {
            Some((text, style)) if *style == piece.style => text.push_str(&piece.symbol),
            _ => {
                spans.extend(open.take().map(|(text, style)| Span::styled(text, style)));
                open = Some((piece.symbol, piece.style));
            }
        }
    }
    spans.extend(open.map(|(text, style)| Span::styled(text, style)));
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str, width: usize, indent: usize) -> Vec<String> {
        wrap(&Line::raw(text), width, indent).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn breaks_at_spaces_and_hangs_the_rest() {
        assert_eq!(rows("alpha beta gamma", 11, 2), ["alpha beta", "  gamma"]);
        assert_eq!(rows("abcdefgh", 3, 0), ["abc", "def", "gh"]);
        assert_eq!(rows("", 10, 0), [""]);
    }

    #[test]
    fn wide_characters_count_two_columns() {
        assert_eq!(rows("日本語", 4, 0), ["日本", "語"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_overflows(text in "[a-zé日 ]{0,80}", width in 2usize..40) {
            let rows = rows(&text, width, 0);
            for row in &rows {
                prop_assert!(Span::raw(row.as_str()).width() <= width, "{row:?}");
            }
            let without_spaces = |text: &str| text.replace(' ', "");
            prop_assert_eq!(without_spaces(&rows.concat()), without_spaces(&text));
        }
    }
}
