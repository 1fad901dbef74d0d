//! Two stores, lost stores and restored ones: a store that Grafana does not know opens nobody.
