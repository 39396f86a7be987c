//! `gantry keys`

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::operator::{Operator, Row, Told, row};
use crate::serving::control::KnownKey;

/// Options of `gantry keys`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    operator: Operator,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists the keys that sign and check tokens
    List,
    /// Makes new keys, which sign in a moment; what older ones have signed stays good
    Rotate,
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    options.operator.run(async |client| {
        Ok(match options.verb {
            Verb::List => Told::many(client.keys().await?.iter().map(shown).collect()),
            Verb::Rotate => {
                let keys = client.rotate_keys().await?;
                Told::many(keys.iter().map(shown).collect())
                    .saying("the new keys sign as soon as every node knows them")
            }
        })
    })
}

fn shown(key: &KnownKey) -> Row {
    row! {
        "tokensOf": key.tokens_of,
        "id": key.id,
        "createdAt": key.created_at,
        "signs": key.signs,
    }
}
