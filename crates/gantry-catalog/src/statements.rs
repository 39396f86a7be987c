//! Every statement, for the test that prepares each on both databases and reads its plan.

use gantry_db::Stmt;

use crate::{
    admin_passwords, blobs, collection, deployment, edges, journal, leases, manifests, nodes,
    rate_buckets, referrers, registries, repositories, signing_keys, tags, uploads, usage,
};

/// Every statement with its name.
pub fn all() -> Vec<(&'static str, &'static Stmt)> {
    macro_rules! list {
        ($($module:ident: $($name:ident)+;)+) => {
            vec![$($((concat!(stringify!($module), "::", stringify!($name)), &$module::$name),)+)+]
        };
    }
    let mut all = list! {
        admin_passwords: LIST SET SET_FIRST;
        blobs: FIND FIND_IN_REGISTRY LIST HOLDERS INSERT LINK LOCK_LINK LOCK RENEW LINK_SIZE REFERENCED
               UNREFERENCED UNLINK DROP_UNHELD;
        collection: LIST UNLINK EMPTY_REPOSITORIES DELETE_REPOSITORY TRASH_INSERT TRASH_LIST
                    TRASH_DELETE;
        deployment: ID SET_ID FORGET LOCK AUTHORITY SET_AUTHORITY;
        edges: BLOB_INSERT BLOB_ARRIVED BLOB_RELEASED BLOB_NAMED BLOB_DELETE CHILD_INSERT
               CHILD_ARRIVED CHILD_RELEASED CHILD_NAMED CHILD_DELETE;
        journal: APPEND HEAD UNNUMBERED NUMBER READ READ_UNNUMBERED POSITION ADVANCE PASSED TRIM;
        leases: TAKE RELEASE;
        manifests: FIND_BY_TAG FIND_BY_DIGEST HELD FIND_ROW LIST INSERT_BYTES LINK UNLINK LOCK DROP_UNHELD;
        nodes: FOLLOWS FOLLOWED BEHIND ALIVE LEAVE FORGET;
        rate_buckets: HOLD INSERT SET SWEEP;
        referrers: LIST LIST_OF_TYPE NEXT_FREE;
        registries: LIST INSERT UPDATE RAISE_EPOCH;
        repositories: LIST FIND INSERT LOCK CHANGE_COUNTS;
        signing_keys: LIST INSERT PRESENT;
        tags: LIST FIND NEWEST OF_DIGEST SET DELETE REMEMBER;
        uploads: INSERT FIND COUNT ADVANCE DELETE EXPIRED KEY_IN_USE;
        usage: ADD FIND FORGET_EMPTY;
    };
    all.extend(crate::copied::statements());
    all
}
