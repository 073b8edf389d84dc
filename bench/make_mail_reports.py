#!/usr/bin/env python3
"""Makes mail reports for benchmarks: many small ones, zipped each in a file of its own, or in one mbox.

    bench/make_mail_reports.py zips COUNT FOLDER
    bench/make_mail_reports.py mbox COUNT FILE
"""
import base64
import io
import os
import sys
import zipfile
import zlib

BEGIN, DAY = 1_700_006_400, 86_400
RECORD = """ <record>
  <row><source_ip>198.51.{}.{}</source_ip><count>{}</count>
   <policy_evaluated><disposition>none</disposition><dkim>{}</dkim><spf>fail</spf></policy_evaluated></row>
  <identifiers><header_from>example.org</header_from></identifiers>
  <auth_results><dkim><domain>example.org</domain><selector>s1</selector><result>{}</result></dkim>
   <spf><domain>mail.example.net</domain><result>pass</result></spf></auth_results>
 </record>
"""


def report(number):
    """A day's report of one of 400 receivers, with 1 to 5 records."""
    day, receiver = number // 400 % 365, number % 400
    begin = BEGIN + day * DAY
    records = "".join(RECORD.format((number + i) % 250, (number * 7 + i) % 250, 1 + (number + i) % 30, *(["pass"] * 2 if i % 3 else ["fail"] * 2))
                      for i in range(1 + number % 5))
    return f"""<?xml version="1.0"?>
<feedback>
 <report_metadata><org_name>receiver-{receiver}.example</org_name><email>dmarc@receiver-{receiver}.example</email>
  <report_id>{number}</report_id><date_range><begin>{begin}</begin><end>{begin + DAY - 1}</end></date_range></report_metadata>
 <policy_published><domain>example.org</domain><adkim>r</adkim><aspf>r</aspf><p>none</p><sp>none</sp><pct>100</pct></policy_published>
{records}</feedback>
""".encode()


def zipped(name, data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def gzipped(data):
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def mail(number):
    name = f"receiver-{number % 400}.example!example.org!{number}.xml.gz"
    return (f"From dmarc@receiver.example Wed Nov 15 10:00:00 2023\nFrom: dmarc@receiver-{number % 400}.example\nTo: rua@example.org\n"
            f"Subject: Report domain: example.org Report-ID: {number}\nDate: Wed, 15 Nov 2023 10:00:00 +0000\n"
            f"Message-ID: <{number}@receiver.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b\"\n\n--b\n"
            f"Content-Type: text/plain\n\nThis is an aggregate report.\n\n--b\nContent-Type: application/gzip; name=\"{name}\"\n"
            f"Content-Disposition: attachment; filename=\"{name}\"\nContent-Transfer-Encoding: base64\n\n").encode() + \
        base64.encodebytes(gzipped(report(number))) + b"\n--b--\n\n"


def main():
    kind, count, target = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if kind == "zips":
        os.makedirs(target, exist_ok=True)
        for number in range(count):
            with open(f"{target}/receiver-{number % 400}.example!example.org!{number}.zip", "wb") as out:
                out.write(zipped(f"{number}.xml", report(number)))
    else:
        with open(target, "wb") as out:
            for number in range(count):
                out.write(mail(number))


main()
