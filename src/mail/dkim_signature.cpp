// Signature fields taken apart, canonical forms, and the hashes that signatures are over.
#include "mail/dkim_signature.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "mail/dkim_tags.h"

namespace rw {
namespace {

// ---- syntax

// Reads the tags of one signature; the first thing that is wrong stays in `error`.
class SignatureReader {
 public:
  SignatureReader(MailSignature& signature, const DkimTagList& tags) : out_(signature), tags_(tags) {}

  void read() {
    if (out_.kind == SignatureKind::kDkim) read_version();
    if (out_.kind != SignatureKind::kDkim) read_instance();
    if (const auto* a = required("a")) out_.algorithm = *a;
    read_domain_and_selector();
    read_signature();
    if (out_.kind == SignatureKind::kArcSeal) {
      read_seal();
    } else {
      read_body_hash();
      read_canonicalisation();
      read_names();
      read_length();
    }
    if (out_.kind == SignatureKind::kDkim) read_identity_and_query();
    read_times();
  }

 private:
  void fail(std::string problem) {
    if (out_.error.empty()) out_.error = std::move(problem);
  }
  const std::string_view* required(std::string_view name) {
    const auto* value = tags_.find(name);
    if (value == nullptr) fail(std::string(name) + "= is missing");
    return value;
  }

  void read_version() {
    if (const auto* v = required("v"); v != nullptr && *v != "1") fail("v= is not 1");
  }
  void read_instance() {
    const auto* i = required("i");
    if (i == nullptr) return;
    const auto number = parse_decimal_tag(*i, 2);  // RFC 8617 4.2.1: 1 to 50
    if (number && *number >= 1 && *number <= kMaxArcInstance)
      out_.instance = static_cast<unsigned>(*number);
    else
      fail("i= is no instance from 1 to 50");
  }
  void read_domain_and_selector() {
    if (const auto* d = required("d")) {
      out_.domain = dkim_domain(*d);
      if (out_.domain.empty()) fail("d= is no domain");
    }
    if (const auto* s = required("s")) {
      out_.selector = dkim_domain(*s);
      if (out_.selector.empty()) fail("s= is no selector");
    }
  }
  void read_signature() {
    const auto* b = required("b");
    if (b == nullptr) return;
    out_.signature_start = without_white_space(b->substr(0, 64)).substr(0, 8);
    if (auto decoded = decode_base64_tag(*b))
      out_.signature = std::move(*decoded);
    else
      fail("b= is no Base64");
  }
  void read_body_hash() {
    const auto* bh = required("bh");
    if (bh == nullptr) return;
    if (auto decoded = decode_base64_tag(*bh))
      out_.body_hash = std::move(*decoded);
    else
      fail("bh= is no Base64");
  }
  void read_canonicalisation() {
    const auto* c = tags_.find("c");
    out_.canonicalisation_told = c != nullptr;
    if (c == nullptr) return;  // simple/simple
    const std::size_t slash = c->find('/');
    const std::string_view header = c->substr(0, slash);
    const std::string_view body = slash == std::string_view::npos ? "simple" : c->substr(slash + 1);
    for (const std::string_view one : {header, body})
      if (one != "simple" && one != "relaxed") fail("c= names no known canonicalisation");
    out_.relaxed_header = header == "relaxed";
    out_.relaxed_body = body == "relaxed";
  }
  void read_names() {
    const auto* h = required("h");
    if (h == nullptr) return;
    out_.names = split_colons(*h);
    const auto has = [this](std::string_view name) {
      return std::find(out_.names.begin(), out_.names.end(), name) != out_.names.end();
    };
    if (out_.kind == SignatureKind::kArcMessage) {
      if (has("arc-seal")) fail("h= covers ARC-Seal, which it must not");  // RFC 8617 4.1.2
      return;
    }
    if (has("")) fail("h= has an empty name");
    if (!has("from")) fail("h= does not cover From");  // RFC 6376 5.4
  }
  void read_length() {
    const auto* l = tags_.find("l");
    if (l == nullptr) return;
    out_.length = parse_decimal_tag(*l, 76);  // RFC 6376 3.5
    if (!out_.length) fail("l= is no number");
  }
  void read_identity_and_query() {
    out_.identity = "@" + out_.domain;
    if (const auto* i = tags_.find("i")) {
      const std::string text = without_white_space(*i);
      const std::size_t at = text.rfind('@');
      const std::string domain = at == std::string::npos ? "" : dkim_domain(text.substr(at + 1));
      if (domain.empty()) return fail("i= is no identity");
      out_.identity = text.substr(0, at + 1) + domain;
      if (domain != out_.domain && !domain.ends_with("." + out_.domain)) fail("i= is not within d=");
    }
    if (const auto* q = tags_.find("q")) {
      const std::vector<std::string> methods = split_colons(*q);
      if (std::find(methods.begin(), methods.end(), "dns/txt") == methods.end()) fail("q= names no known method");
    }
  }
  std::optional<Timestamp> read_time(std::string_view name) {
    const auto* value = tags_.find(name);
    if (value == nullptr) return std::nullopt;
    const auto seconds = parse_decimal_tag(*value, 12);  // RFC 6376 3.5
    if (!seconds) {
      fail(std::string(name) + "= is no time");
      return std::nullopt;
    }
    return Timestamp::from_seconds(static_cast<std::int64_t>(*seconds));
  }
  void read_times() {
    out_.signed_at = read_time("t");
    if (out_.kind != SignatureKind::kDkim) return;
    out_.expires_at = read_time("x");
    if (out_.signed_at && out_.expires_at && *out_.expires_at <= *out_.signed_at) fail("x= is not after t=");
  }
  void read_seal() {
    if (const auto* cv = required("cv")) {
      out_.chain_status = *cv;
      if (*cv != "none" && *cv != "pass" && *cv != "fail") fail("cv= is neither none, pass nor fail");
    }
    if (tags_.find("h") != nullptr) fail("a seal has no h=");  // RFC 8617 4.1.3
  }

