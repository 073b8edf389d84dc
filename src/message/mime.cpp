// The parts of a message: outer boundaries split first, so that an inner part never reaches beyond its container.
#include "message/mime.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "message/charset.h"
#include "message/transfer.h"
#include "message/utf8.h"

namespace rw {
namespace {

constexpr std::size_t kMaxBoundary = 512;     // RFC 2046 5.1.1 allows 70
constexpr std::size_t kMaxPrefixLines = 256;  // lines kept that begin like a boundary

enum class Coding : std::uint8_t { kIdentity, kBase64, kQuotedPrintable, kUuencode, kUnknown };
Coding coding_of(std::string_view encoding) {
  if (encoding.empty() || encoding == "7bit" || encoding == "8bit" || encoding == "binary") return Coding::kIdentity;
  if (encoding == "base64") return Coding::kBase64;
  if (encoding == "quoted-printable") return Coding::kQuotedPrintable;
  if (encoding == "x-uuencode" || encoding == "uuencode" || encoding == "x-uue") return Coding::kUuencode;
  return Coding::kUnknown;
}

// RFC 2045 5.1: token "/" token.
bool is_media_type(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == text.size()) return false;
  const auto token = [](std::string_view word) {
    static constexpr std::string_view kOther = "!#$%&'*-^_`{|}~.+";
    return std::ranges::all_of(word, [](char c) { return is_alnum(c) || kOther.find(c) != std::string_view::npos; });
  };
  return token(text.substr(0, slash)) && token(text.substr(slash + 1));
}

// A line of a body that begins with "--" and a boundary.
struct Delimiter {
  std::size_t begin = 0;  // of the line
  std::size_t next = 0;   // behind the line
  bool closes = false;
};

class DelimiterFinder {
 public:
  DelimiterFinder(std::string_view body, std::string_view boundary)
      : body_(body), marker_("\n--" + std::string(boundary)) {}

  // False where no more come. Lines that only begin so are told to `prefix`.
  template <typename Prefix>
  bool next(Delimiter& found, Prefix prefix) {
    const std::size_t length = marker_.size() - 1;
    for (;;) {
      std::size_t begin = 0;
      if (at_ > 0 || !body_.starts_with(std::string_view(marker_).substr(1))) {
        // memmem is linear whatever the boundary is (glibc: two-way), which find() is not.
        const std::size_t from = at_ > 0 ? at_ - 1 : 0;
        if (from >= body_.size()) return false;
        const void* hit = memmem(body_.data() + from, body_.size() - from, marker_.data(), marker_.size());
        if (hit == nullptr) return false;
        begin = static_cast<std::size_t>(static_cast<const char*>(hit) - body_.data()) + 1;
      }
      const std::size_t newline = body_.find('\n', begin + length);
      const std::size_t end = std::min(newline, body_.size());
      std::string_view tail = body_.substr(begin + length, end - begin - length);
      at_ = newline == std::string_view::npos ? body_.size() : newline + 1;
      found = {begin, at_, tail.starts_with("--")};
      if (found.closes) tail.remove_prefix(2);
      if (trimmed(tail).empty()) return true;
      prefix(trimmed(body_.substr(begin, end - begin)));
      if (at_ == body_.size()) return false;
    }
  }

 private:
  std::string_view body_;
  std::string marker_;
  std::size_t at_ = 0;  // begin of a line
};

class TreeBuilder {
 public:
  MimeTree build(const Message& message) {
    add(message, -1, 0, "text/plain");
    // A longer boundary of another part is no trap by itself.
    for (const std::string_view line : prefixes_) {
      const bool known = std::ranges::any_of(tree_.parts, [&](const MimePart& part) {
        if (part.boundary.empty()) return false;
        const std::string marker = "--" + part.boundary;
        return line == marker || line == marker + "--";
      });
      if (!known) note(MimeDefect::kBoundaryPrefix);
    }
    return std::move(tree_);
  }

 private:
  void note(MimeDefect defect) {
    if (!tree_.has(defect)) tree_.defects.push_back(defect);
  }

  // The first of the fields of that name; another with something else is a defect.
  std::string_view only(const Message& message, std::string_view name) {
    const HeaderField* first = nullptr;
    for (const HeaderField& field : message.fields) {
      if (!same_folded(field.name, name)) continue;
      if (first == nullptr)
        first = &field;
      else if (trimmed(field.body) != trimmed(first->body))
        note(MimeDefect::kSeveralTypes);
    }
    return first == nullptr ? std::string_view() : first->body;
  }

  MimePart describe(const Message& message, std::string_view default_type) {
    MimePart part;
    part.header = message.header;
    part.body = message.body;
    const std::string_view type_field = only(message, "content-type");
    const ParameterisedValue type = parse_parameters(type_field);
    const HeaderField* const disposition_field = message.find("content-disposition");
    const ParameterisedValue disposition =
        parse_parameters(disposition_field == nullptr ? std::string_view() : disposition_field->body);
    if (type.broken || disposition.broken) note(MimeDefect::kBadParameter);
    const bool typed = is_media_type(type.value);
    part.type = typed ? type.value : std::string(trimmed(type_field).empty() ? default_type : "text/plain");
    if (!typed && !trimmed(type_field).empty()) note(MimeDefect::kBadParameter);
    part.charset = lowered(type.get("charset"));
    part.boundary = type.get("boundary");
    part.name = disposition.get("filename");
    if (part.name.empty()) part.name = type.get("name");
    cut_utf8(part.name, kMaxFileName);
    part.protocol_or_report = lowered(type.get(part.type == "multipart/report" ? "report-type" : "protocol"));
    part.encoding = parse_parameters(only(message, "content-transfer-encoding")).value;
    if (part.encoding.empty()) part.encoding = "7bit";
    const bool text = part.type.starts_with("text/");
    part.attachment = disposition.value == "attachment" || (!part.name.empty() && !text);
    if (text && !part.charset.empty() && !known_charset(part.charset)) note(MimeDefect::kUnknownCharset);
    return part;
  }

