-- The schema of the SQLite store. Every key begins with org_id and connection, so that several organizations and several identity
-- providers are new rows, not a new schema. Times are milliseconds since the Unix epoch, UTC. A column that holds a code lists its codes
-- in a CHECK; `codes.rs` holds the same lists.

-- The last generation of a mark. It only grows, so that no mark ever has the generation of an older one.
CREATE TABLE sequence (
    name TEXT   PRIMARY KEY CHECK (name IN ('mark')),
    last BIGINT NOT NULL
);
INSERT INTO sequence (name, last) VALUES ('mark', 0);

-- Which store this is to the Grafana of an organization (docs/decisions/0008-store-identity.md).
CREATE TABLE store_identity (
    org_id  BIGINT PRIMARY KEY,
    -- Random, made with the first look at that Grafana.
    id      TEXT   NOT NULL,
    -- Grows with each start of the engine and each closing that was seen done.
    counter BIGINT NOT NULL,
    -- The stamp that the marker in Grafana had when this store last wrote it; NULL: it never has.
    seen    TEXT,
    -- The stamp that the marker was about to be given.
    asked   TEXT
);

-- What the health check writes, and removes in the same transaction: it is always empty.
CREATE TABLE probe (
    id      INTEGER PRIMARY KEY,
    content BLOB    NOT NULL
);

-- SCIM Users. `document` holds the stored attributes only; id, meta, groups and schemas are derived.
CREATE TABLE scim_user (
    pk            INTEGER PRIMARY KEY,
    org_id        BIGINT  NOT NULL,
    connection    TEXT    NOT NULL,
    id            TEXT    NOT NULL UNIQUE,
    user_name     TEXT    NOT NULL,
    -- NFC and lower case: userName is caseExact=false (RFC 7643 §4.1.1).
    user_name_key TEXT    NOT NULL,
    external_id   TEXT,
    display_key   TEXT,
    active        BOOLEAN NOT NULL,
    document      TEXT    NOT NULL,
    -- What the page searches: userName, name and e-mails, folded.
    search_key    TEXT    NOT NULL,
    version       BIGINT  NOT NULL,
    created_ms    BIGINT  NOT NULL,
    modified_ms   BIGINT  NOT NULL,
    UNIQUE (org_id, connection, user_name_key)
);
CREATE INDEX scim_user_external_id ON scim_user (org_id, connection, external_id);
CREATE INDEX scim_user_page ON scim_user (org_id, connection, pk);
-- The page's list of people is searched, filtered, ordered and counted by this index, without a look at the documents: with 100,000
-- people a key press must show in 200 ms.
CREATE INDEX scim_user_shown ON scim_user (org_id, connection, user_name_key, id, active, search_key);

CREATE TABLE scim_user_email (
    user_pk   BIGINT NOT NULL REFERENCES scim_user (pk) ON DELETE CASCADE,
    value_key TEXT   NOT NULL,
    PRIMARY KEY (user_pk, value_key)
);
CREATE INDEX scim_user_email_value ON scim_user_email (value_key);

-- SCIM Groups, without their members.
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
    -- RFC 7643 says nothing about it; Microsoft's validator requires 409 for a duplicate group.
    UNIQUE (org_id, connection, display_key)
);
CREATE INDEX scim_group_external_id ON scim_group (org_id, connection, external_id);
CREATE INDEX scim_group_page ON scim_group (org_id, connection, pk);

-- A membership is a row: one more member of a group of 100,000 is one insert.
CREATE TABLE scim_member (
    group_pk BIGINT NOT NULL REFERENCES scim_group (pk) ON DELETE CASCADE,
    user_pk  BIGINT NOT NULL REFERENCES scim_user (pk) ON DELETE CASCADE,
    display  TEXT,
    PRIMARY KEY (group_pk, user_pk)
);
CREATE INDEX scim_member_user ON scim_member (user_pk, group_pk);

