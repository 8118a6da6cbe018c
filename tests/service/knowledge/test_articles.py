"""Articles are written by one, published by another, kept in versions, and found by those who may read them."""

from datetime import timedelta
from html.parser import HTMLParser

import pytest

from cast import NOW, TODAY
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.messaging.models import Notice
from kezhi.service.knowledge import deflecting, reading, tokens
from kezhi.service.knowledge.arranging import add_topic, change_topic, delete_topic, tree
from kezhi.service.knowledge.due import tend_articles
from kezhi.service.knowledge.finding import search, suggest
from kezhi.service.knowledge.rendering import html_of
from kezhi.service.knowledge.writing import (
    confirm_article,
    delete_article,
    edit_article,
    place_article,
    publish_article,
    retire_article,
    send_back,
    submit_article,
    take_version_back,
    write_article,
)
from kezhi.service.models import Article, ArticleVersion, HelpVisit

pytestmark = pytest.mark.django_db
PUBLIC, PORTAL, INTERNAL = Article.Audience.PUBLIC, Article.Audience.PORTAL, 0


def written(writer, reviewer=None, **fields):
    fields = {"title": "打印机无法连接无线网络", "body": "重启路由器，再按住按钮五秒。", **fields}
    article = write_article({"audience": PUBLIC, **fields}, actor=writer, on=TODAY)
    if reviewer is not None:
        submit_article(article, actor=writer, at=NOW)
        article = publish_article(article, actor=reviewer, at=NOW)
    return article


def titles(typed, audience=PUBLIC, language="zh", **more):
    return [hit.title for hit in search(typed, audience, language=language, **more).hits]


def test_readers_see_what_somebody_else_looked_at_and_an_earlier_version_comes_back(
    agent, manager, li_wei
):
    article = written(agent)
    assert titles("打印机") == []
    with pytest.raises(Refused):
        publish_article(article, actor=manager, at=NOW)  # nobody asked for a review
    submit_article(article, actor=agent, at=NOW)
    with pytest.raises(Refused):
        publish_article(article, actor=agent, at=NOW)  # not what one wrote oneself
    with pytest.raises(NotAllowed):
        publish_article(article, actor=li_wei, at=NOW)
    send_back(article, "缺少图片", actor=manager, at=NOW)
    submit_article(article, actor=agent, at=NOW)
    article = publish_article(article, actor=manager, at=NOW)
    assert titles("打印机") == ["打印机无法连接无线网络"]
    assert article.review_due_on == NOW.date() + timedelta(days=365)

    edit_article(article, {"title": "打印机连不上网"}, actor=agent, on=TODAY)
    assert titles("打印机") == ["打印机无法连接无线网络"]  # a draft beside what is read
    submit_article(article, actor=agent, at=NOW)
    publish_article(article, actor=manager, at=NOW)
    assert titles("打印机") == ["打印机连不上网"]
    assert list(ArticleVersion.objects.order_by("number").values_list("number", "title")) == [
        (1, "打印机无法连接无线网络"),
        (2, "打印机连不上网"),
    ]
    article = take_version_back(article, 1, actor=manager, at=NOW)
    assert (article.state, article.title) == ("draft", "打印机无法连接无线网络")
    with pytest.raises(Refused):
        delete_article(article, actor=manager, on=TODAY)
    retire_article(article, actor=manager, at=NOW)
    assert titles("打印机") == []
    assert article.versions.count() == 2


