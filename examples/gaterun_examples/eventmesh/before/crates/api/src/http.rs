//! Requests and responses, and how they are written on the wire.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// Why bytes are no request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HttpError {
    /// The head does not end.
    Incomplete,
    /// The first line is malformed.
    RequestLine,
    /// The method is unknown.
    Method(String),
    /// A header is malformed.
    Header(String),
    /// The body is longer or shorter than announced.
    Length {
        /// What was announced.
        expected: usize,
        /// What there is.
        found: usize,
    },
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HttpError::Incomplete => f.write_str("the head does not end"),
            HttpError::RequestLine => f.write_str("the request line is malformed"),
            HttpError::Method(method) => write!(f, "unknown method {method:?}"),
            HttpError::Header(line) => write!(f, "malformed header {line:?}"),
            HttpError::Length { expected, found } => {
                write!(f, "body of {found} bytes, announced {expected}")
            }
        }
    }
}

impl Error for HttpError {}

macro_rules! methods {
    ($($name:ident = $text:literal,)+) => {
        /// What to do with a resource.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Method {
            $(
                #[doc = concat!("`", $text, "`")]
                $name,
            )+
        }

        impl Method {
            /// As it is on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Method::$name => $text,)+
                }
            }
        }

        impl FromStr for Method {
            type Err = HttpError;

            fn from_str(text: &str) -> Result<Self, HttpError> {
                match text {
                    $($text => Ok(Method::$name),)+
                    _ => Err(HttpError::Method(text.to_string())),
                }
            }
        }
    };
}

methods! {
    Get = "GET",
    Head = "HEAD",
    Post = "POST",
    Put = "PUT",
    Patch = "PATCH",
    Delete = "DELETE",
    Options = "OPTIONS",
}

impl Method {
    /// Whether it changes nothing.
    pub fn is_safe(self) -> bool {
        matches!(self, Method::Get | Method::Head | Method::Options)
    }
}

macro_rules! statuses {
    ($($code:literal $name:ident $text:literal,)+) => {
        /// How it went.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Status {
            $(
                #[doc = $text]
                $name = $code,
            )+
        }

        impl Status {
            /// The words after the number.
            pub fn reason(self) -> &'static str {
                match self {
                    $(Status::$name => $text,)+
                }
            }

            /// The status with this number.
            pub fn from_code(code: u16) -> Option<Self> {
                match code {
                    $($code => Some(Status::$name),)+
                    _ => None,
                }
            }
        }
    };
}

statuses! {
    200 Ok "OK",
    201 Created "Created",
    202 Accepted "Accepted",
    204 NoContent "No Content",
    304 NotModified "Not Modified",
    400 BadRequest "Bad Request",
    401 Unauthorized "Unauthorized",
    403 Forbidden "Forbidden",
    404 NotFound "Not Found",
    405 MethodNotAllowed "Method Not Allowed",
    409 Conflict "Conflict",
    413 TooLarge "Content Too Large",
    415 UnsupportedMedia "Unsupported Media Type",
    422 Unprocessable "Unprocessable Content",
    429 TooManyRequests "Too Many Requests",
    500 Internal "Internal Server Error",
    503 Unavailable "Service Unavailable",
}

impl Status {
    /// The number.
    pub fn code(self) -> u16 {
        self as u16
    }

    /// Whether it went well.
    pub fn is_success(self) -> bool {
        let code = self.code();
        code >= 200 && code < 300
    }

    /// Whether it makes sense to try again.
    pub fn is_retryable(self) -> bool {
        matches!(self, Status::TooManyRequests | Status::Unavailable)
    }
}

/// Names, which are compared without case, and values.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Headers {
    entries: Vec<(String, String)>,
}

impl Headers {
    /// No headers.
    pub fn new() -> Self {
        Headers::default()
    }

