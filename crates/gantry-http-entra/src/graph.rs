//! The part of Microsoft Graph v1.0 by which Azure's clients keep users, groups, applications and
//! service principals, under `/graph/v1.0`; and under `/graph/gantry` what Graph has no word for.
//!
//! What isn't understood is refused by name, whether it is a path, a parameter or a property.

mod applications;
mod body;
mod credentials;
mod error;
mod federations;
mod groups;
mod identities;
mod list;
mod objects;
mod reply;
mod service_principals;
mod tenant;
mod users;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_arm::ResourceId;
use gantry_directory::{Audience, Directory, Principal, PrincipalKind, TokenRefusal};
use gantry_model::audit::{AuditAction, AuditOutcome};
use gantry_model::directory::{Application, Group, ServicePrincipal, User};
use gantry_model::permission::Identity;
use gantry_oci::Authorization;
use http::Method;
use http::header::AUTHORIZATION;

use crate::call::Call;
use error::GraphError;
use list::list;
use reply::Reply;

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum GraphCaller {
    /// Someone who has shown a token.
    Principal(Principal),
    /// Whoever is at the operator's own socket.
    Operator,
}

/// A question to Graph.
struct Graph<'c> {
    call: &'c Call<'c>,
    caller: GraphCaller,
}

/// Answers whoever shows a token.
pub(crate) async fn serve(call: &Call<'_>, rest: &str, body: Body) -> Response {
    match authenticate(call).await {
        Ok(principal) => serve_to(call, GraphCaller::Principal(principal), rest, body).await,
        Err(error) => error.answer(call),
    }
}

/// Answers whom the caller is known to be. `rest` is the path behind `/graph/`.
pub(crate) async fn serve_to(
    call: &Call<'_>,
    caller: GraphCaller,
    rest: &str,
    body: Body,
) -> Response {
    let graph = Graph { call, caller };
    match graph.respond(rest, body).await {
        Ok(reply) => reply.into_response(),
        Err(error) => error.answer(call),
    }
}

async fn authenticate(call: &Call<'_>) -> Result<Principal, GraphError> {
    let header = call.parts.headers.get(AUTHORIZATION);
    let header = header.ok_or_else(|| GraphError::unauthenticated("Access token is empty."))?;
    let parsed = header.to_str().ok().and_then(|text| text.parse().ok());
    let Some(Authorization::Bearer { token }) = parsed else {
        return Err(GraphError::unauthenticated(
            "The Authorization header must be a Bearer token.",
        ));
    };
    match call.directory().verify(token.expose(), &[Audience::Graph]).await {
        Ok(principal) => Ok(principal),
        Err(TokenRefusal::Catalog(error)) => Err(error.into()),
        Err(refusal) => Err(GraphError::unauthenticated(&refusal.to_string())),
    }
}

