// Documents as JSON text.
#pragma once

#include <string>

#include "model/document.h"
#include "model/finding.h"

namespace rw {

enum class JsonStyle : unsigned char {
  kReadable,  // two spaces, lists of scalars on one line
  kCompact,   // one line
  kInHtml,    // one line, and `<`, `>` and `&` as \u00XX: safe inside a script element
};

// Numbers that are none (infinite, not a number) become null; text that is not UTF-8 has its bad bytes replaced.
std::string json_text(const Document& document, JsonStyle style = JsonStyle::kReadable);

// A finding in the shape of contract.md.
Document finding_document(const Finding& finding);

}  // namespace rw
