"""The local token: a one-time URL opens a session, kept as hashes in one private file."""

from assay.people.access.local import LINK_S, SESSION_S, AccessDenied, LocalAccess

__all__ = ["LINK_S", "SESSION_S", "AccessDenied", "LocalAccess"]
