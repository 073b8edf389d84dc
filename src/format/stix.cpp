// STIX 2.0 and 2.1 bundles (OASIS): the values that indicators' patterns compare with.
#include "format/format.h"
#include "format/indicator_rows.h"
#include "format/json_pieces.h"
#include "format/json_tree.h"
#include "format/stix_pattern.h"
#include "format/text_fields.h"

namespace rw {
namespace {

constexpr std::string_view kPaths[] = {"objects"};

std::optional<std::int64_t> time_of(const JsonValue& value) {
  std::int64_t us = 0;
  const std::string text = value.text();
  if (text.empty() || !read_time(text, us)) return std::nullopt;
  return us;
}

// "malicious-activity, ryuk": what kinds of thing an indicator stands for; its name where it says none.
std::string label_of(const JsonValue& object) {
  std::string label;
  for (const char* key : {"indicator_types", "labels"})
    object[key].each([&](const JsonValue& one) {
      if (!one.view().empty()) (label += label.empty() ? "" : ", ") += one.view();
    });
  return label.empty() ? object["name"].text() : label;
}

bool is_benign(const JsonValue& object) {
  bool benign = false;
  object["indicator_types"].each([&](const JsonValue& one) { benign = benign || one.view() == "benign"; });
  return benign;
}

void add_indicator(const JsonValue& object, IndicatorRows& rows, Emitter& emitter) {
  if (object["revoked"].truth().value_or(false)) return emitter.skipped("revoked indicator");
  if (is_benign(object)) return emitter.skipped("benign indicator");
  const std::string_view language = object["pattern_type"].view();
  if (!language.empty() && language != "stix") return emitter.skipped("indicator in " + std::string(language));
  const std::string label = label_of(object);
  const std::string id = object["id"].text();
  ListEntry entry;
  entry.label = label;
  entry.reference = id;
  const auto created = time_of(object["created"]);
  entry.valid_from = time_of(object["valid_from"]);
  if (!entry.valid_from) entry.valid_from = created;
  entry.valid_until = time_of(object["valid_until"]);
  entry.time = time_of(object["modified"]);
  if (!entry.time) entry.time = created ? created : entry.valid_from;
  if (const auto confidence = object["confidence"].integer(); confidence && *confidence >= 0 && *confidence <= 100)
    entry.confidence = static_cast<std::uint8_t>(*confidence);
  std::vector<StixComparison> values;
  switch (read_stix_pattern(object["pattern"].view(), values)) {
    case StixPattern::kValues:
      for (const StixComparison& one : values) rows.add(one.kind, one.value, entry);
      return;
    case StixPattern::kOther: return emitter.skipped("indicator with a pattern of several conditions");
    case StixPattern::kBad: return emitter.weird("bad-pattern", object["pattern"].view());
  }
}

int detect(Bytes head, std::string_view) {
  const std::string_view text = as_text(head);
  if (!looks_like_json(text)) return 0;
  const bool spec = has_json_key(text, "spec_version") && has_json_key(text, "type");
  const bool bundle = text.find("\"bundle--") != std::string_view::npos;
  return bundle || (spec && has_json_key(text, "objects")) || text.find("\"indicator--") != std::string_view::npos ? 95
                                                                                                                   : 0;
}

Result<void> decode(DecodeContext& context) {
  JsonPieces pieces(context, kPaths);
  IndicatorRows rows(context, "threat", "");
  JsonTree tree;
  std::string_view piece;
  while (pieces.next(piece)) {
    if (!tree.parse(piece)) {
      context.emitter.weird("bad-json", tree.error());
      continue;
    }
    const JsonValue object = tree.root();
    const std::string_view type = object["type"].view();
    if (type == "indicator")
      add_indicator(object, rows, context.emitter);
    else
      context.emitter.skipped(type.empty() ? "object without a type" : type);
  }
  if (!context.input.status()) return Failure(context.input.status().error());
  return {};
}

}  // namespace

extern constinit const Format kStixFormat{
    "stix",
    "STIX 2.1 bundle",
    "indicators",
    "Indicators of STIX 2.0 and 2.1 bundles whose patterns compare an address, a domain, a URL or a file's hash with "
    "values, alone or joined by OR. Patterns that need several conditions at once (AND, FOLLOWEDBY), other pattern "
    "languages, revoked and benign indicators and other objects are counted and passed over. Valid from valid_from "
    "until valid_until; the purpose is threat unless --list-purpose says another.",
    detect,
    decode};

}  // namespace rw
