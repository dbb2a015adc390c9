"""Decides which variables the children of a run inherit: those that builds need, no secrets.

A build script of any dependency, a test, a compiler wrapper reads what it inherits, and can
send it anywhere. So a run hands on the variables of a list, and what the setting ``pass_env``
names. The names of all others are said, and never their values.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from gaterun.core.redact import secrets_of

#: What builds and tests need. ``*`` stands for any characters; a name that looks like a secret
#: is left out all the same.
ALLOWED = (
    # Who and where: every program.
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TMPDIR", "TEMP", "TMP", "TZ", "TZDIR"),
    *("LANG", "LANGUAGE", "LC_*", "LOCPATH", "LOCALE_ARCHIVE*", "NO_COLOR", "COLUMNS"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"),
    *("XDG_CONFIG_DIRS", "XDG_DATA_DIRS", "CI", "GITHUB_ACTIONS", "GITLAB_CI", "RUNNER_OS"),
    # Cargo, rustc, rustup, what caches and runs tests.
    *("CARGO", "CARGO_*", "RUST*", "SCCACHE_*", "CCACHE_*", "DISTCC_*", "NEXTEST*", "MIRIFLAGS"),
    *("INSTA_*", "PROPTEST_*", "QUICKCHECK_*", "CRITERION_*", "TRYBUILD", "UPDATE_EXPECT"),
    *("SQLX_OFFLINE*", "LLVM_*", "MALLOC_*", "GLIBC_TUNABLES", "*SAN_OPTIONS", "NUM_JOBS"),
    # Compilers and linkers, and the forms that the crate cc knows (CC_x86_64-unknown-linux-gnu).
    *("CC", "CC_*", "CXX", "CXX_*", "CPP", "AR", "AR_*", "AS", "LD", "NM", "RANLIB", "RANLIB_*"),
    *("STRIP", "OBJCOPY", "HOST_*", "TARGET_*", "CFLAGS*", "CXXFLAGS*", "CPPFLAGS*", "ARFLAGS*"),
    *("LDFLAGS*", "LIBS", "CROSS_COMPILE", "CRATE_CC_*", "CXXSTDLIB*", "CPATH", "C_INCLUDE_PATH"),
    *("CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "LIBRARY_PATH", "LD_*", "DYLD_*", "GCC_*"),
    *("LIBCLANG_*", "CLANG_*", "BINDGEN_*", "SOURCE_DATE_EPOCH", "ZERO_AR_DATE"),
    # How libraries are found; crates named …-sys read the last forms.
    *("PKG_CONFIG*", "*_PKG_CONFIG_*", "ACLOCAL_PATH", "CMAKE*", "MAKE", "MAKEFLAGS", "NINJA*"),
    *("OPENSSL_*", "PROTOC", "PROTOC_INCLUDE", "VCPKG*", "*_LIB_DIR", "*_INCLUDE_DIR"),
    *("*_NO_PKG_CONFIG", "*_USE_PKG_CONFIG", "*_NO_VENDOR", "*_STATIC", "*_DYNAMIC"),
    # Certificates and proxies.
    *("SSL_CERT_*", "NIX_SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO"),
    *("NODE_EXTRA_CA_CERTS", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "no_proxy"),
    # git, without what its hooks leak and without what authenticates.
    *("GIT_AUTHOR_*", "GIT_COMMITTER_*", "GIT_CEILING_DIRECTORIES", "GIT_CONFIG_GLOBAL"),
    *("GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR"),
    # macOS, Nix, Guix, other tool chains.
    *("SDKROOT", "DEVELOPER_DIR", "*_DEPLOYMENT_TARGET", "HOMEBREW_*", "__CF_USER_TEXT_ENCODING"),
    *("NIX_*", "IN_NIX_SHELL", "GUIX_*", "CONDA_PREFIX", "VIRTUAL_ENV", "PYTHON*", "PYO3_*"),
    *("PYENV_*", "ASDF_*", "MISE_*", "JAVA_HOME", "GOROOT", "GOPATH", "GOCACHE", "GOFLAGS"),
    *("NODE_PATH", "NODE_OPTIONS", "ANDROID_*", "EMSDK*", "WASI_SDK*", "CUDA_*", "WINEPREFIX"),
)

#: Every shell sets these, and who starts a program in another folder makes them wrong.
_SHELL = frozenset({"_", "OLDPWD", "PWD", "SHLVL"})

#: Gaterun's own settings: a gaterun that a gate starts takes those of its own workspace.
_OWN = "GATERUN_"

_SECRET = re.compile(
    r"(?:^|_)(?:\w*TOKENS?|\w*SECRETS?|\w*PASSWORD|\w*PASSWD|\w*PASSPHRASE|PASS|PW|PWD|\w*KEYS?"
    r"|CREDENTIALS?|CREDS?|AUTH|\w*COOKIES?|\w*BEARER|DSN|JWT|PAT)(?:_|\d*$)",
    re.IGNORECASE | re.ASCII,
)

#: Names that only look like it.
_HARMLESS = re.compile(
    r"CARGO_REGISTRY_CREDENTIAL_PROVIDER|CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS"
    r"|CARGO_REGISTRIES_\w+_CREDENTIAL_PROVIDER|CARGO_\w+_HTTP_AUTH|SCCACHE_\w*KEY_PREFIX"
    r"|PWD|OLDPWD|CARGO_PKG_\w+|(?:CARGO_)?RUSTUP_TOOLCHAIN_KEY"
)


class Environment(Struct, frozen=True, kw_only=True):
    """The variables of a run's children.

    Attributes:
        given: name to value; the only place where values are.
        withheld: names that children do not get, sorted, without those of every shell.
        secrets: texts that are to be seen nowhere: values of variables with a name that says
            so, given or withheld, and passwords in URLs.
    """

    given: Mapping[str, str]
    withheld: tuple[str, ...] = ()
    secrets: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """SHA-256 of names and values, which gives neither away."""
        return digest_of(self.given)

    @property
    def secret_names(self) -> tuple[str, ...]:
        """Names of what is given and looks like a secret, sorted."""
        return tuple(sorted(name for name in self.given if looks_secret(name)))


def chosen(
    pass_env: Sequence[str] = (), *, variables: Mapping[str, str] | None = None
) -> Environment:
    """What children get of these variables.

    Args:
        pass_env: names beyond the list, with ``*`` for any characters; they may be secrets.
        variables: this process's own by default.
    """
    present = os.environ if variables is None else variables
    allowed, passed = _matcher(ALLOWED), _matcher(tuple(pass_env))
    given: dict[str, str] = {}
    withheld: list[str] = []
    secret: list[str] = []
    others: list[str] = []
    for name, value in present.items():
        hidden = looks_secret(name)
        (secret if hidden else others).append(value)
        if passed(name) or (allowed(name) and not hidden):
            given[name] = value
        elif name not in _SHELL and not name.startswith(_OWN):
            withheld.append(name)
    return Environment(
        given=given, withheld=tuple(sorted(withheld)), secrets=secrets_of(secret, others)
    )


def looks_secret(name: str) -> bool:
    """Whether the name of a variable says that its value is to be kept secret.

    >>> [looks_secret(n) for n in ("CARGO_REGISTRY_TOKEN", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD")]
    [True, True, True]
    >>> [looks_secret(n) for n in ("SCCACHE_S3_KEY_PREFIX", "KEYBOARD", "AUTHOR", "PWD", "PATH")]
    [False, False, False, False, False]
    """
    return _secret(name)


@lru_cache(maxsize=1024)
def _secret(name: str) -> bool:
    return _SECRET.search(name) is not None and _HARMLESS.fullmatch(name) is None


def digest_of(variables: Mapping[str, str]) -> str:
    """SHA-256 of names and values, in whatever order they come."""
    import hashlib

    lines = "\0".join(f"{name}={value}" for name, value in sorted(variables.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def mistake_in(pattern: str) -> str:
    """What is wrong with an entry of ``pass_env``; empty when nothing is.

    >>> mistake_in("AWS_*"), mistake_in("*"), mistake_in("A=b")
    ('', "'*' would hand on everything", "'A=b' is not the name of a variable")
    """
    if pattern and not pattern.strip("*_"):
        return f"'{pattern}' would hand on everything"
    if not re.fullmatch(r"[^\W\d=*][\w*]*|\*[\w*]+", pattern):
        return f"'{pattern}' is not the name of a variable"
    return ""


@lru_cache(maxsize=8)
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a name is one of `patterns`: exact ones are looked up, the others are one regex."""
    exact = frozenset(pattern for pattern in patterns if "*" not in pattern)
    globs = _alternatives(pattern for pattern in patterns if "*" in pattern)
    return lambda name: name in exact or globs(name) is not None


def _alternatives(globs: Iterable[str]) -> Callable[[str], object]:
    forms = [".*".join(map(re.escape, glob.split("*"))) for glob in globs]
    return re.compile("|".join(forms) or r"(?!)", re.DOTALL).fullmatch
