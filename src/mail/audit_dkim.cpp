// The DKIM part of an audit: the keys of selectors that are given, learned from mail and reports, or common.
#include <algorithm>
#include <array>

#include "mail/audit_parts.h"
#include "mail/dkim.h"

namespace rw::audit {
namespace {

constexpr std::string_view kTopic = "dkim";
constexpr unsigned kWeakBits = 1024, kGoodBits = 2048;  // RFC 8301 3.2
constexpr Duration kOldKey = kYear;  // M3AAWG advises to change keys twice a year; a year is what many manage

// What mail servers and services call their selectors unless told otherwise, from their documentation.
constexpr std::array<std::string_view, 44> kCommon{
    "default",   "dkim",    "mail",       "selector1", "selector2",  "google",        "s1",
    "s2",        "k1",      "k2",         "k3",        "mandrill",   "everlytickey1", "everlytickey2",
    "mxvault",   "smtp",    "email",      "key1",      "key2",       "sig1",          "fm1",
    "fm2",       "fm3",     "zoho",       "zmail",     "protonmail", "protonmail2",   "protonmail3",
    "pm",        "mta",     "mx",         "sm",        "cm",         "hs1",           "hs2",
    "amazonses", "mailjet", "sendinblue", "brevo1",    "brevo2",     "krs",           "mg",
    "pic",       "dk"};

// A selector that nobody publishes: an answer to it means that a wildcard answers for every selector.
constexpr std::string_view kNobody = "rw-no-such-selector";

std::string key_name(const AuditKey& key) { return key.selector + "._domainkey." + key.domain; }

std::vector<AuditKey> wanted_keys(const Run& run) {
  std::vector<AuditKey> keys;
  const auto add = [&](std::string selector, std::string domain, std::string origin, std::optional<Timestamp> seen) {
    selector = lower(selector);
    domain = domain.empty() ? run.audit.domain : lower(domain);
    const auto known = std::find_if(keys.begin(), keys.end(),
                                    [&](const AuditKey& k) { return k.selector == selector && k.domain == domain; });
    if (known != keys.end()) {
      if (!known->first_seen) known->first_seen = seen;
    } else if (keys.size() < kMaxSelectors) {
      AuditKey key;
      key.selector = std::move(selector);
      key.domain = std::move(domain);
      key.origin = std::move(origin);
      key.first_seen = seen;
      keys.push_back(std::move(key));
    }
  };
  for (const AuditSelector& one : run.options.selectors) add(one.selector, one.domain, one.origin, one.first_seen);
  if (run.options.common_selectors)
    for (const std::string_view one : kCommon) add(std::string(one), {}, "common", std::nullopt);
  return keys;
}

void judge_strength(Run& run, const AuditKey& key, const DkimKey& parsed, const std::string& item) {
  const std::string kind = parsed.key_type == "rsa" ? std::to_string(parsed.bits) + "-bit RSA" : "Ed25519";
  if (parsed.key_type == "rsa" && parsed.bits < kWeakBits)
    run.add(kTopic, item, AuditStatus::kBad, kind,
            "The key of selector " + key.selector + " has " + std::to_string(parsed.bits) +
                " bits: it can be broken, and receivers do not take it (RFC 8301 3.2).",
            'C', "make a new key of 2048 bits under a new selector, sign with it, then revoke this one");
  else if (parsed.key_type == "rsa" && parsed.bits < kGoodBits)
    run.add(kTopic, item, AuditStatus::kWarning, kind,
            "The key of selector " + key.selector + " has " + std::to_string(parsed.bits) + " bits; 2048 are advised.",
            'B', "make a new key of 2048 bits under a new selector, sign with it, then revoke this one");
  else
    run.add(kTopic, item, AuditStatus::kGood, kind,
            "Selector " + key.selector + (parsed.key_type == "rsa" ? " has a " : " has an ") + kind + " key.");
}

void judge_key(Run& run, AuditKey& key, const DnsReply& reply) {
  const std::string item = "key/" + key.selector + (key.domain == run.audit.domain ? "" : "." + key.domain);
  if (reply.records.size() > 1) {
    run.add(kTopic, item, AuditStatus::kBad, std::to_string(reply.records.size()),
            "Selector " + key.selector + " has " + std::to_string(reply.records.size()) +
                " TXT records: which one counts is undefined (RFC 6376 3.6.2.2).",
            'C', "leave one record at " + key_name(key));
    return;
  }
  key.text = reply.records.front().text;
  const DkimKey parsed = parse_dkim_key(key.text);
  key.key_type = parsed.key_type;
  key.bits = parsed.bits;
  key.revoked = parsed.revoked;
  key.testing = parsed.testing;
  if (parsed.revoked) {
    run.add(kTopic, item, AuditStatus::kInfo, "revoked", "The key of selector " + key.selector + " is revoked.");
    return;
  }
  if (!parsed.error.empty()) {
    run.add(kTopic, item, AuditStatus::kBad, key.text,
            "The key of selector " + key.selector + " cannot be used: " + parsed.error + ".", 'C',
            "publish the key again, whole and as Base64");
    return;
  }
  judge_strength(run, key, parsed, item);
  if (!parsed.hashes.empty() && std::find(parsed.hashes.begin(), parsed.hashes.end(), "sha256") == parsed.hashes.end())
    run.add(kTopic, "hash/" + key.selector, AuditStatus::kBad, parsed.hashes.front(),
            "The key of selector " + key.selector + " allows only hashes that no receiver takes any more.", 'C',
            "leave h= out, or write h=sha256");
  if (parsed.testing)
    run.add(
        kTopic, "testing/" + key.selector, AuditStatus::kWarning, "t=y",
        "The key of selector " + key.selector + " says that it is a test: receivers may treat its mail as unsigned.",
        'B', "publish it without t=y");
  if (key.first_seen && run.options.now - *key.first_seen > kOldKey)
    run.add(
        kTopic, "age/" + key.selector, AuditStatus::kWarning, key.first_seen->date(),
        "Selector " + key.selector + " is in use since " + key.first_seen->date() + " at least; keys leak with time.",
        0, "change the key once a year: a new selector, then revoke the old one");
}

void tell_absent(Run& run, const AuditKey& key) {
  const std::string item = "key/" + key.selector + (key.domain == run.audit.domain ? "" : "." + key.domain);
  if (key.origin == "given")
    run.add(kTopic, item, AuditStatus::kBad, "",
            "Selector " + key.selector + ", which was given, has no key at " + key_name(key) + ".", 'C',
            "publish its key, or sign with one that is there");
  else if (key.origin != "common")
    run.add(kTopic, item, AuditStatus::kInfo, "",
            "Selector " + key.selector + ", seen in " + key.origin + ", has no key any more.");
}

// Whether anything stands below _domainkey: a server that says "no such name" has no selector at all (RFC 8020).
void tell_none(Run& run, bool failed) {
  if (run.audit.sends_mail == SendsMail::kNo) return;
  const DnsReply reply = run.ask("_domainkey." + run.audit.domain, DnsType::kTxt);
  if (failed || reply.state == DnsState::kFailed)
    run.add(kTopic, "keys", AuditStatus::kUnknown, reply.failure,
            "Whether there are keys is not known, the DNS failed.");
  else if (reply.state == DnsState::kAbsent && !reply.name_exists)
    run.add(kTopic, "keys", AuditStatus::kWarning, "",
            "No DKIM key is published: nothing stands below _domainkey." + run.audit.domain + ".", 'B',
            "sign outgoing mail with DKIM as this domain, and publish the key");
  else
    run.add(
        kTopic, "keys", AuditStatus::kUnknown, "",
        "No key was found, but the DNS does not tell which selectors there are: give them with --selector, or ingest "
        "mail or reports that show them.");
}

}  // namespace

void look_at_dkim(Run& run) {
  std::vector<AuditKey> keys = wanted_keys(run);
  std::vector<DnsQuestion> questions{{std::string(kNobody) + "._domainkey." + run.audit.domain, DnsType::kTxt}};
  for (const AuditKey& key : keys) questions.push_back({key_name(key), DnsType::kTxt});
  const std::vector<DnsReply> replies = run.resolver.lookup(questions);
  const bool wildcard = replies.front().state == DnsState::kPresent;
  const bool wildcard_revokes = wildcard && parse_dkim_key(replies.front().records.front().text).revoked;
  if (wildcard)
    run.add(kTopic, "wildcard", wildcard_revokes ? AuditStatus::kGood : AuditStatus::kWarning,
            replies.front().records.front().text,
            wildcard_revokes ? "A wildcard revokes all selectors that have no key of their own."
                             : "A wildcard answers for every selector; which keys there are cannot be told.",
            0, wildcard_revokes ? "" : "name selectors one by one");
  bool any = false, failed = false;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    AuditKey& key = keys[i];
    const DnsReply& reply = replies[i + 1];
    key.state = reply.state;
    if (wildcard && reply.state == DnsState::kPresent &&
        reply.records.front().text == replies.front().records.front().text)
      key.state = DnsState::kAbsent;
    if (key.state == DnsState::kPresent) {
      any = any || !reply.records.empty();
      judge_key(run, key, reply);
    } else if (key.state == DnsState::kFailed) {
      failed = true;
      if (key.origin != "common")
        run.add(kTopic, "key/" + key.selector, AuditStatus::kUnknown, reply.failure,
                "Whether selector " + key.selector + " has a key is not known: " + reply.failure + ".");
    } else {
      tell_absent(run, key);
    }
  }
  std::erase_if(keys, [](const AuditKey& k) { return k.origin == "common" && k.state != DnsState::kPresent; });
  if (!any && !wildcard_revokes) tell_none(run, failed);
  run.audit.keys = std::move(keys);
}

}  // namespace rw::audit
