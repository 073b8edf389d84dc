// The known word nearest to a mistyped one: for tips in error messages.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace rw {

// Edits (insert, delete, replace, swap neighbours) that turn `a` into `b`. Words over 64 bytes are never near anything.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate within a third of the word's length in edits (at least one edit, none for words of one or two bytes),
// or that the word is the beginning of; empty where none is near. Among equally near ones, the one that begins alike
// wins, then the first.
//   nearest("--formt", flags) == "--format";  nearest("--zzz", flags) == ""
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace rw
