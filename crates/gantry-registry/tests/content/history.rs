//! What each tag has named is kept, with who changed it, also when tag and repository are gone.

use std::time::Duration;

use gantry_db::Stmt;
use gantry_model::RegistrySettings;
use gantry_model::permission::Delete;

use crate::support::on_each_database;

const HISTORY: Stmt = Stmt::new(
    "select name, digest is null, changed_by
       from tag_history
      order by stamp_at, stamp_counter",
);

#[tokio::test(flavor = "multi_thread")]
async fn every_tag_keeps_what_it_named_and_who_changed_it() {
    on_each_database(RegistrySettings::default(), async |world| {
        for blob in [&b"{}"[..], b"one", b"two"] {
            world.push_blob("app", blob).await;
        }
        let pass = || world.clock.advance(Duration::from_secs(1));
        world.push_image("app", "v1", &[b"{}", b"one"]).await;
        pass();
        world.push_image("app", "v1", &[b"{}", b"two"]).await;
        pass();
        // The same again changes nothing.
        world.push_image("app", "v1", &[b"{}", b"two"]).await;
        pass();
        world.content.delete_repository(&world.permit::<Delete>("app")).await.unwrap();
        let read = |row: &gantry_db::Row<'_>| {
            Ok((row.get::<String>(0)?, row.get::<bool>(1)?, row.get::<String>(2)?))
        };
        let history = world.content.catalog().db().all(&HISTORY, &[], read).await.unwrap();
        let by = |removed: bool| ("v1".to_owned(), removed, "admin:local".to_owned());
        assert_eq!(history, [by(false), by(false), by(true)]);
    })
    .await;
}
