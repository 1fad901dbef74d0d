//! A year in a company, as each provider tells it: the same for Grafana, whichever speaks.

use acceptance::{
    idp::{Directory, Entra, Okta, Person, Provider},
    rig::Rig,
};
use anyhow::{Result, ensure};

async fn a_year(rig: Rig, provider: impl Provider) -> Result<()> {
    let mut company = Directory::new(provider);
    company
        .hire(Person::new("ada@example.com", "Ada", "King").in_department("Engineering"))
        .hire(Person::new("bob@example.com", "Bob", "Else"))
        .hire(Person::new("eve@example.com", "Eve", "Moneypenny"))
        .form("Engineering", &["ada@example.com", "bob@example.com"])
        .form("Office", &["eve@example.com"]);
    company.push_all().await?;
    for login in ["ada@example.com", "bob@example.com", "eve@example.com"] {
        rig.open(login).await?;
    }
    rig.map_to_new(&company.group_id("Engineering")?, "Engineering").await?;
    let team = rig
        .team_is("Engineering", &["ada@example.com", "bob@example.com"])
        .await?;
    ensure!(rig.grafana.team("Office").await?.is_none(), "nobody mapped that group");

    company.add_member("Engineering", "eve@example.com").await?;
    company.remove_member("Engineering", "bob@example.com").await?;
    rig.members_are(team, &["ada@example.com", "eve@example.com"]).await?;

    let before = rig.account("ada@example.com").await?;
    company
        .change("ada@example.com", |ada| {
            ada.family_name = "Lovelace".into();
            ada.email = "ada@lovelace.example.com".into();
        })
        .await?;
    rig.account_is("ada@example.com", |ada| {
        ensure!(
            ada.name == "Ada Lovelace" && ada.email == "ada@lovelace.example.com",
            "{ada:?}"
        );
        ensure!(ada.id == before.id, "another account");
        Ok(())
    })
    .await?;

    company.deactivate("eve@example.com").await?;
    rig.closed("eve@example.com").await?;
    company.reactivate("eve@example.com").await?;
    rig.open("eve@example.com").await?;
    rig.members_are(team, &["ada@example.com", "eve@example.com"]).await?;

    company.rename("Engineering", "Builders").await?;
    company.add_member("Builders", "bob@example.com").await?;
    rig.members_are(team, &["ada@example.com", "bob@example.com", "eve@example.com"])
        .await?;

    company.delete("bob@example.com").await?;
    rig.closed("bob@example.com").await?;

    // A provider that starts over finds everything as it is.
    company.push_all().await?;
    rig.settled().await?;
    rig.open("ada@example.com").await?;
    ensure!(
        rig.grafana.accounts("example.com").await?.len() == 3,
        "somebody was made twice"
    );
    company.dissolve("Builders").await?;
    rig.members_are(team, &[]).await?;
    rig.finish().await
}

#[tokio::test]
async fn a_year_told_by_a_catalogue_app_of_okta() -> Result<()> {
    let rig = Rig::start().await?;
    let okta = Okta::catalogue(rig.scim().await?);
    a_year(rig, okta).await
}

#[tokio::test]
async fn a_year_told_by_a_custom_app_of_okta() -> Result<()> {
    let rig = Rig::start().await?;
    let okta = Okta::custom(rig.scim().await?);
    a_year(rig, okta).await
}

#[tokio::test]
async fn a_year_told_by_entra() -> Result<()> {
    let rig = Rig::start().await?;
    let entra = Entra::new(rig.scim().await?);
    entra.test_connection().await?;
    a_year(rig, entra).await
}

#[tokio::test]
async fn a_year_told_by_entra_with_the_flag_for_the_rfc() -> Result<()> {
    let rig = Rig::start().await?;
    let entra = Entra::with_flag(rig.scim().await?);
    a_year(rig, entra).await
}
