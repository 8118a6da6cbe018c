"""Colleagues find, write and publish; customers read without an account, and only what is for them."""

import pytest
from django.urls import reverse

from cast import NOW, TODAY
from kezhi.service.knowledge.arranging import add_topic
from kezhi.service.knowledge.writing import publish_article, submit_article, write_article
from kezhi.service.models import Article, ArticleRating, HelpVisit
from kezhi.workbench.attaching import attach

pytestmark = pytest.mark.django_db
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cf500f0003860180"
    "5a34d47d0000000049454e44ae426082"
)


def published(writer, reviewer, title="打印机无法连接无线网络", body="按住按钮五秒。", **fields):
    fields = {"title": title, "body": body, "audience": Article.Audience.PUBLIC, **fields}
    article = write_article(fields, actor=writer, on=TODAY)
    submit_article(article, actor=writer, at=NOW)
    return publish_article(article, actor=reviewer, at=NOW)


def sign_in(client, person):
    client.force_login(person)


def test_an_article_goes_its_way_on_screen(client, agent, manager):
    sign_in(client, agent)
    answer = client.post(
        "/articles/new/",
        {"title": "投影仪黑屏", "body": "检查**灯泡**。", "audience": "2", "owner": str(agent.pk)},
    )
    assert answer.status_code == 302, answer.content.decode()[:3000]
    article = Article.objects.get()
    page = f"/articles/{article.pk}/"
    assert "<strong>灯泡</strong>" in client.get(page).content.decode()
    assert client.post(f"{page}submission/").status_code == 302
    client.post(f"{page}publication/")
    assert Article.objects.get().live is None  # one's own words
    sign_in(client, manager)
    topic = add_topic("投影仪", "Projectors", None, actor=manager, on=TODAY)
    client.post(f"{page}place/", {"topic": topic.pk, "products": ""})
    client.post(f"{page}publication/", {"remark": "首版"})
    assert Article.objects.get().live.remark == "首版"
    fields = {
        "title": "投影仪黑屏",
        "body": "检查**电源**。",
        "audience": "2",
        "owner": str(agent.pk),
    }
    version = Article.objects.get().version
    assert client.post(f"{page}edit/", {**fields, "version": version}).status_code == 302
    shown = client.get(f"{page}versions/").content.decode()
    assert "<del>灯泡</del>" in shown
    assert "<ins>电源</ins>" in shown
    assert client.get(f"{page}versions/?from=9999999&to=x").status_code == 200
    found = client.get("/knowledge/", {"q": "tyy"}).content.decode()
    assert "投影仪黑屏" in found
    assert client.get("/knowledge/topics/").status_code == 200
    twice = client.post("/knowledge/topics/", {"name": "投影仪", "name_en": "Projectors"})
    assert twice.status_code == 409
    assert 'value="Projectors"' in twice.content.decode()
    for entry in ("", "30", "x", "0365" + 12 * "9"):
        assert client.get("/knowledge/figures/", {"days": entry}).status_code == 200


def test_visitors_read_public_articles_and_say_whether_they_helped(client, agent, manager):
    public = published(agent, manager, title_en="No Wi-Fi", body_en="See KB-0099.")
    hidden = published(agent, manager, title="打印机拆机", audience=Article.Audience.PORTAL)
    home, page = "/help/zh/", f"/help/zh/{public.code}/"
    assert "Disallow: /" in client.get("/robots.txt").content.decode()
    answer = client.get(home, {"q": "打印机"})
    assert public.title in answer.content.decode()
    assert hidden.title not in answer.content.decode()
    assert answer["X-Robots-Tag"] == "noindex"
    assert len(answer.content) < 12_000
    assert "sessionid" not in client.cookies
    answer = client.get(page)
    assert "按住按钮五秒" in answer.content.decode()
    assert "X-Robots-Tag" not in answer
    assert "No Wi-Fi" in client.get(f"/help/en/{public.code}/").content.decode()
    for gone in (f"/help/zh/{hidden.code}/", "/help/zh/KB-9999/", "/help/fr/", "/help/zh/x/y/"):
        assert client.get(gone).status_code == 404, gone
    assert client.post(f"/help/zh/{hidden.code}/rating/", {"helped": "yes"}).status_code == 404
    assert client.post(f"{page}rating/", {"helped": "yes"}).status_code == 302
    visit = HelpVisit.objects.get()
    assert visit.shown_at
    assert visit.solved_by == public
    client.post(f"{page}rating/", {"helped": "no", "reason": "wrong", "words": "x" * 900})
    rating = ArticleRating.objects.get()
    assert (rating.is_helpful, len(rating.words), rating.visit_id) == (False, 500, visit.pk)
    assert client.post(f"{page}rating/", {"helped": "no", "reason": "bad"}).status_code == 422


