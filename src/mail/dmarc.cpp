// DMARC: where the policy is found, what aligns with what, and the verdict, under both standards.
#include "mail/dmarc.h"

#include <algorithm>

namespace rw {
namespace {

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (!out.empty() && out.back() == '.') out.pop_back();
  return out;
}

std::size_t label_count(std::string_view name) {
  return name.empty() ? 0 : 1 + static_cast<std::size_t>(std::count(name.begin(), name.end(), '.'));
}
std::string_view last_labels(std::string_view name, std::size_t count) {
  std::size_t at = name.size();
  for (; count > 0; --count) {
    at = name.rfind('.', at == 0 ? 0 : at - 1);
    if (at == std::string_view::npos) return name;
    if (count == 1) return name.substr(at + 1);
  }
  return {};
}

// What one name holds.
struct Found {
  DnsState state = DnsState::kAbsent;
  std::string domain;
  std::optional<DmarcRecord> record;
  bool several = false;
  DnsSecurity security = DnsSecurity::kUnknown;
  std::string failure;
};

Found look_at(Resolver& resolver, std::string_view domain, DmarcStandard standard, std::vector<std::string>& asked) {
  Found found;
  found.domain = domain;
  const std::string name = "_dmarc." + found.domain;
  asked.push_back(name);
  const DnsReply reply = resolver.lookup(name, DnsType::kTxt);
  found.security = reply.security;
  if (reply.state == DnsState::kFailed) {
    found.state = DnsState::kFailed;
    found.failure = "TXT of " + name + ": " + reply.failure;
    return found;
  }
  const DnsRecord* only = nullptr;
  for (const DnsRecord& record : reply.records) {
    if (!is_dmarc_record(record.text, standard)) continue;
    if (only != nullptr) {
      found.several = true;
      return found;
    }
    only = &record;
  }
  if (only == nullptr) return found;
  found.state = DnsState::kPresent;
  found.record = parse_dmarc(only->text, standard);
  return found;
}

// The tree walk of RFC 9989 4.10, and what it says about the domain where it started.
struct Walk {
  std::vector<Found> found;  // names with one record, longest first; the author's own first of all
  std::optional<Found> own;  // the first name's answer, whatever it is
  std::string organisational_domain;
  std::string suffix;  // of the record with psd=y above the organisational domain, or ""
  bool several = false;
  std::string failure;  // a step failed: the organisational domain is unknown
};

// 4.10.2: from the longest name to the shortest.
void select_organisational_domain(Walk& walk, std::string_view start) {
  walk.organisational_domain = start;
  const Found* shortest = nullptr;
  for (const Found& found : walk.found) {
    if (found.record->psd == 'n') {
      walk.organisational_domain = found.domain;
      return;
    }
    if (found.record->psd == 'y' && found.domain != start) {
      walk.organisational_domain = last_labels(start, label_count(found.domain) + 1);
      walk.suffix = found.domain;
      return;
    }
    shortest = &found;
  }
  if (shortest != nullptr) walk.organisational_domain = shortest->domain;
}

Walk walk_tree(Resolver& resolver, std::string_view start, std::vector<std::string>& asked) {
  Walk walk;
  std::size_t labels = label_count(start);
  for (std::string_view target = start; labels > 0;) {
    Found found = look_at(resolver, target, DmarcStandard::kRfc9989, asked);
    if (target == start) walk.own = found;
    walk.several |= found.several;
    if (found.state == DnsState::kFailed) {
      walk.failure = found.failure;
      return walk;
    }
    const char psd = found.record ? found.record->psd : 'u';
    if (found.record) walk.found.push_back(std::move(found));
    if (psd == 'n' || (psd == 'y' && target != start)) break;
    labels = std::min<std::size_t>(labels, kMaxTreeWalk) - 1;
    target = last_labels(start, labels);
  }
  select_organisational_domain(walk, start);
  return walk;
}

std::string by_suffix_list(std::string_view domain, const PublicSuffixList* list) {
  return std::string(list != nullptr ? list->registered_domain(domain) : registered_domain(domain));
}

void take(DmarcDiscovery& discovery, Found&& found) {
  discovery.state = found.state;
  discovery.domain = found.domain;
  discovery.security = found.security;
  discovery.record = std::move(found.record);
}

// p for the record's own domain, else np or sp, else p.
void choose_policy(Resolver& resolver, DmarcDiscovery& discovery, const std::string& author) {
  const DmarcRecord& record = *discovery.record;
  if (!record.error.empty()) return;
  discovery.policy = record.p;
  discovery.policy_tag = "p";
  if (discovery.domain == author) return;
  const std::optional<DmarcPolicy> existing = record.sp ? record.sp : record.p;
  if (record.np && record.np != existing) {
    discovery.asked.push_back(author);
    const DnsReply reply = resolver.lookup(author, DnsType::kA);
    if (reply.state == DnsState::kFailed) {
      discovery.state = DnsState::kFailed;
      discovery.failure = "whether " + author + " exists, which decides between sp and np: " + reply.failure;
      discovery.policy.reset();
      discovery.policy_tag.clear();
      return;
    }
    if (reply.state == DnsState::kAbsent && !reply.name_exists) {
      discovery.policy = record.np;
      discovery.policy_tag = "np";
      return;
    }
  }
  discovery.policy = existing;
  if (record.sp) discovery.policy_tag = "sp";
}

// RFC 7489 6.6.3: the author's domain, then the organisational one. Several records at either end the search.
void discover_by_list(Resolver& resolver, const std::string& author, const PublicSuffixList* list,
                      DmarcDiscovery& discovery) {
  discovery.organisational_domain = by_suffix_list(author, list);
  Found found = look_at(resolver, author, DmarcStandard::kRfc7489, discovery.asked);
  const std::string& above = discovery.organisational_domain;
  if (found.state == DnsState::kAbsent && !found.several && !above.empty() && above != author)
    found = look_at(resolver, above, DmarcStandard::kRfc7489, discovery.asked);
  discovery.several = found.several;
  discovery.failure = found.failure;
  if (found.state == DnsState::kAbsent) {
    discovery.security = found.security;
    return;
  }
  take(discovery, std::move(found));
}

// RFC 9989 4.10.1: the author's domain, then its organisational domain, then its public suffix.
void discover_by_walk(Resolver& resolver, const std::string& author, DmarcDiscovery& discovery) {
  Walk walk = walk_tree(resolver, author, discovery.asked);
  discovery.organisational_domain = walk.organisational_domain;
  discovery.several = walk.several;
  discovery.failure = walk.failure;
  if (!walk.own) return;
  discovery.security = walk.own->security;
  if (walk.own->record) return take(discovery, std::move(*walk.own));
  if (!walk.failure.empty()) {
    discovery.state = DnsState::kFailed;
    return;
  }
  for (const std::string& domain : {walk.organisational_domain, walk.suffix})
    for (Found& found : walk.found)
      if (found.domain == domain) return take(discovery, std::move(found));
}

bool is_domain(std::string_view name) {
  return !name.empty() && name.size() <= 253 && name.front() != '.' && name.front() != '[' &&
         name.find("..") == std::string_view::npos;
}

// Like dmarc_alignment, with the author's organisational domain where it is known already.
DmarcAlignment alignment(Resolver& resolver, const std::string& author, const std::string& other, bool strict,
                         DmarcStandard standard, const PublicSuffixList* list, const std::string* author_above) {
  if (author.empty() || other.empty()) return DmarcAlignment::kNotAligned;
  if (author == other) return DmarcAlignment::kAligned;
  if (strict) return DmarcAlignment::kNotAligned;
  // Organisational domains are the names themselves or above them: without a common top there is nothing to ask.
  if (last_labels(author, 1) != last_labels(other, 1)) return DmarcAlignment::kNotAligned;
  const std::string left = author_above ? *author_above : organisational_domain(resolver, author, standard, list);
  const bool walks = standard == DmarcStandard::kRfc9989;
  if (left.empty()) return walks ? DmarcAlignment::kUnknown : DmarcAlignment::kNotAligned;
  // The other one's organisational domain is that name only when it lies within it.
  if (other != left && !other.ends_with("." + left)) return DmarcAlignment::kNotAligned;
  const std::string right = organisational_domain(resolver, other, standard, list);
  if (right.empty()) return walks ? DmarcAlignment::kUnknown : DmarcAlignment::kNotAligned;
  return left == right ? DmarcAlignment::kAligned : DmarcAlignment::kNotAligned;
}

DmarcPolicy weaker(DmarcPolicy policy) {
  return policy == DmarcPolicy::kReject ? DmarcPolicy::kQuarantine : DmarcPolicy::kNone;
}

// What the identifiers say: sets the flags of `verdict`; true where a failed question leaves it open.
bool align_identifiers(Resolver& resolver, const DmarcRequest& request, const std::string& author,
                       DmarcStandard standard, const PublicSuffixList* list, DmarcVerdict& verdict) {
  // Without a record nothing says strict: then only equal names align for certain.
  const DmarcDiscovery& found = verdict.discovery;
  const bool known = found.record && found.record->error.empty();
  const auto compare = [&](const std::string& domain, bool strict) {
    return alignment(resolver, author, lower_case(domain), !known || strict, standard, list,
                     &found.organisational_domain);
  };
  bool open = false;
  const auto note = [&](const std::string& what) {
    open = true;
    if (verdict.problem.empty()) verdict.problem = what;
  };
  if (request.spf.result == SpfResult::kPass || request.spf.result == SpfResult::kTemperror) {
    const DmarcAlignment how = compare(request.spf.domain, known && found.record->strict_spf);
    const bool passed = request.spf.result == SpfResult::kPass;
    verdict.spf_aligned = passed && how == DmarcAlignment::kAligned;
    if (!passed && how != DmarcAlignment::kNotAligned) note("SPF: " + request.spf.problem);
    if (passed && how == DmarcAlignment::kUnknown) note("whether SPF aligns: " + found.failure);
  }
  for (const DkimVerdict& signature : request.dkim) {
    if (signature.result != DkimResult::kPass && signature.result != DkimResult::kTemperror) continue;
    const DmarcAlignment how = compare(signature.domain, known && found.record->strict_dkim);
    const bool passed = signature.result == DkimResult::kPass;
    if (passed && how == DmarcAlignment::kAligned && !verdict.dkim_aligned) {
      verdict.dkim_aligned = true;
      verdict.dkim_domain = signature.domain;
      verdict.dkim_selector = signature.selector;
    }
    if (!passed && how != DmarcAlignment::kNotAligned) note("DKIM of " + signature.domain + ": " + signature.problem);
    if (passed && how == DmarcAlignment::kUnknown) note("whether " + signature.domain + " aligns: " + found.failure);
  }
  return open;
}

DmarcPolicy asked_for(const DmarcDiscovery& discovery, DmarcStandard standard) {
  const DmarcPolicy policy = discovery.policy.value_or(DmarcPolicy::kNone);
  const DmarcRecord& record = *discovery.record;
  const bool lowered = standard == DmarcStandard::kRfc9989 ? record.testing : record.pct == 0u;
  return lowered ? weaker(policy) : policy;
}

}  // namespace