impl Graph<'_> {
    fn directory(&self) -> &Directory {
        self.call.directory()
    }

    /// Who may what: the only place that decides.
    ///
    /// Whoever is a user or an application of this directory reads all of it, as Entra's users do. To
    /// change something one must be its operator, or have the subscription's right to give others any
    /// role (`Owner`, `User Access Administrator`): who sets an owner's password, or makes a secret for
    /// an owner's application, is an owner. A right to assign some roles is less than that, which is why
    /// two actions are asked for: roles that are limited to assigning have the first alone.
    async fn check_right(&self, wanted: Right) -> Result<(), GraphError> {
        const ALL_OF_THESE: [&str; 2] = [
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/elevateAccess/action",
        ];
        let GraphCaller::Principal(principal) = &self.caller else { return Ok(()) };
        if wanted == Right::Read && self.is_ours(principal).await? {
            return Ok(());
        }
        let subscription = format!("/subscriptions/{}", self.directory().tenant().subscription);
        let subscription: ResourceId =
            subscription.parse().expect("a subscription's id is the id of a resource");
        let authority = self.call.app.access.authority_of(principal.id).await?;
        match ALL_OF_THESE.iter().all(|action| authority.may(action, &subscription)) {
            true => Ok(()),
            false => Err(GraphError::denied()),
        }
    }

    /// Those whom other issuers sign in are guests.
    async fn is_ours(&self, principal: &Principal) -> Result<bool, GraphError> {
        Ok(match principal.kind {
            PrincipalKind::User => self.directory().find_user(principal.id).await?.is_some(),
            PrincipalKind::App => {
                self.directory().find_service_principal(principal.id).await?.is_some()
            }
        })
    }

    async fn respond(&self, rest: &str, body: Body) -> Result<Reply, GraphError> {
        let path = segments(rest);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let right = match (&self.call.parts.method, path.as_slice()) {
            (&Method::GET | &Method::HEAD, _) => Right::Read,
            // Questions that are too long for an address.
            (&Method::POST, ["v1.0", "directoryObjects", "getByIds"]) => Right::Read,
            (&Method::POST, ["v1.0", kind, _, question])
                if objects::is_about_groups(kind, question) =>
            {
                Right::Read
            }
            // Asks for the present password.
            (&Method::POST, ["v1.0", "me", "changePassword"]) => Right::Read,
            _ => Right::Write,
        };
        match right {
            Right::Read => {
                self.check_right(right).await?;
                self.answer(&path, body).await
            }
            Right::Write => {
                let checked = self.check_right(right).await;
                let outcome = match checked {
                    Ok(()) => self.answer(&path, body).await,
                    Err(error) => Err(error),
                };
                self.note(&outcome);
                outcome
            }
        }
    }

    /// Notes in the audit stream who changed something, or may not.
    fn note(&self, outcome: &Result<Reply, GraphError>) {
        let (outcome, made) = match outcome {
            Ok(reply) => (AuditOutcome::Granted, reply.id()),
            Err(error) if error.is_denial() => (AuditOutcome::Refused, None),
            Err(_) => return,
        };
        let identity = match &self.caller {
            GraphCaller::Principal(principal) => {
                Identity::principal(&principal.id.to_string()).as_str().to_owned()
            }
            // Whoever answers at the operator's socket notes it.
            GraphCaller::Operator => return,
        };
        let parts = self.call.parts;
        let made = made.map(|id| format!(": {id}")).unwrap_or_default();
        let detail = format!("{} {}{made}", parts.method, parts.uri.path());
        self.call.note(AuditAction::Manage, outcome, &identity, detail);
    }

    async fn answer(&self, path: &[&str], body: Body) -> Result<Reply, GraphError> {
        match path {
            ["v1.0", rest @ ..] => self.v1(rest, body).await,
            ["gantry", rest @ ..] => self.own(rest, body).await,
            _ => Err(GraphError::no_segment(path.first().copied().unwrap_or_default())),
        }
    }

    /// Microsoft's own.
    async fn v1(&self, path: &[&str], body: Body) -> Result<Reply, GraphError> {
        let method = match self.call.parts.method.as_str() {
            "HEAD" => "GET",
            method => method,
        };
        match (method, path) {
            ("GET", ["users"]) => list::<User>(self).await,
            ("POST", ["users"]) => self.create_user(body).await,
            ("GET", ["users", key]) => self.show_user(key).await,
            ("PATCH", ["users", key]) => self.change_user(key, body).await,
            ("DELETE", ["users", key]) => self.delete_user(key).await,
            ("POST", ["users", key, "revokeSignInSessions"]) => self.revoke_sessions(key).await,

            ("GET", ["groups"]) => list::<Group>(self).await,
            ("POST", ["groups"]) => self.create_group(body).await,
            ("GET", ["groups", id]) => self.show_group(id).await,
            ("PATCH", ["groups", id]) => self.change_group(id, body).await,
            ("DELETE", ["groups", id]) => self.delete_group(id).await,
            ("GET", ["groups", id, "members"]) => self.list_members(id).await,
            ("POST", ["groups", id, "members", "$ref"]) => self.add_member(id, body).await,
            ("DELETE", ["groups", id, "members", member, "$ref"]) => {
                self.remove_member(id, member).await
            }

            ("GET", ["applications"]) => list::<Application>(self).await,
            ("POST", ["applications"]) => self.create_application(body).await,
            ("GET", ["applications", key]) => self.show_application(key).await,
            ("PATCH", ["applications", key]) => self.change_application(key, body).await,
            ("DELETE", ["applications", key]) => self.delete_application(key).await,
            ("POST", ["applications", key, "addPassword"]) => {
                let application = self.application(key).await?;
                self.add_password(&application, body).await
            }
            ("POST", ["applications", key, "removePassword"]) => {
                let application = self.application(key).await?;
                self.remove_password(&application, body).await
            }
            (_, ["applications", key, "federatedIdentityCredentials", rest @ ..]) => {
                let application = self.application(key).await?;
                self.federations(&application, method, rest, body).await
            }

            ("GET", ["servicePrincipals"]) => list::<ServicePrincipal>(self).await,
            ("POST", ["servicePrincipals"]) => self.create_service_principal(body).await,
            ("GET", ["servicePrincipals", key]) => self.show_service_principal(key).await,
            ("PATCH", ["servicePrincipals", key]) => self.change_service_principal(key, body).await,
            ("DELETE", ["servicePrincipals", key]) => self.delete_service_principal(key).await,
            ("POST", ["servicePrincipals", key, "addPassword"]) => {
                let application = self.application_behind(key).await?;
                self.add_password(&application, body).await
            }
            ("POST", ["servicePrincipals", key, "removePassword"]) => {
                let application = self.application_behind(key).await?;
                self.remove_password(&application, body).await
            }

            ("POST", ["directoryObjects", "getByIds"]) => self.objects_by_ids(body).await,
            ("GET", ["directoryObjects", id]) => self.show_object(id).await,
            (_, [kind, key, question]) if objects::is_about_groups(kind, question) => {
                self.groups_of(kind, key, method, question, body).await
            }

            ("GET", ["me"]) => self.show_me().await,
            ("POST", ["me", "changePassword"]) => self.change_my_password(body).await,
            ("GET", ["organization"]) => self.list_organizations(),
            ("GET", ["domains"]) => self.list_domains(),
            _ => Err(GraphError::no_segment(path.last().copied().unwrap_or_default())),
        }
    }

    /// Ours: managed identities with their workloads, codes besides passwords, ends of sign-ins.
    async fn own(&self, path: &[&str], body: Body) -> Result<Reply, GraphError> {
        let method = match self.call.parts.method.as_str() {
            "HEAD" => "GET",
            method => method,
        };
        match (method, path) {
            ("GET", ["identities"]) => self.list_identities().await,
            ("POST", ["identities"]) => self.create_identity(body).await,
            ("GET", ["identities", id]) => self.show_identity(id).await,
            ("DELETE", ["identities", id]) => self.delete_identity(id).await,
            ("GET", ["identities", id, "workloads"]) => self.list_workloads(id).await,
            ("POST", ["identities", id, "workloads"]) => self.add_workload(id, body).await,
            ("DELETE", ["identities", id, "workloads", workload]) => {
                self.remove_workload(id, workload).await
            }
            ("POST", ["users", key, "totp"]) => self.enable_totp(key).await,
            ("DELETE", ["users", key, "totp"]) => self.disable_totp(key).await,
            ("POST", ["principals", id, "signOut"]) => self.sign_out(id).await,
            _ => Err(GraphError::no_segment(path.last().copied().unwrap_or_default())),
        }
    }
}