-- What Rollcall knows of a SCIM user's account in Grafana. The row outlives the SCIM user: after a delete the account must still be
-- deprovisioned.
CREATE TABLE account (
    user_id          TEXT    PRIMARY KEY,
    org_id           BIGINT  NOT NULL,
    connection       TEXT    NOT NULL,
    -- NULL: Rollcall deleted the account.
    grafana_id       BIGINT,
    origin           TEXT    NOT NULL CHECK (origin IN ('provisioned', 'claimed')),
    login            TEXT    NOT NULL,
    -- What this organization's provider may do to it (docs/decisions/0007-authority.md): decided when it was made or claimed.
    authority        TEXT    NOT NULL CHECK (authority IN ('full', 'organization')),
    -- The organization that Grafana made with the account: nobody else is in it.
    own_org          BIGINT,
    -- The account was seen in our organization: who is not in it any more was taken out.
    seen_inside      BOOLEAN NOT NULL,
    -- It was found closed: Rollcall has not done that, and does not undo it.
    closed_by_hand   BOOLEAN NOT NULL,
    -- When Rollcall last joined it to our organization again, after it had been seen inside.
    rejoined_ms      BIGINT,
    -- NULL while the account is open. It is written before an account is disabled or deleted.
    deprovisioned_by TEXT    CHECK (deprovisioned_by IN ('disable', 'suspend', 'recreate', 'delete')),
    -- Whether that holds against a sign-in which the single sign-on provider still allows; NULL: not known.
    holds            BOOLEAN,
    -- JSON: organizations, roles and teams to give back, and the profile to create the account with again.
    snapshot         TEXT,
    -- JSON array: the attributes that wait for the next sign-in.
    deferred         TEXT    NOT NULL,
    synced_ms        BIGINT  NOT NULL,
    -- When the account was last found closed, or gone, of somebody who must be out. NULL: it was not, so it counts as open.
    seen_closed_ms   BIGINT,
    -- The provider's own id of the person: of now, or of the moment when the SCIM user was deleted. Who comes with it again is the same.
    external_id      TEXT,
    -- When the SCIM user was deleted.
    gone_ms          BIGINT,
    -- Somebody else may know the password: it becomes random before the account is opened.
    renew_password   BOOLEAN NOT NULL DEFAULT FALSE
);
-- A Grafana account belongs to one SCIM user, the first that claims it.
CREATE UNIQUE INDEX account_grafana_id ON account (grafana_id);
CREATE INDEX account_deprovisioned ON account (org_id, connection, user_id) WHERE deprovisioned_by IS NOT NULL;
CREATE INDEX account_left ON account (org_id, connection, external_id) WHERE gone_ms IS NOT NULL;
CREATE INDEX account_known ON account (user_id) WHERE grafana_id IS NOT NULL;

-- Accounts that Grafana was asked to create and that no row of `account` names yet. It says in which organization the account is looked
-- for if the SCIM user is deleted meanwhile.
CREATE TABLE account_creation (
    user_id    TEXT   PRIMARY KEY,
    org_id     BIGINT NOT NULL,
    connection TEXT   NOT NULL,
    login      TEXT   NOT NULL,
    -- The time just before the call: an account that had the login before is a stranger's.
    since_ms   BIGINT NOT NULL,
    -- The first comparison that looked for the account since the last request.
    looked_ms  BIGINT,
    -- As in `account`, where the SCIM user was deleted before there was a row of it.
    external_id TEXT,
    gone_ms     BIGINT
);

