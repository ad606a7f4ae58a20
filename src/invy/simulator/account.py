"""The business account of a world: its ids and secrets, and the state it is in at the moment."""

from dataclasses import dataclass, field, replace
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Account:
    """All derived from the seed, so that a restarted simulator still knows its clients."""

    app_id: str
    app_secret: str
    verify_token: str
    business_id: str
    waba_id: str
    phone_number_ids: tuple[str, ...]
    display_phone_numbers: tuple[str, ...]

    @classmethod
    def of_seed(cls, seed: int, numbers: int = 1) -> "Account":
        digest = sha256(f"simulator account {seed}".encode()).hexdigest()
        tail = int(digest[:8], 16) % 10**8
        return cls(
            app_id=f"6349746{tail:08d}",
            app_secret=digest[:32],
            verify_token="verify-" + digest[56:64],
            business_id=f"5069143{tail:08d}",
            waba_id=f"1022901{tail:08d}",
            phone_number_ids=tuple(f"1065403{(tail + each) % 10**8:08d}" for each in range(numbers)),
            display_phone_numbers=tuple(f"1202555{100 + each:04d}" for each in range(numbers)),
        )

    def with_another_secret(self) -> "Account":
        """The same account after its app secret was reset; it follows from the one before."""
        return replace(self, app_secret=sha256(f"after {self.app_secret}".encode()).hexdigest()[:32])

    @property
    def app_token(self) -> str:
        return f"{self.app_id}|{self.app_secret}"


@dataclass(slots=True)
class Condition:
    """What can change about an account while the world runs. Times are virtual; 0 means never or not now."""

    access_token: str
    token_renewals: int = 0
    token_expires_at: float = 0.0
    permission_revoked: bool = False
    locked: bool = False
    payment_problem: bool = False
    registered: bool = True
    maintenance_until: float = 0.0
    api_out_until: float = 0.0
    media_out_until: float = 0.0
    date_skew_s: float = 0.0
    quality: str = "GREEN"
    per_second: int = 80
    expired_tokens: set[str] = field(default_factory=set)

    @classmethod
    def of_seed(cls, seed: int, per_second: int) -> "Condition":
        return cls(access_token=_token(seed, 0), per_second=per_second)

    def renew_token(self, seed: int) -> None:
        self.expired_tokens.add(self.access_token)
        self.token_renewals += 1
        self.access_token = _token(seed, self.token_renewals)
        self.token_expires_at = 0.0

    def token_expired(self, now: float) -> bool:
        return 0 < self.token_expires_at <= now


def _token(seed: int, renewals: int) -> str:
    return "EAASim" + sha256(f"simulator token {seed} {renewals}".encode()).hexdigest()[:48]
