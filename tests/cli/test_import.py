"""`kezhi import` from outside: what it says, what it leaves, how it ends."""

import subprocess
import sys

import pytest

from trading import trading_company

IMPORT = [sys.executable, "-m", "kezhi.cli", "--lang", "en", "import"]
ORDERS = """customer,date,quantity,amount
00001,19970101,1,11.77
00002,1997-01-12,1,12.00
00002,19970113,5,"1,077.00"
"""
MISTAKES = "订单号,客户,日期,实收\nSO-1,甲,2025-03-01,100\nSO-2,乙,2025/13/40,80\n"


@pytest.fixture(scope="module")
def company(django_db_setup, tmp_path_factory):
    with trading_company("import", tmp_path_factory.mktemp("data")) as found:
        yield found


@pytest.fixture
def call(company, tmp_path):
    def called(kind, text, *options, name="file.csv"):
        (tmp_path / name).write_text(text)
        return subprocess.run(
            [*IMPORT, kind, tmp_path / name, *options],
            env=company[1],
            capture_output=True,
            text=True,
            check=False,
        )

    return called


def count(company, table):
    return company[0].execute(f"SELECT count(*) FROM {table}").fetchone()[0]


@pytest.mark.slow
def test_orders_come_in_once_with_their_customers(company, call):
    before = count(company, "ledger_orderline")
    tried = call("orders", ORDERS, "--dry-run")
    assert tried.returncode == 0, tried.stderr
    assert "3 would be new" in tried.stdout
    assert count(company, "ledger_orderline") == before

    done = call("orders", ORDERS)
    assert done.returncode == 0, done.stderr
    assert "3 rows: 3 new" in done.stdout
    assert "New: 3 orders, 2 customers, 0 products." in done.stdout
    again = call("orders", ORDERS)
    assert again.returncode == 0
    assert "0 new, 0 changed, 3 there already" in again.stdout
    assert count(company, "ledger_orderline") == before + 3


@pytest.mark.slow
def test_bad_rows_are_skipped_told_and_written_to_a_file(company, call, tmp_path):
    out = tmp_path / "bad.csv"
    done = call("orders", MISTAKES, "--map", "实收=amount", "--errors", out)
    assert done.returncode == 3
    assert "This day does not exist." in done.stderr
    assert "(row 3)" in done.stderr
    corrected = out.read_text("utf-8-sig").replace("2025/13/40", "2025-03-02")
    again = call("orders", corrected, "--map", "实收=amount", name="corrected.csv")
    assert again.returncode == 0, again.stderr


@pytest.mark.slow
def test_all_or_nothing_imports_nothing_and_still_writes_the_errors(company, call, tmp_path):
    before = count(company, "ledger_order")
    text = MISTAKES.replace("SO-", "X-")
    out = tmp_path / "bad.xlsx"
    done = call("orders", text, "--map", "实收=amount", "--all-or-nothing", "--errors", out)
    assert done.returncode == 1
    assert "all or nothing" in done.stderr
    assert out.read_bytes().startswith(b"PK")
    assert count(company, "ledger_order") == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "text", "options", "code", "told"),
    [
        ("orders", "", [], 1, "The file is empty."),
        ("customers", "name\nFirm\n", ["--map", "who=name"], 1, "no column “who”"),
        ("customers", "name\nFirm\n", ["--map", "name=nobody"], 1, "no field “nobody”"),
        ("customers", "name\nFirm\n", ["--map", "name"], 2, "isn't COLUMN=FIELD"),
        ("customers", "name\nFirm\n", ["--as", "stranger"], 1, "Nobody signs in as stranger."),
        ("customers", "name\nFirm\n", ["--encoding", "morse"], 1, "morse"),
        ("invoices", "name\nFirm\n", [], 2, "invoices"),
    ],
)
def test_what_is_wrong_is_one_sentence(company, call, kind, text, options, code, told):
    done = call(kind, text, *options)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert count(company, "customers_customer WHERE name = 'Firm'") == 0


def test_every_kind_that_has_an_import_has_a_command():
    from kezhi.cli.dataio import KINDS
    from kezhi.dataio.registry import kinds

    assert sorted(KINDS.values()) == sorted(kinds())


@pytest.mark.slow
def test_rows_that_look_like_another_customer_are_told(company, call):
    once = "name,phone\n徽州茶行,0551-62820033\n"
    assert call("customers", once).returncode == 0
    again = call("customers", "name,phone\n徽州茶行合肥店,0551-62820033\n")
    assert again.returncode == 0, again.stderr
    assert "1 rows look like another row or a customer who is there" in again.stdout


@pytest.mark.slow
def test_what_belongs_to_a_customer_comes_in_by_its_own_command(company, call):
    assert call("customers", "code,name\nB-1,黄山毛峰社\n").returncode == 0
    text = "客户,名称,日期,场合\nB-1,王老板,1970-03-05,生日\n"
    done = call("important-dates", text)
    assert done.returncode == 0, done.stderr
    assert "1 rows: 1 new" in done.stdout
    assert "1 there already" in call("important-dates", text).stdout
