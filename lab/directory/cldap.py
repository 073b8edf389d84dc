#!/usr/bin/env python3
"""A connectionless directory (RFC 1798) and its client:  cldap.py serve ADDRESS small|large    cldap.py ask ADDRESS COUNT SOURCE

small: the netlogon answer of a domain controller, hardly larger than the question; large: an open rootDSE with all its attributes."""
import socket
import sys
import time


def tlv(tag, value):
    length = bytes([len(value)]) if len(value) < 128 else bytes([0x82]) + len(value).to_bytes(2, "big")
    return bytes([tag]) + length + value


def text(value, tag=0x04):
    return tlv(tag, value.encode())


def request(number, small):
    wanted = text("netlogon") if small else b""
    search = tlv(0x63, text("") + tlv(0x0A, b"\0") + tlv(0x0A, b"\0") + tlv(0x02, b"\0") + tlv(0x02, b"\0") + tlv(0x01, b"\0") +
                 text("objectclass", 0x87) + tlv(0x30, wanted))
    return tlv(0x30, tlv(0x02, number.to_bytes(2, "big")) + search)


def attribute(name, values):
    return tlv(0x30, text(name) + tlv(0x31, b"".join(text(value) for value in values)))


def answer(number, small):
    if small:
        attributes = attribute("netlogon", ["\x17" * 24 + "example.com"])
    else:
        attributes = b"".join(attribute(name, [f"1.3.6.1.4.1.32473.{i}.{j}" for j in range(24)])
                              for i, name in enumerate(["supportedControl", "supportedCapabilities", "supportedLDAPPolicies", "namingContexts"]))
        attributes += attribute("dnsHostName", ["dc1.example.com"])
    ident = tlv(0x02, number)
    return tlv(0x30, ident + tlv(0x64, text("") + tlv(0x30, attributes))) + tlv(0x30, ident + tlv(0x65, tlv(0x0A, b"\0") + text("") + text("")))


if sys.argv[1] == "serve":
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((sys.argv[2], 389))
    while True:
        data, client = server.recvfrom(4096)
        server.sendto(answer(data[4:6], sys.argv[3] == "small"), client)
else:
    for number in range(1, int(sys.argv[3]) + 1):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.settimeout(1)
        client.bind((sys.argv[4], 0))
        client.sendto(request(number, sys.argv[5:] == ["small"]), (sys.argv[2], 389))
        try:
            client.recv(65535)
        except OSError:
            pass
        client.close()
        time.sleep(0.4)
