//! The roles that come with the server: Azure's, with Azure's ids and actions, so that what names
//! them there names them here.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{RoleDefinition, RoleKind, RolePermissions};
use gantry_arm::Guid;

/// Of each role a line with its id and name, one with what it is for, and one for each action: `+`
/// allowed, `-` not allowed after all, `=` and `!` the same for data actions. `~` stands for
/// `Microsoft.ContainerRegistry/registries/`.
const TABLE: &str = include_str!("built_in.txt");

static ROLES: LazyLock<Vec<RoleDefinition>> = LazyLock::new(|| {
    let roles = TABLE.split("\n\n").map(role);
    roles.collect::<Option<_>>().expect("a test reads the table")
});

static BY_ID: LazyLock<HashMap<Guid, &'static RoleDefinition>> =
    LazyLock::new(|| ROLES.iter().map(|role| (role.id, role)).collect());

/// All of them.
pub fn built_in() -> &'static [RoleDefinition] {
    &ROLES
}

/// The one of that id.
pub fn built_in_by_id(id: Guid) -> Option<&'static RoleDefinition> {
    BY_ID.get(&id).copied()
}

fn role(text: &str) -> Option<RoleDefinition> {
    let mut lines = text.lines();
    let (id, name) = lines.next()?.split_once(' ')?;
    let description = lines.next()?.trim().to_owned();
    let mut permissions = RolePermissions::default();
    for line in lines {
        let (sign, action) = line.trim().split_once(' ')?;
        let action = action.replacen('~', "Microsoft.ContainerRegistry/registries/", 1);
        let set = match sign {
            "+" => &mut permissions.actions,
            "-" => &mut permissions.not_actions,
            "=" => &mut permissions.data_actions,
            "!" => &mut permissions.not_data_actions,
            _ => return None,
        };
        set.push(action.parse().ok()?);
    }
    Some(RoleDefinition {
        id: id.parse().ok()?,
        name: name.to_owned(),
        description,
        kind: RoleKind::BuiltIn,
        permissions: vec![permissions],
        assignable_scopes: vec!["/".to_owned()],
        created_at: None,
        updated_at: None,
    })
}

#[cfg(test)]
mod tests {
    use crate::permission::{Action, Actions, Listing};
    use crate::registry::RoleAssignmentMode::{Registry, Repositories};

    use super::*;

    fn named(name: &str) -> &'static RoleDefinition {
        built_in().iter().find(|role| role.name == name).unwrap_or_else(|| panic!("{name}"))
    }

    #[test]
    fn ids_and_names_are_unique() {
        let mut names: Vec<_> = built_in().iter().map(|role| &role.name).collect();
        names.sort();
        names.dedup();
        assert_eq!((names.len(), BY_ID.len()), (built_in().len(), built_in().len()));
    }

    /// ACR's documentation, "Roles and permissions directory reference".
    #[test]
    fn roles_mean_for_content_what_acr_says() {
        let pull = Actions::READ;
        let push = Actions::of(&[Action::Pull, Action::MetadataRead, Action::Push]);
        let delete = Actions::of(&[Action::Delete]);
        let none = (Actions::NONE, Listing::Refused);
        let write =
            Actions::of(&[Action::Pull, Action::MetadataRead, Action::Push, Action::MetadataWrite]);
        for (name, registry, repositories) in [
            ("AcrPull", (pull, Listing::Every), none),
            ("AcrPush", (push, Listing::Every), none),
            ("AcrDelete", (delete, Listing::Refused), none),
            ("Owner", (Actions::ALL, Listing::Every), none),
            ("Contributor", (Actions::ALL, Listing::Every), none),
            ("Reader", (pull, Listing::Every), none),
            ("Container Registry Repository Reader", none, (pull, Listing::Readable)),
            ("Container Registry Repository Writer", none, (write, Listing::Readable)),
            ("Container Registry Repository Contributor", none, (Actions::ALL, Listing::Readable)),
            ("Container Registry Repository Catalog Lister", none, (Actions::NONE, Listing::Every)),
            (
                "Container Registry Data Importer and Data Reader",
                (pull, Listing::Every),
                (pull, Listing::Every),
            ),
            ("User Access Administrator", (pull, Listing::Every), none),
        ] {
            assert_eq!(named(name).content(Registry), registry, "{name}");
            assert_eq!(named(name).content(Repositories), repositories, "{name}");
        }
    }
}
