"""A person's key pair: what they sign with it, and what is sealed to it.

One pair does both: an Ed25519 pair signs, and what is sealed goes to the X25519 key that libsodium derives from it. The
private key lies in a file that only its owner may read: in the user's configuration folder, or where the environment
variable ``TOOLKIT_KEY_FILE`` says (for a job). It never enters the workspace.
"""

import os
import re
from pathlib import Path

from nacl.encoding import HexEncoder
from nacl.exceptions import CryptoError
from nacl.public import SealedBox
from nacl.signing import SigningKey, VerifyKey
from platformdirs import user_config_path

from toolkit.errors import AccessError, ConfigurationError
from toolkit.files import write_once
from toolkit.translatable import _

KEY_FILE_VARIABLE = "TOOLKIT_KEY_FILE"


class Identity:
    """The key pair of whoever acts: holds the private key, tells the public one."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self.public_key = key.verify_key.encode(HexEncoder).decode()

    def __repr__(self) -> str:
        return f"Identity(public_key={self.public_key[:12]}…)"

    def __reduce__(self) -> str:
        raise TypeError("A private key is not pickled; open the workspace again where it is needed.")

    def sign(self, message: bytes) -> str:
        """Return the signature of the message, in hexadecimal digits; use ``signing.sign``, which says what it is."""
        return self._key.sign(message).signature.hex()

    def open_sealed(self, box: bytes) -> bytes:
        """Return what was sealed to this person; raises AccessError when it was not, or was changed since."""
        try:
            return bytes(SealedBox(self._key.to_curve25519_private_key()).decrypt(box))
        except CryptoError:
            raise AccessError(
                _("The secret of the connection does not open with your key: it was sealed to another, or changed."),
                _("Have an administrator authenticate the connection anew and add you as export user."),
            ) from None


def seal(secret: bytes, public_key: str) -> bytes:
    """Seal the secret so that only the owner of the public key can open it."""
    recipient = VerifyKey(public_key.encode(), HexEncoder).to_curve25519_public_key()
    return bytes(SealedBox(recipient).encrypt(secret))


def is_public_key(text: str) -> bool:
    """Tell whether the text is a public key as ``Identity.public_key`` tells it, that somebody can have a pair to."""
    if not re.fullmatch("[0-9a-f]{64}", text):
        return False
    try:
        # Refuses what is no point of the curve, and the few points that would seal to everybody.
        VerifyKey(text.encode(), HexEncoder).to_curve25519_public_key()
    except (CryptoError, ValueError, RuntimeError):
        return False
    return True


def current_identity() -> Identity:
    """Return the key pair of whoever acts, made on first use."""
    path = key_path()
    try:
        _refuse_if_others_may_read(path)
        return Identity(SigningKey(path.read_text(encoding="ascii").strip().encode(), HexEncoder))
    except FileNotFoundError:
        return _new_identity(path)
    except (OSError, ValueError, TypeError, CryptoError) as error:
        raise ConfigurationError(
            _("The key file {path} cannot be read: {kind}.", path=path, kind=type(error).__name__),
            _(
                "Bring back the file from a backup, or name another with {key_file_variable}; with a new "
                "key, connections must be authenticated anew.",
                key_file_variable=KEY_FILE_VARIABLE,
            ),
        ) from None


def key_path() -> Path:
    """Return where the private key lies, or will."""
    named = os.environ.get(KEY_FILE_VARIABLE)
    return Path(named).expanduser() if named else user_config_path("criteo-segment-toolkit") / "key"


def _new_identity(path: Path) -> Identity:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = SigningKey.generate()
    # When another process was first, its key holds.
    mine = write_once(path, key.encode(HexEncoder).decode(), mode=0o600)
    return Identity(key) if mine else current_identity()


def _refuse_if_others_may_read(path: Path) -> None:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ConfigurationError(
            _("The key file {path} may be read by others on this machine.", path=path),
            _(
                "Take that away with: chmod 600 '{path}'. If others may have read it, rotate the secrets at Criteo.",
                path=path,
            ),
        )
