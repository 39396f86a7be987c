//! The wildcards of `StringLike`.

/// A pattern of `StringLike`: `*` for any run of characters, `?` for one, and `\*`, `\?`
/// and `\\` for themselves. A backslash before anything else is one.
pub(super) struct Like(Vec<Piece>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    One(char),
    AnyOne,
    AnyRun,
}

/// What a pattern's texts have in common.
pub(super) enum Shape {
    /// It is this text alone.
    Exact(String),
    /// It is every text that begins with this.
    Prefix(String),
    /// It is some of the texts that begin with this.
    Within(String),
}

impl Like {
    pub(super) fn new(pattern: &str) -> Self {
        let mut pieces = Vec::with_capacity(pattern.len());
        let mut characters = pattern.chars().peekable();
        while let Some(character) = characters.next() {
            pieces.push(match character {
                '*' => Piece::AnyRun,
                '?' => Piece::AnyOne,
                '\\' => Piece::One(characters.next_if(|c| "*?\\".contains(*c)).unwrap_or('\\')),
                other => Piece::One(other),
            });
        }
        Self(pieces)
    }

    /// Whether a text is the pattern's: at worst in time of both lengths multiplied, since
    /// only the last run is ever made longer.
    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut piece, mut at) = (0, 0);
        // Behind the last run, and how far it reaches.
        let mut run: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.0.get(piece) {
                Some(Piece::AnyRun) => {
                    piece += 1;
                    run = Some((piece, at));
                }
                Some(&one) if one == Piece::AnyOne || one == Piece::One(text[at]) => {
                    piece += 1;
                    at += 1;
                }
                _ => {
                    let Some((behind, reach)) = run else { return false };
                    (piece, at) = (behind, reach + 1);
                    run = Some((behind, at));
                }
            }
        }
        self.0[piece..].iter().all(|&piece| piece == Piece::AnyRun)
    }

    pub(super) fn shape(&self) -> Shape {
        let text: String = self.0.iter().map_while(|piece| piece.literal()).collect();
        let rest = &self.0[text.chars().count()..];
        if rest.is_empty() {
            Shape::Exact(text)
        } else if rest.iter().all(|&piece| piece == Piece::AnyRun) {
            Shape::Prefix(text)
        } else {
            Shape::Within(text)
        }
    }
}

impl Piece {
    fn literal(self) -> Option<char> {
        match self {
            Self::One(character) => Some(character),
            Self::AnyOne | Self::AnyRun => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match() {
        for (pattern, text, matches) in [
            ("a*c?", "abcd", true),
            ("a*c", "abcd", false),
            ("a*c?", "abc", false),
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("?", "", false),
            ("?", "é", true),
            ("a?c", "abc", true),
            ("*b", "abab", true),
            ("*ab*ab*", "abcab", true),
            ("*ab*ab*", "ab", false),
            (r"a\*", "a*", true),
            (r"a\*", "ab", false),
            (r"a\?", "a?", true),
            (r"a\?", "ab", false),
            (r"a\\", r"a\", true),
            (r"a\\*", r"a\bc", true),
            (r"a\b", r"a\b", true),
            (r"a\", r"a\", true),
        ] {
            assert_eq!(Like::new(pattern).matches(text), matches, "{pattern} on {text}");
        }
    }

    #[test]
    fn many_runs_are_no_blow_up() {
        let text = "a".repeat(255);
        assert!(!Like::new(&format!("{}b", "*a".repeat(4000))).matches(&text));
        assert!(!Like::new(&"*?".repeat(4000)).matches(&text));
    }
}
