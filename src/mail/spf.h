// SPF (RFC 7208): may this address send mail for that domain?
//
//   const SpfVerdict verdict = check_spf(resolver, {.client = ip, .helo = "mx.example.net", .mail_from =
//   "a@example.org"});
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/time.h"
#include "resolver/resolver.h"

namespace rw {

enum class SpfResult : std::uint8_t { kNone, kNeutral, kPass, kFail, kSoftfail, kTemperror, kPermerror };
std::string_view to_string(SpfResult result);  // as RFC 8601 writes it: "softfail"

struct SpfRequest {
  Ip client;
  std::string helo;       // as the client said it; may be anything
  std::string mail_from;  // reverse path without < and >; empty for bounces: then postmaster@helo is checked (2.4)
  std::string receiver;   // our own name, for the macro r; "unknown" where empty
  Timestamp now;          // for the macro t
};

struct SpfOptions {
  unsigned max_lookups = 10;                  // mechanisms and modifiers that ask the DNS (4.6.4)
  unsigned max_void_lookups = 2;              // of them without an answer (4.6.4)
  unsigned max_names = 10;                    // MX and PTR names looked at for one mechanism (4.6.4)
  Duration max_time = Duration::seconds(20);  // then temperror (4.6.4: at least 20 s)
  std::int64_t (*clock)() = nullptr;          // microseconds, steady; null: the machine's
};

// One record on the way to the decision.
struct SpfStep {
  std::string domain;     // whose record
  std::string mechanism;  // what matched there, as written; "redirect=…" where that led on
};

struct SpfVerdict {
  SpfResult result = SpfResult::kNone;
  std::string identity;       // "mailfrom" or "helo": what was checked
  std::string domain;         // of that identity
  std::string mechanism;      // that decided, as written: "include:_spf.example.net", "-all"; "" where none did
  std::string matched_in;     // the domain whose record held it (behind redirect=, the domain redirected to)
  std::string explanation;    // the sender's words for a fail (6.2), printable ASCII
  std::string problem;        // why temperror or permerror, for people
  unsigned lookups = 0;       // terms that asked the DNS, the one included that broke the limit
  unsigned void_lookups = 0;  // terms whose questions had no answer; each term counts once (4.6.4 counts terms)
  // How it was decided, from the identity's own record through redirect= and include: to the mechanism that holds the
  // address: {"example.org", "include:_spf.example.net"}, {"_spf.example.net", "ip4:192.0.2.0/24"}. Empty where none
  // did.
  std::vector<SpfStep> trail;
};

// What the standard leaves open, and what holds here:
//  - names that no DNS question can be made of (an empty label, one over 63 bytes) match nothing (4.8: undefined);
//  - more than max_names MX records are a permerror whichever of them would match: their order is chance;
//  - the p macro costs a look-up once per check (4.6.4), not in explanations;
//  - domains with bytes over 127 are read as U-labels and asked for as A-labels (RFC 8616); a local part is left alone.
// Any thread. Never more than (1 + max_lookups * (1 + max_names)) questions, and none after max_time.
SpfVerdict check_spf(Resolver& resolver, const SpfRequest& request, const SpfOptions& options = {});

// A record taken apart, for checking and for audits. Syntax only, no DNS.
struct SpfTerm {
  enum class Kind : std::uint8_t {
    kAll,
    kInclude,
    kA,
    kMx,
    kPtr,
    kIp4,
    kIp6,
    kExists,
    kRedirect,
    kExp,
    kUnknownModifier
  };
  Kind kind = Kind::kAll;
  char qualifier = '+';             // + - ~ ?
  std::string domain;               // domain-spec with its macros; "" without
  Prefix network;                   // ip4, ip6
  int length4 = 32, length6 = 128;  // a, mx
  std::string text;                 // as written
  std::size_t offset = 0;           // of the term in the record's text, in bytes
};
struct SpfRecord {
  std::vector<SpfTerm> terms;    // in order, up to the first error
  std::string error;             // "" when the syntax is right; else what is wrong, with the term it is in
  std::size_t error_offset = 0;  // where error is not empty: the first byte that cannot stand there
};
bool is_spf_record(std::string_view txt);  // RFC 7208 4.5: begins with the version and then a space or the end
// `txt` begins with the version (is_spf_record). Evaluation stops at an error anywhere (4.6), so nothing is guessed.
SpfRecord parse_spf(std::string_view txt);
// Whether a domain-spec holds macros, so that what it names depends on the message.
bool has_spf_macro(std::string_view domain_spec);

}  // namespace rw
