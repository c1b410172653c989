"""Somebody else's HTTPS endpoint, with or without HTTP/2: answers 204, and writes down who came by which connection. Or the
door in front of a gateway: it ends TLS, and opens it anew."""
from pathlib import Path

from .process import Process, free_port, port_is_free

CONFIGURATION = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    log_format came '$server_protocol $connection $http_x_porter_delivery';
    access_log {folder}/came.log came;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    client_body_buffer_size 64k;
    server {{
        listen 127.0.0.1:{port} ssl{http2};
        ssl_certificate {tls}/server.pem; ssl_certificate_key {tls}/server.key;
        location / {{ {location} }}
    }}
}}
"""


# The certificate's name is checked; the caller is added to what he sent.
FORWARDING = """
            proxy_pass https://127.0.0.1:{https}; proxy_bind {source}; proxy_http_version 1.1;
            proxy_ssl_verify on; proxy_ssl_trusted_certificate {tls}/ca.pem; proxy_ssl_name localhost; proxy_ssl_server_name on;
            proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
"""


class Nginx(Process):
    def __init__(self, porter, http2, location="return 204;"):
        self.port = free_port()
        self.folder = Path(porter.folder) / f"nginx-{self.port}"
        self.folder.mkdir()
        file = self.folder / "nginx.conf"
        file.write_text(CONFIGURATION.format(folder=self.folder, port=self.port, tls=porter.tls, http2=" http2" if http2 else "", location=location))
        super().__init__("nginx", ["nginx", "-e", f"{self.folder}/error.log", "-c", str(file)], porter.environment(),
                         self.folder / "nginx.log", lambda: not port_is_free(self.port))

    @property
    def url(self):
        return f"https://localhost:{self.port}/hook"

    def came(self):
        """(protocol, connection, delivery) of each request, in order."""
        file = self.folder / "came.log"
        return [tuple(line.split()) for line in file.read_text().splitlines()] if file.exists() else []


class Door(Nginx):
    """Calls the gateway from this address."""

    def __init__(self, porter, gateway, source):
        super().__init__(porter, True, FORWARDING.format(https=gateway.https, source=source, tls=porter.tls))

    @property
    def url(self):
        return f"https://localhost:{self.port}"
