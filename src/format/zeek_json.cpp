// Zeek logs written as JSON, one object per line.
#include "format/format.h"
#include "format/json_line.h"
#include "format/log_lines.h"
#include "format/zeek_rows.h"

namespace rw {
namespace {

class JsonDecoder {
 public:
  explicit JsonDecoder(DecodeContext& context)
      : context_(context), lines_(context), rows_(context), paths_(paths()), json_(views(paths_)) {}

  Result<void> run() {
    std::string_view line;
    while (lines_.next(line)) {
      if (!lines_.seen_part().empty() && !json_.parse(lines_.seen_part())) lines_.take_as_new();
      if (json_.parse(line))
        record();
      else
        context_.emitter.weird(lines_.unfinished() ? "unfinished-line" : "bad-json", json_.error());
    }
    RW_TRY(log_status(context_));
    if (read_ == 0 && !unread_.empty()) return Failure(ErrorCode::kUnsupported, zeek_log_not_read(unread_));
    return {};
  }

 private:
  static std::vector<std::string> paths() {
    std::vector<std::string> all;
    for (const std::string_view name : zeek_field_names())
      all.push_back(std::string(name) + (all.size() >= kZeekFirstList ? "[]" : ""));
    for (const std::string_view end : {"orig_h", "orig_p", "resp_h", "resp_p"})  // some shippers nest them
      all.push_back("id/" + std::string(end));
    return all;
  }
  static std::vector<std::string_view> views(const std::vector<std::string>& all) { return {all.begin(), all.end()}; }

  void record() {
    for (std::size_t i = 0; i < kZeekFirstList; ++i) values_.texts[i] = json_.text(i);
    for (std::size_t i = kZeekFirstList; i < kZeekFieldCount; ++i) values_.lists[i - kZeekFirstList] = json_.list(i);
    if (!values_.has(ZeekField::kOrigH)) {
      constexpr ZeekField kEnds[] = {ZeekField::kOrigH, ZeekField::kOrigP, ZeekField::kRespH, ZeekField::kRespP};
      for (std::size_t i = 0; i < 4; ++i)
        values_.texts[static_cast<std::size_t>(kEnds[i])] = json_.text(kZeekFieldCount + i);
    }
    const std::string_view path = values_[ZeekField::kPath];
    ZeekLog log = zeek_log_from_path(path);
    if (path.data() == nullptr) log = zeek_log_from_fields([this](ZeekField field) { return values_.has(field); });
    if (log == ZeekLog::kUnknown) {
      const std::string_view kind = path.empty() ? std::string_view(kZeekLogUnnamed) : path;
      if (unread_.empty()) unread_ = kind;
      return context_.emitter.skipped(kind);
    }
    ++read_;
    rows_.add(log, values_);
  }

  DecodeContext& context_;
  LogLines lines_;
  ZeekRows rows_;
  std::vector<std::string> paths_;
  JsonLine json_;
  ZeekValues values_;
  std::uint64_t read_ = 0;
  std::string unread_;
};

int detect(Bytes head, std::string_view) {
  const std::string_view text = as_text(head);
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || text[start] != '{') return 0;
  const std::string_view line = text.substr(start, text.find('\n', start) - start);
  const auto has = [line](std::string_view key) { return line.find(key) != std::string_view::npos; };
  if (!has("\"ts\"")) return 0;
  return has("\"_path\"") || has("\"uid\"") || has("\"fuid\"") || has("\"id.orig_h\"") ? 90 : 0;
}

Result<void> decode(DecodeContext& context) { return JsonDecoder(context).run(); }

}  // namespace

extern constinit const Format kZeekJsonFormat{
    "zeek-json",
    "Zeek logs, JSON lines",
    "flows, dns, dns_answers, tls, http, files",
    "conn, dns, ssl, http and files logs as Zeek's JSON writer makes them, told "
    "apart by _path or by their keys, also mixed in one "
    "file; times as seconds, milliseconds or ISO 8601. Bytes are the "
    "IP-layer counts (orig_ip_bytes, resp_ip_bytes). Other "
    "logs are named and passed over.",
    detect,
    decode};

}  // namespace rw