  MailSignature& out_;
  const DkimTagList& tags_;
};

// ---- canonical forms

bool is_wsp(char c) { return c == ' ' || c == '\t'; }

// Line ends to CRLF.
void append_with_crlf(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      out += text;
      return;
    }
    out += text.substr(0, end > 0 && text[end - 1] == '\r' ? end - 1 : end);
    out += "\r\n";
    text.remove_prefix(end + 1);
  }
}

// RFC 6376 3.4.2: unfolded, white space to one space, none at either end.
void append_relaxed(std::string& out, std::string_view body) {
  const std::size_t start = out.size();
  bool space = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (c == '\n' || (c == '\r' && i + 1 < body.size() && body[i + 1] == '\n')) continue;
    if (is_wsp(c)) {
      space = true;
      continue;
    }
    if (space && out.size() > start) out += ' ';
    space = false;
    out += c;
  }
}

std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// The text with the value of b= and all white space around it left out (RFC 6376 3.7).
std::string without_signature(std::string_view text, std::size_t start) {
  for (std::size_t at = start; at < text.size();) {
    const std::size_t end = std::min(text.find(';', at), text.size());
    const std::string_view spec = text.substr(at, end - at);
    const std::size_t equals = spec.find('=');
    if (equals != std::string_view::npos && without_white_space(spec.substr(0, equals)) == "b")
      return std::string(text.substr(0, at + equals + 1)).append(text.substr(end));
    at = end + 1;
  }
  return std::string(text);
}

// Takes a canonical body, counts it, and hashes as much of it as l= says.
class BodyHasher {
 public:
  explicit BodyHasher(std::optional<std::uint64_t> limit)
      : left_(limit.value_or(std::numeric_limits<std::uint64_t>::max())) {}
  void add(std::string_view bytes) {
    bytes_ += bytes.size();
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left_));
    left_ -= count;
    hash_.update(bytes.substr(0, count));
  }
  BodyHash finish() { return {hash_.finish(), bytes_}; }

 private:
  Sha256 hash_;
  std::uint64_t left_;
  std::uint64_t bytes_ = 0;
};

// RFC 6376 3.4.3: no empty lines at the end, but one line end.
void hash_simple(BodyHasher& hasher, std::string_view body) {
  while (body.ends_with('\n')) body = without_line_end(body);
  while (!body.empty()) {
    // As much as has CRLF already goes in one piece.
    std::size_t piece = 0, end;
    while ((end = body.find('\n', piece)) != std::string_view::npos && end > piece && body[end - 1] == '\r')
      piece = end + 1;
    if (end == std::string_view::npos) {
      hasher.add(body);
      break;
    }
    hasher.add(body.substr(0, end));
    hasher.add("\r\n");
    body.remove_prefix(end + 1);
  }
  hasher.add("\r\n");
}

