//! The operations that there are, against those of Microsoft's specifications.

use std::collections::BTreeSet;

use gantry_testkit::contract::{Contract, REGISTRY, Route, TASKS};
use http::Method;

/// What isn't built, by the beginnings of operations' names, and what it waits for.
const LATER: &[(&str, &str)] = &[
    ("Archives_", "archives of packages"),
    ("ArchiveVersions_", "archives of packages"),
    ("ConnectedRegistries_", "connected registries"),
    ("ExportPipelines_", "transfer"),
    ("ImportPipelines_", "transfer"),
    ("PipelineRuns_", "transfer"),
    ("Registries_ImportImage", "import"),
    ("Webhooks_Ping", "events"),
    ("Webhooks_ListEvents", "events"),
    ("AgentPools_", "tasks"),
    ("Registries_GetBuildSourceUploadUrl", "tasks"),
    ("Registries_ScheduleRun", "tasks"),
    ("Runs_", "tasks"),
    ("TaskRuns_", "tasks"),
    ("Tasks_", "tasks"),
];

fn is_later(route: &Route) -> bool {
    LATER.iter().any(|(start, _)| route.id.starts_with(start))
}

/// A path with its parameters unnamed, in lower case.
fn form(path: &str) -> String {
    let segment = |segment: &str| match segment.starts_with('{') {
        true => "{}".to_owned(),
        false => segment.to_ascii_lowercase(),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn operations(routes: &[Route]) -> BTreeSet<(String, String)> {
    routes.iter().map(|route| (route.method.to_string(), form(&route.path))).collect()
}

#[test]
fn each_operation_is_there_or_waits_for_something() {
    let own = Contract::of(gantry_http_arm::openapi());
    let own_operations = operations(own.routes());
    let (mut built, mut later) = (0, 0);
    for route in REGISTRY.routes().iter().chain(TASKS.routes()) {
        let is_there = own_operations.contains(&(route.method.to_string(), form(&route.path)));
        assert!(is_there != is_later(route), "{} {}: there: {is_there}", route.id, route.path);
        match is_there {
            true => built += 1,
            false => later += 1,
        }
    }
    assert_eq!((built, later), (49, 56));
    for (start, feature) in LATER {
        let mut all = REGISTRY.routes().iter().chain(TASKS.routes());
        assert!(all.any(|route| route.id.starts_with(start)), "{start}: {feature}");
    }
}

#[test]
fn operations_are_called_what_the_specification_calls_them() {
    let own = Contract::of(gantry_http_arm::openapi());
    for route in REGISTRY.routes().iter().filter(|route| !is_later(route)) {
        let found = own.route(&route.method, &example(&route.path));
        assert_eq!(found.map(|found| found.id.as_str()), Some(&*route.id), "{}", route.path);
    }
}

#[test]
fn each_operation_of_the_table_is_described_once() {
    let own = Contract::of(gantry_http_arm::openapi());
    let described: Vec<&str> = own.routes().iter().map(|route| route.id.as_str()).collect();
    let unique: BTreeSet<&str> = described.iter().copied().collect();
    assert_eq!(described.len(), unique.len());
    assert_eq!(unique, gantry_http_arm::operations().collect());
    for route in own.routes() {
        let asked = gantry_http_arm::operation(&route.method, &example(&route.path));
        assert_eq!(asked, Some(route.id.as_str()), "{}", route.path);
    }
}

#[test]
fn what_waits_is_refused_by_its_feature() {
    for route in REGISTRY.routes().iter().chain(TASKS.routes()).filter(|route| is_later(route)) {
        let path = example(&route.path);
        assert_eq!(gantry_http_arm::operation(&route.method, &path), None, "{path}");
        assert!(gantry_http_arm::is_for(&path), "{path}");
    }
    assert!(gantry_http_arm::operation(&Method::GET, "/subscriptions").is_some());
}

/// A path of that form.
fn example(path: &str) -> String {
    path.replace("{scope}", "subscriptions/00000000-0000-0000-0000-000000000001")
        .replace("{subscriptionId}", "00000000-0000-0000-0000-000000000001")
        .replace(['{', '}'], "")
}
