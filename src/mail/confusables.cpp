// Skeletons of confusable text (UTS 39 4), and the distance between two names.
#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "mail/lookalike.h"

namespace rw {
namespace {

#include "confusables.inc"

constexpr std::size_t kMaxSkeletonInput = 4096;  // bytes: a name or domain is shorter, and the cost is linear

const Confusable* confusable(std::uint32_t character) {
  const auto* const end = std::end(kConfusables);
  const auto* const found =
      std::lower_bound(std::begin(kConfusables), end, character,
                       [](const Confusable& entry, std::uint32_t wanted) { return entry.character < wanted; });
  return found != end && found->character == character ? found : nullptr;
}

// NFD without default-ignorable characters; text that is not UTF-8 comes back as it is.
std::string decomposed(std::string_view text) {
  utf8proc_uint8_t* out = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &out, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_IGNORE));
  if (length < 0) return std::string(text);
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(out, std::free);
  return {reinterpret_cast<const char*>(out), static_cast<std::size_t>(length)};
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::vector<std::int32_t> code_points_of(std::string_view text) {
  std::vector<std::int32_t> out;
  out.reserve(text.size());
  while (!text.empty()) {
    utf8proc_int32_t c = 0;
    const auto taken = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                        static_cast<utf8proc_ssize_t>(text.size()), &c);
    if (taken <= 0) {  // a byte that is no UTF-8 stands for itself
      out.push_back(0x110000 + static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
      continue;
    }
    out.push_back(c);
    text.remove_prefix(static_cast<std::size_t>(taken));
  }
  return out;
}

}  // namespace

std::string confusable_skeleton(std::string_view utf8) {
  utf8 = utf8.substr(0, kMaxSkeletonInput);
  const bool ascii = is_ascii(utf8);
  const std::string plain = ascii ? std::string(utf8) : decomposed(utf8);
  std::string out;
  out.reserve(plain.size() + 8);
  for (std::string_view rest = plain; !rest.empty();) {
    utf8proc_int32_t c = 0;
    auto taken = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(rest.data()),
                                  static_cast<utf8proc_ssize_t>(rest.size()), &c);
    if (taken <= 0) taken = 1, c = -1;
    const Confusable* entry = c < 0 ? nullptr : confusable(static_cast<std::uint32_t>(c));
    if (entry != nullptr)
      out.append(reinterpret_cast<const char*>(kConfusableText) + entry->begin, entry->size);
    else
      out.append(rest.substr(0, static_cast<std::size_t>(taken)));
    rest.remove_prefix(static_cast<std::size_t>(taken));
  }
  return ascii ? out : decomposed(out);
}

unsigned edit_distance(std::string_view a_text, std::string_view b_text, unsigned limit) {
  const std::vector<std::int32_t> a = code_points_of(a_text.substr(0, kMaxSkeletonInput));
  const std::vector<std::int32_t> b = code_points_of(b_text.substr(0, kMaxSkeletonInput));
  const std::size_t longer = std::max(a.size(), b.size());
  if (longer - std::min(a.size(), b.size()) > limit) return limit + 1;
  std::vector<unsigned> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<unsigned>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<unsigned>(i);
    unsigned least = row[0];
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
      least = std::min(least, row[j]);
    }
    if (least > limit) return limit + 1;
    std::swap(before, last);
    std::swap(last, row);
  }
  return std::min(last[b.size()], limit + 1);
}

}  // namespace rw