// RFC 6376 3.4.4: white space to one space and none at the end of a line; no empty lines at the end.
void hash_relaxed(BodyHasher& hasher, std::string_view body) {
  constexpr std::size_t kPiece = 16 << 10;
  std::string out;
  out.reserve(kPiece + 1024);
  std::uint64_t empty_lines = 0;
  while (!body.empty()) {
    const std::size_t end = body.find('\n');
    std::string_view line = body.substr(0, end);
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    if (end != std::string_view::npos && line.ends_with('\r')) line.remove_suffix(1);
    while (!line.empty() && is_wsp(line.back())) line.remove_suffix(1);
    if (line.empty()) {
      ++empty_lines;
      continue;
    }
    for (; empty_lines > 0; --empty_lines) {
      out += "\r\n";
      if (out.size() >= kPiece) hasher.add(out), out.clear();
    }
    for (std::size_t at = 0; at < line.size();) {
      std::size_t word = at;
      while (word < line.size() && !is_wsp(line[word])) ++word;
      out += line.substr(at, word - at);
      if (word < line.size()) out += ' ';
      while (word < line.size() && is_wsp(line[word])) ++word;
      at = word;
    }
    out += "\r\n";
    if (out.size() >= kPiece) hasher.add(out), out.clear();
  }
  hasher.add(out);
}

}  // namespace

MailSignature parse_mail_signature(const HeaderField& field, SignatureKind kind) {
  MailSignature signature;
  signature.field = &field;
  signature.kind = kind;
  const DkimTagList tags = parse_dkim_tags(field.body);
  signature.error = tags.error;
  SignatureReader(signature, tags).read();
  return signature;
}

std::string dkim_key_name(const MailSignature& signature) {
  return signature.selector + "._domainkey." + signature.domain;
}

void append_canonical_field(std::string& out, const HeaderField& field, bool relaxed) {
  if (relaxed) {
    out += lower_ascii(field.name);
    out += ':';
    append_relaxed(out, field.body);
  } else {
    append_with_crlf(out, without_line_end(field.raw));
  }
  out += "\r\n";
}

void append_signature_field(std::string& out, const HeaderField& field, bool relaxed) {
  if (relaxed) {
    out += lower_ascii(field.name);
    out += ':';
    append_relaxed(out, without_signature(field.body, 0));
  } else {
    const std::string_view raw = without_line_end(field.raw);
    append_with_crlf(out, without_signature(raw, std::min(raw.find(':'), raw.size() - 1) + 1));
  }
}

MessageHashes::MessageHashes(const Message& message) : message_(message) {
  for (const HeaderField& field : message.fields) fields_[lower_ascii(field.name)].push_back(&field);
}

const BodyHash& MessageHashes::body(const MailSignature& signature) {
  const auto [it, fresh] = bodies_.try_emplace({signature.relaxed_body, signature.length});
  if (fresh) {
    BodyHasher hasher(signature.length);
    signature.relaxed_body ? hash_relaxed(hasher, message_.body) : hash_simple(hasher, message_.body);
    it->second = hasher.finish();
  }
  return it->second;
}

Sha256Digest MessageHashes::header(const MailSignature& signature) const {
  std::unordered_map<std::string_view, std::size_t> used;  // of each name, from the bottom
  std::string out;
  for (const std::string& name : signature.names) {
    const auto found = fields_.find(name);
    if (found == fields_.end()) continue;  // a name without a field stands for nothing (RFC 6376 5.4)
    const std::vector<const HeaderField*>& fields = found->second;
    std::size_t& count = used[name];
    // The signature itself is not among the fields that it covers (RFC 6376 3.5, h=).
    if (count < fields.size() && fields[fields.size() - 1 - count] == signature.field) ++count;
    if (count == fields.size()) continue;
    append_canonical_field(out, *fields[fields.size() - 1 - count++], signature.relaxed_header);
  }
  append_signature_field(out, *signature.field, signature.relaxed_header);
  return sha256(out);
}

}  // namespace rw
