// MISP events as JSON: attributes that are meant for detection.
#include <array>

#include "format/format.h"
#include "format/indicator_rows.h"
#include "format/json_pieces.h"
#include "format/json_tree.h"
#include "format/text_fields.h"

namespace rw {
namespace {

constexpr std::string_view kPaths[] = {"response"};

using Kind = IndicatorRows::Kind;

// Types whose value is one indicator, or two with a bar between them of which some count.
struct AttributeType {
  std::string_view name;
  Kind first;
  bool first_counts = true;
  bool second = false;
  Kind second_kind = Kind::kHash;
};
constexpr auto kTypes = std::to_array<AttributeType>({
    {"ip-src", Kind::kAddress},
    {"ip-dst", Kind::kAddress},
    {"ip-src|port", Kind::kAddress},
    {"ip-dst|port", Kind::kAddress},
    {"domain", Kind::kDomain},
    {"hostname", Kind::kDomain},
    {"hostname|port", Kind::kDomain},
    {"domain|ip", Kind::kDomain, true, true, Kind::kAddress},
    {"url", Kind::kUrl},
    {"md5", Kind::kHash},
    {"sha1", Kind::kHash},
    {"sha256", Kind::kHash},
    {"filename|md5", Kind::kHash, false, true},
    {"filename|sha1", Kind::kHash, false, true},
    {"filename|sha256", Kind::kHash, false, true},
    {"malware-sample", Kind::kHash, false, true},
    {"ja3-fingerprint-md5", Kind::kJa3},
    {"ja4-plus", Kind::kJa4},
    {"ja4", Kind::kJa4},
});

std::optional<std::int64_t> time_of(const JsonValue& value) {
  std::int64_t us = 0;
  const std::string text = value.text();
  if (text.empty() || !read_time(text, us)) return std::nullopt;
  return us;
}

class Event {
 public:
  Event(const JsonValue& event, IndicatorRows& rows, Emitter& emitter)
      : event_(event),
        rows_(rows),
        emitter_(emitter),
        info_(event["info"].text()),
        list_(event["Orgc"]["name"].text()),
        uuid_(event["uuid"].text()) {
    if (const auto date = Timestamp::parse(event["date"].text())) date_ = date->us;
    changed_ = time_of(event["timestamp"]);
  }

  void read() {
    event_["Attribute"].each([this](const JsonValue& one) { attribute(one); });
    event_["Object"].each([this](const JsonValue& object) {
      object["Attribute"].each([this](const JsonValue& one) { attribute(one); });
    });
  }

 private:
  void attribute(const JsonValue& one) {
    const std::string_view type = one["type"].view();
    const AttributeType* known = nullptr;
    for (const AttributeType& each : kTypes)
      if (each.name == type) known = &each;
    if (known == nullptr) return emitter_.skipped(type.empty() ? "attribute without a type" : type);
    if (one["deleted"].truth().value_or(false)) return emitter_.skipped("deleted attribute");
    if (one["to_ids"].text() != "true" && one["to_ids"].text() != "1")
      return emitter_.skipped("attribute not for detection");
    ListEntry entry;
    entry.label = info_;
    entry.list = list_;
    const std::string uuid = one["uuid"].text();
    entry.reference = uuid.empty() ? uuid_ : uuid;
    entry.valid_from = time_of(one["first_seen"]);
    if (!entry.valid_from) entry.valid_from = date_ ? date_ : time_of(one["timestamp"]);
    // What was last seen at some hour was there on that day.
    if (const auto last = time_of(one["last_seen"])) entry.valid_until = *last + kDay.us;
    entry.time = changed_ ? changed_ : entry.valid_from;
    const std::string_view value = one["value"].view();
    const std::size_t bar = type.find('|') == std::string_view::npos && type != "malware-sample"
                                ? std::string_view::npos
                                : value.rfind('|');
    if (known->first_counts) rows_.add(known->first, value.substr(0, bar), entry);
    if (known->second && bar != std::string_view::npos) rows_.add(known->second_kind, value.substr(bar + 1), entry);
  }

  JsonValue event_;
  IndicatorRows& rows_;
  Emitter& emitter_;
  std::string info_, list_, uuid_;
  std::optional<std::int64_t> date_, changed_;
};

int detect(Bytes head, std::string_view) {
  const std::string_view text = as_text(head);
  if (!looks_like_json(text)) return 0;
  if (has_json_key(text, "Event") &&
      (has_json_key(text, "info") || has_json_key(text, "Attribute") || has_json_key(text, "threat_level_id")))
    return 90;
  return has_json_key(text, "to_ids") && has_json_key(text, "category") ? 80 : 0;
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
    const JsonValue root = tree.root();
    const JsonValue event = root["Event"] ? root["Event"] : root;
    if (!event["Attribute"] && !event["Object"]) {
      context.emitter.skipped("object without attributes");
      continue;
    }
    Event(event, rows, context.emitter).read();
  }
  if (!context.input.status()) return Failure(context.input.status().error());
  return {};
}

}  // namespace

extern constinit const Format kMispFormat{
    "misp",
    "MISP event or feed, JSON",
    "indicators",
    "Events as MISP exports them and as its feeds hold them, one or several a file. Attributes with to_ids of the "
    "types "
    "for addresses, domains, URLs, MD5, SHA-1, SHA-256, JA3 and JA4 are read, those of objects too; others are "
    "counted. Valid from first_seen, else from the event's date, until the day after last_seen where it is told. The "
    "list is named after the event's organisation, the label is the event's info; the purpose is threat unless "
    "--list-purpose says another.",
    detect,
    decode};

}  // namespace rw
