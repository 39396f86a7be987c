//! Applications: their secrets, certificates and federated credentials.

use gantry_arm::Guid;
use gantry_db::{Column, DbError, Row, Stmt, args};
use gantry_model::directory::{Application, ApplicationCredential, FederatedCredential, Proof};

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

macro_rules! applications {
    ($rest:literal) => {
        Stmt::new(concat!(
            "select id, app_id, display_name, document, created_at from directory_application ",
            $rest
        ))
    };
}

pub(crate) const LIST: Stmt = applications!("where id > $1 order by id limit $2");

pub(crate) const FIND: Stmt = applications!("where id = $1");

pub(crate) const FIND_BY_APP_ID: Stmt = applications!("where app_id = $1");

pub(crate) const FIND_BY_DISPLAY_NAME: Stmt =
    applications!("where display_name = $1 order by id limit $2");

pub(crate) const INSERT: Stmt = Stmt::new(
    "insert into directory_application (id, app_id, display_name, document, created_at)
     values ($1, $2, $3, $4, $5)
         on conflict (app_id) do nothing",
);

pub(crate) const UPDATE: Stmt =
    Stmt::new("update directory_application set display_name = $2, document = $3 where id = $1");

pub(crate) const DELETE: Stmt = Stmt::new("delete from directory_application where id = $1");

pub(crate) const CREDENTIALS: Stmt = Stmt::new(
    "select id, display_name, hint, hash, certificate, starts_at, ends_at
       from directory_credential
      where application = $1
      order by id",
);

