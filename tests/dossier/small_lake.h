// Small lakes for tests: flows and DNS rows from a few words each.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lake/lake.h"
#include "model/emitter.h"
#include "model/records.h"
#include "model/subject.h"

namespace rw {

// A flow with sensible defaults; change what matters.
Flow tcp(std::string_view time, std::string_view src, std::string_view dst, std::uint16_t dst_port, std::int64_t bytes);

class SmallLake {
 public:
  SmallLake();
  ~SmallLake();

  Lake& lake() { return *lake_; }
  const std::string& folder() const { return folder_; }
  // Rows become visible together. Text members must live until this returns.
  void add(const std::vector<Flow>& flows, const std::vector<Dns>& dns = {},
           const std::vector<DnsAnswer>& answers = {});
  // Rows of any kind: `fill` adds them.
  void add_rows(const std::function<void(Emitter&)>& fill);

 private:
  std::string folder_;
  std::unique_ptr<Lake> lake_;
  int inputs_ = 0;
};

Ip ip(std::string_view text);
Timestamp at(std::string_view text);
// 175.45.176.0/22 in Asia/Pyongyang.
Subject watched_space();

}  // namespace rw
