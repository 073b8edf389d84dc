// TCP (RFC 9293) in IPv4 and Ethernet: a handshake, each message with its acknowledgement, and an orderly end.
#include "scenario/packet_writer.h"

#include <algorithm>

#include "scenario/wire.h"

namespace rw::scenario {

namespace {
constexpr Duration kOneWay = Duration::milliseconds(18);
constexpr std::size_t kTcpHeader = 20, kIpHeader = 20;
}  // namespace

Result<void> PacketWriter::open(const std::string& path) {
  RW_TRY(close());
  RW_TRY(file_.open(path));
  file_.write(pcap_file_header());
  return file_.status();
}

void PacketWriter::packet(Timestamp time, Way& from, const Way& to, std::uint8_t flags, std::string_view payload) {
  std::string tcp;
  Big(tcp).u16(from.port).u16(to.port).u32(from.sequence).u32(flags & kAck ? to.sequence : 0).u8(0x50).u8(flags);
  Big(tcp).u16(0xFAF0).u16(0).u16(0);
  tcp += payload;
  std::string pseudo;  // RFC 9293 section 3.1
  Big(pseudo).u32(from.address).u32(to.address).u8(0).u8(kTcp).u16(static_cast<std::uint16_t>(tcp.size()));
  const std::uint16_t checksum = internet_checksum(pseudo + tcp);
  tcp[16] = static_cast<char>(checksum >> 8);
  tcp[17] = static_cast<char>(checksum);
  const std::string frame = ipv4_frame_header(from.address, to.address, kTcp, ++ip_id_, tcp.size()) + tcp;
  packets_.push_back({time, pcap_packet_header(time, frame.size()) + frame});
  from.sequence += static_cast<std::uint32_t>(payload.size()) + ((flags & (kSyn | kFin)) != 0 ? 1 : 0);
}

void PacketWriter::add(case_2019::MiningSession& session) {
  Conversation& c = session.conversation;
  Way client{c.client, c.client_port, 1'000}, server{c.server, c.server_port, 5'000};
  const auto send = [&](Timestamp time, bool from_client, std::uint8_t flags, std::string_view payload) {
    if (from_client)
      packet(time, client, server, flags, payload);
    else
      packet(time, server, client, flags, payload);
    (from_client ? c.client_packets : c.server_packets) += 1;
    (from_client ? c.client_bytes : c.server_bytes) += kIpHeader + kTcpHeader + payload.size();
    (from_client ? c.client_flags : c.server_flags) |= flags;
    c.end = time;
  };
  send(c.start, true, kSyn, {});
  send(c.start + kOneWay, false, kSyn | kAck, {});
  send(c.start + kOneWay + kOneWay, true, kAck, {});
  for (const case_2019::TcpMessage& message : session.messages) {
    send(message.time, message.from_client, kPush | kAck, message.payload);
    send(message.time + kOneWay, !message.from_client, kAck, {});
  }
  const Timestamp last = c.end + Duration::seconds(1);
  send(last, true, kFin | kAck, {});
  send(last + kOneWay, false, kFin | kAck, {});
  send(last + kOneWay + kOneWay, true, kAck, {});
  ++sessions_;
}

void PacketWriter::flush() {
  std::stable_sort(packets_.begin(), packets_.end(), [](const Packet& a, const Packet& b) { return a.time < b.time; });
  for (const Packet& packet : packets_) file_.write(packet.bytes);
  packets_.clear();
}

}  // namespace rw::scenario
