//! When the authority would have certificates renewed (RFC 9773), where it says so.

use gantry_catalog::{Certificate, Durability, IssuedCertificate};
use gantry_model::Timestamp;
use instant_acme::{Account, CertificateIdentifier};

use crate::acme::{Acme, chance};
use crate::error::IssueError;
use crate::issued::leaf;
use crate::schedule;

impl Acme {
    /// Asks about the certificates whose turn it is, and moves their renewals into the windows that the
    /// authority suggests. What it doesn't say leaves them where they are.
    pub(crate) async fn heed_suggestions(&self, known: &[Certificate]) {
        let now = self.now();
        let mut account: Option<Account> = None;
        for certificate in known {
            let Some(issued) = &certificate.issued else { continue };
            if issued.directory != self.settings().directory || issued.renew_at <= now {
                continue;
            }
            if !self.is_to_be_asked_about(&certificate.name, issued, now) {
                continue;
            }
            if account.is_none() {
                match self.known_account().await {
                    Ok(Some(known)) => account = Some(known),
                    // The authority is away, which those who need it will tell.
                    Ok(None) | Err(_) => return,
                }
            }
            let Some(account) = &account else { return };
            if let Err(error) = self.heed(account, &certificate.name, issued).await {
                tracing::debug!(certificate.name, %error, "no renewal information");
                if error.is_about_all_names() {
                    return;
                }
            }
        }
    }

    async fn heed(
        &self,
        account: &Account,
        name: &str,
        issued: &IssuedCertificate,
    ) -> Result<(), IssueError> {
        let unusable = || IssueError::Unusable("it has no identifier".to_owned());
        let der = leaf(&issued.chain).ok_or_else(unusable)?;
        let identifier = CertificateIdentifier::try_from(&der).map_err(|_| unusable())?;
        let (info, _) = account.renewal_info(&identifier).await?;
        let moment = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        let window = (
            moment(info.suggested_window.start.unix_timestamp()),
            moment(info.suggested_window.end.unix_timestamp()),
        );
        let moved = schedule::into_window(issued.renew_at, window, self.now(), chance());
        let Some(renew_at) = moved else { return Ok(()) };
        tracing::info!(certificate.name = name, at = %renew_at, "the authority suggests another time for renewal");
        let (name, not_after) = (name.to_owned(), issued.not_after);
        let set = self.catalog().transaction(Durability::Process, move |tx| {
            tx.certificate_renew_at(&name, not_after, renew_at)
        });
        Ok(set.await?)
    }
}
