// What surrounds mail in an audit: MX, DNSSEC, DANE, MTA-STS, TLS reports, BIMI.
#include <algorithm>
#include <charconv>

#include "enrich/registered_domain.h"
#include "mail/audit_parts.h"

namespace rw::audit {
namespace {

std::string failed_text(std::string_view what, const DnsReply& reply) {
  return std::string(what) + " is not known: " + reply.failure + ".";
}

// A mail server without an address. Worst is a name that anybody can register: who does takes the domain's mail.
void tell_without_address(Run& run, const MailHost& host, const std::string& item, const DnsReply& reply) {
  const std::string registered(registered_domain(host.name));
  const DnsReply zone = registered.empty() || reply.name_exists ? DnsReply{} : run.ask(registered, DnsType::kNs);
  if (!registered.empty() && zone.state == DnsState::kAbsent && !zone.name_exists)
    run.add("mx", item, AuditStatus::kBad, host.name,
            "The mail server " + host.name + " does not exist, and " + registered +
                " does not either: who registers that domain takes this one's mail.",
            'D', "remove that MX record now");
  else
    run.add("mx", item, AuditStatus::kBad, host.name,
            "The mail server " + host.name + (reply.name_exists ? " has no address" : " does not exist") +
                ": mail to it is lost or late.",
            'C', "remove that MX record, or correct its name");
}

void look_at_host(Run& run, const DnsRecord& record) {
  MailHost host{record.name, record.preference, false, DnsSecurity::kUnknown};
  const std::string item = "host/" + host.name;
  const DnsReply alias = run.ask(host.name, DnsType::kCname);
  const DnsQuestion questions[] = {{host.name, DnsType::kA}, {host.name, DnsType::kAaaa}};
  const auto replies = run.resolver.lookup(questions);
  host.security = replies[0].security;
  host.resolved = replies[0].state == DnsState::kPresent || replies[1].state == DnsState::kPresent;
  if (Ip::parse(host.name))
    run.add("mx", item, AuditStatus::kBad, host.name,
            "An MX record holds an address where a name belongs: " + host.name + ".", 'C', "name the server");
  else if (!host.resolved && (replies[0].state == DnsState::kFailed || replies[1].state == DnsState::kFailed))
    run.add("mx", item, AuditStatus::kUnknown, replies[0].failure,
            failed_text("The address of " + host.name, replies[0]));
  else if (!host.resolved)
    tell_without_address(run, host, item, replies[0]);
  else if (alias.state == DnsState::kPresent)
    run.add("mx", item, AuditStatus::kWarning, host.name,
            "The mail server " + host.name + " is an alias (CNAME), which an MX must not name (RFC 2181 10.3).", 0,
            "name " + replies[0].canonical_name + " itself");
  else
    run.add("mx", item, AuditStatus::kGood, host.name, "The mail server " + host.name + " has an address.");
  run.hosts.push_back(std::move(host));
}

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

// RFC 7672 3.1: only usages 2 and 3 count for SMTP, with a whole certificate or key, or its SHA-256 or SHA-512.
bool usable_tlsa(std::string_view data) {
  if (data.size() < 4) return false;
  const int usage = data[0], selector = data[1], matching = data[2];
  const std::size_t length = data.size() - 3;
  return (usage == 2 || usage == 3) && selector <= 1 && selector >= 0 &&
         (matching == 0 || (matching == 1 && length == 32) || (matching == 2 && length == 64));
}

void look_at_tlsa(Run& run, const MailHost& host) {
  const std::string item = "tlsa/" + host.name;
  const DnsReply reply = run.ask("_25._tcp." + host.name, DnsType::kTlsa);
  if (reply.state == DnsState::kFailed) {
    run.add("dane", item, AuditStatus::kUnknown, reply.failure,
            failed_text("Whether " + host.name + " has TLSA records", reply));
    return;
  }
  if (reply.state == DnsState::kAbsent) {
    run.add("dane", item, AuditStatus::kInfo, "", host.name + " has no TLSA record: DANE is not used.");
    return;
  }
  const auto usable =
      std::count_if(reply.records.begin(), reply.records.end(), [](const DnsRecord& r) { return usable_tlsa(r.data); });
  const std::string value = hexadecimal(reply.records.front().data);
  if (usable == 0)
    run.add("dane", item, AuditStatus::kBad, value,
            "No TLSA record of " + host.name +
                " can be used for mail (RFC 7672 3.1): usage 2 or 3, whole, or SHA-256 or SHA-512.",
            0, "publish '3 1 1' with the SHA-256 of the server's public key");
  else if (reply.security == DnsSecurity::kUnknown)
    run.add("dane", item, AuditStatus::kUnknown, value,
            "TLSA records of " + host.name + " are there; whether DNSSEC secures them was not checked.");
  else if (reply.security != DnsSecurity::kSecure)
    run.add("dane", item, AuditStatus::kWarning, value,
            "TLSA records of " + host.name + " have no effect: DNSSEC does not secure them.", 0,
            "sign the zone of " + host.name);
  else if (run.zone_security == DnsSecurity::kInsecure)
    run.add(
        "dane", item, AuditStatus::kWarning, value,
        "DANE of " + host.name + " does not hold for this domain: its own MX records are not signed (RFC 7672 2.2.1).",
        0, "sign the zone of " + run.audit.domain);
  else
    run.add("dane", item, AuditStatus::kGood, value, "DANE secures mail to " + host.name + ".");
}

// ---- MTA-STS, RFC 8461

bool fits_pattern(std::string_view host, std::string_view pattern) {
  if (!pattern.starts_with("*.")) return host == pattern;
  const std::size_t dot = host.find('.');
  return dot != std::string_view::npos && host.substr(dot + 1) == pattern.substr(2);
}

void look_at_policy_file(Run& run, std::string_view text) {
  std::string mode, max_age, version;
  std::vector<std::string> patterns;
  for (const std::string& line : words(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string name = lower(trimmed(std::string_view(line).substr(0, colon)));
    const std::string value = trimmed(std::string_view(line).substr(colon + 1));
    if (name == "version") version = value;
    if (name == "mode") mode = value;
    if (name == "max_age") max_age = value;
    if (name == "mx") patterns.push_back(lower(value));
  }
  std::uint64_t age = 0;
  const bool good_age = std::from_chars(max_age.data(), max_age.data() + max_age.size(), age).ec == std::errc{};
  if (version != "STSv1" || (mode != "enforce" && mode != "testing" && mode != "none") || !good_age ||
      (patterns.empty() && mode != "none")) {
    run.add("mta-sts", "policy", AuditStatus::kBad, mode,
            "The policy file lacks version, mode, mx or max_age (RFC 8461 3.2).", 0,
            "serve the policy that is printed below");
    return;
  }
  run.add("mta-sts", "policy", mode == "enforce" ? AuditStatus::kGood : AuditStatus::kWarning, mode,
          mode == "enforce" ? "The policy file enforces TLS."
                            : "The policy file does not enforce TLS: mode is " + mode + ".",
          0, mode == "enforce" ? "" : "set mode: enforce once TLS reports show no failures");
  for (const MailHost& host : run.hosts)
    if (std::none_of(patterns.begin(), patterns.end(),
                     [&](const std::string& p) { return fits_pattern(host.name, p); }))
      run.add(
          "mta-sts", "mx/" + host.name, AuditStatus::kBad, host.name,
          "The policy file does not name the mail server " + host.name + ": in mode enforce mail to it is not sent.", 0,
          "add 'mx: " + host.name + "'");
}

bool receives(const Run& run) { return !run.null_mx && !run.hosts.empty(); }

}  // namespace

void look_at_mx(Run& run) {
  const DnsReply reply = run.ask(run.audit.domain, DnsType::kMx);
  run.mx_state = reply.state;
  if (reply.state == DnsState::kFailed) {
    run.add("mx", "records", AuditStatus::kUnknown, reply.failure,
            failed_text("Where mail for the domain goes", reply));
    return;
  }
  if (reply.state == DnsState::kAbsent) {
    const DnsReply address = run.ask(run.audit.domain, DnsType::kA);
    run.add("mx", "records", AuditStatus::kInfo, "",
            address.state == DnsState::kPresent
                ? "There is no MX record: mail goes to the domain's own address (RFC 5321 5.1)."
                : "There is no MX record, so nobody can answer mail from this domain.");
    return;
  }
  std::vector<DnsRecord> records = reply.records;
  std::sort(records.begin(), records.end(), [](const DnsRecord& a, const DnsRecord& b) {
    return std::pair(a.preference, std::string_view(a.name)) < std::pair(b.preference, std::string_view(b.name));
  });
  const auto null = std::count_if(records.begin(), records.end(), [](const DnsRecord& r) { return r.name.empty(); });
  if (null > 0 && records.size() == 1) {
    run.null_mx = true;
    run.audit.sends_mail = SendsMail::kNo;
    run.add("mx", "records", AuditStatus::kGood, "0 .", "A null MX: the domain takes no mail (RFC 7505).");
    return;
  }
  if (null > 0)
    run.add("mx", "null", AuditStatus::kBad, "0 .", "A null MX stands beside others, which RFC 7505 3 forbids.", 'C',
            "remove one or the other");
  std::string value;
  for (const DnsRecord& one : records)
    value += (value.empty() ? "" : ", ") + std::to_string(one.preference) + " " + one.name;
  run.add("mx", "records", AuditStatus::kGood, value, counted(records.size(), "mail server") + ".");
  if (records.size() > kMaxHosts) records.resize(kMaxHosts);
  for (const DnsRecord& one : records)
    if (!one.name.empty()) look_at_host(run, one);
}

void look_at_dnssec(Run& run) {
  const DnsQuestion questions[] = {{run.audit.domain, DnsType::kSoa}, {run.audit.domain, DnsType::kDnskey}};
  const auto replies = run.resolver.lookup(questions);
  run.zone_security = replies[0].security;
  switch (replies[0].security) {
    case DnsSecurity::kSecure:
      run.add("dnssec", "zone", AuditStatus::kGood, "secure", "DNSSEC secures the domain's records.");
      break;
    case DnsSecurity::kBogus:
      run.add("dnssec", "zone", AuditStatus::kBad, replies[0].failure,
              "DNSSEC signatures do not hold: who validates sees no record of this domain, SPF and DMARC included.",
              'F', "renew the signatures, or remove the DS record at the parent");
      break;
    case DnsSecurity::kInsecure:
      if (replies[1].state == DnsState::kPresent)
        run.add("dnssec", "zone", AuditStatus::kWarning, "no DS",
                "The zone is signed, but its parent has no DS record, so nobody can validate it.", 0,
                "give the DS record to the registrar");
      else
        run.add("dnssec", "zone", AuditStatus::kInfo, "insecure",
                "The domain's records are not signed: answers can be forged on their way.");
      break;
    case DnsSecurity::kUnknown:
      run.add("dnssec", "zone", AuditStatus::kUnknown, replies[0].failure,
              replies[0].state == DnsState::kFailed ? failed_text("Whether the domain is signed", replies[0])
                                                    : "Whether the domain is signed was not validated here.");
      break;
  }
}

void look_at_dane(Run& run) {
  for (const MailHost& host : run.hosts)
    if (host.resolved) look_at_tlsa(run, host);
}

void look_at_mta_sts(Run& run) {
  const DnsReply reply = run.ask("_mta-sts." + run.audit.domain, DnsType::kTxt);
  if (reply.state == DnsState::kFailed) {
    run.add("mta-sts", "record", AuditStatus::kUnknown, reply.failure, failed_text("Whether MTA-STS is used", reply));
    return;
  }
  const auto found = texts_with(reply, "v=stsv1");
  if (found.empty() && !receives(run)) return;
  if (found.empty()) {
    run.add("mta-sts", "record", AuditStatus::kInfo, "",
            "MTA-STS is not used: mail to this domain can be read on its way by who redirects it.", 0,
            "publish MTA-STS, or use DANE");
  } else if (found.size() > 1 || tag(found.front(), "id").empty() || tag(found.front(), "id").size() > 32) {
    run.add("mta-sts", "record", AuditStatus::kBad, found.front(),
            "The record is not valid: one record, with an id of 1 to 32 letters and digits.", 0,
            "publish one record with an id");
  } else {
    run.add("mta-sts", "record", AuditStatus::kGood, found.front(), "The MTA-STS record is there.");
    const DnsReply host = run.ask("mta-sts." + run.audit.domain, DnsType::kA);
    const DnsReply host6 = run.ask("mta-sts." + run.audit.domain, DnsType::kAaaa);
    if (host.state == DnsState::kAbsent && host6.state == DnsState::kAbsent)
      run.add("mta-sts", "host", AuditStatus::kBad, "",
              "The host that serves the policy, mta-sts." + run.audit.domain + ", has no address.", 0,
              "set up that host, or remove the record");
    if (!run.options.mta_sts_policy)
      run.add("mta-sts", "policy", AuditStatus::kInfo, "",
              "The policy file was not looked at: an audit fetches nothing. Give it with --mta-sts-policy FILE.");
  }
  if (run.options.mta_sts_policy) look_at_policy_file(run, *run.options.mta_sts_policy);
}

void look_at_tls_rpt(Run& run) {
  const DnsReply reply = run.ask("_smtp._tls." + run.audit.domain, DnsType::kTxt);
  if (reply.state == DnsState::kFailed) {
    run.add("tls-rpt", "record", AuditStatus::kUnknown, reply.failure,
            failed_text("Whether TLS reports are asked for", reply));
    return;
  }
  const auto found = texts_with(reply, "v=tlsrptv1");
  if (found.empty()) {
    if (receives(run))
      run.add("tls-rpt", "record", AuditStatus::kInfo, "",
              "No TLS reports are asked for: failures of encryption stay unseen.", 0, "publish a TLS-RPT record");
    return;
  }
  const std::string rua = tag(found.front(), "rua");
  if (found.size() > 1 || (!rua.starts_with("mailto:") && !rua.starts_with("https:")))
    run.add("tls-rpt", "record", AuditStatus::kBad, found.front(),
            "The record is not valid: one record, with rua=mailto: or https: (RFC 8460 3).", 0,
            "publish one valid record");
  else
    run.add("tls-rpt", "record", AuditStatus::kGood, found.front(), "TLS reports go to " + rua + ".");
}

void look_at_bimi(Run& run) {
  const DnsReply reply = run.ask("default._bimi." + run.audit.domain, DnsType::kTxt);
  if (reply.state == DnsState::kFailed) {
    run.add("bimi", "record", AuditStatus::kUnknown, reply.failure, failed_text("Whether BIMI is used", reply));
    return;
  }
  const auto found = texts_with(reply, "v=bimi1");
  if (found.empty()) return;  // it is no protection, so its absence is no news
  const std::string logo = tag(found.front(), "l");
  const auto policy = run.audit.dmarc.policy;
  if (found.size() > 1 || (!logo.empty() && !logo.starts_with("https://")))
    run.add("bimi", "record", AuditStatus::kBad, found.front(),
            "The record is not valid: one record, with l=https://… or an empty l=.", 0, "publish one valid record");
  else if (!policy || *policy == DmarcPolicy::kNone || run.audit.dmarc.record->testing)
    run.add("bimi", "record", AuditStatus::kWarning, found.front(), "The logo is not shown before DMARC is enforced.",
            0, "enforce DMARC first");
  else
    run.add("bimi", "record", AuditStatus::kGood, found.front(),
            logo.empty() ? "The domain declines BIMI." : "The BIMI record is valid.");
}

}  // namespace rw::audit