def test_each_audience_finds_its_articles_in_its_language(agent, manager):
    both = {"title_en": "The printer finds no Wi-Fi", "body_en": "Restart the router."}
    written(agent, manager, **both)
    written(agent, manager, title="打印机保修登记", audience=PORTAL)
    written(agent, manager, title="打印机内部拆机步骤", audience=INTERNAL)
    assert titles("打印机") == ["打印机无法连接无线网络"]
    assert set(titles("打印机", PORTAL)) == {"打印机无法连接无线网络", "打印机保修登记"}
    assert len(titles("打印机", INTERNAL)) == 3
    assert titles("wifi printer", language="en") == ["The printer finds no Wi-Fi"]
    assert titles("打印机无法连接", language="en") == ["The printer finds no Wi-Fi"]
    for typed in ("dayinji", "dyj", "打印"):
        assert "打印机无法连接无线网络" in titles(typed), typed
    assert titles("") == ["打印机无法连接无线网络"]
    assert titles("'; DROP TABLE x --") == []
    assert titles("' & | ! : * (") == []
    letter = "你好，我们上周买的那台打印机一直连不上办公室的无线网络，请问怎么办？"
    assert [hit.title for hit in suggest(letter, PUBLIC)] == ["打印机无法连接无线网络"]
    assert suggest("谢谢", PUBLIC) == ()
    assert suggest("打印机", None) == ()


def test_letters_find_titles_that_have_their_syllables_in_one_run(agent, manager):
    for title in (
        "电源无法启动",
        "电源无法登录后台",
        "冷藏车K12压缩机温度过高",
        "发票作废",
        "如何开具发票",
    ):
        written(agent, manager, title=title, body="无")
    # Longer than what is kept of a title: what comes after it tells them apart.
    assert titles("dianyuanwufaqidong") == ["电源无法启动"]
    assert titles("dianyuanwufadengluh") == ["电源无法登录后台"]
    assert titles("dywfdlht") == ["电源无法登录后台"]
    assert len(titles("dianyuanwufa")) == len(titles("dywf")) == 2
    assert titles("yasuojiwenduguogao") == titles("ysjwdgg") == ["冷藏车K12压缩机温度过高"]
    # No title has it in one run: by two syllables each, more of them first; initials in two runs.
    assert titles("lccysjwdgg") == ["冷藏车K12压缩机温度过高"]
    assert titles("lengcangcheyasuojiwenduguogao") == ["冷藏车K12压缩机温度过高"]
    assert titles("kaifapiao") == ["如何开具发票", "发票作废"]
    assert set(titles("woyaokaifapiao")) == {"如何开具发票", "发票作废"}
    assert titles("machine") == titles("diandian") == titles("xqzw") == []


def test_what_helps_more_comes_first_and_a_reader_counts_once(agent, manager):
    first = written(agent, manager, title="投影仪清洁滤网")
    second = written(agent, manager, title="投影仪更换滤网")
    assert titles("投影仪滤网") == ["投影仪清洁滤网", "投影仪更换滤网"]
    visit = deflecting.visit_of(None, "public", at=NOW)
    said = {"face": "public", "language": "zh", "at": NOW, "visit_id": visit.pk}
    for _again in range(2):
        reading.rate(second, True, **said)
        reading.rate(first, False, reason="unclear", words="看不懂", **said)
    for article, counts in ((first, (0, 1)), (second, (1, 0))):
        article.refresh_from_db()
        assert (article.helped, article.not_helped) == counts
    assert titles("投影仪滤网") == ["投影仪更换滤网", "投影仪清洁滤网"]
    reading.rate(first, True, **said)  # thought better of it
    first.refresh_from_db()
    assert (first.helped, first.not_helped) == (1, 0)
    with pytest.raises(Refused):
        reading.rate(first, False, reason="nonsense", **said)
    reading.count_view(first, "public", on=TODAY)
    reading.count_view(first, "public", on=TODAY)
    assert reading.sum_views() == 1
    assert Article.objects.get(pk=first.pk).views == 2


