// Pieces as csv, fast: for exports of millions of rows. The same text, byte for byte, as AnswerWriter makes of the
// values.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/piece.h"

namespace rw {

// What the numbers of a column are called, from 0 on, as csv cells; empty: the column shows what it holds.
using CsvNames = std::vector<std::string>;

// Appends one line per row. Thread-safe. `names` is empty or has one entry a column; a number that has no name is a
// number.
void append_csv(std::string& out, const Piece& piece, std::span<const CsvNames> names = {});

}  // namespace rw
