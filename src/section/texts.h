// Every sentence that a dossier can say, in one table, so that a language is one column (English now).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace rw {

enum class Language : std::uint8_t { kEnglish };
Result<Language> parse_language(std::string_view code);  // "en"
std::string_view to_string(Language language);

// The text called `id` with {0}, {1} … replaced by `args`. An id that the table lacks is a bug and asserts.
std::string say(Language language, std::string_view id, const std::vector<std::string>& args = {});
// All ids, for the test that walks the table.
std::vector<std::string_view> text_ids();

// Numbers as people read them; the same in every language that we write. Amounts come from base/quantity.h.
std::string human_share(double share);      // 12.5 %
std::string human_percent(double percent);  // +300 %, −12.5 %
std::string human_number(double value);     // 4.02, 304

}  // namespace rw
