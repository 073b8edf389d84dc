// SPF records taken apart (RFC 7208 4.5, 4.6.1, 5, 6, 12): syntax only, with the place of the first error.
#include <algorithm>
#include <array>
#include <optional>

#include "mail/spf.h"
#include "mail/spf_macro.h"
#include "model/escape.h"

namespace rw {
namespace {

constexpr std::string_view kVersion = "v=spf1";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

// What is wrong, and where in the term.
using Problem = std::optional<SpfSyntaxError>;
Problem problem(std::size_t offset, std::string what) { return SpfSyntaxError{offset, std::move(what)}; }

struct Mechanism {
  std::string_view name;
  SpfTerm::Kind kind;
};
constexpr std::array kMechanisms = {
    Mechanism{"all", SpfTerm::Kind::kAll}, Mechanism{"include", SpfTerm::Kind::kInclude},
    Mechanism{"a", SpfTerm::Kind::kA},     Mechanism{"mx", SpfTerm::Kind::kMx},
    Mechanism{"ptr", SpfTerm::Kind::kPtr}, Mechanism{"ip4", SpfTerm::Kind::kIp4},
    Mechanism{"ip6", SpfTerm::Kind::kIp6}, Mechanism{"exists", SpfTerm::Kind::kExists}};

// "0" / %x31-39 0*DIGIT up to `most`; -1 where it is none.
int read_length(std::string_view digits, int most) {
  if (digits.empty() || digits.size() > 3 || !std::all_of(digits.begin(), digits.end(), is_digit)) return -1;
  if (digits.size() > 1 && digits.front() == '0') return -1;
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value > most ? -1 : value;
}

std::size_t trailing_digits(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[text.size() - 1 - count])) ++count;
  return count;
}

// Takes dual-cidr-length (5.3) off the end of `text`: "/24", "//64", "/24//64". A slash may stand in a domain-spec, so
// only digits behind slashes at the very end are lengths.
Problem take_lengths(std::string_view& text, std::size_t offset, SpfTerm& term) {
  std::size_t digits = trailing_digits(text);
  std::size_t slash = text.size() - digits;
  if (slash >= 2 && digits > 0 && text[slash - 1] == '/' && text[slash - 2] == '/') {
    term.length6 = read_length(text.substr(slash), 128);
    if (term.length6 < 0) return problem(offset + slash, "the length of an IPv6 prefix is a number from 0 to 128");
    text = text.substr(0, slash - 2);
    digits = trailing_digits(text);
    slash = text.size() - digits;
  }
  if (slash >= 1 && digits > 0 && text[slash - 1] == '/') {
    term.length4 = read_length(text.substr(slash), 32);
    if (term.length4 < 0)
      return problem(
          offset + slash,
          "the length of an IPv4 prefix is a number from 0 to 32; that of an IPv6 prefix stands behind two slashes");
    text = text.substr(0, slash - 1);
  }
  return std::nullopt;
}

Problem read_domain(std::string_view text, std::size_t offset, SpfTerm& term) {
  if (auto error = check_spf_domain(text)) return problem(offset + error->offset, error->what);
  term.domain = text;
  return std::nullopt;
}

// ip4-network [ip4-cidr-length], ip6-network [ip6-cidr-length] (5.6).
Problem read_network(std::string_view text, std::size_t offset, bool v6, SpfTerm& term) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const int most = v6 ? 128 : 32;
  int length = most;
  if (slash != std::string_view::npos) {
    length = read_length(text.substr(slash + 1), most);
    if (length < 0)
      return problem(offset + slash + 1, "the length of a prefix is a number from 0 to " + std::to_string(most));
  }
  const auto ip = Ip::parse(address);
  const bool has_colon = address.find(':') != std::string_view::npos;
  if (!ip || has_colon != v6)
    return problem(offset, "'" + std::string(address) + "' is no " + (v6 ? "IPv6" : "IPv4") + " address");
  term.network = Prefix::of(*ip, static_cast<std::uint8_t>(128 - most + length));
  return std::nullopt;
}