DmarcDiscovery discover_dmarc(Resolver& resolver, std::string_view author_domain, DmarcStandard standard,
                              const PublicSuffixList* list) {
  DmarcDiscovery discovery;
  const std::string author = lower_case(author_domain);
  if (!is_domain(author)) return discovery;
  if (standard == DmarcStandard::kRfc7489)
    discover_by_list(resolver, author, list, discovery);
  else
    discover_by_walk(resolver, author, discovery);
  if (discovery.state == DnsState::kPresent) choose_policy(resolver, discovery, author);
  return discovery;
}

std::string organisational_domain(Resolver& resolver, std::string_view domain, DmarcStandard standard,
                                  const PublicSuffixList* list) {
  const std::string name = lower_case(domain);
  if (!is_domain(name)) return {};
  if (standard == DmarcStandard::kRfc7489) return by_suffix_list(name, list);
  std::vector<std::string> asked;
  return walk_tree(resolver, name, asked).organisational_domain;
}

DmarcAlignment dmarc_alignment(Resolver& resolver, std::string_view author_domain,
                               std::string_view authenticated_domain, bool strict, DmarcStandard standard,
                               const PublicSuffixList* list) {
  return alignment(resolver, lower_case(author_domain), lower_case(authenticated_domain), strict, standard, list,
                   nullptr);
}

