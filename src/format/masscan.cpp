// masscan's JSON and list output (its XML is Nmap's).
#include "format/format.h"
#include "format/json_pieces.h"
#include "format/json_tree.h"
#include "format/log_lines.h"
#include "format/scan_rows.h"

namespace rw {
namespace {

std::string_view word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view first = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return first;
}

// "open tcp 80 192.0.2.1 1546300800", "banner tcp 80 192.0.2.1 1546300800 http HTTP/1.1 200 OK"
bool read_line(std::string_view line, ScanAnswer& answer) {
  const std::string_view kind = word(line);
  if (kind != "open" && kind != "banner") return false;
  answer.transport = word(line);
  if (!read_integer(word(line), answer.port)) return false;
  answer.address = word(line);
  answer.time = word(line);
  if (kind == "banner") {
    answer.service = word(line);
    answer.banner = line;
  }
  return !answer.time.empty();
}

bool list_head(std::string_view text) {
  if (text.starts_with("#masscan")) return true;
  ScanAnswer answer;
  Ip address;
  return read_line(text.substr(0, text.find_first_of("\r\n")), answer) && read_address(answer.address, address);
}

int detect(Bytes head, std::string_view) {
  const std::string_view text = as_text(head);
  if (list_head(text)) return 90;
  if (!looks_like_json(text)) return 0;
  return has_json_key(text, "ip") && has_json_key(text, "ports") && has_json_key(text, "timestamp") &&
                 has_json_key(text, "proto")
             ? 85
             : 0;
}

void add(const JsonValue& host, ScanRows& rows) {
  const std::string address = host["ip"].text(), time = host["timestamp"].text();
  host["ports"].each([&](const JsonValue& port) {
    const std::string state = port["status"].text();
    if (!state.empty() && state != "open") return;
    ScanAnswer answer;
    answer.address = address;
    answer.time = time;
    answer.port = port["port"].integer().value_or(0);
    answer.transport = port["proto"].view();
    answer.service = port["service"]["name"].view();
    answer.banner = port["service"]["banner"].view();
    rows.add(answer);
  });
}

Result<void> decode_json(DecodeContext& context) {
  JsonPieces pieces(context, {});
  ScanRows rows(context, "masscan");
  JsonTree tree;
  std::string_view piece;
  while (pieces.next(piece)) {
    if (piece.find("finished") != std::string_view::npos && piece.size() < 40) continue;  // old versions' last item
    if (tree.parse(piece))
      add(tree.root(), rows);
    else
      context.emitter.weird("bad-json", tree.error());
  }
  if (!context.input.status()) return Failure(context.input.status().error());
  return {};
}

Result<void> decode_list(DecodeContext& context) {
  ScanRows rows(context, "masscan");
  LogLines lines(context);
  std::string_view line;
  while (lines.next(line)) {
    if (line.front() == '#') continue;
    if (!lines.seen_part().empty()) lines.take_as_new();
    ScanAnswer answer;
    if (read_line(line, answer))
      rows.add(answer);
    else
      context.emitter.weird(lines.unfinished() ? "unfinished-line" : "bad-line", line);
  }
  return log_status(context);
}

Result<void> decode(DecodeContext& context) {
  const std::string_view head = as_text(context.input.peek(1));
  return looks_like_json(head) ? decode_json(context) : decode_list(context);
}

}  // namespace

extern constinit const Format kMasscanFormat{
    "masscan",
    "masscan results, JSON or list",
    "scans",
    "Open ports as masscan -oJ, -oD and -oL write them, with banners where they were taken; its XML (-oX) is read as "
    "Nmap's.",
    detect,
    decode};

}  // namespace rw
