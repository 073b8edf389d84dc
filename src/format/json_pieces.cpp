// A scanner that knows just enough of JSON's grammar to cut it into records.
#include "format/json_pieces.h"

namespace rw {
namespace {

bool blank(int c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Characters of numbers, true, false and null.
bool of_word(int c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.';
}

}  // namespace

int JsonPieces::look() {
  if (at_ >= window_.size()) {
    context_.input.consume(at_);
    at_ = 0;
    window_ = context_.input.peek(1);
    if (window_.empty()) return -1;
  }
  return std::to_integer<unsigned char>(window_[at_]);
}

void JsonPieces::take() {
  if (keeping_) {
    if (kept_.size() < kMaxPiece)
      kept_ += static_cast<char>(window_[at_]);
    else
      too_long_ = true;
  }
  const char c = static_cast<char>(window_[at_]);
  line_start_ = c == '\n' || (line_start_ && (c == ' ' || c == '\t'));
  ++at_;
}

void JsonPieces::skip_blanks() {
  for (int c = look(); blank(c); c = look()) take();
}

// The rest of the line goes, and with it what was open.
JsonPieces::Step JsonPieces::damage(std::string_view code) {
  keeping_ = false;
  if (look() < 0) {
    context_.emitter.weird("unfinished-record");
    return Step::kEnd;
  }
  context_.emitter.weird(code);
  stack_.clear();
  if (line_start_ && look() == '{') return Step::kAgain;  // a record that was cut off before its line ended
  for (int c = look(); c >= 0 && c != '\n'; c = look()) take();
  return Step::kAgain;
}

bool JsonPieces::key(std::string& out) {
  out.clear();
  if (look() != '"') return false;
  take();
  for (int c = look();; c = look()) {
    if (c < 0x20) return false;  // the end, or a byte that no string holds
    take();
    if (c == '"') break;
    if (c == '\\') {
      if (look() < 0x20) return false;
      take();
      out += '\x01';  // keys with escapes are not those that are looked for
    } else if (out.size() < kMaxMember) {
      out += static_cast<char>(c);
    }
  }
  skip_blanks();
  if (look() != ':') return false;
  take();
  skip_blanks();
  return true;
}

// Grammar that is checked: brackets match, strings end on their line, and an object's members begin with a key. So a
// line that was cut off does not swallow the ones after it.
bool JsonPieces::value(std::string* out) {
  std::uint64_t lists = 0;  // bit n: level n is a list
  int depth = 0;
  int before = ':';  // the last character that means something
  for (;;) {
    const int c = look();
    if (c < 0) return false;
    if (blank(c)) {
      take();
      continue;
    }
    const bool in_list = depth > 0 && (lists >> (depth - 1) & 1) != 0;
    const bool starts = before == ':' || (in_list && (before == '[' || before == ','));
    if (c == '{' || c == '[') {
      if (!starts || depth == kMaxDepth) return false;
      lists = c == '[' ? lists | 1ULL << depth : lists & ~(1ULL << depth);
      ++depth;
      take();
    } else if (c == '}' || c == ']') {
      if (depth == 0 || in_list != (c == ']')) return false;
      --depth;
      take();
    } else if (c == '"') {
      if (!starts && before != '{' && before != ',') return false;
      take();
      for (int s = look(); s != '"'; s = look()) {
        if (s < 0x20) return false;
        take();
        if (s == '\\') {
          if (look() < 0x20) return false;
          take();
          if (out != nullptr) out->clear(), out = nullptr;
        } else if (out != nullptr && depth == 0 && out->size() < kMaxMember) {
          *out += static_cast<char>(s);
        }
      }
      take();
    } else if (of_word(c)) {
      if (!starts && before != '{') return false;  // masscan's {finished: 1} is no JSON, but it ends
      for (int s = c; of_word(s); s = look()) {
        take();
        if (out != nullptr && depth == 0 && out->size() < kMaxMember) *out += static_cast<char>(s);
      }
    } else if (c == ',' || c == ':') {
      if (depth == 0) return false;
      take();
    } else {
      return false;
    }
    before = c;
    if (depth == 0) return true;
  }
}

JsonPieces::Step JsonPieces::finish_piece(std::uint64_t begin) {
  keeping_ = false;
  const std::uint64_t end = context_.input.offset() + at_;
  const std::uint64_t resume = context_.emitter.resume_offset();
  // A record that was cut off when the input was read before was not taken then.
  context_.emitter.at(begin < resume && resume < end ? resume : begin);
  if (!too_long_) return Step::kPiece;
  context_.emitter.weird("record-too-long");
  return Step::kAgain;
}

JsonPieces::Step JsonPieces::in_list() {
  skip_blanks();
  int c = look();
  if (c == ',') {
    take();
    return Step::kAgain;
  }
  if (c == ']') {
    take();
    stack_.pop_back();
    return Step::kAgain;
  }
  const std::uint64_t begin = context_.input.offset() + at_;
  context_.emitter.at(begin);
  kept_.clear();
  too_long_ = false;
  keeping_ = true;
  if (!value(nullptr)) return damage("bad-json");
  return finish_piece(begin);
}

JsonPieces::Step JsonPieces::in_object() {
  skip_blanks();
  const int c = look();
  if (c == ',') {
    take();
    return Step::kAgain;
  }
  if (c == '}') {
    take();
    stack_.pop_back();
    if (!stack_.empty() || matched_) return Step::kAgain;
    return finish_piece(top_begin_);
  }
  std::string name;
  if (!key(name)) return damage("bad-json");
  const std::string path = stack_.back().path + name;
  bool ends = false, goes_on = false;
  for (const std::string_view wanted : paths_) {
    ends = ends || wanted == path;
    goes_on = goes_on || (wanted.size() > path.size() && wanted.starts_with(path) && wanted[path.size()] == '/');
  }
  if (ends && look() == '[') {
    keeping_ = false;
    matched_ = true;
    take();
    stack_.push_back({true, {}});
    return Step::kAgain;
  }
  if (goes_on && look() == '{') {
    take();
    stack_.push_back({false, path + "/"});
    return Step::kAgain;
  }
  constexpr std::size_t kMostMembers = 64;
  std::string text;
  if (!value(&text)) return damage("bad-json");
  if (!text.empty() && text.size() < kMaxMember && members_.size() < kMostMembers)
    members_.insert_or_assign(path, std::move(text));
  return Step::kAgain;
}

JsonPieces::Step JsonPieces::at_top() {
  skip_blanks();
  const int c = look();
  if (c < 0) return Step::kEnd;
  const std::uint64_t begin = context_.input.offset() + at_;
  context_.emitter.at(begin);
  if (c == '[') {
    take();
    stack_.push_back({true, {}});
    return Step::kAgain;
  }
  if (c == 0xEF || c == 0xBB || c == 0xBF || c == ',') {  // a byte order mark
    take();
    return Step::kAgain;
  }
  if (c != '{') return damage("bad-json");
  members_.clear();
  kept_.clear();
  too_long_ = matched_ = false;
  keeping_ = true;
  top_begin_ = begin;
  take();
  stack_.push_back({false, {}});
  return Step::kAgain;
}

bool JsonPieces::next(std::string_view& piece) {
  constexpr std::uint32_t kPollEvery = 1024;
  for (;;) {
    if (++count_ % kPollEvery == 0 && !context_.emitter.status()) return false;
    const Step step = stack_.empty() ? at_top() : stack_.back().list ? in_list() : in_object();
    if (step == Step::kEnd) {
      context_.input.consume(at_);
      at_ = 0;
      window_ = {};
      return false;
    }
    if (step == Step::kPiece) {
      piece = kept_;
      return true;
    }
  }
}

bool looks_like_json(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  const std::size_t start = head.find_first_not_of(" \t\r\n");
  return start != std::string_view::npos && (head[start] == '{' || head[start] == '[');
}

bool has_json_key(std::string_view head, std::string_view key) {
  const std::string quoted = '"' + std::string(key) + '"';
  for (std::size_t at = head.find(quoted); at != std::string_view::npos; at = head.find(quoted, at + 1)) {
    const std::size_t next = head.find_first_not_of(" \t\r\n", at + quoted.size());
    if (next != std::string_view::npos && head[next] == ':') return true;
  }
  return false;
}

}  // namespace rw
