//! Who may call SCIM, who may change a setting, and where a secret is sent.
