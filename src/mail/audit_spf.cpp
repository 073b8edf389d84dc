// The SPF part of an audit: the tree of look-ups, void ones, circles, and who is let in.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/quantity.h"
#include "mail/audit_parts.h"

namespace rw::audit {
namespace {

using Kind = SpfTerm::Kind;

constexpr std::string_view kTopic = "spf";
constexpr double kManyAddresses = 1 << 18;        // a /14: no sender of one organisation needs more
constexpr unsigned kWideIp4 = 16, kWideIp6 = 32;  // shorter prefixes hold whole providers

bool asks(Kind kind) {
  return kind == Kind::kInclude || kind == Kind::kA || kind == Kind::kMx || kind == Kind::kPtr ||
         kind == Kind::kExists || kind == Kind::kRedirect;
}

// Walks all records that the domain's own leads to, as if no mechanism matched: the most that one message can cost.
class Walk {
 public:
  explicit Walk(Run& run) : run_(run) {}

  unsigned voids = 0;
  bool too_many = false;                                     // networks: the rest is not compared
  std::vector<std::string> loops, gone, unknown, everybody;  // names, for items

  // Reads the record at `node.domain` and all below it. False where there is no usable record.
  bool record(SpfNode& node, std::size_t depth) {
    if (std::find(path_.begin(), path_.end(), node.domain) != path_.end()) {
      node.problem = "leads back to " + node.domain + ": no receiver follows it";
      loops.push_back(node.domain);
      return false;
    }
    if (++records_ > kMaxSpfRecords || depth > kMaxSpfDepth) {
      node.problem = "not followed: the tree is too large";
      return false;
    }
    const DnsReply reply = run_.ask(node.domain, DnsType::kTxt);
    if (reply.state == DnsState::kFailed) {
      node.unknown = true;
      node.problem = reply.failure;
      unknown.push_back(node.domain);
      return false;
    }
    const auto texts = spf_texts(reply);
    if (texts.size() != 1) {
      node.is_void = reply.state == DnsState::kAbsent;
      node.problem = texts.empty() ? "has no SPF record" : "has " + std::to_string(texts.size()) + " SPF records";
      gone.push_back(node.domain);
      return false;
    }
    node.record = texts.front();
    path_.push_back(node.domain);
    terms(node, parse_spf(node.record), depth);
    path_.pop_back();
    return true;
  }

  static std::vector<std::string> spf_texts(const DnsReply& reply) {
    std::vector<std::string> texts;
    for (const DnsRecord& one : reply.records)
      if (is_spf_record(one.text)) texts.push_back(one.text);
    return texts;
  }

 private:
  void terms(SpfNode& node, const SpfRecord& record, std::size_t depth) {
    if (!record.error.empty()) node.problem = record.error;
    const bool has_all =
        std::any_of(record.terms.begin(), record.terms.end(), [](const SpfTerm& t) { return t.kind == Kind::kAll; });
    for (const SpfTerm& term : record.terms) {
      if (depth == 0) top_ = term.text;
      if (term.kind == Kind::kAll) {
        if (term.qualifier == '+') {
          node.passes_everybody = true;
          everybody.push_back(node.domain);
        }
        break;  // nothing behind it is evaluated (5.1)
      }
      if (term.kind == Kind::kIp4 || term.kind == Kind::kIp6)
        network(term, term.network, node, depth);
      else if (asks(term.kind) && !(term.kind == Kind::kRedirect && has_all))
        node.lookups += ask(node, term, depth);
    }
  }

  unsigned ask(SpfNode& parent, const SpfTerm& term, std::size_t depth) {
    SpfNode node;
    node.term = term.text;
    node.domain = lower(term.domain.empty() ? parent.domain : term.domain);
    if (node.domain.ends_with('.')) node.domain.pop_back();
    node.lookups = 1;
    if (has_spf_macro(term.domain) || term.kind == Kind::kPtr || term.kind == Kind::kExists) {
      if (has_spf_macro(term.domain))
        node.problem = term.kind == Kind::kInclude || term.kind == Kind::kRedirect
                           ? "depends on each message: what lies below it cannot be counted"
                           : "";
      else if (term.kind == Kind::kExists)
        addresses(node, term, node.domain, depth, false);
    } else if (term.kind == Kind::kInclude || term.kind == Kind::kRedirect) {
      record(node, depth + 1);
      if (node.passes_everybody && term.kind == Kind::kRedirect) parent.passes_everybody = true;
      if (node.passes_everybody && term.kind == Kind::kInclude && term.qualifier == '+') parent.passes_everybody = true;
    } else if (term.kind == Kind::kA) {
      addresses(node, term, node.domain, depth, true);
    } else {
      mx(node, term, depth);
    }
    if (node.is_void) ++voids;
    parent.below.push_back(node);
    return node.lookups;
  }

