-- Templates that were deployed by the management API, and what came of them, as JSON. A `scope` is the id of
-- what was deployed to, a `key` the deployment's name, both in lower case.
create table template_deployment (
    scope {TEXT} not null,
    key {TEXT} not null,
    shown_scope {TEXT} not null,
    name {TEXT} not null,
    document {TEXT} not null,
    template {TEXT} not null,
    deployed_at {INT} not null,
    primary key (scope, key)
) {TABLE};

create index template_deployment_time on template_deployment (scope, deployed_at, key);
