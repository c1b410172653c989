"""Certificates of every kind, made on the spot: authorities, chains, and leaves with one thing wrong."""
import ipaddress
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


def now():
    return datetime.now(timezone.utc).replace(microsecond=0)


def name_of(common, organization="Acme"):
    """As an attempt shows it: CN=common, O=organization."""
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
                      x509.NameAttribute(NameOID.COMMON_NAME, common)])


def shown(common, organization="Acme"):
    return f"CN={common}, O={organization}"


def host(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


class Certificate:
    """Signed by `signer`, or by itself. Of leaves `hosts` says what they are good for."""

    def __init__(self, common, signer=None, hosts=None, begins=None, ends=None, key=None, purpose=None):
        self.common, self.signer = common, signer
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.begins, self.ends = begins or now() - DAY, ends or now() + 90 * DAY
        issuer = signer or self
        made = (x509.CertificateBuilder().subject_name(name_of(common)).issuer_name(name_of(issuer.common))
                .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(self.begins).not_valid_after(self.ends)
                .add_extension(x509.BasicConstraints(ca=hosts is None, path_length=None), critical=True))
        if hosts is not None:
            made = made.add_extension(x509.SubjectAlternativeName([host(one) for one in hosts]), critical=False)
        if purpose is not None:
            made = made.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        self.made = made.sign(issuer.key, hashes.SHA256())

    @property
    def pem(self):
        return self.made.public_bytes(serialization.Encoding.PEM).decode()

    def write(self, path, chain=()):
        """Key, certificate, and what else the server sends."""
        key = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()).decode()
        path.write_text(key + self.pem + "".join(one.pem for one in chain))
        return path

    def facts(self):
        """As an attempt's `certificate`."""
        signer = (self.signer or self).common
        return {"subject": shown(self.common), "issuer": shown(signer),
                "expires_at": self.ends.strftime("%Y-%m-%dT%H:%M:%S.000Z")}


def weak_key():
    return rsa.generate_private_key(65537, 1024)
