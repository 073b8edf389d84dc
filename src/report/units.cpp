// Values of tables as people read them.
#include "report/units.h"

#include "base/quantity.h"
#include "section/texts.h"

namespace rw {
namespace {

// RFC 3339 to the minute, with a space: the column's title says UTC.
std::string short_time(const std::string& text) {
  if (text.size() < 16 || text[10] != 'T') return text;
  return text.substr(0, 10) + " " + text.substr(11, 5);
}

}  // namespace

bool is_numeric(Unit unit) {
  return unit == Unit::kBytes || unit == Unit::kCount || unit == Unit::kShare || unit == Unit::kRatio ||
         unit == Unit::kPercent || unit == Unit::kHours;
}

std::string unit_text(const Document& value, Unit unit) {
  if (value.is_null()) return "–";
  if (const std::string* text = value.text()) return unit == Unit::kTime ? short_time(*text) : *text;
  if (const bool* flag = value.boolean()) return *flag ? "yes" : "no";
  const double number = value.number().value_or(0);
  switch (unit) {
    case Unit::kBytes: return human_bytes(number);
    case Unit::kCount: return group_thousands(static_cast<std::int64_t>(number));
    case Unit::kShare: return human_share(number);
    case Unit::kPercent: return human_percent(number);
    default: return human_number(number);
  }
}

}  // namespace rw
