// Edit distance with swaps (optimal string alignment), case folded, on three rows.
#include "base/nearest.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace rw {
namespace {

constexpr std::size_t kMaxWord = 64;  // longer words are not names of anything here
constexpr std::size_t kFar = kMaxWord;

char fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::size_t common_prefix(std::string_view a, std::string_view b) {
  std::size_t n = 0;
  while (n < a.size() && n < b.size() && fold(a[n]) == fold(b[n])) ++n;
  return n;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  if (a.size() > kMaxWord || b.size() > kMaxWord) return kFar;
  std::array<std::size_t, kMaxWord + 1> before{}, last{}, row{};
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = fold(a[i - 1]) == fold(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]))
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last[b.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  // Leading dashes say what a word is, not which one: they do not count for its length.
  const std::size_t dashes = std::min(word.find_first_not_of('-'), word.size());
  const std::size_t length = word.size() - dashes;
  if (length < 3 || word.size() > kMaxWord) return {};
  const std::size_t limit = std::max<std::size_t>(1, length / 3);
  std::string_view best;
  std::size_t best_distance = limit + 1;
  std::size_t best_common = 0;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance > limit || distance > best_distance) continue;
    const std::size_t common = common_prefix(word, candidate);
    if (distance == best_distance && common <= best_common) continue;
    best = candidate, best_distance = distance, best_common = common;
  }
  if (!best.empty()) return best;
  for (const std::string_view candidate : candidates)
    if (candidate.starts_with(word)) return candidate;
  return {};
}

}  // namespace rw
