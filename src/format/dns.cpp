// Decoding of DNS messages.
#include "format/dns.h"

#include <algorithm>

#include "model/escape.h"

namespace rw {
namespace {

constexpr std::uint16_t kTypeA = 1, kTypeNs = 2, kTypeCname = 5, kTypePtr = 12, kTypeMx = 15, kTypeTxt = 16,
                        kTypeAaaa = 28, kTypeSrv = 33, kTypeDname = 39, kTypeOpt = 41;
constexpr std::uint16_t kClassInternet = 1;
constexpr std::uint16_t kClassMask = 0x7FFF;  // multicast DNS uses the top bit (RFC 6762 10.2 and 18.12)
constexpr std::size_t kMaxText = 255;         // of a TXT record, on the wire

// A name has at most 127 labels, and a pointer that saves no label saves nothing. Without a bound, names that chain
// through all records before them take quadratic time.
constexpr unsigned kMaxPointers = 128;

constexpr const char* kTruncated = "dns-truncated";

std::uint16_t u16_at(Bytes bytes, std::size_t offset) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[offset]) << 8 |
                                    std::to_integer<unsigned>(bytes[offset + 1]));
}

// Internet, chaos, Hesiod, and the two of questions only: none and any.
bool known_class(unsigned value) { return value == 1 || value == 3 || value == 4 || value == 254 || value == 255; }

// Opcodes that were ever assigned: query, inverse query, status, notify, update, stateful operations.
bool known_opcode(unsigned opcode) { return opcode <= 6 && opcode != 3; }

}  // namespace

const char* read_dns_name(Bytes message, std::size_t& offset, std::string& name, std::uint16_t& name_bytes) {
  std::size_t at = offset;
  std::size_t lowest = offset;  // a pointer must lead before everything that was read: this ends, and quickly
  std::size_t length = 0;
  unsigned pointers = 0;
  bool first = true;
  for (;;) {
    if (at >= message.size()) return kTruncated;
    const auto head = std::to_integer<unsigned>(message[at]);
    if (head >= 0xC0) {
      if (at + 1 >= message.size()) return kTruncated;
      const std::size_t target = u16_at(message, at) & 0x3FFFU;
      if (pointers == 0) offset = at + 2;
      if (++pointers > kMaxPointers || target >= lowest) return "dns-name-pointer";
      lowest = at = target;
      continue;
    }
    if (head >= 0x40) return "dns-label-type";  // RFC 6891 5: the extended label types are obsolete
    length += head + 1;
    if (length > kMaxDnsNameBytes) return "dns-name-length";
    if (head == 0) break;
    if (at + 1 + head > message.size()) return kTruncated;
    if (!first) name += '.';
    first = false;
    append_escaped_label(name, as_text(message.subspan(at + 1, head)));
    at += 1 + head;
  }
  if (pointers == 0) offset = at + 1;
  name_bytes = static_cast<std::uint16_t>(length);
  return nullptr;
}

bool DnsMessage::decode(Bytes bytes, std::size_t wire_bytes) {
  bytes_ = bytes;
  cut_ = wire_bytes > bytes.size();
  problem_ = nullptr;
  record_count_ = 0;
  has_question = false;
  name.clear();
  name_bytes = type = 0;
  wire_length = static_cast<std::uint32_t>(std::max(wire_bytes, bytes.size()));
  Cursor cursor(bytes);
  id = cursor.u16();
  flags = cursor.u16();
  question_count = cursor.u16();
  answer_count = cursor.u16();
  authority_count = cursor.u16();
  additional_count = cursor.u16();
  if (!cursor.ok()) {
    problem_ = cut_ ? nullptr : "dns-short-header";
    return false;
  }
  rcode = flags & 0x0F;
  if (!known_opcode(opcode())) {
    problem_ = "dns-opcode";
    return false;
  }
  if (question_count == 0) return read_without_question(cursor);
  if (!read_question(cursor)) return false;
  if (problem_ == nullptr) read_sections(cursor);
  return true;
}

// The first question, and past the others.
bool DnsMessage::read_question(Cursor& cursor) {
  std::size_t at = cursor.offset();
  for (unsigned i = 0; i < question_count; ++i) {
    const bool keep = i == 0;
    std::uint16_t length = 0;
    if (!keep) skipped_name_.clear();
    const char* wrong = read_dns_name(bytes_, at, keep ? name : skipped_name_, length);
    if (wrong == nullptr && at + 4 > bytes_.size()) wrong = kTruncated;
    // Bytes that are no DNS at all seldom name a class that there is.
    if (wrong == nullptr && keep && !known_class(u16_at(bytes_, at + 2) & kClassMask)) wrong = "dns-class";
    if (wrong != nullptr) {
      if (!cut_ || wrong != kTruncated) problem_ = wrong;
      cursor.skip(cursor.left());  // nothing can be found behind a broken one
      return !keep;                // but the first question stands
    }
    if (keep) {
      name_bytes = length;
      type = u16_at(bytes_, at);
      has_question = true;
    }
    at += 4;
  }
  cursor.skip(at - cursor.offset());
  return true;
}

