"""Capture files for the judge: reading, cutting, shifting, merging, and flow exports made of them by softflowd.

Only what the judge needs, on purpose not rangewatch's own reader: what is judged must not prepare its own evidence."""
import pathlib
import shutil
import socket
import struct
import subprocess
import threading
import typing


class Packet(typing.NamedTuple):
    time: float
    wire: int
    frame: bytes


class Capture(typing.NamedTuple):
    link_type: int
    packets: list  # of Packet, in order of time


def _pcap(data):
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    nano = struct.unpack(order + "I", data[:4])[0] == 0xA1B23C4D
    link_type = struct.unpack(order + "I", data[20:24])[0] & 0xFFFF
    at, packets = 24, []
    while at + 16 <= len(data):
        seconds, fraction, captured, wire = struct.unpack(order + "IIII", data[at : at + 16])
        packets.append(Packet(seconds + fraction / (1e9 if nano else 1e6), wire, data[at + 16 : at + 16 + captured]))
        at += 16 + captured
    return Capture(link_type, packets)


def _pcapng(data):
    at, packets, order, interfaces = 0, [], "<", []
    while at + 12 <= len(data):
        if data[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            interfaces = []
        kind, length = struct.unpack(order + "II", data[at : at + 8])
        body = data[at + 8 : at + length - 4]
        if kind == 1:
            units, options = 1_000_000, body[8:]
            while len(options) >= 4:
                code, size = struct.unpack(order + "HH", options[:4])
                if code == 9 and size == 1:
                    units = 2 ** (options[4] & 127) if options[4] & 128 else 10 ** options[4]
                options = options[4 + (size + 3) // 4 * 4 :]
            interfaces.append((struct.unpack(order + "H", body[:2])[0], units))
        elif kind == 6:
            number, high, low, captured, wire = struct.unpack(order + "IIIII", body[:20])
            packets.append((interfaces[number][0], Packet((high << 32 | low) / interfaces[number][1], wire, body[20 : 20 + captured])))
        if length < 12:
            break
        at += length
    link_type = packets[0][0] if packets else 1
    return Capture(link_type, [packet for link, packet in packets if link == link_type])


def read(path):
    data = pathlib.Path(path).read_bytes()
    capture = _pcapng(data) if data[:4] == b"\x0a\x0d\x0d\x0a" else _pcap(data)
    return Capture(capture.link_type, sorted(capture.packets, key=lambda packet: packet.time))


def write(path, capture):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, capture.link_type))
        for packet in capture.packets:
            microseconds = round(packet.time * 1e6)
            out.write(struct.pack("<IIII", microseconds // 1_000_000, microseconds % 1_000_000, len(packet.frame), packet.wire))
            out.write(packet.frame)


def moved(capture, start, addresses):
    """The same packets from `start` on, with IPv4 addresses replaced ({old: new}, four bytes each). Ethernet only; checksums stay as they were,
    as nobody here looks at them."""
    shift = start - capture.packets[0].time
    out = []
    for packet in capture.packets:
        frame = packet.frame
        if frame[12:14] == b"\x08\x00":
            src, dst = frame[26:30], frame[30:34]
            frame = frame[:26] + addresses.get(src, src) + addresses.get(dst, dst) + frame[34:]
        out.append(Packet(packet.time + shift, packet.wire, frame))
    return out


def export(path, folder, sampling=1):
    """A capture with the NetFlow v9 datagrams that softflowd makes of `path`, or None where it sees no flows: flows of at most a minute."""
    folder.mkdir(exist_ok=True)
    plain = folder / "capture.pcap"  # softflowd cuts long names
    shutil.copy(path, plain)
    datagrams = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
        collector.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        collector.bind(("127.0.0.1", 0))
        collector.settimeout(0.3)
        done = threading.Event()

        def collect():
            while True:
                try:
                    datagrams.append(collector.recv(65536))
                except socket.timeout:
                    if done.is_set():
                        return

        thread = threading.Thread(target=collect)
        thread.start()
        timeouts = [word for name in ("tcp", "tcp.rst", "tcp.fin", "udp", "icmp", "general", "maxlife") for word in ("-t", f"{name}=60")]
        more = ["-s", str(sampling)] if sampling > 1 else []
        subprocess.run(["softflowd", "-r", plain, "-n", f"127.0.0.1:{collector.getsockname()[1]}", "-v", "9", "-6", "-a", "-d", "-m", "1000000",
                        "-p", folder / "pid", "-c", "none", *timeouts, "-t", "expint=0", *more],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120, check=True)
        done.set()
        thread.join()
    plain.unlink()
    if not datagrams:
        return None
    capture = read(path)
    end = capture.packets[-1].time
    frames = []
    for number, payload in enumerate(datagrams):
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), number & 0xFFFF, 0, 64, 17, 0, bytes([203, 0, 113, 1]), bytes([203, 0, 113, 2]))
        frame = bytes(12) + b"\x08\x00" + ip + struct.pack(">HHHH", 40000, 2055, 8 + len(payload), 0) + payload
        frames.append(Packet(end + number / 1e6, len(frame), frame))
    out = folder / "export.pcap"
    write(out, Capture(1, frames))
    return out