def test_the_history_of_an_article_names_its_topic(client, agent, manager):
    article = published(agent, manager)
    topic = add_topic("打印机", "", None, actor=agent, on=TODAY)
    client.force_login(agent)
    client.post(f"/articles/{article.pk}/place/", {"topic": topic.pk, "products": ""})
    assert "— → 打印机" in client.get(f"/articles/{article.pk}/").content.decode()


def test_what_helped_least_is_not_what_was_read_most(client, agent, manager):
    for code, helped, missed in (("KB-1", 90, 10), ("KB-2", 2, 8), ("KB-3", 0, 1)):
        article = published(agent, manager, title=f"标题{code}")
        counts = {"helped": helped, "not_helped": missed}
        Article.objects.filter(pk=article.pk).update(**counts)
    client.force_login(agent)
    page = client.get("/knowledge/figures/").content.decode().split("<main")[1]
    places = [page.index(f"标题{code}") for code in ("KB-2", "KB-3", "KB-1")]
    assert places == sorted(places)


def test_who_asks_too_often_reads_so_and_keeps_the_question(client, monkeypatch):
    monkeypatch.setattr("kezhi.web.knowledge.help.is_welcome", lambda *who, **most: False)
    page = client.get("/help/en/?q=pallet")
    assert page.status_code == 429
    assert "Try again in some minutes" in page.content.decode()
    assert 'value="pallet"' in page.content.decode()


def test_a_form_is_offered_answers_while_somebody_types(client, agent, manager):
    article = published(agent, manager)
    written = {"subject": "连不上网", "text": "我的打印机今天连接不上无线网络了，怎么办"}
    answer = client.post("/help/zh/suggestions/", written)
    assert article.title in answer.content.decode()
    assert HelpVisit.objects.get().shown_at
    nothing = client.post("/help/zh/suggestions/", {"subject": "你好", "text": "\0"})
    assert nothing.content.strip() == b""


def test_pictures_of_an_article_go_with_it(client, agent, manager, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    article = published(
        agent, manager, body="![接线](接线.png) 和 ![别处](https://a.example/b.png)"
    )
    file = attach(article, "接线.png", [PNG], kind="article", actor=agent, at=NOW)
    other = published(agent, manager, title="内部", audience=0)
    secret = attach(other, "a.png", [PNG], kind="article", actor=agent, at=NOW)
    shown = client.get(f"/help/zh/{article.code}/").content.decode()
    assert f"/help/zh/{article.code}/files/{file.pk}/" in shown
    assert "a.example" not in shown
    answer = client.get(f"/help/zh/{article.code}/files/{file.pk}/")
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert client.get(f"/help/zh/{article.code}/files/{secret.pk}/").status_code == 404
    assert client.get(f"/help/zh/{other.code}/files/{secret.pk}/").status_code == 404


def test_pages_ask_the_database_the_same_whatever_there_is(
    client, agent, manager, django_assert_max_num_queries
):
    for number in range(12):
        published(agent, manager, title=f"打印机问题{number}")
    with django_assert_max_num_queries(16):
        client.get("/help/zh/", {"q": "打印机问题"})
    sign_in(client, agent)
    client.get(reverse("knowledge"))
    with django_assert_max_num_queries(24):
        assert client.get("/knowledge/", {"q": "打印机"}).status_code == 200


def test_a_form_offers_answers_before_it_is_sent_and_counts_the_ticket(
    client, agent, manager, monkeypatch
):
    from kezhi.service.models import ServiceForm
    from kezhi.web.intake import visitors

    monkeypatch.setattr(visitors, "key_of", lambda request, now: "a-key")
    form = ServiceForm.objects.create(
        slug="hilfe", title_zh="联系我们", types=["inquiry"], department=agent.department
    )
    article = published(agent, manager)
    entries = {
        "name": "陈女士",
        "email": "chen@example.com",
        "type": "inquiry",
        "subject": "打印机连不上网",
        "text": "打印机今天连接不上无线网络",
    }
    first = client.post(f"/ask/{form.slug}/", entries)
    assert first.status_code == 200
    assert article.title in first.content.decode()
    visit = HelpVisit.objects.get()
    assert visit.shown_at
    assert visit.ticket is None
    second = client.post(f"/ask/{form.slug}/", {**entries, "seen": "1"})
    assert second.status_code == 302, second.content.decode()[-3000:]
    visit.refresh_from_db()
    assert visit.ticket.subject == entries["subject"]
