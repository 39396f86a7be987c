//! Who is asking: credentials, access tokens, signing keys.
