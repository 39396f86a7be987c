use super::*;
use crate::ActionPatternError;

/// The name of a repository, as conditions write it.
const NAME: &str = "@Request[Microsoft.ContainerRegistry/registries/repositories:name]";

/// An action on repositories, from its last two segments.
fn action(verb: &str) -> String {
    format!("Microsoft.ContainerRegistry/registries/repositories/{verb}")
}

fn parse(text: &str) -> Condition {
    Condition::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// Whether a condition holds for reading a repository's content. In it `{n}` is its name,
/// `{a}` the action asked for, `{other}` another one, and `{u}` what no request has.
fn holds(shorthand: &str, repository: &str) -> bool {
    let condition = parse(&spell(shorthand));
    let request = Attributes { action: &action("content/read"), repository: Some(repository) };
    let holds = condition.holds(&request);
    assert_eq!(Condition::parse(&condition.to_string()), Ok(condition.clone()), "{condition}");
    let names = condition.names(request.action);
    assert!(!holds || names.ranges.contains(repository), "{shorthand} on {repository}");
    if names.exactness == Exactness::Exact {
        assert_eq!(names.ranges.contains(repository), holds, "{shorthand} on {repository}");
    }
    holds
}

fn spell(shorthand: &str) -> String {
    shorthand
        .replace("{n}", NAME)
        .replace("{a}", &format!("ActionMatches{{'{}'}}", action("content/read")))
        .replace("{other}", &format!("ActionMatches{{'{}'}}", action("content/write")))
        .replace("{u}", "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Team]")
}

// ACR, "Microsoft Entra attribute-based access control for repository permissions".

/// What the portal makes for Container Registry Repository Reader.
fn reader(expressions: &str) -> Condition {
    parse(&format!(
        "(
          (
            !(ActionMatches{{'{}'}})
            AND
            !(ActionMatches{{'{}'}})
          )
          OR
          (
            {expressions}
          )
        )",
        action("content/read"),
        action("metadata/read"),
    ))
}

#[test]
fn a_reader_of_one_repository() {
    let condition = reader(&format!("{NAME} StringEqualsIgnoreCase 'nginx'"));
    for (verb, repository, holds) in [
        ("content/read", "nginx", true),
        ("metadata/read", "nginx", true),
        ("content/read", "nginx/x", false),
        ("metadata/read", "nginx2", false),
        ("content/read", "redis", false),
        // The condition is silent on what it doesn't name: the role's actions decide.
        ("content/write", "redis", true),
    ] {
        let request = Attributes { action: &action(verb), repository: Some(repository) };
        assert_eq!(condition.holds(&request), holds, "{verb} {repository}");
    }
    assert_eq!(condition.check_supported(), Ok(()));
    let names = condition.names(&action("content/read"));
    assert_eq!(
        (names.ranges, names.exactness),
        (crate::NameRanges::exact("nginx"), Exactness::Exact)
    );
    let names = condition.names(&action("content/write"));
    assert!(names.ranges.is_everything() && names.exactness == Exactness::Exact);
}

#[test]
fn a_reader_below_a_prefix() {
    let condition = reader(&format!("{NAME} StringStartsWithIgnoreCase 'backend/'"));
    let holds = |repository| {
        condition
            .holds(&Attributes { action: &action("content/read"), repository: Some(repository) })
    };
    assert!(holds("backend/api") && holds("backend/a/b"));
    assert!(!holds("backend") && !holds("backend-infra/x") && !holds("frontend/backend/x"));
    let names = condition.names(&action("metadata/read"));
    assert_eq!(names.ranges, crate::NameRanges::prefix("backend/"));
}

#[test]
fn a_reader_of_several() {
    let condition = reader(&format!(
        "{NAME} StringEqualsIgnoreCase 'nginx' OR {NAME} StringStartsWithIgnoreCase 'backend/'"
    ));
    let names = condition.names(&action("content/read"));
    assert_eq!(names.ranges.iter().count(), 2);
    assert_eq!(names.exactness, Exactness::Exact);
    for (repository, within) in [("nginx", true), ("backend/x", true), ("redis", false)] {
        assert_eq!(names.ranges.contains(repository), within, "{repository}");
    }
}

