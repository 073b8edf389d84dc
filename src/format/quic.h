// The ClientHello inside QUIC Initial packets (RFC 9000, 9001, 9369): their keys follow from the packet itself.
//
//   QuicInitial quic;                                   // one per flow, fed with what the client sends
//   if (quic.datagram(payload) == HelloStatus::kDone) use(quic.hello(), quic.version_name());
//
// Versions 1, 2 and the drafts 29 to 34. Decrypts with OpenSSL; bounded in packets, bytes and holes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/cursor.h"
#include "format/range_buffer.h"
#include "format/tls.h"

namespace rw {

// Whether a UDP payload begins with the long header of a client's Initial packet of a version that is known here.
bool looks_like_quic_initial(Bytes payload);

class QuicInitial {
 public:
  static constexpr unsigned kMaxDatagrams = 16;  // a client's first flight has one to three

  // One UDP payload from the client. kNeedMore while the hello is not complete; kNot when it never will be.
  HelloStatus datagram(Bytes payload);

  // Whether at least one packet was decrypted: then it is QUIC, whatever becomes of the hello.
  bool authenticated() const { return authenticated_; }
  const ClientHello& hello() const { return hello_; }
  std::string_view version_name() const;  // "QUICv1", "QUICv2", "QUICdraft29"
  std::size_t memory_bytes() const { return sizeof *this + crypto_.memory_bytes() + hello_.memory_bytes(); }

 private:
  struct Keys {
    std::byte key[16], iv[12], header[16];
  };
  void derive(std::uint32_t version, Bytes connection_id, Keys& keys) const;
  bool open(const Keys& keys, Bytes packet, std::size_t number_at, std::vector<std::byte>& plain) const;
  void frames(Bytes plain);

  std::uint32_t version_ = 0;
  unsigned datagrams_ = 0;
  bool authenticated_ = false;
  bool has_keys_ = false;
  Keys keys_{};  // of the client's first connection id: they stay when the server chooses another (RFC 9001 5.2)
  RangeBuffer crypto_;
  ClientHello hello_;
};

}  // namespace rw
