// The capture formats: pcap and pcapng.
#include "format/capture.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "format/format.h"

namespace rw {
namespace {

std::uint32_t load32(const std::byte* at, bool swapped) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return swapped ? __builtin_bswap32(value) : value;
}
std::uint16_t load16(const std::byte* at, bool swapped) {
  std::uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return swapped ? __builtin_bswap16(value) : value;
}

constexpr std::size_t kPcapHeader = 24;
// Magic numbers as a little-endian machine reads them; the other byte order is their reverse.
constexpr std::uint32_t kMicroseconds = 0xA1B2C3D4, kNanoseconds = 0xA1B23C4D, kModified = 0xA1B2CD34;
constexpr std::uint32_t kWeek = 7 * 86'400;

bool is_pcap_magic(std::uint32_t magic) {
  return magic == kMicroseconds || magic == kNanoseconds || magic == kModified;
}

// Whether a pcap file header stands at `bytes`; sets the byte order.
bool pcap_header_at(Bytes bytes, bool& swapped) {
  if (bytes.size() < kPcapHeader) return false;
  swapped = !is_pcap_magic(load32(bytes.data(), false));
  return is_pcap_magic(load32(bytes.data(), swapped)) && load16(bytes.data() + 4, swapped) == 2;
}

constexpr std::uint32_t kBlockSection = 0x0A0D0D0A, kBlockInterface = 1, kBlockOldPacket = 2, kBlockSimplePacket = 3,
                        kBlockEnhancedPacket = 6;
constexpr std::uint32_t kByteOrder = 0x1A2B3C4D;
constexpr std::uint32_t kMinBlock = 12, kSectionBlock = 28;

bool is_read(std::uint32_t type) {
  return type == kBlockSection || type == kBlockInterface || type == kBlockOldPacket || type == kBlockSimplePacket ||
         type == kBlockEnhancedPacket;
}

std::size_t padded(std::size_t length) { return (length + 3) & ~std::size_t{3}; }

}  // namespace

// ---- Both ---------------------------------------------------------------------------------------------------------

Result<void> CaptureReader::skip_broken(std::string_view what, const std::function<std::size_t(Bytes)>& find) {
  const std::uint64_t offset = input_.offset();
  std::size_t found = 0;
  if (++resyncs_ <= kMaxResyncs) {
    found = find(input_.peek(kResyncNearBytes));
    if (found == 0) found = find(input_.peek(kResyncBytes));
  }
  if (found == 0) {
    if (!input_.status()) return input_.status();
    return Failure(ErrorCode::kCorrupt, "the " + std::string(what) + " at byte offset " + std::to_string(offset) +
                                            " is damaged, and no sound one follows within " +
                                            std::to_string(kResyncBytes >> 20) + " MiB");
  }
  weird(offset, "damaged-record", std::string(what) + ": " + std::to_string(found) + " bytes skipped");
  input_.consume(found);
  return {};
}

Result<void> CaptureReader::end_of_input(std::size_t left) {
  if (!input_.status()) return input_.status();
  if (left > 0)
    weird(input_.offset(), "truncated-record", "the input ends " + std::to_string(left) + " bytes into a record");
  return {};
}

// ---- pcap ---------------------------------------------------------------------------------------------------------

Result<void> PcapReader::file_header() {
  const Bytes header = input_.peek(kPcapHeader);
  if (header.size() < kPcapHeader || !pcap_header_at(header, swapped_)) {
    if (!input_.status()) return input_.status();
    return Failure(ErrorCode::kCorrupt,
                   header.size() < kPcapHeader ? "the pcap file header is cut short" : "no pcap file header");
  }
  const std::uint32_t magic = load32(header.data(), swapped_);
  const std::uint16_t minor = load16(header.data() + 6, swapped_);
  nanoseconds_ = magic == kNanoseconds;
  header_bytes_ = magic == kModified ? 24 : 16;
  lengths_swapped_ = minor < 3;
  link_type_ =
      load32(header.data() + 20, swapped_) & 0xFFFF;  // above are the length of a frame check sequence and flags
  input_.consume(kPcapHeader);
  return {};
}

