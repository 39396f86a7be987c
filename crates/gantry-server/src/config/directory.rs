//! `[directory]`

use gantry_arm::Guid;
use gantry_directory::BootstrapWishes;
use gantry_model::directory::UserPrincipalName;

use super::reader::Reader;
use super::secrets::Secret;
use super::setting::TextSetting;

/// The shortest secret of an application that isn't made here: it is kept by a fast hash.
const SHORTEST_SECRET: usize = 24;

/// Reads `[directory]`: what the first start makes.
pub(super) fn read(reader: &mut Reader) -> BootstrapWishes {
    let mut secret = |key: &str, shortest: usize| {
        let given = reader.optional::<Secret<String>>(key, "generated")?;
        if given.expose().chars().count() < shortest {
            reader.mistake(key, None, format!("has fewer than {shortest} characters"));
        }
        Some(gantry_oci::Secret::new(given.expose().clone()))
    };
    let app_secret = secret("directory.app_secret", SHORTEST_SECRET);
    let user_password = secret("directory.user_password", 8);
    BootstrapWishes {
        tenant: reader.optional("directory.tenant_id", "generated"),
        subscription: reader.optional("directory.subscription_id", "generated"),
        domain: reader
            .optional::<super::hosts::HostName>("directory.domain", "gantry.localhost")
            .map(|domain| domain.to_string()),
        app_id: reader.optional("directory.app_id", "generated"),
        secret: app_secret,
        user: reader.optional("directory.user", "admin@DOMAIN"),
        user_password,
    }
}

impl TextSetting for Guid {
    const WANTED: &'static str = "a GUID";
}

impl TextSetting for UserPrincipalName {
    const WANTED: &'static str = "a user's name";
}
