"""A cluster that can't be used is refused with the remedy, in the language of whoever asks."""

import socket
import sys

import pytest
from django.utils import translation

from cast import TODAY
from kezhi.core.refusal import Refused
from kezhi.insight.engines import engine_of_this_installation
from kezhi.insight.models import ValueRun
from kezhi.value.compute.engine import LOCAL
from kezhi.value.facts import Facts, Plan


@pytest.fixture
def somebody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"spark://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"spark://127.0.0.1:{port}"


def refusal(language="en") -> str:
    with (
        translation.override(language),
        pytest.raises(Refused) as refused,
        engine_of_this_installation() as engine,
    ):
        engine.open(Facts([]), Plan(TODAY))
    return str(refused.value)


def test_without_a_setting_the_run_is_done_in_its_own_process():
    with engine_of_this_installation() as engine:
        assert engine is LOCAL


def test_an_address_that_names_no_engine(settings, tmp_path):
    settings.ENGINE, settings.SHARED = "dask://10.0.0.7:8786", str(tmp_path)
    assert "write local, or spark://HOST:PORT" in refusal()
    assert "请写 local 或 spark://主机:端口" in refusal("zh-hans")


def test_a_cluster_without_a_shared_folder(settings):
    settings.ENGINE = "spark://10.0.0.7:7077"
    assert "but KEZHI_SHARED no folder" in refusal()
    assert "KEZHI_SHARED 没有指定文件夹" in refusal("zh-hans")


def test_a_master_that_does_not_answer(settings, tmp_path, nobody_listens):
    settings.ENGINE, settings.SHARED = nobody_listens, str(tmp_path)
    assert f"No Spark master answers at {nobody_listens}" in refusal()
    assert "没有 Spark 主节点响应" in refusal("zh-hans")


def test_a_machine_without_java(settings, tmp_path, somebody_listens, monkeypatch):
    settings.ENGINE, settings.SHARED = somebody_listens, str(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "apt install openjdk-17-jre-headless" in refusal()
    assert "需要 Java 17" in refusal("zh-hans")


def test_an_installation_without_the_extra(settings, tmp_path, somebody_listens, monkeypatch):
    settings.ENGINE, settings.SHARED = somebody_listens, str(tmp_path)
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.touch(mode=0o700)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    assert "uv sync --inexact --extra spark" in refusal()
    assert "需要扩展 spark" in refusal("zh-hans")


def test_the_run_ends_with_the_reason_and_publishes_nothing(
    settings, tmp_path, nobody_listens, trading, measure
):
    settings.ENGINE, settings.SHARED = nobody_listens, str(tmp_path)
    with pytest.raises(Refused, match="KEZHI_ENGINE"):
        measure()
    run = ValueRun.objects.get()
    assert run.state == ValueRun.State.FAILED
    assert nobody_listens in run.error