  // A and AAAA of a name; what is found is let in.
  void addresses(SpfNode& node, const SpfTerm& term, const std::string& name, std::size_t depth, bool let_in) {
    bool any = false;
    for (const DnsType type : {DnsType::kA, DnsType::kAaaa}) {
      const DnsReply reply = run_.ask(name, type);
      if (reply.state == DnsState::kFailed) {
        node.unknown = true;
        node.problem = reply.failure;
        unknown.push_back(name);
      }
      for (const DnsRecord& one : reply.records) {
        any = true;
        const int length = type == DnsType::kA ? 96 + term.length4 : term.length6;
        if (let_in) network(term, Prefix::of(one.address, static_cast<std::uint8_t>(length)), node, depth);
      }
    }
    if (!any && !node.unknown && node.problem.empty()) {
      node.is_void = true;
      node.problem = "has no address";
    }
  }

  void mx(SpfNode& node, const SpfTerm& term, std::size_t depth) {
    const DnsReply reply = run_.ask(node.domain, DnsType::kMx);
    if (reply.state == DnsState::kFailed) {
      node.unknown = true;
      node.problem = reply.failure;
      unknown.push_back(node.domain);
      return;
    }
    if (reply.state == DnsState::kAbsent) {
      node.is_void = true;
      node.problem = "has no MX record";
      return;
    }
    if (reply.records.size() > 10) node.problem = "has over 10 MX names: receivers answer permerror";  // RFC 7208 4.6.4
    SpfNode ignored;  // a name without addresses is the MX topic's to tell
    for (std::size_t i = 0; i < std::min(reply.records.size(), kSpfMxNames); ++i, ignored = {})
      if (!reply.records[i].name.empty()) addresses(ignored, term, reply.records[i].name, depth, true);
  }

  void network(const SpfTerm& term, const Prefix& prefix, const SpfNode& node, std::size_t depth) {
    if (term.qualifier != '+') return;
    if (run_.networks.size() == kMaxNetworks) {
      too_many = true;
      return;
    }
    const bool own = depth == 0, literal = term.kind == Kind::kIp4 || term.kind == Kind::kIp6;
    run_.networks.push_back({prefix, term.text, own ? run_.audit.domain : node.domain, top_, own, literal});
  }

