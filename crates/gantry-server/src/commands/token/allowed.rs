//! What a token may do: `--scope-map MAP`, or `--repository REPO ACTIONS…` as often as there are
//! repositories. Each occurrence is a list, which derived options can't tell apart.

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Args, Command, Error, FromArgMatches};

const SCOPE_MAP: &str = "scope-map";
const REPOSITORY: &str = "repository";

/// What a token may do.
#[derive(Debug)]
pub(super) enum Allowed {
    /// What the scope map of that name says.
    ScopeMap(String),
    /// These actions of a scope map.
    Repositories(Vec<String>),
}

impl Args for Allowed {
    fn augment_args(command: Command) -> Command {
        command
            .arg(
                Arg::new(SCOPE_MAP)
                    .long(SCOPE_MAP)
                    .value_name("MAP")
                    .help("The scope map that says what it may do, such as _repositories_pull"),
            )
            .arg(
                Arg::new(REPOSITORY)
                    .long(REPOSITORY)
                    .value_names(["REPO", "ACTION"])
                    .num_args(2..)
                    .action(ArgAction::Append)
                    .help(
                        "A repository, and what it may do there: pull, push, delete, metadata/read, \
                         metadata/write; repeatable. Makes a scope map of it",
                    ),
            )
            .group(ArgGroup::new("allowed").args([SCOPE_MAP, REPOSITORY]).required(true))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Allowed {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        if let Some(map) = matches.get_one::<String>(SCOPE_MAP) {
            return Ok(Self::ScopeMap(map.clone()));
        }
        let mut actions = Vec::new();
        for words in matches.get_occurrences::<String>(REPOSITORY).into_iter().flatten() {
            let words: Vec<&String> = words.collect();
            let Some((repository, wanted)) = words.split_first() else { continue };
            for word in wanted {
                let meant = meaning(word).ok_or_else(|| {
                    let text = format!(
                        "{word:?} is nothing that a token may do: write pull, push, delete, \
                         metadata/read or metadata/write\n"
                    );
                    Error::raw(ErrorKind::InvalidValue, text)
                })?;
                let new = meant.iter().map(|action| format!("repositories/{repository}/{action}"));
                actions.extend(new.filter(|action| !actions.contains(action)).collect::<Vec<_>>());
            }
        }
        Ok(Self::Repositories(actions))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// What a word means in a scope map. Who pushes reads too: clients look what is there already.
fn meaning(word: &str) -> Option<&'static [&'static str]> {
    Some(match word {
        "pull" | "content/read" => &["content/read"],
        "push" => &["content/read", "content/write"],
        "content/write" => &["content/write"],
        "delete" | "content/delete" => &["content/delete"],
        "metadata/read" => &["metadata/read"],
        "metadata/write" => &["metadata/write"],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Allowed, Error> {
        let command = Allowed::augment_args(Command::new("create").no_binary_name(true));
        Allowed::from_arg_matches(&command.try_get_matches_from(line.split(' '))?)
    }

    #[test]
    fn each_repository_has_actions_of_its_own() {
        let line = "--repository pull pull --repository team/app push metadata/read pull";
        let Ok(Allowed::Repositories(actions)) = parse(line) else { panic!("{line}") };
        assert_eq!(
            actions,
            [
                "repositories/pull/content/read",
                "repositories/team/app/content/read",
                "repositories/team/app/content/write",
                "repositories/team/app/metadata/read",
            ]
        );
        assert!(matches!(parse("--scope-map mine"), Ok(Allowed::ScopeMap(map)) if map == "mine"));
        for line in
            ["--repository app", "--repository app fly", "--scope-map x --repository app pull"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
