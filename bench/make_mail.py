#!/usr/bin/env python3
"""Makes a mixed corpus of mail for `make bench`:  bench/make_mail.py COUNT FOLDER

FOLDER/mails.mbox, the same messages one by one in FOLDER/eml/ (for peers that read files), and FOLDER/mail.zone for --zone. Half are plain
conversations, a quarter newsletters of HTML with links, the rest carries attachments (documents, archives, images); a third is signed by DKIM.
"""
import base64
import hashlib
import io
import pathlib
import random
import subprocess
import sys
import zipfile

count, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
(folder / "eml").mkdir(parents=True, exist_ok=True)
rng = random.Random(7)
WORDS = ("policy paper answer question peninsula week meeting talk report sanction export market letter office people travel "
         "price research number table figure chapter review editor author publisher ministry embassy visit programme").split()
DOMAINS = [f"d{i}.example" for i in range(60)]
key = folder / "dkim.key"
if not key.exists():
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
public = subprocess.run(["openssl", "rsa", "-in", str(key), "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout


def words(n):
    return "\r\n".join(" ".join(rng.choice(WORDS) for _ in range(12)) + "." for _ in range(n // 12 + 1))


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def part(kind, name, content):
    return (f'--b\r\nContent-Type: {kind}; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"\r\n'
            "Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content).decode().replace("\n", "\r\n"))


def attachments():
    noise = rng.randbytes(rng.randrange(8_000, 60_000))
    return rng.choice([
        lambda: part("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "paper.docx",
                     zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w:document>" + words(3000) + "</w:document>",
                             "word/media/a.png": b"\x89PNG\r\n\x1a\n" + noise})),
        lambda: part("application/pdf", "paper.pdf", b"%PDF-1.5\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\nstream\n" + noise + b"\nendstream"),
        lambda: part("image/jpeg", "photo.jpg", b"\xff\xd8\xff\xe0" + noise),
        lambda: part("application/zip", "files.zip", zipped({"a.txt": words(500), "b.jpg": b"\xff\xd8\xff" + noise}))])()


def body():
    roll = rng.random()
    if roll < 0.5:
        return "Content-Type: text/plain; charset=utf-8\r\n", words(rng.randrange(40, 400)) + "\r\n"
    if roll < 0.75:
        links = "".join(f'<p>{words(30)} <a href="https://www.{rng.choice(DOMAINS)}/a/{i}">read on</a></p>\r\n' for i in range(30))
        return "Content-Type: text/html; charset=utf-8\r\nList-Unsubscribe: <mailto:u@list.example>\r\n", f"<html><body>{links}</body></html>\r\n"
    return ('Content-Type: multipart/mixed; boundary="b"\r\n',
            f"--b\r\nContent-Type: text/plain\r\n\r\n{words(60)}\r\n" + attachments() + "--b--\r\n")


def signed(domain, fields, text):
    """relaxed/simple over From, To and Subject."""
    digest = base64.b64encode(hashlib.sha256((text.rstrip("\r\n") + "\r\n").encode()).digest()).decode()
    tag = f"v=1; a=rsa-sha256; c=relaxed/simple; d={domain}; s=s1; h=from:to:subject; bh={digest}; b="
    data = "".join(f"{name.lower()}:{value}\r\n" for name, value in fields) + f"dkim-signature:{tag}"
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(key)], input=data.encode(), check=True, capture_output=True).stdout
    return f"DKIM-Signature: {tag}{base64.b64encode(signature).decode()}\r\n"


DISTINCT = min(count, 1500)  # what is signed costs a process each; beyond, messages differ in their envelope and identifier alone
made = []
for i in range(DISTINCT):
    domain = rng.choice(DOMAINS)
    kind, text = body()
    fields = [("From", f"Writer {i % 97} <w{i % 97}@{domain}>"), ("To", "Jane Roe <jane@example.org>"), ("Subject", f"{rng.choice(WORDS)} {i}")]
    head = (signed(domain, fields, text) if i % 3 == 0 else "") + "".join(f"{n}: {v}\r\n" for n, v in fields)
    made.append((domain, head + "Date: Thu, 2 May 2024 09:00:00 +0000\r\nMIME-Version: 1.0\r\n" + kind, text))
with open(folder / "mails.mbox", "wb") as box:
    for i in range(count):
        domain, head, text = made[i % DISTINCT]
        address = "192.0.2.10" if i % 4 else "198.51.100.7"
        message = (f"Return-Path: <w@{domain}>\r\nReceived: from mta.{domain} (mta.{domain} [{address}]) by mx.example.org with ESMTP id {i};\r\n"
                   f"\tThu, 2 May 2024 09:00:00 +0000\r\nMessage-ID: <{i}@{domain}>\r\n" + head + "\r\n" + text).encode()
        box.write(b"From w@example Thu May  2 09:00:00 2024\n" + message + b"\n")
        (folder / "eml" / f"{i:06}.eml").write_bytes(message)
with open(folder / "mail.zone", "w") as zone:
    zone.write("$ORIGIN .\n$TTL 300\nexample. SOA ns.example. a.example. 1 1 1 1 1\n")
    for i, domain in enumerate(DOMAINS):
        zone.write(f'{domain}. TXT "v=spf1 ip4:192.0.2.0/24 -all"\n')
        if i % 3:
            zone.write(f'_dmarc.{domain}. TXT "v=DMARC1; p={["none", "quarantine", "reject"][i % 3]}"\n')
        text = base64.b64encode(public).decode()
        zone.write(f's1._domainkey.{domain}. TXT "v=DKIM1; p={text[:200]}" "{text[200:]}"\n')
