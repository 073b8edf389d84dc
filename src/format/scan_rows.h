// From what internet scanners tell to rows of the table `scans`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "format/format.h"
#include "format/text_fields.h"
#include "model/records.h"

namespace rw {

// One answer as a scanner tells it; texts as the input has them.
struct ScanAnswer {
  std::string_view address;
  std::string_view time;     // anything read_time takes
  std::int64_t time_us = 0;  // used where `time` is empty
  std::int64_t port = 0;
  std::string_view transport;  // tcp, udp, sctp; empty where the row is about the host alone
  std::string_view service, product, version, os, device, banner, name;
};

class ScanRows {
 public:
  ScanRows(DecodeContext& context, std::string_view scanner) : emitter_(context.emitter), scanner_(scanner) {}
  void scanner(std::string_view name) { scanner_ = name; }
  // Counted as weird ("bad-address", "bad-time", "bad-port") when it cannot be a row.
  void add(const ScanAnswer& answer);

 private:
  Emitter& emitter_;
  std::string scanner_;
  TextSlots slots_;
};

}  // namespace rw