// What stands behind a mechanism's name, the colon or slash included.
Problem read_argument(std::string_view rest, std::size_t offset, SpfTerm& term) {
  using Kind = SpfTerm::Kind;
  const bool colon = !rest.empty() && rest.front() == ':';
  switch (term.kind) {
    case Kind::kAll:
      if (!rest.empty()) return problem(offset, "nothing may follow 'all'");
      return std::nullopt;
    case Kind::kInclude:
    case Kind::kExists:
      if (!colon) return problem(offset, "a colon and a domain must follow");
      return read_domain(rest.substr(1), offset + 1, term);
    case Kind::kIp4:
    case Kind::kIp6:
      if (!colon) return problem(offset, "a colon and an address must follow");
      return read_network(rest.substr(1), offset + 1, term.kind == Kind::kIp6, term);
    case Kind::kPtr:
      if (rest.empty()) return std::nullopt;
      if (!colon) return problem(offset, "only a colon and a domain may follow 'ptr'");
      return read_domain(rest.substr(1), offset + 1, term);
    default:  // a, mx
      if (auto error = take_lengths(rest, offset, term)) return error;
      if (rest.empty()) return std::nullopt;
      if (rest.front() != ':') return problem(offset, "'" + std::string(rest) + "' is neither a domain nor a length");
      return read_domain(rest.substr(1), offset + 1, term);
  }
}

Problem read_directive(std::string_view text, SpfTerm& term) {
  std::size_t at = 0;
  if (std::string_view("+-~?").find(text.front()) != std::string_view::npos) term.qualifier = text[at++];
  const std::size_t end = std::min(text.size(), text.find_first_of(":/", at));
  const std::string_view name = text.substr(at, end - at);
  const auto found = std::find_if(kMechanisms.begin(), kMechanisms.end(),
                                  [&](const Mechanism& m) { return equal_ignoring_case(m.name, name); });
  if (found == kMechanisms.end()) {
    if (equal_ignoring_case(name, "redirect") || equal_ignoring_case(name, "exp"))
      return problem(at, "'" + std::string(name) + "' is a modifier: write '" + std::string(name) + "='");
    return problem(at, "'" + std::string(name) + "' is no mechanism");
  }
  term.kind = found->kind;
  return read_argument(text.substr(end), end, term);
}

// Length of name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ) when "=" follows it, else 0.
std::size_t modifier_name(std::string_view text) {
  if (!is_alpha(text.front())) return 0;
  std::size_t at = 1;
  while (at < text.size() &&
         (is_alpha(text[at]) || is_digit(text[at]) || std::string_view("-_.").find(text[at]) != std::string_view::npos))
    ++at;
  return at < text.size() && text[at] == '=' ? at : 0;
}

Problem read_modifier(std::string_view text, std::size_t name_length, const SpfRecord& record, SpfTerm& term) {
  const std::string_view name = text.substr(0, name_length), value = text.substr(name_length + 1);
  const bool redirect = equal_ignoring_case(name, "redirect");
  if (!redirect && !equal_ignoring_case(name, "exp")) {
    term.kind = SpfTerm::Kind::kUnknownModifier;
    if (auto error = check_spf_macros(value, false, true)) return problem(name_length + 1 + error->offset, error->what);
    return std::nullopt;
  }
  term.kind = redirect ? SpfTerm::Kind::kRedirect : SpfTerm::Kind::kExp;
  for (const SpfTerm& earlier : record.terms)
    if (earlier.kind == term.kind) return problem(0, "'" + std::string(name) + "=' stands there twice (6)");
  return read_domain(value, name_length + 1, term);
}

// For messages, which are never more than a line or two.
std::string shown(std::string_view text) { return escape_text(text, 200); }

Problem read_term(std::string_view text, const SpfRecord& record, SpfTerm& term) {
  // 4.6.1: terms are visible ASCII; 3.1: nothing else may be in a record.
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] < 0x21 || text[i] > 0x7E) return problem(i, "a byte that is no printable ASCII");
  if (const std::size_t name = modifier_name(text)) return read_modifier(text, name, record, term);
  return read_directive(text, term);
}

}  // namespace

bool is_spf_record(std::string_view txt) {
  if (txt.size() < kVersion.size() || !equal_ignoring_case(txt.substr(0, kVersion.size()), kVersion)) return false;
  return txt.size() == kVersion.size() || txt[kVersion.size()] == ' ';
}

SpfRecord parse_spf(std::string_view txt) {
  SpfRecord record;
  if (!is_spf_record(txt)) {
    record.error = "the record does not begin with 'v=spf1' and a space";
    return record;
  }
  for (std::size_t at = kVersion.size(); at < txt.size();) {
    if (txt[at] == ' ') {
      ++at;
      continue;
    }
    const std::size_t end = std::min(txt.size(), txt.find(' ', at));
    const std::string_view text = txt.substr(at, end - at);
    SpfTerm term;
    term.text = text;
    term.offset = at;
    if (const auto wrong = read_term(text, record, term)) {
      record.error_offset = at + wrong->offset;
      record.error = "in '" + shown(text) + "': " + shown(wrong->what);
      return record;
    }
    record.terms.push_back(std::move(term));
    at = end;
  }
  return record;
}

bool has_spf_macro(std::string_view domain_spec) { return domain_spec.find('%') != std::string_view::npos; }

}  // namespace rw
