"""Real mail servers on loopback: one that takes mail (aiosmtpd), one that keeps mailboxes (dovecot)."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"
SECRET = "canary-9f27-mail-secret"
PATIENCE = 20


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Postman:
    """What the SMTP server does with mail: keeps it, or answers as a test says."""

    def __init__(self):
        self.taken, self.answers, self.rcpt_answers = [], [], {}
        self.breaks_off = False

    async def handle_RCPT(self, server, session, envelope, address, options):
        if answer := self.rcpt_answers.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = self.answers.pop(0) if self.answers else "250 Kept"
        if answer.startswith("250"):
            self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
        if self.breaks_off:
            server.transport.close()
        return answer


class SmtpServer:
    def __init__(self):
        self.postman = Postman()
        self.passwords = {"kezhi": SECRET}
        self._controller = Controller(
            self.postman,
            hostname="127.0.0.1",
            port=free_port(),
            authenticator=self._check,
            auth_require_tls=False,
        )
        self._controller.start()
        self.port = self._controller.port

    def _check(self, server, session, envelope, mechanism, data):
        known = self.passwords.get(data.login.decode()) == data.password.decode()
        return AuthResult(success=known, handled=False)

    @property
    def taken(self):
        return self.postman.taken

    def stop(self):
        self._controller.stop()


class Dovecot:
    """A mail server of its own under a folder: user `box`, mailboxes as Maildir."""

    def __init__(self, folder):
        self.folder, self.port, self.password = Path(folder), free_port(), SECRET
        self.mail = self.folder / "mail"
        as_root = os.geteuid() == 0
        self._who = pwd.getpwnam("nobody") if as_root else pwd.getpwuid(os.geteuid())
        self.folder.chmod(0o755)
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "users").write_text(f"box:{{PLAIN}}{self.password}::::::\n")
        (self.folder / "dovecot.conf").write_text(self._settings())
        if as_root:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, self._who.pw_uid, self._who.pw_gid)
        self._process = subprocess.Popen(
            [DOVECOT, "-F", "-c", str(self.folder / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **({"user": "nobody", "group": self._who.pw_gid} if as_root else {}),
        )
        self._wait()

    def _settings(self):
        import grp

        name, group = self._who.pw_name, grp.getgrgid(self._who.pw_gid).gr_name
        return f"""
protocols = imap
listen = 127.0.0.1
base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = {self.folder}/log
default_internal_user = {name}
default_internal_group = {group}
default_login_user = {name}
mail_location = maildir:{self.mail}/%u
mail_uid = {name}
mail_gid = {group}
first_valid_uid = 1
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
mail_max_userip_connections = 100
passdb {{
  driver = passwd-file
  args = {self.folder}/users
}}
userdb {{
  driver = static
  args = uid={name} gid={group} home={self.mail}/%u
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service stats {{
  chroot =
}}
"""

    def _wait(self):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                with self.client() as client:
                    client.noop()
                    return
            except Exception:
                time.sleep(0.05)
        log = self.folder / "log"
        raise RuntimeError(f"dovecot doesn't start: {log.read_text() if log.exists() else ''}")

    def client(self):
        from imapclient import IMAPClient

        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=PATIENCE)
        client.login("box", self.password)
        return client

    def put(self, raw, folder="INBOX"):
        with self.client() as client:
            client.append(folder, raw)

    def stop(self):
        try:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@pytest.fixture(scope="session")
def _smtp():
    server = SmtpServer()
    yield server
    server.stop()


@pytest.fixture
def smtp_server(_smtp, settings):
    """Takes mail from the user `kezhi`; `taken` is what arrived in this test."""
    settings.PRIVATE_HOSTS = ["127.0.0.1"]
    _smtp.postman.__init__()
    return _smtp


@pytest.fixture(scope="session")
def _dovecot(tmp_path_factory):
    if not Path(DOVECOT).exists():
        if os.environ.get("CI"):
            raise RuntimeError("dovecot-imapd is not installed")
        pytest.skip("dovecot-imapd is not installed")
    import tempfile

    folder = tempfile.mkdtemp(prefix="kz-dovecot-")
    server = Dovecot(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def imap_server(_dovecot, settings):
    """An empty mailbox of the user `box`."""
    settings.PRIVATE_HOSTS = ["127.0.0.1"]
    with _dovecot.client() as client:
        client.select_folder("INBOX")
        if found := client.search():
            client.delete_messages(found)
            client.expunge()
    return _dovecot


@pytest.fixture
def post_office(db, company):
    """The company's mailbox for notices, on the SMTP server of the test."""

    def make(port, **more):
        from kezhi.messaging.models import MailAccount

        account = MailAccount(
            **{
                "name": "远航供应链",
                "address": "notices@yuanhang.example",
                "purpose": "notices",
                "smtp_host": "127.0.0.1",
                "smtp_port": port,
                "smtp_security": "plain",
                "smtp_user": "kezhi",
                **more,
            }
        )
        account.smtp_password = SECRET
        account.save()
        return account

    return make


__all__ = ["_dovecot", "_smtp", "imap_server", "post_office", "smtp_server"]
