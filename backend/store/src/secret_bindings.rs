//! Where each secret that Grafana keeps was given for.
//!
//! Owns: the table `secret_binding`. Must never hold a secret, nor enough of one to find it. Start at [`Store::secret_bindings`].

use domain::OrgId;

use super::{Result, Store, sql::statements};

statements! {
    ALL = "SELECT org_id, name, url, login, salt, digest FROM secret_binding ORDER BY org_id, name";
    BIND =
        "INSERT INTO secret_binding (org_id, name, url, login, salt, digest) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org_id, name) DO UPDATE \
         SET url = excluded.url, login = excluded.login, salt = excluded.salt, digest = excluded.digest";
}

/// A secret, and where it may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretBinding {
    /// The setting's name.
    pub name: String,
    /// Where it was given for.
    pub url: String,
    /// For which login; empty for a token.
    pub login: String,
    /// What its digest was made with.
    pub salt: String,
    /// Of the secret alone, and short.
    pub digest: String,
}

impl Store {
    /// Every binding there is.
    pub async fn secret_bindings(&self) -> Result<Vec<(OrgId, SecretBinding)>> {
        let rows: Vec<(i64, String, String, String, String, String)> = ALL.query_as().fetch_all(&self.read).await?;
        let binding = |(org_id, name, url, login, salt, digest)| {
            let binding = SecretBinding {
                name,
                url,
                login,
                salt,
                digest,
            };
            (OrgId::new(org_id), binding)
        };
        Ok(rows.into_iter().map(binding).collect())
    }

    /// From now on this secret goes there, and nowhere else.
    pub async fn bind_secret(&self, org_id: OrgId, binding: &SecretBinding) -> Result<()> {
        BIND.query()
            .bind(org_id.get())
            .bind(&binding.name)
            .bind(&binding.url)
            .bind(&binding.login)
            .bind(&binding.salt)
            .bind(&binding.digest)
            .execute(&self.write)
            .await?;
        Ok(())
    }
}