#[test]
fn the_canonical_text_is_on_one_line() {
    let condition = reader(&format!("{NAME} StringEqualsIgnoreCase 'x'"));
    assert_eq!(
        condition.to_string(),
        format!(
            "(!(ActionMatches{{'{}'}}) AND !(ActionMatches{{'{}'}})) OR {NAME} StringEqualsIgnoreCase 'x'",
            action("content/read"),
            action("metadata/read"),
        )
    );
    assert!(condition.as_written().contains('\n'));
}

#[test]
fn operators_on_texts() {
    for (condition, yes, no) in [
        ("{n} StringEquals 'a/b'", "a/b", "a/bc"),
        ("{n} StringEquals 'a/b'", "a/b", "a"),
        ("{n} StringNotEquals 'a/b'", "a", "a/b"),
        ("{n} StringEqualsIgnoreCase 'A/B'", "a/b", "a/c"),
        ("{n} StringNotEqualsIgnoreCase 'A/B'", "a/c", "a/b"),
        ("{n} StringNotEquals 'A/B'", "a/b", ""),
        ("{n} StringStartsWith 'a/'", "a/b", "ab"),
        ("{n} StringStartsWith ''", "a", ""),
        ("{n} StringNotStartsWith 'a/'", "ab", "a/b"),
        ("{n} StringStartsWithIgnoreCase 'A/'", "a/b", "b/a/"),
        ("{n} StringNotStartsWithIgnoreCase 'A/'", "b/a", "a/b"),
        ("{n} StringLike 'a*c?'", "abcd", "abc"),
        ("{n} StringLike 'a/*'", "a/b/c", "a"),
        ("{n} StringLike '*'", "a", ""),
        ("{n} StringLike '*/prod'", "a/prod", "a/prod/x"),
        ("{n} StringNotLike 'a*'", "b", "ab"),
        ("{n} StringNotLike '*x*'", "abc", "axc"),
        ("{n} StringLikeIgnoreCase 'A?C'", "abc", "abd"),
        ("{n} StringNotLikeIgnoreCase 'A?C'", "abd", "abc"),
        ("{n} stringequals 'a'", "a", "b"),
        ("{n} STRINGLIKEIGNORECASE 'A*'", "a", "b"),
        (r"{n} StringNotLike 'a\*'", "ab", ""),
        (r"{n} StringNotEquals 'it\'s'", "its", ""),
        ("'a' StringEquals {n}", "a", "b"),
        ("'a/b' StringStartsWith {n}", "a/", "b"),
        (
            "@Resource[microsoft.containerregistry/REGISTRIES/repositories:Name] StringEquals 'a'",
            "a",
            "b",
        ),
        (
            "{n} StringEquals @resource[Microsoft.ContainerRegistry/registries/repositories:name]",
            "a",
            "",
        ),
        ("Exists {n}", "a", ""),
        ("NOT NotExists {n}", "a", ""),
    ] {
        assert!(holds(condition, yes), "{condition} on {yes}");
        assert!(no.is_empty() || !holds(condition, no), "{condition} on {no}");
    }
    for condition in [
        "{n} StringEquals 'A'",
        "{n} StringStartsWith 'A'",
        "{n} StringLike 'A*'",
        r"{n} StringLike 'a\*'",
        r"{n} StringLike 'a\?'",
        "{n} StringEquals 'a*'",
        "{n} StringEquals ''",
        // Not a letter that ASCII folds.
        "{n} StringEqualsIgnoreCase '\u{212a}'",
        "NotExists {n}",
        "{n} StringNotLike '*'",
    ] {
        assert!(!holds(condition, "a") && !holds(condition, "k"), "{condition}");
    }
}

