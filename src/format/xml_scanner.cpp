// A pull scanner over a sliding window; nothing is copied but text with entities in it.
#include "format/xml_scanner.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "message/utf8.h"

namespace rw {
namespace {

constexpr std::size_t kNone = std::string_view::npos;
constexpr std::size_t kMaxName = 64;    // of an element that is looked at; longer ones are other people's
constexpr std::size_t kMaxEntity = 10;  // "#x10FFFF;"

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
         static_cast<unsigned char>(c) >= 0x80;
}
constexpr auto kIsName = [] {
  std::array<bool, 256> is{};
  for (unsigned c = 0; c < 256; ++c)
    is[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':' ||
            c == '-' || c == '.' || c >= 0x80;
  return is;
}();
bool is_name(char c) { return kIsName[static_cast<unsigned char>(c)]; }

std::string_view local_name(std::string_view name) {
  const std::size_t colon = name.rfind(':');
  return colon == kNone ? name : name.substr(colon + 1);
}

}  // namespace

XmlToken XmlScanner::fail(const char* why) {
  if (status_) status_ = Failure(ErrorCode::kCorrupt, why);
  return XmlToken::kEnd;
}

// Shows more of the input, from the token's first byte on. False when there is no more, or the token is too long.
bool XmlScanner::more() {
  if (ended_) return false;
  input_.consume(token_);
  at_ -= token_;
  const std::size_t have = view_.size() - token_;
  token_ = 0;
  if (have >= kMaxToken) {
    fail("a tag, comment or text of more than 256 KiB: no report has that");
    view_ = view_.substr(view_.size() - have);
    return false;
  }
  view_ = as_text(input_.peek(have + 1));
  if (view_.size() == have) {
    ended_ = true;
    if (!input_.status()) status_ = Failure(input_.status().error());
  }
  return !ended_;
}

// The next `c` from `from` on, or kNone.
std::size_t XmlScanner::find(char c, std::size_t from) {
  for (;;) {
    const void* found = from < view_.size() ? std::memchr(view_.data() + from, c, view_.size() - from) : nullptr;
    if (found != nullptr) return static_cast<std::size_t>(static_cast<const char*>(found) - view_.data());
    const std::size_t before = token_;
    const std::size_t seen = view_.size();
    if (!more()) return kNone;
    from = seen - (before - token_);
  }
}

std::size_t XmlScanner::find_text(std::string_view what, std::size_t from) {
  for (;;) {
    const std::size_t found = view_.find(what, from);
    if (found != kNone) return found;
    const std::size_t before = token_;
    from = std::max(from, view_.size() - std::min(view_.size(), what.size() - 1));
    if (!more()) return kNone;
    from -= before - token_;
  }
}

// Whether a tag begins at the "<" at `from` (relative to the token), and where it ends.
XmlScanner::Tag XmlScanner::read_tag(std::size_t from, std::size_t& end) {
  // Almost all tags are a name alone, and lie in the window whole.
  std::size_t quick = from + 1;
  const bool end_tag = quick < view_.size() && view_[quick] == '/';
  quick += end_tag ? 1 : 0;
  const std::size_t name_at = quick;
  while (quick < view_.size() && is_name(view_[quick])) ++quick;
  if (quick < view_.size() && view_[quick] == '>' && quick > name_at && quick - name_at <= kMaxName &&
      is_name_start(view_[name_at])) {
    closing_ = end_tag;
    empty_element_ = false;
    name_ = local_name(view_.substr(name_at, quick - name_at));
    end = quick + 1;
    return Tag::kTag;
  }
  std::size_t i = from + 1;
  // One byte at a time; `more` keeps positions, since the token begins at or before `from` and does not move.
  const auto there = [&] {
    while (i >= view_.size()) {
      const std::size_t before = token_;
      if (!more()) return false;
      i -= before - token_;
      from -= before - token_;
    }
    return true;
  };
  if (!there()) return Tag::kCut;
  closing_ = view_[i] == '/';
  if (closing_ && (++i, !there())) return Tag::kCut;
  if (!is_name_start(view_[i])) return Tag::kText;
  const std::size_t name_length_limit = i - from + kMaxName * 4;
  const std::size_t name_begin_distance = i - from;
  while (there() && is_name(view_[i]))
    if (++i - from > name_length_limit) return Tag::kText;
  if (i >= view_.size()) return Tag::kCut;
  const std::size_t name_end_distance = i - from;
  char quote = 0;
  if (!is_space(view_[i]) && view_[i] != '>' && view_[i] != '/') return Tag::kText;
  for (;; ++i) {
    if (!there()) return Tag::kCut;
    const char c = view_[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '>') {
      break;
    } else if (c == '<') {
      return Tag::kText;
    } else if (c == '"' || c == '\'') {
      quote = c;
    }
  }
  name_ = local_name(view_.substr(from + name_begin_distance, name_end_distance - name_begin_distance));
  empty_element_ = !closing_ && view_[i - 1] == '/';
  end = i + 1;
  return Tag::kTag;
}

// The XML declaration, for its encoding. False: it cannot be read.
bool XmlScanner::read_declaration(std::size_t end) {
  const std::string_view all = view_.substr(at_, end - at_);
  if (!all.starts_with("<?xml")) return true;
  const std::size_t found = all.find("encoding");
  if (found == kNone) return true;
  std::string name;
  for (const char c : all.substr(found + 8, 24))
    if (is_name(c)) name += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  latin1_ = name.starts_with("iso-8859-1") || name.starts_with("windows-1252") || name.starts_with("latin1");
  return true;
}

XmlToken XmlScanner::next() {
  stray_ = false;
  text_ = {};
  if (tag_behind_text_ > 0) {  // was looked at to find the end of the text
    token_ = at_;
    at_ += std::exchange(tag_behind_text_, 0);
    return closing_ ? XmlToken::kClose : XmlToken::kOpen;
  }
  for (;;) {
    token_ = at_;
    if (!status_) return XmlToken::kEnd;
    if (at_ >= view_.size() && !more()) return XmlToken::kEnd;
    if (view_[at_] != '<') return read_text();
    while (view_.size() - at_ < 9 && more()) {  // "<![CDATA[", however small the pieces are in which it comes
    }
    if (!status_) return XmlToken::kEnd;
    const std::string_view rest = view_.substr(at_);
    if (rest.starts_with("<?")) {
      const std::size_t end = find_text("?>", at_ + 2);
      if (end == kNone) return cut_ = true, XmlToken::kEnd;
      read_declaration(end);
      at_ = end + 2;
    } else if (rest.starts_with("<!--")) {
      const std::size_t end = find_text("-->", at_ + 4);
      if (end == kNone) return cut_ = true, XmlToken::kEnd;
      at_ = end + 3;
    } else if (rest.starts_with("<!D") || rest.starts_with("<!d") || rest.starts_with("<!E")) {
      return fail("XML that declares a document type or entities is not read");
    } else {
      std::size_t end = 0;
      switch (read_tag(at_, end)) {
        case Tag::kTag: at_ = end; return closing_ ? XmlToken::kClose : XmlToken::kOpen;
        case Tag::kText: return read_text();
        case Tag::kCut: return cut_ = true, XmlToken::kEnd;
      }
    }
  }
}

// From here to the next tag; stray "<" are part of it.
XmlToken XmlScanner::read_text() {
  std::size_t end = 0;
  bool plain = true;
  for (std::size_t from = at_;;) {
    std::size_t open = view_.substr(from).starts_with('<') ? from : find('<', from);
    if (!status_) return XmlToken::kEnd;
    if (open == kNone) {
      end = view_.size();
      break;
    }
    while (view_.size() - open < 9) {
      const std::size_t before = token_;
      const bool grown = more();
      open -= before - token_;
      if (!grown) break;
    }
    if (!status_) return XmlToken::kEnd;
    const std::string_view rest = view_.substr(open);
    if (rest.starts_with("<![CDATA[")) {
      plain = false;
      const std::size_t distance = open - token_;
      const std::size_t close = find_text("]]>", open + 9);
      if (!status_) return XmlToken::kEnd;
      if (close == kNone) {
        cut_ = true;
        end = token_ + distance;
        break;
      }
      from = close + 3;
      continue;
    }
    const std::size_t distance = open - token_;
    if (rest.starts_with("<!--") || rest.starts_with("<?") || rest.starts_with("<!D") || rest.starts_with("<!E")) {
      end = open;
      break;
    }
    std::size_t tag_end = 0;
    const Tag tag = read_tag(open, tag_end);
    if (!status_) return XmlToken::kEnd;
    end = token_ + distance;
    if (tag == Tag::kTag) tag_behind_text_ = tag_end - end;
    if (tag != Tag::kText) break;
    stray_ = true;
    from = end + 1;
  }
  if (end == token_) return cut_ = true, XmlToken::kEnd;  // a CDATA section that never ends: nothing can be read of it
  const std::string_view raw = view_.substr(token_, end - token_);
  at_ = end;
  if (plain && !latin1_ && std::memchr(raw.data(), '&', raw.size()) == nullptr) {
    text_ = raw;
  } else {
    decode_into(raw);
    text_ = decoded_;
  }
  return XmlToken::kText;
}

void XmlScanner::decode_into(std::string_view raw) {
  struct Entity {
    std::string_view name;
    char c;
  };
  constexpr Entity kEntities[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
  decoded_.clear();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    if (c == '<' && raw.substr(i).starts_with("<![CDATA[")) {
      const std::size_t close = raw.find("]]>", i);
      decoded_ += raw.substr(i + 9, close == kNone ? kNone : close - i - 9);
      i = close == kNone ? raw.size() : close + 2;
      continue;
    }
    const std::size_t semicolon = c == '&' ? raw.substr(i, kMaxEntity + 1).find(';') : kNone;
    if (semicolon == kNone) {
      if (c == '&') stray_ = true;
      if (latin1_ && static_cast<unsigned char>(c) >= 0x80)
        append_code_point(decoded_, static_cast<unsigned char>(c));
      else
        decoded_ += c;
      continue;
    }
    const std::string_view name = raw.substr(i + 1, semicolon - 1);
    std::uint32_t code = 0;
    if (name.starts_with('#')) {
      const bool hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
      const std::string_view digits = name.substr(hex ? 2 : 1);
      const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
      if (error != std::errc{} || stop != digits.data() + digits.size() || code > 0x10FFFF ||
          (code >= 0xD800 && code < 0xE000))
        code = 0;
    } else {
      for (const Entity& entity : kEntities)
        if (entity.name == name) code = static_cast<std::uint32_t>(entity.c);
    }
    if (code == 0) {  // unknown, or no character: it stays as it is written
      stray_ = true;
      decoded_ += c;
      continue;
    }
    append_code_point(decoded_, code);
    i += semicolon;
  }
}

}  // namespace rw
