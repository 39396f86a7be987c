//! Values on their way out of a row.

use bytes::Bytes;

/// One column of a row, borrowed from the driver's buffer so that parsing it needs no copy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Column<'r> {
    /// SQL `NULL`.
    Null,
    /// A 64-bit integer; a boolean expression gives 0 or 1.
    Int(i64),
    /// Text.
    Text(&'r str),
    /// Any bytes.
    Bytes(&'r [u8]),
}

/// A column that doesn't hold what its reader expected. It names kinds, never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct ColumnError {
    expected: &'static str,
    found: &'static str,
}

/// A type that a column can be read as.
///
/// ```
/// # use gantry_db::{Column, ColumnError, FromColumn};
/// struct Tag(String);
/// impl FromColumn for Tag {
///     fn from_column(column: Column<'_>) -> Result<Self, ColumnError> {
///         let text = column.text()?;
///         if text.is_empty() { Err(column.not("a tag")) } else { Ok(Tag(text.into())) }
///     }
/// }
/// ```
pub trait FromColumn: Sized {
    /// Reads the column, or says with [`Column::not`] what was expected.
    fn from_column(column: Column<'_>) -> Result<Self, ColumnError>;
}

// === impl Column ===

impl<'r> Column<'r> {
    /// The integer in it.
    pub fn int(self) -> Result<i64, ColumnError> {
        match self {
            Self::Int(value) => Ok(value),
            Self::Null | Self::Text(_) | Self::Bytes(_) => Err(self.not("an integer")),
        }
    }

    /// The text in it.
    pub fn text(self) -> Result<&'r str, ColumnError> {
        match self {
            Self::Text(value) => Ok(value),
            Self::Null | Self::Int(_) | Self::Bytes(_) => Err(self.not("text")),
        }
    }

    /// The bytes in it.
    pub fn bytes(self) -> Result<&'r [u8], ColumnError> {
        match self {
            Self::Bytes(value) => Ok(value),
            Self::Null | Self::Int(_) | Self::Text(_) => Err(self.not("bytes")),
        }
    }

    /// The error that this column is not `expected`, such as "a digest".
    pub fn not(self, expected: &'static str) -> ColumnError {
        let found = match self {
            Self::Null => "null",
            Self::Int(_) => "an integer",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
        };
        ColumnError { expected, found }
    }
}

impl ColumnError {
    /// The error that the column holds `found`, a kind that [`Column`] doesn't know.
    pub(crate) fn unknown_kind(found: &'static str) -> Self {
        Self { expected: "an integer, text or bytes", found }
    }
}

// === impl FromColumn ===

impl<T: FromColumn> FromColumn for Option<T> {
    fn from_column(column: Column<'_>) -> Result<Self, ColumnError> {
        if column == Column::Null { Ok(None) } else { T::from_column(column).map(Some) }
    }
}

impl FromColumn for i64 {
    fn from_column(column: Column<'_>) -> Result<Self, ColumnError> {
        column.int()
    }
}

impl FromColumn for u64 {
    fn from_column(column: Column<'_>) -> Result<Self, ColumnError> {
        column.int()?.try_into().map_err(|_| column.not("a number from 0"))
    }
}

impl FromColumn for u32 {
    fn from_column(column: Column<'_>) -> Result<Self, ColumnError> {
        column.int()?.try_into().map_err(|_| column.not("a number from 0 that fits 32 bits"))
    }
}

impl FromColumn for bool {
    fn from_column(column: Column<'_>) -> Result<Self, ColumnError> {
        match column.int()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(column.not("0 or 1")),
        }
    }
}

impl FromColumn for String {
    fn from_column(column: Column<'_>) -> Result<Self, ColumnError> {
        column.text().map(Into::into)
    }
}

impl FromColumn for Vec<u8> {
    fn from_column(column: Column<'_>) -> Result<Self, ColumnError> {
        column.bytes().map(Into::into)
    }
}

impl FromColumn for Bytes {
    fn from_column(column: Column<'_>) -> Result<Self, ColumnError> {
        column.bytes().map(Bytes::copy_from_slice)
    }
}

impl<const N: usize> FromColumn for [u8; N] {
    fn from_column(column: Column<'_>) -> Result<Self, ColumnError> {
        column.bytes()?.try_into().map_err(|_| column.not("bytes of a fixed length"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_read_as_the_types_they_hold() {
        assert_eq!(i64::from_column(Column::Int(-3)), Ok(-3));
        assert_eq!(u64::from_column(Column::Int(3)), Ok(3));
        assert_eq!(bool::from_column(Column::Int(1)), Ok(true));
        assert_eq!(String::from_column(Column::Text("a")), Ok("a".into()));
        assert_eq!(<[u8; 2]>::from_column(Column::Bytes(&[1, 2])), Ok([1, 2]));
        assert_eq!(Option::<i64>::from_column(Column::Null), Ok(None));
    }

    #[test]
    fn a_mismatch_names_kinds_but_no_value() {
        let error = i64::from_column(Column::Text("secret")).unwrap_err();
        assert_eq!(error.to_string(), "expected an integer, found text");
        assert!(u64::from_column(Column::Int(-1)).is_err());
        assert!(bool::from_column(Column::Int(2)).is_err());
        assert!(<[u8; 2]>::from_column(Column::Bytes(&[1])).is_err());
        assert!(String::from_column(Column::Null).is_err());
    }
}
