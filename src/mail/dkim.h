// DKIM signatures on a message (RFC 6376, 8301, 8463), verified.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "message/message.h"
#include "resolver/resolver.h"

namespace rw {

enum class DkimResult : std::uint8_t {
  kNone,
  kPass,
  kFail,
  kPolicy,
  kNeutral,
  kTemperror,
  kPermerror
};  // RFC 8601 2.7.1
std::string_view to_string(DkimResult result);

struct DkimOptions {
  unsigned max_signatures = 10;  // more are not looked at: each costs a key and a hash over the body
  unsigned min_rsa_bits = 1024;  // RFC 8301 3.2; shorter: policy
  Duration clock_skew = Duration::seconds(300);
};

struct DkimVerdict {
  DkimResult result = DkimResult::kNone;
  std::string domain;                // d=, lower case
  std::string selector;              // s=
  std::string identity;              // i=, or @d
  std::string algorithm;             // "rsa-sha256", "ed25519-sha256"
  std::string signature_start;       // first 8 characters of b=, as RFC 8601 header.b
  unsigned key_bits = 0;             // 0 where no key was found
  bool testing = false;              // t=y in the key: the signer says that it does not count yet
  bool body_length_limited = false;  // l= is there, and the body goes on behind it
  std::optional<Timestamp> signed_at, expires_at;
  std::vector<std::string> signed_fields;  // h=, lower case
  std::string problem;                     // why it is no pass, for people
};
// One verdict per signature, in order of appearance; empty where there are none. `now` is compared with x=.
std::vector<DkimVerdict> verify_dkim(Resolver& resolver, const Message& message, Timestamp now,
                                     const DkimOptions& options = {});

// A key record (RFC 6376 3.6.1) taken apart, for audits.
struct DkimKey {
  std::string key_type = "rsa";               // k=
  std::string key;                            // p=, decoded: DER (rsa) or 32 bytes (ed25519)
  unsigned bits = 0;                          // 0 where it cannot be read
  bool revoked = false;                       // p= is empty
  bool testing = false;                       // t=y
  bool strict = false;                        // t=s: i= must be in d= itself
  std::vector<std::string> hashes, services;  // h=, s=; empty: all
  std::string notes;                          // n=
  std::string error;                          // "" when it can be used
};
DkimKey parse_dkim_key(std::string_view txt);

}  // namespace rw
