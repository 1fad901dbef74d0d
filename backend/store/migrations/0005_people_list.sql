-- What the page's list of people is searched, filtered, ordered and counted by, without reading the documents: with 100,000 people a key
-- press must show in 200 ms.
CREATE INDEX scim_user_shown ON scim_user (org_id, connection, user_name_key, id, active, search_key);
CREATE INDEX account_closed ON account (org_id, connection, user_id) WHERE closed_by IS NOT NULL;
CREATE INDEX account_known ON account (user_id) WHERE grafana_id IS NOT NULL;
