//! Our account with the authority: made once, and kept.

use gantry_catalog::{AcmeAccount, Durability};
use instant_acme::{Account, ExternalAccountKey, NewAccount};
use rustls_pki_types::PrivatePkcs8KeyDer;

use crate::acme::Acme;
use crate::error::IssueError;
use crate::transport::Transport;

impl Acme {
    /// The account that is kept, or a new one.
    pub(crate) async fn account(&self) -> Result<Account, IssueError> {
        match self.known_account().await? {
            Some(account) => Ok(account),
            None => self.new_account().await,
        }
    }

    /// The account that is kept, if there is one.
    pub(crate) async fn known_account(&self) -> Result<Option<Account>, IssueError> {
        let directory = &self.settings().directory;
        let Some(kept) = self.catalog().acme_account_find(directory).await? else {
            return Ok(None);
        };
        let key = self.master_key().open(&purpose(directory), &kept.sealed_key)?;
        let key = PrivatePkcs8KeyDer::from(key);
        let builder = Account::builder_with_http(Box::new(Transport(self.directory())));
        let account = builder.from_parts(kept.url.clone(), key, directory.clone()).await?;
        if kept.contacts != self.settings().contacts {
            account.update_contacts(&contacts(&self.settings().contacts)).await?;
            self.keep_account(AcmeAccount { contacts: self.settings().contacts.clone(), ..kept })
                .await?;
        }
        Ok(Some(account))
    }

    /// A new account, in place of one that is kept.
    pub(crate) async fn new_account(&self) -> Result<Account, IssueError> {
        let settings = self.settings();
        let bound_to = settings
            .external_account
            .as_ref()
            .map(|account| ExternalAccountKey::new(account.key_id.clone(), &account.key));
        let wanted = NewAccount {
            contact: &contacts(&settings.contacts),
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let builder = Account::builder_with_http(Box::new(Transport(self.directory())));
        let (account, credentials) =
            builder.create(&wanted, settings.directory.clone(), bound_to.as_ref()).await?;
        let key = credentials.private_key().secret_pkcs8_der();
        self.keep_account(AcmeAccount {
            directory: settings.directory.clone(),
            url: account.id().to_owned(),
            contacts: settings.contacts.clone(),
            sealed_key: self.master_key().seal(&purpose(&settings.directory), key),
        })
        .await?;
        tracing::info!(acme.directory = settings.directory, "made an account with the authority");
        Ok(account)
    }

    async fn keep_account(&self, account: AcmeAccount) -> Result<(), IssueError> {
        let keep =
            self.catalog().transaction(Durability::Power, move |tx| tx.acme_account_set(&account));
        Ok(keep.await?)
    }
}

fn contacts(contacts: &[String]) -> Vec<&str> {
    contacts.iter().map(String::as_str).collect()
}

fn purpose(directory: &str) -> String {
    format!("acme account with {directory}")
}
