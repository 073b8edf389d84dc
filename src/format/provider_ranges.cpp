// The address ranges that hosting providers publish: Amazon, Microsoft and Google as JSON, others as geofeeds (RFC
// 8805).
#include <algorithm>

#include "format/csv_line.h"
#include "format/format.h"
#include "format/indicator_rows.h"
#include "format/json_pieces.h"
#include "format/json_tree.h"
#include "format/log_lines.h"
#include "format/text_fields.h"
#include "model/indicator_text.h"

namespace rw {
namespace {

constexpr std::string_view kPaths[] = {"prefixes", "ipv6_prefixes", "values", "addresses", "ipv6_addresses"};

// The date in what stands before the ranges: seconds or milliseconds of syncToken, or creationTime.
std::optional<std::int64_t> date_of(const JsonPieces& pieces) {
  const auto& members = pieces.members();
  for (const std::string_view key : {"createDate", "creationTime"})
    if (const auto it = members.find(key); it != members.end())
      if (const auto date = find_date(it->second)) return date;
  std::int64_t us = 0;
  if (const auto it = members.find("syncToken"); it != members.end() && read_time(it->second, us)) return us;
  return std::nullopt;
}

class ProviderRanges {
 public:
  explicit ProviderRanges(DecodeContext& context)
      : context_(context), pieces_(context, kPaths), rows_(context, "hosting", "") {
    // Azure's file has its date in its name only: ServiceTags_Public_20190107.json.
    if (const auto date = list_date_from_input(context.emitter.source())) rows_.own_date(*date);
  }

  Result<void> run() {
    std::string_view piece;
    while (pieces_.next(piece)) {
      if (!begun_) begin();
      if (tree_.parse(piece))
        add(tree_.root());
      else
        context_.emitter.weird("bad-json", tree_.error());
    }
    if (!context_.input.status()) return Failure(context_.input.status().error());
    return {};
  }

 private:
  void begin() {
    begun_ = true;
    if (const auto date = date_of(pieces_)) rows_.own_date(*date);
  }

  void add(const JsonValue& item) {
    if (item.is_text()) {  // Fastly: bare ranges
      rows_.own_name("fastly");
      return range(item.view(), "cdn", "Fastly");
    }
    if (const JsonValue properties = item["properties"]) {
      rows_.own_name("azure");
      const std::string name = item["name"].text();
      const bool cdn = name.starts_with("AzureFrontDoor") || name.starts_with("AzureCdn");
      properties["addressPrefixes"].each(
          [&](const JsonValue& one) { range(one.view(), cdn ? "cdn" : "hosting", "Microsoft Azure"); });
      return;
    }
    const std::string service = item["service"].text();
    if (const JsonValue prefix = item["ip_prefix"] ? item["ip_prefix"] : item["ipv6_prefix"]) {
      rows_.own_name("aws");
      return range(prefix.view(), service.starts_with("CLOUDFRONT") ? "cdn" : "hosting", "Amazon");
    }
    if (const JsonValue prefix = item["ipv4Prefix"] ? item["ipv4Prefix"] : item["ipv6Prefix"]) {
      rows_.own_name(service.empty() ? "google" : "google-cloud");
      return range(prefix.view(), "hosting", service.empty() ? "Google" : "Google Cloud");
    }
    context_.emitter.weird("no-range");
  }

  void range(std::string_view text, std::string_view purpose, std::string_view provider) {
    ListEntry entry;
    entry.purpose = purpose;
    entry.label = provider;
    rows_.add(IndicatorRows::Kind::kAddress, text, entry);
  }

  DecodeContext& context_;
  JsonPieces pieces_;
  IndicatorRows rows_;
  JsonTree tree_;
  bool begun_ = false;
};

int detect_ranges(Bytes head, std::string_view) {
  const std::string_view text = as_text(head);
  if (!looks_like_json(text)) return 0;
  const bool token = has_json_key(text, "syncToken") && has_json_key(text, "prefixes");
  const bool azure = has_json_key(text, "changeNumber") && has_json_key(text, "cloud") && has_json_key(text, "values");
  const bool fastly = has_json_key(text, "addresses") && text.find("\"ipv6_addresses\"") != std::string_view::npos;
  return token || azure || fastly ? 90 : 0;
}

Result<void> decode_ranges(DecodeContext& context) { return ProviderRanges(context).run(); }

// A line of a geofeed: prefix, country, region, city, postal code.
bool geofeed_line(std::string_view line, CsvLine& csv) {
  if (!csv.parse(line) || csv.size() < 3 || csv.size() > 6) return false;
  AddressSpan span;
  const std::string_view country = csv[1];
  const bool code = country.empty() || (country.size() == 2 && std::all_of(country.begin(), country.end(), [](char c) {
                                          return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
                                        }));
  return code && csv[0].find_first_of("/.:") != std::string_view::npos && read_address_span(csv[0], span);
}

int detect_geofeed(Bytes head, std::string_view) {
  std::string_view text = as_text(head);
  CsvLine csv;
  int good = 0, bad = 0;
  for (int i = 0; i < 30 && !text.empty(); ++i) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos && good > 0) break;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#' || line == "\r") continue;
    ++(geofeed_line(line, csv) ? good : bad);
  }
  return good > 0 && bad * 5 <= good ? 70 : 0;
}

Result<void> decode_geofeed(DecodeContext& context) {
  IndicatorRows rows(context, "hosting", "");
  const std::string provider = rows.name();
  if (const auto date = list_date_from_input(context.emitter.source())) rows.own_date(*date);
  LogLines lines(context);
  CsvLine csv;
  std::string_view line;
  while (lines.next(line)) {
    if (!lines.seen_part().empty()) lines.take_as_new();
    if (line.front() == '#') {
      if (const auto date = find_date(line)) rows.own_date(*date);
      continue;
    }
    if (!geofeed_line(line, csv)) {
      context.emitter.weird("bad-line", line);
      continue;
    }
    ListEntry entry;
    entry.label = provider;
    rows.add(IndicatorRows::Kind::kAddress, csv[0], entry);
  }
  return log_status(context);
}

}  // namespace

extern constinit const Format kProviderRangesFormat{
    "provider-ranges",
    "Address ranges of cloud providers",
    "indicators",
    "ip-ranges.json of Amazon, ServiceTags_Public_*.json of Microsoft, cloud.json and goog.json of Google and Fastly's "
    "public-ip-list: purpose hosting, or cdn for CloudFront, Azure Front Door and Fastly; the label is the provider. "
    "Dated by syncToken, creationTime or the date in the file's name.",
    detect_ranges,
    decode_ranges};

extern constinit const Format kGeofeedFormat{
    "geofeed",
    "Geofeed of a provider (RFC 8805)",
    "indicators",
    "prefix,country,region,city,postal code, as DigitalOcean, Linode and others publish their ranges. Purpose hosting, "
    "name and label from --list-name, else from the input's name; what it says of places is not kept.",
    detect_geofeed,
    decode_geofeed};

}  // namespace rw
