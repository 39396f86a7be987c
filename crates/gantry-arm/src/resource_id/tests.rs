use super::*;

const S: &str = "/subscriptions/00000000-0000-0000-0000-00000000000a";
const G: &str = "/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/rg";
const R: &str = "/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/MyReg";

fn id(text: &str) -> ResourceId {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn ids_tell_their_parts() {
    let token = format!("{R}/tokens/t1");
    let assignment = format!("{R}/providers/Microsoft.Authorization/roleAssignments/x");
    let role = format!("{S}/providers/Microsoft.Authorization/roleDefinitions/x");
    for (text, resource_type, group, name, parent) in [
        ("/", "Microsoft.Resources/tenants", None, None, None),
        (
            S,
            "Microsoft.Resources/subscriptions",
            None,
            Some("00000000-0000-0000-0000-00000000000a"),
            Some("/"),
        ),
        (G, "Microsoft.Resources/resourceGroups", Some("rg"), Some("rg"), Some(S)),
        (R, "Microsoft.ContainerRegistry/registries", Some("rg"), Some("MyReg"), Some(G)),
        (&token, "Microsoft.ContainerRegistry/registries/tokens", Some("rg"), Some("t1"), Some(R)),
        (&assignment, "Microsoft.Authorization/roleAssignments", Some("rg"), Some("x"), Some(R)),
        (&role, "Microsoft.Authorization/roleDefinitions", None, Some("x"), Some(S)),
        (
            "/providers/Microsoft.Authorization/roleDefinitions/x",
            "Microsoft.Authorization/roleDefinitions",
            None,
            Some("x"),
            Some("/"),
        ),
    ] {
        let parsed = id(text);
        assert_eq!(parsed.to_string(), text);
        assert_eq!(parsed.resource_type(), resource_type, "{text}");
        assert!(parsed.is_type(&resource_type.to_uppercase()), "{text}");
        assert_eq!(parsed.resource_group(), group, "{text}");
        assert_eq!(parsed.name(), name, "{text}");
        assert_eq!(parsed.parent(), parent.map(id), "{text}");
        assert_eq!(parsed.subscription().is_some(), text.starts_with(S), "{text}");
    }
}

#[test]
fn words_become_canonical_and_names_stay() {
    let written = R
        .replace("subscriptions", "SUBSCRIPTIONS")
        .replace("resourceGroups", "resourcegroups")
        .replace("providers", "Providers")
        .replace("00a", "00A");
    assert_eq!(id(&written).as_str(), R);
    let lower = R.to_lowercase();
    assert_eq!(id(&lower).name(), Some("myreg"));
    assert_eq!(id(&lower), id(R));
    assert_eq!(id(&lower).cmp(&id(R)), Ordering::Equal);
    let hash = |id: &ResourceId| {
        let mut hasher = std::hash::DefaultHasher::new();
        id.hash(&mut hasher);
        hasher.finish()
    };
    assert_eq!(hash(&id(&lower)), hash(&id(R)));
    assert_eq!(serde_json::to_string(&id(S)).unwrap(), format!("{S:?}"));
}

#[test]
fn a_scope_contains_itself_and_what_is_in_it() {
    let other = format!("{S}/resourceGroups/rgx");
    let assignment = format!("{R}/providers/Microsoft.Authorization/roleAssignments/x");
    for (scope, within, contains) in [
        ("/", "/", true),
        ("/", S, true),
        ("/", &*assignment, true),
        (S, G, true),
        (S, R, true),
        (G, R, true),
        (R, &*assignment, true),
        (R, R, true),
        (&*R.to_uppercase(), &*assignment, true),
        (G, &*other, false),
        (&*other, G, false),
        (G, S, false),
        (S, "/", false),
        (&*assignment, R, false),
        ("/subscriptions/00000000-0000-0000-0000-00000000000b", R, false),
    ] {
        assert_eq!(id(scope).contains(&id(within)), contains, "{scope} and {within}");
    }
}

#[test]
fn ids_are_joined_from_parts() {
    let segments = "/providers/Microsoft.Authorization/roleAssignments/x";
    assert_eq!(id(R).join(segments), Ok(id(&format!("{R}{segments}"))));
    assert_eq!(ResourceId::root().join(segments), Ok(id(segments)));
    assert_eq!(id(R).join("/tokens/t").unwrap().parent(), Some(id(R)));
    assert!(id(R).join("/tokens").is_err());
}

#[test]
fn a_name_may_be_one_of_the_words() {
    let odd = format!("{G}/providers/Microsoft.X/providersOf/providers/kinds/subscriptions");
    assert_eq!(id(&odd).resource_type(), "Microsoft.X/providersOf/kinds");
    assert_eq!(id(&odd).parent().unwrap().name(), Some("providers"));
    assert_eq!(id(&odd).parent().unwrap().parent(), Some(id(G)));
    let group = format!("{S}/resourceGroups/Providers");
    assert_eq!(id(&group).as_str(), group);
    // A type may be, too; it makes no scope of the name behind it.
    let tenant = id("/providers/Microsoft.X/resourceGroups/rg");
    assert_eq!((tenant.resource_group(), tenant.subscription()), (None, None));
    let subscription = id(&format!("{S}/providers/resourceGroups/kinds/rg"));
    assert_eq!(subscription.resource_group(), None);
}

#[test]
fn what_is_no_id_is_refused_with_the_reason() {
    use ResourceIdError::*;
    let unexpected = |text: &str, wanted| Unexpected(text.into(), wanted);
    let name = |text: &str, what| Name(text.into(), what);
    for (text, reason) in [
        (String::new(), NoSlash),
        ("subscriptions".into(), NoSlash),
        ("//".into(), EmptySegment),
        (format!("{S}/"), EmptySegment),
        (format!("{S}//resourceGroups/rg"), EmptySegment),
        ("/x".into(), unexpected("x", "`subscriptions` or `providers`")),
        (
            "/resourceGroups/rg".into(),
            unexpected("resourceGroups", "`subscriptions` or `providers`"),
        ),
        (format!("{S}/x"), unexpected("x", "`resourceGroups` or `providers`")),
        (format!("{G}/x"), unexpected("x", "`providers`")),
        ("/subscriptions".into(), Incomplete("a subscription's GUID")),
        (format!("{S}/resourceGroups"), Incomplete("a resource group's name")),
        (format!("{G}/providers"), Incomplete("a provider's namespace")),
        (format!("{G}/providers/Ns"), Incomplete("a resource type")),
        (format!("{G}/providers/Ns/t"), Incomplete("a resource's name")),
        (format!("{R}/tokens"), Incomplete("a resource's name")),
        (format!("{R}/providers"), Incomplete("a provider's namespace")),
        ("/subscriptions/1".into(), Subscription(GuidError)),
        (format!("{S}/resourceGroups/a."), name("a.", "a resource group's name")),
        (format!("{S}/resourceGroups/a b"), name("a b", "a resource group's name")),
        (format!("{S}/resourceGroups/é"), name("é", "a resource group's name")),
        (format!("{G}/providers/a..b/t/n"), name("a..b", "a provider's namespace")),
        (format!("{G}/providers/a/t*/n"), name("t*", "a resource type")),
        (format!("{G}/providers/a/t/n?"), name("n?", "a resource's name")),
        (format!("{G}/providers/a/t/.."), name("..", "a resource's name")),
        (format!("{G}/providers/a/t/a%2fb"), name("a%2fb", "a resource's name")),
        (format!("{G}/providers/a/t/a\0"), name("a\0", "a resource's name")),
        (format!("{G}/providers/a/t{}", "/x".repeat(1000)), TooLong),
    ] {
        assert_eq!(text.parse::<ResourceId>(), Err(reason), "{text:?}");
    }
    let long = "n".repeat(260);
    assert_eq!(id(&format!("{G}/providers/a/t/{long}")).name(), Some(&*long));
    assert!(format!("{G}/providers/a/t/{long}n").parse::<ResourceId>().is_err());
    assert!(format!("{S}/resourceGroups/{}", "g".repeat(91)).parse::<ResourceId>().is_err());
}
