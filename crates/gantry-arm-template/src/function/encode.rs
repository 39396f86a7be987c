//! Encodings: base64 and addresses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{Arguments, Function};
use crate::problem::Problem;

pub(super) const TABLE: &[Function] = &[
    Function::pure("base64", 1..=1, |a| Ok(STANDARD.encode(a.text(0)?).into())),
    Function::pure("base64ToString", 1..=1, base64_to_string),
    Function::pure("uri", 2..=2, uri),
    Function::pure("uriComponent", 1..=1, |a| {
        Ok(utf8_percent_encode(a.text(0)?, &RESERVED).to_string().into())
    }),
];

/// All but the characters that RFC 3986, 2.3, has as unreserved.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn base64_to_string(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let bytes = STANDARD.decode(arguments.text(0)?).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.map(Value::from).ok_or_else(|| arguments.wrong(0, "base64 of a text"))
}

/// Puts a relative address behind the last slash of a base. The two before the host don't
/// count; a base without another is followed by the relative address as it is.
fn uri(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let (base, relative) = (arguments.text(0)?, arguments.text(1)?);
    let host = base.find("//").map_or(0, |at| at + 2);
    let joined = match base[host..].rfind('/') {
        Some(slash) => {
            let relative = relative.strip_prefix('/').unwrap_or(relative);
            format!("{}{relative}", &base[..=host + slash])
        }
        None => format!("{base}{relative}"),
    };
    Ok(joined.into())
}
