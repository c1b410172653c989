"""Somebody else's HTTPS endpoint, with or without HTTP/2: answers 204, and writes down who came by which connection."""
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
        location / {{ return 204; }}
    }}
}}
"""


class Nginx(Process):
    def __init__(self, porter, http2):
        self.port = free_port()
        self.folder = Path(porter.folder) / f"nginx-{self.port}"
        self.folder.mkdir()
        file = self.folder / "nginx.conf"
        file.write_text(CONFIGURATION.format(folder=self.folder, port=self.port, tls=porter.tls, http2=" http2" if http2 else ""))
        super().__init__("nginx", ["nginx", "-e", f"{self.folder}/error.log", "-c", str(file)], porter.environment(),
                         self.folder / "nginx.log", lambda: not port_is_free(self.port))

    @property
    def url(self):
        return f"https://localhost:{self.port}/hook"

    def came(self):
        """(protocol, connection, delivery) of each request, in order."""
        file = self.folder / "came.log"
        return [tuple(line.split()) for line in file.read_text().splitlines()] if file.exists() else []