  void add(const Message& message, int parent, unsigned depth, std::string_view default_type) {
    if (tree_.parts.size() >= kMaxMimeParts) return note(MimeDefect::kTooManyParts);
    const int index = static_cast<int>(tree_.parts.size());
    MimePart part = describe(message, default_type);
    part.parent = parent;
    part.depth = depth;
    const Coding coding = coding_of(part.encoding);
    if (coding == Coding::kUnknown) note(MimeDefect::kUnknownEncoding);
    const bool message_inside = part.type == "message/rfc822" || part.type == "message/global";
    const bool container = message_inside || part.is_multipart();
    if (container && coding != Coding::kIdentity) note(MimeDefect::kEncodedContainer);
    if (!container && ((coding == Coding::kBase64 && base64_is_bad(part.body)) ||
                       (coding == Coding::kQuotedPrintable && quoted_printable_is_bad(part.body))))
      note(MimeDefect::kBadEncoding);
    const std::string boundary = part.boundary, type = part.type;
    const std::string_view body = part.body;
    tree_.parts.push_back(std::move(part));  // no reference into the list lives on from here: it grows
    if (!container || (message_inside && coding != Coding::kIdentity)) return;
    if (depth + 1 > kMaxMimeDepth) return note(MimeDefect::kTooDeep);
    if (message_inside)
      add(parse_header(body), index, depth + 1, "text/plain");
    else
      split(body, boundary, index, depth + 1, type == "multipart/digest" ? "message/rfc822" : "text/plain");
  }

  void split(std::string_view body, const std::string& boundary, int parent, unsigned depth, std::string_view type) {
    if (boundary.empty() || boundary.size() > kMaxBoundary) return note(MimeDefect::kNoBoundary);
    DelimiterFinder finder(body, boundary);
    Delimiter delimiter;
    bool open = false, closed = false;
    std::size_t begin = 0;
    const auto prefix = [&](std::string_view line) {
      if (prefixes_.size() < kMaxPrefixLines)
        prefixes_.push_back(line);
      else
        note(MimeDefect::kBoundaryPrefix);
    };
    while (!tree_.has(MimeDefect::kTooManyParts) && finder.next(delimiter, prefix)) {
      if (open) add_between(body, begin, delimiter.begin, parent, depth, type);
      if (closed && !delimiter.closes) note(MimeDefect::kPartAfterClose);
      open = !delimiter.closes;
      closed |= delimiter.closes;
      begin = delimiter.next;
    }
    if (tree_.has(MimeDefect::kTooManyParts)) return;
    if (open) {
      note(MimeDefect::kUnclosed);
      add_between(body, begin, body.size(), parent, depth, type);
    } else if (!closed) {
      note(MimeDefect::kNoBoundary);
    }
  }

  // The line end in front of a boundary belongs to it (RFC 2046 5.1.1).
  void add_between(std::string_view body, std::size_t begin, std::size_t end, int parent, unsigned depth,
                   std::string_view type) {
    std::string_view region = body.substr(begin, end - begin);
    if (end < body.size() && region.ends_with('\n')) region.remove_suffix(1);
    if (end < body.size() && region.ends_with('\r')) region.remove_suffix(1);
    add(parse_header(region), parent, depth, type);
  }

  MimeTree tree_;
  std::vector<std::string_view> prefixes_;
};

}  // namespace

std::string_view to_string(MimeDefect defect) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "no-boundary",      "unclosed",         "too-many-parts",    "too-deep",
      "bad-encoding",     "unknown-encoding", "unknown-charset",   "several-types",
      "part-after-close", "boundary-prefix",  "encoded-container", "bad-parameter"};
  return kNames[static_cast<std::size_t>(defect)];
}

bool MimeTree::has(MimeDefect defect) const { return std::ranges::find(defects, defect) != defects.end(); }

std::string MimePart::decoded(std::size_t limit, bool* cut) const {
  std::string out;
  TransferOutcome outcome;
  switch (coding_of(encoding)) {
    case Coding::kBase64: outcome = append_base64(out, body, limit); break;
    case Coding::kQuotedPrintable: outcome = append_quoted_printable(out, body, limit); break;
    case Coding::kUuencode: outcome = append_uuencoded(out, body, limit); break;
    case Coding::kIdentity:
    case Coding::kUnknown:
      out = body.substr(0, limit);
      outcome.cut = body.size() > limit;
      break;
  }
  if (cut != nullptr) *cut = outcome.cut;
  return out;
}

std::string MimePart::text(std::size_t limit, bool* cut) const {
  const std::string bytes = decoded(limit, cut);
  std::string out;
  if (!append_as_utf8(out, charset.empty() ? "us-ascii" : charset, bytes, limit)) append_scrubbed(out, bytes);
  if (out.starts_with("\xEF\xBB\xBF")) out.erase(0, 3);  // a byte order mark is no text
  if (out.size() > limit && cut != nullptr) *cut = true;
  cut_utf8(out, limit);
  return out;
}

MimeTree parse_mime(const Message& message) { return TreeBuilder().build(message); }

}  // namespace rw
