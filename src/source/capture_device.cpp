// The AF_PACKET ring: sockets, mapping and walking of blocks as packet(7) and the kernel's packet_mmap describe them.
#include "source/capture_device.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace rw {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;   // a block is handed over when full …
constexpr unsigned kBlockMilliseconds = 100;                // … or this old, so that quiet devices are seen at once
constexpr std::uint32_t kLinkEthernet = 1, kLinkRaw = 101;  // LINKTYPE_ETHERNET, LINKTYPE_RAW
constexpr std::size_t kVlanTagBytes = 4, kMacBytes = 12;    // IEEE 802.1Q: the tag follows both MAC addresses

Failure io_failure(const std::string& what) { return {ErrorCode::kIo, what + ": " + std::strerror(errno)}; }

// 0: none that is read.
std::uint32_t link_type_of(unsigned arp_type) {
  switch (arp_type) {
    case ARPHRD_ETHER:
    case ARPHRD_LOOPBACK: return kLinkEthernet;
    case ARPHRD_NONE:
    case ARPHRD_PPP:
    case ARPHRD_RAWIP: return kLinkRaw;  // tun devices and their like begin with the IP header
    default: return 0;
  }
}

std::string list_of(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) (out += out.empty() ? "" : ", ") += name;
  return out.empty() ? "none" : out;
}

}  // namespace

std::vector<std::string> CaptureDevice::names() {
  std::vector<std::string> out;
  struct if_nameindex* const all = ::if_nameindex();
  if (all == nullptr) return out;
  for (const struct if_nameindex* one = all; one->if_index != 0; ++one) out.emplace_back(one->if_name);
  ::if_freenameindex(all);
  return out;
}

CaptureDevice::CaptureDevice(std::string name, int socket) : name_(std::move(name)), socket_(socket) {}

CaptureDevice::~CaptureDevice() {
  if (ring_ != nullptr) ::munmap(ring_, ring_bytes_);
  if (socket_ >= 0) ::close(socket_);
}

Result<std::unique_ptr<CaptureDevice>> CaptureDevice::open(const std::string& name,
                                                           const CaptureDeviceOptions& options) {
  const unsigned index = ::if_nametoindex(name.c_str());
  if (index == 0)
    return Failure(ErrorCode::kNotFound, "there is no network device '" + name + "'; there are: " + list_of(names()));
  // Protocol 0: nothing arrives before the ring stands and the socket is bound to its device.
  const int socket = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (socket < 0) {
    if (errno == EPERM || errno == EACCES)
      return Failure(ErrorCode::kIo,
                     "listening on '" + name +
                         "' needs the capability CAP_NET_RAW; run as root, or once: setcap cap_net_raw+ep rangewatch");
    return io_failure("cannot open a packet socket");
  }
  std::unique_ptr<CaptureDevice> device(new CaptureDevice(name, socket));
  RW_TRY(device->map_ring(options));
  RW_TRY(device->bind_to(index, options));
  return device;
}

