// Who sends mail in a domain's name, as aggregate reports tell it: sources with what they are, and how that changes.
//
//   RW_ASSIGN(const Senders senders, find_senders(store, {.domain = "example.org", .range = last_90_days}, context));
//   for (const SenderSource& source : senders.sources)
//     if (source.kind == SenderKind::kUnknown) …
//
// Only the algebra of src/store is asked. Counts are messages; TLS and failure reports do not count. A report that
// arrived more than once is in the table once (ARCHITECTURE.md, "One report, once").
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"
#include "model/subject.h"
#include "store/store.h"

namespace rw {

enum class SenderKind : std::uint8_t {
  kOwn,          // in the organisation's prefixes, or authenticates as the domain itself with its own set-up
  kService,      // a known service that sends for many (mail providers, newsletters, ticket systems), by its domains
  kForwarder,    // passes on what others sent: the domain's signature survives, SPF is somebody else's
  kMailingList,  // the same, and changes what it passes on
  kUnknown,      // not enough, or contradictory, evidence
  kSpoofing      // nothing authenticates as the domain, and nothing explains why
};
std::string_view to_string(SenderKind kind);  // "own", "service", "forwarder", "mailing-list", "unknown", "spoofing"

struct SenderCounts {
  std::int64_t messages = 0;
  std::int64_t aligned = 0;       // passed DMARC: DKIM or SPF passed and is aligned
  std::int64_t dkim_aligned = 0;  // of them by DKIM
  std::int64_t spf_aligned = 0;   // of them by SPF
  std::int64_t quarantined = 0;
  std::int64_t rejected = 0;
  std::int64_t overridden = 0;        // the receiver did otherwise than the policy asked, and said why
  std::int64_t failed_delivered = 0;  // failed DMARC and was delivered: disposition none (or pass)
  std::int64_t unknown_result = 0;    // the reports do not say whether DKIM or SPF was aligned

  std::int64_t failed() const { return messages - aligned - unknown_result; }
  SenderCounts& operator+=(const SenderCounts& other);
};

// An authenticated (or only claimed) identity and how many messages showed it.
struct SenderIdentity {
  std::string domain;
  std::string selector;  // DKIM; "" for SPF
  std::string result;    // RFC 8601
  std::int64_t messages = 0;
};

struct WatchedSource {
  std::string subject;  // id
  std::string prefix;
  std::int64_t messages = 0;  // while the prefix was watched
};

// One address that sent.
struct SenderSource {
  std::optional<Ip> address;  // null: reports without a source, all together
  std::string organisation;   // what it is grouped by: service, own domain, forwarder's domain, network
  SenderKind kind = SenderKind::kUnknown;
  std::vector<std::string> reasons;  // for people, the strongest first: "in the organisation's prefix 192.0.2.0/24"
  std::string service;               // known service's name; ""
  SenderCounts counts;
  std::int64_t days = 0;            // different days on which reports about it began
  Timestamp first_seen, last_seen;  // begin of the first period, end of the last
  std::vector<SenderIdentity> spf;  // at most kMaxIdentities each, most messages first
  std::vector<SenderIdentity> dkim;
  std::map<std::string, std::int64_t> overrides;  // reason -> messages
  std::vector<std::string> header_from;           // at most kMaxIdentities domains of From fields, most first
  std::vector<std::string> other_signers;         // domains of further DKIM signatures, the same bound
  std::vector<WatchedSource> watched;             // it lies in a watched range, valid then
  // Only when asked for (SenderQuestion::names): the PTR name whose address leads back here; "" where there is none.
  std::optional<std::string> reverse_name;
  std::optional<std::string> country;  // null: the lake knows no geography yet
  std::optional<std::uint32_t> asn;    // null: the same
  std::string as_name;

  static constexpr std::size_t kMaxIdentities = 10;
};

// The sources of one organisation together.
struct SenderGroup {
  std::string organisation;
  SenderKind kind = SenderKind::kUnknown;  // of most of its messages
  SenderCounts counts;
  std::vector<std::size_t> sources;  // indices into Senders::sources, most messages first
  Timestamp first_seen, last_seen;
};

struct SenderBucket {
  Timestamp begin;  // of the day, or of the week (Monday), UTC; a report counts where its period begins
  SenderCounts counts;
  std::int64_t spoofed = 0;  // from sources of kind spoofing
  std::int64_t sources = 0;
};

// One day of one source.
struct SenderDay {
  Timestamp day;
  std::optional<Ip> source;
  SenderCounts counts;
};

struct SenderQuestion {
  std::string domain;          // reports about its policy, and about mail that claims it or a name below it
  TimeRange range = kAllTime;  // of the periods' begins
  bool weekly = false;         // trend by week in place of day
  // At most so many sources are told one by one, those with most messages; Senders::cut says that there were more.
  std::size_t max_sources = 100'000;
};

struct SenderContext {
  Organisation organisation;      // may be empty
  std::vector<Subject> subjects;  // whose ranges are watched; may be empty
};

struct Senders {
  std::string domain;
  std::vector<SenderSource> sources;  // most messages first
  std::vector<SenderGroup> groups;    // most messages first
  SenderCounts counts;                // of all, those behind a cut too
  std::vector<SenderDay> daily;       // in no order; of sources behind a cut too
  std::vector<SenderBucket> trend;    // in order of time; buckets without reports are left out
  std::int64_t reports = 0;           // different ones, as reporter and report_id tell
  std::vector<std::pair<std::string, std::int64_t>> reporters;     // name, messages; most first
  std::vector<std::pair<std::string, std::int64_t>> dispositions;  // messages; "" where it is not told; most first
  std::int64_t days = 0;                                           // on which reports began
  TimeRange period;  // from the first begin to the last end; empty without reports
  bool cut = false;
  bool signs = false;  // sources of ours sign as the domain: an unsigned message is then not ours

  // The policy that receivers last saw (of the row with the latest time); null where no report tells it.
  std::optional<std::string> policy, policy_subdomains, policy_missing;
};

// No reports about the domain is no failure: an empty answer.
Result<Senders> find_senders(Store& store, const SenderQuestion& question, const SenderContext& context);
// The same in two steps, for those who ask a store together with other questions, such as detectors.
std::vector<Query> sender_queries(const SenderQuestion& question, const SenderContext& context);
Senders senders_of(const SenderQuestion& question, const SenderContext& context, std::span<const Answer> answers);

// The service that a domain of SPF or DKIM belongs to ("sendgrid.net": "SendGrid"), by its registered domain; "" where
// it is none that we know.
std::string_view known_service(std::string_view domain);

// What a source is, from what was counted about it: pure, so that it can be tested. Sets kind, reasons, service and
// organisation. `own_selectors` are those of signatures that aligned sources of ours make.
struct SenderEvidence {
  const Organisation& organisation;
  std::string_view domain;
  const std::vector<std::string>& own_selectors;  // empty: the domain signs nothing, as far as the reports tell
};
void classify_sender(const SenderEvidence& evidence, SenderSource& source);

}  // namespace rw
