//! Clients: each does one thing after the other, asks whichever node the balancer picks, and tries
//! again elsewhere when it isn't answered.

mod failure;
mod pull;
mod push;
mod remove;
mod session;

use std::time::Duration;

use gantry_model::permission::{Permit, RepositoryAction};
use gantry_registry::Content;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::deeds::{Deed, End};
use crate::dice::Dice;
use crate::goods::{REPOSITORIES, TAGS};
use crate::nodes::{Nodes, Server};
use crate::world::Ground;
pub(crate) use failure::Failure;

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(45);

pub(crate) struct Client {
    ground: Ground,
    nodes: Nodes,
    number: usize,
    dice: Dice,
    /// How many of a hundred requests it doesn't wait for.
    hangs_up: u64,
}

/// Nobody answered, or only that something failed: what was asked may have been done, or may yet be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoAnswer;

/// What a node said.
pub(crate) type Said<T, E> = Result<Result<T, E>, NoAnswer>;

impl Client {
    pub(crate) fn new(ground: Ground, nodes: Nodes, number: usize, dice: Dice) -> Self {
        Self { ground, nodes, number, dice, hangs_up: 5 }
    }

    /// One that waits for every answer.
    pub(crate) fn patient(self) -> Self {
        Self { hangs_up: 0, ..self }
    }

    /// Works until told that it is over, and ends what it is at.
    pub(crate) async fn work(mut self, over: CancellationToken) {
        while !over.is_cancelled() {
            sleep(self.dice.millis(0, 600)).await;
            let repository = *self.dice.pick(&REPOSITORIES);
            match self.dice.below(100) {
                0..=39 => self.push_something(repository).await,
                40..=57 => self.pull_tag(repository).await,
                58..=77 => self.pull_digest(repository).await,
                78..=84 => self.remove_tag(repository).await,
                85..=90 => self.remove_manifest(repository).await,
                91..=92 => self.remove_blob(repository).await,
                93..=94 => self.ask_for_blob(repository).await,
                95..=98 => self.push_alone(repository).await,
                _ => sleep(self.dice.millis(500, 5_000)).await,
            }
        }
    }

    /// Asks a node; also says which.
    async fn ask<T, E, F>(&mut self, call: impl FnOnce(Content) -> F) -> (Server, Said<T, E>)
    where
        E: Failure,
        F: Future<Output = Result<T, E>>,
    {
        let server = loop {
            match self.nodes.pick(&mut self.dice) {
                Some(server) => break server,
                None => sleep(Duration::from_millis(100)).await,
            }
        };
        let hangs_up = self.dice.percent(self.hangs_up);
        let patience = if hangs_up { self.dice.millis(0, 800) } else { PATIENCE };
        let answer = timeout(patience, Box::pin(call(server.content.clone())));
        let said = tokio::select! {
            biased;
            answer = answer => answer.map_err(|_| NoAnswer),
            () = server.gone.cancelled() => Err(NoAnswer),
        };
        let said = match said {
            Ok(Err(error)) if error.store().is_some() => {
                if !error.is_temporary() {
                    self.ground.witness.accuse(format_args!("{} failed: {error}", server.name));
                }
                Err(NoAnswer)
            }
            said => said,
        };
        (server, said)
    }

    /// The same for what changes something, which the witness is told of.
    async fn change<T, E, F>(
        &mut self,
        deed: Deed,
        call: impl FnOnce(Content) -> F,
    ) -> (Server, Said<T, E>)
    where
        E: Failure,
        F: Future<Output = Result<T, E>>,
    {
        let witness = self.ground.witness.clone();
        self.note(format_args!("begins {}", deed.tell(&self.ground.goods)));
        let id = witness.begins(deed.clone());
        let (server, said) = self.ask(call).await;
        let (end, told) = match &said {
            Ok(Ok(_)) => (End::Done, String::new()),
            Ok(Err(error)) => (End::Refused, format!(": {}", error.kind())),
            Err(NoAnswer) => (End::Unclear, String::new()),
        };
        let deed = deed.tell(&self.ground.goods);
        self.note(format_args!("is told by {} of {deed}: {end:?}{told}", server.name));
        witness.ends(id, end);
        (server, said)
    }

    fn note(&self, what: std::fmt::Arguments<'_>) {
        self.ground.trace.note(format_args!("client-{} {what}", self.number));
    }

    fn permit<A: RepositoryAction>(&self, repository: &str) -> Permit<A> {
        self.ground.actor.permit(&repository.parse().unwrap()).unwrap()
    }

    fn tag(&mut self) -> String {
        (*self.dice.pick(&TAGS)).into()
    }
}
