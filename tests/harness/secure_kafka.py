"""A Kafka whose second listener wants TLS and a password, whose third a certificate, and which gives nobody a right that was not said. The plain listener
is for whoever sets it up. Who has the right to makes a topic by asking for it. Passwords are of PLAIN or, for clients newer than Debian 12's
librdkafka, of SCRAM-SHA-512."""
import os

from confluent_kafka.admin import (AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient, ResourcePatternType,
                                   ResourceType, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion)

from .certificates import Certificate
from .process import free_port
from .servers import Server

PROPERTIES = """
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},SASL_SSL://127.0.0.1:{secure},MUTUAL://127.0.0.1:{mutual}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL_SSL://127.0.0.1:{secure},MUTUAL://127.0.0.1:{mutual}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,MUTUAL:SSL
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required {plain};
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={keys}
listener.name.mutual.ssl.client.auth=required
listener.name.mutual.ssl.keystore.type=PEM
listener.name.mutual.ssl.keystore.location={keys}
listener.name.mutual.ssl.truststore.type=PEM
listener.name.mutual.ssl.truststore.location={ca}
listener.name.mutual.ssl.principal.mapping.rules=RULE:^CN=([^,]+),.*$/$1/
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
auto.create.topics.enable=true
"""
# Of PLAIN: a broker learns them when it starts.
PLAIN = ("gateway-a", "gateway-b", "dispatcher-a", "dispatcher-b", "operator", "reader-plain", "asked")
RESOURCES = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP}


class SecureKafka(Server):
    def __init__(self, folder):
        super().__init__("kafka", folder)
        self.secure, self.mutual = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.authority, self.ca, self.admin = Certificate("Kafka's authority"), self.folder / "ca.pem", None

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca.write_text(self.authority.pem)
        keys = Certificate("kafka", self.authority, hosts=["127.0.0.1", "localhost"]).write(self.folder / "broker.pem", [self.authority])
        (self.folder / "extra.properties").write_text(PROPERTIES.format(
            port=self.port, controller=self.port + 1, secure=self.secure.split(":")[1],
            mutual=self.mutual.split(":")[1], keys=keys, ca=self.ca,
            plain=" ".join(f'user_{name}="{self.password(name)}"' for name in PLAIN)))
        for folder in (self.folder, self.folder.parent):
            os.chmod(folder, 0o755)  # The broker runs as another user when we are root.
        super().start()
        self.admin = AdminClient({"bootstrap.servers": self.url, "log_level": 0})
        return self

    def certificate(self, name, signer=None):
        """A file with the key and the certificate by which the third listener knows this user."""
        path = Certificate(name, signer or self.authority, hosts=[]).write(self.folder / f"{name}.pem")
        os.chmod(path, 0o644)
        return path

    def mutual_extra(self, path):
        """PORTER_KAFKA_EXTRA of whoever has that file."""
        return f"security.protocol=ssl,ssl.ca.location={self.ca},ssl.certificate.location={path},ssl.key.location={path}"

    def allow(self, name, *rights):
        _wait(self.admin.create_acls([_right(name, *one) for one in rights]))

    def user(self, name, *rights):
        """One of PLAIN, or a new one of SCRAM; a right is ("Read", "topic", "porter.*"): all that begin so."""
        if name not in PLAIN:
            info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
            _wait(self.admin.alter_user_scram_credentials([UserScramCredentialUpsertion(name, info, self.password(name).encode())]))
        self.allow(name, *rights)

    def take_rights(self, name, *rights):
        """All of them, or these."""
        _wait(self.admin.delete_acls([_same(_right(name, *one)) for one in rights] or [
            AclBindingFilter(ResourceType.ANY, None, ResourcePatternType.ANY, f"User:{name}", None, AclOperation.ANY, AclPermissionType.ANY)]))

    @staticmethod
    def password(name):
        return f"password-of-{name}"

    def client(self, name, **more):
        """librdkafka's properties to come in as this user."""
        return {"bootstrap.servers": self.secure, "log_level": 0, **dict(one.split("=") for one in self.extra(name).split(",")), **more}

    def extra(self, name):
        """The same as PORTER_KAFKA_EXTRA has them, without the address."""
        return (f"security.protocol=sasl_ssl,ssl.ca.location={self.ca},sasl.mechanism={'PLAIN' if name in PLAIN else 'SCRAM-SHA-512'},"
                f"sasl.username={name},sasl.password={self.password(name)}")


def _wait(futures):
    for future in futures.values():
        future.result(20)


def _right(name, operation, kind, resource):
    pattern = ResourcePatternType.PREFIXED if resource.endswith("*") else ResourcePatternType.LITERAL
    return AclBinding(RESOURCES[kind], resource.removesuffix("*"), pattern, f"User:{name}", "*", AclOperation[operation.upper()],
                      AclPermissionType.ALLOW)


def _same(right):
    return AclBindingFilter(right.restype, right.name, right.resource_pattern_type, right.principal, right.host, right.operation,
                            right.permission_type)
