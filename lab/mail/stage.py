"""A small internet for mail, inside namespaces of its own: bind9, Postfix and our milter, all on loopback.

    enter_namespaces()                # re-executes the script in new network, process and mount namespaces; everything ends with it
    stage = Stage(folder, rangewatch, zones={"example.org": "…"})
    stage.start(["--reject"])
    stage.clock("2026-03-02T08:00:00Z")
    reply = stage.send(message, client="192.0.2.1", helo="mx.example.org", mail_from="a@example.org", to=["b@our.example"])
    stage.delivered()                 # messages in the mailbox, oldest first
    stage.stop()

The client's address is set with Postfix's XCLIENT, so that SPF sees what a receiver on the internet would see. The time is what
`--clock` of the milter reads; no other clock is touched.
"""
import os, shutil, smtplib, subprocess, sys, time
from pathlib import Path

DNS_PORT, MILTER_PORT, SMTP_PORT = 5353, 8891, 2525


def why_not():
    """What is missing here, or an empty string."""
    if os.geteuid() != 0:
        return "namespaces and Postfix need root"
    missing = [tool for tool in ("unshare", "ip", "postfix", "named") if not shutil.which(tool)]
    if missing:
        return f"not installed: {' '.join(missing)} (scripts/bootstrap lab)"
    probe = subprocess.run(["unshare", "--net", "--pid", "--fork", "--mount-proc", "true"], stderr=subprocess.PIPE, text=True)
    return f"no namespaces here: {probe.stderr.strip()}" if probe.returncode else ""


def enter_namespaces():
    if os.environ.get("RW_LAB_INSIDE") != "1":
        os.environ["RW_LAB_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def wait_for(what, ready, seconds=20):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} does not come up")
        time.sleep(0.05)


class Stage:
    def __init__(self, folder, rangewatch, zones, lake=None):
        self.folder, self.rangewatch, self.zones = Path(folder), Path(rangewatch), zones
        self.lake = Path(lake or self.folder / "lake")
        self.clock_file, self.processes = self.folder / "clock", []

    def spawn(self, name, command):
        log = open(self.folder / f"{name}.log", "ab")
        self.processes.append(subprocess.Popen([str(c) for c in command], stdout=log, stderr=log))
        return self.processes[-1]

    def start(self, options=()):
        self.folder.chmod(0o755)
        self.start_dns()
        self.clock(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        self.milter = self.spawn("milter", [
            self.rangewatch, "mail", "milter", "--lake", self.lake, "--socket", f"inet:{MILTER_PORT}@127.0.0.1", "--authserv-id",
            "mx.our.example", "--resolver", f"127.0.0.1@{DNS_PORT}", "--no-dnssec", "--clock", self.clock_file, "--commit-every", "1s",
            "--format", "ndjson", *options])
        wait_for("the milter", lambda: "listening on" in (self.folder / "milter.log").read_text())
        self.start_postfix()

    def start_dns(self):
        dns = self.folder / "dns"
        dns.mkdir()
        config = [f'options {{ directory "{dns}"; pid-file none; session-keyfile none; listen-on port {DNS_PORT} {{ 127.0.0.1; }};'
                  f' listen-on-v6 {{ none; }}; recursion no; dnssec-validation no; minimal-responses yes; }};', "controls { };"]
        for name, text in self.zones.items():
            path = dns / f"{name}.zone"
            path.write_text(f"$ORIGIN {name}.\n$TTL 300\n@ IN SOA ns.{name}. admin.{name}. 1 3600 600 86400 300\n@ IN NS ns.{name}.\n"
                            f"ns IN A 127.0.0.1\n{text}\n")
            config.append(f'zone "{name}" {{ type primary; file "{path}"; }};')
        (dns / "named.conf").write_text("\n".join(config) + "\n")
        self.spawn("named", ["named", "-g", "-c", dns / "named.conf"])
        wait_for("bind9", lambda: " running" in (self.folder / "named.log").read_text())

    def start_postfix(self):
        config, box = self.folder / "postfix", self.folder / "mail"
        for path in (config, box, self.folder / "queue", self.folder / "data"):
            path.mkdir(exist_ok=True)
        uid, gid = (int(subprocess.run(["id", flag, "postfix"], stdout=subprocess.PIPE, check=True).stdout) for flag in ("-u", "-g"))
        os.chown(box, uid, gid)
        os.chown(self.folder / "data", uid, gid)
        (config / "main.cf").write_text(f"""compatibility_level = 3.6
queue_directory = {self.folder}/queue
data_directory = {self.folder}/data
maillog_file = {self.folder}/postfix.log
maillog_file_prefixes = {self.folder}
myhostname = mx.our.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_timeout = 60s
virtual_mailbox_domains = our.example
virtual_mailbox_base = {box}
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = {min(uid, 100)}
smtpd_milters = inet:127.0.0.1:{MILTER_PORT}
milter_default_action = tempfail
""")
        master = Path("/etc/postfix/master.cf")
        if not master.exists():
            master = Path("/usr/share/postfix/master.cf.dist")
        lines = []
        for line in master.read_text().splitlines():
            words = line.split()
            if len(words) > 7 and words[1] in ("inet", "unix", "unix-dgram") and not line.startswith(("#", " ")):
                words[4] = "n"  # no chroot: it would want files of the machine
                if words[:2] == ["smtp", "inet"]:
                    words[0] = str(SMTP_PORT)
                line = " ".join(words)
            lines.append(line)
        (config / "master.cf").write_text("\n".join(lines) + "\n")
        subprocess.run(["postfix", "-c", str(config), "start"], check=True, stdout=open(self.folder / "postfix.start", "wb"),
                       stderr=subprocess.STDOUT, timeout=60)

        def answers():
            try:
                smtplib.SMTP("127.0.0.1", SMTP_PORT, timeout=5).quit()
                return True
            except (OSError, smtplib.SMTPException):
                return False
        wait_for("Postfix", answers)

    def clock(self, text):
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(text + "\n")
        fresh.rename(self.clock_file)

    def send(self, message, client, helo, mail_from, to):
        """Returns (code, text) of the last reply."""
        # Postfix takes XCLIENT from hosts that it trusts only, which the client is not any more behind the first.
        smtp = smtplib.SMTP("127.0.0.1", SMTP_PORT, local_hostname="lab", timeout=60)
        try:
            smtp.ehlo()
            code, text = smtp.docmd("XCLIENT", f"ADDR={client} NAME=[UNAVAILABLE] HELO={helo}")
            if code != 220:
                return code, text.decode(errors="replace")
            smtp.ehlo(helo)
            smtp.sendmail(mail_from, to, message)
            return 250, ""
        except smtplib.SMTPRecipientsRefused as refused:
            code, text = next(iter(refused.recipients.values()))
            return code, text.decode(errors="replace")
        except smtplib.SMTPResponseException as refused:
            return refused.smtp_code, refused.smtp_error.decode(errors="replace")
        finally:
            smtp.close()

    def delivered(self):
        paths = sorted((self.folder / "mail/box/new").glob("*"), key=lambda p: p.stat().st_mtime_ns)
        return [p.read_bytes() for p in paths]

    def stop(self):
        self.milter.terminate()
        code = self.milter.wait(30)
        subprocess.run(["postfix", "-c", str(self.folder / "postfix"), "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=60)
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
                process.wait(20)
        return code
