// Zeek's conn.log and dns.log in its tab-separated form, as its ASCII writer makes them.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "scenario/conversation.h"
#include "scenario/file_writer.h"

namespace rw::scenario {

class ZeekConnWriter {
 public:
  Result<void> open(const std::string& path, Timestamp opened);
  void add(const Conversation& conversation);
  Result<void> close();
  const Result<void>& status() const { return file_.status(); }
  std::uint64_t rows() const { return rows_; }

 private:
  FileWriter file_;
  Timestamp last_;
  std::uint64_t rows_ = 0;
  std::string line_;
};

class ZeekDnsWriter {
 public:
  Result<void> open(const std::string& path, Timestamp opened);
  void add(const DnsExchange& exchange);
  Result<void> close();
  const Result<void>& status() const { return file_.status(); }
  std::uint64_t rows() const { return rows_; }

 private:
  FileWriter file_;
  Timestamp last_;
  std::uint64_t rows_ = 0;
  std::string line_;
};

}  // namespace rw::scenario