Result<void> CaptureDevice::map_ring(const CaptureDeviceOptions& options) {
  snap_bytes_ = options.snap_bytes;
  const int version = TPACKET_V3;
  if (::setsockopt(socket_, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0)
    return io_failure("this kernel has no TPACKET_V3 ring");
  blocks_ = std::max<std::size_t>(2, options.ring_bytes / kBlockBytes);
  tpacket_req3 request{};
  request.tp_block_size = kBlockBytes;
  request.tp_block_nr = static_cast<unsigned>(blocks_);
  request.tp_frame_size = TPACKET_ALIGNMENT << 7;  // only checked: frames of version 3 have the size of their packet
  request.tp_frame_nr = static_cast<unsigned>(blocks_ * (kBlockBytes / request.tp_frame_size));
  request.tp_retire_blk_tov = kBlockMilliseconds;
  if (::setsockopt(socket_, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0)
    return io_failure("cannot make a ring of " + std::to_string(blocks_) + " MiB");
  ring_bytes_ = blocks_ * kBlockBytes;
  void* const mapped = ::mmap(nullptr, ring_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, socket_, 0);
  if (mapped == MAP_FAILED) return io_failure("cannot map the ring");
  ring_ = static_cast<std::byte*>(mapped);
  return {};
}

Result<void> CaptureDevice::bind_to(unsigned index, const CaptureDeviceOptions& options) {
  ifreq request{};
  std::memcpy(request.ifr_name, name_.c_str(), std::min(name_.size(), sizeof request.ifr_name - 1));
  if (::ioctl(socket_, SIOCGIFHWADDR, &request) != 0) return io_failure("cannot ask for the kind of '" + name_ + "'");
  link_type_ = link_type_of(request.ifr_hwaddr.sa_family);
  loopback_ = request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
  if (link_type_ == 0)
    return Failure(ErrorCode::kUsage, "'" + name_ + "' carries neither Ethernet nor IP frames (device type " +
                                          std::to_string(request.ifr_hwaddr.sa_family) + ")");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(index);
  if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return io_failure("cannot listen on '" + name_ + "'");
  if (options.promiscuous) {
    packet_mreq membership{};
    membership.mr_ifindex = static_cast<int>(index);
    membership.mr_type = PACKET_MR_PROMISC;
    if (::setsockopt(socket_, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof membership) != 0)
      return io_failure("cannot make '" + name_ + "' promiscuous");
  }
  return {};
}

void CaptureDevice::count_drops() {
  tpacket_stats_v3 stats{};
  socklen_t size = sizeof stats;  // the kernel's counters begin anew with each question
  if (::getsockopt(socket_, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0) counts_.dropped += stats.tp_drops;
}

Result<void> CaptureDevice::wait(Duration patience, const Visitor& visit) {
  bool visited = false;
  // At most one round of the ring, so that a flood cannot keep the caller from looking at its clock.
  for (std::size_t i = 0; i < blocks_; ++i) {
    std::byte* const block = ring_ + next_block_ * kBlockBytes;
    auto& header = reinterpret_cast<tpacket_block_desc*>(block)->hdr.bh1;
    std::atomic_ref<__u32> status(header.block_status);  // shared with the kernel
    if ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) break;
    const Result<void> taken = take_block(block, visit);
    status.store(TP_STATUS_KERNEL, std::memory_order_release);
    next_block_ = (next_block_ + 1) % blocks_;
    visited = true;
    if (!taken) return taken;
  }
  count_drops();
  if (visited) return {};
  pollfd waiting{socket_, POLLIN | POLLERR, 0};
  const int ready = ::poll(&waiting, 1, static_cast<int>(patience.us / 1000));
  if (ready < 0 && errno != EINTR) return io_failure("cannot wait for packets of '" + name_ + "'");
  if (ready > 0 && (waiting.revents & POLLERR) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0)
      return Failure(ErrorCode::kIo, "the device '" + name_ + "' gives no more packets: " + std::strerror(error));
  }
  return {};
}

Result<void> CaptureDevice::take_block(std::byte* block, const Visitor& visit) {
  const auto& header = reinterpret_cast<const tpacket_block_desc*>(block)->hdr.bh1;
  packets_.clear();
  retagged_.clear();
  const std::byte* at = block + header.offset_to_first_pkt;
  for (std::uint32_t i = 0; i < header.num_pkts; ++i) {
    const auto& packet = *reinterpret_cast<const tpacket3_hdr*>(at);
    const auto& from = *reinterpret_cast<const sockaddr_ll*>(at + TPACKET_ALIGN(sizeof(tpacket3_hdr)));
    const std::byte* const frame = at + packet.tp_mac;
    at += packet.tp_next_offset;
    // The loopback device shows each packet going out and coming in; once is enough.
    if (loopback_ && from.sll_pkttype == PACKET_OUTGOING) continue;
    DevicePacket one{{std::int64_t{packet.tp_sec} * 1'000'000 + packet.tp_nsec / 1000},
                     packet.tp_len,
                     {frame, std::min(packet.tp_snaplen, snap_bytes_)}};
    if ((packet.tp_status & TP_STATUS_VLAN_VALID) != 0 && one.frame.size() >= kMacBytes) {
      // The kernel takes the outer tag out of the frame and tells it beside: put it back where it was on the wire.
      const bool told = (packet.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
      const std::uint16_t tag[2] = {htons(told ? packet.hv1.tp_vlan_tpid : std::uint16_t{ETH_P_8021Q}),
                                    htons(static_cast<std::uint16_t>(packet.hv1.tp_vlan_tci))};
      std::vector<std::byte>& copy = retagged_.emplace_back(one.frame.size() + kVlanTagBytes);
      std::memcpy(copy.data(), one.frame.data(), kMacBytes);
      std::memcpy(copy.data() + kMacBytes, tag, sizeof tag);
      std::memcpy(copy.data() + kMacBytes + kVlanTagBytes, one.frame.data() + kMacBytes, one.frame.size() - kMacBytes);
      one.frame = copy;
      one.wire_length += kVlanTagBytes;
    }
    packets_.push_back(one);
  }
  counts_.packets += packets_.size();
  if (packets_.empty()) return {};
  return visit(packets_);
}

}  // namespace rw
