// SPF (RFC 7208): may this address send mail for that domain?
//
//   const SpfVerdict verdict = check_spf(resolver, {.client = ip, .helo = "mx.example.net", .mail_from =
//   "a@example.org"});
#pragma once

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
  unsigned max_lookups = 10;      // mechanisms and modifiers that ask the DNS (4.6.4)
  unsigned max_void_lookups = 2;  // of them without an answer (4.6.4)
  unsigned max_names = 10;        // MX and PTR names looked at for one mechanism (4.6.4)
};

struct SpfVerdict {
  SpfResult result = SpfResult::kNone;
  std::string identity;     // "mailfrom" or "helo": what was checked
  std::string domain;       // of that identity
  std::string mechanism;    // that decided, as written: "include:_spf.example.net", "-all"; "" where none did
  std::string matched_in;   // the domain whose record held it
  std::string explanation;  // the sender's words for a fail (6.2), printable ASCII
  std::string problem;      // why temperror or permerror, for people
  unsigned lookups = 0;
  unsigned void_lookups = 0;
};

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
};
struct SpfRecord {
  std::vector<SpfTerm> terms;  // in order
  std::string error;           // "" when the syntax is right; else what is wrong and where
};
bool is_spf_record(std::string_view txt);  // RFC 7208 4.5: begins with the version and then a space or the end
SpfRecord parse_spf(std::string_view txt);

}  // namespace rw
