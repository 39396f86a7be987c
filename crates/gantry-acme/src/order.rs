//! One order, from the request to the certificate (RFC 8555 §7.4).

use std::time::Duration;

use gantry_catalog::{AcmeChallenge, ChallengeKind, Durability};
use instant_acme::{
    Account, AuthorizationStatus, CertificateIdentifier, ChallengeType, Identifier, NewOrder,
    Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PublicKeyData};

use crate::acme::Acme;
use crate::dns::{self, Deed};
use crate::error::{IssueError, bounded};
use crate::issued::{Obtained, leaf};
use crate::name::CertificateName;
use crate::settings::Challenge;

/// How long the authority may take to look, and to sign.
const PATIENCE: RetryPolicy =
    RetryPolicy::new().initial_delay(Duration::from_millis(500)).timeout(Duration::from_secs(120));
/// For so long an order's challenges are answered.
const OPEN: Duration = Duration::from_secs(15 * 60);

impl Acme {
    /// Asks for a certificate. `replaced` is the chain that it is to replace.
    pub(crate) async fn obtain(
        &self,
        account: &Account,
        name: &CertificateName,
        replaced: Option<&str>,
    ) -> Result<Obtained, IssueError> {
        let mut order = new_order(account, name, replaced).await?;
        let mut opened = Vec::new();
        let ready = self.prove(&mut order, &mut opened).await;
        for challenge in &opened {
            self.withdraw(challenge).await;
        }
        ready?;
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new([name.to_string()])?;
        params.distinguished_name = DistinguishedName::new();
        order.finalize_csr(params.serialize_request(&key)?.der()).await?;
        let chain = order.poll_certificate(&PATIENCE).await?;
        let public_key = key.subject_public_key_info();
        Obtained::checked(chain, key.serialize_der(), &public_key, name, self.now())
    }

    /// Answers what the order's authorizations ask; what it opened is in `opened`, whatever comes.
    async fn prove(
        &self,
        order: &mut Order,
        opened: &mut Vec<AcmeChallenge>,
    ) -> Result<(), IssueError> {
        let kind = self.settings().challenge.kind();
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let Identifier::Dns(name) = authorization.identifier().identifier.clone() else {
                return Err(IssueError::NotOffered(kind));
            };
            let challenge = authorization.challenge(offered_as(kind));
            let mut challenge = challenge.ok_or(IssueError::NotOffered(kind))?;
            let row = AcmeChallenge {
                token: challenge.token.clone(),
                kind,
                name,
                key_authorization: challenge.key_authorization().as_str().to_owned(),
                expires_at: self.now().plus(OPEN),
            };
            // First the row: whoever comes after a crash knows what to take away.
            opened.push(row.clone());
            self.present(row).await?;
            challenge.set_ready().await?;
        }
        let outcome = order.poll_ready(&PATIENCE).await;
        if matches!(outcome, Ok(OrderStatus::Ready)) {
            return Ok(());
        }
        // The challenge says more than the order does.
        match (failed_challenge(order, kind).await, outcome) {
            (Some(reason), _) => Err(IssueError::Challenge { kind, reason }),
            (None, Err(error)) => Err(error.into()),
            (None, Ok(status)) => {
                let reason = format!("the order is {status:?}").to_lowercase();
                Err(IssueError::Challenge { kind, reason })
            }
        }
    }

    /// Makes the answer to a challenge known.
    async fn present(&self, challenge: AcmeChallenge) -> Result<(), IssueError> {
        let row = challenge.clone();
        self.catalog()
            .transaction(Durability::Process, move |tx| tx.acme_challenge_open(&row))
            .await?;
        if let Challenge::Dns01(webhook) = &self.settings().challenge {
            let AcmeChallenge { name, key_authorization, .. } = &challenge;
            dns::ask(self.webhook(), webhook, Deed::Present, name, key_authorization)
                .await
                .map_err(IssueError::Webhook)?;
            tokio::time::sleep(webhook.propagation).await;
        }
        Ok(())
    }

    /// Takes the answer away. What that fails of is told and left.
    pub(crate) async fn withdraw(&self, challenge: &AcmeChallenge) {
        let AcmeChallenge { token, kind, name, key_authorization, .. } = challenge;
        if let (ChallengeKind::Dns01, Challenge::Dns01(webhook)) =
            (kind, &self.settings().challenge)
        {
            let cleanup = dns::ask(self.webhook(), webhook, Deed::Cleanup, name, key_authorization);
            if let Err(error) = cleanup.await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(
                    certificate.name = name,
                    error,
                    "a record in the DNS was left behind"
                );
            }
        }
        let token = token.clone();
        let close = self
            .catalog()
            .transaction(Durability::Process, move |tx| tx.acme_challenge_close(&token));
        if let Err(error) = close.await {
            tracing::warn!(certificate.name = name, %error, "a challenge stays open until it expires");
        }
    }
}

/// Orders; tells which certificate it replaces (RFC 9773 §5) where the authority wants to know.
async fn new_order(
    account: &Account,
    name: &CertificateName,
    replaced: Option<&str>,
) -> Result<Order, IssueError> {
    let identifiers = [Identifier::Dns(name.to_string())];
    let wanted = NewOrder::new(&identifiers);
    let replaced = replaced.and_then(leaf);
    if let Some(replaced) =
        replaced.as_ref().and_then(|der| CertificateIdentifier::try_from(der).ok())
    {
        match account.new_order(&NewOrder::new(&identifiers).replaces(replaced)).await {
            Ok(order) => return Ok(order),
            Err(error) => {
                let error = IssueError::from(error);
                if error.is_about_all_names() || error.is_rate_limit() || error.is_unknown_account()
                {
                    return Err(error);
                }
                // It has forgotten that certificate, or replaced it already.
                tracing::debug!(certificate.name = %name, %error, "ordering as if it were the first");
            }
        }
    }
    Ok(account.new_order(&wanted).await?)
}

fn offered_as(kind: ChallengeKind) -> ChallengeType {
    match kind {
        ChallengeKind::Http01 => ChallengeType::Http01,
        ChallengeKind::TlsAlpn01 => ChallengeType::TlsAlpn01,
        ChallengeKind::Dns01 => ChallengeType::Dns01,
    }
}

/// What the authority says it saw.
async fn failed_challenge(order: &mut Order, kind: ChallengeKind) -> Option<String> {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let state = authorization.refresh().await.ok()?;
        let challenge = state.challenges.iter().find(|one| one.r#type == offered_as(kind));
        if let Some(problem) = challenge.and_then(|challenge| challenge.error.as_ref()) {
            return Some(bounded(problem.detail.as_deref().unwrap_or("no reason was given")));
        }
    }
    None
}