// A message without a question: an answer of multicast DNS, a bare refusal, an EDNS cookie. Its records must be
// readable.
bool DnsMessage::read_without_question(Cursor& cursor) {
  const bool empty = answer_count == 0 && authority_count == 0 && additional_count == 0;
  if (empty && (!is_response() || bytes_.size() > kDnsHeaderBytes))
    problem_ = "dns-no-question";
  else
    read_sections(cursor);
  return problem_ == nullptr || record_count_ > 0;
}

void DnsMessage::read_sections(Cursor& cursor) {
  // Each record takes at least 11 bytes, so the loops end with the message whatever the counts say.
  for (unsigned i = 0; i < answer_count; ++i)
    if (!read_record(cursor, true)) return;
  if (additional_count == 0) return;  // only the OPT record is wanted from what follows
  for (unsigned i = 0; i < authority_count + unsigned{additional_count}; ++i)
    if (!read_record(cursor, false)) return;
}

bool DnsMessage::read_record(Cursor& cursor, bool keep) {
  if (keep && record_count_ == records_.size()) records_.emplace_back();
  DnsMessageRecord scratch;
  DnsMessageRecord& record = keep ? records_[record_count_] : scratch;
  std::size_t at = cursor.offset();
  std::uint16_t owner_bytes = 0;
  std::string& owner = keep ? record.name : skipped_name_;
  owner.clear();
  const char* wrong = read_dns_name(bytes_, at, owner, owner_bytes);
  cursor.skip(at - cursor.offset());
  record.type = cursor.u16();
  record.record_class = cursor.u16() & kClassMask;
  record.ttl = cursor.u32();
  const std::uint16_t length = cursor.u16();
  const std::size_t data_at = cursor.offset();
  cursor.skip(length);
  if (wrong == nullptr && !cursor.ok()) wrong = kTruncated;
  if (wrong != nullptr) {
    if (!cut_ || wrong != kTruncated) problem_ = wrong;
    return false;
  }
  if (record.type == kTypeOpt) rcode = static_cast<std::uint16_t>((record.ttl >> 24 << 4) | (flags & 0x0F));
  if (!keep) return true;
  read_data(record, data_at, length);
  ++record_count_;
  return true;
}

void DnsMessage::read_data(DnsMessageRecord& record, std::size_t at, std::size_t length) {
  record.address.reset();
  record.has_target = false;
  record.target.clear();
  const Bytes data = bytes_.subspan(at, length);
  std::size_t name_at = at;
  switch (record.type) {
    case kTypeA:
      if (record.record_class != kClassInternet) return;
      if (length == 4)
        record.address = Ip::v4(Cursor(data).u32());
      else
        problem_ = "dns-address-length";
      return;
    case kTypeAaaa:
      if (record.record_class != kClassInternet) return;
      if (length == 16)
        record.address = Ip::v6(data.data());
      else
        problem_ = "dns-address-length";
      return;
    case kTypeTxt: {
      std::string text;
      Cursor cursor(data);
      while (cursor.left() > 0 && text.size() < kMaxText) text += as_text(cursor.bytes(cursor.u8()));
      if (!cursor.ok()) problem_ = "dns-text";
      record.target = escape_text(std::string_view(text).substr(0, kMaxText));
      record.has_target = true;
      return;
    }
    case kTypeMx: name_at += 2; break;   // preference
    case kTypeSrv: name_at += 6; break;  // priority, weight, port
    case kTypeNs:
    case kTypeCname:
    case kTypePtr:
    case kTypeDname: break;
    default: return;
  }
  std::uint16_t target_bytes = 0;
  const char* wrong = read_dns_name(bytes_, name_at, record.target, target_bytes);
  if (wrong == nullptr && name_at > at + length) wrong = kTruncated;  // the name runs out of its record
  if (wrong != nullptr) {
    problem_ = wrong;
    record.target.clear();
    return;
  }
  record.has_target = true;
}

bool looks_like_dns_query(Bytes bytes) {
  if (bytes.size() < kDnsHeaderBytes + 5) return false;
  constexpr std::uint16_t kAllowed =
      0x0130;  // recursion desired, authentic data, checking disabled; a standard query else
  const unsigned additional = u16_at(bytes, 10);
  if ((u16_at(bytes, 2) & ~kAllowed) != 0 || u16_at(bytes, 4) != 1 || u16_at(bytes, 6) != 0 || u16_at(bytes, 8) != 0 ||
      additional > 1)
    return false;
  std::string name;
  std::size_t at = kDnsHeaderBytes;
  std::uint16_t name_bytes = 0;
  if (read_dns_name(bytes, at, name, name_bytes) != nullptr || at + 4 > bytes.size()) return false;
  const std::uint16_t type = u16_at(bytes, at), question_class = u16_at(bytes, at + 2) & kClassMask;
  if (type == 0 || (question_class != kClassInternet && question_class != 3 && question_class != 255)) return false;
  const std::size_t left = bytes.size() - at - 4;
  return additional == 0 ? left == 0 : left >= 11;
}

}  // namespace rw
