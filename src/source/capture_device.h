// Packets from a network device: an AF_PACKET ring (TPACKET_V3) that the kernel fills, with its losses counted.
//
//   RW_ASSIGN(const auto device, CaptureDevice::open("eth0", {}));
//   while (…) RW_TRY(device->wait(Duration::milliseconds(200), [&](std::span<const DevicePacket> packets) { … }));
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "base/time.h"

namespace rw {

struct CaptureDeviceOptions {
  std::size_t ring_bytes = std::size_t{64} << 20;  // of kernel memory: half a second of 1 Gbit/s while a commit is slow
  std::uint32_t snap_bytes = 65'536;               // of each packet at most; its wire length is kept
  bool promiscuous = true;                         // also what is addressed to other machines
};

// `frame` begins with the link-layer header and lives only during the visit.
struct DevicePacket {
  Timestamp time;
  std::uint32_t wire_length = 0;
  Bytes frame;
};

class CaptureDevice {
 public:
  struct Counts {
    std::uint64_t packets = 0;  // given to the visitor
    std::uint64_t dropped = 0;  // by the kernel because the ring was full
  };
  using Visitor = std::function<Result<void>(std::span<const DevicePacket>)>;

  // kNotFound: no such device (the message lists those that are there); kUsage: it is no device of Ethernet or IP
  // frames; kIo: not allowed (CAP_NET_RAW), down, or out of memory.
  static Result<std::unique_ptr<CaptureDevice>> open(const std::string& name, const CaptureDeviceOptions& options);
  CaptureDevice(const CaptureDevice&) = delete;
  CaptureDevice& operator=(const CaptureDevice&) = delete;
  ~CaptureDevice();

  // Visits what has come, at least once every `patience`; returns early, and without a failure, when a signal arrives.
  // A failure of the visitor is returned; kIo when the device went away.
  Result<void> wait(Duration patience, const Visitor& visit);

  const Counts& counts() const { return counts_; }
  std::uint32_t link_type() const { return link_type_; }  // as capture files number them
  const std::string& name() const { return name_; }

  // Devices of this machine, in the kernel's order.
  static std::vector<std::string> names();

 private:
  CaptureDevice(std::string name, int socket);
  Result<void> bind_to(unsigned index, const CaptureDeviceOptions& options);
  Result<void> map_ring(const CaptureDeviceOptions& options);
  Result<void> take_block(std::byte* block, const Visitor& visit);
  void count_drops();

  std::string name_;
  int socket_ = -1;
  std::uint32_t link_type_ = 0;
  std::uint32_t snap_bytes_ = 0;
  bool loopback_ = false;
  std::byte* ring_ = nullptr;
  std::size_t ring_bytes_ = 0;
  std::size_t blocks_ = 0;
  std::size_t next_block_ = 0;
  Counts counts_;
  std::vector<DevicePacket> packets_;             // of the block that is being visited
  std::vector<std::vector<std::byte>> retagged_;  // frames whose VLAN tag the kernel had taken out
};

}  // namespace rw