#[test]
fn operators_on_sets() {
    for (condition, yes, no) in [
        ("{n} ForAnyOfAnyValues:StringEquals {'a', 'b'}", "b", "c"),
        ("{n} ForAllOfAnyValues:StringEquals {'a', 'b'}", "a", "c"),
        ("{n} ForAnyOfAllValues:StringStartsWith {'a', 'ab'}", "abc", "ac"),
        ("{n} ForAllOfAllValues:StringLike {'a*', '*b'}", "axb", "ax"),
        ("{n} ForAnyOfAllValues:StringNotEquals {'a', 'b'}", "c", "a"),
        ("{n} ForAnyOfAnyValues:StringNotEquals {'a'}", "b", "a"),
        ("{n} foranyofanyvalues:stringequalsignorecase {'A', 'B'}", "b", "c"),
        ("{'a', 'b'} ForAllOfAnyValues:StringStartsWith {n}", "", "a"),
        ("{'a', 'ab'} ForAllOfAnyValues:StringStartsWith {n}", "a", "ab"),
        ("{'a', 'b'} ForAnyOfAllValues:StringEquals {n}", "b", "c"),
        ("{n} ForAllOfAllValues:StringEquals {n}", "a", ""),
        ("{n} ForAnyOfAnyValues:StringEquals 'a'", "a", "b"),
        ("{n} StringEquals {'a'}", "a", "b"),
        ("{n} ForAnyOfAnyValues:StringNotEquals {'a', 'b'}", "a", ""),
    ] {
        assert!(yes.is_empty() || holds(condition, yes), "{condition} on {yes}");
        assert!(no.is_empty() || !holds(condition, no), "{condition} on {no}");
    }
}

#[test]
fn not_binds_closer_than_and_closer_than_or() {
    for (condition, same) in [
        ("{a} OR {other} AND {other}", "{a} OR ({other} AND {other})"),
        ("{other} AND {other} OR {a}", "({other} AND {other}) OR {a}"),
        ("!{other} OR {a}", "(!{other}) OR {a}"),
        ("NOT {a} AND {other}", "(NOT {a}) AND {other}"),
        ("!{a} && {other} || {a}", "((NOT ({a})) and {other}) or {a}"),
        ("!!{a}", "!(!({a}))"),
        ("!Exists {n}", "NotExists {n}"),
        ("((({a})))", "{a}"),
        ("{a}AND {a}", "{a} AND {a}"),
        ("actionmatches {\n'*'\t}", "ActionMatches{'*'}"),
        ("{n} StringEquals'a'", "{n} StringEquals 'a'"),
    ] {
        assert_eq!(parse(&spell(condition)), parse(&spell(same)), "{condition}");
    }
    for (a, b) in [
        ("({a} AND {a}) AND {a}", "{a} AND {a} AND {a}"),
        ("{n} StringEquals 'a'", "{n} StringEquals 'A'"),
        ("{a}", "!!{a}"),
    ] {
        assert_ne!(parse(&spell(a)), parse(&spell(b)), "{a}");
    }
}

#[test]
fn unknown_grants_nothing_and_neither_does_its_negation() {
    for unknown in [
        "{u} StringEquals 'a'",
        "{u} StringNotEquals 'a'",
        "'a' StringEquals {u}",
        "{u} StringEquals {u}",
        "{n} StringEquals {u}",
        "{n} StringNotEquals {u}",
        "Exists {u}",
        "NotExists {u}",
        "SubOperationMatches{'Blob.List'}",
        "@Request[subOperation] ForAnyOfAnyValues:StringEqualsIgnoreCase {'Blob.List'}",
        "@Environment[UtcNow] DateTimeGreaterThan '2026-01-01T00:00:00Z'",
        "@Environment[isPrivateLink] BoolEquals true",
        "@Resource[Microsoft.Storage/storageAccounts:size] NumericLessThan -5",
        "@Request[a:b] ForAnyOfAnyValues:GuidEquals {5e467623-bb1f-42f4-a55d-6e525e11384b, '5e467623-bb1f-42f4-a55d-6e525e11384c'}",
        "@Principal[Microsoft.ContainerRegistry/registries/repositories:name] StringEquals 'a'",
        "@Request[Microsoft.ContainerRegistry/registries:name] StringEquals 'a'",
        "@Resource[x/tags:Project<$key_case_sensitive$>] StringEquals 'a'",
        "@Request[x/tags&$keys$&] ForAllOfAnyValues:StringEquals {'a', 'b'}",
        "{10, 20} ForAnyOfAllValues:NumericLessThan @Request[x:n]",
        "({u} StringEquals 'a' OR {other})",
        "({u} StringEquals 'a' AND {a})",
    ] {
        assert!(!holds(unknown, "a"), "{unknown}");
        assert!(!holds(&format!("!({unknown})"), "a"), "NOT {unknown}");
        assert!(!holds(&format!("{unknown} AND !({unknown})"), "a"), "{unknown}");
        assert!(!holds(&format!("({unknown}) OR !({unknown})"), "a"), "{unknown}");
        // What is known decides where it can.
        assert!(holds(&format!("({unknown}) OR {{a}}"), "a"), "{unknown}");
        assert!(holds(&format!("!(({unknown}) AND {{other}})"), "a"), "{unknown}");
    }
}

