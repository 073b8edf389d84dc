"""The MTA's side of the milter protocol, as far as tests need it: one message after the other over one connection.

    client = MilterClient(8891)
    client.connect("192.0.2.1", "mx.example")
    answer = client.send("<a@example.org>", ["<b@example.net>"], b"From: …\\r\\n\\r\\nHello\\r\\n")
    answer.final, answer.inserted, answer.deleted, answer.quarantined, answer.reply
"""
import re, socket, struct
from dataclasses import dataclass, field


@dataclass
class Answer:
    final: str = ""
    inserted: list = field(default_factory=list)
    deleted: list = field(default_factory=list)
    quarantined: str = ""
    reply: str = ""


class MilterClient:
    def __init__(self, port, host="127.0.0.1", timeout=60):
        self.socket = socket.create_connection((host, port), timeout)
        # Version 6; all actions; header values with their leading space.
        self.write(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF & ~0xFF000 | 0x100000))
        kind, data = self.read()
        assert kind == b"O", kind

    def write(self, kind, data=b""):
        self.socket.sendall(struct.pack(">I", len(data) + 1) + kind + data)

    def read(self):
        size = struct.unpack(">I", self.exactly(4))[0]
        data = self.exactly(size)
        return data[:1], data[1:]

    def exactly(self, count):
        out = b""
        while len(out) < count:
            more = self.socket.recv(count - len(out))
            if not more:
                raise ConnectionError("the filter closed the connection")
            out += more
        return out

    def step(self, kind, data=b""):
        self.write(kind, data)
        return self.read()[0]

    def connect(self, address, helo):
        family = b"6" if ":" in address else b"4"
        first = self.step(b"C", b"client\0" + family + struct.pack(">H", 2525) + address.encode() + b"\0")
        if first == b"c":
            self.step(b"H", helo.encode() + b"\0")
        return first

    def send(self, mail_from, recipients, message, queue_id="Q1"):
        self.write(b"D", b"M" + b"i\0" + queue_id.encode() + b"\0")
        answer = Answer()
        for kind, data in [(b"M", mail_from.encode() + b"\0"), *((b"R", r.encode() + b"\0") for r in recipients)]:
            answer.final = self.step(kind, data).decode()
            if answer.final != "c":
                return answer
        header, _, body = message.partition(b"\r\n\r\n")
        for one in re.split(rb"\r\n(?![ \t])", header):
            name, value = one.split(b":", 1)
            self.step(b"L", name + b"\0" + value.replace(b"\r\n", b"\n") + b"\0")
        self.step(b"N")
        for i in range(0, len(body), 65535):
            self.step(b"B", body[i:i + 65535])
        self.write(b"E")
        while True:
            kind, data = self.read()
            if kind == b"i":
                index = struct.unpack(">I", data[:4])[0]
                name, value = data[4:].split(b"\0")[:2]
                answer.inserted.append((index, name.decode(), value.decode(errors="replace")))
            elif kind == b"m":
                index = struct.unpack(">I", data[:4])[0]
                name, value = data[4:].split(b"\0")[:2]
                answer.deleted.append((index, name.decode(), value))
            elif kind == b"q":
                answer.quarantined = data.rstrip(b"\0").decode()
            elif kind == b"y":
                answer.reply = data.rstrip(b"\0").decode()
                answer.final = "y"
                return answer
            elif kind != b"p":
                answer.final = kind.decode()
                return answer

    def close(self):
        try:
            self.write(b"Q")
        except OSError:
            pass
        self.socket.close()