pub(crate) const ADD_CREDENTIAL: Stmt = Stmt::new(
    "insert into directory_credential
            (application, id, kind, display_name, hint, hash, certificate, starts_at, ends_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
);

pub(crate) const REMOVE_CREDENTIAL: Stmt =
    Stmt::new("delete from directory_credential where application = $1 and id = $2");

pub(crate) const REMOVE_CREDENTIALS: Stmt =
    Stmt::new("delete from directory_credential where application = $1");

pub(crate) const FEDERATIONS: Stmt = Stmt::new(
    "select id, name, issuer, subject, audiences, description
       from directory_federation
      where application = $1
      order by id",
);

pub(crate) const ADD_FEDERATION: Stmt = Stmt::new(
    "insert into directory_federation
            (application, id, name, issuer, subject, audiences, description)
     values ($1, $2, $3, $4, $5, $6, $7)",
);

pub(crate) const REMOVE_FEDERATION: Stmt =
    Stmt::new("delete from directory_federation where application = $1 and id = $2");

pub(crate) const REMOVE_FEDERATIONS: Stmt =
    Stmt::new("delete from directory_federation where application = $1");

impl Catalog {
    /// Up to `limit` applications behind the id `after`, by id.
    pub async fn application_list(
        &self,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Application>, DbError> {
        self.db.all(&LIST, &args![after, limit as i64], application).await
    }

    /// The application of that object id.
    pub async fn application_find(&self, id: Guid) -> Result<Option<Application>, DbError> {
        self.db.one(&FIND, &args![id.to_string()], application).await
    }

    /// The application that signs in with that id.
    pub async fn application_find_by_app_id(
        &self,
        app_id: Guid,
    ) -> Result<Option<Application>, DbError> {
        self.db.one(&FIND_BY_APP_ID, &args![app_id.to_string()], application).await
    }

    /// Up to `limit` applications that are called so.
    pub async fn application_find_by_display_name(
        &self,
        name: &str,
        limit: usize,
    ) -> Result<Vec<Application>, DbError> {
        self.db.all(&FIND_BY_DISPLAY_NAME, &args![name, limit as i64], application).await
    }

    /// The application's secrets and certificates.
    pub async fn application_credentials(
        &self,
        id: Guid,
    ) -> Result<Vec<ApplicationCredential>, DbError> {
        self.db.all(&CREDENTIALS, &args![id.to_string()], credential).await
    }

    /// Whose tokens the application signs in with.
    pub async fn application_federations(
        &self,
        id: Guid,
    ) -> Result<Vec<FederatedCredential>, DbError> {
        self.db.all(&FEDERATIONS, &args![id.to_string()], federation).await
    }
}

impl Transaction<'_, '_> {
    /// The application of that object id.
    pub fn application_find(&mut self, id: Guid) -> Result<Option<Application>, DbError> {
        self.tx.one(&FIND, &args![id.to_string()], application)
    }

    /// The application's secrets and certificates.
    pub fn application_credentials(
        &mut self,
        id: Guid,
    ) -> Result<Vec<ApplicationCredential>, DbError> {
        self.tx.all(&CREDENTIALS, &args![id.to_string()], credential)
    }

    /// Whose tokens the application signs in with.
    pub fn application_federations(
        &mut self,
        id: Guid,
    ) -> Result<Vec<FederatedCredential>, DbError> {
        self.tx.all(&FEDERATIONS, &args![id.to_string()], federation)
    }

    /// Adds an application; false if its app id is taken.
    pub fn application_insert(&mut self, made: &Application) -> Result<bool, DbError> {
        let details = serde_json::to_string(&made.details).expect("details are plain data");
        let (id, app_id) = (made.id.to_string(), made.app_id.to_string());
        let created_at = moment(made.created_at);
        let inserted =
            self.tx.exec(&INSERT, &args![id, app_id, made.display_name, details, created_at])?;
        Ok(inserted == 1)
    }

    /// Changes the application's name and details.
    pub fn application_update(&mut self, changed: &Application) -> Result<(), DbError> {
        let details = serde_json::to_string(&changed.details).expect("details are plain data");
        let id = changed.id.to_string();
        self.tx.exec(&UPDATE, &args![id, changed.display_name, details]).map(drop)
    }

    /// Removes the application and its credentials. Its service principal is removed first.
    pub fn application_delete(&mut self, id: Guid) -> Result<(), DbError> {
        let id = id.to_string();
        self.tx.exec(&REMOVE_CREDENTIALS, &args![id])?;
        self.tx.exec(&REMOVE_FEDERATIONS, &args![id])?;
        self.tx.exec(&DELETE, &args![id]).map(drop)
    }

    /// Adds a secret or certificate.
    pub fn application_add_credential(
        &mut self,
        application: Guid,
        added: &ApplicationCredential,
    ) -> Result<(), DbError> {
        let (kind, hint, hash, certificate) = match &added.proof {
            Proof::Secret { hash, hint } => ("secret", Some(hint), Some(&hash[..]), None),
            Proof::Certificate { der } => ("certificate", None, None, Some(&der[..])),
        };
        self.tx
            .exec(
                &ADD_CREDENTIAL,
                &args![
                    application.to_string(),
                    added.id.to_string(),
                    kind,
                    added.display_name,
                    hint,
                    hash,
                    certificate,
                    moment(added.starts_at),
                    moment(added.ends_at)
                ],
            )
            .map(drop)
    }

    /// Removes a secret or certificate; false if there is none of that id.
    pub fn application_remove_credential(
        &mut self,
        application: Guid,
        id: Guid,
    ) -> Result<bool, DbError> {
        let which = [application.to_string(), id.to_string()];
        Ok(self.tx.exec(&REMOVE_CREDENTIAL, &args![which[0], which[1]])? == 1)
    }

    /// Adds a federated credential.
    pub fn application_add_federation(
        &mut self,
        application: Guid,
        added: &FederatedCredential,
    ) -> Result<(), DbError> {
        let audiences = serde_json::to_string(&added.audiences).expect("texts are plain data");
        self.tx
            .exec(
                &ADD_FEDERATION,
                &args![
                    application.to_string(),
                    added.id.to_string(),
                    added.name,
                    added.issuer,
                    added.subject,
                    audiences,
                    added.description
                ],
            )
            .map(drop)
    }

    /// Removes a federated credential; false if there is none of that id.
    pub fn application_remove_federation(
        &mut self,
        application: Guid,
        id: Guid,
    ) -> Result<bool, DbError> {
        let which = [application.to_string(), id.to_string()];
        Ok(self.tx.exec(&REMOVE_FEDERATION, &args![which[0], which[1]])? == 1)
    }
}

fn application(row: &Row<'_>) -> Result<Application, DbError> {
    Ok(Application {
        id: row.parsed(0)?,
        app_id: row.parsed(1)?,
        display_name: row.get(2)?,
        details: row.json(3)?,
        created_at: row.moment(4)?,
    })
}

fn credential(row: &Row<'_>) -> Result<ApplicationCredential, DbError> {
    let proof = match row.column(3)? {
        Column::Null => Proof::Certificate { der: row.get(4)? },
        _ => Proof::Secret { hash: row.get(3)?, hint: row.get(2)? },
    };
    Ok(ApplicationCredential {
        id: row.parsed(0)?,
        display_name: row.get(1)?,
        proof,
        starts_at: row.moment(5)?,
        ends_at: row.moment(6)?,
    })
}

fn federation(row: &Row<'_>) -> Result<FederatedCredential, DbError> {
    Ok(FederatedCredential {
        id: row.parsed(0)?,
        name: row.get(1)?,
        issuer: row.get(2)?,
        subject: row.get(3)?,
        audiences: row.json(4)?,
        description: row.get(5)?,
    })
}