  Run& run_;
  std::vector<std::string> path_;
  std::string top_;  // the term of the domain's own record that is being followed
  std::size_t records_ = 0;
};

// ---- items

bool near_miss(std::string_view text) {
  const std::string start = lower(trimmed(text)).substr(0, 7);
  return !is_spf_record(text) &&
         (start.starts_with("v=spf") || start.starts_with("\"v=spf") || start.starts_with("spf1"));
}

// None, several, or one that cannot be read. False where there is nothing to go on with.
bool look_at_record(Run& run, const DnsReply& reply) {
  for (const DnsRecord& one : reply.records)
    if (near_miss(one.text))
      run.add(kTopic, "near-miss", AuditStatus::kWarning, one.text,
              "A TXT record looks like SPF and is none: receivers pass over it, since it does not begin with 'v=spf1'.",
              'B', "remove it, or write it as 'v=spf1 …'");
  run.spf_texts = Walk::spf_texts(reply);
  if (run.spf_texts.empty()) {
    run.add(kTopic, "record", AuditStatus::kBad, "", "There is no SPF record: any server passes as good as ours.", 'D',
            "publish an SPF record");
    return false;
  }
  if (run.spf_texts.size() > 1) {
    std::string all;
    for (const std::string& one : run.spf_texts) all += (all.empty() ? "" : " | ") + one;
    run.add(kTopic, "record", AuditStatus::kBad, all,
            counted(run.spf_texts.size(), "SPF record") + ": receivers answer permerror and use none (RFC 7208 4.5).",
            'D', "join them into one");
    return false;
  }
  run.spf_record = parse_spf(run.spf_texts.front());
  if (!run.spf_record.error.empty()) {
    run.add(kTopic, "record", AuditStatus::kBad, run.spf_texts.front(),
            "The record cannot be read, " + run.spf_record.error + ": receivers answer permerror.", 'D',
            "correct or remove that term");
    return false;
  }
  run.add(kTopic, "record", AuditStatus::kGood, run.spf_texts.front(), "One SPF record, and its syntax is right.");
  return true;
}

void look_at_all(Run& run) {
  const auto& terms = run.spf_record.terms;
  const auto all = std::find_if(terms.begin(), terms.end(), [](const SpfTerm& t) { return t.kind == Kind::kAll; });
  const auto redirect =
      std::find_if(terms.begin(), terms.end(), [](const SpfTerm& t) { return t.kind == Kind::kRedirect; });
  if (all == terms.end()) {
    if (redirect != terms.end())
      run.add(kTopic, "all", AuditStatus::kInfo, redirect->text,
              "What matches nothing is left to the redirected record.");
    else
      run.add(kTopic, "all", AuditStatus::kWarning, "",
              "The record has neither 'all' nor 'redirect': a server that is not listed gets 'neutral'.", 'C',
              "end it with '-all' or '~all'");
    return;
  }
  const std::string text = all->text;
  if (all->qualifier == '+')
    run.add(kTopic, "all", AuditStatus::kBad, text, "'" + text + "' lets every server on the Internet pass.", 'F',
            "end it with '-all' or '~all'");
  else if (all->qualifier == '?')
    run.add(kTopic, "all", AuditStatus::kWarning, text, "'?all' says nothing about servers that are not listed.", 'C',
            "end it with '-all' or '~all'");
  else
    run.add(kTopic, "all", AuditStatus::kGood, text,
            all->qualifier == '-' ? "Servers that are not listed fail."
                                  : "Servers that are not listed fail softly, which is enough for DMARC.");
  std::size_t behind = 0;
  for (auto it = all + 1; it != terms.end(); ++it)
    behind += it->kind != Kind::kExp && it->kind != Kind::kUnknownModifier;
  if (behind > 0)
    run.add(kTopic, "behind-all", AuditStatus::kWarning, std::to_string(behind),
            counted(behind, "term") + " behind 'all' that nobody evaluates (RFC 7208 5.1).", 'B',
            "remove what follows 'all'");
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  std::set<std::string> seen;
  for (const std::string& one : names)
    if (seen.insert(one).second && seen.size() <= 10) text += (text.empty() ? "" : ", ") + one;
  return text;
}

void look_at_tree(Run& run, const Walk& walk) {
  const unsigned lookups = run.audit.spf.lookups;
  if (walk.too_many)
    run.add(
        kTopic, "many-networks", AuditStatus::kWarning, "",
        "Over " + std::to_string(kMaxNetworks) + " networks may send in the domain's name; the rest was not looked at.",
        'B', "name only the addresses that send");
  run.void_lookups = walk.voids;
  const std::string value = std::to_string(lookups);
  if (lookups > kSpfLookups)
    run.add(kTopic, "lookups", AuditStatus::kBad, value,
            "Evaluating the record takes up to " + value +
                " DNS look-ups, over the limit of 10: receivers answer permerror.",
            'D', "leave out what is not used, and list fixed addresses in place of names");
  else if (lookups > kSpfLookups - 2)
    run.add(kTopic, "lookups", AuditStatus::kInfo, value,
            value + " of 10 DNS look-ups are used: the next service will not fit.");
  else
    run.add(kTopic, "lookups", AuditStatus::kGood, value, value + " of at most 10 DNS look-ups are used.");
  const std::string voids = std::to_string(walk.voids);
  if (walk.voids > kSpfVoidLookups)
    run.add(kTopic, "void-lookups", AuditStatus::kBad, voids,
            voids + " look-ups find nothing, over the limit of 2: receivers answer permerror (RFC 7208 4.6.4).", 'D',
            "remove the terms whose names are gone");
  else if (walk.voids > 0)
    run.add(kTopic, "void-lookups", AuditStatus::kWarning, voids,
            counted(walk.voids, "look-up") + " that " + (walk.voids == 1 ? "finds" : "find") +
                " nothing (at most 2 are allowed).",
            'B', "remove the terms whose names are gone");
  if (!walk.gone.empty())
    run.add(
        kTopic, "include", AuditStatus::kBad, joined(walk.gone),
        "Included without a usable SPF record: " + joined(walk.gone) + ". Receivers answer permerror (RFC 7208 5.2).",
        'D', "remove these includes, or correct their names");
  if (!walk.loops.empty())
    run.add(
        kTopic, "loop", AuditStatus::kBad, joined(walk.loops),
        "Includes or redirects go round in a circle through " + joined(walk.loops) + ": receivers answer permerror.",
        'D', "remove the include or redirect that leads back");
  if (!walk.unknown.empty())
    run.add(kTopic, "tree", AuditStatus::kUnknown, joined(walk.unknown),
            "Part of the tree is not known, the DNS failed for: " + joined(walk.unknown) + ".");
  const bool own = std::find(walk.everybody.begin(), walk.everybody.end(), run.audit.domain) != walk.everybody.end();
  if (run.audit.spf.passes_everybody && !own)
    run.add(kTopic, "everybody", AuditStatus::kBad, joined(walk.everybody),
            "An included record lets every server pass: " + joined(walk.everybody) + ".", 'F', "remove that include");
}

double addresses_of(const Prefix& prefix) { return std::pow(2.0, 128 - prefix.length); }

void look_at_networks(Run& run) {
  std::vector<std::string> wide, twice, covered;
  double addresses = 0;
  for (const SpfNetwork& one : run.networks) {
    const bool v4 = one.prefix.is_v4();
    const unsigned length = v4 ? one.prefix.length - 96U : one.prefix.length;
    if (length < (v4 ? kWideIp4 : kWideIp6)) wide.push_back(one.prefix.to_string() + " of " + one.domain);
    if (v4) addresses += addresses_of(one.prefix);
  }
  for (std::size_t i = 0; i < run.networks.size(); ++i) {
    const SpfNetwork& a = run.networks[i];
    if (!a.own || !a.literal) continue;
    for (std::size_t j = 0; j < run.networks.size(); ++j) {
      const SpfNetwork& b = run.networks[j];
      if (i == j || (b.own && !b.literal) || !b.prefix.overlaps(a.prefix) || b.prefix.length > a.prefix.length)
        continue;
      if (b.own && b.prefix == a.prefix && (i < j || b.term == a.term)) continue;  // told once, and by another term
      (b.own ? twice : covered)
          .push_back(a.term + " (" + a.prefix.to_string() + ") in " + b.term + (b.own ? "" : " of " + b.domain));
      break;
    }
  }
  run.add(kTopic, "addresses", AuditStatus::kInfo, std::to_string(static_cast<std::int64_t>(addresses)),
          group_thousands(static_cast<std::int64_t>(addresses)) +
              (addresses == 1 ? " IPv4 address in " : " IPv4 addresses in ") + counted(run.networks.size(), "network") +
              " may send in the domain's name.");
  if (!wide.empty())
    run.add(kTopic, "wide-network", AuditStatus::kWarning, joined(wide),
            "Very large networks may send in the domain's name: " + joined(wide) + ".", 'B',
            "name only the addresses that send");
  else if (addresses > kManyAddresses)
    run.add(kTopic, "many-addresses", AuditStatus::kInfo, "",
            "That is a lot: whoever rents one of these addresses passes SPF as this domain.");
  if (!twice.empty())
    run.add(kTopic, "redundant", AuditStatus::kWarning, joined(twice), "Listed more than once: " + joined(twice) + ".",
            0, "leave the narrower one out");
  if (!covered.empty())
    run.add(kTopic, "covered", AuditStatus::kInfo, joined(covered), "Included elsewhere too: " + joined(covered) + ".");
}

void look_at_size(Run& run, const DnsReply& reply) {
  std::size_t bytes = 12 + run.audit.domain.size() + 2 + 4;  // RFC 1035 4.1: header and question
  for (const DnsRecord& one : reply.records)
    bytes += 12 + one.text.size() + std::max<std::size_t>(one.strings.size(), 1);
  const std::size_t text = run.spf_texts.front().size();
  const std::string value = std::to_string(bytes);
  if (bytes > kSafeUdpBytes)
    run.add(kTopic, "size", AuditStatus::kWarning, value,
            "The answer with all TXT records takes about " + value + " bytes: it needs TCP, which some networks block.",
            0, "remove TXT records that nobody uses any more");
  else if (bytes > kPlainUdpBytes || text > kTidyTextBytes)
    run.add(
        kTopic, "size", AuditStatus::kInfo, value,
        "The answer with all TXT records takes about " + value + " bytes, over 512: old resolvers need TCP for it.");
}

}  // namespace

void look_at_spf(Run& run) {
  const DnsReply reply = run.ask(run.audit.domain, DnsType::kTxt);
  if (reply.state == DnsState::kFailed) {
    run.add(kTopic, "record", AuditStatus::kUnknown, reply.failure,
            "Whether there is an SPF record is not known: " + reply.failure + ".");
    return;
  }
  const bool usable = look_at_record(run, reply);
  Walk walk(run);
  if (run.spf_texts.size() == 1) {
    run.audit.spf.term = run.audit.spf.domain = run.audit.domain;
    walk.record(run.audit.spf, 0);
  }
  if (!usable) return;
  look_at_all(run);
  look_at_tree(run, walk);
  for (const SpfTerm& term : run.spf_record.terms)
    if (term.kind == Kind::kPtr)
      run.add(kTopic, "ptr", AuditStatus::kWarning, term.text,
              "'ptr' must not be published (RFC 7208 5.5): it is slow, and many receivers pass over it.", 'B',
              "list the addresses or names in its place");
  look_at_networks(run);
  look_at_size(run, reply);
  const auto& terms = run.spf_record.terms;
  run.audit.sends_mail =
      terms.size() == 1 && terms[0].kind == Kind::kAll && terms[0].qualifier == '-' ? SendsMail::kNo : SendsMail::kYes;
}

}  // namespace rw::audit
