"""The dashboard's inner API as its own page calls it: a cookie, and what browsers say of a request."""
import base64
import hashlib
import hmac
import random
import struct
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter

from .porter import parse_id

COOKIE = "__Host-porter_session"
PASSWORD = "correct horse battery staple"


class From(HTTPAdapter):
    """Requests that come from this address of the machine's own net."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *words, **more):
        super().init_poolmanager(*words, source_address=(self.address, 0), **more)


def an_address():
    """One that no other test uses: tries are counted by address."""
    return ".".join(["127", *(str(random.randint(1, 254)) for _ in range(3))])


class Browser:
    """One browser: what is set as a cookie is sent again. `page` is what it says of where its requests come from."""

    def __init__(self, gateway, ca, page=(("Sec-Fetch-Site", "same-origin"),), address=None):
        self.gateway, self.ca, self.page = gateway, ca, dict(page)
        self.session = requests.Session()
        self.session.trust_env = False
        self.address = address or an_address()
        self.session.mount("https://", From(self.address))
        self.cookie = None

    def request(self, method, path, headers=None, cookie=True, **more):
        """`cookie`: True sends its own; a text sends that one; None sends none."""
        own = self.cookie if cookie is True else cookie
        head = {**self.page, **({"Cookie": f"{COOKIE}={own}"} if own else {}), **(headers or {})}
        answer = self.session.request(method, f"{self.gateway.url}/dashboard/api{path}", headers=head, verify=str(self.ca),
                                      timeout=more.pop("timeout", 20), allow_redirects=False, **more)
        self.session.cookies.clear()
        said = answer.headers.get("Set-Cookie")
        if said:
            self.cookie = said.split(";")[0].split("=", 1)[1] or None
        return answer

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, **more):
        return self.request("POST", path, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    def sign_in(self, person, password=None, code=None):
        body = {"email": person.email, "password": password or person.password}
        return self.post("/sign-in", json=body | ({"code": code} if code else {}))

    def confirm(self, person):
        answer = self.post("/confirm", json={"password": person.password})
        assert answer.status_code == 200, answer.text
        return answer


@dataclass
class Person:
    """Somebody of an organization, made through a link of porterctl's."""
    porter: object
    organization: object
    role: str = "owner"
    name: str = "Maja Sjöberg"
    password: str = PASSWORD
    email: str = field(default_factory=lambda: f"Maja.{uuid.uuid4().hex[:12]}@example.com")

    def __post_init__(self):
        made = self.porter.ctl("people", "create", "--org", self.organization.id, "--email", self.email, "--role", self.role)
        self.link = made["link"]
        answer = self.browser().post("/invitations/accept", json={
            "token": token_of(self.link), "name": self.name, "password": self.password})
        assert answer.status_code == 204, f"{answer.status_code} {answer.text}"
        self.id = next(row["id"] for row in self.porter.ctl_list("people", "list", "--org", self.organization.id)
                       if row["email"] == self.email)

    def browser(self, gateway=None, **more):
        """One that is not signed in."""
        return Browser(gateway or self.porter.gateways[0], self.porter.tls / "ca.pem", **more)

    def signed_in(self, gateway=None, confirmed=False, **more):
        made = self.browser(gateway, **more)
        answer = made.sign_in(self)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        if confirmed:
            made.confirm(self)
        return made


def token_of(link):
    return link.split("?token=")[1]


def totp(secret, at=None, step=0):
    """The code of an authenticator with this secret (base32), `step` steps from now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    number = int(time.time() if at is None else at) // 30 + step
    mac = hmac.new(key, struct.pack(">Q", number), hashlib.sha1).digest()
    start = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[start:start + 4])[0] & 0x7FFFFFFF) % 1000000:06d}"


def problem(answer):
    """The last part of the problem's type."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    return answer.json()["type"].rsplit("/", 1)[1]


def org_uuid(organization):
    return parse_id(organization.id)


def file_of(path):
    return Path(path).read_text(errors="replace")