    /// The first value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entries
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Sets `name`, in place of all values that it has.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.entries
            .retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self.append(name, value);
    }

    /// Adds a value of `name`.
    pub fn append(&mut self, name: &str, value: impl Into<String>) {
        self.entries.push((name.to_string(), value.into()));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// What a caller wants.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Request {
    /// What to do.
    pub method: Method,
    /// With what, as it was sent.
    pub path: String,
    /// What was after `?`, decoded.
    pub query: Vec<(String, String)>,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Request {
            method,
            path: path.to_string(),
            query: parse_query(query),
            headers: Headers::new(),
            body: Vec::new(),
        }
    }

    /// The same request with a header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.set(name, value);
        self
    }

    /// The same request with a body.
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The request that `bytes` are.
    pub fn parse(bytes: &[u8]) -> Result<Self, HttpError> {
        let end = bytes
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .ok_or(HttpError::Incomplete)?;
        let head = std::str::from_utf8(&bytes[..end]).map_err(|_| HttpError::RequestLine)?;
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (first.next(), first.next(), first.next(), first.next())
        else {
            return Err(HttpError::RequestLine);
        };
        if !version.starts_with("HTTP/1.") || !target.starts_with('/') {
            return Err(HttpError::RequestLine);
        }
        let mut request = Request::new(method.parse()?, target);
        for line in lines {
            let (name, value) = line
                .split_once(':')
                .filter(|(name, _)| !name.is_empty() && !name.contains(' '))
                .ok_or_else(|| HttpError::Header(line.to_string()))?;
            request.headers.append(name, value.trim());
        }
        request.body = bytes[end + 4..].to_vec();
        let found = request.body.len();
        let expected = match request.headers.get("content-length") {
            Some(text) => text
                .parse()
                .map_err(|_| HttpError::Header(format!("content-length: {text}")))?,
            None => 0,
        };
        if expected != found {
            return Err(HttpError::Length { expected, found });
        }
        Ok(request)
    }

    /// The first value of a query parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What the caller gets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Response {
    /// How it went.
    pub status: Status,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A response without a body.
    pub fn new(status: Status) -> Self {
        Response {
            status,
            headers: Headers::new(),
            body: Vec::new(),
        }
    }

    /// A response with a JSON body.
    pub fn json(status: Status, body: String) -> Self {
        let mut response = Response::new(status);
        response.headers.set("content-type", "application/json");
        response.body = body.into_bytes();
        response
    }

    /// The same response with a header.
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.set(name, value);
        self
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// As it is on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!(
            "HTTP/1.1 {} {}\r\n",
            self.status.code(),
            self.status.reason()
        );
        for (name, value) in self.headers.iter() {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// Undoes percent encoding; what is malformed stays as it is.
pub fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escape {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn parse_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text: &str| percent_decode(&text.replace('+', " "));
            (decode(key), decode(value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(text: &str) -> Option<Method> {
        text.parse().ok()
    }

    cases! { methods_by_name, method;
        get: "GET" => Some(Method::Get),
        delete: "DELETE" => Some(Method::Delete),
        options: "OPTIONS" => Some(Method::Options),
        lower_case: "get" => None,
        unknown: "BREW" => None,
    }

    cases! { statuses_by_code, |code: u16| Status::from_code(code).map(Status::reason);
        ok: 200 => Some("OK"),
        no_content: 204 => Some("No Content"),
        not_found: 404 => Some("Not Found"),
        too_many: 429 => Some("Too Many Requests"),
        teapot: 418 => None,
    }

    fn parsed(text: &str) -> Result<(Method, String, usize), HttpError> {
        let request = Request::parse(text.as_bytes())?;
        Ok((request.method, request.path, request.headers.len()))
    }

    fn fine(
        method: Method,
        path: &str,
        headers: usize,
    ) -> Result<(Method, String, usize), HttpError> {
        Ok((method, path.to_string(), headers))
    }

    cases! { parsing, parsed;
        minimal: "GET / HTTP/1.1\r\n\r\n" => fine(Method::Get, "/", 0),
        with_header: "GET /a HTTP/1.1\r\nhost: h\r\n\r\n" => fine(Method::Get, "/a", 1),
        query_is_no_path: "GET /a?b=c HTTP/1.0\r\n\r\n" => fine(Method::Get, "/a", 0),
        with_body: "POST /a HTTP/1.1\r\ncontent-length: 2\r\n\r\nhi" => fine(Method::Post, "/a", 1),
        same_header_twice: "GET / HTTP/1.1\r\na: 1\r\nA: 2\r\n\r\n" => fine(Method::Get, "/", 2),
        no_end: "GET / HTTP/1.1\r\n" => Err(HttpError::Incomplete),
        empty: "" => Err(HttpError::Incomplete),
        no_version: "GET /\r\n\r\n" => Err(HttpError::RequestLine),
        wrong_version: "GET / HTTP/2\r\n\r\n" => Err(HttpError::RequestLine),
        too_many_words: "GET / x HTTP/1.1\r\n\r\n" => Err(HttpError::RequestLine),
        relative_target: "GET a HTTP/1.1\r\n\r\n" => Err(HttpError::RequestLine),
        unknown_method: "BREW / HTTP/1.1\r\n\r\n" => Err(HttpError::Method("BREW".to_string())),
        no_colon: "GET / HTTP/1.1\r\nhost\r\n\r\n" => Err(HttpError::Header("host".to_string())),
        space_in_name: "GET / HTTP/1.1\r\na b: c\r\n\r\n" => Err(HttpError::Header("a b: c".to_string())),
        short_body: "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhi" => Err(HttpError::Length { expected: 5, found: 2 }),
        unannounced_body: "POST / HTTP/1.1\r\n\r\nhi" => Err(HttpError::Length { expected: 0, found: 2 }),
    }

    cases! { percent_decoding, percent_decode;
        plain: "abc" => "abc",
        space: "a%20b" => "a b",
        lower_case_digits: "%c3%bc" => "ü",
        cut_short: "50%2" => "50%2",
        no_digits: "50%zz" => "50%zz",
        plus_stays: "a+b" => "a+b",
    }

    fn param((target, name): (&str, &str)) -> Option<String> {
        Request::new(Method::Get, target)
            .param(name)
            .map(str::to_string)
    }

    cases! { parameters, param;
        none: ("/a", "x") => None,
        one: ("/a?x=1", "x") => Some("1".to_string()),
        first_counts: ("/a?x=1&x=2", "x") => Some("1".to_string()),
        no_value: ("/a?x", "x") => Some(String::new()),
        plus_is_space: ("/a?x=a+b", "x") => Some("a b".to_string()),
        encoded_name: ("/a?%78=1", "x") => Some("1".to_string()),
        empty_pairs: ("/a?&&x=1&", "x") => Some("1".to_string()),
    }

    #[test]
    fn header_names_have_no_case() {
        let mut headers = Headers::new();
        headers.append("X-Id", "1");
        headers.append("x-id", "2");
        assert_eq!(headers.get("X-ID"), Some("1"));
        headers.set("x-Id", "3");
        assert_eq!(headers.len(), 1);
    }

    #[test]
    fn responses_on_the_wire() {
        let response = Response::json(Status::Ok, "{}".to_string());
        assert_eq!(
            String::from_utf8(response.to_bytes()).unwrap(),
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
        );
    }

    #[test]
    fn some_statuses_invite_to_try_again() {
        assert!(Status::Unavailable.is_retryable());
        assert!(!Status::Internal.is_retryable());
        assert!(Status::NoContent.is_success());
    }
}
