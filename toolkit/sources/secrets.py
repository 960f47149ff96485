"""Whether a location or the URL of a database holds a secret, which would be stored and shown with it."""

import re
from urllib.parse import unquote, unquote_plus

from toolkit.redaction import HIDDEN
from toolkit.translatable import _

_NAMES = frozenset(
    (
        "accesskey", "accesskeyid", "accesstoken", "accountkey", "apikey", "auth", "authorization", "awsaccesskeyid",
        "awssecretaccesskey", "awssessiontoken", "azurestorageaccountkey", "azurestoragesastoken", "bearer",
        "bearertoken", "clientsecret", "credential", "credentials", "googleaccessid", "jwt", "key", "pass",
        "passphrase", "passwd", "password", "pwd", "refreshtoken", "sas", "saskey", "sastoken", "se", "secret",
        "secretaccesskey", "secretkey", "securitytoken", "sessiontoken", "sharedaccesskey", "sharedaccesssignature",
        "sharedkey", "sig", "signature", "sp", "sslpassword", "sv", "token", "xamzcredential", "xamzsecuritytoken",
        "xamzsignature", "motherducktoken", "xgoogcredential", "xgoogsignature",
    )
)  # fmt: skip
"""In small letters, without the marks between words."""
_BETWEEN_WORDS = re.compile(r"[\s._-]+")
_PARAMETERS = re.compile(r"[?&;#]")
_WRITTEN_OUT = re.compile(
    r"\b(?:account_?key|shared_?access_?(?:key|signature)|sas_?token|secret_?access_?key)\s*=\s*[^;&\s]",
    re.IGNORECASE,
)
_OF_A_CONNECTION = re.compile(
    r"(?:^(?=[^/]*$)|[\s:;])(?:ssl)?(?:password|passwd|pwd|(?:\w{1,30}_)?token|client_?secret)\s*=\s*[^;&\s]",
    re.IGNORECASE,
)
"""As databases write it: ``host=h password=p``. A folder may be called ``password=p``."""
_USER_AND_PASSWORD = re.compile(r"://[^/@\s]*:(?!\d+/)[^@\s]*@")
_USER = re.compile(r"^(?:s3[an]?|gcs|gs|https?)://[^/@\s]+@", re.IGNORECASE)
_MOST_TIMES_ENCODED = 3
_ASSIGNED = re.compile(
    r"""(?<![\w.%-])(?P<name>[\w.%-]++)(?P<mark>["']?\s*=\s*|["']\s*:\s*)(?P<value>'(?:[^']|'')*+'|"[^"]*+"|[^\s?&;,)\]}'"]++)"""
)
_SECRET_ENDINGS = ("password", "passwd", "pwd", "token", "secret", "signature", "credential")
_LOGIN = re.compile(r"(?<=://)[^/@\s]*:[^@\s]*@")


def is_secret_name(name: str) -> bool:
    """Tell whether a parameter of that name holds a secret."""
    return _BETWEEN_WORDS.sub("", name).lower() in _NAMES


def without_secrets(text: str) -> str:
    """Return the text, such as an error of a database, with what stands as a value of a secret's name hidden."""
    return _ASSIGNED.sub(_without_value, _LOGIN.sub(f"{HIDDEN}@", text))


def secret_in(location: str) -> str | None:
    """Return what kind of secret a location holds, None when it holds none; never the secret itself.

    It is looked for as it stands, and as it is when what is percent-encoded, once or more often, is decoded.
    """
    written = location
    for _time in range(_MOST_TIMES_ENCODED):
        found = _secret_in(written)
        if found or "%" not in written:
            return found
        written = unquote(written)
    return _secret_in(written)


def _without_value(found: re.Match[str]) -> str:
    name = unquote_plus(found["name"])
    is_secret = is_secret_name(name) or name.lower().endswith(_SECRET_ENDINGS)
    return f"{found['name']}{found['mark']}{HIDDEN}" if is_secret else found.group()


def _secret_in(location: str) -> str | None:
    if _USER_AND_PASSWORD.search(location):
        return _("a password")
    if _USER.search(location):
        return _("a user or token before the at sign")
    # In a path on this machine, # ; and & are what they are.
    asked = location if "://" in location else "?" + location.partition("?")[2]
    for parameter in _PARAMETERS.split(asked)[1:]:
        name, _equals, value = parameter.partition("=")
        if value and is_secret_name(unquote_plus(name)):
            return _("a signature or key ({name})", name=unquote_plus(name).strip())
    if _WRITTEN_OUT.search(location) or _OF_A_CONNECTION.search(location):
        return _("a key or password")
    return None
