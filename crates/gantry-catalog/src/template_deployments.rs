//! Templates that were deployed.

use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::resource::{TemplateDeployment, name_key};

use crate::column::{RowExt, moment};
use crate::resource_locks::within;
use crate::{Catalog, Transaction};

pub(crate) const LIST: Stmt = Stmt::new(
    "select shown_scope, name, document, deployed_at
       from template_deployment
      where scope = $1 and key > $2
      order by key
      limit $3",
);

pub(crate) const FIND: Stmt = Stmt::new(
    "select shown_scope, name, document, deployed_at
       from template_deployment
      where scope = $1 and key = $2",
);

pub(crate) const SET: Stmt = Stmt::new(
    "insert into template_deployment
            (scope, key, shown_scope, name, document, template, deployed_at)
     values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (scope, key) do update
        set document = excluded.document, template = excluded.template,
            deployed_at = excluded.deployed_at",
);

pub(crate) const IS_THERE: Stmt =
    Stmt::new("select 1 from template_deployment where scope = $1 and key = $2");

pub(crate) const TEMPLATE: Stmt =
    Stmt::new("select template from template_deployment where scope = $1 and key = $2");

pub(crate) const COUNT: Stmt =
    Stmt::new("select count(*) from template_deployment where scope = $1");

pub(crate) const OLDEST: Stmt = Stmt::new(
    "select key from template_deployment where scope = $1 order by deployed_at, key limit 1",
);

pub(crate) const DELETE: Stmt =
    Stmt::new("delete from template_deployment where scope = $1 and key = $2");

pub(crate) const DELETE_WITHIN: Stmt =
    Stmt::new("delete from template_deployment where scope = $1 or scope > $2 and scope < $3");

impl Catalog {
    /// Up to `limit` deployments to the scope behind the key `after`, in order of their keys.
    pub async fn template_deployment_list(
        &self,
        scope: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<TemplateDeployment>, DbError> {
        self.db.all(&LIST, &args![name_key(scope), after, limit as i64], deployment).await
    }

    /// The deployment of that name to the scope.
    pub async fn template_deployment_find(
        &self,
        scope: &str,
        name: &str,
    ) -> Result<Option<TemplateDeployment>, DbError> {
        self.db.one(&FIND, &args![name_key(scope), name_key(name)], deployment).await
    }

    /// The template of the deployment of that name to the scope.
    pub async fn template_deployment_template(
        &self,
        scope: &str,
        name: &str,
    ) -> Result<Option<String>, DbError> {
        self.db.one(&TEMPLATE, &args![name_key(scope), name_key(name)], |row| row.get(0)).await
    }
}

impl Transaction<'_, '_> {
    /// Adds a deployment of a template, or replaces the one of its name; whether there was none. Of more
    /// than `most` at a scope, the oldest goes.
    pub fn template_deployment_set(
        &mut self,
        deployment: &TemplateDeployment,
        template: &str,
        most: usize,
    ) -> Result<bool, DbError> {
        let TemplateDeployment { scope, name, document, deployed_at } = deployment;
        let (key, scope_key) = (name_key(name), name_key(scope));
        let there = self.tx.one(&IS_THERE, &args![scope_key, key], |_| Ok(()))?.is_some();
        let at = moment(*deployed_at);
        self.tx.exec(&SET, &args![scope_key, key, scope, name, document, template, at])?;
        self.has_changed = true;
        let count: i64 = self.tx.one(&COUNT, &args![scope_key], |row| row.get(0))?.unwrap_or(0);
        if count > most as i64
            && let Some(oldest) =
                self.tx.one(&OLDEST, &args![scope_key], |row| row.get::<String>(0))?
        {
            self.tx.exec(&DELETE, &args![scope_key, oldest])?;
        }
        Ok(!there)
    }

    /// Removes the deployment, if there is one.
    pub fn template_deployment_delete(&mut self, scope: &str, name: &str) -> Result<(), DbError> {
        let gone = self.tx.exec(&DELETE, &args![name_key(scope), name_key(name)])? == 1;
        self.has_changed |= gone;
        Ok(())
    }

    /// Removes the deployments to a scope that goes, and to what is in it.
    pub fn template_deployments_delete(&mut self, scope: &str) -> Result<(), DbError> {
        let [from, to] = within(scope);
        self.tx.exec(&DELETE_WITHIN, &args![name_key(scope), from, to]).map(drop)
    }
}

fn deployment(row: &Row<'_>) -> Result<TemplateDeployment, DbError> {
    Ok(TemplateDeployment {
        scope: row.get(0)?,
        name: row.get(1)?,
        document: row.get(2)?,
        deployed_at: row.moment(3)?,
    })
}
