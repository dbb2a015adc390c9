//! Who is calling: API keys and signed tokens.

use std::time::Duration;

use eventmesh_persistence::crc32;

use crate::config::{AuthConfig, AuthMode};
use crate::http::Request;

/// Who is calling, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Who.
    pub subject: String,
    /// What; empty for everything.
    pub scopes: Vec<String>,
}

impl Identity {
    /// Whether `scope` is allowed.
    pub fn may(&self, scope: &str) -> bool {
        self.scopes.is_empty() || self.scopes.iter().any(|own| own == scope || own == "admin")
    }
}

/// Why a caller is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthError {
    /// They showed nothing.
    Missing,
    /// They showed something malformed.
    Malformed,
    /// They showed something that we do not know.
    Unknown,
    /// Their token is from someone or for someone else.
    Foreign,
    /// Their token is too old.
    Expired,
}

impl AuthError {
    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            AuthError::Missing => "credentials are missing",
            AuthError::Malformed => "credentials are malformed",
            AuthError::Unknown => "credentials are unknown",
            AuthError::Foreign => "token is for someone else",
            AuthError::Expired => "token has expired",
        }
    }
}

/// Checks who is calling.
#[derive(Debug, Clone)]
pub struct Authenticator {
    config: AuthConfig,
}

impl Authenticator {
    /// The checks that `config` asks for.
    pub fn new(config: AuthConfig) -> Self {
        Authenticator { config }
    }

    /// Who sent `request`, at `now` seconds since the Unix epoch.
    pub fn identify(&self, request: &Request, now: u64) -> Result<Identity, AuthError> {
        match self.config.mode {
            AuthMode::Disabled => Ok(Identity {
                subject: "anonymous".to_string(),
                scopes: Vec::new(),
            }),
            AuthMode::ApiKey => {
                let key = request.headers.get("x-api-key").ok_or(AuthError::Missing)?;
                self.by_key(key)
            }
            AuthMode::Token => {
                let header = request.headers.get("authorization");
                let header = header.ok_or(AuthError::Missing)?;
                let token = header.strip_prefix("Bearer ").ok_or(AuthError::Malformed)?;
                self.by_token(token.trim(), now)
            }
        }
    }

    /// A token for `identity` that `secret` signs.
    pub fn issue(&self, identity: &Identity, now: u64) -> String {
        let expires = now + self.config.token_ttl.as_secs();
        let claims = [
            self.config.issuer.as_str(),
            self.config.audience.as_str(),
            identity.subject.as_str(),
            &identity.scopes.join(" "),
            &expires.to_string(),
        ]
        .join("|");
        format!("{}.{:08x}", hex(claims.as_bytes()), self.sign(&claims))
    }

    fn by_key(&self, key: &str) -> Result<Identity, AuthError> {
        self.config
            .api_keys
            .iter()
            .filter_map(|entry| entry.split_once(':'))
            .find(|(_, known)| same(known.as_bytes(), key.as_bytes()))
            .map(|(name, _)| Identity {
                subject: name.to_string(),
                scopes: Vec::new(),
            })
            .ok_or(AuthError::Unknown)
    }

    fn by_token(&self, token: &str, now: u64) -> Result<Identity, AuthError> {
        let (body, signature) = token.split_once('.').ok_or(AuthError::Malformed)?;
        let claims = unhex(body).ok_or(AuthError::Malformed)?;
        let claims = String::from_utf8(claims).map_err(|_| AuthError::Malformed)?;
        let expected = format!("{:08x}", self.sign(&claims));
        if !same(expected.as_bytes(), signature.as_bytes()) {
            return Err(AuthError::Unknown);
        }
        let parts: Vec<&str> = claims.split('|').collect();
        let [issuer, audience, subject, scopes, expires] = parts[..] else {
            return Err(AuthError::Malformed);
        };
        if issuer != self.config.issuer || audience != self.config.audience {
            return Err(AuthError::Foreign);
        }
        let expires = expires.parse().map_err(|_| AuthError::Malformed)?;
        let expires = Duration::from_secs(expires) + self.config.clock_skew;
        if Duration::from_secs(now) >= expires {
            return Err(AuthError::Expired);
        }
        Ok(Identity {
            subject: subject.to_string(),
            scopes: scopes.split_whitespace().map(str::to_string).collect(),
        })
    }

