"""Whether a location or the URL of a database holds a secret, which would be stored and shown with it."""

import re
from urllib.parse import parse_qsl, urlsplit

_SIGNED = re.compile(
    r"^(?:sig|signature|x-amz-(?:signature|credential|security-token)|x-goog-(?:signature|credential)|awsaccesskeyid"
    r"|googleaccessid|se|sv|sp|sas|sas_?token|token|access_?token|account_?key|accountkey|api_?key|key|secret"
    r"|secret_?access_?key|password|passwd|pwd|sslpassword|passphrase|client_secret|auth|credential|credentials)$",
    re.IGNORECASE,
)
_WRITTEN_OUT = re.compile(
    r"\b(?:account_?key|shared_?access_?(?:key|signature)|sas_?token|secret_?access_?key)\s*=\s*[^;&\s]",
    re.IGNORECASE,
)
_USER_AND_PASSWORD = re.compile(r"://[^/@\s]*:(?!\d+/)[^@\s]*@")


def is_secret_name(name: str) -> bool:
    """Tell whether a parameter of that name holds a secret."""
    return bool(_SIGNED.match(name.strip()))


def secret_in(location: str) -> str | None:
    """Return what kind of secret a location holds, None when it holds none; never the secret itself."""
    if _USER_AND_PASSWORD.search(location):
        return "a password"
    if "://" in location:
        try:
            query = urlsplit(location).query
        except ValueError:
            query = location.partition("?")[2]
        for name, value in parse_qsl(query.replace(";", "&"), keep_blank_values=False):
            if value and is_secret_name(name):
                return f"a signature or key ({name.strip()})"
    if _WRITTEN_OUT.search(location):
        return "a key or password"
    return None
