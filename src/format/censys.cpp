// Censys hosts (search API version 2, and exports of it): one row a service.
#include "format/format.h"
#include "format/json_pieces.h"
#include "format/json_tree.h"
#include "format/scan_rows.h"

namespace rw {
namespace {

constexpr std::string_view kPaths[] = {"result/hits", "hits"};

int detect(Bytes head, std::string_view) {
  const std::string_view text = as_text(head);
  if (!looks_like_json(text) || !has_json_key(text, "services") || !has_json_key(text, "ip")) return 0;
  return has_json_key(text, "service_name") || has_json_key(text, "extended_service_name") ||
                 has_json_key(text, "last_updated_at")
             ? 85
             : 0;
}

// The first software that is named, and the vendor where it is told apart.
std::string product_of(const JsonValue& service, std::string& version) {
  std::string product;
  service["software"].each([&](const JsonValue& one) {
    if (!product.empty() || !one["product"]) return;
    product = one["product"].text();
    version = one["version"].text();
    const std::string vendor = one["vendor"].text();
    if (!vendor.empty() && product.find(vendor) == std::string::npos) product = vendor + " " + product;
  });
  return product;
}

void add_host(const JsonValue& host, ScanRows& rows) {
  const std::string address = host["ip"].text();
  const std::string os = host["operating_system"]["product"].text();
  const std::string updated = host["last_updated_at"].text();
  std::string device;
  host["labels"].each([&](const JsonValue& label) {
    if (device.empty()) device = label.text();
  });
  std::string name = host["dns"]["reverse_dns"]["name"].text();
  host["dns"]["reverse_dns"]["names"].each([&](const JsonValue& one) {
    if (name.empty()) name = one.text();
  });
  host["services"].each([&](const JsonValue& service) {
    ScanAnswer answer;
    std::string version;
    const std::string product = product_of(service, version);
    const std::string seen = service["observed_at"].text(), transport = service["transport_protocol"].text();
    answer.address = address;
    answer.time = seen.empty() ? std::string_view(updated) : std::string_view(seen);
    answer.port = service["port"].integer().value_or(0);
    answer.transport = transport.empty() ? std::string_view("tcp") : std::string_view(transport);
    answer.service = service["extended_service_name"].view();
    if (answer.service.empty()) answer.service = service["service_name"].view();
    answer.product = product;
    answer.version = version;
    answer.os = os;
    answer.device = device;
    answer.banner = service["banner"].view();
    answer.name = name;
    rows.add(answer);
  });
}

Result<void> decode(DecodeContext& context) {
  JsonPieces pieces(context, kPaths);
  ScanRows rows(context, "censys");
  JsonTree tree;
  std::string_view piece;
  while (pieces.next(piece)) {
    if (!tree.parse(piece)) {
      context.emitter.weird("bad-json", tree.error());
      continue;
    }
    const JsonValue host = tree.root()["result"] ? tree.root()["result"] : tree.root();
    if (host["ip"])
      add_host(host, rows);
    else
      context.emitter.skipped("object without an address");
  }
  if (!context.input.status()) return Failure(context.input.status().error());
  return {};
}

}  // namespace

extern constinit const Format kCensysFormat{
    "censys",
    "Censys hosts, JSON",
    "scans",
    "Hosts of Censys Search 2: one host as the API gives it, pages of a search, or one host a line. A row for each "
    "service, with its time, name, first software, banner, and the host's system, first label and name.",
    detect,
    decode};

}  // namespace rw
