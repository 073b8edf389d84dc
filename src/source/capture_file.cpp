// Classic pcap as draft-ietf-opsawg-pcap-05 describes it, in this machine's byte order.
#include "source/capture_file.h"

#include <cerrno>
#include <cstring>

namespace rw {
namespace {

struct FileHeader {  // section 4
  std::uint32_t magic = 0xA1B2C3D4;
  std::uint16_t major = 2, minor = 4;
  std::uint32_t reserved1 = 0, reserved2 = 0;
  std::uint32_t snap_length = 0;
  std::uint32_t link_type = 0;
};
static_assert(sizeof(FileHeader) == 24);

struct RecordHeader {  // section 5
  std::uint32_t seconds, microseconds, captured, wire;
};
static_assert(sizeof(RecordHeader) == 16);

}  // namespace

Result<std::unique_ptr<CaptureFileWriter>> CaptureFileWriter::create(const std::string& path, std::uint32_t link_type,
                                                                     std::uint32_t snap_bytes) {
  std::FILE* const file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr)
    return Failure(ErrorCode::kIo, "cannot write the recording '" + path + "': " + std::strerror(errno));
  std::unique_ptr<CaptureFileWriter> writer(new CaptureFileWriter(path, file));
  FileHeader header;
  header.snap_length = snap_bytes;
  header.link_type = link_type;
  RW_TRY(writer->put(&header, sizeof header));
  RW_TRY(writer->flush());
  return writer;
}

CaptureFileWriter::~CaptureFileWriter() { std::fclose(file_); }

Result<void> CaptureFileWriter::put(const void* data, std::size_t size) {
  if (std::fwrite(data, 1, size, file_) != size)
    return Failure(ErrorCode::kIo, "cannot write the recording '" + path_ + "': " + std::strerror(errno));
  bytes_ += size;
  return {};
}

Result<void> CaptureFileWriter::write(std::span<const DevicePacket> packets) {
  for (const DevicePacket& packet : packets) {
    const RecordHeader header{static_cast<std::uint32_t>(packet.time.us / 1'000'000),
                              static_cast<std::uint32_t>(packet.time.us % 1'000'000),
                              static_cast<std::uint32_t>(packet.frame.size()), packet.wire_length};
    RW_TRY(put(&header, sizeof header));
    RW_TRY(put(packet.frame.data(), packet.frame.size()));
  }
  return {};
}

Result<void> CaptureFileWriter::flush() {
  if (std::fflush(file_) != 0)
    return Failure(ErrorCode::kIo, "cannot write the recording '" + path_ + "': " + std::strerror(errno));
  return {};
}

}  // namespace rw