DmarcVerdict evaluate_dmarc(Resolver& resolver, const DmarcRequest& request, DmarcStandard standard,
                            const PublicSuffixList* list) {
  DmarcVerdict verdict;
  const std::string author = lower_case(request.from_domain);
  if (!is_domain(author)) {
    verdict.result = DmarcResult::kPermerror;
    verdict.problem = "the message has no author's domain that all readers agree on";
    return verdict;
  }
  verdict.discovery = discover_dmarc(resolver, author, standard, list);
  const DmarcDiscovery& found = verdict.discovery;
  if (found.state == DnsState::kAbsent) return verdict;
  const bool open = align_identifiers(resolver, request, author, standard, list, verdict);
  // Alignment with a record that is known passes, even where it stayed open which of its policies would have held.
  if (found.record && found.record->error.empty() && (verdict.spf_aligned || verdict.dkim_aligned)) {
    verdict.result = DmarcResult::kPass;
    verdict.problem.clear();
    return verdict;
  }
  if (found.state == DnsState::kFailed) {
    verdict.result = DmarcResult::kTemperror;
    verdict.problem = found.failure;
    return verdict;
  }
  if (!found.record->error.empty()) {
    verdict.result = DmarcResult::kPermerror;
    verdict.problem = "the record of " + found.domain + " cannot be used: " + found.record->error;
    return verdict;
  }
  if (open) {
    verdict.result = DmarcResult::kTemperror;
    return verdict;
  }
  verdict.result = DmarcResult::kFail;
  verdict.disposition = asked_for(found, standard);
  return verdict;
}

}  // namespace rw
