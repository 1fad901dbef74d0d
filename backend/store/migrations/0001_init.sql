-- One SQL text for SQLite and PostgreSQL. Every key carries org_id and connection from the start, so that several organizations
-- and several identity providers are new rows, not a new schema. Times are milliseconds since the Unix epoch, UTC.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- The last generation of a mark. It only grows, so that no mark ever has the generation of an older one.
CREATE TABLE sequence (
    name TEXT   PRIMARY KEY CHECK (name IN ('mark')),
    last BIGINT NOT NULL
);
INSERT INTO sequence (name, last) VALUES ('mark', 0);

-- A SCIM User. `document` holds the stored attributes only; id, meta, groups and schemas are derived.
CREATE TABLE scim_user (
    pk            INTEGER PRIMARY KEY,
    org_id        BIGINT  NOT NULL,
    connection    TEXT    NOT NULL,
    id            TEXT    NOT NULL UNIQUE,
    user_name     TEXT    NOT NULL,
    -- NFC and lower case: RFC 7643 §4.1.1 userName is caseExact=false.
    user_name_key TEXT    NOT NULL,
    external_id   TEXT,
    display_key   TEXT,
    active        BOOLEAN NOT NULL,
    document      TEXT    NOT NULL,
    -- What the admin page searches: userName, name and e-mails, folded.
    search_key    TEXT    NOT NULL,
    version       BIGINT  NOT NULL,
    created_ms    BIGINT  NOT NULL,
    modified_ms   BIGINT  NOT NULL,
    UNIQUE (org_id, connection, user_name_key)
);
CREATE INDEX scim_user_external_id ON scim_user (org_id, connection, external_id);
CREATE INDEX scim_user_page ON scim_user (org_id, connection, pk);

CREATE TABLE scim_user_email (
    user_pk   BIGINT NOT NULL REFERENCES scim_user (pk) ON DELETE CASCADE,
    value_key TEXT   NOT NULL,
    PRIMARY KEY (user_pk, value_key)
);
CREATE INDEX scim_user_email_value ON scim_user_email (value_key);

CREATE TABLE scim_group (
    pk           INTEGER PRIMARY KEY,
    org_id       BIGINT NOT NULL,
    connection   TEXT   NOT NULL,
    id           TEXT   NOT NULL UNIQUE,
    display_name TEXT   NOT NULL,
    display_key  TEXT   NOT NULL,
    external_id  TEXT,
    document     TEXT   NOT NULL,
    version      BIGINT NOT NULL,
    created_ms   BIGINT NOT NULL,
    modified_ms  BIGINT NOT NULL,
    -- RFC 7643 is silent; Microsoft's validator requires 409 for a duplicate group.
    UNIQUE (org_id, connection, display_key)
);
CREATE INDEX scim_group_external_id ON scim_group (org_id, connection, external_id);
CREATE INDEX scim_group_page ON scim_group (org_id, connection, pk);

-- Membership is rows: one member more in a group of 100,000 is one insert.
CREATE TABLE scim_member (
    group_pk BIGINT NOT NULL REFERENCES scim_group (pk) ON DELETE CASCADE,
    user_pk  BIGINT NOT NULL REFERENCES scim_user (pk) ON DELETE CASCADE,
    display  TEXT,
    PRIMARY KEY (group_pk, user_pk)
);
CREATE INDEX scim_member_user ON scim_member (user_pk, group_pk);

-- What we know of a SCIM user's Grafana account. It outlives the SCIM resource: a deleted user must still be closed in Grafana.
CREATE TABLE account (
    user_id     TEXT    PRIMARY KEY,
    org_id      BIGINT  NOT NULL,
    connection  TEXT    NOT NULL,
    grafana_id  BIGINT  NOT NULL,
    origin      TEXT    NOT NULL,
    login       TEXT    NOT NULL,
    -- NULL while open; else the rung of the ladder that closed it.
    closed_by   TEXT,
    -- Whether that rung holds against a sign-in the provider still allows.
    holds       BOOLEAN,
    -- JSON: organizations, roles and teams to restore.
    snapshot    TEXT,
    -- JSON: codes of the attributes that wait for the next sign-in.
    deferred    TEXT    NOT NULL,
    synced_ms   BIGINT  NOT NULL
);
-- One SCIM user per Grafana account, whoever asks first.
CREATE UNIQUE INDEX account_grafana_id ON account (grafana_id);

-- group × org × team.
CREATE TABLE mapping (
    id         INTEGER PRIMARY KEY,
    org_id     BIGINT  NOT NULL,
    connection TEXT    NOT NULL,
    group_id   TEXT    NOT NULL,
    -- Kept for the page when the group itself is gone.
    group_name TEXT    NOT NULL,
    -- NULL until the team has been made.
    team_id    BIGINT,
    team_name  TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    policy     TEXT    NOT NULL,
    paused     BOOLEAN NOT NULL,
    origin     TEXT    NOT NULL,
    created_ms BIGINT  NOT NULL
);
CREATE INDEX mapping_group ON mapping (org_id, connection, group_id);
CREATE INDEX mapping_team ON mapping (org_id, team_id);
CREATE UNIQUE INDEX mapping_once ON mapping (org_id, connection, group_id, team_id);

-- Whom we put into which team: the base of the three-way comparison that keeps people who were added by hand.
CREATE TABLE team_member (
    org_id     BIGINT  NOT NULL,
    team_id    BIGINT  NOT NULL,
    grafana_id BIGINT  NOT NULL,
    PRIMARY KEY (org_id, team_id, grafana_id)
);

-- Dirty marks: "this resource changed since generation g", without payload. A row goes when the engine has made Grafana match.
CREATE TABLE work (
    org_id      BIGINT  NOT NULL,
    connection  TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    generation  BIGINT  NOT NULL,
    -- Closing access goes first, always.
    closing     BOOLEAN NOT NULL,
    since_ms    BIGINT  NOT NULL,
    due_ms      BIGINT  NOT NULL,
    attempts    BIGINT  NOT NULL,
    -- 'pending': has its turn at due_ms. 'blocked': waits for a person, and is not tried again until something changes.
    state       TEXT    NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'blocked')),
    -- Why the last attempt did not succeed: the code of domain::attention::Problem, and all of it as JSON.
    attention_code TEXT,
    attention   TEXT,
    correlation TEXT    NOT NULL,
    PRIMARY KEY (org_id, connection, kind, id)
);
CREATE INDEX work_due ON work (closing, due_ms);

CREATE TABLE activity (
    id          INTEGER PRIMARY KEY,
    org_id      BIGINT NOT NULL,
    connection  TEXT   NOT NULL,
    at_ms       BIGINT NOT NULL,
    source      TEXT   NOT NULL,
    actor       TEXT   NOT NULL,
    action      TEXT   NOT NULL,
    target_kind TEXT   NOT NULL,
    target_id   TEXT   NOT NULL,
    target_name TEXT   NOT NULL,
    outcome     TEXT   NOT NULL,
    reason      TEXT,
    duration_ms BIGINT NOT NULL,
    correlation TEXT   NOT NULL
);
CREATE INDEX activity_page ON activity (org_id, connection, id);
CREATE INDEX activity_target ON activity (target_id, id);
CREATE INDEX activity_actor ON activity (org_id, source, actor, id);

-- What an admin set on the page.
CREATE TABLE setting (
    org_id BIGINT NOT NULL,
    name   TEXT   NOT NULL,
    value  TEXT   NOT NULL,
    PRIMARY KEY (org_id, name)
);
