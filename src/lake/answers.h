// From DuckDB's columns to answers.
#pragma once

#include <span>

#include "lake/engine.h"
#include "lake/renderer.h"
#include "store/value.h"

namespace rw {

Answer empty_answer(const Rendered& rendered);
void append_rows(const Rendered& rendered, const duck::Chunk& chunk, Answer& answer);

// For SQL that people wrote: columns as they come.
Answer empty_answer(std::span<const duck::ResultColumn> columns);
void append_rows(const duck::Chunk& chunk, Answer& answer);

}  // namespace rw