    /// A check against mistakes; deployments put a signing proxy in front.
    fn sign(&self, claims: &str) -> u32 {
        crc32(format!("{}\n{claims}", self.config.api_keys.join(",")).as_bytes())
    }
}

/// Compares without telling by the time where the difference is.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |all, (l, r)| all | (l ^ r)) == 0
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() % 2 != 0 || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Method;

    fn authenticator(mode: AuthMode) -> Authenticator {
        Authenticator::new(AuthConfig {
            mode,
            issuer: "us".to_string(),
            audience: "mesh".to_string(),
            token_ttl: Duration::from_secs(100),
            clock_skew: Duration::from_secs(5),
            api_keys: vec!["ci:abc".to_string(), "ops:def".to_string()],
        })
    }

    fn by_key(key: &str) -> Result<String, AuthError> {
        let request = Request::new(Method::Get, "/").with_header("X-Api-Key", key);
        authenticator(AuthMode::ApiKey)
            .identify(&request, 0)
            .map(|identity| identity.subject)
    }

    cases! { keys, by_key;
        first: "abc" => Ok("ci".to_string()),
        second: "def" => Ok("ops".to_string()),
        unknown: "xyz" => Err(AuthError::Unknown),
        prefix: "ab" => Err(AuthError::Unknown),
        empty: "" => Err(AuthError::Unknown),
    }

    fn by_token(header: &str) -> Result<String, AuthError> {
        let request = Request::new(Method::Get, "/").with_header("Authorization", header);
        authenticator(AuthMode::Token)
            .identify(&request, 0)
            .map(|identity| identity.subject)
    }

    cases! { bad_tokens, by_token;
        other_scheme: "Basic abc" => Err(AuthError::Malformed),
        no_dot: "Bearer abc" => Err(AuthError::Malformed),
        not_hex: "Bearer xyz!.00000000" => Err(AuthError::Malformed),
        odd_length: "Bearer abc.00000000" => Err(AuthError::Malformed),
        wrong_signature: "Bearer 6162.00000000" => Err(AuthError::Unknown),
    }

    fn at(now: u64) -> Result<String, AuthError> {
        let authenticator = authenticator(AuthMode::Token);
        let identity = Identity {
            subject: "me".to_string(),
            scopes: vec!["read".to_string()],
        };
        let token = authenticator.issue(&identity, 1_000);
        let request =
            Request::new(Method::Get, "/").with_header("authorization", &format!("Bearer {token}"));
        authenticator
            .identify(&request, now)
            .map(|identity| identity.subject)
    }

    cases! { token_ages, at;
        fresh: 1_000 => Ok("me".to_string()),
        from_the_future: 900 => Ok("me".to_string()),
        within_skew: 1_104 => Ok("me".to_string()),
        expired: 1_105 => Err(AuthError::Expired),
    }

    fn may((own, wanted): (&str, &str)) -> bool {
        let identity = Identity {
            subject: String::new(),
            scopes: own.split_whitespace().map(str::to_string).collect(),
        };
        identity.may(wanted)
    }

    cases! { scopes, may;
        unrestricted: ("", "write") => true,
        exactly: ("read", "read") => true,
        other: ("read", "write") => false,
        one_of_many: ("read write", "write") => true,
        admin: ("admin", "write") => true,
    }

    #[test]
    fn tokens_of_others_are_refused() {
        let mut other = authenticator(AuthMode::Token);
        other.config.issuer = "them".to_string();
        let identity = Identity {
            subject: "me".to_string(),
            scopes: Vec::new(),
        };
        let header = format!("Bearer {}", other.issue(&identity, 0));
        assert_eq!(by_token(&header), Err(AuthError::Foreign));
    }

    #[test]
    fn missing_credentials() {
        let request = Request::new(Method::Get, "/");
        for mode in [AuthMode::ApiKey, AuthMode::Token] {
            assert_eq!(
                authenticator(mode).identify(&request, 0),
                Err(AuthError::Missing)
            );
        }
        assert!(authenticator(AuthMode::Disabled)
            .identify(&request, 0)
            .is_ok());
    }
}
