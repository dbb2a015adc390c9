//! Database addresses such as `postgres://user@host:5432/name?k=v`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// The parts of a database address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Dsn {
    /// What is before `://`.
    pub scheme: String,
    /// Who connects.
    pub user: Option<String>,
    /// The password; never shown.
    pub password: Option<String>,
    /// Where the server is.
    pub host: String,
    /// On which port it listens.
    pub port: Option<u16>,
    /// The database.
    pub database: String,
    /// What is after `?`.
    pub options: BTreeMap<String, String>,
}

/// Why text is no database address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DsnError {
    /// There is no `://`.
    Scheme,
    /// There is no host.
    Host,
    /// The port is no number.
    Port,
    /// An option has no `=`.
    Option,
}

impl fmt::Display for DsnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DsnError::Scheme => "the scheme is missing",
            DsnError::Host => "the host is missing",
            DsnError::Port => "the port is not a number",
            DsnError::Option => "an option has no value",
        })
    }
}

impl Error for DsnError {}

impl FromStr for Dsn {
    type Err = DsnError;

    fn from_str(text: &str) -> Result<Self, DsnError> {
        let (scheme, rest) = text.split_once("://").ok_or(DsnError::Scheme)?;
        if scheme.is_empty() {
            return Err(DsnError::Scheme);
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, address) = match authority.rsplit_once('@') {
            Some((login, address)) => (Some(login), address),
            None => (None, authority),
        };
        let (user, password) = match login.map(|login| login.split_once(':').ok_or(login)) {
            None => (None, None),
            Some(Ok((user, password))) => (Some(user.to_string()), Some(password.to_string())),
            Some(Err(user)) => (Some(user.to_string()), None),
        };
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| DsnError::Port)?)),
            None => (address, None),
        };
        if host.is_empty() {
            return Err(DsnError::Host);
        }
        let options = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').ok_or(DsnError::Option)?;
                Ok((key.to_string(), value.to_string()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Dsn {
            scheme: scheme.to_string(),
            user,
            password,
            host: host.to_string(),
            port,
            database: database.to_string(),
            options,
        })
    }
}

impl fmt::Display for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme)?;
        if let Some(user) = &self.user {
            f.write_str(&user)?;
            if self.password.is_some() {
                f.write_str(":***")?;
            }
            f.write_str("@")?;
        }
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "/{}", self.database)?;
        for (index, (key, value)) in self.options.iter().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            write!(f, "{separator}{key}={value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, DsnError> {
        text.parse::<Dsn>().map(|dsn| dsn.to_string())
    }

    fn ok(text: &str) -> Result<String, DsnError> {
        Ok(text.to_string())
    }

    cases! { shown_again, shown;
        full: "pg://u@h:1/d" => ok("pg://u@h:1/d"),
        no_user: "pg://h:1/d" => ok("pg://h:1/d"),
        no_port: "pg://h/d" => ok("pg://h/d"),
        no_database: "pg://h" => ok("pg://h/"),
        password_is_hidden: "pg://u:secret@h/d" => ok("pg://u:***@h/d"),
        at_in_password: "pg://u:a@b@h/d" => ok("pg://u:***@h/d"),
        one_option: "pg://h/d?a=1" => ok("pg://h/d?a=1"),
        options_are_sorted: "pg://h/d?b=2&a=1" => ok("pg://h/d?a=1&b=2"),
        value_with_equals: "pg://h/d?a=b=c" => ok("pg://h/d?a=b=c"),
        no_scheme: "h:1/d" => Err(DsnError::Scheme),
        empty_scheme: "://h/d" => Err(DsnError::Scheme),
        no_host: "pg:///d" => Err(DsnError::Host),
        user_but_no_host: "pg://u@/d" => Err(DsnError::Host),
        wordy_port: "pg://h:port/d" => Err(DsnError::Port),
        port_too_large: "pg://h:65536/d" => Err(DsnError::Port),
        bare_option: "pg://h/d?a" => Err(DsnError::Option),
    }

    #[test]
    fn parts() {
        let dsn: Dsn = "postgres://mesh:pw@db.internal:6432/events?sslmode=require"
            .parse()
            .unwrap();
        assert_eq!(dsn.user.as_deref(), Some("mesh"));
        assert_eq!(dsn.password.as_deref(), Some("pw"));
        assert_eq!(dsn.host, "db.internal");
        assert_eq!(dsn.port, Some(6_432));
        assert_eq!(dsn.options["sslmode"], "require");
    }

    cases! { messages, |error: DsnError| error.to_string();
        scheme: DsnError::Scheme => "the scheme is missing",
        host: DsnError::Host => "the host is missing",
        port: DsnError::Port => "the port is not a number",
        option: DsnError::Option => "an option has no value",
    }
}
