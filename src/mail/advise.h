// The next safe step of a domain's DMARC policy, from none to reject, proven on the domain's own aggregate reports.
//
//   RW_ASSIGN(const Advice advice, advise_domain(store, resolver, {.domain = "example.org", .now = now}, context));
//   if (advice.kind == AdviceKind::kStep) …   // advice.record is what to publish, advice.upper_share what it may cost
//
// A step is advised only where the reports bound the share of legitimate mail that it can hit. Legitimate is what the
// senders inventory calls own or service, what the domain's own SPF record lets in, and, to be on the safe side, what
// is not known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "mail/audit.h"
#include "mail/dmarc.h"
#include "mail/senders.h"
#include "model/document.h"
#include "resolver/resolver.h"
#include "store/store.h"

namespace rw {

// What advice needs at least. Reports come once a day, and many senders follow the week: two weeks show each weekday
// twice. One receiver sees only what goes to its own users. With fewer than 300 messages even none that fails bounds
// the share that would be hit no better than 1 % (rule of three).
inline constexpr std::int64_t kAdviceDays = 14;
inline constexpr std::int64_t kAdviceReporters = 3;
inline constexpr std::int64_t kAdviceMessages = 300;
// The most that a step may hit, as the upper end of a one-sided 95 % interval. A spam folder can be looked into; what
// is refused is lost unless its sender reads the bounce.
inline constexpr double kQuarantineShare = 0.01;
inline constexpr double kRejectShare = 0.003;
// A sender of ours that fails more often than this has to be mended first, however small it is.
inline constexpr double kSenderShare = 0.02;
inline constexpr std::int64_t kSenderMessages = 5;  // with fewer, one stray message would stop everything
// When to look again after a step: receivers that report, a day late, over each weekday twice.
inline constexpr Duration kLookAgain = Duration::seconds(15 * 86'400);

enum class AdviceKind : std::uint8_t {
  kStart,   // there is no usable record: begin to watch
  kStep,    // the next step is safe
  kHold,    // the next step would hit legitimate mail: mend first
  kRefuse,  // the reports are too thin to say anything
  kDone,    // reject, for all mail
  kUnknown  // the DNS failed
};
// For people: digits enough that a small bound is not shown as 0: "0.038 %", "1.00 %", "12 %".
std::string advice_percent(double share);

std::string_view to_string(AdviceKind kind);  // "start", "step", "hold", "refuse", "done", "unknown"

// One rung of the ladder. t=y (RFC 9989) is one level weaker where that standard is followed; who follows RFC 7489 does
// not know it and applies the policy in full, so both effects are shown.
struct PolicyStep {
  DmarcPolicy policy = DmarcPolicy::kNone;
  bool testing = false;
  std::optional<unsigned> pct;  // legacy only
  friend bool operator==(const PolicyStep&, const PolicyStep&) = default;
};
std::string to_string(const PolicyStep& step);  // "quarantine (t=y)"

// SPF names a network as a sender's only where it is narrow: half of a provider is nobody's.
inline constexpr unsigned kNarrowIp4 = 16, kNarrowIp6 = 32;

struct AdvisedSender {
  std::string organisation;
  SenderKind kind = SenderKind::kUnknown;
  std::int64_t messages = 0;
  std::int64_t hit = 0;  // of them fail DMARC: the next step applies to them
  double hit_per_day = 0;
  std::int64_t addresses = 0;
  std::vector<std::string> reasons;  // of its kind
  bool blocks = false;               // the next step waits for it
  std::string fix;                   // what to do first; "" where nothing is
};

struct SubdomainMail {
  std::string name;  // of From fields, below the domain
  std::int64_t messages = 0;
  std::int64_t hit = 0;
  DnsState exists = DnsState::kFailed;  // kAbsent: np applies to it; kFailed: not known
};

struct AdviceEvidence {
  std::string domain;
  DmarcDiscovery dmarc;  // RFC 9989
  Senders senders;
  std::vector<SubdomainMail> subdomains;
  std::vector<SpfPermission> permitted;  // by the domain's SPF as it is published
  bool receives_mail = false;            // a report address of its own makes sense
};

struct AdviceOptions {
  Timestamp now;
  std::int64_t days = 30;   // the window
  bool legacy_pct = false;  // a staged rollout with pct in place of t=y, for receivers of RFC 7489
};

struct Advice {
  std::string domain;
  AdviceKind kind = AdviceKind::kUnknown;
  std::string summary;  // for people: what to do and why, one or two sentences
  TimeRange window;
  std::optional<PolicyStep> now, next;
  // The evidence.
  std::int64_t messages = 0, reporters = 0, days = 0, reports = 0;
  std::int64_t legitimate = 0;         // of own, services and unknown senders
  std::int64_t legitimate_hit = 0;     // of them fail
  std::int64_t forwarded_hit = 0;      // forwarders and mailing lists, which break what was right
  std::int64_t spoofed = 0;            // what the step is for
  std::int64_t untold = 0;             // the reports do not say how they fared: in none of these
  double hit_per_day = 0;              // legitimate ones
  std::optional<double> hit_share;     // null without legitimate mail
  std::optional<double> upper_share;   // upper end of the 95 % interval
  double allowed_share = 0;            // for the next step
  std::string method;                  // "Wilson score" or "rule of three"
  std::vector<AdvisedSender> senders;  // those to be mended first, then by messages
  std::vector<SubdomainMail> subdomains;
  std::vector<std::string> missing;   // thin data: what, and how to get it
  std::vector<std::string> notes;     // sp, np, t and other choices in the record, for people
  std::optional<AuditRecord> record;  // null: leave it as it is
  std::optional<Timestamp> look_again;
  std::optional<char> grade, grade_after;  // of mail audit, now and with the record
};

// The share's upper end, one-sided 95 %: rule of three for none of n, else the Wilson score interval. Null for n = 0.
std::optional<double> upper_share(std::int64_t hit, std::int64_t n);

// Pure: what follows from the evidence.
Advice decide_advice(const AdviceEvidence& evidence, const AdviceOptions& options);

struct AdviceQuestion {
  std::string domain;
  AdviceOptions options;
};
Result<Advice> advise_domain(Store& store, Resolver& resolver, const AdviceQuestion& question,
                             const SenderContext& context);
Document advice_document(const Advice& advice);

}  // namespace rw
