// Writes packets into a capture file (classic pcap, microseconds) as they come, readable up to the last flush.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "source/capture_device.h"

namespace rw {

class CaptureFileWriter {
 public:
  // Replaces the file. kIo where it cannot be written.
  static Result<std::unique_ptr<CaptureFileWriter>> create(const std::string& path, std::uint32_t link_type,
                                                           std::uint32_t snap_bytes);
  CaptureFileWriter(const CaptureFileWriter&) = delete;
  CaptureFileWriter& operator=(const CaptureFileWriter&) = delete;
  ~CaptureFileWriter();

  Result<void> write(std::span<const DevicePacket> packets);
  // What was written is in the file, whole records only (another program may be reading it).
  Result<void> flush();
  std::uint64_t bytes() const { return bytes_; }

 private:
  CaptureFileWriter(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}
  Result<void> put(const void* data, std::size_t size);

  std::string path_;
  std::FILE* file_;
  std::uint64_t bytes_ = 0;
};

}  // namespace rw
