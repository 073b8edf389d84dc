// The report on a domain's mail: posture, senders, spoofing and advice, for the renderers of dossiers.
//
//   MailReportFacts facts;
//   RW_ASSIGN(facts.senders, find_senders(store, {.domain = domain, .range = period}, context));
//   RW_ASSIGN(facts.audit, newest_audit(store, domain));
//   const Dossier report = mail_report(facts, {.period = period, .language = Language::kJapanese});
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "mail/advise.h"
#include "mail/audit.h"
#include "mail/senders.h"
#include "model/finding.h"
#include "section/dossier.h"
#include "section/texts.h"
#include "store/store.h"

namespace rw {

// What the newest audit of a domain found, as the table mail_audits holds it; what is bad comes first.
struct MailAuditFacts {
  Timestamp time;
  std::vector<AuditRow> rows;

  const AuditRow* find(std::string_view topic, std::string_view item) const;  // null without one
};
// Null where the domain was never audited. `before`: only audits up to that time.
Result<std::optional<MailAuditFacts>> newest_audit(Store& store, std::string_view domain,
                                                   Timestamp before = kAllTime.to);

struct MailReportFacts {
  std::string domain;   // lower case, A-labels
  std::string shown;    // for people, with U-labels; "" : the domain
  Senders senders;      // of the period
  bool weekly = false;  // whether its trend is by week
  std::optional<MailAuditFacts> audit;
  std::optional<Advice> advice;
  std::vector<Finding> findings;  // those that name the domain, newest first
  bool synthetic = false;         // the lake holds scenario data
};

struct MailReportRequest {
  TimeRange period;
  Language language = Language::kEnglish;
};
Dossier mail_report(const MailReportFacts& facts, const MailReportRequest& request);

// The policy that holds for the domain itself, as the audit tells it, else as receivers reported it last: "none",
// "quarantine", "reject", "missing"; "" where nobody knows.
std::string mail_policy(const MailReportFacts& facts);

}  // namespace rw
