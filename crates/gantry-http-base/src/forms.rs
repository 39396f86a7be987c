//! Forms that come as bodies.

use std::time::Duration;

use axum::body::Body;
use gantry_oci::{Form, FormError};

use crate::{BodyError, read_body};

/// Why there is no form, or not what is needed of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadForm {
    /// It is none, or lacks something.
    #[error(transparent)]
    Form(#[from] FormError),
    /// It wasn't there in time.
    #[error("the form took longer than {0:?}")]
    TooSlow(Duration),
    /// The client went away.
    #[error("the form broke off")]
    BrokenOff,
}

/// Reads a body as a form; `several` are the parameters that there may be more of than one.
pub async fn read_form(
    body: Body,
    patience: Duration,
    several: &[&str],
) -> Result<Form, UnreadForm> {
    let bytes = read_body(body, Form::MAX_LEN, patience).await.map_err(|error| match error {
        BodyError::TooLong(_) => UnreadForm::Form(FormError::TooLong),
        BodyError::TooSlow(patience) => UnreadForm::TooSlow(patience),
        BodyError::BrokenOff => UnreadForm::BrokenOff,
    })?;
    Ok(Form::parse(&bytes, several)?)
}
