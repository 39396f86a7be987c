//! Every statement, for the test that prepares each on both databases and reads its plan.

use gantry_db::Stmt;

use crate::attributes::{
    manifests as manifest_attributes, repositories as repository_attributes, tags as tag_attributes,
};
use crate::directory::{
    applications, foreigners, groups, keys, service_principals, sign_ins, tenants, users,
};
use crate::{
    acme_accounts, acme_challenges, admin_passwords, audit, blobs, certificates, clearing,
    collection, deployment, edges, epochs, journal, leases, manifests, nodes, rate_buckets,
    referrers, registries, repositories, resource_groups, resource_locks, resources, roles,
    scope_maps, signing_keys, tags, template_deployments, tokens, uploads, usage,
};

/// Every statement with its name.
pub fn all() -> Vec<(&'static str, &'static Stmt)> {
    macro_rules! list {
        ($($module:ident: $($name:ident)+;)+) => {
            vec![$($((concat!(stringify!($module), "::", stringify!($name)), &$module::$name),)+)+]
        };
    }
    let mut all = list! {
        acme_accounts: FIND SET;
        acme_challenges: INSERT FIND FIND_BY_NAME EXPIRED DELETE;
        admin_passwords: OF SET SET_FIRST;
        audit: INSERT LIST TRIM;
        blobs: FIND FIND_IN_REGISTRY LIST HOLDERS INSERT LINK LOCK_LINK LOCK RENEW LINK_SIZE REFERENCED
               UNREFERENCED UNLINK DROP_UNHELD;
        certificates: LIST ISSUED FAILED RENEW_AT DELETE;
        clearing: REPOSITORIES TAGS TAG_HISTORY MANIFEST_EDGES BLOB_EDGES MANIFEST_LINKS BLOB_LINKS
                  REPOSITORY BLOBS BLOB UPLOADS UPLOAD MANIFESTS USAGE PASSWORDS TOKENS SCOPE_MAPS
                  RESOURCES ADMIN_PASSWORDS REGISTRY;
        collection: LIST UNLINK EMPTY_REPOSITORIES DELETE_REPOSITORY TRASH_INSERT TRASH_LIST
                    TRASH_DELETE;
        deployment: ID SET_ID FORGET LOCK AUTHORITY SET_AUTHORITY;
        edges: BLOB_INSERT BLOB_ARRIVED BLOB_RELEASED BLOB_NAMED BLOB_DELETE CHILD_INSERT
               CHILD_ARRIVED CHILD_RELEASED CHILD_NAMED CHILD_DELETE;
        applications: LIST FIND FIND_BY_APP_ID FIND_BY_DISPLAY_NAME INSERT UPDATE DELETE CREDENTIALS
                      ADD_CREDENTIAL REMOVE_CREDENTIAL REMOVE_CREDENTIALS FEDERATIONS ADD_FEDERATION
                      REMOVE_FEDERATION REMOVE_FEDERATIONS;
        foreigners: FIND SET CLAIM OWNER;
        groups: LIST FIND FIND_BY_DISPLAY_NAME INSERT UPDATE DELETE MEMBERS GROUPS_OF ADD REMOVE
                LEAVE_ALL EMPTY UNASSIGN_ALL;
        keys: LIST INSERT PRESENT DELETE;
        service_principals: LIST FIND FIND_BY_APP_ID FIND_BY_DISPLAY_NAME INSERT UPDATE DELETE WORKLOADS
                            WORKLOAD_BY_SECRET WORKLOADS_BY_NETWORK ADD_WORKLOAD REMOVE_WORKLOADS;
        sign_ins: INSERT_DEVICE FIND_DEVICE FIND_DEVICE_BY_USER_CODE DECIDE_DEVICE TAKE_DEVICE
                  EXPIRE_DEVICES INSERT_CODE TAKE_CODE EXPIRE_CODES;
        tenants: FIND LOCK INSERT;
        users: LIST FIND FIND_BY_NAME FIND_BY_DISPLAY_NAME SECRETS INSERT UPDATE SET_PASSWORD SET_TOTP
               TAKE_CODE DELETE;
        epochs: FIND RAISE;
        journal: APPEND HEAD UNNUMBERED NUMBER READ READ_UNNUMBERED ACTIVITY POSITION ADVANCE PASSED TRIM;
        leases: TAKE RELEASE;
        manifest_attributes: FIND BY_DIGEST OLDEST NEWEST SET_LOCKS TOUCH FREE;
        repository_attributes: FIND OLDEST NEWEST SET_LOCKS KEPT_TAG KEPT_MANIFEST;
        tag_attributes: FIND BY_NAME OF_DIGEST OLDEST NEWEST SET_LOCKS;
        manifests: FIND_BY_TAG FIND_BY_DIGEST HELD FIND_ROW LIST INSERT_BYTES LINK UNLINK LOCK DROP_UNHELD;
        nodes: FOLLOWS FOLLOWED BEHIND ALIVE LEAVE FORGET;
        rate_buckets: HOLD INSERT SET SWEEP;
        referrers: LIST LIST_OF_TYPE NEXT_FREE;
        registries: LIST LOCK BY_NAME OF_GROUP EXPIRE DELETED FIND_DELETED LOCK_DELETED INSERT UPDATE END_SIGN_INS BURY REVIVE;
        repositories: LIST LIST_UNTIL FIND INSERT LOCK LOCKS LOCKS_OF CHANGE_COUNTS;
        resource_groups: LIST FIND LOCK SET ESTABLISH DELETE;
        resource_locks: AT_SOME WITHIN FIND SET DELETE DELETE_WITHIN;
        template_deployments: LIST FIND IS_THERE TEMPLATE SET COUNT OLDEST DELETE DELETE_WITHIN;
        resources: LIST FIND COUNT SECRET SET SET_SECRET DELETE;
        roles: LIST FIND FIND_BY_NAME SET DELETE ASSIGNED OF_PRINCIPAL ASSIGNMENT ASSIGNMENTS
               ASSIGNMENTS_OF ASSIGNMENTS_AT SAME ASSIGN UNASSIGN WITHIN;
        scope_maps: LIST FIND COUNT SET DELETE;
        signing_keys: LIST INSERT PRESENT DELETE;
        tags: LIST FIND NEWEST OF_DIGEST SET DELETE REMEMBER;
        tokens: LIST FIND PASSWORDS COUNT OF_SCOPE_MAP INSERT UPDATE DELETE SET_PASSWORD DELETE_PASSWORD;
        uploads: INSERT FIND COUNT ADVANCE DELETE EXPIRED KEY_IN_USE;
        usage: ADD FIND LIST FORGET_EMPTY;
    };
    all.push(("audit::INSERT_MANY", &*audit::INSERT_MANY));
    all.extend(crate::copied::statements());
    all
}
