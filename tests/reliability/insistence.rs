//! A provider that retries, as all do.
//!
//! Owns: sending until there is an answer that is no server's failure. Grafana answers 500 while the plugin is down, and what was
//! asked may have been done though its answer was lost. Start at [`insist`].

use acceptance::{
    connect::Answer,
    idp::{ScimClient, eq},
    wait::{SOON, until},
};
use anyhow::{Context as _, Result, ensure};

/// Sends until the answer is no server error.
pub(crate) async fn insist(
    scim: &ScimClient,
    what: &str,
    mut send: impl AsyncFnMut(&ScimClient) -> Result<Answer>,
) -> Result<Answer> {
    until(what, SOON, async || {
        let answer = send(scim).await?;
        ensure!(answer.status < 500, "{} {}", answer.status, answer.text);
        Ok(answer)
    })
    .await
}

/// The id of what a filter finds, as soon as the store answers.
pub(crate) async fn id_of(scim: &ScimClient, endpoint: &str, attribute: &str, value: &str) -> Result<String> {
    let query = eq(attribute, value);
    let found = insist(scim, &format!("{value} is looked for"), async |scim| {
        scim.get(&format!("{endpoint}?{query}")).await
    })
    .await?
    .expect(&[200])?;
    let id = found.str("/Resources/0/id").to_owned();
    Some(id)
        .filter(|id| !id.is_empty())
        .with_context(|| format!("{value} was acknowledged, and is not there"))
}
