// For tests: signs messages with OpenSSL, and with canonical forms written anew, so that a mistake is not made twice.
#pragma once

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace rw::testing {

inline std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(n));
  return out;
}

inline std::string sha256_openssl(std::string_view bytes) {
  std::string digest(32, '\0');
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size, EVP_sha256(), nullptr);
  return digest;
}

// A private key and what to publish of it.
class SigningKey {
 public:
  static SigningKey rsa(unsigned bits) { return SigningKey(EVP_RSA_gen(bits), "rsa-sha256"); }
  static SigningKey ed25519() { return SigningKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), "ed25519-sha256"); }
  const std::string& algorithm() const { return algorithm_; }

  std::string spki() const {
    unsigned char* data = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &data);
    std::string out(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
    OPENSSL_free(data);
    return out;
  }
  std::string bare() const {  // RSAPublicKey, or the 32 bytes
    if (algorithm_ == "ed25519-sha256") return spki().substr(12);
    unsigned char* data = nullptr;
    const int size = i2d_PublicKey(key_.get(), &data);
    std::string out(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
    OPENSSL_free(data);
    return out;
  }
  std::string record(std::string_view more = "") const {
    const bool edwards = algorithm_ == "ed25519-sha256";
    return "v=DKIM1; k=" + std::string(edwards ? "ed25519" : "rsa") + "; " + std::string(more) +
           "p=" + base64(edwards ? bare() : spki());
  }
  // What goes into b= for this canonical header.
  std::string sign(std::string_view canonical) const {
    const bool edwards = algorithm_ == "ed25519-sha256";
    const std::string digest = sha256_openssl(canonical);
    const std::string_view data = edwards ? std::string_view(digest) : canonical;
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_DigestSignInit(context.get(), nullptr, edwards ? nullptr : EVP_sha256(), nullptr, key_.get());
    std::size_t size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
    EVP_DigestSign(context.get(), nullptr, &size, bytes, data.size());
    std::string out(size, '\0');
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes, data.size());
    out.resize(size);
    return base64(out);
  }

 private:
  SigningKey(EVP_PKEY* key, std::string algorithm) : key_(key, EVP_PKEY_free), algorithm_(std::move(algorithm)) {}
  std::shared_ptr<EVP_PKEY> key_;
  std::string algorithm_;
};

inline std::string with_crlf(const std::string& text) { return std::regex_replace(text, std::regex("\r?\n"), "\r\n"); }
inline std::string with_lf(const std::string& text) { return std::regex_replace(text, std::regex("\r\n"), "\n"); }

// Canonical forms by regular expressions; texts with CRLF.
inline std::string canonical_body(std::string body, bool relaxed) {
  if (relaxed) {
    body = std::regex_replace(body, std::regex("[ \t]+\r\n"), "\r\n");
    body = std::regex_replace(body, std::regex("[ \t]+$"), "");
    body = std::regex_replace(body, std::regex("[ \t]+"), " ");
  }
  while (body.ends_with("\r\n")) body.resize(body.size() - 2);
  return body.empty() && relaxed ? "" : body + "\r\n";
}
inline std::string canonical_field(const std::string& field, bool relaxed) {  // without a final CRLF
  if (!relaxed) return field;
  const std::size_t colon = field.find(':');
  std::string name = std::regex_replace(field.substr(0, colon), std::regex("[ \t]+$"), "");
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  std::string value = std::regex_replace(field.substr(colon + 1), std::regex("\r\n"), "");
  value = std::regex_replace(value, std::regex("[ \t]+"), " ");
  value = std::regex_replace(value, std::regex("^ | $"), "");
  return name + ":" + value;
}

struct SignSpec {
  std::string header = "relaxed", body = "relaxed";
  std::string domain = "example.org", selector = "s1";
  std::vector<std::string> names = {"From", "To", "Subject", "Date"};
  std::string more;       // further tags: "t=5; x=9; "
  std::string length;     // l=, "" without
  std::string algorithm;  // "" : the key's
  std::string version = "v=1; ";
};

// The message (CRLF) with a DKIM-Signature field on top.
inline std::string sign_message(const std::string& message, const SigningKey& key, const SignSpec& spec = {}) {
  const std::size_t end = message.find("\r\n\r\n");
  const std::string header = message.substr(0, end + 2);
  std::string body = canonical_body(message.substr(end + 4), spec.body == "relaxed");
  if (!spec.length.empty()) body.resize(std::min<std::size_t>(body.size(), std::stoul(spec.length)));
  std::vector<std::string> fields;
  for (std::size_t at = 0; at < header.size();) {
    std::size_t stop = at;
    do stop = header.find("\r\n", stop) + 2;
    while (stop < header.size() && (header[stop] == ' ' || header[stop] == '\t'));
    fields.push_back(header.substr(at, stop - 2 - at));
    at = stop;
  }
  std::string names, signed_text;
  std::vector<std::string> left = fields;
  for (const std::string& name : spec.names) {
    names += (names.empty() ? "" : ":") + name;
    for (auto it = left.rbegin(); it != left.rend(); ++it) {
      const std::string start = canonical_field(*it, true);
      std::string wanted = name;
      for (char& c : wanted) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      if (start.substr(0, start.find(':')) != wanted) continue;
      signed_text += canonical_field(*it, spec.header == "relaxed") + "\r\n";
      left.erase(std::next(it).base());
      break;
    }
  }
  const std::string field =
      "DKIM-Signature: " + spec.version + "a=" + (spec.algorithm.empty() ? key.algorithm() : spec.algorithm) +
      ";\r\n\tc=" + spec.header + "/" + spec.body + "; d=" + spec.domain + "; s=" + spec.selector + ";\r\n  " +
      spec.more + (spec.length.empty() ? "" : "l=" + spec.length + "; ") + "h=" + names +
      ";\r\n\tbh=" + base64(sha256_openssl(body)) + ";\r\n\tb=";
  std::string value = key.sign(signed_text + canonical_field(field, spec.header == "relaxed"));
  for (std::size_t at = 60; at < value.size(); at += 64) value.insert(at, "\r\n\t ");
  return field + value + "\r\n" + message;
}

}  // namespace rw::testing