#[test]
fn an_action_without_a_repository_has_no_name() {
    let catalog = "Microsoft.ContainerRegistry/registries/catalog/read";
    let request = Attributes { action: catalog, repository: None };
    for (condition, holds) in [
        ("!{a} OR {n} StringEquals 'a'", true),
        ("{n} StringEquals 'a'", false),
        ("{n} StringNotEquals 'a'", false),
        ("!({n} StringEquals 'a')", false),
        ("Exists {n}", false),
        ("NotExists {n}", true),
        ("ActionMatches{'*/read'}", true),
    ] {
        assert_eq!(parse(&spell(condition)).holds(&request), holds, "{condition}");
    }
}

#[test]
fn actions_are_patterns() {
    for (pattern, yes) in [
        ("*", true),
        ("*/content/read", true),
        ("microsoft.containerregistry/Registries/*", true),
        ("Microsoft.ContainerRegistry/registries/repositories/content/*", true),
        ("Microsoft.ContainerRegistry/registries/repositories/metadata/*", false),
        ("Microsoft.Storage/*", false),
    ] {
        assert_eq!(holds(&format!("ActionMatches{{'{pattern}'}}"), "a"), yes, "{pattern}");
        assert_eq!(holds(&format!("NOT ActionMatches{{'{pattern}'}}"), "a"), !yes, "{pattern}");
    }
}

#[test]
fn ranges_are_as_narrow_as_the_text_allows() {
    let read = action("content/read");
    for (condition, ranges, exactness) in [
        ("{n} StringEquals 'a' AND {n} StringEquals 'b'", "", Exactness::Exact),
        (
            "{n} StringStartsWith 'a/' AND {n} StringNotEquals 'a/b'",
            "a/..a/b a/b-..a0",
            Exactness::Exact,
        ),
        ("!({n} StringStartsWith 'a/')", "..a/ a0..", Exactness::Exact),
        ("!({n} StringEquals 'a' OR {n} StringEquals 'b')", "..a a-..b b-..", Exactness::Exact),
        ("{n} StringLike 'a/*'", "a/..a0", Exactness::Exact),
        ("{n} StringLike 'a/b'", "a/b..a/b-", Exactness::Exact),
        ("{n} StringLike 'a/*/b'", "a/..a0", Exactness::Superset),
        ("!({n} StringLike 'a/*/b')", "..", Exactness::Superset),
        ("{n} StringLike 'a/*/b' AND {n} StringEquals 'c'", "", Exactness::Exact),
        ("{n} StringLike 'a/*/b' OR {n} StringStartsWith 'a'", "a..b", Exactness::Exact),
        ("{n} ForAnyOfAnyValues:StringEquals {'b', 'a'}", "a..a- b..b-", Exactness::Exact),
        ("{n} ForAnyOfAnyValues:StringNotEquals {'b', 'a'}", "..", Exactness::Exact),
        ("{n} StringEquals {n}", "..", Exactness::Exact),
        ("{n} StringNotEquals {n}", "", Exactness::Exact),
        ("'a/b' StringStartsWith {n}", "..", Exactness::Superset),
        ("{u} StringEquals 'a'", "", Exactness::Exact),
        ("{u} StringEquals 'a' OR {n} StringEquals 'a'", "a..a-", Exactness::Exact),
        ("!({u} StringEquals 'a') AND {n} StringEquals 'a'", "", Exactness::Exact),
        ("{other} AND {n} StringEquals 'a'", "", Exactness::Exact),
        ("{a} AND {n} StringEqualsIgnoreCase 'A'", "a..a-", Exactness::Exact),
        ("{n} StringEquals 'A'", "", Exactness::Exact),
        ("{n} StringNotEquals 'A'", "..", Exactness::Exact),
    ] {
        let names = parse(&spell(condition)).names(&read);
        let shown = |r: &crate::NameRange| format!("{}..{}", r.from(), r.until().unwrap_or(""));
        let shown: Vec<_> = names.ranges.iter().map(shown).collect();
        assert_eq!((&*shown.join(" "), names.exactness), (ranges, exactness), "{condition}");
    }
}