-- What an admin decided about a SCIM user's account, or is asked. A row names one account, so that a decision never counts for another
-- account that took the login since.
CREATE TABLE management (
    user_id    TEXT   PRIMARY KEY,
    org_id     BIGINT NOT NULL,
    connection TEXT   NOT NULL,
    -- 'needs_approval': an admin must say whether this is the person's account. 'approved': it is, and the next sync claims it.
    -- 'unmanaged': Rollcall does not touch it. 'kept_closed': it is closed, whatever the provider says.
    state      TEXT   NOT NULL CHECK (state IN ('needs_approval', 'approved', 'unmanaged', 'kept_closed')),
    grafana_id BIGINT NOT NULL,
    login      TEXT   NOT NULL,
    -- With an approval: the account's password stays.
    keep_password BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX management_tenant ON management (org_id, connection);

-- What a provider takes away, as far as the brake counts it (domain/brake.rs).
CREATE TABLE brake (
    id          INTEGER PRIMARY KEY,
    org_id      BIGINT NOT NULL,
    connection  TEXT   NOT NULL,
    kind        TEXT   NOT NULL CHECK (kind IN ('close', 'leave_team', 'delete_team', 'rename')),
    -- Who loses it: a SCIM user, or a group where a team goes.
    subject     TEXT   NOT NULL,
    -- What exactly: a team's id, or a new login and e-mail.
    object      TEXT   NOT NULL,
    -- 'out': let through; it counts for a while. 'held': waits for an admin. 'approved', 'rejected': an admin has decided.
    state       TEXT   NOT NULL CHECK (state IN ('out', 'held', 'approved', 'rejected')),
    -- For the page when the resource itself is gone.
    name        TEXT   NOT NULL,
    -- The team's name, or what the names would be.
    detail      TEXT   NOT NULL,
    -- When it was asked for, or approved.
    at_ms       BIGINT NOT NULL,
    -- The request that asked for it.
    since_ms    BIGINT NOT NULL,
    correlation TEXT   NOT NULL,
    -- The admin's login.
    decided_by  TEXT   NOT NULL,
    UNIQUE (org_id, connection, kind, subject, object)
);
-- Teams that an admin changed a mapping of: what leaves them by that is not the provider's doing.
CREATE TABLE brake_grant (
    org_id  BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    at_ms   BIGINT NOT NULL,
    PRIMARY KEY (org_id, team_id)
);

CREATE INDEX brake_subject ON brake (subject, kind, state);
CREATE INDEX brake_state ON brake (org_id, connection, state, at_ms);

-- Which group feeds which team.
CREATE TABLE mapping (
    id            INTEGER PRIMARY KEY,
    org_id        BIGINT  NOT NULL,
    connection    TEXT    NOT NULL,
    group_id      TEXT    NOT NULL,
    -- For the page when the group itself is gone.
    group_name    TEXT    NOT NULL,
    -- NULL until the team exists.
    team_id       BIGINT,
    team_name     TEXT    NOT NULL,
    -- Members become team admins.
    admins        BOOLEAN NOT NULL,
    -- People added by hand are removed.
    remove_others BOOLEAN NOT NULL,
    paused        BOOLEAN NOT NULL,
    -- 'create': the team is one that Rollcall made, so it may be renamed, archived and deleted; 'use': it was there before.
    origin        TEXT    NOT NULL CHECK (origin IN ('page', 'create', 'use')),
    created_ms    BIGINT  NOT NULL
);
CREATE INDEX mapping_group ON mapping (org_id, connection, group_id);
CREATE INDEX mapping_team ON mapping (org_id, team_id);
CREATE UNIQUE INDEX mapping_once ON mapping (org_id, connection, group_id, team_id);

-- Teams that Grafana was asked to create and that no mapping has yet. Each name is a row of its own: a group may be renamed or deleted
-- during the call, and the team is looked for under the name that was asked for.
CREATE TABLE team_creation (
    org_id     BIGINT NOT NULL,
    connection TEXT   NOT NULL,
    group_id   TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    -- The time just before the call.
    since_ms   BIGINT NOT NULL,
    PRIMARY KEY (org_id, connection, group_id, name)
);

-- The members that Rollcall put into a team: the base of the three-way comparison that keeps people who were added by hand.
CREATE TABLE team_member (
    org_id     BIGINT  NOT NULL,
    team_id    BIGINT  NOT NULL,
    grafana_id BIGINT  NOT NULL,
    -- Whether Rollcall made the member an admin of the team; only then it may take that back. 'asked': Grafana was asked to, and nobody
    -- has looked since. 'seen': the member was seen as an admin after that.
    made_admin TEXT    NOT NULL CHECK (made_admin IN ('no', 'asked', 'seen')),
    PRIMARY KEY (org_id, team_id, grafana_id)
);

-- Dirty marks: "this resource changed since generation g", without payload. A row goes when Grafana matches.
CREATE TABLE work (
    org_id         BIGINT  NOT NULL,
    connection     TEXT    NOT NULL,
    kind           TEXT    NOT NULL CHECK (kind IN ('User', 'Group')),
    id             TEXT    NOT NULL,
    -- From `sequence`.
    generation     BIGINT  NOT NULL,
    -- Somebody must lose access: always first.
    urgent         BOOLEAN NOT NULL,
    -- 'blocked': an admin may have to act, and is shown why. It is tried again all the same.
    state          TEXT    NOT NULL CHECK (state IN ('pending', 'blocked')),
    since_ms       BIGINT  NOT NULL,
    -- The largest number there is: only when something changes.
    due_ms         BIGINT  NOT NULL,
    attempts       BIGINT  NOT NULL,
    -- The last failed attempt: its code, and what the page shows of it as JSON.
    attention_code TEXT,
    attention      TEXT,
    correlation    TEXT    NOT NULL,
    PRIMARY KEY (org_id, connection, kind, id)
);
CREATE INDEX work_due ON work (urgent, due_ms);

-- The activity log. `action` has too many codes for a CHECK.
CREATE TABLE activity (
    id          INTEGER PRIMARY KEY,
    org_id      BIGINT NOT NULL,
    connection  TEXT   NOT NULL,
    at_ms       BIGINT NOT NULL,
    source      TEXT   NOT NULL CHECK (source IN ('scim', 'grafana', 'admin')),
    actor       TEXT   NOT NULL,
    action      TEXT   NOT NULL,
    target_kind TEXT   NOT NULL CHECK (target_kind IN ('User', 'Group', 'Team', 'Mapping', 'Setting', 'Service')),
    target_id   TEXT   NOT NULL,
    target_name TEXT   NOT NULL,
    outcome     TEXT   NOT NULL CHECK (outcome IN ('done', 'refused', 'retry', 'attention')),
    reason      TEXT,
    duration_ms BIGINT NOT NULL,
    correlation TEXT   NOT NULL
);
CREATE INDEX activity_page ON activity (org_id, connection, id);
CREATE INDEX activity_target ON activity (target_id, id);
-- By time: lines older than activity_days go, the page asks for a day, and the overview draws the last one.
CREATE INDEX activity_time ON activity (org_id, at_ms);
CREATE INDEX activity_source_time ON activity (org_id, source, at_ms, outcome);
-- The last call of each caller, without a look at the lines themselves.
CREATE INDEX activity_actor_time ON activity (org_id, source, actor, at_ms);

-- Which account each entry of the setting break_glass means. A name is its owner's to write, so that it protects nobody; the id that it had
-- first does.
CREATE TABLE break_glass (
    org_id     BIGINT NOT NULL,
    entry      TEXT   NOT NULL,
    -- NULL: nobody had the name so far.
    grafana_id BIGINT,
    PRIMARY KEY (org_id, entry)
);

-- What an admin set on the page.
CREATE TABLE setting (
    org_id BIGINT NOT NULL,
    name   TEXT   NOT NULL,
    value  TEXT   NOT NULL,
    PRIMARY KEY (org_id, name)
);

-- The service accounts that call SCIM, or asked to. A row names an account by Grafana's id, so that nobody who takes its login later is
-- a caller.
CREATE TABLE scim_caller (
    org_id     BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    -- As Grafana's list last showed it on this id; empty while none has.
    login      TEXT   NOT NULL,
    role       TEXT   NOT NULL,
    -- 'waiting': nobody has accepted it. 'accepted': an admin has. 'dismissed': an admin does not want to be asked again.
    -- 'file': `scim_callers` names its login.
    state      TEXT   NOT NULL CHECK (state IN ('waiting', 'accepted', 'dismissed', 'file')),
    first_ms   BIGINT NOT NULL,
    last_ms    BIGINT NOT NULL,
    PRIMARY KEY (org_id, account_id)
);

-- Where and for which login a secret was given that Grafana keeps. It is sent nowhere else.
CREATE TABLE secret_binding (
    org_id BIGINT NOT NULL,
    name   TEXT   NOT NULL,
    url    TEXT   NOT NULL,
    login  TEXT   NOT NULL,
    salt   TEXT   NOT NULL,
    -- Tells a changed secret from the same one, and is too short to find the secret by.
    digest TEXT   NOT NULL,
    PRIMARY KEY (org_id, name)
);
