// What all mail reports have in common: where they came from, their texts made safe, and one report counted once.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "format/format.h"
#include "format/text_fields.h"
#include "message/utf8.h"
#include "model/records.h"

namespace rw {

// How a report reached us; what it does not say itself is taken from here.
struct ReportOrigin {
  std::string name;                  // of the file or attachment: receiver!domain!begin!end[!id].xml (7489 7.2.1.1)
  bool attached = false;             // inside a mail message: then places are those of the message
  std::uint64_t message_offset = 0;  // of it in the input, and
  std::uint64_t message_bytes = 0;   // its length, 0 unknown
  std::optional<std::int64_t> message_time;  // its Date, us
  std::string message_id;                    // of it
  std::string message_from;                  // address of its author
};

// What a report's file name says (RFC 7489 7.2.1.1, RFC 8460 5.1); empty or null where it does not.
struct ReportName {
  std::string receiver, domain;
  std::optional<std::int64_t> begin, end;  // us
};
ReportName parse_report_name(std::string_view name);

// Rows of one report on their way to the emitter.
class ReportRows {
 public:
  ReportRows(DecodeContext& context, const ReportOrigin& origin);

  // The byte of the report that is being read.
  void at(std::uint64_t offset);
  // `detail` may hold bytes from the input.
  void weird(std::string_view code, std::string_view detail = {});

  // Who made which report, in the words of the report: what makes two copies of it one. Set before the first row.
  void identify(std::string identity) { identity_ = std::move(identity); }
  // Row by row, in the report's order. A row that an earlier copy of the report brought is counted as
  // skipped("repeated-row") and not kept.
  void add(const MailRow& row);
  // Remembers what was taken. Called at the end, also of a report that broke off.
  void finish();

  std::uint64_t rows() const { return rows_; }  // offered, repeated ones too
  const ReportOrigin& origin() const { return origin_; }
  Emitter& emitter() { return context_.emitter; }

 private:
  DecodeContext& context_;
  const ReportOrigin& origin_;
  std::string identity_;
  std::uint64_t rows_ = 0;
  std::uint64_t known_ = 0;  // of them, from the first, an earlier copy brought
  std::int64_t begins_ = 0;
  bool old_ = false;  // lies before what is new of a grown input: the emitter leaves it out by itself
};

// Domain of a field that should hold one: lower case, A-labels, no final dot, what follows an "@", angle brackets taken
// off. False where it is none (`out` is then "").
bool report_domain(std::string_view text, std::string& out);
// All of the input that is left, and at least one byte more than `limit` where there is more: what is small costs
// little.
Bytes peek_all(StreamReader& input, std::size_t limit);
// "r" and "s", "pass": one of `values`, case folded; empty data() where it is none of them.
std::string_view one_of(std::string_view text, std::span<const std::string_view> values);

}  // namespace rw
