// DMARC under both standards side by side: RFC 7489 (public suffix list, pct) and RFC 9989 (tree walk, np, psd, t).
//
//   const DmarcDiscovery found = discover_dmarc(resolver, "mail.example.org", DmarcStandard::kRfc9989);
//   const DmarcVerdict verdict = evaluate_dmarc(resolver, {.from_domain = …, .spf = …, .dkim = …},
//   DmarcStandard::kRfc7489);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/dkim.h"
#include "mail/spf.h"
#include "resolver/resolver.h"

namespace rw {

enum class DmarcStandard : std::uint8_t { kRfc7489, kRfc9989 };
std::string_view to_string(DmarcStandard standard);  // "rfc7489"
enum class DmarcPolicy : std::uint8_t { kNone, kQuarantine, kReject };
std::string_view to_string(DmarcPolicy policy);
enum class DmarcResult : std::uint8_t { kNone, kPass, kFail, kTemperror, kPermerror };
std::string_view to_string(DmarcResult result);

// A policy record taken apart. Tags that are absent are null: what holds then is policy_for's to say.
struct DmarcRecord {
  std::optional<DmarcPolicy> p, sp, np;
  bool strict_dkim = false, strict_spf = false;  // adkim=s, aspf=s
  std::optional<unsigned> pct;                   // RFC 7489 only, 0 to 100
  std::optional<std::uint32_t> ri;               // RFC 7489 only
  bool testing = false;                          // t=y, RFC 9989
  char psd = 'u';                                // RFC 9989: y, n, u
  std::string fo;                                // "0", "1:d:s"
  std::vector<std::string> rua, ruf;             // URIs as written, without size limits
  std::vector<std::string> problems;  // for people, each with the tag: what a receiver ignores or reads otherwise
  std::string error;                  // "" when the record can be used at all
  std::string text;
};
bool is_dmarc_record(std::string_view txt);
DmarcRecord parse_dmarc(std::string_view txt, DmarcStandard standard);

struct DmarcDiscovery {
  DnsState state = DnsState::kAbsent;  // kFailed: nobody knows whether there is one
  std::string domain;                  // where the record stands: the author's domain or its organisational domain
  std::string organisational_domain;   // by the public suffix list, or by the tree walk
  std::optional<DmarcRecord> record;
  DnsSecurity security = DnsSecurity::kUnknown;
  bool several = false;            // more than one record: none of them counts
  std::vector<std::string> asked;  // names asked for, in order
  std::string failure;
  // What the record says about mail from `author_domain`, p, sp or np as it applies; t and pct are not applied.
  std::optional<DmarcPolicy> policy;
  std::string policy_tag;  // "p", "sp" or "np"
};
DmarcDiscovery discover_dmarc(Resolver& resolver, std::string_view author_domain, DmarcStandard standard);

// The organisational domain under each standard. RFC 7489: by the public suffix list that libpsl carries; an empty
// string where the name is a public suffix itself. RFC 9989 4.10: by the tree walk, which asks the DNS (at most 8
// names).
std::string organisational_domain(Resolver& resolver, std::string_view domain, DmarcStandard standard);
// Both identifiers lower case. Relaxed: same organisational domain; strict: equal.
bool aligned(Resolver& resolver, std::string_view author_domain, std::string_view authenticated_domain, bool strict,
             DmarcStandard standard);

struct DmarcRequest {
  std::string from_domain;  // Author::domain; "" where the author is ambiguous: permerror
  SpfVerdict spf;
  std::vector<DkimVerdict> dkim;
};
struct DmarcVerdict {
  DmarcResult result = DmarcResult::kNone;
  DmarcDiscovery discovery;
  bool spf_aligned = false;                // passed and aligned
  bool dkim_aligned = false;               // one of the signatures passed and is aligned
  std::string dkim_domain, dkim_selector;  // of the one that counted
  // What a receiver is asked to do with this message: after pct (RFC 7489; a sample of it: the policy that pct < 100
  // leaves to chance is told as the policy itself) or t (RFC 9989: one level weaker). kNone on pass and without a
  // record.
  DmarcPolicy disposition = DmarcPolicy::kNone;
  std::string problem;
};
DmarcVerdict evaluate_dmarc(Resolver& resolver, const DmarcRequest& request, DmarcStandard standard);

}  // namespace rw
