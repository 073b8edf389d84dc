// From what a list says to rows of the table `indicators`: names, dates and purposes that all list formats share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "format/format.h"
#include "model/records.h"

namespace rw {

// What one line says beside its value. Texts are as the input has them; they are escaped here.
struct ListEntry {
  std::string_view label;
  std::string_view reference;
  std::string_view purpose;  // empty: the list's
  std::string_view list;     // empty: the list's name
  std::optional<std::int64_t> valid_from;
  std::optional<std::int64_t> valid_until;
  std::optional<std::uint8_t> confidence;
  std::optional<std::int64_t> time;  // of the snapshot, where it is not the list's
};

class IndicatorRows {
 public:
  // What the format knows: empty where only a person can say. The options win.
  IndicatorRows(DecodeContext& context, std::string_view purpose, std::string_view name);

  const std::string& purpose() const { return purpose_; }
  const std::string& name() const { return name_; }
  void own_purpose(std::string_view purpose);  // unless an option said another
  void own_name(std::string_view name);
  void own_date(std::int64_t us);
  bool has_date() const { return dated_; }

  enum class Kind : std::uint8_t { kAny, kAddress, kDomain, kUrl, kHash, kJa3, kJa4 };
  // False, and counted as weird ("bad-indicator"), when the value is not of its kind.
  bool add(Kind kind, std::string_view value, const ListEntry& entry = {});
  // Whether a value could be an indicator: for detection.
  static bool is_indicator(std::string_view value);

  // The failure of a list whose purpose nobody told.
  Result<void> need_purpose(std::string_view what) const;

 private:
  bool fill(Kind kind, std::string_view value, Indicator& row);

  Emitter& emitter_;
  std::string purpose_, name_;
  bool purpose_given_ = false, name_given_ = false, date_given_ = false, dated_ = false;
  std::int64_t time_ = 0;
  std::string text_, label_, reference_, list_;
};

// The name of an input without folders, endings and date, so that copies of other days are snapshots of one list:
// "feeds/bad-hosts-2019-05-01.txt.gz" -> "bad-hosts".
std::string list_name_from_input(std::string_view input_name);
// The date in it.
std::optional<std::int64_t> list_date_from_input(std::string_view input_name);
// A date in a text: the first "2019-01-31", with a time behind it where there is one ("T12:00:00Z", " 12:00:00"), or
// "20190131" between other characters. UTC.
std::optional<std::int64_t> find_date(std::string_view text);

}  // namespace rw
