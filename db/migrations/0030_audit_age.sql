-- What of the audit log is older than it is kept?
CREATE INDEX audit_log_at ON audit_log (at);
