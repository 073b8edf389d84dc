"""DKIM and ARC signatures for test messages, with keys and arithmetic of the openssl command; nothing of ours is used, so that a
mistake is not made twice.

    key = Key.make("rsa", folder / "s1.pem")        # or "ed25519"
    signed = dkim_sign(message, key, "example.org", "s1", header="relaxed", body="simple")
    sealed = arc_seal(message, key, "lists.example.net", "arc", "lists.example.net; dkim=pass header.d=example.org")
    print(key.record())                             # text of the TXT record

Messages are bytes with CRLF.
"""
import base64, hashlib, re, subprocess
from pathlib import Path


def openssl(*words, data=b""):
    return subprocess.run(["openssl", *map(str, words)], input=data, stdout=subprocess.PIPE, check=True).stdout


class Key:
    def __init__(self, kind, path):
        self.kind, self.path = kind, Path(path)
        der = openssl("pkey", "-in", path, "-pubout", "-outform", "DER")
        self.public = der[12:] if kind == "ed25519" else der

    @staticmethod
    def make(kind, path, bits=2048):
        if not Path(path).exists():
            options = ["-algorithm", "ed25519"] if kind == "ed25519" else ["-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"]
            subprocess.run(["openssl", "genpkey", *options, "-out", str(path)], check=True, stderr=subprocess.DEVNULL)
        return Key(kind, path)

    def record(self):
        return f"v=DKIM1; k={self.kind}; p={base64.b64encode(self.public).decode()}"

    def sign(self, data):
        if self.kind == "rsa":
            return openssl("dgst", "-sha256", "-sign", self.path, data=data)
        digest = self.path.with_suffix(".digest")  # pkeyutl takes raw input from a file only
        digest.write_bytes(hashlib.sha256(data).digest())
        return openssl("pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", digest)


def canonical_body(body, relaxed):
    if relaxed:
        body = re.sub(rb"[ \t]+(?=\r\n|$)", b"", body)
        body = re.sub(rb"[ \t]+", b" ", body)
    body = re.sub(rb"(\r\n)+$", b"", body)
    return b"" if relaxed and not body else body + b"\r\n"


def canonical_field(field, relaxed):
    """Of a field without its final CRLF."""
    if not relaxed:
        return field
    name, value = field.split(b":", 1)
    value = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.strip(b" \t").lower() + b":" + value


def split_message(message):
    header, _, body = message.partition(b"\r\n\r\n")
    return re.split(rb"\r\n(?![ \t])", header), body


def pick(fields, names, relaxed):
    """RFC 6376 5.4.2: of a name that stands several times, from the bottom up."""
    left, out = list(fields), b""
    for name in names:
        for i in range(len(left) - 1, -1, -1):
            if left[i].split(b":", 1)[0].strip().lower() == name.lower().encode():
                out += canonical_field(left.pop(i), relaxed) + b"\r\n"
                break
    return out


def folded(signature):
    text = base64.b64encode(signature)
    return b"\r\n\t ".join(text[i:i + 64] for i in range(0, len(text), 64))


def dkim_sign(message, key, domain, selector, header="relaxed", body="relaxed", names=("From", "To", "Subject", "Date", "Message-ID"),
              tags=""):
    fields, content = split_message(message)
    digest = base64.b64encode(hashlib.sha256(canonical_body(content, body == "relaxed")).digest()).decode()
    field = (f"DKIM-Signature: v=1; a={key.kind}-sha256; c={header}/{body}; d={domain};\r\n\ts={selector}; {tags}"
             f"h={':'.join(names)};\r\n\tbh={digest};\r\n\tb=").encode()
    data = pick(fields, names, header == "relaxed") + canonical_field(field, header == "relaxed")
    return field + folded(key.sign(data)) + b"\r\n" + message


def arc_seal(message, key, domain, selector, results, status=None):
    """One ARC set on top, as a handler adds it; `status` is cv=, by default as a chain that passes has it."""
    fields, content = split_message(message)
    seals = [f for f in fields if f.lower().startswith(b"arc-seal:")]
    i = len(seals) + 1
    status = status or ("none" if i == 1 else "pass")
    names = ("From", "To", "Subject", "Date", "Message-ID", "DKIM-Signature")
    digest = base64.b64encode(hashlib.sha256(canonical_body(content, True)).digest()).decode()
    aar = f"ARC-Authentication-Results: i={i}; {results}".encode()
    ams = (f"ARC-Message-Signature: i={i}; a={key.kind}-sha256; c=relaxed/relaxed; d={domain};\r\n\ts={selector}; "
           f"h={':'.join(names)};\r\n\tbh={digest};\r\n\tb=").encode()
    ams += folded(key.sign(pick(fields, names, True) + canonical_field(ams, True)))
    seal = f"ARC-Seal: i={i}; a={key.kind}-sha256; cv={status}; d={domain}; s={selector};\r\n\tb=".encode()
    data = b""
    for n in range(1, i):
        for name in (b"arc-authentication-results:", b"arc-message-signature:", b"arc-seal:"):
            old = next(f for f in fields if f.lower().startswith(name) and re.search(rb"\bi=\s*%d\b" % n, f))
            data += canonical_field(old, True) + b"\r\n"
    data += canonical_field(aar, True) + b"\r\n" + canonical_field(ams, True) + b"\r\n" + canonical_field(seal, True)
    seal += folded(key.sign(data))
    return seal + b"\r\n" + ams + b"\r\n" + aar + b"\r\n" + message
