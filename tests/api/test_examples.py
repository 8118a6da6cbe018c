"""The examples, run as anybody would: as programs of their own, against the live application."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.test.client import ClientHandler

pytestmark = pytest.mark.django_db
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ORDERS = [
    {
        "number": f"SO-{n}",
        "customer": f"E-{n % 2}",
        "customer_name": f"客户{n % 2}",
        "day": "2026-11-02",
        "lines": [
            {"product": "P-1", "product_name": "龙井", "quantity": n + 1, "unit_price": "88.00"}
        ],
    }
    for n in range(4)
]


@pytest.fixture
def live(program, owner):
    """The address of the application, served over HTTP by the test itself, and a token of an owner."""
    grants = {
        "customer": ["read", "create", "edit"],
        "product": ["read", "create"],
        "order": ["read", "create", "edit"],
    }
    secret = program(owner, grants).secret
    with make_server("127.0.0.1", 0, answered, handler_class=Silent) as server:
        server.timeout = 0.05
        address = f"http://127.0.0.1:{server.server_port}"
        yield server, {**os.environ, "KEZHI_URL": address, "KEZHI_TOKEN": secret}


def answered(environ, start_response):
    """As the server does, but without closing the connection that holds the test's transaction."""
    response = ClientHandler()(environ)
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return [b"".join(response)]


class Silent(WSGIRequestHandler):
    def log_message(self, *said):
        pass


def ran(name, live, *arguments):
    """The example to its end; meanwhile its requests are answered here, in the test's transaction."""
    server, environment = live
    command = [sys.executable, EXAMPLES / name, *map(str, arguments)]
    return followed(command, server, environment)


def followed(command, server, environment):
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None:
            server.handle_request()
        return process.returncode, process.stdout.read(), process.stderr.read()


def test_an_erp_pushes_orders_and_reads_tiers_as_often_as_it_likes(live, tmp_path):
    from kezhi.customers.models import Customer
    from kezhi.ledger.models import Order

    (tmp_path / "orders.json").write_text(json.dumps(ORDERS))
    for _again in range(2):
        files = tmp_path / "orders.json", tmp_path / "tiers.csv"
        code, said, wrong = ran("erp_orders.py", live, *files)
        assert (code, wrong) == (0, "")
        assert "4 orders told, 0 refused; 2 customers read" in said
    assert Customer.objects.count() == 2
    assert sorted(Order.objects.values_list("number", "version")) == [
        (f"SO-{n}", 1) for n in range(4)
    ]
    with (tmp_path / "tiers.csv").open() as file:
        assert [row["code"] for row in csv.DictReader(file)] == ["E-0", "E-1"]
    _code, said, _wrong = ran("kezhi_client.py", live)
    assert "ERP acts for 林晓雯" in said
    assert "客户0" in said


SENT = """
from kezhi_client import Kezhi
import os
kezhi = Kezhi(os.environ["KEZHI_URL"], os.environ["KEZHI_TOKEN"])
at = "/customers/key:C-AHTEA/files"
for again in range(2):
    made = kezhi.upload(at, "合同 2026.pdf", b"%PDF-1.7", key="once")
(kept,) = kezhi.get(at)["items"]
assert made == kept and kept["name"] == "合同 2026.pdf", kept
assert kezhi.download(f"{at}/{kept['id']}") == b"%PDF-1.7"
"""


def test_the_client_sends_and_fetches_files(live, anhui_tea, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    server, environment = live
    environment = {**environment, "PYTHONPATH": str(EXAMPLES)}
    code, said, wrong = followed([sys.executable, "-c", SENT], server, environment)
    assert (code, said, wrong) == (0, "", "")
