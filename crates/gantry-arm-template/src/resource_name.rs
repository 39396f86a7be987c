//! How a resource's id is made of its scope, type and name.

use std::fmt::Write;

/// The id of a resource in a scope, or `None` if the names don't fit the type, which has one
/// segment more, its namespace.
///
/// The tenant's scope is the empty text. Resource groups are not under `providers`: their id
/// is the scope's with `/resourceGroups/{name}` behind it.
pub(crate) fn id(scope: &str, resource_type: &str, names: &[&str]) -> Option<String> {
    let mut types = resource_type.split('/');
    let namespace = types.next()?;
    let types: Vec<_> = types.collect();
    let segments = || types.iter().chain(names).chain([&namespace]);
    if types.is_empty() || types.len() != names.len() || segments().any(|s| !is_segment(s)) {
        return None;
    }
    let scope = scope.trim_end_matches('/');
    if resource_type.eq_ignore_ascii_case("Microsoft.Resources/resourceGroups") {
        return Some(format!("{scope}/resourceGroups/{}", names[0]));
    }
    let mut id = format!("{scope}/providers/{namespace}");
    for (resource_type, name) in types.iter().zip(names) {
        write!(id, "/{resource_type}/{name}").expect("texts take all");
    }
    Some(id)
}

fn is_segment(text: &str) -> bool {
    !text.is_empty() && !text.contains('/') && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_between_the_segments_of_types() {
        const REGISTRY: &str = "Microsoft.ContainerRegistry/registries";
        for (scope, resource_type, names, made) in [
            (
                "/subscriptions/s",
                REGISTRY,
                &["r"][..],
                Some("/subscriptions/s/providers/Microsoft.ContainerRegistry/registries/r"),
            ),
            ("", "A.B/c/d", &["x", "y"], Some("/providers/A.B/c/x/d/y")),
            ("/", "A.B/c", &["x"], Some("/providers/A.B/c/x")),
            (
                "/s",
                "A.B/c/providers/e",
                &["x", "D.E", "y"],
                Some("/s/providers/A.B/c/x/providers/D.E/e/y"),
            ),
            ("/s", "Microsoft.Resources/resourceGroups", &["g"], Some("/s/resourceGroups/g")),
            ("", "A.B/c", &["x", "y"], None),
            ("", "A.B/c/d", &["x"], None),
            ("", "A.B", &[], None),
            ("", "A.B/c", &["x/y"], None),
            ("", "A.B/c", &[""], None),
        ] {
            assert_eq!(id(scope, resource_type, names).as_deref(), made, "{resource_type}");
        }
    }
}
