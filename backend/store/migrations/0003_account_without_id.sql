-- An account that we deleted (rungs tombstone and delete) has no Grafana id, and what is to be given back on return stays. SQLite
-- cannot drop a NOT NULL, so the table is made anew.

CREATE TABLE account_2 (
    user_id     TEXT    PRIMARY KEY,
    org_id      BIGINT  NOT NULL,
    connection  TEXT    NOT NULL,
    -- NULL: deleted by us.
    grafana_id  BIGINT,
    origin      TEXT    NOT NULL,
    login       TEXT    NOT NULL,
    -- NULL while open; else the rung of the ladder that closed it, or is about to: written before an account is deleted.
    closed_by   TEXT,
    -- Whether that rung holds against a sign-in the provider still allows; NULL: not known.
    holds       BOOLEAN,
    -- JSON: organizations, roles and teams to restore, and the profile to make the account again with.
    snapshot    TEXT,
    -- JSON: codes of the attributes that wait for the next sign-in.
    deferred    TEXT    NOT NULL,
    synced_ms   BIGINT  NOT NULL
);
INSERT INTO account_2 (user_id, org_id, connection, grafana_id, origin, login, closed_by, holds, snapshot, deferred, synced_ms)
SELECT user_id, org_id, connection, grafana_id, origin, login, closed_by, holds, snapshot, deferred, synced_ms FROM account;
DROP TABLE account;
ALTER TABLE account_2 RENAME TO account;
-- One SCIM user per Grafana account, whoever asks first.
CREATE UNIQUE INDEX account_grafana_id ON account (grafana_id);
