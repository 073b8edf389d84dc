// DMARC under both standards side by side: RFC 7489 (public suffix list, pct) and RFC 9989 (tree walk, np, psd, t).
//
//   const DmarcDiscovery found = discover_dmarc(resolver, "mail.example.org", DmarcStandard::kRfc9989);
//   const DmarcVerdict verdict =
//       evaluate_dmarc(resolver, {.from_domain = …, .spf = …, .dkim = …}, DmarcStandard::kRfc7489);
//
// A question that failed is never "no policy": the discovery's state is kFailed, and a message that does not pass is
// kTemperror. Where the standards leave something open, the strict reading holds:
//  - A record begins with its version: nothing before it, "DMARC1" in capitals. Under RFC 7489 a semicolon follows.
//  - A tag that stands twice makes the record unusable (RFC 6376 3.2): two readers could see two policies.
//  - Several records at one name: RFC 7489 stops there without a policy; RFC 9989 discards them and walks on.
//  - An invalid p, sp or np (RFC 7489: also a missing p) is p=none where rua holds a valid URI, else the record is
//    unusable: permerror. Under RFC 9989 a missing p is p=none.
//  - Under RFC 9989 a name does not exist when the DNS says NXDOMAIN for it (RFC 8020). Where that cannot be learnt and
//    np and sp differ, the state is kFailed.
//  - An unknown organisational domain (a step of the walk failed) aligns with nothing but itself; whether that fails
//    the message or is a temporary error is evaluate_dmarc's to say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "enrich/registered_domain.h"
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

// A policy record taken apart. Tags that are absent are null or their default.
struct DmarcRecord {
  std::optional<DmarcPolicy> p, sp, np;          // np: RFC 9989 only; p is set in every usable record
  bool strict_dkim = false, strict_spf = false;  // adkim=s, aspf=s
  std::optional<unsigned> pct;                   // RFC 7489 only, 0 to 100
  std::optional<std::uint32_t> ri;               // RFC 7489 only
  bool testing = false;                          // t=y, RFC 9989
  char psd = 'u';                                // RFC 9989: y, n, u
  std::string fo = "0";                          // "0", "1:d:s", as written
  std::vector<std::string> rua, ruf;             // valid URIs as written, without size limits
  std::vector<std::string> problems;  // for people, each with the tag: what a receiver ignores or reads otherwise
  std::string error;                  // "" when the record can be used at all
  std::string text;
};
bool is_dmarc_record(std::string_view txt, DmarcStandard standard = DmarcStandard::kRfc9989);
DmarcRecord parse_dmarc(std::string_view txt, DmarcStandard standard);

struct DmarcDiscovery {
  // kPresent: `record` is set (it may be unusable: its error says so); kAbsent: there is none that counts; kFailed:
  // nobody knows whether there is one.
  DnsState state = DnsState::kAbsent;
  // Where the record stands: the author's domain, its organisational domain, or (RFC 9989) its public suffix.
  std::string domain;
  // By the public suffix list, or by the tree walk. "" for a public suffix (RFC 7489), and where a step of the walk
  // failed (`failure` is set then, even where the record is there).
  std::string organisational_domain;
  std::optional<DmarcRecord> record;
  DnsSecurity security = DnsSecurity::kUnknown;
  bool several = false;            // more than one record at one name: none of them counts
  std::vector<std::string> asked;  // names asked for, in order
  std::string failure;
  // What the record says about mail from `author_domain`, p, sp or np as it applies; t and pct are not applied.
  std::optional<DmarcPolicy> policy;
  std::string policy_tag;  // "p", "sp" or "np"
};
inline constexpr unsigned kMaxTreeWalk = 8;  // names asked for in one tree walk (RFC 9989 4.10)
// `author_domain`: lower case, A-labels. `list`: the public suffix list for RFC 7489; null: the one that libpsl
// carries. The same below.
DmarcDiscovery discover_dmarc(Resolver& resolver, std::string_view author_domain, DmarcStandard standard,
                              const PublicSuffixList* list = nullptr);

// The organisational domain under each standard. RFC 7489: by the public suffix list; an empty string where the name is
// a public suffix itself. RFC 9989 4.10.2: by the tree walk; an empty string where a question of it failed.
std::string organisational_domain(Resolver& resolver, std::string_view domain, DmarcStandard standard,
                                  const PublicSuffixList* list = nullptr);

enum class DmarcAlignment : std::uint8_t { kAligned, kNotAligned, kUnknown };  // kUnknown: a question failed
// Relaxed: same organisational domain; strict: equal, without regard to case.
DmarcAlignment dmarc_alignment(Resolver& resolver, std::string_view author_domain,
                               std::string_view authenticated_domain, bool strict, DmarcStandard standard,
                               const PublicSuffixList* list = nullptr);
// Only what is certain.
inline bool aligned(Resolver& resolver, std::string_view author_domain, std::string_view authenticated_domain,
                    bool strict, DmarcStandard standard) {
  return dmarc_alignment(resolver, author_domain, authenticated_domain, strict, standard) == DmarcAlignment::kAligned;
}

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
  // What a receiver is asked to do with this message: after pct (RFC 7489; what 0 < pct < 100 leaves to chance is told
  // as the policy itself, pct=0 is one level weaker) or t=y (RFC 9989: one level weaker). kNone on pass, on errors and
  // without a record.
  DmarcPolicy disposition = DmarcPolicy::kNone;
  std::string problem;  // why it is temperror or permerror, for people
};
DmarcVerdict evaluate_dmarc(Resolver& resolver, const DmarcRequest& request, DmarcStandard standard,
                            const PublicSuffixList* list = nullptr);

}  // namespace rw
