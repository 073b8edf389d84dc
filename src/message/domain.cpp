// Domains of addresses: host-name syntax, IDNA by libidn2, scripts by libunistring. The one place that calls either.
#include <idn2.h>
#include <unictype.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "message/address.h"
#include "message/domain_reading.h"
#include "message/utf8.h"

namespace rw {
namespace {

constexpr std::size_t kMaxDomain = 253;  // RFC 1035 2.3.4, without the root's length byte and the final dot
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxUnicodeDomain = 1024;  // U-labels are longer in UTF-8 than in the DNS

// Letters, digits, hyphens inside of labels; underscores too, which are no host names (RFC 952) but are in use. The
// last label is no number (RFC 3696 2), else an IPv4 address would be a name.
bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > kMaxDomain) return false;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t dot = std::min(text.find('.', begin), text.size());
    const std::string_view label = text.substr(begin, dot - begin);
    if (label.empty() || label.size() > kMaxLabel || label.front() == '-' || label.back() == '-') return false;
    if (!std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-' || c == '_'; })) return false;
    if (dot == text.size()) return !std::ranges::all_of(label, is_digit);
    begin = dot + 1;
  }
}

// "" where libidn2 refuses.
std::string idn_ascii(const std::string& text, int flags) {
  std::uint8_t* out = nullptr;
  const int status = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(text.c_str()), &out, flags);
  if (status != IDN2_OK) return {};
  std::string result = lowered(reinterpret_cast<const char*>(out));
  idn2_free(out);
  return is_host_name(result) ? result : std::string();
}

bool is_readable(std::string_view text) {
  return text.size() <= kMaxUnicodeDomain && valid_utf8(text) && text.find('\0') == std::string_view::npos;
}

}  // namespace

std::string normalised_domain(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (!has_high(text)) return is_host_name(text) ? lowered(text) : std::string();
  if (!is_readable(text)) return {};
  return idn_ascii(lowered(text), IDN2_NONTRANSITIONAL);
}

bool domain_reads_one_way(std::string_view text) {
  if (!has_high(text)) return true;
  if (!is_readable(text)) return false;
  const std::string folded = lowered(text);
  const std::string strict = idn_ascii(folded, IDN2_NO_TR46);
  return !strict.empty() && strict == idn_ascii(folded, IDN2_NONTRANSITIONAL) &&
         strict == idn_ascii(folded, IDN2_TRANSITIONAL);
}

std::string unicode_domain(std::string_view domain) {
  std::string out;
  if (domain.size() > kMaxDomain) return std::string(domain);
  for (std::size_t begin = 0; begin <= domain.size();) {
    const std::size_t dot = std::min(domain.find('.', begin), domain.size());
    const std::string label(domain.substr(begin, dot - begin));
    if (begin > 0) out += '.';
    char* unicode = nullptr;
    if (label.starts_with("xn--") && label.find('\0') == std::string::npos &&
        idn2_to_unicode_8z8z(label.c_str(), &unicode, 0) == IDN2_OK) {
      // Only what makes the same A-label again: else a person would read what the DNS does not mean.
      out += idn_ascii(unicode, IDN2_NONTRANSITIONAL) == label ? unicode : label;
      idn2_free(unicode);
    } else {
      out += label;
    }
    begin = dot + 1;
  }
  return out;
}

bool mixes_scripts(std::string_view domain) {
  const std::string text = unicode_domain(lowered(domain));
  std::set<std::string_view> scripts;
  const auto mixes = [&] {
    static constexpr std::string_view kSets[][4] = {
        {"Latin", "Han", "Hiragana", "Katakana"}, {"Latin", "Han", "Bopomofo"}, {"Latin", "Han", "Hangul"}};
    return scripts.size() > 1 && std::ranges::none_of(kSets, [&](const auto& set) {
             return std::ranges::all_of(scripts,
                                        [&](std::string_view s) { return std::ranges::find(set, s) != std::end(set); });
           });
  };
  for (std::string_view rest = text; !rest.empty();) {
    const CodePoint c = code_point_at(rest);
    rest.remove_prefix(c.bytes);
    if (c.value == '.') {
      if (mixes()) return true;
      scripts.clear();
      continue;
    }
    const uc_script_t* const script = uc_script(c.value);
    if (script == nullptr) continue;
    const std::string_view name = script->name;
    if (name != "Common" && name != "Inherited") scripts.insert(name);
  }
  return mixes();
}

}  // namespace rw
