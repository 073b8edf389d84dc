// The DNS message decoder (RFC 1035, RFC 6891): header, first question, answer records.
//
//   DnsMessage message;                       // reuse it: its strings keep their memory
//   if (message.decode(payload, payload.size())) use(message.name, message.answers());
//
// Strict and bounded: a name's pointers only lead backwards, labels have at most 63 and names at most 255 bytes on the
// wire, and no count in the header is believed beyond the bytes that are there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/cursor.h"
#include "base/ip.h"

namespace rw {

inline constexpr std::size_t kMaxDnsNameBytes = 255;  // RFC 1035 2.3.4, length bytes and root included
inline constexpr std::size_t kDnsHeaderBytes = 12;

namespace dns_flag {
inline constexpr std::uint16_t kResponse = 0x8000;
inline constexpr std::uint16_t kTruncated = 0x0200;
}  // namespace dns_flag

struct DnsMessageRecord {
  std::string name;  // owner; escaped, lower case, no final dot
  std::uint16_t type = 0;
  std::uint16_t record_class = 0;  // without the cache-flush bit of multicast DNS
  std::uint32_t ttl = 0;           // seconds
  std::optional<Ip> address;       // A, AAAA
  bool has_target = false;
  std::string target;  // NS, CNAME, PTR, DNAME, MX, SRV: the name; TXT: the text, cut at 255; escaped
};

class DnsMessage {
 public:
  // Decodes `bytes`, of which the message has `wire_bytes` on the wire (more when the capture cut it). False when it is
  // no DNS message: no whole header and question, or an impossible one. Then, and where records after the question are
  // broken (true is returned, answers() holds those before the damage), problem() is a code for Emitter::weird. A part
  // that the capture cut off is no problem of the message.
  bool decode(Bytes bytes, std::size_t wire_bytes);

  std::uint16_t id = 0;
  std::uint16_t flags = 0;           // as on the wire
  std::uint16_t question_count = 0;  // the four counts as on the wire
  std::uint16_t answer_count = 0;
  std::uint16_t authority_count = 0;
  std::uint16_t additional_count = 0;
  bool has_question = false;
  std::string name;              // first question: escaped, lower case, no final dot
  std::uint16_t name_bytes = 0;  // its length on the wire, uncompressed
  std::uint16_t type = 0;
  std::uint16_t rcode = 0;        // with the upper bits of EDNS
  std::uint32_t wire_length = 0;  // of the whole message

  bool is_response() const { return (flags & dns_flag::kResponse) != 0; }
  std::uint8_t opcode() const { return (flags >> 11) & 0x0F; }
  std::span<const DnsMessageRecord> answers() const { return {records_.data(), record_count_}; }
  const char* problem() const { return problem_; }

 private:
  bool read_question(Cursor& cursor);
  bool read_without_question(Cursor& cursor);
  void read_sections(Cursor& cursor);
  bool read_record(Cursor& cursor, bool keep);
  void read_data(DnsMessageRecord& record, std::size_t at, std::size_t length);

  Bytes bytes_;
  bool cut_ = false;
  const char* problem_ = nullptr;
  std::vector<DnsMessageRecord> records_;  // the first record_count_ are valid: the others keep their memory
  std::size_t record_count_ = 0;
  std::string skipped_name_;
};

// Appends the name at `offset` of `message` to `name` (escaped, lower case, no final dot), moves `offset` behind it and
// sets its uncompressed length. Returns null, or what is wrong: "dns-truncated", "dns-name-pointer", "dns-name-length",
// "dns-label-type".
const char* read_dns_name(Bytes message, std::size_t& offset, std::string& name, std::uint16_t& name_bytes);

// Whether `bytes` can hardly be anything but a DNS query, whatever port it goes to: the header of one, one readable
// question, and nothing behind it but perhaps one more record (EDNS).
bool looks_like_dns_query(Bytes bytes);

}  // namespace rw
