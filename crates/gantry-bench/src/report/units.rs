//! What figures are, and how they are written.

use serde::Serialize;

/// What the figures of a case are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    /// Requests a second.
    Requests,
    /// Blobs a second.
    Blobs,
    /// Pulls of images a second.
    Pulls,
    /// Pushes of images a second.
    Pushes,
    /// Megabytes (10⁶ bytes) a second.
    Bulk,
    /// Seconds for an image.
    Image,
    /// Microseconds for a page of a list.
    Page,
    /// Microseconds for an answer.
    Answer,
    /// Milliseconds.
    Millis,
    /// Milliseconds of CPU time a second.
    Idle,
    /// Mebibytes of memory.
    Memory,
}

impl Unit {
    /// The heading of the figure.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Requests => "requests/s",
            Self::Blobs => "blobs/s",
            Self::Pulls => "pulls/s",
            Self::Pushes => "pushes/s",
            Self::Bulk => "MB/s",
            Self::Image => "s",
            Self::Page => "µs/page",
            Self::Answer => "µs",
            Self::Millis => "ms",
            Self::Idle => "CPU ms/s",
            Self::Memory => "MiB anonymous",
        }
    }

    /// The heading of CPU time, and what a CPU second is multiplied with.
    pub(crate) fn cpu(self) -> (&'static str, f64) {
        match self {
            Self::Requests => ("CPU µs/request", 1e6),
            Self::Blobs => ("CPU µs/blob", 1e6),
            Self::Pulls => ("CPU µs/pull", 1e6),
            Self::Pushes => ("CPU µs/push", 1e6),
            Self::Bulk => ("CPU s/GB", 1.0),
            Self::Image => ("CPU s/image", 1.0),
            Self::Page => ("CPU µs/page", 1e6),
            Self::Answer => ("CPU µs/answer", 1e6),
            Self::Millis => ("CPU ms", 1e3),
            Self::Idle => ("mean", 1e3),
            Self::Memory => ("CPU s", 1.0),
        }
    }

    /// Whether more is better.
    pub(crate) fn is_rate(self) -> bool {
        matches!(self, Self::Requests | Self::Blobs | Self::Pulls | Self::Pushes | Self::Bulk)
    }
}

/// A figure with three significant digits or, from a thousand on, as a whole number.
pub(crate) fn figure(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 1000.0 => thousands(value),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        let texts = [0.0, 0.0123, 1.234, 12.34, 123.4, 1234.5, 1_234_567.0].map(figure);
        assert_eq!(texts, ["0", "0.012", "1.23", "12.3", "123", "1,234", "1,234,567"]);
    }
}
