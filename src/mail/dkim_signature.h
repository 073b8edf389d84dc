// What DKIM and ARC share: a signature field taken apart, the hashes over a message, and a signature held against keys.
//
//   MessageHashes hashes(message);
//   const MailSignature signature = parse_mail_signature(*field, SignatureKind::kDkim);
//   if (signature.error.empty() && hashes.body(signature).digest == signature.body_hash) …
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mail/crypto.h"
#include "mail/dkim.h"
#include "message/message.h"
#include "resolver/resolver.h"

namespace rw {

enum class SignatureKind : std::uint8_t {
  kDkim,        // DKIM-Signature, RFC 6376 3.5
  kArcMessage,  // ARC-Message-Signature, RFC 8617 4.1.2
  kArcSeal      // ARC-Seal, RFC 8617 4.1.3
};

inline constexpr unsigned kMaxArcInstance = 50;  // RFC 8617 4.2.1

struct MailSignature {
  const HeaderField* field = nullptr;
  SignatureKind kind = SignatureKind::kDkim;
  std::string algorithm;  // a=
  std::string signature;  // b=, decoded
  std::string signature_start;
  std::string body_hash;  // bh=, decoded
  bool relaxed_header = false, relaxed_body = false;
  bool canonicalisation_told = false;  // c= is there
  std::string domain, selector, identity;
  std::vector<std::string> names;  // h=, lower case
  std::optional<std::uint64_t> length;
  std::optional<Timestamp> signed_at, expires_at;
  unsigned instance = 0;     // ARC
  std::string chain_status;  // cv= of a seal
  std::string error;         // "" when it can be verified: what is wrong with its syntax
};
MailSignature parse_mail_signature(const HeaderField& field, SignatureKind kind);

// Where the key of it stands: "selector._domainkey.domain".
std::string dkim_key_name(const MailSignature& signature);

struct BodyHash {
  Sha256Digest digest;
  std::uint64_t bytes = 0;  // of the canonical body
};

// Hashes over one message. That over the body is computed once for each canonicalisation and length and shared between
// signatures: a message may carry ten. The message must outlive it.
class MessageHashes {
 public:
  explicit MessageHashes(const Message& message);
  const BodyHash& body(const MailSignature& signature);
  // RFC 6376 3.7: the fields that h= names, from the bottom up, and the signature field itself with an empty b=.
  Sha256Digest header(const MailSignature& signature) const;

 private:
  const Message& message_;
  std::unordered_map<std::string, std::vector<const HeaderField*>> fields_;  // by name, the undermost last
  std::map<std::pair<bool, std::optional<std::uint64_t>>, BodyHash> bodies_;
};

// Canonical forms (RFC 6376 3.4) of a whole field with its final CRLF. LF alone ends a line as CRLF does.
void append_canonical_field(std::string& out, const HeaderField& field, bool relaxed);
// That of the signature field itself: nothing between "b=" and its end, no final CRLF.
void append_signature_field(std::string& out, const HeaderField& field, bool relaxed);

// What the keys in the DNS say about a signature over what has this digest.
struct KeyVerdict {
  DkimResult result = DkimResult::kPermerror;
  unsigned bits = 0;
  bool testing = false;
  std::string problem;
};
KeyVerdict verify_with_keys(const MailSignature& signature, const DnsReply& reply, const Sha256Digest& digest,
                            const DkimOptions& options);

}  // namespace rw
