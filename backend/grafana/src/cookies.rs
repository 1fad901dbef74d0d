//! The cookies of a session.
//!
//! Owns: keeping what an answer sets and forgetting what it unsets. Grafana's own can have any name (`login_cookie_name`), and what
//! stands in front of it sets some too (`AWSALB`, often the first): all are kept and all are sent. Must never show one.
//! Start at [`Cookies::take`].

use domain::Secret;

/// What is sent with every call of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cookies(Vec<(String, Secret)>);

impl Cookies {
    /// What an answer sets takes the place of what had that name.
    pub fn take<'a>(&mut self, set_cookies: impl Iterator<Item = &'a str>) {
        for set in set_cookies {
            let pair = set.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.trim().split_once('=') else {
                continue;
            };
            self.0.retain(|(known, _)| known != name);
            // Without a value, or with an age of zero, it is unset.
            if !value.is_empty() && !is_over(set) {
                self.0.push((name.to_owned(), Secret::new(value)));
            }
        }
    }

    /// The value of the header `Cookie`; nothing where there is none.
    pub fn header(&self) -> Option<Secret> {
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={}", value.expose()))
            .collect();
        (!pairs.is_empty()).then(|| Secret::new(pairs.join("; ")))
    }
}

fn is_over(set: &str) -> bool {
    let age = set.split(';').skip(1).find_map(|attribute| {
        let (name, value) = attribute.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("max-age")
            .then(|| value.trim().parse::<i64>())
    });
    matches!(age, Some(Ok(..=0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(cookies: &Cookies) -> String {
        cookies.header().map(|h| h.expose().to_owned()).unwrap_or_default()
    }

    #[test]
    fn every_cookie_is_kept_until_it_is_replaced_or_unset() {
        let mut cookies = Cookies::default();
        assert_eq!(cookies.header(), None);
        cookies.take(
            [
                "AWSALB=balancer; Expires=Fri, 04 Dec 2026 00:00:00 GMT; Path=/",
                "grafana_session=first; Path=/; Max-Age=2592000; HttpOnly",
                "grafana_session_expiry=1795779377; Path=/; Max-Age=2592000",
                "redirect_to=; Path=/; Max-Age=0",
            ]
            .into_iter(),
        );
        assert_eq!(
            header(&cookies),
            "AWSALB=balancer; grafana_session=first; grafana_session_expiry=1795779377"
        );
        cookies.take(
            [
                "grafana_session=second; Path=/",
                "grafana_session_expiry=gone; Max-Age=0",
            ]
            .into_iter(),
        );
        assert_eq!(header(&cookies), "AWSALB=balancer; grafana_session=second");
        assert!(!format!("{cookies:?}").contains("second"));
    }
}
