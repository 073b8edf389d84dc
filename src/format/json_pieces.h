// The records of a JSON input, however they are wrapped: one a line, in one list, or in lists inside one object. The
// input is read as a stream, so its size does not matter; a record's does.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/format.h"

namespace rw {

// Gives the text of each record, with the emitter told its offset:
//   - the items of a list at the top;
//   - of an object at the top: the items of the lists at `paths` ("objects", "result/hits"), or, where it has none of
//     these, the object itself;
//   - one object after the other (JSON lines).
// Damage is weird ("bad-json", "record-too-long", "unfinished-record"), and reading goes on with the next line.
class JsonPieces {
 public:
  static constexpr std::size_t kMaxPiece = 32 << 20;  // a MISP event with 100,000 attributes; a tree takes 5 times it
  static constexpr std::size_t kMaxMember = 4096;     // of members(): longer ones are not kept
  static constexpr int kMaxDepth = 64;                // no format here nests deeper than 12

  JsonPieces(DecodeContext& context, std::span<const std::string_view> paths) : context_(context), paths_(paths) {}

  // The next record; false at the end, and when the emitter's sink has failed. The text is valid until the next call.
  bool next(std::string_view& piece);
  // Texts, numbers and truth values that stood in the wrapping objects before this record, by their path: "syncToken".
  const std::map<std::string, std::string, std::less<>>& members() const { return members_; }

 private:
  struct Level {
    bool list;
    std::string path;  // of an object: "" at the top, "result/" within
  };
  enum class Step { kPiece, kAgain, kEnd };

  int look();  // the next byte, -1 at the end
  void take();
  void skip_blanks();
  Step at_top();
  Step in_list();
  Step in_object();
  bool value(std::string* out);  // passes over one value; false: damage
  bool key(std::string& out);
  Step damage(std::string_view code);
  Step finish_piece(std::uint64_t begin);

  DecodeContext& context_;
  std::span<const std::string_view> paths_;
  std::vector<Level> stack_;
  std::map<std::string, std::string, std::less<>> members_;
  Bytes window_;
  std::size_t at_ = 0;  // in window_
  std::string kept_;    // the record, or the object at the top as far as it was read
  bool keeping_ = false;
  bool too_long_ = false;
  bool line_start_ = true;
  bool matched_ = false;  // the object at the top has a list that was asked for
  std::uint64_t top_begin_ = 0;
  std::uint32_t count_ = 0;
};

// Whether a head looks like JSON at all: its first byte that is not blank (or of a byte order mark) opens an object or
// a list.
bool looks_like_json(std::string_view head);
// `"key"` with a colon after it, blanks allowed, anywhere in the head.
bool has_json_key(std::string_view head, std::string_view key);

}  // namespace rw
