//! Devices that have no browser (RFC 8628): a person enters a code somewhere else.

use std::net::IpAddr;
use std::time::Duration;

use gantry_arm::Guid;
use gantry_catalog::{DeviceCode, DeviceCodeState, Durability, Transaction};
use gantry_oci::Secret;
use gantry_secrets::{Generated, SecretHash};

use super::{SIGNED_OUT, SignInError};
use crate::{Directory, Principal};

/// How long a person has.
const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// Letters and digits that people don't mix up (RFC 8628, 6.1); nine of 28 are 43 random bits.
const SYMBOLS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ23456789";
const LENGTH: usize = 9;

/// A device that waits.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// What it polls with.
    pub device_code: Secret,
    /// What a person enters.
    pub user_code: String,
    /// For how many seconds.
    pub expires_in: u64,
}

impl Directory {
    /// Lets a device at `address` wait for somebody to sign in for it.
    pub async fn start_device(
        &self,
        client: Guid,
        scope: &str,
        issuer: &str,
        address: Option<IpAddr>,
    ) -> Result<NewDevice, SignInError> {
        self.check_scope(scope, issuer)?;
        let now = self.now();
        let counted = self.0.devices.count(address, now, now.plus(LIFETIME));
        counted.map_err(|wait| SignInError::TooManyDevices { wait })?;
        loop {
            let secret = Generated::secret();
            let code = DeviceCode {
                hash: SecretHash::of(secret.expose()).0,
                user_code: Generated::symbols(SYMBOLS, LENGTH),
                client: client.to_string(),
                scope: scope.to_owned(),
                state: DeviceCodeState::Pending,
                expires_at: self.now().plus(LIFETIME),
            };
            let user_code = code.user_code.clone();
            let insert = move |tx: &mut Transaction<'_, '_>| {
                tx.sign_ins_expire(100)?;
                tx.device_code_insert(&code)
            };
            if self.0.catalog.transaction(Durability::Process, insert).await? {
                let expires_in = LIFETIME.as_secs();
                return Ok(NewDevice { device_code: secret, user_code, expires_in });
            }
        }
    }

    /// The device that waits for that code, however it is written.
    pub async fn find_device(&self, user_code: &str) -> Result<Option<DeviceCode>, SignInError> {
        let bare: String =
            user_code.chars().filter(char::is_ascii_alphanumeric).take(LENGTH + 1).collect();
        let found =
            self.0.catalog.device_code_find_by_user_code(&bare.to_ascii_uppercase()).await?;
        let waits = |code: &DeviceCode| {
            code.state == DeviceCodeState::Pending && self.now() < code.expires_at
        };
        Ok(found.filter(waits))
    }

    /// Notes what somebody who has signed in said to the device that waits for that code; false if it
    /// waits no more. Approval ends with their sign-in.
    pub async fn decide_device(
        &self,
        code: &DeviceCode,
        person: &Principal,
        approved: bool,
    ) -> Result<bool, SignInError> {
        let state = match approved {
            true => DeviceCodeState::Approved { user: person.id, epoch: person.epoch },
            false => DeviceCodeState::Declined,
        };
        let user_code = code.user_code.clone();
        let decide = move |tx: &mut Transaction<'_, '_>| tx.device_code_decide(&user_code, state);
        Ok(self.0.catalog.transaction(Durability::Process, decide).await?)
    }

    /// Who signed in for the device that polls with that code, and what it asked for. A code is good
    /// once.
    pub async fn sign_in_device(
        &self,
        client: Guid,
        device_code: &str,
    ) -> Result<(Principal, String), SignInError> {
        let hash = SecretHash::of(device_code).0;
        let found = self.0.catalog.device_code_find(&hash).await?;
        let unknown = SignInError::Grant("the device code is not valid for this client");
        let code = found.filter(|code| code.client == client.to_string()).ok_or(unknown)?;
        if code.expires_at <= self.now() {
            return Err(SignInError::Expired);
        }
        let (user, epoch) = match code.state {
            DeviceCodeState::Pending => return Err(SignInError::Pending),
            DeviceCodeState::Declined => return Err(SignInError::Declined),
            DeviceCodeState::Approved { user, epoch } => (user, epoch),
        };
        let take = move |tx: &mut Transaction<'_, '_>| tx.device_code_take(&hash);
        if !self.0.catalog.transaction(Durability::Process, take).await? {
            return Err(SignInError::Grant("the device code was used"));
        }
        let person = self.still_may_sign_in(user, epoch).await?;
        Ok((person.ok_or(SignInError::Grant(SIGNED_OUT))?, code.scope))
    }
}
