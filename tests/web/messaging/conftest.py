from correspondents import chen
from mail_servers import _dovecot, _smtp, imap_server, post_office, smtp_server

__all__ = ["_dovecot", "_smtp", "chen", "imap_server", "post_office", "smtp_server"]
