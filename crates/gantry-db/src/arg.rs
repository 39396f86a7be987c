//! Values on their way into a statement.

use std::fmt;

use bytes::Bytes;

/// One argument of a statement: the three SQL types are enough.
///
/// Booleans are 0 and 1, times are integers, JSON is text. `Debug` shows kind and length, never the value, so that
/// an argument can't reach a log by accident.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Arg<'a> {
    /// SQL `NULL`.
    Null,
    /// A 64-bit integer.
    Int(i64),
    /// Text. A NUL in it is refused when it is bound, since PostgreSQL can't store one.
    Text(&'a str),
    /// Any bytes.
    Bytes(&'a [u8]),
    /// A number no 64-bit column holds. Binding it is refused: a peer's absurd number must not wrap around.
    OutOfRange,
}

/// A value that becomes an [`Arg`]. Newtypes of other crates implement it to be passed to [`args!`](crate::args).
pub trait ToArg {
    /// The argument, borrowing from `self` where it can.
    fn to_arg(&self) -> Arg<'_>;
}

/// The arguments of a statement, each expression taken by reference through [`ToArg`]. Write it inside the call, as
/// values made on the spot live until the call ends.
///
/// ```
/// # use gantry_db::{Arg, args};
/// let name = String::from("library/alpine");
/// assert!(args![name, 3_i64, None::<i64>] == [Arg::Text("library/alpine"), Arg::Int(3), Arg::Null]);
/// ```
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { [$($crate::ToArg::to_arg(&$value)),*] };
}

// === impl Arg ===

impl Arg<'_> {
    /// Why this argument can't be bound on either database, if it can't.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        match self {
            Self::OutOfRange => Some("the number does not fit 64 bits"),
            Self::Text(text) if text.as_bytes().contains(&0) => Some("the text has a NUL in it"),
            Self::Null | Self::Int(_) | Self::Text(_) | Self::Bytes(_) => None,
        }
    }
}

impl fmt::Debug for Arg<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Int(_) => f.write_str("Int"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::OutOfRange => f.write_str("OutOfRange"),
        }
    }
}

impl<'a, T: ToArg + ?Sized> From<&'a T> for Arg<'a> {
    fn from(value: &'a T) -> Self {
        value.to_arg()
    }
}

impl<'a, T: Into<Arg<'a>>> From<Option<T>> for Arg<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Arg::Null, Into::into)
    }
}

impl From<i64> for Arg<'_> {
    fn from(value: i64) -> Self {
        Arg::Int(value)
    }
}

impl From<u64> for Arg<'_> {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Arg::OutOfRange, Arg::Int)
    }
}

impl From<u32> for Arg<'_> {
    fn from(value: u32) -> Self {
        Arg::Int(value.into())
    }
}

impl From<bool> for Arg<'_> {
    fn from(value: bool) -> Self {
        Arg::Int(value.into())
    }
}

// === impl ToArg ===

impl ToArg for Arg<'_> {
    fn to_arg(&self) -> Arg<'_> {
        *self
    }
}

impl<T: ToArg + ?Sized> ToArg for &T {
    fn to_arg(&self) -> Arg<'_> {
        (**self).to_arg()
    }
}

impl<T: ToArg> ToArg for Option<T> {
    fn to_arg(&self) -> Arg<'_> {
        self.as_ref().map_or(Arg::Null, ToArg::to_arg)
    }
}

macro_rules! number_to_arg {
    ($($number:ty),*) => {$(
        impl ToArg for $number {
            fn to_arg(&self) -> Arg<'_> {
                (*self).into()
            }
        }
    )*};
}
number_to_arg!(i64, u64, u32, bool);

impl ToArg for str {
    fn to_arg(&self) -> Arg<'_> {
        Arg::Text(self)
    }
}

impl ToArg for String {
    fn to_arg(&self) -> Arg<'_> {
        Arg::Text(self)
    }
}

impl ToArg for [u8] {
    fn to_arg(&self) -> Arg<'_> {
        Arg::Bytes(self)
    }
}

impl<const N: usize> ToArg for [u8; N] {
    fn to_arg(&self) -> Arg<'_> {
        Arg::Bytes(self)
    }
}

impl ToArg for Vec<u8> {
    fn to_arg(&self) -> Arg<'_> {
        Arg::Bytes(self)
    }
}

impl ToArg for Bytes {
    fn to_arg(&self) -> Arg<'_> {
        Arg::Bytes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_convert_by_value_and_by_reference() {
        let (name, bytes) = (String::from("alpine"), vec![3_u8]);
        let wanted = [
            Arg::Text("alpine"),
            Arg::Text("alpine"),
            Arg::Text("x"),
            Arg::Int(7),
            Arg::Int(1),
            Arg::Null,
            Arg::Text("alpine"),
            Arg::Bytes(&[1, 2]),
            Arg::Bytes(&[3]),
        ];
        assert!(
            args![name, &name, "x", 7_u64, true, None::<i64>, Some("alpine"), [1_u8, 2], bytes]
                == wanted
        );
        assert!(Arg::from(&name) == Arg::Text("alpine"));
        assert!(Arg::from(Some("x")) == Arg::Text("x"));
    }

    #[test]
    fn numbers_beyond_64_bits_and_nul_in_text_are_refused() {
        assert_eq!(Arg::from(u64::MAX).problem(), Some("the number does not fit 64 bits"));
        assert_eq!(Arg::from("a\0b").problem(), Some("the text has a NUL in it"));
        assert_eq!(Arg::from(&b"a\0b"[..]).problem(), None);
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}", args!["secret", 42_i64, b"secret"]);
        assert_eq!(shown, "[Text(6 bytes), Int, Bytes(6)]");
    }
}
