"""Method names of the standard library that many types share."""

from __future__ import annotations

#: A method call by one of these names says nothing about the type it is called on, however
#: few functions of that name a workspace defines.
STD_METHODS = frozenset(
    {
        *("get", "get_mut", "get_or", "get_or_init", "insert", "remove", "contains", "entry"),
        *("contains_key", "push", "pop", "iter", "map", "filter", "find", "parse", "read"),
        *("write", "load", "store", "new", "from", "into", "take", "replace", "set", "value"),
        *("key", "name", "lookup", "fetch", "var", "as_str", "to_string", "len", "is_empty"),
        *("next", "collect", "send", "recv", "lock", "join", "split", "expect", "unwrap"),
        *("open", "create", "build", "run", "call", "init", "default", "clone", "as_ref"),
    }
)
