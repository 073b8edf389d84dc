// Shodan's banners: JSON lines, search results and host records.
#include "format/format.h"
#include "format/json_pieces.h"
#include "format/json_tree.h"
#include "format/scan_rows.h"

namespace rw {
namespace {

constexpr std::string_view kPaths[] = {"matches", "data"};

int detect(Bytes head, std::string_view) {
  const std::string_view text = as_text(head);
  if (!looks_like_json(text)) return 0;
  if (has_json_key(text, "_shodan")) return 95;
  return has_json_key(text, "ip_str") && (has_json_key(text, "port") || has_json_key(text, "ports")) ? 85 : 0;
}

void add(const JsonValue& banner, ScanRows& rows) {
  ScanAnswer answer;
  const std::string address = banner["ip_str"].text();
  const std::string module = banner["_shodan"]["module"].text();
  const std::string product = banner["product"].text(), version = banner["version"].text(), os = banner["os"].text();
  const std::string device = banner["devicetype"].text();
  std::string name;
  banner["hostnames"].each([&](const JsonValue& one) {
    if (name.empty()) name = one.text();
  });
  answer.address = address;
  const std::string time = banner["timestamp"].text();
  answer.time = time;
  answer.port = banner["port"].integer().value_or(0);
  answer.transport = banner["transport"].view().empty() ? "tcp" : banner["transport"].view();
  // Modules carry the transport where one service has two: "dns-udp".
  answer.service = module;
  for (const std::string_view end : {"-udp", "-tcp"})
    if (answer.service.ends_with(end)) answer.service.remove_suffix(end.size());
  answer.product = product;
  answer.version = version;
  answer.os = os;
  answer.device = device;
  answer.banner = banner["data"].view();
  answer.name = name;
  rows.add(answer);
}

Result<void> decode(DecodeContext& context) {
  JsonPieces pieces(context, kPaths);
  ScanRows rows(context, "shodan");
  JsonTree tree;
  std::string_view piece;
  while (pieces.next(piece)) {
    if (!tree.parse(piece))
      context.emitter.weird("bad-json", tree.error());
    else if (tree.root()["ip_str"])
      add(tree.root(), rows);
    else
      context.emitter.skipped("object without an address");
  }
  if (!context.input.status()) return Failure(context.input.status().error());
  return {};
}

}  // namespace

extern constinit const Format kShodanFormat{
    "shodan",
    "Shodan banners, JSON",
    "scans",
    "Banners as Shodan's downloads have them, one object a line, and the lists in search results and host records: "
    "address, port, time, module as the service, product, version, system, kind of device, first 255 bytes of the "
    "banner and first host name.",
    detect,
    decode};

}  // namespace rw
