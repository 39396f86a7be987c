//! The fields of a log line in text: `name=value`, in one line whatever is in them.
//!
//! Every request writes a dozen of them, so the common value is copied as it is: the formatter of
//! `tracing-subscriber` takes each through styles and escapes, at a tenth of a request's cost.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// Writes fields in their order, the message without its name.
pub(super) struct Fields;

impl<'w> FormatFields<'w> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut line = Line { writer: OneLine(writer), is_empty: true, outcome: Ok(()) };
        fields.record(&mut line);
        line.outcome
    }
}

/// A line in the making.
struct Line<W> {
    writer: OneLine<W>,
    is_empty: bool,
    outcome: fmt::Result,
}

impl<W: Write> Line<W> {
    fn name(&mut self, field: &Field) -> fmt::Result {
        if !std::mem::take(&mut self.is_empty) {
            self.writer.0.write_str(" ")?;
        }
        if field.name() == "message" {
            return Ok(());
        }
        self.writer.0.write_str(field.name())?;
        self.writer.0.write_str("=")
    }

    fn write(&mut self, field: &Field, value: impl FnOnce(&mut OneLine<W>) -> fmt::Result) {
        if self.outcome.is_ok() {
            self.outcome = self.name(field).and_then(|()| value(&mut self.writer));
        }
    }
}

impl<W: Write> Visit for Line<W> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let is_word = !value.is_empty()
            && value.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
        self.write(field, |line| {
            if is_word { line.0.write_str(value) } else { write!(line, "{value:?}") }
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write(field, |line| write!(line, "{value:?}"));
    }
}

/// Passes text on with its control characters escaped: nobody's error message starts a line of its
/// own or moves a terminal's cursor.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Those of Unicode beyond ASCII are the C1 set, which begin with this byte in UTF-8.
        if !text.bytes().any(|byte| byte.is_ascii_control() || byte == 0xC2) {
            return self.0.write_str(text);
        }
        text.chars().try_for_each(|char| {
            if char.is_control() {
                write!(self.0, "{}", char.escape_debug())
            } else {
                self.0.write_char(char)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What `log` writes, without time and level.
    fn written(log: impl FnOnce()) -> String {
        let lines = Lines::default();
        let sink = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(Fields)
            .with_writer(move || sink.clone())
            .with_ansi(false)
            .without_time()
            .with_level(false)
            .with_target(false)
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        let written = lines.0.lock().unwrap().clone();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn words_are_bare_and_texts_are_quoted() {
        let line = written(|| {
            tracing::info!(path = "/v2/app", agent = "a \"b\"", none = "", code = 404, "answered");
        });
        let expected = "answered path=/v2/app agent=\"a \\\"b\\\"\" none=\"\" code=404\n";
        assert_eq!(line, expected);
    }

    #[test]
    fn nothing_in_a_value_starts_another_line() {
        let error = "x\nINFO forged \u{1b}[31m\u{9b}";
        let line = written(|| tracing::info!(%error, text = error, "broke\r\noff"));
        let escaped = r"x\nINFO forged \u{1b}[31m\u{9b}";
        assert_eq!(line, format!("broke\\r\\noff error={escaped} text=\"{escaped}\"\n"));
    }

    #[test]
    fn a_span_says_its_fields_the_same_way() {
        let line = written(|| {
            let _span = tracing::info_span!("request", request.id = "01ABC").entered();
            tracing::info!(missing = None::<&str>, "inside");
        });
        assert_eq!(line, "request{request.id=01ABC}: inside\n");
    }
}
