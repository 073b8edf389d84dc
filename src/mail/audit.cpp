// One audit from its first question to its grade, and the small things that its topics share.
#include "mail/audit.h"

#include <algorithm>

#include "mail/audit_parts.h"
#include "model/escape.h"

namespace rw {

std::string_view to_string(AuditStatus status) {
  switch (status) {
    case AuditStatus::kGood: return "good";
    case AuditStatus::kInfo: return "info";
    case AuditStatus::kWarning: return "warning";
    case AuditStatus::kBad: return "bad";
    case AuditStatus::kUnknown: return "unknown";
  }
  return "?";
}

std::optional<AuditStatus> parse_audit_status(std::string_view text) {
  for (const AuditStatus one :
       {AuditStatus::kGood, AuditStatus::kInfo, AuditStatus::kWarning, AuditStatus::kBad, AuditStatus::kUnknown})
    if (to_string(one) == text) return one;
  return std::nullopt;
}

std::string_view to_string(SendsMail sends) {
  switch (sends) {
    case SendsMail::kYes: return "yes";
    case SendsMail::kNo: return "no";
    case SendsMail::kUnknown: return "unknown";
  }
  return "?";
}

const AuditItem* Audit::find(std::string_view topic, std::string_view item) const {
  const auto it = std::find_if(items.begin(), items.end(),
                               [&](const AuditItem& one) { return one.topic == topic && one.item == item; });
  return it == items.end() ? nullptr : &*it;
}

std::size_t Audit::count(AuditStatus status) const {
  return static_cast<std::size_t>(
      std::count_if(items.begin(), items.end(), [&](const AuditItem& one) { return one.status == status; }));
}

namespace audit {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::string trimmed(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return std::string(text);
}

std::string counted(std::size_t n, std::string_view word) {
  return std::to_string(n) + " " + std::string(word) + (n == 1 ? "" : "s");
}

std::vector<std::string> words(std::string_view text, char separator) {
  std::vector<std::string> all;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) all.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return all;
}

std::vector<std::pair<std::string, std::string>> tags(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const std::string& part : words(text, ';')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos) continue;
    all.emplace_back(lower(trimmed(std::string_view(part).substr(0, equals))),
                     trimmed(std::string_view(part).substr(equals + 1)));
  }
  return all;
}

std::string tag(std::string_view text, std::string_view name) {
  for (const auto& [found, value] : tags(text))
    if (found == name) return value;
  return {};
}

std::vector<std::string> texts_with(const DnsReply& reply, std::string_view prefix) {
  std::vector<std::string> texts;
  for (const DnsRecord& one : reply.records)
    if (lower(std::string_view(one.text).substr(0, prefix.size())) == prefix) texts.push_back(one.text);
  return texts;
}

std::string quoted(std::string_view text) { return "'" + escape_text(text, 200) + "'"; }

void decide_grade(Audit& audit) {
  const AuditItem* record = audit.find("dmarc", "record");
  if (record == nullptr || record->status == AuditStatus::kUnknown) {
    audit.grade_reasons = {"no grade: what decides, the DMARC record, could not be asked for"};
    return;
  }
  char worst = 'A';
  for (const AuditItem& item : audit.items)
    if (item.cap != 0 && item.status != AuditStatus::kUnknown) worst = std::max(worst, item.cap);
  audit.grade = worst;
  for (const AuditItem& item : audit.items) {
    if (item.cap != worst || worst == 'A' || item.status == AuditStatus::kUnknown) continue;
    audit.grade_reasons.push_back(item.text);
    if (!item.fix.empty() && std::find(audit.raise.begin(), audit.raise.end(), item.fix) == audit.raise.end())
      audit.raise.push_back(item.fix);
  }
  if (const AuditItem* spf = audit.find("spf", "record"); spf != nullptr && spf->status == AuditStatus::kUnknown)
    audit.grade_reasons.push_back("SPF is left out of the grade: the DNS did not answer");
}

namespace {

// Questions that every audit asks, side by side; the cache answers the topics then.
void warm_up(Run& run) {
  const std::string& domain = run.audit.domain;
  const DnsQuestion questions[] = {{domain, DnsType::kMx},
                                   {domain, DnsType::kTxt},
                                   {domain, DnsType::kA},
                                   {domain, DnsType::kSoa},
                                   {domain, DnsType::kDnskey},
                                   {"_dmarc." + domain, DnsType::kTxt},
                                   {"_mta-sts." + domain, DnsType::kTxt},
                                   {"_smtp._tls." + domain, DnsType::kTxt},
                                   {"default._bimi." + domain, DnsType::kTxt}};
  (void)run.resolver.lookup(questions);
}

// A name that is not in the DNS publishes nothing, and there is nothing that it could publish.
bool does_not_exist(Run& run) {
  const DnsReply reply = run.ask(run.audit.domain, DnsType::kMx);
  if (reply.state != DnsState::kAbsent || reply.name_exists) return false;
  run.add("mx", "domain", AuditStatus::kBad, "", "The domain does not exist in the DNS.");
  run.audit.grade_reasons = {"no grade: the domain does not exist in the DNS"};
  return true;
}

}  // namespace
}  // namespace audit

Audit audit_domain(Resolver& resolver, std::string_view domain, const AuditOptions& options) {
  Audit audit;
  audit.domain = audit::lower(domain);
  if (audit.domain.ends_with('.')) audit.domain.pop_back();
  audit.time = options.now;
  audit.resolver = resolver.description();
  audit::Run run{.resolver = resolver, .options = options, .audit = audit};
  audit::warm_up(run);
  if (audit::does_not_exist(run)) return audit;
  audit::look_at_mx(run);
  audit::look_at_spf(run);
  audit::look_at_dkim(run);
  audit::look_at_dmarc(run);
  audit::look_at_dnssec(run);
  audit::look_at_dane(run);
  audit::look_at_mta_sts(run);
  audit::look_at_tls_rpt(run);
  audit::look_at_bimi(run);
  for (const audit::SpfNetwork& one : run.networks) audit.permitted.push_back({one.prefix, one.top});
  audit::decide_grade(audit);
  if (!options.propose) return audit;
  audit::propose_records(run);
  OverlayResolver published(resolver);
  bool any = false;
  for (const AuditRecord& record : audit.records)
    if (!record.elsewhere && !record.needs_work) any = true, published.publish(record);
  if (any) {
    AuditOptions again = options;
    again.propose = false;
    audit.grade_after = audit_domain(published, audit.domain, again).grade;
  }
  return audit;
}

}  // namespace rw
