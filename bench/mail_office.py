"""A mail server for benches, as one program that may be killed: mailboxes by IMAP (dovecot), letters by SMTP.

    python mail_office.py FOLDER IMAP_PORT SMTP_PORT

What it has taken by SMTP lies as a file each under FOLDER/taken, on the disk before it says so. The mailboxes
lie under FOLDER/mail. Started again, it goes on with both.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socketserver
import subprocess
import sys
import uuid
from pathlib import Path

PASSWORD = "a-letter-box-of-oak"
DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"


def main() -> None:
    folder, imap_port, smtp_port = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    (folder / "taken").mkdir(parents=True, exist_ok=True)
    _dovecot(folder, imap_port)
    Postman.folder = folder / "taken"
    with Office(("127.0.0.1", smtp_port), Postman) as office:
        office.serve_forever()


class Office(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Postman(socketserver.StreamRequestHandler):
    """As little SMTP as a mail needs; a letter is acknowledged when it is on the disk."""

    folder: Path

    def handle(self) -> None:
        self._say("220 office.example")
        while line := self.rfile.readline(2000):
            verb = line.strip().upper().partition(b" ")[0]
            if verb == b"DATA":
                self._say("354 go on")
                self._keep()
                self._say("250 kept")
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 office.example")

    def _keep(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        path = self.folder / f"{uuid.uuid4().hex}.part"
        with path.open("wb") as file:
            file.write(b"".join(lines))
            file.flush()
            os.fsync(file.fileno())
        path.rename(path.with_suffix(".eml"))

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


def _dovecot(folder: Path, port: int) -> None:
    is_root = os.geteuid() == 0
    who = pwd.getpwnam("nobody") if is_root else pwd.getpwuid(os.geteuid())
    for name in ("run", "state", "mail"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "users").write_text(f"box:{{PLAIN}}{PASSWORD}::::::\n")
    settings = folder / "dovecot.conf"
    settings.write_text(_settings(folder, port, who.pw_name, grp.getgrgid(who.pw_gid).gr_name))
    (folder / "run" / "master.pid").unlink(missing_ok=True)
    if is_root:
        for path in (folder, *folder.rglob("*")):
            if path.exists():
                os.chown(path, who.pw_uid, who.pw_gid)
    subprocess.Popen(
        [DOVECOT, "-F", "-c", str(settings)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **({"user": "nobody", "group": who.pw_gid} if is_root else {}),
    )


def _settings(folder: Path, port: int, name: str, group: str) -> str:
    quiet = "\n".join(f"service {each} {{\n  chroot =\n}}" for each in ("anvil", "stats"))
    return f"""
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {name}
default_internal_group = {group}
default_login_user = {name}
mail_location = maildir:{folder}/mail/%u
mail_uid = {name}
mail_gid = {group}
first_valid_uid = 1
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
mail_max_userip_connections = 100
mail_fsync = always
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={name} gid={group} home={folder}/mail/%u
}}
{quiet}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


if __name__ == "__main__":
    main()
