// Tells names drawn by lot from names that people write.
#include "detect/tor_names.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace rw {
namespace {

// Shares of letters in written English, in percent: names of sites are made of words.
constexpr std::array<double, 26> kWritten = {8.2, 1.5, 2.8, 4.3, 12.7, 2.2, 2.0, 6.1, 7.0, 0.4, 0.8, 4.0, 2.4,
                                             6.7, 7.5, 1.9, 0.4, 6.0,  6.3, 9.1, 2.8, 1.0, 2.4, 0.4, 2.0, 0.4};
constexpr double kWrittenSum = 101.4;
constexpr double kDigitShare = 0.03;  // of the characters in names of popular sites
constexpr double kAlphabet = 32;      // RFC 4648 6

std::string_view common_name(std::string_view distinguished) {
  if (!distinguished.starts_with("CN=")) return {};
  const std::string_view name = distinguished.substr(3);
  return name.find_first_of(",/+") == std::string_view::npos ? name : std::string_view();
}

}  // namespace

std::string_view tor_form(std::string_view name, std::string_view ending) {
  constexpr std::string_view kStart = "www.";
  constexpr std::size_t kLeast = 4, kMost = 25;
  if (!name.starts_with(kStart) || !name.ends_with(ending) || name.size() < kStart.size() + ending.size() + kLeast)
    return {};
  const std::string_view letters = name.substr(kStart.size(), name.size() - kStart.size() - ending.size());
  const bool base32 = std::all_of(letters.begin(), letters.end(),
                                  [](char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); });
  return base32 && letters.size() <= kMost ? letters : std::string_view();
}

double lot_score(std::string_view letters) {
  double score = 0;
  for (const char c : letters) {
    double written = 0;
    if (c >= 'a' && c <= 'z')
      written = (1 - kDigitShare) * kWritten[static_cast<std::size_t>(c - 'a')] / kWrittenSum;
    else if (c >= '0' && c <= '9')
      written = kDigitShare / 10;
    if (written > 0) score -= std::log(written * kAlphabet);
  }
  return score;
}

bool tor_certificate(std::string_view subject, std::string_view issuer) {
  const std::string_view shown = tor_form(common_name(subject), ".net");
  const std::string_view signer = tor_form(common_name(issuer), ".com");
  return !shown.empty() && !signer.empty() && shown != signer;
}

}  // namespace rw
