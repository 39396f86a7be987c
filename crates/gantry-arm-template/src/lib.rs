//! ARM templates: read, checked, ordered, and their expressions evaluated. Pure.
//!
//! The language is that of Azure's public documentation: "Understand the structure and
//! syntax of ARM templates" and "ARM template functions". A [`Template`] is parsed from
//! JSON; [`Template::deploy`] evaluates with parameters and a [`Context`] all that can be
//! known before anything is made. What depends on resources as they are, `reference` and
//! `list*`, is asked of the caller: evaluation stops with what is [`Needed`], and is begun
//! again with it among what is [`Known`]. No I/O, no clock, no randomness, no async.
//!
//! Templates come from anyone who may deploy, so all is bounded: how long and deep
//! expressions are, how many there are of everything, and what evaluation makes.

mod budget;
mod context;
mod dependencies;
mod deployment;
mod error;
mod evaluate;
mod expression;
mod function;
mod json;
mod known;
mod limits;
mod node;
mod order;
mod plan;
mod problem;
mod resource;
mod resource_name;
mod settle;
mod targets;
mod template;

pub use context::{Context, DeploymentScope, Subscription};
pub use deployment::Deployment;
pub use error::TemplateError;
pub use known::{Known, Needed, Unsettled};
pub use problem::Problem;
pub use resource::Resource;
pub use template::Template;
