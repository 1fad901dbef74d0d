//! Conformance: what each identity provider sends, and what its own test asks for.
//!
//! Owns: recorded sequences in shape (I1–I29), one module for each source, each test named as its source names it. Must
//! never look at Grafana: that a stored change arrives there is what the end-to-end tests show. Start at [`okta_spec`].
//!
//! All tests share one plugin, which keeps running: they use names of their own and need no order.

mod authentik;
mod entra;
mod jumpcloud;
mod keycloak;
mod microsoft_gallery;
mod microsoft_validator;
mod okta;
mod okta_spec;
mod one_plugin;
mod onelogin;
mod ping;
mod rauthy;
mod rfc;
mod scim2_models;
mod scim2_tester;
