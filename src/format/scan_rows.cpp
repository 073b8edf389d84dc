// Rows of scans: texts escaped and cut, services in lower case.
#include "format/scan_rows.h"

#include "format/indicator_rows.h"

namespace rw {
namespace {

constexpr std::size_t kMaxBanner = 255;
constexpr std::size_t kMaxWord = 128;  // of services, products and the like: few distinct values are expected

}  // namespace

void ScanRows::add(const ScanAnswer& answer) {
  slots_.clear();
  Scan row;
  if (!read_address(answer.address, row.address)) return emitter_.weird("bad-address", answer.address);
  row.time = answer.time_us;
  if (!answer.time.empty() && !read_time(answer.time, row.time)) {
    const auto date = find_date(answer.time);  // "2019-01-31 12:00:00 UTC"
    if (!date) return emitter_.weird("bad-time", answer.time);
    row.time = *date;
  }
  if (row.time == 0) return emitter_.weird("no-time", answer.address);
  if (answer.port < 0 || answer.port > 65'535) return emitter_.weird("bad-port", std::to_string(answer.port));
  row.port = static_cast<std::uint16_t>(answer.port);
  if (answer.transport == "udp" || answer.transport == "UDP" || answer.transport == "QUIC")
    row.proto = 17;
  else if (answer.transport == "sctp")
    row.proto = 132;
  else if (answer.port != 0 || answer.transport == "tcp" || answer.transport == "TCP")
    row.proto = 6;
  const auto word = [this](std::string_view text) {
    return text.empty() ? std::string_view() : slots_.escaped(text.substr(0, kMaxWord));
  };
  std::string service(answer.service.substr(0, kMaxWord));
  for (char& c : service)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (service == "unknown") service.clear();
  row.service = word(service);
  row.product = word(answer.product);
  row.product_version = word(answer.version);
  row.os = word(answer.os);
  row.device = word(answer.device);
  row.name = word(answer.name);
  const std::size_t text = answer.banner.find_first_not_of(" \t\r\n");
  if (text != std::string_view::npos) row.banner = slots_.escaped(answer.banner.substr(text, kMaxBanner));
  row.scanner = scanner_;
  emitter_.add(row);
}

}  // namespace rw
