#!/usr/bin/env python3
"""Makes the fixtures of these cases: tests/golden/mail-check/make.py (from the repository's root)."""
import base64
import io
import pathlib
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
EVIL = ("mta.evil.test", "198.51.100.7")


def mail(when, sender, subject, text, path="bounce@evil.test", hop=EVIL, to="Jane Roe <jane@example.org>", extra="", number=1, html=False):
    kind = "html" if html else "plain"
    return (f"Return-Path: <{path}>\r\nReceived: from {hop[0]} ({hop[0]} [{hop[1]}])\r\n\tby mx.example.org (Postfix) with ESMTP id {number};\r\n"
            f"\t{when}\r\nFrom: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: {when}\r\nMessage-ID: <{number}@evil.test>\r\n"
            + extra + f"MIME-Version: 1.0\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{text}\r\n")


def mbox(messages):
    return "".join("From MAILER-DAEMON Thu May  2 09:00:00 2024\n" + m.replace("\r\n", "\n") + "\n" for m in messages)


def attached(name, content, kind="application/octet-stream"):
    body = base64.encodebytes(content).decode().replace("\n", "\r\n")
    return (f"--part\r\nContent-Type: {kind}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n"
            f"Content-Transfer-Encoding: base64\r\n\r\n{body}")


def with_parts(message, text, *parts):
    head = message.split("\r\n\r\n", 1)[0].replace("Content-Type: text/plain; charset=utf-8", 'Content-Type: multipart/mixed; boundary="part"')
    return head + f"\r\n\r\n--part\r\nContent-Type: text/plain\r\n\r\n{text}\r\n" + "".join(parts) + "--part--\r\n"


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 5, 2, 9, 0, 0)), content, compress_type=zipfile.ZIP_DEFLATED)
    return out.getvalue()


def docm():
    types = ('<Types><Override PartName="/word/document.xml" '
             'ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>')
    return zipped({"[Content_Types].xml": types, "word/document.xml": "<w:document/>", "word/vbaProject.bin": b"not a real project"})


def write(case, name, text):
    (HERE / case / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def verdicts():
    day = "Thu, 2 May 2024 09:00:00 +0000"
    write("verdicts", "in.mails.mbox", mbox([
        mail(day, "Ann <ann@none.test>", "Policy of none", "Hello.", number=1),
        mail(day, "Ann <ann@bare.test>", "No policy", "Hello.", number=2),
        mail(day, "Ann <ann@strict.test>", "Policy of reject", "Hello.", number=3),
        mail(day, "Ann <ann@strict.test>", "Sent by its own server", "Hello.", path="ann@strict.test", hop=("mta.strict.test", "192.0.2.10"), number=4),
        mail(day, "Ann <ann@unknown.test>", "The DNS does not answer", "Hello.", number=5),
        mail(day, "ann@strict.test>", "An address that is none", "Hello.", number=6),
        mail(day, "Ann <ann@strict.test>\r\nFrom: Bob <bob@none.test>", "Two authors", "Hello.", number=7),
        mail(day, "\"Jane Roe jane@example.org\" <x@evil.test>", "A name that holds an address", "Hello.", number=8),
        mail(day, "Desk <desk@examp1e.org>", "A look-alike", '<a href="http://198.51.100.9/x">www.example.org</a>', html=True, number=9),
    ]))


def story():
    sender = "\"Ken Suzuki\" <ken@examp1e.org>"
    opener = ("Dear Jane Roe,\r\n\r\nI write about sanctions and the policy of the peninsula for a journal in Tokyo. I have read your paper with\r\n"
              "great interest. Would you answer three short questions about the coming talks by the end of next week?\r\n")
    days = ["Thu, 2 May 2024 08:00:00 +0000", "Sat, 4 May 2024 08:00:00 +0000", "Mon, 6 May 2024 08:00:00 +0000",
            "Thu, 9 May 2024 08:00:00 +0000", "Sun, 12 May 2024 08:00:00 +0000"]
    last = mail(days[4], sender, "Re: A question", "", number=105)
    write("story", "in.letters.mbox", mbox([
        mail(days[0], sender, "A question", opener, number=101),
        mail(days[1], sender, "Re: A question", "Did my letter reach you? I would be glad of a short answer.", number=102),
        mail(days[2], sender, "Re: A question", "Please answer to my private address.", extra="Reply-To: ken.suzuki@naver.com\r\n", number=103),
        mail(days[3], sender, "Re: A question", "The questions are at https://files.examp1e.org/q now.", number=104),
        with_parts(last, "The paper is attached.", attached("questions.docm", docm())),
    ]))


def hostile():
    day = "Thu, 2 May 2024 09:00:00 +0000"
    write("hostile", "in.empty.eml", "")
    write("hostile", "in.no-from.eml", "Subject: nobody\r\n\r\nHello.\r\n")
    write("hostile", "in.control.eml", mail(day, "=?utf-8?q?A=1B[31m?= <a\x01@none.test>", "=?utf-8?q?=1B]0;x=07?=", "Hello."))
    write("hostile", "in.only-header.eml", mail(day, "Ann <ann@none.test>", "Cut", "").split("\r\n\r\n")[0])


def archives():
    day = "Thu, 2 May 2024 09:00:00 +0000"
    inner = zipped({"readme.txt": "hello", "report.docm": docm()})
    message = mail(day, "Ann <ann@strict.test>", "Files", "", path="ann@strict.test", hop=("mta.strict.test", "192.0.2.10"))
    write("archives", "in.files.eml", with_parts(
        message, "See the files.",
        attached("all.zip", zipped({"inner.zip": inner, "photo.jpg": b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0" + bytes(64)}), "application/zip"),
        attached("invoice.pdf.js", b"var s = new ActiveXObject('WScript.Shell');"),
        attached("page.html", b"<html><script>var b=new Blob([atob('TVqQ')]);URL.createObjectURL(b)</script></html>", "text/html"),
        attached("zeros.zip", zipped({"zeros": bytes(8 << 20)}), "application/zip")))


verdicts()
story()
hostile()
archives()
