//! The token surface under /oauth2/.