/// What somebody wants to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Right {
    Read,
    Write,
}

/// The path's segments, decoded. `users('a@b')` is `users/a@b`, and `applications(appId='…')` is
/// `applications/appId=…` (OData 4.01, "URL Conventions", 4.3).
fn segments(path: &str) -> Vec<String> {
    let mut found = Vec::new();
    for segment in path.split('/') {
        let segment = decoded(segment);
        match segment.strip_suffix(')').and_then(|segment| segment.split_once('(')) {
            Some((name, key)) => {
                let (property, value) = key.split_once('=').unwrap_or(("", key));
                let value = value.trim().trim_start_matches('\'').trim_end_matches('\'');
                let value = value.replace("''", "'");
                found.push(name.to_owned());
                found.push(match property.trim() {
                    "" => value,
                    property => format!("{property}={value}"),
                });
            }
            None => found.push(segment),
        }
    }
    found
}

fn decoded(segment: &str) -> String {
    let plain = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let pair = form_urlencoded::parse(plain.as_bytes()).next();
    pair.map_or(String::new(), |(text, _)| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_in_two_ways() {
        for (path, found) in [
            ("v1.0/users", &["v1.0", "users"][..]),
            ("v1.0/users/a+b%23c@d", &["v1.0", "users", "a+b#c@d"]),
            ("v1.0/users('$a@b')", &["v1.0", "users", "$a@b"]),
            ("v1.0/users('o''neil@b')", &["v1.0", "users", "o'neil@b"]),
            (
                "v1.0/applications(appId='x')/addPassword",
                &["v1.0", "applications", "appId=x", "addPassword"],
            ),
            ("v1.0/groups/x/members/$ref", &["v1.0", "groups", "x", "members", "$ref"]),
            ("v1.0/groups%2Fx", &["v1.0", "groups/x"]),
            ("", &[""]),
        ] {
            assert_eq!(segments(path), found, "{path}");
        }
    }
}