PcapReader::RecordHeader PcapReader::header_at(const std::byte* bytes) const {
  RecordHeader header{load32(bytes, swapped_), load32(bytes + 4, swapped_), load32(bytes + 8, swapped_),
                      load32(bytes + 12, swapped_)};
  if (lengths_swapped_) std::swap(header.captured, header.wire);
  return header;
}

PcapReader::Stop PcapReader::read_window(RecordSink& sink, Bytes window, std::size_t& used, std::size_t& need) {
  const std::uint64_t base = input_.offset();
  for (;;) {
    const std::size_t left = window.size() - used;
    need = header_bytes_;
    if (left < header_bytes_) return Stop::kShort;
    const std::byte* at = window.data() + used;
    const RecordHeader header = header_at(at);
    if (bool swapped = false;
        is_pcap_magic(load32(at, false)) || is_pcap_magic(load32(at, true))) {  // files put one after another
      need = kPcapHeader;
      if (left < kPcapHeader) return Stop::kShort;
      if (pcap_header_at(window.subspan(used), swapped)) return Stop::kFileHeader;
    }
    if (header.captured > kMaxPacketBytes || header.fraction >= 1'000'000'000) return Stop::kBroken;
    need = header_bytes_ + header.captured;
    if (left < need) return Stop::kShort;
    std::int64_t microseconds = header.fraction;
    if (nanoseconds_)
      microseconds /= 1000;
    else if (header.fraction >= 1'000'000)
      weird(base + used, "bad-fraction", std::to_string(header.fraction));
    last_seconds_ = header.seconds;
    put(sink, {{std::int64_t{header.seconds} * 1'000'000 + microseconds},
               link_type_,
               std::max(header.wire, header.captured),
               {at + header_bytes_, header.captured},
               base + used,
               base + used + need});
    used += need;
  }
}

bool PcapReader::plausible(const RecordHeader& header) const {
  if (header.captured == 0 || header.captured > header.wire || header.wire > kMaxPacketBytes) return false;
  if (header.fraction >= (nanoseconds_ ? 1'000'000'000U : 1'000'000U)) return false;
  return !last_seconds_ || std::llabs(std::int64_t{header.seconds} - *last_seconds_) <= kWeek;
}

// Where, behind its first byte, three plausible records stand in a row, or fewer that end with the input; 0 if nowhere.
std::size_t PcapReader::find_record(Bytes window) const {
  constexpr unsigned kInARow = 3;
  for (std::size_t start = 1; start + header_bytes_ <= window.size(); ++start) {
    std::size_t at = start;
    unsigned count = 0;
    while (count < kInARow && at + header_bytes_ <= window.size()) {
      const RecordHeader header = header_at(window.data() + at);
      if (!plausible(header)) break;
      at += header_bytes_ + header.captured;
      ++count;
    }
    if (count == kInARow || (count > 0 && at == window.size())) return start;
  }
  return 0;
}

Result<void> PcapReader::run(RecordSink sink) {
  RW_TRY(file_header());
  std::size_t need = header_bytes_;
  for (;;) {
    const std::size_t asked = need;
    const Bytes window = input_.peek(asked);
    std::size_t used = 0;
    const Stop stop = read_window(sink, window, used, need);
    flush(sink);
    input_.consume(used);
    RW_TRY(emitter_.status());
    if (stop == Stop::kBroken) {
      RW_TRY(skip_broken("packet record", [this](Bytes bytes) { return find_record(bytes); }));
      need = header_bytes_;
    } else if (stop == Stop::kFileHeader) {
      RW_TRY(file_header());
      need = header_bytes_;
    } else if (used == 0 && window.size() < asked) {
      return end_of_input(window.size());
    }
  }
}

// ---- pcapng -------------------------------------------------------------------------------------------------------

std::uint16_t PcapngReader::u16(const std::byte* at) const { return load16(at, swapped_); }
std::uint32_t PcapngReader::u32(const std::byte* at) const { return load32(at, swapped_); }

// The length of the block at the front of `bytes`, or nothing where it cannot be one. Needs kMinBlock bytes.
std::optional<std::uint32_t> PcapngReader::block_length(Bytes bytes) const {
  const std::uint32_t type = u32(bytes.data());
  bool swapped = swapped_;
  if (type == kBlockSection) {  // the same in both byte orders
    swapped = load32(bytes.data() + 8, false) != kByteOrder;
    if (load32(bytes.data() + 8, swapped) != kByteOrder) return std::nullopt;
  }
  const std::uint32_t length = load32(bytes.data() + 4, swapped);
  if (length < (type == kBlockSection ? kSectionBlock : kMinBlock) || length % 4 != 0) return std::nullopt;
  if (is_read(type) && length > kMaxBlockBytes) return std::nullopt;
  return length;
}

PcapngReader::Stop PcapngReader::read_window(RecordSink& sink, Bytes window, std::size_t& used, std::size_t& need) {
  const std::uint64_t base = input_.offset();
  for (;;) {
    const Bytes left = window.subspan(used);
    need = kMinBlock;
    if (left.size() < kMinBlock) return Stop::kShort;
    const auto length = block_length(left);
    if (!length) return Stop::kBroken;
    const std::uint32_t type = u32(left.data());
    need = *length;
    if (left.size() < need) return need > kMaxPacketBytes && !is_read(type) ? Stop::kLarge : Stop::kShort;
    if (type == kBlockSection) {
      flush(sink);
      section(left.first(need), base + used);
    }
    if (u32(left.data() + need - 4) != need) return Stop::kBroken;
    if (type != kBlockSection) block(sink, type, left.subspan(8, need - kMinBlock), base + used);
    used += need;
  }
}

// Where, behind its first byte, a block stands that ends as it begins and is followed by another or by the end; 0 if
// nowhere.
std::size_t PcapngReader::find_block(Bytes window) const {
  const auto whole = [this](Bytes bytes) -> std::size_t {
    if (bytes.size() < kMinBlock) return 0;
    const std::uint32_t type = u32(bytes.data());
    if (type == 0 || (type > 0x0C && type != kBlockSection)) return 0;  // the types that are in use
    const auto length = block_length(bytes);
    if (!length || *length > bytes.size()) return 0;
    return std::memcmp(bytes.data() + 4, bytes.data() + *length - 4, 4) == 0 ? *length : 0;
  };
  for (std::size_t start = 1; start + kMinBlock <= window.size(); ++start) {
    const std::size_t length = whole(window.subspan(start));
    if (length == 0) continue;
    const Bytes next = window.subspan(start + length);
    if (next.empty() || whole(next) > 0) return start;
  }
  return 0;
}

// Skips a block that is too large to be held. False when the input ends in it.
bool PcapngReader::skip_block(std::uint64_t length) {
  while (length > 0) {
    const std::size_t step = static_cast<std::size_t>(std::min<std::uint64_t>(length, input_.peek(1).size()));
    if (step == 0) return false;
    input_.consume(step);
    length -= step;
  }
  return true;
}

void PcapngReader::section(Bytes block, std::uint64_t offset) {
  swapped_ = load32(block.data() + 8, false) != kByteOrder;
  interfaces_.clear();
  if (u16(block.data() + 12) != 1) weird(offset, "pcapng-version", std::to_string(u16(block.data() + 12)));
}

void PcapngReader::interface(Bytes body, std::uint64_t offset) {
  if (body.size() < 8) return weird(offset, "short-block", "interface description");
  if (interfaces_.size() >= kMaxInterfaces) return weird(offset, "interface-limit");
  Interface fresh;
  fresh.link_type = u16(body.data());
  fresh.snap_length = u32(body.data() + 4);
  for (Bytes options = body.subspan(8); options.size() >= 4;) {
    const std::uint16_t code = u16(options.data()), length = u16(options.data() + 2);
    if (code == 0) break;
    if (padded(length) > options.size() - 4) {
      weird(offset, "short-block", "interface option");
      break;
    }
    interface_option(fresh, code, options.subspan(4, length), offset);
    options = options.subspan(4 + padded(length));
  }
  interfaces_.push_back(fresh);
}

void PcapngReader::interface_option(Interface& interface, std::uint16_t code, Bytes value, std::uint64_t offset) {
  constexpr std::uint16_t kResolution = 9, kOffset = 14;
  if (code == kResolution && value.size() == 1) {
    const auto resolution = std::to_integer<unsigned>(value[0]);
    const unsigned exponent = resolution & 0x7F;
    const bool binary = (resolution & 0x80) != 0;
    if (exponent > (binary ? 63U : 19U)) return weird(offset, "interface-resolution", std::to_string(resolution));
    interface.units_per_second = 1;
    for (unsigned i = 0; i < exponent; ++i) interface.units_per_second *= binary ? 2 : 10;
  } else if (code == kOffset && value.size() == 8) {
    std::uint64_t bits;
    std::memcpy(&bits, value.data(), sizeof bits);
    interface.offset_seconds = static_cast<std::int64_t>(swapped_ ? __builtin_bswap64(bits) : bits);
  }
}

void PcapngReader::block(RecordSink& sink, std::uint32_t type, Bytes body, std::uint64_t offset) {
  switch (type) {
    case kBlockInterface: return interface(body, offset);
    case kBlockEnhancedPacket: return enhanced_packet(sink, body, offset);
    case kBlockSimplePacket: return simple_packet(sink, body, offset);
    case kBlockOldPacket: return old_packet(sink, body, offset);
    default: return;  // names, statistics, secrets, custom blocks
  }
}

void PcapngReader::enhanced_packet(RecordSink& sink, Bytes body, std::uint64_t offset) {
  if (body.size() < 20) return weird(offset, "short-block", "enhanced packet");
  const std::byte* at = body.data();
  const std::uint64_t ticks = std::uint64_t{u32(at + 4)} << 32 | u32(at + 8);
  packet(sink, u32(at), ticks, u32(at + 12), u32(at + 16), body.subspan(20), offset);
}

void PcapngReader::old_packet(RecordSink& sink, Bytes body, std::uint64_t offset) {
  if (body.size() < 20) return weird(offset, "short-block", "packet");
  const std::byte* at = body.data();
  const std::uint64_t ticks = std::uint64_t{u32(at + 4)} << 32 | u32(at + 8);
  packet(sink, u16(at), ticks, u32(at + 12), u32(at + 16), body.subspan(20), offset);
}

// It has no time: that of the packet before it stands in.
void PcapngReader::simple_packet(RecordSink& sink, Bytes body, std::uint64_t offset) {
  if (body.size() < 4) return weird(offset, "short-block", "simple packet");
  if (interfaces_.empty()) return weird(offset, "unknown-interface", "0");
  const std::uint32_t wire = u32(body.data());
  const std::uint32_t snap = interfaces_.front().snap_length;
  const std::size_t captured = std::min<std::size_t>({wire, snap == 0 ? wire : snap, body.size() - 4});
  put(sink, {last_time_, interfaces_.front().link_type, wire, body.subspan(4, captured), offset,
             offset + kMinBlock + body.size()});
}

void PcapngReader::packet(RecordSink& sink, std::uint32_t number, std::uint64_t ticks, std::uint32_t captured,
                          std::uint32_t wire, Bytes rest, std::uint64_t offset) {
  if (number >= interfaces_.size()) return weird(offset, "unknown-interface", std::to_string(number));
  if (captured > rest.size()) return weird(offset, "packet-exceeds-block", std::to_string(captured));
  const Interface& interface = interfaces_[number];
  __extension__ using Wide = __int128;
  const Wide microseconds = static_cast<Wide>(ticks) * 1'000'000 / interface.units_per_second +
                            static_cast<Wide>(interface.offset_seconds) * 1'000'000;
  constexpr Wide kMax = INT64_MAX / 4;  // differences of two still fit
  if (microseconds > kMax || microseconds < -kMax) return weird(offset, "time-out-of-range", std::to_string(ticks));
  last_time_ = {static_cast<std::int64_t>(microseconds)};
  put(sink, {last_time_, interface.link_type, std::max(wire, captured), rest.first(captured), offset,
             offset + kMinBlock + 20 + rest.size()});
}

Result<void> PcapngReader::run(RecordSink sink) {
  std::size_t need = kSectionBlock;
  const Bytes head = input_.peek(need);
  if (head.size() < need || load32(head.data(), false) != kBlockSection || !block_length(head)) {
    if (!input_.status()) return input_.status();
    return Failure(ErrorCode::kCorrupt,
                   head.size() < need ? "the pcapng section header is cut short" : "no pcapng section header");
  }
  for (;;) {
    const std::size_t asked = need;
    const Bytes window = input_.peek(asked);
    std::size_t used = 0;
    const Stop stop = read_window(sink, window, used, need);
    flush(sink);
    input_.consume(used);
    RW_TRY(emitter_.status());
    if (stop == Stop::kBroken) {
      RW_TRY(skip_broken("block", [this](Bytes bytes) { return find_block(bytes); }));
      need = kMinBlock;
    } else if (stop == Stop::kLarge) {
      if (!skip_block(need)) return end_of_input(1);
      need = kMinBlock;
    } else if (used == 0 && window.size() < asked) {
      return end_of_input(window.size());
    }
  }
}

// ---- The formats --------------------------------------------------------------------------------------------------

namespace {

template <typename Reader>
Result<void> decode_capture(DecodeContext& context) {
  Traffic traffic(context.options, context.emitter, context.shared,
                  capture_sensor(context.options, context.emitter.source()));
  Reader reader(context.input, context.emitter);
  std::uint32_t link_type = 0;
  const Result<void> result = reader.run([&](std::span<const CaptureRecord> records) {
    link_type = records.back().link_type;
    traffic.add(records);
  });
  traffic.finish();
  const Traffic::Totals& totals = traffic.totals();
  if (!result)
    return Failure(result.error().code,
                   result.error().message + "; the " + std::to_string(totals.packets) + " packets before it were kept");
  if (totals.packets > 0 && totals.unsupported == totals.packets)
    return Failure(ErrorCode::kUnsupported,
                   "none of the " + std::to_string(totals.packets) + " packets could be read: link type " +
                       std::to_string(link_type) +
                       " is not known here; Ethernet, raw IP, loopback, PPP and Linux cooked captures are");
  return {};
}

int detect_pcap(Bytes head, std::string_view) {
  bool swapped = false;
  return pcap_header_at(head, swapped) ? 100 : 0;
}

int detect_pcapng(Bytes head, std::string_view) {
  if (head.size() < kMinBlock || load32(head.data(), false) != kBlockSection) return 0;
  const std::uint32_t order = load32(head.data() + 8, false);
  return order == kByteOrder || order == __builtin_bswap32(kByteOrder) ? 100 : 0;
}

constexpr std::string_view kTables = "flows, dns, dns_answers, tls, http, mining, interfaces";

}  // namespace

extern constinit const Format kPcapFormat;
constinit const Format kPcapFormat = {
    .name = "pcap",
    .title = "Packet capture (pcap)",
    .tables = kTables,
    .doc =
        "Microsecond, nanosecond and modified files in either byte order; Ethernet (VLAN, QinQ, MPLS, PPPoE), raw IP, "
        "loopback, PPP "
        "and Linux cooked links. Tunnels (IP in IP, 6in4, GRE, VXLAN, Geneve) are opened and the innermost packet "
        "counts; IP "
        "fragments are joined. Packets become flows, every DNS message a row, TLS, QUIC and HTTP tell names, and "
        "NetFlow, IPFIX "
        "and sFlow datagrams become the flows that they export. Not read: IEEE 802.11 and other link types, encrypted "
        "payloads.",
    .detect = detect_pcap,
    .decode = decode_capture<PcapReader>,
};

extern constinit const Format kPcapngFormat;
constinit const Format kPcapngFormat = {
    .name = "pcapng",
    .title = "Packet capture (pcapng)",
    .tables = kTables,
    .doc =
        "As pcap, with several sections and interfaces, each with its own link type, clock resolution and offset. "
        "Simple packet blocks "
        "have no time and take that of the packet before. Names, statistics, secrets and custom blocks are skipped.",
    .detect = detect_pcapng,
    .decode = decode_capture<PcapngReader>,
};

}  // namespace rw