def test_a_question_counts_as_answered_when_no_ticket_follows_within_three_days(agent, manager):
    article = written(agent, manager)
    ends = {}
    for name, days in (("alone", 10), ("asked", 10), ("fresh", 1)):
        at = NOW - timedelta(days=days)
        visit = deflecting.visit_of(None, "public", at=at)
        assert deflecting.visit_of(visit.key, "public", at=at + timedelta(days=2)) == visit
        deflecting.note_shown(visit, at=at)
        deflecting.note_opened(visit, article, at=at)
        deflecting.note_solved(visit, article, at=at)
        ends[name] = visit
    HelpVisit.objects.filter(pk=ends["asked"].pk).update(
        ticket_at=ends["asked"].began_at + timedelta(days=2)
    )
    span = {"since": NOW - timedelta(days=30), "until": NOW}
    both = deflecting.funnels(**span, at=NOW)[-1]
    found = (both.shown, both.opened, both.solved, both.certain, both.answered, both.tickets)
    assert found == (3, 3, 3, 2, 1, 1)
    assert deflecting.most_useful(**span)[0].article == article
    assert deflecting.visit_of(ends["alone"].key, "public", at=NOW).pk != ends["alone"].pk


def test_topics_are_a_tree_and_the_keeper_is_told_of_what_is_due(agent, manager, li_wei, company):
    top = add_topic("打印机", "Printers", None, actor=manager, on=TODAY)
    low = add_topic("网络", "Network", top, actor=agent, on=TODAY)
    assert [(branch.topic.name, branch.depth) for branch in tree()] == [("打印机", 0), ("网络", 1)]
    article = written(agent, manager)
    place_article(article, low, [], actor=agent, on=TODAY)
    assert titles("", topics=[top.pk]) == []
    assert len(titles("打印机", topics=[low.pk])) == 1
    for refused in (
        lambda: change_topic(top, "打印机", "", low, actor=manager, on=TODAY),
        lambda: add_topic("网络", "", top, actor=manager, on=TODAY),
        lambda: delete_topic(low, actor=manager, on=TODAY),
        lambda: add_topic("x", "", None, actor=li_wei, on=TODAY),
    ):
        with pytest.raises(Refused):
            refused()
    Article.objects.update(review_due_on=TODAY - timedelta(days=1))
    tend_articles(actor=manager, at=NOW)
    tend_articles(actor=manager, at=NOW)
    assert list(Notice.objects.values_list("person", "kind")) == [(agent.pk, "article.review_due")]
    assert confirm_article(article, actor=agent, on=TODAY).review_due_on > TODAY


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](https://evil.example/a.png)",
        "![x](//evil.example/a.png)",
        '<img src=x onerror="alert(1)">',
        "[x](data:text/html;base64,PHN2Zz4=)",
        '[x](https://a.example "onmouseover=alert(1)")',
        "`<iframe src=x>`",
    ],
)
def test_nothing_in_a_text_runs_or_is_fetched(text):
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.append((tag, dict(attrs)))
    parser.feed(html_of(text))
    for tag, attributes in found:
        assert tag in ("p", "a", "code"), found
        assert set(attributes) <= {"href", "rel", "title"}, found
        assert attributes.get("href", "https://").startswith("https://"), found


def test_a_text_keeps_its_few_marks():
    html = html_of(
        "# 步骤\n\n1. **先**重启\n2. 看 KB-0007\n\n![接线](接线 图.png)\n\n|a|b|\n|-|-|\n|1|2|",
        pictures={"接线 图.png": "/help/file/1/"},
        link=lambda code: f"/help/{code}/",
    )
    assert "<h3>步骤</h3>" in html
    assert "<strong>先</strong>" in html
    assert 'href="/help/KB-0007/"' in html
    assert "<td>1</td>" in html
    html = html_of("![接线](<接线 图.png>)", pictures={"接线 图.png": "/help/file/1/"})
    assert 'src="/help/file/1/"' in html
    assert 'alt="接线"' in html


def test_terms_say_what_is_asked_for():
    told = [term.text for term in tokens.terms("我的打印机怎么连不上 WiFi", is_sentence=True)]
    assert "打印" in told
    assert "wifi" in told
    assert "的打" not in told
    assert "怎么" not in told
