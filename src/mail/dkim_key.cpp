// Key records (RFC 6376 3.6.1), and a signature held against those that a name has.
#include <algorithm>

#include "mail/dkim_signature.h"
#include "mail/dkim_tags.h"

namespace rw {
namespace {

// A name may have several records: other people's under a wildcard, an old key beside a new one. Each is tried
// (RFC 6376 3.6.2.2 leaves that to us), but each costs a verification.
constexpr std::size_t kMaxKeyRecords = 8;

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void read_key_data(DkimKey& key) {
  if (key.key_type == "rsa") {
    RsaPublicKey rsa;
    if (parse_rsa_public_key(key.key, rsa, key.error)) key.bits = rsa.bits;
  } else if (key.key_type == "ed25519") {
    // RFC 8463 4.2: the 32 bytes alone.
    if (key.key.size() == 32)
      key.bits = 256;
    else
      key.error = "an Ed25519 key has 32 bytes, this one " + std::to_string(key.key.size()) +
                  (key.key.size() == 44 ? " (RFC 8463 wants it without its DER wrapping)" : "");
  } else {
    key.error = "unknown key type k=" + key.key_type;
  }
}

// Why this key cannot verify this signature, whatever the numbers say; "" when it can.
std::string mismatch(const MailSignature& signature, const DkimKey& key) {
  if (key.revoked) return "the key was revoked: p= is empty";
  if (!key.error.empty()) return "the key record cannot be used: " + key.error;
  if (!key.services.empty() && !contains(key.services, "*") && !contains(key.services, "email"))
    return "the key is not for mail (s=)";
  if (!key.hashes.empty() && !contains(key.hashes, "sha256")) return "the key does not allow SHA-256 (h=)";
  const bool fits = signature.algorithm == key.key_type + "-sha256";
  if (!fits) return "the signature is " + signature.algorithm + ", the key " + key.key_type;
  if (key.strict && signature.kind == SignatureKind::kDkim) {  // t=s, RFC 6376 3.6.1
    const std::size_t at = signature.identity.rfind('@');
    if (lower_ascii(std::string_view(signature.identity).substr(at + 1)) != signature.domain)
      return "the key allows no subdomain in i= (t=s)";
  }
  return "";
}

KeyVerdict verify_with_key(const MailSignature& signature, const DkimKey& key, const Sha256Digest& digest,
                           const DkimOptions& options) {
  KeyVerdict verdict{.bits = key.bits, .testing = key.testing, .problem = mismatch(signature, key)};
  if (!verdict.problem.empty()) return verdict;
  bool good = false;
  if (key.key_type == "rsa") {
    RsaPublicKey rsa;
    std::string problem;
    good = parse_rsa_public_key(key.key, rsa, problem) && verify_rsa_sha256(rsa, digest, signature.signature);
  } else {
    good = verify_ed25519_sha256(key.key, digest, signature.signature);
  }
  verdict.result = good ? DkimResult::kPass : DkimResult::kFail;
  if (!good) verdict.problem = "the signature does not fit the header fields it covers";
  if (good && key.key_type == "rsa" && key.bits < options.min_rsa_bits) {  // RFC 8301 3.2
    verdict.result = DkimResult::kPolicy;
    verdict.problem =
        "the RSA key has " + std::to_string(key.bits) + " bits, below " + std::to_string(options.min_rsa_bits);
  }
  return verdict;
}

// How much a verdict says: among several records the best one counts.
int rank(DkimResult result) {
  switch (result) {
    case DkimResult::kPass: return 3;
    case DkimResult::kPolicy: return 2;
    case DkimResult::kFail: return 1;
    default: return 0;
  }
}

}  // namespace

DkimKey parse_dkim_key(std::string_view txt) {
  DkimKey key;
  const DkimTagList list = parse_dkim_tags(txt);
  if (!list.error.empty()) {
    key.error = list.error;
    return key;
  }
  if (const auto* version = list.find("v"))
    if (*version != "DKIM1" || list.tags.front().name != "v") {
      key.error = "v= must come first and be DKIM1";
      return key;
    }
  if (const auto* type = list.find("k")) key.key_type = *type;
  if (const auto* notes = list.find("n")) key.notes = *notes;
  if (const auto* hashes = list.find("h")) key.hashes = split_colons(*hashes);
  if (const auto* services = list.find("s")) key.services = split_colons(*services);
  if (const auto* flags = list.find("t")) {
    const std::vector<std::string> words = split_colons(*flags);
    key.testing = contains(words, "y");
    key.strict = contains(words, "s");
  }
  const auto* data = list.find("p");
  if (data == nullptr) {
    key.error = "there is no p=";
    return key;
  }
  key.revoked = data->empty();
  if (key.revoked) return key;
  if (const auto decoded = decode_base64_tag(*data)) {
    key.key = *decoded;
    read_key_data(key);
  } else {
    key.error = "p= is no Base64";
  }
  return key;
}

KeyVerdict verify_with_keys(const MailSignature& signature, const DnsReply& reply, const Sha256Digest& digest,
                            const DkimOptions& options) {
  KeyVerdict best;
  if (reply.state == DnsState::kFailed) {
    best.result = DkimResult::kTemperror;
    best.problem = "the key could not be asked for: " + reply.failure;
    return best;
  }
  if (reply.state == DnsState::kAbsent || reply.records.empty()) {
    best.problem = "there is no key at " + dkim_key_name(signature);
    return best;
  }
  const std::size_t count = std::min(reply.records.size(), kMaxKeyRecords);
  for (std::size_t i = 0; i < count; ++i) {
    KeyVerdict one = verify_with_key(signature, parse_dkim_key(reply.records[i].text), digest, options);
    // A record with a key beats one without: the latter may be a stranger's under a wildcard.
    const bool better =
        rank(one.result) > rank(best.result) || (rank(one.result) == rank(best.result) && best.bits == 0);
    if (i == 0 || better) best = std::move(one);
  }
  return best;
}

}  // namespace rw