#[test]
fn what_registries_lack_is_told() {
    for (condition, told) in [
        ("{a} AND {n} StringEquals 'a'", None),
        ("ActionMatches{'*/read'} OR Exists {n}", None),
        (
            "{u} StringEquals 'a'",
            Some(
                "attribute @Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Team] is not one that container registries have",
            ),
        ),
        ("{n} StringEquals @Request[x]", Some("attribute @Request[x] is not one")),
        ("!(NotExists @Environment[UtcNow])", Some("attribute @Environment[UtcNow] is not one")),
        (
            "ActionMatches{'Microsoft.Storage/x'}",
            Some("action Microsoft.Storage/x is not a data action"),
        ),
        (
            "ActionMatches{'Microsoft.ContainerRegistry/registries/read'}",
            Some("action Microsoft.ContainerRegistry/registries/read is not"),
        ),
        ("{a} AND SubOperationMatches{'x'}", Some("suboperation \"x\" is not one")),
        ("{n} NumericEquals 5", Some("operator NumericEquals doesn't compare texts")),
        (
            "{n} GuidNotEquals '5e467623-bb1f-42f4-a55d-6e525e11384b'",
            Some("operator GuidNotEquals"),
        ),
    ] {
        let found = parse(&spell(condition)).check_supported().err().map(|e| e.to_string());
        match (found, told) {
            (None, None) => {}
            (Some(found), Some(told)) if found.starts_with(told) => {}
            (found, _) => panic!("{condition}: {found:?}"),
        }
    }
}

