// Every sentence that a dossier or a mail report can say, in tables in which a language is one column.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/finding.h"

namespace rw {

// Mail reports are written in both; dossiers of subjects in English alone, since their sections have no other column.
enum class Language : std::uint8_t { kEnglish, kJapanese };
Result<Language> parse_language(std::string_view code);  // "en", "ja"
std::string_view to_string(Language language);

// The text called `id` with {0}, {1} … replaced by `args`. An id that the table lacks is a bug and asserts.
std::string say(Language language, std::string_view id, const std::vector<std::string>& args = {});
// All ids, for the test that walks the tables.
std::vector<std::string_view> text_ids();
// Whether `id` is said in that language by words of its own (and not in English for want of them).
bool has_text(Language language, std::string_view id);

std::string confidence_text(Language language, Confidence confidence);  // "high confidence"

// Numbers as people read them; the same in every language that we write. Amounts come from base/quantity.h.
std::string human_share(double share);      // 12.5 %
std::string human_percent(double percent);  // +300 %, −12.5 %
std::string human_number(double value);     // 4.02, 304

}  // namespace rw
