// What a domain publishes about its mail, held against the standards: what is good, what is not, and the exact records
// that put it right.
//
//   const Audit audit = audit_domain(resolver, "example.org", {.now = now});
//   for (const AuditRecord& record : audit.records) …   // publish these; audit.grade_after is what they earn
//
// Unknown (the DNS failed) is a status of its own: it is told, never read as "missing", and never lowers a grade.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "mail/dmarc.h"
#include "model/document.h"
#include "resolver/resolver.h"
#include "store/store.h"

namespace rw {

enum class AuditStatus : std::uint8_t { kGood, kInfo, kWarning, kBad, kUnknown };
std::string_view to_string(AuditStatus status);  // "good", "info", "warning", "bad", "unknown"
std::optional<AuditStatus> parse_audit_status(std::string_view text);

// One thing that was looked at. (topic, item) is stable over audits, so that they can be compared.
struct AuditItem {
  std::string topic;  // spf, dkim, dmarc, mta-sts, tls-rpt, bimi, dane, dnssec, mx
  std::string item;   // "record", "lookups", "key/s1": kebab-case, with a selector or name behind a slash
  AuditStatus status = AuditStatus::kGood;
  std::string value;  // what was found: a record, a number; "" where there is nothing to show
  std::string text;   // one sentence for people
  char cap = 0;       // the best grade that a domain with this can have; 0: it takes no part in the grade
  std::string fix;    // what would put it right, for people; "" without
};

// A record to publish, replace or remove. `value` is the text of TXT records, whole; else the data as in a zone file.
struct AuditRecord {
  std::string name;         // without final dot
  std::string type;         // "TXT", "MX"
  std::string value;        // "" : remove what is there
  std::string replaces;     // what is there now: all records of this kind at the name; "" : nothing
  std::string why;          // for people
  bool elsewhere = false;   // to be published by somebody else: the domain that takes the reports
  bool needs_work = false;  // it holds only together with something outside of the DNS, which `why` says
};
// The line of a zone file, strings of at most 255 bytes each (RFC 1035 3.3): NAME. IN TXT "…" "…"
std::string zone_line(const AuditRecord& record);

// One record or mechanism of the SPF tree.
struct SpfNode {
  std::string term;      // as written: "include:_spf.example.net"; the root: the domain
  std::string domain;    // whose record, or what was asked for
  std::string record;    // of a domain, include or redirect: its text
  unsigned lookups = 0;  // that this one and all below it cost, at most
  bool is_void = false;  // asked for, and nothing is there
  bool unknown = false;  // the DNS failed
  bool passes_everybody = false;
  std::string problem;  // "" where there is none
  std::vector<SpfNode> below;
};

struct AuditKey {  // a DKIM key
  std::string selector;
  std::string domain;  // below which it stands: the audited one, or one below it
  std::string origin;  // "given", "common", "mail", "reports"
  DnsState state = DnsState::kAbsent;
  std::string key_type;
  unsigned bits = 0;
  bool revoked = false, testing = false;
  std::optional<Timestamp> first_seen;  // as the lake knows it
  std::string text;
};

// A selector to look for, and why.
struct AuditSelector {
  std::string selector;
  std::string domain;  // d=; empty: the audited domain
  std::string origin = "given";
  std::optional<Timestamp> first_seen;
};

// A network that the domain's SPF lets in, and the term of its own record that leads there.
struct SpfPermission {
  Prefix network;
  std::string term;
};

struct AuditOptions {
  Timestamp now;
  std::vector<AuditSelector> selectors;
  bool common_selectors = true;
  std::optional<std::string> mta_sts_policy;  // text of the policy file, which an audit does not fetch
  bool propose = true;                        // make records, and audit the domain again as if they were there
};

enum class SendsMail : std::uint8_t { kYes, kNo, kUnknown };
std::string_view to_string(SendsMail sends);

struct Audit {
  std::string domain;  // lower case, A-labels
  Timestamp time;
  std::string resolver;                        // Resolver::description
  SendsMail sends_mail = SendsMail::kUnknown;  // no: SPF "-all" alone or null MX
  std::vector<AuditItem> items;
  SpfNode spf;  // empty domain: there is no record
  std::vector<SpfPermission> permitted;
  std::vector<AuditKey> keys;
  DmarcDiscovery dmarc, dmarc_7489;        // RFC 9989, and RFC 7489 beside it
  std::optional<char> grade;               // A to F; null: what decides could not be asked
  std::vector<std::string> grade_reasons;  // why no better one
  std::vector<std::string> raise;          // what would raise it
  std::vector<AuditRecord> records;
  std::optional<char> grade_after;  // with the records that need nobody else; null without such records

  const AuditItem* find(std::string_view topic, std::string_view item) const;
  std::size_t count(AuditStatus status) const;
};

Audit audit_domain(Resolver& resolver, std::string_view domain, const AuditOptions& options);
Document audit_document(const Audit& audit);

// Selectors that mail and aggregate reports in the store showed for the domain and names below it, with a passing
// signature, oldest sighting first; at most 100.
Result<std::vector<AuditSelector>> learned_selectors(Store& store, std::string_view domain);

// ---- audits of earlier days

struct AuditChange {
  enum class Kind : std::uint8_t { kRegression, kImprovement, kChanged, kUnknown };
  Kind kind = Kind::kChanged;
  std::string topic, item;
  std::optional<AuditStatus> before, after;  // null: it was not looked at, or nothing was there to look at
  std::string value_before, value_after;
};
std::string_view to_string(AuditChange::Kind kind);

struct AuditComparison {
  std::optional<Timestamp> before;  // of the earlier audit; null: there is none
  std::string grade_before;
  std::vector<AuditChange> changes;  // regressions first
};
// The newest stored audit of the domain from before `since`, against this one. What is unknown on either side is no
// regression and no improvement.
Result<AuditComparison> compare_with_earlier(Store& store, const Audit& audit, Timestamp since);
Document comparison_document(const AuditComparison& comparison);

// One row of mail_audits per item, and one for the grade.
struct AuditRow {
  std::string topic, item, status, value;
};
std::vector<AuditRow> audit_rows(const Audit& audit);

// Answers as if records were published: for judging them before they are.
class OverlayResolver : public Resolver {
 public:
  explicit OverlayResolver(Resolver& behind) : behind_(behind) {}
  // All records of a kind at a name, in place of those that are there; none: absent. SPF and DMARC records replace only
  // their own kind among the TXT records.
  void publish(const AuditRecord& record);

  DnsReply lookup(std::string_view name, DnsType type) override;
  std::vector<DnsReply> lookup(std::span<const DnsQuestion> questions) override;
  std::string description() const override;

 private:
  Resolver& behind_;
  std::vector<AuditRecord> records_;
};

}  // namespace rw
