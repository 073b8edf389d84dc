// Macros of SPF (RFC 7208 7): their syntax, and their expansion for one check.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/time.h"

namespace rw {

// Longest result of an expansion. A domain name has at most 253 bytes and an explanation is a line of an SMTP reply;
// the bound is far above both, and stops a record of thousands of macros over a long local part.
inline constexpr std::size_t kMaxSpfExpansion = 16 * 1024;

struct SpfSyntaxError {
  std::size_t offset = 0;  // in the text that was checked
  std::string what;
};
// macro-string (7.1). In an explanation spaces may stand, too (explain-string, 6.2). `exp_letters`: c, r and t may be
// used (7.2: only in explanations; the grammar allows them in unknown modifiers).
std::optional<SpfSyntaxError> check_spf_macros(std::string_view text, bool spaces, bool exp_letters);
// domain-spec (7.1): a macro-string that ends in a macro or in a dot and a top label; never empty.
std::optional<SpfSyntaxError> check_spf_domain(std::string_view text);

struct SpfMacroValues {
  std::string_view local, sender_domain, domain, helo, receiver;
  Ip client;
  Timestamp now;
  std::function<std::string()> validated_name;  // the p macro: asked for when it is used
};
// `text` has passed check_spf_macros. Null where the result would be longer than kMaxSpfExpansion.
std::optional<std::string> expand_spf_macros(std::string_view text, const SpfMacroValues& values);
bool uses_spf_macro(std::string_view text, char letter);  // lower case

}  // namespace rw