#[test]
fn errors_tell_where_and_what() {
    for (text, told) in [
        ("", "expected an attribute, ActionMatches, Exists, NOT or `(` at 0"),
        ("()", "expected an attribute, ActionMatches, Exists, NOT or `(` at 1"),
        ("@Request[x]", "expected an operator such as StringEquals at 11"),
        ("@Request[x] Equals 'a'", "expected an operator such as StringEquals at 12"),
        ("@Request[x] = 'a'", "unexpected '=' at 12"),
        ("@Request[x] StringEquals", "expected an attribute or a value at 24"),
        ("@Request[x] StringEquals a", "expected an attribute or a value at 25"),
        ("@Request[x] StringEquals 5", "expected a text in quotes at 25"),
        ("@Request[x] StringEquals true", "expected a text in quotes at 25"),
        ("@Request[x] NumericEquals '5'", "expected a whole number at 26"),
        ("@Request[x] NumericEquals 1.5", "expected an attribute or a value at 26"),
        ("@Request[x] BoolEquals 'true'", "expected true or false at 23"),
        ("@Request[x] GuidEquals 'a'", "expected a GUID at 23"),
        ("@Request[x] DateTimeEquals 5", "expected a date and time in quotes at 27"),
        (
            "@Request[x] StringEquals {'a', 'b'}",
            "expected one value at 25, or before it an operator such as ForAnyOfAnyValues:StringEquals",
        ),
        ("@Request[x] ForAnyOfAnyValues:StringEquals {}", "expected a value at 44"),
        ("@Request[x] ForAnyOfAnyValues:StringEquals {'a' 'b'}", "expected `,` or `}` at 48"),
        (
            "@Request[x] ForSomeValues:StringEquals {'a'}",
            "expected a quantifier such as ForAnyOfAnyValues at 12",
        ),
        (
            "@Request[x] ForAnyOfAnyValues:Equals {'a'}",
            "expected an operator such as StringEquals at 12",
        ),
        ("'a' StringEquals 'a'", "expected an attribute on one side of the operator at 0"),
        (
            "Exists @Request[x] AND {'a', 'b'} ForAnyOfAnyValues:StringEquals {'b'}",
            "expected an attribute on one side of the operator at 23",
        ),
        ("@Request[x] StringEquals 'a", "the text that begins at 25 doesn't end"),
        (r"@Request[x] StringEquals 'a\'", "the text that begins at 25 doesn't end"),
        ("@Request[x] StringEquals 'a' 'b'", "expected AND, OR or the end at 29"),
        ("(@Request[x] StringEquals 'a'", "expected AND, OR or `)` at 29"),
        ("@Request[x] StringEquals 'a')", "expected AND, OR or the end at 28"),
        (
            "@Request[x] StringEquals 'a' AND",
            "expected an attribute, ActionMatches, Exists, NOT or `(` at 32",
        ),
        ("@Request[x StringEquals", "the attribute that begins at 0 doesn't end"),
        ("@Request[]", "expected an attribute such as @Request[Namespace/type:name] at 9"),
        ("@Request x", "expected an attribute such as @Request[Namespace/type:name] at 8"),
        (
            "@Subject[x] StringEquals 'a'",
            "expected @Request, @Resource, @Principal or @Environment at 0",
        ),
        ("Request[x] StringEquals 'a'", "unexpected '[' at 7"),
        ("ActionMatches('a')", "expected `{'…'}` at 13"),
        ("ActionMatches{'a', 'b'}", "expected `}` at 17"),
        ("ActionMatches{a}", "expected a text in quotes at 14"),
        ("ActionMatches{''}", "action is empty at 14"),
        (
            "ActionMatches{'a b'}",
            "action has ' ': use letters, digits, `.`, `_`, `-`, `/` and `*` at 14",
        ),
        ("Exists 'a'", "expected an attribute at 7"),
        ("@Request[x] StringEquals 'a' & @Request[x] StringEquals 'a'", "unexpected '&' at 29"),
        ("é", "unexpected 'é' at 0"),
        ("NOT", "expected an attribute, ActionMatches, Exists, NOT or `(` at 3"),
        ("NOT AND", "expected an attribute, ActionMatches, Exists, NOT or `(` at 4"),
    ] {
        match Condition::parse(text) {
            Ok(condition) => panic!("{text}: parsed as {condition}"),
            Err(error) => assert_eq!(error.to_string(), told, "{text}"),
        }
    }
    let error = Condition::parse("ActionMatches{''}");
    assert_eq!(error, Err(ConditionError::Action { reason: ActionPatternError::Empty, at: 14 }));
}

#[test]
fn hostile_texts_meet_a_bound() {
    let nested = |depth, open: &str, close: &str| {
        format!("{}Exists @Request[x]{}", open.repeat(depth), close.repeat(depth))
    };
    for (open, close) in [("(", ")"), ("!", ""), ("NOT (", ")"), ("!(", ")")] {
        assert!(Condition::parse(&nested(64, open, close)).is_ok(), "{open}");
        let at = 64 * open.len();
        let error = Condition::parse(&nested(65, open, close));
        assert_eq!(error, Err(ConditionError::TooDeep { at }), "{open}");
        let flood = Condition::parse(&open.repeat(8192 / open.len()));
        assert_eq!(flood, Err(ConditionError::TooDeep { at }), "{open}");
    }
    assert_eq!(Condition::parse(&" ".repeat(8193)), Err(ConditionError::TooLong));
    let chain = ["Exists@Request[x]"; 409].join("OR ");
    assert!(Condition::parse(&chain).is_ok());
    let equals: Vec<_> = (0..900).map(|i| format!("'{i:03}/'")).collect();
    let set = format!("{{n}} ForAnyOfAnyValues:StringStartsWith {{{}}}", equals.join(","));
    assert!(holds(&set, "899/x") && !holds(&set, "900/x"));
    assert_eq!(parse(&spell(&set)).names("").ranges.iter().count(), 900);
    let likes = format!("{{n}} ForAnyOfAllValues:StringLike {{{}'a'}}", "'*a*b?', ".repeat(800));
    assert!(!holds(&likes, &"ab".repeat(127)));
}
