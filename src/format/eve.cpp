// Suricata's EVE log: one JSON event per line.
#include <array>

#include "format/eve_rows.h"
#include "format/format.h"
#include "format/json_line.h"
#include "format/log_lines.h"

namespace rw {
namespace {

int detect(Bytes head, std::string_view) {
  const std::string_view text = as_text(head);
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || text[start] != '{') return 0;
  const std::string_view line = text.substr(start, text.find('\n', start) - start);
  if (line.find("\"timestamp\"") == std::string_view::npos) return 0;
  constexpr std::string_view kKey = "\"event_type\"";
  const std::size_t key = line.find(kKey);
  if (key == std::string_view::npos) return 0;
  // Other programs have an event_type too; Suricata's events name a flow, a capture interface, or are statistics.
  for (const std::string_view own : {"\"flow_id\"", "\"src_ip\"", "\"in_iface\"", "\"stats\"", "\"engine\""})
    if (line.find(own) != std::string_view::npos) return 90;
  return 0;
}

Result<void> decode(DecodeContext& context) {
  LogLines lines(context);
  EveRows rows(context);
  JsonLine json(eve_field_paths());
  std::string_view line;
  while (lines.next(line)) {
    if (!lines.seen_part().empty() && !json.parse(lines.seen_part())) lines.take_as_new();
    if (json.parse(line))
      rows.add(json);
    else
      context.emitter.weird(lines.unfinished() ? "unfinished-line" : "bad-json", json.error());
  }
  return log_status(context);
}

}  // namespace

extern constinit const Format kSuricataEveFormat{
    "suricata-eve",
    "Suricata EVE log",
    "flows, dns, dns_answers, tls, http, alerts, files",
    "flow, netflow, dns (versions 1 to 3), tls, quic, http, fileinfo and alert events of eve.json; other events are "
    "counted by "
    "kind. "
    "Suricata counts link-layer bytes, so flows are larger than the IP layer's by 14 bytes a packet on Ethernet; "
    "netflow "
    "events are kept under a sensor of their own, because they tell what flow events tell too.",
    detect,
    decode};

}  // namespace rw
