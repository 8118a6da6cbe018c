"""Connections to mail servers: only to addresses that may be asked, and with a certificate that was checked."""

from __future__ import annotations

import imaplib
import smtplib
import socket
import ssl
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from kezhi.core.outbound import connect, private_hosts
from kezhi.core.sealing import Unreadable
from kezhi.messaging.models import MailAccount

Security = MailAccount.Security
WAIT_SECONDS = 30
LONGEST_SAID = 300


class MailTrouble(Exception):
    """A problem of `problems.WORDS`, with what the server said. `is_final`: trying again helps nothing."""

    def __init__(self, problem: str, said: str = "", *, is_final: bool = False) -> None:
        super().__init__(problem)
        self.problem, self.said, self.is_final = problem, said[:LONGEST_SAID], is_final


class _CheckedSmtp(smtplib.SMTP):
    """Speaks to the address that was looked at; TLS from the start where that is asked."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__(host, port, timeout=WAIT_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _socket(host, port, self._context)


class _CheckedImap(imaplib.IMAP4):
    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__(host, port, timeout=WAIT_SECONDS)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return _socket(self.host, self.port, self._context)


class _CheckedImapClient(IMAPClient):
    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 (the library's name)
        return _CheckedImap(self.host, self.port, self.ssl_context)


def smtp(account: MailAccount) -> smtplib.SMTP:
    """A connection on which the account is signed in. Raises `MailTrouble`."""
    security = _demand_encryption(account.smtp_host, account.smtp_security)
    try:
        server = _CheckedSmtp(account.smtp_host, account.smtp_port, _context_if(security))
        server.ehlo_or_helo_if_needed()
        if security == Security.STARTTLS:
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if account.smtp_user:
            server.login(account.smtp_user, account.smtp_password)
    except Exception as error:
        raise trouble(error, account.smtp_secret) from error
    return server


def imap(account: MailAccount) -> IMAPClient:
    """A connection on which the account is signed in. Raises `MailTrouble`."""
    security = _demand_encryption(account.imap_host, account.imap_security)
    context = _context_if(security)
    try:
        server = _CheckedImapClient(
            account.imap_host,
            account.imap_port,
            ssl=context is not None,
            ssl_context=context,
            timeout=WAIT_SECONDS,
        )
        if security == Security.STARTTLS:
            server.starttls(ssl.create_default_context())
        server.login(account.imap_user, account.imap_password)
    except Exception as error:
        raise trouble(error, account.imap_secret) from error
    return server


def trouble(error: Exception, secret: str = "") -> MailTrouble:
    """What an exception of a mail library means; what the server said, without the password."""
    if isinstance(error, MailTrouble):
        return error
    problem, is_final = _meaning(error)
    said = _said(error) if problem in ("temporary", "refused", "recipient", "password") else ""
    return MailTrouble(problem, said.replace(secret, "…") if secret else said, is_final=is_final)


def _meaning(error: Exception) -> tuple[str, bool]:
    if isinstance(error, Unreadable):
        return "key", False
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate", False
    if isinstance(error, (smtplib.SMTPAuthenticationError, LoginError)):
        return "password", False
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "no_starttls", False
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _text in error.recipients.values()]
        is_final = bool(codes) and all(code >= 500 for code in codes)
        return ("recipient" if is_final else "temporary"), is_final
    if isinstance(error, smtplib.SMTPResponseException):
        is_final = error.smtp_code >= 500
        return ("refused" if is_final else "temporary"), is_final
    if isinstance(error, (OSError, smtplib.SMTPServerDisconnected, imaplib.IMAP4.abort)):
        return "unreachable", False
    return "garbled", False


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{code} {_plain(text)}" for code, text in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_plain(error.smtp_error)}"
    return _plain(str(error))


def _plain(text: Any) -> str:
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return " ".join("".join(c if c.isprintable() else " " for c in plain).split())


def _demand_encryption(host: str, security: str) -> str:
    if security == Security.PLAIN and host.lower() not in private_hosts():
        raise MailTrouble("not_encrypted")
    return security


def _context_if(security: str) -> ssl.SSLContext | None:
    return ssl.create_default_context() if security == Security.TLS else None


def _socket(host: str, port: int, context: ssl.SSLContext | None) -> socket.socket:
    plain = connect(host, port, seconds=WAIT_SECONDS)
    if context is None:
        return plain
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise
