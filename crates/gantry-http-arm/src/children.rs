//! What is the same for each kind of resource that a registry has: listed, shown, written, deleted.

use std::future::Future;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_model::{IfAbsent, Precondition, Registry, Versioned, Written};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::error::ArmError;
use crate::page::{self, LIMIT};
use crate::preconditions::{precondition, status, tagged};
use crate::shape::{Common, Provisioned, Shaped};
use crate::{Call, body, registries};

/// A resource of a registry, in ARM's shape.
pub(crate) trait Child: Sized + Send {
    /// The last part of its type, and of the path of the list.
    const KIND: &'static str;
    /// The parameter of the path that is its name.
    const NAME: &'static str;
    /// What clients take for an answer when one was deleted.
    const DELETED: StatusCode;
    /// What `properties` is.
    type Properties: Serialize + JsonSchema;
    /// What a body that is written is like.
    type Wanted: JsonSchema;

    /// The key that lists are cut by.
    fn key(&self) -> String;

    /// Its name.
    fn name(&self) -> &str;

    /// What `properties` is, and what it has in common with other kinds.
    fn render(&self, call: &Call<'_>, registry: &Registry) -> (Common, Self::Properties);

    /// The one of that name.
    fn find(
        call: &Call<'_>,
        registry: &Registry,
        name: &str,
    ) -> impl Future<Output = Result<Versioned<Self>, ArmError>> + Send;

    /// Up to `limit` behind the key `after`.
    fn list(
        call: &Call<'_>,
        registry: &Registry,
        after: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Self>, ArmError>> + Send;

    /// Brings the one of that name to what the body wishes.
    fn write(
        call: &Call<'_>,
        registry: &Registry,
        wish: WrittenTo,
        wanted: Value,
    ) -> impl Future<Output = Result<(Versioned<Self>, Written), ArmError>> + Send;

    /// Deletes the one of that name; whether there was one.
    fn delete(
        call: &Call<'_>,
        registry: &Registry,
        name: &str,
        precondition: Precondition,
    ) -> impl Future<Output = Result<bool, ArmError>> + Send;
}

/// Where something is written, and how.
#[derive(Clone, Debug)]
pub(crate) struct WrittenTo {
    pub(crate) name: String,
    pub(crate) if_absent: IfAbsent,
    pub(crate) precondition: Precondition,
}

/// The resource in ARM's shape.
pub(crate) type Shown<C> = Shaped<Provisioned<<C as Child>::Properties>>;

fn rendered<C: Child>(call: &Call<'_>, registry: &Registry, child: &C) -> Shown<C> {
    let own = call.app.access.resource_id(registry);
    let (common, properties) = child.render(call, registry);
    Shaped {
        id: format!("{own}/{}/{}", C::KIND, child.name()),
        name: child.name().to_owned(),
        kind: format!("Microsoft.ContainerRegistry/registries/{}", C::KIND),
        common,
        properties: Provisioned::new(properties),
    }
}

pub(crate) async fn list<C: Child>(call: &Call<'_>) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    let found = C::list(call, &registry, &page::after(call)?, LIMIT + 1).await?;
    Ok(page::cut(call, found, C::key, |child| rendered(call, &registry, child)))
}

pub(crate) async fn show<C: Child>(call: &Call<'_>) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    let found = C::find(call, &registry, call.asked.parameter(C::NAME)).await?;
    Ok(tagged(StatusCode::OK, &found.version, rendered(call, &registry, &found.value)))
}

pub(crate) async fn put<C: Child>(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    write::<C>(call, body, IfAbsent::Make).await
}

pub(crate) async fn patch<C: Child>(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    write::<C>(call, body, IfAbsent::Refuse).await
}

async fn write<C: Child>(
    call: &Call<'_>,
    body: Body,
    if_absent: IfAbsent,
) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    let precondition = precondition(&call.parts.headers)?;
    let name = call.asked.parameter(C::NAME).to_owned();
    let wanted: Value = body::read(call.app, body).await?;
    let wish = WrittenTo { name, if_absent, precondition };
    let (found, written) = C::write(call, &registry, wish, wanted).await?;
    Ok(tagged(status(written), &found.version, rendered(call, &registry, &found.value)))
}

pub(crate) async fn remove<C: Child>(call: &Call<'_>) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    let precondition = precondition(&call.parts.headers)?;
    let name = call.asked.parameter(C::NAME);
    Ok(match C::delete(call, &registry, name, precondition).await? {
        true => C::DELETED.into_response(),
        false => StatusCode::NO_CONTENT.into_response(),
    })
}
